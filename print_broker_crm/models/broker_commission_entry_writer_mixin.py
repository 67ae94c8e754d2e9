import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What the customer is invoiced and what is given back; receipts bear no job.
MOVE_TYPES = ("out_invoice", "out_refund")


class BrokerCommissionEntryWriterMixin(models.AbstractModel):
    """How entries come to be: the one writer of the ledger.

    Apart from the model, which tells what an entry is and that it stays as it is. Here
    is what happens around the amounts: which invoices are settled together, who waits
    for whom, and what is appended. The amounts come from `broker.commission.entry.base.mixin`.
    """

    _name = "broker.commission.entry.writer.mixin"
    _description = "Commission Entry: Writer"

    cost_typed = fields.Boolean(
        string="Cost Not Purchased",
        help="The cost of one of the lines was typed in: no confirmed purchase order says it.",
    )

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
        candidates = moves.sudo().filtered(lambda move: move.move_type in MOVE_TYPES)
        if not candidates:
            return Entry
        scope = self._get_scope(candidates)
        if not scope:
            return Entry
        self._lock_moves(scope)
        written = self._get_written(scope)
        moves_by_id = {move.id: move for move in scope}
        todays = {company: company._get_broker_today() for company in scope.company_id}
        figures, targets, splits_by_id, stops = self._work_out(
            scope - candidates if void else scope, {key[1] for key in written}
        )
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
                        "date": todays[move.company_id],
                    }
                )
        if not vals_list:
            return Entry
        entries = self._append(vals_list)
        self._mark_moves({vals["move_id"] for vals in vals_list})
        return entries

    @api.model
    def _settle_orders(self, orders, event="sweep"):
        """Settle all invoices of some jobs; see `_settle`."""
        return self._settle(orders.sudo().order_line.invoice_lines.move_id, event)

    @api.model
    def _get_scope(self, moves):
        """Return the invoices to settle together with these, in one query.

        Invoices of jobs without a plan drop out, unless they have entries. Credit
        notes come along because what they take back follows the payment of the invoice
        that they reverse or were used for, and these invoices with them, because notes
        lower what is to be collected; invoices with the same down payment,
        because its margin is the job's margin, which an invoice may have been the
        occasion to change; and all invoices of a job whose plan looks at whole jobs,
        or which share a cost that was charged to the job.
        """
        self.env["account.move"].flush_model(["move_type", "reversed_entry_id"])
        self.env["account.move.line"].flush_model(["move_id", "sale_line_ids"])
        self.env["account.partial.reconcile"].flush_model(["debit_move_id", "credit_move_id"])
        self.env["sale.order.line"].flush_model(["order_id", "is_downpayment"])
        self.env["sale.order"].flush_model(["broker_commission_plan_id"])
        self.env["broker.commission.split"].flush_model(["order_id", "plan_id"])
        self.env["broker.commission.plan"].flush_model(["release", "margin_floor"])
        self.env["broker.commission.charge"].flush_model(["order_id", "state", "role"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH closed AS (
                    SELECT id FROM account_move WHERE id IN %(ids)s
                    UNION
                    SELECT invoice.id
                      FROM account_move_line line
                      JOIN account_partial_reconcile part
                        ON part.credit_move_id = line.id
                      JOIN account_move_line other ON other.id = part.debit_move_id
                      JOIN account_move invoice
                        ON invoice.id = other.move_id AND invoice.move_type = 'out_invoice'
                     WHERE line.move_id IN %(ids)s
                ), named AS (
                    SELECT id FROM closed
                    UNION
                    SELECT note.id
                      FROM closed
                      JOIN account_move note
                        ON note.reversed_entry_id = closed.id AND note.move_type = 'out_refund'
                    UNION
                    SELECT note.id
                      FROM closed
                      JOIN account_move_line line ON line.move_id = closed.id
                      JOIN account_partial_reconcile part
                        ON part.debit_move_id = line.id
                      JOIN account_move_line other ON other.id = part.credit_move_id
                      JOIN account_move note
                        ON note.id = other.move_id AND note.move_type = 'out_refund'
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
                ), whole AS (
                    SELECT other.move_id AS id
                      FROM named
                      JOIN account_move_line line ON line.move_id = named.id
                      JOIN sale_order_line_invoice_rel link
                        ON link.invoice_line_id = line.id
                      JOIN sale_order_line sale_line
                        ON sale_line.id = link.order_line_id
                      JOIN sale_order_line sibling
                        ON sibling.order_id = sale_line.order_id
                      JOIN sale_order_line_invoice_rel other_link
                        ON other_link.order_line_id = sibling.id
                      JOIN account_move_line other
                        ON other.id = other_link.invoice_line_id
                     WHERE EXISTS (
                            SELECT
                              FROM broker_commission_split split
                              JOIN broker_commission_plan plan
                                ON plan.id = split.plan_id
                             WHERE split.order_id = sale_line.order_id
                               AND (plan.release = 'down_payment' OR plan.margin_floor > 0)
                           )
                        OR EXISTS (
                            SELECT
                              FROM broker_commission_charge charge
                             WHERE charge.order_id = sale_line.order_id
                               AND charge.state = 'posted'
                               AND charge.role IS NULL
                           )
                ), scope AS (
                    SELECT id FROM named
                    UNION SELECT id FROM shared
                    UNION SELECT id FROM whole
                )
                SELECT scope.id
                  FROM scope
                 WHERE EXISTS (
                        SELECT
                          FROM account_move move
                          JOIN account_move_line line
                            ON line.move_id IN (move.id, move.reversed_entry_id)
                          JOIN sale_order_line_invoice_rel link
                            ON link.invoice_line_id = line.id
                          JOIN sale_order_line sale_line
                            ON sale_line.id = link.order_line_id
                          JOIN sale_order job ON job.id = sale_line.order_id
                         WHERE move.id = scope.id
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
    def _mark_moves(self, move_ids):
        """Make a transaction that waited for these invoices start over.

        Odoo's transactions see the database as it was when they began. One that waited
        for the lock would not see the entries just written and would write them again.
        An update of the row, even to what it is, makes PostgreSQL refuse it with a
        serialization failure, which Odoo answers by running the request again.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE account_move SET write_date = write_date WHERE id IN %s",
                tuple(move_ids),
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
    def _prepare_entry(self, move, split, user_id, book, figure, amounts, stop=None):
        """Return the values of one entry, its kind and date apart.

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
            "cost_typed": figure.get("cost_typed", False),
            "amount": target - before,
            "trace": json.dumps(
                {
                    "revenue": figure.get("revenue", 0.0),
                    "cost": figure.get("cost", 0.0),
                    "pool": figure.get("pool", 0.0),
                    "released_pool": figure.get("released_pool", 0.0),
                    "held": figure.get("held", False),
                    "charged": figure.get("charged", 0.0),
                    "floor": figure.get("floor"),
                    "floor_percent": split.plan_id.margin_floor,
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
