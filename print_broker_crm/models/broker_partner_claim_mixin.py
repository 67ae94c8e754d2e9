from odoo import fields, models
from odoo.fields import Domain

from .broker_case_claim_mixin import VENDOR_GROUPS


class BrokerPartnerClaimMixin(models.AbstractModel):
    """A printing house by the claims of which it was at fault."""

    _name = "broker.partner.claim.mixin"
    _description = "Contact: Claims"

    broker_claim_count = fields.Integer(
        string="Claims at Fault", compute="_compute_broker_claim_count", groups=VENDOR_GROUPS
    )

    def _compute_broker_claim_count(self):
        counts = dict(
            self.env["broker.case"]._read_group(
                self._get_broker_claim_domain(), ["printing_house_id.commercial_partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.broker_claim_count = counts.get(partner.commercial_partner_id._origin, 0)

    def action_view_broker_claims(self):
        """Open the claims of which the printing house was at fault."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_case_action_printing_house")
        action["domain"] = list(self._get_broker_claim_domain())
        return action

    def _get_broker_claim_domain(self):
        """Return the cases of which these printing houses were at fault."""
        return Domain("printing_house_id.commercial_partner_id", "in", self.commercial_partner_id.ids) & Domain(
            "fault_printing_house", ">", 0
        )
