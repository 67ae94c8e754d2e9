from odoo import api, models
from odoo.tools import SQL

# A customer of many takes a few hours of a person's year. Profits are divided by the share:
# what it is rounded by, they would be wrong by.
SHARE_DIGITS = 6


class BrokerTierScoreWorkMixin(models.AbstractModel):
    """Who worked how much for which customer, in SQL: one source for each kind of work.

    Apart from the other figures, because it is the one that does not end at a customer:
    the share of a customer in a person's time needs what the person did for all of
    them. A room that knows of work extends `_get_work_sources`.
    """

    _name = "broker.tier.score.work.mixin"
    _description = "5A Score: Work"

    @api.model
    def _get_work_sources(self, policy, date):
        """Hook: the kinds of work that share out people's time.

        :return: list of SQL selects of (user_id, customer_id, day, weight), limited to
            the policy's company and window; customer_id is empty for work on people
            who are not customers yet, which takes time as well
        """
        start, end = self._get_window_times(policy, date)
        company_id = policy.company_id.id
        sources = [
            SQL(
                """
                SELECT so.user_id, so.broker_customer_id AS customer_id,
                       so.date_order AS day,
                       CASE so.state WHEN 'sale' THEN %(job)s::float8
                            ELSE %(quotation)s::float8 END AS weight
                  FROM sale_order so
                 WHERE so.company_id = %(company)s AND so.user_id IS NOT NULL
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                """,
                job=policy.work_job_weight,
                quotation=policy.work_quotation_weight,
                company=company_id,
                start=start,
                end=end,
            )
        ]
        sources += self._get_room_work_sources(policy, start, end)
        for model, customer, belongs in (
            (
                "sale.order",
                SQL("document.broker_customer_id"),
                SQL("document.company_id = %s", company_id),
            ),
            (
                "crm.lead",
                SQL("document.broker_customer_id"),
                SQL(
                    """(document.company_id = %(company)s
                        OR document.company_id IS NULL AND EXISTS (
                            SELECT FROM broker_customer file
                             WHERE file.id = document.broker_customer_id
                               AND file.company_id = %(company)s))""",
                    company=company_id,
                ),
            ),
            (
                "broker.customer",
                SQL("document.id"),
                SQL("document.company_id = %s", company_id),
            ),
        ):
            values = {
                "model": model,
                "table": SQL.identifier(self.env[model]._table),
                "customer": customer,
                "belongs": belongs,
                "start": start,
                "end": end,
            }
            sources += [
                SQL(
                    """
                    SELECT author.id, %(customer)s, message.date, %(weight)s::float8
                      FROM mail_message message
                      JOIN res_users author
                        ON author.partner_id = message.author_id AND NOT author.share
                      JOIN %(table)s document ON document.id = message.res_id
                     WHERE message.model = %(model)s
                       AND message.message_type = 'comment'
                       AND message.date >= %(start)s AND message.date < %(end)s
                       AND %(belongs)s
                    """,
                    weight=policy.work_message_weight,
                    **values,
                ),
                SQL(
                    """
                    SELECT activity.user_id, %(customer)s, activity.date_done,
                           %(weight)s::float8
                      FROM mail_activity activity
                      JOIN %(table)s document ON document.id = activity.res_id
                     WHERE activity.res_model = %(model)s
                       AND activity.active IS NOT TRUE
                       AND activity.user_id IS NOT NULL
                       AND activity.date_done BETWEEN %(first)s AND %(last)s
                       AND %(belongs)s
                    """,
                    weight=policy.work_activity_weight,
                    first=policy._get_window(date)[0],
                    last=date,
                    **values,
                ),
            ]
        return sources

    @api.model
    def _get_room_work_sources(self, policy, start, end):
        """Return the work of the relay and of the care line; see `_get_work_sources`."""
        values = {"company": policy.company_id.id, "start": start, "end": end}
        return [
            SQL(
                """
                SELECT sender_id, customer_id, first_submitted_at, %(weight)s::float8
                  FROM broker_handoff
                 WHERE company_id = %(company)s AND first_submitted_at >= %(start)s
                   AND first_submitted_at < %(end)s
                """,
                weight=policy.work_handoff_weight,
                **values,
            ),
            SQL(
                """
                SELECT receiver_id, customer_id, accepted_at, %(weight)s::float8
                  FROM broker_handoff
                 WHERE company_id = %(company)s AND accepted_at >= %(start)s
                   AND accepted_at < %(end)s AND receiver_id IS NOT NULL
                """,
                weight=policy.work_handoff_weight,
                **values,
            ),
            SQL(
                """
                SELECT user_id, customer_id, date_done, %(weight)s::float8
                  FROM broker_care_call
                 WHERE company_id = %(company)s AND state = 'done'
                   AND user_id IS NOT NULL
                   AND date_done >= %(start)s AND date_done < %(end)s
                """,
                weight=policy.work_call_weight,
                **values,
            ),
        ]

    @api.model
    def _get_effort_query(self, policy, date, customers):
        """CTE `effort`: the full-time persons a customer took.

        A person's part of the window is shared out over customers by weighted work, so
        all the work of the firm is read, whoever is asked for. The part counts the months
        in which the person did anything at all: somebody who came late or left early is
        not a full-time person.
        """
        first, last = policy._get_window(date)
        return SQL(
            """
            -- Binary floats while it is summed up, which is quicker; decimal from then on
            work AS MATERIALIZED (
                SELECT customer_id, user_id, GROUPING(month) = 1 AS is_of_customer,
                       SUM(weight)::numeric AS work
                  FROM (
                    SELECT customer_id, user_id, weight, LEAST(
                               %(months)s - 1, (day::date - %(first)s) * %(months)s / %(days)s
                           ) AS month
                      FROM (%(work)s) AS source
                  ) AS piece
              GROUP BY GROUPING SETS ((customer_id, user_id), (user_id, month))
            ),
            person AS (
                SELECT user_id, SUM(work) AS total,
                       COUNT(*)::numeric / %(months)s AS presence
                  FROM work
                 WHERE NOT is_of_customer
              GROUP BY user_id
                HAVING SUM(work) > 0
            ),
            effort AS (
                SELECT own.customer_id,
                       ROUND(SUM(own.work), 2) AS work,
                       ROUND(SUM(
                           own.work / person.total * person.presence
                       ), %(digits)s) AS full_time_share
                  FROM work own
                  JOIN person ON person.user_id = own.user_id
                 WHERE own.is_of_customer AND own.work > 0 AND %(scope)s
              GROUP BY own.customer_id
            )
            """,
            first=first,
            days=(last - first).days + 1,
            months=policy.window_months,
            digits=SHARE_DIGITS,
            work=SQL(" UNION ALL ").join(self._get_work_sources(policy, date)),
            scope=self._get_scope(SQL("own.customer_id"), customers),
        )

    @api.model
    def _get_people_query(self, scope):
        """CTE `people`: each person's part in the full-time persons of a customer, as JSON.

        Apart from `effort`, because a night needs it only of those who are judged.

        :param scope: SQL condition on `own.customer_id`
        """
        return SQL(
            """
            people AS (
                SELECT own.customer_id,
                       JSONB_AGG(JSONB_BUILD_OBJECT(
                           'user_id', own.user_id,
                           'work', ROUND(own.work, 2),
                           'share', ROUND(
                               own.work / person.total * person.presence, %(digits)s
                           )
                       ) ORDER BY own.work DESC, own.user_id) AS people
                  FROM work own
                  JOIN person ON person.user_id = own.user_id
                 WHERE own.is_of_customer AND own.work > 0 AND %(scope)s
              GROUP BY own.customer_id
            )
            """,
            digits=SHARE_DIGITS,
            scope=scope,
        )
