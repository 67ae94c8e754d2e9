from datetime import date, datetime

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common_review import ReviewCommon


@tagged("post_install", "-at_install")
class TestReviewPeople(ReviewCommon):
    """Who takes part when people come and go, and who sees it."""

    def setUp(self):
        super().setUp()
        self._turn("declining")
        self.review = self._get_reviews()

    def test_roles_follow_the_customer(self):
        self.partner.user_id = self.sales_zhao
        self.customer.service_user_id = self.service_lin
        self.assertEqual(self.review.sales_user_id, self.sales_zhao)
        self.assertEqual(self.review.service_user_id, self.service_lin)
        self._turn("stable")
        self.partner.user_id = self.sales_wang
        self.assertEqual(self.review.sales_user_id, self.sales_zhao, "what is over keeps its people")

    def test_by_hand(self):
        """A manager sends somebody else; who has another role stays."""
        self.review.with_user(self.manager_qian).sales_user_id = self.sales_zhao
        self.customer.service_user_id = self.service_lin
        self.assertEqual(self.review.sales_user_id, self.sales_zhao)
        with self.assertRaises(AccessError):
            self.review.with_user(self.sales_wang).sales_user_id = self.sales_wang
        with self.assertRaises(ValidationError):
            self.review.with_user(self.manager_qian).guest_ids = new_test_user(
                self.env, "broker_buyer", groups="base.group_portal"
            )
        self.review.with_user(self.sales_wang).cause_note = "They found it dear"
        with self.assertRaises(AccessError):
            self.review.with_user(self.sales_wang).cause = "own_demand"

    def test_the_account_team_speaks_for_operations(self):
        self.env["broker.customer.member"].create(
            {"customer_id": self.customer.id, "user_id": self.service_lin.id, "function": "operation"}
        )
        self._turn("stable")
        self.at("2026-03-09 02:00:00")
        self._turn("declining")
        self.assertEqual(self._get_reviews()[1].operations_user_id, self.service_lin)

    def test_who_sells_does_not_lead(self):
        self._turn("stable")
        self.partner.user_id = self.manager_qian
        self.at("2026-03-09 02:00:00")
        self._turn("declining")
        self.assertEqual(self._get_reviews()[1].user_id, self.manager_gao)

    def test_who_takes_part_sees_the_customer(self):
        review = self.review.with_user(self.manager_qian)
        for user in (self.sales_zhao, self.service_lin):
            self.assertFalse(self.customer.with_user(user).has_access("read"))
        review.write({"operations_user_id": self.service_lin.id, "guest_ids": [Command.link(self.sales_zhao.id)]})
        for user in (self.sales_zhao, self.service_lin):
            self.assertTrue(self.customer.with_user(user).has_access("read"))
            self.assertTrue(self.review.with_user(user).has_access("write"))
            self.assertIn(user, self.customer._get_serving_users())
        self._turn("stable")
        for user in (self.sales_zhao, self.service_lin):
            self.assertFalse(self.customer.with_user(user).has_access("read"), "until it is over")
            self.assertFalse(self.review.with_user(user).has_access("read"))

    def test_a_measure_of_somebody_gone_stops_no_other_change(self):
        """Taken off before that was refused: the measure is no reason to invite nobody."""
        review = self._agree(self.review, (self.service_lin, "Call the buyer"))
        review.sudo().guest_ids -= self.service_lin
        self.assertNotIn(self.service_lin, review.participant_ids)
        mine = review.with_user(self.manager_qian)
        mine.guest_ids = [Command.link(self.sales_zhao.id)]
        mine.user_id = self.manager_gao
        mine.guest_ids = [Command.link(self.service_lin.id)]
        with self.assertRaisesRegex(UserError, "still has a measure"):
            mine.guest_ids = [Command.unlink(self.service_lin.id)]

    def test_who_takes_on_a_measure_takes_part(self):
        vals = {"review_id": self.review.id, "name": "Sample boxes", "date": date(2026, 3, 20)}
        Measure = self.env["broker.review.measure"]
        with self.assertRaisesRegex(AccessError, "take part"):
            Measure.with_user(self.sales_wang).create({**vals, "user_id": self.sales_zhao.id})
        measure = Measure.with_user(self.sales_wang).create({**vals, "user_id": self.service_chen.id})
        with self.assertRaises(AccessError):
            measure.with_user(self.sales_wang).user_id = self.sales_zhao
        self.assertFalse(self.review.with_user(self.sales_zhao).has_access("read"))
        measure.with_user(self.manager_qian).user_id = self.sales_zhao
        self.assertIn(self.sales_zhao, self.review.guest_ids)
        self.assertTrue(self.review.with_user(self.sales_zhao).has_access("read"))
        measure.with_user(self.sales_zhao).action_done()

    def test_nobody_ticks_off_what_others_took_on(self):
        self._agree(self.review, (self.service_chen, "Call the buyer"))
        measure = self.review.measure_ids
        with self.assertRaises(AccessError), self.cr.savepoint():
            measure.activity_id.with_user(self.sales_wang).action_done()
        self.assertFalse(measure.done_on)
        measure.activity_id.with_user(self.service_chen).action_done()
        self.assertTrue(measure.done_on)

    def test_what_is_done_or_over_stays_as_it_is(self):
        self._agree(self.review, (self.service_chen, "Call the buyer"), (self.sales_wang, "Visit"))
        call, visit = self.review.measure_ids.sorted("id")
        call.with_user(self.service_chen).action_done()
        with self.assertRaisesRegex(UserError, "is done and stays"):
            call.with_user(self.manager_qian).name = "Call nobody"
        visit.with_user(self.manager_qian).name = "Visit them"
        self._turn("stable")
        self.assertEqual(self.review.state, "closed")
        vals = {"review_id": self.review.id, "name": "Too late", "date": date(2026, 3, 20)}
        for forbidden in (
            lambda: visit.with_user(self.manager_qian).write({"name": "Nothing"}),
            lambda: visit.with_user(self.sales_wang).action_done(),
            lambda: self.env["broker.review.measure"].with_user(self.manager_qian).create(vals),
        ):
            with self.assertRaisesRegex(UserError, "is over and stays"):
                forbidden()

    def test_another_measure_while_the_numbers_are_waited_for(self):
        self._agree(self.review, (self.service_chen, "Call the buyer"))
        self.review.measure_ids.with_user(self.service_chen).action_done()
        self.assertEqual(self.review.state, "following")
        self.review.with_user(self.service_chen).measure_ids = [
            Command.create({"name": "Call again", "user_id": self.service_chen.id, "date": date(2026, 3, 20)})
        ]
        self.assertEqual(self.review.state, "agreed")
        self.review.measure_ids.filtered(lambda row: not row.done_on).with_user(self.service_chen).action_done()
        self.assertEqual(self.review.state, "following")

    def test_a_handoff_on_the_desk_opens_no_review(self):
        """Who sees a customer because of a handoff that waits would not see its review."""
        lead = self.env["crm.lead"].create(
            {
                "name": "Boxes",
                "type": "opportunity",
                "partner_id": self._create_partner("Pearl", self.sales_wang).id,
                "user_id": self.sales_wang.id,
            }
        )
        handoff = self.env["broker.handoff"].sudo()._open_for_leads(lead)
        handoff.write({"state": "submitted", "receiver_id": self.service_lin.id})
        customer = handoff.customer_id.with_user(self.service_lin)
        self.assertTrue(customer.has_access("read"))
        with self.assertRaises(AccessError), self.cr.savepoint():
            customer.action_open_review()
        self.assertFalse(self._get_reviews(customer))

    def test_people_leave(self):
        review = self._agree(self.review, (self.sales_wang, "Visit"), (self.manager_qian, "Talk to the owner"))
        review.guest_ids = self.service_lin
        review._book_meeting(datetime(2026, 3, 3, 1), 1.0)
        (self.sales_wang + self.service_lin).action_archive()
        self.assertFalse(self.review.sales_user_id)
        self.assertFalse(self.review.guest_ids)
        visit, talk = self.review.measure_ids
        self.assertEqual((visit.user_id, visit.activity_id.user_id), (self.manager_qian, self.manager_qian))
        self.assertNotIn(self.sales_wang.partner_id, self.review.meeting_id.partner_ids)
        self.partner.user_id = self.sales_zhao
        self._night()
        self.assertEqual(self.review.sales_user_id, self.sales_zhao)
        self.assertIn(self.sales_zhao.partner_id, self.review.meeting_id.partner_ids)
        self.manager_qian.action_archive()
        self.assertEqual(self.review.user_id, self.manager_gao)
        self.assertEqual((visit + talk).user_id, self.manager_gao)
        self.assertEqual((visit + talk).activity_id.user_id, self.manager_gao)

    def test_the_to_do_of_who_leads_stays_when_others_leave(self):
        todo = self.review.activity_ids
        todo.write({"date_deadline": date(2026, 3, 20), "note": "Talk to Wang first"})
        self.service_chen.active = False
        self.assertEqual(self.review.activity_ids, todo)
        self.assertEqual(todo.date_deadline, date(2026, 3, 20))

    def test_the_leader_leaves_before_anybody_met(self):
        self.manager_qian.action_archive()
        self.assertEqual(self.review.user_id, self.manager_gao)
        self.assertEqual(self.review.activity_ids.user_id, self.manager_gao)

    def test_somebody_else_leads(self):
        """The to-do goes with who leads, and is not asked again of who has done it."""
        review = self.review.with_user(self.manager_qian)
        self.assertEqual(self.review.activity_ids.user_id, self.manager_qian)
        review.user_id = self.manager_gao
        self.assertEqual(self.review.activity_ids.user_id, self.manager_gao)
        self.assertEqual(len(self.review.activity_ids), 1)
        review._book_meeting(datetime(2026, 3, 4, 1), 1.0)
        review.user_id = self.manager_qian
        call = self.env.ref("print_broker_crm.mail_activity_type_review")
        self.assertNotIn(call, self.review.activity_ids.activity_type_id)

    def test_the_leader_leaves_before_they_meet(self):
        self.review.with_user(self.manager_gao)._book_meeting(datetime(2026, 3, 4, 1), 1.0)
        meeting = self.review.meeting_id
        self.assertEqual(meeting.user_id, self.manager_qian)
        self.manager_qian.active = False
        self.assertEqual(meeting.user_id, self.manager_gao)
        self.assertNotIn(self.manager_qian.partner_id, meeting.partner_ids)

    def test_works_for_another_company_only(self):
        other = self.env["res.company"].create({"name": "Night Press"})
        self.service_chen.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.review.service_user_id)

    def test_staff_change_takes_measures_along(self):
        self._agree(self.review, (self.service_chen, "Quote anew"), (self.sales_wang, "Visit"))
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.service_chen.id})
        change.action_collect()
        change.line_ids.successor_id = self.service_lin
        change.action_confirm()
        quote, visit = self.review.measure_ids
        self.assertEqual((quote.user_id, visit.user_id), (self.service_lin, self.sales_wang))
        self.assertEqual(quote.activity_id.user_id, self.service_lin)
        self.assertEqual(self.review.service_user_id, self.service_lin)

    # Two companies

    def test_two_companies(self):
        sister = self.env["res.company"].create({"name": "Sister"})
        sister.resource_calendar_id = self.calendar.copy({"company_id": sister.id})
        bai = self._create_user("bai", "group_manager", company_id=sister.id, company_ids=[Command.set(sister.ids)])
        there = self._open_customer(company=sister)
        self._set_tier(there, self.tier_5)
        self._turn("declining", there)
        review = self._get_reviews(there)
        self.assertEqual(review.company_id, sister)
        self.assertEqual(review.user_id, bai)
        self.assertFalse(review.sales_user_id, "Wang does not work there")
        for user, mine, theirs in ((self.manager_qian, self.review, review), (bai, review, self.review)):
            self.assertTrue(mine.with_user(user).has_access("read"))
            self.assertFalse(theirs.with_user(user).has_access("read"))
            self.assertFalse(theirs.evidence_ids.with_user(user)._filtered_access("read"))
        self._turn("stable", there)
        self.assertEqual((review.state, self.review.state), ("closed", "new"))
        self.at("2026-06-01 02:00:00")
        self._night(sister)
        self.assertEqual(self.review.state, "new", "the night of the other company")

    # Merging

    def _merge(self, *others):
        partners = self.partner.union(*(other.partner_id for other in others))
        self.env["base.partner.merge.automatic.wizard"].with_context(active_test=False)._merge(
            partners.ids, self.partner
        )
        self.env.invalidate_all()

    def _open_other(self, day="2026-03-05 02:00:00"):
        self.at(day)
        other = self._open_customer(self._create_partner("Jade Kitchen", self.sales_wang))
        self._set_tier(other, self.tier_5)
        self._turn("declining", other)
        return other

    def test_merged_reviews(self):
        """The older one goes on, with everything of the other."""
        other = self._open_other()
        theirs = self._agree(self._get_reviews(other), (self.sales_wang, "Visit"))
        self._open_case(title="Blurred")
        measure = theirs.measure_ids
        self.env["broker.review.evidence"].sudo()._add(
            {theirs.sudo(): [{"kind": "case", "text": "Torn", "res_model": "broker.case", "res_id": 1}]}
        )
        theirs._book_meeting(datetime(2026, 3, 6, 1), 1.0)
        self._merge(other)
        self.assertFalse(other.exists())
        reviews = self._get_reviews()
        self.assertEqual(reviews, self.review + theirs)
        self.assertEqual((self.review.state, theirs.state, theirs.outcome), ("new", "closed", False))
        self.assertEqual(theirs.merged_into_id, self.review)
        self.assertEqual(measure.review_id, self.review)
        self.assertEqual(measure.activity_id.res_id, self.review.id)
        self.assertIn("Torn", self.review.evidence_ids.mapped("text"))
        self.assertFalse(theirs.meeting_id)
        self.assertEqual(self.customer.open_review_id, self.review)
        self._night()
        self.assertEqual((theirs.lost_margin, theirs.margin_year), (0, 0))

    def test_a_merged_review_takes_no_months(self):
        """What the decline costs counts in the review that goes on, to this day."""
        other = self._open_other("2026-04-05 02:00:00")
        self._merge(other)
        self._add_margin({date(2025, month, 1): 100 for month in range(3, 7)})
        self.at("2026-07-01 02:00:00")
        self._night()
        self.assertEqual((self.review.margin_months, self.review.lost_margin), (4, 400))

    def test_merged_decline_is_no_new_one(self):
        """The decline that goes on began when it began, and not when the other's did."""
        self._set_tier(self.customer, self.tier_5)
        other = self._open_customer(self._create_partner("Jade Two", self.sales_wang))
        self._turn("declining")
        review = self._get_reviews()
        self.assertEqual(len(review), 1)
        self.at("2026-06-10 02:00:00")
        self._night()
        self.assertEqual(review.state, "closed")
        self.at("2026-06-12 02:00:00")
        self._turn("declining", other)
        self._merge(other)
        self.at("2026-06-20 02:00:00")
        self._turn("lost")
        self.assertEqual(self._get_reviews(), review)

    def test_merged_evidence_names_the_file_that_remains(self):
        other = self._open_other()
        other.sudo().write({"coverage_state": "sales_silent"})
        self._get_reviews(other)._gather_evidence()
        self._merge(other)
        rows = self._get_reviews().evidence_ids.filtered(lambda row: row.kind == "silence")
        self.assertEqual(rows.mapped("res_id"), self.customer.ids)

    def test_merged_into_the_younger(self):
        other = self._open_other("2026-02-20 02:00:00")
        theirs = self._get_reviews(other)
        self.at("2026-03-06 02:00:00")
        self._merge(other)
        self.assertEqual((theirs.state, self.review.state), ("new", "closed"))
        self.assertEqual(self.review.merged_into_id, theirs)
        self.assertEqual(theirs.customer_id, self.customer)

    def test_merged_with_a_closed_one(self):
        other = self._open_other("2026-02-20 02:00:00")
        self._turn("stable", other)
        theirs = self._get_reviews(other)
        self._merge(other)
        self.assertEqual((theirs.state, theirs.outcome, self.review.state), ("closed", "recovered", "new"))
        self.assertEqual(theirs.closed_on, date(2026, 2, 20))
