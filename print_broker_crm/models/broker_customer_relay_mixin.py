from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

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
    def _get_touched_models(self):
        """Add the packets: what is to be done on them is about the customer."""
        return super()._get_touched_models() | {"broker.handoff": "customer_id"}

    @api.model
    def _get_touch_queries(self, since=None):
        """Add accepted handoffs: with them the customer meets the service agent."""
        return super()._get_touch_queries(since) + [
            SQL(
                """
                SELECT customer.id, handoff.receiver_id, handoff.accepted_at, 'out', 'handoff', 'service', NULL::int,
                       'broker.handoff', handoff.id
                  FROM customer
                  JOIN broker_handoff handoff ON handoff.customer_id = customer.id
                 WHERE handoff.state = 'accepted'
                   AND handoff.receiver_id IS NOT NULL
                   AND %s
                """,
                self._get_since_condition("handoff", "accepted_at", since),
            )
        ]

    @api.model
    def _get_touch_models(self):
        return super()._get_touch_models() + ["broker.handoff"]

    def _after_contact(self, contacts):
        """The first word of a service agent who is new to the customer may be among them."""
        result = super()._after_contact(contacts)
        for (user, moment), group in contacts.grouped(lambda contact: (contact.user_id, contact.date)).items():
            if user:
                self.env["broker.handoff"]._after_contact(group.customer_id, user, moment)
        return result

    @api.model
    def _get_promise_queries(self):
        """Add the packets that nobody has taken over from the salesperson yet."""
        return super()._get_promise_queries() + [
            SQL(
                """
                SELECT customer.id, 'handoff', 'broker.handoff', handoff.id, handoff.create_date::date
                  FROM customer
                  JOIN broker_handoff handoff ON handoff.customer_id = customer.id
                   AND handoff.sender_id = customer.salesperson_id
                 WHERE handoff.state IN %s
                """,
                tuple(OPEN_STATES),
            )
        ]

    @api.model
    def _get_obligation_kinds(self):
        """Add the first word of a service agent who is new to the customer."""
        return {**super()._get_obligation_kinds(), "first_contact": self.env._("First word of the service agent")}

    @api.model
    def _get_obligation_queries(self):
        return super()._get_obligation_queries() + [
            SQL(
                """
                SELECT owed.id, handoff.receiver_id, 'first_contact'::varchar,
                       (handoff.first_contact_due AT TIME ZONE 'UTC' AT TIME ZONE owed.zone)::date,
                       'broker.handoff'::varchar, handoff.id
                  FROM owed
                  JOIN broker_handoff handoff ON handoff.customer_id = owed.id
                 WHERE handoff.state != 'cancelled'
                   AND handoff.first_contact_at IS NULL
                   AND handoff.first_contact_due < %s
                """,
                fields.Datetime.now(),
            )
        ]

    @api.model
    def _after_companies_lost(self, user, companies):
        """Let others receive what was on its way to somebody of these companies."""
        self.env["broker.handoff"]._pass_on(user, companies)
        return super()._after_companies_lost(user, companies)

    @api.model
    def _before_users_leave(self, users):
        """Let others receive what was on its way to the leavers."""
        result = super()._before_users_leave(users)
        self.env["broker.handoff"]._pass_on(users)
        return result
