from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged

from .test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestOrderCredit(TierCommon):
    """A second look before working for a customer who does not pay, and the tier as a
    badge wherever somebody works for a customer."""

    def setUp(self):
        super().setUp()
        self.company.broker_credit_check = True

    def _owe(self, due="2025-04-16"):
        invoice = self._invoice(700000, 400000, due=due, date="2025-04-01")
        self._pay(invoice, 693000, date=due)
        self._run()

    def _quote(self, user=None):
        order = self._create_job(1000, 700, confirm=False, user_id=self.sales_wang.id)
        return order.with_user(user or self.sales_wang)

    def test_an_overdue_debt_stops_the_order(self):
        """Sixty days overdue on 15 June: the cap of the shipped policy."""
        self._owe()
        order = self._quote()
        self.assertIn("overdue by 60 days", order.broker_credit_warning)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()
        self.assertEqual(order.state, "draft")

    def test_a_day_less_does_not(self):
        self._owe(due="2025-04-17")
        order = self._quote()
        self.assertFalse(order.broker_credit_warning)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_low_integrity_stops_the_order(self):
        self._invoice(700000, 400000, due="2025-06-03")
        self._run()
        order = self._quote()
        self.assertIn("integrity of only 1A", order.broker_credit_warning)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()

    def test_switched_off_nothing_happens(self):
        self.company.broker_credit_check = False
        self._owe()
        order = self._quote()
        self.assertFalse(order.broker_credit_warning)
        order.action_confirm()

    def test_a_manager_releases_with_a_reason(self):
        self._owe()
        order = self._quote(self.manager_qian)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()
        action = order.action_open_credit_release()
        Wizard = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"])
        with self.assertRefused(UserError, "Say why"):
            Wizard.create({"reason": "  "}).action_release()
        Wizard.create({"reason": "Pays tomorrow"}).action_release()
        self.assertEqual((order.state, order.broker_credit_reason), ("sale", "Pays tomorrow"))
        self.assertEqual(order.broker_credit_user_id, self.manager_qian)
        notes = " ".join(order.message_ids.mapped("body"))
        self.assertIn("overdue by 60 days", notes)
        self.assertIn("Pays tomorrow", notes)
        self.assertFalse(order.copy().broker_credit_reason)

    def test_nobody_else_releases(self):
        self._owe()
        order = self._quote()
        with self.assertRefused(AccessError):
            order._broker_release_credit("Mine")
        with self.assertRefused(UserError, "by its button"):
            order.write({"broker_credit_reason": "Mine"})
        with self.assertRefused(UserError, "by its button"):
            order.create({"partner_id": self.partner.id, "broker_credit_reason": "Mine"})
        with self.assertRefused(AccessError):
            self.env["broker.order.credit.release"].with_user(self.sales_wang).create(
                {"order_id": order.id, "reason": "Mine"}
            )

    def _sign(self, order):
        """Confirm as the page on which a customer signs or pays does."""
        order = order.with_user(self.env.ref("base.public_user")).sudo()
        order._validate_order()
        return order.with_env(self.env).sudo()

    def test_what_the_customer_signs_is_confirmed_and_told(self):
        """The customer is not refused; the salesperson and the named manager have a to-do."""
        self.company.broker_credit_user_id = self.manager_qian
        self._owe()
        order = self._sign(self._quote())
        self.assertEqual(order.state, "sale")
        self.assertIn("overdue by 60 days", order.broker_credit_open)
        note = order.message_ids.filtered(lambda message: "Confirmed without a release" in (message.body or ""))
        self.assertEqual(note.author_id, self.env.ref("base.partner_root"))
        self.assertTrue(note.subtype_id.internal, "the customer does not read it")
        todos = order.activity_ids
        self.assertEqual(todos.user_id, self.sales_wang + self.manager_qian)
        Order = self.env["sale.order"].with_user(self.sales_wang)
        self.assertEqual(Order.search([("broker_credit_open", "!=", False)]), order.with_env(Order.env))
        with self.assertRefused(AccessError):
            order.with_user(self.sales_wang)._broker_release_credit("Mine")
        release = self.env["broker.order.credit.release"].with_user(self.manager_qian)
        wizard = release.create({"order_id": order.id, "reason": "Paid in advance"})
        self.assertIn("overdue by 60 days", wizard.warning)
        wizard.action_release()
        self.assertEqual((order.state, order.broker_credit_reason), ("sale", "Paid in advance"))
        self.assertFalse(order.broker_credit_open)
        self.assertFalse(todos.exists(), "and nobody is reminded any more")
        self.assertIn("Paid in advance", " ".join(order.message_ids.mapped("body")))

    def test_nothing_is_printed_before_the_release(self):
        self._owe()
        order = self._sign(self._quote())
        stages = {stage.code: stage for stage in self.env["broker.relay.stage"]._get_stages(self.company)}
        self.assertFalse(order._broker_check_stage(stages["proof"]))
        self.assertIn("no manager has released it", order._broker_check_stage(stages["printing"])[0])
        with self.assertRefused(UserError, "no manager has released it"):
            order.with_user(self.service_chen)._broker_move(stages["printing"])
        order.with_user(self.manager_qian)._broker_release_credit("Paid in advance")
        order.with_user(self.service_chen)._broker_move(stages["printing"])
        self.assertEqual(order.broker_relay_stage_id, stages["printing"])

    def test_other_todos_of_the_order_stay(self):
        self._owe()
        order = self._quote()
        other = order.sudo().activity_schedule("mail.mail_activity_data_todo", user_id=self.sales_wang.id)
        order = self._sign(order)
        self.assertEqual(len(order.activity_ids), 3)
        order.with_user(self.manager_qian)._broker_release_credit("Paid in advance")
        self.assertEqual(order.activity_ids, other)

    def test_a_manager_is_told_without_a_setting(self):
        self._owe()
        self.sales_wang.active = False
        order = self._sign(self._quote(self.manager_qian))
        self.assertEqual(len(order.activity_ids), 1, "who left is not told")
        self.assertTrue(order.activity_ids.user_id.has_group("print_broker_crm.group_manager"))

    def test_customers_with_credit_sign_in_peace(self):
        self._owe(due="2025-04-17")
        order = self._sign(self._quote())
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.broker_credit_open or order.activity_ids)

    def test_a_release_is_for_one_confirmation(self):
        self._owe()
        order = self._quote(self.manager_qian)
        order._broker_release_credit("Pays tomorrow")
        order.action_confirm()
        order._action_cancel()
        order.action_draft()
        self.assertFalse(order.broker_credit_reason or order.broker_credit_user_id)
        with self.assertRefused(UserError, "Ask a manager"):
            order.action_confirm()
        signed = self._sign(order)
        signed._action_cancel()
        self.assertFalse(signed.broker_credit_open or signed.activity_ids)

    def test_no_way_past_the_button(self):
        self._owe()
        order = self._quote()
        for vals in ({"state": "sale"}, {"broker_credit_open": "x"}, {"broker_credit_activity_ids": [(5,)]}):
            with self.assertRefused((UserError, AccessError)):
                order.write(vals)
        with self.assertRefused(UserError, "Ask a manager"):
            order.create({"partner_id": self.partner.id, "state": "sale"})
        order = order.with_context(default_broker_credit_reason="Mine", default_state="sale")
        with self.assertRefused(UserError):
            order.create({"partner_id": self.partner.id})
        self.assertEqual(self._quote().state, "draft")

    def test_the_tier_is_shown_where_people_work(self):
        self._owe()
        tier = self.customer.tier_id
        self.assertTrue(tier)
        partner = self.partner.with_user(self.sales_wang)
        child = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.partner.id})
        self.assertEqual((partner.broker_tier_id, child.broker_tier_id), (tier, tier))
        found = partner.search(Domain("broker_tier_id", "=", tier.id))
        self.assertEqual(found, partner + child.with_user(self.sales_wang))
        self.assertNotIn(partner, partner.search(Domain("broker_tier_id", "=", False)))
        none = self._create_partner("No Customer").with_env(partner.env)
        ours = Domain("id", "in", (partner + child + none).ids)
        groups = partner._read_group(ours, ["broker_tier_id"], ["__count"])
        self.assertEqual(groups, [(tier, 2), (tier.browse(), 1)])
        self.assertEqual(partner.search(ours & Domain("broker_tier_id", "=", False)), none)
        opened = partner.formatted_read_group(ours, ["broker_tier_id"], ["__count"])
        self.assertEqual([partner.search_count(ours & Domain(group["__extra_domain"])) for group in opened], [2, 1])
        self.assertTrue(partner.fields_get(["broker_tier_id"])["broker_tier_id"]["groupable"])
        order = self._quote()
        lead = self.env["crm.lead"].create(
            {"name": "Menu", "partner_id": self.partner.id, "user_id": self.sales_wang.id, "type": "opportunity"}
        )
        for record in (order, lead.with_user(self.sales_wang)):
            self.assertEqual(record.broker_customer_tier_id, tier)
            self.assertIn(record, record.search([("broker_customer_tier_id", "=", tier.id)]))
            groups = record._read_group([("id", "=", record.id)], ["broker_customer_tier_id"], ["__count"])
            self.assertEqual(groups, [(tier, 1)])
        with self.assertRefused(AccessError):
            order.with_user(self.plain_user).read(["broker_customer_tier_id"])

    def test_contacts_stand_where_each_company_sees_them(self):
        other = self.setup_other_company(name="Second Broker")["company"]
        self._owe()
        tier = self.customer.tier_id
        elsewhere = self._open_customer(company=other)
        elsewhere.write(
            {"tier_manual_id": self.tiers["5A"].id, "tier_manual_reason": "Key", "tier_manual_until": "2025-12-31"}
        )
        manager = self._create_user("li", "group_manager", company_ids=[(6, 0, (self.company + other).ids)])
        ours = Domain("id", "=", self.partner.id)
        for company, expected in ((self.company, tier), (other, self.tiers["5A"])):
            Partner = self.env["res.partner"].with_user(manager).with_company(company)
            self.assertEqual(Partner._read_group(ours, ["broker_tier_id"]), [(expected.with_env(Partner.env),)])
            self.assertTrue(Partner.search(ours & Domain("broker_tier_id", "=", expected.id)))
        elsewhere.active = False
        self.assertTrue(Partner.search(ours & Domain("broker_tier_id", "=", expected.id)), "as it is shown")
        with self.assertRefused(AccessError):
            self.env["res.partner"].with_user(self.plain_user)._read_group([], ["broker_tier_id"])

    def test_contacts_are_sorted_by_tier(self):
        self._owe()
        best = self._create_partner("Best", self.sales_wang)
        self._invoice(700000, 400000, partner=best)
        self._run()
        none = self._create_partner("No Customer")
        ours = Domain("id", "in", (self.partner + best + none).ids)
        found = self.env["res.partner"].with_user(self.sales_wang).search(ours, order="broker_tier_id, id")
        self.assertEqual(found.ids, (best + self.partner + none).ids)
