from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL


class BrokerCommissionEntryCollectionMixin(models.AbstractModel):
    """Which part of an invoice was collected: money that came in, and nothing else.

    An invoice can be closed without money: a write-off, a discount for early payment,
    a currency difference, an entry that sets it off against something else. None of
    these is collection. A payment or a bank line counts with the part of it that
    touches a bank, cash or outstanding account.

    A credit note that takes commission back itself lowers what is to be collected:
    8,000 for an invoice of 10,000 with a note of 2,000 is all of it.
    """

    _name = "broker.commission.entry.collection.mixin"
    _description = "Commission Entry: Collections"

    @api.model
    def _get_collected_parts(self, moves):
        """Return {id: part that was collected, 0 to 1} of posted documents.

        Of an invoice it is the money, divided by the total less the credit notes it was
        matched with that bear commission of their own; one with nothing to collect is
        collected. A credit note follows the invoice it reverses, and where it was used
        for another invoice, that one, whichever took back more; what was paid out or
        cleared otherwise is taken back. All in the documents' own currencies, in one
        query, and in none where nothing was matched yet.

        :param moves: `account.move` records in sudo, with the invoices they reverse
        """
        untouched = moves.filtered(lambda move: self._is_untouched(move))
        rows = self._get_matched(moves - untouched)
        matched = defaultdict(list)
        for row in rows:
            matched[row["move_id"]].append(row)
        documents = moves | moves.browse(matched)
        invoices = documents.filtered(lambda move: move.move_type != "out_refund")
        parts = {move.id: self._get_invoice_part(move, matched[move.id]) for move in invoices}
        for note in documents - invoices:
            part = self._get_note_part(note, matched[note.id], parts)
            if note.reversed_entry_id.state == "posted":
                part = max(part, parts.get(note.reversed_entry_id.id, 0.0))
            parts[note.id] = part
        return parts

    @api.model
    def _settle_matched(self, entries, event):
        """Settle what was matched with payments and other entries that were reset to
        draft or posted again: Odoo leaves them matched.

        :param entries: `account.move` records
        :param event: see `_settle`
        """
        lines = entries.sudo().filtered(lambda move: move.move_type == "entry").line_ids
        matched = lines.matched_credit_ids.credit_move_id | lines.matched_debit_ids.debit_move_id
        if matched:
            self._settle(matched.move_id, event)

    @api.model
    def _is_untouched(self, move):
        """Tell whether nothing was matched with a document so far."""
        return not move.currency_id.compare_amounts(move.amount_residual, move.amount_total)

    @api.model
    def _get_invoice_part(self, invoice, rows):
        """Return the collected part of an invoice; see `_get_collected_parts`."""
        currency = invoice.currency_id
        due = invoice.amount_total - sum(row["amount"] for row in rows if row["is_bearing"])
        if currency.is_zero(due):
            return 1.0
        money = sum(row["amount"] * self._get_money_part(row) for row in rows)
        return min(max(money / due, 0.0), 1.0)

    @api.model
    def _get_money_part(self, row):
        """Return the part of a matched entry that is money, 0 to 1."""
        if row["move_type"] != "entry" or not row["owed"]:
            return 0.0
        return min(max((row["liquid"] or 0.0) / row["owed"], 0.0), 1.0)

    @api.model
    def _get_note_part(self, note, rows, parts):
        """Return the part of a credit note that was given to the customer."""
        if note.currency_id.is_zero(note.amount_total):
            return 1.0
        given = sum(
            row["amount"] * (parts[row["other_id"]] if row["move_type"] == "out_invoice" else 1.0) for row in rows
        )
        return min(max(given / note.amount_total, 0.0), 1.0)

    @api.model
    def _get_matched(self, moves):
        """Return what some documents were matched with, in one query.

        What was reset to draft stays matched in Odoo, but is neither money nor a note.
        The invoices that credit notes were matched with come along with their own
        rows.

        :return: list of dicts of `move_id`, `other_id`, `move_type` of the other,
            `amount` in the document's currency, `is_bearing` (a credit note that bears
            commission), `liquid` and `owed`: what the other entry has on money accounts
            and on receivables, in the company's currency
        """
        if not moves:
            return []
        self.env["account.partial.reconcile"].flush_model()
        self.env["account.move.line"].flush_model(["move_id", "account_id", "balance", "display_type", "sale_line_ids"])
        self.env["account.move"].flush_model(["move_type", "origin_payment_id", "reversed_entry_id", "state"])
        self.env["account.payment"].flush_model(["outstanding_account_id"])
        self.env["account.payment.method.line"].flush_model(["payment_account_id"])
        self.env["account.account"].flush_model(["account_type"])
        self.env["sale.order"].flush_model(["broker_commission_plan_id"])
        return self.env.execute_query_dict(
            SQL(
                """
                WITH named AS (
                    SELECT id, move_type FROM account_move WHERE id IN %(ids)s
                    UNION
                    SELECT invoice.id, invoice.move_type
                      FROM account_move note
                      JOIN account_move_line line ON line.move_id = note.id
                      JOIN account_partial_reconcile part ON part.credit_move_id = line.id
                      JOIN account_move_line other ON other.id = part.debit_move_id
                      JOIN account_move invoice ON invoice.id = other.move_id
                     WHERE note.id IN %(ids)s
                       AND note.move_type = 'out_refund'
                       AND invoice.move_type = 'out_invoice'
                ), matched AS (
                    SELECT line.move_id, other.move_id AS other_id,
                           part.debit_amount_currency AS amount
                      FROM named
                      JOIN account_move_line line
                        ON line.move_id = named.id AND line.display_type = 'payment_term'
                      JOIN account_partial_reconcile part ON part.debit_move_id = line.id
                      JOIN account_move_line other ON other.id = part.credit_move_id
                     WHERE named.move_type != 'out_refund'
                     UNION ALL
                    SELECT line.move_id, other.move_id, part.credit_amount_currency
                      FROM named
                      JOIN account_move_line line
                        ON line.move_id = named.id AND line.display_type = 'payment_term'
                      JOIN account_partial_reconcile part ON part.credit_move_id = line.id
                      JOIN account_move_line other ON other.id = part.debit_move_id
                     WHERE named.move_type = 'out_refund'
                ), others AS (
                    SELECT move.id, move.move_type, move.reversed_entry_id, payment.outstanding_account_id
                      FROM account_move move
                 LEFT JOIN account_payment payment ON payment.id = move.origin_payment_id
                     WHERE move.id IN (SELECT other_id FROM matched) AND move.state = 'posted'
                )
                SELECT matched.move_id, matched.other_id, others.move_type, matched.amount,
                       others.move_type = 'out_refund' AND EXISTS (
                           SELECT
                             FROM account_move_line line
                             JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = line.id
                             JOIN sale_order_line sale_line ON sale_line.id = link.order_line_id
                             JOIN sale_order job ON job.id = sale_line.order_id
                            WHERE line.move_id IN (others.id, others.reversed_entry_id)
                              AND job.broker_commission_plan_id IS NOT NULL
                       ) AS is_bearing,
                       sums.liquid, sums.owed
                  FROM matched
                  JOIN others ON others.id = matched.other_id
             LEFT JOIN LATERAL (
                    SELECT SUM(line.balance) FILTER (
                               WHERE account.account_type IN ('asset_cash', 'liability_credit_card')
                                  OR account.id = others.outstanding_account_id
                                  OR account.id IN (SELECT payment_account_id FROM account_payment_method_line)
                           ) AS liquid,
                           -SUM(line.balance) FILTER (
                               WHERE account.account_type IN ('asset_receivable', 'liability_payable')
                           ) AS owed
                      FROM account_move_line line
                      JOIN account_account account ON account.id = line.account_id
                     WHERE line.move_id = others.id AND others.move_type = 'entry'
                       ) sums ON TRUE
                """,
                ids=tuple(moves.ids),
            )
        )
