from datetime import date

from odoo.tests import tagged

from .common_review import ReviewCommon


@tagged("post_install", "-at_install")
class TestReviewKey(ReviewCommon):
    """Who becomes a key account in the middle of a decline is reviewed in the next night."""

    def setUp(self):
        super().setUp()
        self._set_tier(self.customer, self.tier_2)

    def _decline(self, customer=None, trend="declining", day="2026-02-10 02:00:00", **vals):
        self.at(day)
        change = self._turn(trend, customer, **vals)
        self.assertFalse(self._get_reviews(customer))
        return change

    def _become_key(self, customer=None, day="2026-03-02 02:00:00"):
        self.at(day)
        self._set_tier(customer or self.customer, self.tier_5)

    def test_the_night_after_it_became_key(self):
        change = self._decline()
        self._night()
        self.assertFalse(self._get_reviews())
        self._become_key()
        self._night()
        review = self._get_reviews()
        self.assertEqual((review.change_id, review.reason, review.state), (change, "declining", "new"))
        self.assertEqual((review.opened_on, review.decline_on), (date(2026, 3, 2), date(2026, 2, 10)))
        self.assertTrue(review.has_declined)
        self.assertEqual(review.activity_ids.user_id, self.manager_qian)

    def test_once(self):
        self._decline()
        self._become_key()
        self._night()
        review = self._get_reviews()
        self._night()
        self.at("2026-06-05 02:00:00")
        self._night()
        self.assertEqual(review.state, "closed")
        # From 5A to 4A and back, and lost: it is the decline that was looked at.
        self._set_tier(self.customer, self.env["broker.tier"].search([("rank", "=", 4)]))
        self._night()
        self._turn("lost")
        self.at("2026-06-20 02:00:00")
        self._set_tier(self.customer, self.tier_5)
        self._night()
        self.assertEqual(self._get_reviews(), review)
        self._turn("recovered")
        self._set_tier(self.customer, self.tier_2)
        self._decline_again()
        self.assertEqual(len(self._get_reviews()), 2, "another decline")

    def _decline_again(self):
        self.at("2026-08-01 02:00:00")
        self._turn("declining")
        self.at("2026-08-10 02:00:00")
        self._set_tier(self.customer, self.tier_5)
        self._night()

    def test_reviewed_by_hand_before(self):
        self._decline()
        review = self.Review.browse(self.customer.with_user(self.manager_qian).action_open_review()["res_id"])
        self._become_key()
        self._night()
        self.assertEqual(self._get_reviews(), review)
        self.at("2026-06-20 02:00:00")
        self._night()
        self.assertEqual((review.state, review.outcome), ("closed", "unchanged"))
        self._night()
        self.assertEqual(self._get_reviews(), review)

    def test_who_is_left_alone(self):
        for name, vals, settings in (
            ("Began before anybody looked", {"is_history": True}, {}),
            ("Rises", {"trend": "rising"}, {}),
            ("Nobody is reviewed", {}, {"broker_review_tiers": "none"}),
            ("Only who is lost", {}, {"broker_review_trends": "lost"}),
        ):
            with self.subTest(name):
                customer = self._open_customer(self._create_partner(name))
                self._set_tier(customer, self.tier_2)
                self._decline(customer, **vals)
                self.company.write({"broker_review_tiers": "key", "broker_review_trends": "declining", **settings})
                self._become_key(customer)
                self._night()
                self.assertFalse(self._get_reviews(customer))

    def test_who_was_put_away(self):
        self._decline()
        self._become_key()
        self.customer.active = False
        self._night()
        self.assertFalse(self._get_reviews())

    def test_settings_of_another_day_open_nothing(self):
        """Who was a key account when it began to decline did not become one."""
        self.at("2026-02-01 02:00:00")
        self._set_tier(self.customer, self.tier_5)
        self.company.broker_review_tiers = "none"
        self._decline()
        self.company.broker_review_tiers = "key"
        self._night()
        self.assertFalse(self._get_reviews())

    def test_lost_meanwhile(self):
        self._decline()
        self.at("2026-02-20 02:00:00")
        lost = self._turn("lost")
        self.assertFalse(self._get_reviews())
        self._become_key()
        self._night()
        review = self._get_reviews()
        self.assertEqual((review.change_id, review.reason, review.decline_on), (lost, "lost", date(2026, 2, 10)))

    def test_each_company_by_itself(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        self.env.user.company_ids += other
        there = self._open_customer(self.partner, company=other)
        self._set_tier(there, self.tier_2)
        self._decline(there)
        self._become_key(there)
        self._night()
        self.assertFalse(self._get_reviews(there))
        self._night(other)
        self.assertEqual(self._get_reviews(there).company_id, other)

    def test_a_decline_that_came_with_a_merge(self):
        """The file that remains buys as ever, whatever the other one did."""
        double = self._open_customer(self._create_partner("Double", self.sales_wang))
        self._set_tier(double, self.tier_2)
        self._decline(double)
        self._turn("stable")
        double._merge_into(self.customer)
        self._become_key()
        self._night()
        self.assertFalse(self._get_reviews())

    def test_as_many_questions_for_many(self):
        def count(number):
            for index in range(number):
                customer = self._open_customer(self._create_partner(f"Customer {number} {index}"))
                self._set_tier(customer, self.tier_5)
                self._turn("stable", customer)
                customer.sudo().trend = "declining"
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(self.Review._open_of_new_key_accounts(self.company))
            return self.env.cr.sql_log_count - before

        self.assertEqual(count(2), count(12))
