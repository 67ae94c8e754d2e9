from odoo import api, fields, models


class BrokerCommissionDisputeDecision(models.TransientModel):
    """Asks a manager how a dispute is decided."""

    _name = "broker.commission.dispute.decision"
    _description = "Decide a Dispute"

    dispute_id = fields.Many2one("broker.commission.dispute", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="dispute_id.currency_id")
    disputed_amount = fields.Monetary(related="dispute_id.disputed_amount")
    expected_amount = fields.Monetary(related="dispute_id.expected_amount")
    description = fields.Text(related="dispute_id.description")
    decision = fields.Selection(
        [("granted", "Grant it"), ("partial", "Grant it in part"), ("denied", "Deny it")], required=True
    )
    amount = fields.Monetary(
        compute="_compute_amount", store=True, readonly=False, help="What the payee gets with the open statement."
    )
    answer = fields.Text(required=True, help="The payee reads it.")

    @api.depends("decision")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.expected_amount if wizard.decision == "granted" else 0.0

    def action_decide(self):
        """Decide the dispute; see `broker.commission.dispute._decide`."""
        self.ensure_one()
        self.dispute_id.check_access("write")
        self.dispute_id.sudo()._decide(self.env.user, self.decision, self.answer, self.amount)
        return {"type": "ir.actions.act_window_close"}
