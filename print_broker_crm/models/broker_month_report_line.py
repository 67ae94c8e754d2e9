from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date
from odoo.tools.misc import formatLang

from .broker_insight import FIGURES
from .broker_trend_change import ARROWS, TRENDS

SECTIONS = [
    ("figure", "At a Glance"),
    ("key", "Key Customers"),
    ("declining", "Declining"),
    ("lost", "Lost"),
    ("rising", "Rising"),
    ("recovered", "Recovered"),
    ("new", "New"),
    ("satisfaction", "Satisfaction"),
    ("case", "Cases"),
    ("coverage", "Silent Customers"),
    ("obligation", "Unmet Obligations"),
    ("printing_house", "Printing Houses"),
    ("desk", "Result of the Service Desk"),
]
# What is written of a sent report later: the links of contacts that were merged.
_LINKS = frozenset({"customer_id", "partner_id"})


class BrokerMonthReportLine(models.Model):
    """One row of a month's report, kept as it was when the report was prepared.

    A row is a figure, a customer, a cause, a kind of obligation or a printing house; it
    opens what it is made of. What is said of it is put in words when it is read, so that
    everybody reads it in their own language.
    """

    _name = "broker.month.report.line"
    _inherit = ["broker.customer.link.mixin"]
    _description = "Row of a Month's Report"
    _order = "report_id, section, sequence, id"
    _rec_name = "label"
    _allow_sudo_commands = False

    report_id = fields.Many2one("broker.month.report", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="report_id.company_id", store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    month = fields.Date(related="report_id.month")
    section = fields.Selection(SECTIONS, required=True)
    sequence = fields.Integer()
    key = fields.Char(help="The figure, cause or kind that the row is about.")
    kind = fields.Selection([("money", "Amount"), ("count", "Number"), ("score", "Score")], string="Kind of Figure")
    label = fields.Char(compute="_compute_label")
    value = fields.Float(string="Figure", digits=0, aggregator=None)
    value_before = fields.Float(string="Figure before", digits=0, aggregator=None)
    has_value = fields.Boolean(default=True)
    has_before = fields.Boolean()
    shown_value = fields.Char(compute="_compute_shown", string="Value")
    shown_before = fields.Char(compute="_compute_shown", string="Before")
    compared_with = fields.Char(compute="_compute_shown")
    is_worse = fields.Boolean(compute="_compute_shown")
    is_better = fields.Boolean(compute="_compute_shown")

    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="set null")
    partner_id = fields.Many2one("res.partner", string="Printing House", index="btree_not_null", ondelete="set null")
    name = fields.Char(help="Of the customer or printing house, as it was then.")
    tier_id = fields.Many2one("broker.tier", ondelete="set null")
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    trend = fields.Selection(TRENDS)
    trend_since = fields.Date(help="The last day looked at when the trend was found.")
    trend_trace = fields.Json()
    arrow = fields.Char(compute="_compute_arrow")
    user_id = fields.Many2one("res.users", string="Salesperson", ondelete="set null")
    service_user_id = fields.Many2one("res.users", string="Service Agent", ondelete="set null")
    amount = fields.Monetary(string="Revenue", help="Of the last three months; of a printing house: bought this month.")
    amount_before = fields.Monetary(string="A Year Before", help="The same months a year earlier.")
    difference = fields.Monetary(compute="_compute_difference", store=True)
    job_count = fields.Integer(string="Jobs")
    late_count = fields.Integer(string="Came Late")
    case_count = fields.Integer(string="Cases")
    cause = fields.Char(help="The cause that a review found or proposes.")
    review_id = fields.Many2one("broker.review", index="btree_not_null", ondelete="set null")
    measure_count = fields.Integer(string="Measures Agreed")
    done_count = fields.Integer(string="Measures Done")
    due_kind = fields.Char(help="What is to be done next.")
    due_date = fields.Date(string="Due On")
    due_user_id = fields.Many2one("res.users", string="Due From", ondelete="set null")
    why = fields.Char(compute="_compute_why", help="The cause that a review names, else what the trend was seen by.")
    due = fields.Char(string="What Is Due", compute="_compute_due")
    counted_ids = fields.Json(
        string="What Was Counted",
        help="The customers or reviews that the figure is made of, where it could not be found out later.",
    )

    _section_idx = models.Index("(report_id, section, sequence)")

    @api.depends("section", "key", "name")
    @api.depends_context("lang")
    def _compute_label(self):
        labels = self.env["broker.insight"]._get_labels()
        causes = dict(self.env["broker.case"]._fields["cause"]._description_selection(self.env))
        kinds = self.env["broker.customer"]._get_obligation_kinds()
        for line in self:
            if line.key in FIGURES:
                line.label = labels[line.key]
            elif line.section == "case":
                line.label = causes.get(line.key) or self.env._("Cause not said yet")
            elif line.section == "obligation":
                line.label = kinds.get(line.key, line.key)
            else:
                line.label = line.name

    @api.depends("value", "value_before", "has_value", "has_before", "kind")
    @api.depends_context("lang")
    def _compute_shown(self):
        for line in self:
            line.shown_value = line._format(line.value) if line.has_value else "–"
            line.shown_before = line.has_before and line._format_before()
            is_year = line.key in FIGURES and FIGURES[line.key][1] == "year"
            line.compared_with = line.has_before and (
                self.env._("a year before") if is_year else self.env._("a month before")
            )
            rise = line.value - line.value_before if line.has_value and line.has_before else 0.0
            # More cases of a cause, or of what is owed, is never good.
            good = FIGURES[line.key][2] if line.key in FIGURES else -1
            line.is_better = rise * good > 0
            line.is_worse = rise * good < 0

    @api.depends("trend")
    def _compute_arrow(self):
        for line in self:
            line.arrow = ARROWS.get(line.trend)

    @api.depends("amount", "amount_before")
    def _compute_difference(self):
        for line in self:
            line.difference = line.amount - line.amount_before

    @api.depends("cause", "trend", "trend_since", "trend_trace")
    @api.depends_context("lang")
    def _compute_why(self):
        causes = self._get_cause_labels()
        for line in self:
            line.why = causes.get(line.cause) or line._explain_trend() or False

    @api.depends("due_kind", "due_date", "due_user_id", "measure_count", "done_count")
    @api.depends_context("lang")
    def _compute_due(self):
        kinds = self._get_due_labels()
        for line in self:
            words = (
                " ".join(
                    word
                    for word in (
                        kinds.get(line.due_kind, line.due_kind),
                        line.due_date and format_date(self.env, line.due_date),
                        line.due_user_id.sudo().name,
                    )
                    if word
                ),
                line.measure_count
                and self.env._("%(done)s of %(agreed)s done", done=line.done_count, agreed=line.measure_count),
            )
            line.due = " · ".join(word for word in words if word) or False

    # CRUD

    def write(self, vals):
        if set(vals) - _LINKS and any(line.report_id.state == "sent" for line in self):
            raise UserError(self.env._("The report was sent: it stays as it is."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(line.report_id.state == "sent" for line in self):
            raise UserError(self.env._("The report was sent: it stays as it is."))

    # ACTIONS

    def action_open(self):
        """Open the customer, what was bought from the printing house, or the rows behind
        the figure."""
        self.ensure_one()
        self.check_access("read")
        Insight = self.env["broker.insight"]
        if self.customer_id:
            return self.action_open_customer()
        if self._is_opened_as_kept():
            return Insight._get_kept_action(self)
        if self.key in FIGURES:
            return Insight._get_rows_action(self.key, self.company_id, self.month)
        if self.section == "case":
            domain = Insight._get_cases_domain("cases_opened", self.company_id, self.month)
            cause = Domain("cause", "=", False if self.key == "unknown" else self.key)
            return self._get_named_action("broker_case_figure_action", domain & cause, ("list", "kanban", "pivot"))
        if self.section == "obligation":
            domain = Domain("company_id", "=", self.company_id.id) & Domain("kind", "=", self.key)
            return self._get_named_action("broker_obligation_action", domain, ("list", "kanban"))
        if self.partner_id:
            return self._get_named_action(
                "purchase_order_line_action_promise", self._get_bought_domain(), ("list", "kanban")
            )
        raise UserError(self.env._("%(name)s is not there any more.", name=self.label or self.name))

    def _is_opened_as_kept(self):
        """Return whether the row opens what was counted when the report was prepared, and not
        what there is now. What is owed opens as it is, as long as something can be done
        about it."""
        if self.section == "obligation":
            return self.has_value and not self.report_id._is_of_today()
        return self.has_value and self.key in FIGURES and FIGURES[self.key][1] == "kept"

    def _name_kept(self):
        """Return what the rows are called that were counted when the report was prepared.

        A figure of customers stays when two of them become one, and says why it opens fewer.
        """
        self.ensure_one()
        left = len(self.counted_ids or [])
        if self.key != "coverage_gaps" or left >= self.value:
            return self.label
        return self.env._(
            "%(figure)s: %(counted)s counted then, %(left)s since some were merged",
            figure=self.label,
            counted=self._format(self.value),
            left=left,
        )

    def _get_named_action(self, name, domain, modes):
        action = self.env["broker.insight"]._prepare_action(name, domain, modes=modes)
        return {**action, "name": self.label}

    def _get_bought_domain(self):
        """Return the domain of what the row's printing house printed in its month."""
        company, first = self.company_id, self.month
        return (
            Domain("partner_id.commercial_partner_id", "=", self.partner_id.id)
            & Domain("company_id", "=", company.id)
            & Domain("state", "=", "purchase")
            & Domain("sale_line_id", "!=", False)
            & Domain("order_id.date_approve", ">=", company._get_broker_moment(first))
            & Domain("order_id.date_approve", "<", company._get_broker_moment(first + relativedelta(months=1)))
        )

    # BUSINESS

    @api.model
    def _follow_merge(self, sources, target):
        """Let what was counted open the file that remains of a merge, also where the report
        was sent: its figures and words stay.

        :param sources: the `broker.customer` that disappear
        :param target: the `broker.customer` that remains
        """
        self.flush_model(["counted_ids"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE broker_month_report_line line
                   SET counted_ids = (
                           SELECT JSONB_AGG(
                                      DISTINCT CASE WHEN id::int = ANY(%(sources)s) THEN %(target)s ELSE id::int END
                                  )
                             FROM JSONB_ARRAY_ELEMENTS_TEXT(line.counted_ids) AS counted (id)
                       )
                 WHERE line.counted_ids @> ANY(%(found)s::jsonb[])
                   -- Of these it is the reviews that were counted
                   AND line.key IS DISTINCT FROM 'reviews_open'
                """,
                sources=sources.ids,
                target=target.id,
                found=[str(customer_id) for customer_id in sources.ids],
            )
        )
        self.invalidate_model(["counted_ids"])

    # TOOLS

    def _format(self, value):
        """Return a figure in words of the reader's language."""
        self.ensure_one()
        if self.kind == "money":
            # A sum is added up again by whoever reads it.
            return self._format_money(value, exact=self.section == "desk")
        return formatLang(self.env, value, digits=2 if self.kind == "score" else 0)

    def _format_before(self):
        """Return what stands beside a figure, with the change of an amount in percent."""
        text = self._format(self.value_before)
        if self.section == "figure" and self.kind == "money" and self.value_before > 0:
            change = round((self.value - self.value_before) * 100 / self.value_before)
            text = f"{text} ({change:+d} %)"
        return text

    def _format_money(self, amount, exact=False):
        """Return an amount of the company in words, in whole units unless it is to be exact."""
        unit = "decimals" if exact else "units"
        return formatLang(
            self.env, amount, currency_obj=self.currency_id, rounding_method="HALF-UP", rounding_unit=unit
        )

    def _explain_trend(self):
        """Return in a few words by what the trend was seen, where the amounts do not say it."""
        self.ensure_one()
        trace = self.trend_trace or {}
        day = {
            "late": trace.get("expected"),
            "single": trace.get("last_day"),
            "back": trace.get("last_day"),
            "new": trace.get("first_day"),
        }.get(trace.get("reason"))
        if not day and self.trend in ("declining", "lost", "rising") and self.trend_since:
            return self.env._("Since %(day)s", day=format_date(self.env, self.trend_since))
        if not day:
            return False
        day = format_date(self.env, day)
        if trace["reason"] == "late":
            return self.env._("Job expected by %(day)s", day=day)
        if trace["reason"] == "single":
            return self.env._("Last job on %(day)s", day=day)
        if trace["reason"] == "back":
            return self.env._("Bought again on %(day)s", day=day)
        return self.env._("First job on %(day)s", day=day)

    @api.model
    def _get_cause_labels(self):
        """Return {cause: label} of what reviews find."""
        return dict(self.env["broker.review"]._fields["cause"]._description_selection(self.env))

    @api.model
    def _get_due_labels(self):
        """Return {kind: label} of what can be due."""
        return {
            **self.env["broker.customer"]._get_obligation_kinds(),
            "measure": self.env._("Measure"),
            "review_new": self.env._("Book the review"),
            "review_planned": self.env._("Review"),
            "review_following": self.env._("See what came of it"),
            "next_call": self.env._("Care call"),
            **dict(self.env["broker.customer"]._fields["coverage_state"]._description_selection(self.env)),
        }
