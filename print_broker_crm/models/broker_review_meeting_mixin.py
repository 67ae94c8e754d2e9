from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import plaintext2html
from odoo.tools.intervals import Intervals
from odoo.tools.misc import format_date

from .broker_review_flow_mixin import CALL_ACTIVITY

# Meetings begin on the clock.
_MINUTES = 15
# How far ahead an hour is looked for: what is soon first.
_DAYS = (7, 60)


class BrokerReviewMeetingMixin(models.AbstractModel):
    """The people of a review meet when all of them are at work and nobody has another date."""

    _name = "broker.review.meeting.mixin"
    _description = "Review: Meeting"

    meeting_id = fields.Many2one(
        "calendar.event", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    meeting_start = fields.Datetime(related="meeting_id.start", string="They Meet", compute_sudo=True)
    has_meeting = fields.Boolean(compute="_compute_has_meeting", compute_sudo=True)
    called_ids = fields.Many2many(
        "res.users",
        "broker_review_called_rel",
        readonly=True,
        copy=False,
        help="Who was invited to the meeting for taking part; others were invited by hand, and stay.",
    )

    @api.depends("meeting_id.active", "meeting_id.stop")
    def _compute_has_meeting(self):
        for review in self:
            review.has_meeting = review._is_meeting_ahead()

    def _is_meeting_ahead(self):
        """Return whether the people are going to meet."""
        meeting = self.sudo().meeting_id
        return bool(meeting.active and meeting.stop > fields.Datetime.now())

    # ACTIONS

    def action_book_meeting(self):
        """Ask for the hour of the meeting; the first one that suits everybody is proposed."""
        self.ensure_one()
        self._check_step("new", "planned", "agreed", "following")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Book a Meeting"),
            "res_model": "broker.review.meeting",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_review_id": self.id},
        }

    def action_view_meeting(self):
        """Open the meeting."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "calendar.event",
            "res_id": self.meeting_id.id,
            "views": [(False, "form")],
        }

    # BUSINESS

    def _book_meeting(self, start, hours, place=None):
        """Call the participants together, or move the meeting that is still to come.

        :param start: naive UTC `datetime`
        :param hours: how long
        :param place: where; None leaves it as it is
        :return: the `calendar.event`, in sudo
        """
        self.ensure_one()
        self._check_step("new", "planned", "agreed", "following")
        review = self.sudo()
        stop = start + timedelta(hours=hours)
        people = review._get_participants()
        review._check_meeting(people, start, stop)
        if review._is_meeting_ahead():
            meeting = review.meeting_id
            meeting.write(
                {
                    "start": start,
                    "stop": stop,
                    "duration": hours,
                    **({} if place is None else {"location": place}),
                }
            )
            review._sync_meetings()
        else:
            organizer = review.user_id or self.env.user
            meeting = (
                self.env["calendar.event"]
                .sudo()
                .with_context(mail_create_nosubscribe=True)
                .create(
                    {
                        "name": review.env._("Review: %(customer)s", customer=review.customer_id.name),
                        "start": start,
                        "stop": stop,
                        "user_id": organizer.id,
                        "partner_ids": [Command.set(people.partner_id.ids)],
                        "location": place,
                        "description": review._get_meeting_text(),
                        # Colleagues who do not serve the customer see that they are busy.
                        "privacy": "private",
                        "show_as": "busy",
                        "res_model_id": self.env["ir.model"]._get_id(review._name),
                        "res_id": review.id,
                    }
                )
            )
        review.write(
            {
                "meeting_id": meeting.id,
                "called_ids": [Command.set(people.ids)],
                **({"state": "planned"} if review.state == "new" else {}),
            }
        )
        review.activity_feedback([CALL_ACTIVITY])
        review.message_post(
            body=review.env._(
                "%(people)s meet at %(time)s.", people=", ".join(people.mapped("name")), time=meeting.display_time
            ),
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_note",
        )
        return meeting

    def _get_meeting_text(self):
        """Return what everybody invited may know, also who cannot open the review: the
        customer and the question, and neither figures nor what was heard."""
        self.ensure_one()
        customer = self.customer_id.name
        day = format_date(self.env, self.decline_on)
        texts = {
            "declining": self.env._(
                "%(customer)s buys less than it used to, since %(day)s. Why, and what do we do?",
                customer=customer,
                day=day,
            ),
            "lost": self.env._(
                "%(customer)s does not buy any more, since %(day)s. Why, and what do we do?",
                customer=customer,
                day=day,
            ),
            "silence": self.env._(
                "It has become quiet around %(customer)s. Why, and what do we do?", customer=customer
            ),
            "by_hand": self.env._("How do we stand with %(customer)s, and what do we do?", customer=customer),
        }
        return plaintext2html(texts[self.reason])

    def _call_off_meetings(self):
        """Take the meetings that have not begun out of the calendars: there is nothing to meet
        about."""
        now = fields.Datetime.now()
        self.sudo().meeting_id.filtered(lambda meeting: meeting.start > now).unlink()

    def _check_meeting(self, people, start, stop):
        """Raise and say why the people of a review cannot meet then."""
        if not people:
            raise UserError(self.env._("Nobody takes part yet: say who."))
        if stop <= start:
            raise UserError(self.env._("A meeting ends after it begins."))
        if start <= fields.Datetime.now():
            raise UserError(self.env._("A meeting is booked for an hour to come."))
        away = self._get_away(people, start, stop)
        if away:
            raise UserError(
                self.env._(
                    "Not at work then: %(people)s. Choose an hour at which all of them are.",
                    people=", ".join(away.mapped("name")),
                )
            )

    def _sync_meetings(self):
        """Let the meetings to come know who takes part now, and let reviews whose meeting was
        called off wait for another."""
        for review in self.sudo():
            if review.state == "planned" and not review.meeting_id.active:
                review.write({"state": "new"})
                review._ask_leader()
            elif review._is_meeting_ahead():
                people = review._get_participants()
                meeting = review.meeting_id
                if review.user_id and meeting.user_id not in people:
                    # Whoever called them together has left: whoever leads now answers for it.
                    meeting.user_id = review.user_id
                called = review.with_context(active_test=False).called_ids
                if people != called:
                    commands = [Command.link(partner.id) for partner in (people - called).partner_id]
                    commands += [Command.unlink(partner.id) for partner in (called - people).partner_id]
                    meeting.write({"partner_ids": commands})
                    review.called_ids = people

    # HOURS

    def _find_meeting_start(self, people, hours):
        """Return the first hour at which everybody is at work and free, naive UTC; False
        where there is none in sight.

        :param people: `res.users`
        :param hours: how long the meeting takes
        """
        self.ensure_one()
        company = self.company_id.sudo()
        [begin] = company._plan_broker_hours([company.broker_review_lead_hours], fields.Datetime.now())
        length = timedelta(hours=hours)
        for days in _DAYS:
            end = begin + timedelta(days=days)
            free = self._get_common_hours(people, begin, end) - self._get_busy(people, begin, end)
            for opening, closing, _records in free:
                start = self._round_up(opening)
                if start + length <= closing:
                    return start.astimezone(UTC).replace(tzinfo=None)
        return False

    def _round_up(self, moment):
        rest = timedelta(minutes=moment.minute % _MINUTES, seconds=moment.second, microseconds=moment.microsecond)
        return moment - rest + timedelta(minutes=_MINUTES) if rest else moment

    def _get_common_hours(self, people, begin, end):
        """Return the `Intervals` in which all of some people are at work."""
        common = None
        for spans in self._get_office_hours(people, begin, end).values():
            common = spans if common is None else common & spans
        return common or Intervals([])

    def _get_away(self, people, start, stop):
        """Return who of some people is not at work for the whole of a time."""
        day = timedelta(days=1)
        wanted = Intervals([(UTC.localize(start), UTC.localize(stop), self.env["resource.calendar"])])
        hours = self._get_office_hours(people, start - day, stop + day)
        return people.filtered(lambda user: bool(wanted - hours[user]))

    def _get_office_hours(self, people, begin, end):
        """Return {user: `Intervals` in which they work}, by their own calendar and its time
        off, else by the firm's; who has no working hours is always there.

        :param begin: naive UTC `datetime`
        :param end: naive UTC `datetime`
        """
        self.ensure_one()
        company = self.company_id.sudo()
        bounds = (UTC.localize(begin), UTC.localize(end))
        own = company._get_broker_calendar()
        resources = {
            user: user.sudo().resource_ids.filtered(
                lambda resource: resource.active and resource.company_id == company
            )[:1]
            for user in people
        }
        found = {}
        for user, resource in resources.items():
            calendar = resource.calendar_id or own
            if calendar.attendance_ids:
                spans = calendar._work_intervals_batch(
                    *bounds, resources=resource, domain=company._get_broker_leave_domain()
                )[resource.id]
                spans = [(start.astimezone(UTC), stop.astimezone(UTC), calendar) for start, stop, _records in spans]
            else:
                spans = [(*bounds, calendar)]
            # What belongs together is one: a morning that two lines of a calendar cover.
            found[user] = Intervals([(start, stop, self.env["resource.calendar"]) for start, stop, _records in spans])
        return found

    def _get_busy(self, people, begin, end):
        """Return the `Intervals` in which somebody of some people has another date."""
        zone = timezone(self.company_id._get_broker_tz())
        day = timedelta(days=1)
        events = (
            self.env["calendar.event"]
            .sudo()
            .search(
                Domain("partner_ids", "in", people.partner_id.ids)
                & Domain("show_as", "=", "busy")
                & Domain("start", "<", end + day)
                & Domain("stop", ">", begin - day)
                & Domain("id", "!=", self.meeting_id.id)
            )
        )
        spans = []
        for event in events:
            coming = event.attendee_ids.filtered(lambda row: row.partner_id in people.partner_id)
            if coming and all(row.state == "declined" for row in coming):
                continue
            if event.allday:
                start = zone.localize(datetime.combine(event.start_date, time.min)).astimezone(UTC)
                stop = zone.localize(datetime.combine(event.stop_date + day, time.min)).astimezone(UTC)
            else:
                start, stop = UTC.localize(event.start), UTC.localize(event.stop)
            spans.append((start, stop, self.env["resource.calendar"]))
        return Intervals(spans)

    def _is_busy_at(self, start, hours):
        """Return whether somebody who takes part has another date then."""
        self.ensure_one()
        stop = start + timedelta(hours=hours)
        wanted = Intervals([(UTC.localize(start), UTC.localize(stop), self.env["resource.calendar"])])
        return bool(wanted & self._get_busy(self._get_participants(), start, stop))
