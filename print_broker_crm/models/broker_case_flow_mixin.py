from odoo import fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tools import format_list

from .broker_case_clock_mixin import ANSWER_ACTIVITY, LATE_ACTIVITY, OPEN_STATES


class BrokerCaseFlowMixin(models.AbstractModel):
    """How a case moves: answered, waiting, solved, closed, cancelled, reopened.

    Apart from the case, because these are the only ways in which its status changes.
    """

    _name = "broker.case.flow.mixin"
    _description = "Case: Flow"

    # CHECKS

    def _check_step(self, *states):
        """Raise unless the present user may move these cases, and they stand where the
        step begins; nobody else moves them until the end of the transaction."""
        self.check_access("write")
        try:
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is moving %(cases)s at this very moment. Look again what became of it.",
                    cases=format_list(self.env, self.mapped("name")),
                )
            ) from error
        labels = dict(self._fields["state"]._description_selection(self.env))
        wrong = self.filtered(lambda case: case.state not in states)
        if wrong:
            raise UserError(
                self.env._(
                    "This cannot be done any more with %(cases)s.",
                    cases=format_list(self.env, [f"{case.name} ({labels[case.state]})" for case in wrong]),
                )
            )

    def _check_can_close(self):
        """Raise and name what these cases lack to be closed."""
        labels = {
            name: self._fields[name]._description_string(self.env) for name in ("cause", "outcome", "corrective_action")
        }
        for case in self:
            missing = [labels[name] for name in case._get_closing_fields() if not (case[name] or "").strip()]
            if missing:
                raise UserError(
                    self.env._(
                        "%(case)s is closed with a result. Still missing: %(fields)s.",
                        case=case.name,
                        fields=format_list(self.env, missing),
                    )
                )

    def _get_closing_fields(self):
        """Hook: return the names of the fields without which this case is not closed."""
        self.ensure_one()
        if self.kind == "enquiry":
            return ["outcome"]
        return ["cause", "outcome", "corrective_action"]

    # ACTIONS

    def action_work(self):
        """Begin, or go on after waiting."""
        self._check_step("new", "waiting_customer", "waiting_printing_house")
        self._move("working")
        return True

    def action_answered(self):
        """Write down that the customer was answered by phone or in a chat."""
        self._check_step(*OPEN_STATES)
        self._answer()
        self.filtered(lambda case: case.state == "new")._move("working")
        return True

    def action_wait_customer(self):
        """Stop the clock: the customer has to act. Whoever asks the customer something has
        answered, too."""
        self._check_step("new", "working", "waiting_printing_house")
        self._answer()
        self._move("waiting_customer")
        return True

    def action_wait_printing_house(self):
        """Stop the clock of the solution: a printing house has to act. The customer still
        waits for an answer."""
        self._check_step("new", "working", "waiting_customer")
        self._move("waiting_printing_house")
        return True

    def action_solve(self):
        """Stop the clock: the customer has what was wanted."""
        self._check_step(*OPEN_STATES)
        self._check_decided()
        self._answer()
        self._solve()
        return True

    def action_close(self):
        """Close the case with its result; what is missing is named."""
        self._check_step(*OPEN_STATES, "solved")
        self._check_can_close()
        self._check_decided()
        unsolved = self.filtered(lambda case: case.state != "solved")
        unsolved._answer()
        unsolved._solve()
        self._move("closed", closed_at=fields.Datetime.now())
        self.sudo().activity_unlink([ANSWER_ACTIVITY, LATE_ACTIVITY])
        self._after_close()
        return True

    def action_cancel(self):
        """Take back what was no case, with the reason as its outcome."""
        self._check_step(*OPEN_STATES, "solved")
        if not self._may_judge() and any(case.kind != "enquiry" for case in self):
            raise AccessError(
                self.env._("Only the care line and managers cancel a complaint, a claim or an arbitration.")
            )
        if any(not (case.outcome or "").strip() for case in self):
            raise UserError(self.env._("Say why it is no case: write it into Outcome."))
        self._move("cancelled")
        self.sudo().activity_unlink([ANSWER_ACTIVITY, LATE_ACTIVITY])
        return True

    def action_reopen(self):
        """Go on with a case that was over: its clock counts on from where it stood."""
        self._check_step("solved", "closed", "cancelled")
        for case in self.sudo():
            case._move("working", solved_at=False, closed_at=False, at_once_count=0, reopen_count=case.reopen_count + 1)
        cases = self.sudo().filtered("user_id")
        cases._schedule(
            ANSWER_ACTIVITY,
            {case: case.user_id for case in cases},
            {case: case.company_id._get_broker_today() for case in cases},
            lambda env, _case: env._("The case is open again"),
        )
        return True

    # BUSINESS

    def _move(self, state, **vals):
        """Let these cases go on to another status without looking at who asks: the period
        ends, another begins, and the clock stops or goes on.

        :param state: a value of `state`
        :param vals: more to write
        """
        now = fields.Datetime.now()
        cases = self.sudo()
        changes = {case: case._get_clock_changes(state, now) for case in cases}
        self._close_periods(state, now)
        for case in cases:
            case.write({"state": state, **changes[case], **vals})
        self._append_periods(now)

    def _solve(self):
        """Write down that these cases are solved, and how long it took."""
        now = fields.Datetime.now()
        self._move("solved", solved_at=now)
        spent = self.sudo()._get_spent_hours()
        for case in self.sudo():
            own, waited = spent[case]
            at_once = not case.reopen_count and not waited and own <= case.company_id.broker_case_at_once_hours
            case.write({"solution_hours": own, "waiting_hours": waited, "at_once_count": int(at_once)})
        self.sudo().activity_feedback([ANSWER_ACTIVITY])
        self.sudo().activity_unlink([LATE_ACTIVITY])
