from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerStaffChangePreview(models.TransientModel):
    """Shows the message that introduces a successor as the customer will read it."""

    _name = "broker.staff.change.preview"
    _description = "Preview of the Message to a Customer"

    line_id = fields.Many2one("broker.staff.change.line", required=True, readonly=True, ondelete="cascade")
    email_to = fields.Char(string="To", compute="_compute_message")
    subject = fields.Char(compute="_compute_message")
    body = fields.Html(compute="_compute_message")

    @api.depends("line_id")
    def _compute_message(self):
        for preview in self:
            line = preview.line_id
            template = line.change_id.mail_template_id.sudo()
            if not template:
                raise UserError(self.env._("Choose the message on the staff change first."))
            values = template._generate_template([line.id], ("subject", "body_html"))[line.id]
            preview.email_to = line.email or self.env._("No e-mail address: nothing is sent")
            preview.subject = values["subject"]
            preview.body = values["body_html"]
