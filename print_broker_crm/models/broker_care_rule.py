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
            ("by_hand", "By Hand"),
        ],
        required=True,
        help="First order: the customer's first job was confirmed. Receipt: the "
        "customer received a job. Cadence: the time between two calls that the tier "
        "owes. Case closed: a case of the customer was closed. Salesperson silent: the "
        "customer orders or writes and sales is not in touch. Salesperson left: the "
        "salesperson was archived. Decline: the customer's tier went down. Win back: "
        "neither the firm nor the customer is in touch. By hand: planned by somebody of "
        "the care line.",
    )
    delay_days = fields.Integer(
        string="Call After",
        help="Days between the event and the first moment to call. For the cadence: "
        "days since the last call where the customer's tier does not say.",
    )
    delay_unit = fields.Selection(
        [("days", "Days"), ("working_days", "Working Days")],
        required=True,
        default="days",
    )
    window_days = fields.Integer(
        string="Window (Days)",
        required=True,
        default=7,
        help="Days in which the call is useful. A call that nobody made by then is missed.",
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
        help="After so many attempts without reaching anybody the call is missed and the manager gets a to-do.",
    )
    minimum_gap_hours = fields.Float(string="Gap Between Attempts (Hours)", required=True, default=4.0)
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
