from odoo import fields, models


class BrokerHandoffReturn(models.TransientModel):
    """Asks the service agent why a handoff goes back to the salesperson."""

    _name = "broker.handoff.return"
    _description = "Return a Handoff"

    handoff_id = fields.Many2one("broker.handoff", required=True, readonly=True, ondelete="cascade")
    item_ids = fields.Many2many(
        "broker.handoff.item",
        string="What Is Missing",
        domain="[('handoff_id', '=', handoff_id)]",
    )
    reason = fields.Text(string="In Words")

    def action_return(self):
        """Return the handoff with the gaps chosen."""
        self.ensure_one()
        self.handoff_id.action_return(self.item_ids, self.reason)
        return {"type": "ir.actions.act_window_close"}
