from datetime import date, datetime, timedelta

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class CampaignCommon(BrokerAccountCommon):
    """Tuesday, 10 November 2026, ten in the morning in Shanghai: the calendar season.

    Jade bought calendars for 10,000 last November and not this year.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendars = cls.env["broker.product.type"].create({"name": "Test calendars"})
        cls.calendar = cls._create_print_product("Desk Calendar", cls.print_category)
        cls.calendar.product_tmpl_id.broker_product_type_id = cls.calendars

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-11-10 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)
        self.buy("2025-11-12 02:00:00")
        self.env["broker.campaign"].search([]).unlink()

    def buy(self, moment, customer=None, product=None, price=10000.0, **kwargs):
        """Confirm a job of a customer at a moment in UTC, and come back to the present."""
        now = datetime.now()
        self.clock.move_to(datetime.fromisoformat(moment))
        order = self.env["sale.order"].create(
            {
                "partner_id": (customer or self.customer).partner_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or self.calendar).id,
                            "product_uom_qty": 1,
                            "price_unit": price,
                            "purchase_price": price * 0.7,
                        }
                    )
                ],
                **kwargs,
            }
        )
        order.action_confirm()
        self.clock.move_to(now)
        return order

    def open_customer(self, name, **kwargs):
        return self._open_customer(self._create_partner(name, kwargs.pop("user", self.sales_wang), **kwargs))

    def start(self, **vals):
        return self.env["broker.campaign"].create(
            {
                "name": "Calendars",
                "message": "Time for next year's calendar.",
                "bought_type_ids": [Command.set(self.calendars.ids)],
                "bought_from": date(2025, 10, 1),
                "bought_to": date(2025, 12, 31),
                **vals,
            }
        )

    def found(self, campaign):
        return self.env["broker.customer"].browse(row[0] for row in campaign._get_preview_rows())


@tagged("post_install", "-at_install")
class TestCampaignSelection(CampaignCommon):
    def test_bought_last_season_and_silent_this_one(self):
        opal = self.open_customer("Opal Hotel")
        self.buy("2025-11-20 02:00:00", opal)
        self.buy("2026-10-01 02:00:00", opal)
        pearl = self.open_customer("Pearl School")
        self.buy("2025-11-20 02:00:00", pearl, self.print_product)
        campaign = self.start()
        self.assertEqual(campaign.silent_from, date(2026, 10, 1))
        self.assertEqual(self.found(campaign), self.customer)
        # Of something else it bought this year: only who bought nothing at all is wanted now.
        self.buy("2026-10-20 02:00:00", self.customer, self.print_product)
        self.assertEqual(self.found(campaign), self.customer)
        campaign.silent_all = True
        self.assertFalse(self.found(campaign))

    def test_days_are_those_of_the_firm(self):
        names = ("Last Minute", "Too Late", "First Minute", "Too Early")
        # The season ends on 31 December at midnight in Shanghai, 16:00 in UTC.
        moments = ("2025-12-31 15:59:00", "2025-12-31 16:00:00", "2025-09-30 16:00:00", "2025-09-30 15:59:00")
        customers = [self.open_customer(name) for name in names]
        for customer, moment in zip(customers, moments, strict=True):
            self.buy(moment, customer)
        self.assertEqual(self.found(self.start()), self.customer + customers[0] + customers[2])

    def test_reprints_and_cancelled_jobs_are_no_purchase(self):
        opal = self.open_customer("Opal Hotel")
        order = self.buy("2025-11-20 02:00:00", opal)
        campaign = self.start()
        self.assertIn(opal, self.found(campaign))
        case = self.env["broker.case"].create({"customer_id": opal.id, "title": "Wrong year printed"})
        order.sudo().broker_claim_case_id = case
        self.assertNotIn(opal, self.found(campaign))
        order.sudo().broker_claim_case_id = False
        order._action_cancel()
        self.assertNotIn(opal, self.found(campaign))

    def test_the_spec_says_what_is_printed(self):
        opal = self.open_customer("Opal Hotel")
        order = self.buy("2025-11-20 02:00:00", opal, self.print_product)
        campaign = self.start()
        self.assertNotIn(opal, self.found(campaign))
        spec = order.order_line.broker_job_spec_ids or self.env["broker.job.spec"].create(
            {"order_line_id": order.order_line.id}
        )
        spec.product_type_id = self.calendars
        self.assertIn(opal, self.found(campaign))

    def test_a_season_still_to_come(self):
        """In August nobody can have bought in this year's season: since last year's, then."""
        self.clock.move_to(datetime(2026, 8, 3, 2))
        campaign = self.start()
        self.assertEqual(campaign.silent_from, date(2026, 1, 1))
        self.assertEqual(self.found(campaign), self.customer)

    def test_by_tier_trend_and_risk(self):
        opal = self.open_customer("Opal Hotel")
        tiers = self.env["broker.tier"].search([("rank", "in", (4, 5))])
        opal.write({"tier_manual_id": tiers[0].id, "tier_manual_reason": "x", "tier_manual_until": date(2030, 1, 1)})
        campaign = self.start(bought_type_ids=False, bought_from=False, bought_to=False)
        both = self.customer + opal
        campaign.tier_ids = tiers
        self.assertEqual(self.found(campaign), opal)
        campaign.tier_ids = False
        self.assertEqual(self.found(campaign) & both, both)
        both._write({"trend": "stable", "churn_risk": 30})
        self.env.invalidate_all()
        self.customer._write({"trend": "lost", "churn_risk": 70})
        self.env.invalidate_all()
        campaign.trend_scope = "falling"
        self.assertEqual(self.found(campaign) & both, self.customer)
        campaign.trend_scope = "declining"
        self.assertFalse(self.found(campaign) & both)
        campaign.write({"trend_scope": False, "risk_min": 70})
        self.assertEqual(self.found(campaign) & both, self.customer)
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            campaign.risk_min = 101
            self.env.flush_all()

    def test_by_what_they_want(self):
        opal = self.open_customer("Opal Hotel")
        need = self.env["broker.need"].create(
            {"name": "A wall calendar", "customer_id": opal.id, "product_type_id": self.calendars.id}
        )
        campaign = self.env["broker.campaign"].create(
            {"name": "Wanted", "demand_type_ids": [Command.set(self.calendars.ids)]}
        )
        self.assertEqual(self.found(campaign), opal)
        campaign.demand_text = "desk"
        self.assertFalse(self.found(campaign))
        campaign.write({"demand_type_ids": [Command.clear()], "demand_text": "WALL"})
        self.assertEqual(self.found(campaign), opal)
        need.drop_reason = "Prints itself"
        self.assertFalse(self.found(campaign))

    def test_the_preview_counts_what_stands_in_the_way(self):
        silenced = self.open_customer("Silenced")
        silenced.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        nameless = self.open_customer("Nameless", email=False)
        refuser = self.open_customer("Refuser")
        self.env["mail.blacklist"]._add(refuser.partner_id.email)
        alone = self.open_customer("Alone", user=None)
        resting = self.open_customer("Resting")
        resting.sudo().last_campaign_date = date(2026, 10, 12)
        for customer in silenced + nameless + refuser + alone + resting:
            self.buy("2025-11-20 02:00:00", customer)
        campaign = self.start()
        self.assertEqual(campaign.match_count, 6)
        self.assertEqual(campaign.fresh_count, 5)
        self.assertEqual(campaign.resting_count, 1)
        self.assertEqual(campaign.silenced_count, 1)
        self.assertEqual(campaign.without_mail_count, 2)
        self.assertEqual(campaign.alone_count, 1)
        for preview, expected in (
            ("resting", resting),
            ("silenced", silenced),
            ("without_mail", nameless + refuser),
            ("alone", alone),
        ):
            action = campaign.with_context(broker_preview=preview).action_view_preview()
            self.assertEqual(self.env["broker.customer"].search(action["domain"], order="id"), expected, preview)
        # Taken 30 days ago, free again today.
        resting.sudo().last_campaign_date = date(2026, 10, 11)
        campaign.invalidate_recordset()
        self.assertEqual(campaign.resting_count, 0)

    def test_choosing_writes_down_what_was_bought(self):
        self.buy("2025-12-03 02:00:00", price=500.0)
        campaign = self.start()
        campaign.action_select()
        member = campaign.member_ids
        self.assertEqual(member.customer_id, self.customer)
        self.assertEqual((member.bought_date, member.bought_amount), (date(2025, 12, 3), 10500))
        self.assertEqual((campaign.match_count, campaign.fresh_count), (1, 0))
        with self.assertRaisesRegex(UserError, "Nobody is to be added"):
            campaign.action_select()

    def test_whoever_ordered_last_is_written_to(self):
        buyer = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.partner.id, "email": "buyer@jade.example.com"}
        )
        campaign = self.start()
        self.buy("2026-05-12 02:00:00", product=self.print_product, partner_id=buyer.id)
        campaign.action_select()
        self.assertEqual(campaign.member_ids.partner_id, buyer)
        with self.assertRaisesRegex(ValidationError, "contact person"):
            campaign.member_ids.partner_id = self.sales_wang.partner_id

    def test_the_preview_follows_the_form(self):
        with Form(self.env["broker.campaign"].with_user(self.manager_qian)) as form:
            form.name = "Calendars"
            before = form.match_count
            form.bought_type_ids.add(self.calendars)
            self.assertEqual(form.match_count, 1)
            form.bought_to = date(2025, 11, 11)
            self.assertEqual(form.match_count, 0)
            self.assertGreaterEqual(before, 1)

    def test_a_season_does_not_end_before_it_begins(self):
        with self.assertRaisesRegex(ValidationError, "before it begins"):
            self.start(bought_from=date(2025, 12, 31), bought_to=date(2025, 10, 1))

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        self._open_customer(self.partner, company=other)
        campaign = self.start()
        self.assertEqual(self.found(campaign), self.customer)
        theirs = self.env["broker.campaign"].create({"name": "Theirs", "company_id": other.id})
        self.assertEqual(theirs.match_count, 1)
        self.assertNotIn(theirs, self.env["broker.campaign"].with_user(self.manager_qian).search([]))
        with self.assertRaises(UserError):
            self.env["broker.campaign.member"].create({"campaign_id": theirs.id, "customer_id": self.customer.id})

    def test_queries_do_not_grow_with_the_customers(self):
        def count(campaign):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(campaign.match_count)
            return self.cr.sql_log_count - before

        campaign = self.start()
        count(campaign)
        few = count(campaign)
        for number in range(12):
            self.buy("2025-11-20 02:00:00", self.open_customer(f"Customer {number}"))
        self.assertEqual(count(campaign), few)
        self.assertEqual(campaign.match_count, 13)


@tagged("post_install", "-at_install")
class TestCampaignChannels(CampaignCommon):
    def setUp(self):
        super().setUp()
        self.opal = self.open_customer("Opal Hotel", user=self.sales_zhao)
        self.buy("2025-11-20 02:00:00", self.opal)
        self.campaign = self.start()
        self.campaign.action_select()
        self.jade_member, self.opal_member = (
            self.campaign.member_ids.filtered(lambda member, customer=customer: member.customer_id == customer)
            for customer in (self.customer, self.opal)
        )

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


@tagged("post_install", "-at_install")
class TestCampaignResults(CampaignCommon):
    def setUp(self):
        super().setUp()
        self.campaign = self.start()
        self.campaign.action_select()
        self.campaign.action_give_todos()
        self.member = self.campaign.member_ids

    def count(self, campaign=None):
        campaign = campaign or self.campaign
        campaign.invalidate_recordset()
        return campaign.buyer_count, campaign.job_count, campaign.order_amount, campaign.revenue

    def test_jobs_and_revenue_afterwards(self):
        self.assertEqual(self.count(), (0, 0, 0, 0))
        order = self.buy("2026-11-20 02:00:00", price=8000.0)
        order.order_line = [
            Command.create({"product_id": self.print_product.id, "product_uom_qty": 1, "price_unit": 300.0})
        ]
        second = self.buy("2026-12-20 02:00:00", price=2000.0)
        # What was not asked for, what came before and what came too late does not count.
        self.buy("2026-11-21 02:00:00", product=self.print_product)
        self.buy("2026-11-10 01:00:00")
        self.buy("2027-01-09 02:00:00")
        self.assertEqual(self.count(), (1, 2, 10000, 0))
        invoice = self._create_posted_invoice(order, date(2026, 12, 1))
        self.assertEqual(self.count(), (1, 2, 10000, 8000))
        self.assertEqual(self.member.revenue, 8000)
        self._credit(invoice)
        self.assertEqual(self.count(), (1, 2, 10000, 0))
        second._action_cancel()
        self.assertEqual(self.count()[:3], (1, 1, 8000))
        action = self.campaign.action_view_jobs()
        self.assertEqual(self.env["sale.order"].search(action["domain"]), order)
        action = self.campaign.action_view_buyers()
        self.assertEqual(self.env["broker.campaign.member"].search(action["domain"]), self.member)

    def test_the_last_moment_counts(self):
        last = datetime(2026, 11, 10, 2) + timedelta(days=60)
        self.buy(str(last - timedelta(seconds=1)))
        self.buy(str(last))
        self.assertEqual(self.count()[1], 1)
        self.campaign.follow_days = 61
        self.assertEqual(self.count()[1], 2)

    def test_a_reprint_did_not_come_of_it(self):
        order = self.buy("2026-11-20 02:00:00")
        self.assertEqual(self.count()[1], 1)
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Wrong year printed"})
        order.sudo().broker_claim_case_id = case
        self.assertEqual(self.count(), (0, 0, 0, 0))

    def test_a_job_counts_for_the_campaign_before_it(self):
        self.company.broker_campaign_rest_days = 0
        self.clock.move_to(datetime(2026, 11, 12, 2))
        other = self.start(name="Second try")
        other.action_select()
        other.action_give_todos()
        self.buy("2026-11-11 02:00:00", price=100.0)
        self.buy("2026-11-13 02:00:00", price=50.0)
        self.assertEqual(self.count()[2], 100)
        self.assertEqual(self.count(other)[2], 50)

    def test_a_campaign_for_something_else_takes_no_job_away(self):
        """Calendars are offered, and boxes two days later: the calendar came of the first. When
        the days of the second are over, what it asks for may have come of the first again."""
        self.company.broker_campaign_rest_days = 0
        self.clock.move_to(datetime(2026, 11, 12, 2))
        boxes = self.env["broker.product.type"].create({"name": "Test boxes"})
        other = self.start(name="Boxes", bought_type_ids=[Command.set(boxes.ids)])
        again = self.start(name="Calendars once more", follow_days=5)
        for campaign in (other, again):
            self.env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": self.customer.id})
        other.action_give_todos()
        self.buy("2026-11-13 02:00:00", price=100.0)
        self.assertEqual((self.count()[2], self.count(other)[2]), (100, 0))
        self.clock.move_to(datetime(2026, 11, 14, 2))
        again.action_give_todos()
        self.buy("2026-11-15 02:00:00", price=20.0)
        self.buy("2026-11-30 02:00:00", price=3.0)
        self.assertEqual((self.count()[2], self.count(other)[2], self.count(again)[2]), (103, 0, 20))

    def test_another_currency(self):
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "EUR")])
        currency.active = True
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": currency.id})
        self.buy("2026-11-20 02:00:00", price=1000.0, pricelist_id=pricelist.id)
        self.assertEqual(self.count()[2], 2000)

    def test_without_products_everything_counts(self):
        campaign = self.env["broker.campaign"].create({"name": "All"})
        self.company.broker_campaign_rest_days = 0
        self.env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": self.customer.id})
        campaign.action_give_todos()
        self.buy("2026-11-20 02:00:00", product=self.print_product, price=70.0)
        self.assertEqual(self.count(campaign), (1, 1, 70, 0))

    def test_queries_do_not_grow_with_the_customers(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(self.campaign.order_amount)
            return self.cr.sql_log_count - before

        self.buy("2026-11-20 02:00:00")
        count()
        few = count()
        for number in range(8):
            self.buy("2025-11-20 02:00:00", self.open_customer(f"Customer {number}"))
        self.campaign.action_select()
        self.campaign.action_give_todos()
        for member in self.campaign.member_ids - self.member:
            self.buy("2026-11-20 02:00:00", member.customer_id)
        self.assertEqual(count(), few)
        self.assertEqual(self.campaign.buyer_count, 9)
