import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierPolicy(TierCommon):
    """Policies: what is refused, with which words, and which one is in force."""

    def _line(self, code):
        return self.policy.dimension_ids.filtered(lambda line: line.code == code)

    def test_every_company_has_the_shipped_policy(self):
        company = self.env["res.company"].sudo().create({"name": "Third Broker"})
        policy = self.env["broker.tier.policy"]._get_at(company, company._get_broker_today())
        self.assertEqual(policy.state, "active")
        self.assertEqual(
            policy.dimension_ids.mapped(lambda line: (line.code, line.weight, line._get_thresholds())),
            [
                ("revenue", 30, [20000, 80000, 250000, 600000]),
                ("profit", 25, [5000, 20000, 60000, 150000]),
                ("efficiency", 15, [50000, 150000, 300000, 600000]),
                ("ease", 15, [40, 60, 75, 90]),
                ("integrity", 15, [40, 60, 75, 90]),
            ],
        )
        self.assertFalse(self.env["broker.tier.policy"]._ensure_for_companies(company))

    def test_thresholds_must_ascend(self):
        for values in ({"threshold_3": 20000}, {"threshold_5": 1}):
            with self.assertRefused(
                ValidationError, r"Revenue in the policy “5A”: the thresholds must ascend from 2A to 5A"
            ):
                self._line("revenue").write(values)
        with self.assertRefused(ValidationError, "20000.00, 20000.00, 250000.00, 600000.00"):
            self._line("revenue").threshold_3 = 20000

    def test_weights(self):
        with self.assertRefused(ValidationError, "Profit in the policy “5A”: the weight cannot be negative"):
            self._line("profit").weight = -1
        with self.assertRefused(ValidationError, "every weight is zero"):
            self.policy.dimension_ids.weight = 0

    @mute_logger("odoo.sql_db")
    def test_five_dimensions_once(self):
        draft = self.env["broker.tier.policy"].create({"name": "Draft", "company_id": self.company.id})
        self.assertEqual(len(draft.dimension_ids), 5, "a new one begins with the shipped numbers")
        draft.dimension_ids.filtered(lambda line: line.code in ("ease", "integrity")).unlink()
        with self.assertRefused(ValidationError, "missing: Ease, Integrity"):
            draft.action_activate()
        with self.assertRefused(ValidationError, "active and needs all five"):
            self._line("ease").unlink()
        with self.assertRefused(psycopg2.IntegrityError):
            self.policy.dimension_ids[0].copy()
            self.env.flush_all()

    def test_caps_need_a_tier(self):
        with self.assertRefused(ValidationError, "cap without a tier: choose “Overdue Cap”"):
            self.policy.overdue_cap_tier_id = False
        self.policy.write({"overdue_cap_days": 0, "overdue_cap_tier_id": False})

    def test_tiers_must_ascend(self):
        with self.assertRefused(ValidationError, "3A begins at 4.00, so 4A must begin above that"):
            self.tiers["3A"].sudo().total_min = 4

    def test_used_policy_is_frozen(self):
        self._invoice(100000, 70000)
        self._run()
        for attempt in (
            lambda: self.policy.write({"window_months": 6}),
            lambda: self._line("ease").write({"weight": 1}),
            lambda: self.policy.write({"dimension_ids": [Command.delete(self._line("ease").id)]}),
            lambda: self.policy.unlink(),
            lambda: self.policy.write({"state": "draft"}),
        ):
            with self.assertRefused(UserError, "have been scored under “5A”"):
                attempt()
        self.policy.name = "5A of 2025"
        action = self.policy.with_user(self.manager_qian).action_new_version()
        version = self.env["broker.tier.policy"].browse(action["res_id"])
        self.assertEqual(version.state, "draft")
        self.assertEqual(len(version.dimension_ids), 5)
        version.dimension_ids.filtered(lambda line: line.code == "revenue").threshold_5 = 700000
        version.action_activate()
        self._go_to("2025-06-16 04:00:00")
        score = self._run()
        self.assertEqual(score.policy_id, version, "a new policy is news")

    def test_policy_in_force_at_a_date(self):
        Policy = self.env["broker.tier.policy"]
        version = self.policy.copy({"date_from": "2025-06-20"})
        self.assertEqual(Policy._get_at(self.company, "2025-06-25"), self.policy.sudo(), "a draft is not in force")
        version.action_activate()
        self.assertEqual(Policy._get_at(self.company, "2025-06-19"), self.policy.sudo())
        self.assertEqual(Policy._get_at(self.company, "2025-06-20"), version.sudo())

    def test_shipped_numbers_belong_to_nobody(self):
        shipped = self.env["broker.tier.policy"]._get_shipped().with_user(self.manager_qian)
        self.assertTrue(shipped.read(["name"]))
        with self.assertRefused(AccessError):
            shipped.runs_to_change = 5
        with self.assertRefused(AccessError):
            shipped.dimension_ids[0].weight = 5
        with self.assertRefused(UserError):
            shipped.sudo().action_activate()

    def test_only_managers_change_policies(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            policy = self.policy.with_user(user)
            self.assertEqual(policy.name, "5A")
            self.assertEqual(len(policy.dimension_ids.mapped("weight")), 5)
            for attempt in (
                lambda policy=policy: policy.write({"name": "Mine"}),
                lambda policy=policy: policy.dimension_ids[0].write({"weight": 1}),
                lambda policy=policy: policy.action_run_now(),
                lambda user=user: self.tiers["5A"].with_user(user).write({"call_cadence_days": 1}),
            ):
                with self.assertRefused(AccessError):
                    attempt()

    def test_run_now(self):
        self._invoice(100000, 70000)
        action = self.policy.with_user(self.manager_qian).action_run_now()
        self.assertIn("1 customers", action["params"]["message"])
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        self.policy.sudo().copy({"date_from": "2030-01-01"})
        draft = self.env["broker.tier.policy"]._get_shipped().copy({"company_id": self.company.id})
        self.assertTrue(draft)
