from datetime import date

import psycopg2

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_care import CareCommon

CHINESE = "[\u4e00-\u9fff]"


@tagged("post_install", "-at_install")
class TestMessages(CareCommon):
    """Bad input is answered in the language of whoever typed it, and loses nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["ir.module.module"]._load_module_terms(["print_broker_crm"], ["zh_CN"])
        cls.env = cls.env(context=dict(cls.env.context, lang="zh_CN"))

    def test_handoff_without_a_customer(self):
        stage = self.env.ref("print_broker_crm.crm_stage_service_handoff")
        lead = self.env["crm.lead"].create({"name": "Menus", "type": "opportunity", "user_id": self.sales_wang.id})
        before = lead.stage_id
        with self.assertRaisesRegex(UserError, CHINESE), self.cr.savepoint():
            lead.stage_id = stage
        lead.invalidate_recordset()
        self.assertEqual((lead.stage_id, lead.name), (before, "Menus"))

    def test_shares_of_99(self):
        plan = self.env["broker.commission.plan"].search([("company_id", "=", self.company.id)], limit=1)
        shares = [Command.create({"role": "sales", "percent": 70}), Command.create({"role": "service", "percent": 29})]
        with self.assertRaisesRegex(ValidationError, f"99 ?%.*{CHINESE}.*100"), self.cr.savepoint():
            self.env["broker.commission.rule"].create({"plan_id": plan.id, "name": "Posters", "share_ids": shares})

    @mute_logger("odoo.sql_db")
    def test_second_open_assignment(self):
        customer = self._open_customer()
        row = customer.assignment_ids.filtered(lambda row: row.role == "sales")
        with self.assertRaises(psycopg2.IntegrityError) as refused, self.cr.savepoint():
            row.copy({"user_id": self.sales_zhao.id, "date_from": date(2020, 1, 1)})
        self.assertRegex(self.env["broker.assignment"]._sql_error_to_message(refused.exception), CHINESE)
        self.assertTrue(row.is_open)

    def test_call_result_without_an_outcome(self):
        call = self._plan_call(self._open_customer()).with_context(lang="zh_CN")
        call.needs_heard = "Calendars"
        with self.assertRaisesRegex(UserError, CHINESE), self.cr.savepoint():
            call.action_log_attempt()
        self.assertEqual((call.state, call.needs_heard), ("planned", "Calendars"))

    def test_thresholds_that_do_not_ascend(self):
        policy = self.env["broker.tier.policy"].create({"name": "Draft", "company_id": self.company.id})
        dimension = policy.dimension_ids.filtered(lambda row: row.code == "revenue")
        before = dimension.threshold_3
        with self.assertRaisesRegex(ValidationError, CHINESE), self.cr.savepoint():
            dimension.threshold_3 = dimension.threshold_2
            dimension.flush_recordset()
        dimension.invalidate_recordset()
        self.assertEqual(dimension.threshold_3, before)
