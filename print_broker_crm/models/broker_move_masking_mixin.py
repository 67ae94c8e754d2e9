from odoo import models


class BrokerMoveMaskingMixin(models.AbstractModel):
    """An invoice does not say who prints, a vendor bill not for whom."""

    _name = "broker.move.masking.mixin"
    _inherit = ["broker.masking.mixin"]
    _description = "Journal Entry: Names Nobody"

    def _broker_get_readers(self):
        return self.partner_id | self.partner_shipping_id

    def _broker_get_other_side(self):
        lines = self.sudo().invoice_line_ids
        return (
            lines.sale_line_ids.order_id._broker_get_other_side()
            | lines.purchase_line_id.order_id._broker_get_other_side()
        )
