from datetime import date, timedelta

from odoo.tests import TransactionCase, tagged

from odoo.addons.print_broker_crm.models.broker_trend_figures_mixin import Books, shift_month
from odoo.addons.print_broker_crm.tests.test_trend_rule import NUMBERS, OLD_BOOKS, every, monthly


@tagged("post_install", "-at_install")
class TestTrendChance(TransactionCase):
    """What is no trend though revenue moved or a job is late: worked out by hand."""

    def judge(self, days, day, months=None, books=OLD_BOOKS, **numbers):
        self.trend, self.trace = self.env["broker.trend.rule"]._judge(
            days, months or {}, day, books, NUMBERS._replace(**numbers)
        )
        return self.trend

    def explain(self):
        return self.env["broker.trend.rule"]._explain(self.trend, self.trace, self.env.company.currency_id)

    # Months that agree

    def months(self, **amounts):
        """Return months of 10000 until December 2026."""
        return monthly(date(2024, 1, 1), date(2026, 12, 1), **amounts)

    def test_two_closed_months_agree(self):
        low = (7000, 7000)
        months = self.months(y2026_07=low, y2026_08=low, y2026_09=low, y2026_10=low, y2026_11=low, y2026_12=low)
        days = every(30, 40, date(2026, 12, 20))
        # To the end of August 24,000, of September 21,000, each time after 30,000.
        self.assertEqual(self.judge(days, date(2026, 8, 31), months), "stable")
        self.assertEqual(self.trace["reason"], "figures")
        self.assertEqual(self.judge(days, date(2026, 9, 30), months), "stable")
        self.assertEqual((self.trace["reason"], self.trace["agree"]), ("alone", 2))
        self.assertIn(
            "The last closed month says so alone: a trend is what 2 closed months agree upon.", self.explain()
        )
        self.assertEqual(self.judge(days, date(2026, 10, 30), months), "stable", "October is not over")
        self.assertEqual(self.judge(days, date(2026, 10, 31), months), "declining")
        self.assertEqual(self.trace["reason"], "figures")
        self.assertEqual(self.judge(days, date(2026, 10, 31), months, agree_months=3), "stable")
        self.assertEqual(self.judge(days, date(2026, 11, 30), months, agree_months=3), "declining")
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, agree_months=1), "declining")

    def test_a_weak_month_that_is_made_up_for(self):
        # July to September 22,000; August to October 27,000.
        months = self.months(y2026_08=(7000, 7000), y2026_09=(5000, 5000), y2026_10=(15000, 15000))
        days = every(30, 40, date(2026, 12, 20))
        for month in range(7, 13):
            day = shift_month(date(2026, month, 1), 1) - timedelta(days=1)
            self.assertEqual(self.judge(days, day, months), "stable", day)
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, agree_months=1), "declining")

    def test_down_and_up_do_not_agree(self):
        # To September 21,000 after 30,000; to October 65,000: half a year against another tells the same.
        months = self.months(y2026_08=(5000, 5000), y2026_09=(6000, 6000), y2026_10=(54000, 54000))
        days = every(30, 40, date(2026, 12, 20))
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, agree_months=1), "declining")
        self.assertEqual(self.judge(days, date(2026, 10, 31), months, agree_months=1), "rising")
        self.assertEqual(self.judge(days, date(2026, 10, 31), months), "stable")
        self.assertEqual(self.trace["reason"], "alone")

    def test_a_month_of_which_nobody_knows_agrees_with_nothing(self):
        low = (3000, 3000)
        months = monthly(date(2026, 4, 1), date(2026, 10, 1), y2026_08=low, y2026_09=low, y2026_10=low)
        books = Books(date(2026, 3, 1))
        days = every(30, 7, date(2026, 10, 20))
        # April to June are the first three months that are known to the end.
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, books), "stable")
        self.assertEqual(self.trace["reason"], "alone")
        self.assertEqual(self.judge(days, date(2026, 10, 31), months, books), "declining")

    # More than chance

    def lumpy(self, *quarter, agree_months=1, **numbers):
        """Judge whose odd months bring 15000 and even ones 5000, but July to September 2026."""
        months = {}
        for step in range(33):
            month = shift_month(date(2024, 1, 1), step)
            amount = 15000 if month.month % 2 else 5000
            months[month] = (amount, amount, 1)
        for number, amount in enumerate(quarter):
            months[date(2026, 7 + number, 1)] = (amount, amount, 1)
        return self.judge(
            every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months, agree_months=agree_months, **numbers
        )

    def test_a_move_is_larger_than_what_months_differ_anyhow(self):
        self.assertEqual(self.lumpy(), "stable")
        # 35,000 a year before; each month differs by 10,000 from the next.
        self.assertEqual(self.lumpy(5000, 5000, 10000), "declining", "15,000 less are 1.5 times that")
        self.assertEqual(self.lumpy(5000, 5000, 10000.01), "stable")
        self.assertEqual(
            {name: self.trace[name] for name in ("reason", "usual", "times", "now", "year")},
            {"reason": "chance", "usual": 10000, "times": 1.5, "now": 20000.01, "year": 35000},
        )
        self.assertRegex(
            self.explain(), r"Too little to tell from chance: its months differ by .*10,000.00.* anyhow, .* 1.5 times"
        )
        self.assertEqual(self.lumpy(5000, 5000, 10000.01, chance_times=0), "declining")
        self.assertEqual(self.lumpy(10000, 7000, 8000, chance_times=1), "declining", "25,000: 10,000 less")
        self.assertEqual(self.lumpy(10000, 7000, 8000.01, chance_times=1), "stable")
        self.assertEqual(self.lumpy(20000, 15000, 15000), "rising", "50,000")
        self.assertEqual(self.lumpy(20000, 15000, 14999.99), "stable")

    def usual(self, *rows, length=3, begun=date(2020, 1, 1)):
        """Return the usual difference as of August 2026, from months up to the May before."""
        months = {
            shift_month(date(2026, 5, 1), step - len(rows) + 1): (row, row, 1)
            for step, row in enumerate(rows)
            if row is not None
        }
        return self.env["broker.trend.rule"]._get_usual_difference(begun, date(2026, 8, 1), length, months, NUMBERS)

    def test_what_months_differ_by(self):
        self.assertEqual(self.usual(10000, 10000, 10000), 0)
        # 6,000, 1,000 and 3,000: the middle one.
        self.assertEqual(self.usual(10000, 4000, 5000, 2000), 3000)
        # 6,000 and 1,000: between the two.
        self.assertEqual(self.usual(10000, 4000, 5000), 3500)
        self.assertEqual(self.usual(0.1, 0.25, 0.5), 0.2, "0.15 and 0.25")

    def test_two_months_say_nothing_of_what_is_usual(self):
        self.assertEqual(self.usual(), 0)
        self.assertEqual(self.usual(10000), 0)
        self.assertEqual(self.usual(10000, 500), 0)

    def test_months_without_revenue_and_money_given_back(self):
        self.assertEqual(self.usual(10000, None, 4000, 0, 5000), 3500)
        self.assertEqual(self.usual(10000, -20000, 4000, -1, 5000), 3500)

    def test_one_huge_job_does_not_make_a_customer_lumpy(self):
        self.assertEqual(self.usual(*[10000] * 6, 300000, *[10000] * 5), 0)
        low = (7000, 7000)
        months = monthly(
            date(2024, 1, 1),
            date(2026, 9, 1),
            y2026_01=(300000, 300000),
            **dict.fromkeys(("y2026_06", "y2026_07", "y2026_08", "y2026_09"), low),
        )
        self.assertEqual(self.judge(every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months), "declining")

    def test_only_the_year_before_what_is_judged_counts(self):
        """A decline is not its own excuse: what is judged moves nothing of what is usual."""
        rule = self.env["broker.trend.rule"]
        months = monthly(date(2024, 1, 1), date(2026, 9, 1), y2026_07=(1, 1), y2026_08=(20000, 1), y2025_06=(90000, 1))
        begun, closed = date(2020, 1, 1), date(2026, 9, 1)
        self.assertEqual(rule._get_usual_difference(begun, closed, 3, months, NUMBERS), 0)
        # By years: October 2024 to September 2025, with 80,000 up and down in June.
        self.assertEqual(rule._get_usual_difference(begun, closed, 12, months, NUMBERS), 0)
        self.assertEqual(rule._get_usual_difference(date(2025, 5, 1), closed, 12, months, NUMBERS), 40000)

    def test_who_buys_seldom(self):
        days = [date(year, month, 10) for year in (2024, 2025, 2026) for month in (1, 5, 9)]
        months = {day.replace(day=1): (10000, 10000, 1) for day in days}
        months[date(2026, 5, 1)] = months[date(2026, 9, 1)] = (5000, 5000, 1)
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, agree_months=1), "declining")
        # 15,000, 5,000 and 10,000 in the year before differ by 10,000 and 5,000: 20,000 after 30,000 says nothing.
        months[date(2025, 1, 1)], months[date(2025, 5, 1)] = (15000, 15000, 1), (5000, 5000, 1)
        self.assertEqual(self.judge(days, date(2026, 9, 30), months, agree_months=1), "stable")
        self.assertEqual((self.trace["basis"], self.trace["reason"], self.trace["usual"]), ("years", "chance", 7500))

    def test_no_jobs_at_all(self):
        """Invoices without orders, and no month with a job: nothing is divided by nothing."""
        months = {month: (row[0], 0, 0) for month, row in self.months().items() if month < date(2026, 10, 1)}
        months[date(2026, 8, 1)] = months[date(2026, 9, 1)] = (-500, 0, 0)
        self.assertEqual(self.judge(every(30, 33, date(2026, 9, 20)), date(2026, 9, 30), months), "declining")

    # Patience

    def test_who_buys_irregularly_is_waited_for(self):
        # Gaps of 10 and 40 days by turns: 25 in the middle, 90 % at most 40.
        days = [date(2025, 1, 1)]
        for gap in (10, 40) * 10:
            days.append(days[-1] + timedelta(days=gap))
        last = days[-1]
        # Expected 25 days after; half of 75 days late is late by the gap, twice 40 days of pause by the pauses.
        self.assertEqual(self.judge(days, last + timedelta(days=80)), "stable")
        self.assertEqual((self.trace["gap"], self.trace["pause_days"]), (25, 40))
        self.assertEqual(self.trace["late_after"], str(last + timedelta(days=80)))
        self.assertIn("Nine in ten of its pauses were no longer than 40 days.", self.explain())
        self.assertEqual(self.judge(days, last + timedelta(days=81)), "declining")
        self.assertEqual(self.trace["lost_after"], str(last + timedelta(days=25 + 2 * 55)))
        self.assertEqual(self.judge(days, last + timedelta(days=136)), "lost")
        self.assertEqual(self.judge(days, last + timedelta(days=63), pause_times=0), "declining", "25 and 37 days")

    def test_nobody_is_waited_for_longer_than_the_most(self):
        # 60 and 130 days: 95 in the middle; the most days are 180, of which half is late.
        days = [date(2022, 1, 1)]
        for gap in (60, 130) * 6:
            days.append(days[-1] + timedelta(days=gap))
        self.judge(days, days[-1], pause_times=9.0)
        self.assertNotIn("pause_days", self.trace)
        self.assertEqual(self.trace["late_after"], str(days[-1] + timedelta(days=95 + 90)))
        self.assertEqual(self.trace["lost_after"], str(days[-1] + timedelta(days=95 + 180)))

    def test_one_long_pause_in_ten_and_a_loss_are_not_what_is_usual(self):
        rule = self.env["broker.trend.rule"]
        self.assertEqual(rule._get_long_pause([30] * 9 + [100], 120), 30)
        self.assertEqual(rule._get_long_pause([30] * 8 + [100], 120), 100)
        self.assertEqual(rule._get_long_pause([30] * 8 + [121], 120), 30, "It was lost then")
        self.assertEqual(rule._get_long_pause([121], 120), 0)

    # The demo firm

    def test_the_decliners_of_the_demo_firm_still_decline(self):
        """Who bought every 18 days for a carton of about 20,000, now larger, now smaller, and
        then every 40 days and for less, declines; who stopped is lost."""
        day, days, months = date(2025, 6, 2), [], {}
        sizes = (1.0, 0.7, 1.4, 0.9, 1.2)
        while day < date(2026, 11, 20):
            falls = day >= date(2026, 4, 1)
            amount = 20000 * sizes[len(days) % 5] * (0.6 if falls else 1)
            days.append(day)
            revenue, ordered, jobs = months.get(day.replace(day=1), (0, 0, 0))
            months[day.replace(day=1)] = (revenue + amount, ordered + amount, jobs + 1)
            day += timedelta(days=40 if falls else 18)
        books = Books(date(2025, 5, 1))
        found = [
            shift_month(date(2026, month, 1), 1)
            for month in range(4, 11)
            if self.judge(days, shift_month(date(2026, month, 1), 1) - timedelta(days=1), months, books) == "declining"
        ]
        self.assertEqual(found[0], date(2026, 7, 1), "Seen at the end of June: May alone was not enough")
        self.assertIn(date(2026, 10, 1), found)
        stopped = [bought for bought in days if bought < date(2026, 2, 1)]
        self.assertEqual(self.judge(stopped, date(2026, 6, 30), months, books), "lost")
