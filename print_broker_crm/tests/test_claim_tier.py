from odoo.tests import tagged

from .test_case_tier import CaseTierCommon


@tagged("post_install", "-at_install")
class TestClaimTier(CaseTierCommon):
    """What customers claimed of their own fault is taken off their integrity."""

    def _settle(self, **vals):
        case = self._open_case(kind="claim", **vals)
        case.claim_settled_at = case.opened_at
        return case

    def test_own_fault(self):
        """100 % and 50 % of the fault over three jobs: 1.5 / 3 × 40 points."""
        self.policy.write({"claim_fault_points": 40, "trouble_case_points": 0})
        for _number in range(3):
            self._invoice(1000, 700)
        ease = self._score().ease
        self._settle(fault_customer=100)
        self._settle(fault_customer=50, fault_service=50)
        self._settle(fault_printing_house=100)
        self._settle(fault_customer=100, day="2023-05-10")
        self._settle(fault_customer=100, state="cancelled")
        self._open_case(kind="claim", fault_customer=100)
        score = self._score()
        self.assertEqual(score.inputs["own_fault_claims"], 1.5)
        self.assertEqual(score.integrity, 80)
        self.assertEqual(score.ease, ease, "no points of ease")
        self.assertIn("1.50 claims of their own fault of 3 jobs × 40.00", str(score.explanation))

    def test_no_points(self):
        self.policy.claim_fault_points = 0
        self._invoice(1000, 700)
        self._settle(fault_customer=100)
        self.assertNotIn("own_fault_claims", self._score().inputs)

    def test_printed_again_is_no_job(self):
        """Neither by its number nor, cancelled, by the customer's unreliability."""
        self._invoice(1000, 700)
        case = self._open_case(kind="claim")
        for state in ("sale", "cancel"):
            order = self._job(0, 700)
            order.sudo().broker_claim_case_id = case
            if state == "cancel":
                order._action_cancel()
        score = self._score()
        self.assertEqual((score.inputs["jobs"], score.inputs["cancelled_jobs"]), (1, 0))
        self.customer.sudo().last_score_id = score
        action = self.customer.with_user(self.manager_qian).action_view_tier_cancelled()
        self.assertFalse(self.env["sale.order"].search_count(action["domain"]))
