from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_tier_score import NOON, TierCommon


@tagged("post_install", "-at_install")
class TestTierEvidence(TierCommon):
    """From each number of a score down to the rows it was counted from."""

    def _open(self, action, user=None):
        action = getattr(self.customer.with_user(user or self.manager_qian), f"action_view_tier_{action}")()
        return self.env[action["res_model"]].with_user(user or self.manager_qian).search(action["domain"])

    def test_revenue_opens_to_its_invoices(self):
        inside = self._invoice(100000, 70000)
        self._invoice(1000, 700, date="2024-06-15")
        first = self._invoice(2000, 700, date="2024-06-16")
        note = self._credit(inside, price=500)
        self._invoice(5000, 700, partner=self._create_partner("Other", self.sales_wang))
        score = self._score()
        rows = self._open("invoices")
        self.assertEqual(rows, inside + first + note)
        self.assertEqual(sum(rows.mapped("amount_untaxed_signed")), score.revenue)
        self.assertEqual(self.customer.tier_invoice_count, 3)
        self.assertEqual(self._open("credit_notes"), note)

    def test_profit_opens_to_its_lines(self):
        self._invoice(50000, 30000, lines=[(self.box_product, 9000, 0)])
        self._invoice(20000, 18000)
        score = self._score()
        lines = self._open("lines")
        self.assertEqual(len(lines), 3)
        self.assertEqual(sorted(lines.mapped("broker_profit")), [0, 2000, 20000])
        self.assertEqual(sum(lines.mapped("broker_profit")), score.profit)
        self.assertEqual(lines.filtered("broker_cost_unknown").product_id, self.box_product)

    def test_integrity_opens_to_late_invoices(self):
        paid = self._invoice(10000, 7000, due="2025-05-10")
        self._pay(paid, 6000, date="2025-05-10")
        self._pay(paid, 4000, date="2025-05-30")
        open_one = self._invoice(3000, 700, due="2025-06-05")
        in_time = self._invoice(3000, 700, due="2025-06-05")
        self._pay(in_time, date="2025-06-01")
        self._score()
        late = self._open("late")
        self.assertEqual(late, paid + open_one)
        self.assertEqual(self.customer.tier_late_count, 2)
        self.assertEqual((paid.broker_days_late, paid.broker_late_amount), (20, 4000))
        self.assertEqual((open_one.broker_days_late, open_one.broker_late_amount), (10, 3000))
        self.assertEqual((in_time.broker_days_late, in_time.broker_late_amount), (0, 0))

    def test_ease_and_cancelled_jobs_open(self):
        self._invoice(10000, 7000)
        dropped = self.env["sale.order"].create({"partner_id": self.partner.id})
        dropped._action_cancel()
        job = self._job(1000, 700)
        job._action_cancel()
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id})
        handoff.write({"first_submitted_at": "2025-05-02 04:00:00", "return_count": 2})
        self._score()
        self.assertEqual(self._open("quotations"), dropped)
        self.assertEqual(self._open("cancelled"), job)
        self.assertEqual(self._open("returns"), handoff.with_env(self.env))
        self.assertEqual(self.customer.tier_return_count, 2)
        self.assertFalse(self._open("purchases"))

    def test_rush_jobs_open(self):
        """Two days are the limit: one job is promised after 1.9 days, one after 2."""
        self.policy.write({"trouble_rush_points": 10, "rush_days": 2})
        jobs = []
        for promised in ("2025-05-03 01:00:00", "2025-05-03 04:00:00", False):
            jobs.append(self._job(1000, 700))
            jobs[-1].write({"commitment_date": promised, "broker_date_confirmed": "2025-05-01 04:00:00"})
        self._score()
        self.assertEqual(self.customer.tier_rush_count, 1)
        self.assertEqual(self._open("rush"), jobs[0])
        self.assertEqual(self._open("rush", self.sales_wang), jobs[0])

    def test_changes_open_row_by_row(self):
        """As many rows as were counted, with what was asked before and after."""
        self.policy.write({"trouble_revision_points": 5, "trouble_change_points": 10})
        order = self._quote_and_change()
        self._go_to(NOON)
        self._score()
        self.assertEqual((self.customer.tier_revision_count, self.customer.tier_change_count), (2, 2))
        revisions = self._open("revisions")
        self.assertEqual(
            [(row.order_id, row.kind, row.amount_before, row.amount_after) for row in revisions],
            [(order, "revision", 1004, 1005), (order, "revision", 1002, 1004)],
        )
        changes = self._open("changes", self.sales_wang)
        self.assertEqual([(row.amount_before, row.amount_after) for row in changes], [(1100, 1101), (1005, 1100)])
        self.assertEqual(changes[0].action_open()["res_id"], order.id)
        self.assertFalse(self.env["broker.tier.change"].with_user(self.sales_zhao).search([]))
        order.date_order = "2024-06-15 04:00:00"
        self.assertFalse(self._open("changes"), "an order of before the window is not counted")

    def test_disputed_invoices_open(self):
        self._invoice(7500, 5000)
        invoice = self._invoice(2500, 2000)
        invoice.broker_is_disputed = True
        self._invoice(100, 50, date="2024-06-01").broker_is_disputed = True
        self._score()
        self.assertEqual(self.customer.tier_disputed_amount, 2500)
        self.assertEqual(self._open("disputed"), invoice)

    def test_evidence_against_people_is_the_managers(self):
        self._invoice(10000, 7000, due="2025-05-10").broker_is_disputed = True
        self._job(1000, 700)._action_cancel()
        self._score()
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            for action in ("late", "disputed", "cancelled"):
                with self.assertRefused(AccessError, "Only a manager"):
                    self._open(action, user)
            for name in ("tier_late_count", "tier_disputed_amount", "tier_cancelled_count", "tier_work"):
                with self.assertRefused(AccessError):
                    self.customer.with_user(user).read([name])
            with self.assertRefused(AccessError):
                self.env["broker.tier.work"].with_user(user).search([])

    def _get_work(self, customer=None):
        """Return {(person, kind): work} as the manager opens it."""
        action = (customer or self.customer).with_user(self.manager_qian).action_view_tier_work()
        wanted = action["context"]["search_default_customer_id"]
        rows = (
            self.env["broker.tier.work"]
            .with_user(self.manager_qian)
            ._read_group([("customer_id", "=", wanted)], ["user_id", "kind"], ["weight:sum"])
        )
        return {(user.with_env(self.env), kind): weight for user, kind, weight in rows}

    def test_work_opens_piece_by_piece(self):
        """Every kind of work, the first and the last day of the window, and nothing beyond
        them: the pieces add up to what the score holds."""
        order = self._invoice(100000, 70000).invoice_line_ids.sale_line_ids.order_id
        self._job(1000, 700, date="2024-06-16")
        self._job(1000, 700, date="2024-06-15")
        self._job(1000, 700, date="2025-06-16")
        quotation = self.env["sale.order"].create({"partner_id": self.partner.id, "user_id": self.sales_zhao.id})
        quotation.date_order = "2025-05-03 04:00:00"
        lead = self.env["crm.lead"].create({"name": "Menu", "partner_id": self.partner.id, "type": "opportunity"})
        for document in (order, lead, self.customer):
            message = document.message_post(
                body="Proof?", message_type="comment", author_id=self.service_chen.partner_id.id
            )
            message.sudo().date = "2025-05-02 04:00:00"
            document.activity_schedule(
                "mail.mail_activity_data_todo", user_id=self.service_chen.id
            ).sudo().action_done()
        handoff = self.env["broker.handoff"].sudo().create({"customer_id": self.customer.id})
        handoff.write(
            {
                "sender_id": self.sales_wang.id,
                "receiver_id": self.service_chen.id,
                "first_submitted_at": "2025-05-02 04:00:00",
                "accepted_at": "2025-05-03 04:00:00",
            }
        )
        call = self.env["broker.care.call"].sudo().create({"customer_id": self.customer.id})
        call.write({"user_id": self.care_sun.id, "state": "done", "date_done": "2025-05-04 04:00:00"})
        score = self._score()
        chen, wang = self.service_chen, self.sales_wang
        expected = {
            (wang, "job"): 8,
            (wang, "handoff_sent"): 2,
            (self.sales_zhao, "quotation"): 2,
            (chen, "handoff_received"): 2,
            **{
                (chen, f"{document}_{kind}"): 0.5
                for document in ("order", "lead", "customer")
                for kind in ("message", "activity")
            },
            (self.care_sun, "call"): 1,
        }
        work = self._get_work()
        self.assertEqual(work, expected)
        people = {}
        for (user, _kind), weight in work.items():
            people[user.id] = people.get(user.id, 0) + weight
        self.assertEqual(people, {row["user_id"]: row["work"] for row in score.people})
        self.assertEqual(self.customer.with_user(self.manager_qian).tier_work, sum(people.values()))
        rows = (
            self.env["broker.tier.work"].with_user(self.manager_qian).search([("customer_id", "=", self.customer.id)])
        )
        self.assertEqual(len(set(rows.ids)), len(rows))
        self.assertTrue(all(rows.mapped("document")))
        self.assertEqual(rows.filtered(lambda row: row.kind == "quotation").action_open()["res_id"], quotation.id)

    def test_work_is_the_customers_own(self):
        other = self._create_partner("Other", self.sales_wang)
        self._job(1000, 700)
        self._job(1000, 700, partner=other)
        self._run()
        self.assertEqual(self._get_work(), {(self.sales_wang, "job"): 4})
        self.assertEqual(self._get_work(other.broker_customer_ids), {(self.sales_wang, "job"): 4})

    def test_work_begins_with_the_day_of_the_firm(self):
        """16 June 2024 begins at 16:00 UTC of the 15th in Shanghai."""
        for moment in ("2024-06-15 16:00:00", "2024-06-15 15:59:59"):
            self._job(1000, 700).date_order = moment
        self._score()
        self.assertEqual(self._get_work(), {(self.sales_wang, "job"): 4})

    def test_salesperson_sees_the_tier_but_not_how_people_paid(self):
        self._invoice(700000, 400000, due="2025-06-03")
        score = self._score()
        mine = score.with_user(self.sales_wang)
        self.assertEqual((mine.tier_id, mine.integrity_score), (self.tiers["3A"], 1))
        self.assertNotIn("days late", str(mine.explanation))
        self.assertNotIn("days late", str(self.customer.with_user(self.sales_wang).tier_explanation))
        self.assertIn("days late", str(score.with_user(self.care_sun).explanation))
        self.assertIn("days late", str(self.customer.with_user(self.manager_qian).tier_explanation))
        with self.assertRefused(AccessError):
            self._open("late", self.sales_wang)
        with self.assertRefused(AccessError):
            mine.read(["inputs"])
        self.assertEqual(len(self._open("invoices", self.sales_wang)), 1)

    def test_nothing_to_open_without_a_score(self):
        with self.assertRefused(UserError, "no score yet"):
            self._open("invoices")

    def test_testing_a_customer_writes_nothing(self):
        self._invoice(100000, 70000)
        action = self.customer.with_user(self.manager_qian).action_test_tier()
        trial = self.env[action["res_model"]].with_user(self.manager_qian).browse(action["res_id"])
        self.assertEqual(trial.policy_id, self.policy)
        self.assertEqual(trial.tier_after_id, self.tiers["4A"])
        self.assertIn("3.5294", str(trial.explanation))
        self.assertFalse(trial.tier_now_id)
        self.assertFalse(self.Score.sudo().search([("customer_id", "=", self.customer.id)]))
        draft = self.policy.copy()
        # 100,000 is 5A of revenue there: (30×5 + 25×3 + 15×4 + 15×5) ÷ 85 = 360 ÷ 85
        draft.dimension_ids[0].write({f"threshold_{step}": step * 1000 for step in range(2, 6)})
        trial.policy_id = draft
        self.assertIn("4.2353", str(trial.explanation))
        self.assertEqual(self._score().total, 3.5294)
        self.assertFalse(draft.is_used)
        with self.assertRefused(AccessError):
            self.customer.with_user(self.sales_wang).action_test_tier()

    def test_testing_under_an_incomplete_draft_says_what_is_missing(self):
        draft = self.policy.copy()
        draft.dimension_ids[0].unlink()
        trial = self.env["broker.tier.trial"].create({"customer_id": self.customer.id})
        with self.assertRefused(UserError, "missing: Revenue"):
            trial.policy_id = draft
            self.assertTrue(trial.explanation)
