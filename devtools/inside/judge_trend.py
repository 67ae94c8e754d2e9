"""The trend of simulated customers, by the addon's own rule: what `./dev judge-trend` counts."""

import json
from datetime import date, timedelta
from pathlib import Path

from odoo.addons.print_broker_crm.models.broker_trend_figures_mixin import UNSTEADIED, Books

from devtools.judge_trend import FIRST, LAST, ROWS
from devtools.simulated_customers import simulate

# The books say all that is asked of them.
BOOKS = Books(date(2019, 1, 1))


def main(env, customers, path):
    """Write what so many customers of each row are judged, by the rule without what steadies it and as shipped.

    :param path: of the JSON file: {"numbers": of both rules, "rows": see `judge_row`}
    """
    rule = env["broker.trend.rule"]
    shipped = rule._get_numbers(env.company)
    both = (shipped._replace(**UNSTEADIED), shipped)
    rows = [judge_row(rule, both, row, int(customers)) for row in ROWS]
    numbers = [{name: getattr(each, name) for name in UNSTEADIED} for each in both]
    Path(path).write_text(json.dumps({"numbers": numbers, "rows": rows}))


def judge_row(rule, both, row, customers):
    """Return the changes of trend of each customer of a row: [by the one rule, by the other]."""
    print(": ".join(row), flush=True)
    result = []
    for number in range(customers):
        days, months = simulate(*row, number)
        result.append([_get_changes(rule, days, months, numbers) for numbers in both])
    return result


def _get_changes(rule, days, months, numbers):
    """Return [day, trend] for each day as of which the trend is another one; first for the day before the first."""
    changes, day = [], FIRST - timedelta(days=1)
    while day <= LAST:
        trend, trace = rule._judge(days, months, day, BOOKS, numbers)
        if not changes or changes[-1][1] != trend:
            changes.append((str(day), trend))
        day = rule._get_next_day(days, day, trend, trace, numbers)
    return changes
