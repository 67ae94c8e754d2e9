from datetime import date

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.print_broker_crm.models.broker_insight import FIGURES
from odoo.addons.print_broker_crm.tests.common_month_report import MonthReportCommon

MARCH = date(2026, 3, 1)


@tagged("post_install", "-at_install")
class TestInsight(MonthReportCommon):
    """March 2026, read on 1 April at ten in the morning in Shanghai."""

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-04-01 02:00:00")
        freezer.start()
        self.addCleanup(freezer.stop)

    def _get(self, *keys, month=MARCH, company=None):
        """Return (value, value before) of some figures."""
        self.env.flush_all()
        summary = self.env["broker.insight"]._get_summary(company or self.company, month)
        found = [(summary[key]["value"], summary[key]["before"]) for key in keys]
        return found[0] if len(keys) == 1 else found

    def _get_rows(self, key, month=MARCH):
        """Return the rows behind a figure, as the manager opens them."""
        action = self.env["broker.insight"].with_user(self.manager_qian)._get_rows_action(key, self.company, month)
        model = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"])
        return model.search(action["domain"])

    def test_a_company_without_anything(self):
        """Every key is there, and nothing is invented where nobody answered."""
        company = self.env["res.company"].create({"name": "Fresh"})
        summary = self.env["broker.insight"]._get_summary(company, MARCH)
        self.assertEqual(list(summary), list(FIGURES))
        for key, figure in summary.items():
            self.assertEqual(set(figure), {"value", "before", "before_month", "kind", "label", "good"})
            self.assertEqual(figure["value"], None if figure["kind"] == "score" else 0, key)
        for key in FIGURES:
            action = self.env["broker.insight"]._get_rows_action(key, company, MARCH)
            rows = self.env[action["res_model"]].with_context(**action["context"]).search(action["domain"])
            self.assertFalse(rows, key)

    def test_what_was_billed(self):
        """1,000 less 300 that were credited, and 500 a year before; another company's are
        its own."""
        opal = self._open("Opal")
        self._fill(self.customer, m2026_03=1000, m2025_03=500, m2026_02=9)
        self._fill(opal, m2026_03=-300)
        other = self.env["res.company"].create({"name": "Second"})
        self._fill(self._open("Onyx", company=other), m2026_03=77)
        self.assertEqual(self._get("revenue", "margin"), [(700, 500), (280, 200)])
        self.assertEqual(self._get("revenue", company=other), (77, 0))
        self.assertEqual(sum(self._get_rows("revenue").mapped("revenue")), 700)
        self.assertEqual(self._get_rows("margin").customer_id, self.customer + opal)

    def test_where_customers_go(self):
        """Who rises and declines is counted as long as it lasts, who is lost once."""
        self._turn(self.customer, ("2026-01-31", "stable"), ("2026-02-10", "declining"))
        lost = self._turn(self._open("Lost"), ("2025-12-31", "declining"), ("2026-03-31", "lost"))
        self._turn(self._open("Long lost"), ("2026-01-15", "lost"))
        self._turn(self._open("Lost and back"), ("2026-03-02", "lost"), ("2026-03-20", "recovered"))
        self._turn(self._open("New"), ("2026-03-15", "new"))
        # Judged as of a day of April: not yet so in March.
        self._turn(self._open("Rising"), ("2026-01-31", "stable"), ("2026-04-01", "rising"))
        keys = [f"customers_{trend}" for trend in ("rising", "declining", "lost", "recovered", "new")]
        self.assertEqual(self._get(*keys), [(0, 0), (1, 2), (1, 0), (1, 0), (1, 0)])
        self.assertEqual(self._get_rows("customers_declining"), self.customer)
        self.assertEqual(self._get_rows("customers_lost"), lost)
        self.assertEqual(len(self._get_rows("customers_declining", date(2026, 2, 1))), 2)
        # January: one had just been lost.
        self.assertEqual(self._get("customers_lost", month=date(2026, 1, 1)), (1, 0))

    def test_a_comeback_counts_in_the_month_in_which_it_happened(self):
        """Late once more in March and back again in April: it came back from one loss."""
        once = {"reason": "back", "pause": ["2025-06-01", "2026-02-20"]}
        opal = self._turn(self._open("Opal"), ("2026-02-20", "recovered"), **once)
        self._turn(opal, ("2026-02-25", "declining"), reason="late")
        self._turn(opal, ("2026-03-04", "recovered"), **once)
        self.assertEqual(self._get("customers_recovered"), (0, 1), "It declined when February ended")
        self.assertFalse(self._get_rows("customers_recovered"))
        self.assertEqual(self._get_rows("customers_recovered", date(2026, 2, 1)), opal)
        # Another loss is another comeback; what came with a merge is another customer's.
        self._turn(opal, ("2026-03-31", "recovered"), reason="back", pause=["2026-03-05", "2026-03-30"])
        self.assertEqual(self._get("customers_recovered"), (1, 1))
        pearl = self._turn(self._open("Pearl"), ("2026-03-10", "recovered"), **once)
        pearl.trend_change_ids.sudo().is_merged = True
        self.assertEqual(self._get("customers_recovered"), (1, 1))
        other = self._open("Onyx", company=self.env["res.company"].create({"name": "Second"}))
        self._turn(other, ("2026-03-10", "recovered"), **once)
        self.assertEqual(self._get_rows("customers_recovered"), opal)

    def test_the_running_month_is_not_compared_with_a_whole_one(self):
        """April has had three days; decliners are seen by January to March, as their trend is."""
        self._turn(self.customer, ("2026-02-10", "declining"))
        self._fill(self.customer, m2025_01=500, m2025_03=900, m2025_04=5000, m2026_03=100, m2026_04=10)
        april = date(2026, 4, 1)
        with freeze_time("2026-04-03 02:00:00"):
            self.assertEqual(
                self._get("revenue", "margin", "customers_lost", month=april), [(10, None), (4, None), (0, None)]
            )
            self.assertEqual(self._get("customers_declining", month=april), (1, 1), "So it is on any day")
            self.assertEqual(self._get("revenue_declining", month=april), (1300, 1300))
            rows = self._get_rows("revenue_declining", april)
            self.assertEqual(sorted(rows.mapped("month")), [date(2025, 1, 1), date(2025, 3, 1), date(2026, 3, 1)])
            running = self.env["broker.insight"]._get_summary(self.company, april)
            self.assertEqual(
                {key for key, figure in running.items() if figure["before_month"]},
                {"customers_rising", "customers_declining", "revenue_declining", "cases_open"},
            )
        with freeze_time("2026-05-01 02:00:00"):
            self.assertEqual(self._get("revenue", month=april), (10, 5000), "It is over")
            # February to April after the same months: 110 and 5,900.
            self.assertEqual(self._get("revenue_declining", month=april)[0], 5790)

    def test_who_was_put_away(self):
        """Nobody looks at them any more, so they decline no longer; a month that was over by
        then shows them as they were."""
        opal = self._turn(self._open("Opal"), ("2026-02-10", "declining"))
        self.assertEqual(self._get("customers_declining"), (1, 1))
        opal.active = False
        self.assertEqual(self._get("customers_declining")[0], 0)

    def test_what_decliners_lost(self):
        """January to March against the same months of 2025: 600 less than 2,000 of Jade,
        and Opal bought 100 more, though judged declining. Of February only Jade: from
        December on 700, a year before 1,300 with December's 300."""
        self._turn(self.customer, ("2026-02-10", "declining"))
        opal = self._turn(self._open("Opal"), ("2026-03-10", "declining"))
        self._turn(self._open("Stable"), ("2026-01-31", "stable"))
        self._fill(
            self.customer,
            m2024_12=300,
            m2025_01=500,
            m2025_02=500,
            m2025_03=1000,
            m2025_04=5000,
            m2025_12=100,
            m2026_01=400,
            m2026_02=200,
            m2026_04=6000,
        )
        self._fill(opal, m2025_02=100, m2026_02=200)
        self.assertEqual(self._get("revenue_declining"), (1400 - 100, 1300 - 700))
        rows = self._get_rows("revenue_declining")
        before = rows.filtered(lambda row: row.month < date(2026, 1, 1))
        self.assertEqual(sum(before.mapped("revenue")) - sum((rows - before).mapped("revenue")), 1300)

    def test_how_content_they_are(self):
        """Each customer once: Jade's 2 and 4 are 3, with Opal's 5 that is 4. What was said
        after midnight in Shanghai is April's."""
        opal = self._open("Opal")
        self._score(self._open("Pearl"), "2026-02-28 15:59:59", service=3)
        self._score(self.customer, "2026-03-01 16:00:00", sales=2, service=1)
        self._score(self.customer, "2026-03-31 15:59:59", sales=4)
        self._score(opal, "2026-02-28 16:00:00", sales=5)
        self._score(opal, "2026-03-31 16:00:00", sales=1)
        self.assertEqual(self._get("satisfaction_sales", "satisfaction_service"), [(4, None), (1, 3)])
        self.assertEqual(len(self._get_rows("satisfaction_sales")), 3)

    def test_cases(self):
        """What was cancelled was none; what was solved in April was open in March."""
        self._case(self.customer, "2026-02-10 02:00:00", kind="claim", state="solved", solved="2026-04-01 01:00:00")
        self._case(self.customer, "2026-02-28 16:00:00", cause="printing_house")
        self._case(self.customer, "2026-03-10 02:00:00", kind="enquiry", state="closed", solved="2026-03-11 02:00:00")
        self._case(self.customer, "2026-03-12 02:00:00", state="cancelled")
        self._case(self.customer, "2026-03-31 16:00:00")
        self.assertEqual(self._get("cases_opened", "complaints", "cases_open"), [(2, 1), (1, 1), (2, 1)])
        for key, count in (("cases_opened", 2), ("complaints", 1), ("cases_open", 2)):
            self.assertEqual(len(self._get_rows(key)), count, key)

    def test_what_is_known_of_today_alone(self):
        """Last month is as it is today; of months before stands what their report kept."""
        silent = self._open("Silent")
        silent.sudo().write({"coverage_state": "both_silent"})
        self.assertEqual(self._get("coverage_gaps"), (1, None))
        self.assertEqual(self._get("coverage_gaps", month=date(2026, 1, 1)), (None, None))
        with freeze_time("2026-03-01 02:00:00"):
            self.env["broker.month.report"]._prepare(self.company, date(2026, 2, 1))
        self.customer.sudo().write({"coverage_state": "customer_silent"})
        self.assertEqual(self._get("coverage_gaps"), (2, 1))
        self.assertEqual(self._get("coverage_gaps", month=date(2026, 2, 1)), (1, None))
        self.assertEqual(self._get_rows("coverage_gaps").customer_id, silent + self.customer)
        self.assertEqual(self._get_rows("coverage_gaps", date(2026, 2, 1)), silent)
        owed = self.env["broker.obligation"].search_count([("company_id", "=", self.company.id)])
        self.assertEqual(self._get("obligations_unmet")[0], owed)

    def test_as_many_queries_for_many_customers(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["broker.insight"]._get_summary(self.company, MARCH)
            return self.cr.sql_log_count - before

        def add(number):
            for name in range(number):
                customer = self._turn(self._open(f"Customer {number}-{name}"), ("2026-02-10", "declining"))
                self._fill(customer, m2026_03=100, m2025_03=300)
                self._score(customer, "2026-03-10 02:00:00", sales=4, service=5)
                self._case(customer, "2026-03-10 02:00:00")

        add(2)
        count()
        few = count()
        add(12)
        self.assertEqual(count(), few)
        self.assertLess(few, 70)

    def test_rows_are_called_by_their_figure(self):
        """And not by the action that they borrow; the web client shows a display name first."""
        Insight = self.env["broker.insight"].with_user(self.manager_qian)
        for key, label in Insight._get_labels().items():
            action = Insight._get_rows_action(key, self.company, MARCH)
            self.assertEqual((action["name"], action.get("display_name")), (label, None), key)

    def test_a_merged_customer(self):
        """The file that remains goes its own way."""
        double = self._turn(self._open("Double"), ("2026-03-10", "declining"))
        self._turn(self.customer, ("2026-03-05", "rising"))
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )
        self.env.invalidate_all()
        self.assertEqual(self._get("customers_rising", "customers_declining"), [(1, 0), (0, 0)])

    def test_managers_of_the_company_alone(self):
        """Whoever may not read the rows gets none of them."""
        other = self.env["res.company"].create({"name": "Second"})
        stranger = new_test_user(
            self.env,
            login="broker_second",
            groups="print_broker_crm.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self._fill(self.customer, m2026_03=100)
        action = self.env["broker.insight"].with_user(stranger)._get_rows_action("revenue", self.company, MARCH)
        self.assertFalse(self.env[action["res_model"]].with_user(stranger).search(action["domain"]))
