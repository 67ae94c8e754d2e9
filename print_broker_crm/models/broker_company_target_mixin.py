from odoo import fields, models


class BrokerCompanyTargetMixin(models.AbstractModel):
    """How long a company still counts towards the targets of a period that is over."""

    _name = "broker.company.target.mixin"
    _description = "Company: Targets"

    broker_target_close_days = fields.Integer(
        string="Close Targets After",
        default=5,
        help="Days after the end of a period until its targets stand as they are: invoices and credit notes of the "
        "period that are written later still count until then.",
    )

    _broker_target_close_days_positive = models.Constraint(
        "CHECK (broker_target_close_days >= 0)", "Targets cannot be closed before their period ends."
    )
