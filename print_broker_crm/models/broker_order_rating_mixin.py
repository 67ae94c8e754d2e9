from odoo import fields, models
from odoo.exceptions import UserError

from .broker_customer_care_mixin import CARE_GROUP


class BrokerOrderRatingMixin(models.AbstractModel):
    """How the care line asks about a job that was received, without a call."""

    _name = "broker.order.rating.mixin"
    _description = "Order: Satisfaction"

    broker_rating_link_ids = fields.One2many(
        "broker.rating.link", "order_id", string="Rating Links", copy=False, groups=CARE_GROUP
    )

    def action_broker_ask_by_link(self):
        """Open the link by which whoever ordered can score, asking now if nobody did."""
        self.ensure_one()
        self.env["broker.care.call"].check_access("write")
        self.check_access("read")
        order = self.sudo()
        if not order.broker_receipt_date or not order.broker_customer_id:
            raise UserError(self.env._("%(order)s is not received yet: there is nothing to ask.", order=order.name))
        customer, person = order.broker_customer_id, order.partner_id
        if person.commercial_partner_id != customer.partner_id:
            person = customer.partner_id
        link = self.env["broker.rating.link"]._ask(
            customer, person, self.env["broker.care.rule"]._get_rating_gap(order.company_id, "receipt"), order=order
        )
        return link.with_env(self.env)._get_form_action()
