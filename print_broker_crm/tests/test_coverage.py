import logging
from datetime import date, datetime, timedelta
from itertools import count

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.hooks import _count_silence_from_now
from odoo.addons.print_broker_crm.tests.common_care import CareCommon

_logger = logging.getLogger(__name__)


class CoverageCommon(CareCommon):
    """Jade is Wang's customer, opened on Monday, 2 March 2026, ten in the morning in
    Shanghai. It has no tier: sales is owed every 60 days, silent is who is not heard of
    for 90.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proof_ids = count(1)
        cls.company.write({"broker_coverage_sales_days": 60, "broker_silent_days": 90, "broker_coverage_from": False})
        cls.tier_5.write({"sales_contact_days": 14, "silent_days": 30})
        cls.tier_2.write({"sales_contact_days": 0, "silent_days": 0})
        (cls.env["broker.tier"].search([]) - cls.tier_5 - cls.tier_2).write(
            {"sales_contact_days": 45, "silent_days": 60}
        )
        cls.silence = cls.env.ref("print_broker_crm.mail_activity_type_silence")

    def _touch(self, moment, role="sales", user=None, customer=None, channel="phone", direction="out"):
        """Record a touch of the past, as if gathered."""
        users = {"sales": self.sales_wang, "service": self.service_chen, "care": self.care_sun}
        return (
            self.env["broker.contact"]
            .sudo()
            .create(
                {
                    "customer_id": (customer or self.customer).id,
                    "user_id": (user or users.get(role, self.env["res.users"])).id,
                    "role": role,
                    "channel": channel,
                    "direction": direction,
                    "date": moment,
                    "is_gathered": True,
                    "res_model": "res.partner",
                    "res_id": next(self.proof_ids),
                }
            )
        )

    def _hear(self, moment, customer=None, channel="order"):
        """Record an order or a message of the customer."""
        return self._touch(moment, role=False, customer=customer, channel=channel, direction="in")

    def _refresh(self, *moments, customer=None):
        """Look at the customer's coverage, now or at each of some moments in UTC, and
        return the states."""
        customer = customer or self.customer
        states = []
        for moment in moments or (None,):
            if moment:
                self.at(moment)
            customer.invalidate_recordset()
            customer._refresh_coverage()
            states.append(customer.coverage_state)
        return states if len(moments) > 1 else states[0]

    def _close(self, first, last, **vals):
        """Close the firm from one day to another."""
        return self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "calendar_id": self.calendar.id,
                # From midnight to midnight in Shanghai.
                "date_from": datetime.fromisoformat(first) - timedelta(hours=8),
                "date_to": datetime.fromisoformat(last) + timedelta(hours=15, minutes=59),
                **vals,
            }
        )

    def _todos(self, customer=None):
        return (
            self.env["mail.activity"]
            .search([("res_model", "=", "broker.customer"), ("res_id", "=", (customer or self.customer).id)])
            .filtered(lambda activity: activity.activity_type_id == self.silence)
        )


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


@tagged("post_install", "-at_install")
class TestCoverageFollows(CoverageCommon):
    def _log(self, user=None, **vals):
        """Log a contact as a person does."""
        return (
            self.env["broker.contact"]
            .with_user(user or self.sales_wang)
            .create({"customer_id": self.customer.id, "channel": "wechat", "direction": "out", **vals})
        )

    def test_a_logged_touch_clears_at_once(self):
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self._log(self.service_chen)
        self.assertEqual(self.customer.coverage_state, "sales_silent")
        contact = self._log()
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 5, 2, 2))
        contact.unlink()
        self.assertEqual(self.customer.coverage_state, "sales_silent")

    def test_manager_is_told_once(self):
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        todo = self._todos()
        self.assertEqual(todo.user_id, self.manager_qian)
        self.assertEqual(todo.date_deadline, date(2026, 6, 1))
        self._refresh("2026-06-02 02:00:00", "2026-06-03 02:00:00")
        self.assertEqual(self._todos(), todo)
        todo.action_done()
        self._refresh("2026-06-04 02:00:00")
        self.assertFalse(self._todos())
        # Active while nothing comes back is another matter.
        self._log()
        self.assertEqual(self.customer.coverage_state, "customer_silent")
        self.assertIn("look at it together", self._todos().summary)
        self._log(direction="in")
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertFalse(self._todos())

    def test_sales_alone_silent_is_the_care_lines(self):
        self._refresh()
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.assertFalse(self._todos())

    def test_who_was_silent_before_is_on_the_list_only(self):
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "both_silent")
        self.assertFalse(self._todos())

    def test_of_whom_managers_are_told(self):
        for setting, tier, told in (("none", self.tier_5, 0), ("key", self.tier_2, 0), ("key", self.tier_5, 1)):
            self.at("2026-03-02 02:00:00")
            customer = self._open_customers(1, name=f"{setting} {tier.name}")
            self.company.write({"broker_coverage_todo": setting, "broker_review_silence": False})
            self._set_tier(customer, tier)
            self._refresh(customer=customer)
            self.assertEqual(self._refresh("2026-09-01 02:00:00", customer=customer), "both_silent")
            self.assertEqual(len(self._todos(customer)), told, (setting, tier.name))

    def test_a_manager_who_sells_does_not_review_alone(self):
        second = self._create_user("gao", "group_manager")
        self.company.broker_care_manager_id = self.manager_qian
        self.partner.user_id = self.manager_qian
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        self.assertEqual(self._todos().user_id, second)
        second.action_archive()
        self._log(self.manager_qian)
        self.assertEqual(self._todos().user_id, self.manager_qian)

    def test_archiving_takes_the_to_do_back(self):
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        self.assertTrue(self._todos())
        self.customer.active = False
        self.assertFalse(self._todos())

    def test_a_key_account_known_to_one(self):
        """Of a key account two people of the firm know something; who left does not."""
        self._touch("2026-03-02 01:00:00")
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "both_silent")
        self.assertFalse(self.customer.covered_by_one, "no key account")
        self._set_tier(self.customer, self.tier_5)
        self._refresh()
        self.assertTrue(self.customer.covered_by_one, "the touch was 91 days ago")
        self.assertIn("Nobody is in touch", self.customer.with_user(self.manager_qian).coverage_explanation)
        self._touch("2026-05-31 01:00:00")
        self._refresh()
        self.assertTrue(self.customer.covered_by_one)
        explanation = self.customer.with_user(self.manager_qian).coverage_explanation
        self.assertIn("Only Wang", explanation)
        self.customer.invalidate_recordset()
        self.assertNotIn("Only", self.customer.with_user(self.sales_wang).coverage_explanation)
        self._touch("2026-05-31 01:00:00", role="care")
        self._refresh()
        self.assertFalse(self.customer.covered_by_one)
        self.care_sun.action_archive()
        self._refresh()
        self.assertTrue(self.customer.covered_by_one)

    def test_a_new_key_account_is_not_listed(self):
        self._set_tier(self.customer, self.tier_5)
        self._refresh("2026-03-16 02:00:00")
        self.assertFalse(self.customer.covered_by_one)
        self._refresh("2026-03-17 02:00:00")
        self.assertTrue(self.customer.covered_by_one)

    def test_merged(self):
        """The touches of both are the one's who remains."""
        other = self._open_customers(1, user=self.sales_wang)
        self._touch("2026-03-02 01:00:00", customer=self.customer)
        self._hear("2026-05-01 01:00:00", customer=self.customer)
        self._touch("2026-05-01 01:00:00", customer=other)
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other.partner_id + self.partner).ids, self.partner
        )
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 5, 1, 1))

    def test_two_companies(self):
        """Each by its own days, calendar and contacts."""
        sister = self.env["res.company"].create({"name": "Sister"})
        calendar = self.calendar.copy({"company_id": sister.id, "tz": "America/New_York"})
        sister.write(
            {"resource_calendar_id": calendar.id, "broker_coverage_sales_days": 10, "broker_coverage_from": False}
        )
        file = self._open_customer(company=sister)
        file.date_opened = date(2026, 3, 2)
        self._touch("2026-03-01 02:00:00", customer=file, role=False, channel="order", direction="in")
        both = self.customer + file
        # 13 March begins in New York at 4:00 UTC.
        for moment, states in (
            ("2026-03-13 03:59:00", ["fine", "fine"]),
            ("2026-03-13 04:00:00", ["fine", "sales_silent"]),
        ):
            self.at(moment)
            both.invalidate_recordset()
            both._refresh_coverage()
            self.assertEqual(both.mapped("coverage_state"), states, moment)

    # Who sees and enters what

    def test_nobody_enters_it(self):
        for user in (self.sales_wang, self.manager_qian):
            for vals in (
                {"coverage_state": "fine"},
                {"coverage_since": "2026-03-02"},
                {"covered_by_one": False},
                {"last_sales_contact": "2026-03-02"},
            ):
                with self.assertRaises(UserError):
                    self.customer.with_user(user).write(vals)
        partner = self._create_partner("Onyx")
        with self.assertRaises(UserError):
            self.env["broker.customer"].with_user(self.manager_qian).create(
                {"partner_id": partner.id, "coverage_state": "fine"}
            )
        opened = (
            self.env["broker.customer"]
            .with_user(self.manager_qian)
            .with_context(default_coverage_state="both_silent")
            .create({"partner_id": partner.id})
        )
        self.assertFalse(opened.sudo().coverage_state)

    def test_salespeople_see_the_silence_of_their_own(self):
        """It helps them to act; whom the care line knows is not for them."""
        self._refresh("2026-05-02 02:00:00")
        Customer = self.env["broker.customer"]
        silent = [("coverage_state", "=", "sales_silent")]
        self.assertIn(self.customer, Customer.with_user(self.sales_wang).search(silent))
        self.assertNotIn(self.customer, Customer.with_user(self.sales_zhao).search(silent))
        row = self.customer.with_user(self.sales_wang).read(
            ["coverage_state", "coverage_since", "last_sales_contact", "coverage_explanation"]
        )[0]
        self.assertEqual(row["coverage_state"], "sales_silent")
        self.assertIn("No touch by sales is known since 03/02/2026", row["coverage_explanation"])
        for name in ("covered_by_one", "coverage_trace", "last_care_contact"):
            with self.assertRaises(AccessError):
                self.customer.with_user(self.sales_wang).read([name])
            with self.assertRaises(AccessError):
                Customer.with_user(self.sales_wang).search([(name, "!=", False)])
        for user in (self.care_sun, self.manager_qian):
            self.assertIn(self.customer, Customer.with_user(user).search(silent))
            self.customer.with_user(user).read(["covered_by_one", "coverage_trace"])

    def test_screens_open(self):
        action = self.env.ref("print_broker_crm.broker_customer_coverage_action")
        self._refresh()
        for user in (self.care_sun, self.manager_qian, self.sales_wang):
            Customer = self.env["broker.customer"].with_user(user)
            views = [(view.view_id.id, view.view_mode) for view in action.view_ids]
            result = Customer.get_views([*views, (action.search_view_id.id, "search")])
            for arch in (view["arch"] for view in result["views"].values()):
                self.assertEqual("last_care_contact" in arch and user == self.sales_wang, False)


@tagged("post_install", "-at_install")
class TestCoverageScale(CoverageCommon):
    def _make(self, number):
        customers = self._open_customers(number, user=self.sales_wang)
        for place, customer in enumerate(customers):
            if place % 3:
                self._touch(f"2026-0{3 + place % 3}-1{place % 9} 02:00:00", customer=customer)
            if place % 2:
                self._hear(f"2026-0{3 + place % 4}-0{1 + place % 8} 02:00:00", customer=customer)
        self._set_tier(customers[::4], self.tier_5)
        return customers

    def test_only_what_changed_is_written(self):
        self.assertEqual(self.customer._refresh_coverage(), self.customer)
        self.assertFalse(self.customer._refresh_coverage())
        self.at("2026-03-10 02:00:00")
        self.assertFalse(self.customer._refresh_coverage(), "a day alone changes nothing")

    def test_batches_end_as_all_at_once(self):
        customers = self._make(24)
        fields = ["coverage_state", "coverage_since", "coverage_trace", "covered_by_one", "last_inbound_contact"]
        for moment in ("2026-05-10 02:00:00", "2026-06-20 02:00:00"):
            self.at(moment)
            with self.cr.savepoint() as savepoint:
                customers._refresh_coverage()
                at_once = customers.read(fields)
                savepoint.rollback()
            self.env.invalidate_all()
            self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.coverage_batch_size", "5")
            list(customers._get_coverage_steps(self.company))
            self.env.invalidate_all()
            self.assertEqual(customers.read(fields), at_once)
            self.assertGreater(len(set(customers.mapped("coverage_state"))), 2)

    def test_queries_do_not_grow(self):
        counts = {}
        for name, number in (("Warm", 5), ("Few", 5), ("Many", 50)):
            self.at("2026-03-02 02:00:00")
            customers = self._make(number)
            customers._refresh_coverage()
            self.at("2026-09-01 02:00:00")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers._refresh_coverage()
            self.env.flush_all()
            counts[name] = self.env.cr.sql_log_count - before
            self.assertTrue(self._todos(customers[1]))
        _logger.info("queries to refresh coverage: %s", counts)
        self.assertEqual(counts["Many"], counts["Few"])
