from odoo import fields, models


class BrokerCommissionWhatIfLine(models.TransientModel):
    """What one person would have of one job in a role, beside what stands in the ledger."""

    _name = "broker.commission.what.if.line"
    _inherit = ["broker.commission.what.if.result.mixin"]
    _description = "Commission: Job in a What If"
    _order = "what_if_id, user_id, order_id desc, id"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", string="Job", required=True)
    customer_id = fields.Many2one("broker.customer")
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        required=True,
    )

    def action_view_entries(self):
        """Open what stands in the ledger for this job and payee."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [
            ("order_id", "=", self.order_id.id),
            ("role", "=", self.role),
            ("user_id", "=", self.user_id.id),
        ]
        return action
