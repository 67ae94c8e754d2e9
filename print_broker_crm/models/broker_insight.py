from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain

# Every figure: what it is, and what stands beside it: the same month a year earlier,
# the month before, or nothing, where a figure is about today and nothing was kept.
FIGURES = {
    "revenue": ("money", "year"),
    "margin": ("money", "year"),
    "customers_new": ("count", "month"),
    "customers_rising": ("count", "month"),
    "customers_declining": ("count", "month"),
    "customers_lost": ("count", "month"),
    "customers_recovered": ("count", "month"),
    "revenue_declining": ("money", "month"),
    "satisfaction_sales": ("score", "month"),
    "satisfaction_service": ("score", "month"),
    "cases_opened": ("count", "month"),
    "cases_open": ("count", "month"),
    "complaints": ("count", "month"),
    "coverage_gaps": ("count", None),
    "obligations_unmet": ("count", None),
    "reviews_open": ("count", None),
    "desk_margin_repeat": ("money", "year"),
    "desk_margin_referral": ("money", "year"),
    "desk_margin_inherited": ("money", "year"),
    "desk_commission": ("money", "year"),
    "desk_claim_cost": ("money", "year"),
    "desk_result": ("money", "year"),
}
_BEFORE = {"year": relativedelta(years=1), "month": relativedelta(months=1)}


class BrokerInsight(models.AbstractModel):
    """The figures of a company's month, worked out in one place.

    The report, the dashboard and the pages that they open show these and no others. A
    figure is {"value", "before", "before_month", "kind", "label"}: `before` is None where
    there is nothing to compare with, `value` where nobody knows it, as the satisfaction
    of a month in which nobody answered.
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
        _ = self.env._
        return {
            "revenue": _("Revenue"),
            "margin": _("Margin"),
            "customers_new": _("New Customers"),
            "customers_rising": _("Rising Customers"),
            "customers_declining": _("Declining Customers"),
            "customers_lost": _("Lost Customers"),
            "customers_recovered": _("Recovered Customers"),
            "revenue_declining": _("Lost by Decliners"),
            "satisfaction_sales": _("Satisfaction with Sales"),
            "satisfaction_service": _("Satisfaction with Service"),
            "cases_opened": _("Cases Opened"),
            "cases_open": _("Cases Not Solved"),
            "complaints": _("Complaints and Claims"),
            "coverage_gaps": _("Silent Customers"),
            "obligations_unmet": _("Unmet Obligations"),
            "reviews_open": _("Open Reviews"),
            "desk_margin_repeat": _("Margin of Repeat Orders"),
            "desk_margin_referral": _("Margin of Referrals"),
            "desk_margin_inherited": _("Margin of Inherited Customers"),
            "desk_commission": _("Commission of Service"),
            "desk_claim_cost": _("Cost of Claims"),
            "desk_result": _("Result of the Service Desk"),
        }

    @api.model
    def _get_last_month(self, company):
        """Return the first day of the last month that is over in the company's zone."""
        return company._get_broker_today().replace(day=1) - relativedelta(months=1)

    @api.model
    def _get_last_day(self, month):
        return month + relativedelta(months=1, days=-1)

    @api.model
    def _get_before_month(self, key, month):
        """Return the month that stands beside this one for a figure, or False."""
        step = _BEFORE.get(FIGURES[key][1])
        return step and month - step or False

    @api.model
    def _get_summary(self, company, month):
        """Return the figures of a company's month, in a constant number of queries.

        :param company: `res.company`
        :param month: the first day of the month, a `date`
        :return: dict of key to {"value", "before", "before_month", "kind", "label"}, in the
            order of FIGURES
        """
        company.ensure_one()
        month = month.replace(day=1)
        self = self.sudo().with_company(company)
        with_year = [month, month - _BEFORE["year"]]
        with_month = [month, month - _BEFORE["month"]]
        values = {
            **self._get_billed_figures(company, with_year),
            **self._get_trend_figures(company, with_month),
            **self._get_care_figures(company, with_month),
            **self._get_today_figures(company, month),
            **self._get_desk_figures(company, with_year),
        }
        labels = self._get_labels()
        summary = {}
        for key, (kind, _before) in FIGURES.items():
            before_month = self._get_before_month(key, month)
            summary[key] = {
                "value": values[key].get(month),
                "before": values[key].get(before_month) if before_month else None,
                "before_month": before_month,
                "kind": kind,
                "label": labels[key],
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
        action["name"] = self._get_labels()[key]
        return action

    @api.model
    def _prepare_action(self, name, domain, context=None, modes=None):
        """Return a window action of ours with another domain.

        :param name: XML id within this module
        :param modes: which views, where not all of the action in its order
        """
        action = self.env["ir.actions.act_window"]._for_xml_id(f"print_broker_crm.{name}")
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
