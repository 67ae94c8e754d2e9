from datetime import date, datetime

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareHours(CareCommon):
    """The firm sits in Shanghai and works 8 to 12 and 13 to 17; the customer's clock counts as well."""

    def _is_callable(self, call, moment):
        self.at(moment)
        call.invalidate_recordset(["callable_now"])
        found = bool(self.Call.with_user(self.care_sun).search([("callable_now", "=", True), ("id", "=", call.id)]))
        others = self.Call.search([("callable_now", "=", False), ("id", "=", call.id)])
        self.assertEqual(found, not others)
        self.assertEqual(call.sudo().callable_now, found)
        return found

    def test_callable_in_working_hours_only(self):
        call = self._plan_call()
        for moment, expected in (
            ("2026-03-01 23:59:00", False),
            ("2026-03-02 00:00:00", True),
            ("2026-03-02 04:30:00", False),  # noon
            ("2026-03-02 05:00:00", True),
            ("2026-03-02 08:59:00", True),
            ("2026-03-02 09:00:00", False),
            ("2026-03-07 02:00:00", False),  # Saturday
        ):
            with self.subTest(moment):
                self.assertEqual(self._is_callable(call, moment), expected)

    def test_callable_on_no_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 3, 2, 16, 0),
                "date_to": datetime(2026, 3, 3, 15, 59, 59),
            }
        )
        call = self._plan_call()
        self.assertFalse(self._is_callable(call, "2026-03-03 02:00:00"))
        self.assertTrue(self._is_callable(call, "2026-03-04 02:00:00"))

    def test_callable_without_working_hours(self):
        self.company.resource_calendar_id = False
        self.company.partner_id.tz = "Asia/Shanghai"
        call = self._plan_call()
        self.assertTrue(self._is_callable(call, "2026-03-07 12:00:00"), "Saturday, eight in the evening")
        self.assertFalse(self._is_callable(call, "2026-03-07 13:00:00"), "Nine in the evening is too late")

    def test_preferred_hours(self):
        self.customer.with_user(self.care_sun).write({"preferred_from": 14.0, "preferred_to": 15.5})
        call = self._plan_call()
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 6, 0))
        self.assertFalse(self._is_callable(call, "2026-03-02 05:59:00"))
        self.assertTrue(self._is_callable(call, "2026-03-02 06:00:00"))
        self.assertTrue(self._is_callable(call, "2026-03-02 07:29:00"))
        self.assertFalse(self._is_callable(call, "2026-03-02 07:30:00"))

    def test_preferred_hours_change_under_an_open_call(self):
        call = self._plan_call()
        self.customer.write({"preferred_from": 14.0, "preferred_to": 15.5})
        self.assertFalse(self._is_callable(call, "2026-03-02 02:00:00"))
        self.assertTrue(self._is_callable(call, "2026-03-02 06:00:00"))

    def test_bad_hours_are_refused(self):
        for vals in (
            {"preferred_from": 15.0, "preferred_to": 14.0},
            {"preferred_from": 9.0, "preferred_to": 0.0},
            {"preferred_from": -1.0, "preferred_to": 5.0},
            {"preferred_from": 20.0, "preferred_to": 25.0},
        ):
            with self.subTest(vals), self.assertRaisesRegex(ValidationError, "between two hours of one day"):
                self.customer.write(vals)

    # Other time zones

    def test_new_york_in_winter_and_summer(self):
        """Shanghai is 13 hours ahead of New York in winter and 12 in summer; nobody is called after nine there."""
        self.customer.preferred_tz = "America/New_York"
        self.assertFalse(self.customer.is_outside_hours)
        # Winter: 8:00 in Shanghai is 19:00 on the day before, 10:00 is 21:00.
        call = self._plan_call()
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 0, 0))
        self.assertTrue(self._is_callable(call, "2026-03-02 01:59:00"))
        self.assertFalse(self._is_callable(call, "2026-03-02 02:00:00"))
        self.assertEqual(call.customer_clock, "21:00 (America/New_York)")
        # The clocks went forward on 8 March: one hour is left, from eight to nine.
        self.assertTrue(self._is_callable(call, "2026-03-10 00:59:00"))
        self.assertFalse(self._is_callable(call, "2026-03-10 01:00:00"))
        # And an own wish within it, over the change of the clocks.
        self.customer.write({"preferred_from": 20.0, "preferred_to": 21.0})
        self.assertTrue(self._is_callable(call, "2026-03-06 01:30:00"))
        self.assertFalse(self._is_callable(call, "2026-03-06 00:30:00"))
        self.assertTrue(self._is_callable(call, "2026-03-10 00:30:00"))
        self.assertFalse(self._is_callable(call, "2026-03-10 01:30:00"))

    def test_next_attempt_over_the_change_of_the_clocks(self):
        self.customer.write({"preferred_tz": "America/New_York", "preferred_from": 20.0, "preferred_to": 21.0})
        self.at("2026-03-06 01:30:00")  # Friday in Shanghai, Thursday evening in New York
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        # No morning there; Saturday and Sunday nobody works here; Monday 20:00 in New York is
        # Sunday's 8:00 on Monday in Shanghai, an hour earlier than on Friday.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 0, 0))

    def test_zone_of_the_contact(self):
        self.partner.tz = "America/New_York"
        call = self._plan_call()
        self.assertFalse(self._is_callable(call, "2026-03-02 03:00:00"))
        self.customer.preferred_tz = "Asia/Shanghai"
        self.assertTrue(self._is_callable(call, "2026-03-02 03:00:00"))

    def test_hours_that_never_meet_are_the_customers(self):
        self.customer.write({"preferred_from": 19.0, "preferred_to": 20.0})
        self.assertTrue(self.customer.is_outside_hours)
        call = self._plan_call()
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 11, 0))
        self.assertTrue(self._is_callable(call, "2026-03-02 11:30:00"))
        self.assertFalse(self._is_callable(call, "2026-03-02 05:30:00"))
        self.customer.write({"preferred_from": 0, "preferred_to": 0})
        self.assertFalse(self.customer.is_outside_hours)

    # Agreed and wanted hours

    def test_agreed_hour_counts_on_its_day(self):
        call = self._plan_call()
        call.action_log_attempt("call_back", call_back_at=datetime(2026, 3, 3, 11, 30))
        self.assertFalse(self._is_callable(call, "2026-03-03 11:29:00"))
        self.assertTrue(self._is_callable(call, "2026-03-03 11:30:00"), "Half past seven in the evening, as agreed")
        self.assertFalse(self._is_callable(call, "2026-03-03 23:59:00"))
        self.assertTrue(self._is_callable(call, "2026-03-04 00:00:00"))

    def test_call_now_counts_at_any_hour(self):
        self.Call._plan(self.company)
        self.at("2026-03-07 12:00:00")
        self.customer.with_user(self.care_sun).action_plan_care_call()
        call = self._get_open_call()
        self.assertTrue(self._is_callable(call, "2026-03-07 12:00:00"))
        self.assertFalse(self._is_callable(call, "2026-03-08 12:00:00"))

    def test_leap_day_is_a_day(self):
        self.at("2028-02-28 02:00:00")
        call = self._plan_call(date_planned=date(2028, 2, 29))
        self.assertEqual(call.next_attempt_at, datetime(2028, 2, 29, 0, 0))
        self.assertTrue(self._is_callable(call, "2028-02-29 02:00:00"))

    # Companies and the queue

    def test_each_firm_has_its_hours(self):
        calendar = self.calendar.copy({"tz": "Europe/Berlin"})
        other = self.env["res.company"].create({"name": "Berlin", "resource_calendar_id": calendar.id})
        calendar.company_id = other
        self.care_sun.company_ids += other
        theirs = self._open_customer(company=other)
        call = self.Call.with_user(self.care_sun).with_company(other).create({"customer_id": theirs.id})
        both = self.Call.with_user(self.care_sun).with_context(allowed_company_ids=(self.company + other).ids)
        ours = self._plan_call(self._open_customers(1))
        for moment, expected in (("2026-03-03 02:00:00", ours), ("2026-03-03 10:00:00", call)):
            self.at(moment)
            self.assertEqual(both.search([("callable_now", "=", True)]), expected)

    def test_next_call_is_one_that_can_be_made(self):
        first, second = self._open_customers(2)
        asleep = self._plan_call(first, urgency="3")
        awake = self._plan_call(second)
        first.preferred_tz = "America/New_York"
        self.at("2026-03-02 03:00:00")
        self.assertEqual(self._plan_call().action_next()["res_id"], awake.id)
        self.assertEqual(asleep.state, "planned")

    def test_first_page_of_the_queue_at_two_sizes(self):
        """What the kanban asks for, with 50 and with 500 open calls."""
        specification = {
            name: {}
            for name in (
                "name",
                "state",
                "step",
                "phone",
                "urgency",
                "date_deadline",
                "attempt_count",
                "customer_clock",
            )
        }
        specification.update(
            {name: {"fields": {"display_name": {}}} for name in ("tier_id", "reason_ids", "user_id", "activity_ids")}
        )
        domain = [("user_id", "=", self.care_sun.id), ("callable_now", "=", True)]
        queue = self.Call.with_user(self.care_sun)

        def open_page():
            return queue.web_search_read(domain, specification, limit=40, count_limit=10001)

        counts = []
        total = 0
        for size in (50, 450):
            customers = self._open_customers(size)
            customers.care_user_id = self.care_sun
            self.Call._prepare_planning(self.company).create(
                [
                    {"customer_id": customer.id, "user_id": self.care_sun.id, "rule_id": self.rules["receipt"].id}
                    for customer in customers
                ]
            )
            total += size
            for _again in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.cr.sql_log_count
                page = open_page()
                counts.append(self.cr.sql_log_count - before)
            self.assertEqual((page["length"], len(page["records"])), (total, 40))
        self.assertEqual(counts[1], counts[3], counts)
        self.assertLess(counts[1], 45)
