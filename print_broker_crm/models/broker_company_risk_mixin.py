from odoo import fields, models
from odoo.fields import NO_ACCESS


class BrokerCompanyRiskMixin(models.AbstractModel):
    """What a company asks of churn risk, and how far its night has come."""

    _name = "broker.company.risk.mixin"
    _description = "Company: Churn Risk"

    broker_risk_days = fields.Integer(
        string="Churn Risk Looks Ahead",
        default=180,
        help="Churn risk is the likelihood that a customer places no job in so many days. A customer whose jobs lie "
        "further apart is given that long.",
    )
    broker_risk_high = fields.Integer(
        string="Churn Risk Is High From",
        default=70,
        help="A customer with so much churn risk or more is marked, and found with the filter At Risk.",
    )
    broker_risk_weight = fields.Integer(
        string="Shipped Experience Counts As",
        default=25,
        help="How many customers the shipped weights count as, when the firm's own past speaks otherwise.",
    )
    broker_risk_pause_days = fields.Integer(
        string="The Firm Paused After",
        default=30,
        help="When the whole firm had no job for longer than so many days, and much longer than usual, nobody was "
        "silent in that time. 0: every day counts.",
    )
    broker_risk_mark_date = fields.Date(
        string="Day of the Last Churn Risk Run", readonly=True, copy=False, groups=NO_ACCESS
    )
    broker_risk_mark_id = fields.Integer(
        string="Churn Risk Run up to Customer",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the last customer looked at on that day.",
    )

    _broker_risk_limits = models.Constraint(
        "CHECK (broker_risk_days > 0 AND broker_risk_high BETWEEN 1 AND 100 AND broker_risk_weight >= 1"
        " AND broker_risk_pause_days >= 0)",
        "Churn risk looks ahead one day at least and is high from 1 to 100; the shipped experience counts as one "
        "customer at least; and the days of a pause cannot be negative.",
    )
