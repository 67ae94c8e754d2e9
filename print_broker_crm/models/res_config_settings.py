from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    broker_care_manager_id = fields.Many2one(related="company_id.broker_care_manager_id", readonly=False)
    broker_handoff_accept_hours = fields.Float(related="company_id.broker_handoff_accept_hours", readonly=False)
