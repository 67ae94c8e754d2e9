from odoo import api, models
from odoo.exceptions import ValidationError


class BrokerLeadReferralMixin(models.AbstractModel):
    """Who brought the customer of an opportunity, for the customer file to take over."""

    _name = "broker.lead.referral.mixin"
    _inherit = ["broker.referral.mixin"]
    _description = "Opportunity: Referral"

    @api.constrains("referrer_customer_id", "partner_id")
    def _check_referrer_is_another(self):
        for lead in self.sudo():
            if lead._is_referred_by_itself():
                raise ValidationError(
                    self.env._(
                        "%(opportunity)s: the customer of an opportunity cannot have brought itself.",
                        opportunity=lead.display_name,
                    )
                )

    def _is_referred_by_itself(self):
        """Tell whether the opportunity's customer is said to have brought itself."""
        referrer = self.referrer_customer_id.partner_id
        return bool(referrer) and referrer == self.partner_id.commercial_partner_id

    def _merge_referrers(self, opportunities):
        """Keep the first referrer of merged opportunities who is not the customer.

        :param opportunities: the `crm.lead` that disappear; this one remains
        """
        head = self.sudo()
        leads = head + opportunities.sudo()
        # Odoo keeps the first contact.
        customer = leads.filtered("partner_id")[:1].partner_id.commercial_partner_id
        fitting = leads.filtered(
            lambda lead: (
                lead.referrer_user_id
                or (lead.referrer_customer_id and lead.referrer_customer_id.partner_id != customer)
            )
        )[:1]
        head.write(
            {
                "referrer_customer_id": fitting.referrer_customer_id.id,
                "referrer_user_id": fitting.referrer_user_id.id,
            }
        )
