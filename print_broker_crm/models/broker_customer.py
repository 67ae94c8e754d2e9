from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import (
    AccessError,
    ConcurrencyError,
    UserError,
    ValidationError,
)
from odoo.fields import Domain

from .broker_customer_ledger_mixin import ROLE_FIELDS

# What an order or invoice asks of the file; all of it is much more.
DOCUMENT_FIELDS = (
    "company_id",
    "partner_id",
    "tier_id",
    "referrer_customer_id",
    "referrer_user_id",
    "service_user_id",
    "care_user_id",
    "sponsor_user_id",
)
# What a caller's context may say about the ledger, see `broker.assignment._assign`.
LEDGER_CONTEXT = {
    "broker_assignment_company_ids",
    "broker_assignment_date",
    "broker_assignment_origin",
    "broker_assignment_reason",
}


class BrokerCustomer(models.Model):
    """The firm's memory of a customer: one file per company and commercial partner.

    The contact stays narrow and shared between companies; what one company knows
    about the customer lives here. The file has a chatter of its own, because the care
    line's notes are not for those they are about.
    """

    _name = "broker.customer"
    _description = "Customer File"
    _inherits = {"res.partner": "partner_id"}
    _inherit = [
        "broker.access.log.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "broker.customer.company.mixin",
        "broker.customer.staff.mixin",
        "broker.customer.need.mixin",
        "broker.customer.referral.mixin",
        "broker.customer.relay.mixin",
        "broker.customer.leg.mixin",
        "broker.customer.case.mixin",
        "broker.customer.team.mixin",
        "broker.customer.sponsor.mixin",
        "broker.customer.commission.mixin",
        "broker.customer.tier.mixin",
        "broker.customer.tier.evidence.mixin",
        "broker.customer.tier.signal.mixin",
        "broker.customer.obligation.mixin",
        "broker.customer.care.mixin",
        "broker.customer.hours.mixin",
        "broker.customer.satisfaction.mixin",
        "broker.customer.spec.mixin",
        "broker.customer.readiness.mixin",
        "broker.customer.readiness.explanation.mixin",
        "broker.customer.readiness.query.mixin",
        "broker.customer.review.mixin",
        "broker.customer.coverage.mixin",
        "broker.customer.coverage.query.mixin",
        "broker.customer.contact.mixin",
        "broker.customer.touch.mixin",
        "broker.customer.proof.mixin",
        "broker.customer.signal.mixin",
        "broker.customer.market.mixin",
        "broker.customer.month.mark.mixin",
        "broker.customer.report.mixin",
        "broker.customer.ledger.mixin",
        "broker.customer.merge.mixin",
        "broker.customer.trend.mixin",
        "broker.customer.risk.mixin",
        "broker.customer.protection.mixin",
        "broker.customer.hook.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="restrict",
        bypass_search_access=True,
        index=True,
        domain="[('parent_id', '=', False)]",
        help="The commercial partner that is invoiced.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        related="company_id.currency_id",
        string="Company Currency",
    )
    active = fields.Boolean(default=True)
    date_opened = fields.Date(
        string="Opened on",
        required=True,
        readonly=True,
        default=lambda self: self.env.company._get_broker_today(),
    )
    service_user_id = fields.Many2one(
        "res.users",
        string="Service Agent",
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Runs the customer's jobs behind the salesperson.",
    )
    care_user_id = fields.Many2one(
        "res.users",
        string="Care Officer",
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Calls the customer on the firm's own account.",
    )
    sponsor_user_id = fields.Many2one(
        "res.users",
        string="Sponsor",
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="A member of the management who visits the customer.",
    )
    assignment_ids = fields.One2many(
        "broker.assignment", "customer_id", string="Assignments", readonly=True, domain=[("is_void", "=", False)]
    )
    sales_origin = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["origin"]._description_selection(self.env),
        string="Origin",
        compute="_compute_sales_origin",
        search="_search_sales_origin",
        help="How the present salesperson came to this customer. It decides the split of the commission.",
    )
    order_ids = fields.One2many("sale.order", "broker_customer_id", string="Orders", readonly=True)
    order_count = fields.Integer(string="Jobs", compute="_compute_order_count", compute_sudo=True)

    can_assign = fields.Boolean(compute="_compute_can_assign")

    _company_partner_uniq = models.UniqueIndex(
        "(company_id, partner_id)",
        "This contact already has a customer file in this company.",
    )

    @api.depends("name", "ref")
    def _compute_display_name(self):
        for customer in self:
            customer.display_name = customer.partner_id.display_name or ""

    @api.depends("assignment_ids.origin", "assignment_ids.date_to")
    def _compute_sales_origin(self):
        open_rows = self.env["broker.assignment"].sudo()._get_open(self, "sales")
        for customer in self:
            customer.sales_origin = open_rows.get(customer.id, {}) and (open_rows[customer.id].origin)

    @api.model
    def _search_sales_origin(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = (
            self.env["broker.assignment"]
            .sudo()
            ._search(Domain("role", "=", "sales") & Domain("is_open", "=", True) & Domain("origin", "in", value))
        )
        found = Domain("assignment_ids", "any!", Domain("id", "in", rows))
        if False in value:
            found |= Domain(
                "assignment_ids",
                "not any!",
                Domain("role", "=", "sales") & Domain("is_open", "=", True),
            )
        return found

    def _compute_order_count(self):
        counts = dict(
            self.env["sale.order"]._read_group(
                Domain("broker_customer_id", "in", self.ids) & Domain("state", "=", "sale"),
                ["broker_customer_id"],
                ["__count"],
            )
        )
        for customer in self:
            customer.order_count = counts.get(customer._origin, 0)

    @api.depends_context("uid")
    def _compute_can_assign(self):
        self.can_assign = self._may_assign()

    @api.constrains("partner_id")
    def _check_partner_is_commercial(self):
        for customer in self:
            partner = customer.partner_id
            if partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s belongs to %(company)s. Open the customer file on the company that is invoiced.",
                        contact=partner.name,
                        company=partner.commercial_partner_id.name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        self = self._trust_ledger_context(self)
        self._check_may_assign({field for vals in vals_list for field in vals})
        customers = super().create(vals_list)
        customers._log_assignments({}, ROLE_FIELDS)
        return customers

    def write(self, vals):
        self = self._trust_ledger_context(self)
        # The salesperson is written through to the partner, whose own write keeps
        # the ledger: only our three columns are looked after here.
        self._check_may_assign(vals)
        roles = {role: field for role, field in ROLE_FIELDS.items() if role != "sales" and field in vals}
        before = self._get_role_users(roles)
        result = super().write(vals)
        if roles:
            self._log_assignments(before, roles)
        return result

    def _prepare_create_values(self, vals_list):
        """Leave the properties of an existing contact alone: Odoo starts inherited ones
        as empty and writes that to each contact."""
        given = [set(vals) for vals in vals_list]
        result = super()._prepare_create_values(vals_list)
        names = [name for name, field in self._fields.items() if field.type == "properties" and field.inherited]
        for vals, known in zip(result, given, strict=True):
            if vals.get("partner_id"):
                for name in names:
                    if name not in known:
                        vals.pop(name, None)
        return result

    @api.model
    def _trust_ledger_context(self, records):
        """Return records without what the context says about the ledger, unless a
        manager or the firm's own code (in sudo) says it: a context comes with any
        call from outside."""
        if self.env.su or LEDGER_CONTEXT.isdisjoint(records.env.context) or self._may_assign():
            return records
        return records.with_context(**dict.fromkeys(LEDGER_CONTEXT, False))

    @api.model
    def _check_may_change_salesperson(self, customers, user_id):
        """Refuse another salesperson for a customer by anybody of ours but a manager.

        Whose customer it is decides who earns on it.

        :param customers: the `broker.customer` files of the contacts, in sudo
        :param user_id: id of the new salesperson, or False
        """
        if self.env.su or self._may_assign() or not self._is_of_ours(self.env.user):
            return
        for customer in customers:
            if customer.partner_id.user_id.id != (user_id or False):
                raise AccessError(
                    self.env._(
                        "%(customer)s has a customer file: only a manager changes its salesperson. Ask for a staff "
                        "change.",
                        customer=customer.partner_id.name,
                    )
                )

    @api.model
    def _may_assign(self):
        return self.env.su or self.env.user.has_group("print_broker_crm.group_manager")

    @api.model
    def _check_may_assign(self, field_names):
        """Refuse a change of the firm's own roles by anybody but a manager.

        Who serves a customer decides who earns on it; a handoff and the care line's
        batch do it in sudo, in the name of the user.
        """
        own_roles = {field for role, field in ROLE_FIELDS.items() if role != "sales"}
        if not own_roles & set(field_names) or self._may_assign():
            return
        raise AccessError(
            self.env._(
                "Only a manager changes the service agent, care officer or sponsor of "
                "a customer by hand. A service agent is set when a handoff is accepted."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_history(self):
        if any(customer.order_ids for customer in self.sudo()):
            raise UserError(self.env._("A customer file with orders cannot be deleted; archive it instead."))

    # ACTIONS

    def action_view_orders(self):
        """Open the confirmed jobs of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders")
        action["domain"] = [
            ("broker_customer_id", "=", self.id),
            ("state", "=", "sale"),
        ]
        action["context"] = {"default_partner_id": self.partner_id.id}
        return action

    def action_view_assignments(self):
        """Open the ledger of who served the customer, from when to when."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_assignment_action")
        action["domain"] = [("customer_id", "=", self.id)]
        return action

    # BUSINESS

    @api.model
    def _open_for_partners(self, partners, company, winners=None):
        """Return the customer files of some partners, opening those that miss.

        :param partners: `res.partner` records; their commercial partners are used
        :param company: the `res.company` whose files are meant
        :param winners: {partner: `res.users` who won them}; see `_give_to_winners`
        :return: `broker.customer` records in sudo, archived ones included
        """
        commercial_partners = partners.commercial_partner_id
        found = self._find_for_partners(commercial_partners, company)
        missing = commercial_partners.filtered(lambda p: p.id not in found)
        customers = self.sudo().concat(*found.values())
        if missing:
            self._give_to_winners(missing, winners or {})
            try:
                with self.env.cr.savepoint():
                    customers += (
                        self.sudo()
                        .with_company(company)
                        .create([{"partner_id": partner.id, "company_id": company.id} for partner in missing])
                    )
            except UniqueViolation as error:
                # Somebody opened the same file at the same moment; Odoo runs the
                # request again, and then the file is found.
                raise ConcurrencyError(str(error)) from error
        return customers

    @api.model
    def _find_for_partners(self, partners, company):
        """Return the existing files of some partners in one query.

        :return: dict of commercial partner id to `broker.customer` in sudo
        """
        customers = (
            self.sudo()
            .with_context(active_test=False)
            .search_fetch(
                Domain("company_id", "=", company.id) & Domain("partner_id", "in", partners.commercial_partner_id.ids),
                DOCUMENT_FIELDS,
            )
        )
        return {customer.partner_id.id: customer for customer in customers}

    @api.model
    def _fill_customer(self, records, get_partner, get_company):
        """Compute `broker_customer_id` of documents with one query per company.

        :param records: documents that have a `broker_customer_id`
        :param get_partner: function of a document that returns its contact
        :param get_company: function of a document that returns its company
        """
        for company, group in records.grouped(get_company).items():
            partners = self.env["res.partner"].union(*map(get_partner, group))
            files = company and self._find_for_partners(partners, company) or {}
            for record in group:
                partner = get_partner(record).commercial_partner_id
                record.broker_customer_id = files.get(partner._origin.id, False)
