from odoo import fields, models


class BrokerProofRelease(models.TransientModel):
    """Asks a manager why a job is printed without an approved proof."""

    _name = "broker.proof.release"
    _description = "Print without an Approved Proof"

    order_id = fields.Many2one("sale.order", string="Job", required=True, readonly=True, ondelete="cascade")
    reason = fields.Char(required=True)

    def action_release(self):
        """Note the reason and let the job pass."""
        self.ensure_one()
        self.order_id._broker_release_proof(self.reason)
        return {"type": "ir.actions.act_window_close"}
