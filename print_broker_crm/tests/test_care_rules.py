from datetime import date, datetime

from odoo.tests import tagged
from odoo.tools import SQL

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
