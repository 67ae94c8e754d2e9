"""How the demo firm pays its commission: a statement a month, an advance, and two people who do not agree."""

from dateutil.relativedelta import relativedelta

from devtools.inside.demo.clock import at_hour

PAY_DAY = 5
PAY_HOUR = 15.0


class Payroll:
    """Plans the owner's work on statements, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.owner = self.firm.as_user(self.firm.owner)

    def plan(self, months):
        """The owner pays on the fifth of the month; the newest statements wait to be confirmed."""
        story = self.story
        for number in range(1, months + 1):
            day = self.clock.start.date().replace(day=PAY_DAY) + relativedelta(months=number)
            self.clock.at(self.clock.working(at_hour(day, PAY_HOUR)), self.pay_month, number)
        self.firm.company.broker_dispute_user_id = self.firm.owner
        # In the plan before the first job: a plan that was used keeps its numbers.
        self.owner["broker.commission.plan"].search([("company_id", "=", self.firm.company.id)]).growth_rate = 5.0
        self.clock.at(story.month(17, 2, 15.5), self.share_growth)
        self.clock.at(story.month(12, 9, 15.0), self.charge, "heji", "freight", 500.0, False, "门店改期，空跑一趟")
        self.clock.at(
            story.month(13, 9, 15.0), self.charge, "yunwen", "reprint", 120.0, "service", "校稿漏看，重印封面"
        )
        self.clock.at(story.month(11, 20, 14.0), self.advance, "wang", 300.0, "预支：家里急用")
        self.clock.at(
            story.month(14, 16, 11.0),
            self.dispute,
            "zhao",
            "cost",
            "印厂多算了一次上机费，成本应该低一些。",
            60.0,
            self.grant,
        )
        self.clock.at(
            at_hour(story.last_workday, 11.0),
            self.dispute,
            "chen",
            "split",
            "这一单是我接的加印，应该按客服带来算。",
            45.0,
        )

    def pay_month(self, number):
        first = (self.clock.start + relativedelta(months=number - 1)).date().replace(day=1)
        last = first + relativedelta(months=1, days=-1)
        statements = self.owner["broker.commission.statement"]
        opened = statements.sudo()._open_period(self.firm.company, first, last).with_env(self.owner)
        present = self.story.today.replace(day=1)
        if last >= present - relativedelta(days=1):
            return
        opened.action_confirm()
        due = opened.filtered(lambda statement: statement.payable_amount > 0)
        if due:
            self.owner["broker.commission.statement.payment"].create(
                {"statement_ids": due.ids, "reference": f"提成 {first:%Y-%m}"}
            ).action_pay()

    def advance(self, login, amount, reason):
        """What was paid ahead comes off the next statement."""
        self.owner["broker.commission.adjustment"].create(
            {"user_id": self.firm.user[login].id, "kind": "advance", "amount": -amount, "reason": reason}
        )

    def share_growth(self):
        """Work out the bonus of the account teams for the quarter that is over; one is confirmed."""
        self.owner["broker.commission.growth.opening"].create({}).action_open()
        growths = self.owner["broker.commission.growth"].search([("company_id", "=", self.firm.company.id)])
        growths.filtered(lambda growth: growth.bonus)[:1].action_confirm()

    def charge(self, key, kind, amount, role, reason):
        """Charge a cost to a customer's newest job: the firm bears it, or the role that answers for it."""
        order = (
            self.story.customer_file(key)
            .order_ids.filtered(lambda order: order.state == "sale" and order.invoice_ids)
            .sorted("date_order")[-1:]
        )
        self.owner["broker.commission.charge"].create(
            {"order_id": order.id, "kind": kind, "amount": amount, "role": role, "reason": reason}
        ).action_post()

    def dispute(self, login, reason, description, amount, then=None):
        """Somebody does not agree with the newest row of theirs."""
        user = self.firm.user[login]
        env = self.firm.as_user(user)
        entry = env["broker.commission.entry"].search(
            [("user_id", "=", user.id), ("book", "=", "released"), ("amount", ">", 0)], limit=1
        )
        dispute = env["broker.commission.dispute"].create(
            {"entry_id": entry.id, "reason": reason, "description": description, "expected_amount": amount}
        )
        if then:
            self.clock.at(self.clock.after_days(self.clock.now, 2, 10.0), then, dispute.with_env(self.firm.root))

    def grant(self, dispute):
        """The owner grants half of what was asked for."""
        self.owner["broker.commission.dispute.decision"].create(
            {
                "dispute_id": dispute.id,
                "decision": "partial",
                "amount": dispute.expected_amount / 2,
                "answer": "查过印厂对账单，只多算了一半。",
            }
        ).action_decide()
