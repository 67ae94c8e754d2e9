from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierManualScore(TierCommon):
    """A dimension judged by hand, with a reason and an end."""

    def _judge(self, code="revenue", score=5, until="2025-06-16", user=None, customer=None, reason="Big year ahead"):
        return (
            self.env["broker.tier.manual.score"]
            .with_user(user or self.manager_qian)
            .create(
                {
                    "customer_id": (customer or self.customer).id,
                    "code": code,
                    "score": score,
                    "reason": reason,
                    "date_until": until,
                }
            )
        )

    def test_it_counts_through_its_last_day(self):
        """3A of revenue is 5A by hand: (30×5 + 25×3 + 15×4 + 15×5) ÷ 85 = 360 ÷ 85."""
        self._invoice(100000, 70000)
        manual = self._judge()
        score = self._score()
        self.assertEqual((score.revenue, score.revenue_score, score.total), (100000, 5, 4.2353))
        self.assertEqual(score.inputs["by_hand"], {"revenue": 5})
        self.assertIn("Set to 5A by hand", str(score.explanation))
        self.assertFalse(self._run(), "the same again writes nothing")
        self._go_to("2025-06-16 04:00:00")
        self.assertEqual(self._score().total, 4.2353)
        self._go_to("2025-06-17 04:00:00")
        self.assertEqual(self._score().total, 3.5294)
        self.env.invalidate_all()
        self.assertTrue(manual.is_ended)

    def test_reason_stays_as_it_was_said(self):
        """A later edit of the row explains the next score and not the old one."""
        self._invoice(100000, 70000)
        manual = self._judge()
        before = self._score()
        self.assertIn("until 06/16/2025: Big year ahead", str(before.explanation))
        manual.write({"reason": "Signed for a year", "date_until": "2025-07-16"})
        after = self._score()
        self.assertNotEqual(after, before)
        self.assertIn("until 07/16/2025: Signed for a year", str(after.explanation))
        self.assertIn("until 06/16/2025: Big year ahead", str(before.explanation))
        manual.unlink()
        self.assertNotIn("by_hand_reasons", self._score().inputs)
        self.assertIn("Signed for a year", str(after.explanation))

    def test_reason_is_not_for_salespeople(self):
        self._invoice(100000, 70000)
        self._judge()
        score = self._score().with_user(self.sales_wang)
        self.assertIn("Set to 5A by hand.", str(score.explanation))
        self.assertNotIn("Big year ahead", str(score.explanation))
        self.assertIn("Big year ahead", str(score.with_user(self.care_sun).explanation))

    def test_it_stands_in_for_missing_data(self):
        """Integrity has no data: 2A by hand: (300 + 15×2) ÷ 100."""
        self._invoice(100000, 70000)
        self._judge("integrity", 2)
        score = self._score()
        self.assertEqual((score.integrity_score, score.dimension_count, score.total), (2, 5, 3.3))

    def test_bad_input(self):
        with self.assertRefused(ValidationError, "Say why"):
            self._judge(reason=" ")
        with self.assertRefused(ValidationError, "Say until when"):
            self._judge(until="2025-06-14")
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRefused(AccessError):
                self._judge(user=user)

    def test_merged_customers_keep_the_targets(self):
        other = self._open_customer(self._create_partner("Jade Twin", self.sales_wang))
        kept = self._judge(score=5)
        self._judge(score=1, customer=other)
        moved = self._judge("ease", 1, customer=other)
        other.sudo()._merge_into(self.customer.sudo())
        rows = self.env["broker.tier.manual.score"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual(rows.ids, sorted((moved + kept).ids, reverse=True))
