from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import format_list

from .broker_handoff_list_mixin import SETTLE_ACTIVITY

OPEN_STATES = ("draft", "submitted", "returned")
ACCEPT_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_accept"
RETURN_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_return"
LATE_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_late"


class BrokerHandoffFlowMixin(models.AbstractModel):
    """How a handoff moves: submitted, accepted, returned, cancelled or escalated.

    Apart from the packet, because these are the only ways in which its state changes:
    who may move it, the clock in working hours and the to-dos that go with each step
    are read together.
    """

    _name = "broker.handoff.flow.mixin"
    _description = "Handoff: Flow"

    # Late handoffs escalated in one transaction of the cron.
    _escalation_batch = 100

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

    # CLOCK

    def _get_accept_hours(self):
        """Hook: return the working hours the receiver has to accept this handoff: what
        the customer's tier is owed, the company's where there is no tier."""
        self.ensure_one()
        return self.sudo().customer_id.tier_id.accept_hours or self.company_id.broker_handoff_accept_hours

    def _get_accept_deadlines(self, start):
        """Return {handoff: until when it is to be accepted}.

        :param start: naive UTC `datetime` of the submission
        """
        known = {}
        deadlines = {}
        for handoff in self:
            key = (handoff.company_id, handoff._get_accept_hours())
            if key not in known:
                known[key] = self._plan_hours(*key, start)
            deadlines[handoff] = known[key]
        return deadlines

    @api.model
    def _plan_hours(self, company, hours, start):
        """Return the time that lies some working hours of a company after another.

        A company without working hours counts every hour.
        """
        calendar = company._get_broker_calendar()
        planned = calendar and calendar.plan_hours(
            hours, start, compute_leaves=True, domain=company._get_broker_leave_domain()
        )
        return planned or start + timedelta(hours=hours)

    @api.model
    def _count_hours(self, company, start, end):
        """Return the working hours of a company between two naive UTC times."""
        calendar = company._get_broker_calendar()
        if calendar.attendance_ids:
            return calendar.get_work_hours_count(start, end, domain=company._get_broker_leave_domain())
        return (end - start).total_seconds() / 3600

    # ACTIVITIES

    def _schedule(self, activity_xmlid, users, deadlines, get_summary):
        """Give people a to-do on these handoffs, each in their language.

        :param activity_xmlid: of the `mail.activity.type`
        :param users: {handoff: `res.users`, any number of them}
        :param deadlines: {handoff: date}
        :param get_summary: function of an environment and a handoff that returns the text
        """
        if self.env.context.get("mail_activity_automation_skip"):
            return
        activity_type = self.env.ref(activity_xmlid)
        model = self.env["ir.model"]._get(self._name)
        self.env["mail.activity"].sudo().create(
            [
                {
                    "activity_type_id": activity_type.id,
                    "automated": True,
                    "date_deadline": deadlines[handoff],
                    "res_id": handoff.id,
                    "res_model_id": model.id,
                    "summary": get_summary(self.with_context(lang=user.lang or self.env.lang).env, handoff),
                    "user_id": user.id,
                }
                for handoff in self
                for user in users[handoff]
            ]
        )

    def _schedule_acceptance(self):
        """Tell the receivers of submitted handoffs until when to accept."""
        self._schedule(
            ACCEPT_ACTIVITY,
            {handoff: handoff.receiver_id for handoff in self},
            {handoff: handoff._get_deadline_day() for handoff in self},
            lambda env, _handoff: env._("Accept or return the handoff"),
        )

    def _get_deadline_day(self):
        """Return the day of the deadline where the firm works."""
        self.ensure_one()
        return self._get_company_day(self.accept_deadline or fields.Datetime.now())

    def _get_company_day(self, moment):
        """Return the day of a moment where the firm works."""
        self.ensure_one()
        return self.company_id._get_broker_date(moment)

    def _move_accept_activity(self):
        """Let the to-do of a submitted handoff follow its receiver."""
        submitted = self.sudo().filtered(lambda handoff: handoff.state == "submitted")
        if submitted:
            submitted.activity_unlink([ACCEPT_ACTIVITY])
            submitted._schedule_acceptance()

    # CRON

    @api.model
    def _cron_escalate_late(self):
        """Tell the managers once of each handoff that was not accepted in time."""
        domain = (
            Domain("state", "=", "submitted")
            & Domain("accept_deadline", "<", fields.Datetime.now())
            & Domain("escalated_at", "=", False)
        )
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        while True:
            handoffs = self.search(domain, limit=self._escalation_batch)
            handoffs = handoffs.try_lock_for_update().filtered_domain(domain)
            if not handoffs:
                break
            handoffs._escalate()
            if not self.env["ir.cron"]._commit_progress(len(handoffs)):
                break

    @api.model
    def _get_managers(self):
        return (
            self.env.ref("print_broker_crm.group_manager")
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and not user.share)
        )

    def _escalate(self):
        """Mark late handoffs and give every manager of their company a to-do."""
        self.write({"escalated_at": fields.Datetime.now()})
        managers = self._get_managers()
        self._log_step("escalated")
        today = {company: company._get_broker_today() for company in self.company_id}
        self._schedule(
            LATE_ACTIVITY,
            {
                handoff: managers.filtered(lambda user, handoff=handoff: handoff.company_id in user.company_ids)
                for handoff in self
            },
            {handoff: today[handoff.company_id] for handoff in self},
            lambda env, _handoff: env._("Handoff not accepted in time"),
        )
