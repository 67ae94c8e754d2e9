from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tools import SQL, format_list
from odoo.tools.sql import column_exists, create_column

from .broker_order_need_mixin import OUR_GROUPS


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = [
        "broker.order.masking.mixin",
        "broker.order.handoff.mixin",
        "broker.order.need.mixin",
        "broker.order.credit.mixin",
        "broker.order.spec.mixin",
        "broker.order.proof.mixin",
        "broker.order.case.mixin",
        "broker.order.claim.mixin",
        "broker.question.mixin",
        "broker.contact.source.mixin",
        "broker.order.ticket.mixin",
        "broker.order.chatter.mixin",
        "broker.order.relay.mixin",
        "broker.order.relay.move.mixin",
        "broker.order.playbook.mixin",
        "broker.order.rating.mixin",
        "broker.month.source.mixin",
        "sale.order",
    ]

    broker_customer_id = fields.Many2one(
        "broker.customer",
        string="Customer File",
        compute="_compute_broker_customer_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
    )
    broker_customer_tier_id = fields.Many2one(
        related="broker_customer_id.tier_id", string="Tier", groups=OUR_GROUPS, help="Where the customer stands today."
    )
    broker_date_confirmed = fields.Datetime(
        string="Became a Job",
        compute="_compute_broker_date_confirmed",
        store=True,
        copy=False,
        help="Stays when the order is cancelled, and tells a cancelled job from a dropped quotation.",
    )
    broker_commission_plan_id = fields.Many2one(
        "broker.commission.plan",
        string="Commission Plan",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=NO_ACCESS,
        help="The plan the job was confirmed under; empty for jobs without commission.",
    )

    broker_brought_by = fields.Selection(
        [("sales", "Sales"), ("service", "Service"), ("care", "Care line"), ("customer", "The customer alone")],
        string="Order Brought by",
        compute="_compute_broker_brought_by",
        store=True,
        readonly=False,
        copy=False,
        help="Who opened the opportunity, else whose it is, else who wrote the quotation. It can decide who "
        "shares the commission: only a manager says otherwise, until the order is confirmed.",
    )
    broker_tier_id = fields.Many2one(
        "broker.tier",
        string="Tier When Confirmed",
        copy=False,
        ondelete="restrict",
        groups=NO_ACCESS,
        help="Where the customer stood on the day of the job.",
    )
    broker_without_rule = fields.Boolean(
        string="Without a Commission Rule",
        compute="_compute_broker_without_rule",
        search="_search_broker_without_rule",
        groups="print_broker_crm.group_manager",
        help="No rule of the job's plan holds for one of its lines, so the line bears no commission.",
    )

    broker_handoff_id = fields.Many2one(
        "broker.handoff",
        string="Handoff",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    broker_receipt_date = fields.Datetime(
        string="Received by the Customer on",
        copy=False,
        help="When the customer had the goods in hand. The care line plans its call from here.",
    )

    def _auto_init(self):
        # On a database full of orders the column is filled by the install hook.
        if not column_exists(self.env.cr, self._table, "broker_customer_id"):
            create_column(self.env.cr, self._table, "broker_customer_id", "int4")
        if not column_exists(self.env.cr, self._table, "broker_date_confirmed"):
            create_column(self.env.cr, self._table, "broker_date_confirmed", "timestamp")
            self.env.cr.execute(SQL("UPDATE sale_order SET broker_date_confirmed = date_order WHERE state = 'sale'"))
        if not column_exists(self.env.cr, self._table, "broker_brought_by"):
            # Nobody knows who brought the orders of the past.
            create_column(self.env.cr, self._table, "broker_brought_by", "varchar")
        return super()._auto_init()

    @api.depends("partner_id.commercial_partner_id.broker_customer_ids", "company_id")
    def _compute_broker_customer_id(self):
        self.env["broker.customer"]._fill_customer(self, lambda order: order.partner_id, lambda order: order.company_id)

    @api.depends("state")
    def _compute_broker_date_confirmed(self):
        for order in self:
            order.broker_date_confirmed = order.broker_date_confirmed or (order.state == "sale" and order.date_order)

    @api.depends("opportunity_id", "partner_id")
    def _compute_broker_brought_by(self):
        for order in self:
            if order.state == "sale" and order.broker_brought_by:
                continue
            order.broker_brought_by = self.env["broker.commission.split"]._get_bringer(order)

    @api.depends("order_line.broker_commission_rule_id")
    def _compute_broker_without_rule(self):
        lines = self.env["broker.commission.split"]._get_lines_without_rule(self)
        for order in self:
            order.broker_without_rule = order.state == "sale" and bool(lines & order.sudo().order_line)

    @api.model
    def _search_broker_without_rule(self, operator, value):
        if operator != "in":
            return NotImplemented
        if not self.env["broker.handoff"]._is_manager():
            raise AccessError(self.env._("Only a manager sees which jobs are without a commission rule."))
        return self.env["broker.commission.split"]._search_without_rule()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_commission(self):
        self.env["broker.commission.split"]._check_orders_unused(self)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._broker_check_handoff_link(vals)
            self._broker_check_brought_by(vals)
            if vals.get("broker_receipt_date") and not self.env["broker.handoff"]._is_manager():
                raise UserError(self.env._("Only a confirmed order can be received: confirm it first."))
        names = {name for name in self._fields if name.startswith("broker_")} - {"broker_need_ids"}
        self = self.env["broker.customer"]._drop_defaults(self, names)
        orders = super().create(vals_list)
        self.env["broker.customer"]._check_partners_visible(orders.partner_invoice_id | orders.partner_shipping_id)
        return orders

    def write(self, vals):
        self._broker_check_handoff_link(vals)
        self._broker_check_brought_by(vals)
        self.env["broker.customer"]._check_partners_visible(
            self.env["res.partner"].browse(
                vals[name] for name in ("partner_id", "partner_invoice_id", "partner_shipping_id") if vals.get(name)
            )
        )
        if "broker_receipt_date" in vals:
            self._broker_check_receipt()
        result = super().write(vals)
        if "broker_handoff_id" in vals:
            self.env["broker.commission.entry"]._settle_orders(self, "handoff")
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        self.env["broker.customer"]._drop_leavers(self, vals_list, "user_id")
        return vals_list

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        for field in ("invoice_user_id", "user_id"):
            self.env["broker.customer"]._drop_leavers(self, [values], field)
        return values

    def action_confirm_receipt(self):
        """Note that the customer has received these jobs, now."""
        self._broker_check_receipt()
        waiting = self.filtered(lambda order: not order.broker_receipt_date)
        waiting.sudo().broker_receipt_date = fields.Datetime.now()
        return True

    def action_settle_without_rule(self):
        """Look for a commission rule again, for jobs that no rule matched.

        For a manager who added a rule, or a version of the plan.
        """
        lines = self.env["broker.commission.split"]._settle_without_rule(self)
        if not lines:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "No rule holds yet for: %(lines)s. Add one to the plan, or make a version of it.",
                    lines=", ".join(lines.mapped("display_name")),
                ),
            },
        }

    def _broker_check_brought_by(self, vals):
        """Raise unless a manager says who brought these orders, and before they are jobs."""
        if "broker_brought_by" not in vals or self.env.su:
            return
        if not self.env["broker.handoff"]._is_manager():
            raise UserError(
                self.env._("Who brought an order follows from its opportunity; only a manager says otherwise.")
            )
        for order in self:
            if order.state == "sale" and order.broker_brought_by != vals["broker_brought_by"]:
                raise UserError(
                    self.env._(
                        "%(order)s is a job already: who brought it was written down when it was confirmed.",
                        order=order.name,
                    )
                )

    def _broker_check_handoff_link(self, vals):
        """Raise unless the link to the handoff comes from the handoff itself."""
        if "broker_handoff_id" in vals and not self.env.su:
            raise UserError(self.env._("A job is linked to its handoff by its opportunity, not by hand."))

    def _broker_check_receipt(self):
        """Raise unless the present user may say that these jobs were received."""
        if not self.env["broker.handoff"]._is_manager():
            served = self.sudo().filtered(
                lambda order: self.env.user in (order.broker_customer_id.service_user_id, order.broker_leg_user_id)
            )
            if self - served:
                raise UserError(
                    self.env._(
                        "Only the customer's service agent or a manager can confirm the receipt of %(orders)s.",
                        orders=", ".join((self - served).mapped("name")),
                    )
                )
        if any(order.state != "sale" for order in self):
            raise UserError(self.env._("Only a confirmed order can be received: confirm it first."))
        # What the customer says on the portal is believed.
        for order in () if self.env.su else self.sudo().filtered("company_id.broker_receipt_whole"):
            waiting = order._broker_get_undelivered()
            if waiting:
                raise UserError(
                    self.env._(
                        "%(order)s is received when everything is delivered. Still to come: %(what)s",
                        order=order.name,
                        what=format_list(self.env, waiting),
                    )
                )

    def _action_confirm(self):
        result = super()._action_confirm()
        self._broker_after_confirm()
        return result

    def _broker_after_confirm(self):
        """Tell the rooms that these orders became jobs."""
        # Computed now: a job cancelled in the same transaction has been one.
        self.mapped("broker_date_confirmed")
        for company, orders in self.grouped("company_id").items():
            self.env["broker.customer"]._open_for_partners(
                orders.partner_id, company, {order.partner_id: order.user_id for order in orders}
            )
        self.env["broker.customer"]._take_over_referrers(
            {customer: orders.opportunity_id for customer, orders in self.grouped("broker_customer_id").items()}
        )
        self.env["broker.handoff"]._attach_orders(self)
        self.env["broker.handoff"]._open_for_repeat_orders(self)
        self.filtered(lambda order: order.user_id != order.broker_customer_id.user_id)._broker_follow()
        self.env["broker.need"]._prove_by_orders(self)
        self.env["broker.commission.split"]._snapshot_orders(self)
        self._broker_start_relay()
