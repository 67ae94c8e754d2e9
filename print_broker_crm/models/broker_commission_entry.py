import json
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

# What the customer is invoiced and what is given back; receipts bear no job.
_MOVE_TYPES = ("out_invoice", "out_refund")
# How far behind the start of the last pass the sweep looks, for transactions that
# were still open then: `write_date` is the time at which a transaction began.
_SWEEP_OVERLAP = timedelta(hours=1)
_SWEEP_BATCH = 200
_SWEEP_PARAMETER = "print_broker_crm.commission_sweep"


class BrokerCommissionEntry(models.Model):
    """One row of the commission ledger, in one of two books.

    *Earned* is accrued when the invoice is posted; *released* is payable, as the
    customer's money comes in. There is one writer, `_settle`: it works out what should
    stand in the ledger for an invoice and appends the difference to what stands there.
    Rows are never changed or deleted, balances are always sums.
    """

    _name = "broker.commission.entry"
    _inherit = ["broker.commission.entry.leaver.mixin"]
    _description = "Commission Entry"
    _order = "date desc, id desc"
    _rec_name = "move_name"
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    book = fields.Selection([("earned", "Earned"), ("released", "Released")], required=True)
    kind = fields.Selection(
        [
            ("posting", "Invoice posted"),
            ("collection", "Money collected"),
            ("reversal", "Taken back"),
            ("refund", "Credit note"),
            ("cost", "Cost changed"),
            ("handoff", "Handoff"),
            ("correction", "Assignment corrected"),
            ("leaving", "Payee left"),
            ("sweep", "Nightly check"),
        ],
        string="Reason",
        required=True,
    )
    date = fields.Date(required=True)
    move_id = fields.Many2one("account.move", string="Invoice", index="btree_not_null", ondelete="set null")
    move_name = fields.Char(string="Invoice Number")
    order_id = fields.Many2one("sale.order", string="Job", required=True, index=True, ondelete="restrict")
    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="restrict")
    split_id = fields.Many2one("broker.commission.split", required=True, index=True, ondelete="restrict")
    plan_id = fields.Many2one("broker.commission.plan", required=True, index=True, ondelete="restrict")
    rule_id = fields.Many2one("broker.commission.rule", required=True, ondelete="restrict")
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        required=True,
    )
    origin = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["origin"]._description_selection(self.env),
    )
    user_id = fields.Many2one("res.users", string="Payee", index="btree_not_null", ondelete="restrict")
    assignment_id = fields.Many2one("broker.assignment", ondelete="restrict")
    base_amount = fields.Monetary(string="Base", help="Margin or revenue of the invoice under this rule.")
    rate = fields.Float(string="Rate (%)", digits=(5, 2), aggregator=None)
    share = fields.Float(string="Share (%)", digits=(5, 2), aggregator=None)
    paid_ratio = fields.Float(
        string="Released Part",
        digits=(7, 6),
        aggregator=None,
        help="The part of the invoice that was collected when this was written.",
    )
    amount = fields.Monetary(required=True)
    earned = fields.Monetary(compute="_compute_books", store=True, precompute=True)
    released = fields.Monetary(compute="_compute_books", store=True, precompute=True)
    held = fields.Monetary(
        compute="_compute_books",
        store=True,
        precompute=True,
        help="Earned and not released yet.",
    )
    trace = fields.Text(help="The figures behind the amount, as written at the time.")
    explanation = fields.Text(compute="_compute_explanation")

    _company_book_idx = models.Index("(company_id, book, user_id)")

    @api.depends("move_name", "role", "book")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = entry.move_name or self.env._("Commission")

    @api.depends("book", "amount")
    def _compute_books(self):
        for entry in self:
            entry.earned = entry.amount if entry.book == "earned" else 0.0
            entry.released = entry.amount if entry.book == "released" else 0.0
            entry.held = entry.earned - entry.released

    @api.depends("trace", "amount", "base_amount", "rate", "share", "paid_ratio")
    def _compute_explanation(self):
        for entry in self:
            entry.explanation = "\n".join(entry._get_explanation_lines())

    # CRUD

    def write(self, vals):
        """Refuse every change: a correction is a new row."""
        if self:
            raise UserError(
                self.env._(
                    "The commission ledger is not edited. A correction is a new entry, "
                    "written when the invoice, its payment or its cost changes."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Commission entries are never deleted."))

    def copy_data(self, default=None):
        raise UserError(self.env._("Commission entries are not copied."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Commission entries are not imported: they come from posted invoices."))

    # ACTIONS

    def action_view_invoice(self):
        """Open the invoice that the entry settles."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _settle(self, moves, event="sweep", void=False):
        """Bring the ledger of some invoices up to what should stand in it.

        The only writer of the ledger. For each invoice, share and payee it appends
        `target - sum of the entries written`, so that calling it again, in any order
        and for any event, writes nothing more. It runs in sudo, because whoever posts
        an invoice or matches a payment need not have a right to see commission.

        :param moves: `account.move` records of any kind, company and number; credit
            notes that reverse them and invoices that share a down payment with them
            are settled along
        :param event: the entry's kind: 'posting', 'collection', 'reversal', 'cost',
            'handoff', 'correction', 'leaving' or 'sweep'
        :param void: the moves are about to be deleted, their target is zero
        :return: the entries written, in sudo
        """
        Entry = self.sudo()
        # Not a matter of any job: the hooks of Odoo's busiest models end here.
        candidates = moves.sudo().filtered(lambda move: move.move_type in _MOVE_TYPES)
        if not candidates:
            return Entry
        scope = self._get_scope(candidates)
        if not scope:
            return Entry
        self._lock_moves(scope)
        figures = self._get_figures(scope - candidates if void else scope)
        written = self._get_written(scope)
        moves_by_id = {move.id: move for move in scope}
        splits_by_id = {
            split.id: split
            for split in self.env["broker.commission.split"]
            .sudo()
            .browse({key[1] for key in figures.keys() | written.keys()})
        }
        targets = self._get_targets(figures, splits_by_id)
        stops = self._get_stops(self.env["broker.commission.split"].sudo().concat(*splits_by_id.values()))
        self._stop_leavers(targets, stops)
        vals_list = []
        for key in sorted(targets.keys() | written.keys()):
            move = moves_by_id[key[0]]
            target = targets.get(key, 0.0)
            before = written.get(key, 0.0)
            if not move.company_id.currency_id.is_zero(target - before):
                vals_list.append(
                    {
                        **self._prepare_entry(
                            move,
                            splits_by_id[key[1]],
                            key[2],
                            key[3],
                            figures.get(key[:2]),
                            (target, before),
                            stops.get(key[1]),
                        ),
                        "kind": self._get_kind(move, event),
                    }
                )
        if not vals_list:
            return Entry
        entries = Entry.create(vals_list)
        self._mark_moves(entries.move_id)
        return entries

    @api.model
    def _settle_orders(self, orders, event="sweep"):
        """Settle all invoices of some jobs; see `_settle`."""
        orders = orders.sudo()
        moves = orders.order_line.invoice_lines.move_id
        return self._settle(moves, event)

    @api.model
    def _get_scope(self, moves):
        """Return the invoices to settle together with these, in one query.

        Invoices of jobs without a plan drop out, unless they have entries. Credit
        notes come along because what they take back follows the invoice's payment;
        invoices with the same down payment, because its margin is the job's margin,
        which an invoice may have been the occasion to change.
        """
        self.env["account.move"].flush_model(["move_type", "reversed_entry_id"])
        self.env["account.move.line"].flush_model(["move_id", "sale_line_ids"])
        self.env["sale.order.line"].flush_model(["order_id", "is_downpayment"])
        self.env["sale.order"].flush_model(["broker_commission_plan_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH named AS (
                    SELECT id FROM account_move WHERE id IN %(ids)s
                    UNION
                    SELECT id
                      FROM account_move
                     WHERE reversed_entry_id IN %(ids)s AND move_type = 'out_refund'
                ), shared AS (
                    SELECT other.move_id AS id
                      FROM named
                      JOIN account_move_line line ON line.move_id = named.id
                      JOIN sale_order_line_invoice_rel link
                        ON link.invoice_line_id = line.id
                      JOIN sale_order_line down
                        ON down.id = link.order_line_id AND down.is_downpayment
                      JOIN sale_order_line_invoice_rel other_link
                        ON other_link.order_line_id = down.id
                      JOIN account_move_line other
                        ON other.id = other_link.invoice_line_id
                ), scope AS (
                    SELECT id FROM named UNION SELECT id FROM shared
                )
                SELECT scope.id
                  FROM scope
                 WHERE EXISTS (
                        SELECT
                          FROM account_move_line line
                          JOIN sale_order_line_invoice_rel link
                            ON link.invoice_line_id = line.id
                          JOIN sale_order_line sale_line
                            ON sale_line.id = link.order_line_id
                          JOIN sale_order job ON job.id = sale_line.order_id
                         WHERE line.move_id = scope.id
                           AND job.broker_commission_plan_id IS NOT NULL
                       )
                    OR EXISTS (
                        SELECT
                          FROM broker_commission_entry entry
                         WHERE entry.move_id = scope.id
                       )
              ORDER BY scope.id
                """,
                ids=tuple(moves.ids),
            )
        )
        return self.env["account.move"].sudo().browse(id_ for [id_] in rows)

    @api.model
    def _lock_moves(self, moves):
        """Let a second transaction that settles the same invoices wait its turn.

        Not `lock_for_update`, which skips locked rows and raises: the salesperson who
        registers a payment must not be told to come back because the nightly sweep is
        on the invoice. Rows may still be referred to meanwhile (NO KEY).
        """
        self.env.execute_query(
            SQL(
                "SELECT id FROM account_move WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                tuple(moves.ids),
            )
        )

    @api.model
    def _mark_moves(self, moves):
        """Make a transaction that waited for these invoices start over.

        Odoo's transactions see the database as it was when they began. One that waited
        for the lock would not see the entries just written and would write them again.
        An update of the row, even to what it is, makes PostgreSQL refuse it with a
        serialization failure, which Odoo answers by running the request again.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE account_move SET write_date = write_date WHERE id IN %s",
                tuple(moves.ids),
            )
        )

    @api.model
    def _get_written(self, moves):
        """Return {(move, split, user or 0, book): sum of the entries}, in one query."""
        rows = self.sudo()._read_group(
            Domain("move_id", "in", moves.ids),
            ["move_id", "split_id", "user_id", "book"],
            ["amount:sum"],
        )
        return {(move.id, split.id, user.id or 0, book): amount for move, split, user, book, amount in rows}

    @api.model
    def _get_figures(self, moves):
        """Work out the pool, the released part and the shares of posted invoices.

        :param moves: `account.move` records in sudo; those not posted have no figures
        :return: dict of (move id, split id) to a dict of `revenue`, `cost`, `base`,
            `pool`, `ratio`, `released_pool`, `earned` and `released`, all amounts in
            the company's currency, credit notes negative
        """
        posted = moves.filtered(lambda move: move.state == "posted")
        bases = self._get_bases(posted)
        splits_by_rule = (
            self.env["broker.commission.split"]
            .sudo()
            .search(
                Domain("order_id", "in", [order.id for _move, order, _rule in bases]),
                order="id",
            )
            .grouped(lambda split: (split.order_id.id, split.rule_id.id))
        )
        figures = {}
        for (move, order, rule), (revenue, cost) in bases.items():
            splits = splits_by_rule.get((order.id, rule.id))
            if not splits:
                continue
            currency = move.company_id.currency_id
            base = currency.round(revenue - cost if splits[0].base == "margin" else revenue)
            pool = currency.round(base * splits[0].rate / 100.0)
            ratio = self._get_released_ratio(move, splits[0].plan_id)
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
                    "earned": earned,
                    "released": 0.0 if held else released,
                }
        return figures

    @api.model
    def _get_released_ratio(self, move, plan):
        """Return the part of an invoice's pool that is payable, 0 to 1.

        The ratio is taken in the invoice's own currency. A credit note follows the
        invoice it reverses: what was collected is taken back as soon as the note is
        posted, and a note on an unpaid invoice takes back nothing before it is settled.
        """
        if plan.release == "posting":
            return 1.0

        def collected(document):
            if document.currency_id.is_zero(document.amount_total):
                return 1.0
            ratio = 1.0 - document.amount_residual / document.amount_total
            return min(max(ratio, 0.0), 1.0)

        ratio = collected(move)
        origin = move.reversed_entry_id
        if move.move_type == "out_refund" and origin and origin.state == "posted":
            ratio = max(ratio, collected(origin))
        return ratio

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
        orders = lines.sale_line_ids.order_id.filtered("broker_commission_plan_id")
        self.env["broker.commission.split"]._match_lines(orders)
        sums = self._sum_lines(lines, orders)
        bases = defaultdict(lambda: [0.0, 0.0])
        weights = {}
        for (move, sale_line), (revenue, quantity, subtotal) in sums.items():
            if move not in moves:
                continue
            order = sale_line.order_id
            rule = sale_line.broker_commission_rule_id
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
            for rule, rule_lines in lines.grouped("broker_commission_rule_id").items()
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

    @api.model
    def _get_targets(self, figures, splits_by_id):
        """Return {(move, split, payee or 0, book): amount} that should be written."""
        return {
            (move_id, split_id, splits_by_id[split_id].user_id.id or 0, book): figure[book]
            for (move_id, split_id), figure in figures.items()
            for book in ("earned", "released")
        }

    @api.model
    def _prepare_entry(self, move, split, user_id, book, figure, amounts, stop=None):
        """Return the values of one entry, its kind apart.

        :param move: the invoice
        :param split: the `broker.commission.split`
        :param user_id: id of the payee, or 0
        :param book: 'earned' or 'released'
        :param figure: see `_get_figures`; none when the invoice is not posted
        :param amounts: what should stand in the ledger, and what stands there already
        :param stop: the day on which the payee left and got nothing more, or none
        """
        target, before = amounts
        currency = move.company_id.currency_id
        is_payee = (split.user_id.id or 0) == user_id
        if not figure or not is_payee:
            figure = {}
            ratio = 0.0
        elif book == "earned":
            ratio = 1.0
        else:
            ratio = 0.0 if figure["held"] else figure["ratio"]
        return {
            "company_id": move.company_id.id,
            "currency_id": currency.id,
            "book": book,
            "date": move.company_id._get_broker_today(),
            "move_id": move.id,
            "move_name": move.name,
            "order_id": split.order_id.id,
            "customer_id": split.customer_id.id,
            "split_id": split.id,
            "plan_id": split.plan_id.id,
            "rule_id": split.rule_id.id,
            "role": split.role,
            "origin": split.origin,
            "user_id": user_id or False,
            "assignment_id": split.assignment_id.id if is_payee else False,
            "base_amount": figure.get("base", 0.0),
            "rate": split.rate,
            "share": split.percent,
            "paid_ratio": ratio,
            "amount": currency.round(target - before),
            "trace": json.dumps(
                {
                    "revenue": figure.get("revenue", 0.0),
                    "cost": figure.get("cost", 0.0),
                    "pool": figure.get("pool", 0.0),
                    "released_pool": figure.get("released_pool", 0.0),
                    "held": figure.get("held", False),
                    "payee_changed": not is_payee,
                    "stopped": stop and fields.Date.to_string(stop),
                    "target": currency.round(target),
                    "written": currency.round(before),
                }
            ),
        }

    @api.model
    def _get_kind(self, move, event):
        """Return the kind of the entries that an event leads to on an invoice."""
        if move.state != "posted":
            return "reversal"
        if move.move_type == "out_refund" and event in ("posting", "collection"):
            return "refund"
        return event

    def _get_explanation_lines(self):
        """Return the arithmetic of an entry in words, a list of lines."""
        self.ensure_one()
        trace = json.loads(self.trace or "{}")

        def money(value):
            return self.currency_id.format(value or 0.0)

        lines = []
        if trace.get("stopped") and not self.user_id:
            lines.append(
                self.env._(
                    "The payee left on %(day)s: what was not released by then is nobody's under this plan.",
                    day=format_date(self.env, trace["stopped"]),
                )
            )
        elif trace.get("payee_changed"):
            lines.append(self.env._("The share went to another person."))
        elif not self.base_amount and not trace.get("pool"):
            lines.append(self.env._("The invoice is not posted any more, or bears none."))
        else:
            lines.append(
                self.env._(
                    "Revenue %(revenue)s less cost %(cost)s; base %(base)s × %(rate)s %% = pool %(pool)s",
                    revenue=money(trace.get("revenue")),
                    cost=money(trace.get("cost")),
                    base=money(self.base_amount),
                    rate=f"{self.rate:g}",
                    pool=money(trace.get("pool")),
                )
            )
            if trace.get("held"):
                lines.append(self.env._("Held until the handoff is accepted."))
            elif self.book == "released":
                lines.append(
                    self.env._(
                        "Released: %(ratio)s %% of the pool = %(pool)s",
                        ratio=f"{self.paid_ratio * 100:.2f}",
                        pool=money(trace.get("released_pool")),
                    )
                )
        if trace.get("stopped") and self.user_id:
            lines.append(
                self.env._(
                    "Left on %(day)s and keeps what was released by then.",
                    day=format_date(self.env, trace["stopped"]),
                )
            )
        lines.append(
            self.env._(
                "Share %(share)s %% = %(target)s, less already written %(written)s = %(amount)s",
                share=f"{self.share:g}",
                target=money(trace.get("target")),
                written=money(trace.get("written")),
                amount=money(self.amount),
            )
        )
        return lines

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
        for sale_line, cost in sale_lines._get_purchased_costs().items():
            if sale_line.purchase_price != cost:
                sale_line.purchase_price = cost
                changed += sale_line
        self._settle_orders(changed.order_id, "cost")

    # FIGURES

    @api.model
    def _get_summary(self, company):
        """Sum up a company's ledger per person and origin.

        :return: list of dicts of `user` (`res.users`, empty for shares without a
            payee), `origin`, `earned`, `released` and `held` (earned and not yet
            released) in the company's currency, by name
        """
        sums = defaultdict(lambda: {"earned": 0.0, "released": 0.0})
        for user, origin, book, amount in self._read_group(
            Domain("company_id", "=", company.id),
            ["user_id", "origin", "book"],
            ["amount:sum"],
        ):
            sums[user, origin][book] += amount
        return [
            {
                "user": user,
                "origin": origin,
                **books,
                "held": company.currency_id.round(books["earned"] - books["released"]),
            }
            for (user, origin), books in sorted(
                sums.items(), key=lambda item: (item[0][0].name or "", item[0][1] or "")
            )
        ]

    @api.model
    def _count_by_move(self, moves):
        """Return {invoice id: number of entries}."""
        return {
            move.id: count
            for move, count in self._read_group(Domain("move_id", "in", moves.ids), ["move_id"], ["__count"])
        }

    @api.model
    def _get_move_action(self, moves):
        """Return the action that shows the entries of some invoices."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [("move_id", "in", moves.ids)]
        return action

    # CRON

    @api.model
    def _cron_sweep(self):
        """Settle again what may have been missed, batch by batch.

        A pass walks, by ascending id, the invoices of jobs where the invoice, the job
        or its lines changed since the last complete pass began, and the invoices with
        entries whose state no longer agrees. Where it stands is kept in a system
        parameter, so that a pass that ran out of time goes on in the next run.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        size = int(parameters.get_param(f"{_SWEEP_PARAMETER}_batch", _SWEEP_BATCH))
        state = json.loads(parameters.get_param(_SWEEP_PARAMETER) or "{}")
        state.setdefault("since", "")
        if not state.get("started"):
            state["started"] = fields.Datetime.to_string(fields.Datetime.now())
            state["position"] = 0
        while True:
            moves, remaining = self._get_sweep_batch(state["since"], state["position"], size)
            self._settle(moves, "sweep")
            if moves:
                state["position"] = moves.ids[-1]
            if not remaining:
                state = {"since": state["started"]}
            parameters.set_param(_SWEEP_PARAMETER, json.dumps(state))
            left = self.env["ir.cron"]._commit_progress(len(moves), remaining=remaining)
            if not remaining or not left:
                return

    @api.model
    def _get_sweep_batch(self, since, position, size):
        """Return the next invoices of a pass and whether (1) some are left, or not (0).

        :param since: start of the last complete pass (UTC, text), or empty
        :param position: the greatest id already settled in this pass
        :param size: how many invoices at most
        """
        self.env.flush_all()
        after = (
            fields.Datetime.to_datetime(since) - _SWEEP_OVERLAP if since else fields.Datetime.to_datetime("1970-01-01")
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id
                  FROM account_move move
                 WHERE move.id > %(position)s
                   AND move.move_type IN %(types)s
                   AND EXISTS (
                        SELECT
                          FROM account_move_line line
                          JOIN sale_order_line_invoice_rel link
                            ON link.invoice_line_id = line.id
                          JOIN sale_order_line sale_line
                            ON sale_line.id = link.order_line_id
                          JOIN sale_order job ON job.id = sale_line.order_id
                         WHERE line.move_id = move.id
                           AND job.broker_commission_plan_id IS NOT NULL
                           AND (
                                move.write_date >= %(after)s
                                OR sale_line.write_date >= %(after)s
                                OR job.write_date >= %(after)s
                               )
                       )
              ORDER BY move.id
                 LIMIT %(limit)s
                """,
                position=position,
                types=_MOVE_TYPES,
                after=after,
                limit=size + 1,
            )
        )
        ids = [id_ for [id_] in rows]
        moves = self.env["account.move"].sudo().browse(ids[:size])
        return moves, len(ids) - len(moves)
