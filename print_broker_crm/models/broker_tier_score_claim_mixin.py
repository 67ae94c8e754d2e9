from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreClaimMixin(models.AbstractModel):
    """Claims in the scores: what customers claimed though they were at fault themselves
    tells of their integrity.

    It comes with the troubles, because they are what a night gathers and compares, and
    costs no points of ease.
    """

    _name = "broker.tier.score.claim.mixin"
    _description = "5A Score: Claims"

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Add the customers' part of the fault in settled claims."""
        sources = super()._get_trouble_sources(policy, start, end, customers)
        if not policy.claim_fault_points:
            return sources
        self.env["broker.case"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT claim.customer_id, 'own_fault_claims',
                       ROUND(SUM(claim.fault_customer)::numeric / 100, 4), 0::numeric
                  FROM broker_case claim
                 WHERE claim.company_id = %(company)s AND claim.claim_settled_at IS NOT NULL
                   AND claim.state != 'cancelled' AND claim.fault_customer > 0
                   AND claim.opened_at >= %(start)s AND claim.opened_at < %(end)s
                   AND %(scope)s
              GROUP BY claim.customer_id
                """,
                company=policy.company_id.id,
                start=start,
                end=end,
                scope=self._get_scope(SQL("claim.customer_id"), customers),
            ),
        ]

    def _explain_integrity(self, inputs):
        evidence = super()._explain_integrity(inputs)
        if number := inputs.get("own_fault_claims"):
            evidence += " " + self.env._(
                "Minus %(number)s claims of their own fault of %(jobs)s jobs × %(points)s.",
                number=self._format_number(number),
                jobs=inputs.get("jobs", 0),
                points=self._format_number(self.policy_id.sudo().claim_fault_points),
            )
        return evidence
