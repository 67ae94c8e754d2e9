"""What commission costs: the same work with Odoo alone, with the addon, and with the peer from PyPI, side by side."""

import json
import statistics
import subprocess

from devtools import paths
from devtools.console import DevError, Step, run_logged, say
from devtools.database import PREFIX, Databases
from devtools.odoo import Odoo

PEER_PACKAGES = (
    "odoo-addon-commission-oca==19.0.*",
    "odoo-addon-account-commission-oca==19.0.*",
    "odoo-addon-sale-commission-oca==19.0.*",
)
PEER_MODULES = ["account_commission_oca", "sale_commission_oca"]
PEER_FOLDER = paths.STATE / "peer"
PHASES = ("create", "confirm", "invoice", "post", "pay")
CHUNK = 50
# (orders, how often the variants are measured in turn)
ROUNDS = ((200, 3), (2000, 1))
SETTLED = 1000
# Commission is the addon with the relay and the masking of names switched off: what the peer is compared with.
VARIANTS = ("plain", "addon", "commission", "peer")


def main(odoo):
    """Print the tables; everything is measured in turn in this one run, so that the ratios hold on a busy machine."""
    odoos = {"plain": odoo, "addon": odoo, "commission": odoo, "peer": _fetch_peer(odoo)}
    for variant, inside in odoos.items():
        _prepare(inside, variant)
    say()
    for count, rounds in ROUNDS:
        runs = [{variant: _measure(odoos[variant], variant, count) for variant in VARIANTS} for _round in range(rounds)]
        _print_phases(count, runs)
    settled = [
        {variant: _measure(odoos[variant], variant, SETTLED, late=True) for variant in ("commission", "peer")}
        for _round in range(1)
    ]
    _print_settling(settled)
    return 0


def _fetch_peer(odoo):
    if not (PEER_FOLDER / "odoo" / "addons" / "sale_commission_oca").is_dir():
        run_logged(
            "The peer's addons",
            [paths.PYTHON, "-m", "pip", "install", "--no-deps", "--target", PEER_FOLDER, *PEER_PACKAGES],
            "peer.log",
        )
    return Odoo(odoo.source, odoo.server, str(PEER_FOLDER / "odoo" / "addons"))


def _database(variant):
    return f"{PREFIX}_bench_commission_{variant}"


def _prepare(odoo, variant):
    """Make the variant's database anew from the template without demo data."""
    databases = Databases(odoo)
    name = _database(variant)
    databases.clone(databases.ensure_template("plain"), name)
    modules = {"plain": [], "peer": PEER_MODULES}.get(variant, [paths.ADDON])
    if modules:
        odoo.install(f"Database of the variant {variant}", name, modules)
    run_logged(
        f"Customers of the variant {variant}",
        odoo.inside("bench_commission:prepare", name, variant),
        "bench.log",
        env=odoo.environment(),
    )


def _measure(odoo, variant, count, late=False):
    with Step(f"{count} orders, {variant}"):
        result = subprocess.run(
            list(
                map(
                    str,
                    odoo.inside(
                        "bench_commission:measure", _database(variant), variant, count, CHUNK, "yes" if late else "no"
                    ),
                )
            ),
            env=odoo.environment(),
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise DevError(result.stdout + result.stderr)
    return json.loads(result.stdout.splitlines()[-1])


def _total(phases, names, figure):
    return sum(phases[name][figure] for name in names if name in phases)


def _ratio(runs, variant, names, figure):
    """The median, over the rounds, of a variant's cost over Odoo's alone."""
    return statistics.median(_total(run[variant], names, figure) / _total(run["plain"], names, figure) for run in runs)


def _print_phases(count, runs):
    say(f"\n{count} orders of two lines, {CHUNK} a call, {len(runs)} round(s); medians of the ratios to Odoo alone\n")
    say(
        "| phase | Odoo alone: CPU s, queries | addon: CPU, wall, queries | commission alone: CPU, wall, queries "
        "| peer: CPU, wall, queries |"
    )
    say("|---|---|---|---|---|")
    for name, names in [*((phase, (phase,)) for phase in PHASES), ("all", PHASES)]:
        cells = [
            f"{statistics.median(_total(run['plain'], names, 0) for run in runs):.2f} s, "
            f"{statistics.median(_total(run['plain'], names, 2) for run in runs):.0f}"
        ]
        cells += [
            ", ".join(f"{_ratio(runs, variant, names, figure):.3f}" for figure in (0, 1, 2)) for variant in VARIANTS[1:]
        ]
        say(f"| {name} | {' | '.join(cells)} |")
    extra = {
        variant: statistics.median(
            _total(run[variant], (*PHASES, "settle") if variant == "peer" else PHASES, 0)
            - _total(run["plain"], PHASES, 0)
            for run in runs
        )
        for variant in ("commission", "peer")
    }
    say(
        f"\nWhole cost of commission, CPU: ours {extra['commission']:.2f} s, "
        f"peer with its settlement {extra['peer']:.2f} s, ratio {extra['commission'] / extra['peer']:.2f}"
    )
    batches = -(-count // 200)
    say(
        "Nightly check over paid invoices: "
        f"{statistics.median(run['commission']['sweep'][0] for run in runs) / count * 1000:.2f} ms CPU an invoice, "
        f"{statistics.median(run['commission']['sweep'][2] for run in runs) / batches:.1f} queries a batch of 200"
    )


def _print_settling(runs):
    say(f"\nSettling {SETTLED} paid invoices that nobody settled before\n")
    say("| | CPU s | wall s | queries | rows written |")
    say("|---|---|---|---|---|")
    for variant in ("commission", "peer"):
        figures = [statistics.median(run[variant]["settle"][figure] for run in runs) for figure in (0, 1, 2)]
        say(f"| {variant} | {figures[0]:.2f} | {figures[1]:.2f} | {figures[2]:.0f} | {runs[0][variant]['rows']} |")
