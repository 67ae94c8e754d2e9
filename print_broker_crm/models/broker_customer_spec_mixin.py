from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerCustomerSpecMixin(models.AbstractModel):
    """What the customer had printed, on the customer file."""

    _name = "broker.customer.spec.mixin"
    _description = "Customer File: Job Specs"

    job_spec_count = fields.Integer(string="Job Specs", compute="_compute_job_spec_count")

    def _compute_job_spec_count(self):
        counts = {}
        if self.env["broker.job.spec"].has_access("read"):
            counts = dict(
                self.env["broker.job.spec"]._read_group(
                    Domain("order_id.broker_customer_id", "in", self.ids), ["order_id"], ["__count"]
                )
            )
        totals = {}
        for order, count in counts.items():
            totals[order.broker_customer_id.id] = totals.get(order.broker_customer_id.id, 0) + count
        for customer in self:
            customer.job_spec_count = totals.get(customer._origin.id, 0)

    # ACTIONS

    def action_view_job_specs(self):
        """Open what the customer had printed, the newest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_job_spec_action")
        action["domain"] = [("order_id.broker_customer_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    def action_same_as_last_time(self):
        """Make a quotation like the customer's last job and open it.

        :raises UserError: when there is no job that the present user sees
        """
        self.ensure_one()
        job = self.env["sale.order"].search(
            Domain("broker_customer_id", "=", self.id) & Domain("state", "=", "sale"),
            order="date_order desc, id desc",
            limit=1,
        )
        if not job:
            raise UserError(
                self.env._(
                    "%(customer)s has no job yet that could be made again. Make a quotation.",
                    customer=self.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": job._broker_repeat().id,
            "views": [(False, "form")],
        }
