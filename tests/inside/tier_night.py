"""A night of the 5A tiers in a process of its own, which may be killed before it commits.

Everything is committed: the database is thrown away afterwards.
"""

import json
import time
from datetime import timedelta
from unittest.mock import patch

from tests.inside import commission_rivals

BATCH = 3
# What tells one row from another, whenever and in whichever order it was written.
PLACES = {"id", "create_date", "write_date", "create_uid", "write_uid"}


def prepare(env, count):
    """Make a firm with some jobs of different prices, invoiced, and let the night look at three customers at once."""
    commission_rivals.prepare(env, count)
    lines = env["sale.order.line"].search([("order_id.state", "=", "sale")])
    for number, line in enumerate(lines, start=1):
        line.purchase_price = 1000 - 75 * number
    env["ir.config_parameter"].set_param("print_broker_crm.tier_batch_size", str(BATCH))


def run(env, stop_in="", stop_at=0):
    """Run the night; where it was told to, wait to be killed before the commit.

    :param stop_in: method of the run, '_gather' or '_step'
    :param stop_at: in which of its calls
    """
    night = env["broker.tier.run"]._cron_run
    if not stop_in:
        night()
        return
    model = type(env["broker.tier.run"])
    original = getattr(model, stop_in)
    calls = []

    def stop(run, *arguments):
        result = original(run, *arguments)
        run.env.flush_all()
        calls.append(run)
        if len(calls) == int(stop_at):
            print("in the middle", flush=True)
            time.sleep(600)
        return result

    with patch.object(model, stop_in, stop):
        night()


def change(env):
    """Change what one customer's job cost and when another paid, below the ORM: only the rows themselves tell."""
    first, second = env["broker.customer"].search([("last_score_id", "!=", False)], order="id", limit=2)
    for customer, statement in (
        (first, "UPDATE sale_order_line SET purchase_price = purchase_price + 100 WHERE order_id = ANY(%s)"),
        (
            second,
            "DELETE FROM sale_order_line_invoice_rel WHERE order_line_id IN "
            "(SELECT id FROM sale_order_line WHERE order_id = ANY(%s))",
        ),
    ):
        orders = env["sale.order"].search([("broker_customer_id", "=", customer.id)])
        env.cr.execute(statement, [orders.ids])
        assert env.cr.rowcount


def tomorrow(env, days=1):
    """Run the night of a day to come; print whose figures were worked out anew, and how many scores a run over
    everybody, without what is kept, would write after it."""
    company = type(env.company)
    today = company._get_broker_today
    model = type(env["broker.tier.run"])
    find_missing = model._find_missing
    worked_out = {}

    def spy(run, name):
        customers = find_missing(run, name)
        worked_out[name] = customers if customers is None else len(customers)
        return customers

    with (
        patch.object(company, "_get_broker_today", lambda company: today(company) + timedelta(days=int(days))),
        patch.object(model, "_find_missing", spy),
    ):
        env["broker.tier.run"]._cron_run()
        left_out = len(env["broker.tier.score"]._run(env.company))
        env.cr.rollback()
    print(json.dumps({"worked_out": worked_out, "left_out": left_out}))


def read(env):
    """Print as JSON what the night has come to: its marks, the scores and the tiers of the customers."""
    env.cr.execute(
        """
        SELECT JSON_BUILD_OBJECT(
            'runs', (SELECT JSONB_AGG(TO_JSONB(run) - %(places)s ORDER BY run.date, run.company_id)
                       FROM broker_tier_run run),
            'scores', (SELECT JSONB_AGG(TO_JSONB(score) - %(places)s ORDER BY score.customer_id, score.id)
                         FROM broker_tier_score score),
            'customers', (SELECT JSONB_AGG(JSONB_BUILD_ARRAY(customer.id, customer.tier_id, customer.tier_rank,
                                                             customer.tier_computed_id, newest.customer_id)
                                           ORDER BY customer.id)
                            FROM broker_customer customer
                       LEFT JOIN broker_tier_score newest ON newest.id = customer.last_score_id),
            'figures', (SELECT COUNT(*) FROM broker_tier_figure)
        )
        """,
        {"places": sorted(PLACES)},
    )
    print(json.dumps(env.cr.fetchone()[0], sort_keys=True))
