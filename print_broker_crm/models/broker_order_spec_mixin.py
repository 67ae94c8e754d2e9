from odoo import api, fields, models
from odoo.tools import float_is_zero, format_list


class BrokerOrderSpecMixin(models.AbstractModel):
    """The job specs of an order, and the order made again."""

    _name = "broker.order.spec.mixin"
    _description = "Order: Job Specs"

    broker_job_spec_count = fields.Integer(string="Printed Lines", compute="_compute_broker_job_spec_count")
    broker_job_spec_done_count = fields.Integer(string="Complete Job Specs", compute="_compute_broker_job_spec_count")

    @api.depends("order_line.broker_job_spec_state")
    def _compute_broker_job_spec_count(self):
        for order in self:
            states = [line.broker_job_spec_state for line in order.order_line if line.broker_job_spec_state]
            order.broker_job_spec_count = len(states)
            order.broker_job_spec_done_count = states.count("complete")

    # ACTIONS

    def action_view_broker_job_specs(self):
        """Open the job specs of the order; lines without one get an empty one to fill."""
        self.ensure_one()
        if self.state != "cancel" and self.has_access("write"):
            Spec = self.env["broker.job.spec"]
            lines = self.order_line.filtered(lambda line: line.broker_job_spec_state == "missing")
            Spec.create([{"order_line_id": line.id} for line in lines])
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_job_spec_action")
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    # BUSINESS

    def _broker_repeat(self):
        """Make a new quotation like this job, with its specs.

        Prices are those of today; a line that the price list gives no price keeps the
        last one. The cost is what the printing house charged for the last job.

        :return: the new `sale.order`
        """
        self.ensure_one()
        salesperson = self.broker_customer_id.user_id or self.env.user
        order = self.copy({"opportunity_id": False, "origin": self.name, "user_id": salesperson.id})
        pairs = list(zip(self._get_copiable_order_lines(), order.order_line, strict=True))
        order._recompute_prices()
        kept = order.order_line.browse()
        costs = self.order_line._get_purchased_costs()
        for old, new in pairs:
            if new.display_type:
                continue
            if float_is_zero(new.price_unit, precision_digits=6) and old.price_unit:
                new.write({"price_unit": old.price_unit, "discount": old.discount})
                kept |= new
            if old in costs:
                new.purchase_price = costs[old]
            if old.broker_job_spec_id and new.broker_job_spec_id:
                new.broker_job_spec_id.source_spec_id = old.broker_job_spec_id
        note = self.env._("The same as %(order)s, at the prices of today.", order=self.name)
        if kept:
            note = self.env._(
                "The same as %(order)s, at the prices of today; the price list has none for %(lines)s, which kept "
                "the last price.",
                order=self.name,
                lines=format_list(self.env, kept.product_id.mapped("name")),
            )
        order.message_post(body=note)
        return order
