from unittest.mock import patch

from odoo.exceptions import AccessError, LockError, UserError
from odoo.tests import new_test_user, tagged

from .common_relay import RelayCommon


@tagged("post_install", "-at_install")
class TestRelayGuard(RelayCommon):
    """Jobs that somebody, or an odd moment, would bring off their way."""

    def test_crafted_defaults_write_no_history(self):
        order = self._create_job()
        crafted = {
            "default_finished_at": "2026-03-01 00:00:00",
            "default_outcome": "finished",
            "default_hours": 0.1,
            "default_note": "Forged",
        }
        order.with_user(self.service_chen).with_context(**crafted).action_broker_next()
        leg = order.sudo().broker_leg_id
        self.assertEqual(leg.stage_id.code, "proof")
        self.assertFalse(leg.finished_at or leg.outcome or leg.hours or leg.note)
        order.with_user(self.service_chen).with_context(**crafted).action_broker_wait_customer()
        self.assertFalse(leg.wait_ids.finished_at or leg.wait_ids.hours)
        self._move(order, "printing")
        self.assertTrue(leg.finished_at)

    def test_passing_on_hides_no_delay(self):
        self.stage["artwork"].hours = 4
        order = self._create_job()
        self.at("2026-03-02 06:00:00")
        order.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self.at("2026-03-02 09:00:00")
        self._move(order, "proof", self.service_lin)
        legs = self._get_legs(order)
        # Three hours with Chen and three with Lin, of four.
        self.assertEqual(legs[:2].mapped("own_hours"), [3, 3])
        self.assertEqual(legs[:2].mapped("late_count"), [0, 1])
        self.assertEqual(legs[:2].mapped("own_late_count"), [0, 1])

    def test_passing_on_what_waited_is_not_late_by_ourselves(self):
        self.stage["artwork"].hours = 4
        order = self._create_job()
        order.with_user(self.service_chen).action_broker_wait_customer()
        self.at("2026-03-02 06:00:00")
        order.with_user(self.service_chen).action_broker_wait_us()
        order.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self.at("2026-03-02 09:00:00")
        self._move(order, "proof", self.service_lin)
        self.assertEqual(self._get_legs(order)[1].own_late_count, 0)

    def test_customers_do_not_read_who_is_late(self):
        order = self._create_job()
        portal = new_test_user(self.env, login="broker_relay_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.partner
        order.message_subscribe(portal.partner_id.ids)
        self.assertTrue(order.with_user(portal).read(["name"]))
        for name in (
            "broker_relay_stage_id",
            "broker_leg_user_id",
            "broker_leg_warn_at",
            "broker_leg_deadline",
            "broker_leg_escalated_at",
            "broker_waits_for",
            "broker_clock",
            "broker_return_count",
            "broker_out_of_relay",
        ):
            with self.assertRaises(AccessError, msg=name):
                order.with_user(portal).read([name])

    def test_nobody_gets_a_job_they_cannot_open(self):
        order = self._create_job().with_user(self.service_chen)
        with self.assertRaisesRegex(UserError, "has no role"):
            order.broker_leg_user_id = self.plain_user
        step = self.env["broker.relay.step"].with_user(self.service_chen)
        step = step.create({"order_id": order.id, "mode": "pass", "user_id": self.plain_user.id})
        with self.assertRaisesRegex(UserError, "has no role"):
            step.action_apply()
        self.assertEqual(order.broker_leg_user_id, self.service_chen)
        order.broker_leg_user_id = self.sales_zhao
        self.assertEqual(order.sudo().broker_leg_user_id, self.sales_zhao)

    def test_two_at_once_are_told(self):
        order = self._create_job().with_user(self.service_chen)
        taken = patch.object(type(order), "lock_for_update", side_effect=LockError("Cannot grab a lock"))
        for move in (
            order.action_broker_next,
            order.action_broker_wait_customer,
            lambda: order._broker_pass_on(self.service_lin),
        ):
            with taken, self.assertRaisesRegex(UserError, "Somebody else"):
                move()
