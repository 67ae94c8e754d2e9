from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import fields, models

from .broker_care_call_hours_mixin import REACH

# Half a day is what separates "another hour of the day" from the same one.
NOON = time(12)


class BrokerCareCallRetryMixin(models.AbstractModel):
    """What follows from a result: the end of the call or its next attempt, and who is told."""

    _name = "broker.care.call.retry.mixin"
    _description = "Care Call: Retries"

    # ACTIONS

    def action_call_back_later(self):
        """Log that the customer wants a call in an hour or on the next working day.

        The context key `care_call_back` of a button says which: 'hour' or 'tomorrow'.
        """
        self.ensure_one()
        self.check_access("write")
        company = self.company_id.sudo()
        if self.env.context.get("care_call_back") == "tomorrow":
            tomorrow = company._get_broker_today() + timedelta(days=1)
            spans = self._get_firm_spans(company, tomorrow, tomorrow)
            moment = self._get_first_hour(company, tomorrow, self._get_hours(company), spans)
        else:
            moment = fields.Datetime.now() + timedelta(hours=1)
        return self.action_log_attempt("call_back", call_back_at=moment)

    # BUSINESS

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
            self._postpone(call_back_at, is_agreed=True)
        elif self._is_phone_given_up(outcome):
            self._write_instead()
        else:
            self._postpone(self._get_next_attempt(fields.Datetime.now(), outcome))

    def _is_phone_given_up(self, outcome):
        """Return whether the attempts are used up, all or those with one outcome."""
        self.ensure_one()
        outcomes = self.attempt_ids.mapped("outcome")
        retry = self.rule_id._get_retry(outcome)
        tried = len([logged for logged in outcomes if logged != "call_back"])
        return tried >= self.rule_id.max_attempts or bool(
            retry.max_count and outcomes.count(outcome) >= retry.max_count
        )

    def _postpone(self, moment, is_agreed=False):
        """Set the next attempt; the window stays open at least until then.

        :param moment: naive UTC `datetime`
        :param is_agreed: the hour was agreed with the customer
        """
        day = self.company_id._get_broker_date(moment)
        self.write(
            {
                "next_attempt_at": moment,
                "is_agreed": is_agreed,
                "date_deadline": max(self.date_deadline, day),
            }
        )

    def _get_next_attempt(self, moment, outcome):
        """Return when to try again: after the gap, in hours that suit the firm and the customer.

        The rule's retry for the outcome says how long to wait and whether another half of
        the day is wanted. Without one the rule's gap counts and another half is; a wrong
        number is tried on the next day, when somebody may have mended it.

        :param moment: naive UTC `datetime` of the attempt that reached nobody
        :return: naive UTC `datetime`
        """
        self.ensure_one()
        company = self.company_id
        hours = self._get_hours(company)
        zone = timezone(hours.zone)
        retry = self.rule_id._get_retry(outcome)
        earliest = moment + timedelta(hours=retry.wait_hours if retry else self.rule_id.minimum_gap_hours)
        is_other_half = retry.is_other_half if retry else True
        if outcome == "wrong_number" and not retry:
            earliest = self._get_midnight(company, company._get_broker_date(moment) + timedelta(days=1))
            is_other_half = False
        firm = self.env["broker.care.rule"]._get_spans(company, earliest, earliest + REACH) or None
        halves = [
            half for span in hours.meet(firm, earliest, earliest + REACH) for half in self._split_at_noon(span, zone)
        ]
        was_morning = self._is_morning(moment, zone)
        return next(
            (start for start in halves if not is_other_half or self._is_morning(start, zone) != was_morning),
            halves[0] if halves else earliest,
        )

    def _is_morning(self, moment, zone):
        return UTC.localize(moment).astimezone(zone).time() < NOON

    def _split_at_noon(self, span, zone):
        """Return the starts of what lies before noon and after it in a span."""
        start, stop = span
        day = UTC.localize(start).astimezone(zone).date()
        noon = zone.localize(datetime.combine(day, NOON)).astimezone(UTC).replace(tzinfo=None)
        return [start, noon] if start < noon < stop else [start]

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
                "is_agreed": False,
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
        settings, else the first manager; nobody who may not read the call.
        """
        self.ensure_one()
        company = self.company_id
        managers = self._get_users("group_manager", company)
        named = self.customer_id.sudo().sponsor_user_id | company.broker_care_manager_id
        return (named & managers or managers)[:1]
