from datetime import datetime

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import tagged

from .common_relay import RelayCommon


@tagged("post_install", "-at_install")
class TestPromise(RelayCommon):
    """What a printing house promised is frozen, and compared with what came."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.press = cls.env["res.partner"].create({"name": "Press", "is_company": True})
        cls.outside = cls._create_print_product(
            "Outside Print",
            cls.print_category,
            service_to_purchase=True,
            seller_ids=[Command.create({"partner_id": cls.press.id, "price": 70.0})],
        )

    def _order_from_press(self, promised):
        order = self._create_job(lines=[(self.outside, 100.0, 70.0)])
        purchase = order._get_purchase_orders()
        purchase.order_line.date_planned = promised
        purchase.button_confirm()
        return order, purchase.order_line

    def test_promise_is_frozen(self):
        _order, line = self._order_from_press(datetime(2026, 3, 6, 9))
        self.assertEqual(line.broker_promised_date, datetime(2026, 3, 6, 9))
        line.date_planned = datetime(2026, 3, 20)
        line.order_id.button_cancel()
        line.order_id.button_draft()
        line.order_id.button_confirm()
        self.assertEqual(line.broker_promised_date, datetime(2026, 3, 6, 9))
        for user in (self.service_chen, self.manager_qian, self.env.ref("base.user_admin")):
            with self.assertRaises(UserError):
                line.with_user(user).write({"broker_promised_date": datetime(2026, 3, 20)})
        with self.assertRaises(UserError):
            line.sudo().write({"broker_arrived_date": datetime(2026, 3, 3)})
        self.assertFalse(line.copy({"order_id": line.order_id.id}).broker_arrived_date)

    def test_comes_with_the_stage(self):
        order, line = self._order_from_press(datetime(2026, 3, 6, 9))
        self._move(order, "printing")
        self.at("2026-03-09 02:00:00")
        self.assertFalse(line.broker_arrived_date)
        self._move(order, "delivery")
        self.assertEqual(line.broker_arrived_date, datetime(2026, 3, 9, 2))
        self.assertEqual((line.broker_days_late, line.broker_late_count), (3, 1))
        self.at("2026-03-10 02:00:00")
        self._move(order, "printing", returned=True, reason="Once more")
        self._move(order, "delivery")
        self.assertEqual(line.broker_arrived_date, datetime(2026, 3, 9, 2))

    def test_comes_with_the_quantity(self):
        _order, line = self._order_from_press(datetime(2026, 3, 6, 9))
        self.at("2026-03-06 15:30:00")
        # Half past eleven at night in Shanghai is the promised day still.
        line.qty_received = line.product_qty
        self.assertEqual((line.broker_days_late, line.broker_late_count, line.broker_promise_count), (0, 0, 1))

    def test_figures_per_printing_house(self):
        for promised in (datetime(2026, 3, 2, 9), datetime(2026, 3, 4, 9), datetime(2026, 3, 9, 9)):
            order, line = self._order_from_press(promised)
        self.at("2026-03-06 02:00:00")
        for line in self.env["purchase.order.line"].search([("partner_id", "=", self.press.id)])[:3]:
            line.qty_received = line.product_qty
        self._order_from_press(datetime(2026, 3, 7))
        # 4 and 2 days late, 3 early: a mean of 1.
        figures = self.env["purchase.order.line"]._broker_get_promise_figures(Domain("partner_id", "=", self.press.id))
        self.assertEqual(figures, {self.press: (3, 2, 1.0)})
