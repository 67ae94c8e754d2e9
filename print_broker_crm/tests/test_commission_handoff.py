from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionHandoff(BrokerAccountCommon):
    """The service share waits for the handoff and goes to whoever accepts it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a packet must hold is the relay room's matter.
        cls.env["broker.handoff.requirement"].search([]).active = False

    def _open_handoff(self, job, receiver=None):
        handoff = (
            self.env["broker.handoff"]
            .sudo()
            .create(
                {
                    "customer_id": job.broker_customer_id.id,
                    "company_id": self.company.id,
                    "sender_id": self.sales_wang.id,
                    "receiver_id": (receiver or self.service_chen).id,
                }
            )
        )
        job.sudo().broker_handoff_id = handoff
        return handoff

    def _accept(self, handoff):
        handoff.with_user(handoff.sender_id).action_submit()
        handoff.with_user(handoff.receiver_id).action_accept()
        self.assertEqual(handoff.state, "accepted")

    def test_service_share_is_held_until_accepted(self):
        job = self._create_job()
        handoff = self._open_handoff(job)
        self._pay(self._create_posted_invoice(job), 4000)
        self.assertCommission(job, 210, 90, "earned")
        self.assertCommission(job, 84, 0)
        held = self.env["broker.commission.entry"].search(
            [("order_id", "=", job.id), ("role", "=", "service"), ("book", "=", "earned")]
        )
        self.assertEqual(held.held, 90)
        self._accept(handoff)
        self.assertCommission(job, 84, 36)
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(job))

    def test_share_without_payee_is_filled_by_the_acceptance(self):
        self.customer.service_user_id = False
        job = self._create_job()
        handoff = self._open_handoff(job, self.service_lin)
        self._pay(self._create_posted_invoice(job))
        nobody = self.env["res.users"]
        self.assertEqual(self._get_sums(job, "earned"), {self.sales_wang: 210, nobody: 90})
        self.assertEqual(self._get_sums(job), {self.sales_wang: 210})
        self._accept(handoff)
        self.assertEqual(self._get_sums(job, "earned"), {self.sales_wang: 210, nobody: 0, self.service_lin: 90})
        self.assertCommission(job, 210, 90, agent=self.service_lin)

    def test_another_agent_accepts(self):
        """Chen served so far, Lin accepts: the share of this job is Lin's."""
        job = self._create_job()
        handoff = self._open_handoff(job, self.service_lin)
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 210, 90, "earned")
        self._accept(handoff)
        self.assertCommission(job, 210, 90, agent=self.service_lin)
        self.assertCommission(job, 210, 90, "earned", agent=self.service_lin)
        # What was released stays with who earned it.
        self.customer.service_user_id = self.service_chen
        self.env["broker.commission.split"]._fill_payees(job)
        self.assertCommission(job, 210, 90, agent=self.service_lin)

    def test_withdrawn_handoff_releases(self):
        job = self._create_job()
        handoff = self._open_handoff(job)
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 210, 0)
        handoff.with_user(self.sales_wang).action_cancel()
        self.assertCommission(job, 210, 90)

    def test_plan_that_does_not_wait(self):
        self.plan.service_waits_for_handoff = False
        job = self._create_job()
        self._open_handoff(job, self.service_lin)
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 210, 90)

    def test_given_back_after_the_acceptance_holds_nothing(self):
        job = self._create_job()
        handoff = self._open_handoff(job)
        self._accept(handoff)
        self._pay(self._create_posted_invoice(job), 4000)
        self.assertCommission(job, 84, 36)
        handoff.with_user(self.service_chen).action_return(reason="Wrong size")
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(job))
        self.assertCommission(job, 84, 36)
        pending = self.env["broker.commission.pending"].search([("order_id", "=", job.id), ("role", "=", "service")])
        self.assertEqual(set(pending.mapped("kind")), {"unpaid"})
        self._accept(handoff)
        self.assertCommission(job, 84, 36)

    def test_territory_team_earns_both_shares(self):
        team = self.env["crm.team"].create(
            {"name": "North", "broker_is_territory": True, "member_ids": self.sales_wang.ids}
        )
        job = self._create_job(team_id=team.id)
        job.with_user(self.sales_wang).action_broker_hand_over()
        self.assertEqual(job.broker_handoff_id.state, "accepted")
        self._pay(self._create_posted_invoice(job))
        self.assertEqual(self._get_sums(job), {self.sales_wang: 300})
