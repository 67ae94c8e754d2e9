from odoo.tests import HttpCase, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestRelayTourDesktop(BrokerAccountCommon, HttpCase):
    """The service agent runs a job from the artwork to the reconciliation on the board."""

    def test_job_runs(self):
        order = self._create_job(user_id=self.sales_wang.id)
        self.start_tour("/odoo", "broker_job_runs", login=self.service_chen.login)
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")
        self.assertTrue(order.broker_receipt_date)
        legs = order.sudo().broker_leg_ids.sorted("id")
        self.assertEqual(
            legs.stage_id.sorted().mapped("code"),
            ["artwork", "proof", "printing", "delivery", "receipt", "reconciliation"],
        )
        self.assertEqual(sum(legs.mapped("return_count")), 1)
        self.assertEqual(legs.filtered(lambda leg: leg.stage_id.code == "delivery").note, "SF 1234")


@tagged("post_install", "-at_install")
class TestRelayTourPhone(TestRelayTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
