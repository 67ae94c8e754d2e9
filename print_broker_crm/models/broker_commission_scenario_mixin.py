from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

_CONTEXT = "broker_commission_scenario"
_MOVE_TYPES = ("out_invoice", "out_refund")
_ROW = ("ledger_earned", "ledger_released", "paid", "earned", "released")


class BrokerCommissionScenarioMixin(models.AbstractModel):
    """The ledger's own arithmetic under other numbers; nothing of it is written.

    The writer's sums ask three things of a job: which splits it has, which rule a line
    is under, and whether it bears commission. Here these are answered with splits and a
    plan that exist in memory only. All else is the code that the ledger is written
    with, so that with unchanged numbers the result is the ledger, to the cent.

    A model that inherits this has a `plan_id` and says what is changed, see
    `_get_plan_changes`, `_get_share_percents` and `_is_for_all_jobs`.
    """

    _name = "broker.commission.scenario.mixin"
    _inherit = ["broker.commission.entry.base.mixin", "broker.commission.entry.leaver.mixin"]
    _description = "Commission Entry: Scenarios"

    # What a scenario says

    def _get_plan_changes(self):
        """Return {name of the plan's field: value} of what is not as on the plan."""
        return {}

    def _get_share_percents(self):
        """Return {rule: {role: percent}}; rules that are left out stay as they are."""
        return {}

    def _is_for_all_jobs(self):
        """Tell whether jobs of other plans are looked at as if they were under this one."""
        return False

    # What the arithmetic asks

    def _get_bearing_orders(self, orders):
        """Return the jobs that bear commission. Unlike the writer, put no line anywhere."""
        return orders.filtered("broker_commission_plan_id")

    def _get_line_rule(self, sale_line):
        rule = super()._get_line_rule(sale_line)
        if rule.plan_id == self.plan_id or not self._is_for_all_jobs():
            return rule
        rules = self._get_memory()["rules"]
        if sale_line.id not in rules:
            rules[sale_line.id] = self.env["broker.commission.split"]._match_rule(
                self.plan_id.sudo().rule_ids, self._get_fact(sale_line.order_id), sale_line
            )
        return rules[sale_line.id]

    def _get_splits(self, orders):
        """Return splits in memory: what the jobs' splits would be under these numbers."""
        snapshots = self._get_memory()["snapshots"]
        shares = self._get_shares()
        splits = []
        for order in orders:
            own = snapshots[order].filtered(lambda split: split.plan_id == self.plan_id)
            groups = own.grouped("rule_id")
            if self._is_for_all_jobs():
                lines = order.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
                for line in lines:
                    if rule := self._get_line_rule(line):
                        groups.setdefault(rule, own.browse())
            for rule, group in groups.items():
                splits += self._get_changed_splits(order, rule, group, shares[rule])
        return self.env["broker.commission.split"].sudo().concat(*splits)

    def _get_changed_splits(self, order, rule, group, shares):
        """Return the splits in memory of a job under a rule, a list.

        :param group: the real splits of the job under the rule, possibly none
        :param shares: {role: (percent, is it changed?)}
        """
        Split = self.env["broker.commission.split"].sudo()
        plan = self._get_memory()["plan"]
        changes = self._get_memory()["changes"]
        numbers = {name: changes[name] for name in ("base", "rate") if name in changes}
        splits = []
        for split in group:
            # A role that the scenario leaves out of the rule has no share.
            if split.role in shares:
                percent, is_changed = shares[split.role]
                values = {"plan_id": plan, **numbers, **({"percent": percent} if is_changed else {})}
                splits.append(Split.new(values, origin=split))
        known = set(group.mapped("role"))
        for role, (percent, _is_changed) in shares.items():
            if role not in known:
                values = self._prepare_memory_split(order, rule, role, percent)
                splits.append(Split.new(values, ref=f"{order.id}-{rule.id}-{role}"))
        return splits

    def _prepare_memory_split(self, order, rule, role, percent):
        """Return the values of a split that the job does not have."""
        plan = self._get_memory()["plan"]
        fact = self._get_fact(order)
        return {
            "order_id": order,
            "company_id": order.company_id,
            "customer_id": order.broker_customer_id,
            "plan_id": plan,
            "rule_id": rule,
            "role": role,
            "user_id": self._get_payee(order, role),
            "origin": fact["origin"],
            "base": plan.base,
            "rate": plan.rate,
            "percent": percent,
        }

    def _get_shares(self):
        """Return {rule: {role: (percent, is it changed?)}} of the plan, in their order."""
        percents = self._get_share_percents()
        shares = {}
        for rule in self.plan_id.sudo().rule_ids:
            real = {share.role: share.percent for share in rule.share_ids.sorted(lambda row: (row.sequence, row.id))}
            wanted = percents.get(rule, real)
            shares[rule] = {role: (percent, percent != real.get(role)) for role, percent in wanted.items()}
        return shares

    # What is known of a job

    def _get_fact(self, order):
        """Return what the rules ask of a job, as its snapshot has it."""
        memory = self._get_memory()
        if order.id not in memory["facts"]:
            split = memory["snapshots"][order][:1]
            memory["facts"][order.id] = {
                "origin": split.origin,
                "order_kinds": self.env["broker.commission.split"]._get_snapshot_kinds(split),
                "brought_by": order.broker_brought_by or split.brought_by,
                "tier": order.broker_tier_id,
            }
        return memory["facts"][order.id]

    def _get_payee(self, order, role):
        """Return who has a role in a job: as in its snapshot, else as on its day."""
        Split = self.env["broker.commission.split"]
        snapshot = self._get_memory()["snapshots"][order].filtered(lambda split: split.role == role)
        if snapshot:
            return snapshot[0].user_id
        if role == "service" and self._get_memory()["plan"].service_waits_for_handoff and Split._is_pending(order):
            return self.env["res.users"]
        assignments = self._get_memory()["assignments"]
        day = Split._get_day(order)
        for row in assignments.get((order.broker_customer_id.id, role), ()):
            if row.date_from <= day and (not row.date_to or row.date_to > day):
                return row.user_id
        return self.env["res.users"]

    # Leavers

    def _stop_leavers(self, targets, stops):
        self._get_memory()["targets"] = dict(targets)
        return super()._stop_leavers(targets, stops)

    def _get_kept(self, stops):
        """Return what leavers had by the day, under these numbers.

        The part of a share that the ledger had released by the day stays the same; what
        it is a part of changes. Where everything is released on posting, that is the
        whole share of what was invoiced by the day.
        """
        memory = self._get_memory()
        if not stops:
            return {}
        Entry = self.env["broker.commission.entry"].sudo()
        kept = Entry._get_kept({split_id.origin: day for split_id, day in stops.items() if split_id.origin})
        earned = {
            (move.id, split.id): amount
            for move, split, amount in Entry._read_group(
                Domain("split_id", "in", [split_id.origin for split_id in stops if split_id.origin])
                & Domain("book", "=", "earned"),
                ["move_id", "split_id"],
                ["amount:sum"],
            )
        }
        result = {}
        for move_id, split_id, user_id, book in memory["targets"]:
            if book != "earned" or split_id not in stops:
                continue
            target = memory["targets"][move_id, split_id, user_id, "earned"]
            move = self.env["account.move"].sudo().browse(move_id)
            if memory["plan"].release == "posting" and "release" in memory["changes"]:
                had = target if move.invoice_date <= stops[split_id] else 0.0
            else:
                had = kept.get((move_id, split_id.origin, user_id), 0.0)
                before = earned.get((move_id, split_id.origin), 0.0)
                if before and before != target:
                    had = move.company_id.currency_id.round(had * target / before)
            result[move_id, split_id, user_id] = had
        return result

    # Working it out

    def _get_memory(self):
        """Return what is kept while one batch is worked out; see `_remember`."""
        return self.env.context[_CONTEXT]

    def _remember(self, moves):
        """Return this scenario with an empty memory for a batch of invoices.

        In the context, because it must end with the batch; no call from outside reaches
        the methods that read it.
        """
        plan = self.plan_id.sudo()
        changes = self._get_plan_changes()
        documents = moves.sudo()
        lines = (documents | documents.reversed_entry_id).line_ids
        orders = self._get_bearing_orders(lines.sale_line_ids.order_id)
        snapshots = defaultdict(
            self.env["broker.commission.split"].sudo().browse, super()._get_splits(orders).grouped("order_id")
        )
        facts = {}
        if self._is_for_all_jobs():
            facts = self.env["broker.commission.split"]._get_facts(orders.filtered(lambda job: not snapshots[job]))
        rows = (
            self.env["broker.assignment"]
            .sudo()
            .search(Domain("customer_id", "in", orders.broker_customer_id.ids) & Domain("is_void", "=", False))
        )
        memory = {
            "plan": plan.new(changes, origin=plan),
            "changes": changes,
            "snapshots": snapshots,
            "facts": facts,
            "assignments": rows.grouped(lambda row: (row.customer_id.id, row.role)),
            "rules": {},
            "targets": {},
        }
        return self.sudo().with_context(**{_CONTEXT: memory})

    def _compare(self, moves):
        """Set a scenario beside the ledger for a batch of invoices; write nothing.

        :param moves: posted `account.move` records
        :return: {(order id, role, user id or 0): dict of `ledger_earned`,
            `ledger_released`, `paid`, `earned` and `released`}
        """
        scenario = self._remember(moves)
        _figures, targets, splits_by_id, _stops = scenario._work_out(moves.sudo())
        rows = defaultdict(lambda: dict.fromkeys(_ROW, 0))
        for (_move_id, split_id, user_id, book), amount in targets.items():
            split = splits_by_id[split_id]
            rows[split.order_id.id, split.role, user_id][book] += amount
        self._add_ledger(rows, self._read_ledger(moves), self._read_ledger(moves, self._get_paid_domain()))
        return rows

    def _compare_charges(self, charges):
        """Set the costs that roles bear beside the ledger; write nothing.

        They are the same under any rate and share. What a plan says about leavers
        decides whether they are the payee's.

        :param charges: posted `broker.commission.charge` records in sudo
        :return: see `_compare`
        """
        Entry = self.env["broker.commission.entry"].sudo()
        plan = self.plan_id.sudo()
        split_by_charge = {
            charge: split
            for charge, split in Entry._get_charge_splits(charges).items()
            if self._is_for_all_jobs() or split.plan_id == plan
        }
        is_stopping = self._get_plan_changes().get("leaver_policy", plan.leaver_policy) == "stop"
        splits = self.env["broker.commission.split"].sudo().union(*split_by_charge.values())
        stops = Entry._find_stops(splits) if is_stopping else {}
        rows = defaultdict(lambda: dict.fromkeys(_ROW, 0))
        for charge, split in split_by_charge.items():
            row = rows[charge.order_id.id, charge.role, Entry._get_charge_payee(charge, split, stops)]
            row["earned"] -= charge.amount
            row["released"] -= charge.amount
        in_ledger = Domain("charge_id", "in", [charge.id for charge in split_by_charge])
        self._add_ledger(rows, self._sum_ledger(in_ledger), self._sum_ledger(in_ledger & self._get_paid_domain()))
        return rows

    @api.model
    def _find_charges(self, company, date_from, date_to):
        """Return the costs that roles bear and that are dated in a period, in sudo."""
        return (
            self.env["broker.commission.charge"]
            .sudo()
            .search(
                Domain("company_id", "=", company.id)
                & Domain("state", "=", "posted")
                & Domain("role", "!=", False)
                & Domain("date", ">=", date_from)
                & Domain("date", "<=", date_to)
            )
        )

    @api.model
    def _add_ledger(self, rows, ledger, paid):
        """Put beside a scenario what stands in the ledger, in place; see `_sum_ledger`."""
        for order, role, user, book, amount in ledger:
            rows[order.id, role, user.id or 0][f"ledger_{book}"] += amount
        for order, role, user, _book, amount in paid:
            rows[order.id, role, user.id or 0]["paid"] += amount

    def _read_ledger(self, moves, domain=Domain.TRUE):
        """Return what stands in the ledger for some invoices, in one query."""
        if not self._is_for_all_jobs():
            domain &= Domain("plan_id", "=", self.plan_id.id)
        return self._sum_ledger(domain & Domain("move_id", "in", moves.ids))

    @api.model
    def _sum_ledger(self, domain):
        """Return the sums of entries as (job, role, payee, book, amount)."""
        return (
            self.env["broker.commission.entry"]
            .sudo()
            ._read_group(domain, ["order_id", "role", "user_id", "book"], ["amount:sum"])
        )

    @api.model
    def _get_paid_domain(self):
        """Return the domain of the entries that stand on confirmed statements."""
        return Domain("book", "=", "released") & Domain("statement_id", "!=", False)

    @api.model
    def _find_moves(self, company, date_from, date_to):
        """Return the posted invoices and credit notes of jobs that are dated in a period.

        :param company: the `res.company`
        :param date_from: first day, a `date`
        :param date_to: last day, a `date`
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id
                  FROM account_move move
                 WHERE move.company_id = %(company)s
                   AND move.state = 'posted'
                   AND move.move_type IN %(types)s
                   AND move.invoice_date BETWEEN %(date_from)s AND %(date_to)s
                   AND EXISTS (
                        SELECT
                          FROM account_move_line line
                          JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = line.id
                         WHERE line.move_id IN (move.id, move.reversed_entry_id)
                       )
              ORDER BY move.id
                """,
                company=company.id,
                types=_MOVE_TYPES,
                date_from=date_from,
                date_to=date_to,
            )
        )
        return self.env["account.move"].browse(id_ for [id_] in rows)
