from odoo import api, fields, models
from odoo.exceptions import UserError

from .broker_order_need_mixin import OUR_GROUPS


class BrokerOrderClaimMixin(models.AbstractModel):
    """An order by which the goods of a claim are printed again, for nothing."""

    _name = "broker.order.claim.mixin"
    _description = "Order: Claim"

    broker_claim_case_id = fields.Many2one(
        "broker.case",
        string="Printed Again for",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups=OUR_GROUPS,
        help="The claim for which the order is printed again; it bears no commission, its cost is the claim's.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._broker_check_claim(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._broker_check_claim(vals)
        return super().write(vals)

    @api.model
    def _broker_check_claim(self, vals):
        if not self.env.su and (vals.get("broker_claim_case_id") or self and "broker_claim_case_id" in vals):
            raise UserError(self.env._("A job is printed again by the button of its claim."))
