from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from .broker_review_flow_mixin import CALL_ACTIVITY, DOWN, UP


class BrokerReviewOutcomeMixin(models.AbstractModel):
    """What became of a review: measured by the numbers, and never said by hand."""

    _name = "broker.review.outcome.mixin"
    _description = "Review: Outcome"
    # Reviews looked at in one step of the night.
    _night_batch = 200

    has_declined = fields.Boolean(
        readonly=True, copy=False, help="The trend was declining or lost while the review was open."
    )
    outcome = fields.Selection(
        [("recovered", "Recovered"), ("lost", "Lost"), ("unchanged", "Unchanged")],
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        help="Recovered: the customer buys as before. Lost: on the day of the follow-up the customer was lost. "
        "Unchanged: neither.",
    )
    outcome_trend = fields.Selection(
        selection=lambda self: self.env["broker.customer"]._fields["trend"]._description_selection(self.env),
        string="Trend When Closed",
        readonly=True,
        copy=False,
    )
    closed_on = fields.Date(readonly=True, copy=False)
    outcome_explanation = fields.Text(string="What the Numbers Say", compute="_compute_outcome_explanation")

    @api.depends("outcome", "outcome_trend", "yardstick_trend", "closed_on", "lost_margin", "merged_into_id")
    @api.depends_context("lang")
    def _compute_outcome_explanation(self):
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        trends = dict(self.env["broker.customer"]._fields["trend"]._description_selection(self.env))
        for review in self:
            lines = []
            if review.merged_into_id:
                lines.append(self.env._("Two contacts of one customer were merged: the older review goes on."))
            elif review.outcome:
                lines.append(
                    self.env._(
                        "%(outcome)s: on %(day)s the trend was %(trend)s.",
                        outcome=outcomes[review.outcome],
                        day=format_date(self.env, review.closed_on),
                        trend=trends.get(review.outcome_trend) or self.env._("unknown"),
                    )
                )
                if review.yardstick_trend:
                    lines.append(
                        self.env._(
                            "By the settings with which the review was opened it was %(trend)s.",
                            trend=trends[review.yardstick_trend],
                        )
                    )
            if review.margin_months:
                currency = review.currency_id
                lines.append(
                    self.env._(
                        "Margin of %(months)s months since the decline: %(after)s. The same months a year before: "
                        "%(before)s.",
                        months=review.margin_months,
                        after=currency.format(review.margin_after),
                        before=currency.format(review.margin_before),
                    )
                )
            review.outcome_explanation = "\n".join(lines) or False

    # BUSINESS

    def _judge(self):
        """Close the open ones of these reviews of which the numbers say what became."""
        today = {company: company._get_broker_today() for company in self.company_id}
        is_open = self.sudo().filtered(lambda review: review.state != "closed")
        trends = is_open._get_yardstick_trends()
        is_open._note_yardstick(trends)
        for outcome, reviews in is_open.grouped(
            lambda review: review._get_outcome(today[review.company_id], trends.get(review))
        ).items():
            if outcome:
                reviews._close(outcome)

    def _get_outcome(self, today, then=None):
        """Return what the numbers say became of an open review, or nothing yet.

        Who buys as before has recovered at once; that a customer is lost, or that nothing
        changed, is said on the day of the follow-up.

        :param today: the company's present day
        :param then: the trend by the settings with which the review was opened, where they
            are others by now: what they do not say as well is no outcome
        """
        self.ensure_one()
        customer = self.customer_id
        if self.has_declined:
            if customer.trend in UP and then not in DOWN and not self._is_compared_with_itself():
                return "recovered"
        elif self.reason == "silence" and customer.coverage_state in ("fine", "sales_silent"):
            return "recovered"
        if today < self.follow_up_date:
            return False
        trends = {customer.trend, then or customer.trend}
        if trends == {"lost"}:
            return "lost"
        return "recovered" if trends <= {"rising", "recovered"} else "unchanged"

    def _is_compared_with_itself(self):
        """Return whether the months with which a stable customer is compared are those of its
        decline already: to buy as little as a year before is no recovery."""
        self.ensure_one()
        customer = self.customer_id
        trace = customer.trend_trace or {}
        if customer.trend != "stable" or "year" not in trace:
            return False
        begun = self.decline_on.replace(day=1)
        seen = self.change_id.trace or {}
        if seen.get("basis") == "months":
            # It was seen by these months, and began with them at the latest.
            begun = min(begun, fields.Date.to_date(seen["from"]))
        return fields.Date.to_date(trace["to"]) - relativedelta(years=1) >= begun

    def _close(self, outcome):
        """Close these reviews, and take back the to-dos of what was not done.

        :param outcome: a value of `outcome`
        """
        self._refresh_margin()
        for review in self:
            review.write(
                {
                    "state": "closed",
                    "outcome": outcome,
                    "outcome_trend": review.customer_id.trend,
                    "closed_on": review.company_id._get_broker_today(),
                }
            )
        self.activity_unlink([CALL_ACTIVITY])
        if outcome == "recovered":
            self._call_off_meetings()
        # Odoo gives whoever calls a meeting a to-do for it.
        self.activity_ids.filtered("calendar_event_id").unlink()
        self.measure_ids.filtered(lambda measure: not measure.done_on).activity_id.unlink()

    # NIGHT

    @api.model
    def _night_steps(self, company):
        """Open the reviews of who became a key account while it declines, and look at a
        company's reviews batch by batch, yielding the number of each batch: the margin that
        was lost, what became of them, and who takes part in meetings.

        Safe to run twice: the second time nothing is left to change.
        """
        if opened := self._open_of_new_key_accounts(company):
            yield len(opened)
        wanted = self._get_night_domain(company)
        mark = 0
        while reviews := self.sudo().search(wanted & Domain("id", ">", mark), order="id", limit=self._night_batch):
            mark = reviews[-1].id
            reviews._refresh_margin()
            is_open = reviews.filtered(lambda review: review.state != "closed")
            is_open._judge()
            is_open._sync_meetings()
            yield len(reviews)

    @api.model
    def _get_night_domain(self, company):
        """Return the reviews that are open, or whose margin still moves."""
        return Domain("company_id", "=", company.id) & (
            Domain("state", "!=", "closed") | Domain("decline_on", ">=", self._get_margin_horizon(company))
        )

    def _join_into(self, kept):
        """Close these reviews because their customer's contact becomes another's, whose
        review goes on; their margin is counted there.

        :param kept: the `broker.review` that goes on
        """
        for review in self:
            review.write(
                {
                    "state": "closed",
                    "closed_on": review.company_id._get_broker_today(),
                    "merged_into_id": kept.id,
                    "margin_year": 0,
                    "margin_before": 0,
                    "margin_after": 0,
                    "margin_months": 0,
                    "lost_margin": 0,
                }
            )
        self.activity_unlink([CALL_ACTIVITY])
        if not kept.has_declined and (declined := self.filtered("has_declined")[:1]):
            kept.write({"has_declined": True, "yardstick": declined.yardstick})
        self._call_off_meetings()
