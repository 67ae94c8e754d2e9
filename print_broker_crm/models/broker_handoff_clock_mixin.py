from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

ACCEPT_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_accept"
LATE_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_late"


class BrokerHandoffClockMixin(models.AbstractModel):
    """Until when a handoff is to be accepted, in working hours, who is reminded of it, and
    who is told when it is late."""

    _name = "broker.handoff.clock.mixin"
    _inherit = "broker.todo.mixin"
    _description = "Handoff: Clock"

    # Late handoffs escalated in one transaction of the cron.
    _escalation_batch = 100

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
