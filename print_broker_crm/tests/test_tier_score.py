from contextlib import contextmanager
from datetime import datetime

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon

NOON = "2025-06-15 04:00:00"  # noon in Shanghai


class TierCommon(BrokerAccountCommon):
    """The firm on 15 June 2025 under the shipped policy: weights 30/25/15/15/15.

    The window is 16 June 2024 to 15 June 2025.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Score = cls.env["broker.tier.score"]
        cls.policy = cls.env["broker.tier.policy"].search([("company_id", "=", cls.company.id)])
        cls.tiers = {tier.name: tier for tier in cls.env["broker.tier"].search([])}

    def setUp(self):
        super().setUp()
        self.freezer = None
        self._go_to(NOON)

    def _go_to(self, moment):
        """Let the firm live at another moment from here on."""
        self._thaw()
        self.freezer = freeze_time(moment)
        self.freezer.start()
        self.addCleanup(self._thaw)

    def _thaw(self):
        if self.freezer:
            self.freezer.stop()
        self.freezer = None

    def _run(self, company=None, customers=None):
        scores = self.Score._run(company or self.company, customers)
        self.env.invalidate_all()
        return scores

    def _score(self, customer=None):
        """Run and return the newest score of a customer."""
        self._run()
        return (customer or self.customer).sudo().last_score_id

    def _job(self, price, cost, date="2025-05-01", partner=None, user=None, **kwargs):
        """Create and confirm an order dated on a day."""
        order = self._create_job(
            price,
            cost,
            partner_id=(partner or self.partner).id,
            user_id=(user or self.sales_wang).id,
            **kwargs,
        )
        order.date_order = f"{date} 04:00:00"
        return order

    def _invoice(self, price, cost, date="2025-05-01", due=None, **kwargs):
        """Create a job and invoice all of it on its day."""
        order = self._job(price, cost, date, **kwargs)
        invoice = order._create_invoices()
        invoice.write({"invoice_date": date, "invoice_date_due": due or "2025-07-30", "invoice_payment_term_id": False})
        invoice.invoice_date_due = due or "2025-07-30"
        invoice.action_post()
        return invoice

    def _note_changes(self, order):
        """Let Odoo note in the chatters what was changed, as at the end of a request."""
        order.env.flush_all()
        self.cr.flush()

    def _change(self, order, moment, price):
        """Let somebody change the price of an order at a moment, noted in its chatter."""
        self._go_to(moment)
        order = order.with_context(tracking_disable=False, mail_notrack=False)
        order.order_line[0].price_unit = price
        self._note_changes(order)

    def _quote_and_change(self):
        """Write a quotation on 1 May, change it twice on that day, twice on the 2nd and once
        on the 3rd, confirm it on the 4th and change it twice afterwards."""
        self._go_to("2025-05-01 02:00:00")
        order = self._create_job(1000, 700, confirm=False).with_context(tracking_disable=False, mail_notrack=False)
        self._note_changes(order)
        self.env.cr.execute(SQL("UPDATE sale_order SET create_date = %s WHERE id = %s", datetime.now(), order.id))
        for number, moment in enumerate(
            ("05-01 03:00:00", "05-01 05:00:00", "05-02 03:00:00", "05-02 04:00:00", "05-03 03:00:00")
        ):
            self._change(order, f"2025-{moment}", 1001 + number)
        self._go_to("2025-05-04 04:00:00")
        order.action_confirm()
        for number, moment in enumerate(("05-04 06:00:00", "05-06 04:00:00")):
            self._change(order, f"2025-{moment}", 1100 + number)
        return order

    @contextmanager
    def assertRefused(self, error, message=""):
        """Expect an error with these words, and undo whatever was begun."""
        with self.assertRaisesRegex(error, message), self.cr.savepoint():
            yield

    def assertNoData(self, score, *codes):
        for code in codes:
            self.assertEqual(score[f"{code}_score"], 0, code)


@tagged("post_install", "-at_install")
class TestTierScore(TierCommon):
    """Each dimension and the total, in figures worked out by hand."""

    def test_one_job_line_by_line(self):
        self._invoice(100000, 70000)
        score = self._score()
        self.assertEqual((score.revenue, score.revenue_score), (100000, 3))
        self.assertEqual((score.profit, score.profit_score), (30000, 3))
        # Wang worked for this customer alone, in one of twelve months.
        self.assertEqual(score.full_time_share, 0.083333)
        self.assertEqual((score.efficiency, score.efficiency_score), (360001.44, 4))
        self.assertEqual((score.ease, score.ease_score), (100, 5))
        self.assertNoData(score, "integrity")
        self.assertEqual(score.dimension_count, 4)
        # (30×3 + 25×3 + 15×4 + 15×5) ÷ 85 = 300 ÷ 85
        self.assertEqual(score.total, 3.5294)
        self.assertEqual(score.tier_id, self.tiers["4A"])
        self.assertEqual(score.date, fields.Date.to_date("2025-06-15"))
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        self.assertEqual(self.customer.tier_computed_id, self.tiers["4A"])
        self.assertEqual(self.customer.tier_date, score.date)
        self.assertFalse(self.customer.tier_differs)
        self.assertTrue(score.is_newest)
        self.assertIn(score, self.Score.search([("is_newest", "=", True)]))
        self.assertNotIn(score, self.Score.search([("is_newest", "=", False)]))

    def test_thresholds_are_included_below(self):
        """20,000 / 80,000 / 250,000 / 600,000: at the threshold the step is reached."""
        partners = {}
        for amount in (19999.99, 20000, 79999.99, 80000, 249999.99, 250000, 599999.99, 600000):
            partner = self._create_partner(f"Edge {amount}", self.sales_wang)
            self._invoice(amount, 0, partner=partner)
            partners[amount] = partner
        self._run()
        scores = {
            amount: partner.broker_customer_ids.sudo().last_score_id.revenue_score
            for amount, partner in partners.items()
        }
        self.assertEqual(
            scores,
            {
                19999.99: 1,
                20000: 2,
                79999.99: 2,
                80000: 3,
                249999.99: 3,
                250000: 4,
                599999.99: 4,
                600000: 5,
            },
        )

    def test_bands_are_half_open(self):
        """A total of exactly 2.5 is 3A, a little less is 2A."""
        self.policy.dimension_ids.filtered(lambda line: line.code not in ("revenue", "profit")).weight = 0
        lines = {line.code: line for line in self.policy.dimension_ids}
        lines["revenue"].weight = 50
        lines["profit"].weight = 50
        self._invoice(80000, 73000)  # 3A and 2A
        score = self._score()
        self.assertEqual((score.revenue_score, score.profit_score), (3, 2))
        self.assertEqual(score.total, 2.5)
        self.assertEqual(score.tier_id, self.tiers["3A"])
        other = self._create_partner("Below", self.sales_wang)
        version = self.policy.copy({"date_from": "2025-06-15"})
        version.dimension_ids.filtered(lambda line: line.code == "profit").weight = 50.1
        version.action_activate()
        self._invoice(80000, 73000, partner=other)
        score = self._score(other.broker_customer_ids)
        # (50×3 + 50.1×2) ÷ 100.1 = 250.2 ÷ 100.1
        self.assertEqual(score.total, 2.4995)
        self.assertEqual(score.tier_id, self.tiers["2A"])

    def test_bands_of_the_scale(self):
        bands = [(tier.name, low, high) for tier, low, high in self.env["broker.tier"]._get_bands()]
        self.assertEqual(
            bands,
            [("5A", 4.5, None), ("4A", 3.5, 4.5), ("3A", 2.5, 3.5), ("2A", 1.5, 2.5), ("1A", None, 1.5)],
        )
        self.assertEqual(self.tiers["3A"].total_max, 3.5)
        self.assertEqual(self.tiers["5A"].total_max, 0)

    def test_customer_of_today_without_anything(self):
        partner = self._create_partner("New", self.sales_wang)
        customer = self._open_customer(partner)
        self.assertFalse(self._score(customer))
        self.assertFalse(customer.tier_id)
        summary = self.Score._get_summary(self.company)
        self.assertEqual([name for name, _count in summary], ["5A", "4A", "3A", "2A", "1A", "No tier"])
        self.assertEqual(dict(summary)["No tier"], 2)

    def test_one_dimension_is_not_enough_for_a_tier(self):
        """A job that is not invoiced yet says something about ease alone."""
        self._job(1000, 700)
        score = self._score()
        self.assertEqual(score.dimension_count, 1)
        self.assertEqual((score.ease_score, score.total), (5, 5))
        self.assertNoData(score, "revenue", "profit", "efficiency", "integrity")
        self.assertFalse(score.tier_id)

    def test_window_rolls(self):
        """The first day of the window counts, the day before does not."""
        self._invoice(30000, 20000, date="2024-06-15")
        self._invoice(50000, 40000, date="2024-06-16")
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (50000, 10000))
        self.assertEqual(score.inputs["jobs"], 1)

    def test_what_comes_later_does_not_count(self):
        self._invoice(50000, 40000)
        self._invoice(30000, 20000, date="2025-06-16")
        self.assertEqual(self._score().revenue, 50000)

    def test_days_begin_in_the_time_zone_of_the_firm(self):
        """16 June 2024 begins at 16:00 UTC of the 15th in Shanghai."""
        inside = self._job(1000, 700)
        inside.date_order = datetime(2024, 6, 15, 16, 0)
        outside = self._job(1000, 700)
        outside.date_order = datetime(2024, 6, 15, 15, 59, 59)
        self.assertEqual(self._score().inputs["jobs"], 1)

    def test_draft_and_cancelled_invoices_do_not_count(self):
        order = self._job(50000, 40000)
        order._create_invoices().invoice_date = "2025-05-01"
        score = self._score()
        self.assertNoData(score, "revenue", "profit")

    def test_refunds_larger_than_sales(self):
        """The sale is older than the window, its return is not."""
        invoice = self._invoice(50000, 30000, date="2024-06-01")
        note = self._credit(invoice, post=False)
        note.invoice_date = "2025-05-02"
        note.action_post()
        score = self._score()
        self.assertEqual((score.revenue, score.revenue_score), (-50000, 1))
        self.assertEqual((score.profit, score.profit_score), (-20000, 1))
        self.assertEqual(score.tier_id, self.tiers["1A"])

    def test_customer_who_no_longer_buys(self):
        """Nothing in the window is a known nothing: not 'no data'."""
        self._invoice(50000, 30000, date="2024-06-01", due="2024-06-01")
        invoice = self.customer.sudo().order_ids.invoice_ids
        self._pay(invoice, date="2024-06-01")
        score = self._score()
        self.assertEqual((score.revenue, score.revenue_score), (0, 1))
        self.assertEqual((score.profit, score.profit_score), (0, 1))
        self.assertNoData(score, "efficiency", "ease", "integrity")
        self.assertEqual((score.total, score.tier_id), (1, self.tiers["1A"]))

    def test_allowance_leaves_the_cost(self):
        """1,000 off the price come off the profit in full."""
        invoice = self._invoice(50000, 30000)
        note = self._credit(invoice, price=1000)
        self.assertEqual(note.amount_untaxed, 1000)
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (49000, 19000))

    def test_part_taken_back_takes_its_cost_back(self):
        invoice = self._invoice(50, 30, quantity=1000)
        self._credit(invoice, quantity=100)
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (45000, 18000))

    def test_line_without_cost_is_left_out_of_profit(self):
        self._invoice(50000, 30000, lines=[(self.box_product, 9000, 0)])
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (59000, 20000))
        self.assertEqual((score.inputs["margin_lines"], score.inputs["margin_left_out"]), (1, 1))

    def test_discount_line_comes_off_profit(self):
        self._invoice(50000, 30000, lines=[(self.box_product, -5000, 0)])
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (45000, 15000))

    def test_invoice_without_order_has_revenue_but_no_profit(self):
        self._create_invoice_one_line(
            price_unit=50000,
            product_id=self.print_product,
            partner_id=self.partner,
            invoice_date="2025-05-01",
            post=True,
        )
        score = self._score()
        self.assertEqual(score.revenue, 50000)
        self.assertNoData(score, "profit", "efficiency")

    def test_down_payment_and_final_invoice_add_up(self):
        order = self._job(50000, 30000)
        down = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": 30})
        )
        down.create_invoices()
        order.invoice_ids.invoice_date = "2025-05-02"
        order.invoice_ids.action_post()
        score = self._score()
        # 30 % of the margin of 20,000
        self.assertEqual((score.revenue, score.profit), (15000, 6000))
        final = order._create_invoices(final=True)
        final.invoice_date = "2025-05-20"
        final.action_post()
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (50000, 20000))

    def test_foreign_currency(self):
        """Two euros are one dollar: everything counts in the company's currency."""
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        invoice = self._invoice(200000, 140000, pricelist_id=pricelist.id)
        self.assertEqual(invoice.currency_id, euro)
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (100000, 30000))

    def test_another_unit_on_the_invoice(self):
        """Ordered by the piece, invoiced by the dozen: 10 dozen cost 120 pieces."""
        order = self._job(10, 6, quantity=120)
        invoice = order._create_invoices()
        invoice.invoice_date = "2025-05-01"
        invoice.invoice_line_ids.write(
            {"product_uom_id": self.env.ref("uom.product_uom_dozen").id, "quantity": 10, "price_unit": 120}
        )
        invoice.action_post()
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (1200, 480))

    def test_children_count_for_their_company(self):
        child = self.env["res.partner"].create({"name": "Branch Kitchen", "parent_id": self.partner.id})
        self._invoice(30000, 20000, partner=child)
        self._invoice(50000, 40000)
        score = self._score()
        self.assertEqual((score.revenue, score.profit), (80000, 20000))
        self.assertEqual(score.inputs["jobs"], 2)

    def test_two_companies(self):
        other = self.setup_other_company(name="Second Broker")["company"]
        self.assertEqual(
            self.env["broker.tier.policy"]._get_at(other, score_day := fields.Date.today()).state, "active"
        )
        self.assertTrue(score_day)
        self._invoice(100000, 70000)
        customer = self._open_customer(company=other)
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner.id,
                    "invoice_date": "2025-05-01",
                    "company_id": other.id,
                    "invoice_line_ids": [Command.create({"name": "Poster", "price_unit": 700000, "tax_ids": False})],
                }
            )
        )
        invoice.action_post()
        self._run(other)
        self.assertFalse(self.customer.last_score_id)
        self.assertEqual(customer.sudo().last_score_id.revenue, 700000)
        self._run(self.company)
        self.assertEqual(self.customer.sudo().last_score_id.revenue, 100000)
        self.assertEqual(customer.sudo().last_score_id.revenue, 700000)

    def test_efficiency_shares_out_people(self):
        """Wang: a job here (4) and a job there (4): half of a month each.
        Zhao: a quotation here (2), a job there (4): a third of a month here."""
        there = self._create_partner("There", self.sales_wang)
        self._invoice(100000, 70000)
        self._job(1000, 700, partner=there)
        self._job(1000, 700, partner=there, user=self.sales_zhao)
        quotation = self.env["sale.order"].create({"partner_id": self.partner.id, "user_id": self.sales_zhao.id})
        quotation.date_order = "2025-05-03 04:00:00"
        score = self._score()
        # 1/12 × 4/8 + 1/12 × 2/6 = 0.041667 + 0.027778 = 5/72
        self.assertEqual(score.full_time_share, 0.069444)
        self.assertEqual(score.efficiency, 432002.76)
        self.assertEqual(score.inputs["work"], 6)
        self.assertEqual(
            score.people,
            [
                {"user_id": self.sales_wang.id, "work": 4, "share": 0.041667},
                {"user_id": self.sales_zhao.id, "work": 2, "share": 0.027778},
            ],
        )

    def test_efficiency_counts_the_months_somebody_worked(self):
        self._invoice(100000, 70000)
        self._job(1000, 700, date="2024-09-10")
        self._job(1000, 700, date="2025-05-02")
        self.assertEqual(self._score().full_time_share, 0.166667)

    def test_efficiency_counts_every_kind_of_work(self):
        """Job 4, message 0.5, done activity 0.5, handoff sent 2 and received 2, call 1."""
        order = self._invoice(100000, 70000).invoice_line_ids.sale_line_ids.order_id
        message = order.message_post(body="Proof?", message_type="comment", author_id=self.service_chen.partner_id.id)
        message.sudo().date = datetime(2025, 5, 2, 4, 0)
        activity = order.activity_schedule("mail.mail_activity_data_todo", user_id=self.service_chen.id)
        activity.sudo().action_done()
        handoff = (
            self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id, "sender_id": self.sales_wang.id})
        )
        handoff.write(
            {
                "receiver_id": self.service_chen.id,
                "first_submitted_at": "2025-05-02 04:00:00",
                "accepted_at": "2025-05-03 04:00:00",
            }
        )
        call = (
            self.env["broker.care.call"].sudo().create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        )
        call.write({"state": "done", "date_done": "2025-05-04 04:00:00"})
        score = self._score()
        self.assertEqual(
            {row["user_id"]: row["work"] for row in score.people},
            {self.sales_wang.id: 6, self.service_chen.id: 3, self.care_sun.id: 1},
        )

    def test_ease_counts_trouble_per_job(self):
        """Two jobs; a dropped quotation 10, a credit note 30, a handoff that came back
        twice 20, a cancelled printing order 30: 90 points, 45 per job."""
        invoice = self._invoice(100000, 70000)
        order = self._job(1000, 700)
        self._credit(invoice, price=100)
        dropped = self.env["sale.order"].create({"partner_id": self.partner.id})
        dropped._action_cancel()
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id})
        handoff.write({"first_submitted_at": "2025-05-02 04:00:00", "return_count": 2})
        vendor = self._create_partner("Printing House")
        for confirm in (True, False):
            purchase = self.env["purchase.order"].create(
                {
                    "partner_id": vendor.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.print_product.id,
                                "product_qty": 1,
                                "sale_line_id": order.order_line.id,
                            }
                        )
                    ],
                }
            )
            if confirm:
                purchase.button_confirm()
                purchase.button_unlock()
            purchase.button_cancel()
        score = self._score()
        self.assertEqual(score.inputs["jobs"], 2)
        self.assertEqual(score.inputs["cancelled_quotations"], 1)
        self.assertEqual(score.inputs["cancelled_purchases"], 1, "one was only asked for")
        self.assertEqual((score.ease, score.ease_score), (55, 2))

    def test_ease_does_not_fall_below_zero(self):
        invoice = self._invoice(100000, 70000)
        for _count in range(4):
            self._credit(invoice, price=100)
        score = self._score()
        self.assertEqual((score.ease, score.ease_score), (0, 1))

    def test_integrity_by_days_and_amount(self):
        """6,000 paid on the day and 4,000 paid 20 days late: 8 days on average."""
        invoice = self._invoice(10000, 7000, due="2025-05-10")
        self._pay(invoice, 6000, date="2025-05-10")
        self._pay(invoice, 4000, date="2025-05-30")
        score = self._score()
        self.assertEqual(score.inputs["late_days"], 8)
        self.assertEqual(score.inputs["late_documents"], 1)
        self.assertEqual((score.integrity, score.integrity_score), (92, 5))

    def test_integrity_of_what_is_overdue(self):
        """Of 10,000 due, 2,500 are open for 10 days: 2.5 days late on average, and a
        quarter of 50 points: 85."""
        invoice = self._invoice(10000, 7000, due="2025-06-05")
        self._pay(invoice, 7500, date="2025-06-05")
        score = self._score()
        self.assertEqual(score.inputs["overdue"], 2500)
        self.assertEqual(score.inputs["overdue_days"], 10)
        self.assertEqual((score.integrity, score.integrity_score), (85, 4))

    def test_not_due_yet_is_not_judged(self):
        self._invoice(10000, 7000, due="2025-06-15")
        self.assertNoData(self._score(), "integrity")
        self._go_to("2025-06-16 04:00:00")
        score = self._score()
        # One day late with everything: 100 − 1 − 50
        self.assertEqual((score.integrity, score.integrity_score), (49, 2))

    def test_settled_by_credit_note_is_not_paid(self):
        invoice = self._invoice(10000, 7000, due="2025-05-10")
        note = self._credit(invoice)
        self._match(invoice, note)
        score = self._score()
        self.assertNoData(score, "integrity")
        self.assertEqual(score.inputs["judged"], 0)

    def test_integrity_of_jobs_cancelled_after_confirmation(self):
        """One of two jobs cancelled: half of 50 points. A quotation is no job."""
        self._job(1000, 700)
        job = self._job(1000, 700)
        job._action_cancel()
        quotation = self.env["sale.order"].create({"partner_id": self.partner.id})
        quotation._action_cancel()
        score = self._score()
        self.assertEqual(score.inputs["cancelled_jobs"], 1)
        self.assertEqual(score.inputs["cancelled_quotations"], 1)
        self.assertEqual((score.integrity, score.integrity_score), (75, 4))

    def test_overdue_caps(self):
        """One in a hundred is open; for 60 days it allows 2A at most, for 59 it does not."""
        invoice = self._invoice(700000, 400000, due="2025-04-17", date="2025-04-01")
        self._pay(invoice, 693000, date="2025-04-17")
        score = self._score()
        self.assertEqual(score.inputs["overdue_days"], 59)
        self.assertFalse(score.capped_by)
        self._go_to("2025-06-16 04:00:00")
        score = self._score()
        self.assertEqual(score.inputs["overdue_days"], 60)
        self.assertEqual(score.capped_by, "overdue")
        self.assertEqual(score.tier_proposed_id, self.tiers["2A"])
        self.assertGreater(score.tier_band_id.rank, 2)

    def test_integrity_caps(self):
        """1A of integrity allows 3A at most, whatever the sum."""
        # The whole is 12 days late and unpaid: 100 − 12 − 50 = 38.
        self._invoice(700000, 400000, due="2025-06-03")
        score = self._score()
        self.assertEqual((score.integrity, score.integrity_score), (38, 1))
        # (30×5 + 25×5 + 15×5 + 15×5 + 15×1) ÷ 100
        self.assertEqual(score.total, 4.4)
        self.assertEqual(score.tier_band_id, self.tiers["4A"])
        self.assertEqual(score.capped_by, "integrity")
        self.assertEqual(score.tier_id, self.tiers["3A"])

    def test_merged_customers_keep_their_scores(self):
        other = self._create_partner("Jade Twin", self.sales_wang)
        self._invoice(100000, 70000)
        self._invoice(50000, 40000, partner=other)
        self._run()
        rows = self.Score.sudo().search([("company_id", "=", self.company.id)])
        self.assertEqual(len(rows), 2)
        other.broker_customer_ids.sudo()._merge_into(self.customer.sudo())
        self.assertEqual(rows.exists().customer_id, self.customer)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge((self.partner + other).ids, self.partner)
        score = self._score()
        self.assertEqual(score.revenue, 150000)
        self.assertEqual(self.customer.tier_id.rank, score.tier_id.rank)

    def test_explained_line_by_line(self):
        self._invoice(700000, 400000, due="2025-06-03")
        score = self._score()
        text = str(score.explanation)
        for piece in (
            "700,000.00",
            "1 invoices",
            "5 of 5",
            "(150.00 + 125.00 + 75.00 + 75.00 + 15.00)",
            "(30.00 + 25.00 + 15.00 + 15.00 + 15.00)",
            "440.00",
            "4.4000",
            "12.00 days late",
            "Integrity is 1A",
        ):
            self.assertIn(piece, text)
        self.assertIn(self.sales_wang.name, str(score.people_explanation))
        self.assertEqual(self.customer.tier_explanation, score.explanation)

    def test_explained_without_data(self):
        self._job(1000, 700)
        text = str(self._score().explanation)
        self.assertIn("no data, left out", text)
        self.assertIn("at least 2", " ".join(text.split()))
