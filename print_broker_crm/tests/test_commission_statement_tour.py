from odoo.tests import HttpCase, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionStatementTour(BrokerAccountCommon, HttpCase):
    """A month as people click it: look, dispute, decide, confirm, pay."""

    def test_look_dispute_decide_confirm(self):
        # Jobs of today: what the browser sees has no frozen clock.
        self._pay(self._create_posted_invoice(self._create_job()))
        self._create_posted_invoice(self._create_job())
        self._create_job()
        today = self.company._get_broker_today()
        self.company.broker_dispute_user_id = self.manager_qian
        statement = self.env["broker.commission.statement"].create(
            {"user_id": self.sales_wang.id, "date_from": today.replace(day=1), "date_to": today}
        )
        self.start_tour("/odoo", "broker_payee_looks_and_disputes", login=self.sales_wang.login)
        dispute = self.env["broker.commission.dispute"].search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual((dispute.state, dispute.reason, dispute.expected_amount), ("open", "amount", 42))
        self.assertTrue(dispute.entry_id)
        self.start_tour("/odoo", "broker_manager_decides_and_confirms", login=self.manager_qian.login)
        self.assertEqual(dispute.state, "granted")
        self.assertEqual((statement.state, statement.paid_amount, statement.payment_reference), ("paid", 252, "Bank 7"))


@tagged("post_install", "-at_install")
class TestCommissionStatementPhoneTour(TestCommissionStatementTour):
    """The same on a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
