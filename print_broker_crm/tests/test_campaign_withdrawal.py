from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_campaign import CampaignPairCommon


@tagged("post_install", "-at_install")
class TestCampaignWithdrawal(CampaignPairCommon):
    """Jade and Opal bought calendars last November. On 10 November 2026 a campaign turns to
    both; what nobody has begun goes when it is closed."""

    def get_call(self, customer, state="planned"):
        return self.env["broker.care.call"].search([("customer_id", "in", customer.ids), ("state", "=", state)])

    def get_reasons(self, call):
        call.invalidate_recordset()
        return sorted(call.reason_ids.mapped("reason"))

    def close(self, campaign=None):
        (campaign or self.campaign).with_user(self.manager_qian).action_close()
        self.env.flush_all()
        self.env.invalidate_all()

    # CALLS

    def test_calls_nobody_has_begun_are_cancelled(self):
        self.campaign.action_make_calls()
        call = self.get_call(self.customer)
        self.close()
        self.assertEqual((call.state, call.close_reason), ("cancelled", "withdrawn"))
        self.assertFalse(call.reason_ids)
        self.assertIn("does not ask", call.message_ids[0].body)
        self.assertNotIn("campaign", self.get_call(self.customer).reason_ids.mapped("reason"))
        self.assertEqual((self.jade_member.state, self.jade_member.skip_reason), ("open", "withdrawn"))
        self.assertFalse(self.jade_member.date_taken)
        self.assertFalse(self.customer.last_campaign_date, "nobody turned to it: it does not rest")
        self.assertEqual((self.campaign.taken_count, self.campaign.call_count), (0, 0))
        # What is bought now is none of its doing.
        self.buy("2026-11-12 02:00:00")
        self.campaign.invalidate_recordset()
        self.assertEqual(self.campaign.buyer_count, 0)

    def test_the_cadence_goes_on_as_if_nobody_had_planned(self):
        """Sun reached Jade on 1 November; a call that nobody made puts nothing off."""
        now = datetime.now()
        self.clock.move_to(datetime(2026, 11, 2, 2))
        made = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        made.action_log_attempt("reached", score_declined=True)
        cadence = self.get_call(self.customer)
        self.assertEqual(self.get_reasons(cadence), ["cadence"])
        planned, deadline = cadence.date_planned, cadence.date_deadline
        self.assertGreater(planned, date(2026, 11, 24))
        cadence.sudo().reason_ids.unlink()
        cadence.sudo().unlink()
        self.clock.move_to(now)
        self.campaign.action_make_calls()
        self.assertEqual(self.get_reasons(self.get_call(self.customer)), ["campaign"])
        self.close()
        call = self.get_call(self.customer)
        self.assertEqual(self.get_reasons(call), ["cadence"])
        self.assertEqual((call.date_planned, call.date_deadline), (planned, deadline))

    def test_a_second_reason_keeps_the_call_and_its_days(self):
        """The cadence wants a call in winter; the campaign brought it forward to November."""
        self.env["broker.care.call"]._plan(self.company, self.customer)
        call = self.get_call(self.customer)
        self.assertEqual(self.get_reasons(call), ["cadence"])
        days = (date(2026, 12, 20), date(2027, 1, 3))
        call.sudo().write({"date_planned": days[0], "date_deadline": days[1]})
        call.sudo().reason_ids.write({"window_from": days[0], "window_to": days[1]})
        self.campaign.action_make_calls()
        self.assertEqual(self.get_reasons(call), ["cadence", "campaign"])
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 11, 10), date(2026, 11, 24)))
        self.assertEqual(call.campaign_text, "Calendars\nTime for next year's calendar.")
        self.close()
        self.assertEqual((call.state, self.get_reasons(call)), ("planned", ["cadence"]))
        self.assertEqual((call.date_planned, call.date_deadline), days)
        self.assertGreater(call.next_attempt_at, datetime(2026, 12, 19))
        self.assertFalse(call.campaign_text)
        self.assertEqual(self.jade_member.state, "open")

    def test_days_that_somebody_moved_stay(self):
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        self.campaign.action_make_calls()
        call.with_user(self.care_sun).write({"date_planned": date(2026, 11, 17), "date_deadline": date(2026, 11, 18)})
        self.close()
        self.assertEqual(self.get_reasons(call), ["by_hand"])
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 11, 17), date(2026, 11, 18)))

    def test_the_hour_of_the_reason_that_stays_is_waited_for(self):
        self.env["broker.care.call"]._plan(self.company, self.customer)
        call = self.get_call(self.customer)
        line = call.sudo().reason_ids
        half_past_two = datetime.combine(line.window_from, time(6, 30))
        line.window_at = half_past_two
        self.campaign.action_make_calls()
        self.assertLess(call.next_attempt_at, half_past_two)
        self.close()
        self.assertEqual((call.date_planned, call.next_attempt_at), (half_past_two.date(), half_past_two))

    def test_the_main_reason_follows(self):
        """The campaign asked first, and a job was received afterwards."""
        self.campaign.action_make_calls()
        call = self.get_call(self.customer)
        campaign_rule = self.env.ref("print_broker_crm.broker_care_rule_campaign")
        receipt = self.env["broker.care.rule"]._get_rules(self.company, "receipt")[:1]
        self.assertEqual(call.rule_id, campaign_rule)
        self.env["broker.care.call.reason"].sudo().create(
            {"call_id": call.id, "rule_id": receipt.id, "reason": "receipt", "date_event": date(2026, 11, 9)}
        )
        self.close()
        self.assertEqual((call.state, call.rule_id, call.reason), ("planned", receipt, "receipt"))
        self.assertEqual(call.urgency, receipt.urgency)
        # Of the receipt no days were written down: the call stays where it is.
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 11, 10), date(2026, 11, 24)))

    def test_a_call_for_two_campaigns(self):
        self.company.broker_campaign_rest_days = 0
        other = self.start(name="Labels", message="New labels.")
        other.action_select()
        self.campaign.action_make_calls()
        other.action_make_calls()
        call = self.get_call(self.customer)
        self.close()
        self.assertEqual((call.state, self.get_reasons(call)), ("planned", ["campaign"]))
        self.assertEqual(call.campaign_text, "Labels\nNew labels.")
        self.assertEqual(self.customer.last_campaign_date, date(2026, 11, 10), "the other one turned to it")
        self.close(other)
        self.assertEqual(call.state, "cancelled")
        self.assertFalse(self.customer.last_campaign_date)

    def test_calls_that_somebody_has_begun_stay_and_count(self):
        self.campaign.action_make_calls()
        tried, done = self.get_call(self.customer), self.get_call(self.opal)
        tried.action_log_attempt("no_answer")
        done.action_log_attempt("reached")
        self.close()
        self.assertEqual((tried.state, self.get_reasons(tried)), ("planned", ["campaign"]))
        self.assertEqual((done.state, self.get_reasons(done)), ("done", ["campaign"]))
        self.assertEqual((self.jade_member.state, self.opal_member.state), ("taken", "taken"))
        self.assertEqual(self.campaign.call_count, 2)
        self.assertEqual(self.customer.last_campaign_date, date(2026, 11, 10))

    def test_a_call_in_which_somebody_types_stays(self):
        self.campaign.action_make_calls()
        for vals in (
            {"result_note": "Is on the other line"},
            {"sales_score": "4"},
            {"wish_heard": "A wall calendar"},
        ):
            with self.subTest(vals=vals):
                call = self.get_call(self.customer)
                call.with_user(self.care_sun).write(vals)
                self.close()
                self.assertEqual((call.state, self.jade_member.state), ("planned", "taken"))
                call.sudo().write({name: "0" if name == "sales_score" else False for name in vals})
                self.campaign.action_reopen()
                self.close()
                self.assertNotIn("campaign", self.get_reasons(call))
                self.assertEqual(self.jade_member.state, "open")
                self.campaign.action_reopen()

    def test_a_call_that_somebody_wants_at_once_stays(self):
        self.campaign.action_make_calls()
        self.customer.with_user(self.care_sun).action_plan_care_call()
        self.close()
        self.assertEqual(self.jade_member.state, "taken")

    def test_a_call_whose_result_is_being_saved_stays(self):
        self.campaign.action_make_calls()
        call = self.get_call(self.customer)
        Call = self.env.registry["broker.care.call"]
        lock = Call.try_lock_for_update
        with patch.object(Call, "try_lock_for_update", lambda calls, **kwargs: lock(calls - call, **kwargs)):
            self.close()
        self.assertEqual((call.state, self.jade_member.state), ("planned", "taken"))
        self.assertEqual(self.opal_member.state, "open")

    def test_a_call_that_was_not_planned_yet(self):
        """The customer has a call that ends before the campaign's would begin."""
        made = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        made.action_log_attempt("reached", score_declined=True)
        call = self.get_call(self.customer)
        call.sudo().write({"date_planned": date(2026, 11, 10), "date_deadline": date(2026, 11, 11)})
        self.campaign.action_make_calls()
        self.assertFalse(self.jade_member.call_id)
        self.close()
        self.assertEqual((call.state, self.jade_member.state), ("planned", "open"))

    # REOPENED

    def test_calls_that_went_with_their_customer(self):
        """Opal was put away and Jade wants no calls, before anybody called."""
        self.campaign.action_make_calls()
        self.opal.action_archive()
        self.customer.write({"do_not_call": True, "do_not_call_reason": "They said so"})
        self.assertEqual(self.get_call(self.opal, "cancelled").close_reason, "archived")
        self.assertEqual(self.get_call(self.customer, "cancelled").close_reason, "do_not_call")
        self.close()
        self.assertEqual(self.campaign.member_ids.mapped("state"), ["open", "open"])
        self.assertEqual(self.campaign.taken_count, 0)
        self.assertEqual(self.get_reasons(self.get_call(self.opal, "cancelled")), ["campaign"])
        self.opal.action_unarchive()
        self.campaign.action_reopen()
        self.assertIn("campaign", self.get_reasons(self.get_call(self.opal)))
        self.assertEqual((self.jade_member.state, self.jade_member.skip_reason), ("open", "do_not_call"))

    def test_reopened_it_asks_anew(self):
        self.campaign.action_make_calls()
        first = self.get_call(self.customer)
        self.close()
        self.clock.move_to(datetime(2026, 11, 20, 2))
        self.campaign.with_user(self.manager_qian).action_reopen()
        call = self.get_call(self.customer)
        self.assertIn("campaign", self.get_reasons(call))
        self.assertNotEqual(call, first)
        # Within fourteen days, with the cadence's own where they meet.
        self.assertGreaterEqual(call.date_planned, date(2026, 11, 20))
        self.assertLessEqual(call.date_deadline, date(2026, 12, 4))
        self.assertEqual((self.jade_member.state, self.jade_member.date_taken), ("taken", date(2026, 11, 20)))
        self.assertEqual((self.campaign.state, self.campaign.call_count), ("running", 2))

    def test_reopened_its_own_rules_hold(self):
        """Who does not want calls by now gets none, and who rests from another campaign waits."""
        self.campaign.action_make_calls()
        self.close()
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        other = self.start(name="Labels")
        other.action_select()
        other.member_ids.filtered(lambda member: member.customer_id == self.opal).action_give_to_people()
        self.campaign.action_reopen()
        self.assertEqual((self.jade_member.state, self.jade_member.skip_reason), ("open", "do_not_call"))
        self.assertEqual((self.opal_member.state, self.opal_member.skip_reason), ("open", "resting"))
        self.assertFalse(self.opal_member.channel)

    def test_reopened_without_a_rule_they_wait(self):
        self.campaign.action_make_calls()
        self.close()
        self.env.ref("print_broker_crm.broker_care_rule_campaign").active = False
        self.campaign.action_reopen()
        self.assertEqual((self.campaign.state, self.jade_member.state), ("running", "open"))

    # TO-DOS

    def test_todos_that_nobody_has_done(self):
        self.campaign.action_give_todos()
        done, open_todo = self.jade_member.activity_id, self.opal_member.activity_id
        done.action_feedback("Called")
        self.close()
        self.assertFalse(open_todo.exists())
        self.assertEqual((self.opal_member.state, self.opal_member.skip_reason), ("open", "withdrawn"))
        self.assertEqual(self.jade_member.state, "taken")
        self.assertEqual(self.campaign.todo_count, 1)
        self.campaign.action_reopen()
        self.assertEqual(self.opal_member.activity_id.user_id, self.sales_zhao)
        self.assertEqual(self.campaign.todo_count, 2)

    # E-MAILS

    def test_mails_that_wait_to_be_sent(self):
        action = self.campaign.with_user(self.manager_qian).action_write_mails()
        wizard = (
            self.env["mail.compose.message"]
            .with_user(self.manager_qian)
            .with_context(**action["context"])
            .create({"scheduled_date": "2026-11-12 02:00:00"})
        )
        wizard._action_send_mail()
        mails = self.env["mail.mail"].search([("subject", "=", "Calendars")])
        self.assertEqual(mails.mapped("state"), ["outgoing"] * 2)
        self.assertEqual(mails.broker_campaign_member_id, self.campaign.member_ids)
        sent = mails.filtered(lambda mail: mail.broker_campaign_member_id == self.jade_member)
        sent.write({"state": "sent"})
        waiting = mails - sent
        message = waiting.mail_message_id
        self.close()
        self.assertFalse(waiting.exists() or message.exists())
        self.assertTrue(sent.exists())
        self.assertEqual((self.jade_member.state, self.opal_member.state), ("taken", "open"))
        self.assertEqual(self.campaign.mail_count, 1)
        # The text is not kept: somebody writes again.
        self.campaign.action_reopen()
        self.assertEqual((self.opal_member.state, self.opal_member.channel), ("open", False))

    # TAKEN OUT

    def test_taken_out_of_the_campaign(self):
        self.campaign.action_make_calls()
        call = self.get_call(self.opal)
        self.opal_member.with_user(self.manager_qian).unlink()
        self.assertEqual((call.state, call.close_reason), ("cancelled", "withdrawn"))
        self.assertNotIn("campaign", self.get_call(self.opal).reason_ids.mapped("reason"))
        self.assertFalse(self.opal.last_campaign_date)
        self.assertEqual(self.get_reasons(self.get_call(self.customer)), ["campaign"])
        # Whom somebody turned to stays in the list.
        self.get_call(self.customer).action_log_attempt("no_answer")
        with self.assertRaisesRegex(UserError, "history"):
            self.jade_member.with_user(self.manager_qian).unlink()

    def test_merged_customers_are_called_once(self):
        self.campaign.action_make_calls()
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.customer + self.opal).partner_id.ids, self.customer.partner_id)
        self.env.invalidate_all()
        call = self.get_call(self.customer)
        self.assertEqual(self.get_reasons(call), ["campaign"])
        self.assertEqual(self.campaign.member_ids.call_id, call)
        self.close()
        self.assertEqual(call.state, "cancelled")

    # TWO COMPANIES

    def test_each_company_takes_back_its_own(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(self.partner, company=other)
        campaign = self.env["broker.campaign"].with_company(other).create({"name": "Theirs", "company_id": other.id})
        self.env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": theirs.id})
        self.env["broker.care.rule"].with_company(other)._get_rules(other, "campaign")
        campaign.action_make_calls()
        self.campaign.action_make_calls()
        self.close()
        self.assertNotIn("campaign", self.get_call(self.customer).reason_ids.mapped("reason"))
        call = self.get_call(theirs)
        self.assertEqual((call.company_id, self.get_reasons(call)), (other, ["campaign"]))
        campaign.action_close()
        self.assertEqual(call.state, "cancelled")

    # GUARDS

    def test_only_managers_close(self):
        self.campaign.action_make_calls()
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.campaign.with_user(self.care_sun).action_close()
        self.assertEqual(self.jade_member.state, "taken")

    def test_calls_that_stay_are_written_together(self):
        """Whether two or twelve customers keep the call of their cadence, each with days of
        its own, as many statements are run."""
        self.company.broker_campaign_rest_days = 0
        counts = []
        for number in (2, 12):
            customers = self.customer.browse()
            for place in range(number):
                customers |= self.open_customer(
                    f"Customer {number}.{place}", phone=f"+86 21 5555 {number:02}{place:02}"
                )
            for customer in customers:
                self.buy("2025-11-20 02:00:00", customer)
            campaign = self.start(name=f"For {number}")
            campaign.action_select()
            campaign.member_ids.filtered_domain([("customer_id", "not in", customers.ids)]).unlink()
            self.env["broker.care.call"]._plan(self.company, customers)
            days = {}
            for place, call in enumerate(self.get_call(customers)):
                days[call] = (date(2026, 12, 15) + timedelta(days=place), date(2026, 12, 29) + timedelta(days=place))
                call.sudo().reason_ids.write({"window_from": days[call][0], "window_to": days[call][1]})
                call.sudo().write({"date_planned": days[call][0], "date_deadline": days[call][1]})
            self.assertEqual(len(days), number)
            campaign.action_make_calls()
            self.assertEqual(campaign.call_count, number)
            calls = self.env["broker.care.call"].union(*days)
            self.assertEqual(set(calls.mapped("date_planned")), {date(2026, 11, 10)})
            lines = calls.reason_ids.filtered(lambda line: line.reason == "campaign")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["broker.care.call"].sudo()._withdraw_reasons(lines.sudo(), "Not any more")
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            self.env.invalidate_all()
            for call, span in days.items():
                self.assertEqual((call.state, call.date_planned, call.date_deadline), ("planned", *span))
        self.assertLessEqual(counts[1], counts[0])

    def test_queries_do_not_grow_with_the_customers(self):
        def count(campaign):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            campaign.action_close()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        self.company.broker_campaign_rest_days = 0
        self.campaign.action_give_todos()
        count(self.campaign)
        second = self.start(name="Few")
        second.action_select()
        second.action_give_todos()
        few = count(second)
        for number in range(12):
            self.buy("2025-11-20 02:00:00", self.open_customer(f"Customer {number}"))
        third = self.start(name="Many")
        third.action_select()
        third.action_give_todos()
        self.assertLessEqual(count(third), few + 2)
