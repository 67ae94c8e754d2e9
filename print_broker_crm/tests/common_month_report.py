from freezegun import freeze_time

from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class MonthReportCommon(BrokerAccountCommon):
    """Customers whose months and trends are written by hand, so that only what is made of
    them is looked at."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only the manager of these tests is told.
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")

    def _open(self, name, company=None, **vals):
        customer = self._open_customer(self._create_partner(name, self.sales_wang), company=company)
        customer.write(vals)
        return customer

    def _fill(self, customer, **revenues):
        """Write what a customer was billed, of which two fifths are margin: `m2026_03=1000`."""
        for month, revenue in revenues.items():
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO broker_customer_month (customer_id, company_id, month, revenue, margin)
                    VALUES (%s, %s, %s, %s, %s)
                    """,
                    customer.id,
                    customer.company_id.id,
                    f"{month[1:].replace('_', '-')}-01",
                    revenue,
                    revenue * 2 / 5,
                )
            )
        self.env.invalidate_all()

    def _turn(self, customer, *changes, **trace):
        """Write when a customer's trend changed: (day, trend)."""
        for day, trend in changes:
            self.env["broker.trend.change"].sudo().create(
                {
                    "customer_id": customer.id,
                    "company_id": customer.company_id.id,
                    "date": day,
                    "trend": trend,
                    "trace": trace or {"reason": "figures"},
                }
            )
        return customer

    def _score(self, customer, moment, sales=0, service=0):
        """Let a customer answer a care call at a moment in UTC."""
        Call = self.env["broker.care.call"]
        self.env["broker.care.rule"].search([]).rating_gap_days = 1
        with freeze_time(moment):
            # Whoever is unhappy is called again soon.
            call = Call.search([("customer_id", "=", customer.id), ("state", "=", "planned")])
            call = call or Call.create({"customer_id": customer.id, "user_id": self.care_sun.id})
            call.action_log_attempt(
                "reached", note="All well", sales_rating=sales or None, service_rating=service or None
            )

    def _case(self, customer, moment, kind="complaint", cause=False, state="working", solved=False):
        """Write a case as it stands after what became of it."""
        case = self.env["broker.case"].sudo().create({"customer_id": customer.id, "title": "Late", "kind": kind})
        case.write({"cause": cause, "state": state})
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE broker_case SET opened_at = %s, solved_at = %s WHERE id = %s", moment, solved or None, case.id)
        )
        self.env.invalidate_all()
        return case
