from datetime import date, datetime

from freezegun import freeze_time

from odoo.fields import Command

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class CampaignCommon(BrokerAccountCommon):
    """Tuesday, 10 November 2026, ten in the morning in Shanghai: the calendar season.

    Jade bought calendars for 10,000 last November and not this year.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendars = cls.env["broker.product.type"].create({"name": "Test calendars"})
        cls.calendar = cls._create_print_product("Desk Calendar", cls.print_category)
        cls.calendar.product_tmpl_id.broker_product_type_id = cls.calendars

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-11-10 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)
        self.buy("2025-11-12 02:00:00")
        self.env["broker.campaign"].search([]).unlink()

    def buy(self, moment, customer=None, product=None, price=10000.0, **kwargs):
        """Confirm a job of a customer at a moment in UTC, and come back to the present."""
        now = datetime.now()
        self.clock.move_to(datetime.fromisoformat(moment))
        order = self.env["sale.order"].create(
            {
                "partner_id": (customer or self.customer).partner_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or self.calendar).id,
                            "product_uom_qty": 1,
                            "price_unit": price,
                            "purchase_price": price * 0.7,
                        }
                    )
                ],
                **kwargs,
            }
        )
        order.action_confirm()
        self.clock.move_to(now)
        return order

    def open_customer(self, name, **kwargs):
        return self._open_customer(self._create_partner(name, kwargs.pop("user", self.sales_wang), **kwargs))

    def start(self, **vals):
        return self.env["broker.campaign"].create(
            {
                "name": "Calendars",
                "message": "Time for next year's calendar.",
                "bought_type_ids": [Command.set(self.calendars.ids)],
                "bought_from": date(2025, 10, 1),
                "bought_to": date(2025, 12, 31),
                **vals,
            }
        )

    def found(self, campaign):
        return self.env["broker.customer"].browse(row[0] for row in campaign._get_preview_rows())


class CampaignPairCommon(CampaignCommon):
    """Jade, and Opal who bought calendars last November too, are the customers of a campaign."""

    def setUp(self):
        super().setUp()
        self.opal = self.open_customer("Opal Hotel", user=self.sales_zhao)
        self.buy("2025-11-20 02:00:00", self.opal)
        self.campaign = self.start()
        self.campaign.action_select()
        self.jade_member, self.opal_member = (
            self.campaign.member_ids.filtered(lambda member, customer=customer: member.customer_id == customer)
            for customer in (self.customer, self.opal)
        )
