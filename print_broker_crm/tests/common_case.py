from datetime import datetime

from freezegun import freeze_time

from odoo.fields import Command

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class CaseCommon(BrokerCommon):
    """Cases of Jade, whom Wang sold and Chen serves, from Monday, 2 March 2026, ten in the
    morning in Shanghai.

    The firm works from 8 to 12 and 13 to 17, which is 00 to 04 and 05 to 09 in UTC, answers
    within 4 working hours and solves within 16.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"broker_case_answer_hours": 4, "broker_case_solution_hours": 16})
        cls.Case = cls.env["broker.case"]
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        # Only the manager of these tests is told.
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)
        self.customer = self._open_customer(service=self.service_chen)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _open_case(self, user=None, **vals):
        """Open a complaint of Jade in the name of a person, of Chen when nobody is named."""
        vals = {"customer_id": self.customer.id, "title": "Cut too short", "kind": "complaint", **vals}
        return self.Case.with_user(user or self.service_chen).create(vals)

    def _confirm_job(self, customer=None):
        customer = customer or self.customer
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.partner_id.id,
                "company_id": customer.company_id.id,
                "order_line": [Command.create({"product_id": self.product.id, "price_unit": 100})],
            }
        )
        order.action_confirm()
        return order

    def _fill_result(self, case):
        case.write({"cause": "printing_house", "outcome": "Printed again", "corrective_action": "Check the size"})

    def assertMoment(self, moment, expected):
        """Compare a stored moment with one written in UTC."""
        self.assertEqual(moment, datetime.fromisoformat(expected))
