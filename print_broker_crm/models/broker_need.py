from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .broker_customer_care_mixin import CARE_GROUP


class BrokerNeed(models.Model):
    """Something a customer wants, as somebody of the firm heard it.

    A need is proven by an order: when a quotation that names it is confirmed, or by
    hand. What is proven, dropped or open follows from the order and the reason, so that
    no two of them can say different things.
    """

    _name = "broker.need"
    _inherit = ["broker.phone.list.mixin", "mail.thread"]
    _description = "Customer Need"
    _order = "date_heard desc, id desc"
    # No order sorts before the newest order: what is open comes first, of it the
    # longest waiting, then what was dropped, then what is proven.
    _phone_list_order = "order_id, drop_reason desc, date_heard, id"
    _check_company_auto = True

    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="customer_id.partner_id", string="Commercial Contact")
    kind = fields.Selection(
        [("stated", "Stated"), ("individual", "Individual"), ("latent", "Latent")],
        required=True,
        default="stated",
        tracking=True,
        group_expand=True,
        help="Stated: what every customer asks for. Individual: what this one wants differently. "
        "Latent: what it does not say, or does not know yet.",
    )
    name = fields.Char(string="Need", required=True, help="One line, in the customer's words.")
    description = fields.Text()
    source = fields.Selection(
        [
            ("conversation", "Conversation"),
            ("care_call", "Care call"),
            ("quotation", "Quotation"),
            ("order", "Order"),
            ("complaint", "Complaint"),
            ("message", "Message"),
            ("visit", "Visit"),
            ("observation", "Observation"),
        ],
        required=True,
        default="conversation",
    )
    care_call_id = fields.Many2one(
        "broker.care.call",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=CARE_GROUP,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Heard by",
        index="btree_not_null",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Said by",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="The person at the customer who said so.",
    )
    date_heard = fields.Date(
        string="Heard on",
        compute="_compute_date_heard",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    confidence = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")],
        required=True,
        default="medium",
        tracking=True,
        help="How sure we are that the customer wants this.",
    )
    product_id = fields.Many2one("product.product", check_company=True)
    product_type_id = fields.Many2one(
        "broker.product.type",
        compute="_compute_product_type_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        help="What is to be printed. Needs are counted by it, over all customers.",
    )
    category_id = fields.Many2one(
        "product.category",
        compute="_compute_category_id",
        store=True,
        readonly=False,
    )
    order_id = fields.Many2one(
        "sale.order",
        string="Proven by",
        index="btree_not_null",
        copy=False,
        tracking=True,
        check_company=True,
        ondelete="set null",
        domain="[('broker_customer_id', '=', customer_id), ('state', '=', 'sale')]",
        help="The confirmed order that answered the need. It is set when a quotation that names the need is "
        "confirmed, and taken back when that order is cancelled.",
    )
    drop_reason = fields.Char(
        string="Why Dropped", copy=False, tracking=True, help="A need with a reason here is no longer offered."
    )
    state = fields.Selection(
        [("open", "Open"), ("proven", "Proven"), ("dropped", "Dropped")],
        string="Status",
        compute="_compute_state",
        store=True,
        precompute=True,
        index=True,
    )
    days_open = fields.Integer(compute="_compute_waiting", string="Days", help="Days since it was heard, while open.")
    is_stale = fields.Boolean(
        string="Waits Too Long",
        compute="_compute_waiting",
        search="_search_is_stale",
        help="Still open after the number of days in the settings.",
    )
    quotation_ids = fields.Many2many("sale.order", compute="_compute_quotation_ids", string="Named by Quotations")

    @api.depends("product_id")
    def _compute_category_id(self):
        for need in self:
            need.category_id = need.product_id.categ_id or need.category_id

    @api.depends("product_id")
    def _compute_product_type_id(self):
        for need in self:
            need.product_type_id = need.product_id.broker_product_type_id or need.product_type_id

    @api.depends("order_id", "drop_reason")
    def _compute_state(self):
        for need in self:
            if need.order_id:
                need.state = "proven"
            else:
                need.state = "dropped" if (need.drop_reason or "").strip() else "open"

    @api.depends("customer_id")
    def _compute_date_heard(self):
        """Today, as it is in the customer's firm: another may be a day ahead."""
        for need in self:
            need.date_heard = need.date_heard or (need.company_id or self.env.company)._get_broker_today()

    @api.depends("state", "date_heard", "company_id")
    def _compute_waiting(self):
        for need in self:
            company = need.company_id or self.env.company
            is_open = need.state == "open" and bool(need.date_heard)
            need.days_open = is_open and (company._get_broker_today() - need.date_heard).days
            need.is_stale = is_open and need.days_open >= company.sudo().broker_need_stale_days

    @api.model
    def _search_is_stale(self, operator, value):
        if operator != "in":
            return NotImplemented
        stale = Domain("state", "=", "open") & Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("date_heard", "<=", company._get_broker_today() - timedelta(days=company.broker_need_stale_days))
            for company in self.env["res.company"].sudo().search(Domain.TRUE)
        )
        return stale if True in value else ~stale

    def _compute_quotation_ids(self):
        Order = self.env["sale.order"]
        found = dict.fromkeys(self._origin.ids, Order)
        if Order.has_access("read"):
            for order in Order.search(Domain("broker_need_ids", "in", self._origin.ids)):
                for need in order.broker_need_ids:
                    if need.id in found:
                        found[need.id] |= order
        for need in self:
            need.quotation_ids = found.get(need._origin.id, Order)

    # CHECKS: the messages name nothing that the reader may not see

    @api.constrains("name")
    def _check_name(self):
        if any(not need.name.strip() for need in self):
            raise ValidationError(self.env._("Say in one line what the customer wants."))

    @api.constrains("date_heard", "company_id")
    def _check_date_heard(self):
        for need in self.sudo():
            if need.date_heard > need.company_id._get_broker_today():
                raise ValidationError(
                    self.env._("%(need)s: a need cannot be heard in the future.", need=need.display_name)
                )

    @api.constrains("contact_id", "customer_id")
    def _check_contact(self):
        for need in self.sudo():
            if need.contact_id and need.contact_id.commercial_partner_id != need.customer_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(need)s: choose a contact person of %(customer)s.",
                        need=need.name,
                        customer=need.customer_id.display_name,
                    )
                )

    @api.constrains("order_id", "customer_id", "drop_reason")
    def _check_order(self):
        for need in self.sudo():
            order = need.order_id
            if not order:
                continue
            if (need.drop_reason or "").strip():
                raise ValidationError(
                    self.env._(
                        "%(need)s was dropped. Empty Why Dropped before an order proves it, or take the order out.",
                        need=need.name,
                    )
                )
            if order.broker_customer_id != need.customer_id:
                raise ValidationError(
                    self.env._(
                        "%(need)s: only an order of %(customer)s can prove it.",
                        need=need.name,
                        customer=need.customer_id.display_name,
                    )
                )
            if order.state != "sale":
                raise ValidationError(
                    self.env._(
                        "%(need)s: %(order)s is not confirmed, so it proves nothing yet.",
                        need=need.name,
                        order=order.name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Before a check names the customer: numbers can be guessed.
            self.env["broker.customer"]._check_links_visible(self, vals)
            self._check_followed_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_followed_fields(vals)
        if "customer_id" in vals and not self.env.su:
            if any(need.customer_id.id != vals["customer_id"] for need in self):
                raise UserError(
                    self.env._("A need stays with its customer. Write it down again for the other, and drop this one.")
                )
        return super().write(vals)

    @api.model
    def _check_followed_fields(self, vals):
        """Refuse what follows from the order, the reason and the customer."""
        if not self.env.su and {"state", "company_id", "care_call_id"} & set(vals):
            raise UserError(
                self.env._(
                    "A need is proven by its order and dropped by a reason, and belongs to its customer's company: "
                    "change those instead."
                )
            )

    # ACTIONS

    def action_reopen(self):
        """Take a drop back: the need is offered again."""
        self.filtered("drop_reason").write({"drop_reason": False})
        return True

    # BUSINESS

    @api.model
    def _get_open_domain(self, customers):
        """Return which needs wait for an answer.

        :param customers: the `broker.customer` meant
        """
        return Domain("customer_id", "in", customers.ids) & Domain("state", "=", "open")

    @api.model
    def _prove_by_orders(self, orders):
        """Let confirmed orders prove the open needs that they name.

        A need that was proven by another order before, or dropped, is left alone.

        :param orders: `sale.order` records, confirmed or not, of any companies
        """
        for order in orders.sudo().sorted(lambda order: (order.date_order, order.id)):
            needs = order.state == "sale" and order.broker_need_ids.filtered(lambda need: need.state == "open")
            if needs:
                needs.order_id = order

    @api.model
    def _take_back_proof(self, orders):
        """Open the needs again that orders proved which are no longer confirmed, or no
        longer the customer's.

        Where another confirmed order names the need too, that one proves it now.

        :param orders: `sale.order` records that were cancelled, reset or given to others
        """
        needs = (
            self.sudo()
            .search(Domain("order_id", "in", orders.ids))
            .filtered(
                lambda need: need.order_id.state != "sale" or need.order_id.broker_customer_id != need.customer_id
            )
        )
        if needs:
            needs.order_id = False
            self._prove_by_orders(
                self.env["sale.order"]
                .sudo()
                .search(Domain("broker_need_ids", "in", needs.ids) & Domain("state", "=", "sale"))
            )
