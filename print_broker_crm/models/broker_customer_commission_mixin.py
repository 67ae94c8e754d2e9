from odoo import models


class BrokerCustomerCommissionMixin(models.AbstractModel):
    """What the commission room knows about a customer, on the customer file."""

    _name = "broker.customer.commission.mixin"
    _description = "Customer File: Commission"
