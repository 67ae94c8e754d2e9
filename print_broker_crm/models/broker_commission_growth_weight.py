from odoo import api, fields, models


class BrokerCommissionGrowthWeight(models.Model):
    """What a day on an account team weighs in a function, when a bonus is shared out."""

    _name = "broker.commission.growth.weight"
    _description = "Weight of a Function in the Growth Bonus"
    _order = "plan_id, function, id"
    _rec_name = "function"

    plan_id = fields.Many2one("broker.commission.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    function = fields.Selection(
        selection=lambda self: self.env["broker.customer.member"]._fields["function"]._description_selection(self.env),
        required=True,
    )
    weight = fields.Float(required=True, default=1.0, digits=(6, 2))

    _function_uniq = models.UniqueIndex("(plan_id, function)", "A function has one weight in a plan.")
    _weight_positive = models.Constraint(
        "CHECK (weight >= 0)",
        "A weight cannot be negative. With 0 the function has no part in the bonus.",
    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        weights = super().create(vals_list)
        weights.plan_id._check_not_used()
        return weights

    def write(self, vals):
        (self.plan_id | self.plan_id.browse(vals.get("plan_id") or ()))._check_not_used()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.plan_id._check_not_used()
