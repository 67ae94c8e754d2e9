from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

# The size of the sparkline, in its own units.
_WIDTH, _HEIGHT, _TOP = 120, 30, 5


class BrokerCustomerTierSignalMixin(models.AbstractModel):
    """Which way a customer goes, and whether it eats up what it brings.

    Both are read from the stored scores, so that they say what the tier says.
    """

    _name = "broker.customer.tier.signal.mixin"
    _description = "Customer File: Tier Signals"

    tier_trend = fields.Selection(
        [("up", "Rising"), ("flat", "Steady"), ("down", "Falling")],
        string="Direction of the Total",
        compute="_compute_tier_trend",
        help="The total compared with the one some months before, as the policy says.",
    )
    tier_trend_text = fields.Char(string="Trend of the Total", compute="_compute_tier_trend")
    tier_sparkline = fields.Html(string="Last Twelve Months", compute="_compute_tier_sparkline", sanitize=False)
    is_service_drain = fields.Boolean(
        string="Service Drain",
        compute="_compute_service_drain",
        search="_search_is_service_drain",
        help="High revenue, but little is left after what it costs to serve the customer.",
    )
    service_drain_text = fields.Char(string="Why a Service Drain", compute="_compute_service_drain")

    @api.depends("last_score_id")
    @api.depends_context("lang")
    def _compute_tier_trend(self):
        found = {}
        for company, customers in self.sudo().grouped("company_id").items():
            if not company:
                continue
            self.env["broker.tier.score"].flush_model()
            found.update(
                (row[0], row[1:])
                for row in self.env.execute_query(
                    SQL(
                        """
                        SELECT customer.id, newest.total, earlier.total, policy.trend_min
                          FROM broker_customer customer
                          JOIN broker_tier_score newest ON newest.id = customer.last_score_id
                          JOIN broker_tier_policy policy ON policy.id = newest.policy_id
                    CROSS JOIN LATERAL (
                                SELECT total FROM broker_tier_score score
                                 WHERE score.customer_id = customer.id AND score.is_merged IS NOT TRUE
                                   AND score.date + 0 <= (%s::date - policy.trend_months * INTERVAL '1 month')::date
                              ORDER BY score.id DESC LIMIT 1
                               ) earlier
                         WHERE customer.id = ANY(%s)
                           AND newest.total IS NOT NULL AND earlier.total IS NOT NULL
                        """,
                        company._get_broker_today(),
                        customers._origin.ids,
                    )
                )
            )
        for customer in self:
            total, earlier, minimum = found.get(customer._origin.id, (0, 0, None))
            change = float(total - earlier)
            if minimum is None:
                customer.tier_trend = False
                customer.tier_trend_text = False
                continue
            # The totals have four digits: a change is compared in them.
            is_flat = round(abs(change), 4) < float(minimum)
            customer.tier_trend = "flat" if is_flat else "up" if change > 0 else "down"
            arrow = {"up": "↑", "flat": "→", "down": "↓"}[customer.tier_trend]
            customer.tier_trend_text = f"{arrow} {formatLang(self.env, abs(change), digits=2)}"

    @api.depends("last_score_id")
    @api.depends_context("lang")
    def _compute_tier_sparkline(self):
        rows = {}
        self.env["broker.tier.score"].flush_model()
        for customer_id, month, total, policy_id in self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (customer_id, DATE_TRUNC('month', date))
                       customer_id, DATE_TRUNC('month', date)::date, total, policy_id
                  FROM broker_tier_score
                 WHERE customer_id = ANY(%s) AND total IS NOT NULL AND is_merged IS NOT TRUE
                   AND date > %s::date - INTERVAL '12 months'
              ORDER BY customer_id, DATE_TRUNC('month', date), id DESC
                """,
                self._origin.ids,
                self.env.company._get_broker_today(),
            )
        ):
            rows.setdefault(customer_id, []).append((month, float(total), policy_id))
        policies = self.env["broker.tier.policy"].sudo().browse({row[2] for group in rows.values() for row in group})
        names = {policy.id: policy.name for policy in policies}
        for customer in self:
            points = rows.get(customer._origin.id, [])
            customer.tier_sparkline = customer._draw_sparkline(points, names) if len(points) > 1 else False

    @api.model
    def _draw_sparkline(self, points, names):
        """Return the SVG of the totals, month by month, with a mark where the policy changed.

        :param points: list of (first day of the month, total, policy id), oldest first
        :param names: {policy id: name}
        """
        months = [month.year * 12 + month.month for month, _total, _policy in points]
        span = max(months[-1] - months[0], 1)
        places = [
            (round((month - months[0]) / span * _WIDTH, 1), round((1 - (total - 1) / (_TOP - 1)) * _HEIGHT, 1))
            for month, (_month, total, _policy) in zip(months, points, strict=True)
        ]
        marks = Markup("").join(
            Markup(
                '<line x1="{x}" x2="{x}" y1="0" y2="{height}" stroke="#888" stroke-dasharray="2">'
                "<title>{name}</title></line>"
            ).format(x=place[0], height=_HEIGHT, name=names.get(point[2], ""))
            for place, point, before in zip(places[1:], points[1:], points, strict=False)
            if point[2] != before[2]
        )
        return Markup(
            '<svg class="o_broker_sparkline" viewBox="-3 -3 {width} {height}" width="{width}" height="{height}" '
            'role="img">'
            "<title>{title}</title>{marks}"
            '<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>'
            '<circle cx="{x}" cy="{y}" r="3" fill="currentColor"/></svg>'
        ).format(
            width=_WIDTH + 6,
            height=_HEIGHT + 6,
            title=self.env._("Total from %(first).2f to %(last).2f", first=points[0][1], last=points[-1][1]),
            marks=marks,
            line=" ".join(f"{x},{y}" for x, y in places),
            x=places[-1][0],
            y=places[-1][1],
        )

    @api.depends("last_score_id")
    @api.depends_context("lang", "uid")
    def _compute_service_drain(self):
        drains = {
            row[0]: row[1:]
            for row in (self._origin.ids and self.env.execute_query(self._get_drain_query(self._origin.ids)) or [])
        }
        # What a person costs the firm is the management's to know.
        may_see_cost = self.env.user.has_group("print_broker_crm.group_manager")
        for customer in self:
            drain = drains.get(customer._origin.id)
            customer.is_service_drain = bool(drain)
            if drain and not may_see_cost:
                customer.service_drain_text = self.env._(
                    "Revenue %(revenue)s, profit %(profit)s: after the people who served it too little is left.",
                    revenue=formatLang(self.env, drain[0], currency_obj=customer.sudo().currency_id),
                    profit=formatLang(self.env, drain[1], currency_obj=customer.sudo().currency_id),
                )
                continue
            customer.service_drain_text = drain and self.env._(
                "Revenue %(revenue)s, profit %(profit)s, less %(share)s full-time persons that served it: %(cost)s. "
                "%(rest)s is left, less than %(limit)s.",
                share=formatLang(self.env, drain[2], digits=2),
                **{
                    name: formatLang(self.env, value, currency_obj=customer.sudo().currency_id)
                    for name, value in zip(
                        ("revenue", "profit", "cost", "rest", "limit"),
                        (drain[0], drain[1], drain[3], drain[1] - drain[3], drain[4]),
                        strict=True,
                    )
                },
            )

    @api.model
    def _search_is_service_drain(self, operator, value):
        if operator != "in":
            return NotImplemented
        ids = [row[0] for row in self.env.execute_query(self._get_drain_query())]
        found = Domain.FALSE
        if True in value:
            found |= Domain("id", "in", ids)
        if False in value:
            found |= Domain("id", "not in", ids)
        return found

    # ACTIONS

    def action_view_tier_history(self):
        """Open the graph of the customer's dimensions over time."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_tier_history_action")
        action["domain"] = [("customer_id", "=", self.id)]
        return action

    # BUSINESS

    @api.model
    def _get_drain_query(self, ids=None):
        """Return the SELECT of the service drains: customer id, revenue, profit,
        full-time persons, cost to serve, and what should be left at least."""
        for model in ("broker.customer", "broker.tier.score", "broker.tier.policy", "broker.tier.dimension"):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT * FROM (
                SELECT customer.id, score.revenue, score.profit, COALESCE(score.full_time_share, 0) AS share,
                       ROUND(COALESCE(score.full_time_share, 0) * COALESCE(policy.person_cost, 0)
                           * policy.window_months / 12, 2) AS cost,
                       CASE policy.drain_profit_score
                            WHEN 1 THEN profit.threshold_2 WHEN 2 THEN profit.threshold_3
                            WHEN 3 THEN profit.threshold_4 WHEN 4 THEN profit.threshold_5 END AS least
                  FROM broker_customer customer
                  JOIN broker_tier_score score ON score.id = customer.last_score_id
                  JOIN broker_tier_policy policy ON policy.id = score.policy_id
                  JOIN broker_tier_dimension profit ON profit.policy_id = policy.id AND profit.code = 'profit'
                  JOIN broker_tier_dimension revenue ON revenue.policy_id = policy.id AND revenue.code = 'revenue'
                 -- By the figures: a revenue that was judged by hand was not earned
                 WHERE policy.drain_revenue_score > 0 AND score.profit IS NOT NULL
                   AND score.revenue >= CASE policy.drain_revenue_score
                           WHEN 2 THEN revenue.threshold_2 WHEN 3 THEN revenue.threshold_3
                           WHEN 4 THEN revenue.threshold_4 WHEN 5 THEN revenue.threshold_5
                           ELSE '-Infinity'::numeric END
                   AND %s
            ) AS served
             WHERE profit - cost < least
            """,
            SQL("TRUE") if ids is None else SQL("customer.id = ANY(%s)", list(ids)),
        )
