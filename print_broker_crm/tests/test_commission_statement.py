import psycopg2

from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.fields import Command
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common_statement import APRIL, MARCH, MAY, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionStatement(StatementCommon):
    """One person's months, in figures worked out by hand."""

    def test_month_without_anything_odd(self):
        self._sell()
        self._sell(pay=False)
        march = self._open(MARCH)
        self.assertFigures(march, 0, 210, 0, 0, 0, 210)
        self._at("04-02")
        march.action_confirm()
        self.assertEqual((march.state, march.payable_amount), ("confirmed", 210))
        self.assertEqual(march.entry_ids.user_id, self.sales_wang)
        self.assertEqual(march.entry_ids.statement_id, march)
        self.assertEqual(march.confirmed_by_id, self.manager_qian)
        self.assertFalse(self.Entry.search([("user_id", "=", self.service_chen.id)]).statement_id)

    def test_months_follow_each_other(self):
        """March is paid, April is not, May carries April's."""
        self._sell()
        self._at("04-10")
        self._sell()
        self._confirm(MARCH).sudo()._pay("2026-04-05")
        self._at("05-10")
        self._sell()
        april = self._confirm(APRIL)
        self.assertFigures(april, 0, 210, 0, 0, 0, 210)
        self._at("06-01")
        may = self._open(MAY)
        self.assertFigures(may, 210, 210, 0, 0, 0, 420)
        may.action_confirm()
        self.assertEqual(april.carried_to_id, may)
        self.assertEqual((april + may).mapped("is_carried"), [True, False])
        with self.assertRaisesRegex(UserError, "carried to"):
            april.sudo()._pay("2026-06-02")
        may.sudo()._pay("2026-06-02")
        self.assertEqual((may.state, may.paid_amount), ("paid", 420))

    def test_part_payment_is_carried(self):
        self._sell()
        self._at("04-02")
        march = self._confirm(MARCH)
        march.sudo()._pay("2026-04-05", amount=100)
        self.assertFigures(self._open(APRIL), 110, 0, 0, 0, 0, 110)

    def test_credit_note_after_a_confirmed_statement(self):
        """March was paid; the note makes April a debt; May works it off."""
        invoice = self._sell()
        self._at("04-10")
        march = self._confirm(MARCH)
        before = march.sudo().snapshot
        march.sudo()._pay("2026-04-10")
        self._credit(invoice)
        self._at("05-10")
        april = self._confirm(APRIL)
        self.assertFigures(april, 0, 0, -210, 0, 0, -210)
        self.assertEqual(april.payable_amount, 0)
        self.assertEqual(april.difference_ids.kind, "refund")
        with self.assertRaisesRegex(UserError, "nothing to pay"):
            april.sudo()._pay("2026-05-10")
        self._sell()
        self._sell()
        self._at("06-10")
        self.assertFigures(self._open(MAY), -210, 420, 0, 0, 0, 210)
        self.assertEqual(march.sudo().snapshot, before)
        self.assertEqual(march.verification, "verified")
        self.assertFigures(march, 0, 210, 0, 0, 0, 210)

    def test_reset_after_a_confirmed_statement(self):
        """Reset, changed to 9,000 and paid again: 140 in place of 210."""
        invoice = self._sell()
        self._at("04-10")
        march = self._confirm(MARCH)
        facts = march.sudo()._get_facts()
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 9000
        invoice.action_post()
        self._pay(invoice)
        april = self._open(APRIL)
        self.assertFigures(april, 210, 140, -210, 0, 0, 140)
        self.assertEqual(march.sudo()._get_facts(), facts)
        self.assertEqual(march.verification, "verified")

    def test_rest_of_the_money_is_no_difference(self):
        invoice = self._sell(pay=False)
        self._pay(invoice, 4000)
        self._at("04-10")
        self.assertFigures(self._confirm(MARCH), 0, 84, 0, 0, 0, 84)
        self._pay(invoice, 6000)
        self.assertFigures(self._open(APRIL), 84, 126, 0, 0, 0, 210)

    def test_changed_cost_of_a_closed_month(self):
        """The printing house takes 8,000: the margin is 2,000 and Wang's part 140."""
        invoice = self._sell()
        self._at("04-10")
        self._confirm(MARCH)
        job = invoice.invoice_line_ids.sale_line_ids.order_id
        job.order_line.purchase_price = 8000
        self.Entry._settle_orders(job, "cost")
        self.assertFigures(self._open(APRIL), 210, 0, -70, 0, 0, 140)

    def test_late_entry_falls_into_the_open_month(self):
        """Written late with a day of a confirmed month."""
        self._sell()
        self._at("04-02")
        self._confirm(MARCH)
        self._at("03-31")
        self._sell()
        self._at("04-30")
        self.assertFigures(self._open(APRIL), 210, 0, 210, 0, 0, 420)

    def test_two_open_months_share_nothing(self):
        self._sell()
        self._at("04-10")
        self._sell()
        self._sell()
        march, april = self._open(MARCH), self._open(APRIL)
        self.assertFigures(march, 0, 210, 0, 0, 0, 210)
        self.assertFigures(april, 210, 420, 0, 0, 0, 630)
        self._at("05-01")
        with self.assertRaisesRegex(UserError, "Wang, March 2026 is still open"):
            april.action_confirm()
        (april + march).action_confirm()
        self.assertEqual((march + april).mapped("is_carried"), [True, False])
        self.assertFigures(april, 210, 420, 0, 0, 0, 630)
        self.assertEqual(set((march + april).mapped("verification")), {"verified"})

    def test_days_begin_in_shanghai(self):
        """Half past midnight on the first of April is still March in UTC."""
        self._at("03-31", "15:59:00")
        self._sell()
        self._at("03-31", "16:30:00")
        self._sell()
        self.assertFigures(self._open(MARCH), 0, 210, 0, 0, 0, 210)
        self.assertFigures(self._open(APRIL), 210, 210, 0, 0, 0, 420)

    def test_period_must_be_over(self):
        self._sell()
        march = self._open(MARCH)
        with self.assertRaisesRegex(UserError, "goes on until"):
            march.action_confirm()
        march.date_to = "2026-03-10"
        march.action_confirm()
        self._at("03-20")
        self._sell()
        self.assertFigures(self._open(("2026-03-11", "2026-03-31")), 210, 210, 0, 0, 0, 420)

    def test_leaver_gets_the_last_statement(self):
        invoice = self._sell(pay=False)
        self.sales_wang.active = False
        self._pay(invoice)
        march = self._open(MARCH)
        self.assertFigures(march, 0, 210, 0, 0, 0, 210)
        self._at("04-01")
        self.assertIn(self.sales_wang, self.Statement._open_period(self.company, *APRIL).user_id + march.user_id)
        march.action_confirm()
        march.sudo()._pay("2026-04-01")
        self.assertEqual(march.state, "paid")

    def test_share_without_a_payee_is_on_nobodys_statement(self):
        self.customer.service_user_id = False
        self._sell()
        self._at("04-01")
        statements = self.Statement._open_period(self.company, *MARCH)
        self.assertEqual(statements.user_id, self.sales_wang)
        statements.action_confirm()
        rest = self.Entry.search([("user_id", "=", False), ("company_id", "=", self.company.id)])
        self.assertTrue(rest)
        self.assertFalse(rest.statement_id)

    def test_two_companies(self):
        """What another company owes stands on a statement of its own."""
        other = self.setup_other_company()["company"]
        self._sell()
        self.Adjustment.sudo().create(
            {
                "company_id": other.id,
                "user_id": self.sales_wang.id,
                "amount": 50,
                "reason": "There",
                "date": "2026-03-05",
            }
        )
        there = self.Statement.sudo().create(
            {"company_id": other.id, "user_id": self.sales_wang.id, "date_from": MARCH[0], "date_to": MARCH[1]}
        )
        here = self._open(MARCH)
        self.assertFigures(here, 0, 210, 0, 0, 0, 210)
        self.assertFigures(there, 0, 0, 0, 50, 0, 50)
        with self.assertRaises(AccessError):
            there.with_user(self.manager_qian).with_context(allowed_company_ids=self.company.ids).read(["state"])

    def test_draws_and_advances_are_deducted(self):
        self._sell()
        self._adjust(-100, "draw")
        self._adjust(-30, "advance")
        self._adjust(25)
        self.assertFigures(self._open(MARCH), 0, 210, 0, 25, -130, 105)

    def test_instalments(self):
        """210 come back over three statements: 70 each; the parts add up."""
        invoice = self._sell()
        self._at("04-10")
        self._confirm(MARCH).sudo()._pay("2026-04-10")
        self._credit(invoice)
        april = self._open(APRIL)
        wizard = self.env["broker.commission.instalment"].with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "spread that, or less"):
            wizard.create({"statement_id": april.id, "amount": 211, "count": 3, "reason": "Refund"}).action_spread()
        spread = wizard.create({"statement_id": april.id, "count": 3, "reason": "Refund"})
        self.assertEqual(spread.amount, 210)
        spread.action_spread()
        self.assertFigures(april, 0, 0, -210, 210, 0, 0)
        self._at("08-01")
        april.action_confirm()
        may = self._confirm(MAY)
        self.assertFigures(may, 0, 0, 0, -70, 0, -70)
        june = self._confirm(("2026-06-01", "2026-06-30"))
        self.assertFigures(june, -70, 0, 0, -70, 0, -140)
        july = self._confirm(("2026-07-01", "2026-07-31"))
        self.assertFigures(july, -140, 0, 0, -70, 0, -210)
        rows = self.Adjustment.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual(sum(rows.mapped("amount")), 0)
        self.assertEqual(len(rows.filtered(lambda row: row.parent_id.kind == "deferral")), 3)

    def test_instalments_that_do_not_divide(self):
        self._adjust(-100)
        self._confirm(("2026-03-01", "2026-03-10"))
        rest = self._open(("2026-03-11", "2026-03-31"))
        self.env["broker.commission.instalment"].with_user(self.manager_qian).create(
            {"statement_id": rest.id, "count": 3, "reason": "Debt"}
        ).action_spread()
        parts = self.Adjustment.search([("kind", "=", "instalment")], order="date").mapped("amount")
        self.assertEqual(parts, [-33.33, -33.33, -33.34])

    def test_empty_month_says_why(self):
        invoice = self._sell(pay=False)
        self._at("04-01")
        march = self._open(MARCH)
        self.assertIn("held", march.empty_reason)
        self.assertIn("The invoice is not paid", march.empty_reason)
        self.assertIn(invoice.name, march.empty_reason)
        march.action_confirm()
        self._pay(invoice)
        march.invalidate_recordset()
        self.assertIn(invoice.name, march.empty_reason)
        self.assertEqual(march.closing_balance, 0)
        nothing = self._open(MARCH, self.sales_zhao)
        self.assertIn("nothing that was earned", nothing.empty_reason)

    def test_everybody_who_needs_one_gets_one(self):
        self._sell()
        self._adjust(10, user=self.sales_zhao, date="2026-02-15")
        self._at("04-01")
        wizard = self.env["broker.commission.statement.opening"].with_user(self.manager_qian).create({})
        self.assertEqual((wizard.date_from, wizard.date_to), MARCH)
        wizard.action_open()
        statements = self.Statement.search([])
        self.assertEqual(statements.user_id, self.sales_wang + self.service_chen + self.sales_zhao)
        with self.assertRaisesRegex(UserError, "Nobody needs"):
            wizard.action_open()
        statements.action_confirm()
        self._at("05-01")
        # Nothing happened in April; what was not paid is carried.
        april = self.Statement._open_period(self.company, *APRIL)
        self.assertEqual(april.user_id, statements.user_id)
        with self.assertRaises(AccessError):
            wizard.with_user(self.sales_wang).action_open()

    def test_cron_opens_the_month_once(self):
        self._sell()
        self._at("04-01")
        cron = self.env.ref("print_broker_crm.ir_cron_broker_commission_open_statements")
        for _night in range(2):
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
        self.assertEqual(len(self.Statement.search([("company_id", "=", self.company.id)])), 2)
        self.company.broker_statement_auto = False
        self._at("05-01")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(len(self.Statement.search([("company_id", "=", self.company.id)])), 2)

    def test_periods_of_several_months(self):
        self.company.broker_statement_months = 3
        self._at("05-20")
        self.assertEqual(tuple(map(str, self.Statement._get_last_period(self.company))), ("2026-01-01", "2026-03-31"))
        self.company.broker_statement_months = 1
        self._at("01-05")
        self.assertEqual(tuple(map(str, self.Statement._get_last_period(self.company))), ("2025-12-01", "2025-12-31"))
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.company.broker_statement_months = 5
            self.company.flush_recordset()

    @mute_logger("odoo.sql_db")
    def test_periods_never_overlap(self):
        self._open(MARCH)
        with self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
            self._open(("2026-03-31", "2026-04-30"))
        with self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
            self._open(("2026-05-31", "2026-05-01"))
        self._open(MARCH, self.service_chen)

    def test_nothing_is_opened_before_a_confirmed_month(self):
        self._at("05-01")
        self._confirm(APRIL)
        with self.assertRaisesRegex(ValidationError, "begins after it"):
            self._open(MARCH)


@tagged("post_install", "-at_install")
class TestCommissionStatementGuard(StatementCommon):
    """What is confirmed stays, whoever tries and by whatever door."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.admin.write({"company_ids": [Command.link(cls.company.id)]})
        cls.job = cls._create_job()
        cls._pay(cls._create_posted_invoice(cls.job))
        cls.adjustment = cls.Adjustment.create(
            {"user_id": cls.sales_wang.id, "amount": 5, "reason": "Prize", "date": "2026-03-05"}
        )
        cls.statement = cls.Statement.create(
            {"user_id": cls.sales_wang.id, "date_from": MARCH[0], "date_to": "2026-03-10"}
        )
        cls.entries = cls.statement.entry_ids

    def _get_people(self):
        return (self.sales_wang, self.manager_qian, self.admin)

    def test_the_statement_of_an_entry_is_written_by_confirming_alone(self):
        entry = self.entries[0]
        other = self._open(("2026-04-01", "2026-04-30"))
        for user in self._get_people():
            for records in (entry, self.adjustment):
                with self.assertRaises(UserError):
                    records.with_user(user).write({"statement_id": self.statement.id})
                with self.assertRaises(UserError):
                    records.with_user(user).load(["id", "statement_id/.id"], [["x", str(self.statement.id)]])
                with self.assertRaises(UserError):
                    records.with_user(user).copy({"statement_id": self.statement.id})
                with self.assertRaises(UserError):
                    records.with_user(user).unlink()
            for command in (Command.link(entry.id), Command.update(entry.id, {"amount": 1}), Command.clear()):
                for name in ("entry_ids", "difference_ids"):
                    with self.assertRaises(UserError):
                        self.statement.with_user(user).write({name: [command]})
        for records in (entry, self.adjustment):
            with self.assertRaises(UserError):
                records.sudo().write({"statement_id": self.statement.id})
        self.statement.action_confirm()
        self.assertEqual((entry.statement_id, self.adjustment.statement_id), (self.statement, self.statement))
        for records in (entry, self.adjustment):
            for value in (other.id, False):
                with self.assertRaises(UserError):
                    records.sudo().write({"statement_id": value})

    def test_taken_rows_are_not_taken_again(self):
        self.statement.action_confirm()
        other = self._open(("2026-03-11", "2026-04-30"))
        figures = {other.id: {"entry_ids": self.entries.ids, "difference_ids": [], "adjustment_ids": []}}
        with self.assertRaises(ConcurrencyError), self.cr.savepoint():
            self.Statement.sudo()._claim(figures)

    def test_no_field_of_a_confirmed_statement_is_written(self):
        self.statement.action_confirm()
        for user in (*self._get_people(), self.env.ref("base.user_root")):
            statement = self.statement.with_user(user)
            for name, field in self.statement._fields.items():
                if field.store and name not in MAGIC_COLUMNS:
                    with self.assertRaises(UserError, msg=name):
                        statement.write({name: False})
            with self.assertRaises(UserError):
                statement.unlink()
            with self.assertRaises(UserError):
                statement.copy()
            with self.assertRaises(UserError):
                statement.load(["note"], [["x"]])
        with self.assertRaises(UserError):
            self.statement.action_confirm()

    def test_an_open_statement_is_not_confirmed_by_writing(self):
        for vals in ({"state": "paid"}, {"paid_amount": 5}, {"snapshot": "{}"}, {"payable_amount": 9}):
            with self.assertRaises(UserError):
                self.statement.write(vals)
            with self.assertRaises(UserError):
                self.Statement.create({"user_id": self.sales_zhao.id, **vals})
        with self.assertRaisesRegex(UserError, "stays with its person"):
            self.statement.write({"user_id": self.sales_zhao.id})
        self.statement.write({"note": "Well done"})
        self.statement.unlink()

    def test_only_managers_confirm_and_pay(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            statement = self.statement.with_user(user)
            for call in (statement.action_confirm, statement.action_take_back_payment):
                with self.assertRaises(AccessError):
                    call()
            with self.assertRaises(AccessError):
                self.env["broker.commission.statement"].with_user(user).create({"user_id": user.id})
            with self.assertRaises(AccessError):
                self.Adjustment.with_user(user).create({"user_id": user.id, "amount": 9, "reason": "Me"})
            with self.assertRaises(AccessError):
                self.env["broker.commission.statement.payment"].with_user(user).create({})

    def test_people_see_their_own(self):
        of_chen = self._open(MARCH, self.service_chen)
        for user, own, others in (
            (self.sales_wang, self.statement, of_chen),
            (self.service_chen, of_chen, self.statement),
        ):
            Statement = self.Statement.with_user(user)
            self.assertEqual(Statement.search([]), own.with_user(user))
            self.assertEqual(own.with_user(user).closing_balance, {self.statement: 215, of_chen: 90}[own])
            self.assertTrue(own.with_user(user).read(["entry_ids", "empty_reason", "verification"]))
            with self.assertRaises(AccessError):
                others.with_user(user).read(["closing_balance"])
            with self.assertRaises(AccessError):
                own.with_user(user).read(["snapshot"])
        self.assertFalse(self.Adjustment.with_user(self.service_chen).search([]))
        with self.assertRaises(AccessError):
            self.Statement.with_user(self.plain_user).search([])

    def test_a_changed_database_is_seen(self):
        self.statement.action_confirm()
        self.assertEqual(self.statement.verification, "verified")
        self.env.flush_all()
        with self.cr.savepoint(flush=False) as savepoint:
            self.cr.execute(
                SQL("UPDATE broker_commission_entry SET amount = amount + 0.01 WHERE id = %s", self.entries[0].id)
            )
            self.statement.invalidate_recordset()
            self.assertEqual(self.statement.verification, "broken")
            savepoint.rollback()
        with self.cr.savepoint(flush=False) as savepoint:
            self.cr.execute(
                SQL(
                    "UPDATE broker_commission_statement SET snapshot = REPLACE(snapshot, '215', '216') WHERE id = %s",
                    self.statement.id,
                )
            )
            self.statement.invalidate_recordset()
            self.assertEqual(self.statement.verification, "broken")
            savepoint.rollback()

    def test_adjustments_are_append_only(self):
        for name, field in self.adjustment._fields.items():
            if field.store and name not in MAGIC_COLUMNS:
                with self.assertRaisesRegex(UserError, "not edited"):
                    self.adjustment.sudo().write({name: self.adjustment[name]})
        with self.assertRaisesRegex(UserError, "never deleted"):
            self.adjustment.sudo().unlink()
        for vals in ({"kind": "instalment"}, {"kind": "dispute"}, {"statement_id": self.statement.id}):
            with self.assertRaisesRegex(UserError, "By hand"):
                self._adjust(5, **{"kind": "adjustment", **vals})
        with mute_logger("odoo.sql_db"):
            for kind, amount in (("draw", 5), ("advance", 5), ("adjustment", 0)):
                with self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
                    self._adjust(amount, kind)
        of_chen = self.Entry.search([("user_id", "=", self.service_chen.id)], limit=1)
        with self.assertRaisesRegex(ValidationError, "not one of Wang"):
            self._adjust(5, entry_id=of_chen.id)
