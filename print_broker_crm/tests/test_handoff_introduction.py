from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_handoff_paths import PathCommon


class IntroductionCommon(PathCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_wang.email = "wang@broker.example.com"
        cls.service_chen.write({"email": "chen@broker.example.com", "phone": "+86 21 5555 0001"})

    def _accept(self, handoff=None, moment="2026-11-23 00:00:00"):
        handoff = handoff or self._complete(self._create_handoff())
        with freeze_time(moment):
            handoff.with_user(self.sales_wang).action_submit()
            handoff.with_user(self.service_chen).action_accept()
        return handoff

    def _mails(self, handoff):
        """Return the letters; to-dos are told to their users by mail as well."""
        return self.env["mail.mail"].search(
            [("model", "=", "broker.handoff"), ("res_id", "in", handoff.ids), ("is_notification", "=", False)]
        )


@tagged("post_install", "-at_install")
class TestIntroduction(IntroductionCommon):
    """Who is new to the customer is presented, once, by the salesperson."""

    def test_mail(self):
        handoff = self._accept()
        mail = self._mails(handoff)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertEqual(mail.email_from, self.sales_wang.email_formatted)
        self.assertEqual(mail.author_id, self.sales_wang.partner_id)
        for address in ("wang@broker.example.com", "chen@broker.example.com"):
            self.assertIn(address, mail.email_cc)
        self.assertIn("Chen", mail.body_html)
        self.assertIn("+86 21 5555 0001", mail.body_html)
        self.assertTrue(handoff.needs_introduction)
        self.assertTrue(handoff.introduced_at)
        self.assertNotIn(self.partner, handoff.message_partner_ids)

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.partner.lang = "zh_CN"
        for name in ("mail_template_handoff_introduction", "mail_template_handoff_introduction_chat"):
            template = self.env.ref(f"print_broker_crm.{name}").with_context(lang="zh_CN")
            template.body_html = "<p>您好，<t t-out='object.receiver_id.name'/>负责您的订单。</p>"
            template.subject = "您的客服"
        handoff = self._accept()
        self.assertEqual(self._mails(handoff).subject, "您的客服")
        self.assertIn("负责您的订单", self._mails(handoff).body_html)
        self.assertEqual(handoff.with_user(self.sales_wang).introduction_text, "您好，Chen负责您的订单。")
        # Another customer reads English.
        self.assertIn("takes care of", self.env.ref(f"print_broker_crm.{name}").with_context(lang="en_US").body_html)

    def test_text_for_a_chat(self):
        handoff = self._accept()
        text = handoff.with_user(self.sales_wang).introduction_text
        self.assertIn("Chen of our service desk", text)
        self.assertNotIn("<", text)

    def test_switched_off(self):
        self.company.broker_introduction_mail = False
        handoff = self._accept()
        self.assertFalse(self._mails(handoff))
        self.assertTrue(handoff.needs_introduction)
        self.assertFalse(handoff.introduced_at)
        with self.assertRaises(UserError):
            handoff.with_user(self.sales_zhao).action_mark_introduced()
        handoff.with_user(self.sales_wang).action_mark_introduced()
        self.assertTrue(handoff.introduced_at)

    def test_customer_without_an_address(self):
        self.partner.email = False
        lead = self._create_lead()
        lead.email_from = False
        handoff = self._accept(self._complete(self._create_handoff(lead)))
        self.assertFalse(self._mails(handoff))
        self.assertFalse(handoff.introduced_at)

    def test_contact_without_an_address(self):
        person = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id, "phone": "1"})
        handoff = self._accept(self._complete(self._create_handoff(self._create_lead(person))))
        self.assertEqual(self._mails(handoff).recipient_ids, self.partner)

    def test_never_twice(self):
        handoff = self._accept()
        handoff.with_user(self.service_chen).action_return(reason="Wrong size")
        self._accept(handoff, "2026-11-24 00:00:00")
        self.assertEqual(len(self._mails(handoff)), 1)
        second = self._accept(self._complete(self._create_handoff()), "2026-11-25 00:00:00")
        self.assertFalse(second.needs_introduction)
        self.assertFalse(second.first_contact_due)
        self.assertFalse(self._mails(second))

    def test_two_jobs_at_once(self):
        handoffs = self._complete(self._create_handoff()) + self._complete(self._create_handoff())
        handoffs.action_submit()
        handoffs.with_user(self.service_chen).action_accept()
        self.assertEqual(handoffs.mapped("needs_introduction"), [True, False])
        self.assertEqual(len(self._mails(handoffs)), 1)

    def test_another_agent_is_presented(self):
        self._accept()
        handoff = self._complete(self._create_handoff())
        handoff.with_user(self.manager_qian).receiver_id = self.service_lin
        handoff.action_submit()
        handoff.with_user(self.service_lin).action_accept()
        self.assertTrue(handoff.needs_introduction)

    def test_who_was_in_touch_is_known(self):
        order = self._repeat_order()
        order.with_user(self.service_chen).message_post(
            body="Your proof", partner_ids=self.partner.ids, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertFalse(self._accept().needs_introduction)

    def test_who_ran_an_earlier_job_is_known(self):
        with freeze_time("2026-10-01 02:00:00"):
            customer = self._open_customer(self._create_partner("Old", self.sales_wang), service=self.service_chen)
        with freeze_time("2026-10-05 02:00:00"):
            self._repeat_order(partner_id=customer.partner_id.id)
        handoff = self._complete(self._create_handoff(self._create_lead(customer.partner_id)))
        self.assertFalse(self._accept(handoff).needs_introduction)

    def test_who_ran_a_job_of_the_morning_is_known(self):
        """In UTC a job of seven in the morning is one of the day before Chen had the customer."""
        with freeze_time("2026-09-30 23:00:00"):
            customer = self._open_customer(self._create_partner("Early", self.sales_wang), service=self.service_chen)
            self._repeat_order(partner_id=customer.partner_id.id)
        assignment = customer.assignment_ids.filtered(lambda row: row.role == "service")
        self.assertEqual(str(assignment.date_from), "2026-10-01")
        handoff = self._complete(self._create_handoff(self._create_lead(customer.partner_id)))
        self.assertFalse(self._accept(handoff).needs_introduction)

    def test_not_when_it_accepted_itself(self):
        self.company.broker_handoff_mode = "self"
        handoff = self._create_handoff()
        self.assertEqual(handoff.state, "accepted")
        self.assertFalse(handoff.needs_introduction)
        self.assertFalse(self._mails(handoff))

    def test_guarded_fields(self):
        handoff = self._accept()
        for name in ("introduced_at", "first_contact_at", "first_contact_due", "needs_introduction"):
            with self.assertRaises(UserError):
                handoff.with_user(self.manager_qian).write({name: False})

    def _count_accept(self, size):
        leads = [
            self._create_lead(self._create_partner(f"Customer {size} {index}", self.sales_wang))
            for index in range(size)
        ]
        handoffs = self.env["broker.handoff"].concat(*(self._complete(self._create_handoff(lead)) for lead in leads))
        handoffs.receiver_id = self.service_chen
        handoffs.action_submit()
        self.env.flush_all()
        before = self.cr.sql_log_count
        handoffs._filter_strangers()
        return self.cr.sql_log_count - before

    def test_looking_for_strangers_costs_the_same(self):
        self._count_accept(1)
        self.assertEqual(self._count_accept(2), self._count_accept(10))


@tagged("post_install", "-at_install")
class TestFirstContact(IntroductionCommon):
    """The agent's first word falls due by the tier, and is done when there was one."""

    def _run_cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_first_contact").method_direct_trigger()

    def _call(self, handoff, user, moment):
        with freeze_time(moment):
            handoff.customer_id.with_user(user).activity_schedule(
                "mail.mail_activity_data_call", user_id=user.id
            ).action_feedback("Called")

    def test_due_by_tier(self):
        # Monday 8:00 in Shanghai; eight hours are that day until 17:00.
        handoff = self._accept()
        self.assertEqual(handoff.first_contact_due, datetime(2026, 11, 23, 9))
        activity = self._activities(handoff, "first_contact")
        self.assertEqual((activity.user_id, str(activity.date_deadline)), (self.service_chen, "2026-11-23"))
        tier = self.env.ref("print_broker_crm.broker_tier_5")
        tier.first_contact_hours = 4
        other = self._open_customer(self._create_partner("Key", self.sales_wang), service=self.service_chen)
        other.sudo().write({"tier_manual_id": tier.id, "tier_manual_reason": "Key", "tier_manual_until": "2099-01-01"})
        handoff = self._complete(self._create_handoff(self._create_lead(other.partner_id)))
        # Four hours until noon.
        self.assertEqual(self._accept(handoff).first_contact_due, datetime(2026, 11, 23, 4))

    def test_call_of_the_agent(self):
        handoff = self._accept()
        self._call(handoff, self.sales_wang, "2026-11-23 02:00:00")
        self._run_cron("2026-11-23 02:30:00")
        self.assertFalse(handoff.first_contact_at)
        self._call(handoff, self.service_chen, "2026-11-23 03:00:00")
        self._run_cron("2026-11-23 03:30:00")
        self.assertEqual(handoff.first_contact_at, datetime(2026, 11, 23))
        self.assertFalse(self._activities(handoff, "first_contact"))

    def test_message_of_the_agent(self):
        handoff = self._accept()
        with freeze_time("2026-11-23 05:00:00"):
            handoff.order_ids.with_user(self.service_chen).message_post(
                body="Hello", partner_ids=self.partner.ids, message_type="comment", subtype_xmlid="mail.mt_comment"
            )
        self._run_cron("2026-11-23 06:00:00")
        self.assertEqual(handoff.first_contact_at, datetime(2026, 11, 23, 5))

    def test_what_was_before_does_not_count(self):
        # The same morning, before the acceptance.
        with freeze_time("2026-11-22 23:00:00"):
            order = self._repeat_order()
        with freeze_time("2026-11-23 00:30:00"):
            order.with_user(self.service_chen).message_post(
                body="Hello", partner_ids=self.partner.ids, message_type="comment", subtype_xmlid="mail.mt_comment"
            )
        handoff = self._accept(moment="2026-11-23 01:00:00")
        # Known already: nothing is due. Made due here to look at the moment alone.
        handoff.sudo().first_contact_due = datetime(2026, 11, 23, 9)
        self._run_cron("2026-11-23 06:00:00")
        self.assertFalse(handoff.first_contact_at)

    def test_by_button(self):
        handoff = self._accept()
        with self.assertRaises(UserError):
            handoff.with_user(self.sales_zhao).action_log_first_contact()
        handoff.with_user(self.service_chen).action_log_first_contact()
        self.assertTrue(handoff.first_contact_at)
        self.assertFalse(self._activities(handoff, "first_contact"))
        # For everybody else it is a call too.
        rows = self.env["mail.activity"].with_context(active_test=False).search([("res_id", "=", handoff.id)])
        self.assertIn("phonecall", rows.activity_type_id.mapped("category"))

    def test_hook_for_logged_contacts(self):
        handoff = self._accept()
        hook = self.env["broker.handoff"]._after_contact
        hook(self.customer, self.service_chen, handoff.accepted_at - timedelta(hours=1))
        hook(self.customer, self.sales_wang, handoff.accepted_at + timedelta(hours=1))
        self.assertFalse(handoff.first_contact_at)
        hook(self.customer, self.service_chen, handoff.accepted_at + timedelta(hours=1))
        self.assertEqual(handoff.first_contact_at, datetime(2026, 11, 23, 1))

    def test_late_is_escalated_once(self):
        handoff = self._accept()
        self._run_cron("2026-11-23 08:00:00")
        self.assertFalse(self._activities(handoff, "late_contact"))
        self._run_cron("2026-11-24 01:00:00")
        activities = self._activities(handoff, "late_contact")
        self.assertIn(self.manager_qian, activities.user_id)
        self._run_cron("2026-11-24 02:00:00")
        self.assertEqual(self._activities(handoff, "late_contact"), activities)
        with freeze_time("2026-11-24 02:00:00"):
            owed = self.env["broker.obligation"].search(
                [("customer_id", "=", self.customer.id), ("kind", "=", "first_contact")]
            )
            self.assertEqual(owed.user_id, self.service_chen)
            late = self.env["broker.handoff"].search([("is_contact_late", "=", True), ("id", "=", handoff.id)])
            self.assertEqual(late, handoff)
            self.assertFalse(late.search([("is_contact_late", "=", False), ("id", "=", handoff.id)]))
        handoff.with_user(self.service_chen).action_log_first_contact()
        self.assertFalse(self._activities(handoff, "late_contact"))

    def test_day_of_the_obligation_is_the_firms(self):
        """Four in the afternoon in Los Angeles is the next day in UTC."""
        handoff = self._accept()
        self.calendar.tz = "America/Los_Angeles"
        handoff.first_contact_due = "2026-11-24 00:00:00"
        with freeze_time("2026-11-26 02:00:00"):
            owed = self.env["broker.obligation"].search(
                [("customer_id", "=", self.customer.id), ("kind", "=", "first_contact")]
            )
            self.assertEqual(str(owed.date), "2026-11-23")

    def test_customers_present_agent_counts(self):
        handoff = self._accept()
        self.customer.service_user_id = self.service_lin
        self._call(handoff, self.service_lin, "2026-11-23 03:00:00")
        self._run_cron("2026-11-23 04:00:00")
        self.assertTrue(handoff.first_contact_at)


@tagged("post_install", "-at_install")
class TestOneFace(IntroductionCommon):
    """The salesperson never loses sight of a job."""

    def test_both_follow_job_and_packet(self):
        handoff = self._accept()
        for record in (handoff, handoff.order_ids):
            self.assertLessEqual(
                self.sales_wang.partner_id + self.service_chen.partner_id, record.message_partner_ids, record._name
            )

    def test_salesperson_hears_of_each_leg(self):
        order = self._accept().order_ids
        news = order.with_user(self.service_chen).message_post(
            body="Printing", subtype_xmlid="print_broker_crm.mt_job_leg"
        )
        self.assertIn(self.sales_wang.partner_id, news.sudo().notified_partner_ids)
        self.assertNotIn(self.partner, news.sudo().notified_partner_ids)

    def test_salesperson_follows_after_reassigning(self):
        handoff = self._accept()
        order = handoff.order_ids
        order.message_unsubscribe(self.sales_wang.partner_id.ids)
        order.user_id = self.service_lin
        self.assertIn(self.sales_wang.partner_id, order.message_partner_ids)

    def test_salesperson_follows_what_service_sold(self):
        order = self._repeat_order(confirm=False, user_id=self.service_chen.id)
        self.assertNotIn(self.sales_wang.partner_id, order.message_partner_ids)
        order.action_confirm()
        self.assertIn(self.sales_wang.partner_id, order.message_partner_ids)

    def test_quotations_are_left_alone(self):
        order = self._repeat_order(confirm=False)
        order.message_unsubscribe(order.message_partner_ids.ids)
        order.user_id = self.service_lin
        self.assertNotIn(self.service_chen.partner_id, order.message_partner_ids)

    def test_customer_without_people(self):
        order = self._repeat_order(partner_id=self._create_partner("Nobody's").id)
        order.user_id = self.service_lin
        self.assertTrue(order.message_partner_ids)
