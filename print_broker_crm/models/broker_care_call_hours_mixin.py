from datetime import datetime, time, timedelta

from pytz import UTC, all_timezones, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_customer_hours_mixin import CallHours

# So far ahead an hour is looked for in which firm and customer are awake.
REACH = timedelta(days=14)


class BrokerCareCallHoursMixin(models.AbstractModel):
    """When a call can be made: the firm works, and the customer's clock allows it."""

    _name = "broker.care.call.hours.mixin"
    _description = "Care Call: Hours"

    next_attempt_at = fields.Datetime(
        string="Callable From",
        compute="_compute_next_attempt_at",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
    )
    is_agreed = fields.Boolean(
        string="At This Hour",
        readonly=True,
        copy=False,
        help="Agreed with the customer, or wanted at once by somebody: on that day no other hours count.",
    )
    callable_now = fields.Boolean(
        string="Can Be Called Now",
        compute="_compute_callable_now",
        search="_search_callable_now",
        help="It is time for the next attempt, the firm works, and the customer's clock allows it.",
    )
    customer_clock = fields.Char(
        string="Customer's Clock",
        compute="_compute_customer_clock",
        help="What time it is where the customer is, when that is not the firm's time.",
    )

    @api.depends("date_planned", "customer_id")
    def _compute_next_attempt_at(self):
        """The first hour of the planned day in which the firm works and the customer may be called."""
        for call in self:
            if not call.date_planned:
                call.next_attempt_at = False
        planned = self.filtered("date_planned")
        for company, calls in planned.grouped(lambda call: call.company_id or self.env.company).items():
            days = calls.mapped("date_planned")
            spans = self._get_firm_spans(company, min(days), max(days))
            openings = {}
            for call in calls:
                key = (call.date_planned, call._get_hours(company))
                if key not in openings:
                    openings[key] = self._get_first_hour(company, *key, spans)
                call.next_attempt_at = openings[key]

    @api.depends("state", "next_attempt_at", "is_agreed")
    def _compute_callable_now(self):
        found = self.sudo()._find_callable(self.company_id, self.ids)
        for call in self:
            call.callable_now = call._origin.id in found

    @api.model
    def _search_callable_now(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("id", "in", self._get_callable_query(self.env.companies))
        wanted = Domain.FALSE
        if True in value:
            wanted |= domain
        if False in value:
            wanted |= ~domain
        return wanted

    def _compute_customer_clock(self):
        now = UTC.localize(fields.Datetime.now())
        for call in self:
            company = call.company_id or self.env.company
            hours = call._get_hours(company)
            call.customer_clock = hours.zone != company._get_broker_tz() and (
                f"{now.astimezone(timezone(hours.zone)):%H:%M} ({hours.zone})"
            )

    # BUSINESS

    def _get_hours(self, company):
        """Return the `CallHours` of the customer, the firm's before there is one."""
        self.ensure_one()
        if self.customer_id:
            return self.customer_id.sudo()._get_call_hours()
        return CallHours(company.broker_call_from, company.broker_call_to, company._get_broker_tz(), False)

    @api.model
    def _get_firm_spans(self, company, first, last):
        """Return the firm's working hours from one day to two weeks after another.

        :return: list of (opening, closing) in naive UTC, None for a firm without working hours
        """
        begin = self._get_midnight(company, first)
        end = self._get_midnight(company, last) + REACH
        return self.env["broker.care.rule"]._get_spans(company, begin, end) or None

    @api.model
    def _get_midnight(self, company, day):
        """Return the moment, naive UTC, at which a day of the firm begins."""
        zone = timezone(company._get_broker_tz())
        return zone.localize(datetime.combine(day, time.min)).astimezone(UTC).replace(tzinfo=None)

    @api.model
    def _get_first_hour(self, company, day, hours, spans):
        """Return the first moment from a day on at which a customer can be called.

        :param hours: the customer's `CallHours`
        :param spans: what `_get_firm_spans` returned
        :return: naive UTC `datetime`; the beginning of the day where there is none within two weeks
        """
        morning = self._get_midnight(company, day)
        found = hours.meet(spans, morning, morning + REACH)
        return found[0][0] if found else morning

    def _find_callable(self, companies, ids):
        """Return which of some calls can be made now, as a set of ids."""
        if not ids:
            return set()
        query = SQL("%s AND call.id = ANY(%s)", self._get_callable_query(companies), list(ids))
        return {row[0] for row in self.env.execute_query(query)}

    @api.model
    def _get_callable_query(self, companies):
        """Return the SQL of the ids of calls that can be made at this moment.

        :param companies: the `res.company` whose calls are asked for
        """
        self.flush_model(["state", "next_attempt_at", "step", "is_agreed", "company_id", "customer_id"])
        self.env["broker.customer"].flush_model(
            ["partner_id", "preferred_from", "preferred_to", "preferred_tz", "is_outside_hours"]
        )
        self.env["res.partner"].flush_model(["tz"])
        now = fields.Datetime.now()
        instant = UTC.localize(now)
        Rule = self.env["broker.care.rule"].sudo()
        firms = []
        for company in companies.sudo():
            is_open = not company._get_broker_calendar().attendance_ids or bool(
                Rule._get_spans(company, now, now + timedelta(seconds=1))
            )
            begin, end = company.broker_call_from, company.broker_call_to
            firms.append((company.id, is_open, company._get_broker_day_start(), begin, end, company._get_broker_tz()))
        clocks = [instant.astimezone(timezone(zone)) for zone in all_timezones]
        columns = [list(column) for column in zip(*firms, strict=True)] or [[]] * 6
        return SQL(
            """
            SELECT call.id
              FROM broker_care_call AS call
              JOIN broker_customer AS customer ON customer.id = call.customer_id
              JOIN res_partner AS contact ON contact.id = customer.partner_id
              JOIN UNNEST(
                    %s::int[], %s::bool[], %s::timestamp[], %s::float8[], %s::float8[], %s::varchar[]
                   ) AS firm (company_id, is_open, day_start, call_from, call_to, zone)
                ON firm.company_id = call.company_id
         LEFT JOIN UNNEST(%s::varchar[], %s::float8[]) AS clock (zone, hour)
                ON clock.zone = COALESCE(customer.preferred_tz, contact.tz, firm.zone)
             WHERE call.state = 'planned'
               AND call.next_attempt_at <= %s
               AND (call.step = 'write'
                    OR (call.is_agreed AND call.next_attempt_at >= firm.day_start)
                    OR ((firm.is_open OR customer.is_outside_hours)
                        AND CASE WHEN customer.preferred_to > 0
                                 THEN clock.hour >= customer.preferred_from AND clock.hour < customer.preferred_to
                                 ELSE clock.hour >= firm.call_from AND clock.hour < firm.call_to
                             END))
            """,
            *columns,
            list(all_timezones),
            [clock.hour + clock.minute / 60 for clock in clocks],
            now,
        )
