from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .test_tier_score import NOON, TierCommon


@tagged("post_install", "-at_install")
class TestTierEffect(TierCommon):
    """Who would move under a draft, and thresholds from the firm's own customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls.policy.copy({"name": "Stricter", "date_from": "2025-06-01"})

    def _effect(self, action):
        return self.env[action["res_model"]].with_user(self.manager_qian).browse(action["res_id"])

    def _show(self, policy=None):
        return self._effect((policy or self.draft).with_user(self.manager_qian).action_view_effect())

    def test_who_moves_and_by_what(self):
        """Under 600,000 for 3A of revenue: (30×1 + 25×3 + 15×4 + 15×5) ÷ 85 = 2.8235: 3A.
        Another customer of 700,000 without a change is not named."""
        self._invoice(100000, 70000)
        big = self._create_partner("Big", self.sales_wang)
        self._invoice(7000000, 4000000, partner=big, user=self.sales_zhao)
        self.draft.dimension_ids[0].write(
            {"threshold_2": 200000, "threshold_3": 600000, "threshold_4": 700000, "threshold_5": 800000}
        )
        effect = self._show()
        self.assertEqual(effect.present_policy_id, self.policy)
        line = effect.line_ids
        self.assertEqual(line.customer_id, self.customer)
        self.assertEqual((line.tier_from_id, line.tier_to_id), (self.tiers["4A"], self.tiers["3A"]))
        self.assertEqual((line.total_from, line.total_to), (3.5294, 2.8235))
        self.assertEqual(line.reason, "Revenue 3A → 1A")
        self.assertEqual((effect.moved_count, effect.up_count, effect.down_count), (1, 0, 1))
        self.assertFalse(self.customer.tier_id)
        self.assertFalse(self.draft.is_used)

    def test_weights_and_caps_are_named(self):
        # 1A of integrity caps at 3A; the draft does not cap
        self._invoice(700000, 400000, due="2025-06-03")
        self.draft.integrity_cap_score = 0
        line = self._show().line_ids
        self.assertEqual(
            (line.tier_from_id, line.tier_to_id, line.rank_change), (self.tiers["3A"], self.tiers["4A"], 1)
        )
        self.assertEqual(line.reason, "Cap: Integrity → none")
        draft = self.policy.copy()
        # Only integrity counts: 1A
        draft.dimension_ids.filtered(lambda dimension: dimension.code != "integrity").write({"weight": 0})
        line = self._show(draft).line_ids
        self.assertEqual(line.tier_to_id, self.tiers["1A"])
        self.assertIn("other weights", line.reason)

    def test_a_tier_by_hand_is_marked(self):
        self._invoice(100000, 70000)
        self._run()
        self.customer.write(
            {"tier_manual_id": self.tiers["5A"].id, "tier_manual_reason": "Owner", "tier_manual_until": "2025-12-31"}
        )
        self.draft.dimension_ids.write(
            {"threshold_2": 9000000, "threshold_3": 9000001, "threshold_4": 9000002, "threshold_5": 9000003}
        )
        self.assertTrue(self._show().line_ids.is_manual)

    def test_nobody_moves_under_a_copy(self):
        self._invoice(100000, 70000)
        effect = self._show()
        self.assertEqual((effect.customer_count >= 1, effect.moved_count), (True, 0))

    def test_put_in_force_after_seeing(self):
        self._invoice(100000, 70000)
        self._go_to("2025-06-14 04:00:00")
        self._run()
        self._go_to(NOON)
        self.draft.dimension_ids[0].write(
            {"threshold_2": 200000, "threshold_3": 600000, "threshold_4": 700000, "threshold_5": 800000}
        )
        effect = self._show()
        effect.action_activate()
        self.assertEqual(self.draft.state, "active")
        score = self._score()
        self.assertEqual(score.policy_id, self.draft)
        self.assertEqual(score.tier_proposed_id, effect.line_ids.tier_to_id)
        # The second run, on another day, agrees.
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        self._go_to("2025-06-16 04:00:00")
        self._run()
        self.assertEqual(self.customer.tier_id, self.tiers["3A"])

    def test_thresholds_from_the_firms_own_distribution(self):
        """Ten customers of 10,000 to 100,000: at 90, 65, 35 and 10 % stand 19,000,
        41,500, 68,500 and 91,000, in two digits 19,000, 42,000, 68,000 and 91,000."""
        for number in range(1, 11):
            self._invoice(number * 10000, 0, partner=self._create_partner(f"Firm {number}", self.sales_wang))
        draft = self.draft.with_user(self.manager_qian)
        effect = self._effect(draft.action_propose_thresholds())
        self.assertEqual(effect.thresholds["revenue"], [19000, 42000, 68000, 91000])
        # All are as easy as can be, and nobody has been late.
        self.assertNotIn("ease", effect.thresholds)
        self.assertNotIn("integrity", effect.thresholds)
        self.assertEqual(effect.proposal_ids[0].threshold_3, 42000)
        self.assertIn("80,000", effect.proposal_ids[0].present)
        self.assertTrue(effect.line_ids)
        self.assertEqual(draft.dimension_ids[0].threshold_2, 20000, "not accepted yet")
        shown = {line.customer_id: line.tier_to_id for line in effect.line_ids}
        after = self._effect(effect.action_accept())
        self.assertEqual(after.policy_id, self.draft)
        self.assertFalse(after.thresholds)
        self.assertEqual({line.customer_id: line.tier_to_id for line in after.line_ids}, shown)
        self.assertEqual(draft.dimension_ids[0]._get_thresholds(), [19000, 42000, 68000, 91000])
        self.assertEqual(draft.dimension_ids[3].threshold_2, 40)

    def test_accepting_for_a_policy_in_force_makes_a_version(self):
        for number in range(1, 11):
            self._invoice(number * 10000, 0, partner=self._create_partner(f"Firm {number}", self.sales_wang))
        self._run()
        effect = self._effect(self.policy.with_user(self.manager_qian).action_propose_thresholds())
        version = self._effect(effect.action_accept()).policy_id
        self.assertEqual((version.state, version.company_id), ("draft", self.company))
        self.assertNotEqual(version, self.policy)
        self.assertEqual(self.policy.dimension_ids[0].threshold_2, 20000)

    def test_too_few_customers_to_propose(self):
        with self.assertRefused(UserError, "too few or too alike"):
            self.draft.with_user(self.manager_qian).action_propose_thresholds()

    def test_refused(self):
        shipped = self.env["broker.tier.policy"]._get_shipped()
        with self.assertRefused(UserError, "belongs to no company"):
            shipped.action_view_effect()
        for action in ("action_view_effect", "action_propose_thresholds"):
            with self.assertRefused(AccessError):
                getattr(self.draft.with_user(self.sales_wang), action)()
        with self.assertRefused(ValidationError, "must fall from 2A to 5A"):
            self.draft.share_3 = 95
        self.draft.dimension_ids[0].unlink()
        with self.assertRefused(ValidationError, "missing: Revenue"):
            self._show()

    def test_queries_do_not_grow(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(), self.assertQueryCount(100):
                before = self.env.cr.sql_log_count
                self.draft.action_view_effect()
                return self.env.cr.sql_log_count - before

        self.draft.dimension_ids.write(
            {"threshold_2": 9000000, "threshold_3": 9000001, "threshold_4": 9000002, "threshold_5": 9000003}
        )
        self._invoice(100000, 70000)
        few = count()
        for number in range(5):
            self._invoice(100000, 70000, partner=self._create_partner(f"More {number}", self.sales_wang))
        self.assertLessEqual(count(), few)
