from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreTroubleMixin(models.AbstractModel):
    """What made a customer's jobs hard, in SQL: one source for each kind of trouble.

    Apart from the other figures, because the rooms add to it: a room that knows of
    trouble extends `_get_trouble_sources`, and the score shows its kind by name.
    """

    _name = "broker.tier.score.trouble.mixin"
    _description = "5A Score: Trouble"

    @api.model
    def _get_usual_troubles(self):
        """Return the kinds of trouble that a score names also when there was none."""
        return ["cancelled_purchases", "returned_handoffs"]

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Hook: kinds of trouble that are not on the order or the invoice.

        :param start: the window's begin, a naive UTC `datetime`
        :param end: the first moment after the window
        :param customers: `broker.customer` records, or None for all; see `_get_scope`
        :return: list of SQL selects of (customer_id, kind, number, points): the kind's
            key in the score's inputs, how often it happened, and the policy's points
            for each time
        """
        return [
            # A printing house that was only asked and lost is no trouble: a purchase
            # order counts when it had been confirmed.
            SQL(
                """
                SELECT so.broker_customer_id AS customer_id,
                       'cancelled_purchases' AS kind,
                       COUNT(DISTINCT po.id) AS number, %(points)s::numeric AS points
                  FROM purchase_order po
                  JOIN purchase_order_line bought ON bought.order_id = po.id
                  JOIN sale_order_line sold ON sold.id = bought.sale_line_id
                  JOIN sale_order so ON so.id = sold.order_id
                 WHERE so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                   AND po.state = 'cancel' AND po.date_approve IS NOT NULL
                   AND %(scope)s
              GROUP BY so.broker_customer_id
                """,
                company=policy.company_id.id,
                points=policy.trouble_purchase_points,
                scope=self._get_scope(SQL("so.broker_customer_id"), customers),
                start=start,
                end=end,
            ),
            SQL(
                """
                SELECT handoff.customer_id, 'returned_handoffs',
                       SUM(handoff.return_count), %(points)s::numeric
                  FROM broker_handoff handoff
                 WHERE handoff.company_id = %(company)s
                   AND handoff.first_submitted_at >= %(start)s
                   AND handoff.first_submitted_at < %(end)s
                   AND handoff.return_count > 0 AND %(scope)s
              GROUP BY handoff.customer_id
                """,
                company=policy.company_id.id,
                points=policy.trouble_return_points,
                scope=self._get_scope(SQL("handoff.customer_id"), customers),
                start=start,
                end=end,
            ),
            *self._get_order_trouble_sources(policy, start, end, customers),
        ]

    @api.model
    def _get_order_trouble_sources(self, policy, start, end, customers):
        """Return what an order's own history tells; see `_get_trouble_sources`.

        Changes of the amount are those that Odoo noted in the order's chatter. Whoever
        puts a quotation together saves it several times, so that before the confirmation
        only changes of later days count, each day once.
        """
        values = {
            "company": policy.company_id.id,
            "scope": self._get_scope(SQL("so.broker_customer_id"), customers),
            "start": start,
            "end": end,
        }
        sources = []
        if policy.rush_days:
            sources.append(
                SQL(
                    """
                    SELECT so.broker_customer_id, 'rush_jobs', COUNT(*), %(points)s::numeric
                      FROM sale_order so
                     WHERE so.company_id = %(company)s AND so.state = 'sale'
                       AND so.date_order >= %(start)s AND so.date_order < %(end)s
                       AND so.commitment_date - so.broker_date_confirmed
                           < %(days)s * INTERVAL '1 day'
                       AND %(scope)s
                  GROUP BY so.broker_customer_id
                    """,
                    points=policy.trouble_rush_points,
                    days=policy.rush_days,
                    **values,
                )
            )
        for kind, points, number, condition in (
            (
                "quotation_revisions",
                policy.trouble_revision_points,
                SQL("COUNT(DISTINCT (so.id, %s))", self._get_day(policy, SQL("message.date"))),
                SQL(
                    "%s > %s AND message.date < COALESCE(so.broker_date_confirmed, 'infinity')",
                    self._get_day(policy, SQL("message.date")),
                    self._get_day(policy, SQL("so.create_date")),
                ),
            ),
            (
                "job_changes",
                policy.trouble_change_points,
                SQL("COUNT(DISTINCT message.id)"),
                # What is noted in the moment of confirming belongs to the quotation.
                SQL("message.date > so.broker_date_confirmed + INTERVAL '1 minute'"),
            ),
        ):
            if points:
                sources.append(
                    SQL(
                        """
                        SELECT so.broker_customer_id, %(kind)s, %(number)s, %(points)s::numeric
                          FROM mail_tracking_value change
                          JOIN mail_message message
                            ON message.id = change.mail_message_id
                           AND message.model = 'sale.order'
                          JOIN sale_order so ON so.id = message.res_id
                         WHERE change.field_id = %(field)s AND so.company_id = %(company)s
                           AND so.date_order >= %(start)s AND so.date_order < %(end)s
                           AND %(condition)s AND %(scope)s
                      GROUP BY so.broker_customer_id
                        """,
                        kind=kind,
                        number=number,
                        points=points,
                        condition=condition,
                        field=self.env["ir.model.fields"]._get("sale.order", "amount_untaxed").id,
                        **values,
                    )
                )
        return sources

    @api.model
    def _get_day(self, policy, moment):
        """Return the SQL of the day on which a moment was where the company is: seven in
        the morning in Shanghai is not of the day before."""
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, policy.company_id._get_broker_tz())

    @api.model
    def _get_trouble_query(self, policy, start, end, customers):
        """CTE `trouble`: what happened beside orders and invoices."""
        return SQL(
            """
            trouble AS (
                SELECT customer_id, JSONB_OBJECT_AGG(kind, number) AS kinds,
                       SUM(number * points) AS points
                  FROM (
                    SELECT customer_id, kind, SUM(number) AS number, MAX(points) AS points
                      FROM (%s) AS source
                  GROUP BY customer_id, kind
                  ) AS happened
              GROUP BY customer_id
            )
            """,
            SQL(" UNION ALL ").join(self._get_trouble_sources(policy, start, end, customers)),
        )
