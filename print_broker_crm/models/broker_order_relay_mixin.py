from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools import format_list

from .broker_order_need_mixin import OUR_GROUPS

# Written by `_broker_write_relay` alone.
_RELAY_FIELDS = frozenset(
    {
        "broker_relay_stage_id",
        "broker_leg_id",
        "broker_leg_user_id",
        "broker_leg_warn_at",
        "broker_leg_deadline",
        "broker_leg_escalated_at",
        "broker_waits_for",
    }
)
# Colours of Odoo's palette.
_CLOCK_COLORS = {"on_time": 10, "soon": 3, "late": 1}


class BrokerOrderRelayMixin(models.AbstractModel):
    """Where a job stands in the relay, and who has the baton.

    The order shows the open leg in columns of its own, which make the board quick; the
    legs are the truth, and both are written together.
    """

    _name = "broker.order.relay.mixin"
    _inherit = "broker.phone.list.mixin"
    _description = "Order: Relay"
    # Jobs that are done have no deadline and stand in the last stage.
    _phone_list_order = "broker_leg_deadline, broker_relay_stage_id, commitment_date, id"

    broker_relay_stage_id = fields.Many2one(
        "broker.relay.stage",
        string="Job Stage",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        group_expand="_read_group_broker_stages",
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
        help="Where the job stands. Empty: the order is no job, or not in the relay.",
        groups="base.group_user",
    )
    broker_stage_code = fields.Selection(
        related="broker_relay_stage_id.code", string="Meaning of the Stage", groups="base.group_user"
    )
    broker_leg_id = fields.Many2one(
        "broker.relay.leg",
        string="Open Leg",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=OUR_GROUPS,
    )
    broker_leg_ids = fields.One2many(
        "broker.relay.leg", "order_id", string="Legs", readonly=True, copy=False, groups=OUR_GROUPS
    )
    broker_leg_user_id = fields.Many2one(
        "res.users",
        string="Has the Baton",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Who answers for the job now.",
        groups="base.group_user",
    )
    broker_leg_warn_at = fields.Datetime(string="Leg Yellow from", readonly=True, copy=False, groups="base.group_user")
    broker_leg_deadline = fields.Datetime(
        string="Leg Due",
        readonly=True,
        copy=False,
        help="Until when the job leaves the stage, by stage and tier.",
        groups="base.group_user",
    )
    broker_leg_escalated_at = fields.Datetime(
        string="Late Leg Told at",
        readonly=True,
        copy=False,
        help="When the managers were told that the leg is late.",
        groups="base.group_user",
    )
    broker_waits_for = fields.Selection(
        selection=lambda self: self.env["broker.relay.stage"]._fields["waits_for"]._description_selection(self.env),
        string="Job Waits for",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    broker_out_of_relay = fields.Boolean(
        string="Out of the Relay",
        copy=False,
        help="The job goes its way without stages and clocks. Once it is confirmed, a manager decides.",
        groups="base.group_user",
    )
    broker_clock = fields.Selection(
        [("on_time", "On time"), ("soon", "Due soon"), ("late", "Late")],
        string="Clock",
        compute="_compute_broker_clock",
        search="_search_broker_clock",
        groups="base.group_user",
    )
    broker_clock_color = fields.Integer(string="Clock Color", compute="_compute_broker_clock", groups="base.group_user")
    broker_can_move = fields.Boolean(compute="_compute_broker_can_move", groups="base.group_user")
    broker_return_count = fields.Integer(
        string="Returned Legs", compute="_compute_broker_return_count", groups="base.group_user"
    )

    _broker_leg_deadline_idx = models.Index("(broker_leg_deadline) WHERE broker_leg_escalated_at IS NULL")

    @api.depends("broker_leg_deadline", "broker_leg_warn_at")
    def _compute_broker_clock(self):
        now = fields.Datetime.now()
        for order in self:
            clock = False
            if order.broker_leg_deadline:
                clock = "late" if order.broker_leg_deadline < now else "on_time"
                if clock == "on_time" and order.broker_leg_warn_at and order.broker_leg_warn_at <= now:
                    clock = "soon"
            order.broker_clock = clock
            order.broker_clock_color = _CLOCK_COLORS.get(clock, 0)

    @api.model
    def _search_broker_clock(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        late = Domain("broker_leg_deadline", "<", now)
        soon = Domain("broker_leg_deadline", ">=", now) & Domain("broker_leg_warn_at", "<=", now)
        on_time = Domain("broker_leg_deadline", ">=", now) & (
            Domain("broker_leg_warn_at", ">", now) | Domain("broker_leg_warn_at", "=", False)
        )
        known = {"late": late, "soon": soon, "on_time": on_time, False: Domain("broker_leg_deadline", "=", False)}
        return Domain.OR(known[key] for key in value if key in known)

    @api.depends_context("uid")
    @api.depends("broker_leg_user_id", "broker_relay_stage_id")
    def _compute_broker_can_move(self):
        for order in self:
            order.broker_can_move = bool(order.broker_relay_stage_id) and order._broker_is_mover()

    def _compute_broker_return_count(self):
        counts = dict(
            self.env["broker.relay.leg"]
            .sudo()
            ._read_group(
                Domain("order_id", "in", self.ids) & Domain("start_kind", "=", "returned"), ["order_id"], ["__count"]
            )
        )
        for order in self:
            order.broker_return_count = counts.get(order._origin, 0)

    @api.model
    def _read_group_broker_stages(self, stages, domain):
        """Show every stage of the companies at hand, also those without a job."""
        return self.env["broker.relay.stage"].search(Domain("company_id", "in", [*self.env.companies.ids, False]))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{name: value for name, value in vals.items() if name not in _RELAY_FIELDS} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        moved = _RELAY_FIELDS & set(vals)
        if moved:
            self._broker_check_relay_write(moved)
            if "broker_relay_stage_id" in vals:
                self._broker_move_by_hand(self.env["broker.relay.stage"].browse(vals["broker_relay_stage_id"] or ()))
            if "broker_leg_user_id" in vals:
                self._broker_pass_on(self.env["res.users"].browse(vals["broker_leg_user_id"] or ()))
            vals = {name: value for name, value in vals.items() if name not in moved}
            if not vals:
                return True
        if "broker_out_of_relay" in vals and not self.env.su:
            self._broker_check_may_leave()
        result = super().write(vals)
        if "state" in vals and vals["state"] != "sale":
            self._broker_leave_relay("cancelled")
        if "broker_receipt_date" in vals:
            self._broker_follow_receipt()
        if "broker_out_of_relay" in vals:
            self._broker_follow_choice()
        elif "order_line" in vals:
            # Something to print may have been added to a job of nothing but services.
            self._broker_start_relay()
        return result

    def _broker_write_relay(self, vals):
        """Write where jobs stand, past the guard; not to be had by RPC."""
        past_the_guard = super()
        return past_the_guard.write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_legs(self):
        kept = self.sudo().filtered("broker_leg_ids")
        if kept:
            raise UserError(
                self.env._(
                    "%(orders)s went through the stages of a job and stays for the record: cancel it instead.",
                    orders=format_list(self.env, kept.mapped("name")),
                )
            )

    # RIGHTS

    @api.model
    def _broker_check_relay_write(self, names):
        """Raise unless jobs are moved or given to somebody."""
        strange = sorted(names - {"broker_relay_stage_id", "broker_leg_user_id"})
        if strange:
            raise UserError(
                self.env._(
                    "A job moves by its stage; %(fields)s cannot be written.", fields=format_list(self.env, strange)
                )
            )

    def _broker_is_mover(self):
        """Tell whether the present user may move this job: who has it, the customer's
        service agent, a manager; a job of nobody any service agent."""
        self.ensure_one()
        order = self.sudo()
        user = self.env.user
        if self.env["broker.handoff"]._is_manager():
            return True
        if user in (order.broker_leg_user_id, order.broker_customer_id.service_user_id):
            return True
        return not order.broker_leg_user_id and user.has_group("print_broker_crm.group_service_agent")

    def _broker_check_mover(self):
        """Raise unless the present user may move these jobs."""
        if self.env.su:
            return
        self.check_access("read")
        refused = self.filtered(lambda order: not order._broker_is_mover())
        if refused:
            raise UserError(
                self.env._(
                    "%(orders)s can be moved by whoever has the job now, the customer's service agent, or a manager.",
                    orders=format_list(self.env, refused.mapped("name")),
                )
            )

    def _broker_check_may_leave(self):
        """Raise when somebody else than a manager takes a job out of the relay, or back."""
        if any(order.state == "sale" for order in self) and not self.env["broker.handoff"]._is_manager():
            raise UserError(self.env._("Only a manager takes a confirmed job out of the relay, or back into it."))

    # ACTIONS

    def action_broker_next(self):
        """Move jobs to their next stage; where something must be given, ask for it."""
        self._broker_check_mover()
        if len(self) == 1 and self.sudo().broker_relay_stage_id.evidence != "none":
            return self._broker_get_step_action("next", self.env._("Finish This Stage"))
        for stage, orders in self.grouped(lambda order: order._broker_get_next_stage()).items():
            orders._broker_move(stage)
        return True

    def action_broker_open_return(self):
        """Ask why a job goes back, and where to."""
        self._broker_check_mover()
        return self._broker_get_step_action("return", self.env._("Send Back"))

    def action_broker_open_pass(self):
        """Ask who gets the job."""
        self._broker_check_mover()
        return self._broker_get_step_action("pass", self.env._("Pass On"))

    def action_broker_wait_customer(self):
        """Say that the job waits for the customer."""
        return self._broker_wait("customer")

    def action_broker_wait_printing_house(self):
        """Say that the job waits for the printing house."""
        return self._broker_wait("printing_house")

    def action_broker_wait_us(self):
        """Say that it is up to us again."""
        return self._broker_wait("us")

    def action_view_broker_legs(self):
        """Open the history of the job."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_relay_leg_action")
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    def _broker_get_step_action(self, mode, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "broker.relay.step",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_order_id": self.id, "default_mode": mode},
        }

    def _broker_move_by_hand(self, stage):
        """Move jobs that somebody dragged or whose stage somebody wrote.

        What cannot be told by dragging is asked for: the message leads to the dialog.
        """
        stage = stage.exists()
        if not stage:
            raise UserError(self.env._("A job stays in a stage as long as it is in the relay. A manager takes it out."))
        self._broker_check_mover()
        for order in self:
            present = order.sudo().broker_relay_stage_id
            if not present or present == stage:
                continue
            backward = stage.sudo()._get_rank() < present._get_rank()
            if not backward and present.evidence == "none":
                continue
            if len(self) > 1:
                raise UserError(self.env._("%(order)s: move this job by itself.", order=order.name))
            if backward:
                message = self.env._("Going back to %(stage)s takes a reason.", stage=stage.name)
            else:
                message = order._broker_get_evidence_message(present)
            raise RedirectWarning(
                message,
                self.env.ref("print_broker_crm.broker_relay_step_action").id,
                self.env._("Go On"),
                {
                    "default_order_id": order.id,
                    "default_mode": "return" if backward else "next",
                    "default_stage_id": stage.id,
                },
            )
        self._broker_move(stage)
