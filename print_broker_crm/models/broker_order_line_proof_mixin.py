from odoo import api, models
from odoo.exceptions import UserError


class BrokerOrderLineProofMixin(models.AbstractModel):
    """What proofs and the job ticket ask an order line."""

    _name = "broker.order.line.proof.mixin"
    _description = "Order Line: Proofs"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_proofs(self):
        proof = self.env["broker.proof"].sudo().search([("order_line_id", "in", self.ids)], limit=1)
        if proof:
            raise UserError(
                self.env._(
                    "There is a proof of this line: %(proof)s. A draft can be deleted first; what was sent to the "
                    "customer stays, with its line.",
                    proof=proof.display_name,
                )
            )

    def _is_broker_proof_needed(self):
        """Return whether the line is not printed without an approved proof: its job spec
        says so, or its product type does as long as the spec is silent."""
        self.ensure_one()
        if self.display_type or self.is_downpayment:
            return False
        # A job spec may name a type where the product has none.
        spec = self.sudo()._get_broker_job_spec()
        if spec.proof_id and spec._asks("proof"):
            return not spec.proof_id.is_none
        kind = spec.product_type_id or self.sudo().product_id.product_tmpl_id.broker_product_type_id
        return kind.ask_proof == "required"

    def _is_broker_proof_covered(self, proofs):
        """Return whether one of the job's proofs shows this line: its own, or one of the
        whole job that was sent when the line was on it already.

        :param proofs: the newest `broker.proof` of the job and its lines, in sudo
        """
        self.ensure_one()
        line = self._origin
        # The moment of sending has no fractions of a second.
        added = line.create_date and line.create_date.replace(microsecond=0)
        return any(
            proof.order_line_id == line or (added and not proof.order_line_id and added <= proof.date_sent)
            for proof in proofs
        )

    def _get_broker_ticket_name(self):
        """Return how the job ticket calls the line: the product, unless its name says
        whose it is."""
        self.ensure_one()
        line = self.sudo()
        product = line.product_id
        get_key = self.env["broker.customer"]._get_name_key
        partners = line.order_id.partner_id | line.order_id.partner_id.commercial_partner_id
        names = [get_key(name) for name in partners.mapped("name") if name]
        if not any(name and name in (get_key(product.name) or "") for name in names):
            return product.name
        return product.product_tmpl_id.broker_product_type_id.name or self.env._("Printed matter")
