import re
import unicodedata
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_list

# Whoever stands in one of these on a customer file works with the customer.
SERVING_FIELDS = ("service_user_id", "care_user_id", "sponsor_user_id")


class BrokerCustomerProtectionMixin(models.AbstractModel):
    """Who may see a customer, and what everybody else is told about it.

    Salespeople and service agents work with their own customers. The record rules of
    contacts, opportunities, orders, invoices and the analyses of them all ask
    `_get_visible_domain`, so that "own" means one thing everywhere. The care line and
    the managers see all; whoever is in none of our groups meets no rule of ours.
    """

    _name = "broker.customer.protection.mixin"
    _description = "Customer File: Protection"

    name_key = fields.Char(
        compute="_compute_name_key",
        store=True,
        index="btree_not_null",
        help="The name without capitals, spaces and punctuation, to find the same customer under another spelling.",
    )

    twin_ids = fields.Many2many(
        "broker.customer",
        string="Possible Duplicates",
        compute="_compute_twin_ids",
        groups="print_broker_crm.group_manager",
        help="Customers with the same name, phone, e-mail or tax number.",
    )

    @api.depends("partner_id.name")
    def _compute_name_key(self):
        for customer in self:
            customer.name_key = self._get_name_key(customer.partner_id.name)

    @api.depends_context("allowed_company_ids")
    def _compute_twin_ids(self):
        found = self._find_collisions({customer: customer.partner_id._get_broker_clue() for customer in self})
        for customer in self:
            customer.twin_ids = found[customer] - customer._origin

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        names = {name for name, field in self._fields.items() if not field.inherited}
        self = self._drop_defaults(self, names - {"partner_id", "company_id"})
        customers = super().create(vals_list)
        customers._warn_of_collisions()
        return customers

    def write(self, vals):
        # The contact decides whose customer it is: a file moved to another contact
        # would open that one to whoever serves this one.
        if not self.env.su and {"partner_id", "company_id"} & set(vals):
            for customer in self.sudo():
                if any(name in vals and vals[name] != customer[name].id for name in ("partner_id", "company_id")):
                    raise AccessError(
                        self.env._(
                            "The customer file of %(customer)s stays with its contact and company. "
                            "Open another file instead, or merge the contacts.",
                            customer=customer.display_name,
                        )
                    )
        return super().write(vals)

    @api.model
    def _drop_defaults(self, records, names):
        """Return records without the defaults that a caller's context has for some fields.

        Odoo fills them in after the values were checked: a form sends what it may set
        as a value, and what it may not set comes by no context either.

        :param records: the records about to be created, empty
        :param names: names of fields
        """
        context = records.env.context
        dropped = {f"default_{name}" for name in names}
        if self.env.su or dropped.isdisjoint(context):
            return records
        kept = {key: value for key, value in context.items() if key not in dropped}
        return records.with_env(records.env(context=kept))

    # VISIBILITY

    @api.model
    def _is_restricted(self, user):
        """Return whether a user sees the customers they serve and no others."""
        groups = user._get_group_ids()
        return bool(self._get_group_set("group_salesperson", "group_service_agent") & set(groups)) and not (
            self._get_group_set("group_care_officer", "group_manager") & set(groups)
        )

    @api.model
    def _may_export_contacts(self, user):
        """Return whether a user may take contacts out of the system in a file.

        A salesperson who also calls for the care line sees every customer, and still
        does not export one.
        """
        groups = set(user._get_group_ids())
        return bool(groups & self._get_group_set("group_manager")) or not (
            groups & self._get_group_set("group_salesperson", "group_service_agent")
        )

    @api.model
    def _is_of_ours(self, user):
        """Return whether a user is in one of our groups."""
        return bool(
            set(user._get_group_ids())
            & self._get_group_set("group_salesperson", "group_service_agent", "group_care_officer", "group_manager")
        )

    @api.model
    def _get_group_set(self, *names):
        get_id = self.env["ir.model.data"]._xmlid_to_res_id
        return {get_id(f"print_broker_crm.{name}") for name in names}

    @api.model
    def _get_joined_domain(self, user):
        """Return which customer files a user stands on beside the salesperson, as a
        domain on them.

        A room that brings further people to a customer adds them here. The domain is
        kept by Odoo until groups or rules change: it depends on the user alone.
        """
        return Domain.OR(Domain(field, "=", user.id) for field in SERVING_FIELDS)

    @api.model
    def _get_served_domain(self, user):
        """Return which customer files a user works with, as a domain on them."""
        return Domain("partner_id.user_id", "=", user.id) | self._get_joined_domain(user)

    @api.model
    def _get_desk_domain(self, user):
        """Return which customer files an open handoff has on a user's desk, as a domain
        on them."""
        return Domain("handoff_ids", "any!", self.env["broker.handoff"]._get_desk_domain(user))

    @api.model
    def _get_visible_domain(self, user, path=""):
        """Return which records a user may meet, by the contact they are about.

        Hidden are contacts whose commercial partner has a customer file, in any
        company, that others serve. Vendors, colleagues, the firm itself and those who
        are no customers yet stay as Odoo has them.

        :param path: field that leads to the contact; empty for contacts themselves
        :return: `Domain`; everything for a user who is not restricted
        """
        if not self._is_restricted(user):
            return Domain.TRUE
        visible = Domain("partner_share", "=", False) | Domain(
            "commercial_partner_id",
            "any!",
            Domain("broker_customer_ids", "=", False)
            | Domain("user_id", "=", user.id)
            | Domain("ref_company_ids", "!=", False)
            | Domain("broker_customer_ids", "any!", self._get_joined_domain(user) | self._get_desk_domain(user)),
        )
        if not path:
            return visible
        return Domain(path, "=", False) | Domain(path, "any!", visible)

    @api.model
    def _get_visible_purchase_domain(self, user, path=""):
        """Return which purchase orders a user may meet: those for no job at all, and
        those for at least one job of a customer of theirs.

        :param path: field that leads to the purchase order; empty for orders themselves
        """
        if not self._is_restricted(user):
            return Domain.TRUE
        visible = Domain("order_line", "not any!", Domain("sale_order_id", "!=", False)) | Domain(
            "order_line",
            "any!",
            Domain("sale_order_id", "any!", self._get_visible_domain(user, "partner_id")),
        )
        return Domain(path, "any!", visible) if path else visible

    @api.model
    def _give_to_winners(self, partners, winners):
        """Make whoever won a new customer its salesperson, where it has none.

        A customer of nobody is hidden from everybody who is restricted to their own:
        who confirms the first order would lose sight of it. Others, say a manager who
        enters an order, do not become salespeople by it.

        :param partners: commercial `res.partner` about to get their first file
        :param winners: {`res.partner`: `res.users`}; contacts stand for their company
        """
        by_commercial = {partner.commercial_partner_id: user for partner, user in winners.items()}
        for user, won in (
            partners.sudo().filtered(lambda partner: not partner.user_id).grouped(by_commercial.get).items()
        ):
            if user and user.active and not user.share and self._is_restricted(user.sudo()):
                customers = won.filtered(lambda partner: not partner.broker_customer_ids)
                customers.user_id = user

    @api.model
    def _check_partners_visible(self, partners):
        """Raise unless the present user may see contacts that they link to something.

        Odoo fills an opportunity, an order or a contact from the contact chosen,
        whoever chose it: a guessed number would show address and phone.
        """
        if partners and not self.env.su and self._is_restricted(self.env.user):
            partners.with_env(self.env).check_access("read")

    @api.model
    def _check_links_visible(self, record, values):
        """Raise when a form that is being filled points at a contact or a customer file
        hidden from the present user, by a value or a default.

        Forms compute addresses, phones and terms from the contact before anything is
        saved and any record rule is asked.

        :param record: the record of the form, or an empty recordset for a new one
        :param values: {field name: value} as the client sends them
        """
        if self.env.su or not self._is_restricted(self.env.user):
            return
        ids = {"res.partner": set(), "broker.customer": set()}
        for name, field in record._fields.items():
            if field.type == "many2one" and field.comodel_name in ids:
                for value in (values.get(name), self.env.context.get(f"default_{name}")):
                    value = value.get("id") if isinstance(value, dict) else value
                    if isinstance(value, int) and value:
                        ids[field.comodel_name].add(value)
        self._check_partners_visible(self.env["res.partner"].browse(ids["res.partner"]).exists())
        self.env["broker.customer"].browse(ids["broker.customer"]).exists().check_access("read")

    # COLLISIONS

    @api.model
    def _get_name_key(self, name):
        """Return a name without what people spell differently: full and half width,
        capitals, spaces and punctuation; False when nothing is left."""
        return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name or "").casefold()) or False

    @api.model
    def _find_collisions(self, clues):
        """Return the customer files that some contact data belong to, in the companies
        of the present user.

        Everything is compared in full; there is nothing to find by a beginning.

        :param clues: {key: {"name": …, "phone": …, "email": …, "vat": …}}; the phone in
            international format
        :return: {key: `broker.customer` in sudo}; keys without a file are left out
        """
        wanted = self._get_wanted(clues)
        found = defaultdict(lambda: self.sudo().browse())
        Customer = self.sudo().with_context(active_test=True)
        companies = Domain("company_id", "in", self.env.companies.ids)
        if wanted["name"]:
            for customer in Customer.search(companies & Domain("name_key", "in", list(wanted["name"]))):
                for key in wanted["name"][customer.name_key]:
                    found[key] |= customer
        contacts = self._find_contacts(wanted)
        if not contacts:
            return found
        files = Customer.search(companies & Domain("partner_id", "in", contacts.commercial_partner_id.ids)).grouped(
            "partner_id"
        )
        for contact in contacts:
            customers = files.get(contact.commercial_partner_id, Customer)
            for kind, value in (
                ("phone", contact.phone_sanitized),
                ("email", contact.email_normalized),
                ("vat", contact.vat),
            ):
                for key in wanted[kind].get(value, ()):
                    found[key] |= customers
        return found

    @api.model
    def _get_wanted(self, clues):
        """Return {kind: {value: [key, …]}} of clues, values as they are stored."""
        wanted = defaultdict(lambda: defaultdict(list))
        for key, clue in clues.items():
            vat = (clue.get("vat") or "").strip()
            values = {
                "name": self._get_name_key(clue.get("name")),
                "phone": clue.get("phone"),
                "email": email_normalize(clue.get("email") or "", strict=False),
                # One character says that the customer pays no such tax.
                "vat": len(vat) > 1 and vat,
            }
            for kind, value in values.items():
                if value:
                    wanted[kind][value].append(key)
        return wanted

    @api.model
    def _find_contacts(self, wanted):
        """Return the contacts, in sudo, that have a phone, e-mail or tax number of
        these, by one query."""
        domains = [
            Domain(field, "in", list(wanted[kind]))
            for kind, field in (("phone", "phone_sanitized"), ("email", "email_normalized"), ("vat", "vat"))
            if wanted[kind]
        ]
        return self.env["res.partner"].sudo().with_context(active_test=True).search(Domain.OR(domains))

    @api.model
    def _get_collision_messages(self, clues, own_partners):
        """Return what the present user is told about contact data they typed: that the
        customer is served already and whom to ask, and nothing else.

        :param clues: see `_find_collisions`
        :param own_partners: {key: commercial `res.partner` the data belong to anyway}
        :return: {key: message}
        """
        user = self.env.user
        if not self._is_of_ours(user):
            return {}
        messages = {}
        for key, customers in self._find_collisions(clues).items():
            others = customers.filtered(
                lambda customer, key=key: (
                    customer.partner_id.id not in own_partners.get(key, self.env["res.partner"])._origin.ids
                    and user not in customer._get_serving_users()
                )
            )
            if others:
                messages[key] = self.env._("Already served here; ask %(people)s.", people=others._get_people_to_ask())
        return messages

    def _get_serving_users(self):
        """Return the users who stand on this customer file."""
        self.ensure_one()
        return self.env["res.users"].union(self.partner_id.user_id, *(self[field] for field in SERVING_FIELDS))

    def _get_people_to_ask(self):
        """Return the names of those to ask about some customers, for a message."""
        people = self.env["res.users"]
        for customer in self:
            people |= customer.partner_id.user_id or customer.service_user_id or customer.care_user_id
        people = people.filtered("active")
        return format_list(self.env, people.mapped("name")) if people else self.env._("a manager")

    def _warn_of_collisions(self):
        """Give a manager a to-do for each new file whose customer has one already
        under another contact."""
        todo = self.env.ref("mail.mail_activity_data_todo")
        model_id = self.env["ir.model"]._get_id("broker.customer")
        vals_list = []
        for company, customers in self.sudo().grouped("company_id").items():
            found = customers.with_context(allowed_company_ids=company.ids)._find_collisions(
                {customer: customer.partner_id._get_broker_clue() for customer in customers}
            )
            twins = {customer: found[customer] - customer for customer in customers if found[customer] - customer}
            manager = twins and self._get_duplicates_manager(company)
            if not manager:
                continue
            for customer, others in twins.items():
                vals_list.append(
                    {
                        "res_model_id": model_id,
                        "res_id": customer.id,
                        "activity_type_id": todo.id,
                        "user_id": manager.id,
                        "date_deadline": company._get_broker_today(),
                        "summary": self.env._("Possibly a duplicate customer"),
                        # Those who serve this customer read it too: no name of the other.
                        "note": self.env._(
                            "The same name, phone, e-mail or tax number belongs to a customer of %(people)s. "
                            "Merge the contacts, or note why there are two.",
                            people=others[:5]._get_people_to_ask(),
                        ),
                    }
                )
        if vals_list:
            self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(vals_list)

    @api.model
    def _get_duplicates_manager(self, company):
        """Return the `res.users` who is told about duplicate customers, or none."""
        return (
            self.env["res.users"]
            .sudo()
            .search(
                Domain("all_group_ids", "in", self.env.ref("print_broker_crm.group_manager").ids)
                & Domain("company_ids", "in", company.ids)
                & Domain("share", "=", False),
                order="id",
                limit=1,
            )
        )
