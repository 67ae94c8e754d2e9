import psycopg2

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_statement import APRIL, MARCH, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionDispute(StatementCommon):
    """The payee says what is wrong, a manager answers, the open month corrects it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=False))
        cls.Dispute = cls.env["broker.commission.dispute"]
        cls.job = cls._create_job()
        cls._pay(cls._create_posted_invoice(cls.job))
        cls.entry = cls.Entry.search([("user_id", "=", cls.sales_wang.id), ("book", "=", "released")])
        cls.of_chen = cls.Entry.search([("user_id", "=", cls.service_chen.id), ("book", "=", "released")])
        cls.company.broker_dispute_user_id = cls.manager_qian

    def _raise(self, user=None, **kwargs):
        return self.Dispute.with_user(user or self.sales_wang).create(
            {"reason": "amount", "description": "The plate costs were the customer's", "expected_amount": 42, **kwargs}
        )

    def _decide(self, dispute, decision, amount=0.0, user=None):
        wizard = (
            self.env["broker.commission.dispute.decision"]
            .with_user(user or self.manager_qian)
            .create({"dispute_id": dispute.id, "decision": decision, "answer": "We looked at it"})
        )
        if decision == "partial":
            wizard.amount = amount
        wizard.action_decide()

    def test_granted_after_the_month_was_confirmed(self):
        """210 stand on March; 42 come with April."""
        self._at("04-02")
        march = self._confirm(MARCH)
        action = self.entry.with_user(self.sales_wang).action_dispute()
        self.assertEqual(action["context"], {"default_entry_id": self.entry.id, "default_statement_id": march.id})
        dispute = self._raise(entry_id=self.entry.id, statement_id=march.id)
        self.assertEqual((dispute.disputed_amount, dispute.company_id), (210, self.company))
        activity = dispute.sudo().activity_ids
        self.assertEqual((activity.user_id, str(activity.date_deadline)), (self.manager_qian, "2026-04-07"))
        self._decide(dispute, "granted")
        self.assertEqual((dispute.state, dispute.granted_amount, dispute.answer), ("granted", 42, "We looked at it"))
        self.assertFalse(dispute.sudo().activity_ids)
        correction = dispute.correction_ids
        self.assertEqual((correction.kind, correction.amount, correction.entry_id), ("dispute", 42, self.entry))
        self.assertIn(self.sales_wang.partner_id, dispute.sudo().message_ids.notified_partner_ids)
        self.assertFigures(self._open(APRIL), 210, 0, 0, 42, 0, 252)
        self.assertFigures(march, 0, 210, 0, 0, 0, 210)
        self.assertEqual(march.verification, "verified")

    def test_granted_in_part(self):
        dispute = self._raise(entry_id=self.entry.id)
        for amount in (0, 42, 50, -5):
            with self.assertRaisesRegex(UserError, "In part is"):
                self._decide(dispute, "partial", amount)
        self._decide(dispute, "partial", 20)
        self.assertEqual((dispute.state, dispute.correction_ids.amount), ("partial", 20))

    def test_denied(self):
        dispute = self._raise(entry_id=self.entry.id)
        self._decide(dispute, "denied")
        self.assertEqual((dispute.state, dispute.granted_amount), ("denied", 0))
        self.assertFalse(dispute.correction_ids)
        with self.assertRaisesRegex(UserError, "is closed"):
            self._decide(dispute, "granted")

    def test_missing_job_without_an_amount(self):
        dispute = self._raise(reason="missing", order_id=self.job.id, expected_amount=0)
        with self.assertRaisesRegex(UserError, "No amount was named"):
            self._decide(dispute, "granted")
        self._decide(dispute, "partial", 15)
        self.assertEqual(dispute.correction_ids.amount, 15)

    def test_too_much_is_given_back(self):
        dispute = self._raise(entry_id=self.entry.id, expected_amount=-10)
        self._decide(dispute, "granted")
        self.assertEqual(dispute.correction_ids.amount, -10)

    def test_only_own_rows(self):
        for vals in ({"entry_id": self.of_chen.id}, {"statement_id": self._open(MARCH, self.service_chen).id}):
            with self.assertRaises(UserError), self.cr.savepoint():
                self._raise(**vals)
        foreign = self._create_partner("Opal Hotel", self.sales_zhao)
        job = self.env["sale.order"].create(
            {"partner_id": foreign.id, "order_line": [Command.create({"product_id": self.print_product.id})]}
        )
        job.action_confirm()
        with self.assertRaises(UserError), self.cr.savepoint():
            self._raise(order_id=job.id)
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._raise(user_id=self.sales_zhao.id)

    def test_nobody_sees_anothers(self):
        dispute = self._raise(entry_id=self.entry.id)
        for user in (self.service_chen, self.sales_zhao, self.care_sun):
            self.assertFalse(self.Dispute.with_user(user).search([]))
            with self.assertRaises(AccessError):
                dispute.with_user(user).read(["description"])
            with self.assertRaises(AccessError):
                dispute.with_user(user).action_withdraw()
        self.assertEqual(self.Dispute.with_user(self.manager_qian).search([]), dispute)

    def test_the_decision_is_written_by_the_decision_alone(self):
        dispute = self._raise(entry_id=self.entry.id)
        decided = {"state": "granted", "granted_amount": 9, "answer": "Yes", "decided_by_id": self.sales_wang.id}
        for user in (self.sales_wang, self.manager_qian, self.env.ref("base.user_admin")):
            for name, value in decided.items():
                with self.assertRaises(UserError):
                    dispute.with_user(user).write({name: value})
            with self.assertRaises(UserError):
                dispute.with_user(user).write({"correction_ids": [Command.create({"amount": 5})]})
            with self.assertRaises(UserError):
                dispute.with_user(user).copy()
        for name, value in decided.items():
            with self.assertRaises(UserError):
                self._raise(**{name: value})
        with self.assertRaises(AccessError):
            self._decide(dispute, "granted", user=self.sales_wang)
        with self.assertRaises(AccessError):
            dispute.with_user(self.manager_qian).unlink()
        dispute.write({"description": "And the film"})
        self._decide(dispute, "denied")
        for name, field in dispute._fields.items():
            if field.store and name not in MAGIC_COLUMNS and not field.type.endswith("2many"):
                with self.assertRaises(UserError, msg=name):
                    dispute.sudo().write({name: dispute[name]})

    def test_nobody_decides_their_own(self):
        dispute = self._raise(user=self.manager_qian)
        self.assertNotIn(self.manager_qian, dispute.sudo().activity_ids.user_id)
        with self.assertRaisesRegex(UserError, "ask another manager"):
            self._decide(dispute, "denied")

    def test_withdrawn(self):
        dispute = self._raise(entry_id=self.entry.id)
        dispute.action_withdraw()
        self.assertEqual(dispute.state, "withdrawn")
        self.assertFalse(dispute.sudo().activity_ids)
        with self.assertRaisesRegex(UserError, "is closed"):
            self._decide(dispute, "granted")
        # The way is free for another one.
        self._raise(entry_id=self.entry.id)

    @mute_logger("odoo.sql_db")
    def test_one_open_dispute_per_entry(self):
        self._raise(entry_id=self.entry.id)
        with self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
            self._raise(entry_id=self.entry.id)

    def test_no_deadline(self):
        self.company.broker_dispute_days = 0
        self.assertFalse(self._raise().deadline)

    def test_amount_raised_behind_the_managers_back(self):
        dispute = self._raise(entry_id=self.entry.id)
        wizard = (
            self.env["broker.commission.dispute.decision"]
            .with_user(self.manager_qian)
            .create({"dispute_id": dispute.id, "decision": "granted", "answer": "We looked at it"})
        )
        self.env.flush_all()
        dispute.expected_amount = 42000
        with self.assertRaisesRegex(UserError, "meanwhile"):
            wizard.action_decide()
        self.assertEqual(dispute.state, "open")
