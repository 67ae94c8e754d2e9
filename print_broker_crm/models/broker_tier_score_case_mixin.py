from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreCaseMixin(models.AbstractModel):
    """Cases in the scores: a complaint or a claim was trouble, the more the graver it was,
    and who solved a case worked for the customer."""

    _name = "broker.tier.score.case.mixin"
    _description = "5A Score: Cases"

    @api.model
    def _get_room_work_sources(self, policy, start, end):
        """Add solved cases, for who answered for them."""
        sources = super()._get_room_work_sources(policy, start, end)
        if not policy.work_case_weight:
            return sources
        self.env["broker.case"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT user_id, customer_id, solved_at, %(weight)s::float8
                  FROM broker_case
                 WHERE company_id = %(company)s AND user_id IS NOT NULL AND state IN ('solved', 'closed')
                   AND solved_at >= %(start)s AND solved_at < %(end)s
                """,
                weight=policy.work_case_weight,
                company=policy.company_id.id,
                start=start,
                end=end,
            ),
        ]

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Add complaints and claims by their severity, those that were none left out."""
        sources = super()._get_trouble_sources(policy, start, end, customers)
        if not policy.trouble_case_points:
            return sources
        self.env["broker.case"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT cases.customer_id, 'case_severity', SUM(cases.severity::int + 1), %(points)s::numeric
                  FROM broker_case cases
                 WHERE cases.company_id = %(company)s AND cases.kind IN ('complaint', 'claim')
                   AND cases.state != 'cancelled'
                   AND cases.opened_at >= %(start)s AND cases.opened_at < %(end)s
                   AND %(scope)s
              GROUP BY cases.customer_id
                """,
                points=policy.trouble_case_points,
                company=policy.company_id.id,
                start=start,
                end=end,
                scope=self._get_scope(SQL("cases.customer_id"), customers),
            ),
        ]

    def _explain_more_trouble(self, inputs):
        sentences = super()._explain_more_trouble(inputs)
        if number := inputs.get("case_severity"):
            points = self._format_number(self.policy_id.sudo().trouble_case_points)
            sentences.append(
                self.env._(
                    "Also complaints and claims, weighted by severity %(number)s × %(points)s.",
                    number=number,
                    points=points,
                )
            )
        return sentences
