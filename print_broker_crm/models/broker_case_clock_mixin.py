from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

RUNNING_STATES = ("new", "working")
WAITING_STATES = ("waiting_customer", "waiting_printing_house")
OPEN_STATES = RUNNING_STATES + WAITING_STATES
ANSWER_ACTIVITY = "print_broker_crm.mail_activity_type_case"
LATE_ACTIVITY = "print_broker_crm.mail_activity_type_case_late"
_CLOCK_COLORS = {"late": 1, "soon": 3, "fine": 10}


class BrokerCaseClockMixin(models.AbstractModel):
    """The clocks of a case, in the firm's working hours: to the first answer, and to the
    solution.

    The clock of the solution stands still while the customer or a printing house has to
    act, and while the case is solved; then its deadline moves by the hours waited. What
    was late already stays late. The clock of the answer never stands still.
    """

    _name = "broker.case.clock.mixin"
    _description = "Case: Clock"

    opened_at = fields.Datetime(
        string="Opened", required=True, readonly=True, copy=False, default=fields.Datetime.now, index=True
    )
    answer_deadline = fields.Datetime(
        string="Answer by", readonly=True, copy=False, help="In working hours from the opening, as the tier is owed."
    )
    solution_deadline = fields.Datetime(
        string="Solve by",
        readonly=True,
        copy=False,
        help="In working hours from the opening; moves on while the case waits for the customer or a printing house.",
    )
    next_deadline = fields.Datetime(
        compute="_compute_next_deadline", store=True, help="Of the answer, then the solution."
    )
    answer_warn_at = fields.Datetime(readonly=True, copy=False)
    solution_warn_at = fields.Datetime(readonly=True, copy=False)
    answered_at = fields.Datetime(
        string="Answered",
        readonly=True,
        copy=False,
        help="The first message that went to the customer, or an answer by phone or in a chat.",
    )
    solved_at = fields.Datetime(string="Solved on", readonly=True, copy=False)
    closed_at = fields.Datetime(string="Closed on", readonly=True, copy=False)
    clock_stopped_at = fields.Datetime(readonly=True, copy=False)
    answer_hours = fields.Float(
        string="Hours to the Answer", readonly=True, copy=False, aggregator="avg", help="Working hours."
    )
    solution_hours = fields.Float(
        string="Hours to the Solution",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Working hours, without those waited for the customer or a printing house.",
    )
    waiting_hours = fields.Float(
        string="Hours Waited",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Working hours in which the customer or a printing house had to act.",
    )
    answer_late = fields.Boolean(string="Answered Late", readonly=True, copy=False)
    solution_late = fields.Boolean(string="Solved Late", readonly=True, copy=False)
    answer_late_count = fields.Integer(
        string="Late Answers", compute="_compute_late_counts", store=True, help="1 when the answer came too late."
    )
    solution_late_count = fields.Integer(
        string="Late Solutions", compute="_compute_late_counts", store=True, help="1 when the solution came too late."
    )
    answer_escalated_at = fields.Datetime(
        readonly=True, copy=False, help="When the managers were told that the answer is late."
    )
    solution_escalated_at = fields.Datetime(
        readonly=True, copy=False, help="When the managers were told that the solution is late."
    )
    at_once_count = fields.Integer(
        string="Solved at Once",
        readonly=True,
        copy=False,
        help="1 when it was solved within the hours of the settings, waited for nobody and never came back.",
    )
    reopen_count = fields.Integer(string="Reopened", readonly=True, copy=False)
    deadline_state = fields.Selection(
        [("fine", "In Time"), ("soon", "Soon Due"), ("late", "Late"), ("stopped", "Clock Stands Still")],
        string="Clock",
        compute="_compute_deadline_state",
    )
    clock_color = fields.Integer(compute="_compute_deadline_state")
    is_late = fields.Boolean(string="Late", compute="_compute_deadline_state", search="_search_is_late")

    _answer_idx = models.Index("(answer_deadline) WHERE answered_at IS NULL AND answer_escalated_at IS NULL")
    _solution_idx = models.Index(
        "(solution_deadline) WHERE state IN ('new', 'working') AND solution_escalated_at IS NULL"
    )

    @api.depends("answered_at", "answer_deadline", "solution_deadline", "state")
    def _compute_next_deadline(self):
        for case in self:
            deadline = case.solution_deadline if case.answered_at else case.answer_deadline
            case.next_deadline = case.state in OPEN_STATES and deadline

    @api.depends("answer_late", "solution_late")
    def _compute_late_counts(self):
        for case in self:
            case.answer_late_count = int(case.answer_late)
            case.solution_late_count = int(case.solution_late)

    @api.depends("state", "answered_at", "answer_deadline", "solution_deadline", "answer_warn_at", "solution_warn_at")
    def _compute_deadline_state(self):
        now = fields.Datetime.now()
        for case in self:
            case.is_late = case._is_late_at(now)
            if case.state not in OPEN_STATES:
                case.deadline_state = False
            elif case.is_late:
                case.deadline_state = "late"
            elif case.state in WAITING_STATES and case.answered_at:
                case.deadline_state = "stopped"
            else:
                warnings = [] if case.answered_at else [case.answer_warn_at]
                if case.state in RUNNING_STATES:
                    warnings.append(case.solution_warn_at)
                case.deadline_state = "soon" if any(at and at <= now for at in warnings) else "fine"
            case.clock_color = _CLOCK_COLORS.get(case.deadline_state, 0)

    def _is_late_at(self, now):
        """Return whether an open case is late at a moment, naive UTC."""
        self.ensure_one()
        if self.state not in OPEN_STATES:
            return False
        answer_is_late = not self.answered_at and bool(self.answer_deadline) and self.answer_deadline < now
        is_running = self.state in RUNNING_STATES
        solution_is_late = self.solution_late or (
            is_running and bool(self.solution_deadline) and self.solution_deadline < now
        )
        return answer_is_late or solution_is_late

    @api.model
    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        late = Domain("state", "in", OPEN_STATES) & (
            (Domain("answered_at", "=", False) & Domain("answer_deadline", "<", now))
            | (Domain("state", "in", RUNNING_STATES) & Domain("solution_deadline", "<", now))
            | Domain("solution_late", "=", True)
        )
        if True in value and False in value:
            return Domain.TRUE
        # Written out, because a case without a deadline is not late either.
        on_time = Domain("state", "not in", OPEN_STATES) | (
            (
                Domain("answered_at", "!=", False)
                | Domain("answer_deadline", "=", False)
                | Domain("answer_deadline", ">=", now)
            )
            & (
                Domain("state", "in", WAITING_STATES)
                | Domain("solution_deadline", "=", False)
                | Domain("solution_deadline", ">=", now)
            )
            & Domain("solution_late", "=", False)
        )
        return late if True in value else on_time

    # WORKING HOURS

    @api.model
    def _count_case_hours(self, company, start, end):
        """Return the working hours of a company between two naive UTC times."""
        if not start or not end or end <= start:
            return 0.0
        calendar = company._get_broker_calendar()
        if calendar.attendance_ids:
            return calendar.get_work_hours_count(start, end, domain=company._get_broker_leave_domain())
        return (end - start).total_seconds() / 3600

    @api.model
    def _plan_case_hours(self, company, hours, start):
        """Return the times some working hours after another, to the second.

        :param hours: list of working hours, ascending
        """
        moments = company._plan_broker_hours(hours, start)
        return [(moment + timedelta(seconds=0.5)).replace(microsecond=0) for moment in moments]

    def _get_case_hours(self):
        """Hook: return the working hours to the answer and to the solution that this case
        is owed: by the customer's tier, the company's where there is none.

        :return: tuple of two floats
        """
        self.ensure_one()
        tier, company = self.sudo().customer_id.tier_id, self.company_id.sudo()
        return (
            tier.response_hours or company.broker_case_answer_hours,
            tier.resolution_hours or company.broker_case_solution_hours,
        )

    def _begin(self):
        """Start the clocks of new cases, and their history."""
        known = {}
        now = fields.Datetime.now()
        for case in self.sudo():
            company = case.company_id
            key = (company, case.opened_at, *case._get_case_hours())
            if key not in known:
                percent = company.broker_relay_warn_percent / 100
                moments = sorted({hours * part for hours in key[2:] for part in (percent, 1)})
                planned = dict(zip(moments, self._plan_case_hours(company, moments, case.opened_at), strict=True))
                known[key] = {
                    "answer_warn_at": planned[key[2] * percent],
                    "answer_deadline": planned[key[2]],
                    "solution_warn_at": planned[key[3] * percent],
                    "solution_deadline": planned[key[3]],
                }
            case.write(known[key])
        self._append_periods(now)
        self._schedule_answer()

    def _append_periods(self, now):
        """Begin a period in the present status of these cases."""
        self.env["broker.case.period"]._append(
            [
                {
                    "case_id": case.id,
                    "company_id": case.company_id.id,
                    "customer_id": case.customer_id.id,
                    "state": case.state,
                    "user_id": case.user_id.id,
                    "operator_id": self.env.user.id,
                    "is_waiting": case.state in WAITING_STATES,
                    "started_at": now,
                }
                for case in self.sudo()
            ]
        )

    def _close_periods(self, state, now):
        """End the periods that run in these cases, before they go on to a status."""
        for period in self.sudo().period_ids.filtered(lambda period: not period.finished_at):
            hours = self._count_case_hours(period.company_id, period.started_at, now)
            period._close({"finished_at": now, "next_state": state, "hours": hours})
        # The index allows one running period per case at every moment.
        self.env["broker.case.period"].flush_model(["finished_at"])

    def _get_clock_changes(self, state, now):
        """Return what becomes of the clock of the solution when this case goes on to
        another status.

        :return: values to write
        """
        self.ensure_one()
        runs, will_run = self.state in RUNNING_STATES, state in RUNNING_STATES
        if runs and not will_run:
            late = bool(self.solution_deadline) and self.solution_deadline < now
            return {"clock_stopped_at": now, "solution_late": self.solution_late or (late and state != "cancelled")}
        if runs or not will_run:
            return {}
        changes = {"clock_stopped_at": False}
        stopped, deadline, warn_at = self.clock_stopped_at, self.solution_deadline, self.solution_warn_at
        if deadline and stopped and deadline >= stopped:
            # The hours that were left go on from now.
            left = self._count_case_hours(self.company_id, stopped, deadline)
            to_warning = self._count_case_hours(self.company_id, stopped, warn_at)
            moments = self._plan_case_hours(self.company_id, [to_warning, left], now)
            changes["solution_deadline"] = moments[1]
            if warn_at and warn_at >= stopped:
                changes["solution_warn_at"] = moments[0]
        return changes

    def _get_spent_hours(self):
        """Return {case: (own hours, waited hours)} by the closed periods."""
        spent = {case: (0.0, 0.0) for case in self}
        rows = (
            self.env["broker.case.period"]
            .sudo()
            ._read_group(
                Domain("case_id", "in", self.ids)
                & (Domain("is_waiting", "=", True) | Domain("state", "in", RUNNING_STATES)),
                ["case_id", "is_waiting"],
                ["hours:sum"],
            )
        )
        by_id = {case.id: case for case in self}
        for found, is_waiting, hours in rows:
            own, waited = spent[by_id[found.id]]
            spent[by_id[found.id]] = (own, waited + hours) if is_waiting else (own + hours, waited)
        return spent

    # ANSWER

    def _answer(self):
        """Write down that these cases got their first answer; later ones change nothing."""
        moment = fields.Datetime.now()
        unanswered = self.sudo().filtered(lambda case: not case.answered_at)
        for case in unanswered:
            case.write(
                {
                    "answered_at": moment,
                    "answer_hours": self._count_case_hours(case.company_id, case.opened_at, moment),
                    "answer_late": bool(case.answer_deadline) and case.answer_deadline < moment,
                }
            )
        unanswered.activity_feedback([ANSWER_ACTIVITY])

    def _message_post_after_hook(self, message, msg_vals):
        result = super()._message_post_after_hook(message, msg_vals)
        # Whoever answers from an address that nobody knows writes as well.
        is_email = message.message_type == "email"
        is_word = message.message_type in ("comment", "email_outgoing") and message.author_id or is_email
        if self and is_word and not self._is_case_note(message):
            for case in self.sudo():
                case._take_word(message)
        return result

    @api.model
    def _is_case_note(self, message):
        """Return whether a message stays among colleagues."""
        return message.is_internal or message.subtype_id.internal or message.subtype_id == self.env.ref("mail.mt_note")

    def _take_word(self, message):
        """Let a message that goes to the customer count as an answer, and one that comes
        from the customer end the waiting for it."""
        self.ensure_one()
        family = self.customer_id.partner_id
        if not message.author_id or message.author_id.commercial_partner_id == family:
            self._after_customer_word(message)
        elif not message.author_id.partner_share:
            readers = message.partner_ids | self.message_partner_ids
            addresses = set((message.outgoing_email_to or "").lower().replace(",", " ").split())
            if family in readers.commercial_partner_id or self.partner_id.email_normalized in addresses:
                # Not the message's own date, which is whatever its author says.
                self._answer()
                if self.state == "new":
                    self._move("working")

    def _after_customer_word(self, message):
        """Hook: called after the customer wrote in this case, in sudo: what waited for the
        customer goes on."""
        self.ensure_one()
        if self.state == "waiting_customer":
            self._move("working")
