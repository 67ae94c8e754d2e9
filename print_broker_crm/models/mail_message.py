from odoo import api, models
from odoo.exceptions import MissingError


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        patterns = [self._broker_mask_values(vals) for vals in vals_list]
        messages = super().create(vals_list)
        for message, pattern in zip(messages, patterns, strict=True):
            if pattern:
                message.sudo()._broker_mask_rest(pattern)
        return messages

    @api.model
    def _broker_mask_values(self, vals):
        """Take out of the values of a message what its readers must not learn.

        :return: the pattern of the document, or None for notes among colleagues
        """
        model = vals.get("model", self.env.context.get("default_model"))
        res_id = vals.get("res_id", self.env.context.get("default_res_id"))
        Masking = self.env["broker.masking.mixin"]
        if not res_id or not Masking._broker_is_masked(model):
            return None
        if vals.get("message_type") not in ("email_outgoing", "auto_comment"):
            if not Masking._broker_is_public(vals) or not (vals.get("body") or vals.get("attachment_ids")):
                return None
        record = self.env[model].sudo().browse(int(res_id))
        author = self.env["res.partner"].sudo().browse(vals.get("author_id") or ())
        try:
            if author.partner_share and (
                author.commercial_partner_id in record._broker_get_readers().commercial_partner_id
            ):
                # Readers know what they write themselves.
                return None
            pattern = record._broker_get_pattern()
        except MissingError:
            # Of a document that is gone nobody reads anything.
            return None
        if pattern:
            Identity = self.env["broker.identity"]
            if vals.get("body"):
                vals["body"] = Identity._mask_html(vals["body"], pattern)
            if vals.get("subject"):
                vals["subject"] = Identity._mask(pattern, vals["subject"])
        return pattern

    def _broker_mask_rest(self, pattern):
        """Mask what is known of a message once it is there."""
        Identity = self.env["broker.identity"]
        reply_to = Identity._mask(pattern, self.reply_to)
        if reply_to != self.reply_to:
            self.reply_to = reply_to
        for attachment in self.attachment_ids:
            name = Identity._mask(pattern, attachment.name)
            if name != attachment.name and not attachment.res_field:
                attachment.name = name
