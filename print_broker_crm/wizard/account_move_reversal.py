from odoo import fields, models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    broker_case_id = fields.Many2one("broker.case", string="For the Claim", readonly=True, groups="base.group_user")

    def _prepare_default_reversal(self, move):
        values = super()._prepare_default_reversal(move)
        if self.broker_case_id and move.move_type == "out_invoice":
            self.broker_case_id.check_access("read")
            values["broker_case_id"] = self.broker_case_id.id
        return values

    def reverse_moves(self, is_modify=False):
        action = super().reverse_moves(is_modify)
        if self.broker_case_id and not is_modify:
            for move in self.new_move_ids.filtered("broker_case_id"):
                self.broker_case_id._fit_credit_note(move)
        return action
