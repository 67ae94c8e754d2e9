"""The work that `./dev bench care` measures, inside one database: nights of the care line, and its queue."""

import json
import resource
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from devtools.inside.bench_care_firm import add_news, age
from devtools.inside.bench_tier import _cost, _open_list

# One pass is over in a few ticks of the clock that CPU is counted with.
FLOORS = 20


def night(env, name):
    """Print, as JSON, what the phases of one night cost, beside the bare pass that is the floor.

    :param name: 'first'; 'usual', before which one customer in thirty was in touch; or 'quiet'
    """
    company = env.company
    # In one process each, so that the CPU seconds of both are seen whole.
    env.cr.execute("SET max_parallel_workers_per_gather = 0")
    if name != "first":
        age(env)
        if name == "usual":
            add_news(env)
        yesterday = company._get_broker_today() - timedelta(days=1)
        company.write(
            {
                "broker_contact_gathered_at": fields.Datetime.now() - timedelta(hours=12),
                "broker_coverage_mark_date": yesterday,
                "broker_readiness_mark_date": yesterday,
            }
        )
        env.cr.commit()
        env.cr.execute("ANALYZE")
        env.cr.commit()
    floor = _cost(env, lambda: [env.execute_query(_get_floor(company)) for _repeat in range(FLOORS)])[0] / FLOORS
    Call = env["broker.care.call"]
    before = Call.search_count([])
    customer = env["broker.customer"]
    phases = {
        "gather": lambda: _walk(env, env["broker.contact"]._gather(company)),
        "coverage": lambda: _walk(env, customer._get_coverage_steps(company)),
        "plan": lambda: _walk(env, Call._plan_steps(company)),
        "readiness": customer._cron_refresh_readiness,
    }
    costs = {phase: _cost(env, work) for phase, work in phases.items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    planned = Call.search_count([])
    customer._cron_care_night()
    print(
        json.dumps(
            {
                **costs,
                "floor": [floor],
                "touches": env["broker.contact"].search_count([]),
                "planned": planned - before,
                "repeated": Call.search_count([]) - planned,
                "states": dict(customer._read_group([], ["coverage_state"], ["__count"])),
                "memory": memory,
            }
        )
    )


def queue(env, *sizes):
    """Print, as JSON, the milliseconds and queries of an officer's first page of the queue with so many open calls."""
    officer = env["res.users"].search([("login", "=", "bench_care")])
    costs = []
    for size in sizes:
        env.cr.execute(
            SQL(
                """
                UPDATE broker_care_call
                   SET user_id = CASE WHEN id IN (
                           SELECT id FROM broker_care_call WHERE state = 'planned' ORDER BY id LIMIT %s
                       ) THEN %s END,
                       date_planned = CURRENT_DATE, next_attempt_at = NOW() AT TIME ZONE 'UTC' - INTERVAL '1 hour'
                 WHERE state = 'planned'
                """,
                int(size),
                officer.id,
            )
        )
        env.invalidate_all()
        own = env(user=officer, context=dict(env.context, lang=officer.lang, uid=officer.id))
        costs.append(_open_list(own["broker.care.call"], "print_broker_crm.broker_care_call_view_list", None))
    env.cr.rollback()
    print(json.dumps(costs))


def _walk(env, steps):
    """Do steps as the night does: each is committed, and nothing of it is remembered."""
    for _handled in steps:
        env.cr.commit()
        env.invalidate_all()
    env.cr.commit()


def _get_floor(company):
    """Give the bare pass over the touches: when each customer was last touched, and how often."""
    return SQL(
        """
        SELECT touch.customer_id, MAX(touch.date), COUNT(*)
          FROM (
            SELECT broker_customer_id AS customer_id, date_order AS date FROM sale_order WHERE state = 'sale'
         UNION ALL
            SELECT file.id, message.date
              FROM mail_message message
              JOIN res_partner person ON person.id = message.author_id
              JOIN broker_customer file ON file.partner_id = person.commercial_partner_id
             WHERE message.message_type IN ('email', 'comment')
         UNION ALL
            SELECT file.id, message.date
              FROM mail_message message
              JOIN mail_message_res_partner_rel recipient ON recipient.mail_message_id = message.id
              JOIN res_partner person ON person.id = recipient.res_partner_id
              JOIN broker_customer file ON file.partner_id = person.commercial_partner_id
             WHERE message.message_type = 'comment'
         UNION ALL
            SELECT customer_id, date FROM broker_contact WHERE company_id = %s AND is_gathered IS NOT TRUE
          ) AS touch
      GROUP BY touch.customer_id
        """,
        company.id,
    )
