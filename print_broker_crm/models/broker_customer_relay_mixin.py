from odoo import models


class BrokerCustomerRelayMixin(models.AbstractModel):
    """What the relay room knows about a customer, on the customer file."""

    _name = "broker.customer.relay.mixin"
    _description = "Customer File: Relay"
