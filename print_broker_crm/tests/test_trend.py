from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_trend import TrendCommon


@tagged("post_install", "-at_install")
class TestTrend(TrendCommon):
    """The night that judges, what it keeps, and who may read it."""

    def _open(self, name="Jade", *days, **kwargs):
        customer = self._open_customer(self._create_partner(name, self.sales_wang))
        if days:
            self._buy(customer, *days, **kwargs)
        return customer

    def _told(self):
        """Return a list that fills with what the rooms are told: (customer, trend)."""
        told = []
        model = type(self.env["broker.customer"])

        def note(customers, changes):
            self.assertEqual(customers, changes.customer_id)
            told.extend((change.customer_id.name, change.trend_before, change.trend) for change in changes)

        patcher = patch.object(model, "_after_trend_change", note)
        patcher.start()
        self.addCleanup(patcher.stop)
        return told

    # The first night

    def test_the_first_night_works_out_the_months_before(self):
        told = self._told()
        # Monthly until 15 January 2026: expected on 15 February, lost 93 days later.
        lost = self._open("Lost", *self._count_monthly(date(2024, 1, 1), 25))
        new = self._open("New", date(2026, 9, 20))
        never = self._open("Never")
        self._judge()
        self.assertEqual((lost.trend, lost.trend_since), ("lost", date(2026, 5, 31)))
        self.assertEqual(
            self._get_changes(lost),
            [
                (date(2025, 9, 30), False, "stable"),
                # One job in the three months to March, and before that three: April agrees.
                (date(2026, 4, 30), "stable", "declining"),
                (date(2026, 5, 31), "declining", "lost"),
            ],
        )
        self.assertEqual((new.trend, new.trend_since), ("new", date(2026, 9, 30)))
        self.assertEqual((never.trend, never.trend_since, never.trend_trace), (False, False, False))
        self.assertFalse(self._get_changes(never))
        # Of the past nobody is told; a new customer is news.
        self.assertEqual(told, [("New", False, "new")])
        history = self.env["broker.trend.change"].search([("is_history", "=", True)])
        self.assertEqual(history.customer_id, lost + self.old)

    def test_the_same_day_again_does_nothing(self):
        self._open("Jade", *self._count_monthly(date(2024, 1, 1), 33))
        self.assertEqual(
            self._judge(), self.env["broker.customer"].search_count([("company_id", "=", self.company.id)])
        )
        self.assertEqual(self._judge(), 0)

    def test_a_night_that_is_killed_goes_on(self):
        customers = self._open("A") + self._open("B") + self._open("C")
        self._buy(customers[0], *self._count_monthly(date(2024, 1, 1), 25))
        self._buy(customers[2], *self._count_monthly(date(2024, 1, 1), 25))
        self.env["ir.config_parameter"].set_param("print_broker_crm.trend_batch_size", 1)
        steps = self.env["broker.customer"]._judge_trend_steps(self.company)
        while customers[0].trend != "lost":
            next(steps)
            self.env.invalidate_all()
        steps.close()
        self.assertFalse(customers[2].trend)
        self._judge()
        self.assertEqual(customers[2].trend, "lost")
        self.assertEqual(len(self._get_changes(customers[0])), 3)

    # Later nights

    def test_a_decline_is_told_once_as_of_the_day_it_is_seen(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 33, day=1))
        self._judge()
        self.assertEqual((customer.trend, customer.trend_since), ("stable", date(2025, 9, 30)))
        told = self._told()
        # Bought on the first of each month: the median is 31 days; expected on 2 October,
        # too late 46 days after, on 17 November.
        self._buy(self.old, date(2026, 10, 15), date(2026, 11, 15))
        for night in range(16, 20):
            self.clock.move_to(f"2026-11-{night} 19:00:00")
            self._judge()
            self.assertEqual(
                [row for row in told if row[0] == "Jade"], [("Jade", "stable", "declining")] * (night > 17)
            )
        self.assertEqual((customer.trend, customer.trend_since), ("declining", date(2026, 11, 18)))

    def test_nights_that_did_not_run_catch_up_with_the_ends_of_months(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 33, day=1))
        self._judge()
        told = self._told()
        self._buy(self.old, date(2026, 10, 15), date(2026, 11, 15), date(2026, 12, 15))
        self.clock.move_to("2027-01-20 19:00:00")
        self._judge()
        self.assertEqual(
            self._get_changes(customer)[1:],
            [
                # Late since 18 November; in October two jobs stood against three.
                (date(2026, 11, 30), "stable", "declining"),
                (date(2027, 1, 20), "declining", "lost"),
            ],
        )
        self.assertEqual(
            [row for row in told if row[0] == "Jade"],
            [("Jade", "stable", "declining"), ("Jade", "declining", "lost")],
        )

    def test_the_trend_of_a_past_day(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 25))
        self._judge()

        def get(day):
            query = self.env["broker.customer"]._get_trend_at(self.company, day)
            return {row[0]: row[1] for row in self.env.execute_query(query)}.get(customer.id)

        self.assertEqual(get(date(2025, 9, 29)), None)
        self.assertEqual(get(date(2025, 9, 30)), "stable")
        self.assertEqual(get(date(2026, 4, 29)), "stable")
        self.assertEqual(get(date(2026, 4, 30)), "declining")
        self.assertEqual(get(date(2026, 9, 30)), "lost")

    def test_an_only_order_that_is_cancelled(self):
        customer = self._open("Jade")
        order = self._buy(customer, date(2026, 9, 20))
        self._judge()
        self.assertEqual(customer.trend, "new")
        order._action_cancel()
        self.env.cr.execute("DELETE FROM broker_customer_month WHERE customer_id = %s", (customer.id,))
        self.env["broker.customer"]._ask_for_trend(customer.ids)
        self.clock.move_to("2026-10-01 19:00:00")
        self._judge()
        self.assertEqual((customer.trend, customer.trend_trace), (False, False))
        self.assertEqual(self._get_changes(customer)[-1], (date(2026, 10, 1), "new", False))
        self.assertNotIn(
            customer.id,
            [
                row[0]
                for row in self.env.execute_query(
                    self.env["broker.customer"]._get_trend_at(self.company, date(2026, 10, 1))
                )
            ],
        )

    def test_the_day_is_the_firms_own(self):
        customer = self._open("Jade")
        order = self._buy(customer, date(2026, 9, 20))
        # Half past one in the night of 1 October in Shanghai is still September in Greenwich.
        order.date_order = "2026-09-30 17:30:00"
        self._judge()
        self.assertFalse(customer.trend)
        self.clock.move_to("2026-10-01 19:00:00")
        self._judge()
        self.assertEqual(customer.trend_trace["first_day"], "2026-10-01")

    def test_a_reprint_for_a_claim_is_no_purchase(self):
        customer = self._open("Jade")
        order = self._buy(customer, date(2026, 9, 20))
        case = self.env["broker.case"].create({"customer_id": customer.id, "title": "Torn", "kind": "claim"})
        order.broker_claim_case_id = case
        self.env.cr.execute("DELETE FROM broker_customer_month WHERE customer_id = %s", (customer.id,))
        self._judge()
        self.assertFalse(customer.trend)

    def test_invoices_without_orders(self):
        customer = self._open("Jade")
        for month in self._count_monthly(date(2024, 1, 1), 25):
            self._add_month(customer, month, 500.0, ordered=0, jobs=0)
        self._judge()
        self.assertEqual(customer.trend, "lost")
        self.assertEqual(customer.trend_trace["last_day"], "2026-01-31")

    def test_invoices_before_the_first_order(self):
        """Whoever was invoiced every month and gets its first order now is an old customer."""
        customer = self._open("Jade")
        for month in self._count_monthly(date(2024, 1, 1), 31):
            self._add_month(customer, month, 500.0, ordered=0, jobs=0)
        self._buy(customer, date(2026, 8, 15), date(2026, 9, 15), amount=500.0)
        self._judge()
        self.assertEqual(customer.trend, "stable")
        self.assertEqual(customer.trend_trace["first_day"], "2024-01-31")
        self.assertEqual(customer.trend_trace["last_day"], "2026-09-15")

    def test_all_compared_months_are_read(self):
        """By whole years, as three closed months see it: in October those to September, August
        and July, and of July two years back to August."""
        customer = self._open("Jade", *self._count_monthly(date(2024, 6, 1), 5))
        _days, months = customer._get_trend_purchases(self.company, customer.ids, date(2026, 10, 14))
        self.assertEqual(min(months[customer.id]), date(2024, 8, 1))

    # Merges, companies, people put away

    def test_a_merged_customer_keeps_its_own_history(self):
        kept = self._open("Kept", *self._count_monthly(date(2024, 1, 1), 33))
        other = self._open("Other", *self._count_monthly(date(2024, 1, 1), 25))
        self._judge()
        before = self._get_changes(kept)
        changes = self.env["broker.trend.change"].search([("customer_id", "=", other.id)])
        other._merge_into(kept)
        self.assertEqual(changes.customer_id, kept)
        self.assertEqual(set(changes.mapped("is_merged")), {True})
        self.assertEqual(
            [(row.date, row.trend_before, row.trend) for row in kept.trend_change_ids.sorted("id")], before
        )
        rows = self.env.execute_query(self.env["broker.customer"]._get_trend_at(self.company, date(2026, 9, 30)))
        self.assertEqual({row[0]: row[1] for row in rows}[kept.id], "stable")

    def test_a_customer_of_two_companies_is_judged_in_each(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        self.env.user.company_ids += other
        partner = self._create_partner("Jade", self.sales_wang)
        here = self._open_customer(partner)
        there = self._open_customer(partner, company=other)
        self._buy(here, *self._count_monthly(date(2024, 1, 1), 33))
        self._buy(there, *self._count_monthly(date(2024, 1, 1), 25), company=other)
        self._judge()
        self.assertEqual(here.trend, "stable")
        self.assertFalse(there.trend)
        self._judge(other)
        self.assertEqual((here.trend, there.trend), ("stable", "lost"))
        self.assertEqual(set(there.trend_change_ids.company_id.ids), {other.id})
        qian = self.manager_qian.with_context(allowed_company_ids=self.company.ids)
        self.assertFalse(self.env["broker.trend.change"].with_user(qian).search([("customer_id", "=", there.id)]))

    def test_a_customer_put_away_keeps_its_trend(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 33))
        self._judge()
        customer.active = False
        self.clock.move_to("2027-06-01 19:00:00")
        self._judge()
        self.assertEqual(customer.trend, "stable")
        customer.active = True
        self.clock.move_to("2027-06-02 19:00:00")
        self._judge()
        self.assertEqual(customer.trend, "lost")

    def test_a_hole_in_the_firms_books_is_held_against_nobody(self):
        days = [*self._count_monthly(date(2024, 1, 1), 27), date(2026, 9, 15)]
        customers = [self._open(f"Customer {number}", *days) for number in range(6)]
        self.env.cr.execute(
            "DELETE FROM broker_customer_month WHERE company_id = %s AND month BETWEEN '2026-04-01' AND '2026-08-01'",
            (self.company.id,),
        )
        self._judge()
        self.assertEqual({customer.trend for customer in customers}, {"stable"})
        self.company.broker_trend_gap_customers = 20
        self.clock.move_to("2026-10-01 19:00:00")
        self._judge()
        self.assertEqual({customer.trend for customer in customers}, {"recovered"})

    # Words

    def test_the_explanation_is_in_the_readers_words(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 25))
        self.assertFalse(customer.trend_explanation)
        self._judge()
        self.assertEqual(
            customer.trend_explanation,
            "Usually buys every 31 days, last on 01/15/2026. The next job was expected by 02/15/2026; lost after "
            "05/19/2026.",
        )
        self.assertEqual(customer.trend_arrow, "✕")
        stable = self.old
        self.env["res.lang"]._activate_lang("zh_CN")
        self.assertIn("2026年9月", stable.with_context(lang="zh_CN").trend_explanation)
        self.assertIn("Revenue from July 2026 to September 2026:", stable.trend_explanation)
        self.assertIn("3,000.00", stable.trend_explanation)
        self.assertIn("(+0 %)", stable.trend_explanation)
        changes = self.env["broker.trend.change"].search([("customer_id", "=", customer.id)])
        self.assertTrue(all(changes.mapped("explanation")))

    # Rights

    def test_nobody_writes_a_trend(self):
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 1), 25))
        self._judge()
        for user in (self.sales_wang, self.care_sun, self.manager_qian):
            own = customer.with_user(user)
            for vals in ({"trend": "rising"}, {"trend_since": "2026-01-01"}, {"trend_trace": {}}):
                with self.assertRaises(UserError):
                    own.write(vals)
            with self.assertRaises(AccessError):
                self.env["broker.trend.change"].with_user(user).create(
                    {"customer_id": customer.id, "company_id": self.company.id, "date": "2026-01-01", "trend": "new"}
                )
            change = self.env["broker.trend.change"].with_user(user).search([("customer_id", "=", customer.id)])[:1]
            with self.assertRaises(UserError):
                change.write({"trend": "new"})
            with self.assertRaises(AccessError):
                change.unlink()
        change = self.env["broker.trend.change"].sudo().search([("customer_id", "=", customer.id)])[:1]
        with self.assertRaises(UserError):
            change.write({"trend": "new"})
        with self.assertRaises(UserError):
            change.unlink()
        with self.assertRaises(UserError):
            customer.with_user(self.manager_qian).write({"trend_change_ids": [Command.clear()]})

    def test_no_trend_comes_by_a_context(self):
        partner = self._create_partner("Onyx", self.sales_wang)
        customer = (
            self.env["broker.customer"]
            .with_user(self.manager_qian)
            .with_context(default_trend="rising", default_trend_since="2026-01-01")
            .create({"partner_id": partner.id})
        )
        self.assertEqual((customer.trend, customer.trend_since), (False, False))

    # Speed

    def test_an_ordinary_night_looks_at_those_whose_day_has_come(self):
        # Expected on 4 October, 46 days later too late: on the 20th of November.
        customer = self._open("Jade", *self._count_monthly(date(2024, 1, 3), 33, day=3))
        self._open("Never")
        self.env["ir.config_parameter"].set_param("print_broker_crm.trend_batch_size", 1)
        everybody = self._judge()
        self.clock.move_to("2026-10-01 19:00:00")
        self.assertEqual(self._judge(), 0)
        self.assertEqual(self.company.broker_trend_mark_date, date(2026, 10, 1))
        self._buy(customer, date(2026, 10, 3), date(2026, 10, 5))
        self.clock.move_to("2026-10-02 19:00:00")
        self.assertEqual(self._judge(), 1, "A job of tomorrow is known")
        self.clock.move_to("2026-10-03 19:00:00")
        self.assertEqual(self._judge(), 1)
        self.clock.move_to("2026-10-04 19:00:00")
        self.assertEqual(self._judge(), 0)
        self.clock.move_to("2026-10-05 19:00:00")
        self.assertEqual(self._judge(), 1)
        self.assertEqual(customer.trend_trace["last_day"], "2026-10-05")
        self.company.broker_trend_fall_percent = 30
        self.clock.move_to("2026-10-06 19:00:00")
        self.assertEqual(self._judge(), everybody, "Other thresholds are for all")
        self.clock.move_to("2026-10-31 19:00:00")
        self.assertEqual(self._judge(), everybody, "October is over")
        self.clock.move_to("2026-11-01 19:00:00")
        self.assertEqual(self._judge(), 0)

    def test_a_night_asks_the_same_number_of_questions_for_any_number_of_customers(self):
        self._judge()

        def count(number, day):
            customers = self.env["broker.customer"]
            for index in range(number):
                customers += self._open(f"{day} {index}", *self._count_monthly(date(2024, 1, 1), 25))
            self.env.flush_all()
            self.env.invalidate_all()
            self.clock.move_to(day)
            before = self.env.cr.sql_log_count
            self._judge()
            asked = self.env.cr.sql_log_count - before
            self.assertEqual(set(customers.mapped("trend")), {"lost"})
            return asked

        self.assertEqual(count(2, "2026-10-01 19:00:00"), count(12, "2026-10-02 19:00:00"))
