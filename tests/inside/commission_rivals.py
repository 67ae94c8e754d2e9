"""Several who work on the same commission at the same time, each with a connection of its own, and one that is killed.

Everything is committed: the database is thrown away afterwards.
"""

import json
import sys
import threading
import time
from datetime import date
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.service.model import retrying

from devtools.inside import bench_commission

PRICE = 1000.0
COST = 700.0


def prepare(env, count):
    """Make a firm with some jobs, invoiced and not paid; print the ids of the invoices as JSON."""
    bench_commission.prepare(env, "addon")
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    customers = env["res.partner"].search([("name", "like", "Customer ")], limit=int(count), order="id")
    orders = env["sale.order"].create(
        [
            {
                "partner_id": customer.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": PRICE, "purchase_price": COST}),
                ],
            }
            for customer in customers
        ]
    )
    orders.action_confirm()
    invoices = orders._create_invoices(grouped=True)
    invoices.invoice_date = date.today()
    invoices.action_post()
    print(json.dumps(invoices.ids))


def read_ledger(env, *move_ids):
    """Print, as JSON, {invoice: {book and role: [sum, number of entries]}}."""
    ledger = {}
    for move, book, role, amount, number in env["broker.commission.entry"]._read_group(
        [("move_id", "in", [int(move_id) for move_id in move_ids])],
        ["move_id", "book", "role"],
        ["amount:sum", "__count"],
    ):
        ledger.setdefault(move.id, {})[f"{book} {role}"] = [round(amount, 2), number]
    print(json.dumps(ledger))


def pay(env, move_id, *amounts):
    """Register payments of one invoice one after the other."""
    for amount in amounts:
        _pay(env, int(move_id), float(amount))


def pay_at_once(env, move_id, *amounts):
    """Register payments of one invoice at the same moment, as requests that Odoo runs again when they collide."""
    _run_at_once(env, [lambda env, amount=amount: _pay(env, int(move_id), float(amount)) for amount in amounts])


def settle_at_once(env, *move_ids):
    """Let two transactions find the same difference at the same moment."""
    moves = [int(move_id) for move_id in move_ids]
    _run_at_once(
        env, [lambda env: env["broker.commission.entry"]._settle(env["account.move"].browse(moves), "cost")] * 2
    )


def change_costs(env, cost, *move_ids):
    """Change what jobs cost behind the hooks' back."""
    env["account.move"].flush_model()
    env.cr.execute(
        """
        UPDATE sale_order_line sale_line
           SET purchase_price = %s, write_date = now() AT TIME ZONE 'UTC'
          FROM sale_order_line_invoice_rel link, account_move_line line
         WHERE link.order_line_id = sale_line.id AND line.id = link.invoice_line_id AND line.move_id = ANY(%s)
        """,
        [float(cost), [int(move_id) for move_id in move_ids]],
    )


def sweep(env, stop_in_batch=0):
    """Run the nightly check, two invoices a batch; in one of the batches, wait to be killed before the commit."""
    env["ir.config_parameter"].set_param("print_broker_crm.commission_sweep_batch", "2")
    model = type(env["broker.commission.entry"])
    settle = model._settle_one_by_one_on_error
    batches = []

    def settle_and_wait(entries, moves):
        settle(entries, moves)
        entries.env.flush_all()
        batches.append(moves)
        if len(batches) == int(stop_in_batch):
            print("in the middle", flush=True)
            time.sleep(600)

    with patch.object(model, "_settle_one_by_one_on_error", settle_and_wait):
        env["broker.commission.entry"]._cron_sweep()


def _pay(env, move_id, amount):
    env["account.payment.register"].with_context(active_model="account.move", active_ids=[move_id]).create(
        {"amount": amount, "payment_date": date.today()}
    )._create_payments()


def _run_at_once(env, works):
    """Run each work in a transaction of its own; all have begun before the first one writes."""
    env.cr.commit()
    barrier = threading.Barrier(len(works))
    attempts = []
    failures = []

    def run(work):
        begun = []

        def request():
            attempts.append(work)
            own.cr.execute("SELECT count(*) FROM broker_commission_entry")
            if not begun:
                begun.append(True)
                barrier.wait(60)
            work(own)

        try:
            with env.registry.cursor() as cr:
                own = api.Environment(cr, SUPERUSER_ID, {})
                retrying(request, own)
        except Exception as error:  # told to the test
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit("\n".join(failures))
    print(json.dumps({"attempts": len(attempts)}))
