from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerSignalEvent(models.Model):
    """What became of a signal, step by step. Rows are appended and kept."""

    _name = "broker.signal.event"
    _description = "History of a Signal"
    _order = "date desc, id desc"
    _rec_name = "kind"
    _allow_sudo_commands = False

    signal_id = fields.Many2one("broker.signal", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="signal_id.company_id", store=True, index=True, precompute=True)
    concerned_user_id = fields.Many2one(related="signal_id.user_id", store=True, precompute=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    kind = fields.Selection(
        [
            ("raised", "Raised"),
            ("evidence", "More Evidence"),
            ("again", "Raised Again"),
            ("handled", "Handled"),
            ("dismissed", "Dismissed"),
            ("reopened", "Reopened"),
        ],
        string="Step",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", string="By", readonly=True, ondelete="restrict")
    note = fields.Text(readonly=True)

    def write(self, vals):
        if self and set(vals) - {"company_id", "concerned_user_id"}:
            raise UserError(self.env._("The history of a signal is not edited."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history of a signal is not deleted."))
