from odoo.tests import HttpCase, tagged

from .common_claim import ClaimCommon


@tagged("post_install", "-at_install")
class TestClaimTourDesktop(ClaimCommon, HttpCase):
    """The service agent opens a claim from the job and solves it; the manager settles it."""

    def test_claim(self):
        self.start_tour(f"/odoo/sales/{self.job.id}", "broker_claim_is_solved", login=self.service_chen.login)
        case = self.job.sudo().broker_case_ids
        self.assertEqual((case.kind, case.state, case.cause), ("claim", "solved", "printing_house"))
        self.assertEqual((case.claim_line_ids.quantity, case.amount_claimed), (2, 2000))
        self.assertEqual(case.fault_printing_house, 100)
        case.with_user(self.manager_qian).action_settle_claim()
        case.with_user(self.service_chen).action_close()
        self.assertEqual(case.state, "closed")


@tagged("post_install", "-at_install")
class TestClaimTourPhone(TestClaimTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
