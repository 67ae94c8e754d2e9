from odoo import api, fields, models

_COST_FIELDS = {
    "price_unit",
    "discount",
    "product_qty",
    "product_uom_id",
    "tax_ids",
    "sale_line_id",
}


class PurchaseOrderLine(models.Model):
    _name = "purchase.order.line"
    _inherit = ["broker.purchase.line.promise.mixin", "purchase.order.line"]

    broker_job_spec_text = fields.Text(
        string="Job Spec as Printed",
        compute="_compute_broker_job_spec_text",
        compute_sudo=True,
        help="Of the job that the line is bought for; it does not name the customer.",
    )

    @api.depends_context("lang")
    @api.depends("sale_line_id.broker_job_spec_ids.write_date")
    def _compute_broker_job_spec_text(self):
        for line in self:
            line.broker_job_spec_text = line.sale_line_id.broker_job_spec_text

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._broker_update_costs()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if _COST_FIELDS & set(vals):
            self._broker_update_costs()
        return result

    def _broker_update_costs(self):
        """Tell the commission room what confirmed lines for jobs cost now."""
        lines = self.sudo().filtered(lambda line: line.sale_line_id and line.state == "purchase")
        if lines:
            self.env["broker.commission.entry"]._update_costs(lines)
