from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_handoff_introduction import IntroductionCommon


@tagged("post_install", "-at_install")
class TestHandoffGuard(IntroductionCommon):
    """Handoffs that somebody, or an odd moment, would bring off their way."""

    def test_crafted_defaults_open_no_accepted_handoff(self):
        lead = self._create_lead()
        crafted = {
            "default_state": "accepted",
            "default_accepted_at": "2026-01-01 00:00:00",
            "default_return_count": 7,
            "default_introduced_at": "2026-01-01 00:00:00",
            "default_hours": 99,
        }
        lead.with_user(self.sales_wang).with_context(**crafted).stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual((handoff.state, handoff.return_count), ("draft", 0))
        self.assertFalse(handoff.accepted_at or handoff.introduced_at)

    def test_crafted_defaults_answer_no_list(self):
        lead = self._create_lead()
        lead.with_user(self.sales_wang).with_context(default_answer="not_applicable").stage_id = self.stage_handoff
        self.assertFalse(any(lead.broker_handoff_ids.item_ids.mapped("answer")))

    def test_who_sells_and_serves_takes_nobodys_customer(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_service_agent")
        handoff = self._complete(self._create_handoff())
        self.assertEqual(handoff.receiver_id, self.service_chen)
        for receiver in (self.sales_wang, self.env["res.users"]):
            with self.assertRaisesRegex(UserError, "Chen serves"):
                handoff.with_user(self.sales_wang).receiver_id = receiver
        handoff.with_user(self.sales_wang).receiver_id = self.service_lin
        handoff.with_user(self.manager_qian).receiver_id = self.sales_wang
        self.assertEqual(handoff.receiver_id, self.sales_wang)

    # TERRITORIES

    def test_territory_of_others(self):
        team = self.env["crm.team"].create({"name": "North", "broker_is_territory": True})
        team.member_ids = self.sales_zhao
        lead = self._create_lead()
        lead.with_user(self.sales_wang).team_id = team
        lead.with_user(self.sales_wang).stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual((handoff.state, handoff.receiver_id), ("draft", self.service_chen))
        self.assertEqual(self.customer.service_user_id, self.service_chen)

    def test_leader_of_a_territory(self):
        team = self.env["crm.team"].create(
            {"name": "North", "broker_is_territory": True, "user_id": self.sales_wang.id}
        )
        lead = self._create_lead(team_id=team.id)
        lead.stage_id = self.stage_handoff
        self.assertEqual(lead.broker_handoff_ids.receiver_id, self.sales_wang)

    # PEOPLE WHO LEFT

    def test_sender_left_before_the_acceptance(self):
        handoff = self._complete(self._create_handoff())
        handoff.with_user(self.sales_wang).action_submit()
        self.sales_zhao.email = "zhao@broker.example.com"
        self.sales_wang.active = False
        self.partner.user_id = self.sales_zhao
        handoff.with_user(self.service_chen).action_accept()
        mail = self._mails(handoff)
        self.assertEqual(mail.email_from, self.sales_zhao.email_formatted)
        self.assertEqual(mail.author_id, self.sales_zhao.partner_id)
        self.assertNotIn("wang@broker.example.com", mail.email_cc)
        self.assertIn("zhao@broker.example.com", mail.email_cc)
        self.assertNotIn(self.sales_wang.name, mail.body_html)
        self.assertNotIn(self.sales_wang.partner_id, handoff.message_partner_ids)

    def test_sender_left_and_nobody_came(self):
        handoff = self._complete(self._create_handoff())
        handoff.with_user(self.sales_wang).action_submit()
        self.sales_wang.active = False
        self.company.email = "desk@broker.example.com"
        handoff.with_user(self.service_chen).action_accept()
        mail = self._mails(handoff)
        self.assertEqual(mail.email_from, self.company.email_formatted)
        self.assertNotIn("wang@broker.example.com", mail.email_cc)

    def test_receiver_who_works_for_the_company_no_longer(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        handoff = self._complete(self._create_handoff())
        handoff.with_user(self.sales_wang).action_submit()
        self.service_chen.write({"company_ids": [Command.link(other.id)], "company_id": other.id})
        self.service_chen.company_ids = other
        self.assertEqual(handoff.receiver_id, self.service_lin)
        self.assertEqual(self._activities(handoff, "accept").user_id, self.service_lin)

    @freeze_time("2026-11-23 02:00:00")
    def test_reminder_goes_to_a_manager_of_the_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        # The first of all managers by name.
        stranger = self._create_user("aaa", "group_manager", company_id=other.id, company_ids=other.ids)
        stranger.name = "AAA"
        handoff = self._complete(self._create_handoff())
        day = self.company._get_broker_today()
        self._item(handoff, "artwork").write({"status": "unknown", "settle_by": day})
        self.sales_wang.active = False
        self.env["broker.handoff"]._cron_remind_unknown()
        receiver = self._activities(handoff, "settle").user_id
        self.assertTrue(receiver)
        self.assertIn(self.company, receiver.company_ids)

    @freeze_time("2026-11-23 02:00:00")
    def test_reminder_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        handoff = self._complete(self._create_handoff())
        item = self._item(handoff, "artwork")
        item.requirement_id.with_context(lang="zh_CN").name = "文件已收到"
        item.write({"status": "unknown", "settle_by": self.company._get_broker_today()})
        self.sales_wang.lang = "zh_CN"
        self.env["broker.handoff"]._cron_remind_unknown()
        self.assertIn("文件已收到", self._activities(handoff, "settle").summary)

    # THE CUSTOMER

    def test_opportunity_gets_another_customer(self):
        lead = self._create_lead()
        lead.stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        other = self._create_partner("Opal Hotel", self.sales_wang)
        customer = self._open_customer(other, service=self.service_lin)
        lead.with_user(self.sales_wang).partner_id = other
        self.assertEqual((handoff.customer_id, handoff.receiver_id), (customer, self.service_lin))

    def test_opportunity_gets_another_customer_after_the_job(self):
        handoff = self._complete(self._create_handoff())
        other = self._create_partner("Opal Hotel", self.sales_wang, email="opal@example.com")
        handoff.lead_id.with_user(self.sales_wang).partner_id = other
        self._accept(handoff)
        # The job is Jade's, and so is whoever runs it.
        self.assertEqual(handoff.customer_id, self.customer)
        self.assertEqual(handoff.contact_id, self.partner)
        self.assertEqual(self._mails(handoff).recipient_ids, self.partner)

    def test_another_agent_takes_over_what_was_given_back(self):
        handoff = self._accept()
        handoff.with_user(self.service_chen).action_return(reason="Wrong size")
        handoff.with_user(self.manager_qian).receiver_id = self.service_lin
        with freeze_time("2026-11-24 00:00:00"):
            handoff.with_user(self.sales_wang).action_submit()
            handoff.with_user(self.service_lin).action_accept()
        mails = self._mails(handoff).sorted("id")
        self.assertEqual(len(mails), 2)
        self.assertIn("Lin", mails[1].body_html)
        self.assertEqual(str(handoff.first_contact_due)[:10], "2026-11-24")
        self.assertFalse(handoff.first_contact_at)

    # CLOCKS

    def test_holidays_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        holiday = (
            self.env["resource.calendar.leaves"]
            .with_company(other)
            .create({"name": "Fair", "date_from": "2026-11-22 16:00:00", "date_to": "2026-11-27 16:00:00"})
        )
        self.assertEqual((holiday.company_id, holiday.calendar_id.id), (other, False))
        handoff = self._complete(self._create_handoff())
        with freeze_time("2026-11-23 00:00:00"):
            handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(str(handoff.accept_deadline)[:10], "2026-11-23")
        hours = self.env["broker.handoff"]._count_hours(self.company, handoff.submitted_at, handoff.accept_deadline)
        self.assertEqual(hours, self.company.broker_handoff_accept_hours)
        [deadline] = self.company._plan_broker_hours((4,), handoff.submitted_at)
        self.assertEqual(str(deadline), "2026-11-23 04:00:00")
