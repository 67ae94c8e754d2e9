from datetime import date, datetime, timedelta

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareCall(CareCommon):
    def _get_ratings(self, call):
        return {
            rating.broker_role: rating
            for rating in self.env["rating.rating"].search(
                [("res_model", "=", "broker.care.call"), ("res_id", "in", call.ids)]
            )
        }

    # Outcomes

    def test_reached_with_scores(self):
        self._set_tier(self.customer, self.tier_5)
        call = self._plan_call(notes="Ask about the boxes")
        self.assertTrue(call.ask_rating)
        call.needs_heard = "A catalogue in May"
        call.action_log_attempt("reached", note="Friendly", sales_rating=4, service_rating=5)
        self.assertEqual((call.state, call.close_reason, call.last_outcome), ("done", "result", "reached"))
        self.assertEqual((call.sales_rating, call.service_rating), (4, 5))
        self.assertEqual(call.date_done, datetime(2026, 3, 2, 2, 0))
        self.assertEqual(call.needs_heard, "A catalogue in May")
        self.assertEqual(call.notes, "Ask about the boxes")
        attempt = call.attempt_ids
        self.assertEqual((attempt.outcome, attempt.note, attempt.user_id), ("reached", "Friendly", self.care_sun))
        self.assertEqual(attempt.phone, "+86 21 6234 5678")
        self.assertEqual(self.customer.last_care_contact, datetime(2026, 3, 2, 2, 0))
        ratings = self._get_ratings(call)
        self.assertEqual(ratings["sales"].rated_partner_id, self.sales_wang.partner_id)
        self.assertEqual(ratings["service"].rated_partner_id, self.service_chen.partner_id)
        self.assertEqual(ratings["sales"].partner_id, self.partner)
        self.assertEqual(ratings["sales"].broker_company_id, self.company)
        self.assertTrue(ratings["sales"].consumed and ratings["service"].consumed)
        # The next call of a 5A customer, two weeks later.
        following = self._get_open_call()
        self.assertEqual((following.reason, following.date_planned), ("cadence", date(2026, 3, 16)))
        self.assertEqual(self.customer.next_call_date, date(2026, 3, 16))

    def test_score_of_the_salesperson_of_that_time(self):
        call = self._plan_call()
        call.action_log_attempt("reached", sales_rating=2)
        self.partner.user_id = self.sales_zhao
        ratings = self._get_ratings(call)
        self.assertEqual(ratings["sales"].rated_partner_id, self.sales_wang.partner_id)
        self.assertNotIn("service", ratings)
        self.assertEqual((call.sales_rating, call.service_rating), (2, 0))

    def test_score_of_a_salesperson_who_left(self):
        self.sales_wang.action_archive()
        self.at("2026-03-03 02:00:00")
        call = self._get_open_call().with_user(self.care_sun)
        call.action_log_attempt("reached", sales_rating=5)
        self.assertEqual(self._get_ratings(call)["sales"].rated_partner_id, self.sales_wang.partner_id)

    def test_no_answer_in_the_morning_tries_the_afternoon(self):
        call = self._plan_call()
        call.action_log_attempt("no_answer", note="Rang out")
        # 10:00 and four hours: 14:00 in Shanghai.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 6, 0))
        self.assertEqual((call.state, call.attempt_count, call.last_outcome), ("planned", 1, "no_answer"))
        self.assertFalse(self.customer.last_care_contact)

    def test_busy_in_the_afternoon_tries_the_next_morning(self):
        self.at("2026-03-02 06:30:00")
        call = self._plan_call()
        call.action_log_attempt("busy")
        # 14:30 in Shanghai; Tuesday at eight.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 3, 0, 0))

    def test_late_morning_keeps_the_gap(self):
        self.at("2026-03-02 03:50:00")
        call = self._plan_call()
        call.action_log_attempt("busy")
        # 11:50 and four hours: 15:50.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 7, 50))

    def test_short_gap_still_changes_the_half_of_the_day(self):
        self.rules["by_hand"].minimum_gap_hours = 1
        self.at("2026-03-02 01:00:00")
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        # 9:00 in Shanghai: not at 10:00 again, but after lunch.
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 5, 0))

    def test_friday_afternoon_tries_monday_morning(self):
        self.at("2026-03-06 07:00:00")
        call = self._plan_call(date_deadline=date(2026, 3, 6))
        call.action_log_attempt("no_answer")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 9, 0, 0))
        self.assertEqual(call.date_deadline, date(2026, 3, 9), "The window ends before the next attempt")

    def test_no_answer_without_working_hours(self):
        self.company.resource_calendar_id = False
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 2, 6, 0))

    def test_no_answer_where_only_mornings_are_worked(self):
        self.calendar.attendance_ids.filtered(lambda line: line.hour_from >= 12).unlink()
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 3, 0, 0))

    def test_cap_misses_the_call_and_tells_the_manager(self):
        self.rules["by_hand"].max_attempts = 3
        self.company.broker_care_manager_id = self.manager_qian
        call = self._plan_call()
        for _attempt in range(2):
            call.action_log_attempt("no_answer")
        self.assertEqual(call.state, "planned")
        self.assertFalse(call.activity_ids)
        call.action_log_attempt("busy")
        self.assertEqual((call.state, call.close_reason, call.attempt_count), ("missed", "attempts", 3))
        self.assertEqual(call.sudo().activity_ids.user_id, self.manager_qian)
        self.assertIn("3 attempts", call.sudo().activity_ids.note)
        self.assertEqual(self._get_open_call().date_planned, date(2026, 5, 1))

    def test_cap_tells_the_sponsor_first(self):
        self.rules["by_hand"].max_attempts = 1
        sponsor = self._create_user("boss", "group_manager")
        self.customer.sponsor_user_id = sponsor
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        self.assertEqual(call.sudo().activity_ids.user_id, sponsor)

    def test_call_back_at_the_agreed_time(self):
        self.rules["by_hand"].max_attempts = 1
        call = self._plan_call()
        call.action_log_attempt("call_back", call_back_at=datetime(2026, 3, 20, 7, 0))
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 20, 7, 0))
        self.assertEqual(call.state, "planned", "An agreed time counts against no limit")
        self.assertEqual(call.date_deadline, date(2026, 3, 20))
        self.assertEqual(call.attempt_ids.call_back_at, datetime(2026, 3, 20, 7, 0))
        self.at("2026-03-19 20:00:00")
        self.Call._plan(self.company)
        self.assertEqual(call.state, "planned")

    def test_wrong_number_asks_the_salesperson(self):
        call = self._plan_call()
        call.action_log_attempt("wrong_number")
        activity = self.customer.activity_ids
        self.assertEqual(activity.user_id, self.sales_wang)
        self.assertIn("+86 21 6234 5678", activity.note)
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 3, 0, 0))
        self.assertEqual(activity.with_user(self.sales_wang).summary, "Mend the phone number")

    def test_wrong_number_of_a_leaver_asks_the_manager(self):
        self.sales_wang.action_archive()
        self.company.broker_care_manager_id = self.manager_qian
        call = self._get_open_call().with_user(self.care_sun)
        call.action_log_attempt("wrong_number")
        self.assertEqual(self.customer.activity_ids.user_id, self.manager_qian)

    def test_refused_is_done_without_scores(self):
        call = self._plan_call()
        call.action_log_attempt("refused")
        self.assertEqual((call.state, call.last_outcome, call.rating_asked), ("done", "refused", False))
        self.assertFalse(self._get_ratings(call))
        self.assertFalse(self.customer.last_care_contact)

    # Bad input

    def test_without_outcome_nothing_is_lost(self):
        call = self._plan_call()
        typed = {
            "result_note": "Long talk about paper",
            "needs_heard": "Thicker paper",
            "sales_score": "4",
            "call_back_at": datetime(2026, 3, 9, 2, 0),
        }
        call.write(typed)
        with self.assertRaisesRegex(UserError, "Say how the call to Jade Restaurant ended.*What you typed is kept"):
            call.action_log_attempt()
        self.assertEqual({name: call[name] for name in typed}, typed)
        self.assertFalse(call.attempt_ids)
        self.assertEqual(call.state, "planned")

    def test_bad_results_are_refused_and_change_nothing(self):
        call = self._plan_call()
        for arguments, message in (
            ({"outcome": "voicemail"}, "voicemail is no outcome of a call"),
            ({"outcome": "reached", "sales_rating": 6}, "A score is a whole number from 1 to 5; 6"),
            ({"outcome": "reached", "sales_rating": 0}, "A score is a whole number from 1 to 5; 0"),
            ({"outcome": "reached", "service_rating": -1}, "-1 for the Service Agent"),
            ({"outcome": "reached", "service_rating": 3.5}, "3.5 for the Service Agent"),
            ({"outcome": "reached", "service_rating": "much"}, "much for the Service Agent"),
            ({"outcome": "reached", "service_rating": float("nan")}, "nan for the Service Agent"),
            ({"outcome": "reached"}, "tick No Score Given"),
            ({"outcome": "no_answer", "sales_rating": 3}, "Scores belong to the outcome Reached"),
            ({"outcome": "call_back"}, "Say when to call Jade Restaurant back"),
            ({"outcome": "call_back", "call_back_at": datetime(2026, 3, 2, 1, 0)}, "Say when to call"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(UserError, message):
                call.action_log_attempt(**arguments)
        self.assertFalse(call.attempt_ids)
        self.assertFalse(self._get_ratings(call))
        self.assertEqual((call.state, call.attempt_count), ("planned", 0))

    def test_closed_call_takes_no_result(self):
        call = self._plan_call()
        call.action_log_attempt("refused")
        with self.assertRaisesRegex(UserError, "already closed"):
            call.action_log_attempt("reached", sales_rating=5)
        self.assertEqual(call.attempt_count, 1)

    def test_typed_values_are_taken_over_and_cleared(self):
        call = self._plan_call()
        call.write({"result_note": "Happy", "sales_score": "5", "service_score": "3"})
        call.with_context(care_outcome="reached").action_log_attempt()
        self.assertEqual(call.attempt_ids.note, "Happy")
        self.assertEqual((call.sales_rating, call.service_rating), (5, 3))
        self.assertEqual((call.result_note, call.sales_score), (False, "0"))

    def test_results_cannot_be_typed_in(self):
        call = self._plan_call()
        for vals in ({"state": "done"}, {"attempt_count": 3}, {"date_done": "2026-03-02 02:00:00"}):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "Log a result or cancel"):
                call.write(vals)
        call.action_log_attempt("refused")
        with self.assertRaisesRegex(UserError, "Log a result or cancel"):
            call.write({"state": "planned"})
        with self.assertRaisesRegex(UserError, "Log a result or cancel"):
            self._plan_call(self._open_customers(1), state="done")

    def test_what_a_call_is_about_is_said_once(self):
        call = self._plan_call()
        for vals in ({"order_id": False}, {"rule_id": self.rules["receipt"].id}, {"customer_id": call.customer_id.id}):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "cannot be typed in"):
                call.with_user(self.care_sun).write(vals)

    def test_attempts_are_history(self):
        call = self._plan_call()
        call.action_log_attempt("no_answer")
        with self.assertRaisesRegex(UserError, "not edited"):
            call.sudo().attempt_ids.note = "Changed"
        with self.assertRaisesRegex(UserError, "not deleted"):
            call.sudo().attempt_ids.unlink()
        with self.assertRaisesRegex(UserError, "history and is not deleted"):
            call.sudo().unlink()

    def test_one_open_call_per_customer(self):
        self._plan_call()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self._plan_call()

    # Asking for scores

    def test_scores_are_not_asked_more_often_than_the_cap(self):
        self.rules["by_hand"].write({"rating_kind": "relationship", "rating_gap_days": 180})
        self.rules["receipt"].write({"rating_kind": "transaction", "rating_gap_days": 90})
        self._plan_call().action_log_attempt("reached", sales_rating=4)
        call = self._get_open_call().with_user(self.care_sun)
        self.assertEqual(call.ask_rating_from, date(2026, 8, 29))
        self.assertFalse(call.ask_rating)
        with self.assertRaisesRegex(UserError, "not to be asked before 2026-08-29"):
            call.action_log_attempt("reached", sales_rating=5)
        # A receipt within the quarter is not scored, nor is the answer demanded.
        self.at("2026-05-20 02:00:00")
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.at("2026-05-23 02:00:00")
        call = self._get_open_call().with_user(self.care_sun)
        self.assertIn("receipt", call.reason_ids.mapped("reason"))
        self.assertFalse(call.ask_rating)
        self.at("2026-05-30 16:00:00")  # Sunday in Shanghai, ninety days after 2 March
        call.invalidate_recordset()
        self.assertTrue(call.ask_rating)

    def test_declined_scores_count_as_asked(self):
        self._plan_call().action_log_attempt("reached", score_declined=True)
        self.assertFalse(self._get_open_call().ask_rating)

    def test_refused_call_asked_nothing(self):
        self._plan_call().action_log_attempt("refused")
        self.assertTrue(self._get_open_call().ask_rating)

    def test_rule_without_scores(self):
        self.rules["by_hand"].rating_kind = "none"
        call = self._plan_call()
        self.assertFalse(call.ask_rating)
        call.action_log_attempt("reached")
        self.assertEqual((call.state, call.rating_asked), ("done", False))

    # Whom and where to call

    def test_person_to_call(self):
        buyer = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.partner.id, "phone": "+86 21 6234 9999"}
        )
        self.partner.phone = False
        call = self._plan_call()
        self.assertEqual((call.partner_id, call.phone), (buyer, "+86 21 6234 9999"))
        nobody = self._open_customers(1)
        nobody.partner_id.phone = False
        call = self._plan_call(nobody)
        self.assertEqual((call.partner_id, call.phone), (nobody.partner_id, False))

    def test_the_contact_of_the_job_is_called(self):
        buyer = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.partner.id, "phone": "+86 21 6234 9999"}
        )
        order = self._receive_job(self.customer)
        order.partner_id = buyer
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().partner_id, buyer)

    def test_customer_facts_beside_the_call(self):
        orders = self.env["sale.order"]
        for _number in range(6):
            orders += self._receive_job(self.customer)
        other = self._open_customers(1)
        self._receive_job(other)
        self._plan_call().action_log_attempt("refused")
        closed = self.Call.search([("customer_id", "=", self.customer.id), ("state", "=", "done")])
        call = self._get_open_call().with_user(self.care_sun)
        self.assertEqual(call.last_order_ids.ids, orders.sorted("id", reverse=True)[:5].ids)
        self.assertEqual(call.last_call_ids, closed)

    def test_queue_order(self):
        low, high, tried, late, key = self._open_customers(5)
        for customer in (low, high, tried, late, key):
            self._plan_call(customer)
        calls = {
            name: self._get_open_call(customer)
            for name, customer in locals().items()
            if name in ("low", "high", "tried", "late", "key")
        }
        calls["low"].urgency = "0"
        calls["high"].urgency = "3"
        calls["tried"].attempt_count = 1
        calls["late"].date_planned = self.MONDAY - timedelta(days=3)
        calls["key"].tier_rank = 5
        queue = self.Call.with_user(self.care_sun).search(
            [("user_id", "=", self.care_sun.id), ("state", "=", "planned"), ("next_attempt_at", "<=", "now")]
        )
        self.assertEqual(queue.customer_id.ids, [customer.id for customer in (high, key, late, tried, low)])
        action = queue[0].action_next()
        self.assertEqual(action["res_id"], calls["key"].id)

    def test_queue_is_read_from_the_index(self):
        customers = self._open_customers(50)
        self.Call._plan(self.company, customers)
        self.env.flush_all()
        self.cr.execute("ANALYZE broker_care_call")
        # Among fifty rows anything is fast; what is asked is whether the index serves.
        self.cr.execute("SET LOCAL enable_seqscan = off")
        self.cr.execute("SET LOCAL enable_sort = off")
        query = self.Call._search(
            [("user_id", "=", self.care_sun.id), ("state", "=", "planned")], order=self.Call._order, limit=80
        )
        plan = "\n".join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query.select())))
        self.assertIn("broker_care_call_queue_idx", plan)
        self.assertNotIn("Sort", plan, "The order of the queue is not that of its index")

    def test_call_now_from_the_customer_file(self):
        self._set_tier(self.customer, self.tier_5)
        customer = self.customer.with_user(self.care_sun)
        action = customer.action_plan_care_call()
        call = self.Call.browse(action["res_id"])
        self.assertEqual((call.reason, call.user_id, call.tier_rank), ("by_hand", self.care_sun, 5))
        self.assertEqual(customer.action_plan_care_call()["res_id"], call.id)
        self.assertEqual(customer.care_call_count, 1)

    def test_call_now_brings_the_planned_call_forward(self):
        self.at("2026-03-07 04:00:00")  # Saturday noon
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.customer.with_user(self.care_sun).action_plan_care_call()
        self.assertEqual((call.date_planned, call.date_deadline), (date(2026, 3, 7), date(2026, 3, 21)))
        self.assertEqual(call.next_attempt_at, datetime(2026, 3, 7, 4, 0))

    def test_cancel_goes_on_with_the_cadence(self):
        call = self._plan_call()
        call.action_cancel()
        self.assertEqual((call.state, call.close_reason), ("cancelled", "by_hand"))
        self.assertEqual(self._get_open_call().date_planned, date(2026, 5, 1))

    def test_form_of_the_officer(self):
        with Form(self.env["broker.care.call"].with_user(self.care_sun)) as form:
            form.customer_id = self.customer.with_user(self.care_sun)
        call = form.record
        self.assertEqual((call.user_id, call.reason), (self.care_sun, "by_hand"))
        with Form(call) as form:
            form.result_note = "Good talk"
            form.sales_score = "4"
        call.with_context(care_outcome="reached").action_log_attempt()
        self.assertEqual(call.sales_rating, 4)

    # Figures

    def test_summary(self):
        first, second, third = self._open_customers(3, user=self.sales_wang)
        self._plan_call(first).action_log_attempt("reached", sales_rating=4, service_rating=5)
        self._plan_call(second).action_log_attempt("reached", sales_rating=1)
        self._plan_call(third).action_log_attempt("refused")
        self.assertEqual(
            self.Call._get_summary(self.company),
            {
                "done": 3,
                "missed": 0,
                # the next calls of the three, and none of the customer nobody called
                "planned": 3,
                "cancelled": 0,
                "sales_rating": 2.5,
                "service_rating": 5.0,
            },
        )
        later = self.Call._get_summary(self.company, date_from=datetime(2026, 3, 3))
        self.assertEqual((later["done"], later["sales_rating"]), (0, 0.0))
