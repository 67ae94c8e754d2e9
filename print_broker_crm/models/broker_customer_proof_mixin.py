from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCustomerProofMixin(models.AbstractModel):
    """The proofs of a customer, as far as they count for its tier."""

    _name = "broker.customer.proof.mixin"
    _description = "Customer File: Proofs"

    tier_proof_count = fields.Integer(string="Repeated Proofs", compute="_compute_tier_proof_count")

    @api.depends("last_score_id")
    def _compute_tier_proof_count(self):
        for customer in self:
            customer.tier_proof_count = (customer.sudo().last_score_id.inputs or {}).get("proof_rounds") or 0

    def action_view_tier_proofs(self):
        """Open the rounds after the first, of the jobs of the newest score's window."""
        orders = (
            Domain("broker_customer_id", "=", self.id)
            & Domain("company_id", "=", self.company_id.id)
            & self._get_tier_time_domain("date_order")
        )
        seen, repeated = set(), []
        for proof in self.env["broker.proof"].search(
            Domain("order_id", "any", orders) & Domain("state", "!=", "draft"), order="round, id"
        ):
            subject = (proof.order_id, proof.order_line_id)
            if subject in seen:
                repeated.append(proof.id)
            seen.add(subject)
        return self._open_tier_rows("broker.proof", self.env._("Repeated Proofs"), Domain("id", "in", repeated))
