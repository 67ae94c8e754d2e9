from odoo.tests import HttpCase, tagged

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


@tagged("post_install", "-at_install")
class TestCaseTourDesktop(BrokerCommon, HttpCase):
    """The service agent opens a complaint, works on it and closes it with its result."""

    def test_case_is_solved(self):
        customer = self._open_customer(service=self.service_chen)
        self.start_tour("/odoo", "broker_case_solved", login=self.service_chen.login)
        case = customer.case_ids
        self.assertEqual((case.state, case.kind, case.cause), ("closed", "complaint", "printing_house"))
        self.assertEqual(case.user_id, self.service_chen)
        self.assertTrue(case.answered_at and case.solved_at and case.closed_at)
        states = case.period_ids.sorted("id").mapped("state")
        self.assertEqual(states, ["new", "working", "waiting_printing_house", "working", "solved", "closed"])


@tagged("post_install", "-at_install")
class TestCaseTourPhone(TestCaseTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
