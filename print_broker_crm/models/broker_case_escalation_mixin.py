from odoo import api, fields, models
from odoo.fields import Domain

from .broker_case_clock_mixin import ANSWER_ACTIVITY, LATE_ACTIVITY, OPEN_STATES, RUNNING_STATES, WAITING_STATES


class BrokerCaseEscalationMixin(models.AbstractModel):
    """Who is told by when a customer waits for an answer, and whom the managers hear of."""

    _name = "broker.case.escalation.mixin"
    _inherit = "broker.todo.mixin"
    _description = "Case: Escalation"

    # Late cases escalated in one transaction of the cron.
    _escalation_batch = 100

    # TO-DOS

    def _schedule_answer(self):
        """Tell who answers for these cases by when the customer waits for an answer; who
        opens a case for themselves knows."""
        cases = self.sudo().filtered(
            lambda case: case.user_id and case.user_id != self.env.user and not case.answered_at
        )
        cases._schedule(
            ANSWER_ACTIVITY,
            {case: case.user_id for case in cases},
            {case: case.company_id._get_broker_date(case.answer_deadline or case.opened_at) for case in cases},
            lambda env, _case: env._("Answer the customer"),
        )

    def _move_answer_activity(self):
        """Let the to-do of cases follow who answers for them."""
        cases = self.sudo().filtered(lambda case: case.state in OPEN_STATES)
        cases.activity_unlink([ANSWER_ACTIVITY])
        cases._schedule_answer()

    # CRON

    @api.model
    def _get_breaches(self, now):
        """Return {mark: domain of the cases of which the managers are to be told}."""
        return {
            "answer": Domain("state", "in", OPEN_STATES)
            & Domain("answered_at", "=", False)
            & Domain("answer_deadline", "<", now)
            & Domain("answer_escalated_at", "=", False),
            "solution": Domain("solution_escalated_at", "=", False)
            & (
                (Domain("state", "in", RUNNING_STATES) & Domain("solution_deadline", "<", now))
                | (Domain("state", "in", WAITING_STATES) & Domain("solution_late", "=", True))
            ),
        }

    @api.model
    def _cron_escalate(self):
        """Tell the managers once of each answer and each solution that is late."""
        breaches = self._get_breaches(fields.Datetime.now())
        self.env["ir.cron"]._commit_progress(remaining=sum(map(self.search_count, breaches.values())))
        for mark, domain in breaches.items():
            while True:
                cases = self.search(domain, limit=self._escalation_batch, order="id")
                cases = cases.try_lock_for_update(allow_referencing=True).filtered_domain(domain)
                if not cases:
                    break
                cases._escalate(mark)
                if not self.env["ir.cron"]._commit_progress(len(cases)):
                    return

    def _escalate(self, mark):
        """Mark late cases and give every manager of their company a to-do.

        :param mark: 'answer' or 'solution'
        """
        self.write({f"{mark}_escalated_at": fields.Datetime.now(), f"{mark}_late": True})
        managers = {company: self._get_case_managers(company) for company in self.company_id}
        today = {company: company._get_broker_today() for company in self.company_id}
        self._schedule(
            LATE_ACTIVITY,
            {case: managers[case.company_id] for case in self},
            {case: today[case.company_id] for case in self},
            lambda env, _case: (
                env._("The customer got no answer in time") if mark == "answer" else env._("Case not solved in time")
            ),
        )
