from datetime import date, datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .common_case import CaseCommon
from .common_handoff import HandoffCommon
from .common_relay import RelayCommon
from .common_target import TargetMixin
from .test_satisfaction import SatisfactionCommon


@tagged("post_install", "-at_install")
class TestTargetMoney(TargetMixin, RelayCommon):
    """New customers, margin and legs; every figure worked out by hand."""

    @classmethod
    def setUpClass(cls):
        # The ledger knows whose Jade is from that day on.
        with freeze_time("2026-02-02 02:00:00"):
            super().setUpClass()

    def _open_other(self, name="Opal", user=None):
        return self._open_customer(self._create_partner(name, user or self.sales_wang), service=self.service_chen)

    def _job_of(self, customer, on=None, **kwargs):
        order = self._create_job(partner_id=customer.partner_id.id, **kwargs)
        if on:
            order.date_order = on
        return order

    # NEW CUSTOMERS

    def test_new_customers(self):
        self._create_job(confirm=False)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (0, 0), "a quotation is no job")
        first = self._create_job()
        self._create_job()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))
        self._job_of(self._open_other())
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (2, 2))
        self.assertEqual(self._get_total("new_customer", self.sales_zhao), (0, 0))
        self.assertEqual(self._get_total("new_customer", self.sales_wang, month=2), (0, 0))
        # The first job is cancelled: the second is the first.
        first.with_context(disable_cancel_warning=True)._action_cancel()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (2, 2))

    def test_new_customers_of_the_month_by_the_companys_clock(self):
        self.at("2026-03-31 15:00:00")
        order = self._create_job()
        order.date_order = datetime(2026, 3, 31, 15, 59, 59)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))
        order.date_order = datetime(2026, 3, 31, 16)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (0, 0))
        self.assertEqual(self._get_total("new_customer", self.sales_wang, month=4), (1, 1))
        # The clocks of a firm in California: 8 hours behind, 7 from 8 March on.
        self.calendar.tz = "America/Los_Angeles"
        order.date_order = datetime(2026, 4, 1, 6, 59)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))
        order.date_order = datetime(2026, 4, 1, 7)
        self.assertEqual(self._get_total("new_customer", self.sales_wang, month=4), (1, 1))

    def test_whose_customer_it_was_then(self):
        self._create_job()
        self.at("2026-03-20 02:00:00")
        other = self._open_other()
        self._hand_over(self.customer, self.sales_zhao)
        self._hand_over(other, self.sales_zhao)
        self._job_of(other)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))
        self.assertEqual(self._get_total("new_customer", self.sales_zhao), (1, 1))
        # The ledger is corrected: so is what counted.
        self.env["broker.assignment"].sudo()._correct(
            self.customer, "sales", self.sales_zhao, date(2026, 3, 2), date(2026, 3, 20), "Zhao brought them"
        )
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (0, 0))
        self.assertEqual(self._get_total("new_customer", self.sales_zhao), (2, 2))

    def test_a_leaver_keeps_what_they_won(self):
        self._create_job()
        self.at("2026-03-20 02:00:00")
        self.sales_wang.action_archive()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))

    def test_nobodys_customer_counts_for_nobody(self):
        customer = self._open_customer(self._create_partner("Onyx"))
        self._job_of(customer)
        for user in (self.sales_wang, self.service_chen, self.env.user):
            self.assertEqual(self._get_total("new_customer", user), (0, 0))

    def test_an_old_customer_in_new_books(self):
        invoice = self.init_invoice("out_invoice", partner=self.partner, amounts=[100], post=False)
        invoice.invoice_date = "2026-02-10"
        invoice.action_post()
        order = self._create_job()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (0, 0))
        invoice.button_draft()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))
        # The job's own invoice, dated before it, makes nobody an old customer.
        self._create_posted_invoice(order, date="2026-02-27")
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))

    def test_merged_customers_are_one_new_customer(self):
        other = self._open_other()
        self._create_job()
        self._job_of(other)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (2, 2))
        partners = (self.customer + other).partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(partners.ids, self.partner)
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))

    def test_reprint_is_no_job(self):
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Cut", "kind": "claim"})
        reprint = self._create_job()
        reprint.sudo().broker_claim_case_id = case
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (0, 0))
        self._create_job()
        self.assertEqual(self._get_total("new_customer", self.sales_wang), (1, 1))

    # MARGIN

    def test_margin(self):
        order = self._create_job(10000, 7000)
        draft = order._create_invoices()
        self.assertEqual(self._get_total("margin", self.sales_wang), (0, 0))
        draft.invoice_date = "2026-03-05"
        draft.action_post()
        self.assertEqual(self._get_total("margin", self.sales_wang), (3000, 1))
        self._create_posted_invoice(self._create_job(500, 700), date="2026-03-31")
        self._create_posted_invoice(self._create_job(1000, 400), date="2026-04-01")
        # 3,000 and a job that cost 200 more than it brought.
        self.assertEqual(self._get_total("margin", self.sales_wang), (2800, 2))
        self.assertEqual(self._get_total("margin", self.sales_wang, month=4), (600, 1))
        draft.button_draft()
        self.assertEqual(self._get_total("margin", self.sales_wang), (-200, 1))

    def test_what_nobody_knows_the_cost_of_is_left_out(self):
        order = self._create_job(10000, 7000, lines=[(self.box_product, 4000, 0)])
        self._create_posted_invoice(order, date="2026-03-05")
        self.assertEqual(self._get_total("margin", self.sales_wang), (3000, 1))
        self._create_posted_invoice(self._create_job(5000, 0), date="2026-03-05")
        self.assertEqual(self._get_total("margin", self.sales_wang), (3000, 1))

    def test_refunds_take_margin_back(self):
        invoice = self._create_posted_invoice(self._create_job(10000, 7000), date="2026-03-05")
        self.at("2026-04-10 02:00:00")
        note = self._credit(invoice, quantity=0.5, post=False)
        note.invoice_date = "2026-04-10"
        note.action_post()
        self.assertEqual(self._get_total("margin", self.sales_wang), (3000, 1))
        self.assertEqual(self._get_total("margin", self.sales_wang, month=4), (-1500, 1))
        # Written in April, dated in March.
        late = self._credit(invoice, quantity=0.5, post=False)
        late.invoice_date = "2026-03-31"
        late.action_post()
        self.assertEqual(self._get_total("margin", self.sales_wang), (1500, 2))

    def test_a_refund_takes_from_whoever_had_the_customer_then(self):
        invoice = self._create_posted_invoice(self._create_job(10000, 7000), date="2026-03-05")
        self.at("2026-03-20 02:00:00")
        self._hand_over(self.customer, self.sales_zhao)
        self._create_posted_invoice(self._create_job(2000, 1000), date="2026-03-20")
        note = self._credit(invoice, quantity=0.5, post=False)
        note.invoice_date = "2026-03-25"
        note.action_post()
        self.assertEqual(self._get_total("margin", self.sales_wang), (1500, 2))
        self.assertEqual(self._get_total("margin", self.sales_zhao), (1000, 1))

    def test_margin_of_two_companies(self):
        self._create_posted_invoice(self._create_job(10000, 7000), date="2026-03-05")
        other = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self._get_total("margin", self.sales_wang), (3000, 1))
        self.assertEqual(
            self.env["broker.target.event"]._get_totals(other, ["margin"], self.sales_wang, None, None), {}
        )

    def test_repeat_margin(self):
        first = self._create_job(10000, 7000)
        self._create_posted_invoice(first, date="2026-03-05")
        self.assertEqual(self._get_total("repeat_margin", self.service_chen), (0, 0))
        self.at("2026-03-03 02:00:00")
        again = self._create_job(5000, 4000)
        invoice = self._create_posted_invoice(again, date="2026-03-10")
        self.assertEqual(self._get_total("repeat_margin", self.service_chen), (1000, 1))
        self.assertEqual(self._get_total("margin", self.sales_wang), (4000, 2), "for sales it is margin like any other")
        # Another agent from the 20th on; what is taken back was Chen's.
        self.at("2026-03-20 02:00:00")
        self._hand_over(self.customer, self.service_lin, "service")
        self._create_posted_invoice(self._create_job(3000, 1000), date="2026-03-21")
        note = self._credit(invoice, quantity=0.25, post=False)
        note.invoice_date = "2026-03-22"
        note.action_post()
        self.assertEqual(self._get_total("repeat_margin", self.service_chen), (750, 2))
        self.assertEqual(self._get_total("repeat_margin", self.service_lin), (2000, 1))

    def test_an_invoice_of_a_first_and_a_repeat_order(self):
        first = self._create_job(10000, 7000)
        self.at("2026-03-03 02:00:00")
        again = self._create_job(5000, 4000)
        self._create_posted_invoice(first + again, date="2026-03-10")
        self.assertEqual(self._get_total("margin", self.sales_wang), (4000, 1))
        self.assertEqual(self._get_total("repeat_margin", self.service_chen), (1000, 1))

    def test_reprint_and_invoice_without_a_job_are_no_repeat_order(self):
        self._create_job()
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Cut", "kind": "claim"})
        self.at("2026-03-03 02:00:00")
        reprint = self._create_job(100, 500)
        reprint.sudo().broker_claim_case_id = case
        self._create_posted_invoice(reprint, date="2026-03-10")
        self.init_invoice("out_invoice", partner=self.partner, amounts=[100], post=True, invoice_date="2026-03-05")
        self.assertEqual(self._get_total("repeat_margin", self.service_chen), (0, 0))

    # LEGS

    def test_legs(self):
        fast, slow, passed, cancelled = (self._create_job() for _number in range(4))
        self.assertEqual(self._get_total("leg", self.service_chen), (0, 0), "running")
        self._move(fast, "printing")
        self.assertEqual(self._get_total("leg", self.service_chen), (100, 1))
        # Eight working hours were allowed, nine were taken.
        self.at("2026-03-03 03:00:00")
        self._move(slow, "printing")
        self.assertEqual(self._get_total("leg", self.service_chen), (50, 2))
        self.assertEqual(self._get_total("leg", self.service_lin), (0, 0))
        # What was passed on was finished by the other, in the time that both took.
        passed.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self._move(passed, "printing", user=self.service_lin)
        self.assertEqual(self._get_total("leg", self.service_chen), (50, 2))
        self.assertEqual(self._get_total("leg", self.service_lin), (0, 1))
        # What ends with a cancelled order was not finished.
        cancelled.with_context(disable_cancel_warning=True)._action_cancel()
        self.assertEqual(self._get_total("leg", self.service_chen), (50, 2))
        # What goes back to an earlier stage neither.
        self._move(fast, "artwork", returned=True, reason_id=self.reason)
        self.assertEqual(self._get_total("leg", self.service_chen), (50, 2))

    def test_time_waited_for_others_is_no_lateness(self):
        order = self._create_job()
        order.with_user(self.service_chen).action_broker_wait_customer()
        self.at("2026-03-06 02:00:00")
        order.with_user(self.service_chen).action_broker_wait_us()
        self._move(order, "printing")
        leg = self._get_legs(order)[0]
        self.assertTrue(leg.late_count)
        self.assertEqual(self._get_total("leg", self.service_chen), (100, 1))

    def test_a_stage_without_a_clock(self):
        self.stage["artwork"].write({"hours": 0, "tier_hour_ids": [(5,)]})
        order = self._create_job()
        self._move(order, "printing")
        self.assertEqual(self._get_total("leg", self.service_chen), (0, 0))

    def test_legs_of_the_month_by_the_companys_clock(self):
        self.at("2026-03-31 15:00:00")
        one, two = self._create_job(), self._create_job()
        self.at("2026-03-31 15:59:00")
        self._move(one, "printing")
        self.at("2026-03-31 16:01:00")
        self._move(two, "printing")
        self.assertEqual(self._get_total("leg", self.service_chen), (100, 1))
        self.assertEqual(self._get_total("leg", self.service_chen, month=4), (100, 1))


@tagged("post_install", "-at_install")
class TestTargetHandoff(TargetMixin, HandoffCommon):
    """Handoffs accepted at the first try."""

    def setUp(self):
        super().setUp()
        self.today = self.company._get_broker_today()

    def _get(self, user=None):
        return self._get_all_time("handoff", user or self.sales_wang)

    def _get_all_time(self, kind, user):
        self.env.flush_all()
        totals = self.env["broker.target.event"]._get_totals(self.company, [kind], user, self.today, self.today)
        _total, average, count = totals.get((kind, user.id), (0, 0, 0))
        return round(float(average), 2), count

    def _submit(self):
        handoff = self._complete(self._create_handoff())
        handoff.receiver_id = self.service_chen
        handoff.with_user(self.sales_wang).action_submit()
        return handoff

    def test_handoffs(self):
        accepted, returned, waiting = self._submit(), self._submit(), self._submit()
        self.assertEqual(self._get(), (0, 0), "nobody has answered yet")
        accepted.with_user(self.service_chen).action_accept()
        self.assertEqual(self._get(), (100, 1))
        returned.with_user(self.service_chen).action_return(reason="No artwork")
        self.assertEqual(self._get(), (50, 2))
        # Accepted at the second try is not accepted at the first.
        returned.with_user(self.sales_wang).action_submit()
        returned.with_user(self.service_chen).action_accept()
        self.assertEqual(self._get(), (50, 2))
        # Given back after the acceptance: it came back all the same.
        accepted.with_user(self.service_chen).action_return(reason="The file cannot be printed")
        self.assertEqual(self._get(), (0, 2))
        # One that is withdrawn was never answered.
        waiting.with_user(self.sales_wang).action_cancel()
        self.assertEqual(self._get(), (0, 2))

    def test_nobody_was_asked(self):
        self.company.broker_handoff_mode = "self"
        handoff = self._create_handoff()
        self.assertEqual(handoff.state, "accepted")
        self.assertEqual(self._get(), (0, 0))

    def test_whose_handoff_it_was(self):
        handoff = self._submit()
        handoff.with_user(self.service_chen).action_return(reason="No artwork")
        handoff.sudo().sender_id = self.sales_zhao
        self.assertEqual(self._get(), (0, 1))
        self.assertEqual(self._get(self.sales_zhao), (0, 0))
        handoff.with_user(self.sales_zhao).action_submit()
        handoff.with_user(self.service_chen).action_accept()
        self.assertEqual(self._get(), (0, 1))


@tagged("post_install", "-at_install")
class TestTargetCase(TargetMixin, CaseCommon):
    """How soon cases are answered, and how many are solved."""

    def test_time_to_the_answer(self):
        fast, slow = self._open_case(), self._open_case()
        self.assertEqual(self._get_total("answer", self.service_chen), (0, 0), "not answered yet")
        self.at("2026-03-02 03:00:00")
        fast.with_user(self.service_chen).action_answered()
        self.assertEqual(self._get_total("answer", self.service_chen), (1, 1))
        # From ten to three in the afternoon: four working hours, without lunch.
        self.at("2026-03-02 07:00:00")
        slow.with_user(self.service_chen).action_answered()
        self.assertEqual(self._get_total("answer", self.service_chen), (2.5, 2))
        # A second answer changes nothing, a case that was none does not count.
        self.at("2026-03-03 07:00:00")
        slow.with_user(self.service_chen).action_answered()
        self.assertEqual(self._get_total("answer", self.service_chen), (2.5, 2))
        slow.outcome = "No case"
        slow.with_user(self.manager_qian).action_cancel()
        self.assertEqual(self._get_total("answer", self.service_chen), (1, 1))

    def test_who_answered_and_who_solved(self):
        case = self._open_case()
        self.at("2026-03-02 03:00:00")
        case.with_user(self.service_chen).action_answered()
        case.with_user(self.manager_qian).user_id = self.service_lin
        self.at("2026-03-02 05:00:00")
        case.with_user(self.service_lin).action_solve()
        self.assertEqual(self._get_total("answer", self.service_chen), (1, 1))
        self.assertEqual(self._get_total("answer", self.service_lin), (0, 0))
        self.assertEqual(self._get_total("solved", self.service_chen), (0, 0))
        self.assertEqual(self._get_total("solved", self.service_lin), (1, 1))
        # Who takes over afterwards changes nothing of it.
        case.with_user(self.manager_qian).user_id = self.service_chen
        self.assertEqual(self._get_total("solved", self.service_lin), (1, 1))

    def test_solved(self):
        case, other = self._open_case(), self._open_case(kind="enquiry")
        case.with_user(self.service_chen).action_solve()
        self._fill_result(other)
        other.with_user(self.service_chen).action_close()
        self.assertEqual(self._get_total("solved", self.service_chen), (2, 2))
        case.with_user(self.service_chen).action_reopen()
        self.assertEqual(self._get_total("solved", self.service_chen), (1, 1))
        # Solved again in April: it counts there.
        self.at("2026-04-01 02:00:00")
        case.with_user(self.service_chen).action_solve()
        self.assertEqual(self._get_total("solved", self.service_chen), (1, 1))
        self.assertEqual(self._get_total("solved", self.service_chen, month=4), (1, 1))

    def test_the_month_by_the_companys_clock(self):
        case = self._open_case()
        self.at("2026-03-31 16:01:00")
        case.with_user(self.service_chen).action_solve()
        self.assertEqual(self._get_total("solved", self.service_chen), (0, 0))
        self.assertEqual(self._get_total("solved", self.service_chen, month=4), (1, 1))
        self.assertEqual(self._get_total("answer", self.service_chen, month=4)[1], 1)


@tagged("post_install", "-at_install")
class TestTargetCare(TargetMixin, SatisfactionCommon):
    """Satisfaction, care calls, coverage and customers who came back."""

    # SATISFACTION

    def test_satisfaction_is_what_the_scored_may_see(self):
        customers = self._open_customers(10, user=self.sales_wang)
        customers.service_user_id = self.service_chen
        for customer, score in zip(customers[:5], (5, 4, 4, 3, 1), strict=True):
            self._score(customer, sales=5, service=score)
        self.assertEqual(self._get_total("satisfaction", self.service_chen), (0, 0), "not published")
        self._publish()
        # (5 + 4 + 4 + 3 + 1) / 5
        self.assertEqual(self._get_total("satisfaction", self.service_chen), (3.4, 1))
        self.assertEqual(self._get_total("satisfaction", self.sales_wang), (0, 0), "scores of sales are no service")
        self._score(customers[5], service=1)
        self._publish()
        self.assertEqual(self._get_total("satisfaction", self.service_chen), (3.4, 1), "one answer tells who said it")

    def test_satisfaction_of_a_month_that_is_over_stays(self):
        customers = self._open_customers(10, user=self.sales_wang)
        customers.service_user_id = self.service_chen
        for customer in customers[:5]:
            self._score(customer, service=4)
        self._publish()
        challenge = self.env.ref("print_broker_crm.gamification_challenge_service")
        challenge.action_start()
        goal = self.env["gamification.goal"].search(
            [("user_id", "=", self.service_chen.id), ("broker_kind", "=", "satisfaction")]
        )
        self.assertEqual((goal.current, goal.state, goal.broker_row_count), (4, "inprogress", 1))
        self.at("2026-04-01 02:00:00")
        for customer in customers[5:]:
            self._score(customer, service=5)
        self._publish()
        goal.update_goal()
        self.assertEqual(goal.current, 4)
        self.at("2026-04-07 02:00:00")
        goal.update_goal()
        self.assertEqual((goal.current, goal.state, goal.closed), (4, "failed", True))

    def test_no_answer_and_no_case_is_nothing_to_judge(self):
        challenge = self.env.ref("print_broker_crm.gamification_challenge_service")
        challenge.action_start()
        goals = self.env["gamification.goal"].search([("user_id", "=", self.service_chen.id)])
        states = {goal.broker_kind: goal.state for goal in goals}
        self.assertEqual(set(states.values()), {"inprogress"}, "no case answered is not answered at once")
        self.at("2026-04-07 02:00:00")
        goals.update_goal()
        self.assertEqual(
            {goal.broker_kind: goal.state for goal in goals},
            {
                "leg": "canceled",
                "answer": "canceled",
                "satisfaction": "canceled",
                "solved": "failed",
                "repeat_margin": "failed",
            },
        )

    # CALLS

    def _close(self, state, reason, closed="2026-03-10 02:00:00", deadline=date(2026, 3, 12), user=None, customer=None):
        return self.Call.create(
            {
                "customer_id": (customer or self.customer).id,
                "user_id": (user or self.care_sun).id,
                "date_planned": date(2026, 3, 2),
                "date_deadline": deadline,
                "state": state,
                "close_reason": reason,
                "date_done": closed,
            }
        )

    def test_calls_in_time(self):
        self._plan_call()
        self.assertEqual(self._get_total("call", self.care_sun), (0, 0), "not made yet")
        self._close("done", "result")
        self.assertEqual(self._get_total("call", self.care_sun), (100, 1))
        # On the last day, at 23:59 in Shanghai; and one minute later.
        self._close("done", "result", "2026-03-12 15:59:00")
        self.assertEqual(self._get_total("call", self.care_sun), (100, 2))
        self._close("done", "result", "2026-03-12 16:00:00")
        self.assertEqual(self._get_total("call", self.care_sun), (66.67, 3))
        # Tried as often as it is wanted is done; nobody called is not.
        self._close("missed", "attempts")
        self._close("missed", "written")
        self.assertEqual(self._get_total("call", self.care_sun), (80, 5))
        self._close("missed", "window", "2026-03-13 01:00:00")
        # Four of six.
        self.assertEqual(self._get_total("call", self.care_sun), (66.67, 6))
        self._close("cancelled", "by_hand")
        self._close("cancelled", "merged")
        self.assertEqual(self._get_total("call", self.care_sun), (66.67, 6))
        self.assertEqual(self._get_total("call", self.manager_qian), (0, 0))

    def test_a_window_that_ends_with_the_month_belongs_to_it(self):
        self._close("missed", "window", "2026-03-31 20:00:00", deadline=date(2026, 3, 31))
        self.assertEqual(self._get_total("call", self.care_sun), (0, 1))
        self.assertEqual(self._get_total("call", self.care_sun, month=4), (0, 0))

    # COVERAGE

    def test_coverage(self):
        customers = self._open_customers(4, user=self.sales_wang)
        (customers + self.customer).care_user_id = self.care_sun
        customers[3].active = False
        for customer, state in zip(customers, ("fine", "sales_silent", "both_silent", "fine"), strict=True):
            customer.sudo().coverage_state = state
        self.customer.sudo().coverage_state = False
        # One of three; the archived and the one nobody looked at do not count.
        self.assertEqual(self._get_total("coverage", self.care_sun), (33.33, 3))
        customers[1].sudo().coverage_state = "fine"
        self.assertEqual(self._get_total("coverage", self.care_sun), (66.67, 3))
        self._hand_over(customers[2], self.manager_qian, "care")
        self.assertEqual(self._get_total("coverage", self.care_sun), (100, 2))

    # RECOVERED

    def _change(self, customer, day, trend="recovered", **vals):
        return (
            self.env["broker.trend.change"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": customer.company_id.id,
                    "date": day,
                    "trend_before": "lost",
                    "trend": trend,
                    **vals,
                }
            )
        )

    def test_a_comeback_counts_once(self):
        """Late again and back again within its half year: it came back from one loss."""
        customer = self._open_customers(1, user=self.sales_wang)
        customer.care_user_id = self.care_sun
        once = {"reason": "back", "pause": ["2025-03-01", "2026-03-09"]}
        self._change(customer, date(2026, 3, 10), trace=once)
        self._change(customer, date(2026, 3, 20), "declining", trace={"reason": "late"})
        self._change(customer, date(2026, 3, 25), trace=once)
        self.assertEqual(self._get_total("recovered", self.care_sun), (1, 1))
        self._change(customer, date(2026, 3, 30), trace={"reason": "back", "pause": ["2026-03-24", "2026-03-29"]})
        self.assertEqual(self._get_total("recovered", self.care_sun), (2, 2))

    def test_recovered_customers(self):
        customers = self._open_customers(3, user=self.sales_wang)
        customers.care_user_id = self.care_sun
        self._change(customers[0], date(2026, 3, 10))
        self._change(customers[0], date(2026, 3, 12), "stable")
        self._change(customers[1], date(2026, 3, 10), is_history=True)
        self._change(customers[2], date(2026, 3, 10), is_merged=True)
        self._change(customers[2], date(2026, 4, 1))
        self.assertEqual(self._get_total("recovered", self.care_sun), (1, 1))
        self.assertEqual(self._get_total("recovered", self.care_sun, month=4), (1, 1))
        # Whose it was then.
        self.at("2026-03-20 02:00:00")
        other = self._create_user("zhou", "group_care_officer")
        self._hand_over(customers[1], other, "care")
        self._change(customers[1], date(2026, 3, 19))
        self._change(customers[1], date(2026, 3, 20))
        self.assertEqual(self._get_total("recovered", self.care_sun), (2, 2))
        self.assertEqual(self._get_total("recovered", other), (1, 1))
