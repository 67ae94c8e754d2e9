"""How often the trend calls a customer declining whom nothing ails, and how soon it sees one whom something does.

Of real customers nobody knows when they began to go away, so simulated ones are judged, by the addon's own rule in a
database of its own: with the settings as shipped, and with what steadies the trend switched off. The same customers
stand before both.
"""

import json
import tempfile
from datetime import date, timedelta
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import NamedTuple

from devtools.console import DevError, run_logged, say
from devtools.database import PREFIX, Databases
from devtools.simulated_customers import CHANGE, KINDS, NOTHING

# The days as of which customers are judged.
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)
YEARS = 2
FALLEN = ("declining", "lost")
WEEKS_OF_HALF_YEAR, WEEKS_OF_YEAR = 26, 52
# What happens, to which kind of customers.
ROWS = (
    *((NOTHING, kind) for kind in KINDS),
    ("stops buying", "regular"),
    ("stops buying", "lumpy"),
    ("stops buying", "lumpy, 6 jobs a year"),
    ("half as large jobs", "regular"),
    ("half as large jobs", "lumpy"),
    ("half as many jobs", "gently lumpy"),
    ("half as many jobs", "lumpy"),
)


class Alarms(NamedTuple):
    """What a customer, or some together, was called while nothing happened."""

    declines: int
    days: int
    changes: int


def main(odoo, customers):
    """Print the tables; the database goes when all is judged.

    :param customers: how many of each row
    """
    if customers < 1:
        raise DevError("One customer of each kind must be judged at least.")
    name = f"{PREFIX}_judge_trend"
    databases = Databases(odoo)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judged.json"
        try:
            databases.build(name, "plain", "Database to judge in")
            run_logged(
                f"Judging {len(ROWS)} times {customers:,} customers",
                odoo.inside("judge_trend", name, customers, path),
                "judge.log",
                on_line=str.strip,
                env=odoo.environment(),
            )
        finally:
            databases.drop(name)
        judged = json.loads(path.read_text())
    say(f"\n{customers:,} customers of each kind from {FIRST} to {LAST}. Before: {_describe(judged['numbers'][0])};")
    say(f"after: {_describe(judged['numbers'][1])}\n")
    rows = dict(zip(ROWS, map(read_row, judged["rows"]), strict=True))
    for line in (*get_steady_table(rows), "", *get_change_table(rows)):
        say(line)
    return 0


def _describe(numbers):
    names = {"agree_months": "Months That Agree", "chance_times": "More Than Chance", "pause_times": "Patience"}
    return ", ".join(f"{name} {numbers[key]:g}" for key, name in names.items())


def read_row(customers):
    """Return the changes of trend by rule and customer, as they were judged by customer and rule, with real dates."""
    return [
        [[(date.fromisoformat(day), trend) for day, trend in changes] for changes in rule]
        for rule in zip(*customers, strict=True)
    ]


def count_alarms(changes):
    """Return the `Alarms` of one customer.

    A decline is when a customer becomes declining or lost who was neither. Who is so as of the day before the first
    is none, though its days count; nor is a lost one that was declining.

    :param changes: [(day, trend)], the first one as of the day before the first day
    """
    ends = [day for day, _trend in changes[1:]] + [LAST + timedelta(days=1)]
    days = sum((end - max(day, FIRST)).days for (day, trend), end in zip(changes, ends, strict=True) if trend in FALLEN)
    declines = sum(after in FALLEN and before not in FALLEN for (_, before), (_, after) in pairwise(changes))
    return Alarms(declines, days, len(changes) - 1)


def is_fallen_before(changes):
    """Return whether a customer was declining or lost as of the last day before the change."""
    return [trend for day, trend in changes if day < CHANGE][-1] in FALLEN


def get_weeks(changes):
    """Return how many weeks after the change a customer became declining or lost; infinitely many if it never did."""
    return min(((day - CHANGE).days / 7 for day, trend in changes if day >= CHANGE and trend in FALLEN), default=inf)


def get_steady_table(rows):
    """Return the lines of the table of the customers to whom nothing happens.

    :param rows: {what happens and kind: [[changes of each customer] by either rule]}
    """
    lines = [
        "| steady customers | false declines a year each | of the days falsely called declining "
        "| changes of trend a year each |",
        "|---|---|---|---|",
    ]
    for (story, kind), rules in rows.items():
        if story != NOTHING:
            continue
        cells = []
        for customers in rules:
            total = Alarms(*map(sum, zip(*map(count_alarms, customers), strict=True)))
            years = len(customers) * YEARS
            share = total.days / len(customers) / ((LAST - FIRST).days + 1)
            cells.append((f"{total.declines / years:.2f}", f"{100 * share:.1f} %", f"{total.changes / years:.1f}"))
        (before, after), *others = zip(*cells, strict=True)
        lines.append(f"| {kind} | {before} → **{after}** | {' | '.join(map(' → '.join, others))} |")
    return lines


def get_change_table(rows):
    """Return the lines of the table of the customers to whom something happens, and of those to whom nothing does:
    how many of these are called declining in the same time is what chance finds.

    Whom either rule called declining or lost before is left out for both, so that both stand before the same customers.

    :param rows: see `get_steady_table`
    """
    lines = [
        "| what happens | left out | found within half a year | within a year | weeks until it is seen (median) |",
        "|---|---|---|---|---|",
    ]
    for (story, kind), rules in sorted(rows.items(), key=lambda row: row[0][0] == NOTHING):
        chosen = [pair for pair in zip(*rules, strict=True) if not any(map(is_fallen_before, pair))]
        cells = [_get_change_cells([get_weeks(pair[rule]) for pair in chosen]) for rule in range(len(rules))]
        columns = " | ".join(map(" → ".join, zip(*cells, strict=True)))
        lines.append(f"| {story}: {kind} | {len(rules[0]) - len(chosen)} | {columns} |")
    return lines


def _get_change_cells(weeks):
    if not weeks:
        return ("nobody",) * 3
    shares = [sum(week <= limit for week in weeks) / len(weeks) for limit in (WEEKS_OF_HALF_YEAR, WEEKS_OF_YEAR)]
    middle = median(weeks)
    return (*(f"{100 * share:.0f} %" for share in shares), "never" if middle == inf else f"{middle:.1f}")
