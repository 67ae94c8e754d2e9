from datetime import date

from freezegun import freeze_time

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
APRIL = (date(2026, 4, 1), date(2026, 4, 30))
MAY = (date(2026, 5, 1), date(2026, 5, 31))


class StatementCommon(BrokerAccountCommon):
    """Months that are over: jobs of 10,000 at a cost of 7,000, so 210 for Wang and 90
    for Chen. Noon in Shanghai is four o'clock in the morning in UTC."""

    @classmethod
    def setUpClass(cls):
        # Before the customer gets its people: jobs of March are theirs.
        cls.startClassPatcher(freeze_time("2026-03-10 04:00:00"))
        super().setUpClass()
        cls.Statement = cls.env["broker.commission.statement"].with_user(cls.manager_qian)
        cls.Adjustment = cls.env["broker.commission.adjustment"].with_user(cls.manager_qian)
        cls.Entry = cls.env["broker.commission.entry"]

    def _at(self, day, time="04:00:00"):
        """Let time stand still on a day of 2026, given as 'month-day'."""
        freezer = freeze_time(f"2026-{day} {time}")
        freezer.start()
        self.addCleanup(freezer.stop)

    def _sell(self, pay=True, **kwargs):
        """Return the posted invoice of a new job."""
        invoice = self._create_posted_invoice(self._create_job(**kwargs))
        if pay:
            self._pay(invoice)
        return invoice

    def _open(self, period, user=None, company=None):
        user = user or self.sales_wang
        return self.Statement.create(
            {
                "user_id": user.id,
                "company_id": (company or self.company).id,
                "date_from": period[0],
                "date_to": period[1],
            }
        )

    def _confirm(self, period, user=None):
        statement = self._open(period, user)
        statement.action_confirm()
        return statement

    def _adjust(self, amount, kind="adjustment", user=None, **kwargs):
        return self.Adjustment.create(
            {"user_id": (user or self.sales_wang).id, "kind": kind, "amount": amount, "reason": "Agreed", **kwargs}
        )

    def assertFigures(self, statement, opening, released, difference, adjustment, advance, closing):
        statement.invalidate_recordset()
        self.assertEqual(
            (
                statement.opening_balance,
                statement.released_amount,
                statement.difference_amount,
                statement.adjustment_amount,
                statement.advance_amount,
                statement.closing_balance,
            ),
            (opening, released, difference, adjustment, advance, closing),
        )
