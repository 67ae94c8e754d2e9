"""The nights in which the demo firm learns about its customers: their months, trends, reviews and reports."""

from datetime import timedelta

from devtools.inside.demo.clock import at_hour

BEGINS = 6  # the month of the story in which the firm begins to look
NIGHT = 4.0


class Insight:
    """Plans the nights of insight, on the story's clock: on the first day of each month, and at the end daily."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root

    def plan(self, daily_days):
        day = self.story.month(BEGINS).date().replace(day=1)
        while day <= self.clock.end.date():
            if day.day == 1 or day > self.clock.end.date() - timedelta(days=daily_days):
                self.clock.by_itself(at_hour(day, NIGHT), self.night)
            day += timedelta(days=1)

    def night(self):
        for _handled in self.root["broker.insight.night"]._get_steps(self.firm.company):
            self.root.flush_all()
