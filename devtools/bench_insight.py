"""What building the months of customers costs at scale, against one bare GROUP BY over the same invoice lines; what a
night costs in which one customer in a hundred was touched; and the owner's screen."""

import json
import os
import subprocess

from devtools.console import DevError, Step, run_logged, say
from devtools.database import PREFIX, Databases

# A hundred invoice lines a customer. Smaller ones while one works on it: BENCH_INSIGHT_SIZES=100 ./dev bench insight
SIZES = (1_000, 10_000)
PAGES = (
    "missing products",
    "all are missing",
    "missing of one customer",
    "months",
    "demand",
    "targets of a month",
    "what counts towards targets",
)
REST = {"trend": "trend", "risk": "risk", "review": "reviews", "report": "report"}
TURNS = ("first", "again", "ordinary")


def main(odoo):
    """Print the tables; the databases go when all is measured."""
    sizes = [int(size) for size in os.environ.get("BENCH_INSIGHT_SIZES", "").split(",") if size] or SIZES
    results = {size: _measure(odoo, size) for size in sizes}
    _print_months(results)
    _print_rest(results)
    _print_pages(results)
    return 0


def _measure(odoo, size):
    name = f"{PREFIX}_bench_insight_{size}"
    databases = Databases(odoo)
    try:
        databases.build(name, "plain", f"Database for {size} customers")
        run_logged(
            f"{size} customers",
            odoo.inside("bench_insight_firm:prepare", name, size),
            "bench.log",
            env=odoo.environment(),
        )
        result = {
            "lines": odoo.server.query(
                "SELECT COUNT(*) FROM account_move_line line JOIN account_move move ON move.id = line.move_id "
                "WHERE display_type = 'product' AND move_type IN ('out_invoice', 'out_refund')",
                name,
            )[0][0]
        }
        for step, title in (
            ("build", "All months"),
            ("touch", "A day"),
            ("night", "A night"),
            ("rest", "The rest of the night"),
            ("dashboard", "The owner's screen"),
            ("pages", "Other pages"),
        ):
            with Step("Tidying up"):
                odoo.server.query("VACUUM (ANALYZE)", name)
            result[step] = _inside(odoo, f"{title}, {size} customers", name, step)
        return result
    finally:
        if not os.environ.get("BENCH_INSIGHT_KEEP"):
            databases.drop(name)


def _inside(odoo, title, name, function):
    with Step(title):
        result = subprocess.run(
            list(map(str, odoo.inside(f"bench_insight:{function}", name))),
            env=odoo.environment(),
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise DevError(result.stdout + result.stderr)
    return json.loads(result.stdout.splitlines()[-1])


def _print_months(results):
    say("\nCPU seconds are those of Odoo and of its PostgreSQL backend, each in one process. The floor is one bare")
    say("GROUP BY of the same invoice lines by customer and month: their amounts, and nothing else\n")
    say(
        "| customers, lines, months | floor CPU, wall s | all months CPU, wall s (queries) | times the floor, CPU "
        "| again | a night | part of all | without news | MB | adds up |"
    )
    say("|---|---|---|---|---|---|---|---|---|---|")
    for size, result in results.items():
        build, night = result["build"], result["night"]
        floor, whole, months = build["floor"], build["build"], night["months"]
        say(
            f"| {size}, {result['lines']}, {build['rows']} | {floor[0]:.2f}, {floor[1]:.2f} "
            f"| {whole[0]:.2f}, {whole[1]:.2f} ({whole[2]}) | {whole[0] / floor[0]:.1f} | {build['again'][0]:.2f} "
            f"| {months[0]:.3f}, {months[1]:.3f} ({months[2]}) | 1/{whole[0] / months[0]:.0f} "
            f"| {night['quiet'][0]:.3f} | {max(build['memory'], night['memory']):.0f} "
            f"| {build['check'] and night['check']} |"
        )
    say()
    for size, result in results.items():
        night = result["night"]
        say(f"{size}: in the night {night['customers']} customers with {night['marks']} marks")


def _print_rest(results):
    say(
        "\nThe other rooms of the night, CPU s (queries): at first, on the same day again, and in the next night; the "
        "month's report once more; and the owner's screen\n"
    )
    say("| customers | " + " | ".join(REST.values()) + " | report again | MB | screen ms (queries) |")
    say("|---|" + "---|" * (len(REST) + 3))
    for size, result in results.items():
        rest = result["rest"]
        cells = " | ".join(
            ", ".join(f"{rest[f'{name} {turn}'][0]:.2f} ({rest[f'{name} {turn}'][2]})" for turn in TURNS)
            for name in REST
        )
        milliseconds, queries = result["dashboard"]
        prepare = rest["prepare"]
        cells += f" | {prepare[0]:.2f} ({prepare[2]})"
        say(f"| {size} | {cells} | {rest['memory']:.0f} | {milliseconds * 1000:.0f} ({queries:.0f}) |")


def _print_pages(results):
    say("\nOpening other pages, ms (queries), median of some\n")
    say("| customers | " + " | ".join(PAGES) + " |")
    say("|---|" + "---|" * len(PAGES))
    for size, result in results.items():
        cells = (f"{milliseconds:.0f} ({queries:.0f})" for milliseconds, queries in map(result["pages"].get, PAGES))
        say(f"| {size} | {' | '.join(cells)} |")
