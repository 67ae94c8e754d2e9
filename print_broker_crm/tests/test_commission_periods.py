from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_statement import APRIL, MARCH, MAY, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionPeriods(StatementCommon):
    """Nobody's money waits because the firm settles by other periods from now on."""

    def _open_quarter(self):
        self.company.broker_statement_months = 3
        return self.Statement._open_period(self.company, *self.Statement._get_last_period(self.company))

    def _get_days(self, statement):
        return str(statement.date_from), str(statement.date_to)

    def test_from_months_to_quarters(self):
        """January was a month; February and March are what the quarter has left."""
        self._adjust(10, date="2026-01-10")
        self._confirm(("2026-01-01", "2026-01-31"))
        self._sell()
        self._at("04-02")
        statements = self._open_quarter()
        self.assertEqual(statements.user_id, self.sales_wang + self.service_chen)
        of_wang = statements.filtered(lambda statement: statement.user_id == self.sales_wang)
        of_chen = statements - of_wang
        self.assertEqual(self._get_days(of_wang), ("2026-02-01", "2026-03-31"))
        self.assertEqual(self._get_days(of_chen), ("2026-01-01", "2026-03-31"))
        self.assertFigures(of_wang, 10, 210, 0, 0, 0, 220)
        self.assertFigures(of_chen, 0, 90, 0, 0, 0, 90)
        self.assertFalse(self._open_quarter())
        statements.with_user(self.manager_qian).action_confirm()
        self.assertEqual(sum(statements.mapped("payable_amount")), 310)

    def test_open_months_stay_as_they_are(self):
        """March is open when the firm goes over to quarters: it covers the rest."""
        self._sell()
        self._open(MARCH)
        self._at("04-02")
        statements = self._open_quarter()
        self.assertEqual(statements.user_id, self.service_chen)

    def test_nothing_new_needs_no_statement(self):
        """What January had settled is no reason for February and March."""
        self._adjust(10, date="2026-01-10")
        self._confirm(("2026-01-01", "2026-01-31")).sudo()._pay("2026-02-02")
        self._at("04-02")
        self.assertFalse(self._open_quarter())

    def test_from_quarters_to_months(self):
        self._sell()
        self._at("04-02")
        self._open_quarter().with_user(self.manager_qian).action_confirm()
        self._sell()
        self._at("05-02")
        self.company.broker_statement_months = 1
        statements = self.Statement._open_period(self.company, *self.Statement._get_last_period(self.company))
        self.assertEqual({self._get_days(statement) for statement in statements}, {("2026-04-01", "2026-04-30")})
        of_wang = statements.filtered(lambda statement: statement.user_id == self.sales_wang)
        self.assertFigures(of_wang, 210, 210, 0, 0, 0, 420)


@tagged("post_install", "-at_install")
class TestCommissionOwnStatement(StatementCommon):
    """A manager who sells as well does not approve their own money."""

    def setUp(self):
        super().setUp()
        group = self.env.ref("print_broker_crm.group_manager").sudo()
        (group.all_user_ids - self.manager_qian).group_ids -= group
        self._adjust(10, user=self.manager_qian)
        self._at("04-02")
        self.statement = self._open(MARCH, self.manager_qian)

    def test_another_manager_confirms(self):
        second = self._create_user("second", "group_manager")
        with self.assertRaisesRegex(UserError, "is your own: another manager"):
            (self.statement + self._open(MARCH)).action_confirm()
        self.assertEqual(self.statement.state, "open")
        self.statement.with_user(second).action_confirm()
        self.assertEqual(self.statement.confirmed_by_id, second)
        self.assertFalse(self.statement.message_ids.filtered(lambda message: "own statement" in message.body))

    def test_the_only_manager_does_and_it_is_said(self):
        second = self._create_user("second", "group_manager")
        second.active = False
        self.statement.action_confirm()
        self.assertEqual(self.statement.state, "confirmed")
        self.assertTrue(self.statement.message_ids.filtered(lambda message: "own statement" in message.body))

    def test_a_manager_of_another_company_is_none_here(self):
        other = self.env["res.company"].create({"name": "Other Broker"})
        self._create_user("second", "group_manager", company_id=other.id, company_ids=[(6, 0, other.ids)])
        self.statement.action_confirm()
        self.assertEqual(self.statement.state, "confirmed")
        with self.assertRaises(UserError):
            self._open(APRIL, self.manager_qian).action_confirm()


@tagged("post_install", "-at_install")
class TestCommissionLeaverInstalments(StatementCommon):
    """210 come back over three statements, and after the first one Wang leaves."""

    def setUp(self):
        super().setUp()
        invoice = self._sell()
        self._at("04-10")
        self._confirm(MARCH).sudo()._pay("2026-04-10")
        self._credit(invoice)
        april = self._open(APRIL)
        self.env["broker.commission.instalment"].with_user(self.manager_qian).create(
            {"statement_id": april.id, "count": 3, "reason": "Refund"}
        ).action_spread()
        self._at("05-20")
        april.action_confirm()
        self.assertFigures(april, 0, 0, -210, 210, 0, 0)

    def _leave(self):
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        return change

    def _get_balance(self):
        self.env.invalidate_all()
        return self.env["broker.commission.summary"].search([("user_id", "=", self.sales_wang.id)]).balance_amount

    def test_the_rest_falls_due_in_the_last_statement(self):
        self.assertEqual(self._get_balance(), -70)
        change = self._leave()
        self.assertEqual(self._get_balance(), -210)
        self._at("06-02")
        may = self._open(MAY)
        self.assertFigures(may, 0, 0, 0, -210, 0, -210)
        may.action_confirm()
        self.assertEqual(len(may.adjustment_ids), 3)
        self.assertEqual({str(row.due_date) for row in may.adjustment_ids}, {"2026-05-01", "2026-05-20"})
        self._at("08-02")
        # Nothing new: only the debt is carried on.
        self.assertFigures(self._open(("2026-06-01", "2026-07-31")), -210, 0, 0, 0, 0, -210)
        self.assertEqual(change.state, "done")

    def test_staying_after_all(self):
        self.sales_wang.active = False
        self.assertEqual(self._get_balance(), -210)
        self.sales_wang.active = True
        change = self.env["broker.staff.change"].search([("user_id", "=", self.sales_wang.id)])
        change.with_user(self.manager_qian).action_cancel()
        self.assertEqual(self._get_balance(), -70)

    def test_who_was_archived_without_customers(self):
        """No list of those who leave says the day: archiving notes it."""
        self.partner.user_id = self.sales_zhao
        self.sales_wang.active = False
        self._at("06-02")
        self.assertFigures(self._open(MAY), 0, 0, 0, -210, 0, -210)

    def test_firms_that_let_them_go_on(self):
        self.company.broker_instalments_due_on_leaving = False
        self._leave()
        self._at("06-02")
        self.assertFigures(self._open(MAY), 0, 0, 0, -70, 0, -70)

    def test_another_company_is_not_left(self):
        other = self.setup_other_company()["company"]
        change = self._leave()
        self.env.flush_all()
        self.env.cr.execute("UPDATE broker_staff_change SET company_id = %s WHERE id = %s", [other.id, change.id])
        self.env.invalidate_all()
        self._at("06-02")
        self.assertFigures(self._open(MAY), 0, 0, 0, -70, 0, -70)

    def test_who_left_owes_all_of_it(self):
        self._leave()
        may = self._open(("2026-05-01", "2026-05-20"))
        with self.assertRaisesRegex(UserError, "Wang left on"):
            self.env["broker.commission.instalment"].with_user(self.manager_qian).create(
                {"statement_id": may.id, "amount": 0, "count": 3, "reason": "Refund"}
            )._check_staying()

    def test_new_instalments_after_coming_back(self):
        """A leaving of long ago calls nothing due that was agreed on afterwards."""
        change = self._leave()
        change.sudo().last_day = "2026-01-15"
        self.env.cr.execute("UPDATE broker_staff_change SET create_date = '2026-01-15' WHERE id = %s", [change.id])
        self.env.invalidate_all()
        self._at("06-02")
        self.assertFigures(self._open(MAY), 0, 0, 0, -70, 0, -70)
