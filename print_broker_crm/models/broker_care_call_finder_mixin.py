from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.tools import SQL


class BrokerCareCallFinderMixin(models.AbstractModel):
    """Which events give reason to call a customer, in SQL, a batch at a time.

    A finder `_find_<reason>_events` returns the SQL of one batch, ordered by its first
    column, which the next batch goes on from.
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
        days = rule.delay_days
        if rule.delay_unit == "working_days":
            # Generous, weekends and a long holiday included; the exact day is
            # counted in the calendar for what is found.
            days = 2 * days + 14
        since = datetime.combine(
            company._get_broker_today() - timedelta(days=days + rule.window_days + 1),
            time.min,
        )
        return SQL(
            """
            SELECT orders.id, customer.id, orders.id, %(day)s, 0, TRUE
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
            since=since,
            condition=condition,
            callable=self._sql_callable(scope),
            reason=rule.reason,
            limit=self._get_batch_size(),
        )

    @api.model
    def _find_cadence_events(self, company, rule, scope, last_id):
        """Customers without an open call, since their last one."""
        return SQL(
            """
            SELECT customer.id, customer.id, NULL::int,
                   COALESCE(%(last_day)s, customer.date_opened),
                   %(interval)s,
                   last.moment IS NOT NULL
              FROM broker_customer AS customer
         LEFT JOIN broker_tier AS tier ON tier.id = customer.tier_id
         LEFT JOIN LATERAL (
                    SELECT max(closed.date_done) AS moment
                      FROM broker_care_call AS closed
                     WHERE closed.customer_id = customer.id
                       AND closed.state != 'planned'
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
            callable=self._sql_callable(scope),
            limit=self._get_batch_size(),
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
    def _sql_callable(self, scope):
        """Return the SQL condition on customers whom the care line may call."""
        wanted = SQL("customer.id IN %s", scope) if scope else SQL("TRUE")
        if scope is not None and not scope:
            wanted = SQL("FALSE")
        return SQL("%s AND customer.active AND customer.do_not_call IS NOT TRUE", wanted)
