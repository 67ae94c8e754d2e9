from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class BrokerMoveClaimMixin(models.AbstractModel):
    """A credit note or a printing house's refund for a claim."""

    _name = "broker.move.claim.mixin"
    _description = "Journal Entry: Claim"

    broker_case_id = fields.Many2one(
        "broker.case",
        string="For the Claim",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
        help="What it gives back was claimed; it is not charged to the job a second time.",
    )

    @api.constrains("broker_case_id", "partner_id", "company_id", "move_type")
    def _check_broker_case(self):
        for move in self.sudo().filtered("broker_case_id"):
            case = move.broker_case_id
            fits = move.move_type == "in_refund" or (
                move.move_type == "out_refund" and move.broker_customer_id == case.customer_id
            )
            if not fits or move.company_id != case.company_id:
                raise ValidationError(
                    self.env._(
                        "%(case)s is a claim of %(customer)s: it goes on their credit note, or on the printing "
                        "house's refund.",
                        case=case.name,
                        customer=case.customer_id.display_name,
                    )
                )

    def write(self, vals):
        if "broker_case_id" in vals and not self.env.su:
            self.env["broker.case"].browse(vals["broker_case_id"] or ()).check_access("read")
            if any(move.state == "posted" and move.sudo().broker_case_id.id != vals["broker_case_id"] for move in self):
                raise UserError(self.env._("It is posted: reset it to draft before you say which claim it is for."))
        return super().write(vals)

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted.sudo().broker_case_id._after_claim_documents()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self.sudo().broker_case_id._after_claim_documents()
        return result

    def button_cancel(self):
        result = super().button_cancel()
        self.sudo().broker_case_id._after_claim_documents()
        return result
