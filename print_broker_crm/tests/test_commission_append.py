from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionAppend(BrokerAccountCommon):
    """A row that was appended is a row as Odoo would have made it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Entry = cls.env["broker.commission.entry"].sudo()
        cls.job = cls._create_job(10000.0, 7000.0)
        cls.invoice = cls._create_posted_invoice(cls.job)
        cls.entry = cls.Entry.search([("move_id", "=", cls.invoice.id), ("role", "=", "sales")], limit=1)

    def _get_vals(self, **vals):
        """Return the values of a row like the sales share of the invoice."""
        columns = [name for name, field in self.Entry._fields.items() if field.store and field.column_type]
        given = {"id", "create_uid", "create_date", "write_uid", "write_date"}
        [row] = self.entry.read(columns, load=None)
        return {name: value for name, value in row.items() if name not in given} | vals

    def test_rounded_as_the_currency_says(self):
        coarse = self.env["res.currency"].create({"name": "XPB", "symbol": "x", "rounding": 0.05})
        row = self.Entry._append([self._get_vals(currency_id=coarse.id, amount=12.3371, base_amount=0.074999)])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((row.amount, row.earned, row.held, row.base_amount), (12.35, 12.35, 12.35, 0.05))
        # Not only as it is shown: the column itself holds no more.
        self.env.cr.execute(
            "SELECT amount::text, base_amount::text FROM broker_commission_entry WHERE id = %s", row.ids
        )
        self.assertEqual(self.env.cr.fetchone(), ("12.35", "0.05"))

    def test_rounded_as_the_field_says(self):
        row = self.Entry._append([self._get_vals(paid_ratio=1 / 3, rate=10.006, share=70)])
        self.env.invalidate_all()
        self.env.cr.execute("SELECT paid_ratio::text, rate::text FROM broker_commission_entry WHERE id = %s", row.ids)
        self.assertEqual(self.env.cr.fetchone(), ("0.333333", "10.01"))
        self.assertEqual(row.share, 70)

    def test_books(self):
        rows = self.Entry._append([self._get_vals(book=book, amount=-7.5) for book in ("earned", "released")])
        self.assertEqual([(row.earned, row.released, row.held) for row in rows], [(-7.5, 0.0, -7.5), (0.0, -7.5, 7.5)])

    def test_who_and_when(self):
        row = self.Entry.with_user(self.manager_qian).sudo()._append([self._get_vals()])
        self.assertEqual((row.create_uid, row.write_uid), (self.manager_qian, self.manager_qian))
        self.assertEqual((row.create_date, row.write_date), (self.env.cr.now(), self.env.cr.now()))

    def test_lists_that_were_read_before_know_the_row(self):
        charge = self.env["broker.commission.charge"].create(
            {"order_id": self.job.id, "amount": 5, "reason": "Freight"}
        )
        self.assertFalse(charge.entry_ids)
        row = self.Entry._append([self._get_vals(charge_id=charge.id)])
        self.assertEqual(charge.entry_ids, row)

    def test_more_than_one_statement_of_rows(self):
        rows = self.Entry._append([self._get_vals(amount=0.01) for _number in range(1001)])
        self.assertEqual(len(set(rows.ids)), 1001)
        self.assertAlmostEqual(sum(rows.mapped("amount")), 10.01, 2)

    def test_unknown_selection_is_refused(self):
        with self.assertRaises(ValueError):
            self.Entry._append([self._get_vals(kind="gift")])

    def test_nobody_creates(self):
        count = self.Entry.search_count([])
        with self.assertRaisesRegex(UserError, "not made by hand"):
            self.Entry.create([self._get_vals()])
        with self.assertRaises(AccessError):
            self.Entry.sudo(False).with_user(self.manager_qian).create([self._get_vals()])
        self.assertEqual(self.Entry.search_count([]), count)
