from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain

# Every figure: what it is; what stands beside it: the same month a year earlier, the month
# before, or what that month's report kept, where only today is known; and whether more of
# it is good (1), bad (-1) or neither.
FIGURES = {
    "revenue": ("money", "year", 1),
    "margin": ("money", "year", 1),
    "margin_left_out": ("count", "year", -1),
    "customers_new": ("count", "month", 1),
    "customers_rising": ("count", "month", 1),
    "customers_declining": ("count", "month", -1),
    "customers_lost": ("count", "month", -1),
    "customers_recovered": ("count", "month", 1),
    "revenue_declining": ("money", "month", -1),
    "satisfaction_sales": ("score", "month", 1),
    "satisfaction_service": ("score", "month", 1),
    "cases_opened": ("count", "month", -1),
    "cases_open": ("count", "month", -1),
    "complaints": ("count", "month", -1),
    "coverage_gaps": ("count", "kept", -1),
    "obligations_unmet": ("count", "kept", -1),
    "reviews_open": ("count", "kept", 0),
    "desk_margin_repeat": ("money", "year", 1),
    "desk_margin_referral": ("money", "year", 1),
    "desk_margin_inherited": ("money", "year", 1),
    "desk_commission": ("money", "year", 0),
    "desk_claim_cost": ("money", "year", -1),
    "desk_result": ("money", "year", 1),
}
# What is so on a day, and needs no whole month to be compared.
STANDING_FIGURES = frozenset({"customers_rising", "customers_declining", "revenue_declining", "cases_open"})
_YEAR, _MONTH = relativedelta(years=1), relativedelta(months=1)
_BEFORE = {"year": _YEAR, "month": _MONTH, "kept": _MONTH}


class BrokerInsight(models.AbstractModel):
    """The figures of a company's month, worked out in one place.

    The report, the dashboard and the pages that they open show these and no others. A
    figure is {"value", "before", "before_month", "kind", "label", "good"}: `before` is None
    where there is nothing to compare with, as with what the running month brought so far;
    `value` where nobody knows it, as the satisfaction of a month in which nobody answered;
    `before_month` is that of rows to be opened.
    """

    _name = "broker.insight"
    _description = "Figures of a Month"
    _inherit = [
        "broker.insight.dashboard.mixin",
        "broker.insight.customer.mixin",
        "broker.insight.care.mixin",
        "broker.insight.desk.mixin",
    ]

    @api.model
    def _get_labels(self):
        """Return {key: label} of the figures, in the order in which they are read."""
        return {
            "revenue": self.env._("Revenue"),
            "margin": self.env._("Margin"),
            "margin_left_out": self.env._("Invoice Lines without a Cost"),
            "customers_new": self.env._("New Customers"),
            "customers_rising": self.env._("Rising Customers"),
            "customers_declining": self.env._("Declining Customers"),
            "customers_lost": self.env._("Lost Customers"),
            "customers_recovered": self.env._("Recovered Customers"),
            "revenue_declining": self.env._("Lost by Decliners"),
            "satisfaction_sales": self.env._("Satisfaction with Sales"),
            "satisfaction_service": self.env._("Satisfaction with Service"),
            "cases_opened": self.env._("Cases Opened"),
            "cases_open": self.env._("Cases Not Solved"),
            "complaints": self.env._("Complaints and Claims"),
            "coverage_gaps": self.env._("Silent Customers"),
            "obligations_unmet": self.env._("Unmet Obligations"),
            "reviews_open": self.env._("Open Reviews"),
            "desk_margin_repeat": self.env._("Margin of Repeat Orders"),
            "desk_margin_referral": self.env._("Margin of Referrals"),
            "desk_margin_inherited": self.env._("Margin of Inherited Customers"),
            "desk_commission": self.env._("Commission of Service"),
            "desk_claim_cost": self.env._("Cost of Claims"),
            "desk_result": self.env._("Result of the Service Desk"),
        }

    @api.model
    def _get_last_month(self, company):
        """Return the first day of the last month that is over in the company's zone."""
        return company._get_broker_today().replace(day=1) - relativedelta(months=1)

    @api.model
    def _get_last_day(self, month):
        return month + relativedelta(months=1, days=-1)

    @api.model
    def _get_summary(self, company, month):
        """Return the figures of a company's month, in a constant number of queries.

        :param company: `res.company`
        :param month: the first day of the month, a `date`
        :return: dict of key to {"value", "before", "before_month", "kind", "label", "good"},
            in the order of FIGURES
        """
        company.ensure_one()
        month = month.replace(day=1)
        self = self.sudo().with_company(company)
        with_year = [month, month - _YEAR]
        with_month = [month, month - _MONTH]
        values = {
            **self._get_billed_figures(company, with_year),
            **self._get_trend_figures(company, with_month),
            **self._get_care_figures(company, with_month),
            **self._get_today_figures(company, with_month),
            **self._get_desk_figures(company, with_year),
        }
        labels = self._get_labels()
        summary = {}
        is_running = month > self._get_last_month(company)
        for key, (kind, compared, good) in FIGURES.items():
            before_month = month - _BEFORE[compared]
            # Half a month is not compared with a whole one.
            is_compared = not is_running or compared == "kept" or key in STANDING_FIGURES
            summary[key] = {
                "value": values[key].get(month),
                "before": values[key].get(before_month) if is_compared else None,
                "before_month": compared != "kept" and is_compared and before_month,
                "kind": kind,
                "label": labels[key],
                "good": good,
            }
        return summary

    @api.model
    def _get_rows_action(self, key, company, month):
        """Return the action that shows the rows that a figure is made of.

        :param key: one of FIGURES
        :return: dict of an `ir.actions.act_window`
        """
        company.ensure_one()
        month = month.replace(day=1)
        action = (
            self._get_customer_action(key, company, month)
            or self._get_care_action(key, company, month)
            or self._get_desk_action(key, company, month)
        )
        return {"name": self._get_labels()[key], **action}

    @api.model
    def _prepare_action(self, name, domain, context=None, modes=None):
        """Return a window action of ours with another domain, and without a name: whoever
        opens it says what the rows are.

        :param name: XML id within this module
        :param modes: which views, where not all of the action in its order
        """
        action = self.env["ir.actions.act_window"]._for_xml_id(f"print_broker_crm.{name}")
        # The web client would show the display name and not the other.
        del action["name"], action["display_name"]
        action["domain"] = list(Domain(domain))
        action["context"] = context or {}
        if modes:
            known = {mode: view for view, mode in action["views"]}
            action["views"] = [(known.get(mode, False), mode) for mode in modes]
            action["view_mode"] = ",".join(modes)
        return action

    @api.model
    def _get_dates_domain(self, company, first, last, name="date"):
        return Domain("company_id", "=", company.id) & Domain(name, ">=", first) & Domain(name, "<=", last)

    @api.model
    def _get_kept(self, company, months, key):
        """Return {month: row} of what the reports of some months kept of a figure."""
        lines = (
            self.env["broker.month.report.line"]
            .sudo()
            .search(
                Domain("company_id", "=", company.id)
                & Domain("report_id.month", "in", months)
                & Domain("key", "=", key)
                & Domain("has_value", "=", True)
            )
        )
        return {line.month: line for line in lines}
