from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

BILLED = ("revenue", "margin", "margin_left_out")
# Those who are so at the end of the month; of the others, those who became so in it.
STANDING_TRENDS = ("rising", "declining")
CHANGED_TRENDS = ("new", "lost", "recovered")
# What decliners lost is seen over so many months, as their trend is.
TREND_MONTHS = 3


class TrendsAtEnds(NamedTuple):
    """Where customers stood when months ended, and who came back in them."""

    # {last day: {customer id: trend}}
    stood: dict
    # {first day of the month: set of customer ids}
    came_back: dict


class BrokerInsightCustomerMixin(models.AbstractModel):
    """What customers brought in a month, and where they are going."""

    _name = "broker.insight.customer.mixin"
    _description = "Figures of a Month: Customers"

    @api.model
    def _get_billed_figures(self, company, months):
        """Return {key: {month: value}} of revenue and margin, as the customers' months have
        them."""
        billed = {
            month: sums
            for month, *sums in self.env["broker.customer.month"]._read_group(
                Domain("company_id", "=", company.id) & Domain("month", "in", months),
                ["month:day"],
                [f"{name}:sum" for name in BILLED],
            )
        }
        return {
            name: {month: billed[month][position] if month in billed else 0 for month in months}
            for position, name in enumerate(BILLED)
        }

    @api.model
    def _get_trend_figures(self, company, months):
        """Return {key: {month: value}} of how many customers go where."""
        trends = self._get_trends_at_ends(company, months)
        figures = {
            f"customers_{trend}": {month: len(self._get_trend_customers(trends, trend, month)) for month in months}
            for trend in (*STANDING_TRENDS, *CHANGED_TRENDS)
        }
        figures["revenue_declining"] = self._get_lost_revenue(
            company, {month: self._get_trend_customers(trends, "declining", month) for month in months}
        )
        return figures

    @api.model
    def _get_trends_at_ends(self, company, months):
        """Return the `TrendsAtEnds` of some months and of those before."""
        days = {self._get_last_day(month - relativedelta(months=back)) for month in months for back in (0, 1)}
        return TrendsAtEnds(
            {day: self._get_trends(company, day) for day in sorted(days)}, self._get_comebacks(company, months)
        )

    @api.model
    def _get_comebacks(self, company, months):
        """Return {month: ids of the customers who came back from a loss in it}.

        Who is late once more and buys again has come back from the same loss, once, as the
        targets count it, too.
        """
        self.env["broker.trend.change"].flush_model()
        found = {month: set() for month in months}
        for month, customer in self.env.execute_query(
            SQL(
                """
                SELECT asked.month, change.customer_id
                  FROM UNNEST(%(months)s::date[]) AS asked (month)
                  JOIN broker_trend_change change
                    ON change.date >= asked.month AND change.date < asked.month + INTERVAL '1 month'
                 WHERE change.company_id = %(company)s AND change.trend = 'recovered' AND change.is_merged IS NOT TRUE
                   AND NOT EXISTS (
                           SELECT FROM broker_trend_change earlier
                            WHERE earlier.customer_id = change.customer_id AND earlier.trend = 'recovered'
                              AND earlier.is_merged IS NOT TRUE
                              AND (earlier.date, earlier.id) < (change.date, change.id)
                              AND earlier.trace -> 'pause' = change.trace -> 'pause'
                       )
                """,
                months=list(found),
                company=company.id,
            )
        ):
            found[month].add(customer)
        return found

    @api.model
    def _get_trends(self, company, day):
        """Return {customer id: trend} of a company's customers at the end of a day.

        Who was put away is not judged any more: they keep the trend that they had, and as
        long as the month can still be prepared, they neither rise nor decline in it. They
        may have been put away because they were lost.
        """
        Customer = self.env["broker.customer"]
        Customer.flush_model(["active"])
        is_past = day < self._get_last_day(self._get_last_month(company))
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT known.customer_id, known.trend
                      FROM (%s) known
                      JOIN broker_customer customer ON customer.id = known.customer_id
                     WHERE %s OR customer.active OR known.trend <> ALL(%s)
                    """,
                    Customer._get_trend_at(company, day),
                    is_past,
                    list(STANDING_TRENDS),
                )
            )
        )

    @api.model
    def _get_trend_customers(self, trends, trend, month):
        """Return the ids of the customers whom a month shows in a trend."""
        if trend == "recovered":
            return trends.came_back[month]
        now = trends.stood[self._get_last_day(month)]
        if trend in STANDING_TRENDS:
            return {customer for customer, known in now.items() if known == trend}
        before = trends.stood[self._get_last_day(month - relativedelta(months=1))]
        return {customer for customer, known in now.items() if known == trend and before.get(customer) != trend}

    @api.model
    def _get_compared_months(self, company, month):
        """Return the months over which a decline is seen, the last one first: those up to a
        month, and the same of the year before. The month that runs is not compared with a
        whole one: those count that were over before it.
        """
        last = min(month, self._get_last_month(company))
        return [
            start - relativedelta(months=back)
            for start in (last, last - relativedelta(years=1))
            for back in range(TREND_MONTHS)
        ]

    @api.model
    def _get_lost_revenue(self, company, decliners):
        """Return {month: what its decliners bought less in three closed months than a year
        before}.

        :param decliners: dict of month to ids of customers
        """
        ends = {month: self._get_compared_months(company, month)[0] for month in decliners}
        spans = [(month, customer) for month, customers in decliners.items() for customer in sorted(customers)]
        if not spans:
            return {month: 0.0 for month in decliners}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT span.month, SUM(CASE WHEN bought.month > span.ends - INTERVAL '1 year'
                                            THEN -bought.revenue ELSE bought.revenue END)
                  FROM UNNEST(%(months)s::date[], %(ends)s::date[], %(customers)s::int[])
                       AS span (month, ends, customer_id)
                  JOIN broker_customer_month bought
                    ON bought.customer_id = span.customer_id AND bought.company_id = %(company)s
                   AND (bought.month > span.ends - %(length)s AND bought.month <= span.ends
                        OR bought.month > span.ends - INTERVAL '1 year' - %(length)s
                           AND bought.month <= span.ends - INTERVAL '1 year')
              GROUP BY span.month
                """,
                months=[month for month, _customer in spans],
                ends=[ends[month] for month, _customer in spans],
                customers=[customer for _month, customer in spans],
                company=company.id,
                length=SQL("INTERVAL %s", f"{TREND_MONTHS} months"),
            )
        )
        currency = company.currency_id
        lost = {month: currency.round(float(amount)) for month, amount in rows}
        return {month: lost.get(month, 0.0) for month in decliners}

    @api.model
    def _get_trend_trace(self, change, month):
        """Return by what a trend that holds at the end of a month was seen, or False.

        Today's figures, where it has lasted until now; of an older month, what was known
        when it began in that month: what was true long before says nothing about it.

        :param change: the `broker.trend.change` with which it began
        """
        customer = change.customer_id
        if month >= self._get_last_month(change.company_id) and customer.trend == change.trend and customer.trend_trace:
            return customer.trend_trace
        return change.date >= month and change.trace

    @api.model
    def _get_customer_action(self, key, company, month):
        """Return the action that shows the rows of a figure of these, or nothing."""
        if key in BILLED:
            left_out = Domain("margin_left_out", ">", 0) if key == "margin_left_out" else Domain.TRUE
            return self._prepare_action(
                "broker_customer_month_action",
                Domain("company_id", "=", company.id) & Domain("month", "=", month) & left_out,
                modes=("list", "kanban", "pivot", "graph"),
            )
        if key == "revenue_declining" or key.startswith("customers_"):
            trend = "declining" if key == "revenue_declining" else key.removeprefix("customers_")
            sudo = self.sudo()
            ids = sorted(sudo._get_trend_customers(sudo._get_trends_at_ends(company, [month]), trend, month))
            if key == "revenue_declining":
                return self._prepare_action(
                    "broker_customer_month_action",
                    Domain("customer_id", "in", ids) & Domain("month", "in", self._get_compared_months(company, month)),
                    {"group_by": ["customer_id"]},
                    modes=("list", "kanban", "pivot", "graph"),
                )
            return self._prepare_action("broker_customer_action", Domain("id", "in", ids), {"active_test": False})
        return None
