from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount

_FIGURES = (
    "lead_count",
    "quotation_count",
    "job_count",
    "handoff_count",
    "call_count",
    "case_count",
    "activity_count",
    "meeting_count",
    "member_count",
    "uncollected_amount",
    "commission_earned",
    "commission_released",
    "commission_to_come",
)


class BrokerStaffChangeCollectMixin(models.AbstractModel):
    """The dry run of a staff change: who and what would move.

    Everything is read in sets, by a number of queries that does not depend on the
    number of customers.
    """

    _name = "broker.staff.change.collect.mixin"
    _description = "Staff Change: Dry Run"

    customer_count = fields.Integer(string="Number of Customers", compute="_compute_totals")
    missing_count = fields.Integer(string="Without a Successor", compute="_compute_totals")
    no_email_count = fields.Integer(string="Without an E-mail", compute="_compute_totals")
    open_count = fields.Integer(string="Open Items", compute="_compute_totals")
    uncollected_amount = fields.Monetary(string="Uncollected", compute="_compute_totals")
    commission_earned = fields.Monetary(compute="_compute_totals")
    commission_released = fields.Monetary(compute="_compute_totals")
    commission_to_come = fields.Monetary(string="Commission Still to Come", compute="_compute_totals")
    tier_totals = fields.Html(string="By Tier", compute="_compute_tier_totals")
    shared_count = fields.Integer(
        string="Shared with Other Companies",
        compute="_compute_shared_count",
        compute_sudo=True,
        help="Customers who have files in other companies too: the contact has one salesperson for all.",
    )
    rest_count = fields.Integer(
        string="Held Beside the Customers",
        readonly=True,
        copy=False,
        help="Prospects, their opportunities, and work on and places in the account teams of customers of others, as "
        "of the last time it was collected.",
    )
    # The document's own fields, named here for those who read the mixin alone.
    currency_id = fields.Many2one("res.currency")

    @api.depends("line_ids")
    def _compute_totals(self):
        for change in self:
            lines = change.line_ids
            change.customer_count = len(lines.customer_id)
            change.missing_count = len(lines.filtered(lambda line: not line.successor_id and line.state != "cancelled"))
            change.no_email_count = len(lines.filtered(lambda line: line.notify and not line.email))
            for name in (
                "open_count",
                "uncollected_amount",
                "commission_earned",
                "commission_released",
                "commission_to_come",
            ):
                change[name] = sum(lines.mapped(name))

    @api.depends("line_ids")
    def _compute_shared_count(self):
        for change in self:
            partners = change.line_ids.filtered(lambda line: line.role == "sales").customer_id.partner_id
            files = partners.broker_customer_ids
            change.shared_count = len(
                files.filtered(lambda file, change=change: file.company_id != change.company_id).partner_id
            )

    @api.depends("line_ids")
    def _compute_tier_totals(self):
        for change in self:
            change.tier_totals = change._render_tier_totals()

    def _render_tier_totals(self):
        """Return a table of the lines by tier, the highest first."""
        headers = [
            self.env._("Tier"),
            self.env._("Customers"),
            self.env._("Open Items"),
            self.env._("Uncollected"),
            self.env._("Commission Still to Come"),
        ]
        head = Markup().join(
            Markup('<th class="%s">%s</th>') % ("" if index == 0 else "text-end", header)
            for index, header in enumerate(headers)
        )
        rows = Markup()
        by_tier = self.line_ids.grouped("tier_id")
        for tier in sorted(by_tier, key=lambda tier: -tier.rank):
            lines = by_tier[tier]
            cells = [
                tier.name or self.env._("None"),
                len(lines.customer_id),
                sum(lines.mapped("open_count")),
                format_amount(self.env, sum(lines.mapped("uncollected_amount")), self.currency_id),
                format_amount(self.env, sum(lines.mapped("commission_to_come")), self.currency_id),
            ]
            rows += Markup("<tr>%s</tr>") % Markup().join(
                Markup('<td class="%s">%s</td>') % ("" if index == 0 else "text-end", cell)
                for index, cell in enumerate(cells)
            )
        table = Markup('<table class="table table-sm mb-0"><thead><tr>%s</tr></thead><tbody>%s</tbody></table>')
        return rows and table % (head, rows)

    # COLLECTING

    def _collect(self):
        """Fill or refresh the lines; see `action_collect`."""
        self.ensure_one()
        held = self._find_held_roles()
        figures = self._get_figures(held)
        known = {(line.customer_id, line.role): line for line in self.line_ids}
        wanted = {(customer, role) for customer, roles in held.items() for role in roles}
        vals_list = []
        for customer, roles in held.items():
            for role in roles:
                vals = figures[customer, role]
                line = known.get((customer, role))
                if line:
                    line.write(vals)
                else:
                    vals_list.append({"change_id": self.id, "customer_id": customer.id, "role": role, **vals})
        # Who was archived has no roles any more: the list is what nobody has taken yet.
        self.line_ids.filtered(
            lambda line: (line.customer_id, line.role) not in wanted and (self.user_id.active or not line._is_held())
        ).unlink()
        self.env["broker.staff.change.line"].create(vals_list)
        self.invalidate_recordset(["line_ids"])
        loads = self._propose_successors()
        self.write({"collected_at": fields.Datetime.now(), "rest_count": self._count_rest()})
        if self.rest_count and not self.fallback_user_id:
            self.fallback_user_id = min(
                self._get_candidates("sales"),
                key=lambda user: (loads["sales", user.id], user.id),
                default=self.env["res.users"],
            )

    def _find_held_roles(self):
        """Return {file: [role, …]} of what the person holds, or gives away."""
        self.ensure_one()
        customers = self.env["broker.customer"]._find_held(self.user_id, self.company_id)
        if self.mode == "rebalancing":
            customers &= self.customer_ids.sudo()
        return customers._get_held_roles(self.user_id)

    def _get_figures(self, held):
        """Return {(customer, role): values of the line}.

        :param held: {`broker.customer`: [role, …]}
        """
        customers = self.env["broker.customer"].sudo().concat(*held)
        figures = {
            (customer, role): {
                **dict.fromkeys(_FIGURES, 0),
                "tier_id": customer.tier_id.id,
                "tier_rank": customer.tier_id.rank,
                "rule_id": False,
            }
            for customer, roles in held.items()
            for role in roles
        }
        first_line = {customer: figures[customer, roles[0]] for customer, roles in held.items() if roles}
        for kind in customers._get_held_kinds():
            if kind.kind:
                for customer, count in self._count_documents(kind, customers):
                    if (customer, kind.role) in figures:
                        figures[customer, kind.role][f"{kind.kind}_count"] += count
        for name, customers_of in (
            ("activity_count", customers._map_activities(customers._find_activities(self.user_id), self.company_id)),
            ("meeting_count", customers._find_meetings(self.user_id, self.company_id)),
            ("member_count", {member: member.customer_id for member in self._find_memberships()}),
        ):
            for customer in customers_of.values():
                if customer in first_line:
                    first_line[customer][name] += 1
        for customer, amount in self._get_uncollected(customers).items():
            first_line[customer]["uncollected_amount"] = amount
        for key, amounts in self._get_commission(customers).items():
            if key in figures:
                figures[key].update(amounts)
        for customer, rule in self._get_rules(customers, held).items():
            for role in held[customer]:
                figures[customer, role]["rule_id"] = rule.id
        return figures

    def _count_documents(self, kind, customers):
        """Return [(customer, number of the person's open documents of a kind)]."""
        return (
            self.env[kind.model]
            .sudo()
            ._read_group(
                kind.domain
                & Domain(kind.user_field, "=", self.user_id.id)
                & Domain(kind.customer_field, "in", customers.ids),
                [kind.customer_field],
                ["__count"],
            )
        )

    @api.model
    def _get_uncollected(self, customers):
        """Return {customer: unpaid part of the posted invoices, credit notes
        deducted, in the company's currency}."""
        return dict(
            self.env["account.move"]
            .sudo()
            ._read_group(
                Domain("broker_customer_id", "in", customers.ids)
                & Domain("state", "=", "posted")
                & Domain("move_type", "in", ("out_invoice", "out_refund"))
                & Domain("amount_residual", "!=", 0),
                ["broker_customer_id"],
                ["amount_residual_signed:sum"],
            )
        )

    def _get_commission(self, customers):
        """Return {(customer, role): what the person earned, got and can still get}."""
        rows = (
            self.env["broker.commission.entry"]
            .sudo()
            ._read_group(
                Domain("customer_id", "in", customers.ids) & Domain("user_id", "=", self.user_id.id),
                ["customer_id", "role", "plan_id"],
                ["earned:sum", "released:sum"],
            )
        )
        amounts = defaultdict(lambda: defaultdict(float))
        for customer, role, plan, earned, released in rows:
            total = amounts[customer, role]
            total["commission_earned"] += earned
            total["commission_released"] += released
            if not self._stops_release(plan):
                total["commission_to_come"] += earned - released
        return amounts

    def _stops_release(self, plan):
        """Tell whether a leaver gets nothing more under a plan.

        :param plan: the `broker.commission.plan` a job was confirmed under
        """
        return self.mode == "leaving" and plan.leaver_policy == "stop"

    def _get_rules(self, customers, held):
        """Return {customer: the rule that will share the next job's commission}.

        Of rules for a product category the general ones are meant: what the customer
        will order is not known.
        """
        plan = self.env["broker.commission.plan"]._get_plan(
            self.company_id, max(self.last_day, self.company_id._get_broker_today())
        )
        rules = plan.rule_ids
        first_orders = self.env["broker.commission.split"]._get_first_orders(customers)
        given = "inherited" if self.mode == "leaving" else "transferred"
        category = self.env["product.category"]
        matched = {}
        found = {}
        for customer, roles in held.items():
            origin = given if "sales" in roles else customer.sales_origin
            kind = "repeat" if customer.id in first_orders else "first"
            key = (origin, kind, customer.tier_id)
            if key not in matched:
                matched[key] = rules._match(origin, {kind}, category, tier=customer.tier_id)
            found[customer] = matched[key]
        return found

    # THE REST

    def _find_rest_documents(self):
        """Return {kind: documents} that the leaver holds beside the listed lines."""
        Customer = self.env["broker.customer"].sudo()
        listed = {(line.customer_id, line.role) for line in self.line_ids}
        rest = {}
        for kind in Customer._get_held_kinds():
            documents = Customer._find_documents(kind, self.user_id, company=self.company_id).filtered(
                lambda document, kind=kind: (document[kind.customer_field], kind.role) not in listed
            )
            if documents:
                rest[kind] = documents
        return rest

    def _find_prospects(self):
        """Return the leaver's contacts who are no customers, in sudo."""
        return (
            self.env["res.partner"]
            .sudo()
            .search(
                Domain("user_id", "=", self.user_id.id)
                & Domain("company_id", "in", (self.company_id.id, False))
                & Domain("commercial_partner_id.broker_customer_ids", "=", False),
                order="id",
            )
        )

    def _find_memberships(self):
        """Return the person's places in the company's account teams that somebody has to
        take over, in sudo."""
        return self.env["broker.customer.member"]._find_to_pass(self.user_id, self.company_id)

    def _count_rest(self):
        """Return how many contacts, documents, activities and places in account teams
        the leaver has beside the customers; none where only some customers are given
        away."""
        self.ensure_one()
        if self.mode != "leaving":
            return 0
        Customer = self.env["broker.customer"].sudo()
        listed = self.line_ids.customer_id
        activities = Customer._map_activities(Customer._find_activities(self.user_id), self.company_id)
        return (
            len(self._find_prospects())
            + sum(map(len, self._find_rest_documents().values()))
            + sum(member.customer_id not in listed for member in self._find_memberships())
            + sum(
                not customer or (customer.company_id == self.company_id and customer not in listed)
                for customer in activities.values()
            )
        )
