from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestRelayTier(TierCommon):
    """Finished legs are work, and jobs that came back are trouble, by the policy."""

    def _run_job(self):
        """Return a job of which Chen finished two legs, and that came back once."""
        job = self._invoice(1000, 700).invoice_line_ids.sale_line_ids.order_id
        stage = {row.code: row for row in self.env["broker.relay.stage"].search([])}
        job._broker_move(stage["proof"])
        job._broker_move(stage["artwork"], "Wrong files", returned=True)
        return job

    def test_returned_legs(self):
        self.policy.trouble_leg_points = 5
        self._run_job()
        self._invoice(1000, 700)
        score = self._score()
        self.assertEqual(score.inputs["returned_legs"], 1)
        # 5 points over two jobs
        self.assertEqual(score.ease, 97.5)
        self.assertIn("1 jobs sent back × 5.00", str(score.explanation))
        customer = score.customer_id
        customer.sudo().last_score_id = score
        self.assertEqual(customer.tier_leg_count, 1)
        legs = self.env["broker.relay.leg"].search(customer.action_view_tier_legs()["domain"])
        self.assertEqual(legs.mapped("start_kind"), ["returned"])

    def test_finished_legs_are_work(self):
        self.policy.work_leg_weight = 0.5
        job = self._run_job()
        score = self._score()
        runner = job.broker_leg_user_id
        score.customer_id.sudo().last_score_id = score
        pieces = self.env["broker.tier.work"].search([("customer_id", "=", score.customer_id.id), ("kind", "=", "leg")])
        self.assertEqual((len(pieces), pieces.user_id, sum(pieces.mapped("weight"))), (2, runner, 1.0))
        work = {row["user_id"]: row["work"] for row in score.people}
        self.assertGreaterEqual(work[runner.id], 1.0)
