from odoo import models
from odoo.exceptions import UserError


class BrokerContactSourceMixin(models.AbstractModel):
    """Documents of a customer on which a contact is logged: opportunities and jobs."""

    _name = "broker.contact.source.mixin"
    _description = "Document on Which Contacts Are Logged"

    def action_broker_log_contact(self):
        """Ask by which channel the customer was met about this document."""
        self.ensure_one()
        self.check_access("read")
        customer = self.broker_customer_id
        if not customer:
            raise UserError(
                self.env._("There is no customer file yet: it opens with the first won opportunity or confirmed order.")
            )
        action = customer.action_log_contact()
        action["context"].update(default_res_model=self._name, default_res_id=self.id)
        if self.partner_id.sudo().commercial_partner_id == customer.sudo().partner_id:
            action["context"]["default_partner_id"] = self.partner_id.id
        return action
