from datetime import date

from odoo.tests import tagged

from .common_review import ReviewCommon
from .common_trend import TrendCommon


@tagged("post_install", "-at_install")
class TestReviewYardstick(TrendCommon):
    """Jade bought for 1,000 on the 15th of each month until June 2026, and for 500 from July on.

    July closes at 2,500 of 3,000 (17 % less), August at 2,000 (33 %), September at 1,500
    (50 %); of the last six months August is 17 % less and September 25 %. From 25 % on, and
    when two months agree, Jade declines as of 30 September: a review opens on 1 October 2026,
    with a follow-up on 30 December.
    """

    def setUp(self):
        super().setUp()
        tier = self.env["broker.tier"].search([("rank", "=", 5)])
        self.jade = self._open_customer(self._create_partner("Jade", self.sales_wang))
        self.jade.write(
            {"tier_manual_id": tier.id, "tier_manual_reason": "Test", "tier_manual_until": date(2030, 1, 1)}
        )
        self._buy(self.jade, *self._count_monthly(date(2024, 1, 1), 30))
        self._buy(self.jade, *self._count_monthly(date(2026, 7, 1), 3), amount=500)
        # The old customer keeps the books open
        self._buy(self.old, *self._count_monthly(date(2026, 10, 1), 6))

    def _night(self, day, trend):
        """Do the night that follows a day of the firm."""
        self.clock.move_to(f"{day} 19:00:00")
        self._judge()
        list(self.env["broker.review"]._night_steps(self.company))
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.jade.trend, trend, day)

    def _decline(self):
        self._night("2026-08-31", "stable")
        self.assertFalse(self._get_reviews())
        self._night("2026-09-30", "declining")
        review = self._get_reviews()
        self.assertEqual(
            (review.state, review.opened_on, review.follow_up_date), ("new", date(2026, 10, 1), date(2026, 12, 30))
        )
        return review

    def _get_reviews(self):
        return self.env["broker.review"].search([("customer_id", "=", self.jade.id)], order="id")

    def _get_notes(self, review):
        return review.message_ids.filtered(lambda message: "That is no recovery" in message.body)

    def test_recovers_by_the_numbers(self):
        """October is 1,500: the quarter closes at 2,500 of 3,000, 17 % less."""
        review = self._decline()
        self._buy(self.jade, date(2026, 10, 15), amount=1500)
        self._night("2026-10-30", "declining")
        self.assertEqual(review.state, "new")
        self._night("2026-10-31", "stable")
        self.assertEqual((review.state, review.outcome), ("closed", "recovered"))
        self.assertEqual((review.closed_on, review.yardstick_trend), (date(2026, 11, 1), False))

    def test_as_little_as_a_year_before_is_no_recovery(self):
        """Jade goes on for 500. Of September 2027 on the year before is the decline itself: the
        quarter closes at 1,500 of 1,500."""
        self._buy(self.old, *self._count_monthly(date(2027, 4, 1), 15))
        review = self._decline()
        review.follow_up_date = date(2027, 12, 1)
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 14), amount=500)
        self._night("2027-08-31", "declining")
        for day in ("2027-09-30", "2027-10-31"):
            self._night(day, "stable")
            self.assertEqual((review.state, review.outcome), ("new", False))
        self._night("2027-11-30", "stable")
        self.assertEqual((review.state, review.outcome), ("closed", "unchanged"))

    def test_nearly_as_little_is_no_recovery_while_the_year_before_holds_its_beginning(self):
        """From June 2027 on Jade buys for 600: August closes at 1,800 of 2,000 and is stable. The
        decline was seen by July to September, so August is of it."""
        self._buy(self.old, *self._count_monthly(date(2027, 4, 1), 6))
        review = self._decline()
        review.follow_up_date = date(2027, 12, 1)
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 8), amount=500)
        self._buy(self.jade, *self._count_monthly(date(2027, 6, 1), 3), amount=600)
        self._night("2027-07-31", "declining")
        self._night("2027-08-31", "stable")
        self.assertEqual((review.state, review.outcome), ("new", False))

    def test_more_than_a_year_before_is_one(self):
        """From October 2027 on Jade buys for 1,500. November closes at 3,500 after 1,500 (of six
        months 5,000 after 3,500) and December at 4,500 after 1,500 (6,000 after 3,000): two months
        agree that Jade rises. The six months up to October are 4,000 as the year before."""
        self._buy(self.old, *self._count_monthly(date(2027, 4, 1), 15))
        review = self._decline()
        review.follow_up_date = date(2028, 6, 1)
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 12), amount=500)
        self._buy(self.jade, *self._count_monthly(date(2027, 10, 1), 3), amount=1500)
        self._night("2027-10-31", "stable")
        self.assertEqual(review.state, "new")
        self._night("2027-12-31", "rising")
        self.assertEqual((review.state, review.outcome), ("closed", "recovered"))

    def test_other_settings_are_no_recovery(self):
        """From 60 % on, Jade declines no more, and buys as little as before."""
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        for day in ("2026-10-01", "2026-10-02"):
            self._night(day, "stable")
            self.assertEqual((review.state, review.outcome), ("new", False))
            self.assertEqual((review.yardstick_trend, len(self._get_notes(review))), ("declining", 1))
        self.assertIn("still Declining", self._get_notes(review).body)
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 3), amount=500)
        self._night("2026-12-28", "stable")
        self.assertEqual(review.state, "new")
        self._night("2026-12-29", "stable")
        self.assertEqual((review.state, review.outcome, review.outcome_trend), ("closed", "unchanged", "stable"))
        self.assertEqual(review.yardstick_trend, "declining")
        self.assertIn("opened it was Declining", review.outcome_explanation)

    def test_told_in_the_language_of_the_firm(self):
        """The night runs in English."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.partner_id.lang = "fr_FR"
        field = self.env["broker.review"]._fields["yardstick_trend"]
        selection = self.env["ir.model.fields.selection"].search(
            [("field_id.model", "=", "broker.review"), ("field_id.name", "=", field.name), ("value", "=", "declining")]
        )
        selection.with_context(lang="fr_FR").name = "En baisse"
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        self._night("2026-10-01", "stable")
        self.assertIn("En baisse", self._get_notes(review).body)

    def test_nothing_to_recover_from_is_no_note(self):
        """Opened by hand before Jade declined, and other settings do not call it a decline."""
        self._night("2026-08-31", "stable")
        review = self.env["broker.review"].browse(self.jade.action_open_review()["res_id"])
        self.company.broker_trend_fall_percent = 60
        self._night("2026-09-30", "stable")
        self.assertEqual((review.state, review.has_declined, review.yardstick_trend), ("new", False, "declining"))
        self.assertFalse(self._get_notes(review))

    def test_recovers_under_other_settings(self):
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        self._buy(self.jade, date(2026, 10, 15), amount=1500)
        self._night("2026-10-30", "stable")
        self.assertEqual(review.state, "new")
        self._night("2026-10-31", "stable")
        self.assertEqual((review.state, review.outcome), ("closed", "recovered"))
        self.assertEqual((review.closed_on, review.yardstick_trend), (date(2026, 11, 1), False))

    def test_merged_into_one_that_had_not_declined(self):
        """Amber's review goes on, with the decline of Jade and the settings that found it."""
        amber = self._open_customer(self._create_partner("Amber", self.sales_wang))
        self.company.broker_trend_fall_percent = 60
        self._night("2026-08-31", "stable")
        kept = self.env["broker.review"].browse(amber.action_open_review()["res_id"])
        self.company.broker_trend_fall_percent = 25
        self._night("2026-09-30", "declining")
        review = self._get_reviews()
        self.assertEqual((kept.has_declined, kept.sudo().yardstick["fall_percent"]), (False, 60))
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.jade + amber).partner_id.ids, amber.partner_id)
        self.env.invalidate_all()
        self.assertEqual(review.merged_into_id, kept)
        self.assertEqual((kept.state, kept.has_declined), ("new", True))
        self.assertEqual(kept.sudo().yardstick["fall_percent"], 25)

    def test_settings_changed_back(self):
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        self._night("2026-10-01", "stable")
        self.company.broker_trend_fall_percent = 25
        self._night("2026-10-02", "declining")
        self.assertEqual(self._get_reviews(), review)
        self.assertEqual((review.state, review.yardstick_trend), ("new", False))
        self._buy(self.jade, date(2026, 10, 15), amount=1500)
        self._night("2026-10-31", "stable")
        self.assertEqual((review.state, review.outcome), ("closed", "recovered"))

    def test_settings_changed_back_when_it_is_over(self):
        """It is still the decline that was looked at: Jade never bought as before."""
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 3), amount=500)
        self._night("2026-12-29", "stable")
        self.assertEqual(review.outcome, "unchanged")
        self.company.broker_trend_fall_percent = 25
        self._night("2027-01-10", "declining")
        self.assertEqual(self._get_reviews(), review)

    def test_another_decline_under_other_settings(self):
        """After the review is over January is 1,500: the quarter closes at 2,500 of 3,000. Then
        100 in February (2,100) and March (1,700): another decline, that other settings hid."""
        review = self._decline()
        self.company.broker_trend_fall_percent = 60
        self._buy(self.jade, *self._count_monthly(date(2026, 10, 1), 3), amount=500)
        self._night("2026-12-29", "stable")
        self.assertEqual(review.outcome, "unchanged")
        self._buy(self.jade, date(2027, 1, 15), amount=1500)
        self._buy(self.jade, date(2027, 2, 15), date(2027, 3, 15), amount=100)
        self._night("2027-03-31", "stable")
        self.company.broker_trend_fall_percent = 25
        self._night("2027-04-01", "declining")
        self.assertEqual(len(self._get_reviews()), 2)

    def test_stricter_settings(self):
        """From 10 % on, 17 % less is a decline, and nobody has recovered of whom the file says
        that it declines."""
        review = self._decline()
        self.company.broker_trend_fall_percent = 10
        self._buy(self.jade, date(2026, 10, 15), amount=1500)
        self._night("2026-10-31", "declining")
        self.assertEqual((review.state, review.yardstick_trend), ("new", "stable"))
        self.assertFalse(self._get_notes(review))

    def test_lost_by_other_settings(self):
        """The next job was due on 16 October. By the settings of then it is late from 1 December
        and lost from 17 January on; with shorter ones it is lost after 17 December."""
        review = self._decline()
        self.company.write({"broker_trend_lost_times": 1, "broker_trend_lost_min_days": 30})
        self._night("2026-12-29", "lost")
        self.assertEqual((review.state, review.outcome, review.outcome_trend), ("closed", "unchanged", "lost"))
        self.assertEqual(review.yardstick_trend, "declining")

    def test_nobody_wrote_down_the_settings(self):
        """Opened when one month was enough, as of August alone, and before settings were kept."""
        self.company.broker_trend_agree_months = 1
        self._night("2026-07-31", "stable")
        self._night("2026-08-31", "declining")
        review = self._get_reviews()
        self.company.broker_trend_agree_months = 2
        review.sudo().yardstick = False
        self._night("2026-09-01", "stable")
        self.assertEqual((review.state, review.yardstick_trend), ("new", "declining"))

    def test_by_hand_between_two_nights(self):
        """Opened on the day on which the settings change: the trend is still of those before."""
        self.company.broker_review_tiers = "none"
        self._night("2026-08-31", "stable")
        self._night("2026-09-30", "declining")
        self.company.broker_trend_fall_percent = 60
        review = self.env["broker.review"].browse(self.jade.action_open_review()["res_id"])
        self.assertTrue(review.has_declined)
        self._night("2026-10-01", "stable")
        self.assertEqual((review.state, review.yardstick_trend), ("new", "declining"))

    def test_silent_before_it_declined(self):
        """The review was opened under other settings than those by which the decline was seen."""
        self.company.broker_trend_fall_percent = 60
        self._night("2026-08-31", "stable")
        self.jade.sudo().coverage_state = "both_silent"
        self.jade.sudo()._after_coverage_change({self.jade.id: "fine"})
        review = self._get_reviews()
        self.assertEqual((review.reason, review.yardstick["fall_percent"]), ("silence", 60))
        self.company.broker_trend_fall_percent = 25
        self._night("2026-09-30", "declining")
        self.assertEqual((review.has_declined, review.yardstick["fall_percent"]), (True, 25))
        self.company.broker_trend_fall_percent = 60
        self._night("2026-10-01", "stable")
        self.assertEqual((review.state, review.yardstick_trend), ("new", "declining"))


@tagged("post_install", "-at_install")
class TestReviewYardstickNight(ReviewCommon):
    def test_queries_do_not_grow(self):
        counts = []
        for number in (3, 12):
            customers = self.env["broker.customer"]
            for place in range(number):
                customers += self._open_customer(self._create_partner(f"{number}.{place}", self.sales_wang))
            self._set_tier(customers, self.tier_5)
            for customer in customers:
                self._turn("declining", customer)
            reviews = self.Review.search([("customer_id", "in", customers.ids)])
            self.assertEqual(len(reviews), number)
            reviews.sudo().yardstick = {"fall_percent": 60}
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            reviews._judge()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(set(reviews.mapped("state")), {"new"})
        self.assertEqual(*counts)
