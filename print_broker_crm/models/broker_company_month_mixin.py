from odoo import fields, models
from odoo.fields import NO_ACCESS


class BrokerCompanyMonthMixin(models.AbstractModel):
    """How far the nights of insight have come in a company."""

    _name = "broker.company.month.mixin"
    _description = "Company: Customer Months"

    broker_insight_night_on = fields.Date(
        string="Last Night of Insight",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="The day of the last one that came to its end.",
    )
    broker_month_built_on = fields.Date(
        string="Customer Months Built On",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="When all of them were last begun to be worked out anew.",
    )
    broker_month_built_up_to = fields.Integer(
        string="Customer Months Built up to",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the last customer of the build in progress; empty when there is none.",
    )
    broker_month_basis = fields.Char(
        string="Customer Months Built By",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="A digest of how they were worked out: with another one all are worked out anew.",
    )
