import json

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.models.broker_insight import FIGURES
from odoo.addons.print_broker_crm.tests.common_insight import InsightCommon


@tagged("post_install", "-at_install")
class TestInsightDashboard(InsightCommon):
    # MONTHS

    def test_thirteen_months_end_with_the_one_on_the_screen(self):
        other = self._open_customer(self._create_partner("Lotus Tea", self.sales_zhao))
        self._fill_month(self.customer, 1, 1000, 300)
        self._fill_month(other, 1, 500, -50)
        self._fill_month(self.customer, 13, 800, 200)
        # A month before the first on the screen, and a month of credit notes alone.
        self._fill_month(self.customer, 14, 9999, 9999)
        self._fill_month(self.customer, 5, -120, -20)
        data = self.insight.get_dashboard()
        self.assertEqual(data["month"], fields.Date.to_string(self.last_month))
        months = {row["month"]: (row["revenue"], row["margin"]) for row in data["months"]}
        self.assertEqual(len(data["months"]), 13)
        self.assertEqual(
            {month: sums for month, sums in months.items() if any(sums)},
            {
                fields.Date.to_string(self._get_month(13)): (800, 200),
                fields.Date.to_string(self._get_month(5)): (-120, -20),
                fields.Date.to_string(self._get_month(1)): (1500, 250),
            },
        )
        self.assertEqual(data["months"][-1]["revenue"], data["figures"]["revenue"]["value"])
        self.assertEqual(data["months"][0]["revenue"], data["figures"]["revenue"]["before"])
        self.assertEqual(data["months"][-1]["margin"], data["figures"]["margin"]["value"])

    def test_the_months_to_choose_from(self):
        """From the first of which anything is known to the one that runs."""
        self._fill_month(self.customer, 3, 100)
        show = self.insight.get_dashboard
        first, last, running = (fields.Date.to_string(self._get_month(back)) for back in (3, 1, 0))
        data = show()
        self.assertEqual((data["month"], data["next"], data["is_running"]), (last, running, False))
        self.assertFalse(data["is_empty"])
        data = show(first)
        self.assertEqual((data["month"], data["previous"]), (first, False))
        data = show(running)
        self.assertEqual((data["month"], data["next"], data["is_running"]), (running, False, True))
        # Any day names its month; what lies outside is the nearest month.
        self.assertEqual(
            show(fields.Date.to_string(self._get_month(2).replace(day=17)))["month"], str(self._get_month(2))
        )
        self.assertEqual(show("1999-01-31")["month"], first)
        self.assertEqual(show("2999-01-31")["month"], running)
        for nonsense in ("soon", "2026-13-01", "0001-01-01", "9999-12-31", 7, {"month": 1}, [2026]):
            with self.subTest(month=nonsense):
                with self.assertRaises(UserError):
                    show(nonsense)
                with self.assertRaises(UserError):
                    self.insight.open_rows("revenue_declining", nonsense)

    def test_today_is_today_whichever_month_is_looked_at(self):
        """Who is silent today is silent, also for who leafs through the months before."""
        self._fill_month(self.customer, 6, 100)
        self.customer.sudo().coverage_state = "sales_silent"
        case = self.env["broker.case"].create(
            {"title": "Too late", "kind": "complaint", "customer_id": self.customer.id}
        )
        self.env.flush_all()
        silent = {key: self.insight.get_dashboard(str(self._get_month(key)))["today"] for key in (0, 1, 6)}
        self.assertEqual([today["coverage_gaps"]["value"] for today in silent.values()], [1, 1, 1])
        self.assertEqual([today["cases_open"]["value"] for today in silent.values()], [1, 1, 1])
        # Before it was opened, the case was no open case.
        self.assertEqual(self.insight.get_dashboard()["figures"]["cases_open"]["value"], 0)
        action = self.insight.open_rows("cases_open", str(self.this_month))
        self.assertEqual(self._get_rows(action, self.insight.env).case_id, case)

    def test_a_fresh_firm(self):
        company = self.env["res.company"].create({"name": "Fresh"})
        self.manager_qian.company_ids += company
        data = self.insight.with_context(allowed_company_ids=company.ids).get_dashboard()
        self.assertTrue(data["is_empty"])
        self.assertEqual((data["previous"], data["decliners"], data["reviews"]), (False, [], []))
        self.assertFalse(any(row["revenue"] or row["margin"] for row in data["months"]))
        self.assertEqual(list(data["figures"]), list(FIGURES))
        self.assertEqual(data["today"]["cases_open"]["value"], 0)

    # WHO IS GOING AWAY

    def test_decliners_by_what_they_buy_less(self):
        small = self._open_decliner("Small", 1000, 900)
        large = self._open_decliner("Large", 5000, 1000)
        gone = self._open_decliner("Gone", 2000, 0, trend="lost")
        # In the three months together it buys as much as a year before.
        late = self._open_decliner("Late", 300, 100)
        self._fill_month(late, 2, 200)
        # Not within the three months compared.
        self._fill_month(late, 4, -7000)
        self._open_decliner("Rising", 100, 900, trend="rising")
        # Lost long ago: nobody is told again, month after month.
        old = self._open_customer(self._create_partner("Old", self.sales_wang))
        self._fill_trend(old, "lost", self._get_month(6))
        data = self.insight.get_dashboard()
        self.assertEqual(
            [(row["id"], row["trend"], row["change"]) for row in data["decliners"]],
            [
                (large.id, "declining", -4000),
                (gone.id, "lost", -2000),
                (small.id, "declining", -100),
                (late.id, "declining", 0),
            ],
        )
        self.assertEqual(data["decliners"][0]["salesperson"], "Wang")
        self.assertEqual(data["decliners"][0]["service_agent"], "Chen")
        self.assertEqual(data["decliners"][0]["name"], large.display_name)
        # The list and the figures beside it tell the same.
        figures = data["figures"]
        self.assertEqual(figures["customers_declining"]["value"], 3)
        self.assertEqual(figures["customers_lost"]["value"], 1)
        self.assertEqual(
            figures["revenue_declining"]["value"],
            -sum(row["change"] for row in data["decliners"] if row["trend"] == "declining"),
        )
        self.assertEqual(data["compared_months"], [str(self._get_month(back)) for back in (1, 2, 3, 13, 14, 15)])

    def test_the_month_that_runs_is_not_compared_with_a_whole_one(self):
        customer = self._open_decliner("Steady in what is over", 1000, 900)
        self._fill_month(customer, 12, 7000)
        self._fill_month(customer, 0, 50)
        data = self.insight.get_dashboard(str(self.this_month))
        self.assertEqual([(row["id"], row["change"]) for row in data["decliners"]], [(customer.id, -100)])
        self.assertEqual(data["compared_months"], [str(self._get_month(back)) for back in (1, 2, 3, 13, 14, 15)])
        self.assertEqual(data["figures"]["revenue_declining"]["value"], 100)
        revenue = data["figures"]["revenue"]
        self.assertEqual((revenue["value"], revenue["before"], revenue["before_month"]), (50, None, False))
        self.assertEqual([row["is_running"] for row in data["months"]], [False] * 12 + [True])
        self.assertFalse(any(row["is_running"] for row in self.insight.get_dashboard()["months"]))

    def test_a_month_that_is_over_is_seen_as_it_was(self):
        customer = self._open_decliner("Back again", 5000, 1000)
        self._fill_trend(customer, "recovered", self.this_month)
        self.assertEqual([row["id"] for row in self.insight.get_dashboard()["decliners"]], customer.ids)
        self.assertFalse(self.insight.get_dashboard(str(self.this_month))["decliners"])
        self.assertFalse(self.insight.get_dashboard(str(self._get_month(2)))["decliners"])

    def test_the_reason_is_of_the_month_on_the_screen(self):
        """Who declines since spring is seen today by what it buys today."""
        customer = self._open_customer(self._create_partner("Since spring"))
        trace = {"reason": "late", "jobs": 2, "gap": 0, "last_day": "2020-05-04", "lost_after": "2020-11-04"}
        change = self._fill_trend(customer, "declining", self._get_month(5))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE broker_trend_change SET trace = %s::jsonb WHERE id = %s", [json.dumps(trace), change.id]
        )
        customer.sudo().write({"trend": "declining", "trend_trace": {**trace, "jobs": 9, "last_day": "2020-09-28"}})
        self.env.invalidate_all()

        def reason(back):
            [row] = self.insight.get_dashboard(str(self._get_month(back)))["decliners"]
            return row["reason"]

        self._fill_month(customer, 13, 100)
        for back in (0, 1):
            self.assertIn("Bought on 9 days so far, last on 09/28/2020", reason(back))
        # In the month in which it began, what was known then; later months were not written down.
        self.assertIn("Bought on 2 days so far, last on 05/04/2020", reason(5))
        self.assertEqual(reason(3), "")
        customer.sudo().trend = "stable"
        self.assertEqual(reason(1), "")

    def test_no_more_than_fit_the_screen(self):
        for number in range(12):
            self._open_decliner(f"Customer {number}", 1000 + number, 0)
        data = self.insight.get_dashboard()
        self.assertEqual([row["change"] for row in data["decliners"]], [float(-1000 - n) for n in range(11, 3, -1)])
        self.assertEqual(data["figures"]["customers_declining"]["value"], 12)

    # WHOSE FIGURES

    def test_managers_only(self):
        self._fill_month(self.customer, 1, 1000)
        for user in self.sales_wang + self.service_chen + self.care_sun + self.plain_user:
            insight = self.env["broker.insight"].with_user(user)
            for method, arguments in (("get_dashboard", ()), ("open_rows", ("revenue",))):
                with self.subTest(user=user.name, method=method), self.assertRaises(AccessError):
                    getattr(insight, method)(*arguments)
        self.assertEqual(self.insight.get_dashboard()["figures"]["revenue"]["value"], 1000)

    def test_each_company_by_itself(self):
        company = self.env["res.company"].create({"name": "Second"})
        # In another time zone last month may be another one.
        company.resource_calendar_id.tz = self.calendar.tz
        foreign = self._open_customer(self._create_partner("Elsewhere"), company=company)
        self._fill_month(self.customer, 1, 1000)
        self._fill_month(foreign, 1, 77)
        self._fill_trend(foreign, "declining", self.last_month)
        with self.assertRaises(AccessError):
            self.insight.get_dashboard(company_id=company.id)
        with self.assertRaises(AccessError):
            self.insight.open_rows("revenue", company_id=company.id)
        self.manager_qian.company_ids += company
        # One may work for a company without having it on the screen.
        with self.assertRaises(AccessError):
            self.insight.with_context(allowed_company_ids=self.company.ids).get_dashboard(company_id=company.id)
        both = self.insight.with_context(allowed_company_ids=(self.company + company).ids)
        for chosen, revenue, decliners in ((self.company, 1000, []), (company, 77, foreign.ids)):
            data = both.get_dashboard(company_id=chosen.id)
            self.assertEqual(data["company"]["id"], chosen.id)
            self.assertEqual(data["figures"]["revenue"]["value"], revenue)
            self.assertEqual(data["months"][-1]["revenue"], revenue)
            self.assertEqual([row["id"] for row in data["decliners"]], decliners)
            self.assertEqual({row["id"] for row in data["companies"]}, {self.company.id, company.id})
            rows = self._get_rows(both.open_rows("revenue", company_id=chosen.id), both.env)
            self.assertEqual(sum(rows.mapped("revenue")), revenue)

    # ROWS

    def _get_rows(self, action, env):
        return env[action["res_model"]].search(action["domain"])

    def test_every_number_opens_its_rows(self):
        """Each figure of the summary leads to rows that a manager may read."""
        self._fill_month(self.customer, 1, 1000, 300)
        self._fill_month(self.customer, 13, 900, 250)
        self._open_decliner("Going", 5000, 1000)
        data = self.insight.get_dashboard()
        for key, figure in data["figures"].items():
            for month in filter(None, (data["month"], figure["before_month"])):
                with self.subTest(figure=key, month=month):
                    action = self.insight.open_rows(key, month)
                    self.assertEqual(action["type"], "ir.actions.act_window")
                    env = self.env(user=self.manager_qian, context=action["context"])
                    rows = self._get_rows(action, env)
                    if figure["kind"] == "count" and month == data["month"] and not key.startswith("cases"):
                        self.assertEqual(len(rows), figure["value"])
        for key, field in (("revenue", "revenue"), ("margin", "margin")):
            rows = self._get_rows(self.insight.open_rows(key), self.insight.env)
            self.assertEqual(sum(rows.mapped(field)), data["figures"][key]["value"])
            rows = self._get_rows(self.insight.open_rows(key, data["figures"][key]["before_month"]), self.insight.env)
            self.assertEqual(sum(rows.mapped(field)), data["figures"][key]["before"])
        for nonsense in ("salaries", None, 1):
            with self.assertRaises(UserError):
                self.insight.open_rows(nonsense)

    def test_the_pivot_tells_the_same(self):
        other = self._open_customer(self._create_partner("Lotus Tea", self.sales_zhao))
        for back in (1, 2, 13):
            self._fill_month(self.customer, back, 1000 * back, 100 * back)
            self._fill_month(other, back, -10, 5)
        months = self.env["broker.customer.month"].with_user(self.manager_qian)
        groups = months.formatted_read_group(
            [("company_id", "=", self.company.id)], ["month:month"], ["revenue:sum", "margin:sum"]
        )
        pivot = {group["month:month"][0]: (group["revenue:sum"], group["margin:sum"]) for group in groups}
        for back in (1, 2):
            month = str(self._get_month(back))
            data = self.insight.get_dashboard(month)
            figures = data["figures"]
            self.assertEqual((figures["revenue"]["value"], figures["margin"]["value"]), pivot[month])
            self.assertEqual((data["months"][-1]["revenue"], data["months"][-1]["margin"]), pivot[month])

    # COST

    def test_as_many_queries_for_forty_customers_as_for_two(self):
        counts = []
        names = iter(range(100))
        for size in (2, 38):
            for _number in range(size):
                self._open_decliner(f"Customer {next(names)}", 1000, 100)
            self.env.flush_all()
            self.insight.get_dashboard()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.insight.get_dashboard()
            counts.append(self.env.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0] + 1, counts)
