from odoo import fields, models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    broker_campaign_id = fields.Many2one(
        "broker.campaign",
        string="Campaign",
        readonly=True,
        ondelete="cascade",
        groups="print_broker_crm.group_manager",
    )

    def _manage_mail_values(self, mail_values_all):
        values = super()._manage_mail_values(mail_values_all)
        campaign = self.sudo().broker_campaign_id.with_env(self.env)
        if campaign and self.composition_mode == "mass_mail" and self.model == "res.partner":
            return campaign._take_mailed(values)
        return values
