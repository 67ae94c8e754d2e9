from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_list

# Written by the actions alone, whoever asks.
ACTION_FIELDS = frozenset(
    {
        "name",
        "company_id",
        "customer_id",
        "lead_id",
        "order_id",
        "order_ids",
        "state",
        "submitted_at",
        "first_submitted_at",
        "accept_deadline",
        "accepted_at",
        "acceptance_hours",
        "returned_at",
        "return_count",
        "return_reason",
        "escalated_at",
        "team_id",
        "clock_started_at",
        "given_back_count",
        "accepted_itself",
        "event_ids",
        "needs_introduction",
        "introduced_at",
        "first_contact_due",
        "first_contact_at",
        "first_contact_escalated_at",
    }
)


class BrokerHandoffRightsMixin(models.AbstractModel):
    """Who may write what of a handoff, and when: the salesperson fills the packet, the
    service agent answers, and the state is written by the actions alone."""

    _name = "broker.handoff.rights.mixin"
    _description = "Handoff: Rights"

    @api.model
    def _get_agent_group(self):
        return self.env.ref("print_broker_crm.group_service_agent")

    def _is_manager(self):
        return self.env.is_superuser() or self.env.user.has_group("print_broker_crm.group_manager")

    def _is_closed(self):
        return self.state in ("accepted", "cancelled")

    def _is_sender(self):
        """Tell whether the present user may fill and submit this packet."""
        self.ensure_one()
        handoff = self.sudo()
        return self._is_manager() or self.env.user in (handoff.sender_id + handoff.customer_id.user_id)

    def _is_receiver(self):
        """Tell whether the present user may accept or return this packet."""
        self.ensure_one()
        receiver = self.sudo().receiver_id
        if self._is_manager() or receiver == self.env.user:
            return True
        return not receiver and self.env.user.has_group("print_broker_crm.group_service_agent")

    def _check_open_for_change(self):
        """Raise when one of the handoffs is accepted or cancelled."""
        closed = self.filtered(lambda handoff: handoff._is_closed())
        if closed:
            raise UserError(
                self.env._(
                    "%(handoffs)s is closed and stays as it was agreed. Write what has changed since then as a note.",
                    handoffs=format_list(self.env, closed.mapped("name")),
                )
            )

    def _check_write(self, names):
        """Guard the fields of the handoff against forms, imports and RPC.

        :param names: set of the field names about to be written
        """
        names = names - set(self.env["mail.thread"]._fields) - set(self.env["mail.activity.mixin"]._fields)
        if not names:
            return
        if names & ACTION_FIELDS:
            raise UserError(
                self.env._(
                    "A handoff moves by Submit, Accept, Return and Cancel only; %(fields)s cannot be written.",
                    fields=format_list(self.env, sorted(names & ACTION_FIELDS)),
                )
            )
        self._check_open_for_change()
        if self._is_manager():
            return
        if "sender_id" in names:
            raise UserError(self.env._("Only a manager can give a handoff to another salesperson."))
        if "receiver_id" in names and any(h.state == "submitted" for h in self):
            raise UserError(
                self.env._("The handoff is with the service agent: ask a manager to give it to another one.")
            )
        # The checklist is guarded by its own model: the receiver may answer there.
        if names - {"item_ids"} and not all(h._is_sender() for h in self):
            raise UserError(self.env._("Only the salesperson or a manager can change the packet."))

    def _check_not_taken(self, receiver_id):
        """Raise when somebody who sells and serves takes a customer from the agent who
        serves it, by naming themselves or nobody as the receiver.

        :param receiver_id: id of the receiver about to be written, or False
        """
        if self._is_manager():
            return
        agents = self._get_agent_group().sudo().all_user_ids
        for handoff in self.sudo():
            sender = handoff.sender_id
            agent = handoff._get_present_agent()
            if receiver_id in (False, sender.id) and sender in agents and agent - sender:
                raise UserError(
                    self.env._(
                        "%(agent)s serves %(customer)s: ask a manager if somebody else is to take its jobs over.",
                        agent=agent.name,
                        customer=handoff.customer_name,
                    )
                )
