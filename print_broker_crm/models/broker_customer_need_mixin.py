from odoo import fields, models
from odoo.fields import Domain


class BrokerCustomerNeedMixin(models.AbstractModel):
    """What the customer wants, on the customer file."""

    _name = "broker.customer.need.mixin"
    _description = "Customer File: Needs"

    need_ids = fields.One2many("broker.need", "customer_id", string="Needs")
    open_need_count = fields.Integer(string="Open Needs", compute="_compute_need_count")
    need_count = fields.Integer(string="All Needs", compute="_compute_need_count")

    def _compute_need_count(self):
        totals, waiting = {}, {}
        for customer, state, count in self.env["broker.need"]._read_group(
            Domain("customer_id", "in", self.ids), ["customer_id", "state"], ["__count"]
        ):
            totals[customer.id] = totals.get(customer.id, 0) + count
            if state == "open":
                waiting[customer.id] = count
        for customer in self:
            customer.need_count = totals.get(customer._origin.id, 0)
            customer.open_need_count = waiting.get(customer._origin.id, 0)

    def action_view_needs(self):
        """Open the needs of the customer, those that wait first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_need_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {"default_customer_id": self.id}
        return action
