from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

# Print is seasonal: the same months a year before are what a month is compared with.
_YEAR = relativedelta(years=1)
# After a year the months compared are those of the decline itself.
_MONTHS = 12


class BrokerReviewMarginMixin(models.AbstractModel):
    """What a decline costs: the margin of the months since it began, against the same months
    a year before. Only months that are over count."""

    _name = "broker.review.margin.mixin"
    _description = "Review: Margin"

    currency_id = fields.Many2one("res.currency")
    margin_year = fields.Monetary(
        string="Margin of the Year Before",
        readonly=True,
        copy=False,
        help="What the customer left in the twelve months before the decline: what is at stake.",
    )
    margin_before = fields.Monetary(
        string="Margin a Year Before",
        readonly=True,
        copy=False,
        help="Of the same months as the margin since the decline, one year earlier.",
    )
    margin_after = fields.Monetary(
        string="Margin Since", readonly=True, copy=False, help="Of the months since the decline that are over."
    )
    margin_months = fields.Integer(
        string="Months Compared", readonly=True, copy=False, aggregator=None, help="Up to twelve."
    )
    lost_margin = fields.Monetary(
        readonly=True,
        copy=False,
        help="Margin of the same months a year before, less the margin since the decline; nothing where it is more.",
    )

    def _refresh_margin(self):
        """Work out what these declines cost until the end of the last month."""
        reviews = self.sudo().filtered(lambda review: not review.merged_into_id)
        if not reviews:
            return
        today = {company: company._get_broker_today() for company in reviews.company_id}
        begins = {review: review.decline_on.replace(day=1) for review in reviews}
        ends = self._get_margin_ends(reviews)
        margins = {}
        for customer, month, margin in (
            self.env["broker.customer.month"]
            .sudo()
            ._read_group(
                Domain("customer_id", "in", reviews.customer_id.ids)
                & Domain("month", ">=", min(begins.values()) - _YEAR)
                & Domain("month", "<", max(begins.values()) + _YEAR),
                ["customer_id", "month:month"],
                ["margin:sum"],
            )
        ):
            margins[customer, month] = margin
        for review in reviews:
            begin = begins[review]
            this_month = today[review.company_id].replace(day=1)
            end = min(this_month, ends.get(review, this_month))
            passed = (end.year - begin.year) * 12 + end.month - begin.month
            count = max(0, min(passed, _MONTHS))
            currency = review.currency_id

            def add_up(first, number, review=review):
                months = (first + relativedelta(months=place) for place in range(number))
                return sum(margins.get((review.customer_id, month), 0.0) for month in months)

            before, after = add_up(begin - _YEAR, count), add_up(begin, count)
            found = {
                "margin_year": currency.round(add_up(begin - _YEAR, _MONTHS)),
                "margin_before": currency.round(before),
                "margin_after": currency.round(after),
                "margin_months": count,
                # Who left more than before, or was no customer yet, cost nothing: that hides no other's loss.
                "lost_margin": max(0.0, currency.round(before - after)),
            }
            changed = {name: value for name, value in found.items() if review[name] != value}
            if changed:
                review.write(changed)

    @api.model
    def _get_margin_ends(self, reviews):
        """Return {review: the first day of the month from which on a later review counts}, for
        those whose customer was reviewed again: no month is counted twice.

        :param reviews: `broker.review`, in sudo
        """
        ends = {}
        following = {}
        for review in self.sudo().search(
            Domain("customer_id", "in", reviews.customer_id.ids) & Domain("merged_into_id", "=", False),
            order="decline_on desc, id desc",
        ):
            if review.customer_id in following:
                ends[review] = following[review.customer_id]
            following[review.customer_id] = review.decline_on.replace(day=1)
        return ends

    @api.model
    def _get_margin_horizon(self, company):
        """Return the first day of a decline whose margin still moves."""
        return company._get_broker_today().replace(day=1) - relativedelta(months=_MONTHS + 1)

    def action_view_months(self):
        """Open the customer's months that are compared."""
        self.ensure_one()
        begin = self.decline_on.replace(day=1)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Months of %(customer)s", customer=self.customer_id.name),
            "res_model": "broker.customer.month",
            "views": [(False, "list"), (False, "graph"), (False, "pivot")],
            "domain": [
                ("customer_id", "=", self.customer_id.id),
                ("month", ">=", begin - _YEAR),
                ("month", "<", begin + _YEAR),
            ],
        }
