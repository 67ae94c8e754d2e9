from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestHandoffTourDesktop(BrokerAccountCommon, HttpCase):
    """A repeat order, from the job to the packet that comes back, and a question."""

    def test_repeat_order_and_question(self):
        job = self._create_job(
            commitment_date=fields.Datetime.now() + timedelta(days=10),
            payment_term_id=self.env.ref("account.account_payment_term_30days").id,
        )
        path = f"/odoo/action-print_broker_crm.broker_job_action/{job.id}"
        self.start_tour(path, "broker_repeat_order_is_handed_over", login=self.sales_wang.login)
        handoff = job.broker_handoff_id
        self.assertEqual(handoff.state, "submitted")
        self.assertFalse(handoff.lead_id)
        self.start_tour("/odoo", "broker_service_accepts_and_gives_back", login=self.service_chen.login)
        self.assertEqual((handoff.state, handoff.given_back_count), ("returned", 1))
        self.assertTrue(handoff.first_contact_at)

        buyer = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id, "email": "li@jade.test"})
        job.message_post(
            body="Where are my menus?", author_id=buyer.id, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.start_tour(path, "broker_question_is_passed_on", login=self.sales_wang.login)
        self.start_tour("/odoo", "broker_question_is_opened", login=self.service_chen.login)
        row = self.env["broker.question.pass"].search([("res_model", "=", "sale.order"), ("res_id", "=", job.id)])
        self.assertEqual((row.from_user_id, row.to_user_id), (self.sales_wang, self.service_chen))


@tagged("post_install", "-at_install")
class TestHandoffTourPhone(TestHandoffTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
