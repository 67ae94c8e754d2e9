from odoo import fields, models


class CrmStage(models.Model):
    _inherit = "crm.stage"

    is_service_handoff = fields.Boolean(
        string="Is Service Handoff Stage?",
        help="An opportunity that enters this stage is handed over from sales to service.",
    )
