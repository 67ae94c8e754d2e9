from odoo import fields, models


class BrokerCompanyClaimMixin(models.AbstractModel):
    """How a company deals with claims and crises."""

    _name = "broker.company.claim.mixin"
    _description = "Company: Claims"

    broker_claim_charge = fields.Selection(
        [
            ("job", "The job: its margin gets smaller"),
            ("fault", "Who was at fault, the rest the job"),
            ("none", "Nobody's commission"),
        ],
        string="Claims Are Borne by",
        required=True,
        default="job",
        help="Where the cost of a settled claim goes. Sales and service at fault bear their part in full, the rest "
        "lowers the margin that is shared.",
    )
    broker_crisis_lead_hours = fields.Float(
        string="Crisis Meeting After",
        default=0.5,
        help="Working hours after which sales, service and the manager meet about a crisis.",
    )
    broker_crisis_duration = fields.Float(string="Crisis Meeting Takes", default=0.5, help="Hours.")

    _broker_crisis_hours = models.Constraint(
        "CHECK (broker_crisis_lead_hours >= 0 AND broker_crisis_duration > 0)",
        "A crisis meeting does not begin before it is called, and takes some time.",
    )
