from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreLegMixin(models.AbstractModel):
    """Legs in the scores: whoever finished one worked for the customer, and a job that
    came back was trouble."""

    _name = "broker.tier.score.leg.mixin"
    _description = "5A Score: Legs"

    @api.model
    def _get_room_work_sources(self, policy, start, end):
        """Add finished legs, for who had the job."""
        sources = super()._get_room_work_sources(policy, start, end)
        if not policy.work_leg_weight:
            return sources
        self.env["broker.relay.leg"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT user_id, customer_id, finished_at, %(weight)s::float8
                  FROM broker_relay_leg
                 WHERE company_id = %(company)s AND user_id IS NOT NULL
                   AND outcome IN ('finished', 'returned')
                   AND finished_at >= %(start)s AND finished_at < %(end)s
                """,
                weight=policy.work_leg_weight,
                company=policy.company_id.id,
                start=start,
                end=end,
            ),
        ]

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Add the jobs that came back to an earlier stage."""
        sources = super()._get_trouble_sources(policy, start, end, customers)
        if not policy.trouble_leg_points:
            return sources
        self.env["broker.relay.leg"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT leg.customer_id, 'returned_legs', COUNT(*), %(points)s::numeric
                  FROM broker_relay_leg leg
                 WHERE leg.company_id = %(company)s AND leg.start_kind = 'returned'
                   AND leg.started_at >= %(start)s AND leg.started_at < %(end)s
                   AND %(scope)s
              GROUP BY leg.customer_id
                """,
                points=policy.trouble_leg_points,
                company=policy.company_id.id,
                start=start,
                end=end,
                scope=self._get_scope(SQL("leg.customer_id"), customers),
            ),
        ]

    def _explain_more_trouble(self, inputs):
        sentences = super()._explain_more_trouble(inputs)
        if number := inputs.get("returned_legs"):
            points = self._format_number(self.policy_id.sudo().trouble_leg_points)
            sentences.append(self.env._("Also %(number)s jobs sent back × %(points)s.", number=number, points=points))
        return sentences
