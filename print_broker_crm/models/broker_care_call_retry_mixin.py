from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import fields, models

# Half a day is what separates "another hour of the day" from the same one.
NOON = time(12)


class BrokerCareCallRetryMixin(models.AbstractModel):
    """What follows from a result: the end of the call or its next attempt, and who is told."""

    _name = "broker.care.call.retry.mixin"
    _description = "Care Call: Retries"

    def _follow_up(self, outcome, call_back_at):
        """Close the call or plan its next attempt, and tell who has to act."""
        self.ensure_one()
        if outcome in ("reached", "refused"):
            self._close("done", "result")
            return
        if outcome == "wrong_number":
            self._ask_for_number()
        if outcome == "call_back":
            # Agreed with the customer: that counts against no limit.
            self._postpone(call_back_at)
        elif self.attempt_count >= self.rule_id.max_attempts:
            self._close("missed", "attempts")
            self._tell_manager()
        elif outcome == "wrong_number":
            tomorrow = self.company_id._get_broker_today() + timedelta(days=1)
            self._postpone(self.rule_id._get_opening(self.company_id, tomorrow))
        else:
            self._postpone(self._get_next_attempt(fields.Datetime.now()))

    def _postpone(self, moment):
        """Set the next attempt; the window stays open at least until then."""
        day = self.company_id._get_broker_date(moment)
        self.write(
            {
                "next_attempt_at": moment,
                "date_deadline": max(self.date_deadline, day),
            }
        )

    def _get_next_attempt(self, moment):
        """Return when to try again: the other half of a working day, after the gap.

        :param moment: naive UTC `datetime` of the attempt that reached nobody
        :return: naive UTC `datetime`
        """
        self.ensure_one()
        company = self.company_id
        zone = timezone(company._get_broker_tz())
        local = UTC.localize(moment).astimezone(zone)
        earliest = local + timedelta(hours=self.rule_id.minimum_gap_hours)
        was_morning = local.time() < NOON
        calendar = company._get_broker_calendar()
        spans = []
        if calendar:
            for start, stop, _meta in calendar._work_intervals_batch(earliest, earliest + timedelta(days=14))[False]:
                start, stop = start.astimezone(zone), stop.astimezone(zone)
                noon = zone.localize(datetime.combine(start.date(), NOON))
                spans += [(start, min(stop, noon)), (max(start, noon), stop)]
        spans = [start for start, stop in spans if start < stop]
        chosen = next(
            (start for start in spans if (start.time() < NOON) != was_morning),
            spans[0] if spans else earliest,
        )
        return chosen.astimezone(UTC).replace(tzinfo=None)

    def _close(self, state, close_reason):
        """Close calls and plan what their customers' cadence wants next.

        :param state: 'done', 'missed' or 'cancelled'
        :param close_reason: a value of `close_reason`
        """
        if not self:
            return
        self.write(
            {
                "state": state,
                "close_reason": close_reason,
                "date_done": fields.Datetime.now(),
                "next_attempt_at": False,
            }
        )
        if close_reason != "merged":
            for company, calls in self.grouped("company_id").items():
                self._plan(company, calls.customer_id)

    def _ask_for_number(self):
        """Ask the salesperson, or whoever stands in, for a number that works."""
        self.ensure_one()
        customer = self.customer_id.sudo()
        salesperson = customer.user_id.filtered("active")
        customer.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=(salesperson or self._get_manager()).id,
            summary=self.env._("Mend the phone number"),
            note=self.env._(
                "%(phone)s does not reach %(contact)s.",
                phone=self.phone or self.env._("The number on file"),
                contact=self.partner_id.name or self.name,
            ),
        )

    def _tell_manager(self):
        """Give the manager a to-do about a customer whom nobody could reach."""
        self.ensure_one()
        manager = self._get_manager()
        if manager:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=manager.id,
                summary=self.env._("Customer not reached"),
                note=self.env._(
                    "%(count)s attempts did not reach %(customer)s. Try another way.",
                    count=self.attempt_count,
                    customer=self.name,
                ),
            )

    def _get_manager(self):
        """Return who answers for this customer in the management.

        The sponsor if the customer has one, else who the company names in its
        settings, else the first manager.
        """
        self.ensure_one()
        company = self.company_id
        manager = (self.customer_id.sudo().sponsor_user_id | company.broker_care_manager_id).filtered("active")
        return (manager or self._get_users("group_manager", company))[:1]
