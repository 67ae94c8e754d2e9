import json
import logging
from datetime import date, datetime, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_care import CareCommon

_logger = logging.getLogger(__name__)


class ReadinessCommon(CareCommon):
    """Jade is Wang's customer, opened on Monday, 2 March 2026; Chen serves it.

    At ten in the morning in Shanghai it is two in the night in UTC: the firm's day
    began on Sunday at 16:00 UTC.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls.env["res.partner"].create(
            {"name": "Buyer", "parent_id": cls.partner.id, "email": "buyer@jade.example.com"}
        )

    def _refresh(self, customer=None):
        customer = customer or self.customer
        customer.invalidate_recordset()
        return customer._refresh_readiness()

    def _part(self, code, customer=None):
        return (customer or self.customer).readiness_trace[code]

    def _write_to(self, contact, author, moment, record=None):
        """Let a person of the firm write to a customer's contact at a moment."""
        return (record or self.partner).message_post(
            body="Hello",
            author_id=author.partner_id.id,
            partner_ids=contact.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            date=moment,
        )

    def _meet(self, moment, *people, **kwargs):
        start = datetime.fromisoformat(moment)
        return (
            self.env["calendar.event"]
            .with_context(no_mail_to_attendees=True)
            .create(
                {
                    "name": "Visit",
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "user_id": self.sales_wang.id,
                    "partner_ids": [Command.set([person.id for person in people])],
                    **kwargs,
                }
            )
        )


@tagged("post_install", "-at_install")
class TestSilence(ReadinessCommon):
    def test_signs_of_life(self):
        """Only what comes from the customer, or has it on the line, is a sign of life."""
        self._refresh()
        self.assertFalse(self.customer.last_sign_of_life)
        self._write_to(self.buyer, self.sales_wang, "2026-02-20 02:00:00")
        self.partner.activity_schedule("mail.mail_activity_data_call", user_id=self.sales_wang.id).action_feedback()
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        self._meet("2026-03-20 02:00:00", self.sales_wang.partner_id, self.buyer)
        self._refresh()
        self.assertFalse(self.customer.last_sign_of_life, "written to, rung and invited is not heard of")
        self.partner.message_post(
            body="When?", author_id=self.buyer.id, message_type="email", date="2026-01-05 02:00:00"
        )
        self._refresh()
        self.assertEqual(self.customer.last_sign_of_life, datetime(2026, 1, 5, 2))
        self._meet("2026-02-03 02:00:00", self.sales_wang.partner_id, self.buyer)
        self._refresh()
        self.assertEqual(self.customer.last_sign_of_life, datetime(2026, 2, 3, 2))
        self.env["sale.order"].create({"partner_id": self.partner.id}).action_confirm()
        order = self.customer.order_ids
        order.date_order = "2026-02-10 02:00:00"
        self._refresh()
        self.assertEqual(self.customer.last_sign_of_life, datetime(2026, 2, 10, 2))
        self.at("2026-03-04 02:00:00")
        call.next_attempt_at = "2026-03-04 01:00:00"
        call.action_log_attempt("reached", score_declined=True)
        self._refresh()
        self.assertEqual(self.customer.last_sign_of_life, datetime(2026, 3, 4, 2))
        order._action_cancel()
        self._refresh()
        self.assertEqual(self.customer.last_sign_of_life, datetime(2026, 3, 4, 2))

    def test_a_cancelled_order_is_no_sign(self):
        self.env["sale.order"].create({"partner_id": self.partner.id}).action_confirm()
        self._refresh()
        self.assertTrue(self.customer.last_sign_of_life)
        self.customer.order_ids._action_cancel()
        self._refresh()
        self.assertFalse(self.customer.last_sign_of_life)

    def test_silent_by_the_firms_days(self):
        """Heard of on 5 January at 01:00 UTC, 9 o'clock in Shanghai; 90 days later is
        5 April, and on 6 April the customer is silent."""
        self.partner.message_post(body="!", author_id=self.buyer.id, message_type="email", date="2026-01-05 01:00:00")
        self._refresh()
        Customer = self.env["broker.customer"]
        for moment, silent in (("2026-04-05 15:59:00", False), ("2026-04-05 16:00:00", True)):
            self.at(moment)
            self.customer.invalidate_recordset()
            self.assertEqual(self.customer.is_silent, silent, moment)
            self.assertEqual(self.customer in Customer.search([("is_silent", "=", True)]), silent)
            self.assertEqual(self.customer in Customer.search([("is_silent", "=", False)]), not silent)
            self.assertIn(self.customer, Customer.search([("is_silent", "in", [True, False])]))
        self.company.broker_silent_days = 120
        self.customer.invalidate_recordset()
        self.assertFalse(self.customer.is_silent)
        self.assertNotIn(self.customer, Customer.search([("is_silent", "=", True)]))

    def test_never_heard_of(self):
        """A new customer is not silent; after 90 days without a word it is."""
        self._refresh()
        self.assertFalse(self.customer.is_silent)
        self.at("2026-05-31 02:00:00")
        self.customer.invalidate_recordset()
        self.assertFalse(self.customer.is_silent)
        self.at("2026-06-01 02:00:00")
        self.customer.invalidate_recordset()
        self.assertTrue(self.customer.is_silent)
        self.assertIn(self.customer, self.env["broker.customer"].search([("is_silent", "=", True)]))

    def test_a_salesperson_sees_that_not_when(self):
        """When the care line reached the customer is not for the salesperson."""
        self._refresh()
        self.at("2026-06-01 02:00:00")
        Customer = self.env["broker.customer"].with_user(self.sales_wang)
        self.assertIn(self.customer, Customer.search([("is_silent", "=", True)]))
        self.assertTrue(Customer.browse(self.customer.id).is_silent)
        for name in ("last_sign_of_life", "last_other_touch", "readiness_trace", "known_to_one"):
            with self.assertRaises(AccessError):
                Customer.browse(self.customer.id).read([name])
        with self.assertRaises(AccessError):
            Customer.search([("known_to_one", "=", True)])


@tagged("post_install", "-at_install")
class TestReadiness(ReadinessCommon):
    def test_nothing_known(self):
        """Phone, e-mail and service agent are there: 3 of 7, 20 × 3 ÷ 7 = 8.57, so 9.
        Nobody was in touch, the care line neither; no promise is open: 20."""
        self._refresh()
        trace = self.customer.readiness_trace
        self.assertEqual(trace["touch"]["points"], 0)
        self.assertEqual(trace["file"]["points"], 9)
        self.assertEqual(trace["file"]["missing"], ["contact", "address", "tax", "care"])
        self.assertEqual(trace["care"]["points"], 0)
        self.assertEqual(trace["promise"]["points"], 20)
        self.assertEqual(self.customer.readiness, 29)
        self.assertEqual(self.customer.readiness_date, date(2026, 3, 2))
        self.assertTrue(self.customer.known_to_one)

    def test_everything_known(self):
        self.partner.write({"street": "1 Bund", "city": "Shanghai", "vat": "/"})
        self.buyer.phone = "+86 21 6234 1111"
        self.customer.care_user_id = self.care_sun
        self._plan_call().action_log_attempt("reached", score_declined=True)
        self._refresh()
        self.assertEqual(self.customer.readiness, 100)
        self.assertFalse(self.customer.known_to_one)
        explanation = self.customer.with_user(self.sales_wang).readiness_explanation
        self.assertIn("The care line was in touch.", explanation)
        self.assertNotIn("Sun", explanation)
        self.assertNotIn("03/02/2026", explanation)
        explanation = self.customer.with_user(self.manager_qian).readiness_explanation
        self.assertIn("Sun on 03/02/2026", explanation)

    def test_a_person_is_their_own_contact(self):
        self.partner.is_company = False
        self.buyer.unlink()
        self._refresh()
        self.assertEqual(self._part("file")["missing"], ["address", "care"])
        self.assertEqual(self._part("file")["points"], 14, "20 × 5 ÷ 7 = 14.29")

    def test_who_counts_as_a_colleague(self):
        """Neither the salesperson, nor somebody who left, nor a message of the system."""
        self._write_to(self.buyer, self.sales_wang, "2026-03-01 02:00:00")
        self._write_to(self.buyer, self.sales_zhao, "2026-02-27 02:00:00").message_type = "auto_comment"
        self._write_to(self.env["res.partner"], self.service_chen, "2026-03-01 03:00:00")
        self._meet("2026-02-27 02:00:00", self.sales_wang.partner_id, self.service_lin.partner_id, self.buyer)
        self.env["calendar.attendee"].search([("partner_id", "=", self.service_lin.partner_id.id)]).state = "declined"
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 0)
        message = self._write_to(self.buyer, self.sales_zhao, "2026-02-28 02:00:00")
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 40)
        self.assertEqual(self._part("touch")["other"]["user_id"], self.sales_zhao.id)
        self.assertEqual(self._part("touch")["other"]["res_id"], message.id)
        self.sales_zhao.action_archive()
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 0)
        # The next salesperson is a colleague no more, Wang now is.
        self.partner.user_id = self.service_chen
        self._refresh()
        self.assertEqual(self._part("touch")["other"]["user_id"], self.sales_wang.id)

    def test_lately(self):
        """A meeting on 1 December at 16:00 UTC is on 2 December in Shanghai, 90 days
        before 2 March; the day after it is too long ago."""
        self._meet("2025-12-01 16:00:00", self.sales_wang.partner_id, self.service_chen.partner_id, self.buyer)
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 40)
        self.at("2026-03-03 02:00:00")
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 0)
        self.assertTrue(self.customer.known_to_one)
        self.assertEqual(self.customer.last_other_touch, datetime(2025, 12, 1, 16))
        self.assertEqual(self.customer.readiness_date, date(2026, 3, 3))

    def test_other_touches(self):
        """A call ticked off and an accepted handoff count, a to-do does not."""
        self.partner.activity_schedule("mail.mail_activity_data_todo", user_id=self.service_lin.id).action_feedback()
        self._refresh()
        self.assertEqual(self._part("touch")["points"], 0)
        self.buyer.activity_schedule("mail.mail_activity_data_call", user_id=self.service_lin.id).action_feedback()
        self._refresh()
        self.assertEqual(self._part("touch")["other"]["channel"], "phone")
        handoff = self.env["broker.handoff"].create({"customer_id": self.customer.id, "sender_id": self.sales_wang.id})
        handoff.sudo().write(
            {"state": "accepted", "receiver_id": self.service_chen.id, "accepted_at": "2026-03-02 01:00:00"}
        )
        self._refresh()
        self.assertEqual(self._part("touch")["other"]["channel"], "handoff")
        self.assertEqual(self._part("touch")["other"]["user_id"], self.service_chen.id)

    def test_the_care_lines_cadence(self):
        """A 5A customer is owed a call every 14 days, one without a tier every 90."""
        self._plan_call().action_log_attempt("reached", score_declined=True)
        self.at("2026-03-17 02:00:00")
        self._refresh()
        self.assertEqual(self._part("care")["points"], 20)
        self._set_tier(self.customer, self.tier_5)
        self._refresh()
        self.assertEqual(self._part("care"), {"points": 0, "of": 20, "days": 14, "moment": "2026-03-02 02:00:00"})
        self.at("2026-03-16 02:00:00")
        self._refresh()
        self.assertEqual(self._part("care")["points"], 20)

    def test_promises_of_one_person(self):
        lead = self.env["crm.lead"].create(
            {"name": "Spring", "type": "opportunity", "partner_id": self.partner.id, "user_id": self.sales_wang.id}
        )
        activity = lead.activity_schedule("mail.mail_activity_data_todo", user_id=self.sales_wang.id)
        meeting = self._meet("2026-04-01 02:00:00", self.sales_wang.partner_id, self.buyer)
        handoff = self.env["broker.handoff"].create({"customer_id": self.customer.id, "sender_id": self.sales_wang.id})
        lead.message_unsubscribe((lead.message_partner_ids - self.sales_wang.partner_id).ids)
        self._refresh()
        self.assertEqual(self._part("promise")["number"], 3)
        self.assertEqual(self._part("promise")["points"], 0)
        self.assertEqual({item["kind"] for item in self._part("promise")["items"]}, {"activity", "meeting", "handoff"})
        explanation = self.customer.with_user(self.sales_wang).readiness_explanation
        self.assertIn(f"/odoo/crm.lead/{lead.id}", explanation)
        # A colleague follows, comes along, accepts: nothing hangs on Wang.
        lead.message_subscribe(self.sales_zhao.partner_id.ids)
        meeting.partner_ids += self.service_chen.partner_id
        self._refresh()
        self.assertEqual(self._part("promise")["number"], 1)
        handoff.sudo().write({"state": "accepted"})
        self._refresh()
        self.assertEqual(self._part("promise"), {"points": 20, "of": 20, "number": 0, "items": []})
        lead.message_unsubscribe(self.sales_zhao.partner_id.ids)
        self._refresh()
        self.assertEqual(self._part("promise")["number"], 1)
        activity.action_feedback()
        self._refresh()
        self.assertEqual(self._part("promise")["number"], 0)

    def test_only_what_changed_is_written(self):
        self.assertEqual(self._refresh(), self.customer)
        self.assertFalse(self._refresh())
        self.at("2026-03-05 02:00:00")
        self.assertFalse(self._refresh(), "a day alone changes nothing")
        self.assertEqual(self.customer.readiness_date, date(2026, 3, 2))

    def test_points_are_settings(self):
        self.company.write(
            {
                "broker_readiness_touch_points": 0,
                "broker_readiness_file_points": 70,
                "broker_readiness_care_points": 15,
                "broker_readiness_promise_points": 15,
            }
        )
        self._refresh()
        self.assertEqual(self.customer.readiness, 45, "70 × 3 ÷ 7 + 15")
        for vals in (
            {"broker_readiness_touch_points": 1},
            {"broker_readiness_touch_points": -15, "broker_readiness_care_points": 30},
            {"broker_silent_days": 0},
        ):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.company.write(vals)
                self.env.flush_all()
            self.env.invalidate_all()

    def test_points_through_the_settings_page(self):
        """The four are written one by one, and judged together."""
        settings = self.env["res.config.settings"].create(
            {
                "broker_readiness_touch_points": 10,
                "broker_readiness_file_points": 20,
                "broker_readiness_care_points": 30,
                "broker_readiness_promise_points": 40,
            }
        )
        settings.execute()
        self.env.flush_all()
        self.assertEqual(self.company.broker_readiness_promise_points, 40)

    def test_nobody_enters_it(self):
        for user in (self.sales_wang, self.manager_qian):
            for vals in ({"readiness": 100}, {"last_sign_of_life": "2026-03-02"}, {"readiness_trace": {}}):
                with self.assertRaises(UserError):
                    self.customer.with_user(user).write(vals)

    def test_button(self):
        """Whoever reads the customer refreshes it; nobody else does."""
        self.customer.with_user(self.sales_wang).action_refresh_readiness()
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.with_user(self.sales_wang).readiness, 29)
        with self.assertRaises(AccessError):
            self.customer.with_user(self.sales_zhao).action_refresh_readiness()

    def test_hanging_on_one_person(self):
        action = self.env.ref("print_broker_crm.broker_customer_action_one_person")
        domain = json.loads(action.domain.replace("'", '"').replace("(", "[").replace(")", "]").replace("True", "true"))
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        self._refresh()
        self.assertNotIn(self.customer, Customer.search(domain), "no key account")
        self._set_tier(self.customer, self.tier_5)
        self.assertIn(self.customer, Customer.search(domain))
        dialog = self.customer.with_user(self.manager_qian).action_set_service_agent()
        with Form(self.customer.with_user(self.manager_qian), view=dialog["views"][0][0]) as form:
            form.service_user_id = self.service_lin
        self.assertEqual(self.customer.service_user_id, self.service_lin)
        self._meet("2026-03-01 02:00:00", self.service_lin.partner_id, self.buyer)
        self._refresh()
        self.assertNotIn(self.customer, Customer.search(domain))

    def test_night(self):
        """Batch by batch, goes on where it was, and does nothing twice in a day."""
        customers = self._open_customers(5, user=self.sales_wang)
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.readiness_batch_size", "2")
        cron = self.env.ref("print_broker_crm.ir_cron_broker_readiness")
        self.company.sudo().write(
            {"broker_readiness_mark_date": date(2026, 3, 2), "broker_readiness_mark_id": customers[0].id}
        )
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(customers.filtered("readiness_date"), customers[1:])
        self.assertEqual(self.company.sudo().broker_readiness_mark_id, customers[-1].id)
        self.at("2026-03-03 02:00:00")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(all(customers.mapped("readiness_date")))
        self.assertEqual(customers[1].readiness_date, date(2026, 3, 2))
        self.assertEqual(customers[0].readiness_date, date(2026, 3, 3))

    def test_queries_do_not_grow(self):
        counts = {}
        for name, number in (("Warm", 5), ("Few", 5), ("Many", 50)):
            customers = self._open_customers(number, user=self.sales_wang, name=name)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers._refresh_readiness()
            self.env.flush_all()
            counts[name] = self.env.cr.sql_log_count - before
        _logger.info("queries to refresh readiness: %s", counts)
        self.assertEqual(counts["Many"], counts["Few"])
