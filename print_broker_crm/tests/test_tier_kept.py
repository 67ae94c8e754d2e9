import random
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.models import broker_tier_run_kept_mixin
from odoo.addons.print_broker_crm.models.broker_tier_run_kept_mixin import KEPT
from odoo.addons.print_broker_crm.tests import test_tier_night
from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon

SEEDS = range(3)
NIGHTS = 8


class TierKeptCommon(TierCommon):
    """Nights that see what was written before them and after them as in transactions of
    their own: each has a savepoint, whose rows PostgreSQL numbers like a transaction's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.savepoints = 0
        # Of so few customers all would be worked out anew as soon as one is.
        cls.startClassPatcher(patch.object(broker_tier_run_kept_mixin, "FEW", 0))
        cls.startClassPatcher(
            patch.object(type(cls.env["broker.tier.run"]), "_get_horizon", lambda run: cls._get_next_number())
        )

    @classmethod
    def _get_next_number(cls):
        """Return the number of the next transaction or savepoint."""
        cls.env.cr.execute(
            "UPDATE broker_tier_run SET write_date = write_date WHERE id IN (SELECT MAX(id) FROM "
            "broker_tier_run) RETURNING xmin::varchar::bigint + 1"
        )
        return cls.env.cr.fetchone()[0]

    def _set_savepoint(self):
        self.env.flush_all()
        type(self).savepoints += 1
        self.env.cr.execute(f"SAVEPOINT night_{self.savepoints}")

    def _gather(self, day):
        """Gather the figures of a night, and return the run and whose were worked out anew."""
        self._go_to(f"{day} 04:00:00")
        self._set_savepoint()
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        worked_out = {}
        find_missing = type(run)._find_missing

        def spy(run, name):
            worked_out[name] = find_missing(run, name)
            return worked_out[name]

        with patch.object(type(run), "_find_missing", spy):
            run._gather()
        self._set_savepoint()
        return run, worked_out

    def _night(self, day):
        """Score everybody in the night of a day; return whose figures were worked out anew."""
        run, worked_out = self._gather(day)
        while not run.is_done:
            run._step(1000)
        self.env.invalidate_all()
        return worked_out["margin"], worked_out["payment"]

    def _execute(self, statement):
        """Change rows below the ORM; some must be changed."""
        self.env.flush_all()
        self.env.cr.execute(statement)
        self.assertTrue(self.env.cr.rowcount, statement)
        self.env.invalidate_all()

    def _assert_kept_is_true(self, *told):
        """Compare what is kept with what the rows say now."""
        policy = self.policy
        date = self.company._get_broker_today()
        first, last = policy._get_window(date)
        self.env.flush_all()
        columns = SQL(", ").join(SQL.identifier(name) for name in (*KEPT["margin"], *KEPT["payment"]))
        billing = self.Score._get_billing_query(policy, first, last, None)
        worked_out = SQL(
            "%s, %s, %s", billing, self.Score._get_margin_query(policy), self.Score._get_payment_query(last, None)
        )
        run = self.env["broker.tier.run"]
        read = [
            self.env.execute_query(
                SQL(
                    """
                    WITH %s SELECT customer.id, %s FROM broker_customer customer
                 LEFT JOIN %s margin ON margin.customer_id = customer.id
                 LEFT JOIN payment ON payment.customer_id = customer.id
                     WHERE customer.company_id = %s AND customer.active ORDER BY customer.id
                    """,
                    expressions,
                    columns,
                    margin,
                    self.company.id,
                )
            )
            for expressions, margin in (
                (worked_out, SQL("(SELECT * FROM billing FULL JOIN margin USING (customer_id))")),
                (run._get_kept_expressions(), SQL("(SELECT * FROM margin)")),
            )
        ]
        self.assertEqual(read[1], read[0], told)


@tagged("post_install", "-at_install")
class TestTierKept(TierKeptCommon):
    """What is kept from night to night is what would be worked out of the rows."""

    def setUp(self):
        super().setUp()
        self.other = self._create_partner("Other", self.sales_wang)
        self.mine = self._invoice(100000, 70000, due="2025-05-10")
        self.theirs = self._invoice(50000, 20000, due="2025-05-10", partner=self.other)
        for invoice in self.mine + self.theirs:
            self._pay(invoice, date="2025-05-10")
        self.others = self.other.broker_customer_ids
        self._night("2025-06-15")

    def test_nothing_changed(self):
        self.assertEqual(self._night("2025-06-16"), (self.others.browse(), self.others.browse()))
        self._assert_kept_is_true()

    def test_whose_rows_changed(self):
        """Below the ORM, so that nothing but the row itself tells."""
        line = self.theirs.invoice_line_ids.id
        term = self.theirs.line_ids.filtered(lambda row: row.display_type == "payment_term").id
        order = self.theirs.invoice_line_ids.sale_line_ids.order_id.id
        both, margin, payment = (True, True), (True, False), (False, True)
        day = fields.Date.to_date("2025-06-16")
        for statement, expected in (
            (f"UPDATE account_move SET broker_is_disputed = TRUE WHERE id = {self.theirs.id}", both),
            (f"UPDATE account_move_line SET quantity = quantity + 1 WHERE id = {line}", margin),
            (f"UPDATE sale_order_line SET purchase_price = 11 WHERE order_id = {order}", margin),
            (f"UPDATE account_move_line SET date_maturity = '2025-05-01' WHERE id = {term}", payment),
            (
                f"UPDATE account_partial_reconcile SET max_date = '2025-05-20' WHERE debit_move_id = {term}",
                payment,
            ),
            (f"DELETE FROM account_partial_reconcile WHERE debit_move_id = {term}", payment),
            (f"DELETE FROM sale_order_line_invoice_rel WHERE invoice_line_id = {line}", margin),
        ):
            self._execute(statement)
            # Of a block from which a row is gone all count: the neighbours are asked for as well.
            found = self._night(day)
            for name, customers, changed in zip(KEPT, found, expected, strict=True):
                self.assertEqual(self.others in customers, changed, (name, statement))
                if not statement.startswith("DELETE"):
                    self.assertNotIn(self.customer, customers, (name, statement))
            self._assert_kept_is_true(statement)
            day += timedelta(days=1)

    def test_days_move_the_window(self):
        old = self._invoice(1000, 700, date="2024-07-01", due="2024-07-01", partner=self.other)
        self._pay(old, date="2024-07-01")
        self._night("2025-06-16")
        self.assertFalse(self._night("2025-06-29")[0], "the 30th of June 2024 comes first")
        self.assertEqual(self._night("2025-07-01")[0], self.others)
        self._assert_kept_is_true()

    def test_what_is_open_is_open_one_more_day(self):
        """And an invoice out of the window counts until it is paid."""
        self._invoice(1000, 700, date="2024-03-01", due="2024-04-01", partner=self.other)
        self._night("2025-06-16")
        for day in (17, 18):
            self.assertEqual(self._night(f"2025-06-{day}"), (self.others.browse(), self.others))
            self._assert_kept_is_true(day)

    def test_rates_count_from_their_day(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        rate = {"currency_id": yen.id, "company_id": self.company.id}
        self.env["res.currency.rate"].create({"name": "2025-01-01", "company_rate": 20, **rate})
        self.assertEqual(self._night("2025-06-16")[0] & self.customer, self.customer, "the first rate of a currency")
        self.env["res.currency.rate"].create({"name": "2025-06-16", "company_rate": 21, **rate})
        self.assertFalse(self._night("2025-06-17")[0], "nobody was billed since then")
        self.env["res.currency.rate"].create({"name": "2025-04-30", "company_rate": 22, **rate})
        self.assertEqual(self._night("2025-06-18")[0], self.customer + self.others)
        self._assert_kept_is_true()

    def test_units_count_for_all(self):
        self._execute("UPDATE uom_uom SET factor = factor WHERE id = (SELECT MIN(id) FROM uom_uom)")
        self.assertEqual(self._night("2025-06-16")[0] & (self.customer + self.others), self.customer + self.others)

    def test_what_is_credited_counts_for_the_note(self):
        note = self._credit(self.theirs, price=500)
        self._execute(f"UPDATE account_move SET broker_customer_id = {self.customer.id} WHERE id = {note.id}")
        self._night("2025-06-16")
        self._execute(
            f"UPDATE account_move_line SET price_subtotal = 1 WHERE id IN ({self.theirs.invoice_line_ids.id})"
        )
        self.assertEqual(self._night("2025-06-17")[0], self.customer + self.others)
        self._assert_kept_is_true()

    def test_changed_while_archived(self):
        self.others.sudo().active = False
        self._night("2025-06-16")
        self.theirs.invoice_line_ids.sale_line_ids.purchase_price = 1
        self.assertNotIn(self.others, self._night("2025-06-17")[0], "nobody asks")
        self.others.sudo().active = True
        self.assertIn(self.others, self._night("2025-06-18")[0])
        self._assert_kept_is_true()

    def test_copied_row_by_row(self):
        """A database that was restored: the transactions of another cluster say nothing."""
        self._execute("UPDATE broker_tier_mark SET rows = rows + 7 WHERE source = 'horizon'")
        self.assertEqual(self._night("2025-06-16")[0] & (self.customer + self.others), self.customer + self.others)
        self.assertFalse(self._night("2025-06-17")[0])

    def test_very_long_ago(self):
        self._execute("UPDATE broker_tier_mark SET block = block - 2000000000 WHERE source = 'horizon'")
        self._execute("UPDATE broker_tier_mark SET rows = xmin::varchar::bigint WHERE source = 'horizon'")
        self.assertEqual(self._night("2025-06-16")[0] & (self.customer + self.others), self.customer + self.others)

    def test_of_many_all_are_worked_out(self):
        with patch.object(broker_tier_run_kept_mixin, "FEW", 1000):
            self.theirs.invoice_line_ids.sale_line_ids.purchase_price = 1
            self.assertIsNone(self._night("2025-06-16")[0])
        self._assert_kept_is_true()

    def test_companies_keep_their_own(self):
        company = self.env["res.company"].create({"name": "Second", "currency_id": self.company.currency_id.id})
        run = self.env["broker.tier.run"].sudo().create({"company_id": company.id, "date": "2025-06-16"})
        self._go_to("2025-06-16 04:00:00")
        run._keep_figures(self.Score, self.policy)
        self.theirs.invoice_line_ids.sale_line_ids.purchase_price = 1
        self._set_savepoint()
        run.date = "2025-06-17"
        run._keep_figures(self.Score, self.policy)
        self.assertEqual(self._night("2025-06-18")[0], self.others, "another company's night forgot nothing")
        self._assert_kept_is_true()


@tagged("post_install", "-at_install")
class TestTierKeptHistories(TierKeptCommon):
    """Random histories of the nights, with few kept figures worked out anew."""

    _pick = test_tier_night.TestTierNight._pick
    _do_invoice = test_tier_night.TestTierNight._do_invoice
    _do_pay = test_tier_night.TestTierNight._do_pay
    _do_unpay = test_tier_night.TestTierNight._do_unpay
    _do_credit = test_tier_night.TestTierNight._do_credit
    _do_reset = test_tier_night.TestTierNight._do_reset
    _do_cost = test_tier_night.TestTierNight._do_cost

    def _do_archive(self, dice, day, partners, history):
        customer = dice.choice(partners).sudo().with_context(active_test=False).broker_customer_ids
        customer.active = not customer.active

    def _do_row(self, dice, day, partners, history):
        """Somebody mends rows below the ORM."""
        self.env.flush_all()
        table, value = dice.choice(
            [
                ("sale_order_line", "purchase_price = purchase_price + 1"),
                ("account_partial_reconcile", "max_date = max_date + 3"),
                ("account_move_line", "date_maturity = date_maturity - 2"),
                ("account_move_line", "quantity = quantity + 1"),
            ]
        )
        self.env.cr.execute(f"UPDATE {table} SET {value} WHERE id % 3 = {dice.randrange(3)}")
        self.env.invalidate_all()

    def _do_unlink(self, dice, day, partners, history):
        """Somebody takes a billed line off its order."""
        invoice = self._pick(dice, [move for move in history["invoices"] if move.state == "posted"])
        if invoice:
            invoice.invoice_line_ids[:1].sale_line_ids = False

    def test_what_is_kept_is_what_the_rows_say(self):
        for seed in SEEDS:
            with self.cr.savepoint() as savepoint:
                kept = self._live_through(random.Random(seed), seed)
                self.assertTrue(kept, f"in no night of {seed} anything was kept")
                savepoint.rollback()
                self.env.invalidate_all()

    def _live_through(self, dice, seed):
        partners = [self.partner, *(self._create_partner(f"P{index}", self.sales_wang) for index in range(4))]
        history = {"invoices": []}
        events = [self._do_invoice, self._do_pay, self._do_unpay, self._do_credit, self._do_reset, self._do_cost]
        events += [self._do_archive, self._do_row, self._do_unlink]
        day = fields.Date.to_date("2025-06-15") + timedelta(days=dice.randrange(20))
        self._go_to(f"{day} 02:00:00")
        for _invoice in range(8):
            self._do_invoice(dice, day, partners, history)
        kept = 0
        for night in range(NIGHTS):
            self._go_to(f"{day} 02:00:00")
            told = []
            for _event in range(dice.randrange(0, 3)):
                event = dice.choice(events)
                told.append(event.__name__)
                event(dice, day, partners, history)
            run, worked_out = self._gather(day)
            self._assert_kept_is_true(seed, night, told)
            kept += sum(len(customers) < run.customer_count - 1 for customers in worked_out.values())
            while not run.is_done:
                run._step(1000)
            self.env.invalidate_all()
            self._set_savepoint()
            day += timedelta(days=dice.choice([1, 1, 2, 12]))
        return kept
