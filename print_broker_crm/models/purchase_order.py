from odoo import api, fields, models


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["broker.purchase.masking.mixin", "purchase.order"]

    broker_job_spec_text = fields.Text(
        string="Job Specs as Printed", compute="_compute_broker_job_spec_text", compute_sudo=True
    )

    @api.depends_context("lang")
    @api.depends("order_line.broker_job_spec_text")
    def _compute_broker_job_spec_text(self):
        for order in self:
            lines = order.order_line.filtered("broker_job_spec_text")
            order.broker_job_spec_text = "\n\n".join(
                f"{line.product_id.display_name}\n{line.broker_job_spec_text}" for line in lines
            )

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") == "purchase":
            self.order_line._broker_freeze_promises()
        if "state" in vals or "currency_id" in vals:
            self.env["broker.commission.entry"]._update_costs(self.order_line)
        return result
