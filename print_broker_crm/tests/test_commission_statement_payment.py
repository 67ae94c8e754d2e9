from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_statement import APRIL, MARCH, MAY, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionStatementPayment(StatementCommon):
    """Paying: a mark, a vendor bill or a journal entry."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._pay(cls._create_posted_invoice(cls._create_job()))
        cls.statement = cls.Statement.create(
            {"user_id": cls.sales_wang.id, "date_from": MARCH[0], "date_to": "2026-03-10"}
        )
        cls.expense = cls.company_data["default_account_expense"]

    def _wizard(self, statements, **kwargs):
        return (
            self.env["broker.commission.statement.payment"]
            .with_user(self.manager_qian)
            .create({"statement_ids": statements.ids, "date": "2026-03-11", **kwargs})
        )

    def test_just_a_mark(self):
        with self.assertRaisesRegex(UserError, "Confirm .* before"):
            self._wizard(self.statement).action_pay()
        self.statement.action_confirm()
        wizard = self._wizard(self.statement, reference="Bank 7")
        self.assertEqual(wizard.amount, 210)
        wizard.amount = 211
        with self.assertRaisesRegex(UserError, "210.00 to pay"):
            wizard.action_pay()
        wizard.amount = 210
        wizard.action_pay()
        self.assertEqual(
            (self.statement.state, self.statement.paid_amount, self.statement.payment_reference),
            ("paid", 210, "Bank 7"),
        )
        self.assertFalse(self.statement.move_id)
        with self.assertRaisesRegex(UserError, "paid already"):
            self._wizard(self.statement, amount=210).action_pay()

    def test_vendor_bill_both_ways(self):
        self.company.broker_statement_payment = "bill"
        self.statement.action_confirm()
        with self.assertRaisesRegex(UserError, "Choose a journal"):
            self._wizard(self.statement).action_pay()
        self.company.broker_statement_journal_id = self.company_data["default_journal_purchase"]
        self.company.broker_statement_expense_account_id = self.expense
        self._wizard(self.statement).action_pay()
        bill = self.statement.move_id
        self.assertEqual(
            (bill.move_type, bill.state, bill.amount_total, bill.partner_id),
            ("in_invoice", "draft", 210, self.sales_wang.partner_id),
        )
        self.assertEqual(bill.invoice_line_ids.account_id, self.expense)
        self.assertEqual(bill.broker_statement_ids, self.statement)
        self.assertEqual(self.statement.document_state, "draft")
        with self.assertRaisesRegex(UserError, "Cancel .* first"):
            self.statement.action_take_back_payment()
        bill.button_cancel()
        self.statement.invalidate_recordset()
        self.assertEqual((self.statement.state, self.statement.document_state), ("confirmed", "cancel"))
        self.assertEqual((self.statement.paid_amount, self.statement.paid_on), (0, False))
        with self.assertRaisesRegex(UserError, "not marked as paid"):
            self.statement.action_take_back_payment()
        self._wizard(self.statement).action_pay()
        self.assertNotEqual(self.statement.move_id, bill)

    def test_journal_entry(self):
        self.company.write(
            {
                "broker_statement_payment": "entry",
                "broker_statement_journal_id": self.company_data["default_journal_misc"].id,
                "broker_statement_expense_account_id": self.expense.id,
                "broker_statement_payable_account_id": self.company_data["default_account_payable"].id,
            }
        )
        self.statement.action_confirm()
        self._wizard(self.statement).action_pay()
        lines = self.statement.move_id.line_ids
        self.assertEqual(
            {line.account_id: line.balance for line in lines},
            {self.expense: 210, self.company_data["default_account_payable"]: -210},
        )

    def test_many_at_once(self):
        of_chen = self._open(("2026-03-01", "2026-03-10"), self.service_chen)
        both = self.statement + of_chen
        both.action_confirm()
        self._wizard(both).action_pay()
        self.assertEqual(both.mapped("paid_amount"), [210, 90])

    def test_month_is_named_as_the_language_does(self):
        statement = self.env["broker.commission.statement"].new(
            {"user_id": self.sales_wang.id, "date_from": "2026-03-01", "date_to": "2026-03-31"}
        )
        self.assertEqual(statement._get_period_name(), "March 2026")
        self.env["res.lang"]._activate_lang("zh_CN")
        self.assertEqual(statement.with_context(lang="zh_CN")._get_period_name(), "2026年3月")

    def test_paid_month_is_not_taken_back_after_the_next(self):
        self.statement.action_confirm()
        self._wizard(self.statement).action_pay()
        self._at("04-30")
        self._confirm(("2026-03-11", "2026-04-30"))
        with self.assertRaisesRegex(UserError, "carried to"):
            self.statement.action_take_back_payment()


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
