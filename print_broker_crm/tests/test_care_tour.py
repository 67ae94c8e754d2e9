from odoo.tests import HttpCase, tagged

from .common import BrokerCommon


@tagged("post_install", "-at_install")
class TestCareTourDesktop(BrokerCommon, HttpCase):
    """The officer works the queue, and writes where the phone does not help."""

    NAMES = ("Amber Tea", "Bamboo Hotel", "Coral Dental", "Dragon Toys")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.rule = cls.env.ref("print_broker_crm.broker_care_rule_by_hand")

    def _plan_calls(self, names):
        """Calls that can be made at once, the first the most urgent."""
        calls = self.env["broker.care.call"]
        for number, name in enumerate(names):
            customer = self._open_customer(self._create_partner(name, self.sales_wang))
            calls += calls.with_user(self.care_sun).create(
                {"customer_id": customer.id, "urgency": str(3 - number), "user_id": self.care_sun.id}
            )
        for call in calls:
            call.sudo()._bring_forward()
        return calls.sudo()

    def test_queue_through_four_outcomes(self):
        calls = self._plan_calls(self.NAMES)
        self.start_tour("/odoo", "broker_care_queue", login=self.care_sun.login)
        self.assertEqual(calls.mapped("last_outcome"), ["no_answer", "call_back", "wrong_number", "reached"])
        self.assertEqual(calls.mapped("state"), ["planned", "planned", "planned", "done"])
        self.assertTrue(calls[1].is_agreed)
        self.assertEqual(calls[2].customer_id.activity_ids.user_id, self.sales_wang)
        self.assertEqual(calls.attempt_ids.user_id, self.care_sun)

    def test_write_instead(self):
        self.rule.write({"max_attempts": 1, "write_days": 3, "message_text": "Hello, this is {officer}."})
        call = self._plan_calls(self.NAMES[:1])
        self.start_tour("/odoo", "broker_care_write_instead", login=self.care_sun.login)
        self.assertEqual((call.state, call.close_reason), ("missed", "written"))
        contact = self.env["broker.contact"].search([("customer_id", "=", call.customer_id.id)])
        self.assertEqual(contact.filtered(lambda row: not row.is_gathered).channel, "wechat")


@tagged("post_install", "-at_install")
class TestCareTourPhone(TestCareTourDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
