from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionAttention(BrokerAccountCommon):
    """What waits for a manager is counted, and opens in its rows."""

    def _get_rows(self, company=None):
        """Return {kind: (count, amount)} of what waits in a company."""
        company = company or self.company
        self.env.invalidate_all()
        rows = self.env["broker.commission.attention"].with_user(self.manager_qian)
        return {
            row.kind: (row.count, row.amount)
            for row in rows.with_context(allowed_company_ids=company.ids).search([("company_id", "=", company.id)])
        }

    def _open(self, kind):
        """Return the rows that a kind opens."""
        row = (
            self.env["broker.commission.attention"]
            .with_user(self.manager_qian)
            .search([("kind", "=", kind), ("company_id", "=", self.company.id)])
        )
        action = row.action_open()
        return self.env[action["res_model"]].with_user(self.manager_qian).search(action["domain"])

    def test_nothing_waits(self):
        self._pay(self._create_posted_invoice(self._create_job()))
        self.assertEqual(self._get_rows(), {})

    def test_share_without_a_payee(self):
        """90 of 300 are nobody's, of which 36 are released; given away, nothing waits."""
        self.customer.service_user_id = False
        job = self._create_job()
        self._pay(self._create_posted_invoice(job), 4000)
        self.assertEqual(self._get_rows(), {"no_payee": (1, 90)})
        entries = self._open("no_payee")
        self.assertEqual((sum(entries.mapped("earned")), sum(entries.mapped("released"))), (90, 36))
        self.customer.service_user_id = self.service_lin
        entries.split_id.with_user(self.manager_qian).action_fill_payees()
        self.assertEqual(self._get_rows(), {})

    def test_leavers_rest_does_not_wait(self):
        """What a leaver gets no more is nobody's for good."""
        self.plan.leaver_policy = "stop"
        self._create_posted_invoice(self._create_job())
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        self.assertTrue(self.env["broker.commission.entry"].search([("user_id", "=", False)]))
        self.assertEqual(self._get_rows(), {})

    def test_job_without_a_rule(self):
        self.plan.rule_ids.filtered(lambda rule: rule.origin == "any").product_category_id = self.box_category
        job = self._create_job(lines=[(self.box_product, 500, 100)])
        self.assertEqual(self._get_rows(), {"no_rule": (1, 10500)})
        self.assertEqual(self._open("no_rule"), job)

    def test_credit_note_without_a_job(self):
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.partner.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.print_product.id, "price_unit": 100, "tax_ids": False})
                ],
            }
        )
        note.action_post()
        self.assertEqual(self._get_rows(), {"credit_note": (1, -100)})
        self.assertEqual(self._open("credit_note"), note)

    def _add_line(self, job, cost=0.0, user=None):
        return (
            self.env["sale.order.line"]
            .with_user(user or self.sales_wang)
            .create(
                {
                    "order_id": job.id,
                    "product_id": self.print_product.id,
                    "price_unit": 500,
                    "purchase_price": cost,
                }
            )
        )

    def _create_job_of_wang(self):
        return self._create_job(user_id=self.sales_wang.id)

    def test_line_without_cost_that_was_added(self):
        """500 of margin out of nothing: it is paid, and a manager sees it until they say
        that it is right."""
        job = self._create_job_of_wang()
        line = self._add_line(job)
        self._create_posted_invoice(job)
        self.assertCommission(job, 245, 105, "earned")
        self.assertEqual(self._get_rows(), {"cost": (1, 500)})
        self.assertEqual(self._open("cost"), line)
        with self.assertRaises(AccessError):
            line.action_broker_check_cost()
        with self.assertRaises(AccessError):
            line.search([("broker_cost_doubtful", "=", True)])
        for name in ("broker_cost_checked_id", "broker_cost_to_check", "broker_cost_purchased"):
            with self.assertRaises(AccessError):
                line.write({name: False})
        line.with_user(self.manager_qian).action_broker_check_cost()
        self.assertEqual(self._get_rows(), {})
        self.assertIn("costs are right", job.message_ids[0].body)

    def test_a_cent_is_no_cost(self):
        job = self._create_job_of_wang()
        self._add_line(job).purchase_price = 0.01
        self._add_line(job, cost=0.01)
        self.assertEqual(self._get_rows(), {"cost": (2, 1000)})
        free = self._create_job(cost=0, user_id=self.sales_wang.id)
        # A purchase order may still say what it costs.
        self.assertEqual(self._get_rows(), {"cost": (2, 1000)})
        self._create_posted_invoice(free)
        self.assertEqual(self._get_rows(), {"cost": (3, 11000)})
        free.order_line.with_user(self.sales_wang).purchase_price = 1
        self.assertEqual(self._get_rows(), {"cost": (3, 11000)})
        self._open("cost").action_broker_check_cost()
        self.assertEqual(self._get_rows(), {})
        # Another quantity makes it another line.
        free.order_line.with_user(self.sales_wang).product_uom_qty = 2
        self.assertEqual(self._get_rows(), {"cost": (1, 20000)})

    def test_another_product_that_costs_less(self):
        """The cost is taken from the product again, past the guard of those who lower it."""
        job = self._create_job_of_wang()
        self.box_product.standard_price = 6999
        job.order_line.with_user(self.sales_wang).write({"product_id": self.box_product.id, "price_unit": 10000})
        self.assertEqual(job.order_line.purchase_price, 6999)
        self.assertEqual(self._get_rows(), {"cost": (1, 10000)})

    def test_what_is_in_the_quotation_with_a_cost_does_not_wait(self):
        job = self._create_job_of_wang()
        copied = job.copy()
        self._add_line(copied, cost=100)
        copied.action_confirm()
        self.assertEqual(self._get_rows(), {})

    def test_statement_and_dispute(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        statement = (
            self.env["broker.commission.statement"]
            .with_user(self.manager_qian)
            .create({"user_id": self.sales_wang.id, "date_from": "2020-01-01", "date_to": "2020-01-31"})
        )
        dispute = (
            self.env["broker.commission.dispute"]
            .with_user(self.sales_wang)
            .create({"order_id": job.id, "reason": "amount", "description": "More", "expected_amount": 25})
        )
        self.assertEqual(self._get_rows(), {"statement": (1, 0), "dispute": (1, 25)})
        self.assertEqual(self._open("statement"), statement)
        self.assertEqual(self._open("dispute").sudo(), dispute.sudo())

    def test_statement_of_a_month_that_is_over_in_the_firm(self):
        self.manager_qian.tz = "America/Los_Angeles"
        self.env["broker.commission.statement"].with_user(self.manager_qian).create(
            {"user_id": self.sales_wang.id, "date_from": "2026-03-01", "date_to": "2026-03-31"}
        )
        with freeze_time("2026-03-31 15:00:00"):
            self.assertEqual(self._get_rows(), {})
        with freeze_time("2026-03-31 17:00:00"):  # one in the morning in Shanghai
            self.assertEqual(self._get_rows(), {"statement": (1, 0)})

    def test_other_companies_and_other_people(self):
        self.customer.service_user_id = False
        self._create_posted_invoice(self._create_job())
        other = self.env["res.company"].create({"name": "Other Broker"})
        self.manager_qian.company_ids += other
        self.assertEqual(self._get_rows(other), {})
        self.assertEqual(self._get_rows(), {"no_payee": (1, 90)})
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.plain_user):
            with self.assertRaises(AccessError):
                self.env["broker.commission.attention"].with_user(user).search([])
