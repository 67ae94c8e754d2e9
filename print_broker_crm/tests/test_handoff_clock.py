from datetime import datetime

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_handoff import HandoffCommon


@tagged("post_install", "-at_install")
class TestHandoffClock(HandoffCommon):
    """The firm works Monday to Friday, 8 to 12 and 13 to 17, in Shanghai (UTC+8)."""

    def _submit_at(self, moment, handoff=None):
        handoff = handoff or self._complete(self._create_handoff())
        with freeze_time(moment):
            handoff.action_submit()
        return handoff

    def test_friday_afternoon_to_monday(self):
        # Friday 16:00: one hour until 17:00, three more on Monday from 8:00.
        handoff = self._submit_at("2026-11-20 08:00:00")
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 23, 3))
        activity = self._activities(handoff, "accept")
        self.assertEqual(str(activity.date_deadline), "2026-11-23")

    def test_lunch_is_not_counted(self):
        # Monday 10:00: two hours until 12:00, two more from 13:00.
        self.assertEqual(self._submit_at("2026-11-23 02:00:00").accept_deadline, datetime(2026, 11, 23, 7))

    def test_weekend_and_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 11, 22, 16),
                "date_to": datetime(2026, 11, 23, 15, 59, 59),
            }
        )
        # Saturday; Monday is a holiday, so Tuesday 8:00 to 12:00.
        self.assertEqual(self._submit_at("2026-11-21 02:00:00").accept_deadline, datetime(2026, 11, 24, 4))

    def test_at_night(self):
        # Monday 22:00, and Tuesday 3:00: Tuesday 8:00 to 12:00.
        for moment in ("2026-11-23 14:00:00", "2026-11-23 19:00:00"):
            self.assertEqual(self._submit_at(moment).accept_deadline, datetime(2026, 11, 24, 4))

    def test_over_the_end_of_summer_time(self):
        """The firm's clock is New York's, whoever submits from Shanghai."""
        self.calendar.tz = "America/New_York"
        handoff = self._complete(self._create_handoff())
        with freeze_time("2026-10-30 20:00:00"):
            handoff.with_user(self.sales_wang).action_submit()
        # Friday 16:00 in summer time: one hour; Monday from 8:00, an hour later in UTC.
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 2, 16))
        self.assertEqual(str(self._activities(handoff, "accept").date_deadline), "2026-11-02")
        with freeze_time("2026-11-02 14:30:00"):
            handoff.with_user(self.service_chen).action_accept()
        self.assertAlmostEqual(handoff.acceptance_hours, 2.5)

    def test_days_of_the_firm_not_of_the_reader(self):
        """Submitted on Monday 16:00 in Shanghai, due on Tuesday, whatever day it is for the reader."""
        self.service_chen.tz = "Pacific/Honolulu"
        handoff = self._submit_at("2026-11-23 08:00:00")
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 24, 3))
        self.assertEqual(str(self._activities(handoff, "accept").date_deadline), "2026-11-24")

    def test_hours_of_the_company(self):
        self.company.broker_handoff_accept_hours = 9
        # Monday 8:00: eight hours that day, one on Tuesday.
        self.assertEqual(self._submit_at("2026-11-23 00:00:00").accept_deadline, datetime(2026, 11, 24, 1))

    def test_hours_of_the_tier(self):
        handoff = self._complete(self._create_handoff())
        tier = self.env.ref("print_broker_crm.broker_tier_5")
        self.assertEqual(tier.accept_hours, 2)
        handoff.customer_id.sudo().write(
            {"tier_manual_id": tier.id, "tier_manual_reason": "Opens ten shops", "tier_manual_until": "2027-01-01"}
        )
        # Friday 16:00: one hour until 17:00, one more on Monday from 8:00.
        self.assertEqual(self._submit_at("2026-11-20 08:00:00", handoff).accept_deadline, datetime(2026, 11, 23, 1))

    def test_hours_must_be_positive(self):
        for hours in (0, -1):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.company.broker_handoff_accept_hours = hours
                self.env.flush_all()

    def test_company_without_calendar(self):
        self.company.resource_calendar_id = False
        handoff = self._submit_at("2026-11-20 08:00:00")
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 20, 12))
        with freeze_time("2026-11-20 09:30:00"):
            handoff.action_accept()
        self.assertAlmostEqual(handoff.acceptance_hours, 1.5)

    def test_calendar_without_hours(self):
        self.calendar.attendance_ids.unlink()
        handoff = self._submit_at("2026-11-20 08:00:00")
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 20, 12))
        with freeze_time("2026-11-20 09:00:00"):
            handoff.action_accept()
        self.assertAlmostEqual(handoff.acceptance_hours, 1.0)

    def test_acceptance_hours_with_a_return(self):
        # Friday 16:00 submitted, Monday 9:00 returned, 14:00 submitted again and
        # accepted 15:30: 1 + 4 + 2.5 working hours since the first submission.
        handoff = self._submit_at("2026-11-20 08:00:00")
        with freeze_time("2026-11-23 01:00:00"):
            handoff.with_user(self.service_chen).action_return(reason="Wrong paper")
        self.assertFalse(handoff.accept_deadline)
        self._submit_at("2026-11-23 06:00:00", handoff)
        # Monday 14:00: three hours that day, one on Tuesday.
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 24, 1))
        self.assertEqual(handoff.first_submitted_at, datetime(2026, 11, 20, 8))
        self.assertEqual(handoff.submitted_at, datetime(2026, 11, 23, 6))
        with freeze_time("2026-11-23 07:30:00"):
            handoff.with_user(self.service_chen).action_accept()
        self.assertAlmostEqual(handoff.acceptance_hours, 7.5)
        self.assertEqual(handoff.accepted_at, datetime(2026, 11, 23, 7, 30))

    def test_late(self):
        handoff = self._submit_at("2026-11-20 08:00:00")
        other = self._create_handoff()
        handoffs = handoff + other
        domain = [("id", "in", handoffs.ids)]
        Handoff = self.env["broker.handoff"]
        with freeze_time("2026-11-23 02:59:00"):
            self.assertFalse(handoff.is_late)
            self.assertFalse(Handoff.search([*domain, ("is_late", "=", True)]))
        handoffs.invalidate_recordset()
        with freeze_time("2026-11-23 03:01:00"):
            self.assertTrue(handoff.is_late)
            self.assertFalse(other.is_late)
            self.assertEqual(Handoff.search([*domain, ("is_late", "=", True)]), handoff)
            self.assertEqual(Handoff.search([*domain, ("is_late", "!=", True)]), other)
            self.assertEqual(Handoff.search([*domain, ("is_late", "=", False)]), other)
            self.assertEqual(Handoff.search([*domain, ("is_late", "in", [True, False])]), handoffs.sorted())
            handoff.action_accept()
        self.assertFalse(handoff.is_late)

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_handoff_late").method_direct_trigger()

    def test_escalation_once(self):
        handoff = self._submit_at("2026-11-20 08:00:00")
        with freeze_time("2026-11-23 02:00:00"):
            self._run_cron()
        self.assertFalse(handoff.escalated_at)
        with freeze_time("2026-11-23 04:00:00"):
            self._run_cron()
        self.assertEqual(handoff.escalated_at, datetime(2026, 11, 23, 4))
        activities = self._activities(handoff, "late")
        self.assertIn(self.manager_qian, activities.user_id)
        self.assertNotIn(self.service_chen, activities.user_id)
        with freeze_time("2026-11-23 05:00:00"):
            self._run_cron()
        self.assertEqual(self._activities(handoff, "late"), activities)
        self.assertEqual(handoff.escalated_at, datetime(2026, 11, 23, 4))
        handoff.action_accept()
        self.assertFalse(self._activities(handoff, "late"))

    def test_escalation_skips_managers_of_other_companies(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        elsewhere = self._create_user("elsewhere", "group_manager", company_id=other.id, company_ids=[other.id])
        handoff = self._submit_at("2026-11-20 08:00:00")
        with freeze_time("2026-11-23 04:00:00"):
            self._run_cron()
        self.assertNotIn(elsewhere, self._activities(handoff, "late").user_id)

    def test_escalation_of_more_than_a_batch(self):
        handoffs = self.env["broker.handoff"].concat(*(self._complete(self._create_handoff()) for _index in range(3)))
        with freeze_time("2026-11-20 08:00:00"):
            handoffs.action_submit()
        self.patch(self.env.registry["broker.handoff"], "_escalation_batch", 2)
        with freeze_time("2026-11-23 04:00:00"):
            self._run_cron()
        self.assertEqual(len(handoffs.filtered("escalated_at")), 3)

    def test_summary(self):
        company = self.env["res.company"].create({"name": "Second Broker"})
        self.assertEqual(
            self.env["broker.handoff"]._get_summary(company), {"accepted": 0, "returned": 0, "median_hours": None}
        )
        before = self.env["broker.handoff"]._get_summary(self.company)
        # 1, 2 and 4 hours on Monday morning; the second comes back once.
        for minute, accepted in (("00", "01:00:00"), ("00", "02:00:00"), ("00", "04:00:00")):
            handoff = self._submit_at(f"2026-11-23 00:{minute}:00")
            if accepted == "02:00:00":
                with freeze_time("2026-11-23 00:30:00"):
                    handoff.action_return(reason="Once")
                    handoff.action_submit()
            with freeze_time(f"2026-11-23 {accepted}"):
                handoff.action_accept()
        # One to themselves is accepted at once and says nothing about waiting.
        own = self._complete(self._create_handoff())
        own.write({"sender_id": self.service_chen.id, "receiver_id": self.service_chen.id})
        own.action_submit()
        summary = self.env["broker.handoff"]._get_summary(self.company)
        self.assertEqual(summary["accepted"] - before["accepted"], 4)
        self.assertEqual(summary["returned"] - before["returned"], 1)
        if not before["accepted"]:
            self.assertAlmostEqual(summary["median_hours"], 2.0)
