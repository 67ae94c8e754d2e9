from odoo import api, fields, models


class BrokerOrderCreditRelease(models.TransientModel):
    """Asks a manager why an order is confirmed in spite of a credit warning."""

    _name = "broker.order.credit.release"
    _description = "Release an Order"

    order_id = fields.Many2one(
        "sale.order", string="Quotation or Job", required=True, readonly=True, ondelete="cascade"
    )
    warning = fields.Char(compute="_compute_warning")
    reason = fields.Char(required=True)

    @api.depends("order_id")
    def _compute_warning(self):
        for wizard in self:
            wizard.warning = wizard.order_id.broker_credit_warning or wizard.order_id.broker_credit_open

    def action_release(self):
        """Note the reason, and confirm the order unless the customer has."""
        self.ensure_one()
        self.order_id._broker_release_credit(self.reason)
        if self.order_id.state in ("draft", "sent"):
            self.order_id.action_confirm()
        return {"type": "ir.actions.act_window_close"}
