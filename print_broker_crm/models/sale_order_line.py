from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import SQL, float_compare
from odoo.tools.sql import column_exists, create_column

from .broker_identity import KnownPatterns


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = [
        "broker.order.line.spec.mixin",
        "broker.order.line.proof.mixin",
        "broker.order.line.cost.mixin",
        "broker.month.source.mixin",
        "sale.order.line",
    ]

    broker_commission_rule_id = fields.Many2one(
        "broker.commission.rule",
        string="Commission Rule",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=NO_ACCESS,
        help="The rule the line fell under when the job was confirmed.",
    )

    broker_cost_purchased = fields.Boolean(
        string="Cost Purchased",
        copy=False,
        groups=NO_ACCESS,
        help="A confirmed purchase order said what the line costs.",
    )

    def _auto_init(self):
        # On a database full of orders the column is filled at once.
        if not column_exists(self.env.cr, self._table, "broker_cost_purchased"):
            create_column(self.env.cr, self._table, "broker_cost_purchased", "boolean")
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE sale_order_line line
                       SET broker_cost_purchased = TRUE
                      FROM purchase_order_line purchased
                      JOIN purchase_order purchase ON purchase.id = purchased.order_id
                     WHERE purchased.sale_line_id = line.id AND purchase.state = 'purchase'
                    """
                )
            )
        return super()._auto_init()

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        if not self.env.su and not self.env.user._is_internal():
            self.env["broker.identity"]._mask_rows(self.order_id._broker_get_pattern(), rows)
        return rows

    def _purchase_service_generation(self):
        # Fifty lines of a job are bought one by one, and hide the same customer from the same printing house.
        return super(
            SaleOrderLine, self.with_context(broker_known_patterns=KnownPatterns())
        )._purchase_service_generation()

    def _purchase_service_prepare_line_values(self, purchase_order, quantity=False):
        """Leave the customer out of what is copied from its words."""
        values = super()._purchase_service_prepare_line_values(purchase_order, quantity)
        if purchase_order._broker_get_masking() != "off":
            known = self.env.context.get("broker_known_patterns")
            patterns = known if isinstance(known, KnownPatterns) else {}
            key = (self.order_id.id, purchase_order.partner_id.id)
            Identity = self.env["broker.identity"]
            if key not in patterns:
                patterns[key] = Identity._get_pattern(
                    self.order_id.sudo()._broker_get_readers(), purchase_order.partner_id
                )
            values["name"] = Identity._mask(patterns[key], values["name"])
        return values

    def _compute_purchase_price(self):
        """Keep what the printing house charges, once its order is confirmed.

        Sales' own compute takes the product's cost again when a unit or a currency
        changes; the price that was really agreed must survive that.
        """
        result = super()._compute_purchase_price()
        for line, cost in self._get_purchased_costs().items():
            line.purchase_price = cost
        return result

    @api.model_create_multi
    def create(self, vals_list):
        default = self.env.context.get("default_purchase_price")
        if not self.env.su and any((vals.get("purchase_price", default) or 0.0) < 0 for vals in vals_list):
            self._check_cost_not_negative()
        lines = super().create(vals_list)
        lines.order_id._broker_check_typed({"order_line"})
        return lines

    def write(self, vals):
        if (vals.get("purchase_price") or 0.0) < 0 and not self.env.su:
            self._check_cost_not_negative()
        if "purchase_price" in vals and not self.env.su:
            self._check_cost_not_purchased(vals["purchase_price"])
            self._check_cost_not_lowered(vals["purchase_price"])
        result = super().write(vals)
        if "name" in vals:
            self.order_id._broker_check_typed({"order_line"})
        if "product_uom_qty" in vals:
            # What was bought is borne by what is sold.
            self.env["broker.commission.entry"]._update_costs(self.sudo().purchase_line_ids)
        return result

    def _check_cost_not_negative(self):
        """Refuse a cost below zero by anybody but a manager: it is margin out of nothing.

        :raises UserError: for anybody but a manager
        """
        if not self.env["broker.handoff"]._is_manager():
            raise UserError(self.env._("A cost is not negative. What lowers a job's cost, a manager enters."))

    def _check_cost_not_purchased(self, cost):
        """Refuse a cost by hand where a confirmed purchase order says what it is.

        :raises UserError: naming the line and the purchase order
        """
        for line, purchased in self.sudo()._get_purchased_costs().items():
            if line.purchase_price != cost and purchased != cost:
                purchases = line.purchase_line_ids.order_id.filtered(lambda order: order.state == "purchase")
                raise UserError(
                    self.env._(
                        "The cost of %(line)s comes from the purchase order %(purchase)s. Change the price there.",
                        line=line.display_name,
                        purchase=", ".join(purchases.mapped("name")),
                    )
                )

    def _check_cost_not_lowered(self, cost):
        """Refuse a lower cost of a job by anybody but a manager: it raises commission.

        :raises UserError: naming the line
        """
        if self.env["broker.handoff"]._is_manager():
            return
        for line in self:
            if line.state == "sale" and float_compare(cost or 0.0, line.purchase_price, precision_digits=2) < 0:
                raise UserError(
                    self.env._(
                        "%(line)s is a job already. Only a manager lowers its cost; a purchase order does it, too.",
                        line=line.display_name,
                    )
                )

    def _get_purchased_costs(self):
        """Return what confirmed purchase orders charge for one unit of these lines.

        Net of discounts and taxes, in the line's own unit and the sale's currency;
        several purchase lines are weighted by quantity. What is bought beyond the
        sold quantity, a reprint or an overrun, is borne by the sold units.

        :return: dict of sale order line to cost; lines without a confirmed purchase
            are left out
        """
        lines_by_id = {line._origin.id: line for line in self if line._origin}
        purchase_lines = (
            self.env["purchase.order.line"]
            .sudo()
            .search(
                Domain("sale_line_id", "in", list(lines_by_id))
                & Domain("state", "=", "purchase")
                & Domain("product_qty", ">", 0),
                order="id",
            )
            if lines_by_id
            else self.env["purchase.order.line"]
        )
        costs = {}
        for sale_line, group in purchase_lines.grouped("sale_line_id").items():
            line = lines_by_id[sale_line.id]
            quantity = amount = 0.0
            for purchase_line in group:
                quantity += purchase_line.product_uom_id._compute_quantity(
                    purchase_line.product_qty, line.product_uom_id, round=False
                )
                amount += line._convert_purchase_amount(purchase_line)
            # A line that was set to zero keeps the price of what was bought.
            sold = line.product_uom_qty if line.product_uom_qty > 0 else quantity
            if quantity:
                costs[line] = amount / min(quantity, sold)
        return costs

    def _convert_purchase_amount(self, purchase_line):
        """Return the net amount of a purchase line in the currency of this sale line."""
        self.ensure_one()
        order = purchase_line.order_id
        return order.currency_id._convert(
            purchase_line.price_subtotal,
            self.currency_id or self.order_id.currency_id,
            order.company_id,
            (order.date_approve or order.date_order).date(),
            round=False,
        )
