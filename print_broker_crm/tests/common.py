from itertools import count

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user


class BrokerCommon(TransactionCase):
    """A small print broker's firm.

    Wang 王 and Zhao 赵 sell, Chen 陈 and Lin 林 serve, Sun 孙 calls for the care line
    and Qian 钱 manages. Orders, invoices and money come with `BrokerAccountCommon`.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._phone_numbers = count(5678)
        cls.env = cls.env(
            context=dict(
                cls.env.context,
                tracking_disable=True,
                no_reset_password=True,
                mail_create_nolog=True,
            )
        )
        cls.company = cls.env.company
        cls.calendar = cls.env["resource.calendar"].create(
            {
                "name": "Broker 8-12, 13-17",
                "tz": "Asia/Shanghai",
                "company_id": cls.company.id,
                "attendance_ids": [Command.clear()]
                + [
                    Command.create(
                        {
                            "name": "Work",
                            "dayofweek": str(day),
                            "hour_from": start,
                            "hour_to": end,
                            "day_period": period,
                        }
                    )
                    for day in range(5)
                    for start, end, period in (
                        (8, 12, "morning"),
                        (13, 17, "afternoon"),
                    )
                ],
            }
        )
        cls.company.resource_calendar_id = cls.calendar
        cls.sales_wang = cls._create_user("wang", "group_salesperson")
        cls.sales_zhao = cls._create_user("zhao", "group_salesperson")
        cls.service_chen = cls._create_user("chen", "group_service_agent")
        cls.service_lin = cls._create_user("lin", "group_service_agent")
        cls.care_sun = cls._create_user("sun", "group_care_officer")
        cls.manager_qian = cls._create_user("qian", "group_manager")
        cls.plain_user = new_test_user(cls.env, login="broker_plain", groups="base.group_user")
        cls.partner = cls._create_partner("Jade Restaurant", cls.sales_wang)

    @classmethod
    def _create_user(cls, name, group, **kwargs):
        """Create a user of one of our groups; the login is `broker_<name>`."""
        return new_test_user(
            cls.env,
            login=f"broker_{name}",
            name=name.capitalize(),
            groups=f"print_broker_crm.{group}",
            tz="Asia/Shanghai",
            **kwargs,
        )

    @classmethod
    def _create_partner(cls, name, user=None, **kwargs):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "user_id": user.id if user else False,
                # One phone each: two customers with the same are a case of their own.
                "phone": f"+86 21 6234 {next(cls._phone_numbers):04d}",
                "email": f"{name.lower().replace(' ', '.')}@example.com",
                **kwargs,
            }
        )

    @classmethod
    def _open_customer(cls, partner=None, service=None, company=None):
        """Return the customer file of a partner, opening it when it misses."""
        customer = cls.env["broker.customer"]._open_for_partners(partner or cls.partner, company or cls.company)
        if service:
            customer.service_user_id = service
        return customer
