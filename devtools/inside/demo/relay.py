"""How the jobs of the demo firm go from stage to stage, moved by whoever has them."""

import random
from datetime import timedelta

from devtools.inside.demo.clock import at_hour

NOTES = ("顺丰 SF1368{number:06d}", "德邦 DPK{number:07d}", "自送，司机老周，第 {number} 车")
RETURNS = (
    ("printing", "artwork", "file", "印刷厂打回：黑字没有叠印，出血不够"),
    ("printing", "proof", "content", "打样后客户发现电话号码错了"),
    ("delivery", "printing", "color", "开箱抽检，专色偏红，让印刷厂返工"),
)
RETURN_CHANCE = 0.07
LATE_NIGHTS = 3  # at the end the managers are told of late jobs every night


class Relay:
    """Moves the jobs on the story's clock, each through the public methods and as its own person."""

    def __init__(self, story):
        self.story = story
        self.firm = story.firm
        self.clock = story.clock
        self.dice = random.Random("relay of the jobs")
        self.number = 1000

    def plan(self):
        for days in range(LATE_NIGHTS):
            self.clock.by_itself(at_hour(self.story.today - timedelta(days=days), 3.0), self.tell_late)

    def run(self, order, receipt):
        """Let a job go its way, so that it is delivered when the customer is to receive it."""
        dice = self.dice
        proof = self.clock.after_hours(self.clock.now, dice.uniform(0.5, 9.5))
        asked = self.clock.after_hours(proof, dice.uniform(0.5, 3))
        printing = self.clock.after_hours(asked, dice.uniform(2, 16))
        delivery = max(
            self.clock.after_hours(printing, dice.uniform(4, 12)),
            self.clock.working(receipt - timedelta(days=dice.uniform(1, 3))),
        )
        arrival = max(self.clock.after_hours(delivery, 1), self.clock.working(receipt - timedelta(hours=5)))
        self.clock.at(proof, self.move, order, "artwork")
        self.clock.at(asked, self.ask_customer, order)
        self.clock.at(printing, self.move, order, "proof")
        self.clock.at(delivery, self.move, order, "printing")
        self.clock.at(arrival, self.move, order, "delivery")
        if dice.random() < RETURN_CHANCE:
            stage, target, reason, words = dice.choice(RETURNS)
            begun = printing if stage == "printing" else delivery
            self.clock.at(
                self.clock.after_hours(begun, dice.uniform(0.5, 1.5)),
                self.send_back,
                order,
                stage,
                target,
                reason,
                words,
            )

    def reconcile(self, order):
        """The papers of a received job are compared and put away."""
        moment = self.clock.after_days(self.clock.now, self.dice.randint(2, 8))
        self.clock.at(moment, self.move, order, "reconciliation")

    def runner(self, order):
        return order.broker_leg_user_id or self.firm.owner

    def move(self, order, stage):
        """Finish a stage, if the job is in it."""
        if order.state != "sale" or order.broker_relay_stage_id.code != stage:
            return
        if stage == "proof" and order._broker_get_print_obstacles():
            # The proof is not approved yet: look again.
            self.clock.at(self.clock.after_hours(self.clock.now, 5), self.move, order, stage)
            return
        action = self.firm.as_user(self.runner(order), order).action_broker_next()
        if isinstance(action, dict):
            self.number += self.dice.randint(1, 40)
            note = self.dice.choice(NOTES).format(number=self.number)
            self.take_step(order, action["context"], note=note)

    def ask_customer(self, order):
        if order.broker_relay_stage_id.code == "proof":
            self.firm.as_user(self.runner(order), order).action_broker_wait_customer()

    def send_back(self, order, stage, target, reason, words):
        """Somebody finds that what was handed on is not good enough."""
        if order.broker_relay_stage_id.code != stage:
            return
        action = self.firm.as_user(self.runner(order), order).action_broker_open_return()
        self.take_step(
            order,
            action["context"],
            stage_id=self.firm.ref(f"broker_relay_stage_{target}").id,
            reason_id=self.firm.ref(f"broker_relay_reason_{reason}").id,
            reason=words,
        )
        again = self.clock.now
        for code in ("artwork", "proof", "printing"):
            again = self.clock.after_hours(again, self.dice.uniform(2, 8))
            self.clock.at(again, self.move, order, code)

    def take_step(self, order, context, **values):
        user = self.runner(order)
        step = self.firm.as_user(user)["broker.relay.step"].with_context(**context).create(values)
        step.action_apply()

    def tell_late(self):
        self.firm.root["sale.order"]._cron_escalate_late_legs()
