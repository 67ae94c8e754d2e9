"""The work that `./dev bench insight` measures, inside one database: customer months, nights, the owner's screen."""

import json
import resource
import statistics
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.print_broker_crm.models.broker_target_event_query_mixin import MEASURES

from devtools.inside.bench_care import _walk
from devtools.inside.bench_tier import REPEATS, _cost, _open_list

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
    """Print, as JSON, what the other rooms do in a night, step by step, on the same day again, and in the next night;
    and what the month's report costs."""
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    company = env.company
    steps = {
        "trend": lambda: env["broker.customer"]._judge_trend_steps(company),
        "risk": lambda: env["broker.customer"]._judge_risk_steps(company),
        "review": lambda: env["broker.review"]._night_steps(company),
        "report": lambda: env["broker.month.report"]._night_steps(company),
    }
    result = {}
    # None of the days to come closes a month or begins a week.
    tomorrow = _get_next_ordinary_day(company._get_broker_today())
    for turn, day in (("first", None), ("again", None), ("ordinary", tomorrow)):
        with _on(env, day):
            for name, work in steps.items():
                result[f"{name} {turn}"] = _cost(env, lambda work=work: _walk(env, work()))
    report = env["broker.month.report"].search(Domain("company_id", "=", company.id), limit=1)
    result["prepare"] = _cost(env, lambda: report._prepare(company, report.month))
    result["memory"] = _read_memory()
    print(json.dumps(result))


@contextmanager
def _on(env, day):
    """Let it be another day for the firm."""
    if not day:
        yield
        return
    with patch.object(type(env.company), "_get_broker_today", lambda company: day):
        yield


def _get_next_ordinary_day(today):
    """Give a day soon after today, on which no month was closed the day before."""
    day = today + timedelta(days=1)
    return day if day.day > 1 else day + timedelta(days=1)


def pages(env):
    """Print, as JSON, the milliseconds and queries of what the room's pages ask for, median of some."""
    manager = env["res.users"].search([("login", "=", "bench_manager")])
    own = env(user=manager, context=dict(env.context, lang=manager.lang, uid=manager.id))
    today = env.company._get_broker_today()
    gaps, events = own["broker.product.gap"], own["broker.target.event"]
    gap_list = "print_broker_crm.broker_product_gap_view_list", "days_late DESC, id DESC"
    customer = _get_touched(own)[:1]
    people = env["res.users"].search([("login", "=like", "bench_%")])
    result = {
        "missing products": _open_list(gaps, *gap_list),
        "months": _open_list(
            own["broker.customer.month"], "print_broker_crm.broker_customer_month_view_list", "month DESC, id DESC"
        ),
        "demand": _open_list(
            own["broker.demand"], "print_broker_crm.broker_demand_view_list", "customer_count DESC, margin DESC, id"
        ),
        "missing of one customer": _time(own, lambda: customer.product_gap_ids.mapped("amount_year")),
        "what counts towards targets": _open_list(
            events, "print_broker_crm.broker_target_event_view_list", "date DESC, id DESC"
        ),
        "targets of a month": _time(
            own, lambda: events._get_totals(env.company, list(MEASURES), people, today.replace(day=1), today)
        ),
    }
    # Nobody buys for a quarter, and everything is missing.
    with _on(env, today + timedelta(days=90)):
        result["all are missing"] = _open_list(gaps, *gap_list)
    print(json.dumps(result))


def _time(env, work):
    """Give the median milliseconds and queries of some work, without the first time that fills Odoo's caches."""
    costs = []
    for _repeat in range(REPEATS + 1):
        env.invalidate_all()
        costs.append(_cost(env, work))
    return [1000 * statistics.median(cost[1] for cost in costs[1:]), statistics.median(cost[2] for cost in costs[1:])]


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
