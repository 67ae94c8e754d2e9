from odoo import fields, models

from .broker_case_claim_mixin import VENDOR_GROUPS


class BrokerPartnerClaimMixin(models.AbstractModel):
    """A printing house by the claims of which it was at fault."""

    _name = "broker.partner.claim.mixin"
    _description = "Contact: Claims"

    broker_claim_count = fields.Integer(
        string="Claims at Fault", compute="_compute_broker_claim_count", groups=VENDOR_GROUPS
    )

    def _compute_broker_claim_count(self):
        Case = self.env["broker.case"]
        for partner in self:
            partner.broker_claim_count = partner.id and Case.search_count(Case._get_printing_house_claims(partner))

    def action_view_broker_claims(self):
        """Open the claims of which the printing house was at fault."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_case_action_printing_house")
        action["domain"] = list(self.env["broker.case"]._get_printing_house_claims(self))
        return action
