from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierEdges(TierCommon):
    """Each of the five dimensions at its thresholds and in the odd cases, by hand."""

    def _open_partner(self, label):
        return self._create_partner(f"Edge {label}", self.sales_wang)

    def _assert_steps(self, code, partners, expected):
        self._run()
        found = {
            label: partner.broker_customer_ids.sudo().last_score_id[f"{code}_score"]
            for label, partner in partners.items()
        }
        self.assertEqual(found, expected)

    def _return_handoff(self, partner, count):
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self._open_customer(partner).id})
        handoff.write({"first_submitted_at": "2025-05-02 04:00:00", "return_count": count})

    def test_edges_of_profit(self):
        """5,000 / 20,000 / 60,000 / 150,000: at the threshold the step is reached."""
        expected = {
            4999.99: 1, 5000: 2, 19999.99: 2, 20000: 3, 59999.99: 3, 60000: 4, 149999.99: 4, 150000: 5,
        }  # fmt: skip
        partners = {profit: self._open_partner(profit) for profit in expected}
        for profit, partner in partners.items():
            self._invoice(200000, 200000 - profit, partner=partner)
        self._assert_steps("profit", partners, expected)

    def test_edges_of_efficiency(self):
        """30,000 ÷ 0.083333 = 360,001.44 is just at a threshold, or a cent below it."""
        self._invoice(100000, 70000)
        line = self.policy.dimension_ids.filtered(lambda line: line.code == "efficiency")
        for threshold, step in ((360001.44, 5), (360001.45, 4)):
            line.threshold_5 = threshold
            score = self.Score._preview(self.policy, self.company._get_broker_today(), self.customer)
            self.assertEqual(score[self.customer.id]["efficiency_score"], step, threshold)

    def test_edges_of_ease(self):
        """Half a point for each return, one job each: 20 returns leave 90."""
        self.policy.trouble_return_points = 0.5
        expected = {20: 5, 21: 4, 50: 4, 51: 3, 80: 3, 81: 2, 120: 2, 121: 1}
        partners = {count: self._open_partner(count) for count in expected}
        for count, partner in partners.items():
            self._job(1000, 700, partner=partner)
            self._return_handoff(partner, count)
        self._assert_steps("ease", partners, expected)

    def test_edges_of_integrity(self):
        """A point for each day late: 10 days leave 90."""
        expected = {10: 5, 11: 4, 25: 4, 26: 3, 40: 3, 41: 2, 60: 2, 61: 1}
        partners = {days: self._open_partner(days) for days in expected}
        due = date(2025, 4, 10)
        for days, partner in partners.items():
            invoice = self._invoice(1000, 700, due=due, date="2025-04-01", partner=partner)
            self._pay(invoice, date=due + timedelta(days=days))
        self._assert_steps("integrity", partners, expected)

    def test_customer_created_today(self):
        """The first job is of today and invoiced today: a customer has a tier at once."""
        partner = self._open_partner("Today")
        self._invoice(100000, 70000, date="2025-06-15", partner=partner)
        customer = partner.broker_customer_ids
        score = self._score(customer)
        self.assertEqual((score.revenue, score.profit), (100000, 30000))
        # One of twelve months, as for somebody who began in May
        self.assertEqual((score.full_time_share, score.efficiency), (0.083333, 360001.44))
        self.assertEqual((score.ease, score.ease_score), (100, 5))
        self.assertNoData(score, "integrity")
        self.assertEqual((score.total, customer.tier_id), (3.5294, self.tiers["4A"]))
        self.assertFalse(score.pending_runs)

    def test_refunds_larger_than_sales(self):
        """What is given back is older than the window, the work for it is not: a negative
        profit for each person. Nobody paid anything, so that nothing is late."""
        invoice = self._invoice(50000, 30000, date="2024-06-01", due="2024-06-01")
        note = self._credit(invoice, post=False)
        note.invoice_date = "2025-05-02"
        note.action_post()
        self._match(invoice, note)
        quotation = self.env["sale.order"].create({"partner_id": self.partner.id, "user_id": self.sales_wang.id})
        quotation.date_order = "2025-05-01 04:00:00"
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (-50000, -20000))
        # −20,000 ÷ 0.083333
        self.assertEqual((score.efficiency, score.efficiency_score), (-240000.96, 1))
        self.assertNoData(score, "ease", "integrity")
        self.assertEqual((score.total, score.tier_id), (1, self.tiers["1A"]))

    def test_foreign_currency_of_efficiency(self):
        """200,000 euros at half a dollar, of which 60,000 are left: 30,000 dollars."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        self._invoice(200000, 140000, pricelist_id=pricelist.id)
        score = self._score()
        self.assertEqual((score.profit, score.efficiency), (30000, 360001.44))

    def test_children_in_every_dimension(self):
        """All that is done with a branch counts for its company, and nothing twice."""
        child = self.env["res.partner"].create({"name": "Branch Kitchen", "parent_id": self.partner.id})
        invoice = self._invoice(100000, 70000, due="2025-05-10", partner=child)
        self._pay(invoice, date="2025-05-20")
        quotation = self.env["sale.order"].create({"partner_id": child.id, "user_id": self.sales_wang.id})
        quotation.date_order = "2025-05-01 04:00:00"
        quotation._action_cancel()
        score = self._score()
        self.assertFalse(child.broker_customer_ids)
        self.assertEqual((score.revenue, score.profit), (100000, 30000))
        self.assertEqual(score.people, [{"user_id": self.sales_wang.id, "work": 6, "share": 0.083333}])
        self.assertEqual((score.inputs["jobs"], score.inputs["cancelled_quotations"], score.ease), (1, 1, 90))
        self.assertEqual((score.inputs["late_days"], score.integrity), (10, 90))

    def test_two_companies_in_every_dimension(self):
        """The same contact is two customers: what it does with one company, and what the same
        people do there, is nothing to the other one."""
        other = self.setup_other_company(name="Second Broker")["company"]
        customer = self._open_customer(company=other)
        self._invoice(100000, 70000)
        self.sales_wang.company_ids += other
        order = (
            self.env["sale.order"]
            .with_company(other)
            .create(
                {
                    "partner_id": self.partner.id,
                    "company_id": other.id,
                    "user_id": self.sales_wang.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.print_product.id,
                                "price_unit": 30000,
                                "purchase_price": 29000,
                                "tax_ids": False,
                            }
                        )
                    ],
                }
            )
        )
        order.action_confirm()
        order.date_order = "2025-05-01 04:00:00"
        invoice = order._create_invoices()
        invoice.write({"invoice_date": "2025-05-01", "invoice_payment_term_id": False})
        invoice.invoice_date_due = "2025-05-16"
        invoice.action_post()
        order.copy()._action_cancel()
        self._run()
        self._run(other)
        mine, theirs = self.customer.sudo().last_score_id, customer.sudo().last_score_id
        self.assertEqual((mine.revenue, mine.profit, mine.ease), (100000, 30000, 100))
        self.assertNoData(mine, "integrity")
        self.assertEqual((mine.full_time_share, mine.inputs["work"]), (0.083333, 4))
        self.assertEqual((theirs.revenue, theirs.profit, theirs.ease), (30000, 1000, 90))
        # 30 days late with everything: 100 − 30 − 50
        self.assertEqual((theirs.integrity, theirs.integrity_score), (20, 1))
        self.assertEqual(theirs.capped_by, False, "its total is below the cap")
