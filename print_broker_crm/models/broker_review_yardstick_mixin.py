from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from .broker_review_flow_mixin import DOWN, UP
from .broker_trend_change import TRENDS
from .broker_trend_figures_mixin import UNSTEADIED, Books, TrendNumbers, shift_month


class BrokerReviewYardstickMixin(models.AbstractModel):
    """A review is measured by the settings of the trend with which its decline was found.

    Other settings make another trend of the same months: that is no recovery, and no loss.
    As long as the settings are others, the numbers say what they say by both.
    """

    _name = "broker.review.yardstick.mixin"
    _description = "Review: Yardstick"

    yardstick = fields.Json(
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="The settings of the trend by which the customer was judged when the review was opened, or its decline "
        "was found.",
    )
    yardstick_trend = fields.Selection(
        TRENDS,
        string="By the Settings of Then",
        readonly=True,
        copy=False,
        help="The settings of the trend are others than when the customer declined. By those of then, this is its "
        "trend.",
    )

    # BUSINESS

    @api.model
    def _get_yardstick(self, company):
        """Return the settings by which a company's customers were judged last, as a dict."""
        company = company.sudo()
        return company.broker_trend_numbers or self.env["broker.trend.rule"]._get_numbers(company)._asdict()

    def _get_yardstick_numbers(self, judged):
        """Return the `TrendNumbers` with which this review is measured.

        :param judged: what `_get_yardstick` returns today
        """
        self.ensure_one()
        # Where nobody wrote down by what the customer was judged: what is no decline even by the
        # sharpest of them has recovered by any.
        numbers = {**judged, **(self.yardstick or UNSTEADIED)}
        return TrendNumbers(**{name: numbers[name] for name in TrendNumbers._fields})

    def _get_yardstick_trends(self):
        """Return {review: trend by the settings of then} of those of these reviews whose
        settings are others than today's; False of a customer who never bought."""
        trends = {}
        for company, reviews in self.sudo().grouped("company_id").items():
            judged = self._get_yardstick(company)
            others = reviews.filtered(lambda review, judged=judged: review.yardstick != judged)
            trends.update(others._judge_by_yardstick(company, company._get_broker_today() - timedelta(days=1)))
        return trends

    def _judge_by_yardstick(self, company, day):
        """Return {review: trend as of a day} by the settings of then.

        :param company: the `res.company` of all these reviews, in sudo
        """
        if not self:
            return {}
        rule = self.env["broker.trend.rule"]
        Customer = self.env["broker.customer"].sudo()
        self.env.flush_all()
        judged = self._get_yardstick(company)
        counts = Customer._get_trend_counts(company)
        days, months = Customer._get_trend_purchases(company, self.customer_id.ids, day)
        trends = {}
        for review in self:
            numbers = review._get_yardstick_numbers(judged)
            books = Books.of(counts, day, numbers.gap_customers)
            bought = [rows.get(review.customer_id.id, empty) for rows, empty in ((days, []), (months, {}))]
            trends[review], _trace = rule._judge(*bought, day, books, numbers)
        return trends

    def _note_yardstick(self, trends):
        """Write down where the settings of then say something else than today's, and tell it
        once in the chatter where a review would have ended otherwise.

        :param trends: what `_get_yardstick_trends` returns
        """
        bodies = {}
        for review in self:
            today = review.customer_id.trend
            trend = trends.get(review)
            found = trend if trend and trend != today else False
            if review.yardstick_trend == found:
                continue
            if review.has_declined and not review.yardstick_trend and today in UP and found in DOWN:
                env = self._get_firm_env(review.company_id)
                labels = dict(self._fields["yardstick_trend"]._description_selection(env))
                bodies[review.id] = env._(
                    "The settings of the trend are others by now. By them the trend is %(today)s; by those with which "
                    "the review was opened it is still %(then)s. That is no recovery: the review goes on.",
                    today=labels[today],
                    then=labels[found],
                )
            review.write({"yardstick_trend": found})
        if bodies:
            self.browse(bodies)._message_log_batch(bodies=bodies)

    @api.model
    def _get_firm_env(self, company):
        """Return the environment in the language of a firm: nights run in another."""
        return self.with_context(lang=company.partner_id.lang or self.env.lang).env

    def _find_unended(self):
        """Return those of these closed reviews whose decline has not ended since by the
        settings of then, though those of their end said otherwise."""
        found = self.filtered(
            lambda review: (
                review.outcome in ("lost", "unchanged")
                and review.outcome_trend not in DOWN
                and review.yardstick_trend in DOWN
            )
        )
        for company, reviews in found.grouped("company_id").items():
            last = company._get_broker_today() - timedelta(days=1)
            days = [last]
            month = shift_month(min(reviews.mapped("closed_on")), 1)
            while month <= last:
                days.append(month - timedelta(days=1))
                month = shift_month(month, 1)
            for day in days:
                asked = (reviews & found).filtered(lambda review, day=day: review.closed_on <= day)
                trends = asked._judge_by_yardstick(company, day)
                found -= asked.filtered(lambda review, trends=trends: trends[review] not in DOWN)
        return found
