"""Churn risk on public purchase histories, by the addon's own code: what `./dev judge-risk` compares."""

import csv
import json
from datetime import date
from pathlib import Path

from odoo.tools import SQL

# The days ahead for which the shipped weights were learned: firms ask for more and for less.
HORIZONS = (30, 60, 90, 180, 270)
# Without weights to start from: so little that it decides nothing.
NOTHING = {"weights": [0.0] * 8, "information": [[1e-4 * (i == j) for j in range(8)] for i in range(8)]}


def score(env, folder):
    """Write scores.csv: per case and customer the risk by the weights of the other trade, and by what was learned."""
    folder = Path(folder)
    names = _load(env, folder)
    Fit = env["broker.risk.fit"]
    company = env.company
    others = {
        trade: _learn_shipped(env, [name for name in names if name.split()[0] != trade]) for trade in _trades(names)
    }
    with open(folder / "cases.csv", newline="") as file:
        cases = list(csv.reader(file))
    with open(folder / "scores.csv", "w", newline="") as file:
        writer = csv.writer(file)
        for number, name, cut, held in cases:
            today, history = date.fromisoformat(cut), _get_history(name)
            shipped = others[name.split()[0]]
            learned = Fit._learn(history, today, int(held), company.broker_risk_weight, 0, shipped)
            risks = [
                dict(
                    env.execute_query(
                        SQL("SELECT customer_id, risk FROM (%s) AS s", Fit._get_score_query(history, today, fit))
                    )
                )
                for fit in ({**learned, "weights": shipped["weights"]}, learned)
            ]
            writer.writerows(
                (number, customer, risks[0][customer], risk, round(risk)) for customer, risk in risks[1].items()
            )


def learn(env, folder):
    """Write shipped.txt: the weights learned from all histories, as the addon ships them."""
    folder = Path(folder)
    shipped = _learn_shipped(env, _load(env, folder))
    rows = [json.dumps(_round(row)) for row in (shipped["weights"], *shipped["information"])]
    (folder / "shipped.txt").write_text("\n".join(["weights", rows[0], "information", *rows[1:]]) + "\n")


def _round(values):
    return [round(value, 5) for value in values]


def _trades(names):
    return {name.split()[0] for name in names}


def _load(env, folder):
    """Fill a temporary table with the histories, and give the names of the whole ones."""
    env.cr.execute("CREATE TEMPORARY TABLE judge_history (name varchar, customer_id int, day date)")
    with open(folder / "histories.csv") as file:
        env.cr.copy_expert("COPY judge_history FROM STDIN WITH (FORMAT csv)", file)
    env.cr.execute("CREATE INDEX ON judge_history (name)")
    env.cr.execute("ANALYZE judge_history")
    env.cr.execute("SELECT DISTINCT name FROM judge_history WHERE name NOT LIKE '%#%' ORDER BY name")
    return [name for (name,) in env.cr.fetchall()]


def _get_history(name):
    return SQL("SELECT customer_id, day FROM judge_history WHERE name = %s", name)


def _learn_shipped(env, names):
    """Learn from whole histories to their ends, for several numbers of days ahead. Each history counts the same."""
    Fit = env["broker.risk.fit"]
    lessons = []
    for name in names:
        [(first, last)] = env.execute_query(SQL("SELECT MIN(day), MAX(day) FROM judge_history WHERE name = %s", name))
        clock = Fit._get_clock_query(_get_history(name), last, ())
        for horizon in HORIZONS:
            rows, customers = Fit._get_lessons(clock, first, last, horizon)
            lessons += [(figures, silent, weight / customers) for figures, silent, weight in rows]
    weights, information = Fit._fit_weights(lessons, NOTHING["weights"], NOTHING["information"], 1e-3)
    return {"weights": weights, "information": information}
