from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

# Figures of what is known of the present day alone.
_TODAY = ("coverage_gaps", "obligations_unmet", "reviews_open")
# Before and after these nobody kept books, and the calendar ends somewhere.
_YEARS = range(1900, 3000)
# So many rows the owner sees at once; the figures above the lists open all of them.
_DECLINERS = 8
_REVIEWS = 6


class BrokerInsightDashboardMixin(models.AbstractModel):
    """The owner's screen: the figures of the month's report, how they came about, and whom
    to look at.

    It adds no definition of its own: figures, and the rows behind them, are those of
    `broker.insight`; the course of the months and what a customer lost are sums of
    `broker.customer.month`. However many customers there are, it takes the same number
    of queries.
    """

    _name = "broker.insight.dashboard.mixin"
    _description = "Owner's Dashboard"

    @api.model
    def get_dashboard(self, month=None, company_id=None):
        """Return all that the owner's screen shows of a month. Managers only.

        :param str month: any day of the month; by default the last one that is over
        :param int company_id: one of the companies that the user works in
        """
        company = self._get_dashboard_company(company_id)
        companies = self.env.companies
        self = self.sudo().with_company(company)
        last_closed = self._get_last_month(company)
        this_month = last_closed + relativedelta(months=1)
        month = self._read_month(month) or last_closed
        known = self._get_first_month(company)
        first = min(known or last_closed, last_closed)
        month = min(max(month, first), this_month)
        figures = self._get_dashboard_figures(company, month)
        report = self.env["broker.month.report"]._find(company, month)
        return {
            "month": fields.Date.to_string(month),
            "this_month": fields.Date.to_string(this_month),
            "previous": month > first and fields.Date.to_string(month - relativedelta(months=1)),
            "next": month < this_month and fields.Date.to_string(month + relativedelta(months=1)),
            "is_running": month == this_month,
            "is_empty": not known,
            "company": {"id": company.id, "name": company.name, "currency_id": company.currency_id.id},
            "companies": [{"id": other.id, "name": other.name} for other in companies],
            "report_id": report.id,
            "figures": figures,
            "today": self._get_dashboard_today(company, month, figures),
            "months": self._get_dashboard_months(company, month),
            "compared_months": list(map(fields.Date.to_string, self._get_compared_months(company, month))),
            "decliners": self._get_dashboard_decliners(company, month),
            "reviews": self._get_dashboard_reviews(company),
        }

    @api.model
    def open_rows(self, key, month=None, company_id=None):
        """Return the action that opens the rows behind a figure of a month. Managers only.

        :param str key: the name of a figure of the summary
        """
        company = self._get_dashboard_company(company_id)
        if key not in list(self._get_labels()):
            raise UserError(self.env._("There is no figure %(name)s.", name=key))
        return self._get_rows_action(key, company, self._read_month(month) or self._get_last_month(company))

    # CHECKS

    @api.model
    def _get_dashboard_company(self, company_id):
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("The firm's figures are for managers."))
        if not company_id:
            return self.env.company
        company = self.env.companies.filtered(lambda company: company.id == company_id)
        if not company:
            raise AccessError(self.env._("These are the figures of a company that you are not working in."))
        return company

    @api.model
    def _read_month(self, month):
        """Return the first day of the month that a caller names, nothing where none is named."""
        if not month:
            return None
        try:
            first = fields.Date.to_date(month).replace(day=1)
        except (AttributeError, TypeError, ValueError):
            first = None
        if not first or first.year not in _YEARS:
            raise UserError(self.env._("%(month)s is no month.", month=month))
        return first

    # FIGURES

    @api.model
    def _get_dashboard_figures(self, company, month):
        """Return the figures of the month's summary, ready for the browser."""
        figures = {}
        for key, figure in self._get_summary(company, month).items():
            before_month = figure["before_month"]
            figures[key] = {**figure, "before_month": before_month and fields.Date.to_string(before_month)}
        return figures

    @api.model
    def _get_dashboard_today(self, company, month, figures):
        """Return the figures that are about today, whichever month is on the screen.

        :param figures: those of the month, which are of today while nothing newer is over
        """
        last_closed = self._get_last_month(company)
        this_month = last_closed + relativedelta(months=1)
        values = {"cases_open": self._count_open_cases(company, this_month)}
        if month < last_closed:
            counted = self._get_today_figures(company, [this_month, last_closed])
            values |= {key: known[this_month] for key, known in counted.items()}
        else:
            values |= {key: figures[key]["value"] for key in _TODAY}
        return {
            key: {**figures[key], "value": value, "before": None, "before_month": False}
            for key, value in values.items()
        }

    @api.model
    def _count_open_cases(self, company, month):
        return self.env["broker.case.figure"].search_count(self._get_cases_domain("cases_open", company, month))

    @api.model
    def _get_first_month(self, company):
        """Return the first month of which anything is known."""
        Month = self.env["broker.customer.month"]
        return Month.search([("company_id", "=", company.id)], order="month", limit=1).month

    @api.model
    def _get_dashboard_months(self, company, month):
        """Return revenue and margin of the thirteen months up to one, oldest first, and
        which of them still runs."""
        last_closed = self._get_last_month(company)
        first = month - relativedelta(months=12)
        domain = Domain("company_id", "=", company.id) & Domain("month", ">=", first) & Domain("month", "<=", month)
        sums = {
            day: (revenue, margin)
            for day, revenue, margin in self.env["broker.customer.month"]._read_group(
                domain, ["month:month"], ["revenue:sum", "margin:sum"]
            )
        }
        months = []
        for number in range(13):
            day = first + relativedelta(months=number)
            revenue, margin = sums.get(day, (0.0, 0.0))
            months.append(
                {
                    "month": fields.Date.to_string(day),
                    "revenue": revenue,
                    "margin": margin,
                    "is_running": day > last_closed,
                }
            )
        return months

    # WHOM TO LOOK AT

    @api.model
    def _get_dashboard_decliners(self, company, month):
        """Return the customers who decline at the end of a month or were lost in it, those
        first who buy least of what they bought a year before."""
        trends = self._get_trends_at_ends(company, [month])
        going = {
            customer: trend
            for trend in ("declining", "lost")
            for customer in self._get_trend_customers(trends, trend, month)
        }
        if not going:
            return []
        rows = self._rank_decliners(company, month, sorted(going))
        customers = self.env["broker.customer"].browse(customer for customer, _change, _cause in rows)
        causes = self.env["broker.trend.change"].browse(cause for _customer, _change, cause in rows if cause)
        rule = self.env["broker.trend.rule"]
        reasons = {
            change.id: rule._explain(change.trend, self._get_trend_trace(change, month) or {}, company.currency_id)
            for change in causes
        }
        reviews = self._get_reviews_of(customers)
        labels = dict(self.env["broker.customer"]._fields["trend"]._description_selection(self.env))
        decliners = []
        for customer, (_id, change, cause) in zip(customers, rows, strict=True):
            trend = going[customer.id]
            decliners.append(
                {
                    "id": customer.id,
                    "name": customer.display_name,
                    "tier": customer.tier_id.name or "",
                    "tier_color": customer.tier_id.color,
                    "trend": trend,
                    "trend_label": labels[trend],
                    "change": change,
                    "risk": customer.churn_risk,
                    "reason": reasons.get(cause) or "",
                    "salesperson": customer.user_id.name or "",
                    "service_agent": customer.service_user_id.name or "",
                    "review": reviews.get(customer, False),
                }
            )
        return decliners

    @api.model
    def _rank_decliners(self, company, month, ids):
        """Return (customer id, revenue less that of a year before, id of the change of
        trend) of the customers who lost most, as many as the page shows."""
        months = self._get_compared_months(company, month)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT going.customer_id, COALESCE(bought.change, 0) AS change, judged.change_id
                  FROM UNNEST(%(ids)s::int[]) AS going (customer_id)
             LEFT JOIN (%(judged)s) AS judged ON judged.customer_id = going.customer_id
             LEFT JOIN (
                        SELECT customer_id,
                               SUM(CASE WHEN month > %(year)s THEN revenue ELSE -revenue END) AS change
                          FROM broker_customer_month
                         WHERE company_id = %(company)s AND month = ANY(%(months)s) AND customer_id = ANY(%(ids)s)
                      GROUP BY customer_id
                     ) AS bought ON bought.customer_id = going.customer_id
              ORDER BY change, going.customer_id
                 LIMIT %(limit)s
                """,
                ids=ids,
                judged=self.env["broker.customer"]._get_trend_at(company, self._get_last_day(month)),
                year=months[0] - relativedelta(years=1),
                company=company.id,
                months=months,
                limit=_DECLINERS,
            )
        )
        return [(customer, float(change), cause) for customer, change, cause in rows]

    @api.model
    def _get_reviews_of(self, customers):
        """Return {customer: its open review, in words}."""
        reviews = self.env["broker.review"].search(
            Domain("customer_id", "in", customers.ids) & Domain("state", "!=", "closed"), order="id"
        )
        words = self._get_review_words()
        return {
            review.customer_id: {"id": review.id, "label": " · ".join(filter(None, words(review)))}
            for review in reviews
        }

    @api.model
    def _get_dashboard_reviews(self, company):
        """Return the open reviews that are due first."""
        today = company._get_broker_today()
        words = self._get_review_words()
        reviews = []
        for review in self.env["broker.review"].search(
            self._get_reviews_domain(company), order="follow_up_date, id", limit=_REVIEWS
        ):
            state, cause = words(review)
            day = review.follow_up_date
            reviews.append(
                {
                    "id": review.id,
                    "customer": review.customer_id.display_name,
                    "state": state,
                    "cause": cause,
                    "date": day and fields.Date.to_string(day),
                    "is_late": bool(day and day < today),
                }
            )
        return reviews

    @api.model
    def _get_review_words(self):
        """Return a function that tells how far a review is, and of which cause."""
        known = self.env["broker.review"]._fields
        states = dict(known["state"]._description_selection(self.env))
        causes = dict(known["cause"]._description_selection(self.env))
        return lambda review: (states[review.state], causes.get(review.cause, ""))
