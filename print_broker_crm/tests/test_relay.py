from datetime import datetime

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.hooks import _place_jobs

from .common_relay import RelayCommon


@tagged("post_install", "-at_install")
class TestRelay(RelayCommon):
    """A job goes from stage to stage, forward, back, to other people, out and in again."""

    def test_confirmed_order_enters_the_first_stage(self):
        order = self._create_job()
        leg = self._get_legs(order)
        self.assertEqual(order.broker_relay_stage_id, self.stage["artwork"])
        self.assertEqual((leg.user_id, leg.role, leg.start_kind), (self.service_chen, "service", "confirmed"))
        self.assertEqual(order.broker_leg_user_id, self.service_chen)
        # Eight hours from ten: six today, two tomorrow; yellow after six of them.
        self.assertEqual(leg.deadline, datetime(2026, 3, 3, 2))
        self.assertEqual(leg.warn_at, datetime(2026, 3, 2, 9))

    def test_clock_colours(self):
        order = self._create_job()
        for moment, clock in (
            ("2026-03-02 08:59:00", "on_time"),
            ("2026-03-02 09:00:00", "soon"),
            ("2026-03-03 02:01:00", "late"),
        ):
            self.at(moment)
            order.invalidate_recordset(["broker_clock"])
            self.assertEqual(order.broker_clock, clock)
            for value in ("on_time", "soon", "late"):
                found = self.env["sale.order"].search([("broker_clock", "=", value), ("id", "=", order.id)])
                self.assertEqual(bool(found), value == clock)

    def test_clock_runs_in_working_hours(self):
        """Over nights, a weekend, a holiday, another time zone, and without a calendar."""
        holiday = {
            "date_from": "2026-03-08 16:00:00",
            "date_to": "2026-03-09 16:00:00",
            "calendar_id": self.calendar.id,
        }
        self.env["resource.calendar.leaves"].create({"name": "Holiday", **holiday})
        # Friday at three in the afternoon in Shanghai: two hours left, and Monday is a holiday.
        start = datetime(2026, 3, 6, 7)
        self.assertEqual(
            self.company._plan_broker_hours((2, 3, 100), start),
            [datetime(2026, 3, 6, 9), datetime(2026, 3, 10, 1), datetime(2026, 3, 26, 2)],
        )
        for hours in (2, 3, 5.5, 100, 300):
            self.assertEqual(
                self.company._plan_broker_hours([hours], start),
                [self.env["broker.handoff"]._plan_hours(self.company, hours, start)],
            )
        self.calendar.tz = "Europe/Berlin"
        self.assertEqual(self.company._plan_broker_hours([1], start), [datetime(2026, 3, 6, 8)])
        self.calendar.attendance_ids.unlink()
        self.assertEqual(self.company._plan_broker_hours([3], start), [datetime(2026, 3, 6, 10)])
        self.company.resource_calendar_id = False
        self.assertEqual(self.company._plan_broker_hours([3], start), [datetime(2026, 3, 6, 10)])

    def test_hours_by_tier(self):
        tier = self.env["broker.tier"].search([("rank", "=", 5)])
        self.customer.write(
            {"tier_manual_id": tier.id, "tier_manual_reason": "Test", "tier_manual_until": "2030-01-01"}
        )
        order = self._create_job()
        self.assertEqual(self._get_legs(order).allowed_hours, 4)
        self.assertEqual(order.broker_leg_deadline, datetime(2026, 3, 2, 7))

    def test_from_artwork_to_done(self):
        order = self._create_job()
        agent = order.with_user(self.service_chen)
        self.at("2026-03-02 07:00:00")
        agent.action_broker_next()
        self.assertEqual(order.broker_relay_stage_id.code, "proof")
        leg = self._get_legs(order)[0]
        # 10 to 12 and 13 to 15.
        self.assertEqual((leg.hours, leg.outcome, leg.late_count), (4, "finished", 0))
        agent.action_broker_next()
        self.assertEqual((order.broker_relay_stage_id.code, order.broker_waits_for), ("printing", "printing_house"))
        agent.action_broker_next()
        action = agent.action_broker_next()
        self.assertEqual(action["res_model"], "broker.relay.step")
        step = Form(self.env[action["res_model"]].with_user(self.service_chen).with_context(**action["context"]))
        self.assertEqual(step.stage_id, self.stage["receipt"])
        step.note = "SF 1234"
        step.save().action_apply()
        self.assertEqual(order.broker_relay_stage_id.code, "receipt")
        self.assertFalse(order.broker_receipt_date)
        self.at("2026-03-04 02:00:00")
        agent.action_broker_next()
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")
        self.assertEqual(order.broker_receipt_date, datetime(2026, 3, 4, 2))
        agent.action_broker_next()
        self.assertEqual(order.broker_relay_stage_id.code, "done")
        self.assertFalse(order.broker_leg_id or order.broker_leg_user_id or order.broker_leg_deadline)
        legs = self._get_legs(order)
        self.assertEqual(len(legs), 6)
        self.assertTrue(all(leg.finished_at for leg in legs))
        self.assertEqual(legs[3].note, "SF 1234")
        for earlier, later in zip(legs, legs[1:], strict=False):
            self.assertEqual((later.predecessor_id, later.started_at), (earlier, earlier.finished_at))

    def test_late_leg_and_time_waited_for_others(self):
        order = self._create_job()
        self.at("2026-03-02 03:00:00")
        order.with_user(self.service_chen).action_broker_wait_customer()
        self.at("2026-03-03 03:00:00")
        order.with_user(self.service_chen).action_broker_wait_us()
        self.at("2026-03-03 05:00:00")
        self._move(order, "proof")
        leg = self._get_legs(order)[0]
        # Monday 10-12, 13-17; Tuesday 8-12: ten hours, of which 11-12, 13-17 and 8-11 waited.
        self.assertEqual((leg.hours, leg.waiting_hours, leg.own_hours), (10, 8, 2))
        self.assertEqual((leg.late_count, leg.own_late_count), (1, 0))
        self.assertEqual(leg.wait_ids.mapped("hours"), [8])

    def test_stage_that_waits_for_others_counts_as_waiting(self):
        order = self._create_job()
        self._move(order, "printing")
        self.at("2026-03-02 06:00:00")
        self._move(order, "delivery")
        leg = self._get_legs(order)[1]
        self.assertEqual((leg.stage_id.code, leg.hours, leg.waiting_hours), ("printing", 3, 3))

    # RETURNS

    def test_return_goes_to_who_ran_the_stage(self):
        order = self._create_job()
        order.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self._move(order, "printing", self.service_lin)
        order.with_user(self.manager_qian)._broker_pass_on(self.service_chen)
        with self.assertRaisesRegex(UserError, "say why"):
            self._move(order, "artwork", returned=True)
        step = Form(
            self.env["broker.relay.step"]
            .with_user(self.service_chen)
            .with_context(default_order_id=order.id, default_mode="return")
        )
        self.assertEqual(step.stage_id, self.stage["artwork"])
        step.reason_id = self.reason
        step.reason = "RGB"
        step.save().action_apply()
        leg = self._get_legs(order)[-1]
        self.assertEqual(
            (leg.stage_id.code, leg.user_id, leg.return_user_id, leg.return_count, leg.start_kind),
            ("artwork", self.service_lin, self.service_lin, 1, "returned"),
        )
        self.assertEqual((leg.reason_id, leg.reason), (self.reason, "RGB"))
        self.assertEqual(self._get_legs(order)[-2].outcome, "returned")
        self.assertEqual(order.broker_return_count, 1)
        self.assertIn(self.service_lin, order.activity_ids.user_id)
        self.assertIn("RGB", order.message_ids[0].body)

    def test_return_to_somebody_who_left_goes_to_the_agent(self):
        order = self._create_job()
        order._broker_pass_on(self.service_lin)
        self._move(order, "printing", self.manager_qian)
        self.service_lin.action_archive()
        self._move(order, "artwork", returned=True, reason="Bad files")
        leg = self._get_legs(order)[-1]
        self.assertEqual((leg.user_id, leg.return_user_id), (self.service_chen, self.service_lin))

    def test_return_after_receipt_takes_the_receipt_back(self):
        order = self._create_job()
        order.with_user(self.service_chen).action_confirm_receipt()
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")
        self._move(order, "printing", returned=True, reason="Half of it is cut askew")
        self.assertFalse(order.broker_receipt_date)

    def test_nothing_is_returned_forward(self):
        order = self._create_job()
        with self.assertRaisesRegex(UserError, "earlier stage"):
            self._move(order, "printing", returned=True, reason="x")

    # WHAT HOLDS A JOB UP

    def test_evidence_is_asked_for(self):
        order = self._create_job()
        self._move(order, "delivery")
        with self.assertRaisesRegex(UserError, "write a note"):
            self._move(order, "receipt", note=" ")
        with self.assertRaises(RedirectWarning):
            order.with_user(self.service_chen).broker_relay_stage_id = self.stage["receipt"]
        self.stage["delivery"].evidence = "file"
        with self.assertRaisesRegex(UserError, "attach a file"):
            self._move(order, "receipt")
        step = Form(
            self.env["broker.relay.step"]
            .with_user(self.service_chen)
            .with_context(default_order_id=order.id, default_mode="next")
        )
        step.file = "cGRm"
        leg = self._get_legs(order)[-1]
        step.save().action_apply()
        self.assertEqual(leg.attachment_id.raw, b"pdf")
        with self.assertRaises(AccessError):
            leg.attachment_id.with_user(self.service_chen).unlink()
        self.stage["receipt"].evidence = "date"
        self._move(order, "reconciliation", date=datetime(2026, 3, 1, 3))
        self.assertEqual(order.broker_receipt_date, datetime(2026, 3, 1, 3))

    def test_reasons_of_the_rooms_hold_a_job_up(self):
        order = self._create_job()
        asked = []

        def check(self, stage):
            asked.append(stage.code)
            return ["the moon is not full"] if stage.code == "printing" else []

        self.patch(type(self.env["sale.order"]), "_broker_check_stage", check)
        # A job that jumps over printing is asked about printing, too.
        with self.assertRaisesRegex(UserError, "the moon is not full"):
            self._move(order, "delivery")
        self.assertEqual(asked, ["proof", "printing", "delivery"])
        self.assertEqual(len(self._get_legs(order)), 1)
        order.with_user(self.service_chen).action_confirm_receipt()
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")

    def test_receipt_waits_for_the_last_delivery(self):
        order = self._create_job(lines=[(self.box_product, 500.0, 300.0)])
        order.order_line[0].qty_delivered = 1
        agent = order.with_user(self.service_chen)
        with self.assertRaisesRegex(UserError, "Folding Box: 0 of 1"):
            agent.action_confirm_receipt()
        with self.assertRaisesRegex(UserError, "Folding Box: 0 of 1"):
            self._move(order, "reconciliation")
        order.order_line[1].qty_delivered = 1
        self._move(order, "reconciliation")
        self.assertTrue(order.broker_receipt_date)
        partly = self._create_job(lines=[(self.box_product, 500.0, 300.0)])
        partly.order_line[0].qty_delivered = 1
        self.company.broker_receipt_whole = False
        partly.with_user(self.service_chen).action_confirm_receipt()
        self.assertTrue(partly.broker_receipt_date)

    # WHO MAY

    def test_who_moves_a_job(self):
        order = self._create_job()
        for user in (self.sales_wang, self.service_lin, self.care_sun):
            with self.assertRaises(UserError):
                self._move(order, "proof", user)
            self.assertFalse(order.with_user(user).sudo(False)._broker_is_mover())
        self._move(order, "proof", self.manager_qian)
        order.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self.assertTrue(order.with_user(self.service_lin).has_access("write"))
        self.assertTrue(self.customer.with_user(self.service_lin).has_access("read"))
        self._move(order, "printing", self.service_lin)
        self.assertFalse(order.with_user(self.service_lin).has_access("read"))

    def test_dragging_is_moving(self):
        order = self._create_job()
        with self.assertRaisesRegex(UserError, "whoever has the job"):
            order.with_user(self.sales_wang).broker_relay_stage_id = self.stage["proof"]
        agent = order.with_user(self.service_chen)
        agent.write({"broker_relay_stage_id": self.stage["proof"].id})
        self.assertEqual(len(self._get_legs(order)), 2)
        with self.assertRaisesRegex(RedirectWarning, "takes a reason"):
            agent.write({"broker_relay_stage_id": self.stage["artwork"].id})
        with self.assertRaisesRegex(UserError, "in the relay"):
            agent.write({"broker_relay_stage_id": False})
        for name in ("broker_leg_id", "broker_leg_deadline", "broker_waits_for", "broker_leg_escalated_at"):
            for record in (agent, order.with_user(self.manager_qian), order.sudo()):
                with self.assertRaisesRegex(UserError, "cannot be written"):
                    record.write({name: False})

    def test_created_without_a_stage(self):
        order = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "broker_relay_stage_id": self.stage["done"].id}
        )
        self.assertFalse(order.broker_relay_stage_id)
        order = self._create_job()
        self.assertFalse(order.copy().broker_relay_stage_id)

    def test_history_is_not_changed(self):
        order = self._create_job()
        order.action_broker_wait_customer()
        self._move(order, "proof")
        for record in (self._get_legs(order)[0], self._get_legs(order)[1], self._get_legs(order)[0].wait_ids):
            for user in (self.env.user, self.manager_qian, self.env.ref("base.user_admin")):
                for rows in (record.with_user(user).sudo(False), record.with_user(user).sudo()):
                    with self.assertRaises(UserError):
                        rows.write({"started_at": "2020-01-01"})
                    with self.assertRaises(UserError):
                        rows.unlink()
                    with self.assertRaises(UserError):
                        rows.copy()
                    with self.assertRaises(UserError):
                        rows.create({"order_id": order.id})
            result = record.browse().sudo()
            with self.assertRaises(UserError):
                result.load(["order_id/.id"], [[str(order.id)]])
        with self.assertRaises(UserError):
            self._get_legs(order)[0]._finish(datetime(2026, 3, 9), "finished")
        with self.assertRaises(UserError):
            order.sudo().write({"broker_leg_ids": [Command.delete(self._get_legs(order)[0].id)]})

    # PASSING ON

    def test_passed_on_keeps_the_deadline(self):
        order = self._create_job()
        order.action_broker_wait_customer()
        self.at("2026-03-02 05:00:00")
        order.with_user(self.service_chen)._broker_pass_on(self.service_lin, "I am on the road")
        first, second = self._get_legs(order)
        self.assertEqual(
            (first.outcome, second.start_kind, second.reason), ("passed_on", "passed_on", "I am on the road")
        )
        self.assertEqual((second.user_id, second.deadline), (self.service_lin, first.deadline))
        self.assertEqual(order.broker_waits_for, "customer")
        self.assertEqual((len(first.wait_ids), len(second.wait_ids)), (1, 1))
        with self.assertRaisesRegex(UserError, "does not work for"):
            order._broker_pass_on(self.env.ref("base.public_user"))

    def test_agent_who_leaves(self):
        orders = self._create_job() + self._create_job()
        self.service_chen.action_archive()
        self.assertEqual(orders.mapped("broker_leg_user_id"), self.sales_wang)
        self.sales_wang.action_archive()
        self.assertFalse(orders.broker_leg_user_id)
        self.assertEqual(len(self._get_legs(orders[0])), 3)
        orders[0].with_user(self.service_lin).sudo(False)
        self.assertTrue(orders.broker_leg_id)

    def test_successor_gets_the_legs(self):
        order = self._create_job()
        change = self.env["broker.staff.change"].create(
            {"mode": "rebalancing", "user_id": self.service_chen.id, "customer_ids": [Command.set(self.customer.ids)]}
        )
        change.action_collect()
        change.line_ids.write({"successor_id": self.service_lin.id})
        change.action_confirm()
        self.assertEqual(order.broker_leg_user_id, self.service_lin)
        self.assertEqual(self._get_legs(order)[-1].start_kind, "passed_on")

    def test_other_agent_of_the_customer_takes_the_legs(self):
        order = self._create_job()
        done = self._create_job()
        self._move(done, "done")
        self.customer.service_user_id = self.service_lin
        self.assertEqual(order.broker_leg_user_id, self.service_lin)
        self.assertFalse(done.broker_leg_user_id)

    def test_without_an_agent_the_salesperson_runs_it(self):
        self.customer.service_user_id = False
        order = self._create_job(user_id=self.sales_wang.id)
        self.assertEqual(order.broker_leg_user_id, self.sales_wang)
        for code in ("proof", "printing", "delivery", "receipt"):
            self._move(order, code, self.sales_wang)
        order.with_user(self.sales_wang).action_confirm_receipt()
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")

    # OUT AND IN

    def test_cancelled_and_reopened(self):
        order = self._create_job()
        self._move(order, "printing")
        order._action_cancel()
        leg = self._get_legs(order)[-1]
        self.assertEqual(
            (leg.outcome, order.broker_relay_stage_id.id, order.broker_leg_id.id), ("cancelled", False, False)
        )
        with self.assertRaisesRegex(UserError, "confirmed order that is in the relay"):
            self._move(order, "delivery")
        with self.assertRaisesRegex(UserError, "for the record|commission"):
            order.unlink()
        order.action_draft()
        order.action_confirm()
        leg = self._get_legs(order)[-1]
        self.assertEqual((leg.start_kind, leg.stage_id.code, len(self._get_legs(order))), ("reopened", "printing", 3))

    def test_amended_stays(self):
        order = self._create_job()
        self._move(order, "printing")
        leg = order.broker_leg_id
        order.order_line = [Command.create({"product_id": self.box_product.id, "price_unit": 5})]
        order.order_line[0].product_uom_qty = 3
        self.assertEqual(order.broker_leg_id, leg)

    def test_out_of_the_relay(self):
        self.print_product.product_tmpl_id.broker_out_of_relay = True
        order = self._create_job()
        self.assertFalse(order.broker_relay_stage_id)
        mixed = self._create_job(lines=[(self.box_product, 5.0, 3.0)])
        self.assertTrue(mixed.broker_relay_stage_id)
        with self.assertRaisesRegex(UserError, "Only a manager"):
            mixed.with_user(self.service_chen).broker_out_of_relay = True
        mixed.with_user(self.manager_qian).broker_out_of_relay = True
        self.assertFalse(mixed.broker_relay_stage_id)
        self.assertEqual(self._get_legs(mixed).outcome, "left")
        mixed.with_user(self.manager_qian).broker_out_of_relay = False
        self.assertTrue(mixed.broker_relay_stage_id)
        self.company.broker_relay_active = False
        self.assertFalse(self._create_job(lines=[(self.box_product, 5.0, 3.0)]).broker_relay_stage_id)

    def test_printing_added_to_services(self):
        self.print_product.product_tmpl_id.broker_out_of_relay = True
        order = self._create_job()
        order.order_line = [Command.create({"product_id": self.box_product.id, "price_unit": 5})]
        self.assertEqual(order.broker_relay_stage_id.code, "artwork")

    def test_jobs_of_before_the_installation(self):
        orders = self.env["sale.order"].concat(*(self._create_job() for _index in range(4)))
        orders._broker_leave_relay("left")
        opened, delivered, invoiced, quotation = orders
        delivered.order_line.qty_delivered = 1
        self._create_posted_invoice(invoiced)
        quotation._action_cancel()
        self.env.flush_all()
        _place_jobs(self.env)
        self.env.invalidate_all()
        self.assertEqual(orders.mapped("broker_stage_code"), ["artwork", "reconciliation", "done", False])
        self.assertFalse(orders.broker_leg_id)
        self._move(opened, "proof")
        self.assertEqual(len(self._get_legs(opened).filtered(lambda leg: not leg.finished_at)), 1)
        delivered.with_user(self.service_chen)._broker_pass_on(self.service_lin)
        self.assertEqual(
            (delivered.broker_leg_user_id, delivered.broker_leg_id.start_kind), (self.service_lin, "reopened")
        )
        self.assertTrue(delivered.broker_leg_deadline)

    def test_parallel_jobs_are_independent(self):
        first, second = self._create_job(), self._create_job()
        self._move(first, "delivery")
        self.assertEqual(second.broker_relay_stage_id.code, "artwork")
        second._action_cancel()
        self.assertEqual(first.broker_relay_stage_id.code, "delivery")

    def test_receipt_and_stage_agree(self):
        order = self._create_job()
        self.at("2026-03-05 02:00:00")
        order.with_user(self.service_chen).action_confirm_receipt()
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")
        self.assertEqual(len(self._get_legs(order)), 2)
        order.with_user(self.manager_qian).broker_receipt_date = False
        self.assertEqual(order.broker_relay_stage_id.code, "receipt")
        leg = self._get_legs(order)[-1]
        self.assertEqual((leg.start_kind, leg.return_count), ("corrected", 0))
        order.with_user(self.manager_qian).broker_receipt_date = datetime(2026, 3, 4, 8)
        self.assertEqual(order.broker_relay_stage_id.code, "reconciliation")

    def test_handoff_brings_the_leg(self):
        self.customer.service_user_id = False
        order = self._create_job(user_id=self.sales_wang.id)
        handoff = (
            self.env["broker.handoff"]
            .sudo()
            .create(
                {"customer_id": self.customer.id, "sender_id": self.sales_wang.id, "receiver_id": self.service_lin.id}
            )
        )
        order.sudo().broker_handoff_id = handoff
        self.at("2026-03-03 02:00:00")
        handoff.sudo().write({"state": "accepted"})
        handoff._after_accept()
        leg = self._get_legs(order)[-1]
        self.assertEqual((leg.user_id, leg.start_kind), (self.service_lin, "handed_over"))
        self.assertEqual(leg.deadline, datetime(2026, 3, 4, 2))

    # LATE

    def test_late_jobs_are_told_once(self):
        late, in_time = self._create_job(), self._create_job()
        self.at("2026-03-03 03:00:00")
        self._move(in_time, "proof")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            for _run in range(2):
                self.env.ref("print_broker_crm.ir_cron_broker_leg_late").method_direct_trigger()
        todo = self.env.ref("print_broker_crm.mail_activity_type_leg_late")
        todos = (late + in_time).activity_ids.filtered(lambda activity: activity.activity_type_id == todo)
        self.assertEqual(todos.mapped("res_id").count(late.id), len(todos))
        self.assertIn(self.manager_qian, todos.user_id)
        self.assertEqual(len(todos), len(todos.user_id))
        self._move(late, "proof")
        self.assertFalse(todos.exists().filtered("active"))
        self.assertFalse(late.broker_leg_escalated_at)

    # FIGURES

    def test_figures_equal_a_count_by_hand(self):
        hours = (1, 2, 4, 6)
        for length in hours:
            self.at("2026-03-02 02:00:00")
            order = self._create_job()
            self.at(
                {
                    1: "2026-03-02 03:00:00",
                    2: "2026-03-02 04:00:00",
                    4: "2026-03-02 07:00:00",
                    6: "2026-03-02 09:00:00",
                }[length]
            )
            self._move(order, "proof")
        domain = [
            ("stage_id", "=", self.stage["artwork"].id),
            ("finished_at", "!=", False),
            ("customer_id", "=", self.customer.id),
        ]
        self.assertEqual(
            self.env["broker.relay.leg"]._get_figures(domain), {(self.stage["artwork"], self.service_chen): (4, 3.0)}
        )
        [group] = self.env["broker.relay.leg"].formatted_read_group(domain, ["user_id"], ["__count", "hours:median"])
        self.assertEqual((group["__count"], group["hours:median"]), (4, 3.0))
        agent = self.env["broker.relay.leg"].with_user(self.service_chen)
        self.assertEqual(agent._get_figures(domain)[self.stage["artwork"], self.service_chen], (4, 3.0))

    def test_many_cost_no_more_queries(self):
        def confirm(count):
            orders = self.env["sale.order"].concat(*(self._create_job(confirm=False) for _index in range(count)))
            orders.write({"state": "sale"})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            orders._broker_start_relay()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        confirm(2)
        self.assertLessEqual(confirm(20), confirm(2))
