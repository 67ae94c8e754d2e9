from odoo import fields, models
from odoo.fields import NO_ACCESS


class BrokerCompanyContactMixin(models.AbstractModel):
    """How late a company lets contacts be logged and corrected, and up to when they were
    gathered."""

    _name = "broker.company.contact.mixin"
    _description = "Company: Contacts"

    broker_contact_back_days = fields.Integer(
        string="Contacts Logged Late",
        default=7,
        help="A contact may be logged so many days after it took place; 0 is on the same day.",
    )
    broker_contact_correct_hours = fields.Float(
        string="Contacts Corrected Within",
        default=24.0,
        help="Hours in which who logged a contact may correct or delete it. After that it stands.",
    )
    broker_contact_gathered_at = fields.Datetime(
        string="Contacts Gathered up to", readonly=True, copy=False, groups=NO_ACCESS
    )
    broker_contact_run_at = fields.Datetime(
        string="Gathering Contacts Since",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="When the run in progress began; empty between two runs.",
    )

    _broker_contact_limits_not_negative = models.Constraint(
        "CHECK (broker_contact_back_days >= 0 AND broker_contact_correct_hours >= 0)",
        "The days in which a contact is logged and the hours in which it is corrected cannot be negative.",
    )
