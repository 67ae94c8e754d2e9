from odoo import api, models
from odoo.tools import SQL

# Rows are counted in blocks of 256 neighbouring ids: what is gone is looked for in one of them.
BLOCK_BITS = 8
# How far back PostgreSQL can tell which of two transactions was first.
REACH = 2_000_000_000
# A unit or a currency changed, or the first rate of one: what hangs on it is not looked for.
EVERYBODY = ("unit", "currency", "first_rate")


class BrokerTierRunChangeMixin(models.AbstractModel):
    """Whose documents changed since the night before.

    Apart from the figures, because it knows rows and not what they mean. PostgreSQL notes at
    each row which transaction wrote it (`xmin`), whoever did and by whatever way: a row was
    written since when its transaction could not be seen by the night before. A row that is
    gone leaves nothing; but then a block of neighbours has another number or another sum of
    ids, and all its rows count as changed.
    """

    _name = "broker.tier.run.change.mixin"
    _description = "5A Nightly Run: Changes"

    @api.model
    def _make_mark_table(self):
        """Make the work table of the blocks as the night before saw them; unlogged, because
        without it everything counts as changed.

        One row of a company is of the source 'horizon': its block is the first transaction that
        the night could not see for certain.
        """
        self.env.cr.execute("DROP TABLE IF EXISTS broker_tier_mark")
        self.env.cr.execute(
            """
            CREATE UNLOGGED TABLE broker_tier_mark (
                company_id integer, source varchar, block bigint, rows bigint, ids bigint,
                PRIMARY KEY (company_id, source, block)
            )
            """
        )

    def _find_changes(self, first):
        """Compare the company's rows with those of the night before, and note how they are now.

        :param first: the window's first day, a `date`
        :return: {'margin': ids of the `broker.customer` of whom it may have changed,
            'payment': the same}, or None for everybody
        """
        self.ensure_one()
        age = self._read_age()
        blocks, keys = {}, {}
        for source, block, is_whole, written in self.env.execute_query(self._get_comparison_query(first, age)):
            if is_whole:
                blocks.setdefault(source, []).append(block)
            else:
                keys.setdefault(source, []).extend(written)
        self._write_horizon()
        if age is None or not blocks.keys().isdisjoint(EVERYBODY) or not keys.keys().isdisjoint(EVERYBODY):
            return None
        touched = self.env.execute_query(self._get_touched_query(blocks, keys, first)) if blocks or keys else []
        return {
            "margin": [customer_id for customer_id, is_margin, _is_payment in touched if is_margin],
            "payment": [customer_id for customer_id, _is_margin, is_payment in touched if is_payment],
        }

    @api.model
    def _get_horizon(self):
        """Return the first transaction that this one may not see, whole as PostgreSQL counts."""
        [(horizon,)] = self.env.execute_query(SQL("SELECT PG_SNAPSHOT_XMIN(PG_CURRENT_SNAPSHOT())::varchar::bigint"))
        return horizon

    def _read_age(self):
        """Return the age, in transactions, of the horizon of the night before; None where it
        tells nothing: in another cluster of databases, into which the rows were copied, or
        very long ago."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT block FROM broker_tier_mark
                 WHERE company_id = %s AND source = 'horizon' AND rows = xmin::varchar::bigint
                """,
                self.company_id.id,
            )
        )
        if not rows or not 0 <= self._get_horizon() - rows[0][0] < REACH:
            return None
        [(age,)] = self.env.execute_query(SQL("SELECT AGE(%s::varchar::xid)", str(rows[0][0] % 2**32)))
        return age

    def _write_horizon(self):
        """Note the horizon of this night, with the transaction that notes it as its seal."""
        self.env.cr.execute(
            SQL("DELETE FROM broker_tier_mark WHERE company_id = %s AND source = 'horizon'", self.company_id.id)
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO broker_tier_mark (company_id, source, block) VALUES (%s, 'horizon', %s)",
                self.company_id.id,
                self._get_horizon(),
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE broker_tier_mark SET rows = xmin::varchar::bigint
                 WHERE company_id = %s AND source = 'horizon'
                """,
                self.company_id.id,
            )
        )

    def _get_comparison_query(self, first, age):
        """Return the statement that notes the present blocks, and selects (source, block,
        whether all of it counts as changed, else the keys of the rows written since)."""
        return SQL(
            """
            WITH present AS (%(present)s),
            changed AS MATERIALIZED (
                SELECT COALESCE(present.source, kept.source) AS source,
                       COALESCE(present.block, kept.block) AS block,
                       present.rows, present.ids, present.written,
                       (present.rows, present.ids) IS DISTINCT FROM (kept.rows, kept.ids) AS is_whole
                  FROM present
             FULL JOIN (
                    SELECT * FROM broker_tier_mark WHERE company_id = %(company)s AND source <> 'horizon'
                  ) kept
                    ON kept.source = present.source AND kept.block = present.block
                 WHERE present.written IS NOT NULL
                    OR (present.rows, present.ids) IS DISTINCT FROM (kept.rows, kept.ids)
            ),
            forgotten AS (
                DELETE FROM broker_tier_mark kept USING changed
                 WHERE kept.company_id = %(company)s AND kept.source = changed.source
                   AND kept.block = changed.block AND changed.rows IS NULL
            ),
            noted AS (
                INSERT INTO broker_tier_mark (company_id, source, block, rows, ids)
                SELECT %(company)s, source, block, rows, ids FROM changed WHERE is_whole AND rows IS NOT NULL
           ON CONFLICT (company_id, source, block) DO UPDATE SET (rows, ids) = (EXCLUDED.rows, EXCLUDED.ids)
            )
            SELECT source, block, is_whole, CASE WHEN NOT is_whole THEN written END
              FROM changed
            -- Without a horizon everybody is worked out anew, whatever changed
             WHERE %(age)s IS NOT NULL
            """,
            present=SQL(" UNION ALL ").join(self._get_block_queries(first, age)),
            company=self.company_id.id,
            age=age,
        )

    def _get_block_queries(self, first, age):
        """Return the SELECTs of the blocks of all that the margin and the payments of customers
        are worked out from, of these columns: source, block, rows, ids, keys written since.

        The invoices of the window are one block per customer, so that a day on which one
        comes into the window or falls out of it is a change. Orders, links and payments are of
        all companies: a branch bills the orders of another.
        """

        def block(source, table, key, name, condition=None, bits=BLOCK_BITS):
            return SQL(
                """
                SELECT (%(source)s)::varchar AS source, (%(key)s >> %(bits)s)::bigint AS block,
                       COUNT(*) AS rows, SUM(%(name)s) AS ids,
                       ARRAY_AGG(%(key)s) FILTER (WHERE AGE(%(table)s.xmin) <= %(age)s) AS written
                  FROM %(table)s
                 WHERE %(condition)s
              GROUP BY 1, 2
                """,
                source=source,
                table=SQL.identifier(table),
                key=key,
                name=SQL.identifier(name),
                condition=condition or SQL("TRUE"),
                bits=bits,
                age=age,
            )

        def column(name):
            return SQL.identifier(name)

        company = SQL("company_id = %s", self.company_id.id)
        day = SQL("(name - '2000-01-01'::date)")
        invoices = SQL(
            """
            broker_customer_id IS NOT NULL AND %s AND state = 'posted'
            AND move_type IN ('out_invoice', 'out_refund') AND invoice_date BETWEEN %s AND %s
            """,
            company,
            first,
            self.date,
        )
        lines = SQL("display_type IN ('product', 'payment_term') AND %s", company)
        return [
            block(SQL("'invoice'"), "account_move", column("broker_customer_id"), "id", invoices, bits=0),
            block(SQL("display_type"), "account_move_line", column("move_id"), "id", lines),
            block(SQL("'sold'"), "sale_order_line", column("order_id"), "id"),
            block(SQL("'link'"), "sale_order_line_invoice_rel", column("invoice_line_id"), "order_line_id"),
            block(SQL("'partial'"), "account_partial_reconcile", column("debit_move_id"), "id"),
            # By days: the rate of today says nothing about the invoices of yesterday
            block(SQL("'rate'"), "res_currency_rate", day, "id", bits=0),
            block(SQL("'unit'"), "uom_uom", column("id"), "id"),
            block(SQL("'currency'"), "res_currency", column("id"), "id"),
            SQL(
                """
                SELECT 'first_rate', currency_id, COUNT(DISTINCT company_id),
                       SUM(name - '2000-01-01'::date), NULL
                  FROM (
                    SELECT currency_id, company_id, MIN(name) AS name
                      FROM res_currency_rate GROUP BY currency_id, company_id
                  ) AS first_rate
              GROUP BY currency_id
                """
            ),
        ]

    def _get_touched_query(self, blocks, keys, first):
        """Return the SELECT of (customer id, whether the margin, whether the payments may have
        changed) for changed rows.

        :param blocks: {source: blocks of which all rows count}
        :param keys: {source: keys of single rows}
        """

        def touched(source, table, column, result):
            # Looked up range by range, whatever PostgreSQL expects of them
            return SQL(
                """
                SELECT %(result)s AS id FROM %(table)s WHERE %(column)s = ANY(%(keys)s)
                 UNION
                SELECT found.id
                  FROM UNNEST(%(blocks)s::bigint[]) AS whole (block)
            CROSS JOIN LATERAL (
                        SELECT %(result)s AS id FROM %(table)s
                         WHERE %(column)s BETWEEN block << %(bits)s AND ((block + 1) << %(bits)s) - 1
                        OFFSET 0
                       ) AS found
                """,
                table=SQL.identifier(table),
                column=SQL.identifier(column),
                result=SQL.identifier(result),
                blocks=blocks.get(source, []),
                keys=keys.get(source, []),
                bits=BLOCK_BITS,
            )

        days = blocks.get("rate", []) + keys.get("rate", [])
        return SQL(
            """
            WITH priced AS MATERIALIZED (
                %(product)s
                 UNION
                %(link)s
                 UNION
                SELECT line.move_id
                  FROM (%(sold)s) AS sold
                  JOIN sale_order_line_invoice_rel link ON link.order_line_id = sold.id
                  JOIN account_move_line line ON line.id = link.invoice_line_id
                %(rated)s
            ),
            settled AS MATERIALIZED (
                %(term)s
                 UNION
                %(partial)s
            ),
            touched AS (
                SELECT customer_id, TRUE AS is_margin, TRUE AS is_payment
                  FROM UNNEST(%(customers)s::bigint[]) AS written (customer_id)
             UNION ALL
                SELECT move.broker_customer_id, TRUE, FALSE FROM priced JOIN account_move move ON move.id = priced.id
             UNION ALL
                -- A credit note is compared with what it credits
                SELECT note.broker_customer_id, TRUE, FALSE
                  FROM priced JOIN account_move note ON note.reversed_entry_id = priced.id
             UNION ALL
                SELECT move.broker_customer_id, FALSE, TRUE FROM settled JOIN account_move move ON move.id = settled.id
            )
            SELECT customer_id, BOOL_OR(is_margin), BOOL_OR(is_payment)
              FROM touched
             WHERE customer_id IS NOT NULL
          GROUP BY customer_id
            """,
            product=touched("product", "account_move", "id", "id"),
            link=touched("link", "account_move_line", "id", "move_id"),
            sold=touched("sold", "sale_order_line", "order_id", "id"),
            term=touched("payment_term", "account_move", "id", "id"),
            partial=touched("partial", "account_move_line", "id", "move_id"),
            customers=blocks.get("invoice", []) + keys.get("invoice", []),
            rated=SQL(
                """
                 UNION
                SELECT move.id
                  FROM account_move move
                 WHERE move.company_id = %s AND move.broker_customer_id IS NOT NULL
                   AND move.invoice_date >= GREATEST(%s, '2000-01-01'::date + %s::integer)
                """,
                self.company_id.id,
                first,
                min(days),
            )
            if days
            else SQL(),
        )
