from odoo import api, models


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        attachments = super().create(vals_list)
        attachments._check_broker_proof(is_new=True)
        return attachments

    def write(self, vals):
        self._check_broker_proof()
        result = super().write(vals)
        self._check_broker_proof()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_sent_proof(self):
        self._check_broker_proof()

    def _check_broker_proof(self, is_new=False):
        """Let the proof room say whether what it keeps may change."""
        kept = self.sudo().filtered(
            lambda attachment: attachment.res_field and attachment.res_model in self._get_broker_kept()
        )
        if kept:
            self.env["broker.proof"]._check_attachments(kept, is_new)

    @api.model
    def _get_broker_kept(self):
        """Return the models whose files are kept as they were."""
        return ("broker.proof", "broker.proof.file")
