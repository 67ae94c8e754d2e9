from odoo import api, models
from odoo.tools import SQL

# Whether a customer bought again after something went wrong, judged by their own rhythm.
BOUGHT_AGAIN = [
    ("yes", "Yes"),
    ("late", "Later Than Usual"),
    ("wait", "Not Yet"),
    ("no", "No"),
    ("unknown", "No Rhythm Yet"),
]


class BrokerRhythmMixin(models.AbstractModel):
    """Whether customers bought again within their own rhythm, after a day that counts.

    The rhythm is the median of the days between two of their jobs until that day: a long
    wait afterwards is no rhythm. What is printed again for nothing is no purchase.
    """

    _name = "broker.rhythm.mixin"
    _description = "Bought Again"

    @api.model
    def _get_job_days(self, customer):
        """Return the SQL of the days, an array, on which a customer bought.

        :param customer: `SQL` of the customer's id; the query knows `firm`
        """
        return SQL(
            """
            ARRAY(
                SELECT DISTINCT (orders.date_order AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date
                  FROM sale_order orders
                 WHERE orders.broker_customer_id = %s AND orders.company_id = firm.company_id
                   AND orders.state = 'sale' AND orders.broker_claim_case_id IS NULL
            )
            """,
            customer,
        )

    @api.model
    def _get_since_query(self, days, day):
        """Return the SELECT of one row: the first day of a job after a day (`next_day`),
        and the customer's rhythm until then (`rhythm_days`).

        :param days: `SQL` of the days on which the customer bought
        :param day: `SQL` of the day that counts; what was bought on it came before
        """
        return SQL(
            """
            SELECT MIN(job.day) FILTER (WHERE job.day > %(day)s) AS next_day,
                   CEIL(
                       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY job.gap) FILTER (WHERE job.day <= %(day)s)
                   )::int AS rhythm_days
              FROM (
                   SELECT day, day - LAG(day) OVER (ORDER BY day) AS gap
                     FROM UNNEST(%(days)s) AS day
                   ) job
            """,
            day=day,
            days=days,
        )

    @api.model
    def _get_bought_again(self, day, next_day, rhythm_days):
        """Return the SQL of one of BOUGHT_AGAIN; the query knows `firm`.

        :param day: `SQL` of the day that counts
        :param next_day: `SQL` of the first day of a job after it
        :param rhythm_days: `SQL` of the rhythm until it
        """
        return SQL(
            """
            CASE WHEN %(rhythm)s IS NULL
                 THEN CASE WHEN %(next_day)s IS NULL THEN 'unknown' ELSE 'yes' END
                 WHEN %(next_day)s <= %(day)s + %(rhythm)s THEN 'yes'
                 WHEN %(next_day)s IS NOT NULL THEN 'late'
                 WHEN firm.today <= %(day)s + %(rhythm)s THEN 'wait'
                 ELSE 'no'
            END
            """,
            day=day,
            next_day=next_day,
            rhythm=rhythm_days,
        )
