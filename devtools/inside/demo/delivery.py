"""What the demo firm's printing houses deliver directly, in the firm's name."""

from odoo.fields import Domain

from devtools.inside.demo.clock import at_hour

CUSTOMER = "heji"


class Delivery:
    """Plans the neutral delivery of one customer's newest job, on the story's clock."""

    def __init__(self, story):
        self.story = story

    def plan(self):
        self.story.clock.at(at_hour(self.story.last_workday, 14.5), self.deliver_directly)

    def deliver_directly(self):
        """The service agent lets the printing house deliver to the customer's address."""
        agent = self.story.agent(CUSTOMER)
        customer = self.story.contact[CUSTOMER].commercial_partner_id
        purchase = self.story.firm.as_user(agent)["purchase.order"].search(
            Domain("order_line.sale_order_id.partner_id", "child_of", customer.ids) & Domain("state", "=", "purchase"),
            order="id desc",
            limit=1,
        )
        address = purchase.sudo().order_line.sale_order_id.partner_shipping_id[:1]
        purchase.write({"broker_neutral_delivery": True, "dest_address_id": address.id})
