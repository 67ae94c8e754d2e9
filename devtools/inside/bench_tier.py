"""The work that `./dev bench tier` measures, inside one database: nights of scoring, and the list of customers."""

import contextlib
import gc
import json
import os
import resource
import statistics
import time
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

REPEATS = 5
PAGE = {"limit": 80, "count_limit": 10001, "offset": 0}


def night(env, days="0", month_end="no"):
    """Print, as JSON, what the run of one night costs, beside the bare aggregate that is the floor.

    :param days: how many days from now the night is
    :param month_end: 'yes' moves on to the last day of that month
    """
    day = env.company._get_broker_today() + timedelta(days=int(days))
    if month_end == "yes":
        day += relativedelta(day=31)
    run = env["broker.tier.run"]
    if month_end == "no" and int(days):
        _live_a_day(env)
    # In one process each, so that the CPU seconds of both are seen whole.
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    with patch.object(type(env.company), "_get_broker_today", lambda company: day):
        floor = _floor(env, day)
        floor_with_cost = _floor(env, day, with_cost=True)
        env.cr.commit()
        cost = _cost(env, run._cron_run)
        done = run.search([("date", "=", day), ("company_id", "=", env.company.id)])
        again = _cost(env, lambda: env["broker.tier.score"]._run(env.company))
        repeated = env["broker.tier.score"].search_count([("date", "=", day)]) - done.score_count
        env.cr.rollback()
    print(
        json.dumps(
            {
                "floor": floor,
                "floor_with_cost": floor_with_cost,
                "run": cost,
                "again": again,
                "customers": done.customer_count,
                "scores": done.score_count,
                "finished": done.is_done,
                "repeated": repeated,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _live_a_day(env):
    """Write again what a day changes at a firm of that size: of one customer in a hundred the newest job is paid,
    and what it cost is known. The rows say what they said, so that copies still score what their originals do."""
    env.cr.execute(
        """
        WITH newest AS (
            SELECT broker_customer_id, MAX(id) AS id FROM account_move
             WHERE broker_customer_id % 100 = 7 AND move_type = 'out_invoice' GROUP BY broker_customer_id
        ), move AS (
            UPDATE account_move SET payment_state = payment_state WHERE id IN (SELECT id FROM newest)
        ), line AS (
            UPDATE account_move_line SET amount_residual = amount_residual
             WHERE display_type = 'payment_term' AND move_id IN (SELECT id FROM newest)
        ), partial AS (
            UPDATE account_partial_reconcile SET max_date = max_date
             WHERE debit_move_id IN (
                   SELECT id FROM account_move_line
                    WHERE display_type = 'payment_term' AND move_id IN (SELECT id FROM newest)
             )
        )
        UPDATE sale_order_line SET purchase_price = purchase_price
         WHERE id IN (
               SELECT link.order_line_id
                 FROM newest
                 JOIN account_move_line line ON line.move_id = newest.id
                 JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = line.id
         )
        """
    )
    env.cr.commit()


def lists(env):
    """Print, as JSON, the milliseconds of opening the customers by tier and the contacts, as different people."""
    result = {}
    for login in ("bench_manager", "bench_sales_0"):
        user = env["res.users"].search([("login", "=", login)])
        own = env(user=user, context=dict(env.context, lang=user.lang, uid=user.id))
        customers = own["broker.customer"]
        contacts = own["res.partner"]
        result[login] = {
            "customers by tier": _open_list(
                customers, "print_broker_crm.broker_customer_view_list", "tier_id, id desc"
            ),
            "contacts": _open_list(contacts, "base.view_partner_tree", "complete_name ASC, id DESC"),
        }
    print(json.dumps(result))


def check(env):
    """Print, as JSON, how many copied customers were compared with those they were copied from, and differ."""
    from devtools.inside.bench_tier_firm import check_copies

    compared, different = check_copies(env)
    print(json.dumps({"compared": compared, "different": different}))


def _open_list(model, view, order):
    """Give the median milliseconds and queries of what a list asks for when it is opened."""
    view_id = model.env.ref(view).id
    fields = model.get_views([(view_id, "list")])["views"]["list"]["arch"]
    specification = _read_specification(model, fields)
    costs = []
    for _repeat in range(REPEATS + 1):
        model.env.invalidate_all()
        queries = model.env.cr.sql_log_count
        start = time.monotonic()
        model.web_search_read([], specification, order=order, **PAGE)
        costs.append(((time.monotonic() - start) * 1000, model.env.cr.sql_log_count - queries))
    # The first one fills Odoo's caches.
    return [statistics.median(cost[index] for cost in costs[1:]) for index in (0, 1)]


def _read_specification(model, arch):
    from lxml import etree

    specification = {}
    for node in etree.fromstring(arch).iter("field"):
        field = model._fields[node.get("name")]
        if node.get("column_invisible") not in ("1", "True") and node.get("optional") != "hide":
            specification[field.name] = {"fields": {"display_name": {}}} if field.relational else {}
    return specification


def _floor(env, day, with_cost=False):
    """Give the median cost of summing up the window's invoice lines per customer, and nothing else.

    :param with_cost: sum up what the lines cost as well, which stands on the lines of the orders
    """
    policy = env["broker.tier.policy"]._get_at(env.company, day)
    first, last = policy._get_window(day)
    query = SQL(
        """
        SELECT move.commercial_partner_id, SUM(line.balance) %s
          FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
               %s
         WHERE line.display_type = 'product' AND move.state = 'posted'
           AND move.move_type IN ('out_invoice', 'out_refund')
           AND move.company_id = %s AND move.invoice_date BETWEEN %s AND %s
      GROUP BY move.commercial_partner_id
        """,
        SQL(", SUM(line.quantity * sold.purchase_price)") if with_cost else SQL(),
        SQL(
            """
            LEFT JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = line.id
            LEFT JOIN sale_order_line sold ON sold.id = link.order_line_id
            """
        )
        if with_cost
        else SQL(),
        env.company.id,
        first,
        last,
    )
    costs = [_cost(env, lambda: env.execute_query(query)) for _repeat in range(3)]
    return [statistics.median(cost[index] for cost in costs) for index in range(3)]


def _cost(env, work):
    """Give CPU seconds of this process and of its PostgreSQL backend, wall seconds, and SQL queries."""
    gc.collect()
    before = _read(env)
    work()
    env.flush_all()
    cost = [after - start for after, start in zip(_read(env), before, strict=True)]
    env.invalidate_all()
    return cost


def _read(env):
    env.cr.execute("SELECT pg_backend_pid()")
    [backend] = env.cr.fetchone()
    seconds = 0.0
    with contextlib.suppress(OSError):
        # A server on another machine: its share is not seen.
        ticks = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
        seconds = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + seconds, time.monotonic(), env.cr.sql_log_count
