from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache
from math import ceil
from statistics import median
from typing import NamedTuple

from odoo import api, models

_QUARTER, _YEAR = 3, 12


class TrendNumbers(NamedTuple):
    """A company's thresholds, see `broker.company.trend.mixin`."""

    fall_percent: int
    rise_percent: int
    amount: float
    young_times: float
    new_months: int
    books_months: int
    recovered_months: int
    rhythm_jobs: int
    lost_times: float
    lost_min_days: int
    lost_max_days: int
    single_days: int
    season_days: int
    regular_months: int
    gap_customers: int
    digits: int


class Sums(NamedTuple):
    """What some months come to."""

    revenue: float
    ordered: float
    jobs: float


class Wait(NamedTuple):
    """What is expected of a customer after a purchase, and until when."""

    gap: int | None
    expected: date | None
    late_after: date | None
    lost_after: date
    season: tuple | None


@lru_cache(maxsize=4096)
def shift_month(month, number):
    """Return the first day of the month so many months later, or earlier when negative."""
    index = month.year * _YEAR + month.month - 1 + number
    return date(index // _YEAR, index % _YEAR + 1, 1)


def shift_day(day, months):
    """Return the same day so many months later; the month's last where it is too short."""
    first = shift_month(day, months)
    last = shift_month(first, 1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def get_closed_month(day):
    """Return the first day of the last month that was over when a day had passed."""
    return shift_month(day + timedelta(days=1), -1)


@lru_cache(maxsize=4096)
def _get_window(closed, back, length):
    """Return so many months up to a number of months before a month, the last one first."""
    return tuple(shift_month(closed, -back - step) for step in range(length))


class Books(NamedTuple):
    """From when on the firm's books say what was bought, and where they have holes.

    Days in a hole are days on which nobody knows: they are counted for nobody's silence.
    """

    first: date | None
    holes: tuple = ()

    @classmethod
    def of(cls, counts, day, least):
        """Return the books as they are after a day.

        :param counts: {month: number of customers who bought in it}, of the whole firm
        :param day: what came later is not known
        :param least: how many customers bought before a hole, at least
        """
        months = sorted(month for month, number in counts.items() if number and month <= day)
        if not months:
            return cls(None)
        holes = []
        for before, after in zip(months, months[1:], strict=False):
            if counts[before] >= least:
                holes += [shift_month(before, step) for step in range(1, _count_months(before, after))]
        return cls(months[0], tuple(holes))

    def know(self, months):
        """Return whether the books say all of some months. The first may have begun in its middle."""
        if self.first is None or min(months) <= self.first:
            return False
        return not self.holes or not any(month in self.holes for month in months)

    def add(self, day, number):
        """Return the day so many known days after a day."""
        result = day + timedelta(days=number)
        for hole in self.holes:
            if day < hole <= result:
                result += shift_month(hole, 1) - hole
        return result

    def count(self, first, last):
        """Return how many known days lie between two days of purchase."""
        unknown = sum((shift_month(hole, 1) - hole).days for hole in self.holes if first < hole < last)
        return (last - first).days - unknown

    def count_gaps(self, days):
        """Return the known days between each two days of purchase that follow each other."""
        pairs = zip(days, days[1:], strict=False)
        if not self.holes:
            return [(last - first).days for first, last in pairs]
        return [self.count(first, last) for first, last in pairs]


def _count_months(first, last):
    return (last.year - first.year) * _YEAR + last.month - first.month


class BrokerTrendRule(models.AbstractModel):
    """Which way a customer goes: a pure function of what it bought until a day.

    Nothing is read from the database here, so that the trend of any day can be worked out
    and checked by hand. What is asked first: is the customer overdue by its own rhythm, has
    it come back, is it new; and only then whether its revenue moved.
    """

    _name = "broker.trend.rule"
    _inherit = ["broker.trend.explanation.mixin"]
    _description = "Trend: the Rule"

    @api.model
    def _get_numbers(self, company):
        """Return the `TrendNumbers` of a company."""
        names = [name for name in TrendNumbers._fields if name != "digits"]
        values = {name: company[f"broker_trend_{name}"] for name in names}
        return TrendNumbers(**values, digits=company.currency_id.decimal_places)

    @api.model
    def _judge(self, days, months, day, books, numbers):
        """Return the trend of a customer as of a day, and what it was decided by.

        :param days: sorted list of the `date` on which it bought; later ones are left out
        :param months: {first day of month: (revenue, ordered, number of jobs)}
        :param day: the `date`, which is over
        :param books: the firm's `Books` as of that day
        :param numbers: the company's `TrendNumbers`
        :return: (trend or False, dict of what fits into JSON)
        """
        days = days[: bisect_right(days, day)]
        if not days:
            return False, {}
        wait = self._get_wait(days, books, numbers)
        trace = self._trace_wait(days, wait)
        if day > wait.lost_after:
            return "lost", {**trace, "reason": "late" if wait.gap else "single"}
        if wait.late_after and day > wait.late_after:
            return "declining", {**trace, "reason": "late"}
        if pause := self._get_recovery(days, day, books, numbers):
            return "recovered", {**trace, "reason": "back", "pause": [str(bought) for bought in pause]}
        if self._is_new(days[0], day, books, numbers):
            return "new", {**trace, "reason": "new"}
        trend, figures = self._judge_figures(days[0], months, day, books, numbers)
        return trend, {**trace, **figures}

    @api.model
    def _get_next_day(self, days, day, trend, trace, numbers):
        """Return the first `date` after a day as of which a customer may be judged otherwise,
        though nothing becomes known of it that was not known on that day.

        :param days: sorted list of the `date` on which it bought, also of later ones
        :param trend: what it was judged as of the day
        :param trace: and by what
        """
        tomorrow = day + timedelta(days=1)
        # Another month is closed
        ends = [shift_month(tomorrow, 1) - timedelta(days=1)]
        index = bisect_right(days, day)
        ends += days[index : index + 1]
        for name in ("late_after", "lost_after"):
            if name in trace:
                ends.append(date.fromisoformat(trace[name]) + timedelta(days=1))
        if trend == "recovered":
            ends.append(max(shift_day(date.fromisoformat(trace["pause"][1]), numbers.recovered_months), tomorrow))
        elif trend == "new":
            ends.append(max(shift_day(days[0], numbers.new_months), tomorrow))
        return min(end for end in ends if end > day)

    # RHYTHM

    @api.model
    def _get_wait(self, days, books, numbers):
        """Return the `Wait` after the last of some days of purchase."""
        last = days[-1]
        if len(days) < numbers.rhythm_jobs:
            return Wait(None, None, None, books.add(last, numbers.single_days), None)
        gaps = books.count_gaps(days)
        gap = max(ceil(median(gaps)), 1)
        limit = round(min(max(numbers.lost_times * gap, numbers.lost_min_days), numbers.lost_max_days))
        expected = books.add(last, gap)
        season = self._get_season(days, gaps, gap + limit // 2, numbers)
        if season:
            expected = max(expected, shift_day(season[1], _YEAR))
        return Wait(gap, expected, books.add(expected, limit // 2), books.add(expected, limit), season)

    @api.model
    def _get_season(self, days, gaps, usual, numbers):
        """Return the pause, as two days of purchase, that the customer made from about the
        same day on a year before, or nothing.

        :param gaps: the known days between two of the days
        :param usual: a gap of so many days is nothing out of the ordinary
        """
        last = days[-1]
        found = [
            (days[index], days[index + 1])
            for index, gap in enumerate(gaps)
            if gap > usual and abs((shift_day(days[index], _YEAR) - last).days) <= numbers.season_days
        ]
        return max(found, key=lambda pause: pause[1], default=None)

    @api.model
    def _get_recovery(self, days, day, books, numbers):
        """Return the last pause, as two days of purchase, in which the customer was lost and
        from which it came back lately, or nothing."""
        since = shift_day(day, -numbers.recovered_months)
        least = min(numbers.lost_min_days, numbers.single_days)
        for index in range(len(days) - 1, 0, -1):
            if days[index] <= since:
                return None
            if (days[index] - days[index - 1]).days > least:
                wait = self._get_wait(days[:index], books, numbers)
                if days[index] > wait.lost_after:
                    return days[index - 1], days[index]
        return None

    @api.model
    def _is_new(self, first, day, books, numbers):
        """Return whether the customer bought for the first time lately, and the books reach
        back far enough to say so."""
        if first <= shift_day(day, -numbers.new_months):
            return False
        return books.first is not None and books.first <= shift_day(first, -numbers.books_months)

    @api.model
    def _trace_wait(self, days, wait):
        trace = {"jobs": len(days), "first_day": str(days[0]), "last_day": str(days[-1])}
        if wait.gap:
            trace |= {"gap": wait.gap, "expected": str(wait.expected), "late_after": str(wait.late_after)}
        if wait.season:
            trace["season"] = [str(bought) for bought in wait.season]
        return {**trace, "lost_after": str(wait.lost_after)}

    # REVENUE

    @api.model
    def _judge_figures(self, first, months, day, books, numbers):
        """Return the trend by revenue, and the figures.

        Who buys in most months: the last three closed months against the same a year before,
        which together with the three months before them must have gone half as far the same
        way; without a year before, against the three months before. Who buys seldom: the last
        twelve months against the twelve before. One job more or less is no trend.
        """
        closed = get_closed_month(day)
        begun = first.replace(day=1)
        regular = self._is_regular(begun, closed, months, books, numbers)
        length = _QUARTER if regular else _YEAR

        def get_sums(back):
            """Return revenue and orders of the months that ended so many months ago, where known."""
            window = _get_window(closed, back, length)
            if window[-1] < begun or not books.know(window):
                return None
            rows = [months[month] for month in window if month in months]
            columns = zip(*rows, strict=True) if rows else [(), (), ()]
            return Sums(*(round(float(sum(column)), numbers.digits) for column in columns))

        figures = {
            "reason": "figures",
            "basis": "months" if regular else "years",
            "from": str(shift_month(closed, 1 - length)),
            "to": str(closed),
        }
        now, year = get_sums(0), get_sums(_YEAR)
        before = get_sums(_QUARTER) if regular else None
        if not now or not (year or before):
            return "stable", {**figures, "reason": "unknown"}
        figures |= {"now": now.revenue, "ordered": now.ordered}
        if before:
            figures["before"] = before.revenue
        if year:
            figures["year"] = year.revenue
        # Season comes first; without a year before, the months before it stand alone.
        base = next((sums for sums in (year, before) if sums and sums.revenue > 0), None)
        if not base:
            return "stable", {**figures, "reason": "unknown"}
        figures["ordered_before"] = base.ordered
        half = None
        earlier = base is year and before and get_sums(_YEAR + _QUARTER)
        if earlier and year.revenue + earlier.revenue > 0:
            half = (now.revenue + before.revenue, year.revenue + earlier.revenue)
            figures |= {"half_now": round(half[0], numbers.digits), "half_year": round(half[1], numbers.digits)}
        if base is not year:
            # Nobody knows the season yet
            numbers = numbers._replace(
                fall_percent=min(numbers.young_times * numbers.fall_percent, 100),
                rise_percent=numbers.young_times * numbers.rise_percent,
            )
        trend = self._compare(now.revenue, base.revenue, half, numbers)
        if trend != "stable":
            if self._is_held(trend, now.ordered, base.ordered):
                # A credit note or a late invoice moves revenue, and not what the customer buys.
                return "stable", {**figures, "reason": "held"}
            job = self._get_one_job(now, base)
            half = half and (half[0] + job, half[1])
            if self._compare(now.revenue + job, base.revenue, half, numbers) != trend:
                return "stable", {**figures, "reason": "one_job"}
        return trend, figures

    @api.model
    def _get_one_job(self, now, base):
        """Return what the one job is worth that has yet to come, or that came sooner: a day
        earlier or later it would be another month's."""
        if now.jobs < base.jobs:
            return base.revenue / base.jobs
        if now.jobs > base.jobs:
            return -now.revenue / now.jobs
        return 0.0

    @api.model
    def _is_regular(self, begun, closed, months, books, numbers):
        """Return whether the customer buys in most months of the five quarters that are compared."""
        window = _get_window(closed, 0, _YEAR + _QUARTER)
        window = [month for month in window if month >= begun and month not in books.holes]
        rows = [months[month] for month in window if month in months]
        active = sum([bool(row[0] or row[2]) for row in rows])
        return bool(window) and active * _YEAR >= numbers.regular_months * len(window)

    @api.model
    def _compare(self, now, base, half, numbers):
        """Return the trend of an amount against a base.

        :param half: what the last six months come to and the same a year before, or None; a
            quarter that the one before makes up for is no trend
        """
        for trend, sign, percent in (
            ("declining", -1, numbers.fall_percent),
            ("rising", 1, numbers.rise_percent),
        ):
            move = sign * (now - base)
            if move <= 0 or move < numbers.amount or move * 100 < base * percent:
                continue
            if half and sign * (half[0] - half[1]) * 200 < half[1] * percent:
                continue
            return trend
        return "stable"

    @api.model
    def _is_held(self, trend, ordered, before):
        """Return whether what was ordered did not move the same way. Where nothing was
        ordered, invoices alone count."""
        if not ordered and not before:
            return False
        return ordered >= before if trend == "declining" else ordered <= before
