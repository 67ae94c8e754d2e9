from odoo import api, fields, models

_STATES = [
    ("missing", "No Spec"),
    ("incomplete", "To Complete"),
    ("check", "To Confirm"),
    ("complete", "Complete"),
]


class BrokerOrderLineSpecMixin(models.AbstractModel):
    """The job spec of an order line."""

    _name = "broker.order.line.spec.mixin"
    _description = "Order Line: Job Spec"

    # One at most, see the index of the spec; copied with the line.
    broker_job_spec_ids = fields.One2many("broker.job.spec", "order_line_id", string="Job Specs", copy=True)
    broker_job_spec_id = fields.Many2one(
        "broker.job.spec", string="Job Spec", compute="_compute_broker_job_spec_id", compute_sudo=True
    )
    broker_job_spec_state = fields.Selection(
        _STATES,
        string="Spec",
        compute="_compute_broker_job_spec_id",
        compute_sudo=True,
        help="Empty for lines that are not printed.",
    )
    broker_job_spec_text = fields.Text(
        string="Job Spec as Printed", compute="_compute_broker_job_spec_text", compute_sudo=True
    )

    @api.depends("broker_job_spec_ids.state", "product_id", "display_type", "is_downpayment")
    def _compute_broker_job_spec_id(self):
        for line in self:
            spec = line._get_broker_job_spec()
            line.broker_job_spec_id = spec
            line.broker_job_spec_state = spec.state or (line._is_broker_printed() and "missing")

    @api.depends_context("lang")
    @api.depends("broker_job_spec_ids.write_date")
    def _compute_broker_job_spec_text(self):
        for line in self:
            spec = line._get_broker_job_spec()
            line.broker_job_spec_text = spec._get_text() if spec else False

    # ACTIONS

    def action_open_broker_job_spec(self):
        """Open the short form of the line's job spec, to fill or to read."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Job Spec"),
            "res_model": "broker.job.spec",
            "res_id": self.broker_job_spec_id.id,
            "views": [(self.env.ref("print_broker_crm.broker_job_spec_view_form_short").id, "form")],
            "target": "new",
            "context": {"default_order_line_id": self.id},
        }

    # BUSINESS

    def _get_broker_job_spec(self):
        """Return the line's job spec or an empty record, fetched together with those of
        the other lines (a slice would fetch one by one)."""
        self.ensure_one()
        return next(iter(self.broker_job_spec_ids), self.broker_job_spec_ids)

    def _is_broker_printed(self):
        """Return whether the line is printed and needs a job spec: its product says so."""
        self.ensure_one()
        return (
            not self.display_type
            and not self.is_downpayment
            and bool(self.sudo().product_id.product_tmpl_id.broker_product_type_id)
        )
