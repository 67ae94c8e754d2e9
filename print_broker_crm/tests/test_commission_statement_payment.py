from odoo.tests import tagged

from .common_statement import APRIL, MARCH, MAY, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionStatementDocument(StatementCommon):
    """What accounting does with the bill of a payment, the statement follows: 210 for Wang."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._pay(cls._create_posted_invoice(cls._create_job()))
        cls.company.write(
            {
                "broker_statement_payment": "bill",
                "broker_statement_journal_id": cls.company_data["default_journal_purchase"].id,
                "broker_statement_expense_account_id": cls.company_data["default_account_expense"].id,
                "broker_statement_payable_account_id": cls.company_data["default_account_payable"].id,
            }
        )

    def setUp(self):
        super().setUp()
        self._at("04-02")
        self.march = self._confirm(MARCH)

    def _pay_march(self):
        self.march.sudo()._pay("2026-04-02")
        return self.march.sudo().move_id

    def assertPaid(self, state, amount):
        self.march.invalidate_recordset()
        self.assertEqual((self.march.state, self.march.paid_amount), (state, amount))

    def test_posted_and_cancelled(self):
        bill = self._pay_march()
        bill.action_post()
        self.assertPaid("paid", 210)
        self.assertFalse(self.march.message_ids.filtered(lambda message: "less than before" in message.body))
        bill.button_draft()
        self.assertPaid("paid", 210)
        bill.button_cancel()
        self.assertPaid("confirmed", 0)
        self.assertTrue(self.march.message_ids.filtered(lambda message: "less than before" in message.body))
        self.assertEqual(self._open(APRIL).opening_balance, 210)

    def test_cancelled_and_posted_again(self):
        bill = self._pay_march()
        bill.button_cancel()
        bill.button_draft()
        self.assertPaid("confirmed", 0)
        bill.action_post()
        self.assertPaid("paid", 210)
        self.assertEqual(str(self.march.paid_on), "2026-04-02")

    def test_another_amount(self):
        """200 were billed in the end: 10 are carried."""
        bill = self._pay_march()
        bill.invoice_line_ids.price_unit = 200
        bill.action_post()
        self.assertPaid("paid", 200)
        self.assertEqual(self._open(APRIL).opening_balance, 10)

    def test_taxes_of_the_bill_are_no_commission(self):
        bill = self._pay_march()
        bill.invoice_line_ids.tax_ids = self.company_data["default_tax_purchase"]
        bill.action_post()
        self.assertNotEqual(bill.amount_total, 210)
        self.assertPaid("paid", 210)

    def test_more_than_the_balance_is_a_debt(self):
        bill = self._pay_march()
        bill.invoice_line_ids.price_unit = 250
        bill.action_post()
        self.assertPaid("paid", 250)
        self.assertEqual(self._open(APRIL).opening_balance, -40)

    def test_reversed(self):
        """Reversed in part, then in whole; the reversal itself is taken back."""
        bill = self._pay_march()
        bill.action_post()
        note = bill._reverse_moves([{"invoice_date": bill.invoice_date}])
        note.invoice_line_ids.price_unit = 60
        note.action_post()
        self.assertPaid("paid", 150)
        rest = bill._reverse_moves([{"invoice_date": bill.invoice_date}])
        rest.invoice_line_ids.price_unit = 150
        rest.action_post()
        self.assertPaid("confirmed", 0)
        rest.button_draft()
        self.assertPaid("paid", 150)

    def test_journal_entry_is_reversed(self):
        self.company.broker_statement_payment = "entry"
        self.company.broker_statement_journal_id = self.company_data["default_journal_misc"]
        entry = self._pay_march()
        entry.action_post()
        self.assertPaid("paid", 210)
        entry._reverse_moves([{"date": entry.date}]).action_post()
        self.assertPaid("confirmed", 0)

    def test_cancelled_after_the_balance_was_carried(self):
        """April was confirmed with March as paid: what was not paid comes with May."""
        bill = self._pay_march()
        bill.action_post()
        self._at("05-02")
        april = self._confirm(APRIL)
        self.assertFigures(april, 0, 0, 0, 0, 0, 0)
        bill.button_draft()
        bill.button_cancel()
        self.assertPaid("confirmed", 0)
        self.assertFigures(self._open(MAY), 0, 0, 0, 210, 0, 210)
        self.assertEqual(april.verification, "verified")
        bill.button_draft()
        bill.action_post()
        self.assertPaid("paid", 210)
        rows = self.Adjustment.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual(sorted(rows.mapped("amount")), [-210, 210])

    def test_other_documents_are_none_of_it(self):
        """Customers' invoices and payments cost no query."""
        invoice = self._create_posted_invoice(self._create_job())
        payment = self._pay(invoice)
        Statement = self.env["broker.commission.statement"]
        moves = invoice + payment.move_id
        moves.mapped("state")
        with self.assertQueryCount(0):
            Statement._follow_documents(moves)
