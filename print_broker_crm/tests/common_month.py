from datetime import date, datetime

from freezegun import freeze_time

from odoo.tools import SQL

from odoo.addons.print_broker_crm.models.broker_customer_month_query_mixin import FIGURES
from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class MonthCommon(BrokerAccountCommon):
    """Customer months of a firm in Shanghai, from Monday, 2 March 2026, ten in the morning."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Month = cls.env["broker.customer.month"]
        cls.env["broker.handoff.requirement"].search([]).active = False

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _order(self, moment, partner=None, confirm=True, **kwargs):
        """Make a job with a line of 1000 that costs 700, ordered at a moment in UTC."""
        values = {"partner_id": (partner or self.partner).id, **kwargs}
        order = self._create_job(price=1000.0, cost=700.0, confirm=confirm, **values)
        order.date_order = moment
        if confirm:
            order.broker_date_confirmed = moment
        return order

    def _refresh(self, company=None):
        """Do the night of the months, without committing."""
        for _handled in self.Month._refresh_steps(company or self.company):
            self.env.flush_all()
        self.env.invalidate_all()

    def _read(self, customer=None):
        """Return {month: {figure: value}} of a customer, without figures that are nothing."""
        rows = self.Month.sudo().search_read([("customer_id", "=", (customer or self.customer).id)])
        return {
            row["month"].strftime("%Y-%m"): {name: row[name] for name in FIGURES if row[name]}
            for row in sorted(rows, key=lambda row: row["month"])
        }

    def _dump(self):
        """Return the whole table, whatever the ids of its rows."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                "SELECT customer_id, company_id, month, %s FROM broker_customer_month ORDER BY 1, 2, 3",
                SQL(", ").join(map(SQL.identifier, FIGURES)),
            )
        )

    def assertMonths(self, expected, customer=None):
        """Compare what is stored of a customer with figures worked out by hand, and see that
        working out everything anew comes to the same."""
        self._refresh()
        self.assertEqual(self._read(customer), expected)
        stored = self._dump()
        self.Month._rebuild(self.company)
        self.assertEqual(self._dump(), stored)

    @staticmethod
    def _day(text):
        return date.fromisoformat(text)
