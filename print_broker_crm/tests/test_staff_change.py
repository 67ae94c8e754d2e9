from datetime import date

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import BrokerCommon


class StaffChangeCommon(BrokerCommon):
    """Wang leaves; Zhao and Li stay and sell, Chen and Lin serve.

    The company's people of these tests are the only ones: the administrator does not
    manage here, or proposals would fall back on them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.sales_li = cls._create_user("li", "group_salesperson")
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        cls.tiers = {tier.rank: tier for tier in cls.env["broker.tier"].search([])}
        cls.todo = cls.env.ref("mail.mail_activity_data_todo")
        cls.Change = cls.env["broker.staff.change"]

    @classmethod
    def _open_customers(cls, count, user=None, name="Customer", **kwargs):
        partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"{name} {number}",
                    "is_company": True,
                    "phone": "+86 21 6234 0000",
                    "email": f"{name.lower()}{number}@example.com",
                    "user_id": (user or cls.sales_wang).id,
                    **kwargs,
                }
                for number in range(count)
            ]
        )
        return cls.env["broker.customer"]._open_for_partners(partners, cls.company)

    @classmethod
    def _create_orders(cls, customers, **kwargs):
        return cls.env["sale.order"].create(
            [
                {
                    "partner_id": customer.partner_id.id,
                    "company_id": customer.company_id.id,
                    "order_line": [Command.create({"product_id": cls.product.id, "price_unit": 100})],
                    **kwargs,
                }
                for customer in customers
            ]
        )

    @classmethod
    def _create_activities(cls, records, user=None, count=1):
        """Give a person to-dos on records."""
        return (
            cls.env["mail.activity"]
            .with_context(mail_activity_quick_update=True)
            .create(
                [
                    {
                        "activity_type_id": cls.todo.id,
                        "summary": f"Promise {number}",
                        "res_model_id": cls.env["ir.model"]._get_id(records._name),
                        "res_id": record.id,
                        "user_id": (user or cls.sales_wang).id,
                        "date_deadline": date(2026, 3, 10),
                    }
                    for record in records
                    for number in range(count)
                ]
            )
        )

    def _create_change(self, user=None, collect=True, **kwargs):
        change = self.Change.with_user(self.manager_qian).create({"user_id": (user or self.sales_wang).id, **kwargs})
        if collect:
            change.action_collect()
        return change

    def _line(self, change, customer, role="sales"):
        return change.line_ids.filtered(lambda line: line.customer_id == customer and line.role == role)


@tagged("post_install", "-at_install")
class TestStaffChange(StaffChangeCommon):
    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def test_collect(self):
        customers = self._open_customers(2)
        change = self._create_change()
        self.assertEqual(change.line_ids.customer_id, customers)
