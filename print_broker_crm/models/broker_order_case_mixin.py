from odoo import fields, models
from odoo.fields import Domain

from .broker_order_need_mixin import OUR_GROUPS


class BrokerOrderCaseMixin(models.AbstractModel):
    """Cases about a job."""

    _name = "broker.order.case.mixin"
    _description = "Order: Cases"

    broker_case_ids = fields.One2many("broker.case", "order_id", string="Cases", readonly=True, groups=OUR_GROUPS)
    broker_case_count = fields.Integer(compute="_compute_broker_case_count", groups=OUR_GROUPS)

    def _compute_broker_case_count(self):
        Case = self.env["broker.case"]
        counts = dict(
            Case._read_group(Domain("order_id", "in", self.ids), ["order_id"], ["__count"])
            if Case.has_access("read")
            else []
        )
        for order in self:
            order.broker_case_count = counts.get(order._origin, 0)

    def action_view_broker_cases(self):
        """Open the cases about this job."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_case_action")
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = self._get_broker_case_context()
        return action

    def action_open_broker_case(self):
        """Open a case about this job."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.case",
            "view_mode": "form",
            "context": self._get_broker_case_context(),
        }

    def _get_broker_case_context(self):
        """Return the defaults of a case about this job."""
        return {
            "default_customer_id": self.sudo().broker_customer_id.id,
            "default_order_id": self.id,
            "default_kind": "complaint",
        }
