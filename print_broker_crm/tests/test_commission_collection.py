from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionCollection(BrokerAccountCommon):
    """Collected is the money that came in; what closes an invoice otherwise is not.

    The job of the design: 10,000 with a margin of 3,000, a pool of 300, shared 210 and
    90 when all of it was collected.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.expense = cls.company_data["default_account_expense"]
        cls.bank_account = cls.company_data["default_journal_bank"].default_account_id
        cls.job = cls._create_job()
        cls.invoice = cls._create_posted_invoice(cls.job)

    def _post_entry(self, account, amount):
        """Post an entry that credits the customer; return its line of the receivable."""
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create({"account_id": account.id, "debit": amount}),
                    Command.create({"account_id": self.receivable.id, "credit": amount, "partner_id": self.partner.id}),
                ],
            }
        )
        entry.action_post()
        return entry.line_ids.filtered(lambda line: line.account_id == self.receivable)

    def _match_line(self, line, invoice=None):
        term = (invoice or self.invoice).line_ids.filtered(lambda term: term.account_type == "asset_receivable")
        (line + term).reconcile()

    def test_write_off_with_the_payment(self):
        """9,700 came, 300 are forgiven: 97 %."""
        self._register_payment(
            self.invoice,
            payment_date=self.invoice.invoice_date,
            amount=9700,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.expense.id,
        )
        self.assertFalse(self.invoice.amount_residual)
        self.assertCommission(self.job, 203.7, 87.3)
        self.assertCommission(self.job, 210, 90, "earned")

    def test_write_off_by_an_entry(self):
        self._pay(self.invoice, 4000)
        self._match_line(self._post_entry(self.expense, 6000))
        self.assertFalse(self.invoice.amount_residual)
        self.assertCommission(self.job, 84, 36)

    def test_all_written_off(self):
        self._match_line(self._post_entry(self.expense, 10000))
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertCommission(self.job, 0, 0)

    def test_set_off_against_a_payable(self):
        """The customer prints for the firm, too: 2,500 are set off, 7,500 are paid."""
        self._match_line(self._post_entry(self.company_data["default_account_payable"], 2500))
        self._pay(self.invoice)
        self.assertFalse(self.invoice.amount_residual)
        self.assertCommission(self.job, 157.5, 67.5)

    def test_discount_for_early_payment(self):
        """2 % less within ten days: 9,800 came."""
        self.partner.property_payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "2/10",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            }
        )
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        payment = self._register_payment(invoice, payment_date=invoice.invoice_date)
        self.assertEqual(payment.amount, 9800)
        self.assertFalse(invoice.amount_residual)
        self.assertCommission(job, 205.8, 88.2)

    def test_entry_on_the_bank(self):
        """Money booked by hand is money; the bank's fee of 100 is not."""
        line = self._post_entry(self.bank_account, 5000)
        self._match_line(line)
        self.assertCommission(self.job, 105, 45)
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "line_ids": [
                    Command.create({"account_id": self.bank_account.id, "debit": 4900}),
                    Command.create({"account_id": self.expense.id, "debit": 100}),
                    Command.create({"account_id": self.receivable.id, "credit": 5000, "partner_id": self.partner.id}),
                ],
            }
        )
        entry.action_post()
        self._match_line(entry.line_ids.filtered(lambda line: line.account_id == self.receivable))
        # 9,900 of 10,000.
        self.assertCommission(self.job, 207.9, 89.1)

    def test_payment_without_an_entry(self):
        """A payment that Odoo keeps without an entry counts when the bank shows it."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.partner.id,
                "amount": 10000,
                "journal_id": self.company_data["default_journal_bank"].id,
                "invoice_ids": [Command.set(self.invoice.ids)],
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertCommission(self.job, 0, 0)
        self._match_line(self._post_entry(self.bank_account, 10000))
        self.assertCommission(self.job, 210, 90)

    def test_overpayment_is_used_for_the_next_invoice(self):
        payment = self._pay(self.invoice, 12000)
        self.assertCommission(self.job, 210, 90)
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self.assertCommission(job, 0, 0)
        line = payment.move_id.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self._match_line(line, invoice)
        # 2,000 of 10,000.
        self.assertCommission(job, 42, 18)
        self.assertCommission(self.job, 210, 90)

    def test_payment_reset_to_draft(self):
        """Odoo leaves it matched, and the invoice paid; but nothing came in."""
        payment = self._pay(self.invoice)
        payment.action_draft()
        self.assertTrue(payment.move_id.line_ids.matched_debit_ids)
        self.assertCommission(self.job, 0, 0)
        payment.action_post()
        self.assertCommission(self.job, 210, 90)
        payment.action_cancel()
        self.assertCommission(self.job, 0, 0)

    def test_note_reset_to_draft(self):
        """A draft of a note that stays matched does not make the invoice collected."""
        note = self._credit(self.invoice, post=False)
        note.action_post()
        self.assertFalse(self.invoice.amount_residual)
        self.assertCommission(self.job, 0, 0)
        note.button_draft()
        self.assertCommission(self.job, 0, 0)
        self.assertCommission(self.job, 210, 90, "earned")
        note.action_post()
        self.assertCommission(self.job, 0, 0)
        self.assertCommission(self.job, 0, 0, "earned")

    def test_two_invoices_paid_short_together(self):
        """19,000 for two invoices of 10,000, the rest forgiven: 95 % of each."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._register_payment(
            self.invoice + invoice,
            payment_date=invoice.invoice_date,
            amount=19000,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.expense.id,
        )
        self.assertCommission(self.job, 199.5, 85.5)
        self.assertCommission(job, 199.5, 85.5)

    def test_note_lowers_what_is_to_be_collected(self):
        """2,000 come back of 1,000 pieces: half of the rest of 8,000 is half of 240."""
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        note = self._credit(invoice, quantity=200)
        self._match(invoice, note)
        self._pay(invoice, 4000)
        self.assertCommission(job, 84, 36)
        self._pay(invoice)
        self.assertCommission(job, 168, 72)

    def test_note_used_for_another_invoice(self):
        """Of 15,000 less 2,000 all was collected: 300 + 150 - 60 is 390."""
        job = self._create_job(price=10, cost=7, quantity=1000)
        first = self._create_posted_invoice(job)
        note = self._credit(first, quantity=200)
        other = self._create_job(price=5000, cost=3500)
        second = self._create_posted_invoice(other)
        self._match(second, note)
        self.assertCommission(job + other, 0, 0)
        self._pay(second)
        # 3,000 of the 3,000 to pay: 150, and the note of 60 is used up: 90 in all.
        self.assertCommission(other, 105, 45)
        self.assertCommission(job, -42, -18)
        self._pay(first)
        self.assertCommission(job + other, 273, 117)

    def test_note_without_its_invoice(self):
        """Goods taken back on the order: the note reverses no invoice, and follows the
        one it was used for."""
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        note = self._credit(invoice, quantity=200, post=False)
        note.reversed_entry_id = False
        note.action_post()
        self.assertCommission(job, 0, 0)
        self.assertCommission(job, 168, 72, "earned")
        self._pay(invoice, 5000)
        self.assertCommission(job, 105, 45)
        self._match(invoice, note)
        # 5,000 of 8,000 were collected: of 240, five eighths.
        self.assertCommission(job, 105, 45)
        self._pay(invoice)
        self.assertCommission(job, 168, 72)

    def test_note_paid_back_is_taken_back(self):
        job = self._create_job(price=10, cost=7, quantity=1000)
        invoice = self._create_posted_invoice(job)
        note = self._credit(invoice, quantity=200, post=False)
        note.reversed_entry_id = False
        note.action_post()
        self._pay(invoice)
        self.assertCommission(job, 210, 90)
        self._pay(note)
        self.assertCommission(job, 168, 72)
