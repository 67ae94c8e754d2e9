from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCustomerTeamMixin(models.AbstractModel):
    """The account team on the customer file: one face before, several people behind.

    Members work with the customer as those do who stand on the file itself, as long as
    their membership is open.
    """

    _name = "broker.customer.team.mixin"
    _description = "Customer File: Account Team"

    member_ids = fields.One2many("broker.customer.member", "customer_id", string="Account Team", copy=False)
    lead_user_id = fields.Many2one(
        "res.users",
        string="Project Lead",
        compute="_compute_lead_user_id",
        search="_search_lead_user_id",
        compute_sudo=True,
        help="Answers for the account inside the firm.",
    )

    @api.depends("member_ids.date_to", "member_ids.function", "member_ids.user_id")
    def _compute_lead_user_id(self):
        leads = self.env["broker.customer.member"]._get_leads(self)
        for customer in self:
            customer.lead_user_id = leads.get(customer._origin.id)

    @api.model
    def _search_lead_user_id(self, operator, value):
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        is_lead = Domain("function", "=", "lead") & Domain("date_to", "=", False)
        found = Domain("member_ids", "any!", is_lead & Domain("user_id", operator, value))
        if operator == "in" and False in value:
            found |= Domain("member_ids", "not any!", is_lead)
        return found

    # VISIBILITY

    @api.model
    def _get_joined_domain(self, user):
        """Add the members of the account team."""
        return super()._get_joined_domain(user) | Domain(
            "member_ids", "any!", Domain("user_id", "=", user.id) & Domain("date_to", "=", False)
        )

    def _get_serving_users(self):
        """Add the members of the account team."""
        members = self.sudo().member_ids.filtered(lambda member: not member.date_to)
        return super()._get_serving_users() | members.user_id.with_env(self.env)

    # STAFF

    @api.model
    def _find_team_customers(self, user):
        """Return the files, in sudo, in whose account team a user is now."""
        return self.sudo().search(
            Domain("member_ids", "any!", Domain("user_id", "=", user.id) & Domain("date_to", "=", False)), order="id"
        )

    @api.model
    def _before_users_leave(self, users):
        """End the leavers' memberships."""
        result = super()._before_users_leave(users)
        self.env["broker.customer.member"]._find_to_pass(users)._end_for_leaver()
        return result

    @api.model
    def _after_companies_lost(self, user, companies):
        """End the memberships in these companies."""
        result = super()._after_companies_lost(user, companies)
        for company in companies:
            self.env["broker.customer.member"]._find_to_pass(user, company)._end_for_leaver()
        return result

    def _before_merge_into(self, target):
        """Leave one project lead, and one membership of each person and function."""
        result = super()._before_merge_into(target)
        self.env["broker.customer.member"]._make_room(self, target)
        return result
