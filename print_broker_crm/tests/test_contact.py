from datetime import timedelta

from odoo import fields
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


@tagged("post_install", "-at_install")
class TestContact(BrokerCommon):
    """Contacts logged by hand: who may say what, and what follows at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.buyer = cls.env["res.partner"].create(
            {"name": "Buyer Li", "parent_id": cls.partner.id, "phone": "+86 21 5555 0001"}
        )
        cls.opal = cls._open_customer(cls._create_partner("Opal Hotel", cls.sales_zhao))

    def _log(self, user, channel="phone", customer=None, **vals):
        values = {"customer_id": (customer or self.customer).id, "channel": channel, **vals}
        return self.env["broker.contact"].with_user(user).create(values)

    def _tap(self, user, channel, customer=None, **vals):
        """Open the quick log as the screen does, and tap a channel."""
        action = (customer or self.customer).with_user(user).action_log_contact()
        log = Form(self.env[action["res_model"]].with_user(user).with_context(**action["context"]))
        for name, value in vals.items():
            log[name] = value
        return getattr(log.save(), f"action_{channel}")()

    def test_tap_on_a_channel_logs_it(self):
        before = fields.Datetime.now() - timedelta(seconds=2)
        for channel in ("phone", "wechat", "visit", "email", "message"):
            result = self._tap(self.sales_wang, channel)
            self.assertEqual(result["params"]["next"]["type"], "ir.actions.act_window_close")
            contact = self.env["broker.contact"].search(
                [("customer_id", "=", self.customer.id)], limit=1, order="id desc"
            )
            self.assertEqual(
                (contact.channel, contact.direction, contact.user_id, contact.role, contact.partner_id),
                (channel, "out", self.sales_wang, "sales", self.buyer),
            )
            self.assertGreaterEqual(contact.date, before)
            self.assertFalse(contact.is_gathered)
        self.assertEqual(self.customer.with_user(self.sales_wang).contact_count, 5)
        self.assertGreaterEqual(self.customer.last_contact, before)

    def test_last_person_is_filled_in(self):
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.buyer)
        boss = self.env["res.partner"].create(
            {"name": "Boss", "parent_id": self.partner.id, "phone": "+86 21 5555 0002"}
        )
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.partner)
        self._log(self.service_chen, partner_id=boss.id)
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), boss)
        self._log(self.sales_wang, partner_id=self.buyer.id, date=fields.Datetime.now() - timedelta(hours=1))
        self.assertEqual(self.customer._get_last_contact_partner(self.sales_wang), self.buyer)
        self.assertEqual(self.customer._get_last_contact_partner(self.service_chen), boss)
        boss.active = False
        self.assertEqual(self.customer._get_last_contact_partner(self.service_chen), self.buyer)
