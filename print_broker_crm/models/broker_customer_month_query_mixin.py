from dateutil.relativedelta import relativedelta

from odoo import api, models


class BrokerCustomerMonthQueryMixin(models.AbstractModel):
    """What a customer's months are made of, in SQL."""

    _name = "broker.customer.month.query.mixin"
    _description = "Customer Month: Figures"

    @api.model
    def _get_next_month(self, month):
        return month + relativedelta(months=1)

    @api.model
    def _get_profit_rows_query(self, company, first, last, customers=None):
        """Return the SELECT of what the posted invoice lines of some days leave, of these
        columns: invoice_line_id, move_id, order_id (NULL where the line bills no order),
        customer_id, day, revenue, profit (NULL where the cost is not known); in the company's
        currency, credit notes negative.

        :param company: one `res.company`
        :param first: the first day, a `date`
        :param last: the last day, a `date`
        :param customers: `broker.customer` records; all of the company when left out
        """
        raise NotImplementedError
