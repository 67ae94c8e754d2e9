from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import fields, models
from odoo.fields import NO_ACCESS, Domain

MIDDAY = time(12)


class BrokerCompanyCoverageMixin(models.AbstractModel):
    """How long a company lets a customer be without a touch, and how it counts the days."""

    _name = "broker.company.coverage.mixin"
    _description = "Company: Coverage"

    broker_coverage_sales_days = fields.Integer(
        string="Salesperson in Touch Every",
        default=60,
        help="Days in which sales must have been in touch with a customer without a tier; a tier has a number of its "
        "own.",
    )
    broker_coverage_pause = fields.Boolean(
        string="Closing Days Do Not Count",
        default=True,
        help="Neither the firm nor the customer is silent for being closed: a day whose midday lies in a closing of "
        "the firm's working hours is not counted.",
    )
    broker_coverage_from = fields.Date(
        string="Silence Counts From",
        help="The day from which the firm logs its contacts. What was not logged before it is held against nobody. "
        "Empty: every customer is counted from the day its file was opened.",
    )
    broker_coverage_todo = fields.Selection(
        [("all", "Every customer"), ("key", "Key accounts"), ("none", "Nobody")],
        string="To-Do About Silence",
        required=True,
        default="all",
        help="Of whom a manager gets a to-do, once, when the customer falls silent.",
    )
    broker_coverage_mark_date = fields.Date(
        string="Day of the Last Coverage Run", readonly=True, copy=False, groups=NO_ACCESS
    )
    broker_coverage_mark_id = fields.Integer(
        string="Coverage Run up to Customer",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the last customer looked at on that day.",
    )

    _broker_coverage_days_positive = models.Constraint(
        "CHECK (broker_coverage_sales_days > 0)",
        "The days in which a salesperson must be in touch with a customer must be more than zero.",
    )

    def _get_broker_coverage_starts(self, numbers):
        """Return the first day of each number of days back from today: a touch on an
        earlier one is longer ago.

        Closing days are left out where the company says so.

        :param numbers: numbers of days, each more than zero
        :return: {number: `date`}
        """
        self.ensure_one()
        day = self._get_broker_today()
        wanted = sorted(set(numbers))
        # A closing without a beginning does not stop the count for ever.
        since = day - timedelta(days=2 * max(wanted, default=0) + 366)
        closings = self._get_broker_closings(since)
        starts, passed = {}, 0
        while wanted:
            passed += day < since or not self._is_broker_closing_day(day, closings)
            while wanted and passed > wanted[0]:
                starts[wanted.pop(0)] = day
            day -= timedelta(days=1)
        return starts

    def _get_broker_closings(self, since):
        """Return the times in which the whole firm is closed, as pairs of naive UTC
        `datetime`; none when closing days count.

        :param since: the first day of interest, a `date`
        """
        self.ensure_one()
        calendar = self._get_broker_calendar()
        if not self.broker_coverage_pause or not calendar:
            return []
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain(self._get_broker_leave_domain())
                & Domain("resource_id", "=", False)
                & Domain("calendar_id", "in", [False, calendar.id])
                & Domain("date_to", ">=", datetime.combine(since, time.min))
            )
        )
        return [(leave.date_from, leave.date_to) for leave in leaves]

    def _is_broker_closing_day(self, day, closings):
        """Return whether the firm is closed at midday of a day."""
        if not closings:
            return False
        midday = timezone(self._get_broker_tz()).localize(datetime.combine(day, MIDDAY))
        moment = midday.astimezone(UTC).replace(tzinfo=None)
        return any(start <= moment < stop for start, stop in closings)

    def _get_broker_moment(self, day):
        """Return the moment at which a day of the firm begins, naive UTC."""
        self.ensure_one()
        start = timezone(self._get_broker_tz()).localize(datetime.combine(day, time.min))
        return start.astimezone(UTC).replace(tzinfo=None)
