"""The work that `./dev bench commission` measures, inside one database: orders to money, and what commission adds.

Nothing is kept: every measurement is rolled back, so that the next one finds the database as this one did.
"""

import contextlib
import gc
import json
import os
import time
from datetime import date
from pathlib import Path
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import Command

CUSTOMERS = 40
LINES = 2
SWEEP = 200


def prepare(env, variant):
    """Give a fresh database a chart of accounts, customers and what its commission needs; committed by the caller."""
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    journal = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
    # A registered payment is money that came in, without a bank statement.
    journal.inbound_payment_method_line_ids.payment_account_id = env["account.account"].create(
        {"name": "Outstanding", "code": "BENCH1", "account_type": "asset_current", "reconcile": True}
    )
    salesperson = env["res.users"].create(
        {
            "name": "Salesperson",
            "login": "bench_sales",
            "group_ids": [Command.link(env.ref("sales_team.group_sale_salesman").id)],
        }
    )
    customers = env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "is_company": True,
                "user_id": salesperson.id,
                "email": f"c{number}@x.example",
            }
            for number in range(CUSTOMERS)
        ]
    )
    env["product.product"].create(
        {
            "name": "Brochure",
            "default_code": "BENCH",
            "type": "service",
            "invoice_policy": "order",
            "list_price": 100.0,
            "standard_price": 70.0,
            "taxes_id": [Command.clear()],
        }
    )
    if variant == "commission":
        company.write({"broker_relay_active": False, "broker_masking": "off"})
    if variant in ("addon", "commission"):
        salesperson.group_ids += env.ref("print_broker_crm.group_salesperson")
        agent = env["res.users"].create(
            {
                "name": "Service Agent",
                "login": "bench_service",
                "group_ids": [Command.link(env.ref("print_broker_crm.group_service_agent").id)],
            }
        )
        env["broker.customer"]._open_for_partners(customers, company).service_user_id = agent
    if variant == "peer":
        agents = env["res.partner"]
        # Of 10 % of the margin, 70 and 30 parts.
        for name, percent in (("Sales", 7.0), ("Service", 3.0)):
            commission = env["commission"].create(
                {
                    "name": name,
                    "fix_qty": percent,
                    "amount_base_type": "net_amount",
                    "invoice_state": "paid",
                    "settlement_type": "sale_invoice",
                }
            )
            agents += agents.create({"name": name, "agent": True, "commission_id": commission.id})
        customers.commission_agent_ids = agents


def measure(env, variant, count, chunk, late="no"):
    """Print, as JSON, what each phase costs.

    :param variant: 'plain' (Odoo alone), 'addon', 'commission' or 'peer'
    :param count: number of orders, each with an invoice of two lines
    :param chunk: how many are handled in one call, as by somebody who selects them in a list
    :param late: 'yes' leaves all settling to the end, as for payments that nobody heard of
    """
    phases = {}
    meter = _Meter(env, phases)
    with _deaf(env, variant) if late == "yes" else contextlib.nullcontext():
        _sell(env, _Meter(env, {}), 4, 2)
        moves = _sell(env, meter, int(count), int(chunk))
    if variant != "plain":
        with meter("settle"):
            _settle(env, variant, moves)
    if variant in ("addon", "commission"):
        with meter("sweep"):
            _settle(env, variant, moves)
        phases["rows"] = env["broker.commission.entry"].search_count([("move_id", "in", moves.ids)])
    elif variant == "peer":
        phases["rows"] = env["commission.settlement.line"].search_count([("invoice_line_id.move_id", "in", moves.ids)])
    env.cr.rollback()
    print(json.dumps(phases))


class _Meter:
    """Adds up CPU seconds of this process and of its PostgreSQL backend, wall seconds, and SQL queries."""

    def __init__(self, env, phases):
        self.env = env
        self.phases = phases
        env.cr.execute("SELECT pg_backend_pid()")
        [backend] = env.cr.fetchone()
        self.stat = Path(f"/proc/{backend}/stat")

    def _read(self):
        backend = 0.0
        with contextlib.suppress(OSError):
            # A server on another machine: its share is not seen, for none of the variants.
            ticks = self.stat.read_text().rpartition(")")[2].split()
            backend = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
        return time.process_time() + backend, time.monotonic(), self.env.cr.sql_log_count

    @contextlib.contextmanager
    def __call__(self, phase):
        gc.collect()
        before = self._read()
        yield
        self.env.flush_all()
        cost = [after - start for after, start in zip(self._read(), before, strict=True)]
        # What the next call finds is what a new request finds.
        self.env.invalidate_all()
        total = self.phases.setdefault(phase, [0.0, 0.0, 0])
        self.phases[phase] = [old + new for old, new in zip(total, cost, strict=True)]


def _sell(env, meter, count, chunk):
    """Sell, invoice and collect; every call handles ``chunk`` orders. Gives the invoices."""
    day = date.today() - relativedelta(months=1)
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    customers = env["res.partner"].search([("name", "like", "Customer ")], limit=CUSTOMERS, order="id")
    moves = env["account.move"]
    for start in range(0, count, chunk):
        with meter("create"):
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": customers[number % CUSTOMERS].id,
                        "order_line": [
                            Command.create({"product_id": product.id, "price_unit": 100.0 + number + line})
                            for line in range(LINES)
                        ],
                    }
                    for number in range(start, min(start + chunk, count))
                ]
            )
        with meter("confirm"):
            orders.action_confirm()
        with meter("invoice"):
            invoices = orders._create_invoices(grouped=True)
            invoices.invoice_date = day
        with meter("post"):
            invoices.action_post()
        with meter("pay"):
            env["account.payment.register"].with_context(active_model="account.move", active_ids=invoices.ids).create(
                {"group_payment": False}
            )._create_payments()
        moves += invoices
        # A firm's database knows how large its tables are. Without this PostgreSQL plans some of Odoo's own
        # joins for the empty tables that it still believes in, and the measurement is one of its bad luck.
        env.cr.execute("ANALYZE")
    return moves


def _settle(env, variant, moves):
    """Bring commission up to date for paid invoices."""
    if variant == "peer":
        env["commission.make.settle"].create(
            {"settlement_type": "sale_invoice", "date_to": date.today()}
        ).action_settle()
        return
    for start in range(0, len(moves), SWEEP):
        env["broker.commission.entry"]._settle(moves[start : start + SWEEP], "sweep")


def _deaf(env, variant):
    """Nobody hears of invoices and payments, so that all is left to the settling that is measured."""
    if variant not in ("addon", "commission"):
        return contextlib.nullcontext()
    model = type(env["broker.commission.entry"])
    return patch.object(model, "_settle", lambda self, moves, event="sweep", void=False: self.sudo())
