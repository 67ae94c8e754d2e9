from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestRelay(BrokerAccountCommon):
    def test_confirmed_order_enters_the_first_stage(self):
        order = self._create_job()
        self.assertEqual(order.broker_relay_stage_id.code, "artwork")
        self.assertEqual(order.broker_leg_user_id, self.service_chen)
        with self.assertRaises(UserError):
            order.broker_leg_ids.sudo().write({"note": "x"})
