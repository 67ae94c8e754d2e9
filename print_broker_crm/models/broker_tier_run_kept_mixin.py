from odoo import api, models
from odoo.tools import SQL

# Of more than one customer in so many it is quicker to read all rows than to look theirs up.
FEW = 6
# The tables in which figures are kept, with the columns of the measures' queries.
KEPT = {
    "margin": {
        "invoices": SQL("bigint"),
        "credit_notes": SQL("bigint"),
        "revenue": SQL("numeric"),
        "billed": SQL("numeric"),
        "disputed": SQL("numeric"),
        "lines": SQL("bigint"),
        "left_out": SQL("bigint"),
        "profit": SQL("numeric"),
    },
    "payment": {
        "judged": SQL("numeric"),
        "amount_days": SQL("numeric"),
        "late_documents": SQL("bigint"),
        "overdue": SQL("numeric"),
        "overdue_days": SQL("integer"),
    },
}
_JOINS = {
    "margin": SQL(
        """
        LEFT JOIN billing ON billing.customer_id = customer.id
        LEFT JOIN margin ON margin.customer_id = customer.id
        """
    ),
    "payment": SQL(
        """
        LEFT JOIN payment ON payment.customer_id = customer.id
        LEFT JOIN (SELECT DISTINCT customer_id FROM due WHERE amount_residual > 0) AS owing
               ON owing.customer_id = customer.id
        """
    ),
}
# What is overdue is so for one more day.
_OPEN = {"margin": SQL("FALSE"), "payment": SQL("owing.customer_id IS NOT NULL")}


class BrokerTierRunKeptMixin(models.AbstractModel):
    """What customers were billed, left and paid, kept from one night to the next.

    These figures read every line of every invoice, and hardly any of them changed since
    yesterday. They are worked out anew for customers of whom a row changed, by the same
    queries that work them out for everybody. Payments are so as well while something is open,
    because what is overdue is so for one more day.
    """

    _name = "broker.tier.run.kept.mixin"
    _description = "5A Nightly Run: Kept Figures"

    @api.model
    def _make_kept_tables(self):
        """Make the work tables of the figures; unlogged, because what is missing is worked out."""
        for name, columns in KEPT.items():
            table = self._get_kept_table(name)
            self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", table))
            self.env.cr.execute(
                SQL(
                    "CREATE UNLOGGED TABLE %s (customer_id integer PRIMARY KEY, is_open boolean, %s)",
                    table,
                    SQL(", ").join(SQL("%s %s", SQL.identifier(column), kind) for column, kind in columns.items()),
                )
            )

    @api.model
    def _get_kept_table(self, name):
        return SQL.identifier(f"broker_tier_kept_{name}")

    def _keep_figures(self, score, policy):
        """Bring the kept figures of the company's customers up to date.

        :param score: the model `broker.tier.score` in sudo
        :param policy: the `broker.tier.policy` whose window counts
        """
        self.ensure_one()
        first, last = policy._get_window(self.date)
        changes = self._find_changes(first) or dict.fromkeys(KEPT)
        for name in KEPT:
            self._forget_figures(name, changes[name])
            customers = self._find_missing(name)
            if customers is not None and not customers:
                continue
            billing = score._get_billing_query(policy, first, last, customers)
            if name == "margin":
                figures = score._get_margin_query(policy, customers)
            else:
                figures = score._get_payment_query(last, customers)
            self._insert_figures(name, customers, SQL("%s, %s", billing, figures))

    def _forget_figures(self, name, stale):
        """Forget kept figures, also of customers who are not judged now: those of a change,
        and those of whom something is open.

        :param stale: ids of `broker.customer`, None for all of the company
        """
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %(table)s kept USING broker_customer customer
                 WHERE customer.id = kept.customer_id AND customer.company_id = %(company)s AND %(stale)s
                """,
                table=self._get_kept_table(name),
                company=self.company_id.id,
                stale=SQL("TRUE") if stale is None else SQL("(kept.is_open OR customer.id = ANY(%s))", list(stale)),
            )
        )

    def _find_missing(self, name):
        """Return the customers whose figures are not kept, or None for everybody: of many it
        is quicker to read all rows than to look theirs up."""
        [(missing, count)] = self.env.execute_query(
            SQL(
                """
                SELECT ARRAY_AGG(customer.id) FILTER (WHERE kept.customer_id IS NULL), COUNT(*)
                  FROM broker_customer customer
             LEFT JOIN %s kept ON kept.customer_id = customer.id
                 WHERE customer.company_id = %s AND customer.active
                """,
                self._get_kept_table(name),
                self.company_id.id,
            )
        )
        customers = self.env["broker.customer"].browse(missing or ())
        if len(customers) * FEW <= count:
            return customers
        self._forget_figures(name, None)
        return None

    def _insert_figures(self, name, customers, expressions):
        """Work out figures and keep them.

        :param customers: `broker.customer` records, None for everybody
        :param expressions: SQL of the common table expressions that work them out
        """
        columns = SQL(", ").join(map(SQL.identifier, KEPT[name]))
        self.env.cr.execute(
            SQL(
                """
                WITH %(expressions)s
                INSERT INTO %(table)s (customer_id, is_open, %(columns)s)
                SELECT customer.id, %(open)s, %(columns)s
                  FROM broker_customer customer
                       %(joins)s
                 WHERE customer.company_id = %(company)s AND customer.active AND %(scope)s
                """,
                expressions=expressions,
                table=self._get_kept_table(name),
                columns=columns,
                joins=_JOINS[name],
                open=_OPEN[name],
                company=self.company_id.id,
                scope=self.env["broker.tier.score"]._get_scope(SQL("customer.id"), customers),
            )
        )

    @api.model
    def _get_kept_expressions(self):
        """Return the common table expressions `billing`, `margin` and `payment` of what is kept."""
        return SQL(
            """
            billing AS (SELECT * FROM broker_tier_kept_margin),
            margin AS (SELECT * FROM broker_tier_kept_margin),
            payment AS (SELECT * FROM broker_tier_kept_payment)
            """
        )
