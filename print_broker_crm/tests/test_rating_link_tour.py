from odoo.tests import HttpCase, tagged

from .common import BrokerCommon


@tagged("post_install", "-at_install")
class TestRatingLinkTour(BrokerCommon, HttpCase):
    """A customer answers by a link, as it is clicked, without logging in."""

    def test_rating(self):
        customer = self._open_customer(service=self.service_chen)
        link = self.env["broker.rating.link"]._ask(customer, self.partner, 90)
        self.start_tour(f"/broker/rate/{link.access_token}", "broker_customer_rates")
        link.invalidate_recordset()
        self.assertEqual((link.state, link.sales_rating, link.service_rating), ("answered", 4, 5))
        self.assertEqual(link.comment, "The paper is lovely")


@tagged("post_install", "-at_install")
class TestRatingLinkPhoneTour(TestRatingLinkTour):
    """The same on a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
