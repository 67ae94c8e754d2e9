import hashlib

from odoo import api, models
from odoo.tools import SQL

from .broker_customer_month_query_mixin import FIGURES, MonthScope

# Of more than one customer in so many it is quicker to read all rows than to look theirs up.
FEW = 4


class BrokerCustomerMonthNightMixin(models.AbstractModel):
    """How the months of customers are kept up to date.

    Whoever writes a document that counts leaves a mark in the same transaction: the customer
    and the month, see `broker.month.source.mixin`. A night takes the marks and works out
    these months alone. What was written below Odoo leaves no mark; with the first night of
    a month, before its report, all months are worked out anew, and only what differs is written.
    """

    _name = "broker.customer.month.night.mixin"
    _description = "Customer Month: Night"

    def init(self):
        """Make the list of marks: appended to without a key, so that nobody waits for anybody;
        without a month all months of the customer are meant."""
        result = super().init()
        self.env.cr.execute("CREATE TABLE IF NOT EXISTS broker_month_mark (customer_id integer NOT NULL, month date)")
        return result

    # MARKS

    @api.model
    def _mark(self, spans):
        """Note that months of customers have to be worked out anew.

        :param spans: SELECT of customer_id, and the first and last moment of what changed
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO broker_month_mark (customer_id, month)
                SELECT DISTINCT span.customer_id, DATE_TRUNC('month', edge.moment)::date
                  FROM (%s) AS span (customer_id, first, last)
            CROSS JOIN LATERAL (VALUES (span.first), (span.last)) AS edge (moment)
                 WHERE span.customer_id IS NOT NULL AND edge.moment IS NOT NULL
                """,
                spans,
            )
        )

    @api.model
    def _mark_whole(self, customers):
        """Note that all months of some customers have to be worked out anew.

        :param customers: `broker.customer`
        """
        if customers:
            self.env.cr.execute(SQL("INSERT INTO broker_month_mark (customer_id) SELECT UNNEST(%s)", customers.ids))

    @api.model
    def _join(self, sources, target):
        """Join the months of customer files that become one. At once, so that nothing is
        counted twice or not at all until the night works them out.

        :param sources: the `broker.customer` that disappear
        :param target: the one that remains
        """
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM broker_customer_month WHERE customer_id = ANY(%(sources)s) RETURNING *
                )
                INSERT INTO broker_customer_month AS kept (customer_id, company_id, month, %(columns)s)
                SELECT %(target)s, company_id, month, %(sums)s FROM gone GROUP BY company_id, month
           ON CONFLICT (customer_id, month) DO UPDATE SET (%(columns)s) = (%(added)s)
                """,
                sources=sources.ids,
                target=target.id,
                columns=self._join_figures(FIGURES),
                sums=SQL(", ").join(SQL("SUM(%s)", SQL.identifier(name)) for name in FIGURES),
                added=SQL(", ").join(
                    SQL("kept.%s + EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name)) for name in FIGURES
                ),
            )
        )
        self._count_reorders(lambda customer: SQL("%s = %s", customer, target.id))
        self._mark_whole(target)
        self.invalidate_model(flush=False)

    @api.model
    def _take_marks(self, company, limit):
        """Take the marks of the next customers off the list.

        :param limit: number of customers
        :return: list of (customer id, month or None)
        """
        return self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    DELETE FROM broker_month_mark
                     WHERE customer_id IN (
                           SELECT DISTINCT mark.customer_id
                             FROM broker_month_mark mark
                             JOIN broker_customer customer ON customer.id = mark.customer_id
                            WHERE customer.company_id = %s
                         ORDER BY mark.customer_id
                            LIMIT %s
                           )
                 RETURNING customer_id, month
                )
                SELECT DISTINCT customer_id, month FROM taken
                """,
                company.id,
                limit,
            )
        )

    # STEPS

    @api.model
    def _refresh_steps(self, company):
        """Bring the months of a company up to date, those that changed since the last time.

        A generator: after each batch it yields how many customers were looked at, for the
        caller to commit. It may be left at any batch; the next call goes on there.

        :param company: one `res.company`
        """
        self = self.sudo()
        company = company.sudo()
        self.env.flush_all()
        if self._is_build_due(company):
            self._begin_build(company)
        yield from self._build_steps(company)
        limit = self._get_month_number("month_batch_size", 2000)
        while marks := self._take_marks(company, limit):
            yield self._refresh_marked(company, marks)

    @api.model
    def _rebuild(self, company):
        """Work out all months of a company anew. Does not commit.

        :param company: one `res.company`
        """
        self = self.sudo()
        company = company.sudo()
        self.env.flush_all()
        self._begin_build(company)
        for _handled in self._build_steps(company):
            continue

    @api.model
    def _get_month_number(self, name, default):
        return int(self.env["ir.config_parameter"].sudo().get_param(f"print_broker_crm.{name}", default))

    # ALL

    @api.model
    def _is_build_due(self, company):
        """Return whether all months of a company are to be worked out anew: once a month, and
        when what they are worked out by is another."""
        return (
            not company.broker_month_built_on
            or company.broker_month_built_on < company._get_broker_today().replace(day=1)
            or company.broker_month_basis != self._get_month_basis(company)
        )

    @api.model
    def _get_month_basis(self, company):
        """Return a digest of what months are worked out by: the statement, the firm's time
        zone and its currency."""
        query = self._get_months_query(company, MonthScope())
        return hashlib.sha256(repr((query.code, query.params)).encode()).hexdigest()

    @api.model
    def _begin_build(self, company):
        company._note_broker_progress(
            broker_month_built_on=company._get_broker_today(),
            broker_month_basis=self._get_month_basis(company),
            broker_month_build_from=1,
            # Whose trend was judged by the months of before, is judged again.
            broker_trend_basis=None,
        )

    @api.model
    def _build_steps(self, company):
        """Go on with a build, if there is one in progress, yielding the number of customers
        after each batch."""
        limit = self._get_month_number("month_build_batch_size", 20000)
        while first := company.broker_month_build_from:
            [(last, number, others)] = self.env.execute_query(
                SQL(
                    """
                    SELECT MAX(id), COUNT(*), (
                               SELECT COUNT(*) FROM broker_customer WHERE company_id = %(company)s
                           ) - COUNT(*)
                      FROM (
                        SELECT id FROM broker_customer
                         WHERE company_id = %(company)s AND id >= %(first)s
                      ORDER BY id LIMIT %(limit)s
                      ) AS batch
                    """,
                    company=company.id,
                    first=first,
                    limit=limit,
                )
            )
            if not number:
                company._note_broker_progress(broker_month_build_from=0)
                return
            # What is waited for is done with it.
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM broker_month_mark mark USING broker_customer customer
                     WHERE customer.id = mark.customer_id AND customer.company_id = %s AND customer.id BETWEEN %s AND %s
                    """,
                    company.id,
                    first,
                    last,
                )
            )
            scope = MonthScope(first, last, is_few=number * FEW <= others)
            self._write_months(company, scope)
            self._count_reorders(scope.get_customers)
            company._note_broker_progress(broker_month_build_from=last + 1)
            yield number

    # SOME

    @api.model
    def _refresh_marked(self, company, marks):
        """Work out the months that were marked.

        :param marks: list of (customer id, month or None)
        :return: number of customers
        """
        whole = {customer_id for customer_id, month in marks if not month}
        spans = [(customer_id, "-infinity", "infinity") for customer_id in whole]
        spans += [
            (customer_id, month, self._get_next_month(month))
            for customer_id, month in marks
            if customer_id not in whole
        ]
        customer_ids, firsts, lasts = (list(column) for column in zip(*spans, strict=True))
        due = SQL(
            "SELECT * FROM UNNEST(%s::int[], %s::date[], %s::date[]) AS due (customer_id, first, last)",
            customer_ids,
            list(map(str, firsts)),
            list(map(str, lasts)),
        )
        self._write_months(company, MonthScope(due=due))
        self._count_reorders(lambda customer: SQL("%s = ANY(%s)", customer, customer_ids))
        self.env["broker.customer"]._ask_for_trend(customer_ids)
        return len(set(customer_ids))

    @api.model
    def _count_reorders(self, get_customers):
        """Count which jobs of some customers are reorders: all but the first one ever, which may
        be another one now.

        :param get_customers: function of a column that refers to the customer file, as `SQL`,
            that returns the condition, as `SQL`, that the customer is meant
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE broker_customer_month kept
                   SET reorder_count = kept.job_count - (kept.month = beginning.month)::int
                  FROM (
                    SELECT customer_id, MIN(month) AS month
                      FROM broker_customer_month
                     WHERE job_count > 0 AND %s
                  GROUP BY customer_id
                  ) AS beginning
                 WHERE kept.customer_id = beginning.customer_id AND kept.job_count > 0 AND %s
                   AND kept.reorder_count <> kept.job_count - (kept.month = beginning.month)::int
                """,
                get_customers(SQL("customer_id")),
                get_customers(SQL("kept.customer_id")),
            )
        )

    @api.model
    def _write_months(self, company, scope):
        """Make months what their documents say; only what differs is written.

        :param scope: a `MonthScope`
        """
        # Nothing is compiled for a statement that runs once a night, and its sums stay in memory. What happened in
        # a month is sorted and summed up: how many months there are cannot be foreseen, and a table of all of them
        # that does not fit into memory is written to the disk and read again.
        settings = {
            "jit": "off",
            "enable_hashagg": "off",
            "work_mem": f"{self._get_month_number('month_memory_mb', 16)}MB",
        }
        for name, value in settings.items():
            self.env.cr.execute(SQL("SELECT set_config(%s, %s, TRUE)", name, value))
        is_known = self._is_known(company, scope)
        self.env.cr.execute(self._get_write_query(company, scope, is_known))
        if not is_known:
            # Else the next time may take the table for an empty one, and compare all months with all.
            self.env.cr.execute("ANALYZE broker_customer_month (customer_id, company_id, month)")
        for name in settings:
            self.env.cr.execute(SQL("RESET %s", SQL.identifier(name)))
        self.invalidate_model(flush=False)

    @api.model
    def _is_known(self, company, scope):
        """Return whether there are months already in a scope; the first time there are none."""
        if scope.due:
            return True
        [(is_known,)] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM broker_customer_month kept %s AND kept.company_id = %s)",
                scope.get_kept(),
                company.id,
            )
        )
        return is_known

    @api.model
    def _get_write_query(self, company, scope, is_known):
        """Return the statement that writes months.

        :param is_known: there are some already
        """
        figures = [name for name in FIGURES if name != "reorder_count"]
        if not is_known:
            return SQL(
                """
                WITH %(months)s
                INSERT INTO broker_customer_month (customer_id, company_id, month, reorder_count, %(columns)s)
                SELECT customer_id, %(company)s, month, job_count, %(columns)s FROM fresh
                """,
                months=self._get_months_query(company, scope),
                columns=self._join_figures(figures),
                company=company.id,
            )
        return SQL(
            """
            WITH %(months)s,
            gone AS (
                DELETE FROM broker_customer_month kept
                 %(kept)s AND kept.company_id = %(company)s
                   AND NOT EXISTS (
                       SELECT FROM fresh WHERE fresh.customer_id = kept.customer_id AND fresh.month = kept.month
                   )
            )
            INSERT INTO broker_customer_month (customer_id, company_id, month, reorder_count, %(columns)s)
            SELECT fresh.customer_id, %(company)s, fresh.month, fresh.job_count, %(fresh)s
              FROM fresh
         LEFT JOIN broker_customer_month kept ON kept.customer_id = fresh.customer_id AND kept.month = fresh.month
             WHERE kept.id IS NULL OR (%(known)s) IS DISTINCT FROM (%(fresh)s)
       ON CONFLICT (customer_id, month) DO UPDATE SET (reorder_count, %(columns)s) = (excluded.job_count, %(excluded)s)
            """,
            months=self._get_months_query(company, scope),
            kept=scope.get_kept(),
            columns=self._join_figures(figures),
            fresh=self._join_figures(figures, "fresh"),
            known=self._join_figures(figures, "kept"),
            excluded=self._join_figures(figures, "excluded"),
            company=company.id,
        )

    @staticmethod
    def _join_figures(names, table=None):
        return SQL(", ").join(SQL.identifier(table, name) if table else SQL.identifier(name) for name in names)

    @api.autovacuum
    def _gc_months(self):
        """Forget customers who are gone."""
        for table in ("broker_customer_month", "broker_month_mark"):
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM %s gone
                     WHERE NOT EXISTS (SELECT FROM broker_customer customer WHERE customer.id = gone.customer_id)
                    """,
                    SQL.identifier(table),
                )
            )
