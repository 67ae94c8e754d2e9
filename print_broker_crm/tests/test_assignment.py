from datetime import date

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common import BrokerCommon


@tagged("post_install", "-at_install")
class TestAssignment(BrokerCommon):
    def _rows(self, customer, role="sales"):
        return [
            (row.user_id, row.origin, row.date_from, row.date_to)
            for row in customer.assignment_ids.filtered(lambda r: r.role == role).sorted(lambda r: (r.date_from, r.id))
        ]

    def test_salesperson_of_the_contact_opens_the_first_row(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        self.assertEqual(
            self._rows(customer),
            [(self.sales_wang, "developed", date(2026, 3, 2), False)],
        )
        self.assertEqual(customer.sales_origin, "developed")

    def test_the_day_is_the_firms_own(self):
        # 2026-03-02 20:00 UTC is 3 March, 4 a.m., in Shanghai.
        with freeze_time("2026-03-02 20:00:00"):
            customer = self._open_customer()
        self.assertEqual(self._rows(customer)[0][2], date(2026, 3, 3))

    def test_writing_the_contact_feeds_the_ledger(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with freeze_time("2026-05-11 04:00:00"):
            self.partner.user_id = self.sales_zhao
        self.assertEqual(
            self._rows(customer),
            [
                (
                    self.sales_wang,
                    "developed",
                    date(2026, 3, 2),
                    date(2026, 5, 11),
                ),
                (self.sales_zhao, "transferred", date(2026, 5, 11), False),
            ],
        )
        opened = customer.assignment_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(opened.predecessor_id, self.sales_wang)
        self.assertEqual(opened.operator_id, self.env.user)

    def test_writing_through_the_file_feeds_the_ledger(self):
        customer = self._open_customer()
        customer.with_user(self.manager_qian).write(
            {"user_id": self.sales_zhao.id, "service_user_id": self.service_chen.id}
        )
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertEqual(self._rows(customer)[-1][:2], (self.sales_zhao, "transferred"))
        self.assertEqual(self._rows(customer, "service")[0][:2], (self.service_chen, False))

    def test_customer_of_a_leaver_is_inherited(self):
        customer = self._open_customer()
        self.sales_wang.action_archive()
        self.partner.user_id = self.sales_zhao
        self.assertEqual(self._rows(customer)[-1][:2], (self.sales_zhao, "inherited"))
        self.assertEqual(customer.sales_origin, "inherited")

    def test_a_gap_keeps_the_origin_of_who_returns(self):
        customer = self._open_customer()
        self.partner.user_id = False
        self.assertFalse(customer.sales_origin)
        self.partner.user_id = self.sales_wang
        self.assertEqual(self._rows(customer)[-1][:2], (self.sales_wang, "developed"))

    def test_only_managers_change_the_salesperson_of_a_customer(self):
        customer = self._open_customer(service=self.service_chen)
        for user in (self.sales_wang, self.service_chen):
            with self.assertRaises(AccessError):
                self.partner.with_user(user).write({"user_id": user.id if user != self.sales_wang else False})
            with self.assertRaises(AccessError):
                customer.with_user(user).write({"user_id": self.sales_zhao.id})
        self.partner.with_user(self.sales_wang).write({"user_id": self.sales_wang.id, "city": "Suzhou"})
        self.partner.with_user(self.manager_qian).user_id = self.sales_zhao
        self.assertEqual(customer.user_id, self.sales_zhao)

    def test_a_callers_context_does_not_tell_the_ledger(self):
        """Whoever may write contacts without a role of ours cannot choose the origin."""
        customer = self._open_customer()
        clerk = new_test_user(self.env, "broker_clerk", groups="base.group_user,base.group_partner_manager")
        self.partner.with_user(clerk).with_context(
            broker_assignment_origin="developed", broker_assignment_reason="Because"
        ).write({"user_id": self.sales_zhao.id})
        row = customer.assignment_ids.filtered("is_open")
        self.assertEqual((row.origin, row.reason), ("transferred", False))

    def test_an_assignment_does_not_begin_in_the_future(self):
        customer = self._open_customer()
        self.partner.with_context(broker_assignment_date="2099-01-01").user_id = self.sales_zhao
        row = customer.assignment_ids.filtered("is_open")
        self.assertEqual(row.date_from, self.company._get_broker_today())

    def test_contacts_of_the_customer_follow_their_salesperson(self):
        buyer, own = self.env["res.partner"].create(
            [
                {"name": "Buyer", "parent_id": self.partner.id},
                {"name": "Own Contact", "parent_id": self.partner.id},
            ]
        )
        self.assertEqual(buyer.user_id, self.sales_wang)
        own.user_id = self.manager_qian
        self._open_customer()
        self.partner.user_id = self.sales_zhao
        self.assertEqual(buyer.user_id, self.sales_zhao)
        self.assertEqual(own.user_id, self.manager_qian)
        order = self.env["sale.order"].create({"partner_id": buyer.id})
        self.assertEqual(order.user_id, self.sales_zhao)

    def test_reason_date_and_origin_of_the_context(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with freeze_time("2026-05-11 04:00:00"):
            self.partner.with_context(
                broker_assignment_reason="Moves to Suzhou",
                broker_assignment_date="2026-05-01",
                broker_assignment_origin="inherited",
            ).user_id = self.sales_zhao
        row = customer.assignment_ids.filtered(lambda r: not r.date_to)
        self.assertEqual(row.reason, "Moves to Suzhou")
        self.assertEqual(row.date_from, date(2026, 5, 1))
        self.assertEqual(row.origin, "inherited")

    def test_the_past_is_not_rewritten(self):
        with freeze_time("2026-05-11 04:00:00"):
            customer = self._open_customer()
            self.partner.with_context(broker_assignment_date="2020-01-01").user_id = self.sales_zhao
        self.assertEqual(
            [row[2:] for row in self._rows(customer)],
            [
                (date(2026, 5, 11), date(2026, 5, 11)),
                (date(2026, 5, 11), False),
            ],
        )

    def test_whose_customer_was_it_then(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with freeze_time("2026-05-11 04:00:00"):
            self.partner.user_id = self.sales_zhao
        Assignment = self.env["broker.assignment"]
        for day, user in (
            (date(2026, 3, 1), None),
            (date(2026, 3, 2), self.sales_wang),
            (date(2026, 5, 10), self.sales_wang),
            (date(2026, 5, 11), self.sales_zhao),
        ):
            row = Assignment._get_at(customer, "sales", day).get(customer.id)
            self.assertEqual(row.user_id if row else None, user, day)

    def test_looking_up_costs_one_query_for_any_number(self):
        customers = self.env["broker.customer"]
        for index in range(20):
            partner = self._create_partner(f"Customer {index}", self.sales_wang)
            customers |= self._open_customer(partner)
        today = self.company._get_broker_today()
        self.env.flush_all()
        for batch in (customers[:2], customers):
            self.env.invalidate_all()
            with self.assertQueryCount(2):
                rows = self.env["broker.assignment"]._get_at(batch, "sales", today)
            self.assertEqual(len(rows), len(batch))

    def test_assigning_many_costs_as_much_as_two(self):
        partners = self.env["res.partner"]
        for index in range(22):
            partners |= self._create_partner(f"Customer {index}", self.sales_wang)
        self.env["broker.customer"]._open_for_partners(partners, self.company)
        counts = []
        for batch in (partners[:2], partners[2:]):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            batch.write({"user_id": self.sales_zhao.id})
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)

    @mute_logger("odoo.sql_db")
    def test_second_open_assignment_is_refused(self):
        customer = self._open_customer()
        with self.assertRaises(psycopg2.IntegrityError) as refused, self.cr.savepoint():
            self.env["broker.assignment"].create(
                {
                    "customer_id": customer.id,
                    "role": "sales",
                    "user_id": self.sales_zhao.id,
                    "origin": "developed",
                    "date_from": date(2020, 1, 1),
                    "operator_id": self.env.uid,
                }
            )
        message = self.env["broker.assignment"]._sql_error_to_message(refused.exception)
        self.assertIn("this customer", message.lower())
        self.assertIn("earlier", message)

    @mute_logger("odoo.sql_db")
    def test_overlap_is_refused_by_the_database(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with (
            self.assertRaises(psycopg2.errors.ExclusionViolation),
            self.cr.savepoint(),
        ):
            self.env["broker.assignment"].create(
                {
                    "customer_id": customer.id,
                    "role": "sales",
                    "user_id": self.sales_zhao.id,
                    "origin": "developed",
                    "date_from": date(2026, 4, 1),
                    "date_to": date(2026, 4, 2),
                    "operator_id": self.env.uid,
                }
            )

    def test_only_salespeople_have_an_origin(self):
        customer = self._open_customer(service=self.service_chen)
        with self.assertRaises(ValidationError):
            self.env["broker.assignment"].create(
                {
                    "customer_id": customer.id,
                    "role": "care",
                    "user_id": self.care_sun.id,
                    "origin": "developed",
                    "date_from": date(2026, 4, 1),
                    "operator_id": self.env.uid,
                }
            )

    def test_ledger_is_not_edited_by_anybody(self):
        customer = self._open_customer()
        row = customer.assignment_ids
        with self.assertRaises(UserError):
            row.sudo().write({"user_id": self.sales_zhao.id})
        with self.assertRaises(UserError):
            row.sudo().unlink()
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.manager_qian):
            with self.assertRaises(AccessError):
                row.with_user(user).write({"date_to": "2030-01-01"})

    def test_only_managers_assign_the_firms_own_roles(self):
        customer = self._open_customer(service=self.service_chen)
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                customer.with_user(user).service_user_id = user
        customer.with_user(self.manager_qian).care_user_id = self.care_sun
        self.assertEqual(customer.care_user_id, self.care_sun)

    def _correct(self, customer, user, date_from, date_to, **kwargs):
        return self.env["broker.assignment"]._correct(
            customer, "sales", user, date_from, date_to, "Found in the old books", **kwargs
        )

    def test_correcting_the_past_voids_and_replaces(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with freeze_time("2026-05-11 04:00:00"):
            self.partner.user_id = self.sales_zhao
        with freeze_time("2026-06-01 04:00:00"):
            row = self._correct(customer, self.sales_zhao, date(2026, 4, 1), date(2026, 4, 15), origin="transferred")
        self.assertEqual(
            self._rows(customer),
            [
                (self.sales_wang, "developed", date(2026, 3, 2), date(2026, 4, 1)),
                (self.sales_zhao, "transferred", date(2026, 4, 1), date(2026, 4, 15)),
                (self.sales_wang, "developed", date(2026, 4, 15), date(2026, 5, 11)),
                (self.sales_zhao, "transferred", date(2026, 5, 11), False),
            ],
        )
        void = self.env["broker.assignment"].search([("customer_id", "=", customer.id), ("is_void", "=", True)])
        self.assertEqual(
            (void.user_id, void.date_from, void.date_to, void.voided_by_id),
            (self.sales_wang, date(2026, 3, 2), date(2026, 5, 11), row),
        )
        self.assertEqual(row.predecessor_id, self.sales_wang)
        self.assertEqual(self.partner.user_id, self.sales_zhao)

    def test_an_open_correction_changes_the_present(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
        with freeze_time("2026-06-01 04:00:00"):
            self._correct(customer, self.sales_zhao, date(2026, 5, 1), False, origin="inherited")
            self.assertEqual(self.partner.user_id, self.sales_zhao)
            self._correct(customer, self.env["res.users"], date(2026, 5, 20), False)
        self.assertFalse(self.partner.user_id)
        self.assertEqual(
            [row[2:] for row in self._rows(customer)],
            [(date(2026, 3, 2), date(2026, 5, 1)), (date(2026, 5, 1), date(2026, 5, 20))],
        )

    def test_correction_refuses_the_future_and_no_reason(self):
        with freeze_time("2026-03-02 04:00:00"):
            customer = self._open_customer()
            for date_from, date_to in (
                (date(2026, 3, 3), False),
                (date(2026, 3, 1), date(2026, 3, 3)),
                (date(2026, 3, 1), date(2026, 3, 1)),
            ):
                with self.assertRaises(UserError):
                    self._correct(customer, self.sales_zhao, date_from, date_to)
            with self.assertRaises(UserError):
                self.env["broker.assignment"]._correct(customer, "sales", self.sales_zhao, date(2026, 3, 1), False, " ")
