from odoo import api, models
from odoo.tools import SQL


class BrokerCustomerMergeMixin(models.AbstractModel):
    """What becomes of the files when Odoo merges their contacts."""

    _name = "broker.customer.merge.mixin"
    _description = "Customer File: Merging"

    @api.model
    def _merge_partners(self, sources, target):
        """Make the customer files ready for a merge of their contacts: in every
        company one file remains.

        :param sources: the `res.partner` that disappear
        :param target: the `res.partner` that remains
        """
        files = self.sudo().with_context(active_test=False).search([("partner_id", "in", (sources + target).ids)])
        for company_files in files.grouped("company_id").values():
            kept = (company_files.filtered(lambda file: file.partner_id == target) or company_files)[:1]
            company_files._merge_into(kept)

    @api.model
    def _follow_merged_contact(self, partner):
        """Make contact and ledgers agree after a merge: the contact's own salesperson
        stands, and where it has none, the one of the file that came along.

        :param partner: the `res.partner` that remains
        """
        customers = self.sudo().with_context(active_test=False).search([("partner_id", "=", partner.id)])
        if not partner.sudo().user_id:
            rows = self.env["broker.assignment"].sudo()._get_open(customers, "sales")
            for row in list(rows.values())[:1]:
                partner.sudo().user_id = row.user_id
        customers._log_assignments({"sales": {}}, {"sales": "user_id"})
        customers._drop_own_referrals()
        # The other contact's meetings are this one's now.
        customers._refresh_sponsor_visits()
        customers._refresh_coverage()

    def _merge_into(self, target):
        """Fold these files into another of the same company before their partners
        are merged: rows that point at them move, the ledgers are joined without an
        overlap, and the emptied files are deleted.

        :param target: the `broker.customer` that remains
        """
        sources = self.sudo() - target
        if not sources:
            return
        target = target.sudo()
        sources._before_merge_into(target)
        # One account of the sponsor becomes another: nobody gets one more.
        heir = target.with_context(broker_is_merging=True)
        for field in ("service_user_id", "care_user_id", "sponsor_user_id"):
            if not target[field]:
                heir[field] = sources.filtered(field)[:1][field]
        self.env["broker.assignment"].sudo()._merge_ledgers(sources, target)
        self.env.flush_all()
        merge = self.env["base.partner.merge.automatic.wizard"].sudo()
        merge._update_foreign_keys_generic("broker.customer", sources, target)
        merge._update_reference_fields_generic("broker.customer", sources, target)
        self.env.invalidate_all()
        # The join table of the deleted file's followers and the like are gone with
        # it; the partner stays: it is merged by Odoo.
        self.env.cr.execute(SQL("DELETE FROM broker_customer WHERE id IN %s", tuple(sources.ids)))
        self.env.invalidate_all()
        target.message_post(
            body=self.env._("Merged with the customer file of another contact; both histories are kept here.")
        )
