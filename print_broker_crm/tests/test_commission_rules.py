from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, new_test_user, tagged

from odoo.addons.print_broker_crm.hooks import _fill_bringers
from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class RulesCommon(BrokerAccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_rule = cls.plan.rule_ids.filtered(lambda rule: rule.origin == "any")

    @classmethod
    def _add_rule(cls, plan=None, sales=50, **kwargs):
        return cls.env["broker.commission.rule"].create(
            {
                "plan_id": (plan or cls.plan).id,
                "name": "Special",
                "sequence": 1,
                "share_ids": [
                    Command.create({"role": "sales", "percent": sales}),
                    Command.create({"role": "service", "percent": 100 - sales}),
                ],
                **kwargs,
            }
        )

    def _get_splits(self, jobs):
        return self.env["broker.commission.split"].sudo().search([("order_id", "in", jobs.ids)], order="id")


@tagged("post_install", "-at_install")
class TestCommissionBringer(RulesCommon):
    """Who brought the order, and what follows from it."""

    def _create_quotation(self, user, **kwargs):
        return (
            self.env["sale.order"]
            .with_user(user)
            .sudo()
            .create(
                {
                    "partner_id": self.partner.id,
                    "order_line": [
                        Command.create(
                            {"product_id": self.print_product.id, "price_unit": 10000, "purchase_price": 7000}
                        )
                    ],
                    **kwargs,
                }
            )
        )

    def _create_lead(self, user, **kwargs):
        values = {"name": "Menus", "type": "opportunity", "partner_id": self.partner.id, **kwargs}
        return self.env["crm.lead"].with_user(user).sudo().create(values)

    def test_derived_from_who_wrote_the_quotation(self):
        portal = new_test_user(self.env, login="broker_buyer_portal", groups="base.group_portal")
        for user, bringer in (
            (self.sales_wang, "sales"),
            (self.sales_zhao, "sales"),
            (self.service_chen, "service"),
            (self.service_lin, "service"),
            (self.care_sun, "care"),
            (self.manager_qian, "sales"),
            (portal, "customer"),
        ):
            self.assertEqual(self._create_quotation(user).broker_brought_by, bringer, user.login)

    def test_what_somebody_is_to_the_customer_comes_first(self):
        self.customer.service_user_id = self.manager_qian
        self.assertEqual(self._create_quotation(self.manager_qian).broker_brought_by, "service")

    def test_derived_from_the_opportunity(self):
        """A care officer heard of it, a salesperson wrote the quotation."""
        lead = self._create_lead(self.care_sun, user_id=self.sales_wang.id)
        self.assertEqual(self._create_quotation(self.sales_wang, opportunity_id=lead.id).broker_brought_by, "care")
        by_mail = self._create_lead(self.env.ref("base.user_root"), user_id=self.service_chen.id)
        self.assertEqual(
            self._create_quotation(self.sales_wang, opportunity_id=by_mail.id).broker_brought_by, "service"
        )

    def test_only_a_manager_says_otherwise_and_only_before(self):
        order = self._create_quotation(self.sales_wang)
        with self.assertRaisesRegex(UserError, "only a manager"):
            order.with_user(self.sales_wang).sudo(False).broker_brought_by = "care"
        with self.assertRaisesRegex(UserError, "only a manager"):
            order.with_user(self.sales_wang).sudo(False).create(
                {"partner_id": self.partner.id, "broker_brought_by": "care"}
            )
        with Form(order.with_user(self.manager_qian).sudo(False)) as form:
            form.broker_brought_by = "care"
        order.action_confirm()
        self.assertEqual(set(self._get_splits(order).mapped("brought_by")), {"care"})
        with self.assertRaisesRegex(UserError, "a job already"):
            order.with_user(self.manager_qian).sudo(False).broker_brought_by = "sales"
        order.opportunity_id = self._create_lead(self.service_chen)
        self.assertEqual(order.broker_brought_by, "care", "what was confirmed stays")

    def test_salesperson_writes_a_quotation_in_the_form(self):
        with Form(self.env["sale.order"].with_user(self.sales_wang)) as form:
            form.partner_id = self.partner
        self.assertEqual(form.record.broker_brought_by, "sales")

    def test_a_copy_is_brought_anew(self):
        order = self._create_quotation(self.service_chen)
        self.assertEqual(order.with_user(self.sales_wang).sudo().copy().broker_brought_by, "sales")

    def test_rule_for_what_service_brings(self):
        """Repeat orders that the service desk brings are 20/80."""
        self._add_rule(sales=20, brought_by="service")
        job = self._create_quotation(self.service_chen)
        job.action_confirm()
        other = self._create_quotation(self.sales_wang)
        other.action_confirm()
        self._create_posted_invoice(job)
        self._create_posted_invoice(other)
        self.assertCommission(job, 60, 240, "earned")
        self.assertCommission(other, 210, 90, "earned")


@tagged("post_install", "-at_install")
class TestCommissionTier(RulesCommon):
    def test_rule_for_tiers(self):
        tiers = self.env["broker.tier"].search([], order="rank desc")
        self._add_rule(sales=40, tier_ids=[Command.set(tiers[:2].ids)])
        without = self._create_job()
        self.customer.write(
            {"tier_manual_id": tiers[1].id, "tier_manual_reason": "Big", "tier_manual_until": "2099-01-01"}
        )
        self.assertEqual(self.customer.tier_id, tiers[1])
        job = self._create_job()
        self.assertEqual(self._get_splits(job).tier_id, tiers[1])
        self.assertFalse(self._get_splits(without).tier_id)
        # What the customer is later does not count, for a line added later either.
        self.customer.tier_manual_id = tiers[4]
        job.order_line = [
            Command.create({"product_id": self.box_product.id, "price_unit": 2000, "purchase_price": 1000})
        ]
        self._create_posted_invoice(job)
        self._create_posted_invoice(without)
        # A margin of 4,000.
        self.assertCommission(job, 160, 240, "earned")
        self.assertCommission(without, 210, 90, "earned")


@tagged("post_install", "-at_install")
class TestCommissionWithoutRule(RulesCommon):
    """What no rule matches is listed, and settled when there is one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_rule.product_category_id = cls.box_category

    def _get_listed(self, user=None):
        return self.env["sale.order"].with_user(user or self.manager_qian).search([("broker_without_rule", "=", True)])

    def test_listed_and_settled(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job), 5000)
        self.assertEqual(self._get_listed(), job)
        self.assertTrue(job.with_user(self.manager_qian).broker_without_rule)
        self.assertNotIn(job, self.env["sale.order"].search([("broker_without_rule", "=", False)]))
        self.assertCommission(job, 0, 0, "earned")
        action = job.with_user(self.manager_qian).action_settle_without_rule()
        self.assertIn("Brochure", action["params"]["message"])
        self._add_rule(sales=60)
        self.assertIs(job.with_user(self.manager_qian).action_settle_without_rule(), True)
        self.assertFalse(self._get_listed())
        self.assertCommission(job, 180, 120, "earned")
        self.assertCommission(job, 90, 60)
        entries = self.env["broker.commission.entry"].search([("order_id", "=", job.id)])
        self.assertEqual(set(entries.mapped("kind")), {"rule"})

    def test_quotations_and_jobs_without_commission_are_not_listed(self):
        self._create_job(confirm=False)
        cancelled = self._create_job()
        cancelled._action_cancel()
        self.plan.active = False
        self._create_job()
        self.assertFalse(self._get_listed())

    def test_only_managers(self):
        job = self._create_job()
        with self.assertRaises(AccessError):
            self._get_listed(self.sales_wang)
        with self.assertRaises(AccessError):
            job.with_user(self.sales_wang).action_settle_without_rule()

    def test_line_of_a_job_in_the_ledger(self):
        """The boxes are in the ledger, so the plan is not edited: a version of it has
        a rule for the print, and the boxes stay as they are."""
        job = self._create_job(lines=[(self.box_product, 3000, 2000)])
        self._pay(self._create_posted_invoice(job))
        self.assertEqual(self._get_listed(), job)
        self.assertCommission(job, 70, 30)
        with self.assertRaisesRegex(UserError, "numbers do not change"):
            self._add_rule()
        version = self.plan._create_version(self.company._get_broker_today())
        version.rate = 20
        self._add_rule(version, sales=50)
        job.with_user(self.manager_qian).action_settle_without_rule()
        self.assertFalse(self._get_listed())
        # The print of 3,000 at 20 %, half each; the boxes at 10 %.
        self.assertCommission(job, 370, 330)
        self.assertEqual(self._get_splits(job).plan_id, self.plan + version)
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(job))


@freeze_time("2026-03-20 04:00:00")
@tagged("post_install", "-at_install")
class TestCommissionVersion(RulesCommon):
    """Plans follow each other; the past of the open month can still be put right."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Everybody has had the customer for long.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE broker_assignment SET date_from = '2026-01-01' WHERE customer_id = %s", [cls.customer.id]
        )
        cls.env.invalidate_all()

    def _create_job_on(self, day, **kwargs):
        job = self._create_job(confirm=False, **kwargs)
        job.action_confirm()
        job.date_order = day
        # As if it had been confirmed then.
        self.env["broker.commission.split"]._snapshot_orders(job)
        return job

    def test_from_a_past_day_of_the_month(self):
        before = self._create_job_on("2026-03-04 04:00:00")
        since = self._create_job_on("2026-03-10 04:00:00")
        self._create_posted_invoice(before)
        with Form(
            self.env["broker.commission.plan.version"]
            .with_user(self.manager_qian)
            .with_context(**self.plan.action_new_version()["context"])
        ) as form:
            form.date_from = "2026-03-05"
        action = form.record.action_create_version()
        version = self.env["broker.commission.plan"].browse(action["res_id"])
        self.assertEqual(version.job_renewal_count, 1)
        version.rate = 20
        self.assertEqual(self._get_splits(since).plan_id, self.plan, "not before the numbers are right")
        version.with_user(self.manager_qian).action_renew_jobs()
        version.invalidate_recordset(["job_renewal_count"])
        self.assertEqual(version.job_renewal_count, 0)
        self._create_posted_invoice(since)
        self.assertCommission(before, 210, 90, "earned")
        self.assertCommission(since, 420, 180, "earned")

    def test_jobs_are_counted_in_one_query(self):
        """Two jobs or twelve; the last day of the plan before in Shanghai is not this one's."""
        self._create_job_on("2026-03-04 15:59:00")
        self._create_job_on("2026-03-04 16:00:00")
        self._create_posted_invoice(self._create_job_on("2026-03-12 04:00:00"))
        version = self.plan.copy({"date_from": "2026-03-05"})
        counts = []
        for _size in range(2):
            self.env.flush_all()
            version.invalidate_recordset(["job_renewal_count"])
            # What the question needs of the plan and its company.
            version.mapped("date_to"), version.company_id._get_broker_tz()
            before = self.cr.sql_log_count
            counts.append(version.job_renewal_count)
            self.assertEqual(self.cr.sql_log_count - before, 1)
            for _job in range(3):
                self._create_job_on("2026-03-10 04:00:00")
            version.rate = 30
        self.assertEqual(counts, [1, 4])

    def test_numbers_changed_after_the_jobs_followed(self):
        job = self._create_job_on("2026-03-10 04:00:00")
        version = self.plan._create_version(job.date_order.date())
        version.action_renew_jobs()
        version.rate = 30
        version.invalidate_recordset(["job_renewal_count"])
        self.assertEqual(version.job_renewal_count, 1)
        version.action_renew_jobs()
        self.assertEqual(set(self._get_splits(job).mapped("rate")), {30})

    def test_days_that_are_refused(self):
        job = self._create_job_on("2026-03-10 04:00:00")
        self._create_posted_invoice(job)
        day = job.date_order.date()
        for wrong, message in (
            (day, job.name),
            (day.replace(day=1) - timedelta(days=1), "months that are over"),
            (self.plan.date_from, "already begins"),
            (self.plan.date_from - timedelta(days=1), "itself begins"),
        ):
            with self.assertRaisesRegex(UserError, message):
                self.plan._create_version(wrong)
        version = self.plan._create_version(day + timedelta(days=1))
        with self.assertRaisesRegex(UserError, "already begins on"):
            self.plan._create_version(version.date_from)

    def test_chain(self):
        second = self.plan._create_version(self.company._get_broker_today())
        third = second._create_version(second.date_from + timedelta(days=30))
        self.assertEqual(self.plan.successor_id, second)
        self.assertEqual(third.predecessor_id, second)
        self.assertEqual(
            [plan.date_to for plan in self.plan + second + third],
            [second.date_from - timedelta(days=1), third.date_from - timedelta(days=1), False],
        )
        third.active = False
        second.invalidate_recordset(["date_to"])
        self.assertFalse(second.date_to)
        self.assertEqual(len(third.rule_ids), 2)

    def test_other_companies_jobs_are_left_alone(self):
        company = self.env["res.company"].create({"name": "Broker B"})
        other = self.env["broker.commission.plan"].search([("company_id", "=", company.id)])
        job = self._create_job_on("2026-03-10 04:00:00")
        version = other._create_version(job.date_order.date())
        self.assertFalse(version._get_jobs_without_entries())
        version.action_renew_jobs()
        self.assertEqual(self._get_splits(job).plan_id, self.plan)

    def test_acceptance_survives_a_renewal(self):
        """Lin accepted the handoff of a job that Chen would have had by its day."""
        self.env["broker.handoff.requirement"].search([]).active = False
        job = self._create_job_on("2026-03-10 04:00:00")
        handoff = (
            self.env["broker.handoff"]
            .sudo()
            .create(
                {
                    "customer_id": self.customer.id,
                    "company_id": self.company.id,
                    "sender_id": self.sales_wang.id,
                    "receiver_id": self.service_lin.id,
                }
            )
        )
        job.sudo().broker_handoff_id = handoff
        handoff.with_user(self.sales_wang).action_submit()
        handoff.with_user(self.service_lin).action_accept()
        version = self.plan._create_version(job.date_order.date())
        version.action_renew_jobs()
        splits = self._get_splits(job)
        self.assertEqual(splits.plan_id, version)
        self.assertEqual(splits.filtered(lambda split: split.role == "service").user_id, self.service_lin)


@tagged("post_install", "-at_install")
class TestCommissionQuotationsOfThePast(BrokerAccountCommon):
    """Quotations from before the installation do not say who brought them."""

    def setUp(self):
        super().setUp()
        self.rule = self.env["broker.commission.rule"].create(
            {
                "plan_id": self.plan.id,
                "name": "Brought by sales",
                "sequence": 1,
                "brought_by": "sales",
                "share_ids": [Command.create({"role": "sales", "percent": 100})],
            }
        )
        self.order = self._create_job(confirm=False)
        self.env.flush_all()
        self.cr.execute("UPDATE sale_order SET broker_brought_by = NULL WHERE id = %s", [self.order.id])
        self.env.invalidate_all()

    def test_a_rule_that_asks_for_it_holds_all_the_same(self):
        self.order.action_confirm()
        splits = self.env["broker.commission.split"].search([("order_id", "=", self.order.id)])
        self.assertEqual((splits.rule_id, splits.brought_by), (self.rule, "sales"))

    def test_the_installation_fills_it(self):
        portal = new_test_user(self.env, "broker_portal_buyer", groups="base.group_portal")
        by_customer = self._create_job(confirm=False)
        job = self._create_job()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sale_order SET broker_brought_by = NULL, create_uid = CASE WHEN id = %s THEN %s ELSE create_uid END"
            " WHERE id IN %s",
            [by_customer.id, portal.id, (by_customer.id, job.id)],
        )
        self.env.invalidate_all()
        _fill_bringers(self.env)
        self.assertEqual(
            [order.broker_brought_by for order in (self.order, by_customer, job)], ["sales", "customer", False]
        )
