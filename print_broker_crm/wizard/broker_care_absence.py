from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain


class BrokerCareAbsence(models.TransientModel):
    """Takes down when an officer is away, as time off in Odoo's own calendars.

    Where Odoo's time off is installed it writes the same rows, and this is not needed.
    """

    _name = "broker.care.absence"
    _description = "Absence of an Officer"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users",
        string="Who",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Managers take down the absence of others, everybody else their own.",
    )
    date_from = fields.Date(
        string="First Day", required=True, default=lambda self: self.env.company._get_broker_today()
    )
    date_to = fields.Date(string="Last Day", required=True, default=lambda self: self.env.company._get_broker_today())
    reason = fields.Char()
    call_count = fields.Integer(
        string="Calls That Cannot Wait",
        compute="_compute_call_count",
        help="Urgent calls of these days, and those whose window ends before the officer is back. They go to others.",
    )

    @api.depends("user_id", "date_from", "date_to", "company_id")
    def _compute_call_count(self):
        for absence in self:
            absence.call_count = len(absence._find_calls())

    def action_confirm(self):
        """Write the time off, and let others make the calls that cannot wait."""
        self.ensure_one()
        is_manager = self.env.user.has_group("print_broker_crm.group_manager")
        if self.user_id != self.env.user and not is_manager:
            raise AccessError(self.env._("Only a manager takes down when somebody else is away."))
        if self.company_id not in self.env.companies or self.company_id not in self.user_id.sudo().company_ids:
            raise AccessError(self.env._("Choose a company in which both of you work."))
        if self.date_to < self.date_from:
            raise UserError(self.env._("The last day of an absence is not before the first."))
        calls = self._find_calls()
        begin, end = self._get_limits()
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": self.reason or self.env._("Away"),
                "resource_id": self._get_resource().id,
                "company_id": self.company_id.id,
                "calendar_id": self.company_id.resource_calendar_id.id,
                "date_from": begin,
                "date_to": end,
            }
        )
        Call = self.env["broker.care.call"]._prepare_planning(self.company_id)
        Call._assign_officers(Call.browse(calls.ids), self.company_id)
        return {"type": "ir.actions.act_window_close"}

    def _get_limits(self):
        """Return the first and the last moment of the absence, naive UTC."""
        zone = timezone(self.company_id._get_broker_tz())
        return tuple(
            zone.localize(moment).astimezone(UTC).replace(tzinfo=None)
            for moment in (
                datetime.combine(self.date_from, time.min),
                datetime.combine(self.date_to + timedelta(days=1), time.min) - timedelta(seconds=1),
            )
        )

    def _get_resource(self):
        """Return the user's resource in the company, opened when it misses."""
        Resource = self.env["resource.resource"].sudo()
        company = self.company_id
        return Resource.search(
            Domain("user_id", "=", self.user_id.id) & Domain("company_id", "in", [company.id, False]), limit=1
        ) or Resource.create(
            {
                "name": self.user_id.name,
                "user_id": self.user_id.id,
                "company_id": company.id,
                "calendar_id": company.resource_calendar_id.id,
                "tz": company._get_broker_tz(),
            }
        )

    def _find_calls(self):
        """Return the open calls of the officer that cannot wait, in sudo."""
        self.ensure_one()
        Call = self.env["broker.care.call"].sudo()
        if not (self.user_id and self.date_from and self.date_to and self.company_id):
            return Call
        today = self.company_id._get_broker_today()
        first = max(self.date_from, today)
        away = {first + timedelta(days=number) for number in range((self.date_to - first).days + 1)}
        begin, end = self._get_limits()
        spans = self.env["broker.care.rule"]._get_spans(self.company_id, begin, end + timedelta(days=1))
        working = {self.company_id._get_broker_date(opening) for opening, _closing in spans}
        closed = away - working if working else set()
        calls = Call.search(
            Domain("user_id", "=", self.user_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "planned")
            & Domain("date_planned", "<=", self.date_to)
        )
        return calls.filtered(lambda call: call._cannot_wait(away, closed, today))
