from datetime import date
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .test_staff_change import StaffChangeCommon


class TeamCommon(StaffChangeCommon):
    """Monday, 11 May 2026 in Shanghai; Jade is Wang's since 2 March."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-03-02 02:00:00"):
            cls.customer = cls._open_customer(service=cls.service_chen)
        cls.Member = cls.env["broker.customer.member"]

    def setUp(self):
        super().setUp()
        self._at("2026-05-11 02:00:00")

    def _at(self, moment):
        """Move the clock to a moment in UTC."""
        freezer = freeze_time(moment)
        freezer.start()
        self.addCleanup(freezer.stop)

    def _join(self, user, function="settlement", customer=None, **kwargs):
        return self.Member.with_user(self.manager_qian).create(
            {"customer_id": (customer or self.customer).id, "user_id": user.id, "function": function, **kwargs}
        )

    def _get_rows(self, customer=None):
        """Return (person, function, from, until) of a team, oldest first."""
        return [
            (member.user_id.name, member.function, member.date_from, member.date_to)
            for member in self.Member.search([("customer_id", "=", (customer or self.customer).id)], order="id")
        ]


@tagged("post_install", "-at_install")
class TestCustomerTeam(TeamCommon):
    # MEMBERSHIPS

    def test_begins_on_the_day_of_the_customers_firm(self):
        """One in the morning of the twelfth in Shanghai, the evening of the eleventh in London."""
        self._at("2026-05-11 17:00:00")
        company = self.env["res.company"].create({"name": "Second Firm"})
        company.resource_calendar_id.tz = "Europe/London"
        self.sales_wang.company_ids += company
        self.manager_qian.company_ids += company
        theirs = self._open_customer(self.partner, company=company)
        self._join(self.sales_wang)
        self._join(self.sales_wang, customer=theirs)
        self.assertEqual(self._get_rows(), [("Wang", "settlement", date(2026, 5, 12), False)])
        self.assertEqual(self._get_rows(theirs), [("Wang", "settlement", date(2026, 5, 11), False)])

    def test_the_first_day_stays_when_the_customer_is_another(self):
        member = self._join(self.sales_wang)
        member.sudo().date_from = "2026-02-01"
        member.sudo().customer_id = self._open_customer(self._create_partner("Another", self.sales_wang))
        self.env.flush_all()
        self.assertEqual(member.date_from, date(2026, 2, 1))

    def test_a_team_on_the_file(self):
        with Form(self.customer.with_user(self.manager_qian)) as form:
            with form.member_ids.new() as member:
                member.user_id = self.sales_wang
                member.function = "lead"
            with form.member_ids.new() as member:
                member.user_id = self.service_lin
                member.function = "delivery"
                member.date_from = date(2026, 4, 1)
        self.assertEqual(
            self._get_rows(),
            [("Wang", "lead", date(2026, 5, 11), False), ("Lin", "delivery", date(2026, 4, 1), False)],
        )
        self.assertEqual(self.customer.lead_user_id, self.sales_wang)
        bodies = "".join(self.customer.message_ids.mapped("body"))
        self.assertIn("Wang joins the account team: Project Lead", bodies)
        self.customer.member_ids.filtered(lambda member: member.function == "lead").action_end()
        self.env.invalidate_all()
        self.assertFalse(self.customer.lead_user_id)
        self.assertIn("Wang was not in the account team after all", "".join(self.customer.message_ids.mapped("body")))

    def test_the_first_days_are_the_firms(self):
        """At 17:00 UTC it is the next day in Shanghai."""
        self._at("2026-05-11 17:00:00")
        self.assertEqual(self._join(self.service_lin).date_from, date(2026, 5, 12))

    def test_ended_not_rewritten(self):
        member = self._join(self.service_lin, date_from=date(2026, 4, 1), note="Statements")
        for vals in (
            {"user_id": self.service_chen.id},
            {"function": "lead"},
            {"date_from": date(2026, 3, 2)},
            {"customer_id": self._open_customers(1).id},
            {"is_successor_wanted": True},
        ):
            with self.assertRaisesRegex(UserError, "end it and add another"), self.env.cr.savepoint():
                member.write(vals)
        with self.assertRaisesRegex(UserError, "Memberships are kept"):
            member.sudo().unlink()
        with self.assertRaisesRegex(UserError, "follows from a person's leaving"):
            self._join(self.service_chen, is_successor_wanted=True)
        member.note = "Statements and reminders"
        member.date_to = date(2026, 5, 1)
        for day in (False, date(2026, 5, 2)):
            with self.assertRaisesRegex(UserError, "stays as it is"):
                member.date_to = day

    def test_one_lead_and_nobody_twice(self):
        self._join(self.sales_wang, "lead", date_from=date(2026, 4, 1))
        for user in (self.sales_zhao, self.sales_wang):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(UniqueViolation) as caught,
                self.env.cr.savepoint(),
            ):
                self._join(user, "lead")
            message = self.Member._open_lead_uniq.get_error_message(self.Member, caught.exception.diag)
            self.assertIn("already has a project lead", message)
        self._join(self.service_lin, "delivery")
        self._join(self.service_chen, "delivery")
        self._join(self.service_lin, "intake")
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self._join(self.service_lin, "delivery")

    def test_days_of_the_past_do_not_overlap(self):
        lead = self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2))
        lead.date_to = date(2026, 5, 1)
        with self.assertRaisesRegex(ValidationError, "from 2026-03-02 to 2026-05-01"), self.env.cr.savepoint():
            self._join(self.sales_zhao, "lead", date_from=date(2026, 4, 30))
        self._join(self.sales_zhao, "lead", date_from=date(2026, 5, 1))

    def test_bad_input(self):
        for vals, message in (
            ({"date_from": date(2026, 5, 12)}, "on the day itself or later"),
            ({"date_from": date(2026, 5, 1), "date_to": date(2026, 5, 12)}, "on the day itself or later"),
        ):
            with self.assertRaisesRegex(UserError, message), self.env.cr.savepoint():
                self._join(self.service_lin, **vals)
        with self.assertRaisesRegex(Exception, "end before it began|date_order"), self.env.cr.savepoint():
            self._join(self.service_lin, date_from=date(2026, 5, 1), date_to=date(2026, 4, 1))
        portal = self._create_user("guest", "group_salesperson")
        portal.group_ids = [Command.set(self.env.ref("base.group_portal").ids)]
        with self.assertRaisesRegex(ValidationError, "only people who work here"), self.env.cr.savepoint():
            self._join(portal)
        self.service_lin.action_archive()
        with self.assertRaisesRegex(ValidationError, "only people who work here"), self.env.cr.savepoint():
            self._join(self.service_lin)

    def test_who_was_in_the_team(self):
        other = self._open_customers(1)
        wang = self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2))
        wang.date_to = date(2026, 4, 1)
        lin = self._join(self.service_lin, date_from=date(2026, 3, 15))
        mistake = self._join(self.service_chen, date_from=date(2026, 3, 20))
        mistake.date_to = mistake.date_from
        customers = self.customer + other
        self.env.flush_all()
        with self.assertQueryCount(1):
            found = self.Member._get_at(customers, date(2026, 3, 31))
        self.assertEqual(found, {self.customer.id: wang + lin})
        self.assertEqual(self.Member._get_at(customers, date(2026, 4, 1)), {self.customer.id: lin})
        self.assertEqual(self.Member._get_at(customers, date(2026, 3, 1)), {})
        march = self.Member._get_during(customers, date(2026, 3, 1), date(2026, 4, 1))
        self.assertEqual(march, {self.customer.id: wang + lin})
        april = self.Member._get_during(customers, date(2026, 4, 1), date(2026, 5, 1))
        self.assertEqual(april, {self.customer.id: lin})

    # ACCESS

    def _call(self, user, records, method, *args):
        """Call a method as a client of a user does."""
        records = records.with_user(user)
        # Odoo writes such rows as whoever made the request.
        with patch.object(self.env.transaction, "default_env", records.env), self.env.cr.savepoint():
            return call_kw(records, method, [records.ids, *args] if records else list(args), {})

    def test_only_managers_name_a_team(self):
        member = self._join(self.sales_wang, "lead")
        partner = self._create_partner("Moon", self.sales_wang)
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            vals = {"user_id": user.id, "function": "intake"}
            commands = {"member_ids": [Command.create(vals)]}
            for records, method, values in (
                (self.Member, "create", {"customer_id": self.customer.id, **vals}),
                (self.customer, "write", commands),
                (self.env["broker.customer"], "create", {"partner_id": partner.id, **commands}),
                (member, "write", {"date_to": date(2026, 5, 11)}),
            ):
                with self.assertRaises(AccessError, msg=f"{user.name} {method}"):
                    self._call(user, records, method, values)
            with self.assertRaises(AccessError):
                self._call(user, member, "action_end")
            with self.assertRaises(AccessError):
                self._call(user, member, "unlink")
        self._call(self.manager_qian, self.customer, "write", commands)
        self.assertEqual(len(self._get_rows()), 2)

    def test_members_see_the_customer_as_long_as_they_are(self):
        job = self._create_orders(self.customer, user_id=self.sales_wang.id)
        job.action_confirm()
        records = (self.customer, self.partner, job)
        for record in records:
            self.assertFalse(record.with_user(self.sales_zhao).has_access("read"))
        member = self._join(self.sales_zhao, date_from=date(2026, 4, 1))
        self.env.invalidate_all()
        for record in records:
            self.assertTrue(record.with_user(self.sales_zhao).has_access("read"), record)
        mine = [("member_ids", "any", [("user_id", "=", self.sales_zhao.id), ("date_to", "=", False)])]
        self.assertEqual(self.env["broker.customer"].with_user(self.sales_zhao).search(mine), self.customer)
        self.assertIn(self.sales_zhao, self.customer._get_serving_users())
        member.action_end()
        self.env.invalidate_all()
        for record in records:
            self.assertFalse(record.with_user(self.sales_zhao).has_access("read"), record)
        self.assertFalse(self.Member.with_user(self.sales_zhao).search([]))
        self.assertNotIn(self.sales_zhao, self.customer._get_serving_users())

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        theirs = self._open_customer(company=other)
        self.manager_qian.company_ids += other
        with self.assertRaisesRegex(UserError, "compan"), self.env.cr.savepoint():
            self._join(self.sales_wang, customer=theirs)
        self.sales_wang.company_ids += other
        self._join(self.sales_wang, customer=theirs)
        self._join(self.sales_wang, "lead")
        Member = self.Member.with_user(self.sales_wang).with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(Member.search([]).company_id, self.company)
        # Leaving one firm leaves the other's team alone.
        change = self._create_change()
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual([row[0] for row in self._get_rows(theirs) if not row[3]], ["Wang"])
        self.assertEqual([row[0] for row in self._get_rows() if not row[3]], ["Li"])

    # LEAVING

    def test_the_dry_run_counts_and_the_successor_joins(self):
        self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2), note="Knows the buyer")
        self._join(self.sales_wang, "intake", date_from=date(2026, 3, 2))
        self._join(self.service_lin, "delivery")
        change = self._create_change()
        line = self._line(change, self.customer)
        self.assertEqual((line.member_count, line.open_count, change.rest_count), (2, 0, 0))
        line.successor_id = self.sales_li
        self.assertEqual(self.customer.lead_user_id, self.sales_wang, "a dry run writes nothing")
        change.action_confirm()
        today = date(2026, 5, 11)
        self.assertEqual(
            self._get_rows(),
            [
                ("Wang", "lead", date(2026, 3, 2), today),
                ("Wang", "intake", date(2026, 3, 2), today),
                ("Lin", "delivery", today, False),
                ("Li", "lead", today, False),
                ("Li", "intake", today, False),
            ],
        )
        self.assertEqual(self.customer.lead_user_id, self.sales_li)

    def test_a_change_of_a_past_day_begins_on_it(self):
        self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2))
        change = self._create_change(last_day=date(2026, 5, 4))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(
            self._get_rows(),
            [("Wang", "lead", date(2026, 3, 2), date(2026, 5, 4)), ("Li", "lead", date(2026, 5, 4), False)],
        )

    def test_a_successor_who_was_there_before(self):
        """Li had the place until yesterday, and has another one already."""
        self._join(self.sales_li, "intake", date_from=date(2026, 3, 2)).date_to = date(2026, 5, 10)
        self._join(self.sales_li, "delivery", date_from=date(2026, 3, 2))
        self._join(self.sales_wang, "intake", date_from=date(2026, 3, 2))
        self._join(self.sales_wang, "delivery", date_from=date(2026, 3, 2))
        change = self._create_change(last_day=date(2026, 5, 4))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(
            [row for row in self._get_rows() if not row[3]],
            [
                ("Li", "delivery", date(2026, 3, 2), False),
                ("Li", "intake", date(2026, 5, 10), False),
            ],
        )

    def test_only_a_member(self):
        """Zhao's customer has Wang in its team: whoever takes everything else joins."""
        opal = self._open_customer(self._create_partner("Opal", self.sales_zhao))
        self._join(self.sales_wang, "lead", customer=opal)
        change = self._create_change()
        self.assertEqual(change.rest_count, 1)
        change.line_ids.successor_id = self.sales_li
        change.fallback_user_id = False
        with self.assertRaisesRegex(UserError, "Everything Else Goes To"):
            change.action_confirm()
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        self.assertEqual(opal.lead_user_id, self.sales_zhao)
        self.assertEqual(opal.user_id, self.sales_zhao)

    def test_giving_away_passes_the_place_of_those_customers_only(self):
        pearl = self._open_customers(1)
        self._join(self.sales_wang, "lead")
        self._join(self.sales_wang, "lead", customer=pearl)
        self.env["broker.staff.change"].with_user(self.manager_qian).action_give_away(self.customer)
        change = self.Change.search([("user_id", "=", self.sales_wang.id)], limit=1).with_user(self.manager_qian)
        change.line_ids.successor_id = self.sales_zhao
        change.action_confirm()
        self.assertEqual(self.customer.lead_user_id, self.sales_zhao)
        self.assertEqual(pearl.lead_user_id, self.sales_wang)

    def test_archived_without_a_change(self):
        opal = self._open_customer(self._create_partner("Opal", self.sales_zhao))
        self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2))
        self._join(self.sales_wang, "delivery", customer=opal)
        self.sales_wang.action_archive()
        self.assertFalse(self.customer.lead_user_id)
        self.assertFalse(opal.member_ids.filtered(lambda member: not member.date_to))
        change = self.Change.search([("user_id", "=", self.sales_wang.id)]).with_user(self.manager_qian)
        self.assertEqual(change.activity_ids.summary, "Name successors: 2 customers of Wang")
        change.action_collect()
        self.assertEqual((self._line(change, self.customer).member_count, change.rest_count), (1, 1))
        change.line_ids.successor_id = self.sales_li
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        self.assertEqual((self.customer.lead_user_id, change.state), (self.sales_li, "done"))
        self.assertEqual([row[:2] for row in self._get_rows(opal) if not row[3]], [("Zhao", "delivery")])
        self.assertFalse(self.Member.search([("is_successor_wanted", "=", True)]))

    def test_archived_who_was_only_a_lead(self):
        """The managers are told, and not any more once somebody leads."""
        self._join(self.sales_zhao, "lead", date_from=date(2026, 3, 2))
        self.sales_zhao.write({"active": False})
        change = self.Change.search([("user_id", "=", self.sales_zhao.id)])
        self.assertEqual((change.state, change.activity_ids.user_id), ("draft", self.manager_qian))
        self.Change._close_settled(self.company)
        self.assertEqual(change.state, "draft", "nobody leads yet")
        self._join(self.sales_li, "lead")
        self.assertFalse(self.Member.search([("is_successor_wanted", "=", True)]))
        self.Change._close_settled(self.company)
        self.assertEqual((change.state, change.activity_ids.ids), ("done", []))

    def test_the_second_archiving_ends_nothing_twice(self):
        self._join(self.sales_wang, "lead", date_from=date(2026, 3, 2))
        self.env["broker.customer"].sudo()._before_users_leave(self.sales_wang)
        rows = self._get_rows()
        self.env["broker.customer"].sudo()._before_users_leave(self.sales_wang)
        self.assertEqual(self._get_rows(), rows)
        self.assertEqual(len(self.Change.search([("user_id", "=", self.sales_wang.id)])), 1)

    # MERGING

    def test_a_merge_finds_the_successor_that_was_wanted(self):
        twin = self._open_customers(1, user=self.sales_zhao, name="Twin")
        wanted = self._join(self.service_lin, "lead", customer=twin) + self._join(self.service_lin, customer=twin)
        wanted._end_for_leaver()
        self._join(self.sales_wang, "lead")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + twin.partner_id).ids, self.partner
        )
        self.env.invalidate_all()
        self.assertEqual(wanted.mapped("is_successor_wanted"), [False, True])

    def test_merged_teams(self):
        twin = self._open_customers(1, user=self.sales_zhao, name="Twin")
        self._join(self.sales_wang, "lead", date_from=date(2026, 4, 1))
        self._join(self.sales_zhao, "lead", customer=twin, date_from=date(2026, 3, 10))
        self._join(self.service_lin, "delivery", date_from=date(2026, 4, 1))
        self._join(self.service_lin, "delivery", customer=twin, date_from=date(2026, 3, 10))
        self._join(self.service_lin, "intake", customer=twin)
        merge = self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [Command.set((self.partner + twin.partner_id).ids)],
                "dst_partner_id": self.partner.id,
            }
        )
        merge.action_merge()
        self.env.invalidate_all()
        today = date(2026, 5, 11)
        self.assertEqual(
            self._get_rows(),
            [
                ("Wang", "lead", date(2026, 4, 1), False),
                ("Zhao", "lead", date(2026, 3, 10), today),
                ("Lin", "delivery", date(2026, 4, 1), False),
                ("Lin", "delivery", date(2026, 3, 10), date(2026, 4, 1)),
                ("Lin", "intake", today, False),
            ],
        )
        self.assertEqual(self.customer.lead_user_id, self.sales_wang)

    # KEY ACCOUNTS

    def test_key_accounts_with_a_gap(self):
        customers = self._open_customers(3) + self.customer
        customers[:3].write(
            {"tier_manual_id": self.tiers[5].id, "tier_manual_reason": "Key", "tier_manual_until": date(2026, 12, 31)}
        )
        self.tiers[5].is_key = True
        led, sponsored, whole = customers[:3]
        for customer in led, whole:
            self._join(self.sales_wang, "lead", customer=customer)
        (sponsored + whole).write({"sponsor_user_id": self.manager_qian.id})
        gap = self.env.ref("print_broker_crm.broker_customer_action_key_accounts").domain
        self.assertIn("is_key", gap)
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        ours = [("id", "in", customers.ids)]
        self.assertEqual(
            Customer.search(
                ours
                + [("tier_id.is_key", "=", True), "|", ("lead_user_id", "=", False), ("sponsor_user_id", "=", False)]
            ),
            sponsored + led,
        )
        self.assertEqual(Customer.search(ours + [("lead_user_id", "ilike", "wan")]), whole + led)
        self.assertEqual(Customer.search(ours + [("lead_user_id", "!=", False)]), whole + led)
        self.assertEqual(Customer.search(ours + [("lead_user_id", "=", self.sales_wang.id)]), whole + led)
        others = Customer.search(ours + [("lead_user_id", "not in", self.sales_wang.ids)])
        self.assertEqual(others, sponsored + self.customer)

    def test_leads_cost_no_query_each(self):
        counts = []
        for number, name in ((3, "Warm"), (3, "Few"), (30, "Many")):
            customers = self._open_customers(number, name=name)
            self.Member.create(
                [
                    {"customer_id": customer.id, "user_id": self.sales_wang.id, "function": "lead"}
                    for customer in customers
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Customer = self.env["broker.customer"].with_user(self.manager_qian)
            found = Customer.search([("id", "in", customers.ids), ("lead_user_id", "!=", False)])
            found.mapped("lead_user_id.name")
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(found), number)
        self.assertEqual(counts[1], counts[2])

    def test_passing_on_costs_no_query_each(self):
        counts = []
        for name, number in (("Warm", 3), ("Few", 3), ("Many", 30)):
            user = self._create_user(name.lower(), "group_salesperson")
            customers = self._open_customers(number, user=self.sales_zhao, name=name)
            for function in ("lead", "delivery"):
                self.Member.create(
                    [{"customer_id": customer.id, "user_id": user.id, "function": function} for customer in customers]
                )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Member._find_to_pass(user)._pass_on(dict.fromkeys(customers, self.sales_li))
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(customers.lead_user_id, self.sales_li)
        self.assertLessEqual(counts[2], counts[1] + 5)
