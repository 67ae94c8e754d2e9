from odoo import api, models
from odoo.tools import SQL


class BrokerCustomerMonthMarkMixin(models.AbstractModel):
    """What of the customer file itself makes months of it new."""

    _name = "broker.customer.month.mark.mixin"
    _description = "Customer File: Months"

    @api.model
    def _after_contacts_gathered(self, days):
        """Contacts count in the months of their days."""
        result = super()._after_contacts_gathered(days)
        Month = self.env["broker.customer.month"]
        Month._mark_whole(self.browse({customer_id for customer_id, day in days if not day}))
        dated = [(customer_id, day) for customer_id, day in days if day]
        if dated:
            customer_ids, dates = (list(column) for column in zip(*dated, strict=True))
            Month._mark(
                SQL(
                    """
                    SELECT customer_id, day - 1, day + 1
                      FROM UNNEST(%s::int[], %s::date[]) AS contact (customer_id, day)
                    """,
                    customer_ids,
                    list(map(str, dates)),
                )
            )
        return result

    def _before_merge_into(self, target):
        """The months of one customer: what both did is worked out anew at night."""
        result = super()._before_merge_into(target)
        Month = self.env["broker.customer.month"].sudo()
        Month._join(self, target)
        return result
