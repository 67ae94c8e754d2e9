from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestQuestion(BrokerAccountCommon):
    """A customer asks whoever is at hand; the question finds who can answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls.env["res.partner"].create({"name": "Li", "parent_id": cls.partner.id, "email": "li@jade.test"})
        cls.job = cls._create_job()
        cls.job.action_broker_hand_over()
        cls.handoff = cls.job.broker_handoff_id

    def _ask(self, record=None, text="Where are my menus?", moment="2026-11-23 00:00:00", **kwargs):
        with freeze_time(moment):
            return (record or self.job).message_post(
                body=text,
                author_id=self.buyer.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                **kwargs,
            )

    def _answer(self, user, record=None, moment="2026-11-23 02:00:00", subtype="mail.mt_comment"):
        with freeze_time(moment):
            return (
                (record or self.job)
                .with_user(user)
                .message_post(body="On Friday", message_type="comment", subtype_xmlid=subtype)
            )

    def _pass(self, user, record=None, moment="2026-11-23 01:00:00"):
        record = record or self.job
        with freeze_time(moment):
            record.with_user(user).action_broker_pass_question()
        return self.env["broker.question.pass"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id), ("state", "=", "waiting")]
        )

    def _shown(self, user, record=None):
        record = (record or self.job).with_user(user)
        record.invalidate_recordset()
        return record.broker_question_id, record.broker_question_user_id

    def _activities(self, record):
        kind = self.env.ref("print_broker_crm.mail_activity_type_answer_customer")
        return record.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def test_question_waits_until_somebody_answers(self):
        self.assertFalse(self._shown(self.sales_wang)[0])
        question = self._ask()
        self.assertEqual(self._shown(self.sales_wang), (question, self.service_chen))
        self.assertEqual(self._shown(self.service_chen), (question, self.sales_wang))
        self._answer(self.service_chen, subtype="mail.mt_note")
        self.assertEqual(self._shown(self.sales_wang)[0], question)
        self._answer(self.service_chen)
        self.assertFalse(self._shown(self.sales_wang)[0])
        self.assertFalse(self.env["broker.question.pass"].search([("res_id", "=", self.job.id)]))

    def test_one_tap_with_history_and_count(self):
        question = self._ask()
        row = self._pass(self.sales_wang)
        self.assertEqual((row.from_user_id, row.to_user_id), (self.sales_wang, self.service_chen))
        self.assertEqual((row.message_id, row.question), (question, "Where are my menus?"))
        self.assertEqual((row.customer_id, row.contact_id), (self.customer, self.buyer))
        self.assertEqual(self._activities(self.job).user_id, self.service_chen)
        self.assertIn("Where are my menus?", self._activities(self.job).note)
        self.assertIn(self.service_chen.partner_id, self.job.message_partner_ids)
        # It is with Chen: Wang does not pass it on again.
        self.assertFalse(self._shown(self.sales_wang)[1])
        with self.assertRaisesRegex(UserError, "passed on to Chen already"):
            self._pass(self.sales_wang)
        self._answer(self.service_chen)
        self.assertEqual(row.state, "answered")
        self.assertEqual(row.answered_by_id, self.service_chen)
        # Passed on at 9:00, asked at 8:00, answered at 10:00 in Shanghai.
        self.assertAlmostEqual(row.minutes, 60)
        self.assertAlmostEqual(row.waited_minutes, 120)
        self.assertFalse(self._activities(self.job))

    def test_nights_and_weekends_do_not_count(self):
        # Friday 16:30 to Monday 8:30: thirty minutes each.
        self._ask(moment="2026-11-20 08:00:00")
        row = self._pass(self.sales_wang, moment="2026-11-20 08:30:00")
        self._answer(self.service_chen, moment="2026-11-23 00:30:00")
        self.assertAlmostEqual(row.minutes, 60)
        self.assertAlmostEqual(row.waited_minutes, 90)

    def test_passed_further(self):
        self._ask()
        first = self._pass(self.sales_wang)
        second = self._pass(self.service_chen)
        self.assertEqual((first.state, second.previous_id, second.to_user_id), ("passed", first, self.sales_wang))
        self.assertEqual(self._activities(self.job).user_id, self.sales_wang)
        self._answer(self.sales_wang)
        self.assertEqual((first.state, second.state), ("passed", "answered"))

    @freeze_time("2026-11-23 03:00:00")
    def test_answered_by_phone(self):
        self._ask()
        row = self._pass(self.sales_wang)
        with self.assertRaises(UserError):
            row.with_user(self.sales_wang).action_answered()
        row.with_user(self.service_chen).action_answered()
        self.assertEqual((row.state, row.answered_by_id), ("answered", self.service_chen))
        self.assertFalse(self._activities(self.job))
        self.assertFalse(self._shown(self.sales_wang)[0])
        with self.assertRaises(UserError):
            row.with_user(self.service_chen).action_answered()

    @freeze_time("2026-11-23 03:00:00")
    def test_answered_by_phone_without_passing_on(self):
        self._ask()
        with self.assertRaises(UserError):
            self.job.with_user(self.plain_user).action_broker_question_answered()
        self.job.with_user(self.sales_wang).action_broker_question_answered()
        self.assertFalse(self._shown(self.sales_wang)[0])
        self.assertFalse(self.env["broker.question.pass"].search([("res_id", "=", self.job.id)]))
        with self.assertRaisesRegex(UserError, "somebody has answered"):
            self.job.with_user(self.sales_wang).action_broker_question_answered()

    @freeze_time("2026-11-23 03:00:00")
    def test_answered_by_ticking_off(self):
        self._ask()
        row = self._pass(self.sales_wang)
        self._activities(self.job).with_user(self.service_chen).action_feedback("Called her")
        self.assertEqual((row.state, row.answered_by_id), ("answered", self.service_chen))
        self.assertFalse(self._shown(self.sales_wang)[0])

    def test_on_every_document(self):
        lead = self.env["crm.lead"].create(
            {"name": "Spring", "type": "opportunity", "partner_id": self.partner.id, "user_id": self.sales_wang.id}
        )
        lead.action_set_won()
        lead.stage_id = self.env.ref("print_broker_crm.crm_stage_service_handoff")
        invoice = self._create_posted_invoice(self.job)
        for record in (lead, self.handoff, invoice):
            question = self._ask(record)
            self.assertEqual(self._shown(self.sales_wang, record), (question, self.service_chen), record._name)
            row = self._pass(self.sales_wang, record)
            self.assertEqual(row.customer_id, self.customer)
            self._answer(self.service_chen, record.sudo())
            self.assertEqual(row.state, "answered", record._name)

    def test_bills_go_to_who_settles(self):
        invoice = self._create_posted_invoice(self.job)
        self.env["broker.customer.member"].create(
            {"customer_id": self.customer.id, "user_id": self.manager_qian.id, "function": "settlement"}
        )
        self._ask(invoice)
        self.assertEqual(self._shown(self.sales_wang, invoice)[1], self.manager_qian)
        self.assertEqual(self._shown(self.manager_qian, invoice)[1], self.service_chen)

    def test_what_is_no_question(self):
        with self.assertRaisesRegex(UserError, "somebody has answered"):
            self._pass(self.sales_wang)
        stranger = self._create_partner("Stranger")
        self.job.message_post(
            body="Buy toner", author_id=stranger.id, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertFalse(self._shown(self.sales_wang)[0])
        self.job.message_post(
            body="Internal", author_id=self.buyer.id, message_type="notification", subtype_xmlid="mail.mt_comment"
        )
        self.assertFalse(self._shown(self.sales_wang)[0])

    def test_nobody_else(self):
        self.customer.service_user_id = False
        self._ask()
        self.assertFalse(self._shown(self.sales_wang)[1])
        with self.assertRaisesRegex(UserError, "nobody else"):
            self._pass(self.sales_wang)
        self.customer.service_user_id = self.service_lin
        self.service_lin.active = False
        self.customer.sudo().service_user_id = self.service_lin
        with self.assertRaisesRegex(UserError, "nobody else"):
            self._pass(self.sales_wang)

    def test_who_may(self):
        self._ask()
        for user in (self.sales_zhao, self.service_lin, self.plain_user):
            with self.assertRaises(UserError):
                self._pass(user)
        self._pass(self.manager_qian)
        row = self.env["broker.question.pass"].search([("res_id", "=", self.job.id)])
        self.assertEqual(row.to_user_id, self.service_chen)
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            with self.assertRaises(AccessError):
                row.with_user(user).write({"state": "answered"})
            with self.assertRaises(AccessError):
                self.env["broker.question.pass"].with_user(user).create({})
            with self.assertRaises(AccessError):
                row.with_user(user).unlink()

    def test_forms_show_it(self):
        self._ask()
        invoice = self._create_posted_invoice(self.job)
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            self.assertEqual(Form(self.job.with_user(user)).broker_question_author, "Li")
        Form(invoice.with_user(self.manager_qian))
        outsider = self.env["res.users"].create(
            {
                "name": "Outsider",
                "login": "broker_question_outsider",
                "group_ids": [Command.set([self.env.ref("sales_team.group_sale_salesman_all_leads").id])],
            }
        )
        Form(self.job.with_user(outsider))

    def test_figures_per_person(self):
        self.env.cr.execute("DELETE FROM broker_question_pass")
        for day, answered in ((23, "01:10"), (24, "01:20"), (25, "02:00")):
            self._ask(moment=f"2026-11-{day} 00:00:00")
            self._pass(self.sales_wang, moment=f"2026-11-{day} 01:00:00")
            self._answer(self.service_chen, moment=f"2026-11-{day} {answered}:00")
        self._ask(moment="2026-11-26 04:00:00")
        self._pass(self.service_chen, moment="2026-11-26 05:00:00")
        figures = self.env["broker.question.pass"]._get_summary(self.company)
        self.assertEqual(figures[self.service_chen], {"passed": 1, "received": 3, "waiting": 0, "median_minutes": 20.0})
        self.assertEqual(figures[self.sales_wang], {"passed": 3, "received": 1, "waiting": 1, "median_minutes": None})

    def test_answered_by_mail(self):
        self._ask()
        row = self._pass(self.sales_wang)
        with freeze_time("2026-11-23 02:00:00"):
            self.job.message_post(
                body="On Friday",
                author_id=self.service_chen.partner_id.id,
                message_type="email",
                subtype_xmlid="mail.mt_comment",
            )
        self.assertEqual((row.state, row.answered_by_id), ("answered", self.service_chen))
        self._ask(moment="2026-11-23 03:00:00")
        self.assertEqual(self._pass(self.sales_wang, moment="2026-11-23 04:00:00").to_user_id, self.service_chen)

    def test_mail_of_the_customer_is_no_answer(self):
        self._ask()
        row = self._pass(self.sales_wang)
        self.job.message_post(
            body="Hello?", author_id=self.buyer.id, message_type="email", subtype_xmlid="mail.mt_comment"
        )
        self.assertEqual(row.state, "waiting")

    def test_who_has_it_left(self):
        question = self._ask()
        first = self._pass(self.sales_wang)
        self.service_chen.active = False
        self.job.broker_customer_id.service_user_id = self.service_lin
        self.assertEqual(self._shown(self.sales_wang), (question, self.service_lin))
        second = self._pass(self.sales_wang)
        self.assertEqual((first.state, second.to_user_id), ("passed", self.service_lin))

    def test_the_customer_gets_somebody_else(self):
        self._ask()
        passed = self._pass(self.sales_wang)
        self.assertEqual(passed.to_user_id, self.service_chen)
        self.customer.service_user_id = self.service_lin
        waiting = self.env["broker.question.pass"].search([("res_id", "=", self.job.id), ("state", "=", "waiting")])
        self.assertEqual((waiting.to_user_id, waiting.previous_id), (self.service_lin, passed))
        self.assertEqual(self._activities(self.job).user_id, self.service_lin)

    def test_customers_are_merged(self):
        other = self._create_partner("Jade Twin", self.sales_wang)
        self._open_customer(other)
        self._ask()
        row = self._pass(self.sales_wang)
        self.env["base.partner.merge.automatic.wizard"]._merge((self.partner + other).ids, other)
        row.invalidate_recordset()
        self.assertEqual(row.customer_id.partner_id, other)
