from odoo import fields, models


class BrokerHandoffRequirement(models.Model):
    """Something that service must know or hold before it can take over a job."""

    _name = "broker.handoff.requirement"
    _description = "Handoff Requirement"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to ask for it in every company.",
    )
    check_method = fields.Selection(
        [
            ("manual", "By hand"),
            ("contact_reachable", "Contact has a phone or an e-mail"),
            ("delivery_date", "Order has a delivery date"),
            ("payment_terms", "Order has payment terms"),
            ("cost_known", "Every order line has a cost"),
            ("order_confirmed", "Order is confirmed"),
            ("promises", "Promises are written down"),
            ("not_sold", "What was not sold is written down"),
            ("still_open", "What is still open is written down"),
        ],
        string="Checked",
        required=True,
        default="manual",
        help="By hand: a person marks it as provided. Otherwise the system looks at "
        "the opportunity, the order or the packet and marks it itself.",
    )
    required = fields.Boolean(
        default=True,
        help="An unanswered required item holds the handoff up; an optional one does not.",
    )
    note_required = fields.Boolean(
        string="Note Needed",
        help="Marking it as provided is not enough: the note must say what.",
    )
