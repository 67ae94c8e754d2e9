from odoo import api, fields, models


class CrmTeam(models.Model):
    _inherit = "crm.team"

    broker_is_territory = fields.Boolean(
        string="Members Sell and Serve",
        help="The team is divided by territory, not by function: whoever sells a job runs it too. Its handoffs "
        "accept themselves; both shares of the commission are theirs.",
    )
    broker_without_role = fields.Char(
        string="Cannot Run Jobs",
        compute="_compute_broker_without_role",
        compute_sudo=True,
        help="Members of the team without the role of a service agent.",
    )

    @api.depends("broker_is_territory", "member_ids.group_ids")
    def _compute_broker_without_role(self):
        agents = self.env["broker.handoff"]._get_agent_group().sudo().all_user_ids
        for team in self:
            lacking = (team.member_ids - agents) if team.broker_is_territory else team.member_ids.browse()
            team.broker_without_role = ", ".join(lacking.mapped("name")) or False

    def _broker_is_territory_of(self, user):
        """Tell whether a user sells and serves in this team. Whoever merely puts a job
        under the name of such a team hands it over like everybody else.

        :param user: `res.users`
        """
        return self.broker_is_territory and user in self.member_ids | self.user_id
