"""What ties the demo firm's customers to the firm: teams, sponsors, needs, referrals, and who has whom."""

from dataclasses import dataclass
from datetime import timedelta

from odoo import Command

from devtools.inside.demo.clock import at_hour


@dataclass(frozen=True)
class Need:
    """What a customer wants: month in which it was heard, who heard it, and whether an order proved it."""

    key: str
    month: int
    login: str
    kind: str
    name: str
    source: str
    confidence: str = "medium"
    proven: bool = False
    dropped: str = ""


# (customer, month from which, {function: login}); the salesperson is the one face, the team stands behind.
TEAMS = (
    ("heji", 7, {"lead": "chen", "settlement": "lin", "delivery": "lin", "intake": "wang"}),
    ("yunwen", 7, {"lead": "lin", "service": "chen", "operation": "sun"}),
    ("yikang", 9, {"lead": "chen", "delivery": "lin"}),
)
# (customer, month in which it got a sponsor, days before today of the sponsor's visits)
SPONSORS = (("heji", 6, (205, 118, 31)), ("yunwen", 6, (230, 140)), ("mingde", 10, ()))

NEEDS = (
    Need("heji", 4, "wang", "stated", "中秋礼盒八月初必须到货", "conversation", "high", proven=True),
    Need("heji", 9, "sun", "individual", "内托要可回收材料，门店分送不拆箱", "care_call", "high"),
    Need("heji", 16, "chen", "latent", "门店越开越多，想要有人替他们管库存", "observation", "low"),
    Need("yunwen", 6, "lin", "stated", "加印三天出书", "order", "high", proven=True),
    Need("yunwen", 13, "wang", "individual", "样书先寄编辑部，再寄作者", "message"),
    Need("yikang", 8, "chen", "individual", "说明书要按药监局批次追溯", "visit", "high"),
    Need("yikang", 15, "sun", "latent", "出口包装换英文版，还没有说预算", "care_call"),
    Need("mingde", 5, "wang", "stated", "开学前一周分校区送到", "conversation", "high", proven=True),
    Need("mingde", 11, "chen", "individual", "练习册每册贴学生姓名", "quotation", "low", dropped="校方改用平板"),
    Need("lanyue", 7, "zhao", "stated", "彩盒耐压要过跌落测试", "complaint", "high"),
    Need("minsu", 10, "zhao", "latent", "文创想做小批量试销", "visit"),
    Need("futian", 12, "wang", "stated", "礼盒烫金要两种颜色打样", "quotation"),
)
# (customer, who brought it: another customer or a member of staff, how)
REFERRALS = (
    ("yunshan", "yikang", "同一园区，易康采购主任介绍"),
    ("chaotang", "heji", "和记的店长开了新店"),
    ("weilai", "faxian", "法显转来的设计客户"),
    ("tongxin", "staff:chen", "陈静的老同学在编辑部"),
    ("pujiang", "staff:sun", "回访时听说要办特展"),
)


class Bonds:
    """Plans the events that go on beside the jobs, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.owner = self.firm.as_user(self.firm.owner)

    def plan(self):
        story = self.story
        for key, month, functions in TEAMS:
            self.clock.at(story.month(month, 4, 10.0), self.open_team, key, functions)
        self.clock.at(story.month(14, 6, 10.0), self.pass_delivery, "heji", "lin", "chen")
        for key, month, visits in SPONSORS:
            self.clock.at(story.month(month, 8, 9.5), self.give_sponsor, key)
            for days in visits:
                day = story.today - timedelta(days=days)
                self.clock.at(self.clock.working(at_hour(day, 9.0)), self.visit, key)
        for need in NEEDS:
            self.clock.at(story.month(need.month, 11, 14.0), self.hear, need)
        for key, referrer, note in REFERRALS:
            self.clock.at(story.month(15, 9, 11.0), self.note_referrer, key, referrer, note)
        self.clock.at(story.month(12, 18, 11.0), self.give_away, "hengtai", "zhao", "wang", "赵敏负责的工厂太多")
        self.clock.at(story.month(16, 5, 11.0), self.correct_service, "huting")
        self.clock.at(at_hour(story.last_workday, 15.0), self.meet_a_served_customer, "zhao", "yueyan")
        self.clock.at(at_hour(story.last_workday, 17.0), self.export_customers)

    def night(self):
        """What the firm looks at every night."""
        root = self.firm.root
        root["broker.customer"]._cron_sponsor_visits()
        root["broker.customer"]._cron_refresh_readiness()

    # TEAMS AND SPONSORS

    def open_team(self, key, functions):
        customer = self.story.customer_file(key)
        self.owner["broker.customer.member"].create(
            [
                {"customer_id": customer.id, "function": function, "user_id": self.firm.user[login].id}
                for function, login in functions.items()
            ]
        )

    def pass_delivery(self, key, from_login, to_login):
        """The delivery of a customer goes to another member; who had it stays in the record."""
        customer = self.firm.as_user(self.firm.owner, self.story.customer_file(key))
        customer.member_ids.filtered(
            lambda member: (
                not member.date_to
                and member.function == "delivery"
                and member.user_id == self.firm.user[from_login].with_env(self.owner)
            )
        ).action_end()
        self.open_team(key, {"delivery": to_login})

    def give_sponsor(self, key):
        customer = self.firm.as_user(self.firm.owner, self.story.customer_file(key))
        customer.sponsor_user_id = self.firm.owner.id

    def visit(self, key):
        """The sponsor sits with the customer for an hour and a half."""
        start = self.clock.to_utc(self.clock.now)
        contact = self.story.contact[key]
        self.owner["calendar.event"].create(
            {
                "name": f"拜访 {contact.commercial_partner_id.name}",
                "start": start,
                "stop": start + timedelta(hours=1.5),
                "user_id": self.firm.owner.id,
                "partner_ids": [Command.set((self.firm.owner.partner_id + contact).ids)],
            }
        )

    # NEEDS AND REFERRALS

    def hear(self, need):
        user = self.firm.user[need.login]
        customer = self.story.customer_file(need.key)
        if not self.firm.as_user(user, customer).has_access("read"):
            # Somebody else serves the customer by now, and hears it instead.
            user = self.story.salesperson(need.key) or self.firm.owner
        record = self.firm.as_user(user)["broker.need"].create(
            {
                "customer_id": customer.id,
                "kind": need.kind,
                "name": need.name,
                "source": need.source,
                "confidence": need.confidence,
                "contact_id": self.story.contact[need.key].id,
                "date_heard": self.clock.now.date(),
            }
        )
        if need.proven or need.dropped:
            self.clock.at(
                self.clock.after_days(self.clock.now, 40, 15.0), self.settle_need, record.with_env(self.firm.root), need
            )

    def settle_need(self, record, need):
        owned = self.firm.as_user(self.firm.owner, record)
        if need.dropped:
            owned.drop_reason = need.dropped
            return
        orders = record.customer_id.order_ids.filtered(lambda order: order.state == "sale")
        owned.order_id = orders.sorted("date_order")[-1:].id

    def note_referrer(self, key, referrer, note):
        customer = self.firm.as_user(self.firm.owner, self.story.customer_file(key))
        kind, _separator, login = referrer.partition(":")
        if login:
            customer.write({"referrer_user_id": self.firm.user[login].id, "referral_note": note})
        elif kind:
            customer.write({"referrer_customer_id": self.story.customer_file(kind).id, "referral_note": note})

    # WHO HAS WHOM

    def give_away(self, key, giver, receiver, reason):
        """A salesperson with too many customers gives one away."""
        customer = self.story.customer_file(key)
        if customer.user_id != self.firm.user[giver]:
            return
        change = self.owner["broker.staff.change"].create(
            {
                "mode": "rebalancing",
                "user_id": self.firm.user[giver].id,
                "customer_ids": [Command.set(customer.ids)],
                "reason": reason,
            }
        )
        change.action_collect()
        change.line_ids.write({"successor_id": self.firm.user[receiver].id, "notify": False})
        change.action_confirm()

    def correct_service(self, key):
        """A manager learns who really served a customer for a fortnight, and corrects the ledger."""
        customer = self.story.customer_file(key)
        day = self.clock.now.date()
        substitute = "lin" if customer.service_user_id == self.firm.user["chen"] else "chen"
        wizard = self.owner["broker.assignment.correction"].create(
            {
                "company_id": self.firm.company.id,
                "customer_id": customer.id,
                "role": "service",
                "origin": False,
                "user_id": self.firm.user[substitute].id,
                "date_from": day - timedelta(days=45),
                "date_to": day - timedelta(days=31),
                "reason": "休假期间由同事代班",
            }
        )
        wizard.action_correct()

    def meet_a_served_customer(self, login, key):
        """A salesperson enters a prospect who turns out to be a colleague's customer."""
        partner = self.story.contact[key].commercial_partner_id
        user = self.firm.user[login]
        self.firm.as_user(user)["crm.lead"].create(
            {
                "type": "opportunity",
                "name": f"{partner.name[:4]}·展会名片",
                "partner_name": partner.name,
                "phone": partner.phone,
                "user_id": user.id,
                "team_id": self.firm.ref("demo_team").id,
            }
        )

    def export_customers(self):
        """The owner takes the customers out for an exhibition; the access log remembers it."""
        self.owner["broker.customer"].search([("company_id", "=", self.firm.company.id)]).export_data(
            ["name", "city", "phone", "email"]
        )
