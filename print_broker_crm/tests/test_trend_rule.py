from datetime import date, timedelta
from random import Random

from odoo.tests import TransactionCase, tagged

from odoo.addons.print_broker_crm.models.broker_trend_figures_mixin import (
    Books,
    TrendNumbers,
    get_closed_month,
    shift_day,
    shift_month,
)

# As they are shipped.
NUMBERS = TrendNumbers(
    fall_percent=25,
    rise_percent=25,
    amount=0.0,
    agree_months=2,
    chance_times=1.5,
    young_times=1.5,
    new_months=6,
    books_months=3,
    recovered_months=6,
    rhythm_jobs=3,
    lost_times=3.0,
    lost_min_days=60,
    lost_max_days=180,
    pause_times=2.0,
    single_days=400,
    season_days=45,
    regular_months=6,
    gap_customers=5,
    digits=2,
)
OLD_BOOKS = Books(date(2019, 12, 1))


def every(gap, number, last):
    """Return so many days of purchase, so many days apart, up to the last."""
    return [last - timedelta(days=gap * step) for step in range(number - 1, -1, -1)]


def monthly(first, last, **amounts):
    """Return months with 10000 of revenue and orders each; others by `y2026_08=(…)`."""
    months = {}
    month = first
    while month <= last:
        months[month] = (10000, 10000, 1)
        month = shift_month(month, 1)
    for name, row in amounts.items():
        year, number = name[1:].split("_")
        months[date(int(year), int(number), 1)] = row if len(row) == 3 else (*row, 1)
    return months


@tagged("post_install", "-at_install")
class TestTrendRule(TransactionCase):
    """Each trend and each edge of it, worked out by hand."""

    def judge(self, days, day, months=None, books=OLD_BOOKS, **numbers):
        """Judge by the last closed month alone, unless more are to agree: so each threshold
        stands by itself."""
        self.trend, self.trace = self.env["broker.trend.rule"]._judge(
            days, months or {}, day, books, NUMBERS._replace(**{"agree_months": 1, **numbers})
        )
        return self.trend

    def test_the_shipped_numbers_are_those_of_a_company(self):
        company = self.env["res.company"].create({"name": "Fresh"})
        numbers = self.env["broker.trend.rule"]._get_numbers(company)
        self.assertEqual(numbers._replace(digits=2), NUMBERS)

    # Days and months

    def test_a_month_is_closed_when_its_last_day_is_over(self):
        self.assertEqual(get_closed_month(date(2026, 10, 30)), date(2026, 9, 1))
        self.assertEqual(get_closed_month(date(2026, 10, 31)), date(2026, 10, 1))
        self.assertEqual(get_closed_month(date(2026, 12, 31)), date(2026, 12, 1))
        self.assertEqual(get_closed_month(date(2027, 1, 1)), date(2026, 12, 1))

    def test_february_of_a_leap_year(self):
        self.assertEqual(get_closed_month(date(2028, 2, 28)), date(2028, 1, 1))
        self.assertEqual(get_closed_month(date(2028, 2, 29)), date(2028, 2, 1))
        self.assertEqual(get_closed_month(date(2027, 2, 28)), date(2027, 2, 1))
        self.assertEqual(shift_day(date(2028, 2, 29), -12), date(2027, 2, 28))
        self.assertEqual(shift_day(date(2027, 2, 28), 12), date(2028, 2, 28))
        self.assertEqual(shift_day(date(2028, 8, 31), -6), date(2028, 2, 29))

    def test_nothing_changes_before_the_day_that_is_named(self):
        random = Random(8)
        rule = self.env["broker.trend.rule"]
        seen = set()
        for _turn in range(60):
            day = date(2025, 1, 1) + timedelta(days=random.randrange(200))
            days, months = set(), {}
            bought = date(2024, 1, 1) + timedelta(days=random.randrange(600))
            gap = random.choice((5, 20, 40, 90))
            while bought < date(2026, 3, 1):
                days.add(bought)
                amount = random.randrange(100, 1000)
                revenue, ordered, jobs = months.get(bought.replace(day=1), (0, 0, 0))
                months[bought.replace(day=1)] = (revenue + amount, ordered + amount, jobs + 1)
                bought += timedelta(days=random.randrange(1, 2 * gap) if random.random() < 0.95 else 300)
            days = sorted(days)
            while day < date(2026, 3, 1):
                result = rule._judge(days, months, day, OLD_BOOKS, NUMBERS)
                seen.add(result[0])
                due = rule._get_next_day(days, day, *result, NUMBERS)
                self.assertGreater(due, day)
                while (day := day + timedelta(days=1)) < due:
                    self.assertEqual(rule._judge(days, months, day, OLD_BOOKS, NUMBERS), result)
        self.assertEqual(seen, {False, "new", "rising", "stable", "declining", "lost", "recovered"})

    # Never, once

    def test_never_bought(self):
        self.assertFalse(self.judge([], date(2026, 6, 1)))
        self.assertEqual(self.trace, {})
        # What comes later is not known yet.
        self.assertFalse(self.judge([date(2026, 6, 2)], date(2026, 6, 1)))

    def test_one_order_ever(self):
        days = [date(2026, 3, 10)]
        months = {date(2026, 3, 1): (500, 500, 1)}
        self.assertEqual(self.judge(days, date(2026, 3, 10), months), "new")
        self.assertEqual(self.judge(days, date(2026, 9, 9), months), "new", "Six months are not over")
        self.assertEqual(self.judge(days, date(2026, 9, 10), months), "stable")
        self.assertEqual(self.trace["reason"], "unknown")
        # 10 March 2026 and 400 days are 14 April 2027.
        self.assertEqual(self.judge(days, date(2027, 4, 14), months), "stable")
        self.assertEqual(self.judge(days, date(2027, 4, 15), months), "lost")
        self.assertEqual(self.trace["reason"], "single")
        self.assertEqual(self.trace["lost_after"], "2027-04-14")

    def test_two_days_of_purchase_are_no_rhythm(self):
        days = [date(2026, 1, 1), date(2026, 1, 8)]
        self.assertEqual(self.judge(days, date(2026, 12, 1)), "stable")
        self.assertNotIn("gap", self.trace)
        self.assertEqual(self.judge(days, date(2026, 12, 1), rhythm_jobs=2), "lost")

    def test_nobody_is_new_where_the_books_begin(self):
        first = date(2026, 3, 10)
        # Three months before 10 March is 10 December.
        self.assertEqual(self.judge([first], date(2026, 3, 20), books=Books(date(2025, 12, 1))), "new")
        self.assertEqual(self.judge([first], date(2026, 3, 20), books=Books(date(2026, 1, 1))), "stable")
        self.assertEqual(self.judge([first], date(2026, 3, 20), books=Books(date(2026, 3, 1)), books_months=0), "new")

    # Rhythm

    def test_late_and_lost_by_a_monthly_rhythm(self):
        days = every(30, 24, date(2026, 3, 1))
        # Expected on 31 March; 3 × 30 days late is lost, half of it is late.
        self.assertEqual(self.judge(days, date(2026, 5, 15)), "stable")
        self.assertEqual(
            {name: self.trace[name] for name in ("gap", "expected", "late_after", "lost_after")},
            {"gap": 30, "expected": "2026-03-31", "late_after": "2026-05-15", "lost_after": "2026-06-29"},
        )
        self.assertEqual(self.judge(days, date(2026, 5, 16)), "declining")
        self.assertEqual(self.trace["reason"], "late")
        self.assertEqual(self.judge(days, date(2026, 6, 29)), "declining")
        self.assertEqual(self.judge(days, date(2026, 6, 30)), "lost")
        self.assertEqual(self.trace["reason"], "late")

    def test_late_by_no_less_than_the_least_and_no_more_than_the_most(self):
        weekly = every(7, 40, date(2026, 3, 1))
        # 8 March and 60 days: 7 May; 30 days: 7 April.
        self.assertEqual(self.judge(weekly, date(2026, 4, 7)), "stable")
        self.assertEqual(self.judge(weekly, date(2026, 4, 8)), "declining")
        self.assertEqual(self.judge(weekly, date(2026, 5, 7)), "declining")
        self.assertEqual(self.judge(weekly, date(2026, 5, 8)), "lost")
        quarterly = every(90, 10, date(2026, 3, 1))
        # 30 May and 180 days: 26 November, not 270 days.
        self.assertEqual(self.judge(quarterly, date(2026, 11, 26)), "declining")
        self.assertEqual(self.judge(quarterly, date(2026, 11, 27)), "lost")

    def test_several_jobs_on_one_day_are_no_rhythm(self):
        self.judge(every(30, 3, date(2026, 3, 1)), date(2026, 3, 2))
        self.assertEqual(self.trace["gap"], 30)
        # 10 and 21 days: the middle is 15.5 days, counted as 16.
        self.judge([date(2026, 1, 1), date(2026, 1, 11), date(2026, 2, 1)], date(2026, 2, 2))
        self.assertEqual(self.trace["gap"], 16)

    # Season

    def calendars(self, *years):
        return [date(year, 11, day) for year in years for day in (5, 12, 20)]

    def test_off_season_is_no_loss(self):
        days = self.calendars(2023, 2024, 2025)
        months = {date(year, 11, 1): (9000, 9000, 3) for year in (2023, 2024, 2025)}
        for day in (date(2026, 2, 28), date(2026, 6, 1), date(2026, 10, 31)):
            self.assertEqual(self.judge(days, day, months), "stable", day)
        self.assertEqual(self.trace["gap"], 8)
        self.assertEqual(self.trace["season"], ["2024-11-20", "2025-11-05"])
        self.assertEqual(self.trace["expected"], "2026-11-05")
        # The twelve months to October hold one November, like the twelve before.
        self.assertEqual((self.trace["now"], self.trace["year"]), (9000, 9000))
        self.assertEqual(self.trace["basis"], "years")

    def test_a_season_that_is_missed(self):
        days = self.calendars(2023, 2024, 2025)
        months = {date(year, 11, 1): (9000, 9000, 3) for year in (2023, 2024, 2025)}
        self.assertEqual(self.judge(days, date(2026, 11, 29), months), "stable")
        self.assertEqual(self.judge(days, date(2026, 11, 30), months), "declining", "A November without an order")
        self.assertEqual(self.trace["reason"], "figures")
        # Expected on 5 November; 60 days late at least.
        self.assertEqual(self.judge(days, date(2027, 1, 4), months), "declining")
        self.assertEqual(self.judge(days, date(2027, 1, 5), months), "lost")

    def test_a_season_that_comes_a_few_days_sooner_is_no_rise(self):
        days = [*self.calendars(2023, 2024), date(2025, 10, 30)]
        months = {
            date(2023, 11, 1): (9000, 9000, 3),
            date(2024, 11, 1): (9000, 9000, 3),
            date(2025, 10, 1): (9000, 9000, 1),
        }
        self.assertEqual(self.judge(days, date(2025, 11, 30), months), "stable")
        self.assertEqual(self.judge(days, date(2026, 1, 31), months), "stable")

    def test_the_first_off_season_cannot_be_told_from_a_loss(self):
        self.assertEqual(self.judge(self.calendars(2025), date(2026, 3, 1)), "lost")

    # Recovered

    def test_lost_and_bought_again(self):
        days = every(30, 12, date(2025, 3, 1)) + every(30, 8, date(2026, 6, 29))
        self.assertEqual(self.judge(days, date(2025, 11, 30)), "lost")
        # Back on 1 December 2025.
        self.assertEqual(self.judge(days, date(2025, 12, 1)), "recovered")
        self.assertEqual(self.trace["pause"], ["2025-03-01", "2025-12-01"])
        self.assertEqual(self.judge(days, date(2026, 5, 31)), "recovered")
        self.assertNotEqual(self.judge(days, date(2026, 6, 1)), "recovered")

    def test_recovered_and_late_again_declines(self):
        days = [*every(30, 12, date(2025, 3, 1)), date(2025, 12, 1)]
        # Expected on 31 December, late after 45 days more: 14 February.
        self.assertEqual(self.judge(days, date(2026, 2, 14)), "recovered")
        self.assertEqual(self.judge(days, date(2026, 2, 15)), "declining")

    def test_a_pause_that_was_only_late_is_no_recovery(self):
        # 100 days after a rhythm of 30: late, and lost only after 120.
        days = [*every(30, 12, date(2026, 3, 1)), date(2026, 6, 9)]
        months = monthly(date(2025, 1, 1), date(2026, 6, 1))
        self.assertEqual(self.judge(days, date(2026, 6, 10), months), "stable")

    # Revenue

    def regular(self, **amounts):
        """Judge a customer who buys every 30 days, as of the end of September 2026."""
        months = monthly(date(2024, 1, 1), date(2026, 9, 1), **amounts)
        return self.judge(every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months)

    def test_declining(self):
        self.assertEqual(self.regular(), "stable")
        low = (7000, 7000)
        self.assertEqual(self.regular(y2026_07=low, y2026_08=low, y2026_09=low), "declining")
        self.assertEqual(
            {
                name: self.trace[name]
                for name in ("basis", "from", "to", "now", "year", "before", "half_now", "half_year")
            },
            {
                "basis": "months",
                "from": "2026-07-01",
                "to": "2026-09-01",
                "now": 21000,
                "year": 30000,
                "before": 30000,
                "half_now": 51000,
                "half_year": 60000,
            },
        )

    def test_the_threshold_itself_counts(self):
        self.assertEqual(self.regular(y2026_09=(2500, 2500)), "declining", "22,500 of 30,000")
        self.assertEqual(self.regular(y2026_09=(2500.01, 2500.01)), "stable")
        self.assertEqual(self.regular(y2026_09=(17500, 17500)), "rising", "37,500 of 30,000")
        self.assertEqual(self.regular(y2026_09=(17499.99, 17499.99)), "stable")

    def test_a_month_that_is_not_over_does_not_count(self):
        months = monthly(date(2024, 1, 1), date(2026, 9, 1), y2026_09=(100, 100))
        days = every(30, 33, date(2026, 8, 31))
        self.assertEqual(self.judge(days, date(2026, 9, 29), months), "stable")
        self.assertEqual(self.judge(days, date(2026, 9, 30), months), "declining")

    def test_the_season_is_taken_into_account(self):
        high = (30000, 30000)
        summers = {f"y{year}_0{month}": high for year in (2024, 2025, 2026) for month in (7, 8, 9)}
        self.assertEqual(self.regular(**summers), "stable", "Three times the months before, as every summer")
        self.assertEqual((self.trace["half_now"], self.trace["half_year"]), (120000, 120000))
        # Against the months before it rose, against the summer before it fell.
        weak = dict.fromkeys(("y2026_07", "y2026_08", "y2026_09"), (20000, 20000))
        self.assertEqual(self.regular(**{**summers, **weak}), "declining")

    def test_a_quarter_that_the_one_before_makes_up_for_is_no_trend(self):
        summer = dict.fromkeys(("y2026_07", "y2026_08", "y2026_09"), (6000, 6000))
        months = ("y2026_04", "y2026_05", "y2026_06")
        # 18,000 after 30,000, and 12,000 more than a year before in the spring: 60,000 after 60,000.
        self.assertEqual(self.regular(**dict.fromkeys(months, (14000, 14000)), **summer), "stable")
        # 52,500 after 60,000 are half of 25 %.
        self.assertEqual(self.regular(**dict.fromkeys(months, (11500, 11500)), **summer), "declining")
        self.assertEqual(self.regular(**dict.fromkeys(months, (11500.01, 11500)), **summer), "stable")
        # A fall that began in the spring goes on, though summer was better than spring.
        self.assertEqual(self.regular(**dict.fromkeys(months, (4000, 4000)), **summer), "declining")

    def test_a_small_change_is_no_trend(self):
        months = monthly(date(2024, 1, 1), date(2026, 9, 1), y2026_09=(1000, 1000))
        days = every(30, 33, date(2026, 9, 20))
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, amount=9000.0), "declining")
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, amount=9000.01), "stable")

    def test_a_month_of_refunds_is_no_decline(self):
        # 19,000 were credited in August; as much was ordered as ever.
        self.assertEqual(self.regular(y2026_08=(-9000, 10000)), "stable")
        self.assertEqual((self.trace["reason"], self.trace["now"]), ("held", 11000))
        # Orders fell as well, and one job of 10,000 more would not mend it: 21,000 after 30,000.
        self.assertEqual(self.regular(y2026_08=(-9000, 0, 0)), "declining")

    def test_one_job_more_or_less_is_no_trend(self):
        none = (0, 0, 0)
        self.assertEqual(self.regular(y2026_09=none), "stable", "20,000, and the job of September may yet come")
        self.assertEqual(self.trace["reason"], "one_job")
        self.assertEqual(self.regular(y2026_08=none, y2026_09=none), "declining", "10,000 and one of 10,000: 20,000")
        # 12,000 and one of 10,000 are still too few, but not over six months: 62,000 after 60,000.
        low = (6000, 6000)
        self.assertEqual(self.regular(y2026_06=(20000, 20000), y2026_07=low, y2026_08=low, y2026_09=none), "stable")
        self.assertEqual(self.trace["reason"], "one_job")
        self.assertEqual(self.regular(y2026_09=(20000, 20000, 2)), "stable", "40,000, of which one is 10,000")
        # 50,000 in five jobs; 40,000 without one of them.
        self.assertEqual(self.regular(y2026_09=(30000, 30000, 3)), "rising")

    def test_a_month_of_refunds_a_year_before_is_no_rise(self):
        self.assertEqual(self.regular(y2025_08=(-5000, 10000)), "stable")
        self.assertEqual((self.trace["reason"], self.trace["year"]), ("held", 15000))

    def test_a_year_before_that_is_below_nothing_is_not_compared(self):
        self.assertEqual(self.regular(y2025_08=(-50000, 10000)), "stable")
        self.assertEqual((self.trace["year"], self.trace["before"]), (-30000, 30000))
        self.assertNotIn("half_now", self.trace)
        low = (4000, 4000)
        self.assertEqual(self.regular(y2025_08=(-50000, 10000), y2026_08=low, y2026_09=low), "declining")

    def test_invoices_without_orders_count_alone(self):
        months = {month: (row[0], 0, 0) for month, row in monthly(date(2024, 1, 1), date(2026, 9, 1)).items()}
        months[date(2026, 9, 1)] = (1000, 0, 0)
        self.assertEqual(self.judge(every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months), "declining")

    def test_who_buys_seldom_is_compared_by_whole_years(self):
        days = [date(year, month, 10) for year in (2024, 2025, 2026) for month in (1, 5, 9)]
        months = {day.replace(day=1): (10000, 10000, 1) for day in days}
        self.assertEqual(self.judge(days, date(2026, 9, 30), months), "stable")
        self.assertEqual(self.trace["basis"], "years")
        months[date(2026, 5, 1)] = months[date(2026, 9, 1)] = (5000, 5000, 1)
        # 20,000 after 30,000.
        self.assertEqual(self.judge(days, date(2026, 9, 30), months), "declining")

    # Books

    def test_books_that_begin_late_compare_with_what_they_hold(self):
        months = monthly(date(2025, 10, 1), date(2026, 9, 1), y2026_08=(1000, 1000), y2026_09=(7750, 7750))
        days = every(30, 12, date(2026, 9, 20))
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, Books(date(2025, 10, 1))), "declining")
        self.assertEqual((self.trace["now"], self.trace["before"]), (18750, 30000), "37.5 %, where season is unknown")
        months[date(2026, 9, 1)] = (7751, 7751, 1)
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, Books(date(2025, 10, 1))), "stable")
        self.assertNotIn("year", self.trace)
        # The first month of the books may have begun in its middle: April is not compared.
        months = monthly(date(2026, 4, 1), date(2026, 9, 1), y2026_08=(1000, 1000), y2026_09=(1000, 1000))
        self.assertEqual(self.judge(days[-6:], date(2026, 9, 30), months, Books(date(2026, 4, 1))), "stable")
        self.assertEqual(self.trace["reason"], "unknown")
        self.assertEqual(self.judge(days[-6:], date(2026, 9, 30), months, Books(date(2026, 3, 1))), "declining")

    def test_a_customer_who_came_within_a_year_is_not_compared_with_before_it_came(self):
        days = every(30, 10, date(2026, 9, 20))
        months = monthly(date(2025, 12, 1), date(2026, 9, 1))
        self.assertEqual(self.judge(days, date(2026, 9, 30), months), "stable")
        self.assertNotIn("year", self.trace)
        self.assertEqual(self.trace["before"], 30000)

    def test_a_hole_in_the_books(self):
        counts = {date(2026, month, 1): 8 for month in (1, 2, 3, 6, 7)}
        self.assertEqual(Books.of(counts, date(2026, 5, 31), 5).holes, (), "Nobody knows yet that it ends")
        books = Books.of(counts, date(2026, 6, 30), 5)
        self.assertEqual(books, (date(2026, 1, 1), (date(2026, 4, 1), date(2026, 5, 1))))
        self.assertEqual(Books.of(counts, date(2026, 6, 30), 9).holes, (), "Too few customers to say")
        self.assertEqual(Books.of({}, date(2026, 6, 30), 5), (None, ()))
        # A rhythm of 30 days: April and May are 61 days that nobody counts.
        days = every(30, 12, date(2026, 3, 20))
        self.assertEqual(books.add(date(2026, 3, 20), 30), date(2026, 6, 19))
        self.assertEqual(self.judge(days, date(2026, 7, 31), books=books._replace(first=date(2019, 1, 1))), "stable")
        self.assertEqual(self.judge(days, date(2026, 7, 31)), "lost")
        # 70 days of which 61 are in the hole: the rhythm is not disturbed either.
        self.assertEqual(books.count(date(2026, 3, 28), date(2026, 6, 6)), 9)

    def test_a_hole_of_before_counts_for_nothing_later(self):
        books = OLD_BOOKS._replace(holes=(date(2026, 4, 1),))
        self.assertEqual(books.add(date(2026, 5, 10), 30), date(2026, 6, 9))
        self.assertEqual(books.count(date(2026, 5, 10), date(2026, 6, 9)), 30)
        self.assertEqual(books.count(date(2026, 2, 10), date(2026, 3, 12)), 30)

    def test_who_buys_in_half_of_the_months_is_regular(self):
        begun, closed = date(2025, 9, 1), date(2026, 8, 1)
        rule = self.env["broker.trend.rule"]

        def is_regular(number, books=OLD_BOOKS, row=(1000, 1000, 1)):
            months = {shift_month(begun, step): row for step in range(number)}
            return rule._is_regular(begun, closed, months, books, NUMBERS)

        self.assertTrue(is_regular(6), "Of twelve since it came")
        self.assertFalse(is_regular(5))
        # Of ten, when nobody knows of two.
        self.assertTrue(is_regular(5, OLD_BOOKS._replace(holes=(date(2026, 7, 1), date(2026, 8, 1)))))
        self.assertFalse(is_regular(12, row=(0, 0, 0)), "It was called, and bought nothing")
        self.assertTrue(is_regular(12, row=(0, 0, 1)))
        self.assertTrue(is_regular(12, row=(500, 0, 0)))

    def test_months_in_a_hole_are_not_compared(self):
        hole = (date(2025, 8, 1),)
        self.assertFalse(OLD_BOOKS._replace(holes=hole).know([date(2025, 7, 1), date(2025, 8, 1)]))
        months = monthly(date(2024, 1, 1), date(2026, 9, 1), y2026_09=(22000, 22000))
        del months[date(2025, 8, 1)]
        self.judge(every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months, OLD_BOOKS._replace(holes=hole))
        self.assertNotIn("year", self.trace)
        self.assertEqual(self.trend, "rising", "Against the three months before")
