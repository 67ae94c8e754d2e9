from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import AccessError, LockError, UserError
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareQuestion(CareCommon):
    """What a call asks besides scores, and what becomes of the answers."""

    def setUp(self):
        super().setUp()
        self.order = self._receive_job(self.customer, datetime(2026, 2, 26, 2, 0))
        self.order.order_line.price_unit = 1000.0
        self.order.order_line.tax_ids = self.env["account.tax"].create({"name": "13%", "amount": 13})
        self.order.user_id = self.sales_wang
        self.assertEqual((self.order.amount_untaxed, self.order.amount_total), (1000.0, 1130.0))
        self.call = self._plan_call(order_id=self.order.id)

    def _answer(self, **vals):
        """Type what the customer says into a new call of this customer and compare."""
        call = self.call
        if call.check_state != "open":
            call.action_cancel()
            self._get_open_call().with_user(self.care_sun).action_cancel()
            self._get_open_call().unlink()
            call = self.call = self._plan_call()
        call.write(vals)
        call.action_cross_check()
        return call

    def _get_signals(self):
        return self.env["broker.signal"].search([("customer_id", "=", self.customer.id)])

    # The cross-check

    def test_price_with_or_without_taxes_within_the_tolerance(self):
        # 5 % of 1,000 is 50, of 1,130 it is 56.50.
        for price, state in (
            (1000.0, "match"),
            (1130.0, "match"),
            (950.0, "match"),
            (949.99, "mismatch"),
            (1050.0, "match"),
            (1060.0, "mismatch"),
            (1073.5, "match"),
            (1073.49, "mismatch"),
            (1186.5, "match"),
            (1186.51, "mismatch"),
        ):
            with self.subTest(price=price):
                self.assertEqual(self._answer(check_price=price).check_state, state)

    def test_price_of_no_tolerance(self):
        self.company.broker_check_price_percent = 0
        self.assertEqual(self._answer(check_price=1000).check_state, "match")
        self.assertEqual(self._answer(check_price=1000.01).check_state, "mismatch")

    def test_day_of_the_receipt(self):
        for day, state in (
            (date(2026, 2, 24), "match"),
            (date(2026, 2, 28), "match"),
            (date(2026, 2, 23), "mismatch"),
            (date(2026, 3, 1), "mismatch"),
        ):
            with self.subTest(day=day):
                self.assertEqual(self._answer(check_date=day).check_state, state)

    def test_day_is_the_firms_and_before_the_receipt_the_promised(self):
        self.company.broker_check_date_days = 0
        # In Shanghai the 27th has begun.
        self.order.broker_receipt_date = datetime(2026, 2, 26, 16, 30)
        self.assertEqual(self._answer(check_date=date(2026, 2, 27)).check_state, "match")
        self.order.broker_receipt_date = False
        self.order.commitment_date = datetime(2026, 3, 9, 2, 0)
        self.assertEqual(self._answer(check_date=date(2026, 3, 9)).check_state, "match")
        self.assertEqual(self._answer(check_date=date(2026, 2, 27)).check_state, "mismatch")

    def test_person(self):
        for vals, state in (
            ({"check_user_id": self.sales_wang.id}, "match"),
            ({"check_user_id": self.service_chen.id}, "match"),
            ({"check_user_id": self.sales_zhao.id}, "mismatch"),
            ({"check_person": "wang"}, "match"),
            ({"check_person": "Mr Wang of your firm"}, "match"),
            ({"check_person": "Old Zhou"}, "mismatch"),
        ):
            with self.subTest(vals=vals):
                self.assertEqual(self._answer(**vals).check_state, state)

    def test_person_who_served_at_the_time_of_the_job(self):
        self.at("2026-03-10 02:00:00")
        self.partner.user_id = self.sales_zhao
        self.order.user_id = self.sales_zhao
        self.assertEqual(self._answer(check_user_id=self.sales_wang.id).check_state, "match")

    def test_a_mismatch_is_told_to_managers_only(self):
        call = self._answer(check_price=1500, check_date=date(2026, 2, 26))
        signal = self._get_signals()
        self.assertEqual((signal.kind, signal.user_id, signal.state), ("mismatch", self.sales_wang, "open"))
        self.assertEqual({row.res_model for row in signal.evidence_ids}, {"broker.care.call", "sale.order"})
        self.assertTrue(any("1,500.00" in row.text for row in signal.evidence_ids))
        self.assertFalse(any("Day:" in row.text for row in signal.evidence_ids), "What agrees is no evidence")
        call.action_log_attempt("reached", sales_rating=3)
        self.assertEqual(len(self._get_signals()), 1)
        for user in (self.care_sun, self.sales_wang, self.service_chen, self.plain_user):
            with self.assertRaises(AccessError):
                signal.with_user(user).read(["state"])

    def test_what_agrees_raises_nothing(self):
        self.assertEqual(self._answer(check_price=1000).check_state, "match")
        self.assertFalse(self._get_signals())

    def test_logging_compares_what_was_typed(self):
        self.call.check_price = 700
        self.call.action_log_attempt("reached", sales_rating=3)
        self.assertEqual((self.call.check_state, self.call.check_order_id), ("mismatch", self.order))
        self.assertTrue(self._get_signals())

    def test_no_answer_compares_nothing(self):
        self.call.check_price = 700
        self.call.action_log_attempt("no_answer")
        self.assertEqual(self.call.check_state, "open")
        self.assertFalse(self._get_signals())

    def test_said_is_said(self):
        call = self._answer(check_price=700)
        for vals in ({"check_price": 1000}, {"check_date": "2026-02-26"}, {"check_person": "Wang"}):
            with self.assertRaisesRegex(UserError, "stays as it was said"):
                call.write(vals)
        for vals in ({"check_state": "match"}, {"check_result": "All well"}, {"check_order_id": False}):
            with self.assertRaises(UserError):
                call.write(vals)
            with self.assertRaises(UserError):
                self.Call.with_user(self.care_sun).create({"customer_id": self.customer.id, **vals})

    def test_nothing_to_compare(self):
        with self.assertRaisesRegex(UserError, "Type what the customer says first"):
            self.call.action_cross_check()
        other = self._plan_call(self._open_customers(1, user=self.sales_zhao))
        other.check_price = 5
        with self.assertRaisesRegex(UserError, "has no job to ask about"):
            other.action_cross_check()

    def test_the_last_job_where_the_call_is_about_none(self):
        self.at("2026-03-03 02:00:00")
        last = self._receive_job(self.customer)
        self.call.action_cancel()
        call = self._get_open_call()
        call.sudo().order_id = False
        self.assertEqual(call.with_user(self.care_sun).asked_order_id, last)

    def test_the_jobs_side_is_hidden_until_then(self):
        arch = self.Call.with_user(self.care_sun).get_view(view_type="form")["arch"]
        self.assertEqual(arch.count("parent.state == 'planned' and parent.check_state == 'open'"), 3)
        with Form(self.call) as form:
            form.check_price = 900
        self.assertFalse(self.call.check_result)

    # What was heard

    def test_needs_go_to_the_needs_file(self):
        contact = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id, "phone": "1"})
        self.env["broker.need"].create({"customer_id": self.customer.id, "name": "FSC paper"})
        self.call.write(
            {"partner_id": contact.id, "needs_heard": "A catalogue in May\n\n  fsc PAPER \nA catalogue in May"}
        )
        self.call.action_log_attempt("reached", sales_rating=4)
        need = self.call.need_ids
        self.assertEqual((need.name, need.source, need.contact_id), ("A catalogue in May", "care_call", contact))
        self.assertEqual((need.user_id, need.date_heard, need.state), (self.care_sun, self.MONDAY, "open"))
        self.call.action_pass_on()
        self.assertEqual(len(self.call.need_ids), 1)
        self.assertTrue(need.with_user(self.sales_wang).name)
        with self.assertRaises(AccessError):
            need.with_user(self.sales_wang).read(["care_call_id"])

    def test_a_need_belongs_to_its_call_by_our_hand_only(self):
        need = self.env["broker.need"].create({"customer_id": self.customer.id, "name": "Boxes"})
        with self.assertRaises(UserError):
            need.with_user(self.care_sun).care_call_id = self.call

    def test_a_complaint_opens_one_case(self):
        self.call.complaint_heard = "Colours were wrong\nSecond time this year"
        self.call.action_pass_on()
        case = self.call.case_ids
        self.assertEqual(
            (case.kind, case.source, case.title, case.order_id, case.customer_id),
            ("complaint", "call", "Colours were wrong", self.order, self.customer),
        )
        self.assertEqual(case.user_id, self.service_chen)
        self.call.action_pass_on()
        self.call.action_log_attempt("reached", sales_rating=2)
        self.assertEqual(self.call.case_ids, case)

    def test_a_wish_opens_one_opportunity(self):
        self.call.wish_heard = "5,000 calendars for 2027"
        self.call.action_pass_on()
        lead = self.call.wish_lead_id
        self.assertEqual(
            (lead.name, lead.type, lead.user_id, lead.broker_customer_id, lead.source_id.name),
            ("5,000 calendars for 2027", "opportunity", self.sales_wang, self.customer, "Care Call"),
        )
        self.call.action_pass_on()
        self.call.action_log_attempt("reached", sales_rating=4)
        self.assertEqual(self.env["crm.lead"].search_count([("name", "=", lead.name)]), 1)
        with self.assertRaises(UserError):
            self.call.wish_lead_id = False

    def test_a_wish_of_a_customer_whose_salesperson_left(self):
        self.sales_wang.action_archive()
        call = self._get_open_call().with_user(self.care_sun)
        call.wish_heard = "Flyers"
        call.action_pass_on()
        self.assertFalse(call.wish_lead_id.user_id)

    def test_two_taps_at_once(self):
        self.call.write({"wish_heard": "Flyers", "complaint_heard": "Late"})
        with (
            patch.object(type(self.call), "lock_for_update", side_effect=LockError("busy")),
            self.assertRaisesRegex(UserError, "Look again"),
        ):
            self.call.action_pass_on()
        self.assertFalse(self.call.case_ids or self.call.wish_lead_id)

    def test_no_answer_passes_nothing_on(self):
        self.call.write({"wish_heard": "Flyers", "complaint_heard": "Late", "needs_heard": "Boxes"})
        self.call.action_log_attempt("no_answer")
        self.assertFalse(self.call.wish_lead_id or self.call.case_ids or self.call.need_ids)

    def test_long_and_empty_texts(self):
        self.call.write({"wish_heard": "  \n ", "complaint_heard": "很" * 500})
        self.call.action_pass_on()
        self.assertFalse(self.call.wish_lead_id)
        self.assertEqual(len(self.call.case_ids.title), 120)

    def test_the_scored_pass_nothing_on(self):
        for user in (self.sales_wang, self.service_chen, self.plain_user):
            for action in ("action_cross_check", "action_pass_on", "action_ask_by_link"):
                with self.assertRaises(AccessError):
                    getattr(self.call.with_user(user), action)()
