from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
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
        if key not in ("coverage_gaps", "obligations_unmet", "reviews_open"):
            return None
        if month < self._get_last_month(company):
            return self._get_kept_action(self._get_kept(company, [month], key).get(month), key)
        if key == "coverage_gaps":
            return self._prepare_action(
                "broker_coverage_figure_action",
                self._get_silent_domain(company),
                modes=("list", "kanban", "pivot", "graph"),
            )
        if key == "obligations_unmet":
            return self._prepare_action("broker_obligation_action", Domain("company_id", "=", company.id))
        return self._prepare_action("broker_review_action", self._get_reviews_domain(company))

    @api.model
    def _get_counted_ids(self, key, company):
        """Return the ids of what a figure of the present day is made of: of the reviews
        themselves, else of customers, of whom nobody can say later what was then."""
        if key == "reviews_open":
            return self.env["broker.review"].search(self._get_reviews_domain(company)).ids
        if key == "coverage_gaps":
            return self.env["broker.coverage.figure"].search(self._get_silent_domain(company)).customer_id.ids
        return self.env["broker.obligation"].search(Domain("company_id", "=", company.id)).customer_id.ids

    @api.model
    def _get_kept_action(self, line, key=None):
        """Return the action that shows what was counted when a report was prepared.

        :param line: the row of the report, or none where nothing was kept
        :param key: of the figure, where there may be no row
        """
        key = key or line.key
        if line and line.value and not line.counted_ids:
            # A report of before this was kept: today's rows are not shown in their place.
            raise UserError(self.env._("When this report was prepared, it was not kept what was counted."))
        counted = Domain("id", "in", line.counted_ids or [] if line else [])
        if key == "reviews_open":
            action = self._prepare_action("broker_review_action", counted)
        else:
            # Who is silent and what is owed today says nothing of then: whom it was about is what remains.
            action = self._prepare_action("broker_customer_action", counted, {"active_test": False})
        return {**action, "name": line._name_kept()} if line else action
