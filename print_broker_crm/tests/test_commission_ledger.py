from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionLedger(BrokerAccountCommon):
    """What the writer leaves in the ledger, in figures worked out by hand.

    The job of the design: 10,000 for the customer, 7,000 for the printing house; the
    margin of 3,000 at 10 % is a pool of 300: 210 for the salesperson, 90 for service.
    """

    def _settle_again(self, orders):
        moves = orders.order_line.invoice_lines.move_id
        written = self.env["broker.commission.entry"]._settle(moves)
        self.assertFalse(written, "settling twice writes nothing")

    def test_posted_is_earned_and_collected_is_released(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self.assertCommission(job, 210, 90, "earned")
        self.assertCommission(job, 0, 0)
        self._pay(invoice)
        self.assertCommission(job, 210, 90)
        self.assertCommission(job, 210, 90, "earned")
        self._settle_again(job)

    def test_part_collected(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 4000)
        self.assertCommission(job, 84, 36)
        self._pay(invoice, 6000)
        self.assertCommission(job, 210, 90)
        self._settle_again(job)

    def test_full_refund_of_a_paid_invoice(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        self._credit(invoice)
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 0, 0, "earned")
        self._settle_again(job)

    def test_full_refund_of_an_unpaid_invoice(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        note = self._credit(invoice)
        self.assertCommission(job, 0, 0)
        self.assertTrue(self._match(invoice, note))
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 0, 0, "earned")
        self.assertEqual(invoice.payment_state, "reversed")

    def test_full_refund_of_a_half_paid_invoice(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 4000)
        note = self._credit(invoice)
        self.assertCommission(job, 0, 0)
        self._match(invoice, note)
        self.assertCommission(job, 0, 0)

    def test_reversal_by_the_wizard(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        self._reverse_invoice(invoice, is_modify=False, post=True)
        self.assertCommission(job, 0, 0)

    def test_partial_credit_note_before_payment(self):
        """A fifth of 1,000 pieces comes back: 240 of the pool of 300 remain."""
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        note = self._credit(invoice, quantity=200)
        self.assertCommission(job, 168, 72, "earned")
        self.assertCommission(job, 0, 0)
        self._match(invoice, note)
        self.assertCommission(job, 0, 0)
        self._pay(invoice)
        self.assertCommission(job, 168, 72)
        self._settle_again(job)

    def test_credit_note_follows_the_payment_of_its_invoice(self):
        """Never matched with its invoice, the note takes back as the invoice is paid."""
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        self._credit(invoice, quantity=200)
        self.assertCommission(job, 0, 0)
        self._pay(invoice, 4000)
        # 40 % of the pool of 240.
        self.assertCommission(job, 67.2, 28.8)
        self._pay(invoice, 6000)
        self.assertCommission(job, 168, 72)

    def test_partial_credit_note_after_payment(self):
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        self._credit(invoice, quantity=200)
        self.assertCommission(job, 168, 72)

    def test_allowance_on_the_price_comes_off_the_margin(self):
        """1,000 off a job that stays as printed: the margin is 2,000, the pool 200."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        self._credit(invoice, price=1000)
        self.assertCommission(job, 140, 60, "earned")
        self.assertCommission(job, 140, 60)

    def test_inherited_customer_turns_the_shares(self):
        self.sales_wang.active = False
        self.partner.user_id = self.sales_zhao
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 90, 210, salesperson=self.sales_zhao)
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(set(splits.mapped("origin")), {"inherited"})

    def test_past_job_stays_with_who_sold_it(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self.sales_wang.active = False
        self.partner.user_id = self.sales_zhao
        self.customer.service_user_id = self.service_lin
        self._pay(invoice)
        self.assertCommission(job, 210, 90)

    def test_unmatched_payment_is_taken_back(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 4000)
        self._pay(invoice, 6000)
        invoice.line_ids.remove_move_reconcile()
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 210, 90, "earned")

    def test_reset_and_posted_with_another_amount(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice)
        invoice.button_draft()
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 0, 0, "earned")
        invoice.invoice_line_ids.price_unit = 9000
        invoice.action_post()
        # Margin 2,000, pool 200.
        self.assertCommission(job, 140, 60, "earned")
        self._pay(invoice)
        self.assertCommission(job, 140, 60)
        self._settle_again(job)

    def test_cancelled_invoice(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        invoice.button_cancel()
        self.assertCommission(job, 0, 0, "earned")
        kinds = self.env["broker.commission.entry"].search([("order_id", "=", job.id)]).mapped("kind")
        self.assertEqual(sorted(kinds), ["posting", "posting", "reversal", "reversal"])

    def test_deleted_invoice_leaves_the_ledger(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        name = invoice.name
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        entries = self.env["broker.commission.entry"].search([("order_id", "=", job.id)])
        self.assertEqual(len(entries), 4)
        self.assertEqual(set(entries.mapped("move_name")), {name})
        self.assertCommission(job, 0, 0, "earned")

    def test_posted_invoice_deleted_by_force(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        invoice.with_context(force_delete=True).unlink()
        self.assertCommission(job, 0, 0, "earned")

    def test_down_payment_and_final_invoice_add_up(self):
        """30 % down: 3,000 at the job's margin of 30 % is 900, a pool of 90."""
        job = self._create_job()
        down = self._create_down_payment_invoice(job, "percentage", 30, post=True)
        self.assertCommission(job, 63, 27, "earned")
        self._pay(down)
        self.assertCommission(job, 63, 27)
        final = self._create_final_invoice(job, post=True)
        self.assertEqual(final.amount_untaxed, 7000)
        self.assertCommission(job, 210, 90, "earned")
        self.assertCommission(job, 63, 27)
        self._pay(final)
        self.assertCommission(job, 210, 90)
        self._settle_again(job)

    def test_down_payment_with_a_cost_that_changes_before_the_end(self):
        job = self._create_job()
        down = self._create_down_payment_invoice(job, "percentage", 30, post=True)
        self._pay(down)
        job.order_line.filtered("product_id").sudo().purchase_price = 8000
        self._pay(self._create_final_invoice(job, post=True))
        self.assertCommission(job, 140, 60)

    def test_foreign_currency(self):
        """1,000 gold coins at 2 to the dollar on the invoice's day: 500 dollars, cost
        350, pool 15. The rate of the payment's day changes nothing."""
        gold = self.setup_other_currency("EUR", rates=[("1900-01-01", 1.0), ("2016-01-01", 3.0), ("2017-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Gold", "currency_id": gold.id})
        job = self._create_job(price=1000, cost=700, pricelist_id=pricelist.id)
        self.assertEqual(job.currency_id, gold)
        invoice = self._create_posted_invoice(job, date="2017-06-01")
        self.assertCommission(job, 10.5, 4.5, "earned")
        self.env["res.currency.rate"].create(
            {"name": "2017-07-01", "rate": 4.0, "currency_id": gold.id, "company_id": self.company.id}
        )
        self._pay(invoice, 400, date="2017-07-02")
        self.assertCommission(job, 4.2, 1.8)
        self._pay(invoice, date="2017-07-03")
        self.assertEqual(invoice.payment_state, invoice._get_invoice_in_payment_state())
        self.assertCommission(job, 10.5, 4.5)
        self._settle_again(job)

    def test_loss_counts(self):
        job = self._create_job(price=5000)
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, -140, -60)

    def test_rounding_leaves_nothing_over(self):
        """A pool of 0.05: 70 % are 0.035, rounded 0.04; the last takes 0.01."""
        job = self._create_job(price=0.5, cost=0)
        invoice = self._create_posted_invoice(job)
        self.assertCommission(job, 0.04, 0.01, "earned")
        self._pay(invoice, 0.25)
        # 0.025 is 0.03 of the pool, of which 0.02 and 0.01.
        self.assertCommission(job, 0.02, 0.01)

    def test_shares_always_add_up_to_the_pool(self):
        for price in (0.1, 0.5, 1.5, 7.77, 33.33, 99.99, 12345.67):
            job = self._create_job(price=price, cost=0)
            self._create_posted_invoice(job)
            sums = self._get_sums(job, "earned")
            self.assertAlmostEqual(sum(sums.values()), self.company.currency_id.round(price * 0.1), 5)

    def test_one_person_in_both_roles(self):
        self.customer.service_user_id = self.sales_wang
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 300, 0)
        released = self.env["broker.commission.entry"].search([("order_id", "=", job.id), ("book", "=", "released")])
        self.assertEqual({entry.role: entry.amount for entry in released}, {"sales": 210, "service": 90})

    def test_share_without_payee_goes_to_who_comes(self):
        self.customer.service_user_id = False
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        self.assertEqual(self._get_sums(job), {self.sales_wang: 210, self.env["res.users"]: 90})
        self.customer.service_user_id = self.service_lin
        self.env["broker.commission.split"]._fill_payees(job)
        self.assertCommission(job, 210, 90, agent=self.service_lin)
        self._settle_again(job)

    def test_two_rules_on_one_invoice(self):
        """Boxes 50/50 of the box margin of 1,000, the rest as ever."""
        self.plan.write(
            {
                "rule_ids": [
                    Command.create(
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
                ]
            }
        )
        job = self._create_job(lines=[(self.box_product, 3000, 2000)])
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 260, 140)
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(len(splits), 4)

    def test_down_payment_under_two_rules(self):
        """Of 13,000 with a margin of 4,000, 1,300 down bear 300 and 100."""
        self.plan.rule_ids.filtered(lambda rule: rule.origin == "any").copy(
            {
                "name": "Boxes",
                "sequence": 1,
                "product_category_id": self.box_category.id,
                "share_ids": [Command.create({"role": "sales", "percent": 100})],
            }
        )
        job = self._create_job(lines=[(self.box_product, 3000, 2000)])
        self._create_down_payment_invoice(job, "percentage", 10, post=True)
        # 300 at 10 % shared 70/30, and 100 at 10 % for sales.
        self.assertCommission(job, 31, 9, "earned")
        self._create_final_invoice(job, post=True)
        self.assertCommission(job, 310, 90, "earned")

    def test_revenue_as_base_and_release_on_posting(self):
        self.plan.write({"base": "revenue", "release": "posting"})
        job = self._create_job()
        self._create_posted_invoice(job)
        self.assertCommission(job, 700, 300)

    def test_line_added_after_confirmation(self):
        job = self._create_job()
        job.order_line = [
            Command.create({"product_id": self.box_product.id, "price_unit": 2000, "purchase_price": 1000})
        ]
        self._create_posted_invoice(job)
        self.assertCommission(job, 280, 120, "earned")

    def test_invoice_without_a_job(self):
        invoice = self._create_invoice_one_line(
            product_id=self.print_product, price_unit=500, partner_id=self.partner, post=True
        )
        self._pay(invoice)
        self.assertFalse(self.env["broker.commission.entry"].search([("move_id", "=", invoice.id)]))

    def test_accountant_without_our_groups(self):
        accountant = new_test_user(self.env, login="broker_accountant", groups="account.group_account_invoice")
        job = self._create_job()
        invoice = job._create_invoices()
        invoice.with_user(accountant).action_post()
        self.assertCommission(job, 210, 90, "earned")
        self.env["account.payment.register"].with_user(accountant).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertCommission(job, 210, 90)

    def test_salesperson_confirms(self):
        job = self._create_job(confirm=False)
        job.with_user(self.sales_wang).action_confirm()
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(splits.user_id, self.sales_wang + self.service_chen)

    def test_confirmed_again_renews_the_split(self):
        job = self._create_job()
        job._action_cancel()
        job.action_draft()
        self.customer.service_user_id = self.service_lin
        job.action_confirm()
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(splits.user_id, self.sales_wang + self.service_lin)
        self._create_posted_invoice(job)
        job.sudo()._action_cancel()
        job.action_draft()
        self.customer.service_user_id = self.service_chen
        job.action_confirm()
        self.assertEqual(self.env["broker.commission.split"].search([("order_id", "=", job.id)]), splits)
        self.assertEqual(splits.user_id, self.sales_wang + self.service_lin)

    def test_first_and_repeat_orders(self):
        self.plan.rule_ids.filtered(lambda rule: rule.origin == "any").copy(
            {"name": "First", "sequence": 1, "order_kind": "first"}
        )
        first = self._create_job()
        second = self._create_job()
        Split = self.env["broker.commission.split"]
        self.assertEqual(Split.search([("order_id", "=", first.id)]).mapped("order_kind"), ["first"] * 2)
        self.assertEqual(Split.search([("order_id", "=", first.id)]).rule_id.name, "First")
        self.assertEqual(Split.search([("order_id", "=", second.id)]).rule_id.name, "Own customer")

    def test_referral(self):
        lead = self.env["crm.lead"].create({"name": "Menus", "partner_id": self.partner.id, "referred": "Ms Liu"})
        job = self._create_job(opportunity_id=lead.id)
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(set(splits.mapped("order_kind")), {"referral"})

    def test_zero_invoice(self):
        job = self._create_job(price=0)
        self._create_posted_invoice(job)
        # Nothing to collect: a gift at a cost of 7,000 is released at once.
        self.assertCommission(job, -490, -210)

    def test_explanation_is_the_arithmetic(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 4000)
        self._pay(invoice, 1000)
        entry = self.env["broker.commission.entry"].search(
            [("order_id", "=", job.id), ("role", "=", "sales"), ("book", "=", "released")], limit=1
        )
        self.assertEqual(entry.amount, 21)
        for part in ("10,000.00", "7,000.00", "3,000.00", "50.00", "105.00", "84.00", "21.00"):
            self.assertIn(part, entry.explanation)

    def test_summary(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job), 4000)
        rows = {
            row["user"]: (row["origin"], row["earned"], row["released"], row["held"])
            for row in self.env["broker.commission.entry"]._get_summary(self.company)
        }
        self.assertEqual(
            rows,
            {
                self.sales_wang: ("developed", 210, 84, 126),
                self.service_chen: ("developed", 90, 36, 54),
            },
        )

    def test_other_company(self):
        data = self.setup_other_company(name="Broker B")
        company = data["company"]
        plan = self.env["broker.commission.plan"].search([("company_id", "=", company.id)])
        self.assertEqual(plan.rule_ids.mapped("name"), ["Inherited customer", "Own customer"])
        plan.rate = 20
        user = self.env.user
        user.company_ids += company
        # Wang sells for both: in a company's ledger stand its own people.
        self.sales_wang.company_ids += company
        env = self.env(context=dict(self.env.context, allowed_company_ids=company.ids))
        product = self.print_product.with_env(env)
        product.property_account_income_id = data["default_account_revenue"]
        order = env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "company_id": company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "price_unit": 1000,
                            "purchase_price": 700,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        self._create_posted_invoice(order)
        entries = env["broker.commission.entry"].search([("order_id", "=", order.id)])
        self.assertEqual(entries.company_id, company)
        # 300 at 20 %; the other company's file has no service agent.
        self.assertEqual(
            {entry.user_id: entry.amount for entry in entries},
            {self.sales_wang: 42, self.env["res.users"]: 18},
        )
        self.manager_qian.company_ids = self.company
        self.assertFalse(
            self.env["broker.commission.entry"].with_user(self.manager_qian).search([("order_id", "=", order.id)])
        )
