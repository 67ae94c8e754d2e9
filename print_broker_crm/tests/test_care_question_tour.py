from odoo import fields
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import BrokerCommon


@tagged("post_install", "-at_install")
class TestCareQuestionTourDesktop(BrokerCommon, HttpCase):
    """The officer types what the customer says, and sees what the job says afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.customer = cls._open_customer(service=cls.service_chen)
        tax = cls.env["account.tax"].create({"name": "13%", "amount": 13})
        product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        cls.job = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": 1000, "tax_ids": [Command.set(tax.ids)]})
                ],
            }
        )
        cls.job.action_confirm()
        cls.job.broker_receipt_date = fields.Datetime.to_datetime("2026-02-26 02:00:00")

    def test_questions(self):
        self.assertEqual(self.job.amount_total, 1130)
        call = (
            self.env["broker.care.call"]
            .with_user(self.care_sun)
            .create({"customer_id": self.customer.id, "order_id": self.job.id, "user_id": self.care_sun.id})
            .sudo()
        )
        call._bring_forward()
        self.start_tour("/odoo", "broker_care_questions", login=self.care_sun.login)
        self.assertEqual((call.check_price, str(call.check_date)), (1500, "2026-02-26"))
        self.assertEqual((call.check_state, call.check_order_id), ("mismatch", self.job))
        signal = self.env["broker.signal"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual(signal.kind, "mismatch")


@tagged("post_install", "-at_install")
class TestCareQuestionTourPhone(TestCareQuestionTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
