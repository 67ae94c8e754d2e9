from datetime import datetime, timedelta

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .test_readiness import ReadinessCommon

# Whatever may tell the gathering that something is new.
_TABLES = (
    "mail_message",
    "calendar_event",
    "calendar_attendee",
    "mail_activity",
    "sale_order",
    "broker_handoff",
    "broker_care_call",
    "broker_care_call_attempt",
    "broker_customer",
    "broker_assignment",
    "broker_contact",
    "res_partner",
)


class GatherCommon(ReadinessCommon):
    def _gather(self, customers=None):
        return sum(self.env["broker.contact"]._gather(self.company, customers))

    def _age(self):
        """Pretend that all there is was written long ago, and gathered last night."""
        self.env.flush_all()
        for table in _TABLES:
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2020-01-01', create_date = '2020-01-01'", SQL.identifier(table))
            )
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.contact_sweep_days", 1 << 30)
        # Beyond the hours that are looked back
        self.company.sudo().broker_contact_gathered_at = fields.Datetime.now() + timedelta(hours=25)
        self.env.invalidate_all()

    def _get_changed(self):
        """Return the customers whom the next run would look at."""
        self.env["broker.contact"].sudo()._queue_changed(self.company.sudo())
        ids = self.env["broker.contact"].sudo()._take_due(self.company)
        return self.env["broker.customer"].browse(ids)

    def _rows(self, customer=None):
        """Return the gathered contacts as (channel, direction, user, role, date)."""
        contacts = self.env["broker.contact"].search([("customer_id", "=", (customer or self.customer).id)])
        return {(row.channel, row.direction, row.user_id.name or "", row.role or "", str(row.date)) for row in contacts}

    def _mail_in(self, moment):
        return self.partner.message_post(
            body="When?", author_id=self.buyer.id, message_type="email", date=datetime.fromisoformat(moment)
        )


@tagged("post_install", "-at_install")
class TestContactGather(GatherCommon):
    """What Odoo knows of contacts comes in at night, once, and follows its evidence."""

    def test_each_kind_comes_in(self):
        self.at("2026-03-05 02:00:00")
        self._mail_in("2026-03-02 03:00:00")
        self._write_to(self.buyer, self.sales_wang, "2026-03-02 04:00:00")
        self._meet("2026-03-03 02:00:00", self.sales_wang.partner_id, self.service_chen.partner_id, self.buyer)
        self._meet("2026-03-09 02:00:00", self.sales_wang.partner_id, self.buyer)
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        order.action_confirm()
        order.date_order = "2026-03-04 02:00:00"
        # What is printed again for a claim was ordered by nobody.
        case = self.env["broker.case"]._open([{"customer_id": self.customer.id, "title": "Wet", "kind": "claim"}])
        reprint = order.copy({"broker_claim_case_id": case.id})
        reprint.action_confirm()
        reprint.date_order = "2026-03-04 02:30:00"
        self.customer.activity_schedule("mail.mail_activity_data_call", user_id=self.service_chen.id).action_feedback()
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", "broker.customer"), ("user_id", "=", self.service_chen.id)]
        ).date_done = "2026-03-04"
        call = self._plan_call()
        call.action_log_attempt("reached", score_declined=True)
        self.assertTrue(self._gather())
        self.assertEqual(
            self._rows(),
            {
                ("email", "in", "", "", "2026-03-02 03:00:00"),
                ("message", "out", "Wang", "sales", "2026-03-02 04:00:00"),
                ("meeting", "both", "Wang", "sales", "2026-03-03 02:00:00"),
                ("meeting", "both", "Chen", "service", "2026-03-03 02:00:00"),
                ("order", "in", "", "", "2026-03-04 02:00:00"),
                ("phone", "out", "Chen", "service", "2026-03-04 00:00:00"),
                ("call", "both", "Sun", "care", "2026-03-05 02:00:00"),
            },
        )
        contacts = self.customer.contact_ids
        self.assertEqual(contacts.filtered(lambda row: row.channel == "email").partner_id, self.buyer)
        self.assertEqual(set(contacts.mapped("is_gathered")), {True})
        self.assertEqual(contacts.company_id, self.company)
        self.assertEqual(self.customer.last_contact, datetime(2026, 3, 4, 2), "the care line's call is not told")

    def test_twice_writes_nothing(self):
        self._mail_in("2026-03-01 03:00:00")
        self._meet("2026-02-03 02:00:00", self.sales_wang.partner_id, self.buyer)
        self._gather()
        self.env.flush_all()
        Contact = self.env["broker.contact"].sudo()
        self.assertFalse(Contact._gather_batch(self.company, self.customer.ids))
        rows = self.env.execute_query(SQL("SELECT xmin, ctid FROM broker_contact"))
        self._gather()
        self._gather(self.customer)
        self.assertEqual(self.env.execute_query(SQL("SELECT xmin, ctid FROM broker_contact")), rows)

    def test_one_message_to_several_people_is_one_contact(self):
        boss = self.env["res.partner"].create({"name": "Boss", "parent_id": self.partner.id})
        self._write_to(self.buyer + boss, self.sales_wang, "2026-03-01 04:00:00")
        self._gather()
        self.assertEqual(len(self.customer.contact_ids), 1)

    def test_evidence_that_changes_is_followed(self):
        self.at("2026-03-05 02:00:00")
        event = self._meet("2026-03-03 02:00:00", self.sales_wang.partner_id, self.buyer)
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        order.action_confirm()
        message = self._mail_in("2026-03-02 03:00:00")
        self._gather()
        contacts = self.customer.contact_ids
        self.assertEqual(len(contacts), 3)
        meeting = contacts.filtered(lambda row: row.channel == "meeting")
        event.write({"start": "2026-03-04 02:00:00", "stop": "2026-03-04 03:00:00"})
        self._gather()
        self.assertEqual((meeting.exists(), meeting.date), (meeting, datetime(2026, 3, 4, 2)))
        event.write({"start": "2026-03-10 02:00:00", "stop": "2026-03-10 03:00:00"})
        order._action_cancel()
        message.unlink()
        self._gather()
        self.assertFalse(self.customer.contact_ids)
        self.assertFalse(self.customer.last_contact)
        self.at("2026-03-11 02:00:00")
        self._gather()
        self.assertEqual(self._rows(), {("meeting", "both", "Wang", "sales", "2026-03-10 02:00:00")})

    def test_who_left_the_company_was_there_nevertheless(self):
        self._meet("2026-03-01 02:00:00", self.service_lin.partner_id, self.buyer)
        self._write_to(self.buyer, self.service_lin, "2026-03-01 04:00:00")
        self._gather()
        rows = self._rows()
        self.assertEqual(len(rows), 2)
        company = self.env["res.company"].create({"name": "Second"})
        self.service_lin.write({"company_ids": company.ids, "company_id": company.id})
        self._gather(self.customer)
        self.assertEqual(self._rows(), rows)
        self.service_lin.action_archive()
        self._gather(self.customer)
        self.assertEqual(self._rows(), rows)

    # WHAT IS NEW

    def test_only_those_are_looked_at_of_whom_something_is_new(self):
        opal = self._open_customer(self._create_partner("Opal Hotel", self.sales_zhao))
        event = self._meet("2026-02-20 02:00:00", self.sales_wang.partner_id, self.buyer)
        planned = self._meet("2026-03-04 02:00:00", self.sales_wang.partner_id, self.buyer)
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        order.action_confirm()
        self.customer.activity_schedule("mail.mail_activity_data_call", user_id=self.service_chen.id)
        activity = self.customer.activity_ids
        self._gather()
        steps = (
            ("a message of long ago", lambda: self._mail_in("2025-01-02 03:00:00")),
            ("a message", lambda: self._write_to(self.buyer, self.sales_wang, "2026-03-02 01:00:00")),
            ("a meeting moved", lambda: event.write({"start": "2026-02-21 02:00:00", "stop": "2026-02-21 03:00:00"})),
            ("put off", lambda: event.write({"start": "2026-04-21 02:00:00", "stop": "2026-04-21 03:00:00"})),
            ("a call done earlier", lambda: activity.action_feedback()),
            ("an order cancelled", lambda: order._action_cancel()),
            ("a person of the customer changed", lambda: self.buyer.write({"name": "Buyer Li"})),
            ("another salesperson", lambda: self.partner.write({"user_id": self.sales_zhao.id})),
        )
        for label, step in steps:
            self._age()
            self.assertFalse(self._get_changed(), label)
            step()
            self.assertEqual(self._get_changed(), self.customer, label)
            self._gather(self.customer)
        self._age()
        self.at("2026-03-04 20:00:00")
        self.assertEqual(self._get_changed(), self.customer, "the planned meeting took place")
        self.assertEqual(planned.start, datetime(2026, 3, 4, 2))
        self._age()
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.contact_sweep_days", 1)
        self.assertIn(opal, self._get_changed(), "looked at in whole now and then")

    def test_first_run_and_new_files_look_at_everything(self):
        self._mail_in("2024-03-01 03:00:00")
        self.assertFalse(self.company.sudo().broker_contact_gathered_at)
        self._gather()
        self.assertEqual(len(self.customer.contact_ids), 1)
        self._age()
        opal = self._create_partner("Opal Hotel")
        opal.message_post(body="!", author_id=opal.id, message_type="email", date=datetime(2024, 1, 1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_message SET write_date = '2020-01-01'")
        file = self._open_customer(opal)
        self._gather()
        self.assertEqual(len(file.contact_ids), 1)

    def test_left_half_way_it_goes_on_where_it_was(self):
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.contact_batch_size", 2)
        customers = self._open_customers(5)
        for customer in customers:
            customer.partner_id.message_post(
                body="!", author_id=customer.partner_id.id, message_type="email", date=datetime(2026, 3, 1)
            )
        company = self.company.sudo()
        Contact = self.env["broker.contact"].sudo()
        run = Contact._gather(company)
        self.assertEqual(next(run), 0)
        waiting = Contact._count_due(company)
        self.assertEqual(next(run), 2)
        run.close()
        self.assertEqual(Contact._count_due(company), waiting - 2)
        self.assertTrue(company.broker_contact_run_at)
        self.assertFalse(company.broker_contact_gathered_at)
        self.at("2026-03-03 02:00:00")
        list(Contact._gather(company))
        self.assertEqual([len(customer.contact_ids) for customer in customers], [1] * 5)
        self.assertFalse(company.broker_contact_run_at)
        self.assertEqual(company.broker_contact_gathered_at, datetime(2026, 3, 3, 2), "and a new run followed")
        self.assertFalse(Contact._count_due(company))

    def test_a_batch_is_bounded_however_it_is_planned(self):
        """PostgreSQL joins small tables by nested loops, when its statistics say so."""
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.contact_batch_size", 2)
        customers = self._open_customers(6)
        Contact = self.env["broker.contact"].sudo()
        Contact._queue(customers)
        for way in ("hashjoin", "mergejoin", "material"):
            self.env.cr.execute(SQL("SET LOCAL %s = off", SQL.identifier(f"enable_{way}")))
        waiting = Contact._count_due(self.company)
        self.assertEqual(len(Contact._take_due(self.company)), 2)
        self.assertEqual(Contact._count_due(self.company), waiting - 2)

    def test_queries_do_not_grow(self):
        """A batch costs the same statements for two customers and for twenty."""

        def measure(count):
            customers = self._open_customers(count, name=f"Many {count}")
            for customer in customers:
                customer.partner_id.message_post(
                    body="!", author_id=customer.partner_id.id, message_type="email", date=datetime(2026, 3, 1)
                )
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            self._gather(customers)
            spent = self.cr.sql_log_count - start
            start = self.cr.sql_log_count
            self.env.invalidate_all()
            customers.contact_ids.mapped("document")
            customers.mapped("contact_count")
            return spent, self.cr.sql_log_count - start

        measure(1)
        two, twenty = measure(2), measure(20)
        self.assertEqual(two, twenty)
        self.assertLessEqual(twenty[0], 12)

    # COMPANIES

    def test_two_companies_keep_them_apart(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(company=company)
        self._meet("2026-03-01 02:00:00", self.sales_wang.partner_id, self.buyer)
        self._mail_in("2026-03-01 03:00:00")
        self._gather()
        sum(self.env["broker.contact"]._gather(company))
        self.assertEqual(len(self.customer.contact_ids), 2)
        self.assertFalse(theirs.contact_ids, "Wang does not work there, and the mail came to the first company")
        self.sales_wang.company_ids += company
        sum(self.env["broker.contact"]._gather(company, theirs))
        self.assertEqual([row.channel for row in theirs.contact_ids], ["meeting"])
        self.assertEqual(theirs.contact_ids.company_id, company)
        self.assertEqual(theirs.contact_ids.role, "sales", "nobody had the role there before")

    # RIGHTS

    def test_nobody_edits_what_was_gathered(self):
        self._write_to(self.buyer, self.sales_wang, "2026-03-01 04:00:00")
        self._gather()
        contact = self.customer.contact_ids
        for user in (self.sales_wang, self.manager_qian, self.care_sun):
            theirs = contact.with_user(user)
            self.assertFalse(theirs.can_correct)
            for action in (lambda theirs=theirs: theirs.write({"note": "x"}), theirs.unlink):
                with self.assertRaises(UserError), self.cr.savepoint():
                    action()

    def test_each_row_opens_what_proves_it_within_what_one_reads(self):
        self.at("2026-03-05 02:00:00")
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "user_id": self.sales_wang.id})
        order.action_confirm()
        message = self._write_to(self.buyer, self.sales_wang, "2026-03-05 01:00:00", record=order)
        self.customer.activity_schedule("mail.mail_activity_data_call", user_id=self.service_chen.id).action_feedback()
        call = self._plan_call()
        call.action_log_attempt("reached", score_declined=True)
        self.at("2026-03-06 02:00:00")
        self._gather()
        opened = {}
        for contact in self.customer.contact_ids.with_user(self.manager_qian):
            action = contact.action_open()
            opened[contact.res_model] = (action["res_model"], action["res_id"])
            self.assertTrue(contact.document)
        self.assertEqual(
            opened,
            {
                "sale.order": ("sale.order", order.id),
                "mail.message": ("sale.order", order.id),
                "mail.activity": ("broker.customer", self.customer.id),
                "broker.care.call": ("broker.care.call", call.id),
            },
        )
        self.assertTrue(message)
        rows = self.env["broker.contact"].with_user(self.sales_wang).search([("customer_id", "=", self.customer.id)])
        self.assertNotIn("broker.care.call", rows.mapped("res_model"), "not theirs to know")
        care = self.customer.contact_ids.filtered(lambda row: row.channel == "call")
        with self.assertRaises(AccessError):
            care.with_user(self.sales_wang).action_open()
        # The officer reads the order, and not what is gone.
        contact = self.customer.contact_ids.filtered(lambda row: row.res_model == "mail.message")
        message.unlink()
        contact.invalidate_recordset()
        self.assertFalse(contact.with_user(self.sales_wang).document)
        with self.assertRaisesRegex(UserError, "is gone, or is not yours"):
            contact.with_user(self.sales_wang).action_open()

    def test_document_of_others_is_not_named(self):
        secret = self.env["calendar.event"].create(
            {
                "name": "Secret",
                "privacy": "private",
                "start": "2026-03-01 02:00:00",
                "stop": "2026-03-01 03:00:00",
                "user_id": self.manager_qian.id,
                "partner_ids": [(6, 0, (self.manager_qian.partner_id + self.buyer).ids)],
            }
        )
        self._gather()
        contact = self.customer.contact_ids
        self.assertEqual(contact.res_id, secret.id)
        self.assertNotIn("Secret", contact.with_user(self.sales_wang).document or "")

    def test_the_same_proof_twice_is_refused(self):
        vals = {
            "customer_id": self.customer.id,
            "channel": "order",
            "is_gathered": True,
            "res_model": "sale.order",
            "res_id": 1,
            "user_id": False,
        }
        self.env["broker.contact"].create(vals)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["broker.contact"].create(vals)

    def test_logged_by_hand_stays(self):
        contact = self.env["broker.contact"].create(
            {"customer_id": self.customer.id, "channel": "phone", "user_id": self.sales_wang.id}
        )
        self._gather()
        self.assertEqual(self.customer.contact_ids, contact)

    def test_merged_customers_are_looked_at_again(self):
        twin = self._create_partner("Jade Ltd", self.sales_wang)
        gone = self._open_customer(twin)
        twin.message_post(body="!", author_id=twin.id, message_type="email", date=datetime(2026, 3, 1))
        self._meet("2026-03-01 02:00:00", self.sales_wang.partner_id, self.buyer, twin)
        self._gather()
        self.assertEqual((len(self.customer.contact_ids), len(gone.contact_ids)), (1, 2))
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)
        self.assertEqual(len(self.customer.contact_ids), 2)
        self._gather()
        self.assertEqual(
            self._rows(),
            {
                ("meeting", "both", "Wang", "sales", "2026-03-01 02:00:00"),
                ("email", "in", "", "", "2026-03-01 00:00:00"),
            },
        )

    def test_days_of_the_firm(self):
        """Zhao serves from 4 March in Shanghai, that is from 3 March 16:00 UTC."""
        self.at("2026-03-04 02:00:00")
        self.partner.user_id = self.sales_zhao
        self.at("2026-03-06 02:00:00")
        for moment in ("2026-03-03 15:59:00", "2026-03-03 16:00:00"):
            self._write_to(self.buyer, self.sales_zhao, moment)
            self._write_to(self.buyer, self.sales_wang, moment)
        self._gather()
        self.assertEqual(
            {(user, role, moment) for _channel, _direction, user, role, moment in self._rows()},
            {
                ("Zhao", "other", "2026-03-03 15:59:00"),
                ("Zhao", "sales", "2026-03-03 16:00:00"),
                ("Wang", "sales", "2026-03-03 15:59:00"),
                ("Wang", "other", "2026-03-03 16:00:00"),
            },
        )

    def test_days_of_the_firm_when_the_clocks_change(self):
        """In New York the clocks went forward on 8 March: the 9th began at 04:00 UTC, the 8th at 05:00."""
        self.calendar.tz = "America/New_York"
        self.at("2026-03-08 12:00:00")
        self.partner.user_id = self.sales_zhao
        self.at("2026-03-09 12:00:00")
        self.partner.user_id = self.sales_wang
        moments = {
            "2026-03-08 04:59:00": "other",
            "2026-03-08 05:00:00": "sales",
            "2026-03-09 03:59:00": "sales",
            "2026-03-09 04:00:00": "other",
        }
        for moment in moments:
            self._write_to(self.buyer, self.sales_zhao, moment)
        self._gather()
        self.assertEqual({str(row.date): row.role for row in self.customer.contact_ids}, moments)
        logged = self.env["broker.contact"].create(
            [
                {"customer_id": self.customer.id, "channel": "phone", "user_id": self.sales_zhao.id, "date": moment}
                for moment in moments
            ]
        )
        self.assertEqual({str(row.date): row.role for row in logged}, moments)

    def test_care_officers_without_an_assignment_are_the_care_line(self):
        self._write_to(self.buyer, self.care_sun, "2026-03-01 04:00:00")
        self._gather()
        self.assertEqual(self.customer.contact_ids.role, "care")
        self.assertFalse(self.customer.last_contact)
        self.assertFalse(self.customer.with_user(self.sales_wang).contact_count)

    def test_gathering_wakes_no_hook(self):
        """At night the rooms look for themselves."""
        self._mail_in("2026-03-01 03:00:00")
        handoffs = []
        self.patch(type(self.env["broker.customer"]), "_after_contact", lambda *args: handoffs.append(args))
        self._gather()
        self.assertFalse(handoffs)
        self.assertEqual(self.customer.last_contact, datetime(2026, 3, 1, 3))
        self.assertLess(self.customer.last_contact, fields.Datetime.now() - timedelta(hours=1))
