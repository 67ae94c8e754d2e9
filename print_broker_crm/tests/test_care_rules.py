from datetime import date, datetime
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.models import broker_care_call_planning_mixin as planning
from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareRules(CareCommon):
    """Each reason to call that is shipped, with the numbers that are shipped."""

    def _activate(self, reason, **vals):
        rule = self.other_rules[reason]
        rule.write({"active": True, **vals})
        return rule

    def _take_leave(self, first, last):
        """The firm is closed between two moments in UTC."""
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": datetime.fromisoformat(first),
                "date_to": datetime.fromisoformat(last),
            }
        )

    def _score(self, customer, rank, day):
        """A row of the 5A history; one writer in SQL makes them."""
        policy = self.env["broker.tier.policy"].search([("company_id", "=", self.company.id)], limit=1)
        tier = self.env["broker.tier"].search([("rank", "=", rank)])
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "INSERT INTO broker_tier_score (customer_id, company_id, policy_id, date, tier_id)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING id",
                customer.id,
                self.company.id,
                policy.id,
                day,
                tier.id or None,
            )
        )
        customer.sudo().tier_computed_id = tier

    # First order

    def test_first_order_is_called_about_within_seven_days(self):
        self._activate("first_order")
        self.at("2026-03-06 02:00:00")  # Friday
        order = self._receive_job(self.customer)
        order.broker_receipt_date = False
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual((call.reason, call.order_id), ("first_order", order))
        # The next working day is Monday; a week is over on Sunday the 15th.
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 9), date(2026, 3, 15)))

    def test_second_order_is_no_first_order(self):
        self._activate("first_order")
        self._receive_job(self.customer).broker_receipt_date = False
        self.Call._plan(self.company)
        self._get_open_call().with_user(self.care_sun).action_log_attempt("refused")
        self.at("2026-03-20 02:00:00")
        self._receive_job(self.customer).broker_receipt_date = False
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason_ids.mapped("reason"), ["cadence"])

    def test_first_order_and_receipt_are_one_call(self):
        self._activate("first_order")
        order = self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(set(call.reason_ids.mapped("reason")), {"first_order", "receipt"})
        self.assertEqual(call.reason_ids.order_id, order)
        # 3 to 9 March and 5 to 12 March share 5 to 9 March.
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 5), date(2026, 3, 9)))

    # Decline

    def test_decline_of_a_tier_that_matters(self):
        self._activate("decline")
        self._score(self.customer, 4, date(2026, 2, 20))
        small = self._open_customers(1)
        self._score(small, 2, date(2026, 2, 20))
        risen = self._open_customers(1)
        self._score(risen, 3, date(2026, 2, 20))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        for customer, rank in ((self.customer, 3), (small, 1), (risen, 4)):
            self._score(customer, rank, date(2026, 3, 2))
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason, "decline")
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 3), date(2026, 3, 10)))
        self.assertEqual(self._get_open_call(small).reason, "cadence", "2A is below the tier of the rule")
        self.assertEqual(self._get_open_call(risen).reason, "cadence")

    def test_decline_is_called_about_once(self):
        self._activate("decline", rest_days=0)
        self._score(self.customer, 5, date(2026, 2, 20))
        self._score(self.customer, 3, date(2026, 3, 2))
        self.Call._plan(self.company)
        self._get_open_call().with_user(self.care_sun).action_log_attempt("refused")
        self._score(self.customer, 3, date(2026, 3, 3))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        self._score(self.customer, 2, date(2026, 3, 4))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "decline")

    def test_decline_that_was_mended_or_is_old_is_not_called_about(self):
        self._activate("decline")
        self._score(self.customer, 5, date(2026, 2, 20))
        self._score(self.customer, 4, date(2026, 2, 28))
        self._score(self.customer, 5, date(2026, 3, 2))
        old = self._open_customers(1)
        self._score(old, 5, date(2026, 1, 5))
        self._score(old, 3, date(2026, 1, 12))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        self.assertEqual(self._get_open_call(old).reason, "cadence")

    def _change_trend(self, customer, before, trend, day, **vals):
        """A row of the trend's history; the night makes them."""
        change = (
            self.env["broker.trend.change"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": self.company.id,
                    "date": day,
                    "trend_before": before,
                    "trend": trend,
                    **vals,
                }
            )
        )
        customer.sudo().trend = trend
        return change

    def test_a_falling_trend_of_a_tier_that_matters(self):
        self._activate("decline")
        self._set_tier(self.customer, self.tier_5)
        small, risen, history, again = (self._open_customers(1) for _number in range(4))
        self._set_tier(small, self.tier_2)
        self._set_tier(risen + history + again, self.tier_5)
        change = self._change_trend(self.customer, "stable", "declining", date(2026, 3, 1))
        self._change_trend(small, "stable", "declining", date(2026, 3, 1))
        self._change_trend(risen, "stable", "rising", date(2026, 3, 1))
        self._change_trend(history, "stable", "declining", date(2026, 3, 1), is_history=True)
        self._change_trend(again, "stable", "declining", date(2026, 2, 27))
        self._change_trend(again, "declining", "stable", date(2026, 3, 1))
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason, "decline")
        self.assertEqual(call.reason_ids.filtered(lambda row: row.reason == "decline").event_key, f"trend:{change.id}")
        # Seen as of Sunday: from Monday on, for a week.
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 2), date(2026, 3, 9)))
        for customer in (small, risen, history, again):
            self.assertNotIn("decline", self._get_open_call(customer).reason_ids.mapped("reason"))

    def test_a_decline_that_ends_in_a_loss_is_called_about_once(self):
        self._activate("decline", rest_days=0)
        self._set_tier(self.customer, self.tier_5)
        self._change_trend(self.customer, "stable", "declining", date(2026, 3, 1))
        self.Call._plan(self.company)
        self._get_open_call().with_user(self.care_sun).action_log_attempt("refused")
        self._change_trend(self.customer, "declining", "lost", date(2026, 3, 2))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")

    def test_declines_of_both_kinds_in_many_batches(self):
        self._activate("decline")
        customers = self._open_customers(3)
        self._set_tier(customers, self.tier_5)
        for customer in customers:
            self._change_trend(customer, "stable", "declining", date(2026, 3, 1))
        self._score(self.customer, 5, date(2026, 2, 20))
        self._score(self.customer, 3, date(2026, 3, 2))
        with patch.object(planning, "BATCH_SIZE", 1):
            self.Call._plan(self.company)
        for customer in customers + self.customer:
            self.assertIn("decline", self._get_open_call(customer).reason_ids.mapped("reason"))

    # Cases

    def _close_case(self, customer=None):
        case = self.env["broker.case"].create(
            {"customer_id": (customer or self.customer).id, "title": "Too short", "kind": "enquiry", "outcome": "Told"}
        )
        case.action_close()
        return case

    def test_case_is_asked_about_within_24_working_hours(self):
        self._activate("case_closed")
        self._take_leave("2026-03-08 16:00:00", "2026-03-09 15:59:59")  # Monday the 9th
        self.at("2026-03-06 07:00:00")  # Friday, 15:00 in Shanghai
        self._close_case()
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual((call.reason, call.urgency), ("case_closed", "3"))
        # Two hours on Friday, Monday closed, two on Tuesday.
        self.assertEqual((call.date_planned, call.next_attempt_at), (date(2026, 3, 10), datetime(2026, 3, 10, 2, 0)))
        # Of the 24 hours 2 are on Friday, 8 on Tuesday, 8 on Wednesday, 6 on Thursday.
        self.assertEqual(call.date_deadline, date(2026, 3, 12))

    def test_case_that_was_opened_again_is_asked_about_again(self):
        self._activate("case_closed")
        case = self._close_case()
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.Call._plan(self.company)
        self.assertEqual(len(call.reason_ids), 1)
        call.with_user(self.care_sun).action_log_attempt("refused")
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        self.at("2026-03-03 02:00:00")
        case.action_reopen()
        case.outcome = "Told again"
        case.action_close()
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "case_closed")

    def test_two_cases_are_one_call(self):
        self._activate("case_closed")
        first = self._close_case()
        second = self._close_case()
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason_ids.mapped("event_key"), [f"{case.id}:0" for case in first + second])

    def test_old_case_is_left_alone(self):
        self._activate("case_closed")
        self._close_case()
        self.at("2026-03-09 02:00:00")
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")

    # Silence

    def _set_coverage(self, customers, state, since):
        customers.sudo().write({"coverage_state": state, "coverage_since": since})

    def test_silent_salesperson(self):
        self._activate("sales_silent")
        self._set_coverage(self.customer, "sales_silent", self.MONDAY)
        other = self._open_customers(1)
        self._set_coverage(other, "customer_silent", self.MONDAY)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual((call.reason, call.urgency), ("sales_silent", "2"))
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 3), date(2026, 3, 8)))
        self.assertEqual(self._get_open_call(other).reason, "cadence", "That is for the manager to look at")

    def test_one_call_for_each_silence(self):
        self._activate("sales_silent", rest_days=0)
        self._set_coverage(self.customer, "sales_silent", self.MONDAY)
        self.Call._plan(self.company)
        self._get_open_call().with_user(self.care_sun).action_log_attempt("refused")
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        self.at("2026-04-01 02:00:00")
        self._set_coverage(self.customer, "fine", date(2026, 3, 20))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")
        self._set_coverage(self.customer, "sales_silent", date(2026, 4, 1))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "sales_silent")

    def test_win_back(self):
        self._activate("win_back")
        self._set_coverage(self.customer, "both_silent", date(2026, 2, 27))  # Friday
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason, "win_back")
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 3), date(2026, 3, 17)))

    def test_long_silence_is_spread(self):
        """The first night finds silence that lasts for years, and does not fill one morning."""
        rule = self._activate("win_back")
        customers = self._open_customers(28)
        self._set_coverage(customers, "both_silent", date(2024, 1, 1))
        self.Call._plan(self.company)
        calls = self.Call.search([("customer_id", "in", customers.ids), ("state", "=", "planned")])
        self.assertEqual(set(calls.mapped("reason")), {"win_back"})
        days = calls.mapped("date_planned")
        self.assertEqual((min(days), max(days)), (self.MONDAY, date(2026, 3, 15)))
        self.assertEqual({days.count(day) for day in days}, {2})
        self.assertEqual({(call.date_deadline - call.date_planned).days for call in calls}, {rule.window_days})

    def test_silent_customer_who_wants_no_calls(self):
        self._activate("win_back")
        self._set_coverage(self.customer, "both_silent", self.MONDAY)
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Asked us"})
        self.Call._plan(self.company)
        self.assertFalse(self._get_open_call())

    def test_all_reasons_twice_plan_nothing_twice(self):
        for reason in ("first_order", "case_closed", "sales_silent", "decline"):
            self._activate(reason)
        self._receive_job(self.customer)
        self._close_case()
        self._set_coverage(self.customer, "sales_silent", self.MONDAY)
        self._score(self.customer, 5, date(2026, 2, 20))
        self._score(self.customer, 3, self.MONDAY)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(
            sorted(call.reason_ids.mapped("reason")),
            ["case_closed", "decline", "first_order", "receipt", "sales_silent"],
        )
        self.assertEqual((call.reason, call.urgency), ("case_closed", "3"))
        before = call.read(["date_planned", "date_deadline", "next_attempt_at", "reason_ids", "user_id"])
        self.Call._plan(self.company)
        self.assertEqual(
            call.read(["date_planned", "date_deadline", "next_attempt_at", "reason_ids", "user_id"]), before
        )
        call.with_user(self.care_sun).action_log_attempt("refused")
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason_ids.mapped("reason"), ["cadence"])

    def test_two_companies_do_not_meet(self):
        other = self.env["res.company"].create({"name": "Second", "resource_calendar_id": self.calendar.copy().id})
        theirs = self._open_customer(company=other)
        self._activate("win_back")
        self._activate("case_closed")
        self._set_coverage(theirs, "both_silent", self.MONDAY)
        self._close_case(theirs)
        self.Call._plan(self.company)
        self.assertFalse(self._get_open_call(theirs))
        self.Call._plan(other)
        self.assertEqual(set(self._get_open_call(theirs).reason_ids.mapped("reason")), {"win_back", "case_closed"})

    def test_merged_customers_keep_what_was_served(self):
        """Reasons of the call that is cancelled go on to the one that stays."""
        self._activate("case_closed")
        other = self._open_customers(1, user=self.sales_wang)
        case = self._close_case(other)
        self.Call._plan(self.company)
        kept = self._get_open_call()
        other._merge_into(self.customer)
        self.assertEqual(self._get_open_call(), kept)
        self.assertIn(f"{case.id}:0", kept.reason_ids.mapped("event_key"))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(), kept)

    # Rest, tiers, hours

    def test_rest_after_a_talk(self):
        self._activate("decline")
        call = self._plan_call()
        call.action_log_attempt("reached", score_declined=True)
        self._score(self.customer, 5, date(2026, 2, 20))
        self._score(self.customer, 3, date(2026, 3, 2))
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertIn("decline", call.reason_ids.mapped("reason"))
        self.assertEqual(call.date_planned, date(2026, 3, 9), "Seven days after the talk")

    def test_rule_from_a_tier_on(self):
        self.rules["receipt"].tier_rank_min = 5
        key = self._open_customers(1, tier=self.tier_5)
        for customer in self.customer + key:
            self._receive_job(customer)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(key).reason, "receipt")
        self.assertEqual(self._get_open_call().reason, "cadence")

    def test_working_hours_over_a_night_a_weekend_and_a_holiday(self):
        rule = self.rules["receipt"]
        rule.write({"delay_unit": "working_hours", "delay_days": 4, "window_unit": "working_hours", "window_days": 20})
        self._take_leave("2026-03-09 16:00:00", "2026-03-10 15:59:59")  # Tuesday the 10th
        # Friday, 15:00 in Shanghai: two hours are left, two more on Monday until ten.
        self.at("2026-03-06 07:00:00")
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.date_planned, date(2026, 3, 9))
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 2, 0))
        # Six hours on Monday, Tuesday closed, eight on Wednesday, six on Thursday.
        self.assertEqual(call.date_deadline, date(2026, 3, 12))
        before = (call.date_planned, call.next_attempt_at, call.date_deadline)
        self.Call._plan(self.company)
        self.assertEqual((call.date_planned, call.next_attempt_at, call.date_deadline), before)

    def test_working_hours_without_a_calendar_are_hours(self):
        self.company.resource_calendar_id = False
        self.company.partner_id.tz = "Asia/Shanghai"
        rule = self.rules["receipt"]
        rule.write({"delay_unit": "working_hours", "delay_days": 4, "window_unit": "working_hours", "window_days": 20})
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 6, 0))
        self.assertEqual(call.date_deadline, self.company._get_broker_date(datetime(2026, 3, 3, 2, 0)))

    def test_leap_day_counts(self):
        self._activate("first_order", delay_unit="days", delay_days=2)
        self.at("2028-02-28 02:00:00")
        customer = self._open_customers(1)
        self._receive_job(customer).broker_receipt_date = False
        self.Call._plan(self.company)
        call = self._get_open_call(customer)
        self.assertEqual((call.date_planned, call.date_deadline), (date(2028, 3, 1), date(2028, 3, 7)))
