from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import format_list

from .broker_handoff_clock_mixin import ACCEPT_ACTIVITY, LATE_ACTIVITY
from .broker_handoff_list_mixin import SETTLE_ACTIVITY

OPEN_STATES = ("draft", "submitted", "returned")
RETURN_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_return"


class BrokerHandoffFlowMixin(models.AbstractModel):
    """How a handoff moves: submitted, accepted, returned or cancelled.

    Apart from the packet, because these are the only ways in which its state changes:
    who may move it, the clock in working hours and the to-dos that go with each step
    are read together.
    """

    _name = "broker.handoff.flow.mixin"
    _description = "Handoff: Flow"

    # CHECKS

    def _check_sender(self):
        """Raise unless the present user may fill and submit these handoffs."""
        self.check_access("write")
        refused = self.filtered(lambda handoff: not handoff._is_sender())
        if refused:
            raise UserError(
                self.env._(
                    "Only the salesperson or a manager can do this with %(handoffs)s.",
                    handoffs=format_list(self.env, refused.mapped("name")),
                )
            )

    def _check_receiver_role(self):
        """Raise unless the present user may accept or return these handoffs."""
        self.check_access("write")
        refused = self.filtered(lambda handoff: not handoff._is_receiver())
        if refused:
            raise UserError(
                self.env._(
                    "Only the service agent who receives %(handoffs)s, or a manager, can accept or return it.",
                    handoffs=format_list(self.env, refused.mapped("name")),
                )
            )

    def _check_state(self, *states):
        wrong = self.filtered(lambda handoff: handoff.state not in states)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This cannot be done any more with %(handoffs)s.",
                    handoffs=format_list(
                        self.env,
                        [f"{handoff.name} ({labels[handoff.state]})" for handoff in wrong],
                    ),
                )
            )

    def _lock(self):
        """Let nobody else move these handoffs until the end of the transaction."""
        try:
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is moving %(handoffs)s at this very moment. Look again what became of it.",
                    handoffs=format_list(self.env, self.sudo().mapped("name")),
                )
            ) from error

    # ACTIONS

    def action_submit(self):
        """Hand the packet to the service agent and start the clock.

        :return: True, or a message to the user when the list got longer since it was
            filled: then nothing was submitted
        :raise UserError: names every gap of every handoff; nothing is changed then
        """
        self._check_sender()
        self._lock()
        self._check_state("draft", "returned")
        automatic = self.filtered(lambda handoff: handoff.sudo()._accepts_itself())
        asked = self - automatic
        if asked._sync_items().filtered("gap_reason"):
            # Raising would take the new points off the list again.
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "warning",
                    "sticky": True,
                    "message": asked._get_gap_message(),
                    "next": {"type": "ir.actions.client", "tag": "soft_reload"},
                },
            }
        asked._check_no_gap()
        self._submit()
        # Where the same person sells and serves there is nobody to wait for.
        own = asked.filtered(lambda handoff: handoff.sender_id == handoff.receiver_id)
        (asked - own).sudo()._schedule_acceptance()
        own._accept()
        automatic._accept(itself=True)
        return True

    def _submit(self):
        """Start the clock without looking at who asks or at gaps."""
        now = fields.Datetime.now()
        handoffs = self.sudo()
        deadlines = handoffs._get_accept_deadlines(now)
        for handoff in handoffs:
            handoff.write(
                {
                    "state": "submitted",
                    "submitted_at": now,
                    "first_submitted_at": handoff.first_submitted_at or now,
                    "clock_started_at": handoff.clock_started_at or now,
                    "accept_deadline": deadlines[handoff],
                    "escalated_at": False,
                }
            )
        handoffs.item_ids.filtered("is_returned").write({"is_returned": False})
        handoffs.activity_feedback([RETURN_ACTIVITY])
        self._log_step("submitted")

    def action_accept(self):
        """Take the job over: the receiver becomes the customer's service agent.

        :raise UserError: when the list has a gap at this moment, or somebody else is
            to receive the handoff
        """
        self._check_receiver_role()
        self._lock()
        self._check_state("submitted")
        self._accept()
        return True

    def action_open_return(self):
        """Open the dialog that asks what is missing."""
        self.ensure_one()
        self._check_may_return()
        # What is asked by now can be named as missing.
        self._sync_items()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Return %(handoff)s", handoff=self.name),
            "res_model": "broker.handoff.return",
            "view_mode": "form",
            "target": "new",
            "context": {"default_handoff_id": self.id},
        }

    @api.private
    def action_return(self, gaps=None, reason=""):
        """Give the packet back to the sender; it counts against the sender.

        An accepted one can be given back as well while a job is under way: the agent
        stays the customer's, and what the acceptance earned stays earned.

        :param gaps: `broker.handoff.item` records that are not good enough
        :param reason: what is wrong in words; one of the two is needed
        """
        self.ensure_one()
        self._check_may_return()
        self._lock()
        self._check_state("submitted", "accepted")
        gaps = gaps or self.env["broker.handoff.item"]
        reason = (reason or "").strip()
        if not gaps and not reason:
            raise UserError(
                self.env._(
                    "Say why %(handoff)s goes back: choose what is missing or write the reason.",
                    handoff=self.name,
                )
            )
        if gaps.handoff_id - self:
            raise UserError(
                self.env._(
                    "The items chosen belong to another handoff than %(handoff)s.",
                    handoff=self.name,
                )
            )
        lines = gaps.mapped("display_name") + ([reason] if reason else [])
        handoff = self.sudo()
        is_given_back = handoff.state == "accepted"
        vals = {
            "state": "returned",
            "returned_at": fields.Datetime.now(),
            "return_count": handoff.return_count + 1,
            "return_reason": "\n".join(lines),
            "accept_deadline": False,
        }
        if is_given_back:
            vals["given_back_count"] = handoff.given_back_count + 1
            # The time in which service worked on the job is nobody's waiting.
            vals["clock_started_at"] = False
            vals["receiver_id"] = (handoff._get_present_agent() or handoff.receiver_id).id
        self._log_step("given_back" if is_given_back else "returned", reason, gaps.requirement_id)
        handoff.write(vals)
        # What a person vouched for must be answered anew; the system's checks speak
        # for themselves.
        gaps.sudo().write({"is_returned": True, "answer": False, "settle_by": False})
        handoff.activity_feedback([ACCEPT_ACTIVITY])
        handoff.activity_unlink([LATE_ACTIVITY])
        reasons = format_list(self.env, lines)
        handoff.message_post(
            body=self.env._("Given back after the acceptance: %(reasons)s", reasons=reasons)
            if is_given_back
            else self.env._("Returned: %(reasons)s", reasons=reasons),
            subtype_xmlid="mail.mt_note",
        )
        handoff._schedule(
            RETURN_ACTIVITY,
            {handoff: handoff.sender_id},
            {handoff: handoff.company_id._get_broker_today()},
            lambda env, _handoff: env._("Complete the returned handoff"),
        )
        return True

    def action_cancel(self):
        """Withdraw the handoff; its jobs are free for another one."""
        self._check_sender()
        self._lock()
        self._check_state(*OPEN_STATES)
        once_accepted = self.filtered("accepted_at")
        if once_accepted and not self._is_manager():
            raise UserError(
                self.env._(
                    "%(handoffs)s was accepted before it came back: complete it, or ask a manager to withdraw it.",
                    handoffs=format_list(self.env, once_accepted.mapped("name")),
                )
            )
        self._cancel()
        return True

    # BUSINESS

    def _check_may_return(self):
        """Raise unless the present user may return this handoff as it stands."""
        self._check_receiver_role()
        self._check_state("submitted", "accepted")
        if self.state != "accepted":
            return
        if self.sender_id == self.receiver_id:
            raise UserError(
                self.env._(
                    "%(user)s sold %(handoff)s and runs it: there is nobody to give it back to.",
                    user=self.sudo().sender_id.name,
                    handoff=self.name,
                )
            )
        orders = self.sudo().order_ids.filtered(lambda order: order.state == "sale")
        if orders and all(order.broker_receipt_date for order in orders):
            raise UserError(
                self.env._(
                    "The customer has received every job of %(handoff)s: there is nothing left to give back.",
                    handoff=self.name,
                )
            )
        rival = self.sudo().search(
            Domain("lead_id", "in", self.sudo().lead_id.ids)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", OPEN_STATES),
            limit=1,
        )
        if rival:
            raise UserError(
                self.env._(
                    "%(rival)s of the same opportunity is open already: write there what is missing.", rival=rival.name
                )
            )

    def _get_present_agent(self):
        """Return the customer's service agent of today, where they can receive."""
        self.ensure_one()
        able, _queue = self._get_agent_queue(self.company_id)
        return self.customer_id.service_user_id & able

    def _accepts_itself(self):
        """Hook: tell whether nobody is asked to accept this handoff: the firm wants none
        accepted, or its team sells and serves in one."""
        self.ensure_one()
        return self.company_id.broker_handoff_mode == "self" or self.team_id._broker_is_territory_of(self.sender_id)

    def _accept_themselves(self):
        """Accept the new handoffs that wait for nobody; their list is not asked for."""
        waiting = self.sudo().filtered(lambda handoff: handoff.state == "draft" and handoff._accepts_itself())
        if waiting:
            waiting._submit()
            waiting._accept(itself=True)

    def _accept(self, itself=False):
        """Accept without looking at who asks; gaps are looked at again.

        :param itself: nobody accepts: the list stays as it is, and a handoff without a
            receiver falls to its sender
        """
        if not self:
            return
        if not itself:
            self._check_no_gap()
        now = fields.Datetime.now()
        handoffs = self.sudo()
        for handoff in handoffs:
            handoff.item_ids._freeze()
            start = handoff.clock_started_at or handoff.first_submitted_at
            handoff.write(
                {
                    "state": "accepted",
                    "accepted_at": now,
                    # One that was given back had its hours before.
                    "acceptance_hours": handoff.acceptance_hours + self._count_hours(handoff.company_id, start, now),
                    "clock_started_at": False,
                    "accepted_itself": itself or handoff.sender_id == handoff.receiver_id,
                    "receiver_id": (handoff.receiver_id or (handoff.sender_id if itself else self.env.user)).id,
                }
            )
        self._log_step("accepted")
        handoffs.activity_feedback([ACCEPT_ACTIVITY])
        handoffs.activity_unlink([LATE_ACTIVITY, RETURN_ACTIVITY])
        for receiver, received in handoffs.grouped("receiver_id").items():
            customers = received.customer_id.filtered(
                lambda customer, receiver=receiver: customer.service_user_id != receiver
            )
            if customers:
                customers.with_context(
                    broker_assignment_reason=self.env._(
                        "Accepted %(handoffs)s",
                        handoffs=format_list(
                            self.env,
                            received.filtered(
                                lambda handoff, customers=customers: handoff.customer_id in customers
                            ).mapped("name"),
                        ),
                    )
                ).service_user_id = receiver
        handoffs._after_accept()

    def _after_accept(self):
        """Hook: tell the other rooms that service has taken over."""
        self.env["broker.commission.split"]._fill_payees(self.order_ids.filtered(lambda order: order.state == "sale"))

    def _cancel(self, reason=""):
        """Cancel without looking at who asks.

        :param reason: in words, where nobody chose to
        """
        handoffs = self.sudo()
        self._log_step("cancelled", reason)
        handoffs.order_ids.broker_handoff_id = False
        handoffs.write({"state": "cancelled", "accept_deadline": False})
        handoffs.activity_unlink([ACCEPT_ACTIVITY, LATE_ACTIVITY, RETURN_ACTIVITY, SETTLE_ACTIVITY])
