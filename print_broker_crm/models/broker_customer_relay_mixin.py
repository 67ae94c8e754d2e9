from odoo import api, fields, models
from odoo.fields import Domain

from .broker_customer_hook_mixin import HeldKind
from .broker_handoff_flow_mixin import OPEN_STATES


class BrokerCustomerRelayMixin(models.AbstractModel):
    """What the relay room knows about a customer, on the customer file."""

    _name = "broker.customer.relay.mixin"
    _description = "Customer File: Relay"

    handoff_ids = fields.One2many("broker.handoff", "customer_id", string="All Handoffs", readonly=True)
    handoff_count = fields.Integer(string="Handoffs", compute="_compute_handoff_count")
    open_handoff_count = fields.Integer(string="Open Handoffs", compute="_compute_handoff_count")

    def _compute_handoff_count(self):
        rows = self.env["broker.handoff"]._read_group(
            Domain("customer_id", "in", self.ids) & Domain("state", "!=", "cancelled"),
            ["customer_id", "state"],
            ["__count"],
        )
        totals = {}
        open_totals = {}
        for customer, state, count in rows:
            totals[customer] = totals.get(customer, 0) + count
            if state != "accepted":
                open_totals[customer] = open_totals.get(customer, 0) + count
        for customer in self:
            customer.handoff_count = totals.get(customer._origin, 0)
            customer.open_handoff_count = open_totals.get(customer._origin, 0)

    def action_view_handoffs(self):
        """Open the handoffs of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_handoff_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        return action

    @api.model
    def _get_held_kinds(self):
        """Add the packets on their way: the sender's and the receiver's."""
        is_open = Domain("state", "in", OPEN_STATES)
        return super()._get_held_kinds() + [
            HeldKind("handoff", role, "broker.handoff", "customer_id", user_field, is_open)
            for role, user_field in (("sales", "sender_id"), ("service", "receiver_id"))
        ]

    @api.model
    def _before_users_leave(self, users):
        """Let others receive what was on its way to the leavers."""
        result = super()._before_users_leave(users)
        self.env["broker.handoff"]._pass_on(users)
        return result
