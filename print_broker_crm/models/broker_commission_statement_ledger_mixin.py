import hashlib
import json
from collections import defaultdict

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL

# Kinds of adjustment that were paid before they were earned.
_PAID_AHEAD = ("draw", "advance")
# How many invoices and jobs are named where the reason is that they are open.
_NAMED_AT_MOST = 5


class BrokerCommissionStatementLedgerMixin(models.AbstractModel):
    """Which rows a statement is made of, what they come to, and how it takes them.

    A row belongs to the first period that is open on its day or ends after it: what is
    dated into a confirmed period (a late writer, a date put back) falls into the next.
    Everything here works for any number of statements at once.
    """

    _name = "broker.commission.statement.ledger.mixin"
    _description = "Commission Statement: Ledger"

    # FIGURES

    def _get_figures(self):
        """Return what the statements come to, in a bounded number of queries.

        Confirmed ones say what was confirmed; open ones look at the ledger, and at the
        balances of the periods before them.

        :return: defaultdict of statement id to a dict of `opening`, `released`,
            `difference`, `adjustment`, `advance` and `closing` (amounts in the
            company's currency), `entry_ids`, `difference_ids` and `adjustment_ids`
        """
        self = self.sudo()._origin
        found = defaultdict(self._get_no_figures)
        is_open = self.filtered(lambda statement: statement.state == "open")
        for statement in self - is_open:
            found[statement.id] = json.loads(statement.snapshot)["figures"]
        if is_open:
            found.update(self._get_open_figures(is_open))
        return found

    @api.model
    def _get_no_figures(self):
        """Return the figures of a statement that has nothing on it."""
        amounts = dict.fromkeys(("opening", "released", "difference", "adjustment", "advance", "closing"), 0.0)
        return {**amounts, "entry_ids": [], "difference_ids": [], "adjustment_ids": []}

    @api.model
    def _get_open_figures(self, statements):
        """Return the figures of open statements; see `_get_figures`."""
        # The periods before an open one may be open as well: theirs are needed along.
        chain = self.search(
            Domain("state", "=", "open")
            & Domain("user_id", "in", statements.user_id.ids)
            & Domain("company_id", "in", statements.company_id.ids),
            order="date_to, id",
        )
        sums = self._sum_open_rows(chain)
        balances = self._get_last_balances(statements.user_id, statements.company_id)
        found = {}
        for statement in chain:
            figures = {**self._get_no_figures(), **sums.get(statement.id, {})}
            currency = statement.company_id.currency_id
            key = (statement.company_id.id, statement.user_id.id)
            figures["opening"] = currency.round(balances.get(key, 0.0))
            for name in ("released", "difference", "adjustment", "advance"):
                figures[name] = currency.round(figures[name])
            figures["closing"] = currency.round(
                sum(figures[name] for name in ("opening", "released", "difference", "adjustment", "advance"))
            )
            balances[key] = figures["closing"]
            found[statement.id] = figures
        return {statement.id: found[statement.id] for statement in statements}

    @api.model
    def _get_last_balances(self, users, companies):
        """Return {(company id, user id): what the last confirmed statement left}, less
        what was paid of it."""
        if not users or not companies:
            return {}
        self.flush_model(["company_id", "user_id", "state", "date_to"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (company_id, user_id) id
                  FROM broker_commission_statement
                 WHERE state <> 'open' AND user_id IN %s AND company_id IN %s
              ORDER BY company_id, user_id, date_to DESC
                """,
                tuple(users.ids),
                tuple(companies.ids),
            )
        )
        return {
            (last.company_id.id, last.user_id.id): last._get_unpaid_balance()
            for last in self.sudo().browse(id_ for [id_] in rows)
        }

    def _get_unpaid_balance(self):
        """Return what a confirmed statement leaves for the next one."""
        self.ensure_one()
        return json.loads(self.sudo().snapshot)["figures"]["closing"]

    @api.model
    def _sum_open_rows(self, statements):
        """Sum what open statements would take now, in one query.

        A difference of a closed month is an entry dated into a confirmed period, or one
        that changes what an earlier statement said about its invoice: anything but more
        of the customer's money coming in. A credit note is about the invoice it reverses.

        :return: {statement id: figures}, see `_get_figures`
        """
        self.env["broker.commission.entry"].flush_model()
        Adjustment = self.env["broker.commission.adjustment"]._flush_for_due_days()
        self.env["account.move"].flush_model(["reversed_entry_id"])
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH period AS (
                    SELECT statement.id, statement.company_id, statement.user_id, statement.date_to,
                           LAG(statement.date_to) OVER person AS open_before,
                           (
                            SELECT MAX(closed.date_to)
                              FROM broker_commission_statement closed
                             WHERE closed.company_id = statement.company_id
                               AND closed.user_id = statement.user_id
                               AND closed.state <> 'open'
                           ) AS closed_until
                      FROM broker_commission_statement statement
                     WHERE statement.id IN %(ids)s
                    WINDOW person AS (
                        PARTITION BY statement.company_id, statement.user_id ORDER BY statement.date_to
                    )
                )
                SELECT period.id,
                       CASE WHEN entry.date <= period.closed_until
                              OR entry.kind <> 'collection' AND EXISTS (
                                  SELECT
                                    FROM broker_commission_entry confirmed
                                   WHERE confirmed.statement_id IS NOT NULL
                                     AND confirmed.user_id = entry.user_id
                                     AND confirmed.move_id IN (entry.move_id, move.reversed_entry_id)
                                 )
                            THEN 'difference'
                            ELSE 'released'
                        END AS section,
                       SUM(entry.amount), ARRAY_AGG(entry.id ORDER BY entry.date, entry.id)
                  FROM period
                  JOIN broker_commission_entry entry
                    ON entry.company_id = period.company_id
                   AND entry.user_id = period.user_id
                   AND entry.book = 'released'
                   AND entry.statement_id IS NULL
                   AND entry.date <= period.date_to
                   AND (period.open_before IS NULL OR entry.date > period.open_before)
             LEFT JOIN account_move move ON move.id = entry.move_id
              GROUP BY 1, 2
             UNION ALL
                SELECT period.id,
                       CASE WHEN adjustment.kind IN %(paid_ahead)s THEN 'advance' ELSE 'adjustment' END,
                       SUM(adjustment.amount), ARRAY_AGG(adjustment.id ORDER BY adjustment.date, adjustment.id)
                  FROM period
                  JOIN broker_commission_adjustment adjustment
                    ON adjustment.company_id = period.company_id
                   AND adjustment.user_id = period.user_id
                   AND adjustment.statement_id IS NULL
            CROSS JOIN LATERAL (SELECT %(due)s AS day) due
                 WHERE due.day <= period.date_to
                   AND (period.open_before IS NULL OR due.day > period.open_before)
              GROUP BY 1, 2
                """,
                ids=tuple(statements.ids),
                due=Adjustment._get_due_sql(),
                paid_ahead=_PAID_AHEAD,
            )
        )
        ids_of = {"released": "entry_ids", "difference": "difference_ids"}
        found = defaultdict(self._get_no_figures)
        for statement_id, section, amount, row_ids in rows:
            found[statement_id][section] = float(amount)
            found[statement_id][ids_of.get(section, "adjustment_ids")] += row_ids
        return found

    def _get_empty_reasons(self):
        """Return {statement id: why it is empty}, of open statements without any row
        and of those that were confirmed so."""
        self = self.sudo()._origin
        figures = self._get_figures()
        reasons = {}
        is_empty = self.filtered(lambda statement: not statement._has_rows(figures[statement.id]))
        for statement in is_empty.filtered(lambda statement: statement.state != "open"):
            reasons[statement.id] = figures[statement.id]["empty_reason"]
        is_open = is_empty.filtered(lambda statement: statement.state == "open")
        held = self.env["broker.commission.pending"]._get_held(is_open.user_id, is_open.company_id)
        for statement in is_open:
            reasons[statement.id] = self._explain_empty(held.get((statement.company_id.id, statement.user_id.id)))
        return reasons

    @api.model
    def _has_rows(self, figures):
        return bool(figures["entry_ids"] or figures["difference_ids"] or figures["adjustment_ids"])

    @api.model
    def _explain_empty(self, held):
        """Return in words why nothing was released.

        :param held: `broker.commission.pending` rows of the person that are held, or none
        """
        if not held:
            return self.env._("Nothing was released, and nothing that was earned waits to be.")
        reasons = dict(held._fields["kind"]._description_selection(self.env))
        lines = [self.env._("Nothing was released. Earned, but held:")]
        for kind, rows in held.grouped("kind").items():
            names = [row._get_document_name() for row in rows[:_NAMED_AT_MOST]]
            if len(rows) > _NAMED_AT_MOST:
                names.append("…")
            lines.append(
                self.env._(
                    "%(amount)s: %(reason)s (%(documents)s)",
                    amount=rows.currency_id[:1].format(sum(rows.mapped("amount"))),
                    reason=reasons[kind],
                    documents=", ".join(names),
                )
            )
        return "\n".join(lines)

    # TAKING ROWS

    def _lock(self):
        """Make sure that nobody else confirms or pays for these people meanwhile.

        :raises LockError: when somebody else is at it
        """
        self.lock_for_update(allow_referencing=True)
        # The balance that is carried comes from the statement before. An update, even to
        # what it is, makes a transaction that pays it at the same time start over.
        (self._get_person_statements() - self)._touch()
        self.invalidate_recordset()

    def _touch(self):
        """Make whoever is at these statements at the same time start over."""
        if self:
            self.env.cr.execute(
                SQL(
                    "UPDATE broker_commission_statement SET write_date = write_date WHERE id IN %s",
                    tuple(self.ids),
                )
            )

    def _get_person_statements(self):
        """Return all statements of the same people in the same companies, in sudo."""
        return self.sudo().search(
            Domain("user_id", "in", self.user_id.ids) & Domain("company_id", "in", self.company_id.ids)
        )

    @api.model
    def _claim(self, figures):
        """Put the statements on their rows: the one thing that ever changes on a row, once.

        In SQL and not by `write`, which refuses every change to everybody.

        :param figures: {statement id: figures}, see `_get_figures`
        """
        for model, names in (
            ("broker.commission.entry", ("entry_ids", "difference_ids")),
            ("broker.commission.adjustment", ("adjustment_ids",)),
        ):
            pairs = [
                (row_id, statement_id)
                for statement_id, found in figures.items()
                for name in names
                for row_id in found[name]
            ]
            if not pairs:
                continue
            Model = self.env[model]
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE %s taken
                       SET statement_id = pair.statement_id
                      FROM UNNEST(%s, %s) AS pair (id, statement_id)
                     WHERE taken.id = pair.id AND taken.statement_id IS NULL
                    """,
                    SQL.identifier(Model._table),
                    [row_id for row_id, _statement_id in pairs],
                    [statement_id for _row_id, statement_id in pairs],
                )
            )
            if self.env.cr.rowcount != len(pairs):
                raise ConcurrencyError("Rows of the statement were taken by another one.")
            Model.invalidate_model(["statement_id"])

    # CHECKING

    def _get_facts(self):
        """Return what stands in the database on statements, in two queries.

        :return: {statement id: {'entries': rows, 'adjustments': rows}}, each row a list
            of id, date, amount and what tells it from others
        """
        found = {statement_id: {"entries": [], "adjustments": []} for statement_id in self.ids}
        if not found:
            return found
        for name, query in (
            (
                "entries",
                "SELECT statement_id, id, date::text, amount, kind, move_name, trace "
                "FROM broker_commission_entry WHERE statement_id IN %s ORDER BY id",
            ),
            (
                "adjustments",
                "SELECT statement_id, id, date::text, amount, kind, reason "
                "FROM broker_commission_adjustment WHERE statement_id IN %s ORDER BY id",
            ),
        ):
            for statement_id, *row in self.env.execute_query(SQL(query, tuple(found))):
                row[2] = float(row[2])
                found[statement_id][name].append(row)
        return found

    def _find_broken(self):
        """Return the confirmed statements that the database does not bear out any more."""
        confirmed = self.sudo()._origin.filtered(lambda statement: statement.state != "open")
        facts = confirmed._get_facts()
        broken = self.browse()
        for statement in confirmed:
            kept = json.loads(statement.snapshot)
            same_rows = all(kept[name] == rows for name, rows in facts[statement.id].items())
            if not same_rows or self._get_checksum(statement.snapshot) != statement.checksum:
                broken += statement.sudo(self.env.su)
        return broken

    @api.model
    def _get_checksum(self, snapshot):
        """Return the checksum of a snapshot, as hexadecimal text."""
        return hashlib.sha256(snapshot.encode()).hexdigest()
