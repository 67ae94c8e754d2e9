from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# The contact data that tell one customer from another.
CLUE_FIELDS = ("name", "phone", "email", "vat", "parent_id")


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["broker.access.log.mixin", "broker.partner.claim.mixin", "res.partner"]

    broker_customer_ids = fields.One2many(
        "broker.customer",
        "partner_id",
        string="Customer Files",
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
    )
    broker_customer_count = fields.Integer(
        compute="_compute_broker_customer_count",
        string="Customer Files Count",
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
    )

    broker_tier_id = fields.Many2one(
        "broker.tier",
        string="Customer Tier",
        compute="_compute_broker_tier_id",
        search="_search_broker_tier_id",
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
        help="Of the present company's customer file.",
    )
    broker_collision_message = fields.Char(
        compute="_compute_broker_collision_message",
        compute_sudo=False,
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
    )

    @api.depends(*CLUE_FIELDS)
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_broker_collision_message(self):
        messages = self.env["broker.customer"]._get_collision_messages(
            {partner: partner._get_broker_clue() for partner in self},
            {partner: partner.commercial_partner_id for partner in self},
        )
        for partner in self:
            partner.broker_collision_message = messages.get(partner)

    def _compute_same_vat_partner_id(self):
        result = super()._compute_same_vat_partner_id()
        # Odoo looks for the same number in sudo and shows the contact's name.
        for name in ("same_vat_partner_id", "same_company_registry_partner_id"):
            twins = self.mapped(name)
            hidden = twins and twins - twins.with_env(self.env)._filtered_access("read")
            for partner in self:
                if partner[name] in hidden:
                    partner[name] = False
        return result

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_broker_tier_id(self):
        files = self.env["broker.customer"]._find_for_partners(self._origin, self.env.company)
        for partner in self:
            customer = files.get(partner.commercial_partner_id._origin.id)
            partner.broker_tier_id = customer and customer.tier_id

    @api.model
    def _search_broker_tier_id(self, operator, value):
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        # In sudo and with archived files, as the tier is shown
        files = self.env["broker.customer"].sudo().with_context(active_test=False)
        of_company = Domain("company_id", "=", self.env.company.id)
        if operator == "in":
            tiers = Domain("tier_id", "in", [tier for tier in value if tier])
        else:
            tiers = Domain("tier_id", operator, value)
        found = Domain("commercial_partner_id", "in", files._search(of_company & tiers).subselect("partner_id"))
        if operator == "in" and False in value:
            with_tier = files._search(of_company & Domain("tier_id", "!=", False)).subselect("partner_id")
            found |= Domain("commercial_partner_id", "not in", with_tier)
        return found

    def _field_to_sql(self, alias, field_expr, query=None):
        """Group and sort contacts by tier: from the file of the present company, which is one
        at most. Nothing is kept on the contact, so that a contact of several companies stands
        where each of them sees it, and a night writes to no contact."""
        if field_expr != "broker_tier_id" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        customer = self.env["broker.customer"]
        files = query.make_alias(alias, f"{field_expr}__{self.env.company.id}")

        def column(name):
            return SQL.identifier(files, name, to_flush=customer._fields[name])

        query.add_join(
            "LEFT JOIN",
            files,
            customer._table,
            SQL(
                "%s = %s AND %s = %s",
                column("partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
                column("company_id"),
                self.env.company.id,
            ),
        )
        return column("tier_id")

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # The scale is sorted highest first: contacts without a tier stand at the low end.
        if field_name == "broker_tier_id" and not nulls.code:
            nulls = SQL("NULLS FIRST") if direction.code == "DESC" else SQL("NULLS LAST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    def _compute_broker_customer_count(self):
        counts = dict(
            self.env["broker.customer"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.broker_customer_count = counts.get(partner.commercial_partner_id._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        self.env["broker.customer"]._check_partners_visible(partners.parent_id)
        return partners

    def write(self, vals):
        if vals.get("parent_id"):
            self.env["broker.customer"]._check_partners_visible(self.browse(vals["parent_id"]))
        if "user_id" not in vals:
            return super().write(vals)
        customers = (
            self.env["broker.customer"].sudo().with_context(active_test=False).search([("partner_id", "in", self.ids)])
        )
        self.env["broker.customer"]._check_may_change_salesperson(customers, vals["user_id"])
        self = self.env["broker.customer"]._trust_ledger_context(self)
        customers = customers.with_env(self.env(su=True))
        before = customers._get_role_users({"sales": "user_id"})
        contacts = customers._get_contacts_of_salesperson() - self
        result = super().write(vals)
        customers._log_assignments(before, {"sales": "user_id"})
        if contacts:
            # Odoo copies the salesperson to a contact once, and takes a new order's
            # salesperson from there.
            contacts.write({"user_id": vals["user_id"]})
        return result

    def action_view_broker_customers(self):
        """Open the contact's customer file in the companies of the user."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        customers = self.env["broker.customer"].search([("partner_id", "=", self.commercial_partner_id.id)])
        if len(customers) == 1:
            form = self.env.ref("print_broker_crm.broker_customer_view_form")
            action.update(res_id=customers.id, views=[(form.id, "form")])
        else:
            action["domain"] = [("id", "in", customers.ids)]
        return action

    def _get_broker_clue(self):
        """Return what the contact can be recognised by, see
        `broker.customer._find_collisions`. A person's name at a company says nothing."""
        self.ensure_one()
        return {
            "name": not self.parent_id and self.name,
            "phone": self.phone_sanitized,
            "email": self.email_normalized,
            "vat": self.vat,
        }

    def _build_vcard(self):
        # A business card is an export of a contact.
        self.env["broker.access.log"]._check_export(self, ["vcard"])
        return super()._build_vcard()
