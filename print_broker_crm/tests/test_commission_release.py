from psycopg2 import IntegrityError

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionDownPayment(BrokerAccountCommon):
    """Half when the down payment was collected, the rest when all of the job was.

    The job of the design, 10,000 with a pool of 300, and 3,000 of it down.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.release = "down_payment"
        cls.job = cls._create_job()

    def _create_down(self, percent=30):
        return self._create_down_payment_invoice(self.job, "percentage", percent, post=True)

    def _settle_again(self):
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(self.job))

    def test_from_down_payment_to_the_end(self):
        down = self._create_down()
        self.assertCommission(self.job, 63, 27, "earned")
        self._pay(down, 1500)
        self.assertCommission(self.job, 0, 0)
        self._pay(down)
        # Half of 90: so much is earned so far.
        self.assertCommission(self.job, 31.5, 13.5)
        final = self.job._create_invoices(final=True)
        self.assertCommission(self.job, 31.5, 13.5)
        final.action_post()
        self.assertCommission(self.job, 210, 90, "earned")
        self.assertCommission(self.job, 105, 45)
        self._pay(final, 3000)
        self.assertCommission(self.job, 105, 45)
        self._pay(final)
        self.assertCommission(self.job, 210, 90)
        self._settle_again()

    def test_down_payment_goes_back(self):
        down = self._create_down()
        self._pay(down)
        final = self._create_final_invoice(self.job, post=True)
        self._pay(final)
        self.assertCommission(self.job, 210, 90)
        down.line_ids.remove_move_reconcile()
        self.assertCommission(self.job, 0, 0)
        self._pay(down)
        self.assertCommission(self.job, 210, 90)
        final.line_ids.remove_move_reconcile()
        self.assertCommission(self.job, 105, 45)

    def test_final_invoices_in_two(self):
        """The second of two final invoices has no line of the down payment."""
        self.job = self._create_job(quantity=2)
        # 20,000 for a cost of 14,000, a pool of 600; 6,000 down.
        down = self._create_down()
        self._pay(down)
        self.assertCommission(self.job, 63, 27)
        final = self.job._create_invoices(final=True)
        final.invoice_line_ids.filtered(lambda line: not line.is_downpayment).quantity = 1
        final.action_post()
        self._pay(final)
        rest = self.job._create_invoices()
        rest.action_post()
        self.assertCommission(self.job, 210, 90)
        self._pay(rest)
        self.assertCommission(self.job, 420, 180)
        self._settle_again()

    def test_without_a_down_payment(self):
        invoice = self._create_posted_invoice(self.job)
        self._pay(invoice, 4000)
        self.assertCommission(self.job, 84, 36)
        self._pay(invoice)
        self.assertCommission(self.job, 210, 90)

    def test_closed_without_money(self):
        """1,000 of the final 7,000 are forgiven: half of 300, and nine tenths of half."""
        down = self._create_down()
        self._pay(down)
        final = self._create_final_invoice(self.job, post=True)
        self._register_payment(
            final,
            payment_date=final.invoice_date,
            amount=6000,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertFalse(final.amount_residual)
        self.assertCommission(self.job, 199.5, 85.5)

    def test_all_of_it_refunded(self):
        down = self._create_down()
        self._pay(down)
        final = self._create_final_invoice(self.job, post=True)
        self._pay(final)
        self._credit(final)
        self._credit(down)
        self.assertCommission(self.job, 0, 0, "earned")
        self.assertCommission(self.job, 0, 0)

    def test_reversed_down_payment_is_none(self):
        down = self._create_down()
        note = self._credit(down)
        self._match(down, note)
        self.assertEqual(down.payment_state, "reversed")
        invoice = self._create_final_invoice(self.job, post=True)
        self._pay(invoice, invoice.amount_total / 2)
        self.assertCommission(self.job, 105, 45)


@tagged("post_install", "-at_install")
class TestCommissionFloor(BrokerAccountCommon):
    """Under the floor of the margin a job pays nothing; a loss counts all the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.margin_floor = 25

    def test_over_on_and_under_the_floor(self):
        for cost, sales, service in ((7000, 210, 90), (7500, 175, 75), (7501, 0, 0), (10000, 0, 0)):
            job = self._create_job(cost=cost)
            self._pay(self._create_posted_invoice(job))
            self.assertCommission(job, sales, service, "earned")
            self.assertCommission(job, sales, service)

    def test_loss_counts(self):
        job = self._create_job(cost=12000)
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, -140, -60)

    def test_cost_rises_over_it_and_falls(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        for cost, sales, service in ((8000, 0, 0), (7200, 196, 84)):
            job.order_line.sudo().purchase_price = cost
            self.env["broker.commission.entry"]._settle_orders(job, "cost")
            self.assertCommission(job, sales, service, "earned")
            self.assertCommission(job, sales, service)
        entries = self.env["broker.commission.entry"].search([("order_id", "=", job.id)], order="id")
        taken = entries.filtered(lambda entry: entry.book == "earned" and entry.amount < 0)
        self.assertIn("margin of 20.00 % is under the plan's floor of 25 %", taken[0].explanation)

    def test_allowance_brings_the_job_under_it(self):
        """1,000 off: 2,000 of 9,000 is 22 %. What the invoice paid is taken back."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        note = self._credit(invoice, price=1000)
        self.assertCommission(job, 0, 0, "earned")
        self.assertCommission(job, 0, 0)
        note.button_draft()
        self.assertCommission(job, 210, 90)

    def test_the_job_counts_not_the_invoice(self):
        """A thin line on an invoice of its own is carried by the rest of the job."""
        job = self._create_job(lines=[(self.print_product, 2000, 1900)])
        thin = job._create_invoices()
        thin.invoice_line_ids.filtered(lambda line: line.price_unit == 10000).unlink()
        thin.action_post()
        self.assertCommission(job, 0, 0, "earned")
        job._create_invoices().action_post()
        # 3,100 of 12,000 is 25.8 %.
        self.assertCommission(job, 217, 93, "earned")

    def test_revenue_as_base(self):
        self.plan.base = "revenue"
        job = self._create_job(cost=8000)
        self._create_posted_invoice(job)
        self.assertCommission(job, 0, 0, "earned")

    def test_two_rules_share_the_jobs_floor(self):
        self.plan.rule_ids.filtered(lambda rule: rule.origin == "any").copy(
            {
                "name": "Boxes",
                "sequence": 1,
                "product_category_id": self.box_category.id,
                "share_ids": [Command.create({"role": "sales", "percent": 100})],
            }
        )
        job = self._create_job(lines=[(self.box_product, 3000, 2900)])
        self._create_posted_invoice(job)
        # 3,100 of 13,000 is 23.8 %: neither pays.
        self.assertCommission(job, 0, 0, "earned")

    @mute_logger("odoo.sql_db")
    def test_range(self):
        for floor in (-1, 100):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.plan.margin_floor = floor
                self.env.flush_all()
