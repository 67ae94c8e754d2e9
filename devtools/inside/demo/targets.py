"""What the people of the demo firm have to reach each month: the owner starts it, the nights count."""

from dateutil.relativedelta import relativedelta

from devtools.inside.demo.clock import at_hour

MONTHS = 3  # so many months before the present one the owner starts them
NIGHT = 4.5  # after the night of insight
# Per cent of what people did on average in the months before, rounded to so many.
STRETCH = 110
MONEY_STEP = 1000
# What one person alone has to reach, by the owner's hand.
OWN_TARGET = ("wang", "new_customer", 3)


class Targets:
    """Plans the targets, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root
        self.challenges = [
            self.root.ref(f"print_broker_crm.gamification_challenge_{role}") for role in ("sales", "service", "care")
        ]

    def plan(self):
        first = self.story.today.replace(day=1) - relativedelta(months=MONTHS)
        self.clock.at(self.clock.working(at_hour(first, 9.5)), self.start)
        closing = self.firm.company.broker_target_close_days + 2
        for number in range(1, MONTHS + 1):
            month = first + relativedelta(months=number)
            for day in (1, closing):
                self.clock.by_itself(at_hour(month.replace(day=day), NIGHT), self.night)
        self.clock.by_itself(at_hour(self.story.today, NIGHT), self.night)

    def start(self):
        """The owner asks a little more than people did before, and starts."""
        today = self.clock.now.date()
        for challenge in self.challenges:
            challenge._recompute_challenge_users()
            people = challenge.user_ids.filtered("active")
            for line in challenge.line_ids.filtered(lambda line: line.definition_id.monetary):
                kind = line.definition_id.broker_kind
                totals = self.root["broker.target.event"]._get_totals(
                    self.firm.company, [kind], people, today - relativedelta(months=3, day=1), today.replace(day=1)
                )
                average = float(sum(total for total, _average, _count in totals.values())) / 3 / (len(people) or 1)
                wanted = max(average * STRETCH / 100, MONEY_STEP)
                line.target_goal = round(wanted / MONEY_STEP) * MONEY_STEP
            challenge.action_start()
        login, kind, wanted = OWN_TARGET
        self.root["gamification.goal"].search(
            [("user_id", "=", self.firm.user[login].id), ("broker_kind", "=", kind)]
        ).with_user(self.firm.owner).target_goal = wanted

    def night(self):
        """What Odoo's daily job does with these challenges."""
        for challenge in self.challenges:
            challenge._update_all()
