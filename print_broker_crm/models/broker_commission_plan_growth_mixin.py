from odoo import fields, models


class BrokerCommissionPlanGrowthMixin(models.AbstractModel):
    """What a plan says about the growth bonus of account teams."""

    _name = "broker.commission.plan.growth.mixin"
    _description = "Commission Plan: Growth Bonus"

    growth_rate = fields.Float(
        string="Growth Bonus (%)",
        digits=(5, 2),
        help="The part of a customer's growth in margin that its account team shares. 0: no growth bonus.",
    )
    growth_weight_ids = fields.One2many(
        "broker.commission.growth.weight",
        "plan_id",
        string="Weights of Functions",
        copy=True,
        help="What a day in a function weighs. Functions that are not named weigh 1.",
    )

    _growth_rate_range = models.Constraint(
        "CHECK (growth_rate >= 0 AND growth_rate <= 100)",
        "The growth bonus lies between 0 and 100 % of the growth.",
    )
