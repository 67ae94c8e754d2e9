"""Who was in touch with the demo firm's customers by phone, on WeChat and on visits, as people logged it."""

import random
from datetime import timedelta

from devtools.inside.demo import market
from devtools.inside.demo.clock import at_hour

# How often somebody of the role logs a contact: days, at least and at most.
RHYTHMS = {"sales": (14, 30), "service": (18, 45)}
# Customers of whom the salesperson has not logged anything for so many days.
NEGLECTED = {"minsu": 150, "huting": 95}
CHANNELS = {
    "sales": ("wechat", "wechat", "phone", "phone", "visit"),
    "service": ("wechat", "wechat", "wechat", "phone"),
}
NOTES = {
    "wechat": ("发了新版报价", "确认了交期", "客户发来新文件", "", "", "节日问候", "问下个月的印量"),
    "phone": ("催付款，答应月底", "纸价上涨，先打了招呼", "", "约下周见面", "问礼盒打样进度"),
    "visit": ("带了纸样本", "看了门店陈列", "认识了新来的采购", "一起看上机样"),
}
# What was logged on the last working day: (customer, channel, direction, hour, note).
TODAY = (
    ("heji", "visit", "both", 10.5, "带新的礼盒样，客户想看烫金"),
    ("yunwen", "wechat", "in", 11.2, "编辑部问加印最快几天"),
    ("yikang", "phone", "out", 14.4, "说明书批次号已确认"),
    ("mingde", "wechat", "out", 16.1, ""),
)


class Contacts:
    """Lets people log contacts on the story's clock, and gathers the others at night."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        # Here contacts were logged from the first day on, and silence counts.
        self.firm.company.broker_coverage_from = False

    def plan(self):
        for key in market.CUSTOMERS:
            for role, rhythm in RHYTHMS.items():
                dice = random.Random(f"contacts:{role}:{key}")
                first = self.clock.after_days(self.clock.start, dice.randint(5, 40), dice.uniform(9.2, 17))
                self.clock.at(first, self.meet, key, role, rhythm, dice)
        for key, channel, direction, hour, note in TODAY:
            self.clock.at(at_hour(self.story.last_workday, hour), self.log, key, "sales", channel, direction, note)
        for days in (7, 1, 0):
            self.clock.at(at_hour(self.story.today - timedelta(days=days), 1.0), self.gather)

    def meet(self, key, role, rhythm, dice):
        """A contact, and the next one after a while."""
        quiet = self.story.today - timedelta(days=NEGLECTED.get(key, 0))
        if role == "sales" and key in NEGLECTED and self.clock.now.date() > quiet:
            return
        channel = dice.choice(CHANNELS[role])
        direction = "both" if channel == "visit" else dice.choice(("out", "out", "in"))
        self.log(key, role, channel, direction, dice.choice(NOTES[channel]))
        days = dice.randint(*rhythm)
        self.clock.at(
            self.clock.after_days(self.clock.now, days, dice.uniform(9.2, 17.5)), self.meet, key, role, rhythm, dice
        )

    def log(self, key, role, channel, direction, note):
        """Somebody logs a contact, where there is a customer file and somebody in the role."""
        customer = self.story.customer_file(key)
        user = self.story.salesperson(key) if role == "sales" else customer.service_user_id.filtered("active")
        if not customer or not user:
            return
        self.firm.as_user(user)["broker.contact"].create(
            {
                "customer_id": customer.id,
                "partner_id": self.story.contact[key].id,
                "channel": channel,
                "direction": direction,
                "note": note,
            }
        )

    def gather(self):
        """What the night brings in of itself."""
        for _handled in self.firm.root["broker.contact"]._gather(self.firm.company):
            pass
