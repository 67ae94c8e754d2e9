"""The firm that `./dev bench insight` measures: ten customers of three years by the ORM, the others copied in SQL.

Each has forty jobs of two or three lines, all invoiced, some credited in part, and twelve contacts that people logged.
"""

from datetime import datetime, time

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from devtools.inside.bench_tier_firm import (
    PAIRS,
    TABLES,
    _copy_table,
    _find_rows,
    _Firm,
    _insert,
    _shift,
    _without_indexes,
)

PROTOTYPES = 10
JOBS = 40
MONTHS = 36
CONTACTS = 12


def prepare(env, count):
    """Fill a fresh database with ``count`` customers, a hundred invoice lines each on average."""
    env = env(context=dict(env.context, tracking_disable=True, mail_create_nolog=True, no_reset_password=True))
    firm = _FirmOfYears(env)
    env.company.write({"broker_relay_active": False})
    for number in range(PROTOTYPES):
        firm.sell(number)
    env.flush_all()
    copies = max(int(count) // PROTOTYPES - 1, 0)
    if copies:
        _copy(env, firm, copies)
    env.cr.execute("TRUNCATE broker_month_mark")


class _FirmOfYears(_Firm):
    def sell(self, number):
        """Make one customer with jobs over three years, one in ten of whom pays in euros."""
        salesperson = self.salespeople[number % len(self.salespeople)]
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
        for turn in range(JOBS):
            self._sell_job(number, turn, partner, salesperson)
        file = partner.broker_customer_ids
        self.env["broker.contact"].sudo().create(
            [
                {
                    "customer_id": file.id,
                    "user_id": salesperson.id,
                    "channel": "wechat",
                    "direction": "in" if turn % 3 else "out",
                    "date": datetime.combine(self.today - relativedelta(months=turn, days=1 + number), time(4)),
                }
                for turn in range(CONTACTS)
            ]
        )

    def _sell_job(self, number, turn, partner, salesperson):
        # Spread evenly over the months, so that a customer has something in nearly each of them.
        day = self.today - relativedelta(months=turn * MONTHS // JOBS, days=1 + number + turn % 5)
        order = self._order(partner, salesperson, day, 2 + turn % 2, 100.0 * (1 + number + turn % 7), number == 3)
        order.action_confirm()
        order.write(
            {"date_order": datetime.combine(day, time(4)), "broker_date_confirmed": datetime.combine(day, time(4))}
        )
        invoice = order._create_invoices()
        invoice.invoice_date = day
        invoice.action_post()
        if turn == 5 and number % 5 == 0:
            note = invoice._reverse_moves([{"invoice_date": day}])
            note.invoice_line_ids[:1].price_unit /= 10.0
            note.invoice_line_ids[1:].unlink()
            note.action_post()


def _copy(env, firm, copies):
    """Copy everything of the prototypes ``copies`` times."""
    ids = _find_rows(env, firm)
    contacts = env["broker.contact"].search([("customer_id", "in", ids["broker_customer"])])
    ids["broker_contact"] = contacts.ids
    stride = 1 + max(max(rows, default=0) for rows in ids.values())
    env.cr.execute("SET session_replication_role = replica")
    for table in (*TABLES, "broker_contact"):
        if ids[table]:
            _without_indexes(env, table, lambda table=table: _copy_table(env, table, ids, stride, copies))
    [(table, document, other), *_payments] = PAIRS
    _insert(
        env,
        table,
        {
            document: _shift(document, ids["account_move_line"], stride),
            other: _shift(other, ids["sale_order_line"], stride),
        },
        SQL("src.%s = ANY(%s)", SQL.identifier(document), ids["account_move_line"]),
        copies,
    )
    env.cr.execute("SET session_replication_role = origin")
