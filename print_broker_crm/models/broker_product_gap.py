from odoo import api, fields, models
from odoo.tools import SQL


class BrokerProductGap(models.Model):
    """What customers usually buy, and did not buy this time: one row per customer and product.

    A product that was bought often is missing when it is late by its own rhythm. One that
    belongs to a season, or was bought only once or twice, is due when that time of the year
    comes again. Nothing of it is stored.
    """

    _name = "broker.product.gap"
    _inherit = ["broker.figure.mixin", "broker.customer.link.mixin"]
    _description = "Missing Product"
    _auto = False
    _order = "days_late desc, id desc"
    _rec_name = "product_id"

    user_id = fields.Many2one(string="Salesperson")
    currency_id = fields.Many2one("res.currency", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    product_type_id = fields.Many2one("broker.product.type", readonly=True)
    order_id = fields.Many2one("sale.order", string="Last Job", readonly=True)
    kind = fields.Selection(
        [("rhythm", "Late"), ("season", "Season")],
        string="Why",
        readonly=True,
        help="Late: by how often the customer buys it. Season: it was bought at this time of the last year.",
    )
    times_bought = fields.Integer(readonly=True, aggregator=None, help="On so many different days.")
    gap_days = fields.Integer(
        string="Usual Gap (Days)", readonly=True, aggregator="avg", help="The median of the days between two purchases."
    )
    last_date = fields.Date(string="Last Bought on", readonly=True)
    expected_date = fields.Date(string="Expected by", readonly=True)
    days_late = fields.Integer(readonly=True, aggregator="avg", help="Below zero: it is due soon.")
    season_month = fields.Integer(
        readonly=True, aggregator=None, help="Of a season the month, 1 to 12, in which it is expected."
    )
    amount_year = fields.Monetary(
        string="Ordered in Its Last Year",
        readonly=True,
        help="Untaxed, in the twelve months until it was bought last.",
    )
    margin_year = fields.Monetary(
        string="Margin in Its Last Year", readonly=True, help="Lines without a known cost are left out."
    )

    @property
    def _table_query(self):
        """Every part is grouped by customer, so that the rows of one are read from its own jobs."""
        for model in (
            "broker.customer",
            "product.product",
            "product.template",
            "res.company",
            "res.partner",
            "sale.order",
            "sale.order.line",
        ):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT missed.*, today - expected_date AS days_late,
                   CASE WHEN kind = 'season' THEN DATE_PART('month', expected_date)::int END AS season_month,
                   -- By themselves, so that they are looked up for the rows alone that are shown
                   (SELECT partner.user_id FROM res_partner partner WHERE partner.id = missed.partner_id) AS user_id,
                   (%(amount_year)s) AS amount_year,
                   (%(margin_year)s) AS margin_year
              FROM (
                    SELECT usual.id, usual.customer_id, usual.company_id, usual.product_id, usual.product_type_id,
                           usual.order_id, usual.times_bought, usual.gap_days, usual.last_date, usual.today,
                           usual.season_days, usual.keep_days, usual.limit_days,
                           customer.tier_id, customer.partner_id, company.currency_id,
                           CASE WHEN usual.is_rhythm AND back.day IS NULL THEN 'rhythm' ELSE 'season' END AS kind,
                           CASE WHEN usual.is_rhythm THEN GREATEST(usual.last_date + usual.gap_days, back.day)
                                ELSE (
                                    SELECT (MIN(day) + INTERVAL '1 year')::date
                                      FROM UNNEST(usual.days) AS day
                                     WHERE usual.last_date - day < usual.least_days
                                ) END AS expected_date
                      FROM (%(usual)s) usual
                      JOIN broker_customer customer ON customer.id = usual.customer_id AND customer.active
                      JOIN res_company company ON company.id = usual.company_id
                 LEFT JOIN LATERAL (
                            -- The same pause a year before, as the trend takes it
                            SELECT MAX(next_day + INTERVAL '1 year')::date AS day
                              FROM (
                                    SELECT day, LEAD(day) OVER (ORDER BY day) AS next_day
                                      FROM UNNEST(usual.days) AS day
                                   ) AS pause
                             WHERE usual.is_rhythm
                               AND next_day - day > usual.gap_days + usual.limit_days / 2
                               AND ABS((day + INTERVAL '1 year')::date - usual.last_date) <= usual.season_days
                           ) AS back ON TRUE
                   ) AS missed
             WHERE today > CASE WHEN kind = 'season' THEN expected_date - season_days - 1
                                ELSE expected_date + limit_days / 2 END
               AND today <= expected_date + keep_days
            """,
            usual=self._get_usual_query(),
            amount_year=self._get_year_query(SQL("line.price_subtotal"), SQL("TRUE")),
            margin_year=self._get_year_query(SQL("line.margin"), SQL("line.purchase_price <> 0")),
        )

    def _get_usual_query(self):
        """Return the SELECT of what each customer ever bought, with its rhythm."""
        return SQL(
            """
            SELECT MAX(bought.id) AS id, bought.customer_id, bought.company_id, bought.product_id,
                   MAX(bought.product_type_id) AS product_type_id,
                   (ARRAY_AGG(bought.order_id ORDER BY bought.day DESC))[1] AS order_id,
                   COUNT(*) AS times_bought, MAX(bought.day) AS last_date, MAX(bought.today) AS today,
                   ARRAY_AGG(bought.day ORDER BY bought.day) AS days,
                   %(gap)s AS gap_days,
                   ROUND(LEAST(
                       GREATEST(company.broker_trend_lost_times::numeric * %(gap)s, company.broker_trend_lost_min_days),
                       company.broker_trend_lost_max_days
                   ))::int AS limit_days,
                   -- A few days in a row are one occasion, and no rhythm
                   COUNT(*) >= company.broker_gap_times
                       AND MAX(bought.day) - MIN(bought.day) >= company.broker_trend_lost_min_days AS is_rhythm,
                   company.broker_trend_lost_min_days AS least_days,
                   company.broker_trend_season_days AS season_days, company.broker_gap_days AS keep_days
              FROM (
                    SELECT purchase.*, purchase.day - LAG(purchase.day) OVER product AS gap
                      FROM (%(purchase)s) purchase
                    WINDOW product AS (
                               PARTITION BY purchase.customer_id, purchase.company_id, purchase.product_id
                               ORDER BY purchase.day
                           )
                   ) AS bought
              JOIN res_company company ON company.id = bought.company_id
          GROUP BY bought.customer_id, bought.company_id, bought.product_id, company.id
            """,
            purchase=self._get_purchase_query(),
            gap=SQL("CEIL(PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY bought.gap))::int"),
        )

    def _get_purchase_query(self):
        """Return the SELECT of a row per customer, product and day on which it was bought."""
        day = self._get_local_day(SQL("so.date_order"))
        return SQL(
            """
            SELECT so.broker_customer_id AS customer_id, so.company_id, line.product_id, %(day)s AS day, firm.today,
                   MAX(line.id) AS id, MAX(so.id) AS order_id, MAX(template.broker_product_type_id) AS product_type_id
              FROM %(lines)s AND so.broker_customer_id IS NOT NULL
          GROUP BY so.broker_customer_id, so.company_id, line.product_id, %(day)s, firm.today
            """,
            day=day,
            lines=self._get_lines(),
        )

    def _get_year_query(self, amount, condition):
        """Return the SELECT of what the lines of the product come to in the year until it was
        bought last; it knows `missed`.

        :param amount: `SQL` of a line's amount, in the order's currency
        :param condition: `SQL` that tells which lines count
        """
        return SQL(
            """
            SELECT SUM(%(amount)s / COALESCE(NULLIF(so.currency_rate, 0), 1))
              FROM %(lines)s
               AND so.broker_customer_id = missed.customer_id AND so.company_id = missed.company_id
               AND so.date_order > missed.last_date - INTERVAL '1 year 2 days'
               AND %(day)s > (missed.last_date - INTERVAL '1 year')::date
               AND line.product_id = missed.product_id AND %(condition)s
            """,
            amount=amount,
            lines=self._get_lines(),
            day=self._get_local_day(SQL("so.date_order")),
            condition=condition,
        )

    def _get_lines(self):
        """Return the FROM and WHERE of the lines by which something was bought."""
        return SQL(
            """
                   sale_order so
              JOIN sale_order_line line ON line.order_id = so.id
              JOIN product_product product ON product.id = line.product_id AND product.active
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN (%(firm)s) firm ON firm.company_id = so.company_id
             WHERE so.state = 'sale' AND so.broker_claim_case_id IS NULL
               AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
               AND line.product_uom_qty > 0 AND line.price_subtotal > 0
               AND template.broker_out_of_relay IS NOT TRUE
            """,
            firm=self._get_firm_query(),
        )

    # CRUD

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Read with the rows what the record rules ask of them: everything would be worked
        out a second time for it."""
        if field_names is not None:
            field_names = {*field_names, "company_id", "customer_id"}
        return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)

    # ACTIONS

    def _get_document(self):
        """The job on which the product was bought last."""
        return "sale.order", self.order_id.id

    def action_view_lines(self):
        """Open the order lines by which the customer bought the product."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.product_id.display_name,
            "res_model": "sale.order.line",
            "view_mode": "list",
            "domain": [
                ("order_id.broker_customer_id", "=", self.customer_id.id),
                ("order_id.broker_claim_case_id", "=", False),
                ("company_id", "=", self.company_id.id),
                ("product_id", "=", self.product_id.id),
                ("state", "=", "sale"),
                ("is_downpayment", "=", False),
                ("product_uom_qty", ">", 0),
                ("price_subtotal", ">", 0),
            ],
            "context": {"create": False},
        }
