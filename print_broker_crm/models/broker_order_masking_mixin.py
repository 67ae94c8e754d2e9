from odoo import models
from odoo.fields import Domain
from odoo.tools import html2plaintext


class BrokerOrderMaskingMixin(models.AbstractModel):
    """What customers read of an order does not say who prints."""

    _name = "broker.order.masking.mixin"
    _inherit = ["broker.masking.mixin"]
    _description = "Order: Names No Printing House"

    def _broker_get_typed_fields(self):
        return super()._broker_get_typed_fields() | {"note", "origin"}

    def _broker_get_readers(self):
        return self.partner_id | self.partner_invoice_id | self.partner_shipping_id

    def _broker_get_other_side(self):
        """Return who prints, was asked, or could be: also before an order is bought."""
        orders = self.sudo()
        if not orders:
            return super()._broker_get_other_side()
        purchases = orders.env["purchase.order"].search(
            Domain("order_line.sale_order_id", "in", orders.ids)
            | (Domain("origin", "in", orders.mapped("name")) & Domain("company_id", "in", orders.company_id.ids))
        )
        return purchases.partner_id | orders.order_line.product_id.seller_ids.partner_id

    def _broker_get_typed(self):
        """Add the lines; how a product is called is not typed here."""
        lines = [
            (line.name or "")
            .replace(line.product_id.display_name or "\0", "")
            .replace(line.product_id.name or "\0", "")
            for line in self.order_line
        ]
        return {
            **super()._broker_get_typed(),
            "order_line": (self.env._("description"), "\n".join(lines)),
            "note": (self.env._("terms"), html2plaintext(self.note or "")),
            "origin": (self.env._("source"), self.origin or ""),
        }
