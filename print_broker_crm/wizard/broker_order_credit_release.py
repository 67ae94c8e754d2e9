from odoo import fields, models


class BrokerOrderCreditRelease(models.TransientModel):
    """Asks a manager why an order is confirmed in spite of a credit warning."""

    _name = "broker.order.credit.release"
    _description = "Release an Order"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    warning = fields.Char(related="order_id.broker_credit_warning")
    reason = fields.Char(required=True)

    def action_release(self):
        """Note the reason and confirm the order."""
        self.ensure_one()
        self.order_id._broker_release_credit(self.reason)
        self.order_id.action_confirm()
        return {"type": "ir.actions.act_window_close"}
