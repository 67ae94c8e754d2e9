from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerCareReassign(models.TransientModel):
    """A manager gives many open calls to somebody, or spreads them over all."""

    _name = "broker.care.reassign"
    _description = "Reassign Care Calls"

    call_ids = fields.Many2many(
        "broker.care.call", string="Calls", default=lambda self: self._default_call_ids(), readonly=True
    )
    company_ids = fields.Many2many("res.company", compute="_compute_numbers")
    user_id = fields.Many2one(
        "res.users",
        string="New Officer",
        domain="[('share', '=', False), ('company_ids', 'in', company_ids)]",
        help="Empty: balanced over the officers who are here.",
    )
    call_count = fields.Integer(string="Number of Calls", compute="_compute_numbers")
    concerned_count = fields.Integer(
        string="About the New Officer",
        compute="_compute_numbers",
        help="Calls to customers whom the new officer sells to or serves. They stay where they are.",
    )
    is_lasting = fields.Boolean(
        string="Customers Too", help="The new officer is also the customers' care officer from now on."
    )

    @api.model
    def _default_call_ids(self):
        if self.env.context.get("active_model") != "broker.care.call":
            return self.env["broker.care.call"]
        return self.env["broker.care.call"].search(
            Domain("id", "in", self.env.context.get("active_ids", [])) & Domain("state", "=", "planned")
        )

    @api.depends("call_ids", "user_id")
    def _compute_numbers(self):
        for wizard in self:
            wizard.call_count = len(wizard.call_ids)
            wizard.company_ids = wizard.call_ids.company_id
            wizard.concerned_count = len(wizard._get_concerned())

    def action_reassign(self):
        """Give the calls to the new officer, or spread them."""
        self.ensure_one()
        calls = self.call_ids.filtered(lambda call: call.state == "planned")
        if not calls:
            raise UserError(self.env._("None of these calls is open any more."))
        calls.check_access("write")
        if not self.user_id:
            for company, of_company in calls.grouped("company_id").items():
                Call = self.env["broker.care.call"]._prepare_planning(company)
                Call._assign_officers(Call.browse(of_company.ids), company, keep_own=False)
            return {"type": "ir.actions.act_window_close"}
        self._check_officer(calls)
        moved = calls - self._get_concerned()
        moved._hand_to(self.user_id)
        if self.is_lasting:
            moved.customer_id.with_context(
                broker_assignment_reason=self.env._("Calls reassigned by a manager")
            ).care_user_id = self.user_id
        return {"type": "ir.actions.act_window_close"}

    def _check_officer(self, calls):
        """Refuse who could not even open the calls."""
        user = self.user_id.sudo()
        if (
            not user.active
            or not user.has_group("print_broker_crm.group_care_officer")
            or calls.company_id - user.company_ids
        ):
            raise UserError(
                self.env._(
                    "%(user)s is no officer of the care line in these companies and could not open the calls.",
                    user=user.name,
                )
            )

    def _get_concerned(self):
        """Return the calls that would be about the new officer."""
        user = self.user_id
        return self.call_ids.filtered(
            lambda call: user and user in call.customer_id.user_id + call.customer_id.service_user_id
        )
