from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerCareCallAttempt(models.Model):
    """One time somebody dialled. Rows are appended by logging a result, and kept."""

    _name = "broker.care.call.attempt"
    _description = "Care Call Attempt"
    _order = "date desc, id desc"
    _rec_name = "outcome"
    _allow_sudo_commands = False

    call_id = fields.Many2one("broker.care.call", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="call_id.company_id", store=True, index=True, precompute=True)
    user_id = fields.Many2one("res.users", string="Called by", required=True, ondelete="restrict")
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("no_answer", "No Answer"),
            ("busy", "Busy"),
            ("call_back", "Call Back"),
            ("wrong_number", "Wrong Number"),
            ("refused", "Refused"),
        ],
        required=True,
    )
    phone = fields.Char(string="Dialled")
    call_back_at = fields.Datetime()
    note = fields.Text()

    def write(self, vals):
        """Attempts are history: a correction is another attempt or a note."""
        if self:
            raise UserError(
                self.env._(
                    "An attempt is history and is not edited. Write what is to be added into the notes of the call."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An attempt is history and is not deleted."))
