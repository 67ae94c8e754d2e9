from odoo.tests import tagged

from .common_proof import PNG
from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestProofTier(TierCommon):
    """Proofs that are made again are trouble, by the points of the policy."""

    def _send(self, order, line=None):
        env = self.env(user=self.service_chen)
        proof = env["broker.proof"].create({"order_id": order.id, "order_line_id": line.id if line else False})
        env["broker.proof.file"].create({"proof_id": proof.id, "name": "a.png", "content": PNG})
        proof._send()
        return proof

    def test_rounds_after_the_first(self):
        """Job A: three rounds. Job B: one of the job, two of its line, a draft. Three were repeated."""
        self.policy.trouble_proof_points = 5
        invoices = [self._invoice(1000, 700), self._invoice(1000, 700)]
        job_a, job_b = (invoice.invoice_line_ids.sale_line_ids.order_id for invoice in invoices)
        sent = [self._send(job_a) for _round in range(3)]
        self._send(job_b)
        sent += [self._send(job_b, job_b.order_line) for _round in range(2)]
        self.env["broker.proof"].create({"order_id": job_b.id})
        score = self._score()
        self.assertEqual(score.inputs["proof_rounds"], 3)
        # 15 points over two jobs
        self.assertEqual(score.ease, 92.5)
        self.assertIn("3 repeated proofs × 5.00", str(score.explanation))
        customer = score.customer_id
        customer.sudo().last_score_id = score
        self.assertEqual(customer.tier_proof_count, 3)
        action = customer.action_view_tier_proofs()
        self.assertEqual(
            set(self.env["broker.proof"].search(action["domain"]).ids), {sent[1].id, sent[2].id, sent[4].id}
        )

    def test_no_points_no_count(self):
        self.policy.trouble_proof_points = 0
        job = self._invoice(1000, 700).invoice_line_ids.sale_line_ids.order_id
        for _round in range(2):
            self._send(job)
        score = self._score()
        self.assertNotIn("proof_rounds", score.inputs)
        self.assertEqual(score.ease, 100)
