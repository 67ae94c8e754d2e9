from uuid import uuid4

import psycopg2

from odoo import api
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger


@tagged("post_install", "-at_install")
class TestHandoffRace(TransactionCase):
    """Two service agents at one handoff at once, on connections of their own."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {"tracking_disable": True, "no_reset_password": True})
            # What a killed run left behind must not be in the way.
            run = uuid4().hex
            sender = new_test_user(env, f"sender_{run}", groups="print_broker_crm.group_salesperson")
            agents = [
                new_test_user(env, f"{name}_{run}", groups="print_broker_crm.group_service_agent")
                for name in ("first", "second")
            ]
            partner = env["res.partner"].create({"name": "Race", "user_id": sender.id, "phone": "1"})
            customer = env["broker.customer"]._open_for_partners(partner, env.company)
            handoff = env["broker.handoff"].create(
                {"customer_id": customer.id, "sender_id": sender.id, "receiver_id": False, "company_id": env.company.id}
            )
            handoff.item_ids.answer = "not_applicable"
            handoff.action_submit()
            self.handoff_id, self.customer_id, self.partner_id = handoff.id, customer.id, partner.id
            self.user_ids = [sender.id, *(agent.id for agent in agents)]
            self.user_partner_ids = (sender + agents[0] + agents[1]).partner_id.ids
        self.addCleanup(self._clean)
        self.first, self.second = (self._open(user_id) for user_id in self.user_ids[1:])

    def _open(self, user_id):
        cr = self.registry.cursor()

        def close():
            cr.rollback()
            cr.close()

        self.addCleanup(close)
        return api.Environment(cr, user_id, {})["broker.handoff"].browse(self.handoff_id)

    def _clean(self):
        with self.registry.cursor() as cr:
            for query in (
                SQL("DELETE FROM mail_message WHERE model = 'broker.handoff' AND res_id = %s", self.handoff_id),
                SQL("DELETE FROM mail_message WHERE model = 'broker.customer' AND res_id = %s", self.customer_id),
                SQL("DELETE FROM mail_activity WHERE res_model = 'broker.handoff' AND res_id = %s", self.handoff_id),
                SQL("DELETE FROM mail_followers WHERE res_model = 'broker.handoff' AND res_id = %s", self.handoff_id),
                SQL("DELETE FROM mail_followers WHERE res_model = 'broker.customer' AND res_id = %s", self.customer_id),
                SQL("DELETE FROM broker_handoff WHERE id = %s", self.handoff_id),
                SQL("DELETE FROM broker_assignment WHERE customer_id = %s", self.customer_id),
                SQL("DELETE FROM broker_customer WHERE id = %s", self.customer_id),
                SQL("DELETE FROM res_partner WHERE id = %s", self.partner_id),
                SQL("UPDATE res_users SET active = FALSE WHERE id IN %s", tuple(self.user_ids)),
            ):
                cr.execute(query)

    def test_one_of_two_gets_it(self):
        self.assertEqual(self.second.state, "submitted")
        self.first.action_accept()
        with self.assertRaisesRegex(UserError, "at this very moment"):
            self.second.action_accept()
        self.first.env.cr.commit()
        # The other transaction began before: it starts over, as every request does.
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            self.second.action_accept()
        self.second.env.cr.rollback()
        self.second.env.invalidate_all()
        self.assertEqual(self.second.sudo().receiver_id, self.first.env.user.with_env(self.second.env))
        with self.assertRaises(UserError):
            self.second.action_accept()
        with self.assertRaises(UserError):
            self.second.action_return(reason="Too late")

    def test_accepted_and_withdrawn_at_once(self):
        sender = self._open(self.user_ids[0])
        self.assertEqual(sender.state, "submitted")
        self.first.action_accept()
        with self.assertRaisesRegex(UserError, "at this very moment"):
            sender.action_cancel()
        self.first.env.cr.commit()
        sender.env.cr.rollback()
        with self.assertRaisesRegex(UserError, "cannot be done any more"):
            sender.action_cancel()
