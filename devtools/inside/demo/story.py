"""The story of the demo firm: who orders what and when, and what goes wrong on the way."""

import random
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from devtools.inside.demo import market
from devtools.inside.demo.bonds import Bonds
from devtools.inside.demo.calls import Calls
from devtools.inside.demo.campaigns import Campaigns
from devtools.inside.demo.cases import Cases
from devtools.inside.demo.claims import Claims
from devtools.inside.demo.clock import Clock, at_hour
from devtools.inside.demo.contacts import Contacts
from devtools.inside.demo.delivery import Delivery
from devtools.inside.demo.desk import Desk
from devtools.inside.demo.handbook import Handbook
from devtools.inside.demo.insight import Insight
from devtools.inside.demo.judging import Judging
from devtools.inside.demo.opportunities import Opportunities
from devtools.inside.demo.oversight import Oversight
from devtools.inside.demo.payroll import Payroll
from devtools.inside.demo.people import Firm
from devtools.inside.demo.proofs import Proofs
from devtools.inside.demo.relay import Relay
from devtools.inside.demo.reviews import Reviews
from devtools.inside.demo.satisfaction import Satisfaction
from devtools.inside.demo.signals import Signals
from devtools.inside.demo.specs import Specs
from devtools.inside.demo.targets import Targets
from devtools.inside.demo.trouble import Trouble

SEED = 20190301
MONTHS = 18
DAILY_DAYS = 10  # at the end the batches run every night
COVERAGE_DAYS = 75  # so long the firm has been looking at who is in touch with whom
QUIET_DAYS = 6  # at the end the care officer has little time
NIGHT = 2.0
MORNING = 6.0


class Story(Opportunities):
    """Plans the events of eighteen months; everything random of a customer comes from its own dice."""

    def __init__(self, env, today):
        Firm(env).open_books()
        # A chart of accounts brings a module with it, and then Odoo's models are other ones.
        self.firm = Firm(env)
        self.firm.speak_chinese()
        self.today = today
        start = at_hour(today - relativedelta(months=MONTHS), MORNING)
        self.clock = Clock(env, self.firm.company.resource_calendar_id, start, at_hour(today, MORNING))
        self.root = self.firm.root
        self.dice = {key: random.Random(f"{SEED}:{key}") for key in [*market.CUSTOMERS, "care", "season", "relay"]}
        self.contact = {key: self.firm.ref(f"res_partner_customer_{key}_contact") for key in market.CUSTOMERS}
        self.key_of = {contact.commercial_partner_id.id: key for key, contact in self.contact.items()}
        self.product = {key: self.firm.ref(f"product_product_{key}") for key in market.PRODUCTS}
        self.stages = self.root["crm.stage"].search([("team_ids", "=", False)], order="sequence")
        self.handoff_stage = self.stages.filtered("is_service_handoff")[:1]
        self.open_stages = self.stages.filtered(lambda stage: not stage.is_won)
        self.term = self.root.ref("account.account_payment_term_30days")
        sources = ("utm_source_search_engine", "utm_source_newsletter", "utm_source_mailing")
        self.sources = [self.root.ref(f"utm.{name}", raise_if_not_found=False) for name in sources]
        self.sources = [source for source in self.sources if source] or [self.root["utm.source"]]
        self.lost_reasons = self.root["crm.lost.reason"].create([{"name": name} for name in market.LOST_REASONS])
        self.last_workday = max(day for day in self.clock.workdays if day < today)
        self.to_invoice = []
        self.at_bank = []
        self.bonds = Bonds(self)
        self.payroll = Payroll(self)
        self.desk = Desk(self)
        self.specs = Specs(self)
        self.judging = Judging(self)
        self.proofs = Proofs(self)
        self.relay = Relay(self)
        self.contacts = Contacts(self)
        self.calls = Calls(self)
        self.cases = Cases(self)
        self.claims = Claims(self)
        self.oversight = Oversight(self)
        self.handbook = Handbook(self)
        self.delivery = Delivery(self)
        self.signals = Signals(self)
        self.insight = Insight(self)
        self.reviews = Reviews(self)
        self.targets = Targets(self)
        self.campaigns = Campaigns(self)
        self.trouble = Trouble(self)
        self.satisfaction = Satisfaction(self)

    def grow(self):
        """Plan the story and let it happen; gives the moments at which something did."""
        self.plan_customers()
        self.trouble.plan_people()
        self.bonds.plan()
        self.payroll.plan(MONTHS)
        self.desk.plan()
        self.specs.plan()
        self.judging.plan()
        self.proofs.plan()
        self.relay.plan()
        self.contacts.plan()
        self.calls.plan()
        self.cases.plan()
        self.claims.plan()
        self.trouble.plan_mishaps()
        self.oversight.plan()
        self.handbook.plan()
        self.delivery.plan()
        self.signals.plan()
        self.campaigns.plan()
        self.plan_desk()
        self.plan_office()
        self.plan_nights()
        self.insight.plan(DAILY_DAYS)
        self.reviews.plan()
        self.targets.plan()
        self.plan_calls()
        self.satisfaction.plan()
        return self.clock.run()

    # HELPERS

    def month(self, number, day=1, hour=9.0):
        """A working moment in a month of the story, counted from 0."""
        first = self.clock.start.date() + relativedelta(months=number)
        return self.clock.working(at_hour(first + timedelta(days=day - 1), hour))

    def customer_file(self, key):
        partner = self.contact[key].commercial_partner_id
        return self.root["broker.customer"].search(
            [("partner_id", "=", partner.id), ("company_id", "=", self.firm.company.id)]
        )

    def salesperson(self, key):
        """Who sells to a customer now; nobody while the successor is not named."""
        return self.contact[key].commercial_partner_id.user_id.filtered("active")

    def agent(self, key):
        return self.customer_file(key).service_user_id or self.firm.user[market.CUSTOMERS[key].agent or "chen"]

    def later(self, days_from, days_to, dice, hour=None):
        hour = dice.uniform(9.2, 17.5) if hour is None else hour
        return self.clock.after_days(self.clock.now, dice.randint(days_from, days_to), hour)

    def lines(self, key, product_keys, dice, size=None):
        """What is ordered: (product, quantity, price), priced from the list cost, the run and the margin."""
        customer = market.CUSTOMERS[key]
        month = (self.clock.now.year - self.clock.start.year) * 12 + self.clock.now.month - self.clock.start.month
        size = size or customer.size * (0.45 if month >= customer.declines else 1.0)
        lines = []
        for product_key in product_keys:
            usual = market.PRODUCTS[product_key]
            product = self.product[product_key]
            wanted = dice.triangular(usual.least, usual.most, usual.least + (usual.most - usual.least) / 3) * size
            quantity = max(usual.step, round(wanted / usual.step) * usual.step)
            # A larger run costs less per copy.
            scale = max(0.85, min(1.25, (quantity / ((usual.least + usual.most) / 2)) ** -0.06))
            price = product.standard_price * scale / (1 - dice.uniform(*customer.margin))
            lines.append((product, quantity, round(price, 2)))
        return lines

    # CUSTOMERS

    def plan_customers(self):
        for key, customer in market.CUSTOMERS.items():
            dice = self.dice[key]
            if customer.begins:
                moment = self.month(customer.begins, dice.randint(2, 20), dice.uniform(9.5, 16))
                self.clock.at(moment, self.open_lead, key, True)
            else:
                first = self.clock.after_days(
                    self.clock.start, dice.randint(1, max(3, customer.rhythm)), dice.uniform(9.2, 17)
                )
                self.clock.at(first, self.order_again, key)
            for number in range(customer.new_projects):
                month = max(customer.begins + 2, 0) + dice.randint(0, MONTHS // 2) + number * (MONTHS // 3)
                if month < min(MONTHS, customer.ends):
                    moment = self.month(month, dice.randint(1, 26), dice.uniform(9.5, 16))
                    self.clock.at(moment, self.open_lead, key, False)
            self.plan_seasons(key, customer)

    def plan_seasons(self, key, customer):
        dice = random.Random(f"{SEED}:season:{key}")
        for number in range(max(customer.begins + 1, 0), min(MONTHS + 1, customer.ends)):
            moment = self.month(number, dice.randint(2, 18), dice.uniform(9.2, 17))
            for month, product_key, chance in market.SEASONS[customer.trade]:
                if key == "heji" and product_key == "mooncake_box":
                    chance = 1.0
                if moment.month == month and dice.random() < chance:
                    self.clock.at(moment, self.order_season, key, product_key)

    def order_season(self, key, product_key):
        self.place_order(key, [product_key], market.CUSTOMERS[key].size)

    def order_again(self, key):
        """A repeat order, and the next one after the customer's own rhythm."""
        customer = market.CUSTOMERS[key]
        dice = self.dice[key]
        month = (self.clock.now.date() - self.clock.start.date()).days // 30
        if month >= customer.ends:
            return
        count = 2 if dice.random() < 0.25 else 1
        self.place_order(key, dice.sample(sorted(set(customer.products)), min(count, len(set(customer.products)))))
        stretch = 2.6 if month >= customer.declines else 1.0
        days = max(4, round(customer.rhythm * stretch * dice.uniform(0.7, 1.35)))
        self.clock.at(self.clock.after_days(self.clock.now, days, dice.uniform(9.2, 17)), self.order_again, key)

    def place_order(self, key, product_keys, size=None):
        dice = self.dice[key]
        salesperson = self.salesperson(key)
        if not salesperson:
            self.clock.at(self.later(2, 4, dice), self.place_order, key, product_keys, size)
            return
        lines = self.lines(key, product_keys, dice, size)
        delivery = self.clock.to_utc(self.later(9, 20, dice, 15.0))
        order = self.firm.quote(salesperson, self.contact[key], lines, delivery, self.term)
        self.specs.fill(order)
        if dice.random() < 0.06:
            self.clock.at(self.later(3, 12, dice), self.drop_quotation, order)
        else:
            self.clock.at(self.clock.after_hours(self.clock.now, dice.uniform(0.5, 12)), self.confirm, key, order)

    def drop_quotation(self, order):
        order.with_user(order.user_id).with_context(self.firm.context).action_cancel()

    def confirm(self, key, order):
        dice = self.dice[key]
        if not order.user_id.active:
            # The successor confirms what the leaver quoted.
            successor = self.salesperson(key)
            if not successor:
                self.clock.at(self.later(2, 4, dice), self.confirm, key, order)
                return
            self.firm.as_user(self.firm.owner, order).user_id = successor.id
        if not self.judging.release(order):
            self.firm.confirm(order)
        self.proofs.begin(order)
        self.clock.at(self.clock.after_hours(self.clock.now, dice.uniform(2, 14)), self.print_job, key, order)

    # A JOB

    def print_job(self, key, order):
        dice = self.dice[key]
        if order.broker_handoff_id and order.broker_handoff_id.state != "accepted":
            # Service starts when it has taken over.
            self.clock.at(self.clock.after_hours(self.clock.now, 4), self.print_job, key, order)
            return
        self.proofs.finish(order)
        self.firm.place_with_printer(self.agent(key), order, dice.uniform(0.97, 1.04), dice.choice((0, 0, 1)))
        order_date = order.commitment_date
        local = self.clock.zone.fromutc(order_date).replace(tzinfo=None)
        late = dice.choice((-1, 0, 0, 0, 1, 2, 4))
        moment = max(
            self.clock.after_days(local, late, dice.uniform(9.5, 17)), self.clock.after_hours(self.clock.now, 9)
        )
        self.clock.at(moment, self.receive, key, order)
        self.relay.run(order, moment)

    def receive(self, key, order):
        # Where nobody of service has the customer, only a manager may say so.
        self.firm.receive(self.customer_file(key).service_user_id or self.firm.owner, order)
        self.relay.reconcile(order)
        self.to_invoice.append((key, order))

    # MONEY

    def plan_office(self):
        """The owner writes invoices on Fridays, and books what came in at the bank on Tuesdays and Fridays."""
        for day in self.clock.workdays:
            if day.weekday() in (1, 4):
                self.clock.at(at_hour(day, 16.0), self.book_payments)
            if day.weekday() == 4:
                self.clock.at(at_hour(day, 16.5), self.write_invoices)
        self.clock.at(at_hour(self.last_workday, 16.2), self.pay_a_part)

    def write_invoices(self):
        jobs, self.to_invoice = dict.fromkeys(self.to_invoice), []
        if not jobs:
            return
        self.firm.invoice(self.root["sale.order"].concat(*(order for _key, order in jobs)))
        for key, order in jobs:
            invoice = order.invoice_ids
            mishap = self.trouble.mishaps.pop(key, None)
            if mishap:
                self.clock.at(self.later(4, 9, self.dice[key]), getattr(self.trouble, mishap), key, order, invoice)
            if mishap != "refund_all" and not self.judging.is_never_paid(key):
                self.plan_payment(key, invoice)

    def plan_payment(self, key, invoice):
        customer = market.CUSTOMERS[key]
        dice = self.dice[key]
        least, usual, most = market.PAYMENT_DAYS[customer.pays]
        moment = at_hour(invoice.invoice_date_due, 12.0) + timedelta(days=round(dice.triangular(least, most, usual)))
        if customer.pays == "parts" or dice.random() < 0.05:
            self.clock.at(moment, self.expect, invoice, dice.choice((0.3, 0.4, 0.5, 0.6)))
            moment += timedelta(days=dice.randint(12, 40))
        if customer.pays == "bad" and dice.random() < 0.3:
            return
        self.clock.at(moment, self.expect, invoice, 1.0)

    def expect(self, invoice, part):
        self.at_bank.append((invoice, part))

    def book_payments(self):
        received, self.at_bank = self.at_bank, []
        for invoice, part in received:
            if part < 1.0:
                self.firm.pay(invoice, part)
        self.firm.pay(self.root["account.move"].union(*(invoice for invoice, part in received if part == 1.0)))

    def pay_a_part(self):
        """Whatever else happened, somebody has paid a part of an invoice today, and owes the rest."""
        charged = self.root["broker.commission.charge"].search([("state", "=", "posted")]).order_id
        waiting = self.root["account.move"].search(
            [
                ("move_type", "=", "out_invoice"),
                ("payment_state", "=", "not_paid"),
                ("reversal_move_ids", "=", False),
                ("invoice_line_ids.sale_line_ids", "!=", False),
                ("invoice_line_ids.sale_line_ids.order_id", "not in", charged.ids),
            ],
            order="invoice_date desc, id desc",
        )
        self.firm.pay(waiting[:1], 0.4)

    # THE DESK

    def plan_desk(self):
        """On the last working day jobs are won whose handoffs are still on the desk today."""
        for number, (key, ends) in enumerate(market.ON_THE_DESK):
            self.clock.at(at_hour(self.last_workday, 17.9 + number * 0.01), self.win_late, key, ends)

    def win_late(self, key, ends):
        """Win a job now.

        :param ends: how far its handoff comes: 'draft', 'submitted' or 'returned'
        """
        dice = self.dice[key]
        salesperson = self.salesperson(key)
        lines = self.lines(key, sorted(set(market.CUSTOMERS[key].products))[:1], dice)
        revenue = round(sum(quantity * price for _product, quantity, price in lines), -2)
        title = f"{self.contact[key].commercial_partner_id.name[:6]}·{market.TITLES[market.CUSTOMERS[key].trade][0]}"
        lead = self.firm.open_lead(salesperson, self.contact[key], title, revenue, self.sources[0])
        delivery = self.clock.to_utc(self.later(18, 34, dice, 15.0))
        order = self.firm.quote(salesperson, self.contact[key], lines, delivery, self.term, lead)
        self.specs.fill(order)
        self.firm.win_lead(lead)
        self.confirm(key, order)
        self.firm.move_lead(lead, self.handoff_stage)
        handoff = self.root["broker.handoff"].search([("lead_id", "=", lead.id)], limit=1)
        if ends != "draft":
            self.submit(handoff)
        if ends == "returned":
            self.send_back(handoff)

    # NIGHTS AND CALLS

    def plan_nights(self):
        """Twice a week calls are planned, every week customers are scored; at the end both every night."""
        days = (self.clock.end - self.clock.start).days
        for number in range(1, days + 1):
            day = self.clock.start.date() + timedelta(days=number)
            is_daily = number > days - DAILY_DAYS
            if is_daily or day.weekday() == 0:
                self.clock.by_itself(at_hour(day, NIGHT), self.score)
            if is_daily or day.weekday() == 1:
                self.clock.by_itself(at_hour(day, NIGHT + 0.2), self.close_staff_changes)
            if is_daily or day.weekday() in (0, 3):
                self.clock.by_itself(at_hour(day, NIGHT + 0.5), self.plan_night)
            if is_daily or day.weekday() == 6:
                self.clock.by_itself(at_hour(day, NIGHT + 1), self.sweep)
                self.clock.by_itself(at_hour(day, NIGHT + 1.5), self.bonds.night)

    def score(self):
        self.root["broker.tier.score"]._run(self.firm.company)
        self.root["broker.customer"].search([("company_id", "=", self.firm.company.id)])._refresh_readiness()

    def close_staff_changes(self):
        self.root["broker.staff.change"]._close_settled(self.firm.company)

    def plan_night(self):
        if self.clock.now.date() < self.today - timedelta(days=COVERAGE_DAYS):
            self.root["broker.care.call"]._plan(self.firm.company)
            return
        for _handled in self.root["broker.customer"]._get_night_steps(self.firm.company):
            self.root.flush_all()

    def sweep(self):
        self.root["broker.commission.entry"]._cron_sweep()

    def plan_calls(self):
        """The care officer calls in the morning and in the afternoon, but for two holidays."""
        for number, day in enumerate(self.clock.workdays):
            if day >= self.today:
                break
            if 95 <= number < 103 or 260 <= number < 265:
                continue
            # At the end some calls are left for whoever looks at the queue today.
            capacity = 4 if day < self.last_workday - timedelta(days=QUIET_DAYS) else 1
            self.clock.at(at_hour(day, 10.0), self.work_queue, capacity)
            self.clock.at(at_hour(day, 15.2), self.work_queue, capacity)

    def work_queue(self, capacity):
        dice = self.dice["care"]
        calls = self.firm.as_user(self.firm.officer)["broker.care.call"].search(
            [
                ("user_id", "=", self.firm.officer.id),
                ("state", "=", "planned"),
                ("next_attempt_at", "<=", self.clock.to_utc(self.clock.now)),
            ],
            limit=capacity,
        )
        for call in calls:
            self.call(call, dice)

    def call(self, call, dice):
        if call.step == "write":
            self.calls.write(call)
            return
        customer = market.CUSTOMERS[self.key_of[call.customer_id.partner_id.id]]
        outcome = dice.choices(("reached", "no_answer", "busy", "call_back"), (68, 20, 6, 6))[0]
        values = {"outcome": outcome}
        if outcome == "call_back":
            back = self.clock.after_days(self.clock.now, dice.randint(1, 2), dice.uniform(9.5, 16.5))
            values["call_back_at"] = self.clock.to_utc(back)
        elif outcome == "reached":
            values["note"] = dice.choice(market.REACHED_NOTES)
            if dice.random() < 0.12:
                call.needs_heard = dice.choice(market.NEEDS_HEARD)
            if call.ask_rating and dice.random() < 0.85:
                sales, service = (min(5, max(1, round(dice.gauss(mean, 0.6)))) for mean in customer.mood)
                values.update(sales_rating=sales, service_rating=service)
            elif call.ask_rating:
                values["score_declined"] = True
        self.satisfaction.before_call(call, outcome)
        call.action_log_attempt(**values)
