"""How the demo firm judges its customers: a debt, haggling, a dispute, tiers by hand, and a stricter policy to come."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import fields

from devtools.inside.demo import market
from devtools.inside.demo.clock import at_hour

DEBTOR = "liuhe"  # pays late, and one invoice not at all
DEBT_MONTH = 13
CREDIT_MONTH = 15  # from then on a manager looks twice
HAGGLERS = (("faxian", 14), ("bolang", 15), ("chunhe", 16))
IN_A_HURRY = (("yikang", 14), ("heji", 16), ("anju", 16))
HESITANT = (("haiwei", 13), ("haiwei", 14), ("haiwei", 16))
# Whose newest open invoice is disputed at the end: the first of them who has one.
QUARRELSOME = ("anju", "zhixing", "jinxiu", "faxian", DEBTOR)
RELEASES = ("老客户，欠款已约定本月结清。", "先收三成预付款，可以开工。", "财务已对账，差额下周到账。")
STRICTER = 1.6


class Judging:
    """Plans what the 5A tiers have to tell, on the story's clock."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.owner = self.firm.as_user(self.firm.owner)
        self.is_debt_due = False

    def plan(self):
        story = self.story
        self.clock.at(story.month(DEBT_MONTH, 4, 9.0), self.stop_paying)
        self.clock.at(story.month(DEBT_MONTH, 5, 10.0), story.place_order, DEBTOR, ["brochure", "poster"])
        for key, month in HAGGLERS:
            self.clock.at(story.month(month, 7, 10.5), self.haggle, key)
        for key, month in HESITANT:
            self.clock.at(story.month(month, 11, 15.0), self.hesitate, key)
        for key, month in IN_A_HURRY:
            self.clock.at(story.month(month, 13, 9.3), self.hurry, key)
        self.clock.at(
            story.month(DEBT_MONTH, 20, 16.0), self.judge, "minsu", "integrity", 3, 45, "换了财务，先看两个月"
        )
        self.clock.at(story.month(16, 20, 16.0), self.judge, "yunqi", "revenue", 4, 240, "签了三年框架，每季一单")
        self.clock.at(story.month(CREDIT_MONTH, 1, 9.0), self.look_twice)
        last = story.last_workday
        self.clock.at(at_hour(last, 10.3), self.dispute)
        self.clock.at(at_hour(last, 10.6), self.raise_tier, "pujiang", 4, "特展年，馆方点名要我们跟")
        self.clock.at(at_hour(last, 11.2), self.draft_policy)
        self.clock.at(at_hour(last, 15.4), self.quote_debtor)
        self.clock.at(at_hour(last, 15.8), self.sign_online)

    # A DEBT, AND A SECOND LOOK

    def stop_paying(self):
        self.is_debt_due = True

    def is_never_paid(self, key):
        """Whether the invoice that is being written is the one that stays open."""
        if key != DEBTOR or not self.is_debt_due:
            return False
        self.is_debt_due = False
        return True

    def look_twice(self):
        self.firm.company.write({"broker_credit_check": True, "broker_credit_user_id": self.firm.owner.id})

    def release(self, order):
        """Let the owner confirm the order of a customer without credit.

        :return: whether that was needed
        """
        if not self.firm.company.broker_credit_check or not order.broker_customer_id._get_credit_reasons():
            return False
        reason = self.story.dice["relay"].choice(RELEASES)
        self.owner["broker.order.credit.release"].create({"order_id": order.id, "reason": reason}).action_release()
        return True

    def quote_debtor(self):
        """A quotation that its salesperson cannot confirm."""
        self.quote(DEBTOR)

    def sign_online(self):
        """The debtor signs another one on its page: the firm is told."""
        order = self.quote(DEBTOR)
        if order:
            order.write({"signed_by": self.story.contact[DEBTOR].name, "signed_on": self.clock.to_utc(self.clock.now)})
            order.action_confirm()

    # HAGGLING AND HURRY

    def quote(self, key, delivery=None):
        salesperson = self.story.salesperson(key)
        if not salesperson:
            return None
        dice = self.story.dice[key]
        products = sorted(set(market.CUSTOMERS[key].products))[:1]
        lines = self.story.lines(key, products, dice)
        delivery = delivery or self.clock.to_utc(self.story.later(12, 20, dice, 15.0))
        order = self.firm.quote(salesperson, self.story.contact[key], lines, delivery, self.story.term)
        self.story.specs.fill(order)
        return order

    def hurry(self, key):
        """A job that has to be there the next day."""
        order = self.quote(key, self.clock.to_utc(self.clock.after_days(self.clock.now, 1, 17.0)))
        if order:
            self.clock.at(self.clock.after_hours(self.clock.now, 0.5), self.story.confirm, key, order)

    def hesitate(self, key):
        """A quotation that is dropped again."""
        order = self.quote(key)
        if order:
            self.clock.at(self.clock.after_days(self.clock.now, 4, 10.0), self.story.drop_quotation, order)

    def haggle(self, key):
        """A quotation that is revised three times, and a job that is changed once more."""
        order = self.quote(key)
        if order:
            for days in (1, 3, 5):
                self.clock.at(self.clock.after_days(self.clock.now, days, 14.0), self.change_price, order, 0.985)
            self.clock.at(self.clock.after_days(self.clock.now, 6, 10.0), self.story.confirm, key, order)
            self.clock.at(self.clock.after_days(self.clock.now, 6, 11.0), self.change_price, order, 1.02)

    def change_price(self, order, factor):
        """Change the prices, noted in the order's chatter as Odoo does it."""
        noted = self.firm.as_user(order.user_id, order).with_context(tracking_disable=False, mail_notrack=False)
        if not order.user_id.active or order.state == "cancel":
            return
        for line in noted.order_line:
            line.price_unit = round(line.price_unit * factor, 2)
        noted.env.flush_all()
        noted.env.cr.flush()

    def dispute(self):
        """A customer refuses to pay an invoice."""
        for key in QUARRELSOME:
            invoice = self.owner["account.move"].search(
                [
                    ("broker_customer_id", "=", self.story.customer_file(key).id),
                    ("move_type", "=", "out_invoice"),
                    ("state", "=", "posted"),
                    ("payment_state", "in", ("not_paid", "partial")),
                ],
                order="invoice_date desc, id desc",
                limit=1,
            )
            if invoice:
                invoice.broker_is_disputed = True
                invoice.message_post(body="客户说色差太大，不肯付余款。")
                return

    # BY HAND

    def judge(self, key, code, score, days, reason):
        self.owner["broker.tier.manual.score"].create(
            {
                "customer_id": self.story.customer_file(key).id,
                "code": code,
                "score": score,
                "reason": reason,
                "date_until": self.clock.now.date() + timedelta(days=days),
            }
        )

    def raise_tier(self, key, days, reason):
        """Give a customer another tier than the figures do, for a few days more."""
        customer = self.firm.as_user(self.firm.owner, self.story.customer_file(key))
        scale = self.owner["broker.tier"].search([], order="rank")
        computed = customer.tier_computed_id.rank
        customer.write(
            {
                "tier_manual_id": scale.filtered(lambda tier: tier.rank == (computed + 1 if computed < 5 else 4)).id,
                "tier_manual_reason": reason,
                "tier_manual_until": self.story.today + timedelta(days=days),
            }
        )

    def draft_policy(self):
        """A stricter policy for the next month, not in force yet."""
        present = self.owner["broker.tier.policy"]._get_at(self.firm.company, fields.Date.to_date(self.story.today))
        draft = present.with_env(self.owner).copy(
            {
                "name": "Stricter 从严",
                "date_from": self.story.today.replace(day=1) + relativedelta(months=1),
                "overdue_cap_days": 30,
            }
        )
        for dimension in draft.dimension_ids.filtered(lambda line: line.code in ("revenue", "profit")):
            dimension.write({f"threshold_{step}": dimension[f"threshold_{step}"] * STRICTER for step in range(2, 6)})
