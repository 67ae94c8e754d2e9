import random
from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common_case import CaseCommon


@tagged("post_install", "-at_install")
class TestCaseClock(CaseCommon):
    """The clocks equal a count by hand; the week begins on Monday, 2 March 2026.

    In UTC the firm works from 00:00 to 04:00 and from 05:00 to 09:00.
    """

    def _assertDeadlines(self, case, answer, solution):
        self.assertMoment(case.answer_deadline, answer)
        self.assertMoment(case.solution_deadline, solution)

    def test_deadlines(self):
        # Monday 10:00: two hours until noon, two after lunch. 16 hours: 6 on Monday, 8 on
        # Tuesday, 2 on Wednesday.
        case = self._open_case()
        self._assertDeadlines(case, "2026-03-02 07:00:00", "2026-03-04 02:00:00")
        self.assertEqual(case.next_deadline, case.answer_deadline)
        case.action_answered()
        self.assertEqual(case.next_deadline, case.solution_deadline)

    def test_opened_at_night_and_on_a_weekend(self):
        # Friday 20:00: nothing before Monday 8:00.
        self.at("2026-03-06 12:00:00")
        self._assertDeadlines(self._open_case(), "2026-03-09 04:00:00", "2026-03-10 09:00:00")
        # Sunday noon
        self.at("2026-03-08 04:00:00")
        self._assertDeadlines(self._open_case(), "2026-03-09 04:00:00", "2026-03-10 09:00:00")

    def test_holidays(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "company_id": self.company.id,
                "calendar_id": self.calendar.id,
                "date_from": "2026-03-02 16:00:00",
                "date_to": "2026-03-03 16:00:00",
            }
        )
        # Tuesday is off: Wednesday 8 hours, Thursday 2.
        self._assertDeadlines(self._open_case(), "2026-03-02 07:00:00", "2026-03-05 02:00:00")

    def test_tier_decides(self):
        tier = self.env["broker.tier"].search([("rank", "=", 5)])
        tier.write({"response_hours": 1, "resolution_hours": 8})
        self.customer.sudo().write(
            {"tier_manual_id": tier.id, "tier_manual_reason": "Test", "tier_manual_until": "2030-01-01"}
        )
        case = self._open_case()
        # Monday 10:00 and one hour; and 6 hours on Monday, 2 on Tuesday.
        self._assertDeadlines(case, "2026-03-02 03:00:00", "2026-03-03 02:00:00")
        # The promise of the day stands when the tier's hours change.
        tier.resolution_hours = 40
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-03 02:00:00")
        # A tier that says nothing leaves it to the company.
        tier.write({"response_hours": 0, "resolution_hours": 0})
        self._assertDeadlines(self._open_case(), "2026-03-02 07:00:00", "2026-03-04 02:00:00")

    def test_pause_over_night(self):
        case = self._open_case()
        self.at("2026-03-02 07:00:00")
        case.action_wait_customer()
        self.assertEqual(case.deadline_state, "stopped")
        # Monday 15:00 to Tuesday 9:00: two hours on Monday, one on Tuesday; the deadline
        # goes from Wednesday 10:00 to Wednesday 14:00, lunch left out.
        self.at("2026-03-03 01:00:00")
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-04 06:00:00")
        # Tuesday 11:00
        self.at("2026-03-03 03:00:00")
        case.action_solve()
        self.assertAlmostEqual(case.solution_hours, 4 + 2)
        self.assertAlmostEqual(case.waiting_hours, 3)
        self.assertAlmostEqual(case.answer_hours, 4)
        self.assertEqual(case.at_once_count, 0)
        hours = case.period_ids.sorted("id").filtered("finished_at").mapped("hours")
        self.assertEqual([round(number, 6) for number in hours], [4, 3, 2])

    def test_pause_longer_than_the_deadline(self):
        case = self._open_case()
        self.at("2026-03-02 03:00:00")
        case.action_wait_customer()
        # Two weeks later nobody was late: 15 hours are left.
        self.at("2026-03-16 00:00:00")
        self.assertFalse(case.is_late)
        self.assertFalse(self.Case.search([("is_late", "=", True), ("id", "=", case.id)]))
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-17 08:00:00")
        self.assertFalse(case.solution_late)

    def test_pause_over_a_weekend_and_a_holiday(self):
        case = self._open_case()
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "company_id": self.company.id,
                "date_from": "2026-03-08 16:00:00",
                "date_to": "2026-03-09 16:00:00",
            }
        )
        # Wednesday 8:00, 14 of 16 hours spent
        self.at("2026-03-04 00:00:00")
        case.action_wait_printing_house()
        # Tuesday 8:00: Wednesday to Friday waited, the weekend and Monday were off
        self.at("2026-03-10 00:00:00")
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-10 02:00:00")
        self.at("2026-03-10 01:30:00")
        case.action_solve()
        self.assertAlmostEqual(case.waiting_hours, 24)
        self.assertAlmostEqual(case.solution_hours, 15.5)
        self.assertFalse(case.solution_late)

    def test_several_pauses_equal_one(self):
        case = self._open_case()
        for begin, end in (
            ("2026-03-02 02:10:00", "2026-03-02 02:40:07"),
            ("2026-03-02 03:59:59", "2026-03-02 05:00:01"),
            ("2026-03-03 12:00:00", "2026-03-03 20:00:00"),
        ):
            self.at(begin)
            case.action_wait_customer()
            self.at(end)
            case.action_work()
        # Half an hour and 7 seconds, 2 seconds around lunch, nothing at night
        self.assertMoment(case.solution_deadline, "2026-03-04 02:30:09")

    def test_waiting_for_one_and_the_other(self):
        case = self._open_case()
        case.action_wait_customer()
        self.at("2026-03-02 03:00:00")
        case.action_wait_printing_house()
        self.at("2026-03-02 04:00:00")
        case.action_work()
        # Two hours waited in one go
        self.assertMoment(case.solution_deadline, "2026-03-04 04:00:00")
        self.assertEqual(case.period_ids.mapped("is_waiting").count(True), 2)

    def test_late_before_the_pause_stays_late(self):
        case = self._open_case()
        self.at("2026-03-04 03:00:00")
        self.assertTrue(case.is_late)
        case.action_wait_customer()
        self.assertTrue(case.solution_late and case.is_late)
        self.at("2026-03-05 03:00:00")
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-04 02:00:00")
        self.assertEqual(self.Case.search([("is_late", "=", True), ("id", "=", case.id)]), case)
        case.action_solve()
        self.assertEqual((case.solution_late_count, case.answer_late_count), (1, 1))

    def test_the_answer_does_not_wait_for_the_printing_house(self):
        case = self._open_case()
        case.action_wait_printing_house()
        self.at("2026-03-02 07:00:01")
        self.assertFalse(case.answered_at)
        self.assertEqual(case.deadline_state, "late")
        case.action_answered()
        self.assertTrue(case.answer_late)
        self.assertEqual(case.deadline_state, "stopped")
        self.assertEqual(case.state, "waiting_printing_house")

    def test_colours(self):
        case = self._open_case()
        self.assertEqual(case.deadline_state, "fine")
        # Three of four hours to the answer
        self.at("2026-03-02 06:00:00")
        case.invalidate_recordset()
        self.assertEqual(case.deadline_state, "soon")
        case.action_answered()
        self.assertEqual(case.deadline_state, "fine")
        # Twelve of sixteen hours to the solution
        self.at("2026-03-03 07:00:00")
        case.invalidate_recordset()
        self.assertEqual((case.deadline_state, case.clock_color), ("soon", 3))
        on_time = self.Case.search([("is_late", "=", False), ("id", "=", case.id)])
        self.assertEqual(on_time, case)

    def test_reopened_counts_on(self):
        case = self._open_case()
        self.at("2026-03-02 04:00:00")
        case.action_solve()
        self.assertAlmostEqual(case.solution_hours, 2)
        # A week later 14 hours are left: Monday 10:00 and 6, and 8 on Tuesday.
        self.at("2026-03-09 02:00:00")
        case.action_reopen()
        self.assertMoment(case.solution_deadline, "2026-03-10 09:00:00")
        self.assertMoment(case.answered_at, "2026-03-02 04:00:00")
        self.at("2026-03-09 04:00:00")
        case.action_solve()
        self.assertAlmostEqual(case.solution_hours, 4)
        self.assertFalse(case.waiting_hours or case.at_once_count)

    def test_any_pauses_equal_a_count_by_minutes(self):
        """Whatever pauses there are, the deadline is where the minutes run out."""
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "company_id": self.company.id,
                "date_from": "2026-03-04 16:00:00",
                "date_to": "2026-03-05 16:00:00",
            }
        )

        def is_working(moment):
            local = moment + timedelta(hours=8)
            at_work = 8 <= local.hour < 12 or 13 <= local.hour < 17
            return local.weekday() < 5 and at_work and local.date() != date(2026, 3, 5)

        minute = timedelta(minutes=1)
        for seed in range(3):
            dice = random.Random(seed)
            now = datetime(2026, 3, 2, 2)
            self.clock.move_to(now)
            case = self._open_case(title=f"Case {seed}")
            own = waited = 0
            waiting = False
            for _step in range(6):
                end = now + minute * dice.randrange(1, 60 * 16)
                while now < end and own < 16 * 60:
                    own += is_working(now) and not waiting
                    waited += is_working(now) and waiting
                    now += minute
                if own == 16 * 60:
                    break
                self.clock.move_to(now)
                waiting = not waiting
                getattr(case, "action_wait_customer" if waiting else "action_work")()
            if waiting:
                case.action_work()
            runs_out = now
            for _minute in range(16 * 60 - own):
                while not is_working(runs_out):
                    runs_out += minute
                runs_out += minute
            self.assertEqual(case.solution_deadline, runs_out, seed)
            self.clock.move_to(now)
            case.action_solve()
            self.assertAlmostEqual(case.solution_hours, own / 60, 6, seed)
            self.assertAlmostEqual(case.waiting_hours, waited / 60, 6, seed)

    def test_solved_at_once(self):
        case = self._open_case()
        self.at("2026-03-02 03:00:00")
        case.action_solve()
        self.assertEqual(case.at_once_count, 1)
        slow = self._open_case()
        self.at("2026-03-02 04:00:00")
        slow.action_answered()
        self.at("2026-03-02 05:00:01")
        slow.action_solve()
        self.assertEqual(slow.at_once_count, 0)

    def test_summer_time(self):
        """New York puts its clocks forward on Sunday, 8 March 2026."""
        self.calendar.tz = "America/New_York"
        # Friday 16:00 there is 21:00 in UTC; Monday begins at 8:00, 12:00 in UTC.
        self.at("2026-03-06 21:00:00")
        case = self._open_case()
        self._assertDeadlines(case, "2026-03-09 15:00:00", "2026-03-10 20:00:00")
        case.action_wait_customer()
        self.at("2026-03-09 12:30:00")
        case.action_work()
        # One hour on Friday and half an hour on Monday waited: one on Tuesday, half on Wednesday
        self.assertMoment(case.solution_deadline, "2026-03-11 12:30:00")

    def test_without_working_hours(self):
        self.company.resource_calendar_id = False
        case = self._open_case()
        self._assertDeadlines(case, "2026-03-02 06:00:00", "2026-03-02 18:00:00")
        case.action_wait_customer()
        self.at("2026-03-03 02:00:00")
        case.action_work()
        self.assertMoment(case.solution_deadline, "2026-03-03 18:00:00")
        case.action_solve()
        self.assertAlmostEqual(case.waiting_hours, 24)

    # ANSWERS

    def _post(self, case, author, **kwargs):
        return case.with_user(author).message_post(
            body="Dear customer", message_type="comment", subtype_xmlid="mail.mt_comment", **kwargs
        )

    def test_message_to_the_customer_answers(self):
        case = self._open_case()
        self.at("2026-03-02 03:00:00")
        case.with_user(self.service_chen).message_post(
            body="Among us", message_type="comment", subtype_xmlid="mail.mt_note", partner_ids=self.partner.ids
        )
        self.assertFalse(case.answered_at, "A note is no answer")
        self._post(case, self.service_chen)
        self.assertFalse(case.answered_at, "It went to nobody outside")
        self.at("2026-03-02 04:00:00")
        self._post(case, self.service_chen, partner_ids=self.partner.ids)
        self.assertMoment(case.answered_at, "2026-03-02 04:00:00")
        self.assertEqual((case.state, case.answer_hours), ("working", 2))
        self.at("2026-03-02 08:00:00")
        self._post(case, self.service_chen, partner_ids=self.partner.ids)
        self.assertMoment(case.answered_at, "2026-03-02 04:00:00")

    def test_message_to_a_follower_answers(self):
        case = self._open_case()
        contact = self.env["res.partner"].create({"name": "Ms Hu", "parent_id": self.partner.id})
        case.message_subscribe(partner_ids=contact.ids)
        self._post(case, self.sales_wang)
        self.assertTrue(case.answered_at)

    def test_word_of_the_customer_ends_the_waiting(self):
        case = self._open_case()
        case.action_wait_customer()
        self.at("2026-03-02 03:00:00")
        case.sudo().message_post(
            body="Here it is",
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=self.partner.id,
        )
        self.assertEqual(case.state, "working")
        self.assertMoment(case.solution_deadline, "2026-03-04 03:00:00")

    # ESCALATION

    def _escalate(self):
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_case_late").method_direct_trigger()
        self.env.invalidate_all()

    def _get_late_todos(self, case):
        late = self.env.ref("print_broker_crm.mail_activity_type_case_late")
        return case.sudo().activity_ids.filtered(lambda activity: activity.activity_type_id == late)

    def test_escalated_once_per_breach(self):
        case = self._open_case()
        self._escalate()
        self.assertFalse(self._get_late_todos(case))
        self.at("2026-03-02 07:00:01")
        self._escalate()
        self._escalate()
        self.assertEqual(self._get_late_todos(case).user_id, self.manager_qian)
        self.assertEqual(len(self._get_late_todos(case)), 1)
        self.assertTrue(case.answer_escalated_at and case.answer_late)
        self.assertFalse(case.solution_escalated_at)
        self.at("2026-03-04 02:00:01")
        self._escalate()
        self._escalate()
        self.assertEqual(len(self._get_late_todos(case)), 2)
        case.action_solve()
        self.assertFalse(self._get_late_todos(case))
        # It came back: the breach is told already.
        case.action_reopen()
        self._escalate()
        self.assertFalse(self._get_late_todos(case))

    def test_no_escalation_while_others_have_to_act(self):
        case = self._open_case()
        case.action_wait_customer()
        self.at("2026-03-20 02:00:00")
        self._escalate()
        self.assertFalse(self._get_late_todos(case))

    def test_late_before_the_pause_is_escalated(self):
        case = self._open_case()
        self.at("2026-03-04 03:00:00")
        case.action_wait_customer()
        self._escalate()
        self.assertEqual(len(self._get_late_todos(case)), 1)

    def test_reopened_case_is_escalated_when_it_gets_late(self):
        case = self._open_case()
        case.action_solve()
        self.at("2026-03-09 02:00:00")
        case.action_reopen()
        self._escalate()
        self.assertFalse(self._get_late_todos(case))
        self.at("2026-03-11 02:00:01")
        self._escalate()
        self.assertEqual(len(self._get_late_todos(case)), 1)

    def test_many_are_escalated_in_batches(self):
        self.patch(self.registry["broker.case"], "_escalation_batch", 2)
        cases = self.Case.browse()
        for number in range(5):
            cases |= self._open_case(title=f"Case {number}")
        self.at("2026-03-04 02:00:01")
        self._escalate()
        self.assertEqual(len(self._get_late_todos(cases)), 10)

    # TWO COMPANIES

    def test_each_company_has_its_own_hours(self):
        other = self.env["res.company"].create(
            {
                "name": "Night Press",
                "resource_calendar_id": self.env["resource.calendar"]
                .create(
                    {
                        "name": "Afternoon",
                        "tz": "UTC",
                        "attendance_ids": [Command.clear()]
                        + [
                            Command.create({"name": "Work", "dayofweek": str(day), "hour_from": 12, "hour_to": 20})
                            for day in range(7)
                        ],
                    }
                )
                .id,
                "broker_case_answer_hours": 1,
                "broker_case_solution_hours": 8,
            }
        )
        customer = self._open_customer(company=other)
        case = self.Case._open([{"customer_id": customer.id, "title": "Theirs"}])
        self.assertEqual(case.company_id, other)
        self._assertDeadlines(case, "2026-03-02 13:00:00", "2026-03-02 20:00:00")
        self.at("2026-03-02 20:00:01")
        self._escalate()
        self.assertFalse(self._get_late_todos(case).user_id & self.manager_qian, "Qian works for the other firm")
        self.assertTrue(case.solution_escalated_at)
        for user in (self.sales_wang, self.care_sun, self.manager_qian):
            self.assertFalse(self.Case.with_user(user).search([("id", "=", case.id)]))

    def test_opened_at_is_written_once(self):
        case = self._open_case()
        self.assertEqual(case.opened_at, datetime(2026, 3, 2, 2))
        self.assertEqual(case.period_ids.started_at, case.opened_at)
