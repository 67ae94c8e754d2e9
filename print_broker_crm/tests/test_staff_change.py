from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from .common import BrokerCommon


class StaffChangeCommon(BrokerCommon):
    """Wang leaves; Zhao and Li stay and sell, Chen and Lin serve.

    The company's people of these tests are the only ones: the administrator does not
    manage here, or proposals would fall back on them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.sales_li = cls._create_user("li", "group_salesperson")
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        cls.tiers = {tier.rank: tier for tier in cls.env["broker.tier"].search([])}
        cls.todo = cls.env.ref("mail.mail_activity_data_todo")
        cls.Change = cls.env["broker.staff.change"]

    @classmethod
    def _open_customers(cls, count, user=None, name="Customer", **kwargs):
        partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"{name} {number}",
                    "is_company": True,
                    "phone": "+86 21 6234 0000",
                    "email": f"{name.lower()}{number}@example.com",
                    "user_id": (user or cls.sales_wang).id,
                    **kwargs,
                }
                for number in range(count)
            ]
        )
        return cls.env["broker.customer"]._open_for_partners(partners, cls.company)

    @classmethod
    def _create_orders(cls, customers, **kwargs):
        return cls.env["sale.order"].create(
            [
                {
                    "partner_id": customer.partner_id.id,
                    "company_id": customer.company_id.id,
                    "order_line": [Command.create({"product_id": cls.product.id, "price_unit": 100})],
                    **kwargs,
                }
                for customer in customers
            ]
        )

    @classmethod
    def _create_activities(cls, records, user=None, count=1):
        """Give a person to-dos on records."""
        return (
            cls.env["mail.activity"]
            .with_context(mail_activity_quick_update=True)
            .create(
                [
                    {
                        "activity_type_id": cls.todo.id,
                        "summary": f"Promise {number}",
                        "res_model_id": cls.env["ir.model"]._get_id(records._name),
                        "res_id": record.id,
                        "user_id": (user or cls.sales_wang).id,
                        "date_deadline": date(2026, 3, 10),
                    }
                    for record in records
                    for number in range(count)
                ]
            )
        )

    def _create_change(self, user=None, collect=True, **kwargs):
        change = self.Change.with_user(self.manager_qian).create({"user_id": (user or self.sales_wang).id, **kwargs})
        if collect:
            change.action_collect()
        return change

    def _create_work(self, customer):
        """Give Wang one of everything open with a customer; return it by name."""
        user_id = self.sales_wang.id
        lead = self.env["crm.lead"].create(
            {
                "name": "Spring catalogue",
                "type": "opportunity",
                "partner_id": customer.partner_id.id,
                "user_id": user_id,
                "company_id": customer.company_id.id,
            }
        )
        quotation = self._create_orders(customer, user_id=user_id)
        job = self._create_orders(customer, user_id=user_id)
        job.action_confirm()
        handoff = self.env["broker.handoff"].create({"customer_id": customer.id, "sender_id": user_id})
        meeting = (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    "name": "Visit",
                    "start": "2026-06-02 02:00:00",
                    "stop": "2026-06-02 03:00:00",
                    "user_id": user_id,
                    "partner_ids": (self.sales_wang.partner_id + customer.partner_id).ids,
                }
            )
        )
        activities = self.env["mail.activity"]
        for record in (customer, customer.partner_id, lead, quotation, job, handoff):
            activities += self._create_activities(record)
        return {
            "lead": lead,
            "quotation": quotation,
            "job": job,
            "handoff": handoff,
            "meeting": meeting,
            "activities": activities,
        }

    def _line(self, change, customer, role="sales"):
        return change.line_ids.filtered(lambda line: line.customer_id == customer and line.role == role)


@tagged("post_install", "-at_install")
class TestStaffChange(StaffChangeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-03-02 02:00:00"):
            cls.customer = cls._open_customer(service=cls.service_chen)

    def setUp(self):
        super().setUp()
        self._at("2026-05-11 02:00:00")

    def _at(self, moment):
        """Move the clock to a moment in UTC."""
        freezer = freeze_time(moment)
        freezer.start()
        self.addCleanup(freezer.stop)

    def _get_rows(self, customer, role="sales"):
        return [
            (row.user_id, row.origin, row.date_from, row.date_to)
            for row in customer.assignment_ids.filtered(lambda row: row.role == role).sorted(
                lambda row: (row.date_from, row.id)
            )
        ]

    def _get_world(self):
        """Return what a dry run must not touch."""
        self.env.flush_all()
        world = {}
        for model, names in (
            ("res.partner", ["user_id", "write_date"]),
            ("broker.customer", ["service_user_id", "write_date"]),
            ("broker.assignment", ["user_id", "date_to"]),
            ("crm.lead", ["user_id", "write_date"]),
            ("sale.order", ["user_id", "write_date"]),
            ("broker.handoff", ["sender_id", "receiver_id", "write_date"]),
            ("calendar.event", ["user_id", "partner_ids", "write_date"]),
            ("mail.mail", ["state"]),
            ("res.users", ["active", "write_date"]),
        ):
            world[model] = self.env[model].with_context(active_test=False).search([], order="id").read(names)
        for model in ("mail.activity", "mail.message", "mail.followers"):
            world[model] = self.env[model].search_count(
                [("res_id" if model != "mail.message" else "model", "!=", False)]
            )
        return world

    # THE DRY RUN

    def test_merging_two_customers_of_a_change(self):
        kept = self._open_customer()
        twin = self._create_partner("Jade Restaurant Ltd", self.sales_wang)
        gone = self._open_customer(twin)
        change = self._create_change()
        self.assertLessEqual(kept + gone, change.line_ids.customer_id)
        count = len(change.line_ids)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((kept.partner_id + twin).ids, kept.partner_id)
        self.assertEqual(len(change.line_ids), count - 1)
        self.assertIn(kept, change.line_ids.customer_id)

    def test_dry_run_counts_what_moves(self):
        self._create_work(self.customer)
        self._create_orders(self.customer, user_id=self.sales_zhao.id)
        change = self._create_change()
        self.assertEqual(change.line_ids.customer_id, self.customer)
        line = change.line_ids
        self.assertEqual(
            (
                line.role,
                line.lead_count,
                line.quotation_count,
                line.job_count,
                line.handoff_count,
                line.call_count,
                line.activity_count,
                line.meeting_count,
                line.open_count,
            ),
            # Zhao's quotation is not the leaver's.
            ("sales", 1, 1, 1, 1, 0, 6, 1, 11),
        )
        # The next job is a repeat order of an inherited customer.
        self.assertEqual(line.split, "Service Agent 70 %, Salesperson 30 %")
        self.assertIn("<td>None</td>", str(change.tier_totals).replace(' class=""', ""))

    def test_giving_away_keeps_the_split(self):
        change = self._create_change(mode="rebalancing", customer_ids=self.customer.ids)
        self.assertEqual(change.line_ids.split, "Salesperson 70 %, Service Agent 30 %")

    def test_dry_run_writes_nothing_outside_the_document(self):
        self._create_work(self.customer)
        self._open_customers(3)
        self._create_change(collect=False)
        before = self._get_world()
        change = self.Change.search([("user_id", "=", self.sales_wang.id)]).with_user(self.manager_qian)
        change.action_collect()
        change.line_ids[0].successor_id = self.sales_li
        change.action_collect()
        after = self._get_world()
        self.assertEqual(before, after)

    def test_every_role_the_person_holds(self):
        self.customer.care_user_id = self.sales_wang
        self.customer.sponsor_user_id = self.sales_wang
        self._create_work(self.customer)
        change = self._create_change()
        self.assertEqual(set(change.line_ids.mapped("role")), {"sales", "care", "sponsor"})
        self.assertEqual(change.customer_count, 1)
        # What belongs to the customer as a whole is counted once.
        self.assertEqual(change.line_ids.mapped("activity_count"), [6, 0, 0])
        self.assertEqual(self._line(change, self.customer, "care").successor_id, self.care_sun)
        self.assertEqual(self._line(change, self.customer, "sponsor").successor_id, self.manager_qian)

    def test_collecting_again_follows_the_customers(self):
        second = self._open_customers(1)
        change = self._create_change()
        change.line_ids.filtered(lambda line: line.customer_id == second).successor_id = self.sales_li
        second.partner_id.user_id = self.sales_zhao
        third = self._open_customers(1, name="Third")
        change.action_collect()
        self.assertEqual(change.line_ids.customer_id, self.customer + third)

    # SUCCESSORS

    def test_fewest_customers_weighted_by_tier(self):
        # Zhao has one customer of 5A, Li four without a tier: 5 against 4.
        zhaos = self._open_customers(1, user=self.sales_zhao, name="Zhaos")
        zhaos.write(
            {
                "tier_manual_id": self.tiers[5].id,
                "tier_manual_reason": "Test",
                "tier_manual_until": "2030-01-01",
            }
        )
        self._open_customers(4, user=self.sales_li, name="Lis")
        wangs = self._open_customers(2, name="Wangs") + self.customer
        change = self._create_change()
        # Li 4, 5, 6 against 5: Li takes the first and is level, the lower id wins there.
        given = change.line_ids.mapped("successor_id")
        self.assertEqual(len(change.line_ids), len(wangs))
        self.assertEqual(given, self.sales_zhao + self.sales_li)
        counts = [
            len(change.line_ids.filtered(lambda line, user=user: line.successor_id == user))
            for user in (self.sales_zhao, self.sales_li)
        ]
        self.assertEqual(counts, [1, 2])
        self.assertEqual(set(change.line_ids.mapped("successor_reason")), {"load"})

    def test_the_team_comes_before_the_load(self):
        team = self.env["crm.team"].create({"name": "Suzhou", "company_id": self.company.id})
        self.env["crm.team.member"].create(
            [{"crm_team_id": team.id, "user_id": user.id} for user in (self.sales_wang, self.sales_zhao)]
        )
        self._open_customers(5, user=self.sales_zhao, name="Zhaos")
        change = self._create_change()
        self.assertEqual(change.line_ids.successor_id, self.sales_zhao)
        self.assertEqual(change.line_ids.successor_reason, "near")

    def test_the_region_comes_before_the_load(self):
        state = self.env["res.country.state"].search([("country_id.code", "=", "CN")], limit=1)
        self.partner.write({"country_id": state.country_id.id, "state_id": state.id})
        self._open_customers(5, user=self.sales_zhao, name="Zhaos", country_id=state.country_id.id, state_id=state.id)
        change = self._create_change()
        self.assertEqual(change.line_ids.successor_id, self.sales_zhao)
        self.assertEqual(change.line_ids.successor_reason, "near")

    def test_the_absent_and_the_leaving_are_skipped(self):
        resource = self.env["resource.resource"].create({"name": "Zhao", "user_id": self.sales_zhao.id})
        leave = self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "resource_id": resource.id,
                # The last hour of 11 May in Shanghai.
                "date_from": "2026-05-11 15:00:00",
                "date_to": "2026-05-12 02:00:00",
            }
        )
        change = self._create_change()
        self.assertEqual(change.line_ids.successor_id, self.sales_li)
        leave.date_from = "2026-05-11 16:00:00"
        change.action_collect()
        self.assertEqual(change.line_ids.successor_id, self.sales_zhao, "absent from the 12th only")
        self._create_change(self.sales_zhao, collect=False)
        change.action_collect()
        self.assertEqual(change.line_ids.successor_id, self.sales_li, "Zhao leaves too")

    def test_manual_choices_are_kept(self):
        change = self._create_change()
        self.assertEqual(change.line_ids.successor_id, self.sales_zhao)
        with Form(change) as form, form.line_ids.edit(0) as line:
            line.successor_id = self.sales_li
            line.stays_until = date(2026, 6, 1)
        self.assertEqual(change.line_ids.successor_reason, "hand")
        change.action_collect()
        self.assertEqual(change.line_ids.successor_id, self.sales_li)
        self.assertEqual(change.line_ids.stays_until, date(2026, 6, 1))

    def test_set_one_successor_for_a_selection(self):
        self._open_customers(3)
        change = self._create_change()
        action = change.line_ids[:2].action_set_successor()
        wizard = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"])
        wizard.create({"successor_id": self.sales_li.id}).action_set()
        self.assertEqual(change.line_ids[:2].successor_id, self.sales_li)
        self.assertEqual(change.line_ids[:2].mapped("successor_reason"), ["hand", "hand"])

    # CONFIRMING

    def test_confirming_moves_everything(self):
        work = self._create_work(self.customer)
        invoiced = self._create_orders(self.customer, user_id=self.sales_wang.id)
        invoiced.action_confirm()
        invoice = invoiced._create_invoices()
        self.assertEqual(invoice.invoice_user_id, self.sales_wang)
        change = self._create_change(reason="Moves to Suzhou", archive_user=True)
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(change.state, "done")
        self.assertEqual(self.partner.user_id, self.sales_li)
        for name in ("lead", "quotation", "job"):
            self.assertEqual(work[name].user_id, self.sales_li, name)
            self.assertIn(self.sales_li.partner_id, work[name].message_partner_ids, name)
            self.assertNotIn(self.sales_wang.partner_id, work[name].message_partner_ids, name)
        self.assertEqual(work["handoff"].sender_id, self.sales_li)
        self.assertEqual(invoice.invoice_user_id, self.sales_li)
        self.assertEqual(len(work["activities"].exists()), 6)
        self.assertEqual(work["activities"].user_id, self.sales_li)
        self.assertEqual(work["meeting"].user_id, self.sales_li)
        self.assertEqual(work["meeting"].partner_ids, self.partner + self.sales_li.partner_id)
        self.assertEqual(work["meeting"].attendee_ids.partner_id, self.partner + self.sales_li.partner_id)
        self.assertEqual(
            self._get_rows(self.customer),
            [
                (self.sales_wang, "developed", date(2026, 3, 2), date(2026, 5, 11)),
                (self.sales_li, "inherited", date(2026, 5, 11), False),
            ],
        )
        row = self.customer.assignment_ids.filtered(lambda row: row.is_open and row.role == "sales")
        self.assertEqual(row.reason, f"{change.name} · Wang leaves · Moves to Suzhou")
        self.assertEqual(row.operator_id, self.manager_qian)
        self.assertFalse(self.sales_wang.active)
        self.assertEqual(self.Change.search_count([("user_id", "=", self.sales_wang.id)]), 1)
        self.assertIn(
            "1 customers moved (1 to Li), with 12", change.message_ids[0].preview or str(change.message_ids[0].body)
        )

    def test_contacts_below_follow(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.partner.id})
        self.assertEqual(contact.user_id, self.sales_wang)
        change = self._create_change()
        change.action_confirm()
        self.assertEqual(contact.user_id, self.sales_zhao)
        order = self.env["sale.order"].create({"partner_id": contact.id})
        self.assertEqual(order.user_id, self.sales_zhao)

    def test_lines_without_a_successor_are_named(self):
        second = self._open_customers(1, name="Golden Tea")
        change = self._create_change()
        change.line_ids.successor_id = False
        with self.assertRaisesRegex(UserError, r"Jade Restaurant \(Salesperson\).*|Golden Tea") as caught:
            change.action_confirm()
        self.assertIn("Jade Restaurant (Salesperson)", str(caught.exception))
        self.assertIn("Golden Tea 0 (Salesperson)", str(caught.exception))
        self.assertEqual(second.user_id, self.sales_wang)
        self.assertEqual(change.state, "draft")

    def test_successors_must_be_able(self):
        change = self._create_change()
        for wrong in (self.plain_user, self.service_chen):
            change.line_ids.successor_id = wrong
            with self.assertRaisesRegex(UserError, "cannot take the role.*Jade Restaurant"):
                change.action_confirm()

    def test_confirming_twice_is_refused(self):
        change = self._create_change()
        change.action_confirm()
        rows = self._get_rows(self.customer)
        with self.assertRaisesRegex(UserError, "no dry run any more"):
            change.action_confirm()
        self.assertEqual(self._get_rows(self.customer), rows)

    def test_a_customer_who_came_after_collecting_is_named(self):
        change = self._create_change()
        self._open_customers(1, name="Late Comer")
        with self.assertRaisesRegex(UserError, "Late Comer 0.*Collect again"):
            change.action_confirm()

    def test_everything_else_needs_a_receiver(self):
        prospect = self._create_partner("Prospect", self.sales_wang)
        lead = self.env["crm.lead"].create(
            {"name": "First talk", "type": "opportunity", "partner_id": prospect.id, "user_id": self.sales_wang.id}
        )
        todo = self._create_activities(lead)
        change = self._create_change()
        self.assertEqual(change.rest_count, 3)
        self.assertTrue(change.fallback_user_id, "proposed")
        change.fallback_user_id = False
        with self.assertRaisesRegex(UserError, "Everything Else Goes To"):
            change.action_confirm()
        change.fallback_user_id = self.sales_li
        change.action_confirm()
        self.assertEqual(prospect.user_id + lead.user_id, self.sales_li)
        self.assertEqual(todo.user_id, self.sales_li)

    def test_only_managers(self):
        change = self._create_change()
        for user in (self.sales_zhao, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                change.with_user(user).action_confirm()
            with self.assertRaises(AccessError):
                change.with_user(user).read(["name"])
            with self.assertRaises(AccessError):
                change.line_ids.with_user(user).read(["customer_id"])

    def test_states_and_figures_are_not_typed_in(self):
        change = self._create_change()
        with self.assertRaises(UserError):
            change.state = "done"
        with self.assertRaises(UserError):
            change.line_ids.write({"state": "done"})
        with self.assertRaises(UserError):
            change.line_ids.write({"commission_earned": 1})
        change.action_confirm()
        with self.assertRaises(UserError):
            change.line_ids.write({"successor_id": self.sales_li.id})
        with self.assertRaises(UserError):
            change.user_id = self.sales_zhao
        with self.assertRaises(UserError):
            change.unlink()

    def test_an_administrator_is_archived_by_one(self):
        self.sales_wang.group_ids += self.env.ref("base.group_system")
        change = self._create_change(archive_user=True)
        with self.assertRaisesRegex(UserError, "administrator"):
            change.action_confirm()

    def test_a_service_agent_leaves(self):
        handoff = self.env["broker.handoff"].create(
            {"customer_id": self.customer.id, "sender_id": self.sales_wang.id, "receiver_id": self.service_chen.id}
        )
        change = self._create_change(self.service_chen)
        self.assertEqual(change.line_ids.mapped("role"), ["service"])
        self.assertEqual(change.line_ids.handoff_count, 1)
        self.assertFalse(change.line_ids.notify, "the customer meets one face")
        self.assertEqual(change.line_ids.successor_id, self.service_lin)
        change.action_confirm()
        self.assertEqual(self.customer.service_user_id, self.service_lin)
        self.assertEqual(handoff.receiver_id, self.service_lin)
        self.assertEqual(self.partner.user_id, self.sales_wang)

    # GIVING AWAY

    def test_giving_some_customers_away(self):
        kept = self._open_customers(1, name="Kept")
        work = self._create_work(self.customer)
        other = self._create_work(kept)
        action = self.Change.with_user(self.manager_qian).action_give_away(self.customer)
        change = self.Change.browse(action["res_id"]).with_user(self.manager_qian)
        self.assertEqual((change.mode, change.line_ids.customer_id), ("rebalancing", self.customer))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(self._get_rows(self.customer)[-1][:2], (self.sales_li, "transferred"))
        self.assertEqual(work["lead"].user_id, self.sales_li)
        self.assertEqual(kept.user_id, self.sales_wang)
        self.assertEqual(other["lead"].user_id, self.sales_wang)
        self.assertEqual(other["activities"].user_id, self.sales_wang)
        self.assertEqual(other["meeting"].user_id, self.sales_wang)
        self.assertTrue(self.sales_wang.active)
        self.assertEqual(change.state, "done")

    def test_giving_away_customers_of_two_people_is_refused(self):
        others = self._open_customers(1, user=self.sales_zhao)
        with self.assertRaisesRegex(UserError, "one salesperson"):
            self.Change.with_user(self.manager_qian).action_give_away(self.customer + others)

    # LATER

    def test_what_stays_moves_at_night(self):
        second = self._open_customers(1, name="Stays")
        work = self._create_work(second)
        change = self._create_change(archive_user=True)
        self._line(change, second).stays_until = date(2026, 5, 20)
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(change.state, "confirmed")
        self.assertEqual(self.partner.user_id, self.sales_li)
        self.assertEqual(second.user_id, self.sales_wang)
        self.assertEqual(work["activities"].user_id, self.sales_wang)
        self.assertTrue(self.sales_wang.active)
        self._at("2026-05-19 15:00:00")
        self._run_cron("ir_cron_apply_staff_changes")
        self.assertEqual(second.user_id, self.sales_wang, "23:00 on the 19th in Shanghai")
        self._at("2026-05-19 16:30:00")
        self._run_cron("ir_cron_apply_staff_changes")
        self.assertEqual(second.user_id, self.sales_li)
        self.assertEqual(work["activities"].user_id, self.sales_li)
        self.assertEqual(self._get_rows(second)[-1], (self.sales_li, "inherited", date(2026, 5, 20), False))
        self.assertFalse(self.sales_wang.active)
        self.assertEqual(change.state, "done")
        before = self._get_rows(second)
        self._run_cron("ir_cron_apply_staff_changes")
        self.assertEqual(self._get_rows(second), before)

    def test_a_future_day_waits_for_everything(self):
        change = self._create_change(last_day=date(2026, 6, 1), archive_user=True)
        change.action_confirm()
        self.assertEqual((change.state, change.line_ids.state), ("confirmed", "waiting"))
        self.assertEqual(self.partner.user_id, self.sales_wang)
        self._at("2026-06-01 02:00:00")
        change.action_apply_due()
        self.assertEqual(change.state, "done")
        self.assertEqual(self._get_rows(self.customer)[-1][2], date(2026, 6, 1))
        self.assertFalse(self.sales_wang.active)

    def test_a_successor_who_left_meanwhile(self):
        change = self._create_change(last_day=date(2026, 6, 1))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.sales_li.action_archive()
        self._at("2026-06-01 02:00:00")
        self._run_cron("ir_cron_apply_staff_changes")
        self.assertEqual(change.line_ids.state, "blocked")
        self.assertEqual(self.partner.user_id, self.sales_wang)
        self.assertEqual(change.activity_ids.user_id, self.manager_qian)
        change.line_ids.successor_id = self.sales_zhao
        change.action_apply_due()
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertEqual(change.state, "done")
        self.assertFalse(change.activity_ids)

    def test_a_customer_somebody_else_took_is_skipped(self):
        change = self._create_change(last_day=date(2026, 6, 1))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.partner.user_id = self.sales_zhao
        self._at("2026-06-01 02:00:00")
        change.action_apply_due()
        self.assertEqual((change.state, change.line_ids.state), ("done", "skipped"))
        self.assertEqual(self.partner.user_id, self.sales_zhao)

    def test_cancelling_what_waits(self):
        change = self._create_change(last_day=date(2026, 6, 1))
        change.action_confirm()
        change.action_cancel()
        self._at("2026-06-02 02:00:00")
        self._run_cron("ir_cron_apply_staff_changes")
        self.assertEqual(self.partner.user_id, self.sales_wang)
        self.assertEqual(change.line_ids.state, "cancelled")

    # WRITING TO CUSTOMERS

    def test_customers_are_written_to_in_their_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        template = self.env.ref("print_broker_crm.mail_template_staff_change_introduction")
        template.with_context(lang="zh_CN").subject = "您的新联系人：{{ object.successor_id.name }}"
        second = self._open_customers(1, lang="zh_CN")
        silent = self._open_customers(1, name="Silent", email=False)
        change = self._create_change()
        self.assertEqual(change.no_email_count, 1)
        change.line_ids.successor_id = self.sales_li
        line = self._line(change, second)
        action = line.action_preview_message()
        preview = (
            self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"]).create({})
        )
        self.assertEqual(preview.subject, "您的新联系人：Li")
        self.assertIn("Li", str(preview.body))
        self.assertEqual(preview.email_to, second.email)
        known = self.env["mail.mail"].search([])
        change.action_confirm()
        self.assertFalse((self.env["mail.mail"].search([]) - known).filtered("recipient_ids.customer_rank"))
        self._run_cron("ir_cron_write_to_customers")
        mails = (self.env["mail.mail"].search([]) - known).filtered(lambda mail: mail.model == line._name)
        self.assertEqual(
            {(mail.recipient_ids, mail.subject, mail.state) for mail in mails},
            {
                (second.partner_id, "您的新联系人：Li", "outgoing"),
                (self.partner, f"Your new contact at {self.company.name}", "outgoing"),
            },
        )
        self.assertFalse(self._line(change, silent).date_written)
        self.assertTrue(line.date_written)
        self._run_cron("ir_cron_write_to_customers")
        self.assertEqual(len(self.env["mail.mail"].search([("model", "=", line._name)])), 2)

    def test_customers_are_not_written_to_unless_asked(self):
        change = self._create_change(notify_customers=False)
        change.action_confirm()
        self._run_cron("ir_cron_write_to_customers")
        self.assertFalse(self.env["mail.mail"].search([("model", "=", "broker.staff.change.line")]))

    def _run_cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"print_broker_crm.{name}").method_direct_trigger()

    # COMPANIES

    def test_companies_are_kept_apart(self):
        other = self.env["res.company"].create({"name": "Suzhou Print Broker"})
        self.sales_wang.company_ids += other
        manager = self._create_user("kong", "group_manager", company_id=other.id, company_ids=[Command.set(other.ids)])
        elsewhere = self._create_partner("Elsewhere", self.sales_wang)
        theirs = self.env["broker.customer"]._open_for_partners(elsewhere, other)
        order = self._create_orders(theirs, user_id=self.sales_wang.id)
        change = self._create_change()
        self.assertEqual(change.line_ids.customer_id, self.customer)
        change.action_confirm()
        self.assertEqual(order.user_id, self.sales_wang)
        self.assertEqual(elsewhere.user_id, self.sales_wang)
        with self.assertRaises(AccessError):
            change.with_user(manager).read(["name"])
        theirs_change = self.Change.with_user(manager).create({"user_id": self.sales_wang.id})
        theirs_change.action_collect()
        self.assertEqual(theirs_change.line_ids.customer_id, theirs)
        # Nobody else sells there.
        self.assertFalse(theirs_change.line_ids.successor_id - manager)
