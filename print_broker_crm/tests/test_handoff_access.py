from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common_handoff import HandoffCommon


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
