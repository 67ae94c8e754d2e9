from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Date
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionPlan(BrokerAccountCommon):
    """Plans: what is shipped, what is refused, and which plan a job follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_rule = cls.plan.rule_ids.filtered(lambda rule: rule.origin == "any")

    def _shares(self, *percents):
        return [
            Command.create({"role": role, "percent": percent})
            for role, percent in zip(("sales", "service", "care"), percents, strict=False)
        ]

    def test_shipped_plan(self):
        """A new company starts with the shipped plan."""
        self.assertEqual(len(self.plan), 1)
        self.assertEqual((self.plan.base, self.plan.rate, self.plan.release), ("margin", 10, "collection"))
        self.assertEqual(
            [(rule.origin, {share.role: share.percent for share in rule.share_ids}) for rule in self.plan.rule_ids],
            [
                ("inherited", {"service": 70, "sales": 30}),
                ("any", {"sales": 70, "service": 30}),
            ],
        )
        self.env["broker.commission.plan"]._open_default_plans()
        self.assertEqual(self.env["broker.commission.plan"].search([("company_id", "=", self.company.id)]), self.plan)

    def test_a_callers_context_does_not_spare_the_sum(self):
        share = self.plan.rule_ids[0].share_ids[:1].with_context(broker_shares_with_rule=True)
        with self.assertRaisesRegex(ValidationError, "add up to"), self.cr.savepoint():
            share.percent -= 1

    def test_shares_of_99_are_refused(self):
        with (
            self.assertRaisesRegex(ValidationError, r"shares of rule Posters add up to 99 %.*100 %"),
            self.cr.savepoint(),
        ):
            self.env["broker.commission.rule"].create(
                {"plan_id": self.plan.id, "name": "Posters", "share_ids": self._shares(70, 29)}
            )
        with self.assertRaisesRegex(ValidationError, "add up to 99.5 %"), self.cr.savepoint():
            self.own_rule.share_ids[0].percent = 69.5
        with self.assertRaisesRegex(ValidationError, "add up to 30 %"), self.cr.savepoint():
            self.own_rule.share_ids[0].unlink()
        with self.assertRaisesRegex(ValidationError, "add up to 110 %"), self.cr.savepoint():
            self.env["broker.commission.share"].create({"rule_id": self.own_rule.id, "role": "care", "percent": 10})

    def test_rule_without_shares_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Posters has no shares"), self.cr.savepoint():
            self.env["broker.commission.rule"].create({"plan_id": self.plan.id, "name": "Posters"})
        with self.assertRaisesRegex(ValidationError, "has no shares"), self.cr.savepoint():
            self.own_rule.share_ids = [Command.clear()]

    def test_shares_change_together(self):
        sales, service = self.own_rule.share_ids
        self.plan.rule_ids = [
            Command.update(
                self.own_rule.id,
                {
                    "share_ids": [
                        Command.update(sales.id, {"percent": 60}),
                        Command.update(service.id, {"percent": 30}),
                        Command.create({"role": "care", "percent": 10}),
                    ]
                },
            )
        ]
        self.assertEqual(self.own_rule.share_ids.mapped("percent"), [60, 30, 10])

    def test_form(self):
        """A manager changes the shares of a rule in the plan's form, in one save."""
        with Form(self.plan.with_user(self.manager_qian)) as form:
            with form.rule_ids.edit(1) as rule:
                with rule.share_ids.edit(0) as share:
                    share.percent = 65
                with rule.share_ids.edit(1) as share:
                    share.percent = 35
        self.assertEqual(self.own_rule.share_ids.mapped("percent"), [65, 35])

    @mute_logger("odoo.sql_db")
    def test_ranges(self):
        for percent in (0, -10, 101):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.own_rule.share_ids = [Command.create({"role": "care", "percent": percent})]
                self.env.flush_all()
        for rate in (0, -5, 100.5):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.plan.rate = rate
                self.env.flush_all()
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.plan.copy({"date_from": self.plan.date_from})

    def test_plan_in_use_keeps_its_numbers(self):
        self.assertFalse(self.plan.is_used)
        self._create_posted_invoice(self._create_job())
        self.plan.invalidate_recordset(["is_used"])
        self.assertTrue(self.plan.is_used)
        share = self.own_rule.share_ids[0]
        for change in (
            lambda: self.plan.write({"rate": 12}),
            lambda: self.plan.write({"release": "posting"}),
            lambda: self.plan.write({"date_from": "2001-01-01"}),
            lambda: self.own_rule.write({"origin": "developed"}),
            lambda: self.own_rule.write({"sequence": 1}),
            lambda: share.write({"percent": 50}),
            lambda: share.unlink(),
            lambda: self.own_rule.unlink(),
            lambda: self.plan.unlink(),
            lambda: self.env["broker.commission.rule"].create(
                {"plan_id": self.plan.id, "name": "Late", "share_ids": self._shares(100)}
            ),
        ):
            with self.assertRaisesRegex(UserError, "numbers do not change any more"):
                change()
        self.plan.write({"name": "Old plan", "active": False})
        self.own_rule.name = "Own"

    def test_rule_with_jobs_is_not_deleted(self):
        job = self._create_job()
        with self.assertRaisesRegex(UserError, job.name):
            self.own_rule.unlink()
        with self.assertRaisesRegex(UserError, job.name):
            self.plan.unlink()

    def test_new_version(self):
        first = self._create_job()
        self._create_posted_invoice(first)
        plan = self.plan._create_version(self.company._get_broker_today())
        self.assertEqual(plan.name, self.plan.name)
        plan.rate = 20
        with self.assertRaisesRegex(UserError, "already begins on"):
            self.plan._create_version(self.company._get_broker_today())
        second = self._create_job()
        self._create_posted_invoice(second)
        self.assertCommission(first, 210, 90, "earned")
        self.assertCommission(second, 420, 180, "earned")

    def test_plan_of_a_day(self):
        Plan = self.env["broker.commission.plan"]
        later = self.plan.copy({"date_from": "2030-01-01"})
        self.assertEqual(Plan._get_plan(self.company, Date.to_date("2029-12-31")), self.plan)
        self.assertEqual(Plan._get_plan(self.company, Date.to_date("2030-01-01")), later)
        later.active = False
        self.assertEqual(Plan._get_plan(self.company, Date.to_date("2030-01-01")), self.plan)
        self.assertFalse(Plan._get_plan(self.company, Date.to_date("1999-12-31")))

    def test_firm_without_commission(self):
        """A firm that archived its plans is left alone."""
        self.plan.active = False
        job = self._create_job()
        self._create_posted_invoice(job)
        self.assertFalse(job.sudo().broker_commission_plan_id)
        self.assertFalse(self.env["broker.commission.entry"].search([("order_id", "=", job.id)]))

    def test_category_matches_below(self):
        boxes = self.env["broker.commission.rule"].create(
            {
                "plan_id": self.plan.id,
                "name": "Print",
                "sequence": 1,
                "product_category_id": self.print_category.id,
                "share_ids": self._shares(100),
            }
        )
        for category, expected in (
            (self.box_category, boxes),
            (self.print_category, boxes),
            (self.product_category, self.own_rule),
            (self.env["product.category"], self.own_rule),
        ):
            self.assertEqual(self.plan.rule_ids._match("developed", {"first"}, category), expected)

    def test_only_managers_see_plans(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.plain_user):
            with self.assertRaises(AccessError):
                self.plan.with_user(user).read(["rate"])
        self.assertEqual(self.plan.with_user(self.manager_qian).rate, 10)
