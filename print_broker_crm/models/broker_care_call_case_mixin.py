from odoo import api, fields, models
from odoo.fields import Domain

from .broker_case_clock_mixin import OPEN_STATES


class BrokerCareCallCaseMixin(models.AbstractModel):
    """What the customer still waits for, beside the call."""

    _name = "broker.care.call.case.mixin"
    _description = "Care Call: Cases"

    open_case_ids = fields.Many2many("broker.case", string="Open Cases", compute="_compute_open_case_ids")

    @api.depends("customer_id", "case_ids")
    def _compute_open_case_ids(self):
        cases = self.env["broker.case"].search(
            Domain("customer_id", "in", self.customer_id.ids) & Domain("state", "in", (*OPEN_STATES, "solved"))
        )
        by_customer = cases.grouped("customer_id")
        for call in self:
            call.open_case_ids = by_customer.get(call.customer_id._origin)

    def action_open_case(self):
        """Open a case of what the customer says; those who work on it read the officer's
        words there, and never the call."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Open Case"),
            "res_model": "broker.case",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_customer_id": self.customer_id.id,
                "default_order_id": self.order_id.id,
                "default_partner_id": self.partner_id.id,
                "default_care_call_id": self.id,
                "default_kind": "complaint",
            },
        }
