from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

BATCH_SIZE = 1000
# What gives reason to call as long as it lasts, and not for some days after it happened.
LASTING_REASONS = frozenset({"sales_silent", "win_back"})


class BrokerCareCallPlanningMixin(models.AbstractModel):
    """How care calls come to be: which events give reason to call, when, and by whom.

    Planning is a batch from end to end: one SQL statement finds up to a thousand
    events of a rule, one insert makes the calls, one write per officer hands them out.
    """

    _name = "broker.care.call.planning.mixin"
    _description = "Care Call: Planning"

    @api.model
    def _get_batch_size(self):
        """Return how many events or calls one step of the planning takes."""
        return BATCH_SIZE

    @api.model
    def _plan(self, company, customers=None):
        """Plan the calls that a company's rules want, and close what is over.

        Safe to run at any time and twice; commits nothing.

        :param company: the `res.company`
        :param customers: only these `broker.customer` files, all when None
        :return: how many events were looked at
        """
        return sum(self._plan_steps(company, customers))

    @api.model
    def _plan_steps(self, company, customers=None):
        """Do the planning in bounded batches, yielding after each what it handled.

        Every batch leaves a state from which the next run goes on.
        """
        self = self._prepare_planning(company)
        scope = None if customers is None else tuple(customers.ids)
        yield from self._miss_expired(company, scope)
        for rule in self.env["broker.care.rule"]._get_rules(company):
            finder = getattr(self, f"_find_{rule.reason}_events", None)
            if finder:
                yield from self._plan_rule(company, rule, finder, scope)
        yield from self._refresh_planned(company, scope)
        yield from self._replace_officers(company, scope)

    @api.model
    def _prepare_planning(self, company):
        """Return the model as the night uses it: for all, in bulk, without mails."""
        return (
            self.sudo()
            .with_company(company)
            .with_context(
                # Rules and people put away are out of it, whatever a caller has in sight.
                active_test=True,
                tracking_disable=True,
                mail_create_nosubscribe=True,
                mail_create_nolog=True,
                broker_care_planned=True,
            )
        )

    @api.model
    def _plan_rule(self, company, rule, finder, scope):
        """Plan the calls of one rule, batch by batch along the ids."""
        last_id = 0
        while True:
            self.env.flush_all()
            rows = self.env.execute_query(finder(company, rule, scope, last_id))
            if rows:
                last_id = rows[-1][0]
                self._plan_events(company, rule, self._prepare_events(company, rule, rows))
                yield len(rows)
            if len(rows) < BATCH_SIZE:
                return

    def _prepare_events(self, company, rule, rows):
        """Turn found rows into events with a window.

        :param rows: tuples of the columns of a finder
        :return: list of dicts: customer_id, order_id, date_event, event_key, start (the
            first day), start_at (the first moment, where hours count), deadline,
            interval_days
        """
        today = company._get_broker_today()
        window = timedelta(days=rule.window_days)
        spans = self._get_event_spans(company, rule, rows)
        rested_from = self._get_rested_days(company, rule, rows)
        windows = {}
        events = []
        for _key, customer_id, order_id, date_event, interval, called, moment, event_key in rows:
            start_at = None
            if interval:
                start = date_event + timedelta(days=interval)
                if start < today and not called:
                    # Nobody called these yet, as in the first night: spread over a
                    # cadence instead of all in one morning.
                    start = today + timedelta(days=customer_id % interval)
                deadline = max(start, today) + window
            else:
                when = (date_event, None if spans is None else moment)
                if when not in windows:
                    windows[when] = rule._get_window(company, *when, spans=spans)
                start, start_at, deadline = windows[when]
                if deadline < today:
                    if rule.reason not in LASTING_REASONS:
                        # Too late for this reason; the cadence goes on.
                        continue
                    # It lasts for long already, as in the first night: not all in one morning.
                    start, start_at = today + timedelta(days=customer_id % rule.window_days), None
                    deadline = start + window
                elif rule.window_unit == "days":
                    deadline = max(start, today) + window
            start = max(start, today, rested_from.get(customer_id, today))
            events.append(
                {
                    "customer_id": customer_id,
                    "order_id": order_id,
                    "date_event": date_event,
                    "event_key": event_key,
                    "start": start,
                    "start_at": start_at,
                    "deadline": max(deadline, start),
                    "interval_days": interval,
                }
            )
        return events

    def _get_event_spans(self, company, rule, rows):
        """Return the working hours around found events, when the rule counts in hours."""
        if "working_hours" not in (rule.delay_unit, rule.window_unit):
            return None
        days = [row[3] for row in rows]
        # As far as the finders look back, forward as well.
        reach = 2 * (rule.delay_days + rule.window_days) + 14
        first, last = min(days) - timedelta(days=1), max(days) + timedelta(days=reach)
        return rule._get_spans(company, datetime.combine(first, time.min), datetime.combine(last, time.min))

    def _get_rested_days(self, company, rule, rows):
        """Return {customer id: first day on which the rule may call again}."""
        if not rule.rest_days:
            return {}
        customers = self.env["broker.customer"].browse({row[1] for row in rows})
        return {
            customer.id: company._get_broker_date(customer.last_care_contact) + timedelta(days=rule.rest_days)
            for customer in customers
            if customer.last_care_contact
        }

    @api.model
    def _plan_events(self, company, rule, events, defer=True):
        """Give every event a call: the customer's open one, or a new one.

        Where the windows meet the call moves into what they share; where they do
        not, the earlier window counts, and an event whose window begins after the
        open call's waits until that is closed.

        :param company: the `res.company` of all the customers
        :param rule: the `broker.care.rule` that wants the calls
        :param events: what `_prepare_events` returns
        :param defer: let later events wait; otherwise they prolong the open call
        :return: the calls that got a reason
        """
        customers = self.env["broker.customer"].browse({event["customer_id"] for event in events})
        # Read at once what the calls would otherwise read one by one.
        self.env["sale.order"].browse({event["order_id"] for event in events if event["order_id"]}).mapped("company_id")
        tier_ranks = {customer.id: customer._get_care_tier_rank() for customer in customers}
        open_calls = {
            call.customer_id.id: call
            for call in self.search(Domain("customer_id", "in", customers.ids) & Domain("state", "=", "planned"))
        }
        new_vals = {}
        lines = []
        for event in events:
            customer_id = event["customer_id"]
            call = open_calls.get(customer_id)
            if call:
                if defer and event["start"] > call.date_deadline:
                    continue
                call._merge_event(rule, event)
            elif customer_id in new_vals:
                vals = new_vals[customer_id]
                vals["order_id"] = event["order_id"] or vals["order_id"]
                vals["date_planned"] = max(vals["date_planned"], event["start"])
                vals["date_deadline"] = max(
                    min(vals["date_deadline"], event["deadline"]),
                    vals["date_planned"],
                )
            else:
                new_vals[customer_id] = {
                    "customer_id": customer_id,
                    "rule_id": rule.id,
                    "order_id": event["order_id"],
                    "date_planned": event["start"],
                    "date_deadline": event["deadline"],
                    "tier_rank": tier_ranks[customer_id],
                    "user_id": False,
                }
            lines.append(event)
        created = self.create(list(new_vals.values()))
        created._hold_until(events)
        open_calls.update({call.customer_id.id: call for call in created})
        self._add_reasons(rule, lines, open_calls)
        self._assign_officers(created, company)
        return self.browse({open_calls[line["customer_id"]].id for line in lines})

    def _merge_event(self, rule, event):
        """Take one more reason into an open call."""
        self.ensure_one()
        vals = {}
        if rule.urgency > self.urgency:
            vals.update(rule_id=rule.id, urgency=rule.urgency)
        if event["order_id"]:
            vals["order_id"] = event["order_id"]
        if not self.attempt_count:
            start, deadline = event["start"], event["deadline"]
            if start <= self.date_deadline and self.date_planned <= deadline:
                start = max(start, self.date_planned)
                deadline = min(deadline, self.date_deadline)
            vals.update(date_planned=start, date_deadline=deadline)
        else:
            # Attempts go on as they were planned, long enough for the new reason.
            vals["date_deadline"] = max(event["deadline"], self.date_deadline)
        self.write(vals)
        if not self.attempt_count:
            self._hold_until([event])

    def _hold_until(self, events):
        """Let no call be made before the hour of the event that gave reason to it."""
        first_moment = {}
        for event in events:
            if event["start_at"]:
                earlier = first_moment.get(event["customer_id"], event["start_at"])
                first_moment[event["customer_id"]] = max(earlier, event["start_at"])
        for call in self:
            moment = first_moment.get(call.customer_id.id)
            if moment and moment > call.next_attempt_at:
                call.next_attempt_at = moment

    def _take_reasons(self, others):
        """Answer to what other calls were planned for, as far as it is told apart.

        :param others: open calls about to be closed, in sudo
        """
        moved = others.reason_ids.filtered(lambda line: line.order_id or line.event_key)
        moved.write({"call_id": self.id})
        urgent = moved.rule_id.sorted("urgency", reverse=True)[:1]
        if urgent and urgent.urgency > self.urgency:
            self.write({"rule_id": urgent.id, "urgency": urgent.urgency})

    def _bring_forward(self):
        """Make an open call callable now, in working hours or not: somebody wants to."""
        self.ensure_one()
        today = self.company_id._get_broker_today()
        if self.date_planned > today:
            window = timedelta(days=self.rule_id.window_days)
            self.write({"date_planned": today, "date_deadline": min(self.date_deadline, today + window)})
        self.write({"next_attempt_at": fields.Datetime.now(), "is_agreed": True})

    @api.model
    def _plan_leavers(self, company, customers):
        """Plan the calls that follow when the customers' salespeople leave.

        :param company: the `res.company` of all the customers
        :param customers: `broker.customer` files that lose their salesperson
        """
        self = self._prepare_planning(company)
        today = company._get_broker_today()
        for rule in self.env["broker.care.rule"]._get_rules(company, "salesperson_left"):
            now = fields.Datetime.now()
            spans = rule._get_spans(company, now, now + timedelta(days=2 * (rule.delay_days + rule.window_days) + 14))
            start, start_at, deadline = rule._get_window(company, today, now, spans)
            events = [
                {
                    "customer_id": customer.id,
                    "order_id": None,
                    "date_event": today,
                    "event_key": None,
                    "start": start,
                    "start_at": start_at,
                    "deadline": deadline,
                    "interval_days": 0,
                }
                for customer in customers
            ]
            for batch in split_every(BATCH_SIZE, events):
                self._plan_events(company, rule, list(batch), defer=False)

    def _add_reasons(self, rule, events, call_by_customer):
        """Write the reason lines of events whose calls are known."""
        Reason = self.env["broker.care.call.reason"]
        calls = self.concat(*call_by_customer.values())
        # A reason without a job or a key is on a call at most once.
        present = {
            (call.id, reason)
            for call, reason in Reason._read_group(
                Domain("call_id", "in", calls.ids) & Domain("order_id", "=", False) & Domain("event_key", "=", False),
                ["call_id", "reason"],
            )
        }
        vals_list = []
        for event in events:
            call = call_by_customer[event["customer_id"]]
            if not event["order_id"] and not event["event_key"]:
                if (call.id, rule.reason) in present:
                    continue
                present.add((call.id, rule.reason))
            vals_list.append(
                {
                    "call_id": call.id,
                    "rule_id": rule.id,
                    "reason": rule.reason,
                    "order_id": event["order_id"],
                    "date_event": event["date_event"],
                    "event_key": event["event_key"],
                    "interval_days": event["interval_days"],
                    **self._get_line_window(event),
                }
            )
        Reason.create(vals_list)

    @api.model
    def _get_open_domain(self, company, scope):
        """Return the `Domain` of the open calls that a run looks at."""
        domain = Domain("company_id", "=", company.id) & Domain("state", "=", "planned")
        if scope is not None:
            domain &= Domain("customer_id", "in", scope)
        return domain

    @api.model
    def _miss_expired(self, company, scope):
        """Close planned calls whose window has ended."""
        domain = self._get_open_domain(company, scope) & Domain("date_deadline", "<", company._get_broker_today())
        while calls := self.search(domain, limit=BATCH_SIZE, order="id"):
            # The next call is planned by the steps that follow.
            unwritten = calls.filtered(lambda call: call.step == "write")
            calls.write(
                {
                    "state": "missed",
                    "close_reason": "window",
                    "date_done": fields.Datetime.now(),
                    "next_attempt_at": False,
                    "is_agreed": False,
                }
            )
            for call in unwritten:
                call._tell_manager()
            yield len(calls)

    @api.model
    def _refresh_planned(self, company, scope):
        """Follow tiers that changed: the place in the queue, and the cadence."""
        rule = self.env["broker.care.rule"]._get_rules(company, "cadence")[:1]
        today = company._get_broker_today()
        last_id = 0
        while True:
            self.env.flush_all()
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT call.id, %(rank)s, line.id, %(interval)s
                      FROM broker_care_call AS call
                      JOIN broker_customer AS customer ON customer.id = call.customer_id
                 LEFT JOIN broker_tier AS tier ON tier.id = customer.tier_id
                 LEFT JOIN broker_care_call_reason AS line
                        ON line.call_id = call.id AND line.reason = 'cadence'
                     WHERE call.id > %(last_id)s
                       AND call.company_id = %(company)s
                       AND call.state = 'planned'
                       AND %(callable)s
                       AND (call.tier_rank IS DISTINCT FROM %(rank)s
                            OR line.interval_days != %(interval)s)
                     ORDER BY call.id
                     LIMIT %(limit)s
                    """,
                    rank=SQL("COALESCE(tier.rank, 0)"),
                    interval=(self._sql_interval(rule) if rule else SQL("line.interval_days")),
                    last_id=last_id,
                    company=company.id,
                    callable=self._sql_callable(scope),
                    limit=BATCH_SIZE,
                )
            )
            for call_id, rank, line_id, interval in rows:
                call = self.browse(call_id)
                line = self.env["broker.care.call.reason"].browse(line_id or [])
                call.tier_rank = rank
                if not line or line.interval_days == interval:
                    continue
                line.interval_days = interval
                call._follow_cadence(line, rule, today)
            if rows:
                last_id = rows[-1][0]
                yield len(rows)
            if len(rows) < BATCH_SIZE:
                return

    # CRON

    @api.model
    def _cron_plan_calls(self):
        """Do the care line's night: what the cron of databases calls that were there before
        the night also gathered contacts, and whose hour is their own."""
        return self.env["broker.customer"]._cron_care_night()
