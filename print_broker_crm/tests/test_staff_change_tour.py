from odoo.tests import HttpCase, tagged

from .test_staff_change import StaffChangeCommon


@tagged("post_install", "-at_install")
class TestStaffChangeTour(StaffChangeCommon, HttpCase):
    """A manager lets somebody leave, from the dry run to the confirmation."""

    def test_from_dry_run_to_confirmation(self):
        customers = self._open_customer() + self._open_customers(2)
        # Li is proposed, Zhao is chosen.
        self._open_customers(9, user=self.sales_zhao, name="Zhaos")
        activities = self._create_activities(customers)
        self.start_tour("/odoo", "broker_manager_lets_somebody_leave", login=self.manager_qian.login)
        change = self.Change.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual((change.state, change.mode, change.reason), ("done", "leaving", "Moves to Suzhou"))
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertFalse(customers.filtered(lambda customer: customer.user_id == self.sales_wang))
        self.assertEqual(set(customers.mapped("sales_origin")), {"inherited"})
        self.assertNotIn(self.sales_wang, activities.user_id)


@tagged("post_install", "-at_install")
class TestStaffChangePhoneTour(StaffChangeCommon, HttpCase):
    """Customers are given away on a phone."""

    browser_size = "375x667"
    touch_enabled = True

    def test_giving_customers_away(self):
        customer = self._open_customer()
        self._open_customers(9, user=self.sales_zhao, name="Zhaos")
        kept = self._open_customers(1)
        self.start_tour("/odoo", "broker_manager_gives_customers_away", login=self.manager_qian.login)
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertEqual(customer.sales_origin, "transferred")
        self.assertEqual(kept.user_id, self.sales_wang)
