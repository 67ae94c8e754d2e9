from ast import literal_eval

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionCases(BrokerAccountCommon):
    """Cases in which others have lost money, in figures worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_rule = cls.plan.rule_ids.filtered(lambda rule: rule.origin == "any")

    def _settle_again(self, orders):
        moves = orders.order_line.invoice_lines.move_id
        self.assertFalse(self.env["broker.commission.entry"]._settle(moves), "settling twice writes nothing")

    def _reverse_with_new(self, invoice, price):
        """Reverse an invoice and post a new one in its place; return the new one."""
        before = invoice.line_ids.sale_line_ids.invoice_lines.move_id
        self._reverse_invoice(invoice, is_modify=True)
        new = invoice.line_ids.sale_line_ids.invoice_lines.move_id - before
        new = new.filtered(lambda move: move.move_type == "out_invoice")
        new.invoice_date = invoice.invoice_date
        new.invoice_line_ids.price_unit = price
        new.action_post()
        return new

    def test_reversal_with_a_new_invoice(self):
        """10,000 is replaced by 9,000: a margin of 2,000, a pool of 200."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        new = self._reverse_with_new(invoice, 9000)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertCommission(job, 140, 60, "earned")
        self.assertCommission(job, 0, 0)
        self._pay(new, 4500)
        self.assertCommission(job, 70, 30)
        self._pay(new)
        self.assertCommission(job, 140, 60)
        self._settle_again(job)

    def test_reversal_of_a_paid_invoice_with_a_new_one(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        new = self._reverse_with_new(invoice, 9000)
        self.assertCommission(job, 140, 60, "earned")
        self.assertEqual(new.payment_state, "not_paid")
        self.assertCommission(job, 0, 0)
        self._pay(new)
        self.assertCommission(job, 140, 60)
        self._settle_again(job)

    def test_discount_and_negative_line(self):
        """10 % off 10,000 and a rebate of 500: 8,500 for a cost of 7,000, a pool of 150."""
        job = self._create_job(lines=[(self.print_product, -500, 0)])
        job.order_line[0].discount = 10
        invoice = self._create_posted_invoice(job)
        self.assertEqual(invoice.amount_total, 8500)
        self.assertCommission(job, 105, 45, "earned")
        self._pay(invoice, 1700)
        self.assertCommission(job, 21, 9)
        self._pay(invoice)
        self.assertCommission(job, 105, 45)
        self._settle_again(job)

    def test_negative_line_under_a_rule_of_its_own(self):
        """A rebate of 1,000 for boxes under a rule of its own has a negative pool."""
        self.own_rule.copy(
            {
                "name": "Boxes",
                "sequence": 1,
                "product_category_id": self.box_category.id,
                "share_ids": [
                    Command.create({"role": "sales", "percent": 50}),
                    Command.create({"role": "service", "percent": 50}),
                ],
            }
        )
        job = self._create_job(lines=[(self.box_product, -1000, 0)])
        self._pay(self._create_posted_invoice(job))
        # 210 and 90 of the print, less 50 each of the rebate.
        self.assertCommission(job, 160, 40)

    def test_a_cent_over_three_shares(self):
        """34, 33 and 33 % of a cent: nobody has a third of it, the last takes it."""
        self.own_rule.share_ids = [
            Command.clear(),
            Command.create({"sequence": 1, "role": "sales", "percent": 34}),
            Command.create({"sequence": 2, "role": "service", "percent": 33}),
            Command.create({"sequence": 3, "role": "care", "percent": 33}),
        ]
        self.customer.care_user_id = self.care_sun
        for cost, pool in ((0.0, 0.01), (0.2, -0.01), (0.05, 0.01)):
            job = self._create_job(price=0.1, cost=cost)
            invoice = self._create_posted_invoice(job)
            pool = self.company.currency_id.round((0.1 - cost) * 0.1)
            self.assertEqual(self._get_sums(job, "earned"), {self.care_sun: pool})
            self._pay(invoice, 0.05)
            half = self.company.currency_id.round(pool / 2)
            self.assertEqual(self._get_sums(job), {self.care_sun: half})
            self._pay(invoice)
            self.assertEqual(self._get_sums(job), {self.care_sun: pool})
            self._settle_again(job)

    def test_three_shares_with_a_remainder(self):
        """0.05 in 34, 33 and 33 %: 0.02 and 0.02 leave 0.01."""
        self.own_rule.share_ids = [
            Command.clear(),
            Command.create({"sequence": 1, "role": "sales", "percent": 34}),
            Command.create({"sequence": 2, "role": "service", "percent": 33}),
            Command.create({"sequence": 3, "role": "care", "percent": 33}),
        ]
        self.customer.care_user_id = self.care_sun
        job = self._create_job(price=0.5, cost=0)
        self._create_posted_invoice(job)
        self.assertEqual(
            self._get_sums(job, "earned"), {self.sales_wang: 0.02, self.service_chen: 0.02, self.care_sun: 0.01}
        )

    def test_invoice_of_another_company(self):
        """Posted, paid, unmatched and settled by somebody who works in company B."""
        data = self.setup_other_company(name="Broker B")
        self.env.user.company_ids += data["company"]
        job = self._create_job()
        invoice = job._create_invoices()
        elsewhere = self.env(context=dict(self.env.context, allowed_company_ids=[data["company"].id, self.company.id]))
        invoice.with_env(elsewhere).action_post()
        self.assertCommission(job, 210, 90, "earned")
        self._register_payment(invoice.with_env(elsewhere), payment_date=invoice.invoice_date, amount=4000)
        self.assertCommission(job, 84, 36)
        entries = self.env["broker.commission.entry"].search([("order_id", "=", job.id)])
        self.assertEqual(entries.company_id, self.company)
        self.assertEqual(entries.currency_id, self.company.currency_id)
        self.assertFalse(elsewhere["broker.commission.entry"]._settle(invoice.with_env(elsewhere)))
        only_b = self.manager_qian
        only_b.write({"company_ids": [Command.set(data["company"].ids)], "company_id": data["company"].id})
        self.assertFalse(self.env["broker.commission.entry"].with_user(only_b).search([("order_id", "=", job.id)]))
        invoice.with_env(elsewhere).line_ids.remove_move_reconcile()
        self.assertCommission(job, 0, 0)

    def test_foreign_currency_paid_in_the_companys(self):
        """1,000 gold coins at 2 to the dollar. 250 dollars pay half of them, whatever
        the coin is worth later; a credit note of all of it takes all back."""
        gold = self.setup_other_currency("EUR", rates=[("1900-01-01", 1.0), ("2017-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Gold", "currency_id": gold.id})
        job = self._create_job(price=1000, cost=700, pricelist_id=pricelist.id)
        invoice = self._create_posted_invoice(job, date="2017-06-01")
        self._register_payment(invoice, payment_date="2017-06-01", amount=250, currency_id=self.company.currency_id.id)
        self.assertEqual(invoice.amount_residual, 500)
        # A pool of 15 dollars.
        self.assertCommission(job, 5.25, 2.25)
        self.env["res.currency.rate"].create(
            {"name": "2017-07-01", "rate": 5.0, "currency_id": gold.id, "company_id": self.company.id}
        )
        self.assertFalse(self.env["broker.commission.entry"]._settle(invoice))
        self._pay(invoice, date="2017-07-02")
        self.assertCommission(job, 10.5, 4.5)
        self._credit(invoice)
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 0, 0, "earned")

    def test_reset_after_part_of_it_was_paid_in_two(self):
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 2500)
        self._pay(invoice, 2500)
        self.assertCommission(job, 105, 45)
        invoice.button_draft()
        self.assertCommission(job, 0, 0)
        invoice.invoice_line_ids.quantity = 500
        invoice.action_post()
        self.assertCommission(job, 105, 45, "earned")
        self._pay(invoice, 1000)
        # A fifth of 150.
        self.assertCommission(job, 21, 9)
        self._settle_again(job)

    def test_one_person_in_all_roles_under_two_rules(self):
        self.own_rule.copy({"name": "Boxes", "sequence": 1, "product_category_id": self.box_category.id})
        self.customer.service_user_id = self.sales_wang
        job = self._create_job(lines=[(self.box_product, 3000, 2000)])
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 400, 0)

    def test_invoice_of_two_jobs(self):
        """One invoice for two jobs: half of it collected is half of each."""
        first = self._create_job()
        second = self._create_job(price=2000, cost=1000)
        invoice = (first + second)._create_invoices()
        self.assertEqual(len(invoice), 1)
        invoice.action_post()
        self._pay(invoice, 6000)
        self.assertCommission(first, 105, 45)
        self.assertCommission(second, 35, 15)

    def _credit_by_hand(self, amount, invoice=None):
        """Post a credit note over an amount, with a line of no job."""
        note = self._create_invoice_one_line(
            move_type="out_refund", product_id=self.print_product, price_unit=amount, partner_id=self.partner
        )
        note.reversed_entry_id = invoice
        note.action_post()
        note.line_ids.remove_move_reconcile()
        return note

    def test_credit_note_with_a_line_of_no_job(self):
        """1,000 of 10,000 are given back on a line typed by hand: a tenth of all of it."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 5000)
        note = self._credit_by_hand(1000, invoice)
        self.assertCommission(job, 189, 81, "earned")
        self.assertCommission(job, 94.5, 40.5)
        self._match(invoice, note)
        # 5,000 of 9,000 were collected: five ninths of 270.
        self.assertCommission(job, 105, 45)
        self._pay(invoice)
        self.assertCommission(job, 189, 81)
        self._settle_again(job)
        note.button_draft()
        self.assertCommission(job, 210, 90, "earned")

    def test_credit_note_of_no_job_is_listed(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        note = self._credit_by_hand(1000)
        self._credit_by_hand(500, invoice)
        self._credit(invoice, quantity=0.1)
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_credit_note_without_job_action")
        found = self.env["account.move"].with_user(self.manager_qian).search(literal_eval(action["domain"]))
        self.assertEqual(found, note)
        self.assertCommission(job, 178.5, 76.5, "earned")

    def test_loss_making_job_is_credited(self):
        """A loss of 2,000 taken back in full leaves nothing, whatever was paid."""
        job = self._create_job(price=5000)
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 2500)
        self.assertCommission(job, -70, -30)
        self._credit(invoice)
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 0, 0, "earned")
