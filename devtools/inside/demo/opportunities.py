"""How the demo firm comes by a job: an opportunity, a quotation, and the handoff to service."""

from datetime import timedelta

from devtools.inside.demo import market


class Opportunities:
    """What a story does from the first word of a customer to the accepted handoff."""

    def open_lead(self, key, is_first):
        customer = market.CUSTOMERS[key]
        dice = self.dice[key]
        salesperson = self.salesperson(key)
        if not salesperson:
            self.clock.at(self.later(3, 5, dice), self.open_lead, key, is_first)
            return
        title = f"{self.contact[key].commercial_partner_id.name[:6]}·{dice.choice(market.TITLES[customer.trade])}"
        products = dice.sample(sorted(set(customer.products)), min(2, len(set(customer.products))))
        lines = self.lines(key, products, dice, customer.size)
        revenue = round(sum(quantity * price for _product, quantity, price in lines), -2)
        lead = self.firm.open_lead(salesperson, self.contact[key], title, revenue, dice.choice(self.sources))
        self.clock.at(self.later(1, 4, dice), self.qualify, key, lead, lines, is_first)

    def qualify(self, key, lead, lines, is_first):
        dice = self.dice[key]
        if not self.lead_is_served(lead, self.qualify, key, lead, lines, is_first):
            return
        self.firm.move_lead(lead, self.open_stages[1:2] or self.open_stages[:1])
        self.clock.at(self.later(2, 7, dice), self.propose, key, lead, lines, is_first)

    def propose(self, key, lead, lines, is_first):
        """Quote, and revise the quotation in some cases."""
        customer = market.CUSTOMERS[key]
        dice = self.dice[key]
        if not self.lead_is_served(lead, self.propose, key, lead, lines, is_first):
            return
        self.firm.move_lead(lead, self.open_stages[-1:])
        delivery = self.clock.to_utc(self.later(18, 34, dice, 15.0))
        order = self.firm.quote(lead.user_id, self.contact[key], lines, delivery, self.term, lead)
        self.specs.fill(order)
        self.firm.as_user(lead.user_id, order).action_quotation_sent()
        wins = customer.won if is_first else dice.random() < 0.72
        if dice.random() < 0.3:
            self.clock.at(self.later(2, 5, dice), self.revise, lead, order)
        self.clock.at(self.later(5, 16, dice), self.decide, key, lead, order, wins, is_first)

    def revise(self, lead, order):
        if lead.user_id.active:
            for line in self.firm.as_user(lead.user_id, order).order_line:
                line.price_unit = round(line.price_unit * 0.97, 2)

    def decide(self, key, lead, order, wins, is_first):
        dice = self.dice[key]
        if not self.lead_is_served(lead, self.decide, key, lead, order, wins, is_first):
            return
        if not wins:
            self.firm.lose_lead(lead, dice.choice(self.lost_reasons))
            return
        self.firm.win_lead(lead)
        self.confirm(key, order)
        self.clock.at(self.clock.after_hours(self.clock.now, dice.uniform(0.3, 5)), self.hand_over, key, lead)
        if is_first:
            rhythm = market.CUSTOMERS[key].rhythm
            self.clock.at(self.later(rhythm // 2, rhythm, dice), self.order_again, key)

    def lead_is_served(self, lead, action, *arguments):
        """Whether the lead's salesperson still works here; otherwise it waits for the successor."""
        if lead.user_id.active:
            return True
        self.clock.at(self.later(2, 4, self.dice["relay"]), action, *arguments)
        return False

    def hand_over(self, key, lead):
        dice = self.dice["relay"]
        if not self.lead_is_served(lead, self.hand_over, key, lead):
            return
        self.firm.move_lead(lead, self.handoff_stage)
        handoff = self.root["broker.handoff"].search([("lead_id", "=", lead.id)], limit=1)
        self.clock.at(self.clock.after_hours(self.clock.now, dice.uniform(0.4, 6)), self.submit, handoff)

    def submit(self, handoff):
        dice = self.dice["relay"]
        sender = handoff.sender_id
        if not sender.active:
            sender = handoff.customer_id.user_id.filtered("active")
            if not sender:
                self.clock.at(self.later(2, 4, dice), self.submit, handoff)
                return
            self.firm.as_user(self.firm.owner, handoff).sender_id = sender.id
        packet = self.firm.as_user(sender, handoff)
        packet.write(
            {
                "buying_reason": handoff.buying_reason or "比较了三家，看中交期和有人跟单。",
                "promises": handoff.promises or dice.choice(market.PROMISES),
                "not_sold": handoff.not_sold or dice.choice(market.NOT_SOLD),
            }
        )
        for item in packet.item_ids.filtered("gap_reason"):
            if item.check_method == "still_open" and dice.random() < 0.6:
                packet.still_open = dice.choice(market.STILL_OPEN)
            elif item.check_method == "manual" and dice.random() < 0.2:
                item.write({"settle_by": self.clock.now.date() + timedelta(days=5), "status": "unknown"})
            elif item.check_method == "manual":
                item.action_mark_provided()
            else:
                item.action_mark_not_applicable()
        packet.action_submit()
        # Some packets come back, most are taken within the hours that the firm allows.
        returned = dice.random() < (0.2 if not handoff.return_count else 0.05)
        hours = min(dice.lognormvariate(0.4, 0.8), 14)
        self.clock.at(
            self.clock.after_hours(self.clock.now, hours), self.send_back if returned else self.accept, handoff
        )

    def accept(self, handoff):
        """Take the packet; over a long holiday a day by which something was to be known may have gone by."""
        if handoff.item_ids.filtered("gap_reason"):
            self.send_back(handoff)
            return
        self.firm.as_user(handoff.receiver_id or self.firm.user["chen"], handoff).action_accept()
        self.desk.after_accept(handoff)

    def send_back(self, handoff):
        dice = self.dice["relay"]
        gaps = handoff.item_ids.filtered("gap_reason")
        wizard = self.firm.as_user(handoff.receiver_id or self.firm.user["chen"])["broker.handoff.return"].create(
            {
                "handoff_id": handoff.id,
                "item_ids": (gaps or handoff.item_ids.filtered(lambda item: item.check_method == "manual")[:1]).ids,
                "reason": dice.choice(market.RETURN_REASONS),
            }
        )
        wizard.action_return()
        self.clock.at(self.clock.after_hours(self.clock.now, dice.uniform(1, 9)), self.submit, handoff)
