from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from .rating_rating import RATED_MODELS

# What of a month is stored, with the columns' types.
FIGURES = {
    "revenue": SQL("numeric"),
    "margin": SQL("numeric"),
    "margin_left_out": SQL("integer"),
    "job_count": SQL("integer"),
    "reorder_count": SQL("integer"),
    "order_amount": SQL("numeric"),
    "quotation_won_count": SQL("integer"),
    "quotation_lost_count": SQL("integer"),
    "case_count": SQL("integer"),
    "complaint_count": SQL("integer"),
    "claim_cost": SQL("numeric"),
    "call_count": SQL("integer"),
    "rating_sales_sum": SQL("integer"),
    "rating_sales_count": SQL("integer"),
    "rating_service_sum": SQL("integer"),
    "rating_service_count": SQL("integer"),
    "sales_touch_count": SQL("integer"),
    "service_touch_count": SQL("integer"),
    "inbound_touch_count": SQL("integer"),
}
# Where what is counted stands: common table expression and its columns.
_SOURCES = {
    "billing": ("revenue",),
    "margin": ("margin", "margin_left_out"),
    "job": ("job_count", "order_amount", "quotation_lost_count"),
    "won": ("quotation_won_count",),
    "trouble": ("case_count", "complaint_count", "claim_cost"),
    "call": ("call_count",),
    "score": ("rating_sales_sum", "rating_sales_count", "rating_service_sum", "rating_service_count"),
    "touch": ("sales_touch_count", "service_touch_count", "inbound_touch_count"),
}


class BrokerCustomerMonthQueryMixin(models.AbstractModel):
    """What a customer's months are made of, in SQL.

    Apart from when they are worked out: each figure has its own expression, and what it
    counts can be read here. The margin is the one of the tiers.
    """

    _name = "broker.customer.month.query.mixin"
    _description = "Customer Month: Figures"

    @api.model
    def _get_next_month(self, month):
        return month + relativedelta(months=1)

    @api.model
    def _get_profit_rows_query(self, company, first, last, customers=None):
        """Return the SELECT of what the posted invoice lines of some days leave, of these
        columns: invoice_line_id, move_id, order_id (NULL where the line bills no order),
        customer_id, day, revenue, profit (NULL where the cost is not known); in the company's
        currency, credit notes negative.

        :param company: one `res.company`
        :param first: the first day, a `date`
        :param last: the last day, a `date`
        :param customers: `broker.customer` records; all of the company when left out
        """
        condition = SQL("move.broker_customer_id IS NOT NULL AND move.invoice_date BETWEEN %s AND %s", first, last)
        if customers is not None:
            condition = SQL("%s AND move.broker_customer_id = ANY(%s)", condition, customers.ids)
        return SQL(
            """
            WITH %(invoice)s,
            %(billed)s
            SELECT line_id AS invoice_line_id, move_id, order_id, customer_id, day, -balance AS revenue, profit
              FROM billed
            """,
            invoice=self._get_invoice_query(company, SQL("account_move move"), condition),
            billed=self.env["broker.tier.score"]._get_billed_query(company, True),
        )

    @api.model
    def _get_invoice_query(self, company, source, condition):
        """CTE `invoice`: the posted customer invoices and credit notes, as the margin asks
        for them.

        :param source: SQL of what is read, with `account_move` as `move`
        """
        return SQL(
            """
            invoice AS MATERIALIZED (
                SELECT move.id, move.broker_customer_id AS customer_id, move.move_type = 'out_refund' AS is_refund,
                       move.amount_untaxed_signed, move.reversed_entry_id, move.currency_id,
                       move.invoice_currency_rate AS rate, move.invoice_date, TRUE AS in_window
                  FROM %(source)s
                 WHERE move.company_id = %(company)s AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund') AND %(condition)s
            )
            """,
            source=source,
            company=company.id,
            condition=condition,
        )

    @api.model
    def _get_months_query(self, company, due, is_few):
        """Return the CTEs that work out months, ending in `fresh`: customer_id, month and
        the figures, of months in which something happened.

        :param company: one `res.company`
        :param due: SELECT of what is wanted: customer_id, its first day, and the first
            no longer; spans of a customer do not overlap
        :param is_few: these are few of the company's customers
        """
        digits = company.currency_id.decimal_places
        first, *others = _SOURCES
        return SQL(
            """
            due AS MATERIALIZED (%(due)s),
            wanted AS MATERIALIZED (SELECT DISTINCT customer_id FROM due),
            %(invoice)s,
            %(billed)s,
            billing AS (
                SELECT customer_id, %(invoice_month)s AS month, ROUND(SUM(amount_untaxed_signed), %(digits)s) AS revenue
                  FROM invoice
              GROUP BY 1, 2
            ),
            margin AS (
                SELECT customer_id, %(day_month)s AS month, ROUND(SUM(profit), %(digits)s) AS margin,
                       COUNT(*) - COUNT(profit) AS margin_left_out
                  FROM billed
              GROUP BY 1, 2
            ),
            %(orders)s,
            %(service)s,
            known AS (
                SELECT customer_id, month, %(figures)s
                  FROM %(first)s %(others)s
            ),
            -- A customer's first job is no reorder: the month of it, here or among those that stay as they are
            beginning AS (
                SELECT customer_id, MIN(month) AS month
                  FROM (
                    SELECT customer_id, month FROM job WHERE job_count > 0
                 UNION ALL
                    SELECT kept.customer_id, kept.month
                      FROM wanted
                      JOIN broker_customer_month kept ON kept.customer_id = wanted.customer_id
                     WHERE kept.job_count > 0
                       AND NOT EXISTS (
                           SELECT FROM due
                            WHERE due.customer_id = kept.customer_id
                              AND kept.month >= due.first AND kept.month < due.last
                       )
                  ) AS month_with_jobs
              GROUP BY customer_id
            ),
            fresh AS MATERIALIZED (
                SELECT known.*, GREATEST(known.job_count - (known.month = beginning.month)::int, 0) AS reorder_count
                  FROM known
                  JOIN due
                    ON due.customer_id = known.customer_id AND known.month >= due.first AND known.month < due.last
             LEFT JOIN beginning ON beginning.customer_id = known.customer_id AND known.job_count > 0
            )
            """,
            due=due,
            invoice=self._get_invoice_query(
                company,
                SQL("due JOIN account_move move ON move.broker_customer_id = due.customer_id"),
                SQL("move.invoice_date >= due.first AND move.invoice_date < due.last"),
            ),
            billed=self.env["broker.tier.score"]._get_billed_query(company, is_few),
            invoice_month=self._get_month(SQL("invoice_date")),
            day_month=self._get_month(SQL("day")),
            digits=digits,
            orders=self._get_orders_query(company, digits),
            service=SQL(
                "%s, %s, %s, %s",
                self._get_trouble_query(company, digits),
                self._get_call_query(company),
                self._get_score_query(company),
                self._get_touch_query(company),
            ),
            figures=SQL(", ").join(
                SQL("COALESCE(%s, 0) AS %s", SQL.identifier(source, name), SQL.identifier(name))
                for source, names in _SOURCES.items()
                for name in names
            ),
            first=SQL.identifier(first),
            others=SQL(" ").join(
                SQL("FULL JOIN %s USING (customer_id, month)", SQL.identifier(name)) for name in others
            ),
        )

    @api.model
    def _get_month(self, day):
        """Return the SQL of the first day of a day's month."""
        return SQL("DATE_TRUNC('month', %s::timestamp)::date", day)

    @api.model
    def _get_local_month(self, company, moment):
        """Return the SQL of the first day of the firm's month of a stored moment."""
        return self._get_month(SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)", moment, company._get_broker_tz()))

    @api.model
    def _get_orders_query(self, company, digits):
        """CTEs `job` and `won`: the jobs and lost quotations by the day of the order, and the
        quotations that were won by the day on which they were. Without the orders by which a
        claim was printed again."""
        return SQL(
            """
            ordered AS MATERIALIZED (
                SELECT so.broker_customer_id AS customer_id, so.state,
                       so.amount_untaxed / COALESCE(NULLIF(so.currency_rate, 0), 1) AS amount,
                       %(month)s AS month, %(won)s AS won
                  FROM wanted
                  JOIN sale_order so ON so.broker_customer_id = wanted.customer_id
                 WHERE so.company_id = %(company)s AND so.broker_claim_case_id IS NULL
                   AND (so.state IN ('sale', 'cancel') OR so.broker_date_confirmed IS NOT NULL)
            ),
            job AS (
                SELECT customer_id, month,
                       COUNT(*) FILTER (WHERE state = 'sale') AS job_count,
                       ROUND(SUM(amount) FILTER (WHERE state = 'sale'), %(digits)s) AS order_amount,
                       COUNT(*) FILTER (WHERE state = 'cancel') AS quotation_lost_count
                  FROM ordered
                 WHERE state = 'sale' OR (state = 'cancel' AND won IS NULL)
              GROUP BY customer_id, month
            ),
            won AS (
                SELECT customer_id, won AS month, COUNT(*) AS quotation_won_count
                  FROM ordered
                 WHERE won IS NOT NULL
              GROUP BY customer_id, won
            )
            """,
            month=self._get_local_month(company, SQL("so.date_order")),
            won=self._get_local_month(company, SQL("so.broker_date_confirmed")),
            company=company.id,
            digits=digits,
        )

    @api.model
    def _get_trouble_query(self, company, digits):
        """CTE `trouble`: the cases by the day on which they were opened."""
        return SQL(
            """
            trouble AS (
                SELECT cases.customer_id, %(month)s AS month, COUNT(*) AS case_count,
                       COUNT(*) FILTER (WHERE cases.kind IN ('complaint', 'claim')) AS complaint_count,
                       ROUND(SUM(cases.claim_cost), %(digits)s) AS claim_cost
                  FROM wanted
                  JOIN broker_case cases ON cases.customer_id = wanted.customer_id
                 WHERE cases.company_id = %(company)s AND cases.state != 'cancelled' AND cases.opened_at IS NOT NULL
              GROUP BY 1, 2
            )
            """,
            month=self._get_local_month(company, SQL("cases.opened_at")),
            company=company.id,
            digits=digits,
        )

    @api.model
    def _get_call_query(self, company):
        """CTE `call`: the care calls by the day on which they were done."""
        return SQL(
            """
            call AS (
                SELECT call.customer_id, %(month)s AS month, COUNT(*) AS call_count
                  FROM wanted
                  JOIN broker_care_call call ON call.customer_id = wanted.customer_id
                 WHERE call.company_id = %(company)s AND call.state = 'done' AND call.date_done IS NOT NULL
              GROUP BY 1, 2
            )
            """,
            month=self._get_local_month(company, SQL("call.date_done")),
            company=company.id,
        )

    @api.model
    def _get_score_query(self, company):
        """CTE `score`: what the customer answered about those who sell and serve, in calls
        and by links, as satisfaction counts it."""
        call, link = RATED_MODELS

        def scores(role):
            return SQL(
                """
                COALESCE(SUM(rating.rating::int) FILTER (WHERE rating.broker_role = %(role)s), 0) AS %(sum)s,
                COUNT(*) FILTER (WHERE rating.broker_role = %(role)s) AS %(count)s
                """,
                role=role,
                sum=SQL.identifier(f"rating_{role}_sum"),
                count=SQL.identifier(f"rating_{role}_count"),
            )

        return SQL(
            """
            score AS (
                SELECT asked.customer_id, %(month)s AS month, %(sales)s, %(service)s
                  FROM (
                    SELECT wanted.customer_id, %(call)s AS model, call.id
                      FROM wanted JOIN broker_care_call call ON call.customer_id = wanted.customer_id
                 UNION ALL
                    SELECT wanted.customer_id, %(link)s, link.id
                      FROM wanted JOIN broker_rating_link link ON link.customer_id = wanted.customer_id
                  ) AS asked
                  JOIN rating_rating rating
                    ON rating.res_model = asked.model AND rating.res_id = asked.id
                 WHERE rating.broker_company_id = %(company)s AND rating.broker_role IN ('sales', 'service')
                   AND rating.consumed AND rating.rating > 0
              GROUP BY 1, 2
            )
            """,
            month=self._get_local_month(company, SQL("rating.rated_on")),
            sales=scores("sales"),
            service=scores("service"),
            call=call,
            link=link,
            company=company.id,
        )

    @api.model
    def _get_touch_query(self, company):
        """CTE `touch`: who was in touch, as coverage counts it: what passes between the
        customer and the care line is left out, and so is a handoff of which the customer
        has not heard."""
        day = self.env["broker.contact"]._get_day(company, SQL("contact.date"), SQL("contact.res_model"))
        return SQL(
            """
            touch AS (
                SELECT customer_id, month, SUM(sales) AS sales_touch_count, SUM(service) AS service_touch_count,
                       SUM(inbound) AS inbound_touch_count
                  FROM (
                    SELECT contact.customer_id, %(month)s AS month,
                           COALESCE(contact.role = 'sales' AND contact.user_id IS NOT NULL, FALSE)::int AS sales,
                           COALESCE(
                               contact.role = 'service' AND contact.user_id IS NOT NULL
                               AND contact.channel != 'handoff',
                               FALSE
                           )::int AS service,
                           COALESCE(
                               contact.role IS DISTINCT FROM 'care'
                               AND (contact.direction != 'out' OR contact.channel IN ('visit', 'meeting')),
                               FALSE
                           )::int AS inbound
                      FROM due
                      JOIN broker_contact contact
                        ON contact.customer_id = due.customer_id
                       -- A day more on both sides, whatever the time zone
                       AND contact.date >= due.first - 2 AND contact.date < due.last + 2
                       AND %(day)s >= due.first AND %(day)s < due.last
                  ) AS counted
                 WHERE sales + service + inbound > 0
              GROUP BY customer_id, month
            )
            """,
            day=day,
            month=self._get_month(day),
        )
