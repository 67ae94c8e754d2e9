"""What the customers of the demo firm ask, complain about and claim, and how the firm answers."""

import random
from datetime import timedelta

from devtools.inside.demo.clock import at_hour

# (kind, severity, title, words, cause, outcome, corrective action)
MATTERS = (
    (
        "complaint",
        "1",
        "名片裁切偏小",
        "客户量了二十张，每张短两毫米，急着下周展会用。",
        "printing_house",
        "补印 200 张，隔天送到，客户满意。",
        "打样时连成品尺寸一起核对。",
    ),
    ("enquiry", "0", "画册还能不能加印 100 本", "问加印的价格和交期，封面不变。", "", "报了价，客户下周定。", ""),
    (
        "claim",
        "2",
        "彩盒开槽处爆色",
        "五百只里大约八十只，客户发了照片，要求补印或退款。",
        "printing_house",
        "印刷厂承担补印，客户收货后确认。",
        "这款纸开槽前先过预压，写进工艺单。",
    ),
    (
        "complaint",
        "1",
        "送货晚了一天半",
        "约好周三上午，周四下午才到，仓库等了一天。",
        "carrier",
        "向客户道歉，运费减免。",
        "急件改走专车，提前一天确认车次。",
    ),
    ("enquiry", "1", "发票抬头能不能改", "新公司名下周启用，问这张订单怎么开。", "", "按新抬头开票。", ""),
    (
        "complaint",
        "2",
        "宣传单电话号码印错",
        "客户说校对时改过，印出来还是旧号码。",
        "service",
        "全部重印，旧的作废。",
        "改动后必须重新发一轮校样，口头改动不算。",
    ),
    (
        "complaint",
        "1",
        "报价里没有说运费另算",
        "客户以为含运费，收到账单才知道。",
        "sales",
        "这一次运费由公司承担。",
        "报价单模板加上运费一行。",
    ),
)
# How the newest ones stand today; hours ago in working time.
TODAY = (
    (0, "new", 1.5),
    (2, "working", 9),
    (5, "late", 40),
    (3, "waiting_customer", 12),
    (1, "solved", 6),
    (6, "arbitration", 14),
)


class Cases:
    """Opens cases on the story's clock, each through the public methods and as its own person."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.firm.root
        self.dice = random.Random("cases")

    def plan(self):
        for month in range(4, 18):
            for day in (self.dice.randint(2, 12), self.dice.randint(14, 26)):
                moment = self.story.month(month, day, self.dice.uniform(9.2, 16.5))
                self.clock.at(moment, self.happen, self.dice.randrange(len(MATTERS)))
        for number, how, hours in TODAY:
            self.clock.at(self.hours_ago(hours), self.happen_today, number, how)
        for days in range(2):
            self.clock.by_itself(at_hour(self.story.today - timedelta(days=days), 3.2), self.tell_late)

    def hours_ago(self, hours):
        """The working moment so many working hours before the story ends."""
        day, left = self.story.last_workday, hours
        while left >= 8:
            day = max(other for other in self.clock.workdays if other < day)
            left -= 8
        return self.clock.working(at_hour(day, 17.0 - left))

    def pick(self):
        """A job that was received lately and has no case yet."""
        jobs = self.root["sale.order"].search(
            [
                ("company_id", "=", self.firm.company.id),
                ("state", "=", "sale"),
                ("broker_case_ids", "=", False),
                ("broker_customer_id.service_user_id", "!=", False),
            ],
            order="broker_receipt_date desc nulls last, id desc",
            limit=12,
        )
        jobs = jobs.filtered(lambda job: job.broker_customer_id.service_user_id.active)
        return self.dice.choice(jobs) if jobs else jobs

    def open(self, number, **vals):
        job = self.pick()
        if not job:
            return job.broker_case_ids
        kind, severity, title, words, _cause, _outcome, _action = MATTERS[number]
        values = {
            "order_id": job.id,
            "kind": kind,
            "severity": severity,
            "title": title,
            "description": words,
            **vals,
        }
        agent = job.broker_customer_id.service_user_id
        return self.firm.as_user(agent)["broker.case"].create(values)

    # WHAT HAPPENED

    def happen(self, number):
        case = self.open(number)
        if not case:
            return
        if MATTERS[number][0] == "enquiry" and self.dice.random() < 0.7:
            # The agent knows the answer, and gives it on the phone.
            moment = self.clock.after_hours(self.clock.now, self.dice.uniform(0.1, 0.8))
            self.clock.at(moment, self.step, case, "action_solve")
            self.clock.at(self.clock.after_hours(moment, 1), self.close, case, number)
            return
        moment = self.clock.after_hours(self.clock.now, self.dice.uniform(0.3, 5))
        self.clock.at(moment, self.step, case, "action_answered")
        if MATTERS[number][4] == "printing_house":
            self.clock.at(self.clock.after_hours(moment, 0.5), self.step, case, "action_wait_printing_house")
            moment = self.clock.after_hours(moment, self.dice.uniform(6, 20))
            self.clock.at(moment, self.step, case, "action_work")
        moment = self.clock.after_hours(moment, self.dice.uniform(1, 18))
        self.clock.at(moment, self.step, case, "action_solve")
        self.clock.at(self.clock.after_hours(moment, 4), self.close, case, number)

    def handler(self, case):
        """The case as who answers for it handles it today."""
        case = case.with_env(self.root)
        return self.firm.as_user(case.user_id if case.user_id.login in self.firm.user else self.firm.owner, case)

    def step(self, case, action):
        if case.with_env(self.root).state not in ("solved", "closed"):
            getattr(self.handler(case), action)()

    def close(self, case, number):
        *_matter, cause, outcome, action = MATTERS[number]
        case = self.handler(case)
        case.write({"cause": cause, "outcome": outcome, "corrective_action": action})
        case.action_close()

    # TODAY

    def happen_today(self, number, how):
        case = self.open(number, **({"kind": "arbitration"} if how == "arbitration" else {}))
        if not case:
            return
        if how == "arbitration":
            self.handler(case).write(
                {
                    "sales_statement": "报价时在微信里说过运费另算，客服没有写进订单。",
                    "service_statement": "交接资料里没有这一条，订单是照资料做的。",
                }
            )
        elif how == "waiting_customer":
            case.action_wait_customer()
        elif how in ("working", "late", "solved"):
            case.action_answered()
            if how == "solved":
                moment = self.clock.after_hours(self.clock.now, 2)
                self.clock.at(moment, self.step, case, "action_solve")

    def tell_late(self):
        late = self.root["broker.case"]
        for mark, domain in late._get_breaches(self.root.cr.now()).items():
            late.search(domain)._escalate(mark)
