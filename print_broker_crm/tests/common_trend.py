from datetime import date, datetime

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.print_broker_crm.models.broker_trend_figures_mixin import shift_month
from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class TrendCommon(BrokerCommon):
    """A firm whose books begin in January 2024, early on Thursday, 1 October 2026.

    The night judges as of 30 September. An old customer keeps the books open.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})
        cls.old = cls._open_customer(cls._create_partner("Old Customer", cls.sales_wang))
        cls._buy(cls.old, *[date(2024 + index // 12, index % 12 + 1, 15) for index in range(33)])

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-09-30 19:00:00")  # three in the morning in Shanghai
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    @classmethod
    def _buy(cls, customer, *days, amount=1000.0, product=None, company=None):
        """Give a customer a job on each of some days, at noon in Shanghai."""
        orders = (
            cls.env["sale.order"]
            .with_company(company or cls.company)
            .create(
                [
                    {
                        "partner_id": customer.partner_id.id,
                        "company_id": (company or cls.company).id,
                        "order_line": [
                            Command.create(
                                {"product_id": (product or cls.product).id, "price_unit": amount, "purchase_price": 70}
                            )
                        ],
                    }
                    for _day in days
                ]
            )
        )
        orders.action_confirm()
        for order, day in zip(orders, days, strict=True):
            order.date_order = datetime(day.year, day.month, day.day, 4)
        for day in days:
            cls._add_month(customer, day, amount)
        return orders

    @classmethod
    def _add_month(cls, customer, day, revenue, ordered=None, jobs=1):
        """Add to what the table of months says of a customer: the rule reads it, and not
        the documents."""
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                """
                INSERT INTO broker_customer_month (customer_id, company_id, month, revenue, order_amount, job_count)
                VALUES (%s, %s, %s, %s, %s, %s)
                ON CONFLICT (customer_id, month) DO UPDATE
                   SET revenue = broker_customer_month.revenue + EXCLUDED.revenue,
                       order_amount = broker_customer_month.order_amount + EXCLUDED.order_amount,
                       job_count = broker_customer_month.job_count + EXCLUDED.job_count
                """,
                customer.id,
                customer.company_id.id,
                day.replace(day=1),
                revenue,
                revenue if ordered is None else ordered,
                jobs,
            )
        )
        cls.env["broker.customer"]._ask_for_trend(customer.ids)

    def _judge(self, company=None):
        """Do the night of a company; return how many customers were looked at."""
        handled = sum(self.env["broker.customer"]._judge_trend_steps(company or self.company))
        self.env.invalidate_all()
        return handled

    def _get_changes(self, customer):
        """Return the changes of a customer as (day, before, after), the oldest first."""
        return [
            (change.date, change.trend_before, change.trend)
            for change in self.env["broker.trend.change"].search([("customer_id", "=", customer.id)], order="id")
        ]

    def _count_monthly(self, first, number, day=15):
        """Return so many days of purchase, one a month."""
        months = [shift_month(first, step) for step in range(number)]
        return [month.replace(day=day) for month in months]
