from odoo import fields, models


class BrokerTargetDefinitionMixin(models.AbstractModel):
    """What kind of events a goal counts, for the definitions of a print broker."""

    _name = "broker.target.definition.mixin"
    _description = "Target: Definition"

    broker_kind = fields.Selection(
        selection=lambda self: self.env["broker.target.event"]._fields["kind"]._description_selection(self.env),
        string="Counts",
        index="btree_not_null",
        help="What a print broker counts; the goal is worked out from these rows alone and cannot be typed in.",
    )
