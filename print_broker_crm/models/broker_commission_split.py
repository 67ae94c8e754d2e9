from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCommissionSplit(models.Model):
    """Who gets which part of a job's commission, as it stood when it was confirmed.

    One row per job, rule and role. Later changes of the plan or of the customer's
    salesperson do not reach back to it; only a manager's correction of the past does.
    """

    _name = "broker.commission.split"
    _inherit = [
        "broker.phone.list.mixin",
        "broker.commission.split.correction.mixin",
        "broker.commission.split.bringer.mixin",
        "broker.commission.split.renewal.mixin",
    ]
    _description = "Commission Split"
    _order = "order_id desc, id"
    # Orders have the newest first by themselves.
    _phone_list_order = "order_id, id"
    _allow_sudo_commands = False

    order_id = fields.Many2one("sale.order", string="Job", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, index=True)
    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="restrict")
    plan_id = fields.Many2one("broker.commission.plan", required=True, index=True, ondelete="restrict")
    rule_id = fields.Many2one("broker.commission.rule", required=True, index=True, ondelete="restrict")
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        required=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Payee",
        index="btree_not_null",
        ondelete="restrict",
        help="Empty: nobody had the role yet. The share is kept for the manager to see "
        "and goes to whoever accepts the handoff.",
    )
    assignment_id = fields.Many2one("broker.assignment", ondelete="restrict")
    origin = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["origin"]._description_selection(self.env),
    )
    order_kind = fields.Selection(
        [
            ("first", "First order"),
            ("repeat", "Repeat order"),
            ("referral", "First order by referral"),
        ],
        required=True,
    )
    brought_by = fields.Selection(
        string="Order Brought by",
        selection=lambda self: self.env["sale.order"]._fields["broker_brought_by"]._description_selection(self.env),
    )
    tier_id = fields.Many2one("broker.tier", ondelete="restrict", help="Where the customer stood on that day.")
    base = fields.Selection([("margin", "Margin"), ("revenue", "Revenue")], required=True)
    rate = fields.Float(string="Rate (%)", required=True, digits=(5, 2))
    percent = fields.Float(string="Share (%)", required=True, digits=(5, 2))

    cost_typed = fields.Boolean(
        string="Cost Not Purchased",
        compute="_compute_cost_typed",
        compute_sudo=True,
        help="The cost of one of the lines was typed in: no confirmed purchase order says it.",
    )

    _order_role_uniq = models.UniqueIndex("(order_id, rule_id, role)", "The job is already split under this rule.")

    @api.depends("order_id", "role", "percent")
    def _compute_display_name(self):
        roles = dict(self._fields["role"]._description_selection(self.env))
        for split in self:
            split.display_name = self.env._(
                "%(job)s: %(role)s %(percent)s %%",
                job=split.order_id.sudo().name or "",
                role=roles.get(split.role, ""),
                percent=f"{split.percent:g}",
            )

    @api.depends("order_id.order_line.broker_cost_purchased", "order_id.order_line.broker_commission_rule_id")
    def _compute_cost_typed(self):
        typed = self.env["broker.commission.entry"]._get_typed_costs(self.order_id)
        for split in self:
            split.cost_typed = (split.order_id.id, split.rule_id.id) in typed

    # CRUD

    def write(self, vals):
        """Only the payee is ever written, and the origin that a correction of the
        assignments brought to light, by the room itself."""
        if not self.env.su or set(vals) - {"user_id", "assignment_id", "origin"}:
            raise UserError(
                self.env._(
                    "The split of a job is fixed when the job is confirmed and is not "
                    "edited. Change the plan for the jobs to come."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.env["broker.commission.entry"].sudo().search(Domain("split_id", "in", self.ids), limit=1)
        if used:
            raise UserError(
                self.env._(
                    "Commission was already written for the job %(order)s, so its split stays.",
                    order=used.order_id.name,
                )
            )

    def copy_data(self, default=None):
        raise UserError(self.env._("The split of a job comes from its confirmation, not by copy."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("The split of a job comes from its confirmation, not by import."))

    # ACTIONS

    def action_fill_payees(self):
        """Give the shares without a payee to the customer's people of today.

        For a manager who put somebody into a role after the job was confirmed.

        :raises AccessError: for anybody but a manager
        """
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager gives open shares to somebody."))
        self.check_access("read")
        self._fill_payees(self.order_id)
        return True

    # BUSINESS

    @api.model
    def _snapshot_orders(self, orders):
        """Write down the split of jobs that were just confirmed.

        The plan, the tier, the origin and the payees are those of the order's day.
        Running it again, after a job was cancelled and confirmed again, renews the
        split as long as no ledger entry refers to it.

        :param orders: confirmed `sale.order` records, of any companies
        """
        orders = orders.sudo().with_context(mail_notrack=True)
        splits = self.sudo().search(Domain("order_id", "in", orders.ids), order="id")
        # Entries stand under splits: jobs that were never split are in no ledger.
        used = self._get_used_orders(splits.order_id) if splits else orders.browse()
        for tier, group in (orders - used).grouped(lambda order: order.broker_customer_id.tier_id).items():
            group.filtered(lambda order, tier=tier: order.broker_tier_id != tier).broker_tier_id = tier
        self._renew_orders(orders, used, splits)

    @api.model
    def _match_rule(self, rules, fact, line):
        """Return the first of some rules that holds for a line of a job, or none.

        Of the line nothing counts but its product's category.

        :param fact: of the line's order, see `_get_facts`
        """
        return rules._match(
            fact["origin"], fact["order_kinds"], line.product_id.categ_id, fact["brought_by"], fact["tier"]
        )

    @api.model
    def _match_lines(self, orders, plans=None, splits=None):
        """Put the lines that have no rule yet under one, and split what is new.

        Also catches lines that were added after the confirmation. Lines that no rule
        matches stay without a rule, bear no commission and are listed.

        :param orders: `sale.order` records in sudo
        :param plans: {order: another `broker.commission.plan` to look for a rule in}
        :param splits: the splits of these orders, where the caller has them already
        """
        open_lines = self._get_lines_without_rule(orders)
        if not open_lines:
            return
        facts = self._get_facts(open_lines.order_id)
        rule_by_case = {}
        lines_by_rule = defaultdict(self.env["sale.order.line"].sudo().browse)
        rules_by_order = defaultdict(self.env["broker.commission.rule"].sudo().browse)
        for line in open_lines:
            order = line.order_id
            fact = facts[order.id]
            plan = (plans or {}).get(order, order.broker_commission_plan_id)
            case = (plan, fact["origin"], frozenset(fact["order_kinds"]), fact["brought_by"], fact["tier"])
            case += (line.product_id.categ_id,)
            if case not in rule_by_case:
                rule_by_case[case] = self._match_rule(plan.rule_ids, fact, line)
            rule = rule_by_case[case]
            if rule:
                lines_by_rule[rule] += line
                rules_by_order[order] |= rule
        for rule, lines in lines_by_rule.items():
            lines.write({"broker_commission_rule_id": rule.id})
        self._create_splits(rules_by_order, facts, splits)

    @api.model
    def _fill_payees(self, orders):
        """Give shares that nobody has yet to the customer's people of today.

        A service share that waits for the handoff and was not released yet also goes
        to the service agent of today, who is the one that accepted. What was written
        for another is taken back and written again. Then the orders' invoices are
        settled, because an accepted handoff also ends the waiting.

        :param orders: `sale.order` records whose handoff was accepted
        """
        splits = (
            self.sudo()
            .search(Domain("order_id", "in", orders.ids))
            .filtered(lambda split: not split.user_id or split._waits_for_handoff())
        )
        released = {
            split.id
            for split, amount in self.env["broker.commission.entry"]
            .sudo()
            ._read_group(
                Domain("split_id", "in", splits.ids) & Domain("book", "=", "released"),
                ["split_id"],
                ["amount:sum"],
            )
            if amount
        }
        open_splits = splits.filtered(lambda split: not split.user_id or split.id not in released)
        filled = defaultdict(self.sudo().browse)
        for role, role_splits in open_splits.grouped("role").items():
            rows = self.env["broker.assignment"].sudo()._get_open(role_splits.customer_id, role)
            for split in role_splits:
                row = rows.get(split.customer_id.id)
                if row and row.user_id != split.user_id:
                    filled[row] += split
        for row, row_splits in filled.items():
            row_splits.write({"user_id": row.user_id.id, "assignment_id": row.id})
        self.env["broker.commission.entry"]._settle_orders(orders, "handoff")

    def _waits_for_handoff(self):
        """Tell whether the share is a service share that an acceptance releases."""
        self.ensure_one()
        return (
            self.role == "service" and self.plan_id.service_waits_for_handoff and bool(self.order_id.broker_handoff_id)
        )

    def _is_held(self):
        """Tell whether the share waits for a handoff that is not accepted yet."""
        self.ensure_one()
        return self._waits_for_handoff() and self._is_pending(self.order_id)

    @api.model
    def _is_pending(self, order):
        """Tell whether a job has a handoff that service has never accepted.

        One that service gave back afterwards does not wait again: nobody loses money by
        asking for what was missing.
        """
        handoff = order.broker_handoff_id
        return bool(handoff) and not handoff._is_closed() and not handoff.accepted_at

    @api.model
    def _check_orders_unused(self, orders):
        """Refuse to delete orders with ledger entries.

        :raises UserError: naming the first such order
        """
        for order in self._get_used_orders(orders):
            raise UserError(
                self.env._(
                    "Commission was written for the job %(order)s, so it cannot be deleted. Cancel it instead.",
                    order=order.name,
                )
            )

    @api.model
    def _get_used_orders(self, orders):
        """Return the orders whose split ledger entries refer to."""
        rows = (
            self.env["broker.commission.entry"].sudo()._read_group(Domain("order_id", "in", orders.ids), ["order_id"])
        )
        return orders.browse(order.id for [order] in rows)

    @api.model
    def _group_by_day(self, orders):
        """Group orders by (company, day of the order in the company's time zone)."""
        groups = defaultdict(orders.browse)
        for order in orders:
            groups[order.company_id, self._get_day(order)] += order
        return groups

    @api.model
    def _get_day(self, order):
        """Return the day of an order in the time zone of its company."""
        return order.company_id._get_broker_date(order.date_order)

    @api.model
    def _get_facts(self, orders):
        """Collect what rules and splits of some orders depend on.

        :param orders: `sale.order` records in sudo
        :return: dict of order id to {'origin', 'order_kinds', 'assignments',
            'brought_by', 'tier'}, assignments being {role: `broker.assignment`}
        """
        Assignment = self.env["broker.assignment"].sudo()
        roles = [role for role, _label in Assignment._fields["role"].selection]
        first_orders = self._get_first_orders(orders.broker_customer_id)
        facts = {}
        for (_company, day), group in self._group_by_day(orders).items():
            rows = Assignment._get_all_at(group.broker_customer_id, roles, day)
            for order in group:
                customer = order.broker_customer_id
                assignments = {role: found[customer.id] for role, found in rows.items() if customer.id in found}
                sales = assignments.get("sales")
                if first_orders.get(customer.id, order.id) == order.id:
                    kinds = {"first"}
                    if order.opportunity_id.referred or customer.referrer_customer_id:
                        kinds.add("referral")
                else:
                    kinds = {"repeat"}
                facts[order.id] = {
                    "origin": sales.origin if sales else False,
                    "order_kinds": kinds,
                    "assignments": assignments,
                    # Quotations from before there was commission do not say it.
                    "brought_by": order.broker_brought_by or self._get_bringer(order),
                    "tier": order.broker_tier_id,
                }
        return facts

    @api.model
    def _get_first_orders(self, customers):
        """Return {customer id: id of the first confirmed order}, in one query."""
        if not customers:
            return {}
        self.env["sale.order"].flush_model(["broker_customer_id", "state", "date_order"])
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (broker_customer_id) broker_customer_id, id
                      FROM sale_order
                     WHERE broker_customer_id IN %s AND state = 'sale'
                  ORDER BY broker_customer_id, date_order, id
                    """,
                    tuple(customers.ids),
                )
            )
        )

    @api.model
    def _create_splits(self, rules_by_order, facts, splits=None):
        """Split orders under rules, where they are not split yet.

        Who accepted the handoff of a job keeps the share under another rule, whoever
        served the customer on the job's day.

        :param rules_by_order: dict of `sale.order` to `broker.commission.rule`
        :param facts: see `_get_facts`
        :param splits: the splits of these orders, where the caller has them already
        """
        if splits is None:
            orders = self.env["sale.order"].concat(*rules_by_order)
            splits = self.sudo().search(Domain("order_id", "in", orders.ids))
        known = {(split.order_id.id, split.rule_id.id) for split in splits}
        accepted = self._get_accepted(splits)
        self.sudo().create(
            [
                {**self._prepare_split(order, share, facts[order.id]), **accepted.get((order.id, share.role), {})}
                for order, rules in rules_by_order.items()
                for rule in rules
                if (order.id, rule.id) not in known
                for share in rule.share_ids.sorted(lambda s: (s.sequence, s.id))
            ]
        )

    @api.model
    def _prepare_split(self, order, share, fact):
        """Return the values of one split row."""
        plan = share.rule_id.plan_id
        assignment = fact["assignments"].get(share.role)
        if share.role == "service" and plan.service_waits_for_handoff and self._is_pending(order):
            # The share belongs to the one who accepts, whoever served before.
            assignment = None
        return {
            "order_id": order.id,
            "company_id": order.company_id.id,
            "customer_id": order.broker_customer_id.id,
            "plan_id": plan.id,
            "rule_id": share.rule_id.id,
            "role": share.role,
            "user_id": assignment.user_id.id if assignment else False,
            "assignment_id": assignment.id if assignment else False,
            "origin": fact["origin"],
            "order_kind": "referral" if "referral" in fact["order_kinds"] else min(fact["order_kinds"]),
            "brought_by": fact["brought_by"],
            "tier_id": fact["tier"].id,
            "base": plan.base,
            "rate": plan.rate,
            "percent": share.percent,
        }
