from odoo import api, fields, models
from odoo.fields import Command


class MailMail(models.Model):
    _inherit = "mail.mail"

    broker_campaign_member_id = fields.Many2one(
        "broker.campaign.member",
        string="Customer of a Campaign",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        for mail in mails.sudo():
            mail._broker_mask()
        return mails

    def _broker_get_document(self):
        """Return the document of an e-mail that names nobody, in sudo, or None."""
        self.ensure_one()
        if not self.res_id or not self.env["broker.masking.mixin"]._broker_is_masked(self.model):
            return None
        return self.env[self.model].sudo().browse(self.res_id).exists() or None

    def _broker_mask(self):
        """Take out of an e-mail, and of its recipients, what and who does not belong there."""
        if not any(self.recipient_ids.mapped("partner_share")) and not self.email_to and not self.email_cc:
            return
        record = self._broker_get_document()
        pattern = record._broker_get_pattern() if record is not None else None
        if not pattern:
            return
        Identity = self.env["broker.identity"]
        values = {
            "email_to": record._broker_drop_hidden_addresses(self.email_to),
            "email_cc": record._broker_drop_hidden_addresses(self.email_cc),
            "body_html": Identity._mask_html(self.body_html, pattern),
            "subject": Identity._mask(pattern, self.subject),
            "reply_to": Identity._mask(pattern, self.reply_to),
        }
        if not self.is_notification:
            values["body"] = Identity._mask_html(self.body, pattern)
        values = {name: value for name, value in values.items() if (value or "") != (self[name] or "")}
        kept = record._broker_drop_hidden(self.recipient_ids.ids)
        if len(kept) != len(self.recipient_ids):
            values["recipient_ids"] = [Command.set(kept)]
        if values:
            self.write(values)

    def _prepare_outgoing_list(self, *args, **kwargs):
        """Send files under names that tell nobody anything."""
        result = super()._prepare_outgoing_list(*args, **kwargs)
        record = self._broker_get_document()
        pattern = record._broker_get_pattern() if record is not None else None
        for email in result if pattern else ():
            email["attachments"] = [
                (self.env["broker.identity"]._mask(pattern, name), *rest)
                for name, *rest in email.get("attachments") or ()
            ]
        return result
