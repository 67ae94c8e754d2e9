from datetime import date, datetime

from freezegun import freeze_time

from odoo.fields import Command

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class CareCommon(BrokerCommon):
    """The care line at work: Monday, 2 March 2026, ten in the morning in Shanghai.

    The firm works from Monday to Friday, 8 to 12 and 13 to 17 (00 to 04 and 05 to 09
    in UTC). Every customer is opened in the test, on that day.
    """

    MONDAY = date(2026, 3, 2)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Call = cls.env["broker.care.call"]
        cls.rules = {
            reason: cls.env.ref(f"print_broker_crm.broker_care_rule_{reason}")
            for reason in ("salesperson_left", "receipt", "by_hand", "cadence")
        }
        # The other reasons are asked for where they are tested, and each its own retries.
        shipped = cls.env["broker.care.rule"].search([])
        cls.other_rules = {rule.reason: rule for rule in shipped if rule.reason not in cls.rules}
        for rule in cls.other_rules.values():
            rule.active = False
        shipped.retry_ids.unlink()
        shipped.write_days = 0
        cls.rules["receipt"].write({"delay_days": 3, "window_days": 7, "urgency": "2"})
        cls.rules["cadence"].write({"delay_days": 60, "window_days": 14, "urgency": "1"})
        # Only the officers of these tests are balanced over.
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        cls.tier_5 = cls.env["broker.tier"].search([("rank", "=", 5)])
        cls.tier_2 = cls.env["broker.tier"].search([("rank", "=", 2)])
        cls.tier_5.call_cadence_days = 14
        cls.tier_2.call_cadence_days = 90

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)
        self.customer = self._open_customer(service=self.service_chen)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _open_customers(self, count, user=None, tier=None, name="Customer"):
        partners = self.env["res.partner"].create(
            [
                {
                    "name": f"{name} {number}",
                    "is_company": True,
                    "phone": "+86 21 6234 0000",
                    "user_id": user.id if user else False,
                }
                for number in range(count)
            ]
        )
        customers = self.env["broker.customer"]._open_for_partners(partners, self.company)
        if tier:
            self._set_tier(customers, tier)
        return customers

    def _set_tier(self, customers, tier):
        customers.write(
            {
                "tier_manual_id": tier.id,
                "tier_manual_reason": "Test",
                "tier_manual_until": date(2030, 1, 1),
            }
        )
        self.assertEqual(customers.tier_id, tier)

    def _receive_job(self, customer, received_on=None):
        """Confirm a job of the customer; it is received now, or at a moment in UTC."""
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.partner_id.id,
                "company_id": customer.company_id.id,
                "order_line": [Command.create({"product_id": self.product.id, "price_unit": 100})],
            }
        )
        order.action_confirm()
        order.broker_receipt_date = received_on or datetime.now()
        return order

    def _plan_call(self, customer=None, **vals):
        """Plan a call by the care officer's hand, callable now."""
        return self.Call.with_user(self.care_sun).create(
            {"customer_id": (customer or self.customer).id, "user_id": self.care_sun.id, **vals}
        )

    def _get_open_call(self, customer=None):
        return self.Call.search([("customer_id", "=", (customer or self.customer).id), ("state", "=", "planned")])
