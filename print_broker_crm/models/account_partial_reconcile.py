from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        self.env["broker.commission.entry"]._settle(
            partials.debit_move_id.move_id | partials.credit_move_id.move_id,
            "collection",
        )
        return partials

    def unlink(self):
        if not self:
            # Odoo asks so with every invoice and payment that it writes.
            return super().unlink()
        moves = self.debit_move_id.move_id | self.credit_move_id.move_id
        result = super().unlink()
        self.env["broker.commission.entry"]._settle(moves.exists(), "reversal")
        return result
