from odoo import api, models


class BrokerCommissionSplitBringerMixin(models.AbstractModel):
    """Who brought an order: sales, service, the care line, or the customer alone.

    Derived from people, because that is what cannot be talked about afterwards: who
    opened the opportunity, else whose it is, else who wrote the quotation. A manager
    says otherwise until the order is confirmed.
    """

    _name = "broker.commission.split.bringer.mixin"
    _description = "Commission Split: Who Brought the Order"

    @api.model
    def _get_bringer(self, order):
        """Return who brought an order: 'sales', 'service', 'care' or 'customer'."""
        customer = order.broker_customer_id.sudo()
        lead = order.opportunity_id.sudo()
        author = order.create_uid or self.env.user
        for user in (lead.create_uid, lead.user_id, author, order.user_id):
            bringer = self._get_bringer_of(user.sudo(), customer)
            if bringer:
                return bringer
        return "sales"

    @api.model
    def _get_bringer_of(self, user, customer):
        """Return in which capacity a person brings orders of a customer, or False.

        What somebody is to this customer comes first, then what they are in the firm.
        Odoo itself, which opens leads that came by mail, brings nothing.
        """
        if not user or user._is_superuser():
            return False
        if user.share:
            return "customer"
        for bringer, field in (("sales", "user_id"), ("service", "service_user_id"), ("care", "care_user_id")):
            if customer[field] == user:
                return bringer
        for bringer, group in (
            ("sales", "group_salesperson"),
            ("service", "group_service_agent"),
            ("care", "group_care_officer"),
        ):
            if user.has_group(f"print_broker_crm.{group}"):
                return bringer
        return False
