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
    broker_month_build_from = fields.Integer(
        string="Customer Months to Build From",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the customer with whom the build in progress goes on; 0 when there is none.",
    )
    broker_month_basis = fields.Char(
        string="Customer Months Built By",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="A digest of how they were worked out: with another one all are worked out anew.",
    )
