"""The firm that `./dev bench tier` measures: some customers by the ORM, the others copied from them in SQL.

What Odoo left in the tables for a customer made by hand is copied column by column, with new ids, so that a copied
customer has all that Odoo writes, and scores what the one does from which it was copied. `check_copies` proves it.
"""

from datetime import date, datetime, time

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tools import SQL

PROTOTYPES = 20
SALESPEOPLE = 4
# In the order in which rows refer to each other.
TABLES = (
    "res_partner",
    "broker_customer",
    "broker_assignment",
    "broker_handoff",
    "broker_care_call",
    "sale_order",
    "sale_order_line",
    "account_move",
    "account_payment",
    "account_full_reconcile",
    "account_move_line",
    "account_partial_reconcile",
    "mail_message",
    "mail_activity",
)
# Tables of pairs: (table, its column of the document, its other column)
PAIRS = (
    ("sale_order_line_invoice_rel", "invoice_line_id", "order_line_id"),
    ("account_move__account_payment", "invoice_id", "payment_id"),
)
# Texts that must differ from copy to copy, or that a list is sorted by.
TEXTS = {
    "res_partner": ("name", "complete_name", "email", "email_normalized"),
    "sale_order": ("name",),
    "account_move": ("name",),
    "account_payment": ("name",),
}
DOCUMENTS = {"res_model": "mail_activity", "model": "mail_message"}


def prepare(env, count):
    """Fill a fresh database with ``count`` customers, ten invoice lines each on average."""
    env = env(context=dict(env.context, tracking_disable=True, mail_create_nolog=True, no_reset_password=True))
    firm = _Firm(env)
    for number in range(PROTOTYPES):
        firm.sell(number)
    env.flush_all()
    copies = max(int(count) // PROTOTYPES - 1, 0)
    if copies:
        _copy(env, firm, copies)


def check_copies(env):
    """Give the number of copied customers whose newest score differs from that of the customer copied by SQL."""
    columns = [
        "policy_id", "revenue", "profit", "efficiency", "ease", "integrity", "full_time_share", "revenue_score",
        "profit_score", "efficiency_score", "ease_score", "integrity_score", "total", "dimension_count",
        "tier_band_id", "capped_by", "tier_proposed_id", "pending_runs", "tier_id", "inputs", "people",
    ]  # fmt: skip
    [(compared, different)] = env.execute_query(
        SQL(
            """
            SELECT COUNT(*), COUNT(*) FILTER (WHERE (%(copy)s) IS DISTINCT FROM (%(original)s))
              FROM broker_customer customer
              JOIN res_partner partner ON partner.id = customer.partner_id
              JOIN res_partner model_partner
                ON model_partner.name = SPLIT_PART(partner.name, ' copy ', 1)
               AND model_partner.is_company
              JOIN broker_customer model ON model.partner_id = model_partner.id
         LEFT JOIN broker_tier_score copied ON copied.id = customer.last_score_id
         LEFT JOIN broker_tier_score original ON original.id = model.last_score_id
             WHERE partner.name LIKE '%% copy %%' AND partner.is_company
            """,
            copy=SQL(", ").join(SQL.identifier("copied", column) for column in columns),
            original=SQL(", ").join(SQL.identifier("original", column) for column in columns),
        )
    )
    return compared, different


class _Firm:
    """A firm's people and products, and the customers that are made by the ORM."""

    def __init__(self, env):
        self.env = env
        company = env.company
        if not company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        self.journal = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
        self.journal.inbound_payment_method_line_ids.payment_account_id = env["account.account"].create(
            {"name": "Outstanding", "code": "BENCH1", "account_type": "asset_current", "reconcile": True}
        )
        self.salespeople = env["res.users"].create(
            [
                {
                    "name": f"Salesperson {number}",
                    "login": f"bench_sales_{number}",
                    "group_ids": [Command.link(env.ref("print_broker_crm.group_salesperson").id)],
                }
                for number in range(SALESPEOPLE)
            ]
        )
        self.manager = env["res.users"].create(
            {
                "name": "Manager",
                "login": "bench_manager",
                "group_ids": [Command.link(env.ref("print_broker_crm.group_manager").id)],
            }
        )
        self.agent = env["res.users"].create(
            {
                "name": "Service Agent",
                "login": "bench_service",
                "group_ids": [Command.link(env.ref("print_broker_crm.group_service_agent").id)],
            }
        )
        self.product = env["product.product"].create(
            {
                "name": "Brochure",
                "default_code": "BENCH",
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": [Command.clear()],
                "supplier_taxes_id": [Command.clear()],
            }
        )
        euro = env.ref("base.EUR")
        euro.active = True
        env["res.currency.rate"].create({"currency_id": euro.id, "name": "2020-01-01", "rate": 0.8})
        self.foreign = env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        self.today = company._get_broker_today()
        self.partners = env["res.partner"]

    def sell(self, number):
        """Make one customer with four jobs of two or three lines, and what became of them."""
        salesperson = self.salespeople[number % SALESPEOPLE]
        partner = self.env["res.partner"].create(
            {
                "name": f"Customer {number:02d}",
                "is_company": True,
                "user_id": salesperson.id,
                "email": f"c{number}@x.example",
                "phone": f"+86 21 6234 {1000 + number}",
            }
        )
        self.partners += partner
        buyer = partner
        if number % 9 == 2:
            buyer = partner.create({"name": f"Branch {number:02d}", "parent_id": partner.id, "email": "b@x.example"})
        for turn in range(4):
            self._sell_job(number, turn, buyer, salesperson)
        if number % 6 == 0:
            self._order(partner, salesperson, self.today - relativedelta(months=2), 1, 500.0)._action_cancel()
        if number % 7 == 0:
            dropped = self._order(partner, salesperson, self.today - relativedelta(months=3), 1, 700.0)
            dropped.action_confirm()
            dropped._action_cancel()

    def _sell_job(self, number, turn, partner, salesperson):
        # The first job of every third customer is older than the window.
        months = 14 if turn == 0 and number % 3 == 0 else 2 + 2 * turn
        day = self.today - relativedelta(months=months, days=number % 5)
        order = self._order(
            partner, salesperson, day, 2 + turn % 2, 1000.0 * (1 + number) * (1 + turn), number % 10 == 3
        )
        order.action_confirm()
        order.date_order = datetime.combine(day, time(4))
        order.message_post(body="Proof approved", message_type="comment", author_id=salesperson.partner_id.id)
        invoice = order._create_invoices()
        due = day + relativedelta(days=30)
        invoice.write({"invoice_date": day, "invoice_payment_term_id": False, "invoice_date_due": due})
        invoice.invoice_date_due = due
        invoice.action_post()
        # One customer in ten still owes half of the newest job; the others paid on the day or twenty days late.
        owes = turn == 0 and number % 10 == 1
        self._pay(invoice, due + relativedelta(days=20 * ((number + turn) % 2)), 0.5 if owes else 1.0)
        if turn == 3 and number % 5 == 0:
            note = invoice._reverse_moves([{"invoice_date": day}])
            note.invoice_line_ids[:1].price_unit /= 10.0
            note.invoice_line_ids[1:].unlink()
            note.action_post()

    def _order(self, partner, salesperson, day, lines, price, is_foreign=False):
        return self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": salesperson.id,
                "date_order": datetime.combine(day, time(4)),
                **({"pricelist_id": self.foreign.id} if is_foreign else {}),
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 1 + line,
                            "price_unit": price,
                            "purchase_price": price * 0.7,
                        }
                    )
                    for line in range(lines)
                ],
            }
        )

    def _pay(self, invoice, day, part):
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids).create(
            {
                "payment_date": min(day, date.today()),
                "amount": invoice.currency_id.round(invoice.amount_total * part),
                "journal_id": self.journal.id,
            }
        )._create_payments()


def _copy(env, firm, copies):
    """Copy everything of the prototypes ``copies`` times."""
    ids = _find_rows(env, firm)
    stride = 1 + max(max(rows, default=0) for rows in ids.values())
    env.cr.execute("SET session_replication_role = replica")
    for table in TABLES:
        if ids[table]:
            _without_indexes(env, table, lambda table=table: _copy_table(env, table, ids, stride, copies))
    for table, document, other in PAIRS:
        columns = {document: "account_move_line", other: "sale_order_line"}
        if table != "sale_order_line_invoice_rel":
            columns = {document: "account_move", other: "account_payment"}
        _insert(
            env,
            table,
            {column: _shift(column, ids[target], stride) for column, target in columns.items()},
            SQL("src.%s = ANY(%s)", SQL.identifier(document), ids[columns[document]]),
            copies,
        )
    env.cr.execute("SET session_replication_role = origin")


def _find_rows(env, firm):
    """Give the ids of the prototypes' rows in each table."""
    partners = env["res.partner"].search([("commercial_partner_id", "in", firm.partners.ids)])
    customers = firm.partners.broker_customer_ids
    orders = env["sale.order"].search([("partner_id", "in", partners.ids)])
    invoices = env["account.move"].search([("partner_id", "in", partners.ids)])
    payments = env["account.payment"].search([("partner_id", "in", partners.ids)])
    moves = invoices | payments.move_id
    lines = moves.line_ids
    partials = lines.matched_debit_ids | lines.matched_credit_ids
    messages = env["mail.message"].search([("model", "=", "sale.order"), ("res_id", "in", orders.ids)])
    return {
        "res_partner": partners.ids,
        "broker_customer": customers.ids,
        "broker_assignment": customers.assignment_ids.ids,
        "broker_handoff": env["broker.handoff"].search([("customer_id", "in", customers.ids)]).ids,
        "broker_care_call": env["broker.care.call"].search([("customer_id", "in", customers.ids)]).ids,
        "sale_order": orders.ids,
        "sale_order_line": orders.order_line.ids,
        "account_move": moves.ids,
        "account_payment": payments.ids,
        "account_full_reconcile": lines.full_reconcile_id.ids,
        "account_move_line": lines.ids,
        "account_partial_reconcile": partials.ids,
        "mail_message": messages.ids,
        "mail_activity": [],
    }


def _shift(column, ids, stride):
    name = SQL.identifier("src", column)
    return SQL("CASE WHEN %s = ANY(%s) THEN %s + copy * %s ELSE %s END", name, ids, name, stride, name)


def _copy_table(env, table, ids, stride, copies):
    expressions = {}
    for (column,) in env.execute_query(
        SQL(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = ''",
            table,
        )
    ):
        expressions[column] = SQL.identifier("src", column)
    for column, target in env.execute_query(
        SQL(
            """
            SELECT attribute.attname, target.relname
              FROM pg_constraint constr
              JOIN pg_class target ON target.oid = constr.confrelid
              JOIN pg_attribute attribute
                ON attribute.attrelid = constr.conrelid AND attribute.attnum = constr.conkey[1]
             WHERE constr.contype = 'f' AND constr.conrelid = %s::regclass AND target.relname = ANY(%s)
            """,
            table,
            list(TABLES),
        )
    ):
        expressions[column] = _shift(column, ids[target], stride)
    expressions["id"] = SQL("src.id + copy * %s", stride)
    for column in TEXTS.get(table, ()):
        expressions[column] = SQL("%s || ' copy ' || copy", SQL.identifier("src", column))
    if table == "mail_message":
        expressions["res_id"] = _shift("res_id", ids["sale_order"], stride)
        expressions["message_id"] = SQL("NULL")
    _insert(env, table, expressions, SQL("src.id = ANY(%s)", ids[table]), copies)
    env.cr.execute(
        SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT MAX(id) FROM %s))", table, SQL.identifier(table))
    )


def _insert(env, table, expressions, condition, copies):
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s src CROSS JOIN generate_series(1, %s) copy WHERE %s ORDER BY copy",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, expressions)),
            SQL(", ").join(expressions.values()),
            SQL.identifier(table),
            copies,
            condition,
        )
    )


def _without_indexes(env, table, work):
    """Do something with a table while it has but its keys, and build the other indexes afterwards at once."""
    definitions = env.execute_query(
        SQL(
            """
            SELECT index.relname, pg_get_indexdef(index.oid)
              FROM pg_index
              JOIN pg_class index ON index.oid = pg_index.indexrelid
             WHERE pg_index.indrelid = %s::regclass
               AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.oid)
            """,
            table,
        )
    )
    for name, _definition in definitions:
        env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    work()
    for _name, definition in definitions:
        env.cr.execute(definition)
