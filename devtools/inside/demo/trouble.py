"""What goes wrong in the demo firm: spoilt jobs, people who leave, customers who want no calls."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from devtools.inside.demo import market
from devtools.inside.demo.clock import at_hour

LEAVES_BEFORE = 5  # months before today the third salesperson leaves


class Trouble:
    """Plans mishaps and departures, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.mishaps = {}

    # WHAT GOES WRONG

    def plan_mishaps(self):
        """The next invoice of a customer after a month of the story goes wrong."""
        for month, key, mishap in (
            (3, "laowu", "refund_all"),
            (5, "runhua", "refund_all"),
            (7, "haiwei", "refund_all"),
            (10, "manbu", "refund_part_of_paid"),
            (11, "haiwei", "refund_all"),
            (14, "heji", "reprint_part"),
        ):
            self.story.clock.at(self.story.month(month, 3), self.mishaps.__setitem__, key, mishap)

    def refund_all(self, key, order, invoice):
        self.story.firm.credit(invoice, "颜色错误，整批退货")

    def refund_part_of_paid(self, key, order, invoice):
        """Give money back after the customer has paid."""
        self.story.firm.pay(invoice)
        note = self.story.firm.credit(invoice, "破损，部分退款", 0.3)
        self.story.clock.at(self.story.later(2, 5, self.story.dice[key]), self.story.expect, note, 1.0)

    def reprint_part(self, key, order, invoice):
        """Print once more at the firm's expense, and leave the customer a part of the price."""
        purchases = self.story.root["purchase.order"].search(
            [("order_line.sale_order_id", "=", order.id), ("state", "=", "purchase")]
        )
        for purchase in purchases:
            self.story.firm.reprint(self.story.agent(key), purchase, 0.9)
        self.story.firm.credit(invoice, "返工重印，减价 10%", 0.1)

    # PEOPLE

    def plan_people(self):
        moves = self.story.month(8, 12, 10.0)
        self.story.clock.at(moves, self.reassign, {"hengtai": "zhao"}, "同城客户归并")
        leaving = at_hour(self.story.today - relativedelta(months=LEAVES_BEFORE), 17.0)
        leaving = self.story.clock.working(leaving)
        self.story.clock.at(leaving, self.leave, "li")
        left = [key for key in market.CUSTOMERS if self.story.contact[key].commercial_partner_id.user_id.login == "li"]
        heirs = {key: ("wang", "zhao")[number % 2] for number, key in enumerate(left)}
        half = len(left) // 2
        for days, part in ((3, left[:half]), (6, left[half:])):
            moment = self.story.clock.after_days(leaving, days, 10.5)
            self.story.clock.at(moment, self.reassign, {key: heirs[key] for key in part}, "李俊离职")
        for month, key in ((6, "chengxin"),):
            self.story.clock.at(self.story.month(month, 15, 11.0), self.refuse_calls, key)
        self.story.clock.at(at_hour(self.story.last_workday, 16.0), self.think_of_leaving, "zhao")

    def leave(self, login):
        self.story.firm.as_user(self.story.firm.admin, self.story.firm.user[login]).action_archive()

    def reassign(self, heirs, reason):
        """The owner gives customers, with their contacts and open opportunities, to other salespeople."""
        for key, login in heirs.items():
            partner = self.story.contact[key].commercial_partner_id
            user = self.story.firm.user[login]
            owner = self.story.firm.as_user(self.story.firm.owner)
            partners = (partner + partner.child_ids).with_env(owner)
            partners.with_context(broker_assignment_reason=reason).write({"user_id": user.id})
            leads = owner["crm.lead"].search(
                [("partner_id", "child_of", partner.id), ("won_status", "=", "pending"), ("user_id", "!=", user.id)]
            )
            leads.write({"user_id": user.id})

    def think_of_leaving(self, login):
        """The owner looks at what it would mean if somebody left next month: a dry run."""
        change = self.story.firm.as_user(self.story.firm.owner)["broker.staff.change"].create(
            {
                "user_id": self.story.firm.user[login].id,
                "mode": "leaving",
                "last_day": self.story.today + timedelta(days=30),
                "reason": "预演：合同下月到期",
            }
        )
        change.action_collect()

    def refuse_calls(self, key):
        customer = self.story.firm.as_user(self.story.firm.officer, self.story.customer_file(key))
        customer.write({"do_not_call": True, "do_not_call_reason": "客户要求只用邮件联系"})
