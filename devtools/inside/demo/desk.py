"""What the demo firm's service desk lives through: agents who are presented, jobs given back, questions gone astray."""

import random
from datetime import timedelta

from devtools.inside.demo.clock import at_hour

SEED = 20190307
INTRODUCED_IN_TIME = 0.85
GIVEN_BACK = (7, 19)  # the acceptances after which service finds that something is missing after all
GIVEN_BACK_REASON = "打样时发现尺寸与合同不符，请与客户确认后再交。"
SETTLED_NOTE = "客户已确认，资料补到文件夹里了。"
# (customer, month of the story, hour): an older customer's repeat order is handed over by hand
REPEATS = (("heji", 9), ("yikang", 12), ("lanyue", 14))
# (customer, month, what is asked, what the salesperson does: 'pass' on, 'answer' alone)
QUESTIONS = (
    ("heji", 5, "样稿什么时候能看？", "pass"),
    ("yunwen", 6, "加印的书封面纸还是原来那款吗？", "pass"),
    ("mingde", 7, "练习册能分校区送吗？", "pass"),
    ("yikang", 8, "说明书的批号印在哪一面？", "pass"),
    ("lanyue", 9, "彩盒为什么晚了两天？", "answer"),
    ("qingtan", 9, "杯套的颜色偏深，下批能调吗？", "pass"),
    ("futian", 10, "礼盒还要多少天？", "pass"),
    ("heji", 11, "发票抬头换了，能重开吗？", "pass"),
    ("chunhe", 12, "纸箱能不能先送一半？", "pass"),
    ("anju", 13, "传单送到哪个门了？", "answer"),
    ("yunwen", 14, "作者样书寄出了没有？", "pass"),
    ("faxian", 14, "海报加急要加多少钱？", "pass"),
    ("minsu", 15, "画册的烫金能先看样吗？", "pass"),
    ("yikang", 16, "新标签赶得上出口的船期吗？", "pass"),
    ("huting", 16, "菜单能改两个字吗？", "pass"),
)
# Asked on the last working day: (customer, what is asked, passed on already?)
LAST_QUESTIONS = (("yunwen", "校样第三页图片糊了，换一张可以吗？", True), ("heji", "月饼盒样品今天能到吗？", False))


class Desk:
    """Plans the events around the handoffs, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root
        self.dice = random.Random(f"{SEED}:desk")
        self.accepted = 0
        # Nobody is to be mailed about the past: they were told by WeChat.
        self.firm.company.broker_introduction_mail = False

    def plan(self):
        for key, month in REPEATS:
            self.clock.at(self.story.month(month, self.dice.randint(8, 25), 11.0), self.hand_over_repeat, key)
        for key, month, text, course in QUESTIONS:
            moment = self.story.month(month, self.dice.randint(5, 25), self.dice.uniform(9.3, 16))
            self.clock.at(moment, self.ask, key, text, course)
        for number, (key, text, is_passed) in enumerate(LAST_QUESTIONS):
            moment = at_hour(self.story.last_workday, 16.2 + number / 10)
            self.clock.at(moment, self.ask, key, text, "leave" if is_passed else "open")
        self.clock.by_itself(at_hour(self.story.last_workday, 17.7), self.look_again)

    # AFTER AN ACCEPTANCE

    def after_accept(self, handoff):
        """The customer is told and hears from the agent; twice a job comes back."""
        self.accepted += 1
        if handoff.needs_introduction:
            soon = self.clock.after_hours(self.clock.now, self.dice.uniform(0.1, 1.5))
            self.clock.at(soon, self.introduce, handoff)
            in_time = self.dice.random() < INTRODUCED_IN_TIME
            hours = self.dice.uniform(1, 6) if in_time else self.dice.uniform(12, 30)
            self.clock.at(self.clock.after_hours(self.clock.now, hours), self.speak, handoff)
        for item in handoff.item_ids.filtered(lambda item: item.answer == "unknown"):
            self.clock.at(self.clock.working(at_hour(item.settle_by, 9.5)), self.settle, item)
        if self.accepted in GIVEN_BACK:
            self.clock.at(self.clock.after_hours(self.clock.now, 6), self.give_back, handoff)

    def introduce(self, handoff):
        if handoff.sender_id.active:
            self.firm.as_user(handoff.sender_id, handoff).action_mark_introduced()

    def speak(self, handoff):
        if handoff.receiver_id.active:
            self.firm.as_user(handoff.receiver_id, handoff).action_log_first_contact()

    def settle(self, item):
        handoff = item.handoff_id
        # The newest ones are still open when the story ends.
        if item.settled_at or handoff.state != "accepted" or self.clock.now > self.clock.end - timedelta(days=2):
            return
        user = handoff.sender_id if handoff.sender_id.active else self.firm.owner
        own = self.firm.as_user(user, item)
        if own.has_access("write"):
            own.settled_note = SETTLED_NOTE
            own.action_settle()

    def give_back(self, handoff):
        jobs = handoff.order_ids.filtered(lambda order: order.state == "sale")
        if handoff.state != "accepted" or not handoff.receiver_id.active or all(jobs.mapped("broker_receipt_date")):
            return
        wizard = self.firm.as_user(handoff.receiver_id)["broker.handoff.return"].create(
            {
                "handoff_id": handoff.id,
                "item_ids": handoff.item_ids.filtered(lambda item: item.check_method == "manual")[:1].ids,
                "reason": GIVEN_BACK_REASON,
            }
        )
        wizard.action_return()
        self.clock.at(self.clock.after_hours(self.clock.now, 3), self.story.submit, handoff)

    # REPEAT ORDERS

    def hand_over_repeat(self, key):
        job = self.find_job(key, [("broker_handoff_id", "=", False), ("opportunity_id", "=", False)])
        salesperson = self.story.salesperson(key)
        if job and salesperson:
            self.firm.as_user(salesperson, job).action_broker_hand_over()
            handoff = job.broker_handoff_id
            self.clock.at(self.clock.after_hours(self.clock.now, 1), self.story.submit, handoff)

    def find_job(self, key, domain=()):
        """The customer's newest job that is under way."""
        customer = self.story.customer_file(key)
        return self.root["sale.order"].search(
            [("broker_customer_id", "=", customer.id), ("state", "=", "sale"), *domain], order="id desc", limit=1
        )

    # QUESTIONS

    def ask(self, key, text, course):
        """The customer asks on the job; the salesperson passes it on, or knows the answer."""
        job = self.find_job(key)
        salesperson = self.story.salesperson(key)
        if not job or not salesperson:
            return
        self.root["mail.message"].create(
            {
                "model": job._name,
                "res_id": job.id,
                "author_id": self.story.contact[key].id,
                "body": text,
                "date": self.clock.to_utc(self.clock.now),
                "message_type": "comment",
                "subtype_id": self.root.ref("mail.mt_comment").id,
            }
        )
        if course in ("pass", "leave"):
            self.clock.at(
                self.clock.after_hours(self.clock.now, self.dice.uniform(0.1, 0.8)), self.pass_on, job, course
            )
        elif course == "answer":
            self.clock.at(self.clock.after_hours(self.clock.now, 0.5), self.answer, job, salesperson)

    def pass_on(self, job, course):
        salesperson = job.broker_customer_id.user_id
        own = self.firm.as_user(salesperson, job)
        if not salesperson.active or not own.broker_question_user_id:
            return
        receiver = own.broker_question_user_id
        own.action_broker_pass_question()
        if course == "pass":
            moment = self.clock.after_hours(self.clock.now, self.dice.lognormvariate(0, 0.8))
            self.clock.at(moment, self.answer, job, receiver)

    def answer(self, job, user):
        own = self.firm.as_user(user, job)
        if user.active and own.has_access("read") and own.broker_question_id:
            own.action_broker_question_answered()

    # TODAY

    def look_again(self):
        """The desk is looked at before the story ends: what falls due today is on it."""
        self.root["broker.handoff"]._cron_remind_unknown()
