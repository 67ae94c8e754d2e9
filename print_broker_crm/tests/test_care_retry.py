from datetime import date, datetime

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareRetry(CareCommon):
    """What follows when nobody was reached: other hours, a cap, another way."""

    def _set_retries(self, **vals):
        rule = self.rules["by_hand"]
        rule.write(
            {
                "retry_ids": [
                    Command.create({"outcome": "busy", "wait_hours": 1, "is_other_half": False, "max_count": 2}),
                    Command.create({"outcome": "no_answer", "wait_hours": 3, "is_other_half": True}),
                ],
                **vals,
            }
        )
        return rule

    def test_busy_is_tried_soon(self):
        self._set_retries()
        call = self._plan_call()
        call.action_log_attempt("busy")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 3, 0), "An hour later, in the same morning")
        self.at("2026-03-02 03:30:00")
        call.action_log_attempt("no_answer")
        # 11:30 and three hours; the afternoon of the same day.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 6, 30))

    def test_an_hour_that_falls_into_the_noon(self):
        self._set_retries()
        self.at("2026-03-02 03:30:00")
        call = self._plan_call()
        call.action_log_attempt("busy")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 5, 0))

    def test_next_attempt_over_a_holiday(self):
        self._set_retries()
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 3, 2, 16, 0),
                "date_to": datetime(2026, 3, 4, 15, 59, 59),
            }
        )
        self.at("2026-03-02 07:00:00")
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 5, 0, 0))

    def test_wrong_number_waits_as_the_rule_says(self):
        self.rules["by_hand"].retry_ids = [Command.create({"outcome": "wrong_number", "wait_hours": 48})]
        call = self._plan_call()
        call.action_log_attempt("wrong_number")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 4, 2, 0))

    def test_cap_per_outcome(self):
        self._set_retries(max_attempts=9)
        call = self._plan_call()
        call.action_log_attempt("busy")
        call.action_log_attempt("no_answer")
        self.assertEqual(call.state, "planned")
        call.action_log_attempt("busy")
        self.assertEqual((call.state, call.close_reason), ("missed", "attempts"))

    def test_agreed_hours_count_against_no_cap(self):
        self._set_retries(max_attempts=2)
        call = self._plan_call()
        for _time in range(3):
            call.action_log_attempt("call_back", call_back_at=datetime(2026, 3, 2, 7, 0))
        call.action_log_attempt("no_answer")
        self.assertEqual(call.state, "planned")
        call.action_log_attempt("no_answer")
        self.assertEqual(call.state, "missed")

    def test_two_retries_for_one_outcome_are_refused(self):
        rule = self._set_retries()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            rule.retry_ids = [Command.create({"outcome": "busy"})]
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            rule.retry_ids[0].wait_hours = -1
        with self.assertRaises(AccessError):
            rule.retry_ids.with_user(self.care_sun)[0].wait_hours = 5

    # Another way

    def _use_up(self, **vals):
        self._set_retries(
            max_attempts=1, write_days=3, message_text="Dear {customer}, {officer} of {company} here.", **vals
        )
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        return call

    def test_after_the_cap_the_customer_is_written_to(self):
        call = self._use_up()
        self.assertEqual((call.state, call.step), ("planned", "write"))
        self.assertEqual(call.date_deadline, date(2026, 3, 5))
        self.assertTrue(call.can_write_instead)
        self.assertFalse(call.sudo().activity_ids)
        self.assertEqual(call.message_text, f"Dear Jade Restaurant, Sun of {self.company.name} here.")
        # It can be written at any hour.
        self.at("2026-03-02 12:00:00")
        self.assertIn(call, self.Call.with_user(self.care_sun).search([("callable_now", "=", True)]))

    def test_written_by_wechat(self):
        call = self._use_up()
        call.result_note = "Sent her the text"
        call.with_context(care_channel="wechat").action_log_written()
        self.assertEqual((call.state, call.close_reason, call.result_note), ("missed", "written", False))
        self.assertFalse(call.sudo().activity_ids, "The manager need not act")
        self.assertEqual(self._get_open_call().date_planned, date(2026, 5, 1), "The cadence goes on")
        contact = self.env["broker.contact"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual(
            (contact.channel, contact.direction, contact.user_id, contact.note),
            ("wechat", "out", self.care_sun, "Sent her the text"),
        )
        self.assertEqual(self.env[contact.res_model].browse(contact.res_id), call)
        found = self.env["broker.contact"].with_user(self.sales_wang).search([("id", "=", contact.id)])
        self.assertFalse(found, "What the care line did is not for those it asks about")

    def test_nothing_helps(self):
        self.company.broker_care_manager_id = self.manager_qian
        call = self._use_up()
        call.action_give_up()
        self.assertEqual((call.state, call.close_reason), ("missed", "attempts"))
        self.assertEqual(call.sudo().activity_ids.user_id, self.manager_qian)

    def test_not_written_in_time(self):
        self.company.broker_care_manager_id = self.manager_qian
        call = self._use_up()
        self.at("2026-03-05 18:00:00")
        self.Call._plan(self.company)
        self.assertEqual((call.state, call.close_reason), ("missed", "window"))
        self.assertEqual(call.sudo().activity_ids.user_id, self.manager_qian)

    def test_answered_after_all(self):
        call = self._use_up()
        call.action_log_attempt("reached", sales_rating=4)
        self.assertEqual((call.state, call.sales_rating), ("done", 4))

    def test_phone_first(self):
        call = self._plan_call()
        for function in (lambda: call.action_log_written("wechat"), call.action_write_email, call.action_give_up):
            with self.assertRaisesRegex(UserError, "Try the phone first"):
                function()
        with self.assertRaisesRegex(UserError, "Log a result or cancel"):
            call.step = "write"
        with self.assertRaisesRegex(UserError, "Log a result or cancel"):
            call.is_agreed = True

    def test_no_number_is_written_to_at_once(self):
        self.partner.phone = False
        call = self._plan_call()
        self.assertTrue(call.can_write_instead)
        with self.assertRaisesRegex(UserError, "by WeChat or by e-mail"):
            call.action_log_written("pigeon")
        call.action_log_written("email")
        self.assertEqual(call.close_reason, "written")
        with self.assertRaisesRegex(UserError, "already closed"):
            call.action_log_written("email")

    def test_email_comes_with_the_text(self):
        call = self._use_up()
        context = call.action_write_email()["context"]
        self.assertEqual(context["default_partner_ids"], self.partner.ids)
        self.assertIn("Dear Jade Restaurant", context["default_body"])

    def test_the_scored_do_not_write(self):
        call = self._use_up()
        for user in self.sales_wang + self.service_chen:
            with self.assertRaises(AccessError):
                call.with_user(user).action_log_written("wechat")
            with self.assertRaises(AccessError):
                call.with_user(user).action_give_up()

    def test_call_back_in_an_hour_and_tomorrow(self):
        call = self._plan_call()
        call.with_context(care_call_back="hour").action_call_back_later()
        self.assertEqual((call.next_attempt_at, call.is_agreed), (datetime(2026, 3, 2, 3, 0), True))
        self.at("2026-03-06 07:00:00")  # Friday
        call.with_context(care_call_back="tomorrow").action_call_back_later()
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 0, 0))
        self.assertEqual(call.attempt_ids.mapped("outcome"), ["call_back", "call_back"])
