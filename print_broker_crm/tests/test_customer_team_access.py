from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_protection import ProtectionCommon


@tagged("post_install", "-at_install")
class TestCustomerTeamAccess(ProtectionCommon):
    """A member meets what a customer has, by the same rules as who serves it."""

    SEEN = (
        "res.partner",
        "res.partner.bank",
        "sale.order",
        "sale.order.line",
        "account.move",
        "mail.message",
        "calendar.attendee",
        "broker.customer",
        "broker.assignment",
        "broker.customer.member",
        "broker.tier.score",
    )
    HIDDEN = ("broker.care.call", "broker.care.call.attempt", "broker.commission.entry", "broker.commission.split")

    def setUp(self):
        super().setUp()
        self.jade_file = self.papers["broker.customer"]["jade"]

    def _get_visible(self, model, label, user):
        return self.papers[model][label].with_user(user)._filtered_access("read")

    def test_a_member_sees_what_the_customer_has(self):
        member = self.env["broker.customer.member"].create(
            {"customer_id": self.jade_file.id, "user_id": self.sales_zhao.id, "function": "intake"}
        )
        self.env.invalidate_all()
        for model in self.SEEN:
            with self.subTest(model=model):
                self.assertTrue(self._get_visible(model, "jade", self.sales_zhao))
                self.assertFalse(self._get_visible(model, "pearl", self.sales_zhao))
        for model in self.HIDDEN:
            with self.subTest(model=model):
                self.assertFalse(self._get_visible(model, "jade", self.sales_zhao))
        member.action_end()
        self.env.invalidate_all()
        for model in self.SEEN:
            with self.subTest(model=model, ended=True):
                self.assertFalse(self._get_visible(model, "jade", self.sales_zhao))

    def test_a_member_is_not_told_that_others_serve(self):
        clue = {"jade": self.jade._get_broker_clue()}
        Customer = self.env["broker.customer"].with_user(self.sales_zhao)
        self.assertTrue(Customer._get_collision_messages(clue, {}))
        self.env["broker.customer.member"].create(
            {"customer_id": self.jade_file.id, "user_id": self.sales_zhao.id, "function": "intake"}
        )
        self.assertFalse(Customer._get_collision_messages(clue, {}))
