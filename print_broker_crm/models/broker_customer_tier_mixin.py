from odoo import models


class BrokerCustomerTierMixin(models.AbstractModel):
    """What the tier room knows about a customer, on the customer file."""

    _name = "broker.customer.tier.mixin"
    _description = "Customer File: Tier"
