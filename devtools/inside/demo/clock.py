"""Time of the demo firm: a frozen clock that jumps from one event to the next, in the firm's working hours."""

import heapq
import itertools
from bisect import bisect_right
from contextlib import ExitStack, contextmanager
from datetime import datetime, time, timedelta
from unittest.mock import patch

import pytz
from freezegun import freeze_time

from odoo.exceptions import UserError


class Clock:
    """Events in their order, and the time that Odoo sees while one of them happens.

    Moments are naive local times of the firm; Odoo gets them in UTC.
    """

    def __init__(self, env, calendar, start, end):
        self.cr = env.cr
        self.zone = pytz.timezone(calendar.tz)
        self.start = start
        self.end = end
        intervals = calendar._work_intervals_batch(
            self.zone.localize(start), self.zone.localize(end + timedelta(days=400))
        )[False]
        self._spans = [(begin.replace(tzinfo=None), stop.replace(tzinfo=None)) for begin, stop, _meta in intervals]
        self._begins = [begin for begin, _stop in self._spans]
        self.workdays = sorted({begin.date() for begin in self._begins})
        self._heap = []
        self._counter = itertools.count()
        self.now = start
        self.refusals = []

    def at(self, moment, action, *arguments):
        """Let somebody do something at a moment; what lies behind the end never happens."""
        self._plan(moment, self._attempt, action, arguments)

    def by_itself(self, moment, action, *arguments):
        """Let happen what the server does by itself: it commits as it goes, and nobody may refuse it."""
        self._plan(moment, action, *arguments)

    def run(self):
        """Let everything happen in order, and give every moment at which something does."""
        with self._frozen() as move_to:
            while self._heap:
                self.now, _number, action, arguments = heapq.heappop(self._heap)
                move_to(self.to_utc(self.now))
                action(*arguments)
                yield self.now

    def _plan(self, moment, action, *arguments):
        if moment < self.end:
            heapq.heappush(self._heap, (max(moment, self.now), next(self._counter), action, arguments))

    def _attempt(self, action, arguments):
        """Let somebody act. Every day that the story ends on makes it another story, and now and then somebody in it
        asks for what is not allowed: that did not happen, as in life, and is told."""
        try:
            with self.cr.savepoint():
                action(*arguments)
        except UserError as error:
            self.refusals.append(f"{self.now:%Y-%m-%d %H:%M} {action.__qualname__}: {error}")
            print(f"Refused: {self.refusals[-1]}", flush=True)

    def to_utc(self, moment):
        return self.zone.localize(moment).astimezone(pytz.UTC).replace(tzinfo=None)

    @contextmanager
    def _frozen(self):
        with ExitStack() as stack:
            # One freeze for the whole: starting one looks through every loaded module.
            frozen = stack.enter_context(freeze_time(self.to_utc(self.now)))
            # What Odoo writes as the time of creation comes from the database's clock.
            stack.enter_context(patch.object(self.cr, "now", datetime.utcnow))
            yield frozen.move_to

    # WORKING TIME

    def working(self, moment):
        """The first working moment that is not before a moment."""
        position = bisect_right(self._begins, moment)
        if position and moment < self._spans[position - 1][1]:
            return moment
        return self._begins[position]

    def after_hours(self, moment, hours):
        """The moment some working hours after another."""
        moment = self.working(moment)
        left = timedelta(hours=hours)
        position = bisect_right(self._begins, moment) - 1
        while True:
            stop = self._spans[position][1]
            if moment + left < stop:
                return moment + left
            left -= stop - moment
            position += 1
            moment = self._begins[position]

    def after_days(self, moment, days, hour=None):
        """A working moment some calendar days after another.

        :param hour: of the day, with a fraction; the same hour when left out
        """
        day = moment.date() + timedelta(days=days)
        clock = moment.time() if hour is None else (datetime.min + timedelta(hours=hour)).time()
        return self.working(datetime.combine(day, clock))


def at_hour(day, hour):
    """A moment of a day; the hour may have a fraction."""
    return datetime.combine(day, time()) + timedelta(hours=hour)
