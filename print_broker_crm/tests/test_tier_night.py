import random
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon

SEEDS = range(2)
NIGHTS = 10


@tagged("post_install", "-at_install")
class TestTierNight(TierCommon):
    """A night judges those of whom something is new, and comes to what judging all would."""

    def _night(self, day):
        """Score everybody in the night of a day, and return the run."""
        self._go_to(f"{day} 04:00:00")
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        while not run.is_done:
            run._step(2)
        self.env.invalidate_all()
        return run

    def _waiting(self, day):
        """Return the customers who have to be judged in the night of a day."""
        self._go_to(f"{day} 04:00:00")
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        rows = self.env.execute_query(SQL("SELECT customer_id FROM broker_tier_figure WHERE run_id = %s", run.id))
        while not run.is_done:
            run._step(1000)
        self.env.invalidate_all()
        return self.env["broker.customer"].browse(row[0] for row in rows)

    def _assert_complete(self, *told):
        """Judge everybody, whatever the nights remember, and find nothing new."""
        self.assertFalse(self._run(), f"a night left out somebody about whom something is new {told}")

    def test_only_those_are_judged_of_whom_something_is_new(self):
        other = self._create_partner("Other", self.sales_wang)
        self._invoice(100000, 70000)
        self._invoice(100000, 70000, partner=other)
        self.assertIn(self.customer, self._waiting("2025-06-15"))
        self.assertFalse(self._waiting("2025-06-16"))
        self._invoice(1000, 700)
        self.assertEqual(self._waiting("2025-06-17"), self.customer)
        run = self.env["broker.tier.run"].sudo().search([("date", "=", "2025-06-17")])
        self.assertEqual(
            run.customer_count, self.env["broker.customer"].search_count([("company_id", "=", self.company.id)])
        )
        self.assertEqual(run.score_count, 1)

    def test_each_figure_tells(self):
        """What was changed below the ORM, without a trace: the cost alone, a payment's day, a
        dispute, a confirmed order."""
        invoice = self._invoice(100000, 70000, due="2025-05-10")
        self._pay(invoice, date="2025-05-10")
        self._job(1000, 700)
        self._night("2025-06-15")
        for day, statement in enumerate(
            (
                "UPDATE sale_order_line SET purchase_price = purchase_price + 1 WHERE purchase_price > 1000",
                "UPDATE account_partial_reconcile SET max_date = '2025-05-12'",
                "UPDATE account_move SET broker_is_disputed = TRUE WHERE move_type = 'out_invoice'",
                "UPDATE sale_order SET state = 'cancel' WHERE amount_untaxed = 1000",
            ),
            start=16,
        ):
            self.env.flush_all()
            self.env.cr.execute(statement)
            self.env.invalidate_all()
            self.assertEqual(self._waiting(f"2025-06-{day}"), self.customer, statement)
            self._assert_complete(statement)

    def test_night_is_over_with_the_last_customer(self):
        """And not with the next, empty batch: cut off between, it would gather all again."""
        self._invoice(100000, 70000)
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        waiting = run._count_figures()
        self.assertEqual(run._step(waiting), waiting)
        self.assertTrue(run.is_done)

    def test_everybody_is_judged_when_a_month_ends(self):
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        self.assertEqual(self._waiting("2025-06-30") & self.customer, self.customer)
        self.assertFalse(self._waiting("2025-07-01"))

    def test_another_scale_or_policy_judges_everybody(self):
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        self.tiers["4A"].sudo().total_min = 3.6
        self.assertIn(self.customer, self._waiting("2025-06-16"))
        # Until the runs agree
        self.assertEqual(self._waiting("2025-06-17"), self.customer)
        self.assertFalse(self._waiting("2025-06-18"))
        self.assertEqual(self.customer.tier_id, self.tiers["3A"])
        self.policy.copy({"date_from": "2025-06-19"}).action_activate()
        self.assertIn(self.customer, self._waiting("2025-06-19"))

    def test_score_by_hand_is_looked_at_until_it_ended(self):
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        self.env["broker.tier.manual.score"].sudo().create(
            {
                "customer_id": self.customer.id,
                "code": "ease",
                "score": 1,
                "reason": "Rude",
                "date_until": "2025-06-17",
            }
        )
        for day in (16, 17, 18):
            self.assertEqual(self._waiting(f"2025-06-{day}"), self.customer, day)
            self.assertEqual(self.customer.sudo().last_score_id.ease_score, 5 if day == 18 else 1)
            self._assert_complete()

    def test_scored_by_day(self):
        """Somebody pressed the button since: what the night remembers is of before."""
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        self._invoice(1000, 700)
        self._run()
        self.assertEqual(self._waiting("2025-06-16"), self.customer)
        self.assertFalse(self._waiting("2025-06-17"))

    def test_work_for_others_moves_the_step(self):
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        other = self._create_partner("Other", self.sales_wang)
        for _count in range(2):
            quotation = self.env["sale.order"].create({"partner_id": other.id, "user_id": self.sales_wang.id})
            quotation.date_order = "2025-05-10 04:00:00"
            self.assertEqual(
                self.customer in self._waiting(f"2025-06-{16 + _count}"),
                bool(_count),
                "30,000 ÷ (1/12 × 4/6) is 4A still, 30,000 ÷ (1/12 × 4/8) is 5A",
            )
            self._assert_complete()

    def test_what_is_remembered_is_lost(self):
        """After the server broke down everybody is judged, and nothing is written twice."""
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        self.env.cr.execute("TRUNCATE broker_tier_figure")
        self.assertIn(self.customer, self._waiting("2025-06-16"))
        self.assertFalse(self._waiting("2025-06-17"))

    def test_customers_who_are_gone_are_forgotten(self):
        gone = self._open_customer(self._create_partner("Gone"))
        self._night("2025-06-15")
        gone.sudo().unlink()
        self.env["broker.tier.run"]._gc_figures()
        rows = self.env.execute_query(SQL("SELECT customer_id FROM broker_tier_figure"))
        self.assertNotIn((gone.id,), rows)
        self.assertIn((self.customer.id,), rows)

    # Random histories

    def test_a_night_comes_to_what_judging_all_would(self):
        for seed in SEEDS:
            with self.cr.savepoint() as savepoint:
                self._live_through(random.Random(seed), seed)
                # Every night of it was compared; a history in which nobody is judged would compare nothing.
                self.assertTrue(self.env["broker.tier.score"].sudo().search_count([], limit=1), seed)
                savepoint.rollback()
                self.env.invalidate_all()

    def _live_through(self, dice, seed):
        partners = [self.partner, *(self._create_partner(f"P{index}", self.sales_wang) for index in range(3))]
        history = {"invoices": []}
        events = [self._do_invoice, self._do_pay, self._do_unpay, self._do_credit, self._do_reset, self._do_order]
        events += [self._do_cost, self._do_sql, self._do_judge, self._do_move, self._do_contact]
        day = fields.Date.to_date("2025-06-15") + timedelta(days=dice.randrange(20))
        self._go_to(f"{day} 02:00:00")
        for _invoice in range(6):
            self._do_invoice(dice, day, partners, history)
        for _night in range(NIGHTS):
            self._go_to(f"{day} 02:00:00")
            for _event in range(dice.randrange(1, 4)):
                dice.choice(events)(dice, day, partners, history)
            self._night(day)
            self._assert_complete(seed, day)
            day += timedelta(days=dice.choice([1, 1, 1, 2, 12]))

    def _pick(self, dice, rows):
        return rows and dice.choice(rows) or None

    def _do_invoice(self, dice, day, partners, history):
        date = day - timedelta(days=dice.choice([0, 3, 100, 355, 363, 364]))
        due = date + timedelta(days=dice.choice([0, 10, 40]))
        price = dice.choice([900, 30000, 200000])
        cost = price * dice.choice([0, 0.5, 0.9])
        invoice = self._invoice(price, cost, date=str(date), due=str(due), partner=dice.choice(partners))
        history["invoices"].append(invoice)
        # What is overdue is news every day, and would hide what is not noticed.
        if dice.random() < 0.8:
            self._pay(invoice, date=str(date))

    def _do_pay(self, dice, day, partners, history):
        invoice = self._pick(dice, [move for move in history["invoices"] if move.amount_residual > 0])
        if invoice:
            self._pay(invoice, invoice.amount_residual * dice.choice([0.5, 1]), date=str(day))

    def _do_unpay(self, dice, day, partners, history):
        invoice = self._pick(dice, [move for move in history["invoices"] if move.state == "posted"])
        if invoice:
            invoice.line_ids.remove_move_reconcile()

    def _do_credit(self, dice, day, partners, history):
        invoice = self._pick(dice, [move for move in history["invoices"] if move.state == "posted"])
        if invoice:
            self._credit(invoice, price=dice.choice([10, 500]))

    def _do_reset(self, dice, day, partners, history):
        invoice = self._pick(dice, [move for move in history["invoices"] if move.state == "posted"])
        if invoice:
            invoice.button_draft()
            if dice.random() < 0.5:
                history["invoices"].remove(invoice)
                invoice.with_context(force_delete=True).unlink()

    def _do_order(self, dice, day, partners, history):
        order = self._job(
            1000, 700, date=str(day - timedelta(days=dice.choice([1, 364]))), partner=dice.choice(partners)
        )
        if dice.random() < 0.5:
            order._action_cancel()

    def _do_contact(self, dice, day, partners, history):
        customer = dice.choice(partners).broker_customer_ids
        if customer:
            self.env["broker.contact"].sudo().create(
                {
                    "customer_id": customer[:1].id,
                    "channel": "visit",
                    "user_id": dice.choice(self.sales_wang + self.service_chen).id,
                    "date": f"{day - timedelta(days=dice.choice([0, 5, 362, 364]))} 01:00:00",
                }
            )

    def _do_cost(self, dice, day, partners, history):
        invoice = self._pick(dice, [move for move in history["invoices"] if move.state == "posted"])
        if invoice:
            invoice.invoice_line_ids.sale_line_ids.purchase_price = dice.choice([0, 10, 9000])

    def _do_judge(self, dice, day, partners, history):
        customer = dice.choice(partners).broker_customer_ids
        if customer and not customer.sudo().tier_score_manual_ids:
            self.env["broker.tier.manual.score"].sudo().create(
                {
                    "customer_id": customer.id,
                    "code": dice.choice(["ease", "integrity", "profit"]),
                    "score": dice.randrange(1, 6),
                    "reason": "Known better",
                    "date_until": day + timedelta(days=dice.randrange(4)),
                }
            )

    def _do_move(self, dice, day, partners, history):
        """Somebody scores a part of the customers by day."""
        self._run(customers=dice.choice(partners).broker_customer_ids)

    def _do_sql(self, dice, day, partners, history):
        """Somebody mends costs below the ORM: no date of a change tells."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE sale_order_line SET purchase_price = purchase_price + 1 WHERE id %% 2 = %s", dice.randrange(2))
        )
        self.env.invalidate_all()
