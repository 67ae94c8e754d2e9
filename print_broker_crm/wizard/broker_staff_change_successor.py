from odoo import fields, models


class BrokerStaffChangeSuccessor(models.TransientModel):
    """Asks for one successor of several lines of staff changes."""

    _name = "broker.staff.change.successor"
    _description = "Set Successor"

    line_ids = fields.Many2many(
        "broker.staff.change.line",
        string="Customers",
        required=True,
        default=lambda self: self._default_line_ids(),
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    successor_id = fields.Many2one(
        "res.users",
        required=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    stays_until = fields.Date(help="Empty: the days of the lines stay as they are.")

    def _default_line_ids(self):
        if self.env.context.get("active_model") == "broker.staff.change.line":
            return self.env.context.get("active_ids")
        return False

    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.line_ids.company_id[:1] or self.env.company

    def action_set(self):
        """Write the successor on all lines chosen."""
        self.ensure_one()
        vals = {"successor_id": self.successor_id.id}
        if self.stays_until:
            vals["stays_until"] = self.stays_until
        self.line_ids.write(vals)
        return {"type": "ir.actions.act_window_close"}
