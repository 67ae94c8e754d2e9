from odoo import fields, models

# Whoever knows how much is noticed stays below it.
_MANAGER_GROUP = "print_broker_crm.group_manager"


class BrokerCompanySignalMixin(models.AbstractModel):
    """From when on a company's managers are shown a signal, and who looks at it."""

    _name = "broker.company.signal.mixin"
    _description = "Company: Signals"

    broker_signal_user_id = fields.Many2one(
        "res.users",
        string="Signals Go To",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="The manager who gets the to-dos about signals. Empty, or about this manager: the first other one.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_todo = fields.Boolean(
        string="To-Do for Each Signal",
        default=True,
        help="Otherwise signals wait in their list.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_departure_months = fields.Integer(
        string="Months Compared after a Departure",
        default=3,
        help="The orders of so many months after a customer's salesperson left are compared with the months before. "
        "0: never.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_departure_percent = fields.Integer(
        string="Fall of Orders (%)",
        default=50,
        help="A fall by so many percent or more after a departure is a signal.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_elsewhere_days = fields.Integer(
        string="Days from a Lost Quotation",
        default=180,
        help="A customer who says that they printed elsewhere, so many days or fewer after a quotation was lost, is a "
        "signal. 0: never.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_export_records = fields.Integer(
        string="Records Exported in a Day",
        default=200,
        help="A person who exports so many customers, contacts and opportunities in one day, or tries to, is a "
        "signal. 0: never.",
        groups=_MANAGER_GROUP,
    )
    broker_signal_read_records = fields.Integer(
        string="Records Read in Bulk in a Day",
        default=5000,
        help="A person whose bulk reads of one day come to so many records is a signal. 0: never.",
        groups=_MANAGER_GROUP,
    )

    _broker_signal_limits = models.Constraint(
        "CHECK (LEAST(broker_signal_departure_months, broker_signal_elsewhere_days, broker_signal_export_records,"
        " broker_signal_read_records) >= 0)",
        "The months, days and numbers of records of signals cannot be negative; 0 means never.",
    )
    _broker_signal_percent_range = models.Constraint(
        "CHECK (broker_signal_departure_percent BETWEEN 1 AND 100)",
        "Orders fall by 1 to 100 percent.",
    )
