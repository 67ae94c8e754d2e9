from odoo import api, models
from odoo.fields import Domain

# The user field that holds a role's person: the salesperson is the partner's own
# `user_id`, which Odoo copies to leads, orders and invoices; the others are ours.
ROLE_FIELDS = {
    "sales": "user_id",
    "service": "service_user_id",
    "care": "care_user_id",
    "sponsor": "sponsor_user_id",
}


class BrokerCustomerLedgerMixin(models.AbstractModel):
    """The file and the ledger of assignments follow each other."""

    _name = "broker.customer.ledger.mixin"
    _description = "Customer File: Ledger of Assignments"

    @api.model
    def _get_role_fields(self):
        """Return {role: name of the user field on the file}."""
        return ROLE_FIELDS

    def _get_contacts_of_salesperson(self):
        """Return the customers' contacts who have the same salesperson as they do.

        :return: `res.partner` records in sudo, archived ones included
        """
        if not self:
            return self.env["res.partner"].sudo()
        return (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search(
                Domain("commercial_partner_id", "in", self.sudo().partner_id.ids)
                & Domain("parent_id", "!=", False)
                & Domain("user_id", "!=", False)
            )
            .filtered(lambda contact: contact.user_id == contact.commercial_partner_id.user_id)
        )

    def _get_role_users(self, roles):
        """Return {role: {customer id: user id}} as stored now.

        The salesperson is read from the contact: while a change is written through
        the file, the file itself already shows the new one.
        """
        return {
            role: {
                customer.id: (customer.partner_id if role == "sales" else customer)[field].id
                for customer in self.sudo()
            }
            for role, field in roles.items()
        }

    def _log_assignments(self, before, roles):
        """Bring the ledger of assignments up to the roles' present users.

        :param before: {role: {customer id: user id}} of the time before the change;
            a customer whose user did not change is left alone
        :param roles: {role: field name} that may have changed
        """
        Assignment = self.env["broker.assignment"].sudo()
        for role, field in roles.items():
            known = before.get(role, {})
            changed = self.sudo().filtered(
                lambda customer, field=field, known=known: customer[field].id != known.get(customer.id, False)
            )
            if not changed:
                continue
            foreign = changed._filter_foreign_salesperson() if role == "sales" else changed.browse()
            lost = foreign.browse(Assignment._get_open(foreign, "sales") if foreign else ())
            nobody = self.env["res.users"]
            Assignment._assign(
                {customer: nobody if customer in foreign else customer[field] for customer in changed}, role
            )
            if lost:
                lost._after_salesperson_lost()

    def _follow_ledger(self, role):
        """Make a role's present person the one of the open assignment, after the
        ledger itself was corrected."""
        field = ROLE_FIELDS[role]
        open_rows = self.env["broker.assignment"].sudo()._get_open(self, role)
        for customer in self.sudo().with_context(broker_assignment_company_ids=self.sudo().company_id.ids):
            row = open_rows.get(customer.id)
            user = row.user_id if row else self.env["res.users"]
            if role == "sales" and not user and customer._filter_foreign_salesperson():
                # Another company's salesperson on the shared contact is not ours to end.
                continue
            if customer[field] != user:
                customer[field] = user
