from odoo import models


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") == "purchase":
            self.order_line._broker_freeze_promises()
        if "state" in vals or "currency_id" in vals:
            self.env["broker.commission.entry"]._update_costs(self.order_line)
        return result
