from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestDemand(BrokerAccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._get_broker_today()
        cls.last_month = cls.today.replace(day=1) - relativedelta(months=1)
        cls.calendars = cls.env["broker.product.type"].create({"name": "Test calendars"})
        cls.boxes = cls.env["broker.product.type"].create({"name": "Test boxes"})
        cls.opal = cls._open_customer(cls._create_partner("Opal Hotel", cls.sales_zhao), service=cls.service_lin)

    def _need(self, name, customer=None, **vals):
        return self.env["broker.need"].create(
            {
                "name": name,
                "customer_id": (customer or self.customer).id,
                "product_type_id": self.calendars.id,
                **vals,
            }
        )

    def _call(self, customer=None, **vals):
        """A call in which the customer told something."""
        call = self.env["broker.care.call"].create(
            {"customer_id": (customer or self.customer).id, "user_id": self.care_sun.id, **vals}
        )
        call.action_log_attempt("reached", score_declined=True)
        return call

    def _earn(self, customer, price, cost, date):
        """Invoice a job of the customer on a day, and keep the months."""
        order = self._create_job(price, cost, partner_id=customer.partner_id.id)
        self._create_posted_invoice(order, date)
        self.env["broker.customer.month"]._rebuild(self.company)

    def _get_row(self, product_type=None, company=None):
        self.env.flush_all()
        self.env["broker.demand"].invalidate_model()
        return self.env["broker.demand"].search(
            Domain("company_id", "=", (company or self.company).id)
            & Domain("product_type_id", "=", (product_type or self.calendars).id)
        )

    # FIGURES

    def test_customers_are_counted_once_with_their_margin(self):
        self._earn(self.customer, 10000, 7000, self.last_month)
        self._earn(self.customer, 500, 300, self.last_month + relativedelta(months=-11))
        # The present month is not over, and a year ago is too long ago.
        self._earn(self.customer, 900, 100, self.today)
        self._earn(self.customer, 900, 200, self.last_month + relativedelta(months=-12))
        self._earn(self.opal, 2000, 1000, self.last_month)
        self._need("Desk calendars", date_heard=self.today - relativedelta(days=9))
        self._need("Wall calendars", date_heard=self.today - relativedelta(days=40))
        self._call(
            self.opal,
            wish_heard="A calendar with our rooms\nby December",
            wish_product_type_id=self.calendars.id,
            printed_elsewhere="yes",
            printed_elsewhere_note="Last year's calendar",
            elsewhere_product_type_id=self.calendars.id,
        )
        row = self._get_row()
        self.assertEqual(row.customer_count, 2)
        self.assertEqual(row.voice_count, 4)
        self.assertEqual(row.elsewhere_count, 1)
        # Jade 3000 + 200, Opal 1000, each once.
        self.assertEqual(row.margin, 4200)
        self.assertEqual(row.date_last, self.today)
        self.assertEqual(row.name, "Test calendars")
        action = row.action_view_voices()
        self.assertEqual(action["display_name"], "Test calendars")
        voices = self.env["broker.demand.voice"].search(action["domain"])
        self.assertEqual(len(voices), 4)
        self.assertEqual(
            set(voices.mapped("name")),
            {"Desk calendars", "Wall calendars", "A calendar with our rooms", "Last year's calendar"},
        )
        self.assertEqual(
            {(voice.customer_id, voice.margin) for voice in voices}, {(self.customer, 3200), (self.opal, 1000)}
        )

    def test_a_refund_takes_margin_back(self):
        self._need("Desk calendars")
        order = self._create_job(10000, 7000)
        self._credit(self._create_posted_invoice(order, self.last_month))
        self.env["broker.customer.month"]._rebuild(self.company)
        self.assertEqual(self._get_row().margin, 0)
        self.assertEqual(self._get_row().customer_count, 1)

    def test_months_are_a_setting(self):
        self._need("Desk calendars")
        self._earn(self.customer, 10000, 7000, self.last_month)
        self._earn(self.customer, 500, 300, self.last_month - relativedelta(months=1))
        self.company.broker_demand_months = 1
        self.assertEqual(self._get_row().margin, 3000)

    def test_what_is_answered_does_not_wait(self):
        need = self._need("Desk calendars")
        self._need("Wall calendars", self.opal, drop_reason="Prints itself")
        self.assertEqual((self._get_row().customer_count, self._get_row().proven_count), (1, 0))
        need.order_id = self._create_job()
        self.assertEqual((self._get_row().customer_count, self._get_row().proven_count), (0, 1))
        self.assertEqual(self._get_row().margin, 0)

    def test_the_product_says_the_type(self):
        self.print_product.product_tmpl_id.broker_product_type_id = self.boxes
        need = self.env["broker.need"].create(
            {"name": "This one", "customer_id": self.customer.id, "product_id": self.print_product.id}
        )
        self.assertEqual(need.product_type_id, self.boxes)
        self.assertEqual(self._get_row(self.boxes).customer_count, 1)

    def test_without_a_type_the_category_counts(self):
        self._need("Something folded", product_type_id=False, product_id=self.box_product.id)
        self._need("Anything", product_type_id=False)
        rows = self.env["broker.demand"].search([("company_id", "=", self.company.id)])
        self.assertEqual(set(rows.mapped("name")), {self.box_category.complete_name, "No product named"})
        for row in rows:
            self.assertEqual(len(self.env["broker.demand.voice"].search(row.action_view_voices()["domain"])), 1)

    def test_a_wish_follows_its_opportunity(self):
        call = self._call(wish_heard="Calendars", wish_product_type_id=self.calendars.id)
        voice = self.env["broker.demand.voice"].search([("call_id", "=", call.id)])
        self.assertEqual((voice.source, voice.state, voice.user_id), ("wish", "open", self.care_sun))
        self.assertTrue(call.wish_lead_id)
        call.wish_lead_id.action_set_won()
        voice.invalidate_recordset()
        self.assertEqual(voice.state, "proven")
        other = self._call(self.opal, wish_heard="Calendars", wish_product_type_id=self.calendars.id)
        other.wish_lead_id.action_set_lost()
        voice = self.env["broker.demand.voice"].search([("call_id", "=", other.id)])
        self.assertEqual(voice.state, "dropped")

    def test_what_was_printed_elsewhere_long_ago_does_not_wait(self):
        call = self._call(printed_elsewhere="yes", elsewhere_product_type_id=self.calendars.id)
        self.assertEqual(self._get_row().customer_count, 1)
        call.sudo().date_reached = call.sudo().date_done = self.today - relativedelta(months=14)
        self.assertEqual(self._get_row().customer_count, 0)

    def test_a_planned_call_says_nothing_yet(self):
        self.env["broker.care.call"].create(
            {"customer_id": self.customer.id, "wish_heard": "Typing", "wish_product_type_id": self.calendars.id}
        )
        self.assertFalse(self._get_row())

    # ODD PATHS

    def test_archived_customers_want_nothing(self):
        self._need("Desk calendars")
        self.customer.active = False
        self.assertFalse(self._get_row())

    def test_merged_customers_are_one(self):
        self._need("Desk calendars")
        self._need("Wall calendars", self.opal)
        self._earn(self.opal, 2000, 1000, self.last_month)
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.customer + self.opal).partner_id.ids, self.customer.partner_id)
        self.env["broker.customer.month"]._rebuild(self.company)
        row = self._get_row()
        self.assertEqual((row.customer_count, row.voice_count, row.margin), (1, 2, 1000))

    def test_companies_do_not_see_each_other(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        customer = self._open_customer(self.partner, company=other)
        self._need("Desk calendars")
        self._need("Wall calendars", customer)
        self.assertEqual(self._get_row(company=other).customer_count, 1)
        self.assertEqual(self._get_row().customer_count, 1)
        seen = self.env["broker.demand"].with_user(self.manager_qian).search([])
        self.assertNotIn(other, seen.company_id)
        self.assertIn(self.company, seen.company_id)

    # WHO SEES IT

    def test_an_officer_does_not_hear_what_is_said_about_them(self):
        self._need("Desk calendars")
        self._call(wish_heard="Calendars", wish_product_type_id=self.calendars.id)
        Voice = self.env["broker.demand.voice"].with_user(self.care_sun)
        self.assertEqual(len(Voice.search([("customer_id", "=", self.customer.id)])), 2)
        self.customer.sudo().partner_id.user_id = self.care_sun
        self.assertEqual(Voice.search([("customer_id", "=", self.customer.id)]).mapped("source"), ["need"])

    def test_those_who_sell_do_not_read_it(self):
        for user in (self.sales_wang, self.service_chen, self.plain_user):
            for model in ("broker.demand", "broker.demand.voice", "broker.campaign", "broker.campaign.member"):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])

    def test_a_campaign_begins_with_what_is_wanted(self):
        self._need("Desk calendars")
        row = self._get_row().with_user(self.manager_qian)
        campaign = self.env["broker.campaign"].browse(row.action_start_campaign()["res_id"])
        self.assertEqual((campaign.demand_type_ids, campaign.match_count), (self.calendars, 1))
        campaign.with_user(self.manager_qian).action_select()
        self.assertEqual(campaign.member_ids.customer_id, self.customer)

    def test_the_number_of_queries_does_not_grow(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            rows = self.env["broker.demand"].search([("company_id", "=", self.company.id)])
            rows.mapped("name")
            rows.mapped("margin")
            return self.cr.sql_log_count - before

        self._need("Desk calendars")
        count()
        few = count()
        for number in range(10):
            self._need("Other", product_type_id=self.env["broker.product.type"].create({"name": f"Type {number}"}).id)
        self.assertEqual(count(), few)
