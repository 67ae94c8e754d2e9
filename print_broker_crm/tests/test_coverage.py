from datetime import date, datetime

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.hooks import _count_silence_from_now

from .common_coverage import CoverageCommon


@tagged("post_install", "-at_install")
class TestCoverageStates(CoverageCommon):
    def test_a_new_customer_is_judged_by_nobody(self):
        """Sixty days after 2 March is 1 May; on 2 May sales is silent. Ninety days after
        it is 31 May; from 1 June the customer is silent too."""
        self.assertEqual(
            self._refresh(
                "2026-03-02 02:00:00",
                "2026-05-01 15:59:00",
                "2026-05-01 16:00:00",
                "2026-05-31 15:59:00",
                "2026-05-31 16:00:00",
            ),
            ["fine", "fine", "sales_silent", "sales_silent", "both_silent"],
        )
        self.assertEqual(self.customer.coverage_since, date(2026, 6, 1))

    def test_sales_silent_while_the_customer_orders(self):
        self._touch("2026-03-02 01:00:00")
        self._hear("2026-04-20 01:00:00")
        self.assertEqual(self._refresh("2026-05-01 15:59:00", "2026-05-01 16:00:00"), ["fine", "sales_silent"])
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 3, 2, 1))
        self.assertEqual(self.customer.last_inbound_contact, datetime(2026, 4, 20, 1))
        self._hear("2026-05-04 01:00:00")
        self.assertEqual(self._refresh("2026-05-04 02:00:00"), "sales_silent")
        self.assertEqual(self.customer.coverage_since, date(2026, 5, 2), "another order, the same silence")
        self._touch("2026-05-05 01:00:00")
        self.assertEqual(self._refresh("2026-05-05 02:00:00"), "fine")
        self.assertEqual(self.customer.coverage_since, date(2026, 5, 5))

    def test_customer_silent_while_sales_is_active(self):
        self._hear("2026-03-02 01:00:00")
        self._touch("2026-05-25 01:00:00")
        self.assertEqual(self._refresh("2026-05-31 15:59:00", "2026-05-31 16:00:00"), ["fine", "customer_silent"])
        self._hear("2026-06-02 01:00:00", channel="email")
        self.assertEqual(self._refresh("2026-06-02 02:00:00"), "fine")

    def test_both_silent(self):
        self._hear("2026-03-02 01:00:00")
        self._touch("2026-03-02 01:00:00")
        self.assertEqual(self._refresh("2026-05-31 16:00:00"), "both_silent")
        self._touch("2026-06-01 01:00:00")
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "customer_silent")

    def test_what_is_being_in_touch(self):
        """Whoever sold then counts, also who left since; service and colleagues do not."""
        for role in ("sponsor", "other"):
            self._touch("2026-04-30 01:00:00", role=role, user=self.service_lin)
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.assertFalse(self.customer.last_service_contact)
        self._touch("2026-05-01 01:00:00", role="service")
        self._touch("2026-05-02 01:00:00", role="service", channel="handoff")
        self._touch("2026-05-01 02:00:00", user=self.sales_zhao)
        self.sales_zhao.action_archive()
        self.assertEqual(self._refresh(), "fine")
        self.assertEqual(self.customer.last_service_contact, datetime(2026, 5, 1, 1))
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 5, 1, 2))

    def test_what_is_hearing_of_the_customer(self):
        """Being rung is not; a visit is, whoever went. What is to come is not yet."""
        self._touch("2026-05-30 01:00:00")
        self._touch("2026-06-20 01:00:00", channel="meeting", direction="both")
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "customer_silent")
        self._touch("2026-05-31 01:00:00", channel="visit")
        self.assertEqual(self._refresh(), "fine")
        self.assertEqual(self.customer.last_inbound_contact, datetime(2026, 5, 31, 1))

    def test_the_care_line_does_not_count(self):
        """It asks about the others: neither does sales rest because it called, nor do they
        learn by a date that it did."""
        call = self._plan_call()
        self.at("2026-05-30 02:00:00")
        call.next_attempt_at = "2026-05-30 01:00:00"
        call.action_log_attempt("reached", score_declined=True)
        list(self.env["broker.contact"]._gather(self.company, self.customer))
        self._touch("2026-05-30 01:00:00", role="care", direction="in")
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "both_silent")
        self.assertFalse(self.customer.last_inbound_contact)
        self.assertFalse(self.customer.last_sales_contact)

    def test_the_tiers_days(self):
        """5A: 14 and 30 days; 2A says nothing, so 60 and 90 as the company."""
        self._set_tier(self.customer, self.tier_5)
        self.assertEqual(
            self._refresh("2026-03-16 02:00:00", "2026-03-17 02:00:00", "2026-04-02 02:00:00"),
            ["fine", "sales_silent", "both_silent"],
        )
        self._set_tier(self.customer, self.tier_2)
        self.assertEqual(self._refresh(), "fine")
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")

    def test_another_tier_gives_its_days_once(self):
        """Touched 20 days ago, allowed by the old tier: the new one's 14 begin today. Where
        even the slowest cadence is over, another tier wakes nobody."""
        self._touch("2026-03-02 01:00:00")
        self._hear("2026-03-02 01:00:00")
        self.at("2026-03-22 02:00:00")
        self._set_tier(self.customer, self.tier_5)
        self.assertEqual(self.customer.tier_date, date(2026, 3, 22))
        self.assertEqual(self._refresh("2026-03-22 02:00:00", "2026-04-05 02:00:00"), ["fine", "fine"])
        self.assertEqual(self._refresh("2026-04-06 02:00:00"), "sales_silent")
        self.at("2026-09-01 02:00:00")
        self.assertEqual(self._refresh(), "both_silent")
        self._set_tier(self.customer, self.tier_2)
        self.assertEqual(self._refresh(), "both_silent")

    def test_graced_by_the_tier_is_not_active(self):
        """Sales has been in touch with nobody: that the customer is silent is not for a
        review of sales."""
        self.tier_5.write({"sales_contact_days": 50, "silent_days": 10})
        self._set_tier(self.customer, self.tier_5)
        self.assertEqual(self._refresh("2026-04-02 02:00:00"), "fine")

    def test_silence_counts_from_the_day_of_logging(self):
        self.customer.sudo().date_opened = date(2024, 1, 1)
        self.company.broker_coverage_from = date(2026, 3, 2)
        self.assertEqual(self._refresh("2026-05-01 02:00:00", "2026-05-02 02:00:00"), ["fine", "sales_silent"])
        self.assertEqual(self.customer.coverage_trace["from"], "2026-03-02")
        self.company.broker_coverage_from = False
        self.assertEqual(self._refresh(), "both_silent")

    def test_installed_in_a_running_firm(self):
        """Nobody has logged a call before that day; a company without customers starts with
        its first."""
        empty = self.env["res.company"].create({"name": "Empty"})
        _count_silence_from_now(self.env)
        self.assertEqual(self.company.broker_coverage_from, date(2026, 3, 2))
        self.assertFalse(empty.broker_coverage_from)

    def test_archived(self):
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.customer.active = False
        self.assertFalse(self.customer.coverage_state)
        self.customer.active = True
        self.assertEqual(self.customer.coverage_state, "sales_silent")

    def test_do_not_call_is_not_do_not_sell(self):
        """The customer wants no calls of the care line: that sales is silent stands on the
        list, and no call is planned."""
        self.customer.sudo().write({"do_not_call": True, "do_not_call_reason": "Asked us"})
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.env["broker.care.call"]._plan(self.company, self.customer)
        self.assertFalse(self._get_open_call())

    def test_nobody_sells(self):
        self._touch("2026-03-02 01:00:00")
        self.partner.user_id = False
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.assertIn("Nobody sells", self.customer.coverage_explanation)


@tagged("post_install", "-at_install")
class TestCoverageDays(CoverageCommon):
    def test_moments_in_the_firms_day(self):
        """Touched on 2 March at 16:00 UTC, midnight of 3 March in Shanghai: 60 days later
        is 2 May, and from 3 May, 2 May 16:00 UTC, sales is silent."""
        self._touch("2026-03-02 16:00:00")
        self._hear("2026-04-01 01:00:00")
        self.assertEqual(self._refresh("2026-05-02 15:59:00", "2026-05-02 16:00:00"), ["fine", "sales_silent"])
        self._touch("2026-03-02 15:59:59")
        self.assertEqual(self._refresh("2026-05-02 15:59:00"), "fine")

    def test_leap_day(self):
        """Sixty days after 1 January 2028 is 1 March: 30 in January, 29 in February, 1."""
        self._touch("2028-01-01 02:00:00")
        self._hear("2028-01-01 02:00:00")
        self.assertEqual(
            self._refresh("2028-02-29 02:00:00", "2028-03-01 02:00:00", "2028-03-02 02:00:00"),
            ["fine", "fine", "sales_silent"],
        )
        self._touch("2028-02-29 02:00:00")
        self.assertEqual(
            self._refresh("2028-04-29 02:00:00", "2028-04-30 02:00:00"), ["customer_silent", "both_silent"]
        )

    def test_summer_time(self):
        """In New York clocks go forward on 8 March 2026: the day has 23 hours and is one."""
        self.calendar.tz = "America/New_York"
        self._touch("2026-03-02 05:00:00")
        self._hear("2026-04-01 01:00:00")
        # 1 May begins there at 4:00 UTC, 2 May too.
        self.assertEqual(self._refresh("2026-05-02 03:59:00", "2026-05-02 04:00:00"), ["fine", "sales_silent"])

    def test_closing_days_do_not_count(self):
        """Closed for eight days and, for a morning, for half a one, which counts."""
        self._close("2026-04-01", "2026-04-08")
        self._close("2026-04-20", "2026-04-20", date_from="2026-04-20 00:00:00", date_to="2026-04-20 03:59:00")
        self._hear("2026-04-28 01:00:00")
        self.assertEqual(self._refresh("2026-05-09 02:00:00", "2026-05-10 02:00:00"), ["fine", "sales_silent"])
        self.company.broker_coverage_pause = False
        self.assertEqual(self._refresh("2026-05-01 02:00:00", "2026-05-02 02:00:00"), ["fine", "sales_silent"])

    def test_whose_closing(self):
        """Somebody's own day off, another company's and one that is work are no closings."""
        other = self.env["res.company"].create({"name": "Other"})
        leave = self._close("2026-04-01", "2026-04-08", calendar_id=False)
        self.env.flush_all()
        leave.company_id = other
        self._close("2026-04-01", "2026-04-08", time_type="other")
        resource = self.env["resource.resource"].create({"name": "Wang", "calendar_id": self.calendar.id})
        self._close("2026-04-01", "2026-04-08", resource_id=resource.id)
        self._hear("2026-04-28 01:00:00")
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self._close("2026-04-01", "2026-04-08", calendar_id=False)
        self.assertEqual(self._refresh(), "fine")

    def test_a_firm_that_never_opens(self):
        self._close("1990-01-01", "2030-01-01")
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "fine")

    def test_starts(self):
        """The day from which a touch is not too long ago."""
        self.at("2026-05-02 02:00:00")
        self.assertEqual(
            self.company._get_broker_coverage_starts([60, 1, 60]), {60: date(2026, 3, 3), 1: date(2026, 5, 1)}
        )
        self._close("2026-05-01", "2026-05-01")
        self.assertEqual(self.company._get_broker_coverage_starts([1, 2])[1], date(2026, 4, 30))
        self.assertEqual(self.company._get_broker_coverage_starts([]), {})

    def test_no_working_hours(self):
        self.company.resource_calendar_id = False
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")

    def test_numbers_are_checked(self):
        for record, vals in (
            (self.company, {"broker_coverage_sales_days": 0}),
            (self.tier_5, {"sales_contact_days": -1}),
            (self.tier_5, {"silent_days": -1}),
        ):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                record.write(vals)
                self.env.flush_all()
            self.env.invalidate_all()
