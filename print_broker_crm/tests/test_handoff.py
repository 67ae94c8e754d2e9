from datetime import datetime

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_handoff import HandoffCommon


@tagged("post_install", "-at_install")
class TestHandoffOpen(HandoffCommon):
    def test_stage_is_shipped_after_won(self):
        self.assertEqual(self.stage_handoff.sequence, self.stage_won.sequence + 1)
        self.assertTrue(self.stage_handoff.is_won)
        self.assertTrue(self.stage_handoff.is_service_handoff)
        lead = self._create_lead()
        lead.stage_id = self.stage_handoff
        self.assertEqual(lead.probability, 100)
        self.assertEqual(lead.won_status, "won")

    def test_stage_opens_one_handoff(self):
        lead = self._create_lead()
        order = self._create_order(lead)
        lead.with_user(self.sales_wang).stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual(len(handoff), 1)
        self.assertEqual(handoff.state, "draft")
        self.assertEqual(handoff.customer_id, self.customer)
        self.assertEqual(handoff.sender_id, self.sales_wang)
        self.assertEqual(handoff.receiver_id, self.service_chen)
        self.assertEqual(handoff.order_ids, order)
        self.assertEqual(handoff.order_id, order)
        self.assertTrue(handoff.name.startswith("HO"))
        self.assertEqual(len(handoff.item_ids), 10)

    def test_stage_twice_opens_no_second(self):
        handoff = self._create_handoff()
        lead = handoff.lead_id
        lead.stage_id = self.stage_won
        lead.stage_id = self.stage_handoff
        self.assertEqual(lead.broker_handoff_ids, handoff)
        self._complete(handoff).action_submit()
        handoff.action_accept()
        lead.stage_id = self.stage_won
        lead.stage_id = self.stage_handoff
        self.assertEqual(lead.broker_handoff_ids, handoff)

    def test_stage_after_cancel_opens_another(self):
        handoff = self._create_handoff()
        order = handoff.order_ids
        handoff.action_cancel()
        self.assertFalse(order.broker_handoff_id)
        handoff.lead_id.stage_id = self.stage_won
        handoff.lead_id.stage_id = self.stage_handoff
        second = handoff.lead_id.broker_handoff_ids - handoff
        self.assertEqual(len(second), 1)
        self.assertEqual(order.broker_handoff_id, second)

    def test_create_in_stage(self):
        lead = self._create_lead(stage_id=self.stage_handoff.id)
        self.assertEqual(len(lead.broker_handoff_ids), 1)

    def test_lead_without_customer(self):
        lead = self._create_lead()
        lead.partner_id = False
        with self.assertRaisesRegex(UserError, "Set the customer.*Menus for spring"), self.cr.savepoint():
            lead.stage_id = self.stage_handoff
        lead.invalidate_recordset()
        self.assertEqual(lead.stage_id, self.stage_new)
        self.assertEqual(lead.name, "Menus for spring")

    def test_second_open_handoff_is_refused(self):
        handoff = self._create_handoff()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            handoff.copy({"lead_id": handoff.lead_id.id, "name": "HO-double"}).flush_recordset()

    def test_order_confirmed_later_is_linked(self):
        handoff = self._create_handoff(order=False)
        self.assertFalse(handoff.order_id)
        order = self._create_order(handoff.lead_id, confirm=False)
        self.assertFalse(order.broker_handoff_id)
        order.action_confirm()
        self.assertEqual(order.broker_handoff_id, handoff)
        self.assertEqual(handoff.order_id, order)
        order._action_cancel()
        self.assertFalse(handoff.order_id)

    def test_customer_of_contact_person(self):
        person = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id, "phone": "1"})
        handoff = self._create_handoff(self._create_lead(person))
        self.assertEqual(handoff.customer_id, self.customer)
        self.assertEqual(handoff.contact_id, person)

    def test_receivers_take_turns(self):
        leads = self.env["crm.lead"].concat(
            *(self._create_lead(self._create_partner(f"Customer {index}", self.sales_wang)) for index in range(4))
        )
        leads.stage_id = self.stage_handoff
        receivers = leads.broker_handoff_ids.sorted("id").receiver_id
        counts = self.env["broker.handoff"]._read_group([("lead_id", "in", leads.ids)], ["receiver_id"], ["__count"])
        self.assertEqual(receivers, self.service_chen + self.service_lin)
        self.assertEqual([count for _user, count in counts], [2, 2])

    def test_receiver_skips_those_who_left(self):
        self.service_chen.active = False
        lead = self._create_lead(self._create_partner("Customer", self.sales_wang))
        lead.stage_id = self.stage_handoff
        self.assertEqual(lead.broker_handoff_ids.receiver_id, self.service_lin)

    def test_no_agent_leaves_receiver_empty(self):
        (self.service_chen + self.service_lin).active = False
        lead = self._create_lead(self._create_partner("Customer", self.sales_wang))
        lead.stage_id = self.stage_handoff
        self.assertFalse(lead.broker_handoff_ids.receiver_id)

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        self.sales_wang.company_ids += other
        self.service_lin.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        lead = self._create_lead(company_id=other.id)
        lead.stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertEqual(handoff.company_id, other)
        self.assertNotEqual(handoff.customer_id, self.customer)
        self.assertEqual(handoff.customer_id.company_id, other)
        # Chen serves the same contact, but in the first company.
        self.assertEqual(handoff.receiver_id, self.service_lin)
        self.assertFalse(self.env["broker.handoff"].with_user(self.manager_qian).search([("id", "=", handoff.id)]))
        with self.assertRaises(AccessError):
            handoff.with_user(self.manager_qian).read(["name"])

    def test_requirements_of_other_company_are_not_asked(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        self.env["broker.handoff.requirement"].create({"name": "Only there", "company_id": other.id})
        self.env["broker.handoff.requirement"].create({"name": "Only here", "company_id": self.company.id})
        # Both move in one batch.
        self.sales_wang.company_ids += other
        here = self._create_lead()
        there = self._create_lead(company_id=other.id)
        (here + there).stage_id = self.stage_handoff
        for lead, asked, not_asked in ((here, "Only here", "Only there"), (there, "Only there", "Only here")):
            names = lead.broker_handoff_ids.item_ids.mapped("display_name")
            self.assertIn(asked, names)
            self.assertNotIn(not_asked, names)

    def _count_open(self, size):
        """Return how many queries it takes to hand over some leads with a job each."""
        leads = self.env["crm.lead"].concat(
            *(
                self._create_lead(self._create_partner(f"Customer {size} {index}", self.sales_wang))
                for index in range(size)
            )
        )
        for lead in leads:
            self._create_order(lead)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.env["broker.handoff"]._open_for_leads(leads)
        self.env.flush_all()
        count = self.cr.sql_log_count - before
        self.assertEqual(len(leads.broker_handoff_ids.order_ids), size)
        return count

    def test_mass_move_costs_the_same(self):
        # Odoo inserts a hundred rows at a time: three items on each of twenty lists
        # are one insert.
        requirements = self.env["broker.handoff.requirement"].search([])
        requirements[3:].active = False
        self._count_open(1)
        self.assertEqual(self._count_open(2), self._count_open(20))

    def test_merge_keeps_one_open(self):
        first = self._create_handoff()
        second = self._create_handoff()
        order = second.order_ids
        second.promises = "Free delivery"
        self._complete(first).promises = False
        (first.lead_id + second.lead_id).with_user(self.manager_qian).merge_opportunity()
        self.assertTrue(first.exists())
        self.assertTrue(second.exists())
        lead = (first + second).lead_id
        self.assertEqual(len(lead), 1)
        self.assertEqual(lead.broker_handoff_ids, first + second)
        kept = (first + second).filtered(lambda handoff: handoff.state == "draft")
        self.assertEqual(len(kept), 1)
        self.assertEqual((first + second - kept).state, "cancelled")
        self.assertEqual(order.broker_handoff_id, kept)
        self.assertEqual(len(kept.order_ids), 2)

    def test_merge_by_salesperson_keeps_the_submitted(self):
        lead = self._create_lead(expected_revenue=10)
        submitted = self._complete(self._create_handoff())
        submitted.action_submit()
        lead.with_user(self.sales_wang).stage_id = self.stage_handoff
        draft = lead.broker_handoff_ids
        (lead + submitted.lead_id).with_user(self.sales_wang).merge_opportunity()
        self.assertEqual(submitted.state, "submitted")
        self.assertEqual(draft.state, "cancelled")
        self.assertEqual(submitted.lead_id, draft.lead_id)
        self.assertTrue(submitted.lead_id)


@tagged("post_install", "-at_install")
class TestHandoffRelay(HandoffCommon):
    def test_accept_makes_the_receiver_the_service_agent(self):
        self.customer.service_user_id = False
        handoff = self._complete(self._create_handoff())
        handoff.receiver_id = self.service_lin
        handoff.action_submit()
        handoff.with_user(self.service_lin).action_accept()
        self.assertEqual(handoff.state, "accepted")
        self.assertEqual(self.customer.service_user_id, self.service_lin)
        row = self.customer.assignment_ids.filtered(lambda row: row.role == "service" and not row.date_to)
        self.assertEqual(row.user_id, self.service_lin)
        self.assertIn(handoff.name, row.reason)
        self.assertFalse(self._activities(handoff, "accept"))

    def test_accept_without_receiver_takes_it(self):
        handoff = self._complete(self._create_handoff())
        handoff.receiver_id = False
        handoff.action_submit()
        handoff.with_user(self.service_lin).action_accept()
        self.assertEqual(handoff.receiver_id, self.service_lin)
        self.assertEqual(self.customer.service_user_id, self.service_lin)

    def test_return_then_accept(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        artwork = self._item(handoff, "artwork")
        wizard = Form(
            self.env["broker.handoff.return"].with_user(self.service_chen).with_context(default_handoff_id=handoff.id)
        )
        wizard.item_ids.add(artwork)
        wizard.reason = "The files are in RGB."
        wizard.save().action_return()
        self.assertEqual(handoff.state, "returned")
        self.assertEqual(handoff.return_count, 1)
        self.assertEqual(handoff.return_reason, "Artwork received\nThe files are in RGB.")
        self.assertTrue(artwork.is_returned)
        self.assertFalse(artwork.status)
        self.assertFalse(self._activities(handoff, "accept"))
        self.assertEqual(self._activities(handoff, "return").user_id, self.sales_wang)
        with self.assertRaisesRegex(UserError, "Artwork received"):
            handoff.with_user(self.sales_wang).action_submit()
        artwork.with_user(self.sales_wang).action_mark_provided()
        handoff.with_user(self.sales_wang).action_submit()
        self.assertFalse(self._activities(handoff, "return"))
        self.assertFalse(artwork.is_returned)
        handoff.with_user(self.service_chen).action_accept()
        self.assertEqual(handoff.state, "accepted")
        self.assertEqual(handoff.return_count, 1)

    def test_return_needs_a_reason(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        with self.assertRaisesRegex(UserError, "Say why"):
            handoff.with_user(self.service_chen).action_return(reason="  ")
        other = self._create_handoff()
        with self.assertRaisesRegex(UserError, "belong to another handoff"):
            handoff.with_user(self.service_chen).action_return(other.item_ids[:1])
        self.assertEqual(handoff.state, "submitted")
        self.assertFalse(handoff.return_count)

    def test_wrong_order_of_steps(self):
        handoff = self._complete(self._create_handoff())
        with self.assertRaisesRegex(UserError, "cannot be done any more"):
            handoff.action_accept()
        with self.assertRaises(UserError):
            handoff.action_return(reason="Too early")
        handoff.action_submit()
        with self.assertRaises(UserError):
            handoff.action_submit()
        handoff.action_accept()
        for action in (handoff.action_submit, handoff.action_accept, handoff.action_cancel):
            with self.assertRaises(UserError):
                action()

    def test_same_person_accepts_itself(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_service_agent")
        self.customer.service_user_id = False
        lead = self._create_lead()
        handoff = self._complete(self._create_handoff(lead))
        self.assertEqual(handoff.receiver_id, self.sales_wang)
        handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(handoff.state, "accepted")
        self.assertEqual(handoff.acceptance_hours, 0)
        self.assertEqual(self.customer.service_user_id, self.sales_wang)
        self.assertFalse(handoff.activity_ids)

    def test_same_person_with_gap(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_service_agent")
        self.customer.service_user_id = False
        handoff = self._create_handoff()
        with self.assertRaises(UserError):
            handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(handoff.state, "draft")

    def test_manager_moves_a_submitted_handoff(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        with self.assertRaisesRegex(UserError, "ask a manager"):
            handoff.with_user(self.sales_wang).receiver_id = self.service_lin
        handoff.with_user(self.manager_qian).receiver_id = self.service_lin
        self.assertEqual(self._activities(handoff, "accept").user_id, self.service_lin)

    def test_agent_who_leaves_passes_on(self):
        submitted = self._complete(self._create_handoff())
        submitted.action_submit()
        accepted = self._complete(self._create_handoff())
        accepted.action_submit()
        accepted.action_accept()
        self.service_chen.with_user(self.env.ref("base.user_admin")).action_archive()
        self.assertEqual(submitted.receiver_id, self.service_lin)
        self.assertEqual(self._activities(submitted, "accept").user_id, self.service_lin)
        self.assertEqual(accepted.receiver_id, self.service_chen)
        self.service_lin.active = False
        self.assertFalse(submitted.receiver_id)
        submitted.with_user(self.manager_qian).action_accept()
        self.assertEqual(submitted.receiver_id, self.manager_qian)

    def test_receiver_must_serve(self):
        handoff = self._create_handoff()
        with self.assertRaisesRegex(ValidationError, "only a service agent"):
            handoff.with_user(self.sales_wang).receiver_id = self.sales_wang

    def test_receipt(self):
        handoff = self._complete(self._create_handoff())
        order = handoff.order_ids
        with self.assertRaisesRegex(UserError, "service agent or a manager"):
            order.with_user(self.sales_wang).action_confirm_receipt()
        with self.assertRaisesRegex(UserError, "service agent or a manager"):
            order.with_user(self.sales_wang).broker_receipt_date = datetime(2026, 11, 1)
        with freeze_time("2026-11-20 02:00:00"):
            order.with_user(self.service_chen).action_confirm_receipt()
        self.assertEqual(order.broker_receipt_date, datetime(2026, 11, 20, 2))
        order.with_user(self.service_chen).action_confirm_receipt()
        self.assertEqual(order.broker_receipt_date, datetime(2026, 11, 20, 2))
        quotation = self._create_order(handoff.lead_id, confirm=False)
        with self.assertRaisesRegex(UserError, "confirm it first"):
            quotation.action_confirm_receipt()

    def test_link_to_the_handoff_is_not_written(self):
        handoff = self._create_handoff()
        order = self._create_order(self._create_lead())
        with self.assertRaisesRegex(UserError, "not by hand"):
            order.with_user(self.sales_wang).broker_handoff_id = handoff
        vals = {"partner_id": self.partner.id}
        with self.assertRaisesRegex(UserError, "not by hand"):
            self.env["sale.order"].with_user(self.sales_wang).create({**vals, "broker_handoff_id": handoff.id})
        with self.assertRaisesRegex(UserError, "confirm it first"):
            self.env["sale.order"].with_user(self.sales_wang).create({**vals, "broker_receipt_date": "2026-11-01"})

    def _count_read(self, handoffs):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        handoffs.with_user(self.manager_qian).web_read(
            {
                "gap_count": {},
                "amount_untaxed": {},
                "customer_name": {},
                "is_late": {},
                "can_submit": {},
                "can_receive": {},
                "cost_known": {},
                "contact_phone": {},
            }
        )
        return self.cr.sql_log_count - before

    def test_reading_many_costs_the_same(self):
        handoffs = self.env["broker.handoff"].concat(
            *(
                self._create_handoff(self._create_lead(self._create_partner(f"Customer {index}", self.sales_wang)))
                for index in range(12)
            )
        )
        self._count_read(handoffs[:1])
        self.assertEqual(self._count_read(handoffs[:2]), self._count_read(handoffs))

    def test_lead_deleted_keeps_handoff(self):
        handoff = self._create_handoff()
        handoff.lead_id.unlink()
        self.assertTrue(handoff.exists())
        self.assertFalse(handoff.lead_id)

    def test_buttons_open_the_handoff(self):
        handoff = self._create_handoff()
        lead = handoff.lead_id.with_user(self.sales_wang)
        self.assertEqual(lead.broker_handoff_count, 1)
        self.assertEqual(lead.action_view_broker_handoffs()["res_id"], handoff.id)
        customer = self.customer.with_user(self.sales_wang)
        self.assertEqual((customer.handoff_count, customer.open_handoff_count), (1, 1))
        domain = customer.action_view_handoffs()["domain"]
        self.assertEqual(self.env["broker.handoff"].search(domain), handoff)
