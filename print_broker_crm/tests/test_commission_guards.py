from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_statement import MARCH, StatementCommon


@tagged("post_install", "-at_install")
class TestCommissionGuards(StatementCommon):
    """What the values may not say, neither a context nor another parent says."""

    def test_no_context_confirms_a_statement(self):
        context = {"state": "confirmed", "payable_amount": 5000, "snapshot": "{}", "checksum": "x", "is_carried": True}
        march = self.Statement.with_context(**{f"default_{name}": value for name, value in context.items()}).create(
            {"user_id": self.sales_wang.id, "date_from": MARCH[0], "date_to": MARCH[1]}
        )
        self.assertEqual((march.state, march.payable_amount, march.is_carried), ("open", 0, False))
        self.assertFalse(march.sudo().snapshot or march.checksum)

    def test_no_context_puts_an_adjustment_on_a_confirmed_statement(self):
        self._sell()
        self._at("04-02")
        march = self._confirm(MARCH)
        row = self.Adjustment.with_context(default_statement_id=march.id).create(
            {"user_id": self.sales_wang.id, "amount": 5, "reason": "Agreed"}
        )
        self.assertFalse(row.statement_id)
        self.assertEqual(march.verification, "verified")

    def test_no_context_posts_a_charged_cost(self):
        charge = (
            self.env["broker.commission.charge"]
            .with_user(self.manager_qian)
            .with_context(default_state="posted", default_posted_by_id=self.sales_wang.id)
            .create({"order_id": self._create_job().id, "amount": 5, "reason": "Freight"})
        )
        self.assertEqual(charge.state, "draft")
        self.assertFalse(charge.posted_by_id)

    def test_nothing_is_moved_into_a_plan_in_use(self):
        self._sell()
        used = self.Entry.search([], limit=1).plan_id
        draft = used.copy({"date_from": "2030-01-01"}).with_user(self.manager_qian)
        weight = self.env["broker.commission.growth.weight"].with_user(self.manager_qian)
        weight = weight.create({"plan_id": draft.id, "function": "lead", "weight": 2})
        share = draft.rule_ids[0].share_ids[0]
        for record, vals in (
            (draft.rule_ids[0], {"plan_id": used.id, "sequence": 0}),
            (share, {"rule_id": used.rule_ids[0].id}),
            (weight, {"plan_id": used.id}),
        ):
            with self.assertRaisesRegex(UserError, "already written under the plan"):
                record.write(vals)
        with self.assertRaisesRegex(UserError, "already written under the plan"):
            draft.rule_ids.with_context(default_plan_id=used.id).create(
                {"name": "First of all", "sequence": 0, "share_ids": [(0, 0, {"role": "sales", "percent": 100})]}
            )
