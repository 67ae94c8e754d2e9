"""Customers who do not exist: what they buy, where it is known what happens to them and when.

A customer's jobs follow each other by chance, more evenly or less; each has its size, and is invoiced some days later.
"""

import math
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import NamedTuple

BEGIN, END = date(2021, 1, 1), date(2026, 1, 1)
# The day from which on something is otherwise.
CHANGE = date(2024, 7, 1)
# How brisk business is from January to December: nothing happens at the Spring Festival, much before the year ends.
SEASON = (1, 0.35, 1, 1, 0.9, 0.9, 0.8, 1.1, 1.3, 1, 1.7, 1.6)
DAYS_OF_MONTH = 30.4
USUAL_SIZE = 3000
# Days from the job to its invoice, at least and at most.
INVOICED_AFTER = (3, 25)


class Habit(NamedTuple):
    """How a customer buys."""

    jobs_a_month: float
    # The shape of the gamma distribution of the gaps: 1 is pure chance (they scatter by 100 %), 8 even (by 35 %)
    evenness: int
    # The standard deviation of the logarithm of the sizes
    scatter: float
    seasonal: bool = False


class Story(NamedTuple):
    """What is otherwise from the day of the change on, as factors."""

    pace: float = 1
    size: float = 1


def _mix(*habits):
    return [Habit(*habit) for habit in product(*habits)]


# The customers of a kind take turns in its habits.
KINDS = {
    "regular": _mix((1, 2, 4), (8,), (0.2, 0.4)),
    "gently lumpy": _mix((2, 4), (3,), (0.4,)),
    "gently lumpy, with a season": _mix((2, 4), (3,), (0.4,), (True,)),
    "lumpy": _mix((1, 2, 4), (1, 2), (0.5, 0.8)),
    "lumpy, 6 jobs a year": _mix((0.5,), (1, 2), (0.5, 0.8)),
}
NOTHING = "nothing happens"
STORIES = {
    NOTHING: Story(),
    "stops buying": Story(pace=0),
    "half as large jobs": Story(size=0.5),
    "half as many jobs": Story(pace=0.5),
}


def simulate(story, kind, number):
    """Return what a customer buys, always the same for the same arguments.

    :param story: a key of `STORIES`
    :param kind: a key of `KINDS`
    :param number: which one of these customers, from 0 on
    :return: sorted list of the days of its jobs, {first day of month: (revenue, ordered, number of jobs)}
    """
    habit = KINDS[kind][number % len(KINDS[kind])]
    chance = Random(f"{story}: {kind}, {number}")
    days, months = [], {}
    # What is left of the usual gap until the next job
    gap = chance.random()
    day = BEGIN
    while day < END:
        pace, size = STORIES[story] if day >= CHANGE else Story()
        if habit.seasonal:
            pace *= SEASON[day.month - 1]
        gap -= pace * habit.jobs_a_month / DAYS_OF_MONTH
        while gap < 0:
            gap += chance.gammavariate(habit.evenness, 1 / habit.evenness)
            # The scatter must not make the mean larger
            scatter = math.exp(chance.gauss(0, habit.scatter) - habit.scatter**2 / 2)
            invoiced = day + timedelta(days=chance.randint(*INVOICED_AFTER))
            amount = round(USUAL_SIZE * size * scatter, 2)
            if day not in days[-1:]:
                days.append(day)
            _add(months, invoiced, (amount, 0, 0))
            _add(months, day, (0, amount, 1))
        day += timedelta(days=1)
    return days, months


def _add(months, day, figures):
    month = day.replace(day=1)
    before = months.get(month, (0, 0, 0))
    months[month] = tuple(round(old + new, 2) for old, new in zip(before, figures, strict=True))
