from odoo.tests import HttpCase, tagged

from .test_case_portal import CasePortalCommon


@tagged("post_install", "-at_install")
class TestCasePortalTour(CasePortalCommon, HttpCase):
    """A customer's own pages, as they are clicked."""

    def test_report(self):
        self.start_tour(f"/my/orders/{self.job.id}", "broker_customer_reports_a_problem", login=self.buyer.login)
        case = self.job.sudo().broker_case_ids
        self.assertEqual((case.state, case.source, case.partner_id), ("new", "portal", self.buyer.partner_id))
        words = case.message_ids.filtered(lambda message: message.message_type == "comment")
        self.assertEqual((len(words), words.author_id), (2, self.buyer.partner_id))


@tagged("post_install", "-at_install")
class TestCasePortalPhoneTour(TestCasePortalTour):
    """The same on a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
