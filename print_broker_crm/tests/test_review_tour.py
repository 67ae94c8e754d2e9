from dateutil.relativedelta import relativedelta

from odoo.tests import HttpCase, tagged

from odoo.addons.print_broker_crm.tests.common_insight import InsightCommon


@tagged("post_install", "-at_install")
class TestReviewTourDesktop(InsightCommon, HttpCase):
    """From the month's report to a customer who declines, its cause and a booked meeting."""

    def test_from_the_report_to_the_meeting(self):
        tier = self.env["broker.tier"].search([("rank", "=", 5)])
        customer = self._open_decliner("Lotus Tea and Restaurant Supplies of Shanghai Pudong Limited", 5000, 1000)
        customer.sudo().write(
            {
                "tier_manual_id": tier.id,
                "tier_manual_reason": "Test",
                "tier_manual_until": self.this_month + relativedelta(years=1),
                "trend": "declining",
                "care_user_id": self.care_sun.id,
            }
        )
        case = self.env["broker.case"].create(
            {"customer_id": customer.id, "title": "Boxes were torn", "kind": "complaint", "cause": "printing_house"}
        )
        change = self.env["broker.trend.change"].search([("customer_id", "=", customer.id)])
        customer.sudo()._after_trend_change(change)
        review = customer.review_ids
        self.assertEqual(review.state, "new")
        self.assertIn(case.id, review.evidence_ids.filtered(lambda row: row.kind == "case").mapped("res_id"))
        self.env["broker.month.report"].sudo()._prepare(self.company, self.last_month)
        self.start_tour("/odoo", "broker_review_from_the_report", login=self.manager_qian.login)
        self.assertEqual((review.state, review.cause), ("planned", "quality"))
        people = self.sales_wang + self.service_chen + self.care_sun
        self.assertLessEqual(people.partner_id, review.meeting_id.partner_ids)
        self.assertFalse(review._get_away(review.participant_ids, review.meeting_id.start, review.meeting_id.stop))


@tagged("post_install", "-at_install")
class TestReviewTourPhone(TestReviewTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
