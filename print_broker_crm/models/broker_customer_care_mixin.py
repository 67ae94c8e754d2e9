from odoo import models


class BrokerCustomerCareMixin(models.AbstractModel):
    """What the care room knows about a customer, on the customer file."""

    _name = "broker.customer.care.mixin"
    _description = "Customer File: Care"
