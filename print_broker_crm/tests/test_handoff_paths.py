from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_handoff import HandoffCommon


class PathCommon(HandoffCommon):
    @classmethod
    def _repeat_order(cls, confirm=True, **kwargs):
        """Return an order without an opportunity."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "user_id": cls.sales_wang.id,
                "company_id": cls.company.id,
                "payment_term_id": cls.payment_term.id,
                "commitment_date": datetime(2026, 12, 1, 8),
                "order_line": [Command.create({"product_id": cls.product.id, "product_uom_qty": 1000})],
                **kwargs,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    def _hand_over(self, order, user=None):
        order.with_user(user or self.sales_wang).action_broker_hand_over()
        return order.broker_handoff_id

    def _kinds(self, handoff):
        return handoff.event_ids.sorted("id").mapped("kind")


@tagged("post_install", "-at_install")
class TestHandoffRepeat(PathCommon):
    """Jobs that did not come by an opportunity."""

    def test_by_hand(self):
        order = self._repeat_order()
        self.assertFalse(order.broker_handoff_id)
        handoff = self._hand_over(order)
        self.assertFalse(handoff.lead_id)
        self.assertEqual(handoff.order_id, order)
        self.assertEqual((handoff.sender_id, handoff.receiver_id), (self.sales_wang, self.service_chen))
        # The second tap opens the same.
        self.assertEqual(order.with_user(self.sales_wang).action_broker_hand_over()["res_id"], handoff.id)
        self._complete(handoff).with_user(self.sales_wang).action_submit()
        handoff.with_user(self.service_chen).action_accept()
        self.assertEqual(self._kinds(handoff), ["opened", "submitted", "accepted"])

    def test_words_of_the_last_time(self):
        first = self._complete(self._create_handoff())
        first.buying_reason = "Three restaurants"
        first.action_submit()
        first.action_accept()
        handoff = self._hand_over(self._repeat_order())
        self.assertEqual((handoff.buying_reason, handoff.not_sold), ("Three restaurants", "No layout"))
        self.assertFalse(handoff.promises)

    def test_order_of_an_opportunity(self):
        lead = self._create_lead()
        order = self._create_order(lead)
        handoff = self._hand_over(order)
        self.assertEqual(handoff.lead_id, lead)
        self.assertEqual(handoff.order_ids, order)

    def test_who_may(self):
        order = self._repeat_order()
        for user in (self.service_chen, self.sales_zhao, self.care_sun):
            with self.assertRaises(UserError):
                order.with_user(user).action_broker_hand_over()
        quotation = self._repeat_order(confirm=False)
        with self.assertRaisesRegex(UserError, "confirm it first"):
            quotation.with_user(self.sales_wang).action_broker_hand_over()
        self.assertTrue(self._hand_over(order, self.manager_qian))

    def test_by_itself(self):
        self.company.broker_handoff_repeat = True
        first, second = (self._repeat_order(confirm=False) for _index in range(2))
        (first + second).action_confirm()
        self.assertTrue(first.broker_handoff_id)
        self.assertTrue(second.broker_handoff_id)
        self.assertNotEqual(first.broker_handoff_id, second.broker_handoff_id)
        # What service took from the customer is with service.
        third = self._repeat_order(confirm=False)
        third.broker_brought_by = "service"
        third.action_confirm()
        self.assertFalse(third.broker_handoff_id)

    def test_cancelled_jobs(self):
        handoff = self._hand_over(self._repeat_order())
        order = handoff.order_ids
        order._action_cancel()
        self.assertEqual(handoff.state, "cancelled")
        self.assertEqual(handoff.event_ids.sorted("id")[-1].reason, "Its jobs were cancelled.")
        order.action_draft()
        order.action_confirm()
        second = self._hand_over(order)
        self.assertNotEqual(second, handoff)
        self._complete(second).action_submit()
        second.action_accept()
        order._action_cancel()
        self.assertEqual(second.state, "accepted")

    def test_cancelled_job_of_an_opportunity(self):
        handoff = self._create_handoff()
        handoff.order_ids._action_cancel()
        self.assertEqual(handoff.state, "draft")
        with self.assertRaisesRegex(UserError, "there is no order yet"):
            self._complete(handoff).action_submit()
        self._create_order(handoff.lead_id)
        handoff.action_submit()

    def test_lost_opportunity(self):
        with_job = self._create_handoff()
        without = self._create_handoff(order=False)
        (with_job + without).lead_id.stage_id = self.stage_new
        (with_job + without).lead_id.action_set_lost()
        self.assertEqual((with_job.state, without.state), ("draft", "cancelled"))
        # Reopened and won again it is handed over anew.
        lead = without.lead_id
        lead.action_unarchive()
        lead.stage_id = self.stage_won
        lead.stage_id = self.stage_handoff
        self.assertEqual(len(lead.broker_handoff_ids - without), 1)

    def test_reopened_opportunity_keeps_its_handoff(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        handoff.lead_id.stage_id = self.stage_new
        self.assertEqual(handoff.state, "submitted")
        handoff.with_user(self.service_chen).action_accept()
        handoff.lead_id.stage_id = self.stage_handoff
        self.assertEqual(handoff.lead_id.broker_handoff_ids, handoff)

    def test_parallel_jobs(self):
        """One opportunity, a job before the acceptance and one after: one baton."""
        handoff = self._complete(self._create_handoff())
        first = handoff.order_ids
        second = self._create_order(handoff.lead_id)
        self.assertEqual(handoff.order_ids, first + second)
        second.order_line.purchase_price = 0
        with self.assertRaisesRegex(UserError, f"no cost on {second.name}"):
            handoff.action_submit()
        second.order_line.purchase_price = 1
        handoff.action_submit()
        handoff.action_accept()
        third = self._create_order(handoff.lead_id)
        self.assertEqual(third.broker_handoff_id, handoff)
        self.assertEqual(handoff.state, "accepted")
        self.assertEqual(handoff.order_id, first)
        first._action_cancel()
        self.assertEqual(handoff.order_id, second)

    def test_merged_with_one_that_was_accepted(self):
        accepted = self._complete(self._create_handoff())
        accepted.action_submit()
        accepted.action_accept()
        other = self._create_handoff()
        (accepted.lead_id + other.lead_id).with_user(self.manager_qian).merge_opportunity()
        self.assertEqual((accepted.state, other.state), ("accepted", "draft"))
        self.assertEqual(accepted.lead_id, other.lead_id)
        # Only one packet of an opportunity is open at a time.
        with self.assertRaisesRegex(UserError, f"{other.name} of the same opportunity is open"):
            accepted.with_user(self.service_chen).action_return(reason="Wrong size")
        self._complete(other).action_submit()
        other.with_user(self.service_chen).action_accept()
        accepted.with_user(self.service_chen).action_return(reason="Wrong size")
        self.assertEqual(accepted.state, "returned")

    def test_deliveries_one_after_the_other(self):
        """A job that came in parts is under way until the last part was received."""
        handoff = self._complete(self._create_handoff())
        first = handoff.order_ids
        second = self._create_order(handoff.lead_id)
        handoff.action_submit()
        handoff.action_accept()
        first.with_user(self.service_chen).action_confirm_receipt()
        handoff.with_user(self.service_chen).action_open_return()
        second.with_user(self.service_chen).action_confirm_receipt()
        with self.assertRaisesRegex(UserError, "nothing left to give back"):
            handoff.with_user(self.service_chen).action_open_return()

    def test_two_handoffs_of_one_customer_side_by_side(self):
        lead_handoff = self._complete(self._create_handoff())
        repeat_handoff = self._complete(self._hand_over(self._repeat_order()))
        (lead_handoff + repeat_handoff).with_user(self.sales_wang).action_submit()
        repeat_handoff.with_user(self.service_chen).action_accept()
        self.assertEqual((lead_handoff.state, repeat_handoff.state), ("submitted", "accepted"))

    def test_amended_between_submission_and_acceptance(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        handoff.order_ids.order_line = [
            Command.create({"product_id": self.product.id, "product_uom_qty": 5, "purchase_price": 0})
        ]
        handoff.order_ids.order_line[-1].purchase_price = 0
        with self.assertRaisesRegex(UserError, "Cost known"):
            handoff.with_user(self.service_chen).action_accept()
        handoff.order_ids.order_line[-1].purchase_price = 1
        handoff.with_user(self.service_chen).action_accept()
        # Amended afterwards, what was agreed stays.
        handoff.order_ids.order_line[-1].purchase_price = 0
        self.assertFalse(handoff._get_gaps())


@tagged("post_install", "-at_install")
class TestHandoffGiveBack(PathCommon):
    """Service took the job over, and something was missing after all."""

    def setUp(self):
        super().setUp()
        self.handoff = self._complete(self._create_handoff())
        # Monday 8:00 to 9:00 in Shanghai.
        with freeze_time("2026-11-23 00:00:00"):
            self.handoff.action_submit()
        with freeze_time("2026-11-23 01:00:00"):
            self.handoff.with_user(self.service_chen).action_accept()

    def test_counts_and_clock(self):
        handoff = self.handoff
        artwork = self._item(handoff, "artwork")
        with freeze_time("2026-11-24 02:00:00"):
            wizard = Form(
                self.env["broker.handoff.return"]
                .with_user(self.service_chen)
                .with_context(default_handoff_id=handoff.id)
            )
            wizard.item_ids.add(artwork)
            wizard.reason = "The files are of last year."
            wizard.save().action_return()
        self.assertEqual(handoff.state, "returned")
        self.assertEqual((handoff.return_count, handoff.given_back_count), (1, 1))
        self.assertEqual(self._activities(handoff, "return").user_id, self.sales_wang)
        self.assertEqual(self.customer.service_user_id, self.service_chen)
        self.assertFalse(artwork.status)
        self.assertEqual(self._item(handoff, "cost").status, "provided")
        artwork.with_user(self.sales_wang).action_mark_provided()
        # Thursday 8:00, accepted 10:00: two hours more than the first one.
        with freeze_time("2026-11-26 00:00:00"):
            handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(handoff.accept_deadline, datetime(2026, 11, 26, 4))
        with freeze_time("2026-11-26 02:00:00"):
            handoff.with_user(self.service_chen).action_accept()
        self.assertAlmostEqual(handoff.acceptance_hours, 3.0)
        self.assertEqual(
            self._kinds(handoff), ["opened", "submitted", "accepted", "given_back", "submitted", "accepted"]
        )
        # An hour the first time, two the second; what was given back did not lie there.
        rows = self.env["broker.handoff.event"]._read_group([("handoff_id", "=", handoff.id)], [], ["hours:avg"])
        self.assertAlmostEqual(rows[0][0], 1.5)
        returned = handoff.event_ids.filtered(lambda event: event.kind == "given_back")
        self.assertEqual(returned.requirement_ids, artwork.requirement_id)
        self.assertEqual(returned.reason, "The files are of last year.")
        self.assertEqual(returned.user_id, self.service_chen)
        self.assertEqual(returned.sender_id, self.sales_wang)

    def test_who_may(self):
        for user in (self.sales_wang, self.service_lin, self.care_sun):
            with self.assertRaises(UserError):
                self.handoff.with_user(user).action_return(reason="No")
        self.handoff.with_user(self.manager_qian).action_return(reason="Yes")
        self.assertEqual(self.handoff.state, "returned")

    def test_nothing_left_to_give_back(self):
        self.handoff.order_ids.with_user(self.service_chen).action_confirm_receipt()
        with self.assertRaisesRegex(UserError, "nothing left to give back"):
            self.handoff.with_user(self.service_chen).action_open_return()
        # A second job under way can be given back.
        self._create_order(self.handoff.lead_id)
        self.handoff.with_user(self.service_chen).action_return(reason="The second one")

    def test_sender_cannot_withdraw_it(self):
        self.handoff.with_user(self.service_chen).action_return(reason="Wrong size")
        with self.assertRaisesRegex(UserError, "ask a manager"):
            self.handoff.with_user(self.sales_wang).action_cancel()
        self.handoff.with_user(self.manager_qian).action_cancel()
        self.assertEqual(self.handoff.state, "cancelled")

    def test_customer_changed_hands_meanwhile(self):
        self.customer.service_user_id = self.service_lin
        with self.assertRaises(UserError):
            self.handoff.with_user(self.service_lin).action_return(reason="Mine now")
        self.handoff.with_user(self.manager_qian).action_return(reason="Wrong size")
        self.assertEqual(self.handoff.receiver_id, self.service_lin)

    def test_steps_are_history(self):
        event = self.handoff.event_ids[0]
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            with self.assertRaises(AccessError):
                self.env["broker.handoff.event"].with_user(user).create(
                    {"handoff_id": self.handoff.id, "kind": "returned"}
                )
            with self.assertRaises(UserError):
                event.with_user(user).write({"reason": "Other"})
            with self.assertRaises(AccessError):
                event.with_user(user).unlink()
        with self.assertRaises(UserError):
            event.sudo().write({"kind": "returned"})
        with self.assertRaises(UserError):
            event.sudo().unlink()
        with self.assertRaises(UserError):
            self.handoff.with_user(self.manager_qian).write({"event_ids": [Command.unlink(event.id)]})


@tagged("post_install", "-at_install")
class TestSmallFirm(PathCommon):
    """Where nobody is asked, nobody waits."""

    def test_setting_of_the_company(self):
        self.company.broker_handoff_mode = "self"
        handoff = self._create_handoff()
        self.assertEqual(handoff.state, "accepted")
        self.assertTrue(handoff.accepted_itself)
        self.assertEqual(handoff.receiver_id, self.service_chen)
        self.assertEqual(handoff.acceptance_hours, 0)
        self.assertFalse(handoff.activity_ids)
        self.assertEqual(self._kinds(handoff), ["opened", "submitted", "accepted"])
        self.assertEqual(self._hand_over(self._repeat_order()).state, "accepted")

    def test_switched_on_while_one_is_open(self):
        handoff = self._create_handoff()
        self.assertEqual(handoff.state, "draft")
        self.company.broker_handoff_mode = "self"
        handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(handoff.state, "accepted")

    def test_setting_without_any_agent(self):
        self.company.broker_handoff_mode = "self"
        (self.service_chen + self.service_lin + self.manager_qian).active = False
        lead = self._create_lead(self._create_partner("Alone", self.sales_wang))
        lead.with_user(self.sales_wang).stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual(handoff.state, "accepted")
        self.assertTrue(handoff.receiver_id)

    def test_team_divided_by_territory(self):
        team = self.env["crm.team"].create({"name": "North", "broker_is_territory": True})
        team.member_ids = self.sales_wang + self.service_lin
        self.assertEqual(team.broker_without_role, self.sales_wang.name)
        lead = self._create_lead(team_id=team.id)
        self._create_order(lead)
        lead.stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual((handoff.state, handoff.receiver_id), ("accepted", self.sales_wang))
        self.assertEqual(self.customer.service_user_id, self.sales_wang)
        # Wang runs the job although only a salesperson.
        handoff.order_ids.with_user(self.sales_wang).action_confirm_receipt()
        # Another team hands over as before.
        other = self._create_handoff(self._create_lead(self._create_partner("Other", self.sales_zhao), self.sales_zhao))
        self.assertEqual(other.state, "draft")

    def test_self_accepted_is_not_given_back_to_oneself(self):
        team = self.env["crm.team"].create(
            {"name": "North", "broker_is_territory": True, "member_ids": self.sales_wang.ids}
        )
        lead = self._create_lead(team_id=team.id)
        self._create_order(lead)
        lead.stage_id = self.stage_handoff
        with self.assertRaisesRegex(UserError, "nobody to give it back to"):
            lead.broker_handoff_ids.with_user(self.sales_wang).action_return(reason="Me")
