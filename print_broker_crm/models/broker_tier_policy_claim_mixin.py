from odoo import fields, models


class BrokerTierPolicyClaimMixin(models.AbstractModel):
    """What claims count for in the scores."""

    _name = "broker.tier.policy.claim.mixin"
    _description = "5A Policy: Claims"

    claim_fault_points = fields.Float(
        string="Claims of Their Own Fault",
        help="Points off if the customer had a claim of their own fault with every job; a share of the fault counts "
        "as a share of a claim. Only claims that a manager settled count.",
    )

    _claim_fault_points_not_negative = models.Constraint(
        "CHECK (COALESCE(claim_fault_points, 0) >= 0)", "What a claim counts for cannot be negative."
    )
