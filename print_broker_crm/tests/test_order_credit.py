from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestOrderCredit(TierCommon):
    """A second look before working for a customer who does not pay, and the tier as a
    badge wherever somebody works for a customer."""

    def setUp(self):
        super().setUp()
        self.company.broker_credit_check = True

    def _owe(self, due="2025-04-16"):
        invoice = self._invoice(700000, 400000, due=due, date="2025-04-01")
        self._pay(invoice, 693000, date=due)
        self._run()

    def _quote(self, user=None):
        order = self._create_job(1000, 700, confirm=False, user_id=self.sales_wang.id)
        return order.with_user(user or self.sales_wang)

    def test_an_overdue_debt_stops_the_order(self):
        """Sixty days overdue on 15 June: the cap of the shipped policy."""
        self._owe()
        order = self._quote()
        self.assertIn("overdue by 60 days", order.broker_credit_warning)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()
        self.assertEqual(order.state, "draft")

    def test_a_day_less_does_not(self):
        self._owe(due="2025-04-17")
        order = self._quote()
        self.assertFalse(order.broker_credit_warning)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_low_integrity_stops_the_order(self):
        self._invoice(700000, 400000, due="2025-06-03")
        self._run()
        order = self._quote()
        self.assertIn("integrity of only 1A", order.broker_credit_warning)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()

    def test_switched_off_nothing_happens(self):
        self.company.broker_credit_check = False
        self._owe()
        order = self._quote()
        self.assertFalse(order.broker_credit_warning)
        order.action_confirm()

    def test_a_manager_releases_with_a_reason(self):
        self._owe()
        order = self._quote(self.manager_qian)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()
        action = order.action_open_credit_release()
        Wizard = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"])
        with self.assertRefused(UserError, "Say why"):
            Wizard.create({"reason": "  "}).action_release()
        Wizard.create({"reason": "Pays tomorrow"}).action_release()
        self.assertEqual((order.state, order.broker_credit_reason), ("sale", "Pays tomorrow"))
        self.assertEqual(order.broker_credit_user_id, self.manager_qian)
        notes = " ".join(order.message_ids.mapped("body"))
        self.assertIn("overdue by 60 days", notes)
        self.assertIn("Pays tomorrow", notes)
        self.assertFalse(order.copy().broker_credit_reason)

    def test_nobody_else_releases(self):
        self._owe()
        order = self._quote()
        with self.assertRefused(AccessError):
            order._broker_release_credit("Mine")
        with self.assertRefused(UserError, "by its button"):
            order.write({"broker_credit_reason": "Mine"})
        with self.assertRefused(UserError, "by its button"):
            order.create({"partner_id": self.partner.id, "broker_credit_reason": "Mine"})
        with self.assertRefused(AccessError):
            self.env["broker.order.credit.release"].with_user(self.sales_wang).create(
                {"order_id": order.id, "reason": "Mine"}
            )

    def test_what_the_customer_signs_is_confirmed_and_noted(self):
        self._owe()
        order = self._quote().sudo()
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertIn("Confirmed without a release", " ".join(order.message_ids.mapped("body")))

    def test_the_tier_is_shown_where_people_work(self):
        self._owe()
        tier = self.customer.tier_id
        self.assertTrue(tier)
        partner = self.partner.with_user(self.sales_wang)
        child = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.partner.id})
        self.assertEqual((partner.broker_tier_id, child.broker_tier_id), (tier, tier))
        found = partner.search(Domain("broker_tier_id", "=", tier.id))
        self.assertEqual(found, partner + child.with_user(self.sales_wang))
        self.assertNotIn(partner, partner.search(Domain("broker_tier_id", "=", False)))
        order = self._quote()
        lead = self.env["crm.lead"].create(
            {"name": "Menu", "partner_id": self.partner.id, "user_id": self.sales_wang.id, "type": "opportunity"}
        )
        for record in (order, lead.with_user(self.sales_wang)):
            self.assertEqual(record.broker_customer_tier_id, tier)
            self.assertIn(record, record.search([("broker_customer_tier_id", "=", tier.id)]))
            groups = record._read_group([("id", "=", record.id)], ["broker_customer_tier_id"], ["__count"])
            self.assertEqual(groups, [(tier, 1)])
        with self.assertRefused(AccessError):
            order.with_user(self.plain_user).read(["broker_customer_tier_id"])
