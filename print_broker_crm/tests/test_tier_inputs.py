from datetime import datetime
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierInputs(TierCommon):
    """What the firm's records say about a customer, in figures worked out by hand."""

    # Profit: the cost is the one that commission takes

    def _assert_as_commission(self, profit):
        """Check a profit, and that commission has the same margin of the same invoices."""
        self.assertEqual(self._score().profit, profit)
        moves = self.env["account.move"].sudo().search([("broker_customer_id", "=", self.customer.id)])
        bases = self.env["broker.commission.entry"].sudo()._get_bases(moves.filtered(lambda m: m.state == "posted"))
        self.assertEqual(
            self.company.currency_id.round(sum(revenue - cost for revenue, cost in bases.values())), profit
        )

    def test_cost_of_usual_jobs(self):
        self._invoice(100000, 70000)
        self._invoice(12, 9.5, quantity=500, lines=[(self.box_product, 300, 250)])
        self._assert_as_commission(30000 + 1250 + 50 * 500)

    def test_cost_after_the_printing_house_has_its_order(self):
        """The printing house charges 65,000 instead of the 70,000 that were planned."""
        order = self._invoice(100000, 70000).invoice_line_ids.sale_line_ids.order_id
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self._create_partner("Printing House").id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.print_product.id,
                            "product_qty": 1,
                            "price_unit": 65000,
                            "sale_line_id": order.order_line.id,
                        }
                    )
                ],
            }
        )
        purchase.button_confirm()
        self._assert_as_commission(35000)

    def test_cost_of_part_taken_back(self):
        invoice = self._invoice(50, 30, quantity=1000)
        self._credit(invoice, quantity=100)
        self._assert_as_commission(18000)

    def test_cost_of_an_allowance(self):
        invoice = self._invoice(50, 30, quantity=1000)
        self._credit(invoice, price=2)
        self._assert_as_commission(18000)

    def test_cost_of_an_allowance_that_reverses_nothing(self):
        """The order tells the full price then: 1,000 less on a job of 50,000."""
        order = self._invoice(50000, 30000).invoice_line_ids.sale_line_ids.order_id
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.partner.id,
                "invoice_date": "2025-05-02",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.print_product.id,
                            "quantity": 1,
                            "price_unit": 1000,
                            "tax_ids": False,
                            "sale_line_ids": [Command.set(order.order_line.ids)],
                        }
                    )
                ],
            }
        )
        note.action_post()
        self._assert_as_commission(19000)

    def test_cost_of_an_order_in_another_currency_than_its_invoice(self):
        """Ordered in euros at 2, invoiced in dollars when a dollar was 2.5 euros: the cost
        is taken at the rate of the invoice, 70,000 ÷ 2.5."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0), ("2025-04-01", 2.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        order = self._job(100000, 70000, date="2025-03-01", pricelist_id=pricelist.id)
        invoice = order._create_invoices()
        invoice.write({"invoice_date": "2025-05-01", "currency_id": self.company.currency_id.id})
        invoice.invoice_line_ids.price_unit = 45000
        invoice.action_post()
        self._assert_as_commission(45000 - 28000)

    def test_cost_of_a_line_that_bills_two(self):
        """One line over 30,000 for two order lines that cost 5,000 and 7,000: each is
        charged for half of the quantity of 2."""
        order = self._job(10000, 5000, lines=[(self.box_product, 20000, 7000)])
        invoice = order._create_invoices()
        invoice.invoice_date = "2025-05-01"
        first, second = invoice.invoice_line_ids
        second.unlink()
        first.write({"quantity": 2, "price_unit": 15000, "sale_line_ids": [Command.set(order.order_line.ids)]})
        invoice.action_post()
        self._assert_as_commission(18000)
        self.assertEqual(self._score().inputs["margin_lines"], 1)

    def test_share_of_a_small_customer(self):
        """One five-thousandth of a month: a share that four digits round away. The profit is
        divided by it, so that what is left out would be wrong many times over."""
        self.policy.write({"work_job_weight": 1, "work_quotation_weight": 5000})
        self._invoice(100000, 70000)
        other = self._create_partner("Other", self.sales_wang)
        quotation = self.env["sale.order"].create({"partner_id": other.id, "user_id": self.sales_wang.id})
        quotation.date_order = "2025-05-10 04:00:00"
        score = self._score()
        # 1/12 × 1/5001
        self.assertEqual(score.full_time_share, 0.000017)
        self.assertEqual((score.efficiency, score.efficiency_score), (1764705882.35, 5))

    # Ease

    def _set_points(self, **values):
        self.policy.write(values)

    def test_rush_jobs(self):
        """Two days are the limit: one job is promised after 1.9 days, one after 2."""
        self._set_points(trouble_rush_points=10, rush_days=2)
        for promised in ("2025-05-03 01:00:00", "2025-05-03 04:00:00", False):
            order = self._job(1000, 700)
            order.write({"commitment_date": promised, "broker_date_confirmed": "2025-05-01 04:00:00"})
        score = self._score()
        self.assertEqual(score.inputs["rush_jobs"], 1)
        # 10 points over three jobs
        self.assertEqual(score.ease, 96.67)
        self.assertIn("1 rush jobs × 10.00", str(score.explanation))

    def test_no_rush_without_a_limit(self):
        self._set_points(trouble_rush_points=10, rush_days=0)
        self._job(1000, 700).commitment_date = "2025-05-01 05:00:00"
        score = self._score()
        self.assertNotIn("rush_jobs", score.inputs)
        self.assertEqual(score.ease, 100)

    def test_revisions_and_changes(self):
        """A quotation of 1 May, changed twice on that day, twice on the 2nd and once on the
        3rd: two revisions. Confirmed on the 4th and changed twice since."""
        self._set_points(trouble_revision_points=5, trouble_change_points=10)
        self._quote_and_change()
        self._go_to("2025-06-15 04:00:00")
        score = self._score()
        self.assertEqual((score.inputs["quotation_revisions"], score.inputs["job_changes"]), (2, 2))
        # 100 − 2 × 5 − 2 × 10
        self.assertEqual(score.ease, 70)
        self.assertIn("2 revised quotations × 5.00", str(score.explanation))
        self.assertIn("2 changes after confirmation × 10.00", str(score.explanation))

    def test_days_of_revisions_are_the_firms(self):
        """Written at seven in the morning of 2 May in Shanghai, and changed at nine and at
        eleven in the evening: no revision. At one and at ten of the 3rd: one."""
        self._set_points(trouble_revision_points=5)
        self._go_to("2025-05-01 23:00:00")
        order = self._create_job(1000, 700, confirm=False).with_context(tracking_disable=False, mail_notrack=False)
        self._note_changes(order)
        self.env.cr.execute(SQL("UPDATE sale_order SET create_date = %s WHERE id = %s", datetime.now(), order.id))
        for number, moment in enumerate(("05-02 01:00:00", "05-02 15:00:00", "05-02 17:00:00", "05-03 02:00:00")):
            self._change(order, f"2025-{moment}", 1001 + number)
        self._go_to("2025-05-03 04:00:00")
        order.action_confirm()
        self._go_to("2025-06-15 04:00:00")
        score = self._score()
        self.assertEqual(score.inputs["quotation_revisions"], 1)
        rows = self.env["broker.tier.change"].search([("order_id", "=", order.id), ("kind", "=", "revision")])
        self.assertEqual(rows.mapped("amount_after"), [1004])

    def test_trouble_of_another_room(self):
        """A room adds a kind of trouble by its source alone."""
        model = type(self.Score)
        usual = model._get_trouble_sources

        def sources(self, policy, start, end, customers=None):
            return [
                *usual(self, policy, start, end, customers),
                SQL("SELECT id, 'claims', 2, 15::numeric FROM broker_customer"),
            ]

        self._job(1000, 700)
        with patch.object(model, "_get_trouble_sources", sources):
            score = self._score()
        self.assertEqual((score.inputs["claims"], score.ease), (2, 70))

    # Integrity

    def test_disputed_invoices(self):
        """2,500 of 10,000 are disputed: a quarter of 50 points."""
        self._set_points(disputed_share_points=50)
        self._invoice(7500, 5000)
        invoice = self._invoice(2500, 2000)
        self.assertNoData(self._score(), "integrity")
        invoice.broker_is_disputed = True
        score = self._score()
        self.assertEqual((score.integrity, score.integrity_score), (87.5, 4))
        self.assertIn("disputed of", str(score.explanation))
        invoice.broker_is_disputed = False
        self.assertNoData(self._score(), "integrity")

    def test_disputes_older_than_the_window(self):
        self._set_points(disputed_share_points=50)
        self._invoice(7500, 5000)
        self._invoice(2500, 2000, date="2024-06-01").broker_is_disputed = True
        self.assertNoData(self._score(), "integrity")

    def test_copy_of_a_disputed_invoice(self):
        invoice = self._invoice(7500, 5000)
        invoice.broker_is_disputed = True
        self.assertFalse(invoice.copy().broker_is_disputed)
        self.assertFalse(self._credit(invoice, post=False).broker_is_disputed)

    # Revenue and scope

    def test_foreign_currency_of_receivables(self):
        """Days late are weighted in the company's currency: 40,000 euros are 20,000 dollars
        and paid in time, 20,000 dollars are 10 days late: 5 days."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        for due, values in (("2025-05-10", {"pricelist_id": pricelist.id}), ("2025-04-30", {})):
            invoice = self._invoice(40000 if values else 20000, 10000, due=due, date="2025-04-01", **values)
            self._pay(invoice, date="2025-05-10")
        score = self._score()
        self.assertEqual((score.inputs["judged"], score.inputs["late_days"]), (40000, 5))

    def test_scored_alone_as_with_all(self):
        """One customer's figures are the same whether the others are gathered or not."""
        other = self._create_partner("Other", self.sales_wang)
        invoice = self._invoice(50, 30, quantity=1000, due="2025-05-10")
        self._credit(invoice, price=1)
        self._match(invoice, self._credit(invoice, quantity=10))
        self._pay(invoice, 1000, date="2025-05-20")
        self._invoice(100000, 70000, partner=other)
        date = fields.Date.to_date("2025-06-15")

        def figures(customers):
            query = self.Score._get_figures_query(self.policy, date, customers)
            return self.env.execute_query(
                SQL("WITH %s SELECT to_jsonb(figure) FROM figure WHERE customer_id = %s", query, self.customer.id)
            )

        self.Score._flush_sources()
        self.assertEqual(figures(self.customer), figures(None))
        self.assertEqual(figures(None)[0][0]["revenue"], 50000 - 1000 - 500)

    def test_figures_are_gathered_without_writing(self):
        self._invoice(100000, 70000)
        draft = self.policy.copy({"window_months": 1})
        before = self.Score.sudo().search_count([])
        self.Score._flush_sources()
        query = self.Score._get_figures_query(draft, fields.Date.to_date("2025-06-15"))
        rows = self.env.execute_query(SQL("WITH %s SELECT customer_id, revenue FROM figure", query))
        self.assertEqual(dict(rows)[self.customer.id], 0, "the invoice is older than a month")
        self.assertEqual(self.Score.sudo().search_count([]), before)
