from datetime import datetime, time, timedelta
from typing import NamedTuple

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from .broker_customer_care_mixin import CARE_GROUP

# A week has every day on which somebody could work.
WEEK = timedelta(days=7)


class CallHours(NamedTuple):
    """Between which hours of the day a customer may be called, by the customer's clock."""

    begin: float
    end: float
    zone: str
    # Whether the firm's own working hours are no bound, because the two never meet.
    is_outside: bool

    def get_days(self, begin, end):
        """Return these hours on every day between two moments, as (start, stop) in UTC.

        :param begin: naive UTC `datetime`
        :param end: naive UTC `datetime`
        """
        zone = timezone(self.zone)
        day = UTC.localize(begin).astimezone(zone).date()
        last = UTC.localize(end).astimezone(zone).date()
        found = []
        while day <= last:
            midnight = datetime.combine(day, time.min)
            found.append(
                tuple(
                    zone.localize(midnight + timedelta(hours=hour)).astimezone(UTC).replace(tzinfo=None)
                    for hour in (self.begin, self.end)
                )
            )
            day += timedelta(days=1)
        return found

    def meet(self, spans, begin, end):
        """Return when the customer may be called and the firm works, as (start, stop).

        :param spans: the firm's working hours, None where it has none and any hour counts
        :param begin: naive UTC `datetime`, the first moment of interest
        :param end: naive UTC `datetime`
        """
        days = [(max(start, begin), stop) for start, stop in self.get_days(begin, end) if stop > begin]
        if spans is None or self.is_outside:
            return days
        return [
            (max(start, opening), min(stop, closing))
            for opening, closing in spans
            for start, stop in days
            if max(start, opening) < min(stop, closing)
        ]


class BrokerCustomerHoursMixin(models.AbstractModel):
    """When a customer likes to be called, on the customer file."""

    _name = "broker.customer.hours.mixin"
    _description = "Customer File: Hours to Call"

    preferred_from = fields.Float(
        string="Likes Calls From",
        groups=CARE_GROUP,
        help="By the customer's own clock. Empty: the hours that the firm holds decent, see the settings.",
    )
    preferred_to = fields.Float(string="Likes Calls Until", groups=CARE_GROUP)
    preferred_tz = fields.Selection(
        _tz_get,
        string="Customer's Time Zone",
        groups=CARE_GROUP,
        help="Empty: the time zone of the contact, else that of the firm.",
    )
    is_outside_hours = fields.Boolean(
        string="Only outside Our Working Hours",
        compute="_compute_is_outside_hours",
        store=True,
        groups=CARE_GROUP,
        help="The hours in which this customer may be called never meet the firm's working hours.",
    )

    @api.depends("preferred_from", "preferred_to", "preferred_tz", "partner_id.tz", "company_id")
    def _compute_is_outside_hours(self):
        now = fields.Datetime.now()
        spans = {}
        for customer in self:
            company = customer.company_id
            customer.is_outside_hours = False
            if not company:
                continue
            hours = customer.sudo()._get_call_hours(is_outside=False)
            if not customer.preferred_to and hours.zone == company._get_broker_tz():
                continue
            if company not in spans:
                found = self.env["broker.care.rule"]._get_spans(company, now, now + WEEK)
                spans[company] = found or None
            customer.is_outside_hours = not hours.meet(spans[company], now, now + WEEK)

    @api.constrains("preferred_from", "preferred_to")
    def _check_preferred_hours(self):
        for customer in self.sudo():
            begin, end = customer.preferred_from, customer.preferred_to
            if (begin or end) and not 0 <= begin < end <= 24:
                raise ValidationError(
                    self.env._(
                        "%(customer)s likes to be called between two hours of one day, the first before the second "
                        "and none after 24:00.",
                        customer=customer.name,
                    )
                )

    def _get_call_hours(self, is_outside=None):
        """Return the `CallHours` in which the care line may call this customer."""
        self.ensure_one()
        company = self.company_id
        has_own = bool(self.preferred_to)
        return CallHours(
            self.preferred_from if has_own else company.broker_call_from,
            self.preferred_to if has_own else company.broker_call_to,
            self.preferred_tz or self.partner_id.tz or company._get_broker_tz(),
            self.is_outside_hours if is_outside is None else is_outside,
        )
