from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common_account import BrokerAccountCommon


class StaffMoneyCommon(BrokerAccountCommon):
    """One job of 10 000 that costs 7 000: a pool of 300, 210 for Wang and 90 for Chen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only the people of these tests manage and sell.
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.today = cls.company._get_broker_today()
        cls.no_one = cls.env["res.users"]

    def _leave(self, **kwargs):
        """Let Wang leave today, with everything to Zhao."""
        change = (
            self.env["broker.staff.change"]
            .with_user(self.manager_qian)
            .create({"user_id": self.sales_wang.id, **kwargs})
        )
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        self.assertEqual(change.state, "done")
        return change

    def _get_all_sums(self, orders, book):
        return {user: amount for user, amount in self._get_sums(orders, book).items() if amount}

    def _get_entries(self, orders):
        return self.env["broker.commission.entry"].sudo().search([("order_id", "in", orders.ids)], order="id")

    def _get_splits(self, orders):
        return (
            self.env["broker.commission.split"]
            .sudo()
            .search([("order_id", "in", orders.ids)], order="id")
            .read(["rule_id", "role", "user_id", "assignment_id", "origin", "percent"])
        )


@tagged("post_install", "-at_install")
class TestStaffChangeMoney(StaffMoneyCommon):
    def test_dry_run_shows_the_leavers_money(self):
        invoice = self._create_posted_invoice(self._create_job())
        self._pay(invoice, 5000)
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        line = change.line_ids
        self.assertEqual(
            (line.uncollected_amount, line.commission_earned, line.commission_released, line.commission_to_come),
            (5000, 210, 105, 105),
        )
        self.assertEqual(change.commission_to_come, 105)

    def test_past_jobs_stay_as_they_were(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        splits = self._get_splits(order)
        entries = self._get_entries(order).read()
        self._leave()
        self.assertEqual(self._get_splits(order), splits)
        self.assertEqual(self._get_entries(order).read(), entries)
        # Wang goes on being paid as the customer pays.
        self._pay(invoice)
        self.assertCommission(order, 210, 90)

    def test_the_next_job_is_shared_as_inherited(self):
        self._create_job()
        self._leave()
        order = self._create_job()
        self._pay(self._create_posted_invoice(order))
        self.assertCommission(order, 90, 210, salesperson=self.sales_zhao)


@tagged("post_install", "-at_install")
class TestLeaverPolicyStop(StaffMoneyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.leaver_policy = "stop"

    def test_what_was_released_by_the_day_is_kept(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        before = self._get_entries(order)
        self._leave()
        self.assertEqual(
            self._get_all_sums(order, "earned"), {self.sales_wang: 105, self.no_one: 105, self.service_chen: 90}
        )
        self.assertEqual(self._get_all_sums(order, "released"), {self.sales_wang: 105, self.service_chen: 45})
        written = self._get_entries(order) - before
        self.assertEqual(set(written.mapped("kind")), {"leaving"})
        self.assertIn("keeps what was released", written.filtered("user_id").explanation)
        self._pay(invoice)
        expected = {self.sales_wang: 105, self.no_one: 105, self.service_chen: 90}
        self.assertEqual(self._get_all_sums(order, "earned"), expected)
        self.assertEqual(self._get_all_sums(order, "released"), expected)
        count = len(self._get_entries(order))
        self.env["broker.commission.entry"]._settle(invoice)
        self.assertEqual(len(self._get_entries(order)), count, "settling again writes nothing")

    def test_money_that_goes_back_is_taken_back(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        self._leave()
        invoice.line_ids.remove_move_reconcile()
        self.assertFalse(self._get_all_sums(order, "released"))
        # All of the share is nobody's now, until the money is there again.
        self.assertEqual(self._get_all_sums(order, "earned"), {self.no_one: 210, self.service_chen: 90})

    def test_invoices_after_the_day(self):
        order = self._create_job()
        self._leave()
        self._pay(self._create_posted_invoice(order))
        self.assertEqual(self._get_all_sums(order, "released"), {self.no_one: 210, self.service_chen: 90})

    def test_the_dry_run_says_so(self):
        self._pay(self._create_posted_invoice(self._create_job()), 5000)
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        self.assertEqual((change.commission_earned, change.commission_to_come), (210, 0))

    def test_archiving_without_a_change_stops_too(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        self.sales_wang.action_archive()
        self.assertEqual(
            self._get_all_sums(order, "earned"), {self.sales_wang: 105, self.no_one: 105, self.service_chen: 90}
        )

    def test_who_gave_all_customers_away_before(self):
        """Zhao has Wang's customers for a while when Wang's user is archived."""
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        self.partner.user_id = self.sales_zhao
        self.assertFalse(self.env["broker.customer"]._find_held(self.sales_wang))
        self.sales_wang.action_archive()
        expected = {self.sales_wang: 105, self.no_one: 105, self.service_chen: 90}
        self.assertEqual(self._get_all_sums(order, "earned"), expected)
        self._pay(invoice)
        self.assertEqual(self._get_all_sums(order, "released"), expected)
        change = self.env["broker.staff.change"].search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual((change.state, change.last_day, len(change.line_ids)), ("done", self.today, 0))

    def test_archived_with_nothing_to_stop(self):
        self.sales_zhao.action_archive()
        self.assertFalse(self.env["broker.staff.change"].search([("user_id", "=", self.sales_zhao.id)]))

    def test_cancelled_leaving_is_settled_at_once(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice, 5000)
        self.sales_wang.action_archive()
        self._pay(invoice)
        self.assertEqual(
            self._get_all_sums(order, "released"), {self.sales_wang: 105, self.no_one: 105, self.service_chen: 90}
        )
        change = self.env["broker.staff.change"].search([("user_id", "=", self.sales_wang.id)])
        change.with_user(self.manager_qian).action_cancel()
        self.assertCommission(order, 210, 90, "earned")
        self.assertCommission(order, 210, 90)

    def test_giving_customers_away_stops_nothing(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        change = (
            self.env["broker.staff.change"]
            .with_user(self.manager_qian)
            .create({"user_id": self.sales_wang.id, "mode": "rebalancing", "customer_ids": self.customer.ids})
        )
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.action_confirm()
        self._pay(invoice)
        self.assertCommission(order, 210, 90)


@tagged("post_install", "-at_install")
class TestAssignmentCorrection(StaffMoneyCommon):
    def _correct(self, **kwargs):
        wizard = (
            self.env["broker.assignment.correction"]
            .with_user(self.manager_qian)
            .with_context(active_model="broker.customer", active_id=self.customer.id)
        )
        with Form(wizard) as form:
            form.reason = "Wrong from the start"
            form.date_from = self.today
            for name, value in kwargs.items():
                form[name] = value
        record = form.record
        voided = record.void_ids
        record.action_correct()
        return voided

    def test_the_wizard_shows_what_it_voids(self):
        row = self.customer.assignment_ids.filtered(lambda row: row.role == "sales")
        voided = self._correct(user_id=self.sales_zhao, origin="inherited")
        self.assertEqual(voided, row)
        self.assertTrue(row.is_void)
        self.assertEqual(self.partner.user_id, self.sales_zhao)
        self.assertEqual(self.customer.sales_origin, "inherited")

    def test_splits_follow_and_differences_are_todays(self):
        order = self._create_job()
        invoice = self._create_posted_invoice(order)
        self._pay(invoice)
        self.assertCommission(order, 210, 90)
        before = self._get_entries(order)
        values = before.read()
        self._correct(user_id=self.sales_zhao, origin="inherited")
        # The inherited rule: 30 % of 300 for sales, 70 % for service.
        self.assertCommission(order, 90, 210, salesperson=self.sales_zhao)
        self.assertCommission(order, 90, 210, "earned", salesperson=self.sales_zhao)
        self.assertEqual(before.read(), values, "entries never change")
        written = self._get_entries(order) - before
        self.assertEqual(set(written.mapped("kind")), {"correction"})
        self.assertEqual(set(written.mapped("date")), {self.today})
        self.assertEqual(sum(self._get_sums(order).values()), 300)
        self._correct(user_id=self.sales_wang, origin="developed")
        self.assertCommission(order, 210, 90)
        self.assertEqual(sum(self._get_sums(order).values()), 300)
        count = len(self._get_entries(order))
        self.env["broker.commission.entry"]._settle(invoice)
        self.assertEqual(len(self._get_entries(order)), count)

    def test_another_person_under_the_same_rule(self):
        order = self._create_job()
        self._pay(self._create_posted_invoice(order))
        self._correct(user_id=self.sales_zhao, origin="transferred")
        self.assertCommission(order, 210, 90, salesperson=self.sales_zhao)
        splits = self._get_splits(order)
        self.assertEqual({split["origin"] for split in splits}, {"transferred"})
        self.assertEqual(len(splits), 2)

    def test_another_service_agent(self):
        order = self._create_job()
        self._pay(self._create_posted_invoice(order))
        self._correct(role="service", user_id=self.service_lin)
        self.assertCommission(order, 210, 90, agent=self.service_lin)

    def test_a_job_without_invoices_is_split_anew(self):
        order = self._create_job()
        self._correct(user_id=self.sales_zhao, origin="inherited")
        splits = self._get_splits(order)
        self.assertEqual({(split["role"], split["percent"]) for split in splits}, {("service", 70), ("sales", 30)})
        self._pay(self._create_posted_invoice(order))
        self.assertCommission(order, 90, 210, salesperson=self.sales_zhao)

    def test_jobs_of_other_days_stay(self):
        order = self._create_job()
        order.date_order -= timedelta(days=40)
        self._pay(self._create_posted_invoice(order))
        splits = self._get_splits(order)
        self._correct(user_id=self.sales_zhao, origin="inherited")
        self.assertEqual(self._get_splits(order), splits)
        self.assertCommission(order, 210, 90)

    def test_only_managers_correct(self):
        wizard = (
            self.env["broker.assignment.correction"]
            .with_user(self.manager_qian)
            .create(
                {
                    "customer_id": self.customer.id,
                    "user_id": self.sales_zhao.id,
                    "date_from": self.today,
                    "reason": "Mine",
                }
            )
        )
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                wizard.with_user(user).action_correct()
            with self.assertRaises(AccessError):
                wizard.with_user(user).create({"customer_id": self.customer.id})
