from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareSecrets(CareCommon):
    """Ways around what the care line keeps to itself, and around what only it may do."""

    def setUp(self):
        super().setUp()
        self.call = self._plan_call()

    # SCORES

    def test_nobody_turns_another_rating_into_a_score(self):
        self.call.action_log_attempt("reached", sales_rating=2)
        model_id = self.env["ir.model"]._get_id
        # Numbers can be guessed, and there are fields enough to have the call's.
        rating = (
            self.env["rating.rating"]
            .with_user(self.sales_wang)
            .create(
                {
                    "res_model_id": model_id("ir.model.fields"),
                    "res_id": self.call.id,
                    "rating": 5,
                    "consumed": True,
                    "broker_role": "sales",
                    "rated_partner_id": self.sales_wang.partner_id.id,
                }
            )
        )
        for model in ("broker.care.call", "broker.rating.link"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                rating.res_model_id = model_id(model)
                self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(rating.res_model, "ir.model.fields")
        self.assertEqual(self.call.sales_rating, 2)

    def test_whom_a_call_scored_does_not_read_it_later_either(self):
        self.call.action_log_attempt("reached", note="Late", sales_rating=1)
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.partner.user_id = self.sales_zhao
        call = self.call.with_user(self.sales_wang)
        for records in (call, self.call.attempt_ids.with_user(self.sales_wang)):
            self.assertFalse(records.search([("id", "in", records.ids)]))
        with self.assertRaises(AccessError):
            call.read(["sales_rating"])
        # What comes after is about somebody else.
        following = self._get_open_call()
        self.assertEqual(following.with_user(self.sales_wang).name, self.partner.name)

    def test_an_officer_who_sells_sees_no_figure_and_no_reason_of_their_own_customers(self):
        self.env.flush_all()
        figures = self.env["broker.care.figure"]
        of_call = [("call_id", "=", self.call.id)]
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.assertTrue(figures.with_user(self.care_sun).search(of_call))
        self.assertTrue(figures.with_user(self.manager_qian).search(of_call))
        self.assertFalse(figures.with_user(self.sales_wang).search(of_call))
        reasons = self.env["broker.care.call.reason"]
        self.assertTrue(reasons.with_user(self.care_sun).search(of_call))
        self.assertTrue(reasons.with_user(self.manager_qian).search(of_call))
        self.assertFalse(reasons.with_user(self.sales_wang).search(of_call))

    def test_no_follower_tells_of_a_call(self):
        self.call.message_subscribe(self.care_sun.partner_id.ids)
        followers = self.call.sudo().message_follower_ids
        self.assertTrue(followers)
        for user, seen in (
            (self.sales_wang, False),
            (self.plain_user, False),
            (self.care_sun, True),
            (self.manager_qian, True),
        ):
            found = followers.with_user(user).search([("res_model", "=", "broker.care.call")])
            self.assertEqual(followers in found, seen, user.login)

    # WHAT A CALLER SAYS

    def test_an_officer_makes_no_job_by_a_context(self):
        orders = self.env["sale.order"].search_count([])
        self.call.wish_heard = "A new brochure"
        self.call.with_context(
            default_order_ids=[Command.create({"partner_id": self.partner.id})], default_expected_revenue=999
        ).action_log_attempt("reached", sales_rating=4)
        self.assertEqual(self.call.sudo().wish_lead_id.expected_revenue, 0)
        self.assertEqual(self.env["sale.order"].search_count([]), orders)

    def test_what_follows_from_a_call_is_not_typed_in(self):
        for vals in ({"reason": "receipt"}, {"name": "x"}, {"company_id": self.company.id}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.call.write(vals)

    # WHAT THE CUSTOMER WRITES TO THE CARE LINE

    def _gather(self):
        self.env.flush_all()
        for _count in self.env["broker.contact"]._gather(self.company, self.customer):
            pass

    def test_what_is_written_on_a_call_is_the_care_lines(self):
        # In a small firm whoever calls may sell too, to others.
        self.sales_zhao.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.call.message_post(
            body="Your salesperson is rude",
            message_type="email",
            author_id=self.partner.id,
            email_from="li@jade.example",
        )
        self.call.with_user(self.sales_zhao).message_post(
            body="We are sorry", message_type="comment", partner_ids=self.partner.ids
        )
        self._gather()
        contacts = self.env["broker.contact"].search([("res_model", "=", "mail.message")])
        self.assertEqual(sorted(contacts.mapped("direction")), ["in", "out"])
        self.assertEqual(set(contacts.mapped("role")), {"care"})
        self.assertFalse(contacts.with_user(self.sales_wang).search([("id", "in", contacts.ids)]))
        self.customer._refresh_coverage()
        self.assertFalse(self.customer.last_inbound_contact)
        self.assertFalse(self.customer.last_contact)
        self.customer._refresh_readiness()
        self.assertNotIn("Zhao", self.customer.with_user(self.sales_wang).readiness_explanation)
        self.assertIn("Zhao", self.customer.with_user(self.care_sun).readiness_explanation)
        self.env["broker.contact"]._refresh_roles(self.company, self.customer.ids, gathered=True)
        contacts.invalidate_recordset()
        self.assertEqual(set(contacts.mapped("role")), {"care"})

    def test_a_corrected_channel_counts_at_once(self):
        contact = (
            self.env["broker.contact"]
            .with_user(self.sales_wang)
            .create({"customer_id": self.customer.id, "channel": "phone", "direction": "out"})
        )
        self.assertFalse(self.customer.last_inbound_contact)
        contact.channel = "visit"
        self.assertEqual(self.customer.last_inbound_contact, datetime(2026, 3, 2, 2))

    # THE LINK

    def test_a_low_score_is_kept_where_no_rule_says_how_to_call(self):
        link = self.env["broker.rating.link"].browse(self.call.action_ask_by_link()["res_id"])
        self.rules["cadence"].active = False
        self.call.action_cancel()
        self.assertFalse(self._get_open_call())
        self.rules["by_hand"].active = False
        link._answer({"sales": 1}, "Never again")
        self.assertEqual((link.state, link.sales_rating), ("answered", 1))
        self.assertEqual(link.activity_ids.user_id, self.manager_qian)

    def test_a_comment_that_the_database_cannot_keep(self):
        link = self.env["broker.rating.link"].browse(self.call.action_ask_by_link()["res_id"])
        link._answer({"sales": 4}, "Fi\x00ne")
        self.env.flush_all()
        self.assertEqual(link.comment, "Fine")

    # WHO IS TOLD

    def test_only_who_reads_calls_is_told_of_them(self):
        """A sponsor may be anybody of the firm, the customer's own salesperson too."""
        self.customer.sponsor_user_id = self.sales_wang
        self.company.broker_care_manager_id = self.sales_zhao
        self.call.sudo()._tell_manager()
        self.assertEqual(self.call.sudo().activity_ids.user_id, self.manager_qian)
        link = self.env["broker.rating.link"].browse(self.call.action_ask_by_link()["res_id"])
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        link._answer({"service": 1}, "Never again")
        self.assertEqual(link.activity_ids.user_id, self.manager_qian)
