from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_list

from .broker_order_need_mixin import OUR_GROUPS
from .broker_proof import APPROVED_STATES
from .broker_proof_flow_mixin import COMMENT_MAX, NAME_MAX

# Stages of the relay, by code.
_BEFORE_PRINTING = ("artwork", "proof")
_ON_ITS_WAY = ("delivery", "receipt")
_RELEASE_FIELDS = {"broker_proof_release_reason", "broker_proof_release_user_id", "broker_proof_release_date"}


class BrokerOrderProofMixin(models.AbstractModel):
    """What a job has to do with proofs: whether it may be printed, and what the customer
    says on the portal when the goods have come."""

    _name = "broker.order.proof.mixin"
    _description = "Order: Proofs"

    broker_proof_ids = fields.One2many("broker.proof", "order_id", string="Proofs", copy=False, groups=OUR_GROUPS)
    broker_proof_count = fields.Integer(
        string="Number of Proofs", compute="_compute_broker_proof", compute_sudo=True, groups=OUR_GROUPS
    )
    broker_proof_state = fields.Selection(
        [
            ("missing", "Proof missing"),
            ("waiting", "Proof with the customer"),
            ("rejected", "Proof rejected"),
            ("approved", "Proof approved"),
            ("released", "Printed without approval"),
        ],
        string="Proof",
        compute="_compute_broker_proof",
        compute_sudo=True,
        groups=OUR_GROUPS,
        help="Where the newest proofs of the job stand; empty when it needs none.",
    )
    broker_proof_release_reason = fields.Char(
        string="Printed without Approval Because", readonly=True, copy=False, groups=OUR_GROUPS
    )
    broker_proof_release_user_id = fields.Many2one(
        "res.users", string="Printing Let Pass by", readonly=True, copy=False, index="btree_not_null", groups=OUR_GROUPS
    )
    broker_proof_release_date = fields.Datetime(
        string="Printing Let Pass on", readonly=True, copy=False, groups=OUR_GROUPS
    )

    @api.depends("broker_proof_ids.state", "broker_proof_release_date", "order_line")
    def _compute_broker_proof(self):
        newest = self.env["broker.proof"]._get_newest(self).sudo().grouped("order_id")
        gaps = self._broker_get_proof_gaps(newest)
        counts = dict(
            self.env["broker.proof"].sudo()._read_group([("order_id", "in", self.ids)], ["order_id"], ["__count"])
        )
        for order in self:
            order.broker_proof_count = counts.get(order._origin, 0)
            states = {proof.state for proof in newest.get(order._origin, ())}
            if not gaps.get(order):
                order.broker_proof_state = "approved" if states else False
            elif order.broker_proof_release_date:
                order.broker_proof_state = "released"
            elif "rejected" in states:
                order.broker_proof_state = "rejected"
            else:
                order.broker_proof_state = "waiting" if "sent" in states else "missing"

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._broker_check_proof_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._broker_check_proof_fields(vals)
        return super().write(vals)

    @api.model
    def _broker_check_proof_fields(self, vals):
        if not self.env.su and any(vals.get(name) or (self and name in vals) for name in _RELEASE_FIELDS):
            raise UserError(self.env._("A manager lets a job be printed without an approved proof by its button."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_proofs(self):
        kept = self.sudo().filtered("broker_proof_ids")
        if kept:
            raise UserError(
                self.env._(
                    "%(jobs)s has proofs. Delete the drafts first; what was sent to the customer stays, with its job.",
                    jobs=format_list(self.env, kept.mapped("name")),
                )
            )

    # ACTIONS

    def action_view_broker_proofs(self):
        """Open the job's proofs, or begin the first one."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("print_broker_crm.broker_proof_action")
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"default_order_id": self.id}
        if not self.broker_proof_count:
            action["views"] = [(False, "form")]
        return action

    def action_open_broker_proof_release(self):
        """Ask the manager why the job is printed without an approved proof."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Print without an Approved Proof"),
            "res_model": "broker.proof.release",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    # PRINTING

    def _broker_get_proof_lines(self):
        """Hook: return the lines of these orders that are not printed without a proof."""
        return self.order_line.filtered(lambda line: line._is_broker_proof_needed())

    def _broker_get_proof_gaps(self, newest=None):
        """Return why jobs may not be printed yet, as far as proofs go.

        The newest round of the job and of each line counts. A line that needs a proof is
        content with an approved one of the whole job, if it was on the job by then.

        :param newest: {order: its newest proofs}, where they were read already
        :return: {order: list of reasons}; orders that may be printed are left out
        """
        if newest is None:
            newest = self.env["broker.proof"]._get_newest(self).sudo().grouped("order_id")
        needing = self._broker_get_proof_lines().grouped("order_id")
        gaps = {}
        for order in self:
            proofs = newest.get(order._origin, self.env["broker.proof"])
            reasons = [
                self.env._("%(proof)s is rejected", proof=proof.display_name)
                if proof.state == "rejected"
                else self.env._("%(proof)s is not answered yet", proof=proof.display_name)
                for proof in proofs
                if proof.state not in APPROVED_STATES
            ]
            reasons += [
                self.env._("%(product)s has no proof", product=line.product_id.display_name)
                for line in needing.get(order, ())
                if not line._is_broker_proof_covered(proofs)
            ]
            if reasons:
                gaps[order] = reasons
        return gaps

    def _broker_get_print_obstacles(self):
        """Return why these jobs may not go to print: {order: list of reasons}."""
        released = self.sudo().filtered("broker_proof_release_date")
        gaps = self.sudo()._broker_get_proof_gaps()
        return {order.with_env(self.env): reasons for order, reasons in gaps.items() if order not in released}

    def _broker_release_proof(self, reason):
        """Let a job be printed on a proof that is not approved, in writing.

        :raises AccessError: for anybody but a manager
        """
        self.ensure_one()
        if not self.env["broker.handoff"]._is_manager():
            raise AccessError(self.env._("Only a manager lets a job be printed without an approved proof."))
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why the job is printed without an approved proof."))
        gaps = self.sudo()._broker_get_proof_gaps().get(self.sudo())
        if not gaps:
            raise UserError(self.env._("%(job)s has its approved proofs: it can be printed.", job=self.name))
        self.sudo().write(
            {
                "broker_proof_release_reason": reason,
                "broker_proof_release_user_id": self.env.uid,
                "broker_proof_release_date": fields.Datetime.now(),
            }
        )
        self.message_post(
            body=self.env._(
                "To be printed although %(gaps)s. Reason: %(reason)s",
                gaps=format_list(self.env, gaps),
                reason=reason,
            )
        )

    def _broker_reset_proof_release(self, is_rejected=False):
        """Another round was sent, or the customer said no: what was let pass before is
        another matter."""
        released = self.sudo().filtered("broker_proof_release_date")
        released.write(dict.fromkeys(_RELEASE_FIELDS, False))
        for order in released:
            order.message_post(
                body=self.env._("The customer rejected a proof: the job is no longer let pass without an approval.")
                if is_rejected
                else self.env._("Another proof was sent: the job is no longer let pass without an approval."),
                # Whoever answers by the link alone is nobody who could write here.
                author_id=self.env.ref("base.partner_root").id if is_rejected else None,
            )

    def _broker_after_stage(self, stage, leg):
        """What goes to print has its proofs behind it: nothing is to be done about them."""
        result = super()._broker_after_stage(stage, leg)
        if stage.code not in _BEFORE_PRINTING:
            self.sudo().broker_proof_ids._close_activities()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self.sudo().broker_proof_ids._close_activities()
        return result

    def _broker_follow_proofs(self):
        """Say on the board whom these jobs wait for, before they are printed: for the
        customer as long as a proof is not answered."""
        for order in self.sudo():
            if not order.broker_leg_id or order.broker_relay_stage_id.code not in _BEFORE_PRINTING:
                continue
            is_waiting = "sent" in order.broker_proof_ids.mapped("state")
            if is_waiting and order.broker_waits_for != "customer":
                order._broker_set_waiting("customer")
            elif not is_waiting and order.broker_waits_for == "customer":
                order._broker_set_waiting("us")

    # PEOPLE

    def _broker_get_desk_user(self):
        """Return who of the firm works on the job: the service agent, else the
        salesperson, else whoever confirmed it."""
        self.ensure_one()
        order = self.sudo()
        users = order.broker_customer_id.service_user_id + order.user_id + order.partner_id.user_id + order.create_uid
        return users.filtered(lambda user: user.active and not user.share)[:1] or self.env.ref("base.user_admin")

    def _broker_get_printing_houses(self):
        """Return whom the job's work was bought or asked from."""
        lines = self.env["purchase.order.line"].sudo().search([("sale_order_id", "in", self.ids)])
        return lines.order_id.partner_id.commercial_partner_id

    # RECEIPT

    def _broker_awaits_receipt(self):
        """Return whether the customer is asked if the goods have come."""
        self.ensure_one()
        if self.state != "sale" or self.broker_receipt_date or not self.broker_customer_id:
            return False
        if self.broker_relay_stage_id:
            return self.broker_relay_stage_id.code in _ON_ITS_WAY
        return not self.commitment_date or self.commitment_date <= fields.Datetime.now()

    def _broker_answer_receipt(self, name, comment="", partner=None):
        """Take the customer's word on the portal that everything has come, and is as it
        should be. What is not opens a case, see `broker.case._open_online`.

        :param name: who says so
        :param partner: the `res.partner` who is logged in, if any
        """
        self.ensure_one()
        self.lock_for_update(allow_referencing=True)
        self.invalidate_recordset(["broker_receipt_date", "state"])
        if not self._broker_awaits_receipt():
            raise UserError(self.env._("The receipt of this job is not asked for, or was confirmed already."))
        clean = self.env["broker.proof"]._clean
        name, comment = clean(name), clean(comment)
        if not name or len(name) > NAME_MAX:
            raise UserError(self.env._("Enter the name of the person who answers, in %(max)s signs.", max=NAME_MAX))
        if len(comment) > COMMENT_MAX:
            raise UserError(
                self.env._(
                    "The comment has %(length)s signs, and %(max)s fit: shorten it, or send it as a message.",
                    length=len(comment),
                    max=COMMENT_MAX,
                )
            )
        self.action_confirm_receipt()
        self.message_post(
            body=self.env._("%(name)s has received everything. %(comment)s", name=name, comment=comment),
            author_id=(partner or self.partner_id).id,
            partner_ids=self._broker_get_desk_user().partner_id.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
