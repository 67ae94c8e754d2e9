from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_handoff import HandoffCommon


@tagged("post_install", "-at_install")
class TestHandoffGaps(HandoffCommon):
    def test_submit_names_every_gap(self):
        self.partner.write({"phone": False, "email": False})
        lead = self._create_lead()
        lead.write({"phone": False, "email_from": False})
        self._create_order(lead, commitment_date=False, payment_term_id=False).order_line.purchase_price = 0
        handoff = self._create_handoff(lead, order=False)
        with self.assertRaises(UserError) as caught:
            handoff.with_user(self.sales_wang).action_submit()
        message = str(caught.exception)
        order = handoff.order_id.name
        for line in (
            "- Contact reachable: Jade Restaurant has neither a phone nor an e-mail",
            f"- Delivery date: {order} has no delivery date",
            f"- Payment terms: {order} has no payment terms",
            f"- Cost known: no cost on {order}: Brochure",
            "- Artwork received: not answered yet",
            "- Promises made: write what was promised",
            "- Not sold: write what was not sold",
            "- Still open: write what is still open",
        ):
            self.assertIn(line, message)
        self.assertEqual(message.count("\n- "), 8)
        self.assertEqual(handoff.state, "draft")
        self.assertFalse(handoff.submitted_at)

    def test_gaps_of_a_handoff_without_order(self):
        handoff = self._complete(self._create_handoff(order=False))
        self.assertEqual(
            handoff._get_gaps().mapped("gap_reason"),
            ["there is no order yet", "there is no order yet", "there is no order line yet"],
        )
        # What is quoted counts as long as nothing is confirmed.
        self._create_order(handoff.lead_id, confirm=False)
        self.assertFalse(handoff._get_gaps())

    def test_submit_when_complete(self):
        handoff = self._complete(self._create_handoff())
        self.assertFalse(handoff._get_gaps())
        handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(handoff.state, "submitted")
        activity = self._activities(handoff, "accept")
        self.assertEqual(activity.user_id, self.service_chen)

    def test_two_handoffs_one_gap_submits_neither(self):
        complete = self._complete(self._create_handoff())
        gap = self._create_handoff()
        with self.assertRaises(UserError):
            (complete + gap).action_submit()
        self.assertEqual(complete.state, "draft")

    def test_system_check_follows_the_order(self):
        handoff = self._complete(self._create_handoff())
        cost = self._item(handoff, "cost")
        self.assertEqual(cost.status, "provided")
        handoff.order_ids.order_line.purchase_price = 0
        self.assertEqual(handoff._get_gaps(), cost)
        self.assertFalse(cost.status)
        with self.assertRaisesRegex(ValidationError, "is checked by the system: no cost on"):
            cost.action_mark_provided()

    def test_not_applicable_and_unknown_fill_a_gap(self):
        handoff = self._complete(self._create_handoff())
        handoff.order_ids.write({"payment_term_id": False, "commitment_date": False})
        self.assertEqual(len(handoff._get_gaps()), 2)
        self._item(handoff, "payment_terms").action_mark_not_applicable()
        self._item(handoff, "delivery_date").write({"status": "unknown", "settle_by": self.company._get_broker_today()})
        self.assertFalse(handoff._get_gaps())

    def test_unknown_needs_a_day_not_past(self):
        item = self._item(self._create_handoff(), "artwork")
        today = self.company._get_broker_today()
        with self.assertRaisesRegex(ValidationError, "say by which day"), self.cr.savepoint():
            item.status = "unknown"
        with self.assertRaisesRegex(ValidationError, "cannot be settled in the past"), self.cr.savepoint():
            item.write({"status": "unknown", "settle_by": today - timedelta(days=1)})
        item.write({"status": "unknown", "settle_by": today})
        self.assertFalse(item.gap_reason)

    def test_unknown_whose_day_has_passed_is_a_gap(self):
        with freeze_time("2026-11-20 02:00:00"):
            handoff = self._complete(self._create_handoff())
            self._item(handoff, "artwork").write({"status": "unknown", "settle_by": "2026-11-23"})
            handoff.action_submit()
        with freeze_time("2026-11-24 02:00:00"):
            with self.assertRaisesRegex(UserError, "Artwork received: was to be settled by 2026-11-23"):
                handoff.with_user(self.service_chen).action_accept()
        self.assertEqual(handoff.state, "submitted")

    def test_note_needed(self):
        requirement = self.env["broker.handoff.requirement"].create({"name": "Colours", "note_required": True})
        handoff = self._complete(self._create_handoff())
        item = handoff.item_ids.filtered(lambda item: item.requirement_id == requirement)
        item.action_mark_provided()
        self.assertEqual(item.gap_reason, "write it down in the note")
        item.note = "Pantone 286"
        self.assertFalse(handoff._get_gaps())

    def test_optional_item_is_no_gap(self):
        self.env.ref("print_broker_crm.broker_handoff_requirement_artwork").required = False
        handoff = self._create_handoff()
        self.assertFalse(self._item(handoff, "artwork").gap_reason)

    def test_order_confirmed_check(self):
        self.env["broker.handoff.requirement"].create({"name": "Confirmed", "check_method": "order_confirmed"})
        handoff = self._create_handoff(order=False)
        item = handoff.item_ids.filtered(lambda item: item.check_method == "order_confirmed")
        self.assertEqual(item.gap_reason, "no order is confirmed yet")
        self._create_order(handoff.lead_id)
        self.assertNotIn(item, handoff._get_gaps())

    def test_gap_between_submit_and_accept(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        handoff.order_ids.order_line.purchase_price = 0
        with self.assertRaisesRegex(UserError, "Cost known"):
            handoff.with_user(self.service_chen).action_accept()
        self.assertEqual(handoff.state, "submitted")

    def test_accepted_answers_are_frozen(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        handoff.action_accept()
        handoff.order_ids.order_line.purchase_price = 0
        self.assertFalse(handoff._get_gaps())
        self.assertEqual(self._item(handoff, "cost").status, "provided")
