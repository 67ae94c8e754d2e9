from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from .broker_customer_month_service_mixin import SERVICE_FIGURES

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
# The common table expressions in which the figures are worked out.
_SOURCES = {
    "money": ("revenue", "margin", "margin_left_out"),
    "job": ("job_count", "order_amount", "quotation_won_count", "quotation_lost_count"),
    "service": SERVICE_FIGURES,
}


class MonthScope(NamedTuple):
    """Which months are worked out: all of a range of customers, or some of some customers.

    Apart, because PostgreSQL reads everything once for many and looks up what it needs for
    few, and does the wrong one of them when it is asked in the same words.

    `due` is the SELECT of customer_id, first day and the first no longer, of spans that do
    not overlap; without it all months of the customers from `first_id` to `last_id` are meant.
    `is_few`: these are few of the company's customers.
    """

    first_id: int = 0
    last_id: int = 0
    due: SQL | None = None
    is_few: bool = True

    def get_prefix(self):
        """Return the CTEs that the other ones need."""
        if not self.due:
            return SQL()
        return SQL("due AS MATERIALIZED (%s), wanted AS MATERIALIZED (SELECT DISTINCT customer_id FROM due),", self.due)

    def get_customers(self, customer):
        """Return the condition that a column refers to one of the customers.

        :param customer: SQL of the column
        """
        return SQL("%s BETWEEN %s AND %s", customer, self.first_id, self.last_id)

    def get_kept(self):
        """Return the beginning of a WHERE that keeps the rows `kept` to those of the scope,
        with what it needs before it."""
        if not self.due:
            return SQL("WHERE %s", self.get_customers(SQL("kept.customer_id")))
        return SQL(
            """
            USING due
            WHERE due.customer_id = kept.customer_id AND kept.month >= due.first AND kept.month < due.last
            """
        )

    def get_join(self, customer, day=None):
        """Return the JOIN and the condition that keep rows to the customers, and to the days
        where one is given.

        :param customer: SQL of the column that refers to the customer file
        :param day: SQL of the row's day
        """
        if not self.due:
            return SQL(), self.get_customers(customer)
        if day:
            return (
                SQL("JOIN due ON due.customer_id = %s", customer),
                SQL("%(day)s >= due.first AND %(day)s < due.last", day=day),
            )
        return SQL("JOIN wanted ON wanted.customer_id = %s", customer), SQL("TRUE")


class BrokerCustomerMonthQueryMixin(models.AbstractModel):
    """What a customer's months are made of, in SQL.

    Apart from when they are worked out: each figure has its own expression, and what it
    counts can be read here. The margin is the one of the tiers.
    """

    _name = "broker.customer.month.query.mixin"
    _inherit = "broker.customer.month.service.mixin"
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
            invoice=self._get_invoice_query(company, SQL(), condition),
            billed=self.env["broker.tier.score"]._get_billed_query(company, True),
        )

    @api.model
    def _get_months_query(self, company, scope):
        """Return the CTEs that work out months, ending in `fresh`: customer_id, month and
        the figures, of months in which something happened. Not which jobs are reorders, which
        depends on the customer's other months.

        :param company: one `res.company`
        :param scope: a `MonthScope`
        """
        digits = company.currency_id.decimal_places
        invoices = scope.get_join(SQL("move.broker_customer_id"), SQL("move.invoice_date"))
        first, *others = _SOURCES
        return SQL(
            """
            %(prefix)s
            %(invoice)s,
            %(billed)s,
            %(money)s,
            %(job)s,
            %(service)s,
            known AS (
                SELECT customer_id, month, %(figures)s
                  FROM %(first)s %(others)s
            ),
            fresh AS (
                SELECT known.* FROM known %(due)s
            )
            """,
            prefix=scope.get_prefix(),
            invoice=self._get_invoice_query(company, *invoices),
            billed=self.env["broker.tier.score"]._get_billed_query(company, scope.is_few, SQL(", invoice.month")),
            money=self._get_money_query(digits),
            job=self._get_job_query(company, scope, digits),
            service=self._get_service_query(company, scope, digits),
            figures=SQL(", ").join(
                SQL("COALESCE(%s, 0) AS %s", SQL.identifier(source, name), SQL.identifier(name))
                for source, names in _SOURCES.items()
                for name in names
            ),
            first=SQL.identifier(first),
            others=SQL(" ").join(
                SQL("FULL JOIN %s USING (customer_id, month)", SQL.identifier(source)) for source in others
            ),
            due=SQL(
                """
                JOIN due ON due.customer_id = known.customer_id
                 AND known.month >= due.first AND known.month < due.last
                """
            )
            if scope.due
            else SQL(),
        )

    @api.model
    def _get_month(self, day):
        """Return the SQL of the first day of a day's month."""
        return SQL("DATE_TRUNC('month', %s::timestamp)::date", day)

    @api.model
    def _get_local_month(self, company, moment):
        """Return the SQL of the first day of the firm's month of a stored moment."""
        return self._get_month(SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)", moment, company._get_broker_tz()))

    # MONEY

    @api.model
    def _get_invoice_query(self, company, join, condition):
        """CTE `invoice`: the posted customer invoices and credit notes, as the margin asks
        for them.

        :param join: SQL that is joined with `account_move` as `move`
        """
        return SQL(
            """
            invoice AS MATERIALIZED (
                SELECT move.id, move.broker_customer_id AS customer_id, move.move_type = 'out_refund' AS is_refund,
                       move.amount_untaxed_signed, move.reversed_entry_id, move.currency_id,
                       move.invoice_currency_rate AS rate, move.invoice_date, TRUE AS in_window,
                       %(month)s AS month
                  FROM account_move move %(join)s
                 WHERE move.company_id = %(company)s AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund') AND %(condition)s
            )
            """,
            month=self._get_month(SQL("move.invoice_date")),
            join=join,
            company=company.id,
            condition=condition,
        )

    @api.model
    def _get_money_query(self, digits):
        """CTE `money`: the invoices, and what their lines leave, by the day of the invoice."""
        return SQL(
            """
            money AS (
                SELECT customer_id, month, ROUND(SUM(amount), %(digits)s) AS revenue,
                       ROUND(SUM(profit), %(digits)s) AS margin, SUM(left_out) AS margin_left_out
                  FROM (
                    SELECT customer_id, month, amount_untaxed_signed AS amount, NULL::numeric AS profit, 0 AS left_out
                      FROM invoice
                 UNION ALL
                    SELECT customer_id, month, NULL, profit, (profit IS NULL)::int FROM billed
                  ) AS document
              GROUP BY customer_id, month
            )
            """,
            digits=digits,
        )

    # JOBS

    @api.model
    def _get_job_query(self, company, scope, digits):
        """CTE `job`: jobs and lost quotations by the day of the order, won quotations by the
        day on which they were; without the orders by which a claim was printed again."""
        join, condition = scope.get_join(SQL("so.broker_customer_id"))
        return SQL(
            """
            job AS (
                SELECT customer_id, month, SUM(is_job::int) AS job_count,
                       ROUND(SUM(amount) FILTER (WHERE is_job), %(digits)s) AS order_amount,
                       SUM(is_won::int) AS quotation_won_count, SUM(is_lost::int) AS quotation_lost_count
                  FROM (
                    SELECT so.broker_customer_id AS customer_id, %(month)s AS month,
                           so.state = 'sale' AS is_job,
                           so.amount_untaxed / COALESCE(NULLIF(so.currency_rate, 0), 1) AS amount,
                           so.state = 'cancel' AND so.broker_date_confirmed IS NULL AS is_lost,
                           so.broker_date_confirmed IS NOT DISTINCT FROM so.date_order AS is_won
                      FROM sale_order so %(join)s
                     WHERE %(condition)s
                       AND (
                           so.state = 'sale' OR so.broker_date_confirmed = so.date_order
                           OR (so.state = 'cancel' AND so.broker_date_confirmed IS NULL)
                       )
                 UNION ALL
                    -- Won at another moment than the order's
                    SELECT so.broker_customer_id, %(won)s, FALSE, NULL, FALSE, TRUE
                      FROM sale_order so %(join)s
                     WHERE %(condition)s AND so.broker_date_confirmed <> so.date_order
                  ) AS event
              GROUP BY customer_id, month
            )
            """,
            month=self._get_local_month(company, SQL("so.date_order")),
            won=self._get_local_month(company, SQL("so.broker_date_confirmed")),
            digits=digits,
            join=join,
            condition=SQL("so.company_id = %s AND so.broker_claim_case_id IS NULL AND %s", company.id, condition),
        )
