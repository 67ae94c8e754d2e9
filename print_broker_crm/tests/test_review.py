from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common_review import ReviewCommon
from .common_trend import TrendCommon


@tagged("post_install", "-at_install")
class TestReview(ReviewCommon):
    """What opens a review, and what it opens with."""

    def test_a_decline_opens_one(self):
        change = self._turn("declining")
        review = self._get_reviews()
        self.assertEqual((review.state, review.reason, review.change_id), ("new", "declining", change))
        self.assertEqual((review.opened_on, review.decline_on), (date(2026, 3, 2), date(2026, 3, 2)))
        self.assertEqual(review.follow_up_date, date(2026, 5, 31), "90 days")
        self.assertEqual(
            review.participant_ids,
            self.manager_qian + self.sales_wang + self.service_chen + self.care_sun + self.manager_gao,
        )
        self.assertEqual((review.user_id, review.operations_user_id), (self.manager_qian, self.manager_gao))
        todo = review.activity_ids
        self.assertEqual((todo.user_id, todo.date_deadline), (self.manager_qian, date(2026, 3, 2)))
        self.assertEqual(self.customer.open_review_id, review)

    def test_once_per_decline(self):
        change = self._turn("declining")
        review = self._get_reviews()
        for _again in range(2):
            self.customer.sudo()._after_trend_change(change)
            self._night()
        self.assertEqual(self._get_reviews(), review)
        self.assertEqual(len(review.activity_ids), 1)
        # It goes on: what declines is lost now.
        self.at("2026-04-01 02:00:00")
        self._turn("lost")
        self.assertEqual(self._get_reviews(), review)
        self.assertEqual(review.state, "new")

    def test_lost_after_the_review_is_over(self):
        """The same decline is not reviewed again, however it ended."""
        self._turn("declining")
        review = self._get_reviews()
        self.at("2026-06-01 02:00:00")
        self._night()
        self.assertEqual((review.state, review.outcome), ("closed", "unchanged"))
        self._turn("lost")
        self.assertEqual(self._get_reviews(), review)

    def test_declines_recovers_declines(self):
        first = self._turn("declining")
        self.at("2026-03-20 02:00:00")
        self._turn("recovered")
        self.at("2026-04-10 02:00:00")
        second = self._turn("declining")
        one, two = self._get_reviews()
        self.assertEqual((one.change_id, one.state, one.outcome), (first, "closed", "recovered"))
        self.assertEqual(one.closed_on, date(2026, 3, 20))
        self.assertEqual((two.change_id, two.state), (second, "new"))

    def test_both_in_one_night(self):
        """A night that catches up tells of a decline that is over: nobody is called."""
        customer = self.customer.sudo()
        changes = self.env["broker.trend.change"]
        for before, trend, day in (("stable", "declining", 1), ("declining", "stable", 2)):
            changes += changes.sudo().create(
                {
                    "customer_id": customer.id,
                    "company_id": self.company.id,
                    "date": date(2026, 3, day),
                    "trend_before": before,
                    "trend": trend,
                }
            )
        customer.trend = "stable"
        customer._after_trend_change(changes)
        self.assertFalse(self._get_reviews())

    def test_history_opens_nothing(self):
        change = self._turn("declining", is_history=True)
        self.Review._follow_changes(change)
        self.assertFalse(self._get_reviews())

    def test_lost_after_history(self):
        """Nobody looked at the decline, which began before anybody looked: its day counts."""
        self.at("2026-01-15 02:00:00")
        self._turn("declining", is_history=True)
        self.at("2026-03-02 02:00:00")
        change = self._turn("lost")
        review = self._get_reviews()
        self.assertEqual((review.change_id, review.reason), (change, "lost"))
        self.assertEqual((review.opened_on, review.decline_on), (date(2026, 3, 2), date(2026, 1, 15)))

    def test_settings(self):
        for tiers, trends, tier, trend, opened in (
            ("key", "declining", self.tier_2, "declining", 0),
            ("all", "declining", self.tier_2, "declining", 1),
            ("none", "declining", self.tier_5, "declining", 0),
            ("key", "lost", self.tier_5, "declining", 0),
            ("key", "lost", self.tier_5, "lost", 1),
            ("key", "declining", self.tier_5, "lost", 1),
            ("key", "declining", self.tier_5, "rising", 0),
        ):
            with self.subTest(tiers=tiers, trends=trends, tier=tier.name, trend=trend):
                self.company.write({"broker_review_tiers": tiers, "broker_review_trends": trends})
                customer = self._open_customer(self._create_partner(f"{tiers} {trends} {tier.rank} {trend}"))
                self._set_tier(customer, tier)
                self._turn(trend, customer)
                self.assertEqual(len(self._get_reviews(customer)), opened)

    def test_archived_customers_are_left_alone(self):
        self.customer.active = False
        self._turn("declining")
        self.assertFalse(self._get_reviews())

    def test_by_hand(self):
        action = self.customer.with_user(self.sales_wang).action_open_review()
        review = self.Review.browse(action["res_id"])
        self.assertEqual((review.reason, review.has_declined, review.state), ("by_hand", False, "new"))
        self.assertEqual(self.customer.with_user(self.manager_qian).action_open_review()["res_id"], review.id)
        with self.assertRaises(AccessError):
            self.customer.with_user(self.sales_zhao).action_open_review()
        with self.assertRaises(AccessError):
            self.customer.with_user(self.plain_user).action_open_review()

    def test_by_hand_while_it_declines(self):
        """Opened by hand it counts from the decline, and the decline opens no other."""
        self.company.broker_review_tiers = "none"
        self.at("2026-02-10 02:00:00")
        self._turn("declining")
        self.at("2026-03-02 02:00:00")
        review = self.Review.browse(self.customer.with_user(self.manager_qian).action_open_review()["res_id"])
        self.assertEqual((review.decline_on, review.has_declined), (date(2026, 2, 10), True))
        self.company.broker_review_tiers = "key"
        self._turn("lost")
        self.assertEqual(self._get_reviews(), review)

    # Silence

    def _fall_silent(self, state="both_silent", before="fine"):
        self.customer.sudo().write({"coverage_state": state})
        self.customer.sudo()._after_coverage_change({self.customer.id: before})

    def test_silence_of_a_key_account(self):
        silence = self.env.ref("print_broker_crm.mail_activity_type_silence")
        self._fall_silent()
        review = self._get_reviews()
        self.assertEqual((review.reason, review.state), ("silence", "new"))
        self.assertFalse(
            self.customer.activity_ids.filtered(lambda activity: activity.activity_type_id == silence),
            "one call is enough",
        )
        self._fall_silent("customer_silent", "both_silent")
        self._fall_silent()
        self.assertEqual(self._get_reviews(), review)
        self._fall_silent("fine", "both_silent")
        self.assertEqual((review.state, review.outcome), ("closed", "recovered"))

    def test_silence_of_others_is_a_todo(self):
        silence = self.env.ref("print_broker_crm.mail_activity_type_silence")
        self._set_tier(self.customer, self.tier_2)
        self._fall_silent()
        self.assertFalse(self._get_reviews())
        self.assertEqual(len(self.customer.activity_ids.filtered(lambda row: row.activity_type_id == silence)), 1)

    def test_silence_without_reviews_is_a_todo(self):
        silence = self.env.ref("print_broker_crm.mail_activity_type_silence")
        self.company.broker_review_silence = False
        self._fall_silent()
        self.assertFalse(self._get_reviews())
        self.assertEqual(len(self.customer.activity_ids.filtered(lambda row: row.activity_type_id == silence)), 1)

    def test_silent_before_anybody_looked(self):
        self._fall_silent(before=None)
        self.assertFalse(self._get_reviews())

    def test_silent_and_declining_is_one_review(self):
        self._turn("declining")
        review = self._get_reviews()
        self._fall_silent()
        self.assertEqual(self._get_reviews(), review)
        # Heard of again, and still buying less: the decline goes on.
        self._fall_silent("fine", "both_silent")
        self.assertEqual(review.state, "new")

    def test_heard_of_again_and_declining_on_the_same_day(self):
        """The silence is over, and another review is about the decline."""
        self._fall_silent()
        self._fall_silent("fine", "both_silent")
        self._turn("declining")
        silence, decline = self._get_reviews()
        self.assertEqual((silence.outcome, decline.reason), ("recovered", "declining"))

    def test_silent_then_declining_is_one_review(self):
        self._fall_silent()
        review = self._get_reviews()
        self._turn("declining")
        self.assertEqual(self._get_reviews(), review)
        self._fall_silent("fine", "both_silent")
        self.assertEqual(review.state, "new", "it declines now")

    def test_silent_then_declining_then_lost_after_it_is_over(self):
        """Who was called together for the silence has looked at the decline as well."""
        self._fall_silent()
        review = self._get_reviews()
        self.at("2026-03-20 02:00:00")
        self._turn("declining")
        self.at("2026-06-05 02:00:00")
        self._night()
        self.assertEqual((review.state, review.outcome), ("closed", "unchanged"))
        self._turn("lost")
        self.assertEqual(self._get_reviews(), review)
        self._turn("recovered")
        self.at("2026-07-01 02:00:00")
        self._turn("declining")
        self.assertEqual(len(self._get_reviews()), 2, "another decline")

    # Steps

    def test_steps(self):
        self._turn("declining")
        review = self._get_reviews().with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "cause"):
            review.action_agree()
        review.cause = "price"
        with self.assertRaisesRegex(UserError, "measure"):
            review.action_agree()
        self._agree(review, (self.sales_wang, "Visit"), (self.service_chen, "Quote anew"))
        self.assertEqual(review.state, "agreed")
        self.assertFalse(review.activity_ids.filtered(lambda row: row.user_id == self.manager_qian))
        visit, quote = review.measure_ids
        self.assertEqual(visit.activity_id.user_id, self.sales_wang)
        self.assertEqual(visit.activity_id.date_deadline, date(2026, 3, 20))
        visit.activity_id.with_user(self.sales_wang).action_feedback("Was there")
        self.assertEqual((visit.done_on, review.state), (date(2026, 3, 2), "agreed"))
        quote.with_user(self.service_chen).action_done()
        self.assertFalse(quote.activity_id.active)
        self.assertEqual(review.state, "following")
        with self.assertRaises(UserError):
            review.action_agree()

    def test_measures(self):
        self._turn("declining")
        review = self._get_reviews()
        Measure = self.env["broker.review.measure"]
        vals = {"review_id": review.id, "name": "Visit", "user_id": self.sales_wang.id, "date": date(2026, 3, 1)}
        measure = Measure.with_user(self.sales_wang).create(vals)
        self.assertTrue(measure.is_late)
        self.assertEqual(measure.role, "sales")
        with self.assertRaises(AccessError):
            Measure.with_user(self.sales_zhao).create(vals)
        with self.assertRaises(UserError):
            Measure.with_user(self.sales_wang).create({**vals, "done_on": date(2026, 3, 1)})
        with self.assertRaises(UserError):
            measure.write({"done_on": date(2026, 3, 1)})
        with self.assertRaises(AccessError):
            measure.with_user(self.service_chen).action_done()
        with self.assertRaises(AccessError):
            measure.with_user(self.service_chen).name = "Nothing"
        with self.assertRaises(ValidationError):
            measure.with_user(self.manager_qian).user_id = self.env.ref("base.public_user")
        measure.with_user(self.manager_qian).write({"user_id": self.service_chen.id, "date": date(2026, 3, 9)})
        self.assertEqual(measure.activity_id.user_id, self.service_chen)
        self.assertEqual(review.activity_ids.filtered(lambda row: row.summary == "Visit"), measure.activity_id)
        measure.with_user(self.manager_qian).unlink()
        self.assertFalse(review.activity_ids.filtered(lambda row: row.summary == "Visit"))
        self._agree(review, (self.sales_wang, "Visit"))
        with self.assertRaises(UserError):
            review.measure_ids.with_user(self.manager_qian).unlink()

    def test_nobody_is_taken_off_with_a_measure_to_do(self):
        self._turn("declining")
        review = self._get_reviews().with_user(self.manager_qian)
        measure = (
            self.env["broker.review.measure"]
            .with_user(self.manager_qian)
            .create({"review_id": review.id, "name": "Visit", "user_id": self.sales_zhao.id, "date": date(2026, 3, 9)})
        )
        self.assertEqual(review.guest_ids, self.sales_zhao)
        with self.assertRaisesRegex(UserError, "Zhao still has a measure to do: Visit"):
            review.guest_ids = [Command.unlink(self.sales_zhao.id)]
        # In one go, as the form does
        review.write(
            {
                "guest_ids": [Command.unlink(self.sales_zhao.id)],
                "measure_ids": [Command.update(measure.id, {"user_id": self.sales_wang.id})],
            }
        )
        self.assertFalse(review.guest_ids)
        review.guest_ids = self.sales_zhao
        measure.user_id = self.sales_zhao
        measure.with_user(self.sales_zhao).action_done()
        review.guest_ids = False
        self.assertFalse(review.guest_ids)

    def test_a_crafted_context_fills_nothing_in(self):
        self._turn("declining")
        measure = (
            self.env["broker.review.measure"]
            .with_user(self.sales_wang)
            .with_context(default_done_on="2026-03-01", default_activity_id=self._get_reviews().activity_ids[:1].id)
            .create({"review_id": self._get_reviews().id, "name": "Visit", "date": date(2026, 3, 9)})
        )
        self.assertFalse(measure.done_on)
        self.assertEqual(measure.activity_id.user_id, self.sales_wang)

    # Outcome

    def test_recovers_by_the_numbers(self):
        self._turn("declining")
        review = self._agree(self._get_reviews(), (self.sales_wang, "Visit"))
        self.at("2026-03-25 02:00:00")
        self.assertEqual(self._night(), 1)
        self.assertEqual(review.state, "agreed", "the numbers say nothing yet")
        self._turn("stable")
        self.assertEqual((review.state, review.outcome, review.outcome_trend), ("closed", "recovered", "stable"))
        self.assertIn("Recovered", review.outcome_explanation)
        self.assertFalse(review.activity_ids, "nobody does what is not needed any more")
        self.assertFalse(self.customer.open_review_id)

    def test_lost_on_the_day_of_the_follow_up(self):
        self._turn("declining")
        review = self._get_reviews()
        self.at("2026-04-10 02:00:00")
        self._turn("lost")
        self.at("2026-05-30 02:00:00")
        self._night()
        self.assertEqual(review.state, "new", "there is a day left to win them back")
        # Sunday in Shanghai begins on Saturday, at four in the afternoon in UTC.
        self.at("2026-05-30 16:30:00")
        self._night()
        self.assertEqual((review.state, review.outcome), ("closed", "lost"))
        self.assertEqual(review.closed_on, date(2026, 5, 31))

    def test_nobody_says_the_outcome(self):
        self._turn("declining")
        review = self._get_reviews().with_user(self.manager_qian)
        for vals in (
            {"outcome": "recovered"},
            {"state": "closed"},
            {"lost_margin": 0},
            {"closed_on": date(2026, 3, 1)},
            {"decline_on": date(2026, 1, 1)},
            {"customer_id": self.customer.id},
            {"evidence_ids": [Command.clear()]},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                review.write(vals)
        with self.assertRaises(UserError):
            review.sudo().unlink()
        with self.assertRaises(AccessError):
            self.Review.with_user(self.manager_qian).create({"customer_id": self.customer.id})
        with self.assertRaises(UserError):
            review.copy()

    def test_follow_up_comes_after_the_opening(self):
        self._turn("declining")
        with self.assertRaises(ValidationError):
            self._get_reviews().with_user(self.manager_qian).follow_up_date = date(2026, 3, 1)

    def test_over_is_over(self):
        self._turn("declining")
        review = self._get_reviews().with_user(self.manager_qian)
        self._turn("stable")
        for vals in ({"cause": "price"}, {"cause_note": "Late"}, {"user_id": self.manager_gao.id}):
            with self.assertRaisesRegex(UserError, "over"):
                review.write(vals)
        with self.assertRaises(UserError):
            review.action_book_meeting()

    def test_by_hand_ends_by_the_numbers(self):
        for before, after, outcome in (
            ("stable", "stable", "unchanged"),
            ("stable", "rising", "recovered"),
            ("stable", "lost", "lost"),
        ):
            with self.subTest(after=after):
                self.at("2026-03-02 02:00:00")
                self.company.broker_review_tiers = "none"
                customer = self._open_customer(self._create_partner(f"{before} {after}"))
                self._turn(before, customer)
                review = self.Review.browse(customer.with_user(self.manager_qian).action_open_review()["res_id"])
                self.at("2026-04-02 02:00:00")
                self._night()
                self.assertEqual(review.state, "new", "who did not decline recovers on the day of the follow-up")
                self._turn(after, customer)
                self.at("2026-05-31 02:00:00")
                self._night()
                self.assertEqual((review.state, review.outcome), ("closed", outcome))

    # Money

    def test_lost_margin(self):
        """Declines on 2 March 2026. March to May 2025: 1000 + 2000 + 3000; March 2026: 400, April:
        a refund, 100 less than nothing; May: nothing."""
        self._add_margin(
            {
                date(2025, 2, 1): 9000,
                date(2025, 3, 1): 1000,
                date(2025, 4, 1): 2000,
                date(2025, 5, 1): 3000,
                date(2026, 2, 1): 500,
                date(2026, 3, 1): 400,
                date(2026, 4, 1): -100,
            }
        )
        self._turn("declining")
        review = self._get_reviews()
        # March 2025 to February 2026.
        self.assertEqual((review.margin_year, review.margin_months, review.lost_margin), (6500, 0, 0))
        self.at("2026-04-01 02:00:00")
        self._night()
        self.assertEqual((review.margin_months, review.margin_before, review.margin_after), (1, 1000, 400))
        self.assertEqual(review.lost_margin, 600)
        self.at("2026-06-01 02:00:00")
        self._night()
        self.assertEqual((review.state, review.outcome), ("closed", "unchanged"))
        self.assertEqual((review.margin_months, review.margin_before, review.margin_after), (3, 6000, 300))
        self.assertEqual(review.lost_margin, 5700)
        # Closed, and still counted until the year is full; then it stays.
        self._add_margin({date(2026, 6, 1): 700, date(2027, 2, 1): 50})
        self.at("2027-03-05 02:00:00")
        self._night()
        self.assertEqual((review.margin_months, review.margin_before, review.margin_after), (12, 6500, 1050))
        self.at("2027-06-05 02:00:00")
        self.assertEqual(self._night(), 0)
        self.assertEqual(review.lost_margin, 5450)

    def test_no_month_is_counted_twice(self):
        """Reviewed until June and again from then on: March to May 2025 left 1,000 each, June
        2025 500. And where both begin in one month, the later one counts it."""
        self._add_margin({date(2025, month, 1): 1000 for month in (3, 4, 5)} | {date(2025, 6, 1): 500})
        self._turn("declining")
        self.at("2026-06-05 02:00:00")
        self._night()
        again = self.Review.browse(self.customer.with_user(self.manager_qian).action_open_review()["res_id"])
        self.assertEqual((again.decline_on, again.has_declined), (date(2026, 6, 5), True))
        self.at("2026-07-05 02:00:00")
        self._night()
        self.assertEqual(self._get_reviews().mapped("lost_margin"), [3000, 500])
        self._turn("recovered")
        self.at("2026-07-06 02:00:00")
        self._turn("declining")
        self.at("2026-07-07 02:00:00")
        self._turn("recovered")
        self.at("2026-07-10 02:00:00")
        self._turn("declining")
        self._add_margin({date(2025, 7, 1): 70})
        self.at("2026-08-02 02:00:00")
        self._night()
        self.assertEqual(self._get_reviews().mapped("lost_margin"), [3000, 500, 0, 70])

    def test_lost_margin_by_cause(self):
        self._add_margin({date(2025, 3, 1): 1000})
        self._turn("declining")
        self._get_reviews().with_user(self.manager_qian).cause = "price"
        other = self._open_customer(self._create_partner("Opal"))
        self._set_tier(other, self.tier_5)
        self._add_margin({date(2025, 3, 1): 300, date(2026, 3, 1): 400}, other)
        self._turn("declining", other)
        self._get_reviews(other).with_user(self.manager_qian).cause = "late"
        self.at("2026-04-02 02:00:00")
        self._night()
        groups = self.Review.with_user(self.manager_qian)._read_group(
            [("customer_id", "in", (self.customer + other).ids)], ["cause"], ["lost_margin:sum"]
        )
        self.assertEqual(dict(groups), {"price": 1000, "late": 0})
        action = self._get_reviews().action_view_months()
        self.assertEqual(self.env["broker.customer.month"].search(action["domain"]).mapped("margin"), [1000])

    # Night

    def test_queries_do_not_grow(self):
        self.Review._night_steps(self.company)
        counts = {}
        for name, number in (("Warm", 3), ("Few", 3), ("Many", 30)):
            customers = self.env["broker.customer"]
            for index in range(number):
                customers += self._open_customer(self._create_partner(f"{name} {index}", self.sales_wang))
            self._set_tier(customers, self.tier_5)
            changes = (
                self.env["broker.trend.change"]
                .sudo()
                .create(
                    [
                        {
                            "customer_id": customer.id,
                            "company_id": self.company.id,
                            "date": date(2026, 3, 2),
                            "trend": "declining",
                        }
                        for customer in customers
                    ]
                )
            )
            customers.sudo().write({"trend": "declining"})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers.sudo()._after_trend_change(changes)
            self.env.flush_all()
            opened = self.env.cr.sql_log_count - before
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._night()
            counts[name] = (opened, self.env.cr.sql_log_count - before)
            self.assertEqual(len(self._get_reviews(customers[-1])), 1)
        self.assertEqual(counts["Many"], counts["Few"])

    def test_batches(self):
        customers = self.env["broker.customer"]
        for index in range(3):
            customers += self._open_customer(self._create_partner(f"Batch {index}"))
        self._set_tier(customers, self.tier_5)
        for customer in customers:
            self._turn("declining", customer)
        self.patch(type(self.Review), "_night_batch", 2)
        self.assertEqual(list(self.Review._night_steps(self.company)), [2, 1])


@tagged("post_install", "-at_install")
class TestReviewByTheNight(TrendCommon):
    """From the customer's own jobs to the review, and to its end."""

    def test_from_the_jobs_to_the_outcome(self):
        tier = self.env["broker.tier"].search([("rank", "=", 5)])
        customer = self._open_customer(self._create_partner("Jade", self.sales_wang))
        customer.write({"tier_manual_id": tier.id, "tier_manual_reason": "Test", "tier_manual_until": date(2030, 1, 1)})
        self._buy(customer, *self._count_monthly(date(2024, 1, 1), 33, day=1))
        self._judge()
        self.assertEqual(customer.trend, "stable")
        self._buy(self.old, date(2026, 10, 15), date(2026, 11, 15))
        for night in (16, 17, 18, 19):
            self.clock.move_to(f"2026-11-{night} 19:00:00")
            self._judge()
            list(self.env["broker.review"]._night_steps(self.company))
        review = self.env["broker.review"].search([("customer_id", "=", customer.id)])
        self.assertEqual(len(review), 1)
        self.assertEqual((customer.trend, review.state), ("declining", "new"))
        trend = review.evidence_ids.filtered(lambda row: row.kind == "trend")
        self.assertEqual(trend.text, customer.trend_explanation)
        gap = review.evidence_ids.filtered(lambda row: row.kind == "gap")
        self.assertIn("bought on 33 days", gap.text)
        self.assertEqual((gap.res_model, gap.cause), ("sale.order", False))
