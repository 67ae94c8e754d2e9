from odoo import fields, models


class BrokerCompanyReportMixin(models.AbstractModel):
    """What becomes of a company's monthly report."""

    _name = "broker.company.report.mixin"
    _description = "Company: Monthly Report"

    broker_report_mail = fields.Boolean(
        string="Send the Month's Report",
        help="On the first day of each month the report of the last one goes to all managers of the company by "
        "e-mail. Otherwise it waits on its page.",
    )
    broker_report_rows = fields.Integer(
        string="Customers per Section",
        default=5,
        help="How many customers each section of the month's report names; the figure beside it opens all of them.",
    )

    _broker_report_rows_range = models.Constraint(
        "CHECK (broker_report_rows BETWEEN 1 AND 50)",
        "The month's report names 1 to 50 customers in each section.",
    )
