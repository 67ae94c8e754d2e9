import json
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon

from .common_account import BrokerAccountCommon
from .test_handoff_introduction import IntroductionCommon
from .test_tier_score import TierCommon


class ContactCommon(BrokerCommon):
    """Jade is Wang's and served by Chen; Opal is Zhao's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.buyer = cls.env["res.partner"].create(
            {"name": "Buyer Li", "parent_id": cls.partner.id, "phone": "+86 21 5555 0001"}
        )
        cls.opal = cls._open_customer(cls._create_partner("Opal Hotel", cls.sales_zhao))

    def _log(self, user, channel="phone", customer=None, **vals):
        values = {"customer_id": (customer or self.customer).id, "channel": channel, **vals}
        return self.env["broker.contact"].with_user(user).create(values)

    def _tap(self, user, channel, customer=None, **vals):
        """Open the quick log as the screen does, and tap a channel."""
        action = (customer or self.customer).with_user(user).action_log_contact()
        log = Form(self.env[action["res_model"]].with_user(user).with_context(**action["context"]))
        for name, value in vals.items():
            log[name] = value
        return getattr(log.save(), f"action_{channel}")()

    def _set_created(self, contact, ago):
        """Pretend that a contact was logged some time ago."""
        self.env.flush_all()
        moment = fields.Datetime.now() - ago
        self.env.cr.execute("UPDATE broker_contact SET create_date = %s WHERE id = %s", (moment, contact.id))
        contact.invalidate_recordset()

    def assertRefused(self, error, pattern, action):
        with self.assertRaisesRegex(error, pattern), self.cr.savepoint():
            action()


@tagged("post_install", "-at_install")
class TestContact(ContactCommon):
    """Contacts logged by hand: who may say what, and what follows at once."""

    def test_tap_on_a_channel_logs_it(self):
        before = fields.Datetime.now() - timedelta(seconds=2)
        for channel in ("phone", "wechat", "visit", "email", "message"):
            result = self._tap(self.sales_wang, channel)
            self.assertEqual(result["params"]["next"]["type"], "ir.actions.act_window_close")
            contact = self.env["broker.contact"].search(
                [("customer_id", "=", self.customer.id)], limit=1, order="id desc"
            )
            self.assertEqual(
                (contact.channel, contact.direction, contact.user_id, contact.role, contact.partner_id),
                (channel, "out", self.sales_wang, "sales", self.buyer),
            )
            self.assertGreaterEqual(contact.date, before)
            self.assertFalse(contact.is_gathered)
        self.assertEqual(self.customer.with_user(self.sales_wang).contact_count, 5)
        self.assertGreaterEqual(self.customer.last_contact, before)

    def test_what_is_said_of_it(self):
        moment = fields.Datetime.now() - timedelta(days=2)
        self._tap(self.service_chen, "wechat", direction="in", note="Wants menus", date=moment, partner_id=self.partner)
        contact = self.customer.contact_ids
        self.assertEqual(
            (contact.direction, contact.note, contact.date, contact.partner_id, contact.role),
            ("in", "Wants menus", moment.replace(microsecond=0), self.partner, "service"),
        )
        self.assertIn("WeChat", contact.display_name)
        self.assertEqual(contact.with_user(self.service_chen).action_open()["res_id"], contact.id)

    def test_last_person_is_filled_in(self):
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.buyer)
        boss = self.env["res.partner"].create(
            {"name": "Boss", "parent_id": self.partner.id, "phone": "+86 21 5555 0002"}
        )
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.partner)
        self._log(self.service_chen, partner_id=boss.id)
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), boss)
        self._log(self.sales_wang, partner_id=self.buyer.id, date=fields.Datetime.now() - timedelta(hours=1))
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.buyer)
        self.assertEqual(self.customer._get_last_contact_partner(self.service_chen), boss)
        boss.active = False
        self.assertEqual(self.customer._get_last_contact_partner(self.service_chen), self.buyer)

    def test_a_little_late_but_never_ahead(self):
        """Seven of the firm's days: on Monday from the Monday before, 0:00 in Shanghai."""
        with freeze_time("2026-11-23 02:00:00"):
            self._log(self.sales_wang, date="2026-11-15 16:00:00")
            late = "within 7 days"
            self.assertRefused(ValidationError, late, lambda: self._log(self.sales_wang, date="2026-11-15 15:59:00"))
            contact = self._log(self.sales_wang, date="2026-11-23 02:05:00")
            ahead = "not ahead"
            self.assertRefused(ValidationError, ahead, lambda: self._log(self.sales_wang, date="2026-11-23 02:06:00"))
            for value, pattern in (("2026-11-01 02:00:00", late), ("2026-12-01 02:00:00", ahead)):
                self.assertRefused(ValidationError, pattern, lambda value=value: contact.write({"date": value}))
            self.company.broker_contact_back_days = 0
            self._log(self.sales_wang, date="2026-11-22 16:00:00")
            self.assertRefused(
                ValidationError, "within 0 days", lambda: self._log(self.sales_wang, date="2026-11-22 15:59:00")
            )

    def test_only_what_one_did_oneself(self):
        refused = "logged by who had it"
        for vals in (
            {"user_id": self.sales_zhao.id},
            {"role": "care"},
            {"is_gathered": True},
            {"res_model": "sale.order", "res_id": 1},
            {"company_id": self.company.id},
        ):
            self.assertRefused(UserError, refused, lambda vals=vals: self._log(self.sales_wang, **vals))
        Contact = self.env["broker.contact"].with_user(self.sales_wang)
        contact = Contact.with_context(
            default_user_id=self.sales_zhao.id, default_role="care", default_is_gathered=True, default_res_id=7
        ).create({"customer_id": self.customer.id, "channel": "phone"})
        self.assertEqual(
            (contact.user_id, contact.role, contact.is_gathered, contact.res_id), (self.sales_wang, "sales", False, 0)
        )
        for channel in ("order", "handoff", "call"):
            self.assertRefused(
                ValidationError, "by themselves", lambda channel=channel: self._log(self.sales_wang, channel)
            )
        self.assertRefused(
            ValidationError,
            "person of Jade",
            lambda: self._log(self.sales_wang, partner_id=self.manager_qian.partner_id.id),
        )

    def test_customers_of_others(self):
        for action in (
            lambda: self._log(self.sales_zhao),
            lambda: self._tap(self.sales_zhao, "phone"),
            lambda: self.env["broker.contact.log"].with_user(self.sales_zhao).create({"customer_id": self.customer.id}),
            lambda: self._log(self.sales_zhao, customer=self.opal, partner_id=self.buyer.id),
            lambda: self._log(self.plain_user),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                action()
        for user in (self.care_sun, self.manager_qian):
            self.assertTrue(self._log(user))

    def test_dialogs_of_others(self):
        log = self.env["broker.contact.log"].with_user(self.sales_wang).create({"customer_id": self.customer.id})
        with self.assertRaises(AccessError):
            log.with_user(self.service_chen).action_phone()

    # CORRECTIONS

    def test_corrected_for_a_day_by_who_logged_it(self):
        contact = self._log(self.sales_wang)
        contact.write({"channel": "wechat", "direction": "in", "note": "No, on WeChat", "partner_id": self.buyer.id})
        self.assertEqual((contact.channel, contact.direction), ("wechat", "in"))
        self.assertTrue(contact.can_correct)
        for user in (self.service_chen, self.manager_qian, self.care_sun):
            theirs = contact.with_user(user)
            self.assertFalse(theirs.can_correct)
            for action in (lambda theirs=theirs: theirs.write({"note": "x"}), theirs.unlink):
                with self.assertRaises(UserError), self.cr.savepoint():
                    action()
        for vals in ({"customer_id": self.opal.id}, {"user_id": self.sales_zhao.id}, {"role": "care"}, {"res_id": 3}):
            self.assertRefused(UserError, "are corrected", lambda vals=vals: contact.write(vals))
        self._set_created(contact, timedelta(hours=23, minutes=59))
        contact.note = "Still"
        self._set_created(contact, timedelta(hours=24, minutes=1))
        self.assertFalse(contact.can_correct)
        for action in (lambda: contact.write({"note": "x"}), contact.unlink):
            self.assertRefused(UserError, "within 24.0 hours", action)
        self.company.broker_contact_correct_hours = 48
        contact.note = "Longer"
        contact.unlink()

    def test_taken_back(self):
        first = self._log(self.sales_wang, date=fields.Datetime.now() - timedelta(days=1))
        second = self._log(self.sales_wang)
        self.assertEqual(self.customer.last_contact, second.date)
        second.unlink()
        self.assertEqual(self.customer.last_contact, first.date)
        first.date = first.date - timedelta(days=1)
        self.assertEqual(self.customer.last_contact, first.date)
        first.unlink()
        self.assertFalse(self.customer.last_contact)

    def test_last_contact_is_not_typed_in(self):
        with self.assertRaises(UserError), self.cr.savepoint():
            self.customer.with_user(self.manager_qian).write({"last_contact": "2026-01-01 00:00:00"})
        file = (
            self.env["broker.customer"]
            .with_user(self.manager_qian)
            .with_context(default_last_contact="2026-01-01 00:00:00")
            .create({"partner_id": self._create_partner("Fresh").id})
        )
        self.assertFalse(file.last_contact)

    # ROLES

    def test_role_on_that_day(self):
        """Wang sold until Friday, Zhao from Saturday on. The first in a role had it before as well."""
        with freeze_time("2026-11-16 02:00:00"):
            customer = self._open_customer(self._create_partner("Ruby Club", self.sales_wang), self.service_chen)
        member = {"customer_id": customer.id, "user_id": self.service_lin.id, "function": "settlement"}
        self.env["broker.customer.member"].create({**member, "date_from": "2026-11-16"})
        with freeze_time("2026-11-21 02:00:00"):
            customer.partner_id.user_id = self.sales_zhao
        customer.sponsor_user_id = self.manager_qian
        with freeze_time("2026-11-23 02:00:00"):
            cases = (
                (self.sales_zhao, "2026-11-20 02:00:00", "other"),
                (self.sales_zhao, "2026-11-20 15:59:00", "other"),
                (self.sales_zhao, "2026-11-20 16:00:00", "sales"),
                (self.service_chen, "2026-11-20 02:00:00", "service"),
                (self.service_chen, "2026-11-15 16:00:00", "service"),
                (self.service_lin, "2026-11-20 02:00:00", "other"),
                (self.care_sun, "2026-11-20 02:00:00", "care"),
                (self.manager_qian, "2026-11-20 02:00:00", "sponsor"),
            )
            for user, moment, role in cases:
                self.assertEqual(self._log(user, customer=customer, date=moment).role, role, (user.name, moment))
            wang = self.env["broker.contact"].create(
                {"customer_id": customer.id, "channel": "visit", "user_id": self.sales_wang.id, "date": cases[0][1]}
            )
            self.assertEqual(wang.role, "sales")
            wang.date = "2026-11-20 16:00:00"
            self.assertEqual(wang.role, "other")

    def test_role_follows_a_correction_of_the_past(self):
        with freeze_time("2026-11-16 02:00:00"):
            customer = self._open_customer(self._create_partner("Ruby Club", self.sales_wang), self.service_chen)
        with freeze_time("2026-11-20 02:00:00"):
            contact = self._log(self.sales_wang, customer=customer)
            other = self.env["broker.contact"].create(
                {"customer_id": customer.id, "channel": "visit", "user_id": self.sales_zhao.id}
            )
        self.assertEqual((contact.role, other.role), ("sales", "other"))
        with freeze_time("2026-11-23 02:00:00"):
            self.env["broker.assignment"].sudo()._correct(
                customer,
                "sales",
                self.sales_zhao,
                fields.Date.to_date("2026-11-18"),
                fields.Date.to_date("2026-11-21"),
                "Zhao stood in",
                origin="transferred",
            )
        self.assertEqual((contact.role, other.role), ("other", "sales"))

    def test_first_of_several_roles(self):
        self.customer.care_user_id = self.sales_wang
        self.customer.sponsor_user_id = self.service_chen
        self.assertEqual(self._log(self.sales_wang).role, "sales")
        self.assertEqual(self._log(self.service_chen).role, "service")

    # THE CARE LINE'S

    def test_care_lines_contacts_are_not_for_those_it_asks_about(self):
        ours = self._log(self.sales_wang)
        theirs = self._log(self.care_sun, note="Not happy with Wang")
        self.assertEqual(theirs.role, "care")
        self.assertEqual(self.customer.last_contact, ours.date)
        for user in (self.sales_wang, self.service_chen):
            # Nothing that others read or wrote before is remembered.
            self.env.invalidate_all()
            Contact = self.env["broker.contact"].with_user(user)
            self.assertEqual(Contact.search([("customer_id", "=", self.customer.id)]), ours)
            self.assertFalse(Contact.search([("role", "=", "care")]))
            self.assertEqual(self.customer.with_user(user).contact_count, 1)
            self.assertEqual(self.customer.with_user(user).contact_ids, ours)
            self.assertEqual(Contact._read_group([("customer_id", "=", self.customer.id)], [], ["__count"]), [(1,)])
            with self.assertRaises(AccessError):
                theirs.with_user(user).read(["note"])
            with self.assertRaises(AccessError):
                theirs.with_user(user).action_open()
        for user in (self.care_sun, self.manager_qian):
            self.assertEqual(self.customer.with_user(user).contact_count, 2)

    def test_officer_who_sells_does_not_read_what_others_asked_about_them(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        theirs = self._log(self.care_sun)
        elsewhere = self._log(self.care_sun, customer=self.opal)
        Contact = self.env["broker.contact"].with_user(self.sales_wang)
        self.assertEqual(Contact.search([("id", "in", (theirs + elsewhere).ids)]), elsewhere)
        own = self._log(self.sales_wang, customer=self.opal)
        self.assertIn(own, Contact.search([]))

    # THE LIST FOR THE ROAD

    def test_last_met_first_and_never_met_at_the_end(self):
        third = self._open_customer(self._create_partner("Pearl School", self.sales_wang))
        self._log(self.sales_wang, customer=third, date=fields.Datetime.now() - timedelta(days=2))
        self._log(self.sales_zhao, customer=self.opal, date=fields.Datetime.now() - timedelta(days=1))
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        files = self.customer + self.opal + third
        self.assertEqual(
            Customer.search([("id", "in", files.ids)], order="last_contact desc"), self.opal + third + self.customer
        )
        self.assertEqual(
            Customer.search([("id", "in", files.ids)], order="last_contact asc"), third + self.opal + self.customer
        )
        mine = [("user_id", "=", self.sales_wang.id)]
        found = Customer.with_user(self.sales_wang).web_search_read(mine, {"name": {}}, order="last_contact DESC")
        self.assertEqual([row["name"] for row in found["records"]], ["Pearl School", "Jade Restaurant"])

    # COMPANIES, MERGES, LEAVERS

    def test_two_companies_keep_them_apart(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(company=company)
        self.env["broker.contact"].create({"customer_id": theirs.id, "channel": "phone", "user_id": self.sales_wang.id})
        self.assertEqual(theirs.contact_ids.company_id, company)
        self.assertFalse(self.customer.with_user(self.sales_wang).contact_count)
        self.assertFalse(
            self.env["broker.contact"].with_user(self.manager_qian).search([("company_id", "=", company.id)])
        )
        self.assertFalse(self.customer.last_contact)

    def test_merging_contacts_joins_the_time_lines(self):
        twin = self._create_partner("Jade Ltd", self.sales_wang)
        person = self.env["res.partner"].create({"name": "Twin's Buyer", "parent_id": twin.id})
        gone = self._open_customer(twin)
        moved = self._log(self.sales_wang, customer=gone, partner_id=person.id)
        stays = self._log(self.sales_wang, date=fields.Datetime.now() - timedelta(days=1))
        proof = {"is_gathered": True, "res_model": "sale.order", "res_id": 1, "channel": "order", "user_id": False}
        proof["date"] = fields.Datetime.now() - timedelta(days=2)
        twins = self.env["broker.contact"].create([{**proof, "customer_id": file.id} for file in (self.customer, gone)])
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)
        self.assertFalse(gone.exists())
        self.assertEqual(moved.customer_id, self.customer)
        self.assertEqual(self.customer.contact_ids, moved + stays + twins[0])
        self.assertFalse(twins[1].exists())
        self.assertEqual(self.customer.last_contact, moved.date)
        self.assertEqual(person.commercial_partner_id, self.partner)

    def test_who_left_was_in_touch_nevertheless(self):
        contact = self._log(self.sales_wang)
        self.sales_wang.action_archive()
        contact = contact.with_user(self.manager_qian)
        self.assertEqual((contact.user_id, contact.role), (self.sales_wang, "sales"))
        self.assertTrue(contact.display_name)

    # TOUCHES

    def test_counts_for_silence_and_readiness(self):
        self.customer._refresh_readiness()
        self.assertFalse(self.customer.last_other_touch)
        contact = self._log(self.service_chen, "visit", direction="both")
        self.customer._refresh_readiness()
        self.assertEqual(self.customer.last_other_touch, contact.date)
        self.assertEqual(self.customer.last_sign_of_life, contact.date)
        explanation = self.customer.with_user(self.sales_wang).readiness_explanation
        self.assertIn("visit", explanation)
        self.assertEqual(self.customer._refresh_readiness(), self.env["broker.customer"])


@tagged("post_install", "-at_install")
class TestContactFirstWord(IntroductionCommon):
    """The first word after a handoff was accepted may be a logged contact."""

    def _log(self, handoff, user, moment):
        with freeze_time("2026-11-24 02:00:00"):
            return (
                self.env["broker.contact"]
                .with_user(user)
                .create({"customer_id": handoff.customer_id.id, "channel": "wechat", "date": moment})
            )

    def test_logged_contact_is_the_first_word(self):
        handoff = self._accept(moment="2026-11-23 02:00:00")
        self.assertTrue(handoff.first_contact_due)
        self._log(handoff, self.service_chen, "2026-11-23 01:00:00")
        self._log(handoff, self.sales_wang, "2026-11-23 04:00:00")
        self.assertFalse(handoff.first_contact_at, "before it was accepted, and by somebody else")
        self._log(handoff, self.service_chen, "2026-11-23 05:00:00")
        self.assertEqual(handoff.first_contact_at, datetime(2026, 11, 23, 5))
        self._log(handoff, self.service_chen, "2026-11-23 06:00:00")
        self.assertEqual(handoff.first_contact_at, datetime(2026, 11, 23, 5))


@tagged("post_install", "-at_install")
class TestContactSources(BrokerAccountCommon):
    """From a lead and from a job, with the document that the contact was about."""

    def _tap(self, record, user, **context):
        action = record.with_user(user).action_broker_log_contact()
        env = self.env(user=user, context={**self.env.context, **action["context"], **context})
        Form(env[action["res_model"]]).save().action_visit()
        return self.env["broker.contact"].search([], order="id desc", limit=1)

    def test_from_a_job_and_a_lead(self):
        job = self._create_job()
        person = self.env["res.partner"].create({"name": "Person", "parent_id": self.partner.id})
        lead = self.env["crm.lead"].create(
            {"name": "Menus", "type": "opportunity", "partner_id": person.id, "user_id": self.sales_wang.id}
        )
        job.broker_customer_id.service_user_id = self.service_chen
        for record, partner, user in ((job, self.partner, self.service_chen), (lead, person, self.sales_wang)):
            contact = self._tap(record, user)
            self.assertEqual(
                (contact.customer_id, contact.partner_id, contact.user_id), (job.broker_customer_id, partner, user)
            )
            self.assertEqual((contact.res_model, contact.res_id), (record._name, record.id))
            self.assertFalse(contact.is_gathered)
            self.assertEqual(contact.with_user(user).document, record.display_name)
            self.assertEqual(contact.with_user(user).action_open()["res_model"], "broker.contact")
            self.assertEqual(contact.with_user(user).action_open_document()["res_model"], record._name)
        # The care line reads what the document is, the service agent who may not read it does not.
        secret = self.env["sale.order"].create({"partner_id": self._create_partner("Opal", self.sales_zhao).id})
        secret.action_confirm()
        for vals in ({"default_res_id": secret.id}, {"default_res_model": "sale.order", "default_res_id": secret.id}):
            with self.assertRaises(AccessError), self.cr.savepoint():
                self._tap(job, self.service_chen, **vals)
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._tap(job, self.manager_qian, default_res_id=secret.id)
        self.assertFalse(self._tap(job, self.service_chen, default_res_model="res.users").res_model)

    def test_no_customer_yet(self):
        lead = self.env["crm.lead"].create({"name": "New", "type": "opportunity", "user_id": self.sales_wang.id})
        with self.assertRaisesRegex(UserError, "no customer file yet"):
            lead.with_user(self.sales_wang).action_broker_log_contact()


@tagged("post_install", "-at_install")
class TestContactTier(TierCommon):
    """Contacts logged by hand are work, by the policy."""

    def _log(self, **vals):
        return (
            self.env["broker.contact"]
            .sudo()
            .create({"customer_id": self.customer.id, "channel": "visit", "user_id": self.service_chen.id, **vals})
        )

    def test_logged_contacts_are_work(self):
        self._invoice(1000, 700)
        self._log()
        policy = self.policy.copy({"date_from": "2025-06-01", "work_contact_weight": 0})
        self.policy.work_contact_weight = 0.5
        start, end = self.env["broker.tier.score"]._get_window_times(policy, fields.Date.to_date("2025-06-15"))
        count = len(self.env["broker.tier.score"]._get_room_work_sources(policy, start, end))
        self.assertEqual(
            len(self.env["broker.tier.score"]._get_room_work_sources(self.policy, start, end)),
            count + 1,
            "not even read where it weighs nothing",
        )
        self._log(user_id=self.sales_wang.id)
        self._log()
        self._log(is_gathered=True, res_model="sale.order", res_id=1, channel="order")
        score = self._score()
        work = {row["user_id"]: row["work"] for row in score.people}
        self.assertEqual(work[self.service_chen.id], 1.0)
        score.customer_id.sudo().last_score_id = score
        pieces = self.env["broker.tier.work"].search(
            [("customer_id", "=", score.customer_id.id), ("kind", "=", "contact")]
        )
        self.assertEqual((len(pieces), sum(pieces.mapped("weight"))), (3, 1.5))
        self.assertEqual(set(pieces.mapped("res_model")), {"broker.contact"})
        self.assertTrue(all(pieces.mapped("document")))


@tagged("post_install", "-at_install")
class TestContactHttp(ContactCommon, HttpCase):
    """The same through the web client's endpoint."""

    def _call(self, model, method, *args, **kwargs):
        """Return what a web client of the present user gets, or the name of the error."""
        answer = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}),
            headers={"Content-Type": "application/json"},
        ).json()
        return answer["error"]["data"]["name"] if "error" in answer else answer["result"]

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_through_the_web_client(self):
        for user in (self.sales_wang, self.service_chen, self.sales_zhao):
            user.password = user.login
        ours = self._log(self.sales_wang)
        theirs = self._log(self.care_sun, note="Not happy")
        self.env.flush_all()
        refused = ("odoo.exceptions.AccessError", "odoo.exceptions.UserError")
        self.authenticate(self.service_chen.login, self.service_chen.login)
        everything = {"id": {}, "note": {}, "role": {}, "customer_id": {"fields": {"last_contact": {}}}}
        found = self._call("broker.contact", "web_search_read", [], everything)
        self.assertEqual([row["id"] for row in found["records"]], ours.ids)
        groups = self._call("broker.contact", "formatted_read_group", [], ["role"], ["__count"])
        self.assertEqual([(row["role"], row["__count"]) for row in groups], [("sales", 1)])
        self.assertIn(self._call("broker.contact", "web_read", theirs.ids, {"note": {}}), refused)
        self.assertIn(self._call("broker.contact", "action_open", theirs.ids), refused)
        customer = self._call(
            "broker.customer", "web_read", self.customer.ids, {"contact_ids": {}, "contact_count": {}}
        )
        self.assertEqual((customer[0]["contact_ids"], customer[0]["contact_count"]), (ours.ids, 1))
        for command in ([1, ours.id, {"note": "x"}], [2, ours.id], [0, 0, {"channel": "phone", "user_id": 1}]):
            self.assertIn(
                self._call("broker.customer", "write", self.customer.ids, {"contact_ids": [command]}), refused
            )
        for vals in ({"role": "care"}, {"is_gathered": True}, {"user_id": self.sales_wang.id}, {"res_id": 1}):
            vals = {"customer_id": self.customer.id, "channel": "phone", **vals}
            self.assertIn(self._call("broker.contact", "create", [vals]), refused)
        self.assertIn(self._call("broker.contact", "write", ours.ids, {"note": "x"}), refused)
        self.authenticate(self.sales_zhao.login, self.sales_zhao.login)
        vals = {"customer_id": self.customer.id, "channel": "phone"}
        self.assertIn(self._call("broker.contact", "create", [vals]), refused)
        self.assertIn(self._call("broker.contact.log", "create", [{"customer_id": self.customer.id}]), refused)
        self.assertIn(self._call("broker.customer", "action_log_contact", self.customer.ids), refused)


@tagged("post_install", "-at_install")
class TestContactTourDesktop(ContactCommon, HttpCase):
    """The salesperson on the road logs a word on WeChat and a call."""

    def test_log(self):
        self.start_tour("/odoo", "broker_log_contact", login=self.sales_wang.login)
        contacts = self.customer.contact_ids.sorted("id")
        self.assertEqual(contacts.mapped("channel"), ["wechat", "phone"])
        self.assertEqual(contacts.mapped("direction"), ["out", "in"])
        self.assertEqual(contacts.partner_id, self.buyer)
        self.assertEqual(contacts.mapped("role"), ["sales", "sales"])


@tagged("post_install", "-at_install")
class TestContactTourPhone(TestContactTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
