from odoo import fields, models


class BrokerCompanyMarketMixin(models.AbstractModel):
    """How far a company looks back at what customers want, and how often it turns to them."""

    _name = "broker.company.market.mixin"
    _description = "Company: Market"

    broker_demand_months = fields.Integer(
        string="Months of Margin behind Demand",
        default=12,
        help="What customers want is weighed by what they earned the firm in so many closed months. A wish or a "
        "purchase elsewhere that is older does not count any more; a need counts until it is proven or dropped.",
    )
    broker_campaign_rest_days = fields.Integer(
        string="Days between Two Campaigns",
        default=30,
        help="A customer whom a campaign turned to is left alone by every campaign for so many days. 0: never.",
    )
    broker_campaign_follow_days = fields.Integer(
        string="Days to Count What Came of It",
        default=60,
        help="Jobs that a customer confirms within so many days count for the campaign. A campaign may say otherwise.",
    )
    broker_campaign_todo_days = fields.Integer(
        string="Days for To-Dos of Campaigns",
        default=7,
        help="By when whoever serves the customer is to have turned to it.",
    )

    broker_campaign_holdback_percent = fields.Integer(
        string="Held Back by Campaigns (%)",
        default=0,
        help="So many of 100 customers a campaign leaves alone, chosen by lot, to show whether it makes a difference. "
        "A campaign may say otherwise. 0: nobody.",
    )

    _broker_campaign_holdback_range = models.Constraint(
        "CHECK (broker_campaign_holdback_percent BETWEEN 0 AND 90)",
        "Between 0 and 90 of 100 customers are held back.",
    )
    _broker_market_days = models.Constraint(
        "CHECK (broker_demand_months > 0 AND broker_campaign_follow_days > 0"
        " AND LEAST(broker_campaign_rest_days, broker_campaign_todo_days) >= 0)",
        "Demand looks back at least one month and a campaign is followed for at least one day; the other days of "
        "campaigns are 0 or more.",
    )
