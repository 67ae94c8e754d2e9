from odoo import fields, models


class BrokerTierPolicySignalMixin(models.AbstractModel):
    """What is read beside the tier: which way it goes, and who costs more than it shows.

    Apart from the policy's own numbers, because no tier follows from these.
    """

    _name = "broker.tier.policy.signal.mixin"
    _description = "5A Policy: Signals"

    trend_months = fields.Integer(
        string="Compare with (Months Before)",
        default=3,
        help="The arrow beside the tier compares the total with the one so many months before.",
    )
    trend_min = fields.Float(
        string="No Trend below", default=0.1, digits=(4, 2), help="A smaller change of the total is no trend."
    )
    drain_revenue_score = fields.Integer(
        string="Drain: Revenue from (A)",
        default=4,
        help="A customer of this revenue or more is a service drain when little is left of it. 0: none is.",
    )
    drain_profit_score = fields.Integer(
        string="Drain: Profit after Service up to (A)",
        default=2,
        help="The profit less the cost to serve, judged by the thresholds of the dimension Profit.",
    )
