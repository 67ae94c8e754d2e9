from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionCharge(BrokerAccountCommon):
    """Freight, reprints and other costs of a job that no purchase order has.

    The job of the design: 10,000 with a margin of 3,000, a pool of 300.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls._create_job()
        cls.Charge = cls.env["broker.commission.charge"].with_user(cls.manager_qian)

    def _charge(self, amount, role=False, job=None, post=True, **kwargs):
        charge = self.Charge.create(
            {"order_id": (job or self.job).id, "amount": amount, "role": role, "reason": "Sent again", **kwargs}
        )
        if post:
            charge.action_post()
        return charge

    def _settle_again(self):
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(self.job))
        self.assertFalse(self.env["broker.commission.entry"]._sweep_charges())

    def test_cost_of_the_firm_lowers_the_margin(self):
        """500 of freight: a margin of 2,500, a pool of 250."""
        invoice = self._create_posted_invoice(self.job)
        self._pay(invoice, 4000)
        charge = self._charge(500)
        self.assertCommission(self.job, 175, 75, "earned")
        self.assertCommission(self.job, 70, 30)
        entry = self.env["broker.commission.entry"].search([("order_id", "=", self.job.id)], limit=1)
        self.assertEqual(entry.kind, "charge")
        self.assertIn("500.00 that were charged", entry.explanation)
        charge.action_reverse()
        self.assertTrue(charge.is_reversed)
        self.assertCommission(self.job, 210, 90, "earned")
        self.assertCommission(self.job, 84, 36)
        self._settle_again()

    def test_charged_before_there_is_an_invoice(self):
        self._charge(500)
        self.assertCommission(self.job, 0, 0, "earned")
        self._create_posted_invoice(self.job)
        self.assertCommission(self.job, 175, 75, "earned")

    def test_down_payment_and_final_invoice_bear_it_together(self):
        """30 % down bear 150 of 500: 750 of margin; the rest comes with the final one."""
        down = self._create_down_payment_invoice(self.job, "percentage", 30, post=True)
        self._pay(down)
        self._charge(500)
        self.assertCommission(self.job, 52.5, 22.5, "earned")
        self.assertCommission(self.job, 52.5, 22.5)
        final = self._create_final_invoice(self.job, post=True)
        self.assertCommission(self.job, 175, 75, "earned")
        self._pay(final)
        self.assertCommission(self.job, 175, 75)
        self._settle_again()

    def test_two_invoices_and_an_overrun(self):
        """4 of 10 bear 200 of 500; with 8 more, which is more than ordered, both bear
        500 together, by what they are of the whole."""
        self.job = self._create_job(price=1000, cost=700, quantity=10)
        first = self.job._create_invoices()
        first.invoice_line_ids.quantity = 4
        first.action_post()
        self._charge(500)
        # A margin of 1,200 less 200.
        self.assertCommission(self.job, 70, 30, "earned")
        second = self.job._create_invoices()
        second.invoice_line_ids.quantity = 8
        second.action_post()
        # A margin of 3,600 less 500.
        self.assertCommission(self.job, 217, 93, "earned")
        self._settle_again()

    def test_freight_stays_paid_when_goods_come_back(self):
        invoice = self._create_posted_invoice(self.job)
        self._pay(invoice)
        self._charge(500)
        self._credit(invoice)
        # 500 are lost: a pool of -50.
        self.assertCommission(self.job, -35, -15, "earned")
        self.assertCommission(self.job, -35, -15)

    def test_job_for_nothing(self):
        """A reprint that is given away for free still costs its freight."""
        self.job = self._create_job(price=0, cost=0)
        self._create_posted_invoice(self.job)
        self._charge(100)
        self.assertCommission(self.job, -7, -3)

    def test_role_bears_it_alone_down_to_below_zero(self):
        invoice = self._create_posted_invoice(self.job)
        charge = self._charge(120, "service", kind="reprint")
        # Of 90 earned, nothing is left and 30 are owed; what is owed is owed at once.
        self.assertCommission(self.job, 210, -30, "earned")
        self.assertCommission(self.job, 0, -120)
        self._pay(invoice)
        self.assertCommission(self.job, 210, -30)
        entries = self.env["broker.commission.entry"].search([("charge_id", "=", charge.id)])
        self.assertEqual(len(entries), 2)
        self.assertEqual(set(entries.mapped("user_id")), {self.service_chen})
        self.assertIn("Sent again", entries[0].with_user(self.service_chen).explanation)
        self.assertIn("120.00", entries[0].explanation)
        charge.action_reverse()
        self.assertCommission(self.job, 210, 90)
        self._settle_again()

    def test_role_bears_it_without_any_invoice(self):
        self._charge(50, "sales")
        self.assertCommission(self.job, -50, 0, "earned")
        self.assertCommission(self.job, -50, 0)

    def test_charge_goes_with_the_share(self):
        """Nobody served the customer; whoever takes the share bears its costs."""
        self.customer.service_user_id = False
        self.job = self._create_job()
        self._create_posted_invoice(self.job)
        self._charge(40, "service")
        nobody = self.env["res.users"]
        self.assertEqual(self._get_sums(self.job, "earned"), {self.sales_wang: 210, nobody: 50})
        self.customer.service_user_id = self.service_lin
        self.env["broker.commission.split"]._fill_payees(self.job)
        self.assertCommission(self.job, 210, 50, "earned", agent=self.service_lin)
        self._settle_again()

    def test_missed_charge_is_found_at_night(self):
        charge = self._charge(40, "service", post=False)
        charge.sudo().write({"state": "posted"})
        self.assertCommission(self.job, 0, 0, "earned")
        self.assertEqual(len(self.env["broker.commission.entry"]._sweep_charges()), 2)
        self.assertCommission(self.job, 0, -40)
        self._settle_again()

    def test_under_the_floor(self):
        """700 of freight: 2,300 of 10,000 is under a floor of 25 %."""
        self.plan.margin_floor = 25
        self._create_posted_invoice(self.job)
        self.assertCommission(self.job, 210, 90, "earned")
        self._charge(700)
        self.assertCommission(self.job, 0, 0, "earned")

    def test_form(self):
        with Form(self.Charge) as form:
            form.order_id = self.job
            form.amount = 80
            form.role = "sales"
            form.reason = "Wrong address"
        charge = form.record
        self.assertEqual(charge.customer_id, self.customer)
        self.assertTrue(charge.name.startswith("CC"))
        charge.action_post()
        self.assertEqual(charge.posted_by_id, self.manager_qian)

    def test_posted_does_not_change(self):
        charge = self._charge(80, "sales")
        for change in (
            lambda: charge.write({"amount": 1}),
            lambda: charge.write({"role": False}),
            lambda: charge.sudo().write({"order_id": self._create_job().id}),
            lambda: charge.unlink(),
            lambda: charge.action_post(),
        ):
            with self.assertRaisesRegex(UserError, "was posted"):
                change()
        for vals in ({"state": "draft"}, {"name": "X"}, {"reversed_id": False}):
            with self.assertRaisesRegex(UserError, "by posting it"):
                charge.write(vals)
        with self.assertRaisesRegex(UserError, "by posting it"):
            self.Charge.create({"order_id": self.job.id, "amount": 1, "reason": "x", "state": "posted"})
        charge.action_reverse()
        counter = self.Charge.search([("reversed_id", "=", charge.id)])
        for again in (charge, counter, self._charge(5, post=False)):
            with self.assertRaisesRegex(UserError, "cannot be taken back"):
                again.action_reverse()
        self.assertEqual(charge.copy().state, "draft")

    def test_nobody_would_bear_it(self):
        with self.assertRaisesRegex(UserError, "Nobody has a share.*Care Officer"):
            self._charge(80, "care")
        self.plan.active = False
        with self.assertRaisesRegex(UserError, "bears no commission"):
            self._charge(80, job=self._create_job())

    @mute_logger("odoo.sql_db")
    def test_amount_is_more_than_zero(self):
        for amount in (0, -5):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self._charge(amount, post=False)
                self.env.flush_all()

    def test_only_managers(self):
        charge = self._charge(80, "sales", post=False)
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                charge.with_user(user).action_post()
            with self.assertRaises(AccessError):
                charge.with_user(user).read(["amount"])
        entry = self.env["broker.commission.entry"]
        charge.action_post()
        own = entry.with_user(self.sales_wang).search([("order_id", "=", self.job.id)], limit=1)
        self.assertEqual(own.read(["charge_id", "amount"])[0]["amount"], -80)

    def test_other_company(self):
        company = self.env["res.company"].create({"name": "Broker B"})
        self.manager_qian.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        with self.assertRaises(AccessError):
            self._charge(80)

    def test_amount_is_rounded_in_the_currency(self):
        charge = self._charge(5.337, "sales")
        charge.invalidate_recordset()
        self.assertEqual(charge.amount, 5.34)
        self.assertFalse(self.env["broker.commission.entry"]._sweep_charges())

    def test_partial_invoices_in_a_foreign_currency(self):
        """10 at 1,000 euros with a cost of 700; two euros to the dollar, later two and a half.

        4 of 10 are 2,000 dollars with a cost of 1,400 and bear 200 of 500, a margin of 400.
        The other 6 are 2,400 with a cost of 1,680. Of 4,400 in all the first is 45.45 %:
        600 less 227.27 and 720 less 272.73 are pools of 37.27 and 44.73, 82 together.
        """
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 2.0), ("2020-01-01", 2.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": currency.id})
        job = self._create_job(price=1000, cost=700, quantity=10, pricelist_id=pricelist.id)
        first = job._create_invoices()
        first.invoice_date = "2019-05-06"
        first.invoice_line_ids.quantity = 4
        first.action_post()
        self.assertCommission(job, 42, 18, "earned")
        charge = self._charge(500, job=job)
        self.assertCommission(job, 28, 12, "earned")
        self._pay(first, 1000)
        self.assertCommission(job, 7, 3)
        second = self._create_posted_invoice(job, "2020-06-08")
        self.assertEqual(second.amount_total, 6000)
        self.assertCommission(job, 57.40, 24.60, "earned")
        # A quarter of 37.27 is 9.32.
        self.assertCommission(job, 6.52, 2.80)
        self._pay(first)
        self._pay(second)
        self.assertCommission(job, 57.40, 24.60)
        charge.action_reverse()
        # 600 and 720: 132 in all.
        self.assertCommission(job, 92.40, 39.60)
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(job))

    def _leave(self, **vals):
        change = (
            self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id, **vals})
        )
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        return change

    def test_who_left_bears_nothing_more_where_the_plan_stops(self):
        """Charged before the leaving is Wang's, charged after it is nobody's."""
        self.plan.leaver_policy = "stop"
        job = self._create_job()
        before = self._charge(40, "sales", job)
        change = self._leave()
        self.assertEqual(self._get_sums(job), {self.sales_wang: -40})
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self._charge(100, "sales", job)
            self.assertEqual(self._get_sums(job), {self.sales_wang: -40, self.env["res.users"]: -100})
            entry = self.env["broker.commission.entry"].search([("order_id", "=", job.id), ("user_id", "=", False)])
            self.assertIn("charged later is nobody's", entry[0].explanation)
            # Taken back from whom it was charged to.
            before.action_reverse()
            self.assertEqual(self._get_sums(job), {self.sales_wang: 0, self.env["res.users"]: -100})
            self.job = job
            self._settle_again()
            self.assertEqual(change.state, "done")

    def test_leaving_that_is_noted_late(self):
        """Charged on the fifth day; on the seventh it is said that Wang left on the second."""
        self.plan.leaver_policy = "stop"
        job = self._create_job()
        start = fields.Datetime.now()
        with freeze_time(start + timedelta(days=5)):
            self._charge(100, "sales", job)
            self.assertEqual(self._get_sums(job), {self.sales_wang: -100})
        with freeze_time(start + timedelta(days=7)):
            self._leave(last_day=start.date() + timedelta(days=2))
            self.assertEqual(self._get_sums(job), {self.sales_wang: 0, self.env["res.users"]: -100})

    def test_who_left_bears_it_where_the_plan_goes_on(self):
        job = self._create_job()
        self._leave()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self._charge(100, "sales", job)
        self.assertEqual(self._get_sums(job), {self.sales_wang: -100})
