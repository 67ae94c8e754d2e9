from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon

FIRST = date(2026, 4, 1)
LAST = date(2026, 6, 30)


class GrowthCommon(BrokerAccountCommon):
    """The second quarter of 2026 after that of 2025; today is the 10th of July 2026."""

    @classmethod
    def setUpClass(cls):
        cls.startClassPatcher(freeze_time("2026-07-10 04:00:00"))
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.plan.growth_rate = 10
        cls.plan.date_from = "2020-01-01"
        cls.Growth = cls.env["broker.commission.growth"].with_user(cls.manager_qian)
        cls.Member = cls.env["broker.customer.member"]

    @classmethod
    def _join(cls, user, function, date_from="2025-01-01", date_to=False, customer=None):
        return cls.Member.create(
            {
                "customer_id": (customer or cls.customer).id,
                "user_id": user.id,
                "function": function,
                "date_from": date_from,
                "date_to": date_to,
            }
        )

    def _sell(self, day, price=10000.0, cost=7000.0, **kwargs):
        return self._create_posted_invoice(self._create_job(price, cost, **kwargs), day)

    def _open(self, date_from=FIRST, date_to=LAST, customer=None):
        rows = self.Growth._open_period(self.company, date_from, date_to)
        return rows.filtered(lambda row: row.customer_id == (customer or self.customer))

    def assertGrowth(self, growth, before, margin, outcome, bonus):
        self.assertEqual(
            (growth.margin_before, growth.margin, growth.outcome, growth.bonus), (before, margin, outcome, bonus)
        )

    def _get_shares(self, growth):
        return {share.user_id: share.amount for share in growth.share_ids}


@tagged("post_install", "-at_install")
class TestCommissionGrowth(GrowthCommon):
    def test_growth_is_shared_by_days(self):
        """3,000 a year before, 8,000 now: 10 % of 5,000. Chen 91 days, Lin 45 of them."""
        self._sell("2025-03-01", 100, 50)
        self._sell("2025-04-01")
        self._sell("2026-04-01", 12000, 7000)
        self._sell("2026-06-30")
        self._sell("2026-07-01")
        self._join(self.service_chen, "lead")
        self._join(self.service_lin, "delivery", "2026-05-17")
        growth = self._open()
        self.assertGrowth(growth, 3000, 8000, "growth", 500)
        self.assertEqual(
            {share.user_id: share.days for share in growth.share_ids}, {self.service_chen: 91, self.service_lin: 45}
        )
        # 500 × 91 / 136 = 334.558…
        self.assertEqual(self._get_shares(growth), {self.service_chen: 334.56, self.service_lin: 165.44})
        self.assertIn("= bonus", growth.explanation)

    def test_weights_of_functions(self):
        """Lead 2, delivery 1 (not named): 182 and 45 weighted days."""
        self.plan.growth_weight_ids = [Command.create({"function": "lead", "weight": 2})]
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        # A second function of the same person does not count twice.
        self._join(self.service_chen, "intake")
        self._join(self.service_lin, "delivery", "2026-05-17")
        growth = self._open()
        self.assertGrowth(growth, 0, 3000, "growth", 300)
        self.assertEqual(growth.share_ids.mapped("weighted_days"), [182, 45])
        # 300 × 182 / 227 = 240.528…
        self.assertEqual(self._get_shares(growth), {self.service_chen: 240.53, self.service_lin: 59.47})

    def test_last_takes_the_remainder(self):
        self.plan.growth_rate = 0.01
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01", 1000, 0)
        for user in (self.service_chen, self.service_lin, self.care_sun):
            self._join(user, "service")
        growth = self._open()
        # 0.10 over three.
        self.assertEqual(growth.bonus, 0.1)
        self.assertEqual(sorted(growth.share_ids.mapped("amount")), [0.03, 0.03, 0.04])

    def test_fall_deducts_nothing(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2025-04-01")
        self._sell("2026-04-01", 8000, 7000)
        self._join(self.service_chen, "lead")
        growth = self._open()
        self.assertGrowth(growth, 3000, 1000, "fall", 0)
        self.assertEqual(growth.change, -2000)
        self.assertFalse(sum(growth.share_ids.mapped("amount")))
        growth.note = "Their printer burnt down"
        growth.action_confirm()
        self.assertFalse(growth.sudo().share_ids.adjustment_id)

    def test_credit_notes_and_losses(self):
        """A credit note of 2026 takes back; a loss a year before is nothing to grow from."""
        self._sell("2025-03-01", 100, 50)
        self._sell("2025-05-01", 5000, 7000)
        invoice = self._sell("2026-05-01", price=10, cost=7, quantity=1000)
        self._credit(invoice, quantity=200)
        self._join(self.service_chen, "lead")
        growth = self._open()
        self.assertGrowth(growth, -2000, 2400, "growth", 240)
        self.assertEqual(growth.change, 4400)
        self.assertIn("counts as nothing", growth.explanation)

    def test_charged_costs_are_costs(self):
        """500 of freight that the firm bears: 2,500 of margin. What a role bears is its own."""
        self._sell("2025-03-01", 100, 50)
        job = self._sell("2026-05-01").line_ids.sale_line_ids.order_id
        for role in (False, "service"):
            self.env["broker.commission.charge"].with_user(self.manager_qian).create(
                {"order_id": job.id, "amount": 500, "role": role, "reason": "Sent again"}
            ).action_post()
        self._join(self.service_chen, "lead")
        self.assertGrowth(self._open(), 0, 2500, "growth", 250)

    def test_foreign_currency(self):
        """Two euros to the dollar: 10,000 less 7,000 euros are 1,500 dollars."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": euro.id})
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-05-01", pricelist_id=pricelist.id)
        self._join(self.service_chen, "lead")
        self.assertGrowth(self._open(), 0, 1500, "growth", 150)

    def test_year_before_without_any_plan(self):
        """The margin is the customer's: jobs from before there were plans count."""
        invoice = self._sell("2025-04-01")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET broker_commission_plan_id = NULL WHERE id = %s",
            [invoice.line_ids.sale_line_ids.order_id.id],
        )
        self.env.cr.execute(
            "UPDATE sale_order_line SET broker_commission_rule_id = NULL WHERE order_id = %s",
            [invoice.line_ids.sale_line_ids.order_id.id],
        )
        self.env.invalidate_all()
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01", 11000, 7000)
        self._join(self.service_chen, "lead")
        self.assertGrowth(self._open(), 3000, 4000, "growth", 100)

    def test_customer_without_a_year_of_history(self):
        self._sell("2025-04-02")
        self._sell("2026-04-01", 20000, 7000)
        self._join(self.service_chen, "lead")
        growth = self._open()
        self.assertGrowth(growth, 3000, 13000, "new", 0)
        self.assertIn("without a year of history", growth.explanation)
        self._sell("2025-04-01", 10, 10)
        growth.action_refresh()
        self.assertGrowth(growth, 3000, 13000, "growth", 1000)

    def test_same_days_a_year_before(self):
        get = self.Growth._get_year_before
        self.assertEqual(get(FIRST, LAST), (date(2025, 4, 1), date(2025, 6, 30)))
        self.assertEqual(get(date(2025, 2, 1), date(2025, 2, 28)), (date(2024, 2, 1), date(2024, 2, 29)))
        self.assertEqual(get(date(2024, 2, 1), date(2024, 2, 29)), (date(2023, 2, 1), date(2023, 2, 28)))
        self.assertEqual(get(date(2025, 1, 1), date(2025, 12, 31)), (date(2024, 1, 1), date(2024, 12, 31)))

    def test_confirmed_stands_on_the_statement(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        growth = self._open()
        growth.action_confirm()
        self.assertEqual((growth.state, growth.confirmed_by_id), ("confirmed", self.manager_qian))
        adjustment = growth.share_ids.adjustment_id
        self.assertEqual(
            (adjustment.user_id, adjustment.amount, adjustment.date, adjustment.kind, adjustment.company_id),
            (self.service_chen, 300, date(2026, 7, 10), "adjustment", self.company),
        )
        self.assertIn("Growth bonus: Jade Restaurant", adjustment.reason)
        statement = (
            self.env["broker.commission.statement"]
            .with_user(self.manager_qian)
            .create({"user_id": self.service_chen.id, "date_from": "2026-07-01", "date_to": "2026-07-31"})
        )
        self.assertEqual(statement.adjustment_amount, 300)
        # Worked out again, it stays; nothing is booked twice.
        self._sell("2026-04-02")
        self.assertEqual(self._open(), growth)
        self.assertEqual((growth.margin, growth.bonus), (3000, 300))
        with self.assertRaisesRegex(UserError, "confirmed and stays"):
            growth.action_confirm()
        with self.assertRaisesRegex(UserError, "confirmed and stays"):
            growth.action_refresh()

    def test_confirmed_never_changes(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        growth = self._open()
        growth.action_confirm()
        admin = self.env.ref("base.user_admin")
        admin.group_ids += self.env.ref("print_broker_crm.group_manager")
        admin.company_ids += self.company
        for user in (self.manager_qian, admin):
            row = growth.with_user(user)
            for records, vals in ((row, {"note": "x"}), (row, {"bonus": 1}), (row.share_ids, {"amount": 1})):
                with self.assertRaises(UserError):
                    records.write(vals)
                with self.assertRaises(UserError):
                    records.sudo().write(vals)
                with self.assertRaises(UserError):
                    records.unlink()
                with self.assertRaises(UserError):
                    records.sudo().unlink()
                with self.assertRaises(UserError):
                    records.copy()
                with self.assertRaises(UserError):
                    records.create({})
                with self.assertRaises(UserError):
                    records.load(["note"], [["x"]])
            with self.assertRaises(UserError):
                row.write({"share_ids": [Command.update(row.share_ids.id, {"amount": 1})]})

    def test_figures_that_changed_are_looked_at_again(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        growth = self._open()
        self._sell("2026-04-02")
        with self.assertRaisesRegex(UserError, "have changed since"):
            growth.action_confirm()
        growth.action_refresh()
        self.assertEqual(growth.bonus, 600)
        self._join(self.service_lin, "delivery", "2026-05-17")
        with self.assertRaisesRegex(UserError, "have changed since"):
            growth.action_confirm()
        growth.action_refresh()
        growth.action_confirm()
        self.assertEqual(growth.state, "confirmed")

    def test_period_that_is_not_over(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-07-01")
        self._join(self.service_chen, "lead")
        growth = self._open(date(2026, 7, 1), date(2026, 7, 31))
        with self.assertRaisesRegex(UserError, "not over yet"):
            growth.action_confirm()

    def test_days_do_not_count_twice(self):
        self._join(self.service_chen, "lead")
        growth = self._open()
        with self.assertRaisesRegex(UserError, "worked out already"):
            self._open(date(2026, 6, 1), date(2026, 6, 30))
        growth.unlink()
        self.assertTrue(self._open(date(2026, 6, 1), date(2026, 6, 30)))

    def test_off_as_shipped(self):
        self._join(self.service_chen, "lead")
        self.plan.growth_rate = 0
        with self.assertRaisesRegex(UserError, "pays a growth bonus"):
            self._open()
        self.assertEqual(self.env["broker.commission.plan"].default_get(["growth_rate"]).get("growth_rate", 0), 0)

    def test_used_plan_keeps_its_weights(self):
        self.plan.growth_weight_ids = [Command.create({"function": "lead", "weight": 2})]
        copy = self.plan.copy({"date_from": "2030-01-01"})
        self.assertEqual(copy.growth_weight_ids.mapped("weight"), [2])
        self._sell("2026-04-01")
        for change in (
            lambda: self.plan.write({"growth_rate": 5}),
            lambda: self.plan.growth_weight_ids.write({"weight": 3}),
            lambda: self.plan.growth_weight_ids.unlink(),
            lambda: self.plan.growth_weight_ids.create({"plan_id": self.plan.id, "function": "intake"}),
        ):
            with self.assertRaisesRegex(UserError, "do not change any more"):
                change()

    def test_who_left_gets_the_days(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead", "2025-01-01", "2026-05-01")
        self._join(self.service_lin, "lead", "2026-05-01")
        self._join(self.care_sun, "service", "2025-01-01", "2026-04-01")
        self.service_chen.active = False
        growth = self._open()
        # 30 and 61 days of 91.
        self.assertEqual(self._get_shares(growth), {self.service_chen: 98.9, self.service_lin: 201.1})
        growth.action_confirm()
        self.assertEqual(growth.share_ids.adjustment_id.user_id, self.service_chen | self.service_lin)

    def test_wizard(self):
        wizard = self.env["broker.commission.growth.opening"].with_user(self.manager_qian).create({})
        self.assertEqual((wizard.date_from, wizard.date_to), (FIRST, LAST))
        with self.assertRaisesRegex(UserError, "No customer had an account team"):
            wizard.action_open()
        self._join(self.service_chen, "lead")
        action = wizard.action_open()
        growth = self.Growth.search(action["domain"])
        self.assertEqual(growth.customer_id, self.customer)
        self.assertIn("Never invoiced", growth.explanation)
        wizard.write({"date_from": "2026-06-30", "date_to": "2026-06-01"})
        with self.assertRaisesRegex(UserError, "before it begins"):
            wizard.action_open()

    def test_invoices_behind_the_figures(self):
        before = self._sell("2025-04-01")
        now = self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        growth = self._open()
        for action, invoice in ((growth.action_view_invoices(), now), (growth.action_view_invoices_before(), before)):
            self.assertEqual(self.env[action["res_model"]].search(action["domain"]), invoice)

    def test_members_see_their_own_when_confirmed(self):
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        self._join(self.sales_wang, "service")
        growth = self._open()
        Share = self.env["broker.commission.growth.share"]
        self.assertFalse(Share.with_user(self.service_chen).search([]))
        growth.action_confirm()
        self.assertEqual(Share.with_user(self.service_chen).search([]).user_id, self.service_chen)
        self.assertEqual(Share.with_user(self.sales_wang).search([]).amount, 150)
        self.assertFalse(Share.with_user(self.sales_zhao).search([]))
        for user in (self.sales_wang, self.care_sun, self.plain_user):
            with self.assertRaises(AccessError):
                growth.with_user(user).read(["margin"])
            with self.assertRaises(AccessError):
                self.Growth.with_user(user)._open_period(self.company, FIRST, LAST)
            with self.assertRaises(AccessError):
                growth.with_user(user).action_confirm()
        with self.assertRaises(AccessError):
            Share.with_user(self.service_chen).search([]).read(["member_ids"])

    def test_merged_files_keep_what_was_confirmed(self):
        other = self._create_partner("Jade Restaurant Ltd", self.sales_wang)
        other_file = self._open_customer(other)
        for customer, partner in ((self.customer, self.partner), (other_file, other)):
            self._sell("2025-03-01", 100, 50, partner_id=partner.id)
            self._sell("2026-04-01", partner_id=partner.id)
            self._join(self.service_chen, "lead", customer=customer)
        self._open().action_confirm()
        self._open(customer=other_file).action_confirm()
        self.assertEqual(len(self._open(date(2026, 1, 1), date(2026, 3, 31))), 1)
        with mute_logger("odoo.addons.base.partner.merge"):
            self.env["base.partner.merge.automatic.wizard"]._merge([self.partner.id, other.id], self.partner)
        rows = self.Growth.search([("customer_id", "=", self.customer.id)])
        self.assertEqual(rows.mapped("state"), ["confirmed", "confirmed"])
        self.assertEqual(rows.mapped("is_of_merged_file").count(True), 1)
        self.assertEqual(self._open(), rows.filtered(lambda row: not row.is_of_merged_file))

    def test_merged_file_is_not_paid_again(self):
        """What was confirmed for the file that disappears stands for the one that stays."""
        other = self._create_partner("Jade Restaurant Ltd", self.sales_wang)
        other_file = self._open_customer(other)
        self._sell("2025-03-01", 100, 50, partner_id=other.id)
        self._sell("2026-04-01", partner_id=other.id)
        self._join(self.service_chen, "lead", customer=other_file)
        confirmed = self._open(customer=other_file)
        confirmed.action_confirm()
        with mute_logger("odoo.addons.base.partner.merge"):
            self.env["base.partner.merge.automatic.wizard"]._merge([self.partner.id, other.id], self.partner)
        self.assertEqual(self._open(), confirmed)
        self.assertFalse(confirmed.is_of_merged_file)

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Other Broker"})
        self.manager_qian.company_ids += other
        self._sell("2025-03-01", 100, 50)
        self._sell("2026-04-01")
        self._join(self.service_chen, "lead")
        plan = self.env["broker.commission.plan"].search([("company_id", "=", other.id)])
        plan.write({"growth_rate": 50, "date_from": "2020-01-01"})
        Growth = self.Growth.with_context(allowed_company_ids=[other.id])
        self.assertFalse(Growth._open_period(other, FIRST, LAST))
        growth = self._open()
        self.assertEqual((growth.company_id, growth.rate), (self.company, 10))
        self.assertFalse(Growth.search([]))

    def test_queries_do_not_grow_with_customers(self):
        customers = self.customer
        partners = self.partner
        for number in range(5):
            partner = self._create_partner(f"Shop {number}", self.sales_wang)
            partners += partner
            customers += self._open_customer(partner)
        for customer, partner in zip(customers, partners, strict=True):
            self._sell("2025-03-01", 100, 50, partner_id=partner.id)
            self._sell("2026-04-01", partner_id=partner.id)
            self._join(self.service_chen, "lead", customer=customer)
        rows = self.Growth._open_period(self.company, FIRST, LAST)
        self.assertEqual(len(rows), 6)
        counts = []
        for size in (2, 6):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Growth.sudo()._measure(customers[:size], FIRST, LAST, self.plan)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
        rows.action_confirm()
        self.assertEqual(sum(rows.share_ids.mapped("amount")), 1800)
