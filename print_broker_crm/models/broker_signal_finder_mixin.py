from odoo import api, models
from odoo.fields import Domain


class BrokerSignalFinderMixin(models.AbstractModel):
    """Finds what the firm's own rows tell a manager, by one query per kind and company."""

    _name = "broker.signal.finder.mixin"
    _description = "Signals: Finding"

    # CRON

    @api.model
    def _cron_raise_signals(self):
        """Raise what is there to be raised in every company, committing in between."""
        Cron = self.env["ir.cron"]
        for company in self.env["res.company"].sudo().search(Domain.TRUE):
            for count in self._find_steps(company):
                if not Cron._commit_progress(count, remaining=1):
                    return
        Cron._commit_progress(remaining=0)

    @api.model
    def _find_steps(self, company):
        """Hook: raise a company's signals; generator of how many were looked at per step."""
        yield from ()
