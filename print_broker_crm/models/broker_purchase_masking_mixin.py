from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import html2plaintext


class BrokerPurchaseMaskingMixin(models.AbstractModel):
    """What printing houses read of an order does not say for whom they print.

    A printing house that delivers directly reads the address, and sends in our name.
    """

    _name = "broker.purchase.masking.mixin"
    _inherit = ["broker.masking.mixin"]
    _description = "Purchase: Names No Customer"

    broker_neutral_delivery = fields.Boolean(
        string="Neutral Delivery",
        tracking=True,
        copy=False,
        help="The printing house delivers directly: the address is printed, nothing else, and the sender is our firm.",
    )

    @api.onchange("broker_neutral_delivery")
    def _onchange_broker_neutral_delivery(self):
        if not self.broker_neutral_delivery:
            return
        addresses = self.sudo()._broker_get_sales().partner_shipping_id
        if not self.dest_address_id and len(addresses) == 1:
            self.dest_address_id = addresses.ids[0]

    @api.constrains("dest_address_id", "broker_neutral_delivery")
    def _check_broker_address(self):
        for order in self:
            if order.broker_neutral_delivery and not order.dest_address_id:
                raise ValidationError(
                    self.env._(
                        "%(order)s: where does the printing house deliver? Fill in the address.", order=order.name
                    )
                )

    def _broker_check_typed(self, names=None):
        """Refuse the customer's address, too, unless the printing house delivers there."""
        result = super()._broker_check_typed(names)
        addressed = names is None or names & {"dest_address_id", "broker_neutral_delivery"}
        for order in self if addressed and not self.env.su else ():
            if order.broker_neutral_delivery or not order.dest_address_id:
                continue
            hidden = order._broker_get_hidden_partners()
            if order.dest_address_id.sudo().commercial_partner_id in hidden:
                raise ValidationError(
                    self.env._(
                        "%(order)s: this address tells the printing house who the customer is. If it is to deliver "
                        "there directly, choose the neutral delivery: the address is printed, nothing else, and "
                        "the sender is %(company)s.",
                        order=order.name,
                        company=order.company_id.name,
                    )
                )
        return result

    def _broker_get_typed_fields(self):
        return super()._broker_get_typed_fields() | {
            "note",
            "origin",
            "partner_ref",
            "dest_address_id",
            "broker_neutral_delivery",
        }

    # WHO READS

    def _broker_get_sales(self):
        """Return the jobs that these orders are bought for, in sudo."""
        orders = self.sudo()
        named = {name.strip() for origin in orders.mapped("origin") for name in (origin or "").split(",")} - {""}
        by_name = orders.env["sale.order"].browse()
        if named:
            by_name = by_name.search(
                Domain("name", "in", list(named)) & Domain("company_id", "in", orders.company_id.ids)
            )
        return orders.order_line.sale_line_id.order_id | by_name

    def _broker_get_other_side(self):
        # A customer's address is its name, a warehouse of ours is nobody's.
        addresses = self.sudo().dest_address_id.filtered("commercial_partner_id.broker_customer_ids")
        return self._broker_get_sales()._broker_get_readers() | addresses

    def _broker_get_typed(self):
        return {
            **super()._broker_get_typed(),
            "order_line": (
                self.env._("description"),
                "\n".join(name or "" for name in self.order_line.mapped("name")),
            ),
            "note": (self.env._("terms"), html2plaintext(self.note or "")),
            "origin": (self.env._("source"), self.origin or ""),
            "partner_ref": (self.env._("vendor reference"), self.partner_ref or ""),
        }
