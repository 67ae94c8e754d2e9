from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .test_tier_score import NOON, TierCommon


@tagged("post_install", "-at_install")
class TestTierSignal(TierCommon):
    """The arrow, the sparkline, the history, and who costs more than it shows."""

    def _score_on(self, day, total):
        """Run on a day; the total is set below the ORM, as a score never changes."""
        self._go_to(f"{day} 04:00:00")
        score = self._score()
        self.env.cr.execute(SQL("UPDATE broker_tier_score SET total = %s WHERE id = %s", total, score.id))
        self.env.invalidate_all()
        return score

    def test_arrow_against_three_months_before(self):
        self._invoice(100000, 70000, date="2025-02-01")
        self._score_on("2025-02-28", 4.0)
        self._score_on("2025-03-31", 3.0)
        self._go_to(NOON)
        # Steady within 0.1; three months before 15 June was the 28th of February's total.
        for total, trend, text in (
            (3.9, "down", "↓ 0.10"),
            (3.91, "flat", "→ 0.09"),
            (4.09, "flat", "→ 0.09"),
            (4.1, "up", "↑ 0.10"),
        ):
            self._score_on("2025-05-31", total)
            self._go_to(NOON)
            self.env.invalidate_all()
            self.assertEqual((self.customer.tier_trend, self.customer.tier_trend_text), (trend, text), total)

    def test_no_arrow_for_a_young_customer(self):
        self._invoice(100000, 70000)
        self._score()
        self.assertFalse(self.customer.tier_trend)
        self.assertFalse(self.customer.tier_sparkline)
        self.assertFalse(self._open_customer(self._create_partner("Newer")).tier_trend)

    def test_sparkline_marks_a_new_policy(self):
        self._invoice(100000, 70000, date="2025-02-01")
        self._score_on("2025-04-30", 4.0)
        self.assertFalse(self.customer.tier_sparkline)
        draft = self.policy.copy({"name": "Next", "date_from": "2025-05-01"})
        draft.action_activate()
        self._score_on("2025-05-31", 3.0)
        drawn = str(self.customer.tier_sparkline)
        # A of 4 is a quarter from the top of 30, 3 is half way down.
        self.assertIn("0.0,7.5 120.0,15.0", drawn)
        self.assertIn("<title>Next</title>", drawn)

    def test_merged_customers_do_not_mix(self):
        """What was said of the other customer is no past of this one."""
        other = self._create_partner("Jade Twin", self.sales_wang)
        self._invoice(100000, 70000, date="2025-02-01")
        self._invoice(100, 99, date="2025-02-01", partner=other)
        self._score_on("2025-02-28", 4.0)
        self._score_on("2025-06-15", 4.05)
        other.broker_customer_ids.sudo()._merge_into(self.customer.sudo())
        self.env.invalidate_all()
        self.assertEqual(self.customer.tier_trend_text, "→ 0.05")
        self.assertIn("Total from 4.00 to 4.05", str(self.customer.tier_sparkline))
        rows = self.env["broker.tier.history"].search(
            [("customer_id", "=", self.customer.id), ("code", "=", "total")], order="date"
        )
        self.assertEqual(rows.mapped("score"), [4.0, 4.05])

    def test_history_has_a_row_per_dimension(self):
        self._invoice(100000, 70000)
        self._score()
        rows = self.env["broker.tier.history"].with_user(self.sales_wang).search([])
        self.assertEqual(
            {row.code: row.score for row in rows},
            {"revenue": 3, "profit": 3, "efficiency": 4, "ease": 5, "total": 3.5294},
        )
        self.assertFalse(self.env["broker.tier.history"].with_user(self.sales_zhao).search([]))

    def test_history_begins_with_the_first_tier(self):
        """One dimension alone is no total."""
        self._job(1000, 700)
        self._score()
        rows = self.env["broker.tier.history"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual(rows.mapped("code"), ["ease"])

    def test_service_drain(self):
        """300,000 of revenue are 4A; of the profit of 60,000 (4A) a twelfth of a person,
        0.083333 × 600,000 = 49,999.80, leaves 10,000.20, less than the 20,000 of 3A."""
        self.policy.person_cost = 600000
        self._invoice(300000, 240000)
        self._score()
        self.assertTrue(self.customer.is_service_drain)
        self.assertIn("49,999.80", self.customer.with_user(self.manager_qian).service_drain_text)
        self.assertIn("10,000.20", self.customer.with_user(self.manager_qian).service_drain_text)
        Customer = self.env["broker.customer"]
        self.assertIn(self.customer, Customer.search([("is_service_drain", "=", True)]))
        self.assertNotIn(self.customer, Customer.search([("is_service_drain", "=", False)]))

    def test_what_a_person_costs_is_the_managements_to_know(self):
        self.policy.person_cost = 600000
        self._invoice(300000, 240000)
        self._score()
        customer = self.customer.with_user(self.sales_wang)
        self.assertTrue(customer.is_service_drain)
        self.assertIn("300,000", customer.service_drain_text)
        self.assertNotIn("49,999", customer.service_drain_text)
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRefused(AccessError):
                self.policy.with_user(user).read(["person_cost"])
        self.assertTrue(self.policy.with_user(self.manager_qian).read(["person_cost"]))

    def test_no_drain(self):
        # 0.083333 × 480,000 = 39,999.84 leaves 20,000.16, the limit is 20,000
        self.policy.person_cost = 480000
        self._invoice(300000, 240000)
        self._score()
        self.assertFalse(self.customer.is_service_drain)
        self.assertFalse(self.customer.with_user(self.manager_qian).service_drain_text)

    def test_small_customers_are_no_drain(self):
        self.policy.person_cost = 9000000
        self._invoice(249999, 240000)
        self._score()
        self.assertFalse(self.customer.is_service_drain)

    def test_a_revenue_by_hand_is_no_drain(self):
        self.policy.person_cost = 9000000
        self._invoice(249999, 240000)
        self.env["broker.tier.manual.score"].create(
            {
                "customer_id": self.customer.id,
                "code": "revenue",
                "score": 5,
                "reason": "Big year ahead",
                "date_until": "2025-12-31",
            }
        )
        self.assertEqual(self._score().revenue_score, 5)
        self.assertFalse(self.customer.is_service_drain)

    def test_no_drain_when_switched_off(self):
        self.policy.write({"person_cost": 600000, "drain_revenue_score": 0})
        self._invoice(300000, 240000)
        self._score()
        self.assertFalse(self.customer.is_service_drain)

    def test_queries_do_not_grow(self):
        names = ["tier_trend", "tier_sparkline", "is_service_drain", "tier_owed"]

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["broker.customer"].search([]).read(names)
            return self.env.cr.sql_log_count - before

        self._invoice(300000, 240000)
        self._run()
        few = count()
        for number in range(5):
            self._invoice(300000, 240000, partner=self._create_partner(f"More {number}", self.sales_wang))
        self._run()
        self.assertLessEqual(count(), few)
