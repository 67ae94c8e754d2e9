from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCareRule(models.Model):
    """Why and when the care line calls a customer.

    The numbers of a rule are the firm's to change: how long after the event, how
    long the call remains useful, how often it is tried, how often a customer may be
    asked for scores. How the events of a reason are found is the call's business.
    """

    _name = "broker.care.rule"
    _description = "Care Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Empty: the rule holds for every company.",
    )
    reason = fields.Selection(
        [
            ("first_order", "First Order"),
            ("receipt", "Receipt"),
            ("cadence", "Cadence"),
            ("case_closed", "Case Closed"),
            ("sales_silent", "Salesperson Silent"),
            ("salesperson_left", "Salesperson Left"),
            ("decline", "Decline"),
            ("win_back", "Win Back"),
            ("campaign", "Campaign"),
            ("by_hand", "By Hand"),
        ],
        required=True,
        help="First order: the customer's first job was confirmed. Receipt: the "
        "customer received a job. Cadence: the time between two calls that the tier "
        "owes. Case closed: a case of the customer was closed. Salesperson silent: the "
        "customer orders or writes and sales is not in touch. Salesperson left: the "
        "salesperson was archived. Decline: the customer's trend or tier went down. Win back: "
        "neither the firm nor the customer is in touch. Campaign: a campaign asks for the "
        "call. By hand: planned by somebody of the care line.",
    )
    delay_days = fields.Integer(
        string="Call After",
        help="The time between the event and the first moment to call. For the cadence: "
        "days since the last call where the customer's tier does not say.",
    )
    delay_unit = fields.Selection(
        [("days", "Days"), ("working_days", "Working Days"), ("working_hours", "Working Hours")],
        required=True,
        default="days",
    )
    window_days = fields.Integer(
        string="Window",
        required=True,
        default=7,
        help="How long from then on the call is useful. A call that nobody made by then is missed.",
    )
    window_unit = fields.Selection(
        [("days", "Days"), ("working_hours", "Working Hours")],
        string="Unit of the Window",
        required=True,
        default="days",
    )
    rest_days = fields.Integer(
        string="Rest after a Talk (Days)",
        help="The care line reached the customer within so many days: this reason waits until they are over.",
    )
    tier_rank_min = fields.Integer(
        string="From Tier",
        help="Only customers of this tier or a higher one, 1 for 1A to 5 for 5A; 0: all. Where the tier "
        "itself went down, the one that the customer had before counts.",
    )
    urgency = fields.Selection(
        [("0", "Low"), ("1", "Normal"), ("2", "High"), ("3", "Urgent")],
        required=True,
        default="1",
        help="The queue shows the most urgent calls first.",
    )
    max_attempts = fields.Integer(
        string="Attempts at Most",
        required=True,
        default=5,
        help="After so many attempts without reaching anybody the phone is given up.",
    )
    minimum_gap_hours = fields.Float(
        string="Gap Between Attempts (Hours)",
        required=True,
        default=4.0,
        help="Then the call comes back at another half of the day, where no line below says otherwise.",
    )
    retry_ids = fields.One2many("broker.care.retry", "rule_id", string="Retries", copy=True)
    write_days = fields.Integer(
        string="Days to Write",
        help="When the phone is given up, the officer has so many days to write by WeChat or e-mail instead. 0: the "
        "call is missed at once and the manager gets a to-do.",
    )
    message_text = fields.Text(
        string="Text to Send",
        translate=True,
        help="What the officer copies into WeChat or an e-mail. {customer}, {officer} and {company} are filled in.",
    )
    rating_kind = fields.Selection(
        [
            ("none", "No Scores"),
            ("transaction", "About a Job"),
            ("relationship", "About the Relationship"),
        ],
        string="Scores",
        required=True,
        default="relationship",
    )
    rating_gap_days = fields.Integer(
        string="Ask Again After (Days)",
        required=True,
        default=180,
        help="A customer who was asked for scores within so many days is not asked in a call of this rule.",
    )

    _delay_positive = models.Constraint(
        "CHECK (delay_days >= 0)",
        "A call cannot be due before its event: set the days to call after to 0 or more.",
    )
    _cadence_positive = models.Constraint(
        "CHECK (reason != 'cadence' OR delay_days > 0)",
        "A cadence needs at least one day between two calls.",
    )
    _cadence_in_days = models.Constraint(
        "CHECK (reason != 'cadence' OR (delay_unit = 'days' AND window_unit = 'days'))",
        "A cadence is counted in days.",
    )
    _rest_not_negative = models.Constraint(
        "CHECK (COALESCE(rest_days, 0) >= 0 AND COALESCE(write_days, 0) >= 0)",
        "The days of rest and the days to write cannot be negative.",
    )
    _tier_rank_range = models.Constraint(
        "CHECK (COALESCE(tier_rank_min, 0) BETWEEN 0 AND 5)",
        "The tier from which a rule holds is 1 to 5, or 0 for all.",
    )
    _window_positive = models.Constraint("CHECK (window_days > 0)", "A call needs a window of at least one day.")
    _attempts_positive = models.Constraint("CHECK (max_attempts > 0)", "A call needs at least one attempt.")
    _gap_positive = models.Constraint(
        "CHECK (minimum_gap_hours >= 0)",
        "The gap between two attempts cannot be negative.",
    )
    _rating_gap_positive = models.Constraint(
        "CHECK (rating_kind = 'none' OR rating_gap_days > 0)",
        "Say after how many days a customer may be asked for scores again.",
    )

    @api.model
    def _get_rules(self, company, reason=None):
        """Return the rules in force in a company, its own before the shared ones.

        Of a reason only the company's own rules count when it has any.

        :param company: the `res.company` that calls
        :param reason: only the rules of this reason, when given
        :return: `broker.care.rule` records
        """
        domain = Domain("company_id", "in", [company.id, False])
        if reason:
            domain &= Domain("reason", "=", reason)
        rules = self.sudo().search(domain)
        own_reasons = set(rules.filtered("company_id").mapped("reason"))
        return rules.filtered(lambda rule: rule.company_id or rule.reason not in own_reasons)

    def _get_retry(self, outcome):
        """Return the rule's own `broker.care.retry` for an outcome, or none."""
        return self.retry_ids.filtered(lambda retry: retry.outcome == outcome)[:1]

    @api.model
    def _get_rating_gap(self, company, reason):
        """Return after how many days the rules of a reason ask one person for scores
        again, 0 where they ask for none.

        :param company: the `res.company` that asks
        :param reason: a value of `reason`
        """
        return self._get_rules(company, reason)._get_shortest_gap()

    def _get_shortest_gap(self):
        """Return the shortest of these rules' gaps between two times of asking, or 0."""
        return min((rule.rating_gap_days for rule in self.sudo() if rule.rating_kind != "none"), default=0)

    def _get_due_date(self, company, date):
        """Return the first day on which the rule wants a call after an event.

        :param company: the `res.company` whose calendar counts working days
        :param date: the day of the event, a `date`
        """
        self.ensure_one()
        calendar = company._get_broker_calendar()
        if self.delay_unit == "days" or not calendar or not self.delay_days:
            return date + timedelta(days=self.delay_days)
        zone = timezone(company._get_broker_tz())
        morning = zone.localize(datetime.combine(date + timedelta(days=1), time.min))
        due = calendar.plan_days(self.delay_days, morning, compute_leaves=True)
        if not due:
            return date + timedelta(days=self.delay_days)
        return due.astimezone(zone).date()

    def _get_window(self, company, date, moment=None, spans=None):
        """Return when a call after an event begins to be useful, and its last day.

        :param company: the `res.company` that calls
        :param date: the day of the event, a `date`
        :param moment: the event as naive UTC `datetime`, for what counts in hours
        :param spans: the working hours around the event, from `_get_spans`
        :return: (first day, first moment or None where the day says all, last day)
        """
        self.ensure_one()
        begin = None
        if self.delay_unit == "working_hours":
            begin = self._add_hours(spans, moment or self._get_opening(company, date), self.delay_days)
            start = company._get_broker_date(begin)
        else:
            start = self._get_due_date(company, date)
        if self.window_unit == "working_hours":
            end = self._add_hours(spans, begin or self._get_opening(company, start), self.window_days)
            deadline = company._get_broker_date(end)
        else:
            deadline = start + timedelta(days=self.window_days)
        return start, begin, deadline

    @api.model
    def _get_spans(self, company, begin, end):
        """Return the firm's working hours between two moments, in one look.

        :param begin: naive UTC `datetime`
        :param end: naive UTC `datetime`
        :return: list of (open, close), naive UTC, ascending; none without working hours
        """
        calendar = company._get_broker_calendar()
        if not calendar.attendance_ids:
            return []
        found = calendar._work_intervals_batch(
            UTC.localize(begin), UTC.localize(end), domain=company._get_broker_leave_domain()
        )[False]
        return [
            tuple(moment.astimezone(UTC).replace(tzinfo=None) for moment in (opening, closing))
            for opening, closing, _attendances in found
        ]

    @api.model
    def _add_hours(self, spans, moment, hours):
        """Return the moment some working hours after another.

        Where the hours reach beyond the given spans, or there are none, every hour counts.

        :param spans: what `_get_spans` returned
        :param moment: naive UTC `datetime`
        """
        left = timedelta(hours=hours)
        reached = moment
        for opening, closing in spans or []:
            reached = max(opening, moment)
            if closing < reached:
                continue
            if left <= closing - reached:
                return reached + left
            left -= closing - reached
            reached = closing
        return max(reached, moment) + left

    @api.model
    def _get_opening(self, company, date):
        """Return the moment from which the firm works on a day or the next one.

        :param company: the `res.company` whose calendar counts
        :param date: the day, a `date`
        :return: naive UTC `datetime`; the beginning of the day where the calendar
            is missing or shows no work within two weeks
        """
        zone = timezone(company._get_broker_tz())
        morning = zone.localize(datetime.combine(date, time.min))
        calendar = company._get_broker_calendar()
        opening = morning
        if calendar:
            intervals = calendar._work_intervals_batch(morning, morning + timedelta(days=14))[False]
            opening = next((start for start, _stop, _meta in intervals), morning)
        return opening.astimezone(UTC).replace(tzinfo=None)
