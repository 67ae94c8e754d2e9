from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


class ResUsers(models.Model):
    _inherit = "res.users"

    def action_archive(self):
        # Odoo deletes the activities of the archived here, so it must be earlier.
        self._broker_leave()
        return super().action_archive()

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._broker_leave()
        before = {user: user.company_ids for user in self} if "company_ids" in vals else {}
        result = super().write(vals)
        for user, companies in before.items():
            lost = companies - user.company_ids
            if lost and user.active and not user.share:
                self.env["broker.customer"].sudo()._after_companies_lost(user, lost)
            self.env["broker.customer"].sudo()._after_companies_gained(user, user.company_ids - companies)
        return result

    def _broker_leave(self):
        """Tell the customer room which users are about to leave."""
        leaving = self.filtered(lambda user: user.active and not user.share)
        if leaving:
            self.env["broker.customer"].sudo()._before_users_leave(leaving)

    def _get_broker_visible_domain(self, path=""):
        """Return which records this user may meet, by the contact they are about; the
        record rules ask it."""
        return self.env["broker.customer"]._get_visible_domain(self, path)

    def _get_broker_visible_purchase_domain(self, path=""):
        """Return which purchase orders this user may meet; the record rules ask it."""
        return self.env["broker.customer"]._get_visible_purchase_domain(self, path)

    def _get_broker_served_domain(self, path=""):
        """Return which records of customer files this user works with; the record
        rules ask it."""
        served = self.env["broker.customer"]._get_served_domain(self)
        return Domain(path, "any!", served) if path else served

    def _get_broker_challenge_domain(self, path=""):
        """Return which challenges this user may set up as one of our managers; the record
        rules ask it."""
        return self.env["gamification.challenge"]._get_broker_managed_domain(self, path)

    def _get_broker_contact_domain(self):
        """Return which contacts with customers this user reads and logs who sells or
        serves: of customers they work with or have a handoff of on their desk, without
        the care line's; the record rules ask it."""
        Customer = self.env["broker.customer"]
        customers = Customer._get_served_domain(self) | Customer._get_desk_domain(self)
        of_care = self.env["broker.contact"]._get_of_care_domain()
        return Domain("customer_id", "any!", customers) & (~of_care | Domain("user_id", "=", self.id))

    def _get_broker_care_contact_domain(self):
        """Return which contacts with customers this user reads and logs who calls for the
        care line: all, but in a small firm an officer may sell or serve too, and does not
        read what the care line asked about them; the record rules ask it."""
        of_care = self.env["broker.contact"]._get_of_care_domain()
        about_self = Domain("customer_id.user_id", "=", self.id) | Domain("customer_id.service_user_id", "=", self.id)
        return ~of_care | ~about_self | Domain("user_id", "=", self.id)

    def _get_broker_review_evidence_domain(self):
        """Return which evidence of reviews this user reads who sells or serves: of customers
        they work with, without what the care line heard; the record rules ask it."""
        return Domain("is_confidential", "=", False) & self._get_broker_served_domain("customer_id")

    def _get_broker_care_evidence_domain(self):
        """Return which evidence of reviews this user reads who calls for the care line: all,
        but nobody reads what was heard about themselves, also when somebody else has the
        customer now; the record rules ask it."""
        about_self = Domain("customer_id.user_id", "=", self.id) | Domain("customer_id.service_user_id", "=", self.id)
        partner_id = self.partner_id.id
        about_others = Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "NOT EXISTS (SELECT FROM rating_rating WHERE res_model = %s AND res_id = %s AND rated_partner_id = %s)",
                SQL.identifier(alias, "res_model"),
                SQL.identifier(alias, "res_id"),
                partner_id,
                to_flush=model.env["rating.rating"]._fields["rated_partner_id"],
            )
        )
        return Domain("is_confidential", "=", False) | (~about_self & about_others)

    def _get_broker_desk_domain(self):
        """Return which customer files an open handoff has on this user's desk; the record
        rules ask it."""
        return self.env["broker.customer"]._get_desk_domain(self)
