from datetime import date, datetime

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_care import CareCommon
from odoo.addons.print_broker_crm.tests.common_case import CaseCommon

MODELS = ("broker.care.figure", "broker.satisfaction.figure", "broker.case.figure", "broker.coverage.figure")


class FigureMixin:
    def _read(self, model, measures, groupby=(), domain=(), user=None):
        """Return {group: measures} as the pivot of a manager shows them."""
        self.env.flush_all()
        self.env.invalidate_all()
        rows = (
            self.env[model]
            .with_user(user or self.manager_qian)
            ._read_group(list(domain), list(groupby), list(measures))
        )
        cut = len(groupby)
        return {row[:cut] if cut != 1 else row[0]: row[cut:] for row in rows}

    def _second_company(self):
        company = self.env["res.company"].create({"name": "Second"})
        manager = new_test_user(
            self.env,
            login="broker_second",
            groups="print_broker_crm.group_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        return company, manager

    def _merge(self, double):
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )


@tagged("post_install", "-at_install")
class TestCareFigure(FigureMixin, CareCommon):
    """2 March 2026, ten in the morning in Shanghai."""

    COUNTS = ("planned", "open", "done", "reached", "missed", "late", "cancelled")

    def _make(self, planned, deadline, state="planned", closed=None, reached=False, customer=None, officer=None):
        """Create a call as it stands after what became of it."""
        customer = customer or self._open_customers(1)
        call = self.Call.sudo().create(
            {
                "customer_id": customer.id,
                "user_id": (officer or self.care_sun).id,
                "rule_id": self.rules["cadence"].id,
                "date_planned": planned,
                "date_deadline": deadline,
            }
        )
        if state != "planned":
            call.write(
                {
                    "state": state,
                    "date_done": closed,
                    "date_reached": reached and closed,
                    "attempt_count": 2,
                    "close_reason": {"done": "result", "missed": "window", "cancelled": "by_hand"}[state],
                }
            )
            self.env.flush_all()
        return call

    def _count(self, groupby=("date:month",), **kwargs):
        counts = self._read("broker.care.figure", [f"{name}_count:sum" for name in self.COUNTS], groupby, **kwargs)
        return {group: dict(zip(self.COUNTS, values, strict=True)) for group, values in counts.items()}

    def test_a_month(self):
        """February: of five to be made three are done, two reached, one missed, one waits.

        One was made on its last day, at 23:59 in Shanghai, one a minute later; the window of
        the one that waits ended on 1 March, and the missed one is late as well.
        """
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-10 15:59:00", reached=True)
        self._make("2026-02-28", "2026-02-28", "done", "2026-02-28 16:00:00", reached=True)
        self._make("2026-02-20", "2026-03-20", "done", "2026-03-01 02:00:00")
        self._make("2026-02-10", "2026-02-20", "missed", "2026-02-20 19:30:00")
        self._make("2026-02-20", "2026-03-01")
        self._make("2026-02-20", "2026-02-21", "cancelled", "2026-02-25 02:00:00")
        self._make("2026-03-01", "2026-03-02")
        counts = self._count(domain=[("date", "<", "2026-04-01")])
        self.assertEqual(
            counts[date(2026, 2, 1)],
            {"planned": 5, "open": 1, "done": 3, "reached": 2, "missed": 1, "late": 3, "cancelled": 1},
        )
        self.assertEqual(
            counts[date(2026, 3, 1)],
            {"planned": 1, "open": 1, "done": 0, "reached": 0, "missed": 0, "late": 0, "cancelled": 0},
            "a call waits until its last day is over",
        )
        percent = self._read("broker.care.figure", ["reached_percent:avg"], domain=[("date", "<", "2026-03-01")])
        self.assertEqual(percent, {(): (50.0,)}, "two of the four that are over")

    def test_month_closed(self):
        """28 February, 16:00 UTC, is March in Shanghai."""
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-28 15:59:59", reached=True)
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-28 16:00:00", reached=True)
        counts = self._count(["date_closed:month"], domain=[("state", "=", "done")])
        self.assertEqual(
            {month: row["done"] for month, row in counts.items()}, {date(2026, 2, 1): 1, date(2026, 3, 1): 1}
        )

    def test_by_officer_and_tier(self):
        other = self._create_user("tang", "group_care_officer")
        customers = self._open_customers(2)
        self._set_tier(customers[0], self.tier_5)
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-02 02:00:00", True, customers[0])
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-02 02:00:00", True, customers[1], other)
        self._make("2026-02-01", "2026-02-10", "missed", "2026-02-11 02:00:00", False, customers[1], other)
        officers = self._count(["user_id"])
        self.assertEqual([officers[user]["planned"] for user in (self.care_sun, other)], [1, 2])
        tiers = self._count(["tier_id"])
        self.assertEqual(tiers[self.tier_5]["done"], 1)

    def test_rows_open_their_call(self):
        call = self._make("2026-02-01", "2026-02-10")
        row = self.env["broker.care.figure"].with_user(self.care_sun).search([("call_id", "=", call.id)])
        action = row.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.care.call", call.id))
        self.assertEqual(row.reason, "cadence")

    def test_two_companies(self):
        company, manager = self._second_company()
        customer = self._open_customer(self._create_partner("Opal"), company=company)
        call = self._make("2026-02-01", "2026-02-10")
        theirs = (
            self.Call.sudo()
            .with_company(company)
            .create(
                {
                    "customer_id": customer.id,
                    "rule_id": self.env["broker.care.rule"].sudo().search([], limit=1).id,
                    "date_planned": "2026-02-01",
                    "date_deadline": "2026-02-10",
                }
            )
        )
        self.env.flush_all()
        Figure = self.env["broker.care.figure"]
        self.assertEqual(Figure.with_user(manager).search([]).call_id, theirs.with_user(manager))
        self.assertEqual(Figure.with_user(self.manager_qian).search([]).call_id, call.with_user(self.manager_qian))

    def test_merged_customers(self):
        double = self._open_customer(self._create_partner("Jade Ltd"))
        self._make("2026-02-01", "2026-02-10", "done", "2026-02-02 02:00:00", True, double)
        self._make("2026-02-01", "2026-02-10", "missed", "2026-02-12 02:00:00", False, self.customer)
        self._merge(double)
        counts = self._count(["customer_id"])
        self.assertEqual(list(counts), [self.customer.with_user(self.manager_qian)])
        self.assertEqual(counts[self.customer]["planned"], 2)

    def test_one_query_whatever_the_number(self):
        counts = []
        for number in (2, 20):
            for customer in self._open_customers(number):
                self._make("2026-02-01", "2026-02-10", "done", "2026-02-02 02:00:00", True, customer)
            self._count(["user_id"])
            start = self.cr.sql_log_count
            self._count(["user_id"])
            counts.append(self.cr.sql_log_count - start)
        self.assertEqual(counts[0], counts[1])


@tagged("post_install", "-at_install")
class TestSatisfactionFigure(FigureMixin, CareCommon):
    def _score(self, moment, sales=None, service=None, customer=None):
        """Let a customer answer a call at a moment in UTC; the same one may be asked daily."""
        self.at(moment)
        customer = customer or self._open_customers(1, self.sales_wang)
        customer.sudo().service_user_id = self.service_chen
        call = self._plan_call(customer)
        call.action_log_attempt("reached", sales_rating=sales, service_rating=service)
        return call

    def test_by_person_and_month(self):
        """Wang: 4 and 1 in February, 5 in March; Chen: 5 and 2 in February."""
        self._score("2026-02-02 02:00:00", 4, 5)
        self._score("2026-02-28 15:59:00", 1, 2)
        self._score("2026-02-28 16:01:00", 5)
        sums = self._read(
            "broker.satisfaction.figure",
            ["score:avg", "answer_count:sum", "content_count:sum", "unhappy_count:sum"],
            ["user_id", "role", "date:month"],
        )
        self.assertEqual(
            sums,
            {
                (self.sales_wang, "sales", date(2026, 2, 1)): (2.5, 2, 1, 1),
                (self.sales_wang, "sales", date(2026, 3, 1)): (5.0, 1, 1, 0),
                (self.service_chen, "service", date(2026, 2, 1)): (3.5, 2, 1, 1),
            },
        )

    def test_rows_open_their_call(self):
        call = self._score("2026-02-02 02:00:00", 4)
        row = self.env["broker.satisfaction.figure"].with_user(self.care_sun).search([])
        action = row.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.care.call", call.id))
        self.assertEqual((row.source, row.customer_id), ("call", call.customer_id))

    def test_other_ratings_do_not_count(self):
        """Odoo's own ratings are about no role of ours."""
        order = self._receive_job(self.customer)
        self.env["rating.rating"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id("sale.order"),
                "res_id": order.id,
                "rating": 1,
                "consumed": True,
                "rated_partner_id": self.sales_wang.partner_id.id,
            }
        )
        self.assertFalse(self.env["broker.satisfaction.figure"].search([]))

    def test_an_officer_who_also_sells(self):
        """What is about oneself one does not read; a manager does."""
        self._score("2026-02-02 02:00:00", 4, 5)
        Figure = self.env["broker.satisfaction.figure"]
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.assertEqual(Figure.with_user(self.sales_wang).search([]).role, "service")
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_manager")
        self.assertEqual(len(Figure.with_user(self.sales_wang).search([])), 2)

    def test_who_left_keeps_the_score(self):
        self._score("2026-02-02 02:00:00", 2)
        self.sales_wang.active = False
        self.env.flush_all()
        sums = self._read("broker.satisfaction.figure", ["score:avg"], ["user_id"])
        self.assertEqual(sums, {self.sales_wang: (2.0,)})

    def test_merged_customers(self):
        double = self._open_customer(self._create_partner("Jade Ltd", self.sales_wang))
        self._score("2026-02-02 02:00:00", 2, customer=double)
        self._merge(double)
        self.assertEqual(
            self._read("broker.satisfaction.figure", ["score:avg"], ["customer_id"]), {self.customer: (2.0,)}
        )


@tagged("post_install", "-at_install")
class TestCaseFigure(FigureMixin, CaseCommon):
    """The firm works from 00 to 04 and 05 to 09 UTC."""

    MEASURES = (
        "case_count:sum",
        "answer_hours:avg",
        "solution_hours:avg",
        "at_once_count:sum",
        "at_once_percent:avg",
        "answer_late_count:sum",
        "solution_late_count:sum",
    )

    def _solve(self, case, cause="service"):
        case.sudo().write({"cause": cause})
        case.sudo()._answer()
        case.sudo()._solve()

    def test_by_cause(self):
        """Service: solved after 1 and 6 working hours; one of sales is neither answered nor solved."""
        self.company.broker_case_at_once_hours = 2
        quick = self._open_case()
        self.at("2026-03-02 03:00:00")
        self._solve(quick)
        slow = self._open_case()
        self.at("2026-03-02 06:00:00")
        slow.sudo()._answer()
        self.at("2026-03-03 01:00:00")
        self._solve(slow)
        waiting = self._open_case()
        waiting.sudo().cause = "sales"
        figures = self._read("broker.case.figure", self.MEASURES, ["cause"])
        self.assertEqual(
            figures,
            {"service": (2, (1 + 2) / 2, (1 + 6) / 2, 1, 50.0, 0, 0), "sales": (1, False, False, 0, False, 0, 0)},
        )
        self.at("2026-03-05 08:00:00")
        self.assertEqual(
            self._read("broker.case.figure", self.MEASURES[-2:], ["cause"])["sales"], (1, 1), "late without an answer"
        )

    def test_cancelled_and_reopened(self):
        cancelled = self._open_case()
        cancelled.sudo()._move("cancelled")
        again = self._open_case()
        self.at("2026-03-02 03:00:00")
        self._solve(again)
        again.with_user(self.manager_qian).action_reopen()
        figures = self._read(
            "broker.case.figure",
            ["case_count:sum", "cancelled_count:sum", "open_count:sum", "reopen_count:sum", "solution_hours:avg"],
        )
        self.assertEqual(figures, {(): (1, 1, 1, 1, False)}, "what is open again took no time yet")
        self.assertFalse(self._read("broker.case.figure", ["__count"], ["date_solved:month"]).get(date(2026, 3, 1)))

    def test_month_edges(self):
        for moment in ("2026-02-28 15:59:59", "2026-02-28 16:00:00"):
            self.at(moment)
            self._open_case()
        counts = self._read("broker.case.figure", ["case_count:sum"], ["date:month"])
        self.assertEqual(counts, {date(2026, 2, 1): (1,), date(2026, 3, 1): (1,)})

    def test_rows_open_their_case(self):
        case = self._open_case()
        self.env.flush_all()
        row = self.env["broker.case.figure"].with_user(self.care_sun).search([])
        action = row.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.case", case.id))
        self.assertEqual((row.kind, row.date), ("complaint", datetime(2026, 3, 2).date()))

    def test_merged_customers(self):
        double = self._open_customer(self._create_partner("Jade Ltd"))
        self._open_case(self.manager_qian, customer_id=double.id)
        self._open_case()
        self._merge(double)
        self.assertEqual(self._read("broker.case.figure", ["case_count:sum"], ["customer_id"]), {self.customer: (2,)})

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_nobody_else_reads_them(self):
        self._open_case()
        for model in MODELS:
            for user in (self.sales_wang, self.service_chen, self.plain_user):
                Figure = self.env[model].with_user(user)
                with self.assertRaises(AccessError):
                    Figure.search([])
                with self.assertRaises(AccessError):
                    Figure._read_group([], ["user_id"], ["__count"])
            for user in (self.care_sun, self.manager_qian):
                self.assertTrue(self.env[model].with_user(user).has_access("read"))
                self.assertFalse(self.env[model].with_user(user).has_access("write"))


@tagged("post_install", "-at_install")
class TestCoverageFigure(FigureMixin, CareCommon):
    def _cover(self, customer, state, **touches):
        customer.sudo().write({"coverage_state": state, **touches})

    def test_by_tier(self):
        """Of three customers of 5A two are in touch; sales was there 2 and 4 days ago, by
        the days of Shanghai."""
        customers = self._open_customers(4, self.sales_wang)
        self._set_tier(customers[:3], self.tier_5)
        self._cover(customers[0], "fine", last_sales_contact="2026-02-27 16:00:00")
        self._cover(customers[1], "fine", last_sales_contact="2026-02-26 15:59:59", covered_by_one=True)
        self._cover(customers[2], "both_silent")
        self._cover(customers[3], "sales_silent", last_inbound_contact="2026-03-02 01:00:00")
        figures = self._read(
            "broker.coverage.figure",
            [
                "customer_count:sum",
                "fine_count:sum",
                "both_silent_count:sum",
                "one_person_count:sum",
                "fine_percent:avg",
                "sales_days:avg",
            ],
            ["tier_id"],
            [("customer_id", "in", customers.ids)],
        )
        self.assertEqual(
            figures,
            {
                self.tier_5: (3, 2, 1, 1, 200 / 3, 3.0),
                self.env["broker.tier"]: (1, 0, 0, 0, 0.0, False),
            },
        )
        row = (
            self.env["broker.coverage.figure"].with_user(self.care_sun).search([("customer_id", "=", customers[3].id)])
        )
        self.assertEqual((row.inbound_days, row.user_id), (0, self.sales_wang))
        action = row.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.customer", customers[3].id))

    def test_not_looked_at_yet(self):
        self.customer.sudo().coverage_state = False
        figures = self._read(
            "broker.coverage.figure",
            ["fine_percent:avg", "customer_count:sum"],
            domain=[("customer_id", "=", self.customer.id)],
        )
        self.assertEqual(figures, {(): (False, 1)})

    def test_archived_customers_are_out(self):
        self.customer.active = False
        self.env.flush_all()
        self.assertFalse(self.env["broker.coverage.figure"].search([("customer_id", "=", self.customer.id)]))
