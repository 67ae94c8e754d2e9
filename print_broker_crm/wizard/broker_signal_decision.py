from odoo import fields, models


class BrokerSignalDecision(models.TransientModel):
    """Asks a manager what was done about signals, or why they are nothing."""

    _name = "broker.signal.decision"
    _description = "Decide about Signals"

    signal_ids = fields.Many2many("broker.signal", required=True)
    decision = fields.Selection([("handled", "Handled"), ("dismissed", "Dismissed")], required=True)
    note = fields.Text(string="Reason", required=True)

    def action_decide(self):
        """Close the signals; see `broker.signal._decide`."""
        self.ensure_one()
        self.signal_ids._decide(self.decision, self.note)
        return {"type": "ir.actions.act_window_close"}
