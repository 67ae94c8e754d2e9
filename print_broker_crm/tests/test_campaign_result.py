from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_campaign import CampaignCommon


@tagged("post_install", "-at_install")
class TestCampaignResults(CampaignCommon):
    def setUp(self):
        super().setUp()
        self.campaign = self.start()
        self.campaign.action_select()
        self.campaign.action_give_todos()
        self.member = self.campaign.member_ids

    def count(self, campaign=None):
        campaign = campaign or self.campaign
        campaign.invalidate_recordset()
        return campaign.buyer_count, campaign.job_count, campaign.order_amount, campaign.revenue

    def test_jobs_and_revenue_afterwards(self):
        self.assertEqual(self.count(), (0, 0, 0, 0))
        order = self.buy("2026-11-20 02:00:00", price=8000.0)
        order.order_line = [
            Command.create({"product_id": self.print_product.id, "product_uom_qty": 1, "price_unit": 300.0})
        ]
        second = self.buy("2026-12-20 02:00:00", price=2000.0)
        # What was not asked for, what came before and what came too late does not count.
        self.buy("2026-11-21 02:00:00", product=self.print_product)
        self.buy("2026-11-10 01:00:00")
        self.buy("2027-01-09 02:00:00")
        self.assertEqual(self.count(), (1, 2, 10000, 0))
        invoice = self._create_posted_invoice(order, date(2026, 12, 1))
        self.assertEqual(self.count(), (1, 2, 10000, 8000))
        self.assertEqual(self.member.revenue, 8000)
        self._credit(invoice)
        self.assertEqual(self.count(), (1, 2, 10000, 0))
        second._action_cancel()
        self.assertEqual(self.count()[:3], (1, 1, 8000))
        action = self.campaign.action_view_jobs()
        self.assertEqual(self.env["sale.order"].search(action["domain"]), order)
        action = self.campaign.action_view_buyers()
        self.assertEqual(self.env["broker.campaign.member"].search(action["domain"]), self.member)

    def test_the_last_moment_counts(self):
        last = datetime(2026, 11, 10, 2) + timedelta(days=60)
        self.buy(str(last - timedelta(seconds=1)))
        self.buy(str(last))
        self.assertEqual(self.count()[1], 1)
        self.campaign.follow_days = 61
        self.assertEqual(self.count()[1], 2)

    def test_a_reprint_did_not_come_of_it(self):
        order = self.buy("2026-11-20 02:00:00")
        self.assertEqual(self.count()[1], 1)
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Wrong year printed"})
        order.sudo().broker_claim_case_id = case
        self.assertEqual(self.count(), (0, 0, 0, 0))

    def test_a_job_counts_for_the_campaign_before_it(self):
        self.company.broker_campaign_rest_days = 0
        self.clock.move_to(datetime(2026, 11, 12, 2))
        other = self.start(name="Second try")
        other.action_select()
        other.action_give_todos()
        self.buy("2026-11-11 02:00:00", price=100.0)
        self.buy("2026-11-13 02:00:00", price=50.0)
        self.assertEqual(self.count()[2], 100)
        self.assertEqual(self.count(other)[2], 50)

    def test_a_campaign_for_something_else_takes_no_job_away(self):
        """Calendars are offered, and boxes two days later: the calendar came of the first. When
        the days of the second are over, what it asks for may have come of the first again."""
        self.company.broker_campaign_rest_days = 0
        self.clock.move_to(datetime(2026, 11, 12, 2))
        boxes = self.env["broker.product.type"].create({"name": "Test boxes"})
        other = self.start(name="Boxes", bought_type_ids=[Command.set(boxes.ids)])
        again = self.start(name="Calendars once more", follow_days=5)
        for campaign in (other, again):
            self.env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": self.customer.id})
        other.action_give_todos()
        self.buy("2026-11-13 02:00:00", price=100.0)
        self.assertEqual((self.count()[2], self.count(other)[2]), (100, 0))
        self.clock.move_to(datetime(2026, 11, 14, 2))
        again.action_give_todos()
        self.buy("2026-11-15 02:00:00", price=20.0)
        self.buy("2026-11-30 02:00:00", price=3.0)
        self.assertEqual((self.count()[2], self.count(other)[2], self.count(again)[2]), (103, 0, 20))

    def test_another_currency(self):
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "EUR")])
        currency.active = True
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": currency.id})
        self.buy("2026-11-20 02:00:00", price=1000.0, pricelist_id=pricelist.id)
        self.assertEqual(self.count()[2], 2000)

    def test_without_products_everything_counts(self):
        campaign = self.env["broker.campaign"].create({"name": "All"})
        self.company.broker_campaign_rest_days = 0
        self.env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": self.customer.id})
        campaign.action_give_todos()
        self.buy("2026-11-20 02:00:00", product=self.print_product, price=70.0)
        self.assertEqual(self.count(campaign), (1, 1, 70, 0))

    def test_queries_do_not_grow_with_the_customers(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(self.campaign.order_amount)
            return self.cr.sql_log_count - before

        self.buy("2026-11-20 02:00:00")
        count()
        few = count()
        for number in range(8):
            self.buy("2025-11-20 02:00:00", self.open_customer(f"Customer {number}"))
        self.campaign.action_select()
        self.campaign.action_give_todos()
        for member in self.campaign.member_ids - self.member:
            self.buy("2026-11-20 02:00:00", member.customer_id)
        self.assertEqual(count(), few)
        self.assertEqual(self.campaign.buyer_count, 9)
