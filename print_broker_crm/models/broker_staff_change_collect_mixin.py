from collections import defaultdict
from datetime import datetime, time, timedelta

from markupsafe import Markup
from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, frozendict

_FIGURES = (
    "lead_count",
    "quotation_count",
    "job_count",
    "handoff_count",
    "call_count",
    "activity_count",
    "meeting_count",
    "member_count",
    "uncollected_amount",
    "commission_earned",
    "commission_released",
    "commission_to_come",
)


class BrokerStaffChangeCollectMixin(models.AbstractModel):
    """The dry run of a staff change: who and what would move, and to whom.

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

    # PROPOSING

    def _propose_successors(self):
        """Propose a successor per line, the most important customers first.

        People of the giver's sales team, or who already serve the customer's state,
        come first; among them whoever has the least weight of customers, a customer
        weighing its tier's rank. What was given a moment ago counts. Choices by hand
        stay and count too.

        :return: {(role, user id): weight of the customers}, the proposals included
        """
        self.ensure_one()
        candidates = {role: self._get_candidates(role) for role in set(self.line_ids.mapped("role"))}
        loads, states = self._get_loads()
        teams = self.user_id.sudo().crm_team_ids
        by_hand = self.line_ids.filtered(lambda line: line.successor_reason == "hand" and line.successor_id)
        for line in by_hand:
            loads[line.role, line.successor_id.id] += self._get_weight(line.tier_rank)
        proposed = defaultdict(lambda: self.env["broker.staff.change.line"])
        rooms = self._get_sponsor_rooms(candidates, by_hand)
        for line in (self.line_ids - by_hand).sorted(lambda line: (-line.tier_rank, line.role_rank, line.id)):
            state = line.customer_id.partner_id.state_id
            people = candidates[line.role]
            if line.role == "sponsor":
                people = people.filtered(lambda user: rooms.get(user, 1) > 0)

            def is_near(user, role=line.role, state=state):
                return bool(user.crm_team_ids & teams) or (bool(state) and state.id in states[role, user.id])

            successor = min(
                people,
                key=lambda user, line=line, is_near=is_near: (
                    not is_near(user),
                    loads[line.role, user.id],
                    user.id,
                ),
                default=self.env["res.users"],
            )
            reason = successor and ("near" if is_near(successor) else "load")
            proposed[frozendict(successor_id=successor.id, successor_reason=reason or False)] += line
            loads[line.role, successor.id] += self._get_weight(line.tier_rank)
            if line.role == "sponsor" and successor in rooms:
                rooms[successor] -= 1
        for vals, lines in proposed.items():
            lines.write(dict(vals))
        return loads

    def _get_sponsor_rooms(self, candidates, by_hand):
        """Return {user: how many more customers they can be the sponsor of}; whoever is
        missing takes any number.

        :param candidates: {role: users}
        :param by_hand: the lines whose successor was chosen
        """
        rooms = self.env["broker.customer"]._get_sponsor_rooms(
            candidates.get("sponsor", self.env["res.users"]), self.company_id
        )
        rooms = {user: room for (user, _company), room in rooms.items()}
        for line in by_hand.filtered(lambda line: line.role == "sponsor" and line.successor_id in rooms):
            rooms[line.successor_id] -= 1
        return rooms

    @api.model
    def _get_weight(self, tier_rank):
        """A customer weighs the rank of its tier, without one as much as the lowest.

        `_get_holding_query` says the same in SQL.
        """
        return max(tier_rank, 1)

    @api.model
    def _get_holding_query(self, more=None):
        """Return the `SQL` SELECT of who has which customer in which role now: company_id,
        customer_id, partner_id, role, user_id, tier_id and the customer's weight.

        :param more: `SQL` SELECT of further (customer_id, role, user_id) than the open
            assignments
        """
        assigned = SQL(
            "SELECT customer_id, role, user_id FROM broker_assignment WHERE date_to IS NULL AND is_void IS NOT TRUE"
        )
        return SQL(
            """
            SELECT customer.company_id, customer.id AS customer_id, customer.partner_id, held.role,
                   held.user_id, customer.tier_id, GREATEST(COALESCE(tier.rank, 1), 1) AS weight
              FROM (%s) AS held
              JOIN broker_customer customer ON customer.id = held.customer_id AND customer.active
         LEFT JOIN broker_tier tier ON tier.id = customer.tier_id
            """,
            SQL("%s UNION ALL %s", assigned, more) if more else assigned,
        )

    @api.model
    def _flush_holdings(self):
        """Write what `_get_holding_query` reads."""
        self.env["broker.assignment"].flush_model()
        self.env["broker.customer"].flush_model(["active", "tier_id"])
        self.env["broker.tier"].flush_model(["rank", "is_key"])
        self.env["res.partner"].flush_model(["state_id"])

    def _get_candidates(self, role):
        """Return who can take over a role, in sudo.

        Active members of the role's group who work in the company, are not absent on
        the day and do not leave themselves; managers only when there is nobody else.
        """
        group = self._get_role_group(role)
        people = (
            self.env["res.users"]
            .sudo()
            .search(
                Domain("all_group_ids", "in", group.ids)
                & Domain("company_ids", "in", self.company_id.ids)
                & Domain("share", "=", False),
                order="id",
            )
        )
        people -= self.user_id + self._get_absent(people) + self._get_leaving(people)
        if role == "sponsor":
            return people
        managers = self._get_role_group("sponsor").all_user_ids
        return (people - managers) or people

    def _get_absent(self, people):
        """Return those of some users whose time off covers the day of the change."""
        day = max(self.last_day, self.company_id._get_broker_today())
        zone = timezone(self.company_id._get_broker_tz())
        start, end = (
            zone.localize(datetime.combine(moment, time.min)).astimezone(UTC).replace(tzinfo=None)
            for moment in (day, day + timedelta(days=1))
        )
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain("resource_id.user_id", "in", people.ids)
                & Domain("date_from", "<", end)
                & Domain("date_to", ">", start)
            )
        )
        return leaves.resource_id.user_id

    def _get_leaving(self, people):
        """Return those of some users who are about to leave the company, or all of
        them, by another change."""
        return (
            self.env["broker.staff.change"]
            .sudo()
            .search(
                Domain("mode", "=", "leaving")
                & Domain("state", "in", ("draft", "confirmed"))
                & Domain("user_id", "in", people.ids)
                & (Domain("company_id", "=", self.company_id.id) | Domain("archive_user", "=", True))
            )
            .user_id
        )

    def _get_loads(self):
        """Return what people already have to do in the company.

        :return: {(role, user id): weight of the customers} and {(role, user id): ids of
            the states that they serve}, by one query
        """
        self._flush_holdings()
        loads = defaultdict(int)
        states = defaultdict(set)
        for role, user_id, state_id, weight in self.env.execute_query(
            SQL(
                """
                SELECT holding.role, holding.user_id, partner.state_id, SUM(holding.weight)
                  FROM (%s) AS holding
                  JOIN res_partner partner ON partner.id = holding.partner_id
                 WHERE holding.company_id = %s
              GROUP BY holding.role, holding.user_id, partner.state_id
                """,
                self._get_holding_query(),
                self.company_id.id,
            )
        ):
            loads[role, user_id] += weight
            if state_id:
                states[role, user_id].add(state_id)
        return loads, states
