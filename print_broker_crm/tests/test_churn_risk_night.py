import math
from datetime import date, timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.test_churn_risk import RiskCommon


@tagged("post_install", "-at_install")
class TestChurnRiskNight(RiskCommon):
    """Whom the night judges anew, and when it learns."""

    def setUp(self):
        super().setUp()
        # Nobody orders here for weeks.
        self.company.broker_risk_pause_days = 0
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {number}", "is_company": True} for number in range(14)]
        )
        self.customers = self.env["broker.customer"]._open_for_partners(partners, self.company)
        self._order(["2026-05-01"], self.customers[0])
        for customer in self.customers[1:]:
            self.env["sale.order"].create(
                {
                    "partner_id": customer.partner_id.id,
                    "state": "sale",
                    "date_order": "2026-05-01 04:00:00",
                }
            )
        self.env.flush_all()

    def _get_written(self, work):
        """Return the customers whose rows were written by some work."""
        versions = dict(self.env.execute_query(SQL("SELECT id, xmin::text || ctid::text FROM broker_customer")))
        work()
        later = dict(self.env.execute_query(SQL("SELECT id, xmin::text || ctid::text FROM broker_customer")))
        return self.customers.filtered(lambda customer: versions[customer.id] != later[customer.id])

    def test_first_night_judges_all(self):
        steps = self._judge()
        # It learned, and then judged all in one batch
        self.assertEqual(len(steps), 2)
        self.assertTrue(all(self.customers.mapped("churn_risk_date")))
        fit = self.Fit._get_current(self.company)
        self.assertEqual(fit.date, date(2026, 6, 30))
        self.assertEqual(self.customers[0].churn_risk_trace["fit"], fit.id)

    def test_who_was_put_away_is_not_judged(self):
        """Back again, the customer is judged with the others of its day, within a week."""
        away = self.customers[2]
        away.active = False
        self._judge()
        self.assertEqual(self.customers.filtered("churn_risk_date"), self.customers - away)
        away.active = True
        for day in range(1, 8):
            self.at(f"2026-07-{day:02d} 04:00:00")
            self._judge()
        self.assertTrue(away.churn_risk_date)

    def test_twice_on_a_day(self):
        self._judge()
        self._order(["2026-06-30"], self.customers[3])
        self.assertFalse(self._get_written(self._judge))
        self.assertEqual(len(self.Fit.search([("company_id", "=", self.company.id)])), 1)

    def test_batch_by_batch(self):
        """Killed after a batch, it goes on where it was."""
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.coverage_batch_size", "4")
        steps = self.env["broker.customer"]._judge_risk_steps(self.company)
        for _number in range(3):
            next(steps)
        steps.close()
        self.env.invalidate_all()
        judged = self.customers.filtered("churn_risk_date")
        self.assertTrue(judged)
        self.assertLess(len(judged), len(self.customers))
        written = self._get_written(self._judge)
        self.assertEqual(written, self.customers - judged)
        self.assertTrue(all(self.customers.mapped("churn_risk_date")))
        self.assertEqual(len(self.Fit.search([("company_id", "=", self.company.id)])), 1)

    def test_killed_after_nights_that_did_not_run(self):
        """Whoever ordered in the meantime is judged, also by the run that goes on."""
        self._judge()
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.coverage_batch_size", "4")
        self.at("2026-07-05 04:00:00")
        turn = date(2026, 7, 5).toordinal()
        last = self.customers.filtered(lambda customer: (customer.id + turn) % 7)[-1]
        self._order(["2026-07-02"], last)
        steps = self.env["broker.customer"]._judge_risk_steps(self.company)
        next(steps)
        steps.close()
        self.assertIn(last, self._get_written(self._judge))

    def test_one_in_seven_and_who_ordered(self):
        """The next night judges two of fourteen, and who placed a job; the rest waits."""
        self._judge()
        self.at("2026-07-01 04:00:00")
        turn = date(2026, 7, 1).toordinal()
        expected = self.customers.filtered(lambda customer: (customer.id + turn) % 7 == 0)
        self.assertEqual(len(expected), 2)
        ordered = (self.customers - expected)[0]
        self._order(["2026-07-01"], ordered)
        # Everybody's risk has risen by July 8, but only these are looked at.
        self.at("2026-07-08 04:00:00")
        self.company.sudo().broker_risk_mark_date = date(2026, 7, 1)
        self.assertEqual((turn + 7) % 7, turn % 7)
        self.assertEqual(self._get_written(self._judge), expected + ordered)

    def test_a_week_judges_everybody(self):
        self._judge()
        before = {customer: customer.churn_risk for customer in self.customers}
        self.at("2026-07-20 04:00:00")
        for day in range(7):
            self.at(f"2026-07-{20 + day} 04:00:00")
            self._judge()
        self.assertTrue(all(customer.churn_risk > before[customer] for customer in self.customers))

    def test_learns_every_four_weeks(self):
        self._judge()
        for day, count in (("2026-07-27", 1), ("2026-07-28", 2)):
            self.at(f"{day} 04:00:00")
            self._judge()
            fits = self.Fit.search([("company_id", "=", self.company.id)])
            self.assertEqual(len(fits), count)
        # Then all are judged by what is new.
        self.assertEqual({customer.churn_risk_trace["fit"] for customer in self.customers}, set(fits[0].ids))

    def test_other_days_ahead(self):
        """Asked for another number of days, the firm learns in the next night."""
        self._judge()
        self.company.broker_risk_days = 90
        self.at("2026-07-01 04:00:00")
        self._judge()
        self.assertEqual({customer.churn_risk_trace["horizon"] for customer in self.customers}, {90})

    def test_no_jobs_at_all(self):
        company = self.env["res.company"].create({"name": "Second Broker"})
        list(self.env["broker.customer"]._judge_risk_steps(company))
        self.assertFalse(self.Fit.search([("company_id", "=", company.id)]))

    def test_queries_do_not_grow(self):
        self._judge()
        counts = []
        for day in (1, 2):
            self.at(f"2026-07-0{day} 04:00:00")
            if day == 2:
                partners = self.env["res.partner"].create(
                    [{"name": f"More {number}", "is_company": True} for number in range(40)]
                )
                for customer in self.env["broker.customer"]._open_for_partners(partners, self.company):
                    self.env["sale.order"].create(
                        {"partner_id": customer.partner_id.id, "state": "sale", "date_order": "2026-07-02 01:00:00"}
                    )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            list(self.env["broker.customer"]._judge_risk_steps(self.company))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)


@tagged("post_install", "-at_install")
class TestChurnRiskLearning(RiskCommon):
    """What is learned from a history, and how much what is shipped counts."""

    NONE = {"weights": [0.0] * 8, "information": [[float(i == j) for j in range(8)] for i in range(8)]}

    def test_share_of_the_lost(self):
        """With a constant alone, what is learned is the share of those who were lost: of four
        customers three, LN 3."""
        rows = [([1.0], silent, 1.0) for silent in (1, 1, 1, 0)]
        weights, information = self.Fit._fit_weights(rows, [0.0], [[1e-9]], 1)
        self.assertAlmostEqual(weights[0], math.log(3), 5)
        # 0.75 * 0.25 per customer
        self.assertAlmostEqual(information[0][0], 0.1875, 5)

    def test_two_groups(self):
        """A constant and a mark: of the unmarked 1 of 4 is lost, of the marked 3 of 4."""
        rows = [([1.0, float(mark)], silent, 1.0) for mark in (0, 1) for silent in (mark, mark, mark, 1 - mark)]
        weights, _information = self.Fit._fit_weights(rows, [0.0, 0.0], [[1e-9, 0], [0, 1e-9]], 1)
        self.assertAlmostEqual(weights[0], -math.log(3), 4)
        self.assertAlmostEqual(weights[1], 2 * math.log(3), 4)

    def test_few_do_not_overrule(self):
        """The more customers, the nearer to what they say; without any, what is shipped."""
        found = []
        for number in (0, 4, 40, 4000):
            rows = [([1.0], 1, 1.0)] * (3 * number // 4) + [([1.0], 0, 1.0)] * (number // 4)
            found.append(self.Fit._fit_weights(rows, [-1.0], [[0.2]], 25)[0][0])
        self.assertEqual(found[0], -1)
        self.assertEqual(found, sorted(found))
        self.assertAlmostEqual(found[-1], math.log(3), 1)

    def test_nobody_came_back(self):
        """What can be told apart without a mistake does not run away."""
        rows = [([1.0, float(place)], int(place > 5), 1.0) for place in range(10)]
        weights, _information = self.Fit._fit_weights(rows, [0.0, 0.0], [[0.25, 0], [0, 0.25]], 1)
        self.assertTrue(all(abs(weight) < 20 for weight in weights))

    def test_steps_that_lead_off(self):
        """From far away Newton's first steps overshoot; what is found is the same."""
        rows = [([1.0, place / 10], int(place % 7 == 0), 1.0) for place in range(200)]
        near, far = (
            self.Fit._fit_weights(rows, start, [[1e-6, 0], [0, 1e-6]], 1)[0] for start in ([0.0, 0.0], [8.0, 3.0])
        )
        for one, other in zip(near, far, strict=True):
            self.assertAlmostEqual(one, other, 3)

    def test_equations(self):
        """2x + y = 5, x - y = 1; and one that says nothing."""
        self.assertEqual(self.Fit._solve([[2, 1], [1, -1]], [5, 1]), [2, 1])
        self.assertEqual(self.Fit._solve([[2, 0], [0, 0]], [4, 0]), [2, 0])

    def _make_history(self, rows):
        values = SQL(", ").join(SQL("(%s, %s::date)", customer, day) for customer, day in rows)
        return SQL("SELECT * FROM (VALUES %s) AS history (customer_id, day)", values)

    def test_lessons(self):
        """Books of 300 days and 180 days ahead: at most 120 of them are kept apart. One looks
        back from 120 and 148 days ago and so on, as long as 56 days of books lie before."""
        today = date(2026, 6, 30)
        start = today - timedelta(days=300)
        back = today - timedelta(days=100)
        history = self._make_history([(1, start), (1, back), (2, start)])
        clock = self.Fit._get_clock_query(history, today, [])
        rows, customers = self.Fit._get_lessons(clock, start, today, 180)
        self.assertEqual(customers, 2)
        # Two customers, four days to look back from, asked for 120 days and for 60
        self.assertEqual(len(rows), 16)
        self.assertAlmostEqual(sum(weight for _figures, _silent, weight in rows), 2)
        # The first came back within 120 days each time, and within 60 the first two times
        self.assertEqual(sum(silent for _figures, silent, _weight in rows), 8 + 2)

    def test_young_books_teach_nothing(self):
        today = date(2026, 6, 30)
        history = self._make_history([(1, today - timedelta(days=60)), (2, today - timedelta(days=30))])
        values = self.Fit._learn(history, today, 180, 25)
        self.assertEqual(values["customer_count"], 0)
        self.assertEqual(values["weights"], self.Fit._get_shipped().weights)
        # Nobody ever came back: the firm's pace is the days ahead
        self.assertEqual(values["pace"], 180)

    def test_pauses(self):
        """A job a day, then none for 40 days, then again."""
        today = date(2026, 6, 30)
        days = [today - timedelta(days=number) for number in (*range(10), *range(50, 60))]
        history = self._make_history([(number, day) for number, day in enumerate(days)])
        pauses, last_day, usual = self.Fit._find_pauses(history, today, 30)
        self.assertEqual(last_day, today)
        self.assertAlmostEqual(usual, 59 / 19)
        # Twenty times the usual 3.1 days are more than 40
        self.assertFalse(pauses)
        pauses, _last_day, _usual = self.Fit._find_pauses(history, today, 30, 1)
        self.assertEqual(pauses, [[(today - timedelta(days=50)).isoformat(), 40]])
        clock = self.Fit._get_clock_query(history, today, pauses)
        moved = {day for (_customer, _real, day) in self.env.execute_query(clock)}
        self.assertEqual(min(moved), today - timedelta(days=19))

    def test_past_without_end(self):
        """A pause that goes on is left out as far as today."""
        today = date(2026, 6, 30)
        history = self._make_history([(1, today - timedelta(days=40)), (2, today - timedelta(days=41))])
        self.assertEqual(self.Fit._find_pauses(history, today, 30)[0], [["2026-05-21", 40]])
