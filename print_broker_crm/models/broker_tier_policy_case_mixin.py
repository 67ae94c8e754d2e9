from odoo import fields, models


class BrokerTierPolicyCaseMixin(models.AbstractModel):
    """What cases count for in the scores."""

    _name = "broker.tier.policy.case.mixin"
    _description = "5A Policy: Cases"

    work_case_weight = fields.Float(
        string="Solved Case", help="Weight of a case that was solved, for who answered for it."
    )
    trouble_case_points = fields.Float(
        string="Complaint or Claim",
        help="Points for each complaint and claim, whoever caused it: once for a minor one, twice for a normal, three "
        "times for a serious one and four times for a crisis.",
    )

    _cases_not_negative = models.Constraint(
        "CHECK (COALESCE(work_case_weight, 0) >= 0 AND COALESCE(trouble_case_points, 0) >= 0)",
        "What a case counts for cannot be negative.",
    )
