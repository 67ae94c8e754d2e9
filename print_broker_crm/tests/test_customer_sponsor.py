from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .test_customer_team import TeamCommon


class SponsorCommon(TeamCommon):
    """Qian and Zhou manage. 5A customers are visited every 90 days, 4A every 180."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager_zhou = cls._create_user("zhou", "group_manager")
        for rank, days in ((5, 90), (4, 180), (3, 0)):
            cls.tiers[rank].sponsor_visit_days = days
        cls.buyer = cls.env["res.partner"].create({"name": "Buyer", "parent_id": cls.partner.id})
        cls.visit_type = cls.env.ref("print_broker_crm.mail_activity_type_sponsor_visit")

    def _set_tier(self, customers, rank):
        customers.write(
            {
                "tier_manual_id": self.tiers[rank].id,
                "tier_manual_reason": "Key",
                "tier_manual_until": date(2030, 12, 31),
            }
        )

    def _meet(self, start, *partners, user=None, **kwargs):
        user = user or self.manager_qian
        return (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    "name": "Visit",
                    "start": start,
                    "stop": start[:11] + "23:59:00",
                    "user_id": user.id,
                    "partner_ids": [Command.set([user.partner_id.id, *(partner.id for partner in partners)])],
                    **kwargs,
                }
            )
        )

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_sponsor_visits").method_direct_trigger()
        self.env.invalidate_all()

    def _get_todos(self, customers=None):
        return self.env["mail.activity"].search(
            [
                ("activity_type_id", "=", self.visit_type.id),
                ("res_model", "=", "broker.customer"),
                ("res_id", "in", (customers or self.customer).ids),
            ]
        )

    def _get_days(self, customer=None):
        customer = customer or self.customer
        return customer.sponsor_visit_last, customer.sponsor_visit_planned, customer.sponsor_visit_due


@tagged("post_install", "-at_install")
class TestSponsorCap(SponsorCommon):
    def setUp(self):
        super().setUp()
        self.company.broker_sponsor_customer_max = 3
        self.customers = self._open_customers(5)

    def _assert_full(self, customers, vals, user=None):
        customers = customers.with_user(user or self.manager_qian)
        with self.assertRaisesRegex(UserError, "Qian would be the sponsor of [45] customers; at most 3"):
            with self.env.cr.savepoint():
                customers.write(vals)

    def test_one_by_one_and_together(self):
        vals = {"sponsor_user_id": self.manager_qian.id}
        self._assert_full(self.customers[:4], vals)
        self._assert_full(self.customers, vals)
        self.customers[:2].write(vals)
        self._assert_full(self.customers[2:4], vals)
        self.customers[2].write(vals)
        self._assert_full(self.customers[3], vals)
        # Those who have the sponsor already do not count twice.
        self.customers[:3].write(vals)
        self.customers[3].sponsor_user_id = self.manager_zhou

    def test_new_files_and_import(self):
        self.customers[:3].sponsor_user_id = self.manager_qian
        partner = self._create_partner("Moon")
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "Qian would be the sponsor of 4"), self.env.cr.savepoint():
            Customer.create({"partner_id": partner.id, "sponsor_user_id": self.manager_qian.id})
        result = Customer.load(
            ["partner_id", "sponsor_user_id"], [["Moon", self.manager_qian.name], ["Moon", self.manager_zhou.name]]
        )
        self.assertFalse(result["ids"])
        self.assertIn("would be the sponsor of 4", result["messages"][0]["message"])

    def test_archived_files_do_not_count_until_they_return(self):
        self.customers[:3].sponsor_user_id = self.manager_qian
        self.customers[0].active = False
        self.customers[3].sponsor_user_id = self.manager_qian
        self._assert_full(self.customers[0], {"active": True})

    def test_no_limit_and_a_lowered_one(self):
        self.company.broker_sponsor_customer_max = 0
        self.customers.sponsor_user_id = self.manager_qian
        self.company.broker_sponsor_customer_max = 3
        self.customers[0].write({"sponsor_user_id": self.manager_qian.id, "service_user_id": self.service_chen.id})
        with self.assertRaisesRegex(UserError, "would be the sponsor of 6"), self.env.cr.savepoint():
            self.customer.sponsor_user_id = self.manager_qian
        self.customer.active = False
        self.customer.sponsor_user_id = self.manager_qian

    def test_the_limit_is_a_companys(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        self.manager_qian.company_ids += other
        theirs = self._open_customer(company=other)
        self.customers[:3].sponsor_user_id = self.manager_qian
        theirs.sponsor_user_id = self.manager_qian
        self.assertEqual(other.broker_sponsor_customer_max, 10)

    def test_a_sponsor_works_here(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        stranger = self._create_user("stranger", "group_manager", company_id=other.id, company_ids=[other.id])
        portal = self._create_user("guest", "group_salesperson")
        portal.group_ids = [Command.set(self.env.ref("base.group_portal").ids)]
        left = self._create_user("left", "group_manager")
        left.action_archive()
        for user in (stranger, portal, left):
            with self.assertRaises(UserError, msg=user.name), self.env.cr.savepoint():
                self.customer.sponsor_user_id = user
                self.customer.flush_recordset()
        self.customer.sponsor_user_id = self.plain_user

    def test_a_merge_does_not_fail(self):
        """Three accounts stay three: one of them becomes another."""
        twin = self._open_customers(1, name="Twin")
        (self.customers[:2] + twin).sponsor_user_id = self.manager_qian
        merge = self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [Command.set((self.partner + twin.partner_id).ids)],
                "dst_partner_id": self.partner.id,
            }
        )
        merge.action_merge()
        self.env.invalidate_all()
        self.assertEqual(self.customer.sponsor_user_id, self.manager_qian)
        self.assertFalse(twin.exists())
        # A context from outside opens no door.
        self._assert_full(
            self.customers[3].with_context(broker_is_merging=True), {"sponsor_user_id": self.manager_qian.id}
        )

    def test_a_staff_change_proposes_who_has_room(self):
        self.customers[:2].sponsor_user_id = self.manager_zhou
        self.customer.sponsor_user_id = self.sales_wang
        self.customers[4].sponsor_user_id = self.sales_wang
        self.customers[2:4].sponsor_user_id = self.manager_qian
        change = self._create_change()
        lines = change.line_ids.filtered(lambda line: line.role == "sponsor")
        self.assertEqual(lines.successor_id, self.manager_zhou + self.manager_qian)
        lines.successor_id = self.manager_zhou
        change.line_ids.filtered(lambda line: line.role == "sales").successor_id = self.sales_li
        with self.assertRaisesRegex(UserError, "as many customers as a sponsor can have"):
            change.action_confirm()
        lines[0].successor_id = self.manager_qian
        change.action_confirm()
        self.assertEqual((self.customer + self.customers[4]).sponsor_user_id, self.manager_zhou + self.manager_qian)

    def test_who_is_full_is_not_proposed_however_light_the_load(self):
        self.customers[:3].sponsor_user_id = self.manager_zhou
        self._set_tier(self.customers[3], 5)
        self.customers[3].sponsor_user_id = self.manager_qian
        self.customer.sponsor_user_id = self.sales_wang
        change = self._create_change()
        self.assertEqual(self._line(change, self.customer, "sponsor").successor_id, self.manager_qian)

    def test_no_room_at_night_waits_for_another(self):
        self.customer.sponsor_user_id = self.sales_wang
        change = self._create_change(last_day=date(2026, 5, 20))
        change.line_ids.filtered(lambda line: line.role == "sales").successor_id = self.sales_li
        line = self._line(change, self.customer, "sponsor")
        line.successor_id = self.manager_zhou
        change.action_confirm()
        self.customers[:3].sponsor_user_id = self.manager_zhou
        self._at("2026-05-20 02:00:00")
        change.action_apply_due()
        self.assertEqual((line.state, change.state), ("blocked", "confirmed"))
        self.assertEqual(self.customer.sponsor_user_id, self.sales_wang)
        self.assertEqual(self.customer.user_id, self.sales_li)


@tagged("post_install", "-at_install")
class TestSponsorVisit(SponsorCommon):
    def setUp(self):
        super().setUp()
        self._at("2026-03-02 02:00:00")
        self._set_tier(self.customer, 5)
        self.customer.sponsor_user_id = self.manager_qian
        self.env.flush_all()

    # DAYS

    def test_due_from_the_day_of_the_sponsor(self):
        # 2 March and 90 days.
        self.assertEqual(self._get_days(), (False, False, date(2026, 5, 31)))

    def test_due_by_tier(self):
        self._at("2026-03-12 02:00:00")
        self._set_tier(self.customer, 4)
        # The tier since 12 March, and 180 days.
        self.assertEqual(self._get_days()[2], date(2026, 9, 8))
        self._set_tier(self.customer, 3)
        self.assertEqual(self._get_days()[2], False)
        self.tiers[3].sponsor_visit_days = 10
        self.assertEqual(self._get_days()[2], date(2026, 3, 22))

    def test_a_visit_and_the_next(self):
        self._at("2026-05-11 02:00:00")
        meeting = self._meet("2026-05-08 02:00:00", self.buyer)
        # 8 May and 90 days.
        self.assertEqual(self._get_days(), (date(2026, 5, 8), False, date(2026, 8, 6)))
        meeting.write({"start": "2026-05-18 02:00:00", "stop": "2026-05-18 03:00:00"})
        self.assertEqual(self._get_days(), (False, date(2026, 5, 18), date(2026, 5, 31)))
        self._at("2026-05-19 02:00:00")
        self._run_cron()
        self.assertEqual(self._get_days(), (date(2026, 5, 18), False, date(2026, 8, 16)))
        meeting.active = False
        self.assertEqual(self._get_days(), (False, False, date(2026, 5, 31)))
        meeting.active = True
        self.assertEqual(self._get_days()[0], date(2026, 5, 18))
        meeting.unlink()
        self.assertEqual(self._get_days(), (False, False, date(2026, 5, 31)))

    def test_days_are_the_firms(self):
        """23:30 UTC on 7 May is half past seven on 8 May in Shanghai."""
        self._at("2026-05-11 02:00:00")
        self._meet("2026-05-07 23:30:00", self.buyer)
        self.assertEqual(self._get_days()[0], date(2026, 5, 8))

    def test_whole_days(self):
        """10 May, 17:00 UTC: it is 11 May in Shanghai, and that day is not over."""
        self._at("2026-05-10 17:00:00")
        today = {"allday": True, "start_date": date(2026, 5, 11), "stop_date": date(2026, 5, 11)}
        self._meet("2026-05-11 08:00:00", self.buyer, **today)
        self.assertEqual(self._get_days()[:2], (False, date(2026, 5, 11)))
        self._at("2026-05-11 16:00:00")
        self._run_cron()
        self.assertEqual(self._get_days()[:2], (date(2026, 5, 11), False))

    def test_what_is_no_visit(self):
        self._at("2026-05-11 02:00:00")
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self._meet("2026-05-08 02:00:00", stranger)
        self._meet("2026-05-08 02:00:00", self.buyer, user=self.manager_zhou)
        self.assertFalse(self._get_days()[0])
        meeting = self._meet("2026-05-08 02:00:00", self.partner)
        self.assertEqual(self._get_days()[0], date(2026, 5, 8), "the firm itself is of the customer too")
        for partner in (self.partner, self.manager_qian.partner_id):
            attendee = meeting.attendee_ids.filtered(lambda row, partner=partner: row.partner_id == partner)
            attendee.state = "declined"
            self._run_cron()
            self.assertFalse(self._get_days()[0], partner.name)
            attendee.state = "accepted"
        self._run_cron()
        self.assertEqual(self._get_days()[0], date(2026, 5, 8))

    def test_another_sponsor_begins_anew(self):
        self._at("2026-05-11 02:00:00")
        self._meet("2026-05-08 02:00:00", self.buyer)
        self.customer.sponsor_user_id = self.manager_zhou
        # 11 May and 90 days.
        self.assertEqual(self._get_days(), (False, False, date(2026, 8, 9)))
        self._run_cron()
        self.assertEqual(self._get_days(), (False, False, date(2026, 8, 9)))
        self.customer.sponsor_user_id = False
        self.assertEqual(self._get_days(), (False, False, False))

    def test_archived_files_are_not_due(self):
        self.customer.active = False
        self.assertFalse(self._get_days()[2])

    def test_two_companies_one_visit(self):
        """The sponsor of both firms' files was there for both; another firm's was not."""
        other = self.env["res.company"].create({"name": "Second Broker"})
        third = self.env["res.company"].create({"name": "Third Broker"})
        self.manager_qian.company_ids += other
        self.manager_zhou.company_ids += third
        theirs = self._open_customer(company=other)
        thirds = self._open_customer(company=third)
        theirs.sponsor_user_id = self.manager_qian
        thirds.sponsor_user_id = self.manager_zhou
        self._at("2026-05-11 02:00:00")
        self._meet("2026-05-08 02:00:00", self.buyer)
        self.assertEqual(self._get_days()[0], date(2026, 5, 8))
        self.assertEqual(theirs.sponsor_visit_last, date(2026, 5, 8))
        self.assertFalse(thirds.sponsor_visit_last)

    def test_merged_contacts_bring_their_visits(self):
        self._at("2026-05-11 02:00:00")
        twin = self._open_customers(1, name="Twin")
        self._meet("2026-05-08 02:00:00", twin.partner_id)
        merge = self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [Command.set((self.partner + twin.partner_id).ids)],
                "dst_partner_id": self.partner.id,
            }
        )
        merge.action_merge()
        self.env.invalidate_all()
        self.assertEqual(self._get_days()[0], date(2026, 5, 8))

    def test_nobody_enters_the_days(self):
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        for name in ("sponsor_visit_last", "sponsor_visit_due", "sponsor_visit_planned"):
            with self.assertRaisesRegex(UserError, "follow from the calendar"):
                Customer.browse(self.customer.id).write({name: date(2026, 5, 8)})
            with self.assertRaisesRegex(UserError, "follow from the calendar"):
                Customer.browse(self.customer.id).write({name: False})
            with self.assertRaisesRegex(UserError, "follow from the calendar"):
                Customer.create({"partner_id": self._create_partner("Moon").id, name: date(2026, 5, 8)})

    # TO-DOS

    def test_one_todo_when_due(self):
        self._run_cron()
        self.assertFalse(self._get_todos())
        self._at("2026-05-31 02:00:00")
        self._run_cron()
        todo = self._get_todos()
        self.assertEqual((todo.user_id, todo.date_deadline), (self.manager_qian, date(2026, 5, 31)))
        self.assertEqual(todo.summary, "Visit Jade Restaurant as its sponsor")
        self._run_cron()
        self.assertEqual(self._get_todos(), todo, "twice is once")
        self._at("2026-06-05 02:00:00")
        self._meet("2026-06-04 02:00:00", self.buyer)
        self.assertFalse(self._get_todos(), "closed at once")
        self.assertIn("The sponsor was there on 2026-06-04", "".join(self.customer.message_ids.mapped("body")))

    def test_the_night_closes_what_took_place(self):
        self._at("2026-05-31 02:00:00")
        self._run_cron()
        self._meet("2026-06-04 02:00:00", self.buyer)
        self.assertTrue(self._get_todos(), "planned is not done")
        self._at("2026-06-05 02:00:00")
        self._run_cron()
        self.assertFalse(self._get_todos())
        self.assertEqual(self._get_days(), (date(2026, 6, 4), False, date(2026, 9, 2)))

    def test_another_sponsor_or_none_ends_the_todo(self):
        self._at("2026-05-31 02:00:00")
        self._run_cron()
        self.customer.sponsor_user_id = self.manager_zhou
        self.assertFalse(self._get_todos())
        self._at("2026-09-01 02:00:00")
        self._run_cron()
        self.assertEqual(self._get_todos().user_id, self.manager_zhou)
        self.manager_zhou.action_archive()
        self.assertFalse(self.customer.sponsor_user_id)
        self.assertFalse(self._get_todos())

    def test_merged_files_keep_one_todo(self):
        twin = self._open_customers(1, name="Twin")
        self._set_tier(twin, 5)
        twin.sponsor_user_id = self.manager_qian
        self._at("2026-05-31 02:00:00")
        self._run_cron()
        self.assertEqual(len(self._get_todos(self.customer + twin)), 2)
        twin._merge_into(self.customer)
        self.assertEqual(len(self._get_todos()), 1)

    def test_batches(self):
        customers = self._open_customers(7)
        self._set_tier(customers, 5)
        customers.sponsor_user_id = self.manager_qian
        self._at("2026-06-20 02:00:00")
        self.patch(type(self.env["broker.customer"]), "_visit_batch", 3)
        self._run_cron()
        self.assertEqual(len(self._get_todos(customers)), 7)

    def test_queries_do_not_grow(self):
        counts = []
        for name, number in (("Warm", 3), ("Few", 3), ("Many", 30)):
            self.company.broker_sponsor_customer_max = 0
            customers = self._open_customers(number, name=name)
            self._set_tier(customers, 5)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers.sponsor_user_id = self.manager_qian
            self.env.flush_all()
            gathered = self.env.cr.sql_log_count
            self._meet("2026-03-01 02:00:00", *customers.partner_id)
            self.env.flush_all()
            met = self.env.cr.sql_log_count
            customers._open_visit_activities()
            self.env.flush_all()
            counts.append((gathered - before, met - gathered, self.env.cr.sql_log_count - met))
        for few, many in zip(counts[1], counts[2], strict=True):
            self.assertLessEqual(many, few + 6, counts)

    # SCREENS

    def test_planning_a_visit(self):
        action = self.customer.with_user(self.manager_zhou).action_plan_sponsor_visit()
        Event = self.env["calendar.event"].with_user(self.manager_zhou)
        context = {"active_model": "broker.customer", "active_id": self.customer.id, **action["context"]}
        with Form(Event.with_context(**context)) as form:
            form.start = "2026-03-10 02:00:00"
            form.stop = "2026-03-10 03:00:00"
        event = form.record
        self.assertEqual(event.partner_ids, self.manager_qian.partner_id + self.buyer)
        self.assertEqual(event.user_id, self.manager_zhou)
        self.assertEqual(self._get_days()[1], date(2026, 3, 10))
        self.assertFalse(self.customer.activity_ids, "the meeting is no to-do beside")
        self.customer.sponsor_user_id = False
        with self.assertRaisesRegex(UserError, "has no sponsor yet"):
            self.customer.with_user(self.manager_zhou).action_plan_sponsor_visit()
        with self.assertRaises(AccessError):
            self.customer.with_user(self.sales_zhao).action_plan_sponsor_visit()

    def test_the_list_of_visits(self):
        other = self._open_customers(1, user=self.sales_zhao)
        other.sponsor_user_id = self.sales_zhao
        Customer = self.env["broker.customer"]
        for user, expected in (
            (self.manager_qian, self.customer + other),
            (self.sales_zhao, other),
            (self.sales_wang, Customer),
        ):
            action = self.env.ref("print_broker_crm.broker_customer_action_view_visits").with_user(user).run()
            domain = action["domain"] if isinstance(action["domain"], list) else [("sponsor_user_id", "!=", False)]
            found = Customer.with_user(user).search([*domain, ("id", "in", (self.customer + other).ids)], order="id")
            self.assertEqual(found, expected, user.name)
