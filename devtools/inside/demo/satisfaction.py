"""What the demo firm's customers answer besides scores by phone: by a link, about their job, and what they want."""

import random
from datetime import timedelta

from devtools.inside.demo import market
from devtools.inside.demo.clock import at_hour

COMMENTS = {
    2: ("交货又晚了一天，没人提前说", "同样的问题问了三遍"),
    3: ("还可以", "价格能再商量就好"),
    4: ("总体满意", "客服回复很快"),
    5: ("一直都很放心", "下次还找你们", ""),
}
WISHES = ("年底要印三千本台历，先给个价", "新品上市要一批手提袋", "想做一套带烫金的贺卡", "明年产品目录想换开本")
ELSEWHERE = ("一批名片，急用，楼下快印店印的", "不干胶标签，朋友介绍的厂，便宜一成")
# Days before the end at which a link still waits.
STILL_WAITING = 5


class Satisfaction:
    """Answers on the story's clock; the dice are its own, so that nothing else moves."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.firm.root
        self.dice = random.Random("satisfaction")

    def plan(self):
        self.clock.at(at_hour(self.story.last_workday + timedelta(days=1), 3.0), self.publish)

    def before_call(self, call, outcome):
        """The officer is about to log a call: types what the customer said, or sends a link."""
        if outcome == "reached":
            self.ask(call)
        elif outcome == "no_answer" and call.attempt_count and call.ask_rating and self.dice.random() < 0.7:
            self.send_link(call)

    def ask(self, call):
        dice, order = self.dice, call.asked_order_id
        if order and dice.random() < 0.4:
            told = dice.random()
            # One in forty knows another price than the order's.
            call.check_price = round(order.amount_total * (1.12 if told < 0.025 else 1), -1)
            if dice.random() < 0.6:
                call.check_user_id = order.user_id or call.salesperson_id
            if dice.random() < 0.5:
                elsewhere = dice.random() < 0.04
                call.printed_elsewhere = "yes" if elsewhere else "no"
                call.printed_elsewhere_note = elsewhere and dice.choice(ELSEWHERE)
        if dice.random() < 0.03:
            call.wish_heard = dice.choice(WISHES)

    def send_link(self, call):
        link = self.root["broker.rating.link"].browse(call.action_ask_by_link()["res_id"])
        is_last = self.clock.now.date() > self.story.last_workday - timedelta(days=STILL_WAITING)
        if not is_last and self.dice.random() < 0.65:
            moment = self.clock.now + timedelta(hours=self.dice.uniform(0.5, 60))
            self.clock.at(moment, self.answer, link)

    def answer(self, link):
        if link._get_refusal(self.root.ref("base.public_user")):
            return
        customer = market.CUSTOMERS[self.story.key_of[link.customer_id.partner_id.id]]
        moods = dict(zip(("sales", "service"), customer.mood, strict=True))
        scores = {role: min(5, max(2, round(self.dice.gauss(moods[role], 0.7)))) for role in link._get_asked_roles()}
        if scores:
            link._answer(scores, self.dice.choice(COMMENTS[min(scores.values())]))

    def publish(self):
        self.root["broker.rating.link"]._gc_expired()
        self.root["rating.rating"]._publish_broker_scores(self.firm.company)
