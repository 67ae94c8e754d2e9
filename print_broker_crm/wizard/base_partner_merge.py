from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        # Odoo would fail on the second file of the same company.
        self.env["broker.customer"]._merge_partners(src_partners, dst_partner)
        self.env["broker.rating.link"]._before_merge_partners(src_partners + dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["broker.customer"]._follow_merged_contact(dst_partner)
        return result
