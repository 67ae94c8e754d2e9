from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common_review import ReviewCommon


@tagged("post_install", "-at_install")
class TestReviewMeeting(ReviewCommon):
    """The people of a review meet when all of them are at work and nobody has another date."""

    def setUp(self):
        super().setUp()
        self._turn("declining")
        self.review = self._get_reviews()
        self.people = self.review.participant_ids

    def _propose(self, hours=1.0):
        return self.review._find_meeting_start(self.review._get_participants(), hours)

    def _create_calendar(self, name, days, hours, tz="Asia/Shanghai"):
        return self.env["resource.calendar"].create(
            {
                "name": name,
                "tz": tz,
                "company_id": self.company.id,
                "attendance_ids": [Command.clear()]
                + [
                    Command.create(
                        {
                            "name": "Work",
                            "dayofweek": str(day),
                            "hour_from": start,
                            "hour_to": stop,
                            "day_period": period,
                        }
                    )
                    for day in days
                    for start, stop, period in hours
                ],
            }
        )

    def _give_hours(self, user, calendar, tz="Asia/Shanghai"):
        return self.env["resource.resource"].create(
            {
                "name": user.name,
                "user_id": user.id,
                "company_id": self.company.id,
                "calendar_id": calendar.id,
                "tz": tz,
            }
        )

    def _keep_busy(self, user, start, stop, **vals):
        return (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    "name": "Another date",
                    "start": start,
                    "stop": stop,
                    "user_id": user.id,
                    "partner_ids": [Command.set(user.partner_id.ids)],
                    **vals,
                }
            )
        )

    def test_the_first_hour(self):
        """Ten in the morning and four working hours: three in the afternoon."""
        self.assertMoment(self._propose(), "2026-03-02 07:00:00")
        self.assertMoment(self._propose(2.0), "2026-03-02 07:00:00")
        self.assertMoment(self._propose(3.0), "2026-03-03 00:00:00")

    def test_on_the_clock(self):
        self.at("2026-03-02 02:07:31")
        self.assertMoment(self._propose(), "2026-03-02 07:15:00")

    def test_everybodys_hours(self):
        """Chen works on Tuesdays and Wednesdays in the afternoon, Sun on Wednesdays and Fridays."""
        self._give_hours(self.service_chen, self._create_calendar("Chen", (1, 2), [(13, 17, "afternoon")]))
        self._give_hours(self.care_sun, self._create_calendar("Sun", (2, 4), [(9, 15, "morning")]))
        self.assertMoment(self._propose(), "2026-03-04 05:00:00")
        self.assertMoment(self._propose(2.0), "2026-03-04 05:00:00")
        self.assertFalse(self._propose(3.0))

    def test_another_time_zone(self):
        """Gao works from nine to five in Berlin: sixteen to midnight in Shanghai, in winter."""
        calendar = self._create_calendar("Berlin", range(5), [(9, 17, "morning")], tz="Europe/Berlin")
        self._give_hours(self.manager_gao, calendar, tz="Europe/Berlin")
        self.assertMoment(self._propose(), "2026-03-02 08:00:00")
        # From 29 March Berlin is an hour earlier: fifteen to twenty-three in Shanghai.
        self.at("2026-03-30 00:00:00")
        self.assertMoment(self._propose(2.0), "2026-03-30 07:00:00")

    def test_time_off(self):
        """The firm is closed on Monday afternoon, and Wang is off on Tuesday."""
        Leave = self.env["resource.calendar.leaves"]
        Leave.create(
            {
                "name": "Closed",
                "company_id": self.company.id,
                "calendar_id": self.calendar.id,
                "date_from": datetime(2026, 3, 2, 5),
                "date_to": datetime(2026, 3, 2, 9),
                "time_type": "leave",
            }
        )
        resource = self._give_hours(self.sales_wang, self.calendar)
        Leave.create(
            {
                "name": "Off",
                "company_id": self.company.id,
                "resource_id": resource.id,
                "calendar_id": self.calendar.id,
                "date_from": datetime(2026, 3, 2, 16),
                "date_to": datetime(2026, 3, 3, 16),
                "time_type": "leave",
            }
        )
        self.assertMoment(self._propose(), "2026-03-04 00:00:00")

    def test_other_dates(self):
        self._keep_busy(self.sales_wang, "2026-03-02 07:30:00", "2026-03-02 08:30:00")
        self._keep_busy(self.care_sun, "2026-03-03 00:00:00", "2026-03-03 02:00:00")
        self._keep_busy(self.service_lin, "2026-03-03 02:00:00", "2026-03-03 04:00:00")
        self._keep_busy(self.service_chen, "2026-03-03 02:00:00", "2026-03-03 03:00:00", show_as="free")
        self.assertMoment(self._propose(), "2026-03-03 02:00:00")
        whole = self._keep_busy(
            self.manager_qian,
            "2026-03-03 00:00:00",
            "2026-03-03 00:00:00",
            allday=True,
            start_date="2026-03-03",
            stop_date="2026-03-03",
        )
        self.assertMoment(self._propose(), "2026-03-04 00:00:00")
        whole.attendee_ids.state = "declined"
        self.assertMoment(self._propose(), "2026-03-03 02:00:00")

    def test_no_hours_at_all(self):
        self.company.resource_calendar_id.attendance_ids.unlink()
        self.assertMoment(self._propose(), "2026-03-02 06:00:00")

    def test_booked_by_the_button(self):
        action = self.review.with_user(self.sales_wang).action_book_meeting()
        with Form(self.env[action["res_model"]].with_user(self.sales_wang).with_context(**action["context"])) as form:
            self.assertMoment(form.start, "2026-03-02 07:00:00")
            self.assertEqual(form.duration, 1.0)
            self.assertFalse(form.hint)
        form.record.action_book()
        meeting = self.review.meeting_id
        self.assertEqual((meeting.start, meeting.stop), (datetime(2026, 3, 2, 7), datetime(2026, 3, 2, 8)))
        self.assertEqual(meeting.partner_ids, self.people.partner_id)
        self.assertEqual((meeting.privacy, meeting.user_id), ("private", self.manager_qian))
        self.assertEqual((meeting.res_model, meeting.res_id), ("broker.review", self.review.id))
        self.assertEqual(self.review.state, "planned")
        review_type = self.env.ref("print_broker_crm.mail_activity_type_review")
        todos = self.review.activity_ids.filtered(lambda row: row.activity_type_id == review_type)
        self.assertFalse(todos, "they are called")
        self.assertTrue(self.review.has_meeting)

    def test_out_of_hours_is_refused(self):
        self._give_hours(self.service_chen, self._create_calendar("Chen", range(5), [(13, 17, "afternoon")]))
        review = self.review.with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "Chen"):
            review._book_meeting(datetime(2026, 3, 3, 1), 1.0)
        with self.assertRaisesRegex(UserError, "Not at work"):
            review._book_meeting(datetime(2026, 3, 3, 8, 30), 1.0)
        with self.assertRaisesRegex(UserError, "to come"):
            review._book_meeting(datetime(2026, 3, 2, 1), 1.0)
        with self.assertRaisesRegex(UserError, "ends after"):
            review._book_meeting(datetime(2026, 3, 3, 5), 0.0)
        review._book_meeting(datetime(2026, 3, 3, 5), 1.0)

    def test_no_hour_suits_everybody(self):
        self._give_hours(self.service_chen, self._create_calendar("Chen", (5, 6), [(13, 17, "afternoon")]))
        action = self.review.with_user(self.manager_qian).action_book_meeting()
        wizard = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"]).create({})
        self.assertFalse(wizard.start)
        self.assertIn("No hour suits", wizard.hint)
        with self.assertRaisesRegex(UserError, "When"):
            wizard.action_book()

    def test_a_hint_where_somebody_is_busy(self):
        self._keep_busy(self.sales_wang, "2026-03-03 05:00:00", "2026-03-03 06:00:00")
        wizard = (
            self.env["broker.review.meeting"]
            .with_user(self.manager_qian)
            .create({"review_id": self.review.id, "start": "2026-03-03 05:30:00"})
        )
        self.assertIn("another date", wizard.hint)
        wizard.start = "2026-03-03 06:00:00"
        self.assertFalse(wizard.hint)

    def test_strangers_learn_nothing_of_hours(self):
        """A guessed number shows nobody's calendar."""
        wizard = self.env["broker.review.meeting"].with_user(self.sales_zhao).new({"review_id": self.review.id})
        self.assertFalse(wizard.start)
        self.assertFalse(wizard.hint)

    def test_strangers_learn_nothing_of_people(self):
        """Neither does a dialog that is saved with a guessed number say whose review it is."""
        Wizard = self.env["broker.review.meeting"].with_user(self.sales_zhao)
        with self.assertRaises(AccessError), self.cr.savepoint():
            Wizard.create({"review_id": self.review.id})
        opal = self._open_customer(self._create_partner("Opal", self.sales_zhao))
        own = opal.with_user(self.sales_zhao).action_open_review()["res_id"]
        with self.assertRaises(AccessError):
            Wizard.create({"review_id": own}).review_id = self.review

    def test_strangers_learn_nothing_by_asking(self):
        """Nor does the form that is asked what it would show."""
        fields = {"review_id": {}, "participant_ids": {"fields": {}}, "start": {}, "duration": {}, "hint": {}}
        asked = ({"review_id": self.review.id}, ["review_id"], fields)
        self.env.invalidate_all()
        seen = self.env["broker.review.meeting"].with_user(self.sales_wang).onchange(*asked)["value"]
        self.assertTrue(seen["participant_ids"])
        self.env.invalidate_all()
        seen = self.env["broker.review.meeting"].with_user(self.sales_zhao).onchange(*asked)["value"]
        self.assertFalse(seen.get("participant_ids"))
        self.assertFalse(seen.get("start"))

    def test_recovered_before_they_met(self):
        """Nobody meets about a customer who buys again."""
        self.review.with_user(self.manager_qian)._book_meeting(datetime(2026, 3, 4, 1), 1.0)
        self._turn("stable")
        self.assertEqual(self.review.state, "closed")
        self.assertFalse(self.review.meeting_id)

    def test_recovered_after_they_met(self):
        meeting = self.review.with_user(self.manager_qian)._book_meeting(datetime(2026, 3, 4, 1), 1.0)
        self.at("2026-03-04 01:30:00")
        self._turn("stable")
        self.assertEqual(self.review.meeting_id, meeting, "it is history")
        self.assertFalse(self.review.activity_ids, "nothing is left to do")

    def test_moved(self):
        review = self.review.with_user(self.manager_qian)
        meeting = review._book_meeting(datetime(2026, 3, 2, 7), 1.0)
        self.assertEqual(review._book_meeting(datetime(2026, 3, 4, 1), 2.0), meeting)
        self.assertEqual((meeting.start, meeting.stop), (datetime(2026, 3, 4, 1), datetime(2026, 3, 4, 3)))
        # They met; who meets again meets anew.
        self.at("2026-03-04 04:00:00")
        self.assertFalse(review.has_meeting)
        self.assertNotEqual(review._book_meeting(datetime(2026, 3, 5, 1), 1.0), meeting)

    def test_called_off(self):
        review = self.review.with_user(self.manager_qian)
        review._book_meeting(datetime(2026, 3, 2, 7), 1.0)
        self.review.meeting_id.unlink()
        self._night()
        self.assertEqual(review.state, "new")
        self.assertEqual(self.review.activity_ids.user_id, self.manager_qian)

    def test_is_no_contact_with_the_customer(self):
        self.review.with_user(self.manager_qian)._book_meeting(datetime(2026, 3, 2, 7), 1.0)
        self.at("2026-03-03 02:00:00")
        list(self.env["broker.contact"]._gather(self.company))
        self.assertFalse(self.env["broker.contact"].search([("customer_id", "=", self.customer.id)]))

    # GUESTS

    def _invite_press(self):
        """Ying of the press liaison belongs to none of our groups."""
        press = new_test_user(
            self.env,
            "broker_ying",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.review.with_user(self.manager_qian).guest_ids = [Command.link(press.id)]
        return press

    def test_guests_of_no_group_are_named(self):
        self.assertFalse(self.review.outsider_ids)
        press = self._invite_press()
        self.review.with_user(self.manager_qian).guest_ids = [Command.link(self.sales_zhao.id)]
        self.assertEqual(self.review.outsider_ids, press)
        action = self.review.with_user(self.sales_wang).action_book_meeting()
        with Form(self.env[action["res_model"]].with_user(self.sales_wang).with_context(**action["context"])) as form:
            self.assertEqual(form.outsider_ids.ids, press.ids)
        self.assertFalse(self.review.with_user(press).has_access("read"))

    def test_guests_learn_what_they_may_know(self):
        press = self._invite_press()
        self.review.with_user(self.manager_qian).cause_note = "They found it dear"
        action = self.review.with_user(self.sales_wang).action_book_meeting()
        with Form(self.env[action["res_model"]].with_user(self.sales_wang).with_context(**action["context"])) as form:
            form.place = "Room 2"
        form.record.action_book()
        event = self.review.meeting_id.with_user(press)
        spec = {"name": {}, "location": {}, "description": {}, "start": {}, "broker_can_open": {}}
        [seen] = event.web_read({**spec, "res_id": {"fields": {"display_name": {}}}})
        self.assertEqual((seen["location"], seen["name"]), ("Room 2", "Review: Jade Restaurant"))
        self.assertIn("Jade Restaurant buys less than it used to, since 03/02/2026.", seen["description"])
        self.assertNotIn("dear", seen["description"])
        self.assertNotIn("/odoo", seen["description"])
        self.assertFalse(seen["broker_can_open"])
        self.assertEqual(event.action_open_calendar_event()["tag"], "display_notification")
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.manager_qian, self.manager_gao):
            event = self.review.meeting_id.with_user(user)
            self.assertTrue(event.broker_can_open, user.name)
            self.assertEqual(event.action_open_calendar_event()["res_model"], "broker.review")
        # Who took part as long as it went on cannot open it afterwards.
        self.review.with_user(self.manager_qian).guest_ids = [Command.link(self.sales_zhao.id)]
        self.assertTrue(self.review.meeting_id.with_user(self.sales_zhao).broker_can_open)
        self.at("2026-03-02 07:30:00")
        self._turn("stable")
        self.env.invalidate_all()
        self.assertFalse(self.review.meeting_id.with_user(self.sales_zhao).broker_can_open)

    def test_a_full_calendar_asks_as_little_as_an_empty_one(self):
        def count(number):
            events = self.env["calendar.event"]
            for index in range(number):
                customer = self._open_customer(self._create_partner(f"{number} {index}", self.sales_wang))
                review = self.Review._open([{"customer_id": customer.id, "reason": "by_hand"}])
                events += self._keep_busy(
                    self.sales_wang,
                    "2026-03-09 02:00:00",
                    "2026-03-09 03:00:00",
                    res_model_id=self.env["ir.model"]._get_id("broker.review"),
                    res_id=review.id,
                )
            self.env.flush_all()
            self.env.invalidate_all()
            events = events.with_user(self.sales_wang)
            before = self.env.cr.sql_log_count
            self.assertEqual(events.mapped("broker_can_open"), [True] * number)
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertEqual(count(2), count(8))

    def test_what_the_invitation_asks(self):
        for reason, text in (
            ("lost", "Jade Restaurant does not buy any more, since 03/02/2026."),
            ("silence", "quiet around Jade Restaurant."),
            ("by_hand", "How do we stand with Jade Restaurant"),
        ):
            self.review.sudo().reason = reason
            self.assertIn(text, self.review._get_meeting_text())

    def test_other_meetings_open_as_odoo_has_it(self):
        event = self._keep_busy(
            self.sales_wang,
            "2026-03-03 05:00:00",
            "2026-03-03 06:00:00",
            res_model_id=self.env["ir.model"]._get_id("res.partner"),
            res_id=self.partner.id,
        )
        self.assertTrue(event.broker_can_open)
        self.assertEqual(event.action_open_calendar_event()["res_model"], "res.partner")

    def test_a_moved_meeting_keeps_its_place(self):
        review = self.review.with_user(self.manager_qian)
        meeting = review._book_meeting(datetime(2026, 3, 2, 7), 1.0, "Room 2")
        action = review.action_book_meeting()
        wizard = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"]).create({})
        self.assertEqual(wizard.place, "Room 2")
        wizard.start = "2026-03-04 01:00:00"
        wizard.action_book()
        self.assertEqual((meeting.location, meeting.start), ("Room 2", datetime(2026, 3, 4, 1)))
