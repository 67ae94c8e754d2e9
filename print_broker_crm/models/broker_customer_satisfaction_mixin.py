from odoo import models


class BrokerCustomerSatisfactionMixin(models.AbstractModel):
    """How satisfied a customer is, on the customer file of the care line and managers."""

    _name = "broker.customer.satisfaction.mixin"
    _description = "Customer File: Satisfaction"

    # ACTIONS

    def action_ask_by_link(self):
        """Open the link by which the customer's main contact can score."""
        self.ensure_one()
        self.env["broker.care.call"].check_access("write")
        self.check_access("read")
        gap = self.env["broker.care.rule"]._get_rating_gap(self.company_id, "cadence")
        link = self.env["broker.rating.link"]._ask(self, self.partner_id, gap)
        return link.with_env(self.env)._get_form_action()

    def action_view_satisfaction(self):
        """Open the customer's scores, sales and service."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_satisfaction_customer_action")
        action["domain"] = [("customer_id", "=", self.id)]
        return action

    # BUSINESS

    def _get_rated_user(self, role):
        """Return the `res.users` whom a score of this customer is about.

        Whoever has the role now, or had it last: after a salesperson left, the customer
        still judges that salesperson.

        :param role: 'sales' or 'service'
        """
        self.ensure_one()
        customer = self.sudo()
        user = customer.user_id if role == "sales" else customer.service_user_id
        if not user:
            last = self.env["broker.assignment"].sudo()._get_last(customer, role)
            user = last[customer.id].user_id if customer.id in last else user
        return user
