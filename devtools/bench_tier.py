"""What the nightly 5A run costs at scale, against one bare SQL aggregate over the same invoice lines."""

import json
import os
import subprocess

from devtools.console import DevError, Step, run_logged, say
from devtools.database import PREFIX, Databases

# Ten invoice lines a customer. Smaller ones while one works on it: BENCH_TIER_SIZES=1000,10000 ./dev bench tier
SIZES = (10_000, 100_000)
# (title, days from now, on to the end of that month)
NIGHTS = (("the first night", 0, "no"), ("the next night", 1, "no"), ("a month's end", 40, "yes"))


def main(odoo):
    """Print the tables; the databases go when all is measured."""
    sizes = [int(size) for size in os.environ.get("BENCH_TIER_SIZES", "").split(",") if size] or SIZES
    results = {size: _measure(odoo, size) for size in sizes}
    _print_nights(results)
    _print_lists(results)
    return 0


def _measure(odoo, size):
    name = f"{PREFIX}_bench_tier_{size}"
    databases = Databases(odoo)
    try:
        databases.build(name, "plain", f"Database for {size} customers")
        run_logged(
            f"{size} customers",
            odoo.inside("bench_tier_firm:prepare", name, size),
            "bench.log",
            env=odoo.environment(),
        )
        with Step("Tidying up"):
            odoo.server.query("VACUUM (ANALYZE)", name)
        nights = {}
        for title, *arguments in NIGHTS:
            nights[title] = _inside(odoo, f"{title}, {size} customers", name, "night", *arguments)
            odoo.server.query("VACUUM (ANALYZE)", name)
        return {
            "nights": nights,
            "check": _inside(odoo, "Copies against originals", name, "check"),
            "lists": _inside(odoo, "Lists", name, "lists"),
            "lines": odoo.server.query(
                "SELECT COUNT(*) FROM account_move_line line JOIN account_move move ON move.id = line.move_id "
                "WHERE display_type = 'product' AND move_type IN ('out_invoice', 'out_refund')",
                name,
            )[0][0],
        }
    finally:
        if not os.environ.get("BENCH_TIER_KEEP"):
            databases.drop(name)


def _inside(odoo, title, name, function, *arguments):
    with Step(title):
        result = subprocess.run(
            list(map(str, odoo.inside(f"bench_tier:{function}", name, *arguments))),
            env=odoo.environment(),
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise DevError(result.stdout + result.stderr)
    return json.loads(result.stdout.splitlines()[-1])


def _print_nights(results):
    say(
        "\nCPU is that of Odoo and of its PostgreSQL backend, each in one process. The floor is one bare aggregate over"
    )
    say("the same invoice lines: their amounts per customer, or amounts and costs, which are on the orders' lines\n")
    say(
        "| customers, lines | night | floor CPU, wall s | floor with cost | run CPU, wall s, queries "
        "| times the floor, CPU | times the floor with cost | scores | MB |"
    )
    say("|---|---|---|---|---|---|---|---|---|")
    for size, result in results.items():
        for title, night in result["nights"].items():
            floor, cost, run = night["floor"], night["floor_with_cost"], night["run"]
            say(
                f"| {size}, {result['lines']} | {title} "
                f"| {floor[0]:.2f}, {floor[1]:.2f} | {cost[0]:.2f}, {cost[1]:.2f} "
                f"| {run[0]:.2f}, {run[1]:.2f}, {run[2]} | {run[0] / floor[0]:.1f} | {run[0] / cost[0]:.1f} "
                f"| {night['scores']} | {night['memory']:.0f} |"
            )
    say()
    for size, result in results.items():
        check = result["check"]
        say(
            f"{size}: {check['compared']} copied customers compared with those made by Odoo, "
            f"{check['different']} differ; run again on the same day: "
            f"{sum(night['repeated'] for night in result['nights'].values())} scores written"
        )
    if len(results) > 1:
        (small, first), *_rest, (large, last) = results.items()
        for title in first["nights"]:
            times = last["nights"][title]["run"][0] / first["nights"][title]["run"][0]
            say(f"{title}: {large / small:.0f} times the customers, {times:.1f} times the CPU")


def _print_lists(results):
    say("\nOpening a list of 80, milliseconds (queries), median of 5\n")
    say("| customers | as | customers by tier | contacts | ratio |")
    say("|---|---|---|---|---|")
    for size, result in results.items():
        for login, lists in result["lists"].items():
            ours, theirs = lists["customers by tier"], lists["contacts"]
            say(
                f"| {size} | {login} | {ours[0]:.0f} ({ours[1]:.0f}) | {theirs[0]:.0f} ({theirs[1]:.0f}) "
                f"| {ours[0] / theirs[0]:.2f} |"
            )
