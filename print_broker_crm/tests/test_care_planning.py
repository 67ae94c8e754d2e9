from datetime import date, datetime, timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.models import broker_care_call_planning_mixin as planning
from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCarePlanning(CareCommon):
    def _count_queries(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    # Which calls are planned

    def test_receipt_plans_three_days_later(self):
        order = self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason_ids.mapped("reason"), ["receipt"])
        self.assertEqual(call.order_id, order)
        self.assertEqual(call.date_planned, date(2026, 3, 5))
        self.assertEqual(call.date_deadline, date(2026, 3, 12))
        # Thursday, eight in the morning in Shanghai.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 5, 0, 0))
        self.assertEqual(call.user_id, self.care_sun)
        self.assertEqual(self.customer.care_user_id, self.care_sun)
        self.assertEqual(self.customer.next_call_date, date(2026, 3, 5))

    def test_receipt_counts_the_day_of_the_firm(self):
        # 17:30 UTC on Sunday is Monday in Shanghai.
        self._receive_job(self.customer, datetime(2026, 3, 1, 17, 30))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().date_planned, date(2026, 3, 5))

    def test_receipt_too_long_ago_is_left_to_the_cadence(self):
        self._receive_job(self.customer, datetime(2026, 2, 19, 2, 0))
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().reason, "cadence")

    def test_receipt_at_the_last_useful_day(self):
        # Due on 23 February, useful until 2 March, which is today.
        self._receive_job(self.customer, datetime(2026, 2, 20, 2, 0))
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.reason, "receipt")
        self.assertEqual(call.date_planned, self.MONDAY)

    def test_call_on_a_weekend_opens_on_monday(self):
        self._receive_job(self.customer, datetime(2026, 3, 4, 2, 0))
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.date_planned, date(2026, 3, 7))
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 0, 0))

    def test_first_order_rule(self):
        self.env["broker.care.rule"].create(
            {"name": "First", "reason": "first_order", "delay_days": 1, "company_id": self.company.id}
        )
        first = self._receive_job(self.customer)
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        lines = self._get_open_call().reason_ids.filtered(lambda line: line.reason == "first_order")
        self.assertEqual(lines.order_id, first)

    def test_cadence_follows_the_tier(self):
        key = self._open_customers(1, tier=self.tier_5)
        small = self._open_customers(1, tier=self.tier_2)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(key).date_planned, date(2026, 3, 16))
        self.assertEqual(self._get_open_call(key).tier_rank, 5)
        self.assertEqual(self._get_open_call(small).date_planned, date(2026, 5, 31))
        self.assertEqual(self._get_open_call(self.customer).date_planned, date(2026, 5, 1))
        self.assertEqual(self._get_open_call(self.customer).tier_rank, 0)

    def test_cadence_over_a_leap_day(self):
        self.at("2028-02-20 02:00:00")
        customer = self._open_customers(1, tier=self.tier_5)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(customer).date_planned, date(2028, 3, 5))

    def test_cadence_counts_from_the_last_call(self):
        call = self._plan_call(self.customer)
        self._set_tier(self.customer, self.tier_5)
        self.at("2026-03-03 02:00:00")
        call.action_log_attempt("reached", score_declined=True)
        self.assertEqual(self._get_open_call().date_planned, date(2026, 3, 17))

    def test_never_called_customers_are_spread(self):
        """The first night over an old firm does not fill one morning."""
        customers = self._open_customers(30, tier=self.tier_5)
        customers.date_opened = date(2020, 1, 1)
        self.Call._plan(self.company)
        days = {}
        for customer in customers:
            day = self._get_open_call(customer).date_planned
            days[day] = days.get(day, 0) + 1
        self.assertEqual(min(days), self.MONDAY)
        self.assertEqual(max(days), self.MONDAY + timedelta(days=13))
        self.assertLessEqual(max(days.values()), 3)

    def test_tier_that_rises_brings_the_call_forward(self):
        self._set_tier(self.customer, self.tier_2)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.date_planned, date(2026, 5, 31))
        self._set_tier(self.customer, self.tier_5)
        self.Call._plan(self.company)
        self.assertEqual(call.date_planned, date(2026, 3, 16))
        self.assertEqual(call.date_deadline, date(2026, 3, 30))
        self.assertEqual(call.tier_rank, 5)
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 16, 0, 0))

    def test_cadence_that_is_shortened_brings_the_call_forward(self):
        self._set_tier(self.customer, self.tier_5)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.tier_5.call_cadence_days = 7
        self.Call._plan(self.company)
        self.assertEqual(call.date_planned, date(2026, 3, 9))
        self.assertEqual(call.reason_ids.interval_days, 7)

    # Merging

    def test_reasons_merge_into_the_shared_window(self):
        first = self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.at("2026-03-04 02:00:00")
        second = self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(), call)
        self.assertEqual(call.reason_ids.order_id, first + second)
        self.assertEqual(call.order_id, second)
        # 5 to 12 March and 7 to 14 March share 7 to 12 March.
        self.assertEqual(call.date_planned, date(2026, 3, 7))
        self.assertEqual(call.date_deadline, date(2026, 3, 12))

    def test_reasons_merge_when_the_open_call_begins_later(self):
        call = self._plan_call(date_planned=date(2026, 3, 9), date_deadline=date(2026, 3, 20))
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        # 9 to 20 March and 5 to 12 March share 9 to 12 March.
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 9), date(2026, 3, 12)))

    def test_earlier_reason_moves_the_cadence_call(self):
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual((call.reason, call.urgency), ("cadence", "1"))
        order = self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(), call)
        self.assertEqual(call.reason_ids.mapped("reason"), ["cadence", "receipt"])
        self.assertEqual((call.reason, call.urgency, call.order_id), ("receipt", "2", order))
        self.assertEqual(call.date_planned, date(2026, 3, 5))
        self.assertEqual(call.date_deadline, date(2026, 3, 12))

    def test_later_reason_waits_for_the_open_call(self):
        call = self._plan_call(date_deadline=date(2026, 3, 4))
        order = self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertNotIn("receipt", call.reason_ids.mapped("reason"))
        call.action_log_attempt("reached", score_declined=True)
        following = self._get_open_call()
        self.assertEqual(following.reason_ids.order_id, order)
        self.assertEqual(following.date_planned, date(2026, 3, 5))

    def test_merging_under_way_keeps_the_next_attempt(self):
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        planned = call.next_attempt_at
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertEqual(call.next_attempt_at, planned)
        self.assertIn("receipt", call.reason_ids.mapped("reason"))
        self.assertEqual(call.date_deadline, date(2026, 3, 12))

    # Running again

    def test_running_twice_plans_nothing_twice(self):
        self._receive_job(self.customer)
        self._open_customers(3, tier=self.tier_5)
        self.Call._plan(self.company)

        def read_all():
            return [
                self.env[model].search([], order="id").read(fields)
                for model, fields in (
                    (
                        "broker.care.call",
                        ["customer_id", "date_planned", "date_deadline", "user_id", "next_attempt_at"],
                    ),
                    ("broker.care.call.reason", ["call_id", "order_id", "date_event"]),
                )
            ]

        before = read_all()
        self.Call._plan(self.company)
        self.assertEqual(read_all(), before)
        call = self._get_open_call()
        self.at("2026-03-05 02:00:00")
        call.action_log_attempt("reached", score_declined=True)
        self.Call._plan(self.company)
        served = self.env["broker.care.call.reason"].search([("reason", "=", "receipt")])
        self.assertEqual(served.call_id, call, "The receipt was called about twice")

    def test_small_batches_end_as_one(self):
        customers = self._open_customers(7)
        for customer in customers:
            self._receive_job(customer)
        self.patch(planning, "BATCH_SIZE", 2)
        steps = list(self.Call._plan_steps(self.company))
        self.assertGreater(len(steps), 4)
        self.assertLessEqual(max(steps), 2)
        calls = self.Call.search([("customer_id", "in", customers.ids)])
        self.assertEqual(calls.customer_id, customers)
        self.assertEqual(len(calls), 7)

    def test_killed_half_way_ends_as_one_run(self):
        customers = self._open_customers(6)
        self.patch(planning, "BATCH_SIZE", 2)
        steps = self.Call._plan_steps(self.company)
        next(steps)
        steps.close()
        self.Call._plan(self.company)
        calls = self.Call.search([("customer_id", "in", customers.ids)])
        self.assertEqual(calls.customer_id, customers)
        self.assertEqual(len(calls), 6)

    def test_cron_commits_and_plans_all_companies(self):
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_plan_care_calls").method_direct_trigger()
        self.assertTrue(self._get_open_call())

    def test_cron_of_an_earlier_database_does_the_night(self):
        cron = self.env.ref("print_broker_crm.ir_cron_plan_care_calls")
        cron.write({"model_id": self.env["ir.model"]._get_id("broker.care.call"), "code": "model._cron_plan_calls()"})
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertTrue(self._get_open_call())

    def test_queries_do_not_grow_with_the_customers(self):
        # One warm-up fills what is read once: rules, calendar, groups.
        self._open_customers(2)
        self.Call._plan(self.company)
        counts = []
        for size in (3, 30):
            customers = self._open_customers(size, user=self.sales_wang)
            for customer in customers:
                self._receive_job(customer)
            counts.append(self._count_queries(lambda chosen=customers: self.Call._plan(self.company, chosen)))
            self.assertEqual(
                self.Call.search_count([("customer_id", "in", customers.ids), ("state", "=", "planned")]), size
            )
        self.assertEqual(counts[0], counts[1])

    def test_queries_of_merging_and_missing_do_not_grow(self):
        counts = []
        for size in (3, 3, 30):
            customers = self._open_customers(size)
            self.Call._plan(self.company, customers)
            for customer in customers:
                self._receive_job(customer)
            counts.append(self._count_queries(lambda chosen=customers: self.Call._plan(self.company, chosen)))
            self.at("2026-03-20 02:00:00")
            counts.append(self._count_queries(lambda chosen=customers: self.Call._plan(self.company, chosen)))
            self.at("2026-03-02 02:00:00")
        self.assertEqual(counts[2:4], counts[4:6])

    # Windows that end

    def test_missed_window_closes_and_plans_the_next(self):
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.at("2026-03-12 15:59:00")
        self.Call._plan(self.company)
        self.assertEqual(call.state, "planned", "The last day of the window is not over in Shanghai")
        self.at("2026-03-12 16:01:00")
        self.Call._plan(self.company)
        self.assertEqual((call.state, call.close_reason), ("missed", "window"))
        following = self._get_open_call()
        self.assertEqual(following.reason, "cadence")
        self.assertEqual(following.date_planned, date(2026, 3, 13) + timedelta(days=60))
        summary = self.Call._get_summary(self.company)
        self.assertEqual((summary["missed"], summary["done"], summary["planned"]), (1, 0, 1))

    # Do not call

    def test_do_not_call_cancels_and_is_never_queued(self):
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.customer.with_user(self.care_sun).write({"do_not_call": True, "do_not_call_reason": "Asked us"})
        self.assertEqual((call.state, call.close_reason), ("cancelled", "do_not_call"))
        self.Call._plan(self.company)
        self.sales_wang.action_archive()
        self.assertFalse(self._get_open_call())
        with self.assertRaisesRegex(UserError, "does not want to be called: Asked us"):
            self._plan_call()

    def test_do_not_call_needs_a_reason(self):
        with self.assertRaisesRegex(ValidationError, "Why Not to Call"):
            self.customer.do_not_call = True

    def test_archived_customer_is_not_called(self):
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.customer.active = False
        self.assertEqual((call.state, call.close_reason), ("cancelled", "archived"))
        self.Call._plan(self.company)
        self.assertFalse(self._get_open_call())

    # People who leave

    def test_leaver_plans_a_call_on_the_next_working_day(self):
        self.at("2026-03-06 08:00:00")  # Friday afternoon
        others = self._open_customers(2, user=self.sales_wang)
        kept = self._open_customers(1, user=self.sales_zhao)
        self.sales_wang.action_archive()
        for customer in self.customer + others:
            call = self._get_open_call(customer)
            self.assertEqual(call.reason, "salesperson_left")
            self.assertEqual(call.urgency, "3")
            self.assertEqual(call.date_planned, date(2026, 3, 9))
            self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 0, 0))
            self.assertEqual(call.user_id, self.care_sun)
        self.assertFalse(self._get_open_call(kept))

    def test_leaver_over_a_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 3, 2, 16, 0),
                "date_to": datetime(2026, 3, 3, 15, 59, 59),
            }
        )
        self.sales_wang.active = False
        self.assertEqual(self._get_open_call().date_planned, date(2026, 3, 4))

    def test_working_days_without_working_hours_are_days(self):
        rule = self.rules["salesperson_left"]
        rule.delay_days = 2
        friday = date(2026, 3, 6)
        self.assertEqual(rule._get_due_date(self.company, friday), date(2026, 3, 10))
        self.calendar.attendance_ids.unlink()
        self.assertEqual(rule._get_due_date(self.company, friday), date(2026, 3, 8))
        self.assertEqual(rule._get_opening(self.company, friday), datetime(2026, 3, 5, 16, 0))
        self.company.resource_calendar_id = False
        self.assertEqual(rule._get_due_date(self.company, friday), date(2026, 3, 8))

    def test_leaver_merges_and_archiving_twice_adds_nothing(self):
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.sales_wang.action_archive()
        self.sales_wang.action_unarchive()
        self.sales_wang.action_archive()
        self.assertEqual(self._get_open_call(), call)
        self.assertEqual(call.reason_ids.mapped("reason"), ["cadence", "salesperson_left"])
        self.assertEqual(call.date_planned, date(2026, 3, 3))

    def test_leaver_keeps_a_call_that_would_end_before(self):
        call = self._plan_call(date_deadline=self.MONDAY)
        self.sales_wang.action_archive()
        self.assertIn("salesperson_left", call.reason_ids.mapped("reason"))
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 3), date(2026, 3, 6)))

    def test_leaving_officer_hands_the_queue_over(self):
        other = self._create_user("zhou", "group_care_officer")
        self.customer.care_user_id = self.care_sun
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.user_id, self.care_sun)
        self.care_sun.action_archive()
        self.assertEqual(call.user_id, other)
        self.assertEqual(self.customer.care_user_id, other)

    # Officers

    def test_officers_are_balanced(self):
        second = self._create_user("zhou", "group_care_officer")
        archived = self._create_user("gone", "group_care_officer")
        archived.active = False
        customers = self._open_customers(5)
        mine = customers[0]
        mine.care_user_id = second
        self.Call._plan(self.company)
        calls = self.Call.search([("state", "=", "planned")])
        self.assertEqual(self._get_open_call(mine).user_id, second)
        self.assertEqual(len(calls), 6)
        self.assertEqual(len(calls.filtered(lambda call: call.user_id == self.care_sun)), 3)
        self.assertEqual(len(calls.filtered(lambda call: call.user_id == second)), 3)
        assignment = self.env["broker.assignment"]._get_open(self.customer, "care")[self.customer.id]
        self.assertEqual(assignment.reason, "Balanced over the care line")

    def test_archived_officer_is_replaced(self):
        leaver = self._create_user("gone", "group_care_officer")
        self.customer.care_user_id = leaver
        leaver.active = False
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().user_id, self.care_sun)
        self.assertEqual(self.customer.care_user_id, self.care_sun)

    def test_nobody_calls_about_themselves(self):
        """In a small firm the only officer may be the salesperson."""
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.care_sun.active = False
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().user_id, self.manager_qian)

    def test_officer_who_became_the_salesperson_is_replaced(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.customer.care_user_id = self.sales_wang
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().user_id, self.care_sun)

    def test_leaving_manager_gets_nothing_more(self):
        self.care_sun.active = False
        other = self._create_user("boss", "group_manager")
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.user_id, self.manager_qian)
        self.manager_qian.action_archive()
        self.assertEqual(call.user_id, other)

    def test_without_officers_and_managers_the_call_waits(self):
        self.care_sun.active = False
        self.manager_qian.active = False
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertTrue(call)
        self.assertFalse(call.user_id)
        self.care_sun.active = True
        self.Call._plan(self.company)
        self.assertEqual(call.user_id, self.care_sun)

    # Companies

    def test_two_companies_do_not_meet(self):
        other = self.env["res.company"].create(
            {"name": "Second Broker", "resource_calendar_id": self.calendar.copy().id}
        )
        officer = self._create_user("feng", "group_care_officer", company_id=other.id, company_ids=other.ids)
        theirs = self._open_customer(company=other)
        own_rule = self.rules["cadence"].copy({"company_id": other.id, "delay_days": 10})
        self.Call._plan(self.company)
        self.assertFalse(self._get_open_call(theirs))
        self.Call._plan(other)
        call = self._get_open_call(theirs)
        self.assertEqual((call.company_id, call.rule_id, call.user_id), (other, own_rule, officer))
        self.assertEqual(call.date_planned, date(2026, 3, 12))
        self.assertEqual(self._get_open_call().rule_id, self.rules["cadence"])
        self.assertEqual(self.Call._get_summary(other)["planned"], 1)
        self.assertEqual(self.Call._get_summary(self.company)["planned"], 1)

    # Merging contacts

    def test_nobody_calls_whom_merging_made_a_customer_who_wants_no_calls(self):
        double = self._open_customers(1, user=self.sales_zhao)
        call = self._plan_call(double)
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Asked us not to"})
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )
        self.assertTrue(self.customer.do_not_call)
        self.assertEqual((call.customer_id, call.state), (self.customer, "cancelled"))
        self.assertFalse(self._get_open_call())

    def test_rules_that_are_put_away_plan_nothing(self):
        """Whatever the caller's context has in sight."""
        call = self._plan_call()
        self.rules["cadence"].active = False
        call.with_context(active_test=False).action_cancel()
        self.assertFalse(self._get_open_call())

    def test_merged_contacts_have_one_open_call(self):
        other = self._open_customers(1)
        (self.customer + other).write({"user_id": self.sales_wang.id})
        done = self._plan_call(other)
        done.action_log_attempt("reached", score_declined=True)
        self.Call._plan(self.company)
        kept = self._get_open_call()
        other_open = self._get_open_call(other)
        other._merge_into(self.customer)
        self.assertEqual(self._get_open_call(), kept)
        self.assertEqual((other_open.state, other_open.close_reason), ("cancelled", "merged"))
        self.assertEqual((done + other_open).customer_id, self.customer)

    # Rules

    def test_bad_rules_are_refused(self):
        for reason, vals in (
            ("receipt", {"delay_days": -1}),
            ("receipt", {"window_days": 0}),
            ("receipt", {"max_attempts": 0}),
            ("receipt", {"minimum_gap_hours": -1}),
            ("receipt", {"rating_gap_days": 0}),
            ("cadence", {"delay_days": 0}),
        ):
            with (
                self.subTest(reason=reason, vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.rules[reason].write(vals)
