from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

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
_MONEY = ("revenue", "margin", "order_amount", "claim_cost")
# Whether a job is a reorder depends on the customer's other months.
_SUMMED = tuple(name for name in FIGURES if name != "reorder_count")
# Customer and month in one number, because what happened is sorted and joined quicker by one than by two: the days of
# any date since this one are fewer than the span.
_FIRST_DAY = "0001-01-01"
_KEY_SPAN = 2**22


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
    def _get_profit_rows_query(self, company, first, last, customers=None, is_few=True):
        """Return the SELECT of what the posted invoice lines of some days leave, of these
        columns: invoice_line_id, move_id, order_id (NULL where the line bills no order),
        customer_id, day, revenue, profit (NULL where the cost is not known); in the company's
        currency, credit notes negative.

        :param company: one `res.company`
        :param first: the first day, a `date`
        :param last: the last day, a `date`
        :param customers: `broker.customer` records; all of the company when left out
        :param is_few: these are few of the company's invoices
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
            invoice=self._get_invoice_query(company, SQL(), condition, is_few=is_few),
            billed=self.env["broker.tier.score"]._get_billed_query(company, is_few),
        )

    @api.model
    def _get_months_query(self, company, scope):
        """Return the CTEs that work out months, ending in `fresh`: customer_id, month and
        the figures, of months in which something happened. Not which jobs are reorders, which
        depends on the customer's other months.

        :param company: one `res.company`
        :param scope: a `MonthScope`
        """
        join, condition = scope.get_join(SQL("move.broker_customer_id"), SQL("move.invoice_date"))
        return SQL(
            """
            %(prefix)s
            %(invoice)s,
            %(billed)s,
            sale AS (%(sale)s),
            service AS (%(service)s),
            known AS (
                SELECT (key / %(span)s)::int AS customer_id, %(first)s::date + (key & (%(span)s - 1))::int AS month,
                       %(figures)s
                  FROM sale FULL JOIN service USING (key)
            ),
            fresh AS (
                SELECT known.* FROM known %(due)s
            )
            """,
            prefix=scope.get_prefix(),
            invoice=self._get_invoice_query(company, join, condition, is_few=scope.is_few),
            billed=self.env["broker.tier.score"]._get_billed_query(company, scope.is_few, SQL(", invoice.month")),
            span=_KEY_SPAN,
            first=_FIRST_DAY,
            figures=SQL(", ").join(
                SQL("COALESCE(%(name)s, 0) AS %(name)s", name=SQL.identifier(name)) for name in _SUMMED
            ),
            sale=self._get_sums(
                [*self._get_money_queries(), *self._get_job_queries(company, scope)],
                company.currency_id.decimal_places,
            ),
            service=self._get_sums(self._get_service_queries(company, scope), company.currency_id.decimal_places),
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
    def _get_sums(self, sources, digits):
        """Return the SELECT of the sums of figures by customer and month, as their `key`: all
        that is sold in one and all service in one, which have not too many columns to be
        sorted, and come out in the order in which they are joined.

        :param sources: list of (SQL of the customer, SQL of the month, {figure: SQL}, SQL from
            the FROM on)
        """
        names = [name for name in _SUMMED if any(name in figures for _customer, _month, figures, _from in sources)]
        return SQL(
            "SELECT key, %s FROM (%s) AS happened GROUP BY key",
            SQL(", ").join(
                SQL(
                    "ROUND(SUM(%(name)s), %(digits)s) AS %(name)s" if name in _MONEY else "SUM(%(name)s) AS %(name)s",
                    name=SQL.identifier(name),
                    digits=digits,
                )
                for name in names
            ),
            SQL(" UNION ALL ").join(self._select_figures(names, *source) for source in sources),
        )

    @api.model
    def _select_figures(self, names, customer, month, figures, source):
        """Return the SELECT of a source's figures, the others of the names being nothing."""
        return SQL(
            "SELECT (%s)::bigint * %s + (%s - %s::date) AS key, %s %s",
            customer,
            _KEY_SPAN,
            month,
            _FIRST_DAY,
            SQL(", ").join(
                SQL("(%s)::%s AS %s", figures.get(name, SQL("NULL")), FIGURES[name], SQL.identifier(name))
                for name in names
            ),
            source,
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
    def _get_invoice_query(self, company, join, condition, is_few=True):
        """CTE `invoice`: the posted customer invoices and credit notes, as the margin asks
        for them.

        :param join: SQL that is joined with `account_move` as `move`
        :param is_few: they are looked up, and kept; else it is quicker to read all of them twice
        """
        return SQL(
            """
            invoice AS %(kept)s (
                SELECT move.id, move.broker_customer_id AS customer_id, move.move_type = 'out_refund' AS is_refund,
                       move.amount_untaxed_signed, move.reversed_entry_id, move.currency_id,
                       move.invoice_currency_rate AS rate, move.invoice_date, TRUE AS in_window,
                       %(month)s AS month
                  FROM account_move move %(join)s
                 WHERE move.company_id = %(company)s AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund') AND %(condition)s
            )
            """,
            kept=SQL("MATERIALIZED") if is_few else SQL("NOT MATERIALIZED"),
            month=self._get_month(SQL("move.invoice_date")),
            join=join,
            company=company.id,
            condition=condition,
        )

    @api.model
    def _get_money_queries(self):
        """The invoices, and what their lines leave, by the day of the invoice."""
        customer, month = SQL("customer_id"), SQL("month")
        left = {"margin": SQL("profit"), "margin_left_out": SQL("(profit IS NULL)::int")}
        return [
            (customer, month, {"revenue": SQL("amount_untaxed_signed")}, SQL("FROM invoice")),
            (customer, month, left, SQL("FROM billed")),
        ]

    # JOBS

    @api.model
    def _get_job_queries(self, company, scope):
        """Jobs and lost quotations by the day of the order, won quotations by the day on which
        they were; without the orders by which a claim was printed again."""
        customer = SQL("so.broker_customer_id")
        join, condition = scope.get_join(customer)
        condition = SQL("so.company_id = %s AND so.broker_claim_case_id IS NULL AND %s", company.id, condition)
        is_lost = SQL("(so.state = 'cancel' AND so.broker_date_confirmed IS NULL)")
        figures = {
            "job_count": SQL("(so.state = 'sale')::int"),
            "order_amount": SQL(
                "CASE WHEN so.state = 'sale' THEN so.amount_untaxed / COALESCE(NULLIF(so.currency_rate, 0), 1) END"
            ),
            "quotation_won_count": SQL("(so.broker_date_confirmed IS NOT DISTINCT FROM so.date_order)::int"),
            "quotation_lost_count": SQL("%s::int", is_lost),
        }
        return [
            (
                customer,
                self._get_local_month(company, SQL("so.date_order")),
                figures,
                SQL(
                    """
                    FROM sale_order so %s
                    WHERE %s AND (so.state = 'sale' OR so.broker_date_confirmed = so.date_order OR %s)
                    """,
                    join,
                    condition,
                    is_lost,
                ),
            ),
            # Won at another moment than the order's
            (
                customer,
                self._get_local_month(company, SQL("so.broker_date_confirmed")),
                {"quotation_won_count": SQL("1")},
                SQL("FROM sale_order so %s WHERE %s AND so.broker_date_confirmed <> so.date_order", join, condition),
            ),
        ]
