from odoo.tests import HttpCase, new_test_user, tagged

from .common_proof import ProofCommon


@tagged("post_install", "-at_install")
class TestProofPortalTour(ProofCommon, HttpCase):
    """A customer's own pages, as they are clicked."""

    def setUp(self):
        super().setUp()
        contact = self.env["res.partner"].create(
            {"name": "Buyer jade", "parent_id": self.partner.id, "email": "buyer@example.com"}
        )
        self.buyer = new_test_user(
            self.env,
            login="broker_buyer",
            name=contact.name,
            groups="base.group_portal",
            partner_id=contact.id,
            password="broker_buyer",
        )
        self.proof = self._send_proof()

    def _start(self, name):
        self.start_tour(f"/my/orders/{self.job.id}", name, login=self.buyer.login)

    def test_approve(self):
        self._start("broker_customer_approves_a_proof")
        self.assertEqual(
            (self.proof.state, self.proof.decided_by, self.proof.comment),
            ("approved_comment", "Buyer jade", "A little darker, please"),
        )
        self.assertTrue(self.proof.signature)
        self.assertFalse(self.job._broker_get_print_obstacles())

    def test_reject(self):
        self._start("broker_customer_rejects_a_proof")
        self.assertEqual((self.proof.state, self.proof.signature), ("rejected", False))

    def test_receipt(self):
        stage = self.env["broker.relay.stage"].search([("code", "=", "delivery")], limit=1)
        self.job.sudo()._broker_move(stage, is_fact=True)
        self._start("broker_customer_confirms_the_receipt")
        self.assertTrue(self.job.broker_receipt_date)
        self.assertEqual(self.job.broker_relay_stage_id.code, "reconciliation")


@tagged("post_install", "-at_install")
class TestProofPortalPhoneTour(TestProofPortalTour):
    """The same on a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
