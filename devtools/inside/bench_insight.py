"""The work that `./dev bench insight` measures, inside one database: customer months, nights, the owner's screen."""

import json
import resource
import statistics

from odoo import fields
from odoo.tools import SQL

from devtools.inside.bench_care import _walk
from devtools.inside.bench_tier import REPEATS, _cost

# One customer in so many is touched in a day.
TOUCHED = 100


def build(env):
    """Print, as JSON, what it costs to build all months, and again when nothing is new."""
    floor = _floor(env)
    Month = env["broker.customer.month"]
    env.cr.execute("TRUNCATE broker_customer_month")
    env.cr.commit()
    cost = _cost(env, lambda: Month._rebuild(env.company))
    memory = _read_memory()
    env.cr.commit()
    env.cr.execute("SELECT COUNT(*), SUM(revenue), SUM(margin), SUM(margin_left_out) FROM broker_customer_month")
    totals = env.cr.fetchone()
    again = _cost(env, lambda: Month._rebuild(env.company))
    env.cr.commit()
    print(
        json.dumps(
            {
                "floor": floor,
                "build": cost,
                "again": again,
                "memory": memory,
                "rows": totals[0],
                "check": _check(env, totals),
            }
        )
    )


def touch(env):
    """Let one customer in a hundred get an invoice, know a cost and be in touch, through Odoo itself."""
    env = env(context=dict(env.context, tracking_disable=True, mail_create_nolog=True))
    customers = _get_touched(env)
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    for customer in customers:
        order = env["sale.order"].create(
            {
                "partner_id": customer.partner_id.id,
                "order_line": [
                    fields.Command.create(
                        {"product_id": product.id, "product_uom_qty": 2, "price_unit": 500.0, "purchase_price": 300.0}
                    )
                ],
            }
        )
        order.action_confirm()
        order._create_invoices().action_post()
        order.order_line.purchase_price = 320.0
        env["broker.contact"].sudo().create(
            {"customer_id": customer.id, "channel": "phone", "direction": "in", "user_id": customer.user_id.id}
        )
    env.flush_all()
    print(json.dumps({"customers": len(customers)}))


def night(env):
    """Print, as JSON, what a night costs in which the marks of the day are worked off, and one without any."""
    Month = env["broker.customer.month"]
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    [(marks, customers)] = env.execute_query(SQL("SELECT COUNT(*), COUNT(DISTINCT customer_id) FROM broker_month_mark"))
    months = _cost(env, lambda: _walk(env, Month._refresh_steps(env.company)))
    memory = _read_memory()
    quiet = _cost(env, lambda: _walk(env, Month._refresh_steps(env.company)))
    env.cr.execute("SELECT COUNT(*), SUM(revenue), SUM(margin), SUM(margin_left_out) FROM broker_customer_month")
    check = _check(env, env.cr.fetchone())
    print(
        json.dumps(
            {"marks": marks, "customers": customers, "months": months, "quiet": quiet, "memory": memory, "check": check}
        )
    )


def rest(env):
    """Print, as JSON, what the other rooms do in a night, step by step, and on the same day again."""
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    company = env.company
    steps = {
        "trend": lambda: env["broker.customer"]._judge_trend_steps(company),
        "risk": lambda: env["broker.customer"]._judge_risk_steps(company),
        "review": lambda: env["broker.review"]._night_steps(company),
        "report": lambda: env["broker.month.report"]._night_steps(company),
    }
    result = {}
    for turn in ("first", "again"):
        for name, work in steps.items():
            result[f"{name} {turn}"] = _cost(env, lambda work=work: _walk(env, work()))
    result["memory"] = _read_memory()
    print(json.dumps(result))


def dashboard(env):
    """Print, as JSON, the milliseconds and queries of the owner's screen, median of some."""
    manager = env["res.users"].search([("login", "=", "bench_manager")])
    insight = env(user=manager, context=dict(env.context, lang=manager.lang, uid=manager.id))["broker.insight"]
    costs = []
    for _repeat in range(REPEATS + 1):
        insight.env.invalidate_all()
        costs.append(_cost(insight.env, insight.get_dashboard))
    # The first one fills Odoo's caches.
    print(json.dumps([statistics.median(cost[index] for cost in costs[1:]) for index in (1, 2)]))


def _get_touched(env):
    [(ids,)] = env.execute_query(
        SQL("SELECT ARRAY_AGG(id) FROM broker_customer WHERE company_id = %s AND id %% %s = 7", env.company.id, TOUCHED)
    )
    return env["broker.customer"].browse(ids)


def _floor(env):
    """Give the median cost of summing up the invoice lines per customer and month, and nothing else."""
    # In one process each, so that the CPU seconds of both are seen whole.
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    query = SQL(
        """
        SELECT move.broker_customer_id, DATE_TRUNC('month', move.invoice_date), SUM(line.balance)
          FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
         WHERE line.display_type = 'product' AND move.state = 'posted'
           AND move.move_type IN ('out_invoice', 'out_refund') AND move.company_id = %s
      GROUP BY 1, 2
        """,
        env.company.id,
    )
    costs = [_cost(env, lambda: env.cr.execute(query)) for _repeat in range(3)]
    return [statistics.median(cost[index] for cost in costs) for index in range(3)]


def _check(env, totals):
    """Tell whether the months add up to what the invoices and their lines say."""
    [(revenue,)] = env.execute_query(
        SQL(
            """
            SELECT SUM(amount_untaxed_signed) FROM account_move
             WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund') AND company_id = %s
               AND broker_customer_id IS NOT NULL
            """,
            env.company.id,
        )
    )
    return float(totals[1]) == float(revenue)


def _read_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
