"""What the care officer of the demo firm does when the phone does not help, and when customers like to be called."""

from datetime import timedelta

from devtools.inside.demo.clock import at_hour

# (customer, from which hour, until which)
HOURS = (("heji", 14.0, 16.5), ("yikang", 9.5, 11.5), ("yunwen", 10.0, 12.0))
# On the last working day nobody picks up there, until the phone is given up.
UNREACHED = "laowu"
WRITTEN = "按话术发了微信，等回复"
AWAY_IN = 10  # days from today


class Calls:
    """Works the odd ends of the queue, each through the public methods and as its own person."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock

    def plan(self):
        for key, begin, end in HOURS:
            self.clock.at(at_hour(self.story.last_workday - timedelta(days=20), 9.2), self.learn, key, begin, end)
        self.clock.at(at_hour(self.story.last_workday, 15.8), self.reach_nobody, UNREACHED)
        self.clock.at(at_hour(self.story.last_workday, 16.5), self.go_away)

    def learn(self, key, begin, end):
        customer = self.firm.as_user(self.firm.officer, self.story.customer_file(key))
        customer.write({"preferred_from": begin, "preferred_to": end})

    def reach_nobody(self, key):
        """Call until the phone is given up; today the officer is to write."""
        customer = self.firm.as_user(self.firm.officer, self.story.customer_file(key))
        call = self.firm.as_user(self.firm.officer)["broker.care.call"].browse(
            customer.action_plan_care_call()["res_id"]
        )
        while call.step == "call" and call.state == "planned":
            call.action_log_attempt("no_answer")

    def write(self, call):
        """Write to a customer whom no call reached."""
        call.result_note = WRITTEN
        call.action_log_written("wechat")

    def go_away(self):
        """The owner takes down that the officer is at a training."""
        day = self.story.today + timedelta(days=AWAY_IN)
        self.firm.as_user(self.firm.owner)["broker.care.absence"].create(
            {
                "user_id": self.firm.officer.id,
                "company_id": self.firm.company.id,
                "date_from": day,
                "date_to": day + timedelta(days=1),
                "reason": "外训",
            }
        ).action_confirm()
