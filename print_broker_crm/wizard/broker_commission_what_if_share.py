from odoo import fields, models


class BrokerCommissionWhatIfShare(models.TransientModel):
    """The part of a rule's pool that a role would get in a what-if."""

    _name = "broker.commission.what.if.share"
    _description = "Commission: Share in a What If"
    _order = "what_if_id, id"
    _rec_name = "role"

    what_if_id = fields.Many2one("broker.commission.what.if", required=True, index=True, ondelete="cascade")
    plan_id = fields.Many2one(related="what_if_id.plan_id")
    rule_id = fields.Many2one("broker.commission.rule", required=True, domain="[('plan_id', '=', plan_id)]")
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        required=True,
    )
    percent = fields.Float(string="Share (%)", required=True, digits=(5, 2))
