from odoo.tests import HttpCase, tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class TierTourCommon(BrokerAccountCommon, HttpCase):
    """A customer with a tier, in the time that the browser lives in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # With days to pay: in the firm's time zone today may have ended already, and what is due is late.
        term = cls.env.ref("account.account_payment_term_30days")
        cls._create_posted_invoice(cls._create_job(100000, 70000, payment_term_id=term.id))
        cls.env["broker.tier.score"]._run(cls.company)


@tagged("post_install", "-at_install")
class TestTierTour(TierTourCommon):
    def test_policy_is_activated_after_seeing_who_moves(self):
        policy = self.env["broker.tier.policy"]._get_at(self.company, self.company._get_broker_today())
        draft = policy.copy({"name": "Stricter"})
        draft.dimension_ids[0].write(
            {"threshold_2": 200000, "threshold_3": 600000, "threshold_4": 700000, "threshold_5": 800000}
        )
        self.start_tour("/odoo", "broker_manager_activates_a_policy", login=self.manager_qian.login)
        self.assertEqual(draft.state, "active")


@tagged("post_install", "-at_install")
class TestTierPhoneTour(TierTourCommon):
    """A salesperson looks at a tier on the phone."""

    browser_size = "375x667"
    touch_enabled = True

    def test_a_tier_is_explained(self):
        self.start_tour("/odoo", "broker_tier_is_explained", login=self.sales_wang.login)
