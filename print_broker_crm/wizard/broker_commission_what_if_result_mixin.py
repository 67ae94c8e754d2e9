from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerCommissionWhatIfResultMixin(models.AbstractModel):
    """The figures of a what-if beside those of the ledger, on one row."""

    _name = "broker.commission.what.if.result.mixin"
    _description = "Commission: Figures of a What If"
    _allow_sudo_commands = False

    what_if_id = fields.Many2one("broker.commission.what.if", required=True, index=True, ondelete="cascade")
    # A column of its own: a related one costs a look-up for each of many figures.
    currency_id = fields.Many2one("res.currency", required=True)
    user_id = fields.Many2one("res.users", string="Payee", help="Empty: a share that nobody has.")
    ledger_earned = fields.Monetary(string="Earned, Ledger", help="What stands in the ledger for these invoices.")
    ledger_released = fields.Monetary(string="Released, Ledger", help="The part of it that is payable by now.")
    paid = fields.Monetary(
        string="On Confirmed Statements", help="The part of what was released that stands on confirmed statements."
    )
    earned = fields.Monetary(string="Earned, What If")
    released = fields.Monetary(string="Released, What If")
    difference_earned = fields.Monetary(string="Earned, Difference")
    difference_released = fields.Monetary(string="Released, Difference")
    is_different = fields.Boolean(string="Differs")

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse rows by hand: they come from a calculation."""
        if vals_list:
            raise UserError(self.env._("The result of a what-if is worked out, not entered."))
        return super().create(vals_list)

    @api.model
    def _append(self, vals_list):
        """Keep rows of a result; not to be had by RPC."""
        return super(BrokerCommissionWhatIfResultMixin, self.sudo()).create(vals_list)

    def write(self, vals):
        """Refuse every change: another calculation has its own rows."""
        if self:
            raise UserError(self.env._("The result of a what-if is worked out, not entered."))
        return super().write(vals)
