from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class BrokerCommissionEntryBaseMixin(models.AbstractModel):
    """What commission is taken of: the margin or revenue of invoices, pools and shares.

    Apart from the writer, because it is the arithmetic alone: it reads invoices and
    jobs and returns amounts, whatever stands in the ledger already. The cost that the
    printing houses charge comes in here as well.
    """

    _name = "broker.commission.entry.base.mixin"
    _inherit = ["broker.commission.entry.collection.mixin", "broker.commission.entry.job.mixin"]
    _description = "Commission Entry: Bases"

    @api.model
    def _get_figures(self, moves):
        """Work out the pool, the released part and the shares of posted invoices.

        :param moves: `account.move` records in sudo; those not posted have no figures
        :return: dict of (move id, split id) to a dict of `revenue`, `cost`, `base`,
            `pool`, `ratio`, `released_pool`, `earned` and `released`, all amounts in
            the company's currency, credit notes negative; `floor` is the job's margin
            in percent where it is too thin to pay anything, `cost_typed` tells whether
            a cost comes from no purchase order
        """
        posted = moves.filtered(lambda move: move.state == "posted")
        bases = self._get_bases(posted)
        splits = self._get_splits(self.env["sale.order"].sudo().union(*(order for _move, order, _rule in bases)))
        splits_by_rule = splits.grouped(lambda split: (split.order_id.id, split.rule_id.id))
        jobs = self._get_job_figures(splits)
        typed = self._get_typed_costs(splits.order_id)
        charged = self.env["broker.commission.charge"]._get_job_costs(splits.order_id)
        bearing = self.env["account.move"].sudo().union(*(move for move, _order, _rule in bases))
        parts = self._get_collected_parts(bearing | bearing.reversed_entry_id.filtered(lambda m: m.state == "posted"))
        figures = {}
        for (move, order, rule), (revenue, cost) in bases.items():
            splits = splits_by_rule.get((order.id, rule.id))
            if not splits:
                continue
            currency = move.company_id.currency_id
            base = currency.round(revenue - cost if splits[0].base == "margin" else revenue)
            plan = splits[0].plan_id
            job = jobs.get(order.id)
            is_under_floor = self._is_under_floor(plan, job)
            pool = 0.0 if is_under_floor else currency.round(base * splits[0].rate / 100.0)
            ratio = self._get_released_ratio(move, plan, parts, job)
            released_pool = currency.round(pool * ratio)
            for split, earned, released in zip(
                splits,
                self._share_out(pool, splits, currency),
                self._share_out(released_pool, splits, currency),
                strict=True,
            ):
                held = split._is_held()
                figures[move.id, split.id] = {
                    "revenue": currency.round(revenue),
                    "cost": currency.round(cost),
                    "base": base,
                    "pool": pool,
                    "ratio": ratio,
                    "released_pool": released_pool,
                    "held": held,
                    "charged": charged.get(order.id, 0.0),
                    "cost_typed": (order.id, rule.id) in typed,
                    "floor": job["margin"] if is_under_floor else None,
                    "earned": earned,
                    "released": 0.0 if held else released,
                }
        return figures

    @api.model
    def _get_targets(self, figures, splits_by_id):
        """Return {(move, split, payee or 0, book): amount} that should be written."""
        return {
            (move_id, split_id, splits_by_id[split_id].user_id.id or 0, book): figure[book]
            for (move_id, split_id), figure in figures.items()
            for book in ("earned", "released")
        }

    @api.model
    def _work_out(self, moves, split_ids=()):
        """Work out all that should stand in the ledger for some invoices.

        :param moves: `account.move` records in sudo
        :param split_ids: ids of more splits, which stand in the ledger already
        :return: tuple of figures (see `_get_figures`), targets (see `_get_targets`),
            {split id: split} and {split id: day on which the payee left}
        """
        figures = self._get_figures(moves)
        splits = self.env["broker.commission.split"].sudo().browse({key[1] for key in figures} | set(split_ids))
        splits_by_id = {split.id: split for split in splits}
        targets = self._get_targets(figures, splits_by_id)
        stops = self._get_stops(splits)
        self._stop_leavers(targets, stops)
        return figures, targets, splits_by_id, stops

    @api.model
    def _get_released_ratio(self, move, plan, parts, job=None):
        """Return the part of an invoice's pool that is payable, 0 to 1.

        :param parts: see `_get_collected_parts`
        :param job: see `_get_job_figures`, of a job that is looked at as a whole
        """
        if plan.release == "posting":
            return 1.0
        if plan.release == "down_payment" and job and job["ratio"] is not None:
            return job["ratio"]
        return parts[move.id]

    # What a scenario that writes nothing answers otherwise, see
    # `broker.commission.scenario.mixin`.

    @api.model
    def _get_splits(self, orders):
        """Return the splits of some jobs, in the order in which they are shared out."""
        return self.env["broker.commission.split"].sudo().search(Domain("order_id", "in", orders.ids), order="id")

    @api.model
    def _get_bearing_orders(self, orders):
        """Return those of some jobs that bear commission; new lines are put under a rule."""
        orders = orders.filtered("broker_commission_plan_id")
        self.env["broker.commission.split"]._match_lines(orders)
        return orders

    @api.model
    def _get_line_rule(self, sale_line):
        """Return the rule that a line of a job is under, or none."""
        return sale_line.broker_commission_rule_id

    @api.model
    def _share_out(self, amount, splits, currency):
        """Return the shares of an amount, rounded; the last takes the remainder."""
        shares = [currency.round(amount * split.percent / 100.0) for split in splits[:-1]]
        return [*shares, currency.round(amount - sum(shares))]

    @api.model
    def _get_bases(self, moves):
        """Return {(move, order, rule): (revenue, cost)} in the companies' currencies.

        :param moves: posted `account.move` records in sudo
        """
        bases = self._get_line_bases(moves)
        self._add_unlinked_notes(moves, bases)
        self._add_charged_costs(moves, bases)
        return bases

    @api.model
    def _get_line_bases(self, moves):
        """Return what the invoice lines say alone; see `_get_bases`."""
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                Domain("move_id", "in", (moves | moves.reversed_entry_id).ids)
                & Domain("display_type", "=", "product")
                & Domain("sale_line_ids", "!=", False),
                order="id",
            )
        )
        orders = self._get_bearing_orders(lines.sale_line_ids.order_id)
        sums = self._sum_lines(lines, orders)
        bases = defaultdict(lambda: [0.0, 0.0])
        weights = {}
        for (move, sale_line), (revenue, quantity, subtotal) in sums.items():
            if move not in moves:
                continue
            order = sale_line.order_id
            rule = self._get_line_rule(sale_line)
            if sale_line.is_downpayment:
                if order not in weights:
                    weights[order] = self._get_down_payment_weights(order)
                for line_rule, (revenue_part, cost_part) in weights[order].items():
                    base = bases[move, order, line_rule]
                    base[0] += revenue * revenue_part
                    base[1] += revenue * cost_part
            elif rule:
                base = bases[move, order, rule]
                base[0] += revenue
                if not self._is_allowance(move, sale_line, quantity, subtotal, sums):
                    base[1] += quantity * sale_line.purchase_price * self._get_order_rate(order, move)
        return bases

    @api.model
    def _add_charged_costs(self, moves, bases):
        """Add the firm's charged costs of the jobs to the costs of their invoices.

        Each invoice bears the part of them that its revenue is of the whole job; when
        everything was invoiced, all of them. Credit notes give nothing of it back:
        freight and reprints stay paid.

        :param bases: see `_get_bases`, changed in place
        """
        orders = self.env["sale.order"].sudo().union(*(order for _move, order, _rule in bases))
        costs = self.env["broker.commission.charge"]._get_job_costs(orders)
        if not costs:
            return
        orders = orders.browse(costs)
        invoices = orders.order_line.invoice_lines.move_id.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        all_bases = {**self._get_line_bases(invoices - moves), **bases}
        for order in orders:
            parts = {
                key: revenue for key, (revenue, _cost) in all_bases.items() if key[0] in invoices and key[1] == order
            }
            whole = max(sum(parts.values()), self._get_uninvoiced_whole(order, invoices))
            for index, (key, revenue) in enumerate(parts.items()):
                # A job for nothing has a first invoice at least.
                part = revenue / whole if whole > 0 else float(index == 0)
                if key in bases:
                    bases[key][1] += costs[order.id] * part

    @api.model
    def _get_uninvoiced_whole(self, order, invoices):
        """Return a job's untaxed amount, or 0 when nothing of it is left to invoice."""
        documents = order.order_line.invoice_lines.move_id
        invoices = invoices & documents
        is_open = order.state == "sale" and (
            order.invoice_status not in ("invoiced", "upselling") or "draft" in documents.mapped("state")
        )
        if not is_open or not invoices:
            return 0.0
        return order.amount_untaxed * self._get_order_rate(order, invoices[-1])

    @api.model
    def _add_unlinked_notes(self, moves, bases):
        """Add what credit notes take back with lines that belong to no job.

        Such a line of a note that reverses a job's invoice gives back a part of that
        invoice: it takes the same part of each of its bases, revenue and cost.

        :param bases: see `_get_bases`, changed in place
        """
        notes = moves.filtered(lambda move: move.move_type == "out_refund" and move.reversed_entry_id.state == "posted")
        if not notes:
            return
        rows = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                Domain("move_id", "in", notes.ids)
                & Domain("display_type", "=", "product")
                & Domain("sale_line_ids", "=", False),
                ["move_id"],
                ["balance:sum"],
            )
        )
        if not rows:
            return
        origins = self._get_line_bases(
            self.env["account.move"].sudo().union(*(note.reversed_entry_id for note, _sum in rows))
        )
        for note, balance in rows:
            untaxed = note.reversed_entry_id.amount_untaxed_signed
            if not untaxed:
                continue
            for (move, order, rule), (revenue, cost) in origins.items():
                if move == note.reversed_entry_id:
                    base = bases[note, order, rule]
                    base[0] -= revenue * balance / untaxed
                    base[1] -= cost * balance / untaxed

    @api.model
    def _get_typed_costs(self, orders):
        """Return {(job id, rule id)} where the cost of a line comes from no purchase."""
        return {
            (line.order_id.id, self._get_line_rule(line).id)
            for line in orders.order_line
            if not line.display_type and not line.is_downpayment and not line.broker_cost_purchased
        }

    @api.model
    def _sum_lines(self, lines, orders):
        """Sum invoice lines by (move, sale line).

        :return: dict of (move, sale line) to (revenue in the company's currency,
            quantity in the sale line's unit, untaxed amount in the invoice's currency),
            credit notes negative. A line of several sale lines counts for each in part.
        """
        sums = defaultdict(lambda: [0.0, 0.0, 0.0])
        for line in lines:
            move = line.move_id
            sign = -move.direction_sign
            part = 1.0 / len(line.sale_line_ids)
            for sale_line in line.sale_line_ids:
                if sale_line.order_id not in orders:
                    continue
                quantity = line.product_uom_id._compute_quantity(line.quantity, sale_line.product_uom_id, round=False)
                total = sums[move, sale_line]
                total[0] -= part * line.balance
                total[1] += part * sign * quantity
                total[2] += part * sign * line.price_subtotal
        return sums

    @api.model
    def _get_down_payment_weights(self, order):
        """Return {rule: (part of the revenue, part that is cost)} of a job's amount.

        A down payment has no cost of its own and belongs to no line: it bears the
        job's margin, rule by rule, so that it and its deduction on the final invoice
        cancel out.
        """
        lines = order.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        total = sum(lines.mapped("price_subtotal"))
        if not total:
            return {}
        return {
            rule: (
                sum(rule_lines.mapped("price_subtotal")) / total,
                sum(line.purchase_price * line.product_uom_qty for line in rule_lines) / total,
            )
            for rule, rule_lines in lines.grouped(self._get_line_rule).items()
            if rule
        }

    @api.model
    def _is_allowance(self, move, sale_line, quantity, subtotal, sums):
        """Tell whether a credit note lowers the price instead of taking goods back.

        Then the printed goods, and their cost, stay: the allowance comes off the
        margin in full. Recognized by a unit price below the invoice's.
        """
        if move.move_type != "out_refund" or not quantity:
            return False
        _revenue, sold, sold_subtotal = sums.get((move.reversed_entry_id, sale_line), (0.0, 0.0, 0.0))
        if not sold:
            if move.currency_id != sale_line.currency_id:
                return False
            sold, sold_subtotal = sale_line.product_uom_qty, sale_line.price_subtotal
        if not sold:
            return False
        full = abs(sold_subtotal / sold * quantity)
        # A rounded price per line may miss the exact one by this much.
        tolerance = move.currency_id.rounding * max(1.0, abs(quantity / sold))
        return full - abs(subtotal) > tolerance

    @api.model
    def _get_order_rate(self, order, move):
        """Return what one unit of the order's currency is in the company's, on the
        invoice: at the invoice's own rate where it is in the same currency."""
        company_currency = move.company_id.currency_id
        if order.currency_id == company_currency:
            return 1.0
        if order.currency_id == move.currency_id and move.invoice_currency_rate:
            return 1.0 / move.invoice_currency_rate
        return self.env["res.currency"]._get_conversion_rate(
            order.currency_id,
            company_currency,
            move.company_id,
            move.invoice_date or move.date,
        )

    # COST

    @api.model
    def _update_costs(self, purchase_lines):
        """Take over what the printing houses charge as the cost of the jobs.

        :param purchase_lines: `purchase.order.line` records that were confirmed or
            whose price changed; those of no job are skipped
        """
        sale_lines = purchase_lines.sudo().sale_line_id
        if not sale_lines:
            return
        changed = self.env["sale.order.line"].sudo()
        costs = sale_lines._get_purchased_costs()
        typed = sale_lines.filtered(lambda line: line in costs and not line.broker_cost_purchased)
        typed.broker_cost_purchased = True
        for sale_line, cost in costs.items():
            if sale_line.purchase_price != cost:
                sale_line.purchase_price = cost
                changed += sale_line
        self._settle_orders(changed.order_id, "cost")
