from bisect import bisect_right
from datetime import date, timedelta
from math import ceil
from statistics import median
from typing import NamedTuple

from odoo import api, models

from .broker_trend_figures_mixin import TrendNumbers, shift_day, shift_month

_YEAR = 12


class Wait(NamedTuple):
    """What is expected of a customer after a purchase, and until when."""

    gap: int | None
    expected: date | None
    late_after: date | None
    lost_after: date
    season: tuple | None
    pause: int | None


class BrokerTrendRule(models.AbstractModel):
    """Which way a customer goes: a pure function of what it bought until a day.

    Nothing is read from the database here, so that the trend of any day can be worked out
    and checked by hand. What is asked first: is the customer overdue by its own rhythm, has
    it come back, is it new; and only then whether its revenue moved.
    """

    _name = "broker.trend.rule"
    _inherit = ["broker.trend.explanation.mixin", "broker.trend.figures.mixin"]
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
        trend, figures = self._judge_months(days[0], months, day, books, numbers)
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
            return Wait(None, None, None, books.add(last, numbers.single_days), None, None)
        gaps = books.count_gaps(days)
        gap = max(ceil(median(gaps)), 1)
        limit = round(min(max(numbers.lost_times * gap, numbers.lost_min_days), numbers.lost_max_days))
        expected = books.add(last, gap)
        season = self._get_season(days, gaps, gap + limit // 2, numbers)
        if season:
            expected = max(expected, shift_day(season[1], _YEAR))
        half = limit // 2
        pause = self._get_long_pause(gaps, gap + limit)
        # Who buys irregularly is waited for longer, and no longer than anybody is.
        patience = min(round(numbers.pause_times * pause) - gap, numbers.lost_max_days // 2)
        if patience <= half:
            return Wait(gap, expected, books.add(expected, half), books.add(expected, limit), season, None)
        limit = max(limit, 2 * patience)
        return Wait(gap, expected, books.add(expected, patience), books.add(expected, limit), season, pause)

    @api.model
    def _get_long_pause(self, gaps, lost):
        """Return the days that nine in ten of a customer's pauses did not exceed, those in
        which it was lost left out.

        :param gaps: the known days between two days of purchase
        :param lost: a pause of more days is one of those
        """
        pauses = sorted(gap for gap in gaps if gap <= lost)
        return pauses[ceil(len(pauses) * 9 / 10) - 1] if pauses else 0

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
        if wait.pause:
            trace["pause_days"] = wait.pause
        if wait.season:
            trace["season"] = [str(bought) for bought in wait.season]
        return {**trace, "lost_after": str(wait.lost_after)}
