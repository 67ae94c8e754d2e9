from datetime import timedelta

from odoo import api, models

# What an officer types while talking: a call in which something of it stands is being made.
_TYPED_FIELDS = (
    "result_note",
    "call_back_at",
    "score_declined",
    "notes",
    "needs_heard",
    "complaint_heard",
    "wish_heard",
    "printed_elsewhere",
    "printed_elsewhere_note",
    "check_price",
    "check_date",
    "check_user_id",
    "check_person",
)


class BrokerCareCallWithdrawalMixin(models.AbstractModel):
    """Calls whose reason is gone before anybody began them leave the queue.

    What an officer has begun goes on: an attempt, an hour agreed with the customer, words
    typed into the call, or a result that is being saved at this moment.
    """

    _name = "broker.care.call.withdrawal.mixin"
    _description = "Care Call: Withdrawal"

    # BUSINESS

    def _is_begun(self):
        """Return whether somebody has begun to make this planned call."""
        self.ensure_one()
        return bool(
            self.attempt_count
            or self.is_agreed
            or self.step == "write"
            or self.rating_link_ids
            or (self.sales_score or "0") != "0"
            or (self.service_score or "0") != "0"
            or any(self[name] for name in _TYPED_FIELDS)
        )

    def _get_withdrawable(self):
        """Return those of these calls whose reasons can still be withdrawn, locked.

        A call whose result somebody else is saving right now is left to them.
        """
        calls = self.filtered(lambda call: call.state == "planned").try_lock_for_update(allow_referencing=True)
        calls.invalidate_recordset()
        return calls.filtered(lambda call: call.state == "planned" and not call._is_begun())

    @api.model
    def _withdraw_reasons(self, lines, explanation):
        """Take reasons off their calls; a call without another reason is cancelled.

        Whatever asked for the calls must not ask any more by now, or the planning that
        follows plans them again.

        :param lines: `broker.care.call.reason` in sudo, of calls from `_get_withdrawable`
        :param explanation: why, for the chatter of the calls
        """
        for company, of_company in lines.grouped("company_id").items():
            calls = self._prepare_planning(company).browse(of_company.call_id.ids)
            orphaned = calls.filtered(lambda call, gone=of_company: not call.reason_ids - gone)
            (calls - orphaned)._keep_reasons(of_company)
            of_company.unlink()
            calls._message_log_batch(bodies=dict.fromkeys(calls.ids, explanation))
            orphaned._close("cancelled", "withdrawn")

    def _keep_reasons(self, gone):
        """Go back to what the reasons that stay want by themselves.

        :param gone: the `broker.care.call.reason` rows that are withdrawn; each of the
            calls has others
        """
        today = {company: company._get_broker_today() for company in self.company_id}
        # Read at once: the rows of one call after the other would be read one by one.
        reasons = (self.reason_ids - gone).grouped("call_id")
        wanted = {}
        events = []
        for call in self:
            kept = reasons[call]
            vals = call._prepare_kept(kept, today[call.company_id])
            wanted.setdefault(tuple(vals.items()), []).append(call.id)
            if "date_planned" in vals:
                events += [{"customer_id": call.customer_id.id, "start_at": line.window_at} for line in kept]
        for vals, ids in wanted.items():
            if vals:
                self.browse(ids).with_prefetch(self.ids).write(dict(vals))
        # Only now: the hour of each call follows from its day, and is worked out for all at once.
        self._hold_until(events)

    def _prepare_kept(self, kept, today):
        """Return what is to be written of a call for which some of its reasons stay.

        The days stay as they are where somebody has moved the call, or where they were
        not written down yet when it was planned.

        :param kept: the `broker.care.call.reason` rows that stay
        :param today: the company's present day
        """
        self.ensure_one()
        vals = {}
        if self.rule_id not in kept.rule_id:
            rule = kept.rule_id.sorted("urgency", reverse=True)[:1]
            # The urgency and the last day would follow the rule by themselves.
            vals = {
                "rule_id": rule.id,
                "urgency": rule.urgency if self.urgency == self.rule_id.urgency else self.urgency,
                "date_deadline": self.date_deadline,
            }
        window = kept._get_shared_window()
        is_moved = self.reason_ids._get_shared_window() != (self.date_planned, self.date_deadline)
        if window and not is_moved:
            start = max(window[0], today)
            vals.update(date_planned=start, date_deadline=max(window[1], start))
        return vals

    @api.model
    def _get_line_window(self, event):
        """Return the values of a reason that say when it wants its call.

        :param event: what `_prepare_events` returns of it
        """
        return {"window_from": event["start"], "window_to": event["deadline"], "window_at": event["start_at"]}

    def _follow_cadence(self, line, rule, today):
        """Move a call with the days of its cadence, when nothing else wants it.

        :param line: its `broker.care.call.reason` with the cadence
        :param rule: the `broker.care.rule` of the cadence
        """
        self.ensure_one()
        start = max(line.date_event + timedelta(days=line.interval_days), today)
        deadline = start + timedelta(days=rule.window_days)
        line.write({"window_from": start, "window_to": deadline})
        if self.date_planned > today and len(self.reason_ids) == 1:
            self.write({"date_planned": start, "date_deadline": deadline})
