from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionAccess(BrokerAccountCommon):
    """Who sees what; and that nobody, whoever they are, changes the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls._create_job()
        cls.invoice = cls._create_posted_invoice(cls.job)
        cls.entries = cls.env["broker.commission.entry"].search([("order_id", "=", cls.job.id)])
        cls.splits = cls.env["broker.commission.split"].search([("order_id", "=", cls.job.id)])
        cls.admin = cls.env.ref("base.user_admin")
        cls.admin.write({"company_ids": [Command.link(cls.company.id)]})

    def test_everybody_sees_their_own(self):
        Entry = self.env["broker.commission.entry"]
        Split = self.env["broker.commission.split"]
        for user in (self.sales_wang, self.service_chen):
            domain = [("order_id", "=", self.job.id)]
            self.assertEqual(Entry.with_user(user).search(domain).sudo().user_id, user)
            self.assertEqual(Split.with_user(user).search(domain).sudo().user_id, user)
        for user in (self.sales_zhao, self.care_sun):
            self.assertFalse(Entry.with_user(user).search([]))
            self.assertFalse(Split.with_user(user).search([]))
        with self.assertRaises(AccessError):
            Entry.with_user(self.plain_user).search([])
        self.assertEqual(Entry.with_user(self.manager_qian).search([("order_id", "=", self.job.id)]), self.entries)

    def test_reading_anothers_is_refused(self):
        of_wang = self.entries.filtered(lambda entry: entry.user_id == self.sales_wang)
        with self.assertRaises(AccessError):
            of_wang.with_user(self.sales_zhao).read(["amount"])
        groups = (
            self.env["broker.commission.entry"].with_user(self.sales_zhao)._read_group([], ["user_id"], ["amount:sum"])
        )
        self.assertFalse(groups)

    def test_manager_sees_shares_without_payee(self):
        self.customer.service_user_id = False
        job = self._create_job()
        self._create_posted_invoice(job)
        found = (
            self.env["broker.commission.entry"]
            .with_user(self.manager_qian)
            .search([("order_id", "=", job.id), ("user_id", "=", False)])
        )
        self.assertEqual(found.amount, 90)

    def test_nobody_writes(self):
        """Not through access rights, and not past them either."""
        for user in (self.sales_wang, self.manager_qian, self.admin):
            for records in (self.entries, self.splits):
                records = records.with_user(user)
                with self.assertRaises(UserError):
                    records.write({"user_id": user.id})
                with self.assertRaises(AccessError):
                    records.unlink()
                with self.assertRaises(AccessError):
                    records[0].create({"order_id": self.job.id})
                self.assertFalse(records.has_access("write"))
                self.assertFalse(records.has_access("create"))
                self.assertFalse(records.has_access("unlink"))

    def test_no_field_of_an_entry_is_written(self):
        for name, field in self.entries._fields.items():
            if field.store and name not in MAGIC_COLUMNS:
                with self.assertRaisesRegex(UserError, "not edited"):
                    self.entries[0].sudo().write({name: self.entries[0][name]})
        with self.assertRaisesRegex(UserError, "not edited"):
            self.entries.sudo().write({"amount": 1})

    def test_entries_are_never_deleted(self):
        with self.assertRaisesRegex(UserError, "never deleted"):
            self.entries.sudo().unlink()
        with self.assertRaisesRegex(UserError, "its split stays"):
            self.splits.sudo().unlink()

    def test_no_copy(self):
        with self.assertRaisesRegex(UserError, "not copied"):
            self.entries[0].sudo().copy()
        with self.assertRaisesRegex(UserError, "not by copy"):
            self.splits[0].sudo().copy()

    def test_no_import(self):
        for model in ("broker.commission.entry", "broker.commission.split"):
            with self.assertRaisesRegex(UserError, "import"):
                self.env[model].with_user(self.admin).load(["amount"], [["5"]])

    def test_split_is_fixed(self):
        for vals in ({"percent": 50}, {"rate": 50}, {"user_id": self.sales_zhao.id, "percent": 1}):
            with self.assertRaisesRegex(UserError, "is not edited"):
                self.splits.sudo().write(vals)
        with self.assertRaisesRegex(UserError, "is not edited"):
            self.splits.with_user(self.manager_qian).write({"user_id": self.sales_zhao.id})

    def test_plan_and_rule_of_a_job_are_not_to_be_had(self):
        """They decide about money: not by form, export or call."""
        for user in (self.sales_wang, self.manager_qian, self.admin):
            with self.assertRaises(AccessError):
                self.job.with_user(user).write({"broker_commission_plan_id": False})
            with self.assertRaises(AccessError):
                self.job.order_line.with_user(user).write({"broker_commission_rule_id": False})

    def test_job_with_commission_is_not_deleted(self):
        self.invoice.button_cancel()
        self.job._action_cancel()
        with self.assertRaisesRegex(UserError, f"job {self.job.name}"):
            self.job.unlink()

    def test_job_without_commission_is_deleted(self):
        # A job that went through its stages stays for the record.
        self.company.broker_relay_active = False
        job = self._create_job()
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertTrue(splits)
        job._action_cancel()
        job.unlink()
        self.assertFalse(splits.exists())

    def test_customer_file_totals(self):
        customer = self.customer.with_user(self.manager_qian)
        self.assertEqual((customer.commission_earned, customer.commission_released), (300, 0))
        self._pay(self.invoice, 4000)
        customer.invalidate_recordset()
        self.assertEqual((customer.commission_earned, customer.commission_released), (300, 120))
        for user in (self.sales_wang, self.service_chen):
            with self.assertRaises(AccessError):
                self.customer.with_user(user).read(["commission_earned"])

    def test_buttons(self):
        action = self.invoice.with_user(self.manager_qian).action_view_broker_commission()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), self.entries)
        self.assertEqual(self.invoice.with_user(self.manager_qian).broker_commission_count, 2)
        action = self.customer.with_user(self.manager_qian).action_view_commission()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), self.entries)

    def test_manager_gives_open_shares(self):
        self.customer.service_user_id = False
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.customer.service_user_id = self.service_lin
        own = splits.filtered(lambda split: split.user_id == self.sales_wang)
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            own.with_user(self.sales_wang).action_fill_payees()
        splits.with_user(self.manager_qian).action_fill_payees()
        self.assertCommission(job, 210, 90, agent=self.service_lin)
