"""What the demo firm's customers want beside what they order, and how the firm turns to them together."""

from datetime import timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo.exceptions import UserError
from odoo.fields import Command

from devtools.inside.demo.clock import at_hour


class Wanted(NamedTuple):
    """What a customer says it wants, and in which month of the story."""

    key: str
    month: int
    login: str
    kind: str
    name: str
    product_type: str


WANTED = (
    Wanted("yueyan", 15, "wang", "stated", "想做一批中秋礼盒送会员，先看样", "rigid_box"),
    Wanted("huting", 16, "wang", "stated", "婚宴伴手礼盒，烫金加内托", "rigid_box"),
    Wanted("chunhe", 16, "zhao", "latent", "样品寄送想换成翻盖礼盒", "rigid_box"),
    Wanted("shanyin", 15, "zhao", "stated", "替客户找能做小批量礼盒的厂", "rigid_box"),
    Wanted("boya", 16, "wang", "stated", "校历想改成台历，每班一本", "calendar"),
    Wanted("renxin", 17, "wang", "individual", "台历要印门店电话和预约二维码", "calendar"),
    Wanted("xinguang", 16, "zhao", "stated", "不干胶标签要耐冷藏", "label"),
    Wanted("qingtan", 17, "wang", "individual", "杯套标签做四季四款", "label"),
)
# What was heard before is of a kind of product too: (a part of the need's text, product type).
TYPES = (
    ("礼盒", "rigid_box"),
    ("内托", "rigid_box"),
    ("样书", "book"),
    ("加印", "book"),
    ("说明书", "leaflet"),
    ("出口包装", "folding_box"),
    ("彩盒", "folding_box"),
    ("练习册", "book"),
    ("菜单", "leaflet"),
)
WISHES = (
    ("想给老客户做一批新年台历，十二月中旬要", "calendar"),
    ("门店开业要五百个手提袋，问价", "bag"),
)
WAKE = "六周没下单的老客户：问候与打样"
WAKE_MESSAGE = "好久没合作了，最近有没有新项目？我们可以先免费打一份样。"
SEASON = "明年台历挂历：去年做过、今年还没做"
SEASON_MESSAGE = "去年这个时候您做了台历，今年的图片定了吗？十二月十日前定稿可以年前到货。"
QUIET_DAYS = 42
HELD_BACK = 30
CALLED = 4


class Campaigns:
    """Plans needs, wishes and campaigns on the story's clock; choosing and counting is the product's own."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root

    def plan(self):
        for number, wanted in enumerate(WANTED):
            self.clock.at(self.story.month(wanted.month, 3 + number, 10.6), self.hear, wanted)
        self.clock.at(self.story.month(14, 5, 9.4), self.wake)
        last = self.story.last_workday
        self.clock.at(at_hour(last - timedelta(days=3), 15.7), self.wish)
        self.clock.at(at_hour(last, 9.2), self.classify)
        self.clock.at(at_hour(last, 9.6), self.remind_of_season)
        self.clock.at(at_hour(last, 17.4), self.offer)

    def product_type(self, name):
        return self.root.ref(f"print_broker_crm.broker_product_type_{name}")

    def owned(self, model):
        return self.firm.as_user(self.firm.owner)[model].with_company(self.firm.company)

    # WHAT CUSTOMERS WANT

    def hear(self, wanted):
        customer = self.story.customer_file(wanted.key)
        if not customer:
            return
        user = self.firm.user[wanted.login]
        if not user.active or not self.firm.as_user(user, customer).has_access("read"):
            # Somebody else serves the customer by now, and hears it instead.
            user = self.story.salesperson(wanted.key) or self.firm.owner
        self.firm.as_user(user)["broker.need"].create(
            {
                "customer_id": customer.id,
                "kind": wanted.kind,
                "name": wanted.name,
                "contact_id": self.story.contact[wanted.key].id,
                "date_heard": self.clock.now.date(),
                "product_type_id": self.product_type(wanted.product_type).id,
            }
        )

    def classify(self):
        """Somebody goes through the needs and says of what kind of product they are."""
        for need in self.owned("broker.need").search([("product_type_id", "=", False)]):
            for part, name in TYPES:
                if part in need.name:
                    need.product_type_id = self.product_type(name)
                    break
        elsewhere = [("printed_elsewhere", "=", "yes"), ("elsewhere_product_type_id", "=", False)]
        for call in self.owned("broker.care.call").search(elsewhere):
            call.elsewhere_product_type_id = self.product_type("brochure")

    def wish(self):
        """In two calls of these days customers told what they want to buy."""
        calls = self.firm.as_user(self.firm.officer)["broker.care.call"].search(
            [("state", "=", "done"), ("date_reached", "!=", False), ("wish_heard", "=", False)],
            order="date_done desc, id desc",
            limit=len(WISHES),
        )
        for call, (wish, name) in zip(calls, WISHES, strict=False):
            call.write({"wish_heard": wish, "wish_product_type_id": self.product_type(name).id})
            call.action_pass_on()

    # CAMPAIGNS

    def choose(self, **values):
        """Start a campaign and choose its customers; gives none when nobody matches."""
        campaign = self.owned("broker.campaign").create({"company_id": self.firm.company.id, **values})
        try:
            campaign.action_select()
        except UserError:
            # In this season of the year nobody is to be turned to.
            return campaign.browse()
        return campaign

    def wake(self):
        """Salespeople ask those who have not ordered for a while, but for some, to see whether it helps."""
        today = self.clock.now.date()
        campaign = self.choose(
            name=WAKE,
            message=WAKE_MESSAGE,
            bought_to=today - timedelta(days=QUIET_DAYS),
            silent_from=today - timedelta(days=QUIET_DAYS - 1),
            holdback_percent=HELD_BACK,
        )
        if campaign:
            campaign.action_give_todos()
            self.clock.at(self.clock.after_days(self.clock.now, 5, 16.2), self.report_back, campaign)
            self.clock.at(self.clock.after_days(self.clock.now, 70, 9.3), self.close, campaign)

    def report_back(self, campaign):
        """The salespeople have called and say so; one to-do in four is left."""
        members = campaign.sudo().member_ids.filtered("activity_id").sorted("id")
        for number, member in enumerate(members):
            user = member.activity_id.user_id
            if number % 4 and user.active:
                self.firm.as_user(user, member.activity_id).action_feedback("已联系")

    def close(self, campaign):
        self.firm.as_user(self.firm.owner, campaign).action_close()

    def remind_of_season(self):
        """Who had calendars made a year ago and has not asked yet: the care line calls the first of them."""
        today = self.story.today
        begin = (today - relativedelta(years=1)).replace(day=1) - relativedelta(months=1)
        campaign = self.choose(
            name=SEASON,
            message=SEASON_MESSAGE,
            bought_type_ids=[Command.set(self.product_type("calendar").ids)],
            bought_from=begin,
            bought_to=begin + relativedelta(months=3, days=-1),
        )
        if campaign:
            campaign.member_ids[:CALLED].action_give_to_care_line()

    def offer(self):
        """What most customers wait for is offered to them next: in preparation still."""
        demand = self.owned("broker.demand").search(
            [("company_id", "=", self.firm.company.id), ("product_type_id", "!=", False)], limit=1
        )
        if demand.customer_count:
            campaign = self.owned("broker.campaign").browse(demand.action_start_campaign()["res_id"])
            campaign.message = "新打了三款样，可以带样品上门。"
