from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierEvidence(TierCommon):
    """From each number of a score down to the rows it was counted from."""

    def _open(self, action, user=None):
        action = getattr(self.customer.with_user(user or self.manager_qian), f"action_view_tier_{action}")()
        return self.env[action["res_model"]].with_user(user or self.manager_qian).search(action["domain"])

    def test_revenue_opens_to_its_invoices(self):
        inside = self._invoice(100000, 70000)
        self._invoice(1000, 700, date="2024-06-15")
        first = self._invoice(2000, 700, date="2024-06-16")
        note = self._credit(inside, price=500)
        self._invoice(5000, 700, partner=self._create_partner("Other", self.sales_wang))
        score = self._score()
        rows = self._open("invoices")
        self.assertEqual(rows, inside + first + note)
        self.assertEqual(sum(rows.mapped("amount_untaxed_signed")), score.revenue)
        self.assertEqual(self.customer.tier_invoice_count, 3)
        self.assertEqual(self._open("credit_notes"), note)

    def test_profit_opens_to_its_lines(self):
        self._invoice(50000, 30000, lines=[(self.box_product, 9000, 0)])
        self._invoice(20000, 18000)
        score = self._score()
        lines = self._open("lines")
        self.assertEqual(len(lines), 3)
        self.assertEqual(sorted(lines.mapped("broker_profit")), [0, 2000, 20000])
        self.assertEqual(sum(lines.mapped("broker_profit")), score.profit)
        self.assertEqual(lines.filtered("broker_cost_unknown").product_id, self.box_product)

    def test_integrity_opens_to_late_invoices(self):
        paid = self._invoice(10000, 7000, due="2025-05-10")
        self._pay(paid, 6000, date="2025-05-10")
        self._pay(paid, 4000, date="2025-05-30")
        open_one = self._invoice(3000, 700, due="2025-06-05")
        in_time = self._invoice(3000, 700, due="2025-06-05")
        self._pay(in_time, date="2025-06-01")
        self._score()
        late = self._open("late")
        self.assertEqual(late, paid + open_one)
        self.assertEqual(self.customer.tier_late_count, 2)
        self.assertEqual((paid.broker_days_late, paid.broker_late_amount), (20, 4000))
        self.assertEqual((open_one.broker_days_late, open_one.broker_late_amount), (10, 3000))
        self.assertEqual((in_time.broker_days_late, in_time.broker_late_amount), (0, 0))

    def test_ease_and_cancelled_jobs_open(self):
        self._invoice(10000, 7000)
        dropped = self.env["sale.order"].create({"partner_id": self.partner.id})
        dropped._action_cancel()
        job = self._job(1000, 700)
        job._action_cancel()
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id})
        handoff.write({"first_submitted_at": "2025-05-02 04:00:00", "return_count": 2})
        self._score()
        self.assertEqual(self._open("quotations"), dropped)
        self.assertEqual(self._open("cancelled"), job)
        self.assertEqual(self._open("returns"), handoff.with_env(self.env))
        self.assertEqual(self.customer.tier_return_count, 2)
        self.assertFalse(self._open("purchases"))

    def test_salesperson_sees_the_tier_but_not_how_people_paid(self):
        self._invoice(700000, 400000, due="2025-06-03")
        score = self._score()
        mine = score.with_user(self.sales_wang)
        self.assertEqual((mine.tier_id, mine.integrity_score), (self.tiers["3A"], 1))
        self.assertNotIn("days late", str(mine.explanation))
        self.assertNotIn("days late", str(self.customer.with_user(self.sales_wang).tier_explanation))
        self.assertIn("days late", str(score.with_user(self.care_sun).explanation))
        self.assertIn("days late", str(self.customer.with_user(self.manager_qian).tier_explanation))
        with self.assertRefused(AccessError):
            self._open("late", self.sales_wang)
        with self.assertRefused(AccessError):
            mine.read(["inputs"])
        self.assertEqual(len(self._open("invoices", self.sales_wang)), 1)

    def test_nothing_to_open_without_a_score(self):
        with self.assertRefused(UserError, "no score yet"):
            self._open("invoices")

    def test_testing_a_customer_writes_nothing(self):
        self._invoice(100000, 70000)
        action = self.customer.with_user(self.manager_qian).action_test_tier()
        trial = self.env[action["res_model"]].with_user(self.manager_qian).browse(action["res_id"])
        self.assertEqual(trial.policy_id, self.policy)
        self.assertEqual(trial.tier_after_id, self.tiers["4A"])
        self.assertIn("3.5294", str(trial.explanation))
        self.assertFalse(trial.tier_now_id)
        self.assertFalse(self.Score.sudo().search([("customer_id", "=", self.customer.id)]))
        draft = self.policy.copy()
        # 100,000 is 5A of revenue there: (30×5 + 25×3 + 15×4 + 15×5) ÷ 85 = 360 ÷ 85
        draft.dimension_ids[0].write({f"threshold_{step}": step * 1000 for step in range(2, 6)})
        trial.policy_id = draft
        self.assertIn("4.2353", str(trial.explanation))
        self.assertEqual(self._score().total, 3.5294)
        self.assertFalse(draft.is_used)
        with self.assertRefused(AccessError):
            self.customer.with_user(self.sales_wang).action_test_tier()

    def test_testing_under_an_incomplete_draft_says_what_is_missing(self):
        draft = self.policy.copy()
        draft.dimension_ids[0].unlink()
        trial = self.env["broker.tier.trial"].create({"customer_id": self.customer.id})
        with self.assertRefused(UserError, "missing: Revenue"):
            trial.policy_id = draft
            self.assertTrue(trial.explanation)
