from odoo import api, fields, models
from odoo.exceptions import AccessError


class BrokerAssignmentCorrection(models.TransientModel):
    """Asks a manager who really served a customer on days that are past or going on."""

    _name = "broker.assignment.correction"
    _description = "Correct an Assignment"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    customer_id = fields.Many2one(
        "broker.customer",
        required=True,
        domain="[('company_id', '=', company_id)]",
        ondelete="cascade",
    )
    role = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["role"]._description_selection(self.env),
        required=True,
        default="sales",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Person",
        context={"active_test": False},
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who really had the role. Empty: nobody had it.",
    )
    origin = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["origin"]._description_selection(self.env),
        default="developed",
        help="How the salesperson came to the customer. It decides the split of the commission.",
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(
        string="Until", help="The first day that no longer belongs to this person. Empty: it goes on."
    )
    reason = fields.Char(required=True, help="Why it is corrected; others will read it.")
    void_ids = fields.Many2many(
        "broker.assignment",
        string="Rows That No Longer Count",
        compute="_compute_void_ids",
        help="What they say about other days is written anew.",
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        active_id = self.env.context.get("active_id")
        if not active_id:
            return values
        if self.env.context.get("active_model") == "broker.assignment":
            row = self.env["broker.assignment"].browse(active_id)
            values.update(
                company_id=row.company_id.id,
                customer_id=row.customer_id.id,
                role=row.role,
                user_id=row.user_id.id,
                origin=row.origin,
                date_from=row.date_from,
                date_to=row.date_to,
            )
        elif self.env.context.get("active_model") == "broker.customer":
            customer = self.env["broker.customer"].browse(active_id)
            values.update(company_id=customer.company_id.id, customer_id=customer.id)
        return values

    @api.depends("customer_id", "role", "date_from", "date_to")
    def _compute_void_ids(self):
        for wizard in self:
            if wizard.customer_id and wizard.role and wizard.date_from:
                wizard.void_ids = self.env["broker.assignment"]._get_overlapping(
                    wizard.customer_id, wizard.role, wizard.date_from, wizard.date_to
                )
            else:
                wizard.void_ids = False

    def action_correct(self):
        """Write the correction into the ledger.

        :raise AccessError: for anybody but a manager
        :raise UserError: see `broker.assignment._correct`
        """
        self.ensure_one()
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager corrects who served a customer."))
        self.customer_id.check_access("write")
        self.env["broker.assignment"].sudo()._correct(
            self.customer_id.sudo(),
            self.role,
            self.user_id.sudo(),
            self.date_from,
            self.date_to,
            self.reason,
            origin=self.role == "sales" and self.origin,
        )
        return {"type": "ir.actions.act_window_close"}
