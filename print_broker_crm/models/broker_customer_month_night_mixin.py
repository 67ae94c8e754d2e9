from odoo import api, models


class BrokerCustomerMonthNightMixin(models.AbstractModel):
    """How the months of customers are kept up to date."""

    _name = "broker.customer.month.night.mixin"
    _description = "Customer Month: Night"

    @api.model
    def _refresh_steps(self, company):
        """Bring the months of a company up to date, those that changed since the last time.

        A generator: after each batch it yields how many customers were looked at, for the
        caller to commit. It may be left at any batch; the next call goes on there.

        :param company: one `res.company`
        """
        yield from ()

    @api.model
    def _rebuild(self, company):
        """Work out all months of a company anew. Does not commit.

        :param company: one `res.company`
        """
