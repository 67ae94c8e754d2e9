"""What a job in the relay costs: confirming an order of 50 lines with Odoo alone and with the addon, side by side."""

import json
import statistics
import subprocess

from devtools import paths
from devtools.console import DevError, Step, run_logged, say
from devtools.database import PREFIX, Databases

VARIANTS = ("plain", "addon")
KINDS = {"service": "made in the firm", "bought": "bought from a printing house, which makes a purchase order"}
ROUNDS = 3
ORDERS = 10
LINES = 50


def main(odoo):
    """Print the table; the variants are measured in turn in this one run, so that the ratios hold on a busy machine."""
    for variant in VARIANTS:
        _prepare(odoo, variant)
    say()
    for kind, title in KINDS.items():
        runs = [{variant: _measure(odoo, variant, kind) for variant in VARIANTS} for _round in range(ROUNDS)]
        say(f"\nConfirming {ORDERS} orders of {LINES} lines {title}, one a call, {ROUNDS} rounds; medians\n")
        _print_costs(runs)
    return 0


def _print_costs(runs):
    say("| | Odoo alone | addon | ratio |")
    say("|---|---|---|---|")
    for place, (title, form) in enumerate((("CPU s", ".3f"), ("wall s", ".3f"), ("queries", ".0f"))):
        costs = {variant: statistics.median(run[variant][place] for run in runs) / ORDERS for variant in VARIANTS}
        ratio = statistics.median(run["addon"][place] / run["plain"][place] for run in runs)
        say(f"| {title} an order | {costs['plain']:{form}} | {costs['addon']:{form}} | {ratio:.3f} |")


def _database(variant):
    return f"{PREFIX}_bench_relay_{variant}"


def _prepare(odoo, variant):
    """Make the variant's database anew from the template without demo data."""
    databases = Databases(odoo)
    name = _database(variant)
    databases.clone(databases.ensure_template("plain"), name)
    if variant == "addon":
        odoo.install(f"Database of the variant {variant}", name, [paths.ADDON])
    run_logged(
        f"Customers of the variant {variant}",
        odoo.inside("bench_commission:prepare", name, variant),
        "bench.log",
        env=odoo.environment(),
    )


def _measure(odoo, variant, kind):
    with Step(f"{ORDERS} orders, {kind}, {variant}"):
        result = subprocess.run(
            list(map(str, odoo.inside("bench_relay:measure", _database(variant), ORDERS, LINES, kind))),
            env=odoo.environment(),
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise DevError(result.stdout + result.stderr)
    return json.loads(result.stdout.splitlines()[-1])
