from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCommissionWhatIfPerson(models.TransientModel):
    """What one person would have of all jobs, beside what stands in the ledger."""

    _name = "broker.commission.what.if.person"
    _inherit = ["broker.commission.what.if.result.mixin"]
    _description = "Commission: Person in a What If"
    _order = "what_if_id, difference_earned desc, id"
    _rec_name = "user_id"

    changed_job_count = fields.Integer(string="Jobs That Differ")

    @api.depends("user_id")
    def _compute_display_name(self):
        for person in self:
            person.display_name = person.user_id.name or self.env._("Without a payee")

    def action_view_jobs(self):
        """Open this person's jobs."""
        self.ensure_one()
        action = self.what_if_id._get_lines_action(Domain("user_id", "=", self.user_id.id))
        action["context"] = {"search_default_is_different": 1}
        return action
