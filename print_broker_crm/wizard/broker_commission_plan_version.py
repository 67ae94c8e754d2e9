from odoo import fields, models


class BrokerCommissionPlanVersion(models.TransientModel):
    """Asks from which day on a new version of a commission plan holds."""

    _name = "broker.commission.plan.version"
    _description = "New Version of a Commission Plan"

    plan_id = fields.Many2one("broker.commission.plan", required=True, readonly=True, ondelete="cascade")
    date_from = fields.Date(
        string="Valid from",
        required=True,
        default=lambda self: self.env.company._get_broker_today(),
        help="Jobs confirmed from this day on follow the new version. A past day lies in the present month, and "
        "nothing was written yet for jobs confirmed since then.",
    )

    def action_create_version(self):
        """Make the version and open it, to set its numbers."""
        self.ensure_one()
        self.plan_id.check_access("write")
        plan = self.plan_id._create_version(self.date_from)
        return {
            "type": "ir.actions.act_window",
            "res_model": plan._name,
            "res_id": plan.id,
            "view_mode": "form",
        }
