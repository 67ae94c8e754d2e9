from odoo import models


class BrokerCustomerLinkMixin(models.AbstractModel):
    """What names one customer, and opens its file."""

    _name = "broker.customer.link.mixin"
    _description = "Link to a Customer File"

    def action_open_customer(self):
        """Open the customer file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.customer",
            "res_id": self.customer_id.id,
            "view_mode": "form",
        }
