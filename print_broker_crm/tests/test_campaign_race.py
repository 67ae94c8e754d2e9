import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.common_race import RaceCommon


@tagged("post_install", "-at_install")
class TestCampaignRace(RaceCommon):
    """One closes a campaign while another turns to its customers, on connections of their own."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            partner = env["res.partner"].create({"name": "Race", "user_id": env.ref("base.user_admin").id})
            customer = env["broker.customer"].create({"partner_id": partner.id})
            campaign = env["broker.campaign"].create({"name": "Race", "state": "running", "date_start": "2026-11-01"})
            member = env["broker.campaign.member"].create({"campaign_id": campaign.id, "customer_id": customer.id})
            self.partner_id, self.customer_id = partner.id, customer.id
            self.campaign_id, self.member_id = campaign.id, member.id
        self.addCleanup(self._clean)
        self.cr1, self.cr2 = self._open_cursor(), self._open_cursor()

    def _clean(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["mail.activity"].search(
                [("res_model", "=", "broker.customer"), ("res_id", "=", self.customer_id)]
            ).unlink()
            cr.execute(SQL("DELETE FROM broker_campaign WHERE id = %s", self.campaign_id))
            cr.execute(SQL("DELETE FROM broker_assignment WHERE customer_id = %s", self.customer_id))
            cr.execute(SQL("DELETE FROM broker_customer WHERE id = %s", self.customer_id))
            env["res.partner"].browse(self.partner_id).unlink()

    def _campaign(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})["broker.campaign"].browse(self.campaign_id)

    def _get_state(self):
        with self.registry.cursor() as cr:
            campaign = self._campaign(cr)
            return campaign.state, campaign.member_ids.state

    def test_closed_while_another_turns_to_them(self):
        closing = self._campaign(self.cr2)
        self.assertEqual(closing.member_ids.state, "open")
        self._campaign(self.cr1).action_give_todos()
        self.cr1.commit()
        # The other transaction began before: it starts over, as every request does.
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            closing.action_close()
            self.cr2.commit()
        self.cr2.rollback()
        self._campaign(self.cr2).action_close()
        self.cr2.commit()
        self.assertEqual(self._get_state(), ("closed", "open"))

    def test_turned_to_while_another_closes(self):
        turning = self._campaign(self.cr2)
        self.assertEqual(turning.state, "running")
        self._campaign(self.cr1).action_close()
        self.cr1.commit()
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            turning.action_give_todos()
            self.cr2.commit()
        self.cr2.rollback()
        with self.assertRaisesRegex(UserError, "is closed"):
            self._campaign(self.cr2).action_give_todos()
        self.assertEqual(self._get_state(), ("closed", "open"))
