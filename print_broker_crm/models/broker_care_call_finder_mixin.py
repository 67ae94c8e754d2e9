from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.tools import SQL


class BrokerCareCallFinderMixin(models.AbstractModel):
    """Which events give reason to call a customer, in SQL, a batch at a time.

    A finder `_find_<reason>_events` returns the SQL of one batch, ordered by its first
    column, which the next batch goes on from. The columns: key, customer id, order id, day
    of the event, days between two calls (cadence only), whether the customer was ever
    called, moment of the event, and what tells the event from others of its reason.
    """

    _name = "broker.care.call.finder.mixin"
    _description = "Care Call: Finders"

    @api.model
    def _find_receipt_events(self, company, rule, scope, last_id):
        """Jobs that the customer received and that no call answered yet."""
        return self._find_order_events(
            company,
            rule,
            scope,
            last_id,
            date=SQL("orders.broker_receipt_date"),
            condition=SQL("TRUE"),
        )

    @api.model
    def _find_first_order_events(self, company, rule, scope, last_id):
        """First jobs of customers that no call answered yet."""
        return self._find_order_events(
            company,
            rule,
            scope,
            last_id,
            date=SQL("orders.date_order"),
            condition=SQL(
                """NOT EXISTS (
                    SELECT 1 FROM sale_order AS earlier
                     WHERE earlier.broker_customer_id = orders.broker_customer_id
                       AND earlier.state = 'sale'
                       AND (earlier.date_order, earlier.id)
                         < (orders.date_order, orders.id)
                )"""
            ),
        )

    @api.model
    def _find_order_events(self, company, rule, scope, last_id, date, condition):
        """Select jobs by a date of theirs, as far back as a call is still useful."""
        return SQL(
            """
            SELECT orders.id, customer.id, orders.id, %(day)s, 0, TRUE, %(date)s, NULL
              FROM sale_order AS orders
              JOIN broker_customer AS customer
                ON customer.id = orders.broker_customer_id
             WHERE orders.id > %(last_id)s
               AND orders.company_id = %(company)s
               AND customer.company_id = %(company)s
               AND orders.state = 'sale'
               AND %(date)s >= %(since)s
               AND %(condition)s
               AND %(callable)s
               AND NOT EXISTS (
                    SELECT 1 FROM broker_care_call_reason AS served
                     WHERE served.order_id = orders.id AND served.reason = %(reason)s
               )
             ORDER BY orders.id
             LIMIT %(limit)s
            """,
            day=self._sql_day(company, date),
            last_id=last_id,
            company=company.id,
            date=date,
            since=self._get_event_floor(company, rule),
            condition=condition,
            callable=self._sql_callable(scope, rule),
            reason=rule.reason,
            limit=self._get_batch_size(),
        )

    @api.model
    def _find_cadence_events(self, company, rule, scope, last_id):
        """Customers without an open call, since their last one; one whose reason was
        withdrawn before anybody began it was none."""
        return SQL(
            """
            SELECT customer.id, customer.id, NULL::int,
                   COALESCE(%(last_day)s, customer.date_opened),
                   %(interval)s,
                   last.moment IS NOT NULL,
                   NULL::timestamp,
                   NULL
              FROM broker_customer AS customer
         LEFT JOIN broker_tier AS tier ON tier.id = customer.tier_id
         LEFT JOIN LATERAL (
                    SELECT max(closed.date_done) AS moment
                      FROM broker_care_call AS closed
                     WHERE closed.customer_id = customer.id
                       AND closed.state != 'planned'
                       AND closed.close_reason IS DISTINCT FROM 'withdrawn'
                   ) AS last ON TRUE
             WHERE customer.id > %(last_id)s
               AND customer.company_id = %(company)s
               AND %(callable)s
               AND NOT EXISTS (
                    SELECT 1 FROM broker_care_call AS planned
                     WHERE planned.customer_id = customer.id
                       AND planned.state = 'planned'
               )
             ORDER BY customer.id
             LIMIT %(limit)s
            """,
            last_day=self._sql_day(company, SQL("last.moment")),
            interval=self._sql_interval(rule),
            last_id=last_id,
            company=company.id,
            callable=self._sql_callable(scope, rule),
            limit=self._get_batch_size(),
        )

    @api.model
    def _find_case_closed_events(self, company, rule, scope, last_id):
        """Cases that were closed and that no call followed yet."""
        # Opened again and closed again, it is asked about again.
        key = SQL("cases.id || ':' || COALESCE(cases.reopen_count, 0)")
        return SQL(
            """
            SELECT cases.id, customer.id, NULL::int, %(day)s, 0, TRUE, cases.closed_at, %(key)s
              FROM broker_case AS cases
              JOIN broker_customer AS customer ON customer.id = cases.customer_id
             WHERE cases.id > %(last_id)s
               AND cases.company_id = %(company)s
               AND customer.company_id = %(company)s
               AND cases.state = 'closed'
               AND cases.closed_at >= %(since)s
               AND %(callable)s
               AND %(not_served)s
             ORDER BY cases.id
             LIMIT %(limit)s
            """,
            day=self._sql_day(company, SQL("cases.closed_at")),
            last_id=last_id,
            company=company.id,
            since=self._get_event_floor(company, rule),
            callable=self._sql_callable(scope, rule),
            key=key,
            not_served=self._sql_not_served(rule, key),
            limit=self._get_batch_size(),
        )

    @api.model
    def _find_sales_silent_events(self, company, rule, scope, last_id):
        """Customers who order or write while sales is silent."""
        return self._find_coverage_events(company, rule, scope, last_id, "sales_silent")

    @api.model
    def _find_win_back_events(self, company, rule, scope, last_id):
        """Customers of whom nobody hears and who hear of nobody."""
        return self._find_coverage_events(company, rule, scope, last_id, "both_silent")

    @api.model
    def _find_coverage_events(self, company, rule, scope, last_id, state):
        """Select customers in a state of coverage, once for every time it began."""
        since = SQL("COALESCE(customer.coverage_since, %s)", company._get_broker_today())
        key = SQL("customer.id || ':' || COALESCE(customer.coverage_since::varchar, '')")
        return SQL(
            """
            SELECT customer.id, customer.id, NULL::int, %(since)s, 0, TRUE, NULL::timestamp, %(key)s
              FROM broker_customer AS customer
             WHERE customer.id > %(last_id)s
               AND customer.company_id = %(company)s
               AND customer.coverage_state = %(state)s
               AND %(callable)s
               AND %(not_served)s
             ORDER BY customer.id
             LIMIT %(limit)s
            """,
            since=since,
            key=key,
            last_id=last_id,
            company=company.id,
            state=state,
            callable=self._sql_callable(scope, rule),
            not_served=self._sql_not_served(rule, key),
            limit=self._get_batch_size(),
        )

    @api.model
    def _find_decline_events(self, company, rule, scope, last_id):
        """Customers whose trend or whose computed tier went down and who did not recover since."""
        # Two tables are gone through as one: the ids of one are even, of the other odd.
        return SQL(
            """
            SELECT * FROM (%(trends)s UNION ALL %(tiers)s) AS found (
                       key, customer_id, order_id, day, interval, called, moment, event_key
                   )
             WHERE key > %(last_id)s
          ORDER BY key
             LIMIT %(limit)s
            """,
            trends=self._get_trend_decline_query(company, rule, scope),
            tiers=self._get_tier_decline_query(company, rule, scope),
            last_id=last_id,
            limit=self._get_batch_size(),
        )

    @api.model
    def _get_trend_decline_query(self, company, rule, scope):
        """Return the SELECT of declines that the night saw; one that was worked out afterwards
        is no reason to call, and neither is a decline that goes on until the customer is lost."""
        key = SQL("'trend:' || change.id")
        return SQL(
            """
            SELECT change.id * 2, customer.id, NULL::int, change.date, 0, TRUE, NULL::timestamp, %(key)s
              FROM broker_trend_change AS change
              JOIN broker_customer AS customer ON customer.id = change.customer_id
             WHERE change.company_id = %(company)s
               AND customer.company_id = %(company)s
               AND change.date >= %(since)s
               AND change.is_history IS NOT TRUE
               AND change.is_merged IS NOT TRUE
               AND change.trend IN ('declining', 'lost')
               AND change.trend_before NOT IN ('declining', 'lost')
               AND NOT EXISTS (
                    SELECT FROM broker_trend_change AS later
                     WHERE later.customer_id = change.customer_id
                       AND later.id > change.id
                       AND later.is_merged IS NOT TRUE
                       AND COALESCE(later.trend, '') NOT IN ('declining', 'lost')
               )
               AND %(callable)s
               AND %(not_served)s
            """,
            key=key,
            company=company.id,
            since=self._get_event_floor(company, rule),
            callable=self._sql_callable(scope, rule),
            not_served=self._sql_not_served(rule, key),
        )

    @api.model
    def _get_tier_decline_query(self, company, rule, scope):
        """Return the SELECT of scores by which a customer's computed tier went down."""
        return SQL(
            """
            SELECT score.id * 2 + 1, customer.id, NULL::int, score.date, 0, TRUE, NULL::timestamp, score.id::varchar
              FROM broker_tier_score AS score
              JOIN broker_customer AS customer ON customer.id = score.customer_id
         LEFT JOIN broker_tier AS fallen ON fallen.id = score.tier_id
         CROSS JOIN LATERAL (
                    SELECT tier.rank
                      FROM broker_tier_score AS earlier
                      JOIN broker_tier AS tier ON tier.id = earlier.tier_id
                     WHERE earlier.customer_id = score.customer_id
                       AND earlier.id < score.id
                       AND earlier.is_merged IS NOT TRUE
                  ORDER BY earlier.id DESC
                     LIMIT 1
                   ) AS before
             WHERE score.company_id = %(company)s
               AND customer.company_id = %(company)s
               AND score.date >= %(since)s
               AND score.is_merged IS NOT TRUE
               AND COALESCE(fallen.rank, 0) < before.rank
               AND before.rank >= %(from_rank)s
               AND COALESCE(customer.tier_rank, 0) < before.rank
               AND %(callable)s
               AND %(not_served)s
            """,
            company=company.id,
            since=self._get_event_floor(company, rule),
            from_rank=rule.tier_rank_min,
            callable=self._sql_callable(scope),
            not_served=self._sql_not_served(rule, SQL("score.id::varchar")),
        )

    @api.model
    def _get_event_floor(self, company, rule):
        """Return the moment before which no event of a rule can still be useful.

        Generous where working time counts, weekends and a long holiday included; the
        exact window is counted in the calendar for what is found.
        """
        days = rule.delay_days + rule.window_days
        if rule.delay_unit != "days" or rule.window_unit != "days":
            days = 2 * days + 14
        return datetime.combine(company._get_broker_today() - timedelta(days=days + 1), time.min)

    @api.model
    def _sql_not_served(self, rule, key):
        """Return the SQL condition that no call has an event yet."""
        return SQL(
            """NOT EXISTS (
                SELECT 1 FROM broker_care_call_reason AS served
                 WHERE served.reason = %s AND served.event_key = %s
            )""",
            rule.reason,
            key,
        )

    @api.model
    def _sql_day(self, company, moment):
        """Return the SQL of the company's day of a stored moment."""
        return SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            moment,
            company._get_broker_tz(),
        )

    @api.model
    def _sql_interval(self, rule):
        """Return the SQL of a customer's days between two calls."""
        return SQL("COALESCE(NULLIF(tier.call_cadence_days, 0), %s)", rule.delay_days)

    @api.model
    def _sql_callable(self, scope, rule=None):
        """Return the SQL condition on customers whom the care line may call.

        :param scope: ids of customers, None for all
        :param rule: the `broker.care.rule` whose lowest tier counts, when given
        """
        wanted = SQL("customer.id IN %s", scope) if scope else SQL("TRUE")
        if scope is not None and not scope:
            wanted = SQL("FALSE")
        if rule and rule.tier_rank_min:
            wanted = SQL("%s AND customer.tier_rank >= %s", wanted, rule.tier_rank_min)
        return SQL("%s AND customer.active AND customer.do_not_call IS NOT TRUE", wanted)
