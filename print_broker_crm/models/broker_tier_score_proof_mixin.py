from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreProofMixin(models.AbstractModel):
    """Proofs that had to be made again, among the troubles of a job."""

    _name = "broker.tier.score.proof.mixin"
    _description = "5A Score: Proofs"

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Add the rounds after the first, of each job and line."""
        sources = super()._get_trouble_sources(policy, start, end, customers)
        if not policy.trouble_proof_points:
            return sources
        self.env["broker.proof"].flush_model(["state", "order_id", "order_line_id"])
        return [
            *sources,
            SQL(
                """
                SELECT so.broker_customer_id, 'proof_rounds',
                       COUNT(*) - COUNT(DISTINCT (proof.order_id, COALESCE(proof.order_line_id, 0))),
                       %(points)s::numeric
                  FROM broker_proof proof
                  JOIN sale_order so ON so.id = proof.order_id
                 WHERE proof.state != 'draft' AND so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                   AND %(scope)s
              GROUP BY so.broker_customer_id
                HAVING COUNT(*) > COUNT(DISTINCT (proof.order_id, COALESCE(proof.order_line_id, 0)))
                """,
                points=policy.trouble_proof_points,
                company=policy.company_id.id,
                start=start,
                end=end,
                scope=self._get_scope(SQL("so.broker_customer_id"), customers),
            ),
        ]

    def _explain_more_trouble(self, inputs):
        sentences = super()._explain_more_trouble(inputs)
        if number := inputs.get("proof_rounds"):
            points = self._format_number(self.policy_id.sudo().trouble_proof_points)
            sentences.append(self.env._("Also %(number)s repeated proofs × %(points)s.", number=number, points=points))
        return sentences
