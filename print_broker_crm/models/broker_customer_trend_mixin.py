from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import SQL

from .broker_trend_change import ARROWS, TRENDS

# Written by the night alone.
_RESULT_FIELDS = frozenset({"trend", "trend_since", "trend_trace", "trend_due"})


class BrokerCustomerTrendMixin(models.AbstractModel):
    """Which way a customer goes, on the customer file.

    Worked out at night as of the day that is over, see `broker.trend.rule`.
    """

    _name = "broker.customer.trend.mixin"
    _inherit = ["broker.customer.trend.night.mixin"]
    _description = "Customer File: Trend"

    trend = fields.Selection(
        TRENDS,
        readonly=True,
        copy=False,
        index=True,
        help="New: bought for the first time lately. Rising and declining: against the same months a year before and "
        "the three months before; declining as well when the next job is late by the customer's own rhythm. Lost: it "
        "is too late for that. Recovered: was lost, and bought again. Empty: never bought.",
    )
    trend_since = fields.Date(readonly=True, copy=False, help="The last day looked at when the trend was found.")
    trend_trace = fields.Json(readonly=True, copy=False)
    trend_due = fields.Date(
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="The day as of which the trend may be another though nothing happens. Empty: to be judged.",
    )
    trend_arrow = fields.Char(string="Arrow", compute="_compute_trend_arrow")
    trend_explanation = fields.Text(string="Why This Trend", compute="_compute_trend_explanation")
    trend_change_ids = fields.One2many(
        "broker.trend.change",
        "customer_id",
        string="Changes of Trend",
        readonly=True,
        domain=[("is_merged", "=", False)],
    )

    product_gap_ids = fields.One2many("broker.product.gap", "customer_id", string="What Is Missing", readonly=True)

    @api.depends("trend")
    def _compute_trend_arrow(self):
        for customer in self:
            customer.trend_arrow = ARROWS.get(customer.trend, False)

    @api.depends("trend", "trend_trace")
    @api.depends_context("lang")
    def _compute_trend_explanation(self):
        for customer in self:
            customer.trend_explanation = self.env["broker.trend.rule"]._explain(
                customer.trend, customer.trend_trace or {}, customer.company_id.currency_id
            )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_trend_write({name for name, value in vals.items() if value})
        self = self._drop_defaults(self, _RESULT_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        self._check_trend_write(set(vals))
        return super().write(vals)

    @api.model
    def _check_trend_write(self, names):
        if names & _RESULT_FIELDS and not self.env.su:
            raise UserError(self.env._("The trend follows from what the customer buys, and cannot be entered."))

    # BUSINESS

    @api.model
    def _get_trend_at(self, company, day):
        """Return the SELECT of the trend of a company's customers as of a past day, as it
        was judged then: customer_id, trend, change_id, date (since when).

        Customers who had never bought have no row.

        :param company: the `res.company`
        :param day: a `date`
        """
        self.env["broker.trend.change"].flush_model()
        return SQL(
            """
            SELECT customer_id, trend, change_id, date FROM (
                SELECT DISTINCT ON (change.customer_id)
                       change.customer_id, change.trend, change.id AS change_id, change.date
                  FROM broker_trend_change change
                 WHERE change.company_id = %s AND change.date <= %s AND change.is_merged IS NOT TRUE
              ORDER BY change.customer_id, change.date DESC, change.id DESC
            ) AS judged
             WHERE trend IS NOT NULL
            """,
            company.id,
            day,
        )

    def _before_merge_into(self, target):
        """Mark the changes that come along: the trend of the customer that remains is its own."""
        result = super()._before_merge_into(target)
        change = self.env["broker.trend.change"]
        change.flush_model()
        self.env.cr.execute(
            SQL("UPDATE broker_trend_change SET is_merged = TRUE WHERE customer_id = ANY(%s)", (self - target).ids)
        )
        change.invalidate_model(["is_merged"])
        return result
