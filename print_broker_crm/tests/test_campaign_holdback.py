import hashlib
from datetime import date, datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.models.broker_campaign_holdback_mixin import (
    get_difference_interval,
    get_wilson_interval,
)
from odoo.addons.print_broker_crm.tests.common_campaign import CampaignCommon


@tagged("post_install", "-at_install")
class TestCampaignHoldback(CampaignCommon):
    """On 10 November 2026 a campaign turns to some customers and leaves others alone."""

    def setUp(self):
        super().setUp()
        self.customers = [self.open_customer(f"Customer {number}") for number in range(8)]

    def begin(self, held=(), customers=None, **vals):
        """Start a campaign for all of some customers, of whom the lot holds some back."""
        campaign = self.env["broker.campaign"].create({"name": "Calendars", "holdback_percent": 30, **vals})
        self.env["broker.campaign.member"].create(
            [{"campaign_id": campaign.id, "customer_id": customer.id} for customer in customers or self.customers]
        )
        self.draw(campaign, held)
        return campaign

    def draw(self, campaign, held, way="action_give_todos"):
        names = {customer.id for customer in held}
        Campaign = self.env.registry["broker.campaign"]
        with patch.object(Campaign, "_is_lot_held", lambda campaign, customer: customer.id in names):
            return getattr(campaign, way)()

    def get_states(self, campaign):
        return "".join(member.state[0] for member in campaign.member_ids.sorted("id"))

    def refresh(self, campaign):
        self.env.flush_all()
        self.env.invalidate_all()
        return campaign

    # THE FORMULA

    def test_wilson(self):
        """Newcombe (1998), Statistics in Medicine 17: 857-872, table I, method 3."""
        for hits, size, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            found = get_wilson_interval(hits, size)
            self.assertEqual([round(bound, 4) for bound in found], [low, high])

    def test_newcombe(self):
        """Newcombe (1998), Statistics in Medicine 17: 873-890, table II, method 10."""
        for groups, low, high in (
            ((56, 70, 48, 80), 0.0524, 0.3339),
            ((9, 10, 3, 10), 0.1705, 0.8090),
            ((10, 10, 0, 20), 0.6791, 1.0000),
            ((10, 10, 0, 10), 0.6075, 1.0000),
            ((0, 10, 0, 20), -0.1611, 0.2775),
        ):
            found = get_difference_interval(*groups)
            self.assertEqual([round(bound, 4) for bound in found], [low, high], groups)

    # THE LOT

    def test_the_lot_is_the_same_whenever_it_is_drawn(self):
        campaign, other = (
            self.env["broker.campaign"].create({"name": name, "holdback_percent": 20}) for name in ("One", "Two")
        )
        customer = self.customers[0]
        digest = hashlib.sha256(f"{campaign.id}:{customer.id}".encode()).digest()
        self.assertEqual(campaign._is_lot_held(customer), int(digest.hex()[:8], 16) / 2**32 < 0.2)
        Customer = self.env["broker.customer"]
        held, again, others = (
            {number for number in range(1, 5001) if drawing._is_lot_held(Customer.browse(number))}
            for drawing in (campaign, campaign, other)
        )
        self.assertEqual(held, again)
        # 20 % of 5,000, five standard deviations of 28 either way; a fifth of them again elsewhere.
        self.assertLess(abs(len(held) - 1000), 142)
        self.assertLess(abs(len(held & others) - 200), 70)
        # Not by the order of numbers: each tenth of them has its share.
        for start in range(1, 5001, 500):
            self.assertGreater(len(held & set(range(start, start + 500))), 50)
        campaign.holdback_percent = 0
        self.assertFalse(campaign._draw(self.env["broker.campaign.member"]))
        self.assertFalse(campaign._is_lot_held(customer))

    def test_off_by_default_and_by_setting(self):
        self.assertEqual(self.env["broker.campaign"].create({"name": "Off"}).holdback_percent, 0)
        self.company.broker_campaign_holdback_percent = 15
        campaign = self.env["broker.campaign"].create({"name": "On"})
        self.assertEqual(campaign.holdback_percent, 15)
        other = self.env["res.company"].create({"name": "Second Firm"})
        self.assertEqual(
            self.env["broker.campaign"].create({"name": "Theirs", "company_id": other.id}).holdback_percent, 0
        )
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            campaign.holdback_percent = 91
            self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            self.company.broker_campaign_holdback_percent = -1
            self.env.flush_all()

    def test_without_a_percent_nobody_is_held_back(self):
        campaign = self.begin(held=self.customers, holdback_percent=0)
        self.assertEqual(self.get_states(campaign), "tttttttt")
        self.assertFalse(campaign.member_ids.filtered("drawn_at"))
        self.assertFalse(campaign.holdback_verdict)

    # LEFT ALONE

    def test_nobody_turns_to_those_held_back(self):
        first, second = self.customers[:2]
        todos = self.begin(held=[first])
        member = todos.member_ids.filtered(lambda member: member.customer_id == first)
        self.assertEqual((member.state, member.channel, member.drawn_at), ("held", "todo", datetime(2026, 11, 10, 2)))
        self.assertFalse(member.activity_id or member.taken_at or member.date_taken)
        self.assertFalse(
            self.env["mail.activity"].search([("res_model", "=", "broker.customer"), ("res_id", "=", first.id)])
        )
        self.assertEqual((todos.taken_count, todos.held_count, todos.open_count), (7, 1, 0))
        # It rests like those who were turned to, and no other button reaches it.
        self.assertEqual(first.last_campaign_date, second.last_campaign_date)
        member.action_give_to_people()
        self.assertEqual(member.state, "held")
        action = todos.action_view_held()
        self.assertEqual(self.env["broker.campaign.member"].search(action["domain"]), member)

    def test_no_call_is_planned(self):
        campaign = self.env["broker.campaign"].create({"name": "Calls", "holdback_percent": 50})
        self.env["broker.campaign.member"].create(
            [{"campaign_id": campaign.id, "customer_id": customer.id} for customer in self.customers[:4]]
        )
        notice = self.draw(campaign, self.customers[:2], "action_make_calls")
        self.assertIn("Turned to 2 customers. 2 are held back.", notice["params"]["message"])
        self.assertEqual(self.get_states(campaign), "hhtt")
        self.env["broker.care.call"]._plan(self.company)
        reasons = self.env["broker.care.call.reason"].search([("reason", "=", "campaign")])
        self.assertEqual(set(reasons.call_id.customer_id.ids), {customer.id for customer in self.customers[2:4]})

    def test_no_mail_is_written(self):
        campaign = self.env["broker.campaign"].create({"name": "Mails", "holdback_percent": 50})
        self.env["broker.campaign.member"].create(
            [{"campaign_id": campaign.id, "customer_id": customer.id} for customer in self.customers[:3]]
        )
        action = campaign.action_write_mails()
        wizard = self.env["mail.compose.message"].with_context(**action["context"]).create({})
        names = self.customers[0].ids
        Campaign = self.env.registry["broker.campaign"]
        with patch.object(Campaign, "_is_lot_held", lambda campaign, customer: customer.id in names):
            wizard._action_send_mail()
        self.assertEqual(self.get_states(campaign), "htt")
        mails = self.env["mail.mail"].search([("subject", "=", "Mails")])
        self.assertEqual(set(mails.recipient_ids.ids), {customer.partner_id.id for customer in self.customers[1:3]})

    def test_only_who_could_be_turned_to_is_drawn(self):
        """Who wants no calls and who rests stands on neither side."""
        silenced, resting = self.customers[:2]
        silenced.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        resting.sudo().last_campaign_date = date(2026, 11, 1)
        campaign = self.env["broker.campaign"].create({"name": "Calls", "holdback_percent": 50})
        self.env["broker.campaign.member"].create(
            [{"campaign_id": campaign.id, "customer_id": customer.id} for customer in self.customers[:4]]
        )
        self.draw(campaign, self.customers[:3], "action_make_calls")
        self.assertEqual(self.get_states(campaign), "ooht")
        self.assertEqual([bool(member.drawn_at) for member in campaign.member_ids.sorted("id")], [0, 0, 1, 1])

    def test_who_is_never_held_back(self):
        """A customer with an open review, and a key customer who declines."""
        reviewed, declining, stable, small = self.customers[:4]
        key = self.env["broker.tier"].search([("is_key", "=", True)], limit=1)
        for customer in (declining, stable):
            customer.write({"tier_manual_id": key.id, "tier_manual_reason": "x", "tier_manual_until": date(2030, 1, 1)})
        (declining | small)._write({"trend": "declining"})
        stable._write({"trend": "stable"})
        self.env.flush_all()
        self.env.invalidate_all()
        reviewed.action_open_review()
        campaign = self.begin(held=self.customers)
        states = {member.customer_id: (member.state, bool(member.drawn_at)) for member in campaign.member_ids}
        self.assertEqual(states[reviewed], ("taken", False))
        self.assertEqual(states[declining], ("taken", False))
        self.assertEqual(states[stable], ("held", True))
        self.assertEqual(states[small], ("held", True))
        self.assertEqual(campaign.holdback_verdict, "none", "whoever is never held back is compared with nobody")

    # THE COMPARISON

    def test_hand_computed(self):
        """Three of five addressed bought, and one of three held back: 300 of margin each.

        180 and 100 of margin per customer. Wilson: 3 of 5 lies within 23.07 and 88.24 %, 1 of
        3 within 6.15 and 79.23 %. The difference of 26.67 lies within 26.67 - √(36.93² +
        45.90²) = -32.24 and 26.67 + √(28.24² + 27.19²) = 65.87.
        """
        campaign = self.begin(held=self.customers[:3])
        for customer in (self.customers[0], *self.customers[3:6]):
            self.buy("2026-11-20 02:00:00", customer, price=1000.0)
        # Before, too late, and somebody else.
        self.buy("2026-11-10 01:00:00", self.customers[1], price=1000.0)
        self.buy("2027-01-09 02:00:00", self.customers[1], price=1000.0)
        self.buy("2026-11-20 02:00:00", self.customer, price=1000.0)
        self.refresh(campaign)
        self.assertEqual(
            campaign.holdback_shares.replace("\xa0", " "),
            "3 of 5 addressed bought (60 %), 1 of 3 held back (33 %). Margin per customer: $ 180.00 against $ 100.00.",
        )
        self.assertEqual(campaign.holdback_verdict, "small")
        self.assertEqual(
            campaign.holdback_explanation,
            "Too few to tell, it may be chance: anything from 32 fewer to 66 more buyers of 100 fits. "
            "Counted until 01/09/2027.",
        )
        # What those held back bought is none of the campaign's doing.
        self.assertEqual((campaign.buyer_count, campaign.job_count, campaign.order_amount), (3, 3, 3000))
        self.assertEqual(len(self.env["sale.order"].search(campaign.action_view_jobs()["domain"])), 3)
        self.assertEqual(len(self.env["broker.campaign.member"].search(campaign.action_view_buyers()["domain"])), 3)
        compared = self.env["broker.campaign.member"].search(campaign.action_view_compared()["domain"])
        self.assertEqual(sorted(compared.mapped("margin")), [0, 0, 0, 0, 300, 300, 300, 300])
        self.clock.move_to(datetime(2027, 1, 9, 2))
        self.refresh(campaign)
        self.assertNotIn("until", campaign.holdback_explanation)

    def test_money_backwards_and_unknown_cost(self):
        """A loss counts as a loss, a line without a cost for nothing."""
        campaign = self.begin(held=self.customers[4:])
        order = self.buy("2026-11-20 02:00:00", self.customers[0], price=1000.0)
        order.order_line.purchase_price = 1400
        other = self.buy("2026-11-21 02:00:00", self.customers[1], price=500.0)
        other.order_line.purchase_price = 0
        cancelled = self.buy("2026-11-21 02:00:00", self.customers[5], price=500.0)
        cancelled._action_cancel()
        self.refresh(campaign)
        self.assertIn("2 of 4 addressed", campaign.holdback_shares)
        self.assertIn("0 of 4 held back", campaign.holdback_shares)
        self.assertRegex(campaign.holdback_shares, r"customer: \$\W+100.00 against \$\W+0.00")
        self.assertIn("-", campaign.holdback_shares)

    def test_verdicts(self):
        """Ten of ten against none of ten lies between 61 and 100 of 100, see Newcombe."""
        more = [self.open_customer(f"More {number}") for number in range(12)]
        customers = self.customers + more
        campaign = self.begin(held=customers[10:], customers=customers)
        addressed = campaign.member_ids.filtered(lambda member: member.state == "taken")
        held = campaign.member_ids - addressed
        bought = {"orders": [], "amount": 0, "margin": 10, "revenue": 0}
        for buyers, verdict, text in (
            (addressed, "more", "61 to 100 more buy"),
            (held, "less", "61 to 100 fewer buy"),
            (addressed.browse(), "small", "28 fewer to 28 more"),
        ):
            campaign._judge_holdback(addressed, held, dict.fromkeys(buyers.ids, bought))
            self.assertEqual(campaign.holdback_verdict, verdict)
            self.assertIn(text, campaign.holdback_explanation)
        campaign._judge_holdback(addressed, held.browse(), {})
        self.assertEqual((campaign.holdback_verdict, campaign.holdback_shares), ("none", False))

    def test_a_later_campaign_takes_over(self):
        """What comes after another campaign turned to the customer is that one's doing."""
        self.company.broker_campaign_rest_days = 0
        campaign = self.begin(held=self.customers[:4])
        self.clock.move_to(datetime(2026, 11, 15, 2))
        self.begin(customers=self.customers[:1], holdback_percent=0)
        later = self.begin(held=self.customers[4:5], customers=self.customers[4:5])
        self.buy("2026-11-20 02:00:00", self.customers[0])
        self.buy("2026-11-20 02:00:00", self.customers[4])
        self.refresh(campaign)
        self.assertIn("0 of 4 held back", campaign.holdback_shares)
        # Being held back by another one is being turned to by nobody.
        self.assertIn("1 of 4 addressed", campaign.holdback_shares)
        self.assertEqual((campaign.buyer_count, later.buyer_count), (1, 0))

    def test_closed_before_anybody_began(self):
        """Who was to be addressed counts as addressed: officers do not begin by lot."""
        campaign = self.begin(held=self.customers[:3])
        done = campaign.member_ids.filtered(lambda member: member.customer_id == self.customers[3])
        done.activity_id.action_feedback("Called")
        campaign.action_close()
        self.refresh(campaign)
        self.assertEqual(self.get_states(campaign), "hhhtoooo")
        self.assertIn("0 of 5 addressed", campaign.holdback_shares)
        self.assertIn("With 4 of those addressed nobody had begun", campaign.holdback_explanation)
        self.assertEqual(self.customers[0].last_campaign_date, date(2026, 11, 10))
        self.assertFalse(self.customers[4].last_campaign_date)
        drawn = campaign.member_ids.mapped("drawn_at")
        self.clock.move_to(datetime(2026, 11, 20, 2))
        self.draw(campaign, self.customers[:3], "action_reopen")
        self.assertEqual(self.get_states(campaign), "hhhttttt")
        self.assertEqual(campaign.member_ids.mapped("drawn_at"), drawn, "both sides are counted from the same day")
        self.buy("2026-11-22 02:00:00", self.customers[4])
        self.refresh(campaign)
        self.assertIn("1 of 5 addressed", campaign.holdback_shares)
        self.assertNotIn("nobody had begun", campaign.holdback_explanation)

    # GUARDS

    def test_the_percent_stays(self):
        campaign = self.begin(held=self.customers[:1])
        with self.assertRaisesRegex(UserError, "before the first"):
            campaign.holdback_percent = 50
        campaign.write({"holdback_percent": 30, "name": "Renamed"})
        manager = self.manager_qian
        member = campaign.member_ids.filtered(lambda member: member.state == "held").with_user(manager)
        with self.assertRaisesRegex(UserError, "compared"):
            member.unlink()
        for values in ({"state": "open"}, {"drawn_at": False}):
            with self.assertRaises(UserError), self.cr.savepoint():
                member.write(values)
        with self.assertRaisesRegex(UserError, "history"):
            campaign.with_user(manager).unlink()

    def test_nobody_leaves_the_comparison(self):
        """Whom the lot chose counts, also where nobody has begun: without those who did not
        buy, the others would look better."""
        campaign = self.begin(held=self.customers[:4]).with_user(self.manager_qian)
        for member in campaign.member_ids:
            with self.assertRaisesRegex(UserError, "stays in"), self.cr.savepoint():
                member.unlink()
        campaign.action_close()
        with self.assertRaisesRegex(UserError, "stays in"), self.cr.savepoint():
            campaign.member_ids.filtered(lambda member: member.state == "open").unlink()
        self.assertEqual(len(campaign.member_ids), 8)

    def test_merged_customers_stand_once(self):
        held, taken, other = self.customers[:3]
        campaign = self.begin(held=[held, other])
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((held + other).partner_id.ids, held.partner_id)
        self.refresh(campaign)
        self.assertEqual((campaign.held_count, len(campaign.member_ids)), (1, 7))
        # One of them was turned to: the customer was.
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((held + taken).partner_id.ids, held.partner_id)
        self.refresh(campaign)
        self.assertEqual((campaign.held_count, len(campaign.member_ids)), (0, 6))
        self.assertEqual(campaign.member_ids.filtered(lambda member: member.customer_id == held).state, "taken")

    def test_queries_do_not_grow_with_the_customers(self):
        def count(campaign):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(campaign.holdback_shares)
            return self.cr.sql_log_count - before

        self.company.broker_campaign_rest_days = 0
        few = self.begin(held=self.customers[:1], customers=self.customers[:2])
        many = self.begin(held=self.customers[:4])
        self.clock.move_to(datetime(2026, 11, 10, 2) + timedelta(minutes=5))
        count(few)
        self.assertEqual(count(few), count(many))
