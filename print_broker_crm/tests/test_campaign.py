from datetime import date, datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_campaign import CampaignCommon


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
            self.assertEqual(action["display_name"], campaign.name)
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
