from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestObligation(TierCommon):
    """What a tier demands and nobody has done, on 15 June 2025."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Obligation = cls.env["broker.obligation"]
        cls.customer.write({"care_user_id": cls.care_sun.id})
        cls.tiers["4A"].write({"needs_care_officer": True, "needs_service_agent": True, "printing_house_min": 3})

    def setUp(self):
        super().setUp()
        self._set_tier("4A", "2025-06-01")

    def _set_tier(self, name, since, customer=None):
        customer = (customer or self.customer).sudo()
        customer.tier_computed_id = self.tiers[name]
        customer.flush_recordset()
        self.env.cr.execute(
            "UPDATE broker_customer SET tier_date = %s, date_opened = %s WHERE id = %s", (since, since, customer.id)
        )
        self.env.invalidate_all()

    def _get_kinds(self, user=None, customer=None):
        rows = self.Obligation.with_user(user or self.manager_qian).search(
            [("customer_id", "=", (customer or self.customer).id)]
        )
        return {row.kind: row for row in rows}

    def test_a_key_account_without_sponsor_and_lead(self):
        kinds = self._get_kinds()
        self.assertEqual(set(kinds), {"sponsor", "lead"})
        self.assertFalse(kinds["sponsor"].user_id)
        self.assertEqual(kinds["lead"].days, 14)
        self.assertEqual(self.customer.with_user(self.manager_qian).obligation_count, 2)
        self.customer.sponsor_user_id = self.manager_qian
        self.env["broker.customer.member"].create(
            {"customer_id": self.customer.id, "user_id": self.service_chen.id, "function": "lead"}
        )
        self.assertFalse(self._get_kinds())
        self.env.invalidate_all()
        self.assertEqual(self.customer.with_user(self.manager_qian).obligation_count, 0)

    def test_people_who_are_missing(self):
        self.customer.write({"service_user_id": False, "care_user_id": False})
        self.assertEqual(set(self._get_kinds()), {"sponsor", "lead", "service", "care"})
        self._set_tier("1A", "2025-06-01")
        self.assertFalse(self._get_kinds())

    def test_a_call_by_the_cadence(self):
        """4A is called every 30 days: on the 30th day it is in time, on the 31st it is not."""
        self._set_tier("4A", "2025-05-16")
        self.assertNotIn("call", self._get_kinds())
        self._set_tier("4A", "2025-05-15")
        call = self._get_kinds()["call"]
        self.assertEqual((call.user_id, call.days), (self.care_sun, 1))
        self.assertEqual(self._get_kinds(self.care_sun).keys(), {"call"})
        self.assertFalse(self._get_kinds(self.sales_wang), "the care line's work is not the salesperson's to see")
        self.assertEqual(self.customer.with_user(self.sales_wang).obligation_count, 0)
        self.customer.sudo().write({"do_not_call": True, "do_not_call_reason": "Asked us"})
        self.assertNotIn("call", self._get_kinds())

    def test_a_call_after_the_last_one(self):
        self._set_tier("4A", "2025-01-01")
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        self.assertIn("call", self._get_kinds())
        call.action_log_attempt("reached", note="Well", sales_rating=4, service_rating=5)
        self.assertNotIn("call", self._get_kinds())

    def test_a_late_handoff(self):
        handoff = (
            self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id, "sender_id": self.sales_wang.id})
        )
        handoff.write(
            {"state": "submitted", "receiver_id": self.service_chen.id, "accept_deadline": "2025-06-15 04:00:00"}
        )
        self.assertNotIn("handoff", self._get_kinds())
        self._go_to("2025-06-16 03:00:00")
        row = self._get_kinds(self.service_chen)["handoff"]
        self.assertEqual(row.days, 1)
        self.assertEqual(row.action_open()["res_id"], handoff.id)
        self.assertFalse(self._get_kinds(self.service_lin))
        handoff.state = "accepted"
        self.assertNotIn("handoff", self._get_kinds())

    def test_days_are_the_firms(self):
        """Seven in the morning of the 15th in Shanghai is not of the day before."""
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id})
        handoff.write(
            {"state": "submitted", "receiver_id": self.service_chen.id, "accept_deadline": "2025-06-14 23:00:00"}
        )
        order = self._job(1000, 700)
        order.broker_date_confirmed = "2025-06-14 23:00:00"
        self.env["purchase.order"].create(
            {
                "partner_id": self._create_partner("Press").id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.print_product.id,
                            "product_qty": 1,
                            "sale_line_id": order.order_line.id,
                        }
                    )
                ],
            }
        )
        kinds = self._get_kinds()
        for kind in ("handoff", "printing_house"):
            self.assertEqual(kinds[kind].date, fields.Date.to_date("2025-06-15"), kind)
            self.assertEqual(kinds[kind].days, 0, kind)

    def test_a_visit_that_is_due(self):
        self.customer.sponsor_user_id = self.sales_zhao
        self.customer.flush_recordset()
        self.env.cr.execute(
            "UPDATE broker_customer SET sponsor_visit_due = '2025-06-15' WHERE id = %s", (self.customer.id,)
        )
        self.env.invalidate_all()
        self.assertEqual(self._get_kinds(self.sales_zhao).keys(), {"visit"})

    def test_too_few_printing_houses_asked(self):
        order = self._job(1000, 700)
        self.assertNotIn("printing_house", self._get_kinds(), "nothing is bought for it")
        for name in ("One", "Two", "Three"):
            self.env["purchase.order"].create(
                {
                    "partner_id": self._create_partner(f"Press {name}").id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.print_product.id,
                                "product_qty": 1,
                                "sale_line_id": order.order_line.id,
                            }
                        )
                    ],
                }
            )
            kinds = self._get_kinds()
            self.assertEqual("printing_house" in kinds, name != "Three", name)
            if name == "One":
                self.assertEqual(kinds["printing_house"].user_id, self.service_chen)
                self.assertEqual(kinds["printing_house"].res_id, order.id)

    def test_two_companies(self):
        other = self.setup_other_company(name="Second Broker")["company"]
        twin = self._open_customer(company=other)
        self._set_tier("5A", "2025-06-01", twin)
        manager = self.manager_qian
        self.assertFalse(self._get_kinds(manager, twin))
        manager.company_ids += other
        rows = self.Obligation.with_user(manager).with_context(allowed_company_ids=other.ids).search([])
        self.assertEqual(rows.customer_id.ids, twin.ids)

    def test_archived_and_nobodys(self):
        rows = self.Obligation.with_user(self.manager_qian).search([("user_id", "=", False)])
        self.assertIn(self.customer, rows.customer_id)
        self.customer.action_archive()
        self.assertFalse(self._get_kinds())

    def test_customers_with_something_owed_are_found(self):
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        other = self._open_customer(self._create_partner("Calm", self.sales_wang))
        found = Customer.search([("obligation_count", ">", 0)])
        self.assertIn(self.customer.id, found.ids)
        self.assertNotIn(other.id, found.ids)

    def test_the_tier_says_what_is_owed(self):
        self.assertIn("every 30 days", self.customer.with_user(self.sales_wang).tier_owed)
        self.assertIn("3 printing houses", self.customer.tier_owed)

    def test_queries_do_not_grow(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers = self.env["broker.customer"].search([])
            customers.mapped("obligation_count")
            return self.env.cr.sql_log_count - before

        few = count()
        for number in range(5):
            self._set_tier("5A", "2025-06-01", self._open_customer(self._create_partner(f"More {number}")))
        self.assertLessEqual(count(), few)
