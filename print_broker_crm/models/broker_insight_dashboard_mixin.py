from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain


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
        this_month = company._get_broker_today().replace(day=1)
        last_closed = this_month - relativedelta(months=1)
        month = self._read_month(month) or last_closed
        first = min(self._get_first_month(company) or last_closed, last_closed)
        month = min(max(month, first), this_month)
        return {
            "month": fields.Date.to_string(month),
            "previous": month > first and fields.Date.to_string(month - relativedelta(months=1)),
            "next": month < this_month and fields.Date.to_string(month + relativedelta(months=1)),
            "is_running": month == this_month,
            "company": {"id": company.id, "name": company.name, "currency_id": company.currency_id.id},
            "companies": [{"id": other.id, "name": other.name} for other in self.env.companies],
            "figures": self._get_dashboard_figures(company, month),
            "months": self._get_dashboard_months(company, month),
        }

    @api.model
    def open_rows(self, key, month=None, company_id=None):
        """Return the action that opens the rows behind a figure of a month. Managers only.

        :param str key: the name of a figure of the summary
        """
        company = self._get_dashboard_company(company_id)
        month = self._read_month(month) or company._get_broker_today().replace(day=1) - relativedelta(months=1)
        return self._get_rows_action(key, company, month)

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
            return fields.Date.to_date(month).replace(day=1)
        except (AttributeError, TypeError, ValueError):
            raise UserError(self.env._("%(month)s is no month.", month=month)) from None

    # FIGURES

    @api.model
    def _get_dashboard_figures(self, company, month):
        """Return the figures of the month's summary, ready for the browser."""
        figures = {}
        for key, figure in self._get_summary(company, month).items():
            before_month = figure.get("before_month")
            figures[key] = {**figure, "before_month": before_month and fields.Date.to_string(before_month)}
        return figures

    @api.model
    def _get_first_month(self, company):
        """Return the first month of which anything is known."""
        Month = self.env["broker.customer.month"]
        return Month.search([("company_id", "=", company.id)], order="month", limit=1).month

    @api.model
    def _get_dashboard_months(self, company, month):
        """Return revenue and margin of the thirteen months up to one, oldest first."""
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
            months.append({"month": fields.Date.to_string(day), "revenue": revenue, "margin": margin})
        return months
