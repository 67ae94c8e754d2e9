from odoo import fields, models


class BrokerRelayReason(models.Model):
    """Why a job was sent back to whoever had it before."""

    _name = "broker.relay.reason"
    _description = "Reason of a Returned Job"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Leave empty to offer it in every company."
    )
