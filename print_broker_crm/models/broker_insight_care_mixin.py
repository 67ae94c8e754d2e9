from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

_SILENT_STATES = ("sales_silent", "customer_silent", "both_silent")
_COMPLAINTS = ("complaint", "claim")


class BrokerInsightCareMixin(models.AbstractModel):
    """How content customers are, what went wrong, and what the firm owes them."""

    _name = "broker.insight.care.mixin"
    _description = "Figures of a Month: Care"

    @api.model
    def _get_care_figures(self, company, months):
        """Return {key: {month: value}} of satisfaction and cases."""
        figures = defaultdict(dict)
        for role in ("sales", "service"):
            figures[f"satisfaction_{role}"] = self._get_satisfaction(company, months, role)
        for month in months:
            cases = dict(
                self.env["broker.case.figure"]._read_group(
                    self._get_cases_domain("cases_opened", company, month), ["kind"], ["case_count:sum"]
                )
            )
            figures["cases_opened"][month] = sum(cases.values())
            figures["complaints"][month] = sum(cases.get(kind, 0) for kind in _COMPLAINTS)
            figures["cases_open"][month] = self.env["broker.case.figure"].search_count(
                self._get_cases_domain("cases_open", company, month)
            )
        return figures

    @api.model
    def _get_today_figures(self, company, months):
        """Return {key: {month: value}} of what is known of the present day alone: for the
        last month that is over and the running one as it is today, for those before as
        their reports kept it."""
        of_company = Domain("company_id", "=", company.id)
        silent = self._get_silent_domain(company)
        counts = {
            "coverage_gaps": lambda: self.env["broker.coverage.figure"].search_count(silent),
            "obligations_unmet": lambda: self.env["broker.obligation"].search_count(of_company),
            "reviews_open": lambda: self._count_reviews(company),
        }
        month, before = months
        is_today = month >= self._get_last_month(company)
        figures = {}
        for key, count in counts.items():
            kept = {of: line.value for of, line in self._get_kept(company, months, key).items()}
            figures[key] = {month: count() if is_today else kept.get(month), before: kept.get(before)}
        return figures

    @api.model
    def _get_satisfaction(self, company, months, role):
        """Return {month: average of the averages of the customers who answered}."""
        scores = defaultdict(list)
        for month in months:
            for _customer, score in self.env["broker.satisfaction.figure"]._read_group(
                self._get_satisfaction_domain(company, month, role), ["customer_id"], ["score:avg"]
            ):
                scores[month].append(score)
        return {month: sum(values) / len(values) for month, values in scores.items()}

    @api.model
    def _get_satisfaction_domain(self, company, month, role):
        return self._get_dates_domain(company, month, self._get_last_day(month)) & Domain("role", "=", role)

    @api.model
    def _get_cases_domain(self, key, company, month):
        last = self._get_last_day(month)
        counted = Domain("company_id", "=", company.id) & Domain("case_count", "=", 1)
        if key == "cases_open":
            unsolved = Domain("date_solved", "=", False) | Domain("date_solved", ">", last)
            return counted & Domain("date", "<=", last) & unsolved
        opened = counted & self._get_dates_domain(company, month, last)
        return opened & Domain("kind", "in", _COMPLAINTS) if key == "complaints" else opened

    @api.model
    def _get_silent_domain(self, company):
        return Domain("company_id", "=", company.id) & Domain("state", "in", _SILENT_STATES)

    @api.model
    def _count_reviews(self, company):
        return self.env["broker.review"].search_count(self._get_reviews_domain(company))

    @api.model
    def _get_reviews_domain(self, company):
        return Domain("company_id", "=", company.id) & Domain("state", "!=", "closed")

    @api.model
    def _get_care_action(self, key, company, month):
        """Return the action that shows the rows of a figure of these, or nothing."""
        of_company = Domain("company_id", "=", company.id)
        if key.startswith("satisfaction_"):
            return self._prepare_action(
                "broker_satisfaction_figure_action",
                self._get_satisfaction_domain(company, month, key.removeprefix("satisfaction_")),
                modes=("list", "kanban", "pivot", "graph"),
            )
        if key in ("cases_opened", "cases_open", "complaints"):
            return self._prepare_action(
                "broker_case_figure_action",
                self._get_cases_domain(key, company, month),
                modes=("list", "kanban", "pivot", "graph"),
            )
        if key == "coverage_gaps":
            silent = self._get_silent_domain(company)
            if month < self._get_last_month(company):
                kept = self._get_kept(company, [month], key).get(month)
                silent = of_company & Domain("customer_id", "in", kept.customer_ids or [] if kept else [])
            return self._prepare_action(
                "broker_coverage_figure_action",
                silent,
                modes=("list", "kanban", "pivot", "graph"),
            )
        if key == "obligations_unmet":
            return self._prepare_action("broker_obligation_action", of_company)
        if key == "reviews_open":
            return self._prepare_action("broker_review_action", self._get_reviews_domain(company))
        return None
