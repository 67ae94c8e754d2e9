"""What the owner of the demo firm is told in confidence: who took customers out, what went past the firm."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from devtools.inside.demo.clock import at_hour
from devtools.inside.demo.trouble import LEAVES_BEFORE

LEAVER_EXPORTED = 340
ZHAO_WANTED = 260
HANDLED_NOTE = "已与李俊谈话，导出的文件当面删除，离职协议里补了保密条款。"
DISMISSED_NOTE = "客户说的是上一单的价格，与合同一致，业务员没有问题。"
FALL_PERCENT = 35


class Signals:
    """Plans what raises signals, on the story's clock; the finder is the product's own."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.root = story.root
        self.firm.company.write(
            {"broker_signal_departure_percent": FALL_PERCENT, "broker_signal_user_id": self.firm.owner.id}
        )

    def plan(self):
        last = self.story.last_workday
        leaving = self.clock.working(at_hour(self.story.today - relativedelta(months=LEAVES_BEFORE), 17.0))
        self.clock.at(leaving - timedelta(hours=5), self.take_out, "li", "export", LEAVER_EXPORTED)
        self.clock.at(leaving - timedelta(hours=4), self.find)
        self.clock.at(leaving - timedelta(hours=3), self.decide, "export", "handled", HANDLED_NOTE)
        self.clock.at(self.story.month(16, 12, 15.5), self.differ, 0.8)
        self.clock.at(self.story.month(16, 13, 10.0), self.decide, "mismatch", "dismissed", DISMISSED_NOTE)
        self.clock.at(at_hour(last, 15.4), self.differ, 0.75)
        self.clock.at(at_hour(last, 15.5), self.print_elsewhere)
        self.clock.at(at_hour(last, 16.4), self.take_out, "zhao", "refused", ZHAO_WANTED)
        self.clock.at(at_hour(last, 17.0), self.find)

    def take_out(self, login, kind, count):
        """Somebody exports customers, or tries to."""
        self.root["broker.access.log"].create(
            {
                "user_id": self.firm.user[login].id,
                "company_id": self.firm.company.id,
                "date": self.clock.to_utc(self.clock.now),
                "kind": kind,
                "model": "res.partner",
                "record_count": count,
                "field_names": "name, phone, email",
                "path": "/web/export/xlsx",
            }
        )

    def find(self):
        for _count in self.root["broker.signal"]._find_steps(self.firm.company):
            pass

    def decide(self, kind, decision, note):
        signals = self.root["broker.signal"].search([("kind", "=", kind), ("state", "=", "open")])
        if signals:
            self.firm.as_user(self.firm.owner, signals)._decide(decision, note)

    def find_calls(self, *domain):
        return self.root["broker.care.call"].search(
            [
                ("company_id", "=", self.firm.company.id),
                ("state", "=", "done"),
                ("date_reached", "!=", False),
                *domain,
            ],
            order="date_done desc, id desc",
        )

    def differ(self, part):
        """In a call about a job the customer names a part of its price."""
        call = self.find_calls(("order_id", "!=", False), ("check_state", "=", "open"))[:1]
        if call:
            call.check_price = round(call.order_id.amount_untaxed * part, 2)
            call._compare_with_order()

    def print_elsewhere(self):
        """A customer whose quotation was lost lately printed at another firm's."""
        since = self.clock.to_utc(self.clock.now - timedelta(days=170))
        orders = self.root["sale.order"].search(
            [("state", "=", "cancel"), ("broker_date_confirmed", "=", False), ("date_order", ">=", since)]
        )
        lost_on = {}
        for order in orders:
            customer = order.broker_customer_id
            lost_on[customer] = min(lost_on.get(customer, order.date_order), order.date_order)
        for call in self.find_calls(("customer_id", "in", [customer.id for customer in lost_on])):
            if call.date_done > lost_on[call.customer_id]:
                call.write({"printed_elsewhere": "yes", "printed_elsewhere_note": "小批量画册，价格低一成"})
                return
