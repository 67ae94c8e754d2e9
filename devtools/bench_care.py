"""What the care line's night costs at scale, against one bare SQL pass over the same touches; and the call queue."""

import json
import os
import subprocess

from devtools.console import DevError, Step, run_logged, say
from devtools.database import PREFIX, Databases

# Ten touches a customer. Smaller ones while one works on it: BENCH_CARE_SIZES=1000,10000 ./dev bench care
SIZES = (10_000, 100_000)
NIGHTS = {
    "first": "the first night",
    "usual": "a usual night, one customer in thirty was in touch",
    "quiet": "a night after a day without news",
}
PHASES = {
    "gather": "contacts",
    "coverage": "coverage",
    "plan": "calls",
    "readiness": "readiness",
}
# What the care line's own cron does.
NIGHT = ("gather", "coverage", "plan")
OPEN_CALLS = (50, 5_000)


def main(odoo):
    """Print the tables; the databases go when all is measured."""
    sizes = [int(size) for size in os.environ.get("BENCH_CARE_SIZES", "").split(",") if size] or SIZES
    results = {size: _measure(odoo, size) for size in sizes}
    _print_nights(results)
    _print_queue(results)
    return 0


def _measure(odoo, size):
    name = f"{PREFIX}_bench_care_{size}"
    databases = Databases(odoo)
    try:
        databases.build(name, "plain", f"Database for {size} customers")
        run_logged(
            f"{size} customers",
            odoo.inside("bench_care_firm:prepare", name, size),
            "bench.log",
            env=odoo.environment(),
        )
        nights = {}
        for night, title in NIGHTS.items():
            with Step("Tidying up"):
                odoo.server.query("VACUUM (ANALYZE)", name)
            nights[night] = _inside(odoo, f"{title}, {size} customers", name, "night", night)
        return {
            "nights": nights,
            "queue": _inside(odoo, "The queue", name, "queue", *OPEN_CALLS),
        }
    finally:
        if not os.environ.get("BENCH_CARE_KEEP"):
            databases.drop(name)


def _inside(odoo, title, name, function, *arguments):
    with Step(title):
        result = subprocess.run(
            list(map(str, odoo.inside(f"bench_care:{function}", name, *arguments))),
            env=odoo.environment(),
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise DevError(result.stdout + result.stderr)
    return json.loads(result.stdout.splitlines()[-1])


def _print_nights(results):
    say("\nCPU seconds are those of Odoo and of its PostgreSQL backend, each in one process. The floor is one bare")
    say("pass over the same touches, as they lie in messages, orders and logged contacts: how many each customer has,")
    say("and when the last was. A night is contacts, coverage and calls; readiness has a cron of its own\n")
    phases = " | ".join(f"{title} CPU s (queries)" for title in PHASES.values())
    say(f"| customers, touches | night | floor CPU s | {phases} | night CPU s, wall s | times the floor | MB |")
    say("|---|---|---|---|---|---|---|---|---|---|")
    for size, result in results.items():
        for night, title in NIGHTS.items():
            cost = result["nights"][night]
            cells = " | ".join(f"{cost[phase][0]:.2f} ({cost[phase][2]})" for phase in PHASES)
            total = [sum(cost[phase][place] for phase in NIGHT) for place in (0, 1)]
            say(
                f"| {size}, {cost['touches']} | {title} | {cost['floor'][0]:.3f} | {cells} "
                f"| {total[0]:.2f}, {total[1]:.2f} | {total[0] / cost['floor'][0]:.1f} | {cost['memory']:.0f} |"
            )
    say()
    for size, result in results.items():
        nights = result["nights"]
        say(
            f"{size}: calls planned in the nights {', '.join(str(nights[night]['planned']) for night in NIGHTS)}; "
            f"again on the same day {', '.join(str(nights[night]['repeated']) for night in NIGHTS)}"
        )
        say(f"{size}: states after the first night {nights['first']['states']}")
    if len(results) > 1:
        (small, first), *_rest, (large, last) = results.items()
        for night, title in NIGHTS.items():
            costs = [sum(result["nights"][night][phase][0] for phase in NIGHT) for result in (first, last)]
            say(f"{title}: {large / small:.0f} times the customers, {costs[1] / costs[0]:.1f} times the CPU")


def _print_queue(results):
    say("\nOpening the queue's first page of 80, milliseconds (queries), median of 5\n")
    say("| customers | " + " | ".join(f"{number} open calls" for number in OPEN_CALLS) + " |")
    say("|---|" + "---|" * len(OPEN_CALLS))
    for size, result in results.items():
        cells = " | ".join(f"{cost[0]:.0f} ({cost[1]:.0f})" for cost in result["queue"])
        say(f"| {size} | {cells} |")
