"""What ./dev judge-trend counts: the customers that it makes up, its counting by hand, and a small run of the whole."""

import re
from datetime import date
from math import inf

import pytest

from devtools import judge_trend, paths
from devtools.simulated_customers import CHANGE, NOTHING, simulate
from tests.test_commands import run_dev

BEFORE = date(2023, 12, 31)


def test_same_customer_is_made_up_again_and_another_one_is_another():
    days, months = simulate(NOTHING, "lumpy", 8)
    assert (days, months) == simulate(NOTHING, "lumpy", 8)
    assert days != simulate(NOTHING, "lumpy", 20)[0], "of the same habit, but not the same chance"
    assert days == sorted(set(days))
    # Each month's jobs are days of purchase; whatever was ordered is invoiced.
    assert {day.replace(day=1) for day in days} == {month for month, (_, _, jobs) in months.items() if jobs}
    revenue, ordered, jobs = map(sum, zip(*months.values(), strict=True))
    assert revenue == pytest.approx(ordered)
    assert jobs > len(days), "some days have two"


def _get_monthly(story, kind, customers):
    """Jobs a month and the mean size of a job, before the change and after it."""
    result = []
    for length, is_after in ((42, False), (18, True)):
        rows = [
            row
            for number in range(customers)
            for month, row in simulate(story, kind, number)[1].items()
            if (month >= CHANGE) == is_after
        ]
        jobs = sum(row[2] for row in rows)
        result.append((jobs / length / customers, jobs and sum(row[1] for row in rows) / jobs))
    return result


def test_what_happens_to_customers_is_what_is_said():
    # 1, 2 and 4 jobs a month in turn, for 3,000 each.
    before, after = _get_monthly(NOTHING, "regular", 60)
    assert before == pytest.approx((7 / 3, 3000), rel=0.05)
    assert after == pytest.approx((7 / 3, 3000), rel=0.05)
    assert _get_monthly("half as many jobs", "regular", 60)[1] == pytest.approx((7 / 6, 3000), rel=0.05)
    assert _get_monthly("half as large jobs", "regular", 60)[1] == pytest.approx((7 / 3, 1500), rel=0.05)
    before, after = _get_monthly("stops buying", "regular", 60)
    assert before == pytest.approx((7 / 3, 3000), rel=0.05)
    assert after == (0, 0)
    seasonal = [simulate(NOTHING, "gently lumpy, with a season", number)[0] for number in range(60)]
    in_month = [sum(day.month == month for days in seasonal for day in days) for month in range(1, 13)]
    assert min(in_month) == in_month[1], "February is the weakest month"
    assert max(in_month[:10]) < min(in_month[10:]), "and the last two are the best"


STEADY = [(BEFORE, "stable")]
# Ten days declining and ten lost are one decline, ten days later in the year another: 30 days, and six changes.
TWICE = [
    *STEADY,
    (date(2024, 3, 1), "declining"),
    (date(2024, 3, 11), "lost"),
    (date(2024, 3, 21), "recovered"),
    (date(2024, 6, 1), "declining"),
    (date(2024, 6, 11), "stable"),
    (date(2025, 1, 1), "rising"),
]
# Was so before: no decline in these years, but the ten days of January. The second one lasts to the end, 31 days.
ALREADY = [(BEFORE, "declining"), (date(2024, 1, 11), "stable"), (date(2025, 12, 1), "declining")]


def test_declines_days_and_changes_are_counted():
    assert judge_trend.count_alarms(STEADY) == (0, 0, 0)
    assert judge_trend.count_alarms(TWICE) == (2, 30, 6)
    assert judge_trend.count_alarms(ALREADY) == (1, 41, 2)
    assert judge_trend.count_alarms([(BEFORE, "lost")]) == (0, 731, 0)


def test_weeks_are_counted_from_the_change():
    late = [*TWICE[:6], (date(2024, 9, 30), "lost"), (date(2024, 12, 30), "declining")]
    assert judge_trend.get_weeks(late) == 13
    assert not judge_trend.is_fallen_before(late)
    assert judge_trend.get_weeks(TWICE) == inf
    assert judge_trend.is_fallen_before([*STEADY, (date(2024, 6, 30), "declining")])
    assert not judge_trend.is_fallen_before([*STEADY, (CHANGE, "declining")])


def test_tables_by_hand():
    found, slow = ([*STEADY, (day, "declining")] for day in (date(2024, 9, 30), date(2025, 6, 30)))
    fallen = [*STEADY, (date(2024, 6, 30), "declining")]
    rows = {
        # Three customers over two years: 3 declines and 8 changes, 71 of 3 × 731 days; and 1, 1, 10 days.
        (NOTHING, "regular"): [
            [TWICE, ALREADY, STEADY],
            [STEADY, STEADY, [*STEADY, (date(2025, 12, 22), "lost")]],
        ],
        # Left out are two: one whom the first rule called declining before, and one whom the second did.
        ("stops buying", "lumpy"): [[found, found, fallen, slow], [found, slow, found, fallen]],
    }
    assert judge_trend.get_steady_table(rows)[2:] == ["| regular | 0.50 → **0.17** | 3.2 % → 0.5 % | 1.3 → 0.2 |"]
    assert judge_trend.get_change_table(rows)[2:] == [
        # After 13 and 13 weeks, or 13 and 52.
        "| stops buying: lumpy | 2 | 100 % → 50 % | 100 % → 100 % | 13.0 → 32.5 |",
        # The others only after more than a year, or never.
        "| nothing happens: regular | 0 | 0 % → 0 % | 0 % → 0 % | never → never |",
    ]


def _read_table(text):
    """Give {first cell: the others} of every row."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in cells}


def test_command_prints_what_the_addon_judges(odoo):
    result = run_dev(odoo, "judge-trend", "--customers", "6")
    assert result.returncode == 0, result.stdout
    table = _read_table(result.stdout)
    labels = [kind if story == NOTHING else f"{story}: {kind}" for story, kind in judge_trend.ROWS]
    assert set(labels) < set(table)
    # Who bought evenly and stops is found by either rule, and not on the very day.
    _left_out, _half_a_year, a_year, weeks = table["stops buying: regular"]
    assert a_year == "100 % → 100 %"
    assert all(1 < float(median) < 26 for median in weeks.split(" → "))
    # The shipped settings are at work, and they steady.
    assert "Before: Months That Agree 1, More Than Chance 0, Patience 0;" in result.stdout
    assert "after: Months That Agree 2, More Than Chance 1.5, Patience 2\n" in result.stdout
    before, after = map(float, re.findall(r"[\d.]+", table["lumpy"][0]))
    assert before > after > 0
    # The docs show the same rows.
    assert set(table) <= set(_read_table((paths.ROOT / "docs" / "insight.md").read_text(encoding="utf-8")))
    assert not odoo.server.query("SELECT 1 FROM pg_database WHERE datname LIKE '%judge_trend'"), "it cleans up"


def test_nobody_cannot_be_judged(odoo):
    result = run_dev(odoo, "judge-trend", "--customers", "0")
    assert result.returncode == 1
    assert "at least" in result.stdout
