from datetime import date, timedelta
from functools import lru_cache
from statistics import median
from typing import NamedTuple

from odoo import api, models

_QUARTER, _YEAR = 3, 12


class TrendNumbers(NamedTuple):
    """A company's thresholds, see `broker.company.trend.mixin`."""

    fall_percent: int
    rise_percent: int
    amount: float
    agree_months: int
    chance_times: float
    young_times: float
    new_months: int
    books_months: int
    recovered_months: int
    rhythm_jobs: int
    lost_times: float
    lost_min_days: int
    lost_max_days: int
    pause_times: float
    single_days: int
    season_days: int
    regular_months: int
    gap_customers: int
    digits: int


# The thresholds without what steadies the trend: a decline needs no months that agree, no size
# beyond chance, and nobody is waited for longer.
UNSTEADIED = {"agree_months": 1, "chance_times": 0.0, "pause_times": 0.0}


class Sums(NamedTuple):
    """What some months come to."""

    revenue: float
    ordered: float
    jobs: float


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


class BrokerTrendFiguresMixin(models.AbstractModel):
    """Whether a customer's revenue moved, and by more than a broker's customers do by chance."""

    _name = "broker.trend.figures.mixin"
    _description = "Trend: Revenue"

    @api.model
    def _judge_months(self, first, months, day, books, numbers):
        """Return the trend by revenue as the last closed months agree upon it, and the
        figures of the last: whoever buys in jobs now larger, now smaller has a weak quarter
        now and then, and one that lasts is seen again when another month is closed.

        :param first: the first `date` of purchase
        """
        closed = get_closed_month(day)
        trend, figures = self._judge_figures(first, months, closed, books, numbers)
        for back in range(1, numbers.agree_months if trend != "stable" else 1):
            earlier, _figures = self._judge_figures(first, months, shift_month(closed, -back), books, numbers)
            if earlier != trend:
                return "stable", {**figures, "reason": "alone", "agree": numbers.agree_months}
        return trend, figures

    @api.model
    def _judge_figures(self, first, months, closed, books, numbers):
        """Return the trend by revenue as one closed month shows it, and the figures.

        Who buys in most months: the last three closed months against the same a year before,
        which together with the three months before them must have gone half as far the same
        way; without a year before, against the three months before. Who buys seldom: the last
        twelve months against the twelve before. One job more or less is no trend, nor what
        is smaller than the differences that the customer's months have anyhow.
        """
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
            usual = self._get_usual_difference(begun, closed, length, months, numbers)
            if abs(now.revenue - base.revenue) < numbers.chance_times * usual:
                return "stable", {**figures, "reason": "chance", "usual": usual, "times": numbers.chance_times}
        return trend, figures

    @api.model
    def _get_usual_difference(self, begun, closed, length, months, numbers):
        """Return by how much a month with revenue usually differs from the next such month,
        in the year before the months that are judged: what is chance with this customer.

        The middle one of these differences is about one standard deviation of a month, as on
        a control chart; a quarter varies against another by 2.4 of them, and so do two years
        in which somebody buys three times each. One huge job moves two of the differences
        and so not the middle one. Money given back says nothing of what is bought, and two
        months nothing of what is usual.
        """
        window = [month for month in _get_window(closed, length, _YEAR) if month >= begun and month in months]
        amounts = [float(months[month][0]) for month in window if months[month][0] > 0]
        if len(amounts) < _QUARTER:
            return 0.0
        steps = [abs(after - before) for after, before in zip(amounts, amounts[1:], strict=False)]
        return round(median(steps), numbers.digits)

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
