from datetime import datetime, timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import BrokerCommon


class HandoffCommon(BrokerCommon):
    """Opportunities, jobs and complete packets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stage_handoff = cls.env.ref("print_broker_crm.crm_stage_service_handoff")
        cls.stage_new = cls.env.ref("crm.stage_lead1")
        cls.stage_won = cls.env.ref("crm.stage_lead4")
        cls.product = cls.env["product.product"].create(
            {"name": "Brochure", "type": "service", "list_price": 2.0, "standard_price": 1.4}
        )
        cls.payment_term = cls.env["account.payment.term"].create({"name": "30 days"})
        cls.customer = cls._open_customer(service=cls.service_chen)

    @classmethod
    def _create_lead(cls, partner=None, user=None, **kwargs):
        return cls.env["crm.lead"].create(
            {
                "name": "Menus for spring",
                "type": "opportunity",
                "partner_id": (partner or cls.partner).id,
                "user_id": (user or cls.sales_wang).id,
                "stage_id": cls.stage_new.id,
                "company_id": cls.company.id,
                **kwargs,
            }
        )

    @classmethod
    def _create_order(cls, lead, confirm=True, **kwargs):
        order = cls.env["sale.order"].create(
            {
                "partner_id": lead.partner_id.id,
                "opportunity_id": lead.id,
                "user_id": lead.user_id.id,
                "company_id": lead.company_id.id,
                "payment_term_id": cls.payment_term.id,
                "commitment_date": datetime(2026, 12, 1, 8),
                "order_line": [Command.create({"product_id": cls.product.id, "product_uom_qty": 1000})],
                **kwargs,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _create_handoff(cls, lead=None, order=True):
        """Return the draft handoff of a lead with a confirmed job."""
        lead = lead or cls._create_lead()
        if order:
            cls._create_order(lead)
        lead.stage_id = cls.stage_handoff
        return lead.broker_handoff_ids

    @classmethod
    def _item(cls, handoff, name):
        return handoff.item_ids.filtered(
            lambda item: item.requirement_id == cls.env.ref(f"print_broker_crm.broker_handoff_requirement_{name}")
        )

    @classmethod
    def _complete(cls, handoff):
        handoff.write({"promises": "Proof by Tuesday", "not_sold": "No layout", "still_open": "Paper"})
        cls._item(handoff, "artwork").action_mark_provided()
        return handoff

    def _activities(self, handoff, kind):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "broker.handoff"),
                ("res_id", "in", handoff.ids),
                ("activity_type_id", "=", self.env.ref(f"print_broker_crm.mail_activity_type_handoff_{kind}").id),
            ]
        )


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


@tagged("post_install", "-at_install")
class TestHandoffAccess(HandoffCommon):
    def setUp(self):
        super().setUp()
        self.handoff = self._complete(self._create_handoff())

    def _readable(self, user):
        return self.handoff.with_user(user)._filtered_access("read")

    def test_who_reads(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.manager_qian):
            self.assertTrue(self._readable(user), user.name)
        for user in (self.sales_zhao, self.service_lin, self.plain_user):
            self.assertFalse(self._readable(user), user.name)

    def test_who_reads_without_receiver(self):
        self.customer.service_user_id = False
        self.handoff.receiver_id = False
        self.assertFalse(self._readable(self.service_lin))
        self.handoff.action_submit()
        self.assertTrue(self._readable(self.service_lin))

    def test_new_salesperson_of_the_customer(self):
        self.partner.user_id = self.sales_zhao
        self.handoff.with_user(self.sales_zhao).action_submit()
        self.assertEqual(self.handoff.state, "submitted")

    def test_nobody_creates_and_only_managers_delete_drafts(self):
        vals = {"customer_id": self.customer.id}
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.manager_qian):
            with self.assertRaises(AccessError):
                self.env["broker.handoff"].with_user(user).create(vals)
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                self.handoff.with_user(user).unlink()
        self.handoff.action_submit()
        with self.assertRaisesRegex(UserError, "never submitted"):
            self.handoff.with_user(self.manager_qian).unlink()
        draft = self._create_handoff()
        draft.with_user(self.manager_qian).unlink()
        self.assertFalse(draft.exists())

    def test_state_is_not_written(self):
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            handoff = self.handoff.with_user(user)
            for vals in (
                {"state": "accepted"},
                {"accepted_at": "2026-11-01 00:00:00"},
                {"submitted_at": "2026-11-01 00:00:00"},
                {"return_count": 0},
                {"customer_id": self.customer.id},
            ):
                with self.assertRaisesRegex(UserError, "Submit, Accept, Return and Cancel"):
                    handoff.write(vals)
        self.assertEqual(self.handoff.state, "draft")

    def test_salesperson_cannot_accept(self):
        self.handoff.with_user(self.sales_wang).action_submit()
        handoff = self.handoff.with_user(self.sales_wang)
        with self.assertRaisesRegex(UserError, "Only the service agent"):
            handoff.action_accept()
        with self.assertRaises(UserError):
            handoff.action_return(reason="No")
        with self.assertRaises(UserError):
            handoff.action_open_return()
        with self.assertRaises(UserError):
            handoff.write({"state": "accepted"})
        with self.assertRaises(UserError):
            handoff.write({"receiver_id": self.sales_wang.id})
        self.assertEqual(self.handoff.state, "submitted")

    def test_agent_cannot_submit_nor_change_the_packet(self):
        handoff = self.handoff.with_user(self.service_chen)
        with self.assertRaises(UserError):
            handoff.action_submit()
        with self.assertRaises(UserError):
            handoff.action_cancel()
        with self.assertRaises(UserError):
            handoff.promises = "Nothing"
        with self.assertRaises(UserError):
            handoff.sender_id = self.service_chen
        # The receiver may tick the list, though.
        self._item(handoff, "artwork").action_mark_not_applicable()

    def test_stranger_can_do_nothing(self):
        self.handoff.action_submit()
        for user in (self.sales_zhao, self.service_lin, self.care_sun, self.plain_user):
            for action in ("action_accept", "action_cancel", "action_submit"):
                with self.assertRaises(UserError):
                    getattr(self.handoff.with_user(user), action)()

    def test_accepted_stays_as_it_is(self):
        self.handoff.action_submit()
        self.handoff.action_accept()
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            handoff = self.handoff.with_user(user)
            with self.assertRaisesRegex(UserError, "stays as it was agreed"):
                handoff.promises = "Other"
            with self.assertRaises(UserError):
                handoff.receiver_id = self.service_lin
            with self.assertRaises(UserError):
                self._item(handoff, "artwork").note = "Other"
            handoff.message_post(body="A note")

    def test_items_take_answers_only(self):
        item = self._item(self.handoff, "artwork").with_user(self.sales_wang)
        with self.assertRaisesRegex(UserError, "only the answer"):
            item.requirement_id = self._item(self.handoff, "cost").requirement_id
        with self.assertRaises(AccessError):
            item.unlink()
        with self.assertRaises(AccessError):
            self.env["broker.handoff.item"].with_user(self.sales_zhao).search([]).sudo(False).browse(item.id).note = "x"

    def test_agent_opens_lead_and_order(self):
        lead = self.handoff.lead_id
        order = self.handoff.order_ids
        stranger = self._create_lead(self._create_partner("Other", self.sales_zhao), self.sales_zhao)
        for record in (lead, order, order.order_line):
            self.assertTrue(record.with_user(self.service_chen).has_access("read"), record._name)
            self.assertFalse(record.with_user(self.service_lin).has_access("read"), record._name)
        self.assertFalse(stranger.with_user(self.service_chen).has_access("read"))
        self.assertFalse(lead.with_user(self.service_chen).has_access("write"))
        self.assertTrue(order.with_user(self.service_chen).has_access("write"))
        self.assertFalse(order.with_user(self.service_chen).has_access("unlink"))

    def test_receiver_who_does_not_serve_yet_reads(self):
        self.customer.service_user_id = False
        order = self.handoff.order_ids
        self.assertTrue(order.with_user(self.service_chen).has_access("read"))
        self.assertFalse(order.with_user(self.service_chen).has_access("write"))
        self.assertTrue(self.handoff.lead_id.with_user(self.service_chen).has_access("read"))

    def test_forms_open_for_everybody(self):
        self.handoff.action_submit()
        self.partner.user_id = self.sales_zhao
        for user in (self.sales_wang, self.sales_zhao, self.service_chen, self.care_sun, self.manager_qian):
            form = Form(self.handoff.with_user(user))
            self.assertEqual(form.customer_name, "Jade Restaurant")
            self.assertEqual(form.contact_id, self.partner)
        with Form(self.handoff.with_user(self.sales_wang)) as form:
            form.promises = "Proof by Wednesday"
        self.assertEqual(self.handoff.promises, "Proof by Wednesday")
        Form(self.handoff.order_ids.with_user(self.service_chen))
        Form(self.handoff.lead_id.with_user(self.service_chen))

    def test_forms_of_odoo_open_without_our_roles(self):
        outsider = self.env["res.users"].create(
            {
                "name": "Outsider",
                "login": "broker_outsider",
                "group_ids": [Command.set([self.env.ref("sales_team.group_sale_salesman_all_leads").id])],
            }
        )
        Form(self.handoff.order_ids.with_user(outsider))
        Form(self.handoff.lead_id.with_user(outsider))
        self.handoff.lead_id.with_user(outsider).read()
        self.handoff.order_ids.with_user(outsider).read()
        lead = self._create_lead(user=outsider)
        lead.with_user(outsider).stage_id = self.stage_handoff
        self.assertEqual(len(lead.broker_handoff_ids), 1)

    def test_requirements_are_the_managers(self):
        requirement = self.env.ref("print_broker_crm.broker_handoff_requirement_cost")
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            self.assertTrue(requirement.with_user(user).has_access("read"))
            self.assertFalse(requirement.with_user(user).has_access("write"))
        requirement.with_user(self.manager_qian).required = False
