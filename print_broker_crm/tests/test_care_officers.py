from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareOfficers(CareCommon):
    """Who calls when the officer is away, and how calls change hands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.care_zhou = cls._create_user("zhou", "group_care_officer")

    def setUp(self):
        super().setUp()
        self.customer.care_user_id = self.care_sun

    def _go_away(self, user, first, last):
        absence = (
            self.env["broker.care.absence"].with_user(self.manager_qian).create({"user_id": user.id, "reason": "Ill"})
        )
        absence.write({"date_from": first, "date_to": last})
        absence.action_confirm()

    # Absence

    def test_urgent_call_goes_to_somebody_who_is_here(self):
        self._go_away(self.care_sun, "2026-03-05", "2026-03-06")
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual((call.reason, call.date_planned), ("receipt", date(2026, 3, 5)))
        self.assertEqual(call.user_id, self.care_zhou)
        self.assertEqual(self.customer.care_user_id, self.care_sun, "Only this call goes to somebody else")

    def test_call_that_can_wait_waits(self):
        self.rules["receipt"].urgency = "1"
        self._go_away(self.care_sun, "2026-03-05", "2026-03-11")
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        call = self._get_open_call()
        self.assertEqual(call.date_deadline, date(2026, 3, 12))
        self.assertEqual(call.user_id, self.care_sun, "Back on the last day of the window")
        self._go_away(self.care_sun, "2026-03-12", "2026-03-12")
        self.at("2026-03-05 02:00:00")
        self.Call._plan(self.company)
        self.assertEqual(call.user_id, self.care_zhou)

    def test_weekend_before_the_return_helps_nobody(self):
        self.rules["receipt"].write({"urgency": "1", "window_days": 3})
        self._go_away(self.care_sun, "2026-03-05", "2026-03-06")
        self._receive_job(self.customer)  # 5 to 8 March, and the 7th is a Saturday
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().user_id, self.care_zhou)

    def test_half_a_day_is_no_absence(self):
        self._go_away(self.care_sun, "2026-03-05", "2026-03-05")
        leave = self.env["resource.calendar.leaves"].search([("resource_id.user_id", "=", self.care_sun.id)])
        leave.date_to = datetime(2026, 3, 5, 4, 0)
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call().user_id, self.care_sun)

    def test_absence_closes_nobody_elses_day(self):
        self._go_away(self.care_sun, "2026-03-02", "2026-03-02")
        call = self._plan_call(user_id=self.care_zhou.id)
        self.assertTrue(self.Call.search([("callable_now", "=", True), ("id", "=", call.id)]))

    def test_all_away_keeps_the_own_officer_or_anybody(self):
        for officer in self.care_sun + self.care_zhou:
            self._go_away(officer, "2026-03-01", "2026-03-31")
        self._receive_job(self.customer)
        self.Call._plan(self.company)
        self.assertTrue(self._get_open_call().user_id)

    def test_falling_ill_hands_over_what_cannot_wait(self):
        urgent, patient = self._open_customers(2)
        self._plan_call(urgent, urgency="3")
        self._plan_call(patient, urgency="1")
        absence = self.env["broker.care.absence"].with_user(self.care_sun).create({"date_to": "2026-03-03"})
        self.assertEqual(absence.call_count, 1)
        absence.action_confirm()
        self.assertEqual(self._get_open_call(urgent).user_id, self.care_zhou)
        self.assertEqual(self._get_open_call(patient).user_id, self.care_sun)
        self.at("2026-03-03 16:30:00")
        self.Call._plan(self.company)
        self.assertEqual(self._get_open_call(patient).user_id, self.care_sun)

    def test_bad_absences_are_refused(self):
        Absence = self.env["broker.care.absence"]
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            Absence.with_user(self.care_sun).create({"user_id": self.care_zhou.id}).action_confirm()
        with self.assertRaisesRegex(UserError, "not before the first"):
            Absence.with_user(self.care_sun).create({"date_to": "2026-02-01"}).action_confirm()
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(AccessError, "Choose a company"):
            Absence.with_user(self.care_sun).create({"company_id": other.id}).action_confirm()
        with self.assertRaises(AccessError):
            Absence.with_user(self.sales_wang).create({})

    # Taking over

    def test_take_over_from_somebody_who_is_away(self):
        call = self._plan_call(urgency="1")
        mine = call.with_user(self.care_zhou)
        with self.assertRaisesRegex(UserError, "Sun is at work today"):
            mine.action_take_over()
        self._go_away(self.care_sun, "2026-03-02", "2026-03-04")
        self.assertEqual(call.user_id, self.care_sun)
        mine.invalidate_recordset()
        self.assertTrue(mine.can_take_over)
        self.assertEqual(self.Call.with_user(self.care_zhou).search([("can_take_over", "=", True)]), mine)
        mine.action_take_over()
        self.assertEqual(call.user_id, self.care_zhou)
        self.assertIn("Passed on from Sun to Zhou", call.sudo().message_ids[0].body)
        self.assertEqual(self.customer.care_user_id, self.care_sun)

    def test_nobodys_call_is_taken_over(self):
        call = self._plan_call()
        call.user_id = False
        call.with_user(self.care_zhou).action_take_over()
        self.assertEqual(call.user_id, self.care_zhou)

    def test_manager_takes_over_from_anybody(self):
        call = self._plan_call()
        call.with_user(self.manager_qian).action_take_over()
        self.assertEqual(call.user_id, self.manager_qian)

    def test_nobody_gets_a_call_about_themselves(self):
        call = self._plan_call()
        with self.assertRaisesRegex(UserError, "cannot ask how that is done"):
            call.with_user(self.care_zhou).user_id = self.sales_wang
        with self.assertRaisesRegex(UserError, "Choose another officer"):
            call.with_user(self.care_zhou).user_id = self.service_chen

    def test_officer_who_begins_to_serve_the_customer_gives_the_call_back(self):
        call = self._plan_call()
        self.customer.service_user_id = self.care_sun
        self.Call._plan(self.company)
        self.assertEqual(call.user_id, self.care_zhou)

    # Reassigning

    def _reassign(self, calls, user=None, **vals):
        wizard = (
            self.env["broker.care.reassign"]
            .with_user(self.manager_qian)
            .with_context(active_model="broker.care.call", active_ids=calls.ids)
            .create({"user_id": user.id if user else False, **vals})
        )
        wizard.action_reassign()
        return wizard

    def test_calls_of_somebody_who_left_the_care_line_go_to_others(self):
        """Still with the firm, and not able to open them any more."""
        call = self._plan_call()
        self.care_sun.group_ids -= self.env.ref("print_broker_crm.group_care_officer")
        self.care_sun.group_ids += self.env.ref("print_broker_crm.group_salesperson")
        self.Call._plan(self.company)
        self.assertEqual(call.sudo().user_id, self.care_zhou)
        self.assertEqual(self.customer.care_user_id, self.care_zhou)

    def test_reassign_many(self):
        customers = self._open_customers(4)
        calls = self.Call.concat(*(self._plan_call(customer) for customer in customers))
        wizard = self._reassign(calls, self.care_zhou)
        self.assertEqual(wizard.call_count, 4)
        self.assertEqual(calls.user_id, self.care_zhou)
        self.assertFalse(customers.care_user_id)
        self._reassign(calls, self.care_sun, is_lasting=True)
        self.assertEqual(customers.care_user_id, self.care_sun)

    def test_reassign_balances(self):
        customers = self._open_customers(4)
        customers.care_user_id = self.care_sun
        calls = self.Call.concat(*(self._plan_call(customer) for customer in customers))
        self._reassign(calls)
        self.assertEqual(len(calls.filtered(lambda call: call.user_id == self.care_zhou)), 2)
        self.assertEqual(customers.care_user_id, self.care_sun)

    def test_reassign_leaves_what_is_about_the_officer(self):
        self.care_zhou.group_ids += self.env.ref("print_broker_crm.group_salesperson")
        own = self._open_customers(1, user=self.care_zhou)
        calls = self._plan_call(own) + self._plan_call(self._open_customers(1))
        wizard = self._reassign(calls, self.care_zhou)
        self.assertEqual(wizard.concerned_count, 1)
        self.assertEqual(calls.mapped("user_id"), self.care_sun + self.care_zhou)

    def test_reassign_only_to_officers_and_by_managers(self):
        call = self._plan_call()
        with self.assertRaisesRegex(UserError, "no officer of the care line"):
            self._reassign(call, self.sales_zhao)
        call.action_cancel()
        with self.assertRaisesRegex(UserError, "open any more"):
            self._reassign(call, self.care_zhou)
        with self.assertRaises(AccessError):
            self.env["broker.care.reassign"].with_user(self.care_sun).create({})

    def test_reassign_form(self):
        call = self._plan_call()
        Wizard = self.env["broker.care.reassign"].with_user(self.manager_qian)
        with Form(Wizard.with_context(active_model="broker.care.call", active_ids=call.ids)) as form:
            self.assertEqual(form.call_count, 1)
            form.user_id = self.care_zhou
        form.record.action_reassign()
        self.assertEqual(call.user_id, self.care_zhou)
