from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

DECISION_FIELDS = frozenset({"decision", "decision_reason"})
STATEMENT_FIELDS = frozenset({"sales_statement", "service_statement"})


class BrokerCaseArbitrationMixin(models.AbstractModel):
    """Arbitration: sales and service are heard, a manager decides and says why."""

    _name = "broker.case.arbitration.mixin"
    _description = "Case: Arbitration"

    sales_statement = fields.Text(
        string="What Sales Says", copy=False, help="In their own words, or as a manager heard it."
    )
    service_statement = fields.Text(
        string="What Service Says", copy=False, help="In their own words, or as a manager heard it."
    )
    decision = fields.Text(copy=False)
    decision_reason = fields.Text(string="Why So", copy=False)
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    decided_at = fields.Datetime(string="Decided on", readonly=True, copy=False)

    @api.model
    def _get_arbitration_entry_fields(self):
        return DECISION_FIELDS | STATEMENT_FIELDS

    def _check_arbitration_write(self, names):
        """Refuse the statement of the other side, a decision by anybody but a manager, and
        any change once it is decided.

        :param names: set of the field names about to be written
        """
        touched = names & (DECISION_FIELDS | STATEMENT_FIELDS)
        if touched and any(case.decided_at for case in self):
            raise UserError(self.env._("This is decided, and stays as it is."))
        if self.env.user.has_group("print_broker_crm.group_manager"):
            return
        if touched & DECISION_FIELDS:
            raise AccessError(self.env._("Only a manager decides an arbitration."))
        for case in self.sudo():
            customer = case.customer_id
            parties = {
                "sales_statement": customer.partner_id.user_id | case.order_id.user_id,
                "service_statement": customer.service_user_id | case.order_id.broker_leg_user_id,
            }
            if any(self.env.user not in parties[name] for name in touched):
                raise AccessError(self.env._("Each side speaks for itself: write your own statement."))

    def _check_decided(self):
        """Raise unless arbitrations are decided before they end."""
        undecided = self.filtered(lambda case: case.kind == "arbitration" and not case.decided_at)
        if undecided:
            raise UserError(self.env._("%(case)s waits for a manager's decision.", case=undecided[0].name))

    def action_decide(self):
        """Decide: both sides were heard, and the reason stands beside the decision.

        :raise UserError: names what is missing
        """
        self.ensure_one()
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager decides an arbitration."))
        self._check_step("new", "working", "waiting_customer", "waiting_printing_house")
        if self.kind != "arbitration" or self.decided_at:
            raise UserError(self.env._("There is nothing to decide in %(case)s.", case=self.name))
        unheard = [name for name in sorted(STATEMENT_FIELDS) if not (self[name] or "").strip()]
        if unheard:
            raise UserError(
                self.env._("Hear both sides first: what sales says and what service says. One may be your own note.")
            )
        if not (self.decision or "").strip() or not (self.decision_reason or "").strip():
            raise UserError(self.env._("Write the decision and why it is so."))
        self.sudo().write({"decided_by_id": self.env.user.id, "decided_at": fields.Datetime.now()})
        self._answer()
        self._solve()
        return True
