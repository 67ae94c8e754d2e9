"""How the demo firm meets about customers who decline: the cause, what is done, and who does it."""

import random
from datetime import timedelta

from devtools.inside.demo.clock import at_hour

BEGINS = 6  # as the nights of insight
# cause: (what was found, [(who, what is done)])
FINDINGS = {
    "quality": (
        "两批彩盒爆色，客户收货时没说，下一单就给了别家。采购只看单价，没有看纸。",
        (("service", "带新打样上门，当面道歉并确认用纸"), ("operations", "换一家印刷厂试印彩盒，先过预压")),
    ),
    "late": (
        "三单晚了两天以上，客户的仓库等着发货。急件排在常规单后面。",
        (("operations", "给这家客户的急件留机台，周三前定下来"), ("service", "每单发货前一天电话确认到货时间")),
    ),
    "price": (
        "丢掉的两个报价都高出一成左右，客户在比价，量没有变。",
        (("sales", "按年用量重新报价，分三档"), ("operations", "找两家印刷厂比开机费")),
    ),
    "contact": (
        "业务员两个多月没联系，客户换了采购，新采购不认识我们。",
        (("sales", "本周拜访新采购，带上去年的样品"), ("care", "两周后回访，问拜访得怎样")),
    ),
    "own_demand": (
        "客户自己的新品推迟，其他家的单也停了，不是我们的问题。",
        (("sales", "问清新品时间，提前两个月报价"),),
    ),
}
FOLLOW = ("own_demand", "contact", "price")


class Reviews:
    """Lets the people of declining customers meet on the story's clock, each as themselves."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root
        self.dice = random.Random("reviews")
        self.firm.company.broker_review_user_id = self.firm.owner

    def plan(self):
        for month in range(BEGINS, 18):
            self.clock.at(self.story.month(month, 3, 10.0), self.meet)
            self.clock.at(self.story.month(month, 9, 17.0), self.agree)
            self.clock.at(self.story.month(month, 22, 16.0), self.work)
        # Today one has just begun, one waits for its meeting, and the others go on.
        days = [day for day in self.clock.workdays if day < self.story.today]
        self.clock.at(at_hour(days[-4], 16.0), self.open_by_hand, 1)
        self.clock.at(at_hour(days[-2], 16.5), self.meet)
        self.clock.at(at_hour(days[-1], 16.5), self.open_by_hand, 2)

    def find(self, *states):
        return self.root["broker.review"].search(
            [("company_id", "=", self.firm.company.id), ("state", "in", states)], order="id"
        )

    def as_owner(self, review):
        return self.firm.as_user(self.firm.owner, review).with_context(no_mail_to_attendees=True)

    def meet(self):
        """The owner books the first hour that suits everybody."""
        for review in self.find("new"):
            start = review._find_meeting_start(review._get_participants(), 1.0)
            if start:
                self.as_owner(review)._book_meeting(start, 1.0)

    def agree(self):
        """They have met: the cause is named, and everybody knows what to do."""
        for review in self.find("planned"):
            if review._is_meeting_ahead():
                continue
            cause = review.cause if review.cause in FINDINGS else self.dice.choice(FOLLOW)
            note, measures = FINDINGS[cause]
            mine = self.as_owner(review)
            mine.write({"cause": cause, "cause_note": note})
            for role, name in measures:
                person = review[f"{role}_user_id"] or self.firm.owner
                day = (self.clock.now + timedelta(days=self.dice.randint(7, 15))).date()
                self.root["broker.review.measure"].create(
                    {"review_id": review.id, "name": name, "user_id": person.id, "date": day}
                )
            mine.action_agree()

    def work(self):
        """Most of what was agreed is done."""
        for measure in self.find("agreed").measure_ids.filtered(lambda measure: not measure.done_on):
            if self.dice.random() < 0.8 and measure.user_id in self.firm.environments:
                self.firm.as_user(measure.user_id, measure).action_done()

    def open_by_hand(self, wanted):
        """The owner sees a customer decline and does not wait for the night, where too few are looked at."""
        if len(self.find("new", "planned")) >= wanted:
            return
        reviewed = self.find("new", "planned", "agreed", "following").customer_id
        customers = self.root["broker.customer"].search(
            [
                ("company_id", "=", self.firm.company.id),
                ("trend", "in", ("declining", "lost")),
                ("id", "not in", reviewed.ids),
            ],
            order="tier_rank desc, id",
            limit=1,
        )
        for customer in customers:
            self.firm.as_user(self.firm.owner, customer).action_open_review()
