from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestOnceThroughDesktop(BrokerAccountCommon, HttpCase):
    """From the won lead to the paid commission, clicked by the people concerned."""

    def test_from_won_lead_to_paid_commission(self):
        order, lead = self._win_a_job()
        self.start_tour(f"/odoo/crm/{lead.id}", "broker_salesperson_hands_over", login=self.sales_wang.login)
        handoff = order.broker_handoff_id
        self.assertEqual(handoff.state, "submitted")
        handoff_path = "/odoo"
        self.start_tour(handoff_path, "broker_service_returns", login=self.service_chen.login)
        self.assertEqual((handoff.state, handoff.return_count), ("returned", 1))
        self.start_tour(handoff_path, "broker_salesperson_submits_again", login=self.sales_wang.login)
        self.start_tour(handoff_path, "broker_service_accepts", login=self.service_chen.login)
        self.assertEqual(handoff.state, "accepted")
        self.assertTrue(order.broker_receipt_date)

        self._make_call_due(order)
        self.start_tour(handoff_path, "broker_care_officer_calls", login=self.care_sun.login)
        self._pay(self._create_posted_invoice(order))
        self.assertEqual(self._get_sums(order), {self.sales_wang: 210.0, self.service_chen: 90.0})
        for user in (self.sales_wang, self.service_chen):
            self.start_tour(handoff_path, "broker_people_see_their_commission", login=user.login)

        self.env["broker.tier.score"]._run(self.company)
        self.start_tour(handoff_path, "broker_manager_looks_around", login=self.manager_qian.login)

    def _win_a_job(self):
        """A won lead with a confirmed job of 10,000 that costs 7,000."""
        self.customer.service_user_id = False
        lead = self.env["crm.lead"].create(
            {
                "name": "Menus for the second restaurant",
                "type": "opportunity",
                "partner_id": self.partner.id,
                "user_id": self.sales_wang.id,
                "expected_revenue": 10000,
            }
        )
        lead.action_set_won()
        order = self._create_job(
            opportunity_id=lead.id,
            commitment_date=fields.Datetime.now() + timedelta(days=10),
            payment_term_id=self.env.ref("account.account_payment_term_30days").id,
        )
        (self.service_lin + self.manager_qian).group_ids -= self.env.ref("print_broker_crm.group_service_agent")
        return order, lead

    def _make_call_due(self, order):
        """The goods came long enough ago for the care line to call today."""
        order.sudo().broker_receipt_date = fields.Datetime.now() - timedelta(days=5)
        self.env["broker.care.call"]._plan(self.company)
        call = self.env["broker.care.call"].search([("customer_id", "=", self.customer.id), ("state", "=", "planned")])
        self.assertEqual(call.user_id, self.care_sun)
        call.sudo()._bring_forward()


@tagged("post_install", "-at_install")
class TestOnceThroughPhone(TestOnceThroughDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
