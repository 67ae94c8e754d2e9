from freezegun import freeze_time

from odoo.tests import tagged

from .common_claim import ClaimCommon


@tagged("post_install", "-at_install")
class TestCrisis(ClaimCommon):
    """A crisis calls sales, service and the manager together at once, and once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.broker_care_manager_id = cls.manager_qian

    def _crisis(self, **vals):
        return self._open_claim(severity="3", **vals)

    @freeze_time("2026-03-02 02:01:00")
    def test_meeting(self):
        """Monday, one past ten in Shanghai: half an hour later, on the clock."""
        case = self._crisis()
        meeting = case.crisis_meeting_id
        self.assertEqual(str(meeting.start), "2026-03-02 02:35:00")
        self.assertEqual(meeting.duration, 0.5)
        people = self.manager_qian | self.sales_wang | self.service_chen
        self.assertEqual(meeting.partner_ids, people.partner_id)
        self.assertEqual((meeting.user_id, meeting.privacy), (self.manager_qian, "private"))
        self.assertEqual(meeting.attendee_ids.partner_id, people.partner_id)
        case.with_user(self.manager_qian).severity = "2"
        case.severity = "3"
        self.assertEqual(case.crisis_meeting_id, meeting)
        meeting.unlink()
        case.with_user(self.manager_qian).severity = "2"
        case.severity = "3"
        self.assertFalse(case.crisis_meeting_id, "called once")

    @freeze_time("2026-03-06 08:45:00")
    def test_after_work(self):
        """Friday, a quarter to five: a quarter of an hour is left, the rest is Monday's."""
        case = self._open_claim()
        self.assertFalse(case.crisis_called_at)
        case.severity = "3"
        self.assertEqual(str(case.crisis_meeting_id.start), "2026-03-09 00:15:00")

    @freeze_time("2026-03-02 02:01:00")
    def test_solved_and_back(self):
        """What turns out to be a crisis when it is solved calls nobody until it is open."""
        case = self._open_claim()
        case.action_solve()
        case.severity = "3"
        self.assertFalse(case.crisis_called_at)
        case.action_reopen()
        meeting = case.crisis_meeting_id
        self.assertEqual(str(meeting.start), "2026-03-02 02:35:00")
        case.action_solve()
        case.action_reopen()
        self.assertEqual(case.crisis_meeting_id, meeting)

    @freeze_time("2026-03-02 02:00:00")
    def test_people_who_left(self):
        self.company.broker_crisis_lead_hours = 0
        case = self._open_claim()
        self.customer.service_user_id = False
        self.sales_wang.active = False
        case.sudo().user_id = self.service_lin
        case.with_user(self.manager_qian).severity = "3"
        self.assertEqual(case.crisis_meeting_id.partner_ids, (self.manager_qian | self.service_lin).partner_id)
        self.assertEqual(str(case.crisis_meeting_id.start), "2026-03-02 02:00:00")
