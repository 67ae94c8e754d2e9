"""What the owner of the demo firm has to look at: a line that nobody says the cost of."""

from devtools.inside.demo.clock import at_hour


class Oversight:
    """Plans what waits for the owner, on the story's clock."""

    def __init__(self, story):
        self.story = story

    def plan(self):
        self.story.clock.at(at_hour(self.story.last_workday, 14.0), self.add_line_without_cost, "wang", 380.0)

    def add_line_without_cost(self, login, price):
        """A salesperson adds a rush fee to the newest job of theirs; nobody knows what it costs."""
        user = self.story.firm.user[login]
        env = self.story.firm.as_user(user)
        job = env["sale.order"].search(
            [("user_id", "=", user.id), ("state", "=", "sale")], order="date_order desc", limit=1
        )
        fee = self.story.root["product.product"].create(
            {"name": "加急费", "type": "service", "company_id": self.story.firm.company.id}
        )
        env["sale.order.line"].create(
            {
                "order_id": job.id,
                "product_id": fee.id,
                "product_uom_qty": 1.0,
                "price_unit": price,
                "purchase_price": 0.0,
            }
        )
