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

    # The name of a sale's line tells whose job it is; printing houses read their lines.
    sale_line_id = fields.Many2one(groups="base.group_user")
    sale_order_id = fields.Many2one(groups="base.group_user")
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

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        if not self.env.su and not self.env.user._is_internal():
            self.env["broker.identity"]._mask_rows(self.order_id._broker_get_pattern(), rows)
        return rows

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._broker_part_sides()
        lines.order_id._broker_check_typed({"order_line"})
        lines._broker_update_costs()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "sale_line_id" in vals:
            self._broker_part_sides()
        if vals.get("sale_line_id") or "name" in vals:
            self.order_id._broker_check_typed(None if vals.get("sale_line_id") else {"order_line"})
        if _COST_FIELDS & set(vals):
            self._broker_update_costs()
        return result

    def _broker_update_costs(self):
        """Tell the commission room what confirmed lines for jobs cost now."""
        lines = self.sudo().filtered(lambda line: line.sale_line_id and line.state == "purchase")
        if lines:
            self.env["broker.commission.entry"]._update_costs(lines)

    def _broker_part_sides(self):
        """Let nobody follow the other side's order, now that the two belong together."""
        lines = self.sudo().filtered("sale_line_id")
        lines.order_id._broker_drop_hidden_followers()
        lines.sale_line_id.order_id._broker_drop_hidden_followers()
