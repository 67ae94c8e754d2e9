from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_statement import APRIL, MARCH, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionSummary(StatementCommon):
    """What people see of their commission on the phone, in figures worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Summary = cls.env["broker.commission.summary"]
        cls.Pending = cls.env["broker.commission.pending"]

    def _get(self, user=None):
        self.env.invalidate_all()
        user = user or self.sales_wang
        return self.Summary.with_user(user).search([("user_id", "=", user.id)])

    def _get_pending(self, user=None):
        self.env.invalidate_all()
        user = user or self.sales_wang
        rows = self.Pending.with_user(user).search([("user_id", "=", user.id)])
        return sorted((row.kind, row.amount) for row in rows)

    def test_this_month(self):
        """One job paid, one at 40 %, one only ordered; a month later it is another month."""
        self._sell()
        invoice = self._sell(pay=False)
        self._pay(invoice, 4000)
        self._create_job()
        summary = self._get()
        self.assertEqual((summary.earned_month, summary.released_month), (420, 294))
        self.assertEqual((summary.held_amount, summary.unpaid_amount, summary.handoff_amount), (126, 126, 0))
        self.assertEqual((summary.forecast_amount, summary.balance_amount), (210, 294))
        self._at("04-05")
        summary = self._get()
        self.assertEqual((summary.earned_month, summary.released_month, summary.balance_amount), (0, 0, 294))
        self._confirm(MARCH).sudo()._pay("2026-04-05")
        self.assertEqual(self._get().balance_amount, 0)
        self._adjust(-30, "advance")
        self._adjust(-5, date="2026-05-01")
        summary = self._get()
        self.assertEqual((summary.balance_amount, summary.statement_count), (-30, 0))
        self._open(APRIL)
        self.assertEqual(self._get().statement_count, 1)

    def test_rows_behind_the_amounts(self):
        self._sell()
        self._sell(pay=False)
        self._create_job()
        summary = self._get()
        for action, model, amount in (
            (summary.action_view_held(), "broker.commission.pending", 210),
            (summary.action_view_forecast(), "broker.commission.pending", 210),
            (summary.action_view_balance(), "broker.commission.entry", 210),
            (summary.action_view_month(), "broker.commission.entry", 630),
        ):
            self.assertEqual(action["res_model"], model)
            rows = self.env[model].with_user(self.sales_wang).search(action["domain"])
            self.assertEqual(sum(rows.mapped("amount")), amount)
        for action in (summary.action_view_statements(), summary.action_view_disputes()):
            self.env[action["res_model"]].with_user(self.sales_wang).search(action["domain"])

    def test_handoff_is_waited_for(self):
        lead = self.env["crm.lead"].create(
            {"name": "Menus", "type": "opportunity", "partner_id": self.partner.id, "user_id": self.sales_wang.id}
        )
        job = self._create_job(confirm=False, opportunity_id=lead.id)
        job.action_confirm()
        lead.action_set_won()
        handoff = self.env["broker.handoff"]._open_for_leads(lead)
        self.assertEqual(job.broker_handoff_id, handoff)
        invoice = self._create_posted_invoice(job)
        kinds = dict(self.Pending.search([("order_id", "=", job.id)]).mapped(lambda row: (row.role, row.kind)))
        self.assertEqual(kinds, {"sales": "unpaid", "service": "both"})
        self._pay(invoice)
        self.env.invalidate_all()
        rows = self.Pending.search([("order_id", "=", job.id)])
        self.assertEqual([(row.role, row.kind, row.amount) for row in rows], [("service", "handoff", 90)])

    def test_forecast_follows_the_snapshot(self):
        """What the plan and the people become afterwards does not change it."""
        job = self._create_job()
        self.assertEqual(self._get_pending(), [("forecast", 210)])
        self.customer.service_user_id = self.service_lin
        self.partner.user_id = self.sales_zhao
        self.assertEqual(self._get_pending(), [("forecast", 210)])
        self.assertEqual(self._get_pending(self.service_chen), [("forecast", 90)])
        self.assertFalse(self._get_pending(self.sales_zhao))
        down = self._create_down_payment_invoice(job, "percentage", 30, post=True)
        # 30 % are earned: 63 are held, 147 still come.
        self.assertEqual(self._get_pending(), [("forecast", 147), ("unpaid", 63)])
        self._pay(down)
        self.assertEqual(self._get_pending(), [("forecast", 147)])
        self._pay(self._create_final_invoice(job, post=True))
        self.assertEqual(self._get_pending(), [])

    def test_forecast_is_due_on_the_firms_day(self):
        job = self._create_job()
        job.commitment_date = "2026-03-31 17:00:00"  # one in the morning in Shanghai
        self.env.invalidate_all()
        rows = self.Pending.search([("order_id", "=", job.id), ("kind", "=", "forecast")])
        self.assertEqual({str(row.date) for row in rows}, {"2026-04-01"})

    def test_a_loss_is_forecast_as_a_loss(self):
        self._create_job(price=1000, cost=1500)
        self.assertEqual(self._get_pending(), [("forecast", -35)])

    def _charge(self, job, amount, role=False):
        charge = (
            self.env["broker.commission.charge"]
            .with_user(self.manager_qian)
            .create({"order_id": job.id, "amount": amount, "role": role, "reason": "Freight"})
        )
        charge.action_post()

    def test_charged_costs_are_forecast(self):
        """500 of freight: 2,500 of margin, so 175. What service bears alone is no forecast."""
        job = self._create_job()
        self._charge(job, 500)
        self.assertEqual(self._get_pending(), [("forecast", 175)])
        self._charge(job, 50, "service")
        self.assertEqual(self._get_pending(self.service_chen), [("forecast", 75)])
        self._create_down_payment_invoice(job, "percentage", 30, post=True)
        self.assertEqual(self._get_pending(), [("forecast", 122.5), ("unpaid", 52.5)])
        self._create_final_invoice(job, post=True)
        self.assertEqual(sum(amount for _kind, amount in self._get_pending()), 175)

    def test_charged_costs_are_shared_by_the_rules(self):
        """8,000 and 2,000 of revenue under two rules: 400 and 100 of 500. The second rule
        gives all to service: (1,000 - 400) × 10 % × 70 %, and (1,000 - 100) × 10 %."""
        rule = self.plan.rule_ids.filtered(lambda rule: rule.origin == "any")
        rule.product_category_id = self.box_category
        self.plan.rule_ids.create(
            {
                "plan_id": self.plan.id,
                "name": "Other print",
                "sequence": 50,
                "share_ids": [(0, 0, {"role": "service", "percent": 100})],
            }
        )
        job = self._create_job(price=2000, cost=1000, lines=[(self.box_product, 8000, 7000)])
        self._charge(job, 500)
        self.assertEqual(self._get_pending(), [("forecast", 42)])
        self.assertEqual(self._get_pending(self.service_chen), [("forecast", 18), ("forecast", 90)])

    def test_nothing_is_forecast_under_the_floor(self):
        """A margin of 30 % under a floor of 31; a loss counts all the same."""
        self.plan.margin_floor = 31
        self._create_job()
        self.assertEqual(self._get_pending(), [])
        self.plan.margin_floor = 30
        self.assertEqual(self._get_pending(), [("forecast", 210)])
        self._create_job(price=1000, cost=1500)
        self.assertEqual(self._get_pending(), [("forecast", -35), ("forecast", 210)])

    def test_charges_bring_a_job_under_the_floor(self):
        self.plan.margin_floor = 30
        job = self._create_job()
        self._charge(job, 1)
        self.assertEqual(self._get_pending(), [])

    def test_cancelled_jobs_are_not_forecast(self):
        self._create_job()._action_cancel()
        self.assertEqual(self._get_pending(), [])

    def test_foreign_currency(self):
        """A job of 10,000 gold coins at two to the dollar."""
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": currency.id})
        self._create_job(pricelist_id=pricelist.id)
        self.assertEqual(self._get_pending(), [("forecast", 105)])

    def test_quotations_are_apart(self):
        self._create_job()
        self._create_job(confirm=False)
        summary = self._get()
        self.assertEqual((summary.quotation_count, summary.quotation_amount), (1, 10000))
        self.assertEqual(summary.forecast_amount, 210)
        action = summary.action_view_quotations()
        self.assertEqual(self.env["sale.order"].search_count(action["domain"]), 1)

    def test_nobody_sees_anothers(self):
        self._sell(pay=False)
        for user in (self.sales_zhao, self.care_sun):
            self.assertFalse(self.Summary.with_user(user).search([]))
            self.assertFalse(self.Pending.with_user(user).search([]))
        for model in ("broker.commission.summary", "broker.commission.pending"):
            Model = self.env[model]
            of_wang = Model.search([("user_id", "=", self.sales_wang.id)])
            self.assertTrue(of_wang)
            with self.assertRaises(AccessError):
                of_wang.with_user(self.service_chen).read(["user_id"])
            self.assertEqual(Model.with_user(self.service_chen).search([]).user_id, self.service_chen)
            self.assertGreater(len(Model.with_user(self.manager_qian).search([]).user_id), 1)
            with self.assertRaises(AccessError):
                Model.with_user(self.plain_user).search([])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(Model.with_user(self.manager_qian).has_access(operation))

    def test_two_companies_stand_apart(self):
        other = self.setup_other_company()["company"]
        self._sell()
        self.Adjustment.sudo().create(
            {"company_id": other.id, "user_id": self.sales_wang.id, "amount": 7, "reason": "There"}
        )
        rows = self.Summary.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual({row.company_id: row.balance_amount for row in rows}, {self.company: 210, other: 7})
        here = self.Summary.with_user(self.sales_wang).search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual(here.company_id, self.company)


@tagged("post_install", "-at_install")
class TestCommissionStatementScale(StatementCommon):
    """Queries do not grow with people and rows."""

    def _count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _measure(self, size, day):
        """Open, read and confirm the month of `size` more people with three rows each."""
        people = self.env["res.users"].union(
            *(self._create_user(f"scale{day}x{number}", "group_salesperson") for number in range(size))
        )
        self.Adjustment.create(
            [
                {"user_id": user.id, "amount": 10, "reason": "Prize", "date": f"2026-{day}"}
                for user in people
                for _row in range(3)
            ]
        )
        year, month = 2026, int(day[:2])
        period = (f"{year}-{month:02d}-01", f"{year}-{month:02d}-28")
        self._at("12-01")
        found = self.Statement.sudo().browse()

        def open_period():
            nonlocal found
            found = self.Statement._open_period(self.company, *period)

        opening = self._count(open_period)
        self.assertEqual(len(found), size)
        names = ["opening_balance", "closing_balance", "verification", "empty_reason", "carried_to_id"]
        reading = self._count(lambda: found.with_user(self.manager_qian).read(names))
        confirming = self._count(lambda: found.with_user(self.manager_qian).action_confirm())
        self.assertEqual(set(found.mapped("closing_balance")), {30})
        frozen = self._count(lambda: found.with_user(self.manager_qian).read(names))
        found.sudo()._pay("2026-12-01")
        people.active = False
        summary = self._count(
            lambda: (
                self.env["broker.commission.summary"]
                .search([("user_id", "in", people.ids)])
                .read(["balance_amount", "held_amount", "earned_month", "quotation_amount", "dispute_count"])
            )
        )
        return opening, reading, confirming, frozen, summary

    def test_queries_do_not_grow(self):
        # Once with nobody counted: afterwards there are confirmed statements to look at.
        self._measure(1, "01-10")
        few = self._measure(2, "02-10")
        many = self._measure(12, "03-10")
        self.assertEqual(many, few, "open, read, confirm, read confirmed, summary")

    def test_lists_of_many_open_months(self):
        self._sell()
        for month in range(3, 9):
            self._open((f"2026-{month:02d}-01", f"2026-{month:02d}-28"))
        statements = self.Statement.search([])
        self.assertEqual(set(statements.mapped("closing_balance")), {210})
        self.assertEqual(sum(statements.mapped("released_amount")), 210)
