from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreMarginMixin(models.AbstractModel):
    """What was earned on invoices, in SQL, with the cost that commission takes as well.

    Apart from the other figures, because of all the documents it has to understand. The
    usual line costs one join; what is rare (another currency or unit, a credit note, a
    down payment, a line that bills several) is looked up only where it occurs.
    """

    _name = "broker.tier.score.margin.mixin"
    _description = "5A Score: Margin"

    @api.model
    def _get_margin_query(self, policy, customers=None):
        """CTE `margin`: invoiced price minus cost, in company currency.

        Only lines whose cost is known count: their order line has a cost, or lowers
        the price (a discount). A credit note that lowers the price without taking goods
        back leaves the cost where it is. A down payment carries its order's margin ratio, so that
        it and the final invoice, which takes it off again, add up to the order. A line
        that bills several order lines counts for each in part.
        """
        return SQL(
            """
            %s,
            margin AS (
                SELECT customer_id, COUNT(profit) AS lines,
                       COUNT(*) - COUNT(profit) AS left_out,
                       ROUND(SUM(profit), 2) AS profit
                  FROM billed
              GROUP BY customer_id
            )
            """,
            self._get_billed_query(policy.company_id, customers is not None),
        )

    @api.model
    def _get_billed_query(self, company, is_few, columns=None):
        """CTE `billed`: what each line of the `invoice` in the window leaves, see
        `_get_margin_query`; customer_id, day, move_id, line_id, order_id, balance, profit.

        :param is_few: the invoices are those of some customers only
        :param columns: SQL of more columns of `invoice` that are wanted, each after a comma
        """
        return SQL(
            """
            link AS (
                SELECT invoice_line_id, MIN(order_line_id) AS sold_id, COUNT(*) AS parts
                  FROM sale_order_line_invoice_rel
                 WHERE %(scope)s
              GROUP BY invoice_line_id
            ),
            billed AS (
                SELECT invoice.customer_id, invoice.invoice_date AS day, invoice.id AS move_id, line.id AS line_id,
                       sold.order_id, line.balance %(columns)s,
                       CASE WHEN link.parts > 1 THEN (
                                SELECT SUM(%(part_profit)s)
                                  FROM sale_order_line_invoice_rel every
                                  JOIN sale_order_line part
                                    ON part.id = every.order_line_id
                                 WHERE every.invoice_line_id = line.id
                            )
                            -- The usual line: in a million of them, what is rare need not be asked
                            WHEN NOT invoice.is_refund AND sold.purchase_price <> 0
                                 AND sold.is_downpayment IS NOT TRUE
                                 AND sold.currency_id = %(currency)s
                                 AND sold.product_uom_id = line.product_uom_id
                            THEN -line.balance - line.quantity * sold.purchase_price
                            ELSE %(profit)s END AS profit
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'product'
             LEFT JOIN link ON link.invoice_line_id = line.id
             LEFT JOIN sale_order_line sold ON sold.id = link.sold_id
                 WHERE invoice.in_window
                -- A line's profit is worked out once and not where it is named
                OFFSET 0
            )
            """,
            # Of some customers it is quicker to look up their own lines.
            scope=SQL(
                """
                invoice_line_id IN (
                    SELECT line.id
                      FROM invoice
                      JOIN account_move_line line ON line.move_id = invoice.id
                     WHERE line.display_type = 'product'
                )
                """
            )
            if is_few
            else SQL("TRUE"),
            columns=columns or SQL(),
            currency=company.currency_id.id,
            profit=self._get_profit_expression(company, SQL("sold")),
            part_profit=SQL("(%s) / link.parts", self._get_profit_expression(company, SQL("part"))),
        )

    @api.model
    def _get_profit_expression(self, company, sold):
        """Return the SQL of what an invoice line leaves, NULL when its cost is unknown.

        :param company: whose money it is
        :param sold: alias of the order line it bills
        """
        return SQL(
            """
            CASE WHEN %(sold)s.is_downpayment THEN -line.balance * (%(ratio)s)
                 WHEN %(sold)s.purchase_price <> 0 OR %(sold)s.price_subtotal < 0
                 THEN -line.balance
                      - CASE WHEN invoice.is_refund AND (%(allowance)s) THEN 0
                             ELSE CASE WHEN invoice.is_refund THEN -line.quantity
                                       ELSE line.quantity END
                                  * COALESCE(%(sold)s.purchase_price, 0)
                                  * CASE WHEN %(sold)s.currency_id = %(currency)s
                                              AND %(sold)s.product_uom_id = line.product_uom_id
                                         THEN 1 ELSE (%(factor)s) * (%(rate)s) END
                        END
            END
            """,
            sold=sold,
            ratio=self._get_order_ratio(sold),
            allowance=self._get_allowance_test(sold),
            factor=self._get_unit_factor(SQL("line"), sold),
            rate=self._get_cost_rate(company, sold),
            currency=company.currency_id.id,
        )

    @api.model
    def _get_unit_factor(self, line, sold):
        """Return the SQL of how many of the order line's units one of the invoice line's is."""
        return SQL(
            """
            CASE WHEN %(line)s.product_uom_id IS DISTINCT FROM %(sold)s.product_uom_id
                 THEN COALESCE((
                          SELECT billed_unit.factor / NULLIF(sold_unit.factor, 0)
                            FROM uom_uom billed_unit, uom_uom sold_unit
                           WHERE billed_unit.id = %(line)s.product_uom_id
                             AND sold_unit.id = %(sold)s.product_uom_id
                      ), 1)
                 ELSE 1 END
            """,
            line=line,
            sold=sold,
        )

    @api.model
    def _get_cost_rate(self, company, sold):
        """Return the SQL of what one unit of the order's currency is in the company's, on
        the invoice: at the invoice's own rate where it is in the same currency."""
        rate = SQL(
            """
            COALESCE((
                SELECT quoted.rate FROM res_currency_rate quoted
                 WHERE quoted.currency_id = currency.id AND quoted.name <= invoice.invoice_date
                   AND (quoted.company_id IS NULL OR quoted.company_id = %(root)s)
              ORDER BY quoted.company_id, quoted.name DESC LIMIT 1
            ), (
                SELECT quoted.rate FROM res_currency_rate quoted
                 WHERE quoted.currency_id = currency.id
                   AND (quoted.company_id IS NULL OR quoted.company_id = %(root)s)
              ORDER BY quoted.company_id, quoted.name LIMIT 1
            ), 1)
            """,
            root=company.root_id.id,
        )
        return SQL(
            """
            CASE WHEN %(sold)s.currency_id = %(currency)s THEN 1
                 WHEN %(sold)s.currency_id = invoice.currency_id AND invoice.rate <> 0
                 THEN 1 / invoice.rate
                 ELSE (SELECT %(rate)s FROM res_currency currency WHERE currency.id = %(currency)s)
                      / (SELECT %(rate)s FROM res_currency currency
                          WHERE currency.id = %(sold)s.currency_id)
            END
            """,
            sold=sold,
            currency=company.currency_id.id,
            rate=rate,
        )

    @api.model
    def _get_order_ratio(self, sold):
        """Return the SQL of the part of an order's price that is margin."""
        return SQL(
            """
            SELECT SUM(
                       other.price_subtotal
                       - COALESCE(other.purchase_price, 0) * other.product_uom_qty
                   ) FILTER (
                       WHERE other.purchase_price <> 0 OR other.price_subtotal < 0
                   ) / NULLIF(SUM(other.price_subtotal), 0)
              FROM sale_order_line other
             WHERE other.order_id = %s.order_id
               AND other.display_type IS NULL AND other.is_downpayment IS NOT TRUE
            """,
            sold,
        )

    @api.model
    def _get_allowance_test(self, sold):
        """Return the SQL that tells whether a credit note lowers the price of an order
        line instead of taking goods back: its unit price is below the invoice's."""
        return SQL(
            """
            SELECT ABS(COALESCE(
                       charged.amount / NULLIF(charged.quantity, 0), ordered.price
                   ) * noted.quantity) - ABS(noted.amount)
                       > currency.rounding * GREATEST(1, ABS(noted.quantity / COALESCE(
                           NULLIF(charged.quantity, 0), ordered.quantity)))
              FROM (%(noted)s) AS noted,
                   (%(charged)s) AS charged,
                   (SELECT %(sold)s.product_uom_qty AS quantity,
                           CASE WHEN %(sold)s.currency_id = invoice.currency_id
                                THEN %(sold)s.price_subtotal
                                     / NULLIF(%(sold)s.product_uom_qty, 0) END AS price
                   ) AS ordered,
                   res_currency currency
             WHERE currency.id = invoice.currency_id
            """,
            sold=sold,
            noted=self._get_charged(SQL("invoice.id"), sold),
            charged=self._get_charged(SQL("invoice.reversed_entry_id"), sold),
        )

    @api.model
    def _get_charged(self, move, sold):
        """Return the SQL select of what an invoice charges for an order line, and for how
        many of its units."""
        return SQL(
            """
            SELECT SUM(charge.price_subtotal) AS amount,
                   SUM(charge.quantity * (%(factor)s)) AS quantity
              FROM account_move_line charge
              JOIN sale_order_line_invoice_rel same
                ON same.invoice_line_id = charge.id AND same.order_line_id = %(sold)s.id
             WHERE charge.move_id = %(move)s AND charge.display_type = 'product'
            """,
            move=move,
            sold=sold,
            factor=self._get_unit_factor(SQL("charge"), sold),
        )
