from odoo import models


class BrokerCustomerReportMixin(models.AbstractModel):
    """What the months' reports keep of a customer file."""

    _name = "broker.customer.report.mixin"
    _description = "Customer File: Monthly Reports"

    def _before_merge_into(self, target):
        """What a report has counted opens the file that remains."""
        result = super()._before_merge_into(target)
        self.env["broker.month.report.line"].sudo()._follow_merge(self - target, target)
        return result
