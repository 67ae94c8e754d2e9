from odoo import api, models

from .broker_customer_staff_mixin import ROLE_ORDER


class BrokerCustomerCompanyMixin(models.AbstractModel):
    """A contact is shared by all companies, and so is its salesperson; files and
    ledgers are each company's own.

    In a company's ledger stand its own people. What happens when the shared contact
    says somebody else, or when a person ceases to work for one of the companies, is
    here.
    """

    _name = "broker.customer.company.mixin"
    _description = "Customer File: Several Companies"

    def _filter_foreign_salesperson(self):
        """Return those of these files whose contact has a salesperson who works for
        other companies only.

        The contact, and so its salesperson, is shared by all companies; in a company's
        ledger stand its own people.
        """
        return self.filtered(
            lambda customer: customer.user_id and customer.company_id not in customer.user_id.company_ids
        )

    @api.model
    def _filter_foreign_records(self, records, company=None):
        """Return those of some records that are another company's business: its own
        documents, and contacts who are customers of other companies only."""
        if not company:
            return records.browse()
        if records._name != "res.partner":
            if "company_id" not in records._fields:
                return records.browse()
            return records.filtered(lambda record: record.company_id and record.company_id != company)
        return records.filtered(
            lambda partner: (
                (files := partner.commercial_partner_id.broker_customer_ids) and company not in files.company_id
            )
        )

    @api.model
    def _after_companies_lost(self, user, companies):
        """Leave nothing of these companies with a user who now works for others only.

        The contact, which the companies share, keeps its salesperson; the ledger ends.
        """
        result = super()._after_companies_lost(user, companies)
        Assignment = self.env["broker.assignment"].sudo()
        role_fields = self._get_role_fields()
        for company in companies:
            customers = self._find_held(user, company, active_test=False)
            reason = self.env._("%(person)s no longer works for %(company)s", person=user.name, company=company.name)
            self._rescue_activities(user, user, company)
            for kind in self._get_held_kinds():
                if not self.env[kind.model]._fields[kind.user_field].required:
                    documents = self._find_documents(kind, user, company=company).filtered(
                        lambda document, kind=kind, company=company: document[kind.customer_field].company_id == company
                    )
                    self._give_documents(kind, documents, self.env["res.users"])
            for role in ROLE_ORDER[1:]:
                held = customers.filtered(lambda customer, role=role: customer[role_fields[role]] == user)
                self._give_role(held, role, self.env["res.users"], user, reason=reason)
            sold = customers.filtered(lambda customer: customer.user_id == user)
            rows = Assignment._get_open(sold, "sales")
            lost = sold.browse(customer.id for customer in sold if customer.id in rows)
            Assignment._assign(dict.fromkeys(lost, self.env["res.users"]), "sales")
            lost._after_salesperson_lost()
        return result

    @api.model
    def _after_companies_gained(self, user, companies):
        """Let the ledgers of companies for which a user works from now on say what the
        shared contacts say."""
        for company in companies:
            customers = self._find_held(user, company, active_test=False)
            customers.filtered(lambda customer: customer.user_id == user)._log_assignments({}, {"sales": "user_id"})

    def _after_salesperson_lost(self):
        """Tell the first manager of each company, with one to-do per customer."""
        result = super()._after_salesperson_lost()
        todo = self.env.ref("mail.mail_activity_data_todo")
        model_id = self.env["ir.model"]._get_id("broker.customer")
        vals_list = []
        for company, customers in self.sudo().grouped("company_id").items():
            manager = self._get_managers(company)[:1]
            env = self.with_context(lang=manager.lang or self.env.lang).env
            vals_list += [
                {
                    "activity_type_id": todo.id,
                    "automated": True,
                    "date_deadline": company._get_broker_today(),
                    "res_id": customer.id,
                    "res_model_id": model_id,
                    "summary": env._("Nobody of %(company)s sells to this customer", company=company.name),
                    "note": env._(
                        "The contact is shared, and its salesperson works for other companies only. Agree on a "
                        "salesperson who works for both, or keep a contact of your own."
                    ),
                    "user_id": manager.id,
                }
                for customer in customers
                if manager
            ]
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(vals_list)
        return result
