from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.common_case import CaseCommon


class CaseRhythmCommon(CaseCommon):
    def _open_named(self, name, user=None):
        return self._open_customer(self._create_partner(name, user or self.sales_wang), service=self.service_chen)

    def _order_at(self, customer, *moments):
        """Confirm a job at each moment; a day alone means noon in Shanghai."""
        jobs = self.env["sale.order"]
        for moment in moments:
            job = self._confirm_job(customer)
            job.date_order = moment if ":" in moment else f"{moment} 04:00:00"
            jobs += job
        return jobs

    def _complain(self, customer, **vals):
        return self._open_case(self.manager_qian, customer_id=customer.id, **vals).sudo()

    def _get_marks(self, cases):
        self.env.flush_all()
        cases.invalidate_recordset(["bought_again"])
        return cases.mapped("bought_again")

    def _find(self, *leaf, user=None):
        self.env.flush_all()
        return self.Case.with_user(user or self.manager_qian).search([("bought_again", *leaf)]).sudo()


@tagged("post_install", "-at_install")
class TestCaseRhythm(CaseRhythmCommon):
    """A complaint after which the customer bought as usual, with days worked out by hand."""

    def test_marks(self):
        names = ("Yes", "Late", "Waiting", "Same Day", "Unknown", "First")
        customers = [self._open_named(name) for name in names]
        for customer in customers[:4]:
            # 10 and 20 days between jobs: half of them are shorter than 15.
            self._order_at(customer, "2026-01-20", "2026-01-30", "2026-02-19")
        cases = self.Case.sudo()
        for customer in customers:
            cases += self._complain(customer)
        self._order_at(customers[0], "2026-03-17")
        self._order_at(customers[1], "2026-03-18")
        # Nobody knows what came first that day; it makes the rhythm 11: of 10, 11 and 20 days.
        self._order_at(customers[3], "2026-03-02")
        self._order_at(customers[5], "2026-05-01")
        yes, late, waiting, same_day, unknown, first = cases
        self.at("2026-03-13 02:00:00")
        self.assertEqual(self._get_marks(same_day), ["wait"])
        self.at("2026-03-14 02:00:00")
        self.assertEqual(self._get_marks(same_day), ["no"])
        self.at("2026-03-17 02:00:00")
        self.assertEqual(self._get_marks(cases), ["yes", "late", "wait", "no", "unknown", "yes"])
        for mark, found in (
            ("yes", yes + first),
            ("late", late),
            ("wait", waiting),
            ("no", same_day),
            ("unknown", unknown),
        ):
            with self.subTest(mark=mark):
                self.assertEqual(set(self._find("=", mark)), set(found))
        self.assertEqual(set(self._find("in", ["late", "no"])), set(late + same_day))
        self.assertEqual(set(self._find("!=", "yes")), set(cases - yes - first))
        self.assertEqual(cases.filtered_domain([("bought_again", "in", ("late", "no"))]), late + same_day)
        self.at("2026-03-18 02:00:00")
        self.assertEqual(self._get_marks(waiting), ["no"])

    def test_the_wait_after_a_complaint_is_no_rhythm(self):
        self._order_at(self.customer, "2026-02-01", "2026-02-03", "2026-02-05", "2026-02-07")
        case = self._complain(self.customer)
        self._order_at(self.customer, "2026-03-06")
        # Two days apart until then, and 27 afterwards.
        self.assertEqual(self._get_marks(case), ["late"])
        # The next complaint is judged by 2, 2, 2 and 27 days.
        self.at("2026-03-07 02:00:00")
        again = self._complain(self.customer)
        self.assertEqual(self._get_marks(again), ["wait"])
        self._order_at(self.customer, "2026-03-09")
        self.assertEqual(self._get_marks(case + again), ["late", "yes"])

    def test_the_day_is_the_firms(self):
        self._order_at(self.customer, "2026-02-20", "2026-03-02")
        self.at("2026-03-02 16:30:00")
        case = self._complain(self.customer)
        # In Shanghai it is the third: until the end of the 13th.
        self._order_at(self.customer, "2026-03-02 16:40:00")
        self.assertEqual(self._get_marks(case), ["wait"], "on the day of the complaint")
        self._order_at(self.customer, "2026-03-13 16:10:00")
        # The third made it 10 and 1 days: 5.5, rounded up to 6; the 14th is later.
        self.assertEqual(self._get_marks(case), ["late"])
        self._order_at(self.customer, "2026-03-09 15:50:00")
        self.assertEqual(self._get_marks(case), ["yes"])

    def test_what_else_is_a_complaint(self):
        self._order_at(self.customer, "2026-02-01", "2026-02-11")
        claim = self._complain(self.customer, kind="claim")
        others = (
            self._complain(self.customer, kind="enquiry")
            + self._complain(self.customer, kind="arbitration")
            + self._complain(self.customer)
        )
        others[2]._move("cancelled")
        self._order_at(self.customer, "2026-03-05")
        self.assertEqual(self._get_marks(claim + others), ["yes", False, False, False])
        self.assertEqual(set(self._find("=", False)), set(others))
        self.assertEqual(self._find("!=", False), claim)
        self.assertEqual(set(self._find("!=", "yes")), set(others))
        self.assertEqual(set(self._find("in", [False, "yes"])), set(claim + others))
        with self.assertRaises(UserError):
            self._find("like", "y")
        new = self.Case.new({"customer_id": self.customer.id, "kind": "complaint"})
        self.assertFalse(new.bought_again)

    def test_what_is_no_purchase(self):
        jobs = self._order_at(self.customer, "2026-02-01", "2026-02-11")
        case = self._complain(self.customer, kind="claim", order_id=jobs[1].id)
        again, cancelled = self._order_at(self.customer, "2026-03-04", "2026-03-05")
        again.sudo().broker_claim_case_id = case
        cancelled._action_cancel()
        quotation = self.env["sale.order"].create({"partner_id": self.partner.id, "date_order": "2026-03-06 04:00:00"})
        self.assertEqual(quotation.broker_customer_id, self.customer)
        self.assertEqual(self._get_marks(case), ["wait"], "printed again for nothing, cancelled, not confirmed")
        self._order_at(self.customer, "2026-03-12")
        self.assertEqual(self._get_marks(case), ["yes"])
        # What is printed again makes no rhythm either: ten days, and not one.
        self.at("2026-03-13 02:00:00")
        later = self._complain(self.customer)
        self.at("2026-03-20 02:00:00")
        self.assertEqual(self._get_marks(later), ["wait"])

    def test_scores_count_no_reprint_either(self):
        jobs = self._order_at(self.customer, "2026-02-01", "2026-02-11")
        case = self._complain(self.customer, kind="claim", order_id=jobs[1].id)
        call = self.env["broker.care.call"].create(
            {"customer_id": self.customer.id, "state": "done", "date_done": datetime.now(), "close_reason": "result"}
        )
        call._save_ratings({"service": 1})
        self._order_at(self.customer, "2026-03-04").sudo().broker_claim_case_id = case
        self.env.flush_all()
        row = self.env["broker.satisfaction.customer"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual((row.bought_again, row.rhythm_days, row.low_bought_count), ("wait", 10, 0))

    def test_merged_customers_have_one_rhythm(self):
        double = self._open_named("Jade Ltd")
        self._order_at(self.customer, "2026-02-01", "2026-02-11")
        case = self._complain(double)
        self.assertEqual(self._get_marks(case), ["unknown"])
        partners = (self.customer + double).partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(partners.ids, self.customer.partner_id)
        self._order_at(self.customer, "2026-03-12")
        self.assertEqual(self._get_marks(case), ["yes"])

    def test_companies_apart(self):
        other = self.env["res.company"].create({"name": "Night Press"})
        other.resource_calendar_id.tz = "America/New_York"
        theirs = self._open_customer(self.partner, company=other)
        self._order_at(self.customer, "2026-02-01", "2026-02-11")
        self._order_at(theirs, "2026-02-01", "2026-02-11")
        ours, their = (
            self._complain(self.customer),
            self.Case.sudo()._open([{"customer_id": theirs.id, "title": "Too dark", "kind": "complaint"}]),
        )
        self._order_at(self.customer, "2026-03-05")
        # In New York it was the first of March when they complained: until the 11th.
        self.at("2026-03-12 03:00:00")
        self.assertEqual(self._get_marks(ours + their), ["yes", "wait"])
        self.at("2026-03-12 05:00:00")
        self.assertEqual(self._get_marks(ours + their), ["yes", "no"])
        manager = self._create_user("shen", "group_manager", company_id=other.id, company_ids=other.ids)
        self.assertEqual(self._find("in", ["yes", "no"], user=manager), their)
        self.assertEqual(self._find("in", ["yes", "no"]), ours)
        with self.assertRaises(AccessError):
            ours.with_user(manager).read(["bought_again"])

    def test_as_many_queries_for_few_as_for_many(self):
        counts, searches = [], []
        for number in (3, 30):
            cases = self.Case.sudo()
            for index in range(number):
                customer = self._open_named(f"Customer {number} {index}")
                self._order_at(customer, "2026-02-01", "2026-02-11", "2026-03-05")
                cases += self._complain(customer)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(set(cases.mapped("bought_again")), {"yes"})
            counts.append(self.cr.sql_log_count - before)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(
                self.Case.sudo().search_count([("id", "in", cases.ids), ("bought_again", "=", "yes")]), number
            )
            searches.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertEqual(searches[0], searches[1])

    def test_figures(self):
        self._order_at(self.customer, "2026-02-01", "2026-02-11")
        self._complain(self.customer)
        self._complain(self.customer, kind="enquiry")
        self._complain(self._open_named("Opal Hotel"))
        self._order_at(self.customer, "2026-03-05")
        self.env.flush_all()
        Figure = self.env["broker.case.figure"].with_user(self.care_sun)
        self.assertEqual(
            dict(Figure._read_group([], ["bought_again"], ["case_count:sum"])), {"yes": 1, "unknown": 1, False: 1}
        )
        self.assertEqual(Figure._read_group([], [], ["bought_again_count:sum"]), [(1,)])
        self.assertEqual(Figure.search([("bought_again", "=", "yes")]).customer_id, self.customer)

    def test_figures_work_it_out_only_where_somebody_asks(self):
        Figure = self.env["broker.case.figure"]
        plans = [
            "\n".join(
                line
                for (line,) in self.env.execute_query(
                    SQL("EXPLAIN SELECT SUM(%s) FROM (%s) figure", SQL.identifier(name), Figure._table_query)
                )
            )
            for name in ("case_count", "bought_again_count")
        ]
        self.assertNotIn("sale_order", plans[0])
        self.assertIn("sale_order", plans[1])

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_who_reads_no_case_learns_nothing(self):
        self._order_at(self.customer, "2026-02-01", "2026-02-11")
        case = self._complain(self.customer)
        self._order_at(self.customer, "2026-03-05")
        self.assertEqual(self._get_marks(case), ["yes"])
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.manager_qian):
            self.assertEqual(self._find("=", "yes", user=user), case)
            self.assertEqual(case.with_user(user).read(["bought_again"])[0]["bought_again"], "yes")
        portal = new_test_user(self.env, login="broker_portal", groups="base.group_portal")
        for user in (self.plain_user, portal):
            with self.assertRaises(AccessError):
                self._find("=", "yes", user=user)
        for user in (self.sales_zhao, self.plain_user, portal):
            with self.assertRaises(AccessError):
                case.with_user(user).read(["bought_again"])
            for model in ("broker.customer", "sale.order", "res.partner"):
                path = {"broker.customer": "case_ids", "sale.order": "broker_case_ids"}.get(
                    model, "broker_customer_ids.case_ids"
                )
                try:
                    found = self.env[model].with_user(user).search([(f"{path}.bought_again", "=", "yes")])
                except (AccessError, ValueError):
                    continue
                self.assertFalse(found, f"{user.name} {model}")
        self.assertFalse(self._find("=", "yes", user=self.sales_zhao))
        with self.assertRaises(AccessError):
            self.env["broker.case.figure"].with_user(self.sales_wang).search([("bought_again", "=", "yes")])

    def test_nobody_writes_it(self):
        case = self._complain(self.customer)
        with self.assertRaisesRegex(UserError, "bought_again"):
            case.with_user(self.manager_qian).write({"bought_again": "yes"})

    def test_views_open(self):
        views = self.Case.with_user(self.service_chen).get_views(
            [(False, kind) for kind in ("list", "form", "kanban", "search")]
        )["views"]
        for kind in ("list", "form", "kanban", "search"):
            self.assertIn("bought_again", views[kind]["arch"])
