from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_campaign import CampaignPairCommon


@tagged("post_install", "-at_install")
class TestCampaignChannels(CampaignPairCommon):
    """How a campaign turns to its customers."""

    def get_calls(self, customer):
        return self.env["broker.care.call"].search([("customer_id", "=", customer.id), ("state", "=", "planned")])

    # CALLS

    def test_the_care_line_calls(self):
        self.campaign.action_make_calls()
        call = self.get_calls(self.customer)
        self.assertEqual(call.reason_ids.mapped("reason"), ["campaign"])
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 11, 10), date(2026, 11, 24)))
        self.assertEqual(call.campaign_text, "Calendars\nTime for next year's calendar.")
        self.assertEqual(self.jade_member.call_id, call)
        self.assertEqual((self.jade_member.state, self.jade_member.channel), ("taken", "call"))
        self.assertEqual(self.jade_member.date_taken, date(2026, 11, 10))
        self.assertEqual(self.customer.last_campaign_date, date(2026, 11, 10))
        self.assertEqual((self.campaign.state, self.campaign.call_count, self.campaign.open_count), ("running", 2, 0))
        # The night plans nothing twice.
        self.env["broker.care.call"]._plan(self.company)
        self.assertEqual(len(call.reason_ids.filtered(lambda line: line.reason == "campaign")), 1)
        self.assertEqual(self.campaign.date_start, date(2026, 11, 10))

    def test_who_wants_no_calls_gets_none(self):
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        self.campaign.action_make_calls()
        self.assertFalse(self.get_calls(self.customer))
        self.assertEqual((self.jade_member.state, self.jade_member.skip_reason), ("open", "do_not_call"))
        self.assertEqual(self.opal_member.state, "taken")
        # Another way may do.
        self.campaign.action_give_todos()
        self.assertEqual((self.jade_member.channel, self.jade_member.skip_reason), ("todo", False))

    def test_an_open_call_serves_the_campaign_too(self):
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        self.campaign.action_make_calls()
        self.assertEqual(self.get_calls(self.customer), call)
        self.assertEqual(set(call.reason_ids.mapped("reason")), {"by_hand", "campaign"})

    def test_a_call_waits_for_the_one_before(self):
        """Reached today, the customer rests three days; the next call ends before."""
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        call.action_log_attempt("reached", score_declined=True)
        call = self.get_calls(self.customer)
        call.sudo().write({"date_planned": date(2026, 11, 10), "date_deadline": date(2026, 11, 11)})
        self.campaign.action_make_calls()
        self.assertNotIn("campaign", call.reason_ids.mapped("reason"))
        self.assertFalse(self.jade_member.call_id)
        call.sudo()._close("cancelled", "by_hand")
        self.clock.move_to(datetime(2026, 11, 12, 2))
        self.env["broker.care.call"]._plan(self.company)
        call = self.get_calls(self.customer)
        self.assertIn("campaign", call.reason_ids.mapped("reason"))
        self.jade_member.invalidate_recordset()
        self.assertEqual(self.jade_member.call_id, call)

    def test_a_closed_campaign_plans_no_more_calls(self):
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        self.campaign.action_make_calls()
        self.campaign.action_close()
        call.sudo().reason_ids.filtered(lambda line: line.reason == "campaign").unlink()
        self.env["broker.care.call"]._plan(self.company)
        self.assertNotIn("campaign", self.get_calls(self.customer).reason_ids.mapped("reason"))
        with self.assertRaisesRegex(UserError, "closed"):
            self.jade_member._give_to_care_line()
        self.campaign.action_reopen()
        self.assertEqual(self.campaign.state, "running")

    def test_without_a_rule_nobody_is_taken(self):
        self.env.ref("print_broker_crm.broker_care_rule_campaign").active = False
        with self.assertRaisesRegex(UserError, "No care rule"):
            self.campaign.action_make_calls()
        self.assertEqual(self.jade_member.state, "open")

    # TO-DOS

    def test_whoever_serves_gets_a_todo(self):
        self.opal.partner_id.user_id = False
        self.opal.service_user_id = self.service_lin
        self.campaign.action_give_todos()
        self.assertEqual(self.jade_member.activity_id.user_id, self.sales_wang)
        self.assertEqual(self.opal_member.activity_id.user_id, self.service_lin)
        activity = self.jade_member.activity_id
        self.assertEqual((activity.res_model, activity.res_id), ("broker.customer", self.customer.id))
        self.assertEqual((activity.summary, activity.date_deadline), ("Calendars", date(2026, 11, 17)))
        self.assertIn("next year", activity.note)

    def test_the_service_agent_first(self):
        self.campaign.todo_role = "service"
        self.campaign.action_give_todos()
        self.assertEqual(self.jade_member.activity_id.user_id, self.service_chen)
        self.assertEqual(self.opal_member.activity_id.user_id, self.sales_zhao)

    def test_nobody_is_left_out_by_name(self):
        self.opal.partner_id.user_id = False
        self.campaign.action_give_todos()
        self.assertEqual((self.opal_member.state, self.opal_member.skip_reason), ("open", "nobody"))

    def test_a_salesperson_of_another_company_gets_none(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        self.sales_zhao.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.campaign.action_give_todos()
        self.assertEqual(self.opal_member.skip_reason, "nobody")

    # E-MAILS

    def _send(self, action):
        wizard = self.env["mail.compose.message"].with_context(**action["context"]).create({})
        wizard._action_send_mail()
        return wizard

    def test_an_email_to_each(self):
        action = self.campaign.with_user(self.manager_qian).action_write_mails()
        self.assertEqual(self.jade_member.state, "open")
        self._send(action)
        self.assertEqual((self.jade_member.state, self.jade_member.channel), ("taken", "mail"))
        self.assertEqual(self.campaign.mail_count, 2)
        mails = self.env["mail.mail"].search([("subject", "=", "Calendars")])
        self.assertEqual(mails.recipient_ids, (self.customer + self.opal).partner_id)
        self.assertEqual(len(mails), 2)
        # Sent again, it reaches nobody.
        self._send(action)
        self.assertEqual(len(self.env["mail.mail"].search([("subject", "=", "Calendars")])), 2)

    def test_refused_addresses_get_none(self):
        self.env["mail.blacklist"]._add(self.opal.partner_id.email)
        self._send(self.campaign.action_write_mails())
        self.assertEqual((self.opal_member.state, self.opal_member.skip_reason), ("open", "refused"))
        self.assertFalse(self.opal.last_campaign_date)
        self.assertEqual(
            self.env["mail.mail"].search([("subject", "=", "Calendars")]).recipient_ids, self.customer.partner_id
        )

    def test_without_an_address(self):
        self.opal.partner_id.email = False
        self._send(self.campaign.action_write_mails())
        self.assertEqual(self.opal_member.skip_reason, "no_mail")
        self.assertEqual(self.jade_member.state, "taken")

    def test_the_composer_cannot_leave_the_exclusion_list_out(self):
        self.env["mail.blacklist"]._add(self.opal.partner_id.email)
        action = self.campaign.action_write_mails()
        action["context"]["default_use_exclusion_list"] = False
        self._send(action)
        self.assertEqual(self.opal_member.skip_reason, "refused")
        self.assertEqual(
            self.env["mail.mail"].search([("subject", "=", "Calendars")]).recipient_ids, self.customer.partner_id
        )

    def _set_buyer(self):
        buyer = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.opal.partner_id.id, "email": "buyer@opal.example.com"}
        )
        self.opal_member.partner_id = buyer
        return buyer

    def test_whoever_left_is_not_written_to(self):
        """The customer itself is, where the person is archived or works elsewhere by now."""
        buyer = self._set_buyer()
        buyer.active = False
        self.campaign.with_user(self.manager_qian).action_write_mails()
        self.assertEqual(self.opal_member.partner_id, self.opal.partner_id)
        buyer = self._set_buyer()
        buyer.parent_id = self._create_partner("Elsewhere", self.sales_wang)
        self.env.flush_all()
        action = self.campaign.with_user(self.manager_qian).action_write_mails()
        self.assertEqual(self.opal_member.partner_id, self.opal.partner_id)
        self._send(action)
        self.assertEqual(
            self.env["mail.mail"].search([("subject", "=", "Calendars")]).recipient_ids,
            (self.customer + self.opal).partner_id,
        )

    def test_whoever_leaves_while_it_is_written(self):
        buyer = self._set_buyer()
        action = self.campaign.action_write_mails()
        buyer.active = False
        self._send(action)
        self.assertEqual((self.opal_member.state, self.opal_member.skip_reason), ("open", "no_mail"))
        self.assertNotIn(buyer, self.env["mail.mail"].search([("subject", "=", "Calendars")]).recipient_ids)

    def test_who_is_no_member_gets_no_mail_of_it(self):
        action = self.campaign.action_write_mails()
        action["context"]["default_res_ids"] = self.sales_zhao.partner_id.ids
        self._send(action)
        self.assertFalse(self.env["mail.mail"].search([("subject", "=", "Calendars")]))

    def test_others_send_nothing_in_its_name(self):
        action = self.campaign.action_write_mails()
        Composer = self.env["mail.compose.message"].with_user(self.sales_wang)
        context = action["context"]
        with self.assertRaises(AccessError), self.cr.savepoint():
            Composer.with_context(**context).create({})
        del context["default_broker_campaign_id"]
        wizard = Composer.with_context(**context).create({})
        # However it came there.
        wizard.sudo().broker_campaign_id = self.campaign
        with self.assertRaises(AccessError):
            wizard._action_send_mail()
        self.assertEqual(self.jade_member.state, "open")

    # ONCE

    def test_a_customer_is_taken_once_in_the_days_of_the_cap(self):
        self.campaign.action_make_calls()
        other = self.start(name="Envelopes")
        self.assertEqual((other.match_count, other.fresh_count, other.resting_count), (2, 0, 2))
        member = self.env["broker.campaign.member"].create({"campaign_id": other.id, "customer_id": self.customer.id})
        other.action_give_todos()
        self.assertEqual((member.state, member.skip_reason), ("open", "resting"))
        self.assertFalse(member.activity_id)
        self.assertEqual(other.state, "draft")
        self.clock.move_to(datetime(2026, 12, 9, 15, 59))
        other.action_give_todos()
        self.assertEqual(member.state, "open")
        # Thirty days later, as the firm counts days.
        self.clock.move_to(datetime(2026, 12, 9, 16, 1))
        other.action_give_todos()
        self.assertEqual((member.state, member.skip_reason), ("taken", False))

    def test_without_a_cap(self):
        self.company.broker_campaign_rest_days = 0
        self.campaign.action_make_calls()
        other = self.start(name="Envelopes")
        self.assertEqual(other.resting_count, 0)
        other.action_select()
        other.action_give_todos()
        self.assertEqual(other.taken_count, 2)
        # Of one campaign once, with or without a cap.
        with self.assertRaisesRegex(UserError, "nobody left"):
            self.campaign.action_give_todos()

    def test_some_of_the_list(self):
        self.jade_member.action_give_to_people()
        self.assertEqual((self.jade_member.state, self.opal_member.state), ("taken", "open"))
        other = self.start(name="Other")
        member = self.env["broker.campaign.member"].create({"campaign_id": other.id, "customer_id": self.opal.id})
        with self.assertRaisesRegex(UserError, "one campaign"):
            (member + self.opal_member).action_give_to_people()

    # GUARDS

    def test_history_is_not_typed_in(self):
        manager = self.manager_qian
        member, campaign = self.jade_member.with_user(manager), self.campaign.with_user(manager)
        for record, values in (
            (member, {"state": "taken"}),
            (member, {"taken_at": "2026-01-01 00:00:00"}),
            (member, {"customer_id": self.opal.id}),
            (campaign, {"state": "running"}),
            (campaign, {"date_start": "2026-01-01"}),
            (campaign, {"member_ids": [Command.clear()]}),
            (self.customer.with_user(manager), {"last_campaign_date": False}),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                record.write(values)
        member.note = "Ask for the buyer"
        created = (
            self.env["broker.campaign"].with_user(manager).with_context(default_state="closed").create({"name": "New"})
        )
        self.assertEqual(created.state, "draft")
        added = (
            self.env["broker.campaign.member"]
            .with_user(manager)
            .with_context(default_state="taken", default_date_taken="2026-01-01")
            .create({"campaign_id": created.id, "customer_id": self.customer.id})
        )
        self.assertEqual((added.state, added.date_taken), ("open", False))
        added.unlink()
        member.action_give_to_people()
        self.jade_member.activity_id.action_feedback("Called")
        with self.assertRaisesRegex(UserError, "history"):
            member.unlink()
        with self.assertRaisesRegex(UserError, "history"):
            campaign.unlink()

    # ODD PATHS

    def test_merged_customers_are_turned_to_once(self):
        self.opal_member.action_give_to_people()
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.customer + self.opal).partner_id.ids, self.customer.partner_id)
        member = self.campaign.member_ids
        self.assertEqual((member, member.customer_id, member.state), (self.opal_member, self.customer, "taken"))
        self.assertEqual(self.customer.last_campaign_date, date(2026, 11, 10))

    def test_archived_customers_are_left_alone(self):
        self.opal.active = False
        self.campaign.action_give_todos()
        self.assertEqual(self.opal_member.state, "open")

    def test_an_archived_salesperson_gets_no_todo(self):
        self.sales_zhao.active = False
        self.campaign.action_give_todos()
        self.assertNotEqual(self.opal_member.activity_id.user_id, self.sales_zhao)
