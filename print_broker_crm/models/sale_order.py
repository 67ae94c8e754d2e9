from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class SaleOrder(models.Model):
    _inherit = "sale.order"

    broker_customer_id = fields.Many2one(
        "broker.customer",
        string="Customer File",
        compute="_compute_broker_customer_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
    )

    def _auto_init(self):
        # On a database full of orders the column is filled by the install hook.
        if not column_exists(self.env.cr, self._table, "broker_customer_id"):
            create_column(self.env.cr, self._table, "broker_customer_id", "int4")
        return super()._auto_init()

    @api.depends("partner_id.commercial_partner_id.broker_customer_ids", "company_id")
    def _compute_broker_customer_id(self):
        self.env["broker.customer"]._fill_customer(self, lambda order: order.partner_id, lambda order: order.company_id)

    def _action_confirm(self):
        result = super()._action_confirm()
        self._broker_after_confirm()
        return result

    def _broker_after_confirm(self):
        """Tell the rooms that these orders became jobs."""
        for company, orders in self.grouped("company_id").items():
            self.env["broker.customer"]._open_for_partners(orders.partner_id, company)
        self.env["broker.handoff"]._attach_orders(self)
        self.env["broker.commission.split"]._snapshot_orders(self)
