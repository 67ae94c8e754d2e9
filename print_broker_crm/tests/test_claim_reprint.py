from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_claim import ClaimCommon


@tagged("post_install", "-at_install")
class TestClaimReprint(ClaimCommon):
    """What is printed again for nothing."""

    def _buy(self, job, price=700):
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.press.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_qty": line.product_uom_qty,
                            "price_unit": price,
                            "sale_line_id": line.id,
                        }
                    )
                    for line in job.order_line
                ],
            }
        )
        purchase.button_confirm()
        return purchase

    def test_reprint(self):
        self._buy(self.job)
        self._create_posted_invoice(self.job)
        case = self._open_claim(fault_printing_house=100)
        self.assertEqual(case.printing_house_id, self.press)
        reprint = self.env["sale.order"].browse(case.action_reprint()["res_id"])
        self.assertEqual((reprint.state, reprint.amount_total, reprint.origin), ("sale", 0, case.name))
        self.assertEqual(reprint.partner_id, self.partner)
        self.assertEqual(reprint.order_line.product_uom_qty, 2)
        bought = reprint.order_line.purchase_line_ids
        self.assertEqual(
            (bought.order_id.state, bought.partner_id, bought.product_qty, bought.price_unit),
            ("draft", self.press, 2, 700),
        )
        # Twice 700, for nobody's commission.
        self.assertEqual((case.reprint_cost, case.claim_cost), (1400, 1400))
        self.assertFalse(self.env["broker.commission.split"].search([("order_id", "=", reprint.id)]))
        self.assertFalse(reprint.sudo().broker_commission_plan_id)
        self.assertEqual(case.action_reprint()["res_id"], reprint.id, "a second tap")
        self.assertEqual(case.reprint_count, 1)
        case.with_user(self.manager_qian).action_settle_claim()
        # A margin of 1,600: a pool of 160.
        self.assertCommission(self.job, 112, 48, "earned")
        self.assertFalse(self.env["broker.commission.entry"].search([("order_id", "=", reprint.id)]))
        # It became dearer: closing brings the charge up to date.
        bought.price_unit = 800
        bought.order_id.button_confirm()
        self.assertEqual(case.claim_cost, 1600)
        self._fill_result(case)
        case.action_close()
        self.assertEqual(self._get_charges(case), ([(False, 1600)], 3))

    def test_reprint_that_is_cancelled(self):
        case = self._open_claim()
        first = self.env["sale.order"].browse(case.action_reprint()["res_id"])
        first._action_cancel()
        self.assertEqual((case.reprint_cost, case.reprint_count), (0, 0))
        self.assertNotEqual(case.action_reprint()["res_id"], first.id)

    def test_not_by_hand(self):
        case = self._open_claim()
        for user in (self.service_chen, self.manager_qian):
            with self.assertRaises(UserError):
                self.job.with_user(user).broker_claim_case_id = case
            with self.assertRaises(UserError):
                self.env["sale.order"].with_user(user).create(
                    {"partner_id": self.partner.id, "broker_claim_case_id": case.id}
                )
        for user in (self.care_sun, self.sales_wang):
            with self.assertRaises(AccessError):
                case.with_user(user).action_reprint()
        crafted = self.env["sale.order"].with_user(self.service_chen).with_context(default_broker_claim_case_id=case.id)
        self.assertFalse(crafted.create({"partner_id": self.partner.id}).sudo().broker_claim_case_id)

    def test_nothing_to_print(self):
        case = self._open_claim()
        case.claim_line_ids.unlink()
        with self.assertRaisesRegex(UserError, "lines of the claim"):
            case.action_reprint()
