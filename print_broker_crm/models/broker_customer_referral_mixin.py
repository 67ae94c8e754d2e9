from itertools import chain

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

REFERRER_FIELDS = ("referrer_customer_id", "referrer_user_id")


class BrokerCustomerReferralMixin(models.AbstractModel):
    """Who brought the customer, and whom the customer brought, on the customer file.

    What came of it is `broker.referral`'s to say; here it is summed up over the
    customers whom the present user works with, so that no figure tells of others.
    """

    _name = "broker.customer.referral.mixin"
    _inherit = ["broker.referral.mixin"]
    _description = "Customer File: Referrals"

    # The file itself says that it is the company's.
    currency_id = fields.Many2one("res.currency")
    can_change_referrer = fields.Boolean(compute="_compute_can_change_referrer", compute_sudo=False)
    referral_date = fields.Date(
        string="Brought on", compute="_compute_referral_date", store=True, readonly=False, tracking=True
    )
    referral_note = fields.Char(string="How It Came About")
    referred_ids = fields.Many2many("broker.customer", string="Brought Customers", compute="_compute_referred")
    referred_count = fields.Integer(string="Customers Brought", compute="_compute_referred")
    referred_revenue = fields.Monetary(string="Revenue of Those Brought", compute="_compute_referred")
    referred_margin = fields.Monetary(string="Margin of Those Brought", compute="_compute_referred")

    @api.depends(*REFERRER_FIELDS)
    def _compute_referral_date(self):
        for customer in self:
            if not (customer.referrer_customer_id or customer.referrer_user_id):
                customer.referral_date = False
            elif not customer.referral_date:
                customer.referral_date = (customer.company_id or self.env.company)._get_broker_today()

    @api.depends_context("uid")
    def _compute_can_change_referrer(self):
        # As stored: a form on which somebody is just being chosen stays open.
        for customer in self:
            known = customer._origin.sudo()
            customer.can_change_referrer = self._may_assign() or not (
                known.referrer_customer_id or known.referrer_user_id
            )

    @api.depends_context("uid")
    def _compute_referred(self):
        domain = Domain("referrer_customer_id", "in", self._origin.ids)
        if not self.env.su and self._is_restricted(self.env.user):
            domain &= Domain("customer_id", "any!", self._get_served_domain(self.env.user))
        rows = {
            referrer.id: figures
            for referrer, *figures in self.env["broker.referral"]
            .sudo()
            ._read_group(
                domain,
                ["referrer_customer_id"],
                ["customer_id:array_agg", "revenue:sum", "margin:sum"],
            )
        }
        brought = self.browse(chain.from_iterable(ids for ids, *_sums in rows.values()))
        # Odoo asks for the rights to each one's list: read together, not list by list.
        brought.mapped("partner_id.user_id")
        for customer in self:
            ids, revenue, margin = rows.get(customer._origin.id, ([], 0.0, 0.0))
            customer.referred_ids = brought.browse(ids)
            customer.referred_count = len(ids)
            customer.referred_revenue = revenue
            customer.referred_margin = margin

    @api.constrains("referrer_customer_id", "company_id")
    def _check_referrer_chain(self):
        customers = self.sudo()
        for customer in customers:
            if customer.referrer_customer_id and customer.referrer_customer_id.company_id != customer.company_id:
                raise ValidationError(
                    self.env._(
                        "%(customer)s: choose the referrer's customer file in %(company)s.",
                        customer=customer.display_name,
                        company=customer.company_id.name,
                    )
                )
            if customer.referrer_customer_id == customer:
                raise ValidationError(
                    self.env._("%(customer)s cannot have brought itself.", customer=customer.display_name)
                )
        if customers._has_cycle("referrer_customer_id"):
            raise ValidationError(
                self.env._(
                    "%(customers)s: this referrer was itself brought by them, directly or through others.",
                    customers=", ".join(customers.mapped("display_name")),
                )
            )

    # CRUD

    def write(self, vals):
        if not set(REFERRER_FIELDS).isdisjoint(vals):
            self._check_may_change_referrer(vals)
        return super().write(vals)

    # ACTIONS

    def action_view_referred(self):
        """Open the customers whom this one brought, as far as the user works with them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        action["display_name"] = self.env._("Brought by %(customer)s", customer=self.display_name)
        action["domain"] = [("id", "in", self.referred_ids.ids)]
        action["context"] = {"active_test": False}
        return action

    def action_view_referred_orders(self):
        """Open the jobs that the revenue and margin of those brought were summed from."""
        self.ensure_one()
        return self.referred_ids._get_jobs_action()

    def _get_jobs_action(self):
        """Return the action that lists the confirmed orders of these customers."""
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders")
        action["domain"] = [("broker_customer_id", "in", self.ids), ("state", "=", "sale")]
        action["context"] = {"create": False}
        return action

    # BUSINESS

    def _check_may_change_referrer(self, vals):
        """Let whoever works with a customer say who brought it, and managers alone
        change the answer: it decides a commission, and another's figures."""
        result = super()._check_may_change_referrer(vals)
        if self._may_assign():
            return result
        for customer in self.sudo():
            known = {name: customer[name].id for name in REFERRER_FIELDS}
            if any(known.values()) and any(vals.get(name, known[name]) != known[name] for name in REFERRER_FIELDS):
                raise AccessError(
                    self.env._(
                        "It is already written down who brought %(customer)s. Only a manager changes that.",
                        customer=customer.display_name,
                    )
                )
        return result

    @api.model
    def _take_over_referrers(self, leads_by_customer):
        """Let customer files without a referrer take over the one of their first deal.

        An opportunity with a customer who bought before says nothing about who brought
        the customer. A referrer who would have brought itself is left out.

        :param leads_by_customer: {`broker.customer`: the `crm.lead` just won or ordered}
        """
        wanted = {}
        for customer, leads in leads_by_customer.items():
            known = customer.sudo()
            # Who became a portal user since does not work here any more.
            lead = leads.sudo().filtered(
                lambda lead: lead.referrer_customer_id or (lead.referrer_user_id and not lead.referrer_user_id.share)
            )[:1]
            if known and lead and not (known.referrer_customer_id or known.referrer_user_id):
                wanted[known] = lead
        if not wanted:
            return
        earlier = self._get_customers_of_earlier_deals(leads_by_customer)
        for customer, lead in wanted.items():
            if customer.id in earlier:
                continue
            referrer = lead.referrer_customer_id
            if referrer.company_id != customer.company_id:
                found = self._find_for_partners(referrer.partner_id, customer.company_id)
                referrer = found.get(referrer.partner_id.id, self.sudo().browse())
            if referrer._is_brought_by(customer):
                continue
            if referrer or lead.referrer_user_id:
                customer.write(
                    {
                        "referrer_customer_id": referrer.id,
                        "referrer_user_id": lead.referrer_user_id.id,
                        "referral_date": customer.company_id._get_broker_date(lead.create_date),
                    }
                )

    @api.model
    def _get_customers_of_earlier_deals(self, leads_by_customer):
        """Return the ids of customers with a job or a won opportunity beside the leads
        given, in two queries."""
        known = {customer.id: leads for customer, leads in leads_by_customer.items() if customer}
        of_these = Domain("broker_customer_id", "in", list(known))
        orders = (
            self.env["sale.order"]
            .sudo()
            ._read_group(of_these & Domain("state", "=", "sale"), ["broker_customer_id", "opportunity_id"])
        )
        leads = (
            self.env["crm.lead"]
            .sudo()
            ._read_group(of_these & Domain("won_status", "=", "won"), ["broker_customer_id"], ["id:recordset"])
        )
        return {customer.id for customer, lead in orders if not lead or lead not in known[customer.id]} | {
            customer.id for customer, won in leads if won - known[customer.id]
        }

    def _is_brought_by(self, customers):
        """Tell whether this customer is one of some, or was brought by one of them,
        directly or through others."""
        above = self.sudo()
        while above:
            if above in customers:
                return True
            above = above.referrer_customer_id
        return False

    def _before_merge_into(self, target):
        """Keep the first referrer that makes nobody its own: of the file that remains,
        or of those that go."""
        result = super()._before_merge_into(target)
        target = target.sudo()
        members = target + self.sudo()
        for file in members:
            referrer = file.referrer_customer_id
            if file.referrer_user_id or (referrer and not referrer._is_brought_by(members)):
                kept = {name: file[name].id for name in REFERRER_FIELDS}
                if file != target:
                    kept.update(
                        referral_date=file.referral_date, referral_note=file.referral_note or target.referral_note
                    )
                break
        else:
            kept = dict.fromkeys(REFERRER_FIELDS, False)
        if any((target[name].id if name in REFERRER_FIELDS else target[name]) != kept[name] for name in kept):
            target.write(kept)
        return result

    def _drop_own_referrals(self):
        """Empty the referrer of these customers' opportunities where a merge made it
        the customer itself."""
        own = (
            self.env["crm.lead"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("referrer_customer_id", "in", self.ids))
            .filtered(lambda lead: lead._is_referred_by_itself())
        )
        own.write({"referrer_customer_id": False})
