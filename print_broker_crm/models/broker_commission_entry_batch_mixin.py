from contextlib import contextmanager

from odoo import api, models

_COLLECTED = "broker.commission.entry.collected"


class BrokerCommissionEntryBatchMixin(models.AbstractModel):
    """Settling once for many events of one action.

    Odoo matches the payments of fifty selected invoices one by one. Settled one by one
    they would cost fifty times what they cost together.
    """

    _name = "broker.commission.entry.batch.mixin"
    _description = "Commission Entry: Batches"

    @api.model
    def _settle(self, moves, event="sweep", void=False):
        """Settle, or while `_settling_together` lasts, only note what is to be settled."""
        collected = self.env.cr.precommit.data.get(_COLLECTED)
        if collected is None or void:
            return super()._settle(moves, event, void)
        for move_id in moves.ids:
            # What happened first is what the entry is called.
            collected.setdefault(("account.move", move_id), event)
        return self.sudo().browse()

    @api.model
    def _settle_orders(self, orders, event="sweep"):
        """Settle jobs, or while `_settling_together` lasts, only note them."""
        collected = self.env.cr.precommit.data.get(_COLLECTED)
        if collected is None:
            return super()._settle_orders(orders, event)
        for order_id in orders.ids:
            collected.setdefault(("sale.order", order_id), event)
        return self.sudo().browse()

    @api.model
    @contextmanager
    def _settling_together(self):
        """Collect what is to be settled within this block, and settle it at its end.

        Kept with the transaction: a context would not reach what Odoo does with records
        of its own. When the block fails nothing is settled, as nothing has happened.
        """
        data = self.env.cr.precommit.data
        if _COLLECTED in data:
            yield
            return
        data[_COLLECTED] = collected = {}
        try:
            yield
        finally:
            # A flush or commit on the way, e.g. for a payment provider, has emptied it.
            data.pop(_COLLECTED, None)
        by_event = {}
        for (model, record_id), event in collected.items():
            by_event.setdefault((model, event), []).append(record_id)
        for (model, event), record_ids in by_event.items():
            records = self.env[model].browse(record_ids).exists()
            if model == "sale.order":
                self._settle_orders(records, event)
            else:
                self._settle(records, event)
