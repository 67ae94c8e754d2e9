from datetime import date

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .test_staff_change import StaffChangeCommon


@tagged("post_install", "-at_install")
class TestTwoCompanies(StaffChangeCommon):
    """Jade is a customer of the firm and of its sister. Wang and Li work for both,
    Zhao and Qian for the firm, Bo, Ding and Bai for the sister: Bo sells, Ding serves, Bai
    manages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sister = cls.env["res.company"].create({"name": "Sister"})
        cls.sister.resource_calendar_id = cls.calendar.copy({"company_id": cls.sister.id})
        of_sister = {"company_id": cls.sister.id, "company_ids": cls.sister.ids}
        cls.sales_bo = cls._create_user("bo", "group_salesperson", **of_sister)
        cls.service_ding = cls._create_user("ding", "group_service_agent", **of_sister)
        cls.manager_bai = cls._create_user("bai", "group_manager", **of_sister)
        (cls.sales_wang + cls.sales_li).company_ids += cls.sister
        with freeze_time("2026-03-02 02:00:00"):
            cls.customer = cls._open_customer(service=cls.service_chen)
            cls.sister_customer = cls._open_customer(company=cls.sister, service=cls.service_ding)

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-05-04 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def _open_row(self, customer):
        return self.env["broker.assignment"]._get_open(customer, "sales").get(customer.id)

    def _rows(self, customer, role="sales"):
        rows = self.env["broker.assignment"].search(
            [("customer_id", "=", customer.id), ("role", "=", role), ("is_void", "=", False)], order="date_from, id"
        )
        return [(row.user_id, row.origin, row.date_from, row.date_to or None) for row in rows]

    def _give_jade_to(self, successor, **kwargs):
        change = self._create_change(collect=False, **kwargs)
        if change.mode == "rebalancing":
            change.customer_ids = self.customer
        change.fallback_user_id = self.sales_zhao
        change.action_collect()
        change.line_ids.filtered(lambda line: line.role == "sales").successor_id = successor
        change.action_confirm()
        self.assertEqual(change.state, "done")
        return change

    # GIVING AND LEAVING

    def test_successor_who_works_for_both(self):
        """Wang leaves the firm and stays with the sister: inherited there, here
        transferred, and the firm's document is not named to the sister."""
        change = self._give_jade_to(self.sales_li)
        row, sister_row = self._open_row(self.customer), self._open_row(self.sister_customer)
        self.assertEqual((row.user_id, row.origin), (self.sales_li, "inherited"))
        self.assertIn(change.name, row.reason)
        self.assertEqual((sister_row.user_id, sister_row.origin), (self.sales_li, "transferred"))
        self.assertNotIn(change.name, sister_row.reason)
        self.assertFalse(self.sister_customer.activity_ids)

    def test_day_of_the_other_company(self):
        """What happened for the firm on 1 April, the sister knows from the day it was
        told, 4 May."""
        self._give_jade_to(self.sales_li, last_day=date(2026, 4, 1))
        self.assertEqual(self._open_row(self.customer).date_from, date(2026, 4, 1))
        self.assertEqual(self._open_row(self.sister_customer).date_from, date(2026, 5, 4))

    def test_successor_of_one_company(self):
        """Zhao does not work for the sister: its ledger says that nobody does, its care
        line calls the next working day and its manager is told; the firm's is not."""
        change = self._give_jade_to(self.sales_zhao, mode="rebalancing")
        self.assertEqual(change.shared_count, 1)
        self.assertEqual(self._open_row(self.customer).user_id, self.sales_zhao)
        self.assertEqual(
            self._rows(self.sister_customer),
            [(self.sales_wang, "developed", date(2026, 3, 2), date(2026, 5, 4))],
        )
        todo = self.sister_customer.activity_ids
        self.assertEqual(todo.user_id, self.manager_bai)
        self.assertIn("Sister", todo.summary)
        self.assertFalse(self.customer.activity_ids)
        call = self.env["broker.care.call"].search([("customer_id", "=", self.sister_customer.id)])
        self.assertEqual((call.state, call.reason, call.company_id), ("planned", "salesperson_left", self.sister))
        self.assertFalse(self.env["broker.care.call"].search([("customer_id", "=", self.customer.id)]))
        waiting = self.env["broker.customer"].search([("sales_origin", "=", False)])
        self.assertIn(self.sister_customer, waiting)
        # Nobody of the firm earns on the sister's jobs.
        order = self._create_orders(self.sister_customer)
        order.action_confirm()
        splits = self.env["broker.commission.split"].sudo().search([("order_id", "=", order.id)])
        self.assertTrue(splits)
        self.assertFalse(splits.user_id - self.service_ding)
        # The sister's people take it back: Zhao's row ends, the firm is told.
        self.partner.user_id = self.sales_bo
        self.assertEqual(self._open_row(self.sister_customer).user_id, self.sales_bo)
        self.assertFalse(self._open_row(self.customer))
        self.assertEqual(self.customer.activity_ids.user_id, self.manager_qian)

    def test_dry_run_knows_its_own_company(self):
        """The firm's dry run has the firm's work, the sister's the sister's, and
        confirming the one leaves the other's where it is."""
        own = self._create_work(self.customer)
        self.sales_wang.company_id = self.sister
        others = self._create_orders(self.sister_customer, user_id=self.sales_wang.id)
        lead = self.env["crm.lead"].create(
            {
                "name": "Sister's lead",
                "type": "opportunity",
                "partner_id": self.partner.id,
                "user_id": self.sales_wang.id,
                "company_id": self.sister.id,
                "team_id": False,
            }
        )
        self.assertEqual(lead.broker_customer_id, self.sister_customer)
        meeting = (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    "name": "Sister's visit",
                    "start": "2026-06-03 02:00:00",
                    "stop": "2026-06-03 03:00:00",
                    "user_id": self.sales_wang.id,
                    "opportunity_id": lead.id,
                    "partner_ids": [Command.set((self.sales_wang.partner_id + self.partner).ids)],
                }
            )
        )
        theirs = self._create_partner("Theirs")
        their_customer = self._open_customer(theirs, company=self.sister)
        prospect = self._create_partner("Prospect")
        prospect_quotation = self.env["sale.order"].create(
            {"partner_id": prospect.id, "company_id": self.sister.id, "user_id": self.sales_wang.id}
        )
        activities = self.env["mail.activity"]
        for record in (self.sister_customer, others, lead, theirs, their_customer, prospect_quotation):
            activities += self._create_activities(record)
        change = self._create_change()
        line = self._line(change, self.customer)
        self.assertEqual(change.line_ids.customer_id, self.customer)
        self.assertEqual(
            [line[f"{name}_count"] for name in ("lead", "quotation", "job", "handoff", "activity", "meeting")],
            [1, 1, 1, 1, 6, 1],
        )
        self.assertEqual(change.rest_count, 0)
        sister_change = (
            self.Change.with_user(self.manager_bai)
            .with_company(self.sister)
            .create({"user_id": self.sales_wang.id, "company_id": self.sister.id})
        )
        sister_change.action_collect()
        line = self._line(sister_change.sudo(), self.sister_customer)
        self.assertEqual(sister_change.sudo().line_ids.customer_id, self.sister_customer)
        # The contact is shared, and so are the to-do on it and the visit planned on nothing else.
        self.assertEqual(
            [line[f"{name}_count"] for name in ("lead", "quotation", "job", "handoff", "activity", "meeting")],
            [1, 1, 0, 0, 4, 2],
        )
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(change.state, "done")
        self.assertEqual(own["quotation"].user_id, self.sales_li)
        self.assertEqual(own["meeting"].user_id, self.sales_li)
        self.assertEqual(own["activities"].user_id, self.sales_li)
        self.assertEqual(others.user_id, self.sales_wang)
        self.assertEqual(lead.user_id, self.sales_wang)
        self.assertEqual(meeting.user_id, self.sales_wang)
        self.assertEqual(prospect_quotation.user_id, self.sales_wang)
        self.assertEqual(activities.user_id, self.sales_wang)

    def test_leaving_one_company_takes_customers_in_the_other(self):
        """Who is about to leave the firm alone still is a successor in the sister."""
        self._create_change(self.sales_li, collect=False)
        change = self.Change.with_company(self.sister).create(
            {"user_id": self.sales_wang.id, "company_id": self.sister.id}
        )
        self.assertIn(self.sales_li, change._get_candidates("sales"))
        self._create_change(self.sales_li, collect=False, archive_user=True)
        self.assertNotIn(self.sales_li, change._get_candidates("sales"))

    # CORRECTING

    def test_correcting_the_past_is_the_companys_own(self):
        Assignment = self.env["broker.assignment"].sudo()
        Assignment._correct(
            self.customer, "sales", self.sales_zhao, date(2026, 3, 10), date(2026, 3, 20), "It was Zhao"
        )
        self.assertEqual(len(self._rows(self.customer)), 3)
        self.assertEqual(self._rows(self.sister_customer), [(self.sales_wang, "developed", date(2026, 3, 2), None)])
        self.assertEqual(self.partner.user_id, self.sales_wang)

    def test_correcting_the_present_moves_the_contact(self):
        Assignment = self.env["broker.assignment"].sudo()
        Assignment._correct(self.customer, "sales", self.sales_li, date(2026, 4, 1), False, "It is Li", "inherited")
        self.assertEqual(self.partner.user_id, self.sales_li)
        row = self._open_row(self.sister_customer)
        self.assertEqual((row.user_id, row.origin, row.date_from), (self.sales_li, "transferred", date(2026, 5, 4)))
        self.assertNotEqual(row.reason, "It is Li")

    def test_correcting_does_not_end_the_others_salesperson(self):
        """The sister has nobody, the contact is Zhao's: what the sister corrects in its
        past leaves the contact to him."""
        self.partner.user_id = self.sales_zhao
        self.env["broker.assignment"].sudo()._correct(
            self.sister_customer, "sales", self.sales_bo, date(2026, 3, 10), date(2026, 3, 20), "It was Bo"
        )
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertEqual(self._open_row(self.customer).user_id, self.sales_zhao)
        self.assertFalse(self._open_row(self.sister_customer))

    # ARCHIVING

    def test_archiving_the_file(self):
        self.customer.active = False
        self.assertTrue(self.sister_customer.active)
        self.assertEqual(self._open_row(self.sister_customer).user_id, self.sales_wang)
        self.partner.user_id = self.sales_li
        self.assertEqual(self._open_row(self.customer).user_id, self.sales_li)

    def test_archiving_the_person(self):
        """Each company gets its own list, with its own customers."""
        self.sales_wang.action_archive()
        changes = self.Change.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual(changes.company_id, self.company + self.sister)
        for change in changes:
            self.assertEqual(change.line_ids.customer_id.company_id, change.company_id)
            self.assertIn(
                {self.company: self.manager_qian, self.sister: self.manager_bai}[change.company_id],
                change.activity_ids.user_id,
            )
        for customer in (self.customer, self.sister_customer):
            self.assertFalse(self._open_row(customer))

    def test_archiving_who_works_for_one(self):
        """The shared contact brings Zhao a file of the sister, for which he never
        worked: that does not stand in the way."""
        self.partner.user_id = self.sales_zhao
        self.sales_zhao.action_archive()
        changes = self.Change.search([("user_id", "=", self.sales_zhao.id)])
        self.assertEqual(changes.company_id, self.company)
        self.assertFalse(self.partner.user_id)
        self.assertFalse(self._open_row(self.customer))

    # MERGING

    def _merge(self, target, source):
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((target + source).ids, target)

    def test_merging_joins_company_by_company(self):
        twin = self._create_partner("Jade Rest.", self.sales_li)
        with freeze_time("2026-02-02 02:00:00"):
            own, theirs = self._open_customer(twin), self._open_customer(twin, company=self.sister)
        own_call = self.env["broker.care.call"].create({"customer_id": own.id})
        self._merge(self.partner, twin)
        self.assertFalse((own + theirs).exists())
        self.assertEqual(own_call.customer_id, self.customer)
        for customer in (self.customer, self.sister_customer):
            self.assertEqual(
                self._rows(customer),
                [
                    (self.sales_li, "developed", date(2026, 2, 2), date(2026, 3, 2)),
                    (self.sales_wang, "developed", date(2026, 3, 2), None),
                ],
            )

    def test_merging_files_of_different_companies(self):
        """The firm's contact stays with its salesperson; the sister, whose contact went
        into it, is told that Zhao is not one of theirs."""
        mine = self._create_partner("Opal", self.sales_zhao)
        theirs = self._create_partner("Opal Ltd", self.sales_bo)
        own, sister = self._open_customer(mine), self._open_customer(theirs, company=self.sister)
        self._merge(mine, theirs)
        self.assertEqual(sister.partner_id, mine)
        self.assertEqual(mine.user_id, self.sales_zhao)
        self.assertEqual(self._open_row(own).user_id, self.sales_zhao)
        self.assertFalse(self._open_row(sister))
        self.assertEqual(sister.activity_ids.user_id, self.manager_bai)

    # SEEING

    def test_nobody_sees_the_others_file(self):
        for user in (self.sales_zhao, self.service_chen, self.care_sun, self.manager_qian):
            files = self.env["broker.customer"].with_user(user)
            self.assertNotIn(self.sister_customer, files.search([]))
            with self.assertRaises(AccessError):
                files.browse(self.sister_customer.id).read(["readiness"])
            with self.assertRaises(AccessError):
                files.browse(self.sister_customer.id).action_refresh_readiness()
            rows = self.env["broker.assignment"].with_user(user).search([])
            self.assertNotIn(self.sister, rows.sudo().company_id)
        loads = self.env["broker.staff.load"].with_user(self.manager_qian)
        self.assertEqual(loads.search([("user_id", "=", self.sales_wang.id)]).customer_count, 1)
        self.partner.user_id = self.sales_zhao
        for user in (self.sales_zhao, self.manager_qian):
            self.assertNotIn(self.sister_customer, self.env["broker.customer"].with_user(user).search([]))

    def test_touches_of_one_company(self):
        """The firm's orders, messages and colleagues say nothing to the sister."""
        self._create_orders(self.customer).action_confirm()
        self.partner.with_company(self.company).message_post(
            body="Hello",
            author_id=self.service_chen.partner_id.id,
            partner_ids=self.partner.ids,
            message_type="comment",
        )
        files = self.customer + self.sister_customer
        files._refresh_readiness()
        self.assertTrue(self.customer.last_sign_of_life)
        self.assertFalse(self.customer.known_to_one)
        self.assertFalse(self.sister_customer.last_sign_of_life)
        self.assertTrue(self.sister_customer.known_to_one)
        self.partner.with_company(self.sister).message_post(
            body="Hello", author_id=self.partner.id, message_type="email", subtype_xmlid="mail.mt_comment"
        )
        files._refresh_readiness()
        self.assertTrue(self.sister_customer.last_sign_of_life)
        self.assertTrue(self.sister_customer.known_to_one)

    def test_settings_of_each_company(self):
        self.sister.broker_silent_days = 10
        self.clock.move_to("2026-05-20 02:00:00")
        (self.customer + self.sister_customer)._refresh_readiness()
        self.assertFalse(self.customer.is_silent)
        self.assertTrue(self.sister_customer.is_silent)
        silent = self.env["broker.customer"].search([("is_silent", "=", True)])
        self.assertIn(self.sister_customer, silent)
        self.assertNotIn(self.customer, silent)

    def test_opening_a_file_on_the_others_contact(self):
        """The sister wins a customer whose contact is Zhao's: nobody of the sister is in
        its ledger, and nothing was lost that would call for anybody."""
        partner = self._create_partner("Onyx", self.sales_zhao)
        customer = self._open_customer(partner, company=self.sister)
        self.assertFalse(self._rows(customer))
        self.assertFalse(customer.activity_ids)
        partner.user_id = self.sales_li
        self.assertEqual(self._rows(customer), [(self.sales_li, "developed", date(2026, 5, 4), None)])

    # LEAVING ONE COMPANY

    def test_user_loses_a_company(self):
        """Wang is taken out of the sister: there the ledger ends, the work is nobody's,
        the care line calls and Bai is told. For the firm nothing changes."""
        self.customer.sponsor_user_id = self.sales_wang
        self.sister_customer.sponsor_user_id = self.sales_wang
        own = self._create_orders(self.customer, user_id=self.sales_wang.id)
        theirs = self._create_orders(self.sister_customer, user_id=self.sales_wang.id)
        promise = self._create_activities(theirs)
        shared = self._create_activities(self.partner)
        member = self.env["broker.customer.member"].create(
            {
                "customer_id": self.sister_customer.id,
                "user_id": self.sales_wang.id,
                "function": "intake",
                "date_from": "2026-05-01",
            }
        )
        self.sales_wang.write({"company_ids": [Command.unlink(self.sister.id)]})
        self.assertEqual(self.partner.user_id, self.sales_wang)
        self.assertEqual(self._rows(self.customer), [(self.sales_wang, "developed", date(2026, 3, 2), None)])
        self.assertEqual(self.customer.sponsor_user_id, self.sales_wang)
        self.assertEqual(own.user_id, self.sales_wang)
        self.assertEqual(shared.user_id, self.sales_wang)
        self.assertEqual(
            self._rows(self.sister_customer),
            [(self.sales_wang, "developed", date(2026, 3, 2), date(2026, 5, 4))],
        )
        self.assertFalse(self.sister_customer.sponsor_user_id)
        self.assertEqual(self._rows(self.sister_customer, "sponsor")[0][3], date(2026, 5, 4))
        self.assertFalse(theirs.user_id)
        self.assertEqual(promise.user_id, self.manager_bai)
        self.assertEqual(member.date_to, date(2026, 5, 4))
        self.assertEqual((self.sister_customer.activity_ids - promise).user_id, self.manager_bai)
        call = self.env["broker.care.call"].search([("customer_id", "=", self.sister_customer.id)])
        self.assertEqual(call.state, "planned")
        self.assertFalse(self.env["broker.care.call"].search([("customer_id", "=", self.customer.id)]))
        # Back again: the contact is Wang's still, and the ledger says so from then on.
        self.clock.move_to("2026-06-01 02:00:00")
        self.sales_wang.company_ids += self.sister
        self.assertEqual(self._rows(self.sister_customer)[1:], [(self.sales_wang, "developed", date(2026, 6, 1), None)])

    def test_user_gains_a_company(self):
        self.sales_zhao.company_ids += self.sister
        self.sales_wang.write({"company_ids": [Command.set((self.company + self.sister).ids)]})
        self.assertEqual(self._open_row(self.sister_customer).user_id, self.sales_wang)
        self.assertFalse(self.sister_customer.activity_ids)
