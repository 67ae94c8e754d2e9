from datetime import date
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_trend import TrendCommon


@tagged("post_install", "-at_install")
class TestProductGap(TrendCommon):
    """What is missing on 1 October 2026, worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar_type = cls.env["broker.product.type"].create({"name": "Wall Calendar of the Test"})
        cls.wall_calendar = cls.env["product.product"].create(
            {"name": "Wall Calendar", "type": "service", "broker_product_type_id": cls.calendar_type.id}
        )
        cls.customer = cls._open_customer(cls._create_partner("Jade", cls.sales_wang))

    def _get_gaps(self, customer=None, product=None):
        domain = [("customer_id", "=", (customer or self.customer).id)]
        if product:
            domain.append(("product_id", "=", product.id))
        return self.env["broker.product.gap"].search(domain)

    def _move_to(self, day):
        self.clock.move_to(f"{day} 04:00:00")
        self.env.invalidate_all()

    def test_a_product_that_is_late(self):
        # Every 31 or 30 days; the last on 15 June.
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12), amount=1000.0)
        gap = self._get_gaps()
        # Gaps of 31, 31, 30, 31, 30, 31, 31, 28, 31, 30 and 31 days: 31. Late by half of 93 days on 31 August.
        self.assertEqual((gap.kind, gap.product_id, gap.times_bought, gap.gap_days), ("rhythm", self.product, 12, 31))
        self.assertEqual((gap.last_date, gap.expected_date), (date(2026, 6, 15), date(2026, 7, 16)))
        self.assertEqual(gap.days_late, 77)
        self.assertFalse(gap.season_month)
        # Twelve jobs in the year until 15 June, each of 1,000 at a cost of 70.
        self.assertEqual((gap.amount_year, gap.margin_year), (12000, 11160))
        self.assertEqual(gap.order_id.date_order.date(), date(2026, 6, 15))
        self.assertEqual((gap.user_id, gap.currency_id), (self.sales_wang, self.company.currency_id))
        self._move_to("2026-08-31")
        self.assertFalse(self._get_gaps(), "46 days late")
        self._move_to("2026-09-01")
        self.assertTrue(self._get_gaps())
        self._move_to("2027-07-16")
        self.assertTrue(self._get_gaps(), "365 days late")
        self._move_to("2027-07-17")
        self.assertFalse(self._get_gaps(), "Given up")

    def test_what_is_bought_again_is_not_missing(self):
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        self.assertTrue(self._get_gaps())
        self._buy(self.customer, date(2026, 9, 20))
        self.assertFalse(self._get_gaps())

    def test_another_product_does_not_make_up_for_it(self):
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 15), product=self.wall_calendar)
        self.assertEqual(self._get_gaps().product_id, self.product)

    def test_a_product_of_the_season_is_due_when_it_comes_again(self):
        self._buy(self.customer, date(2025, 11, 10), product=self.wall_calendar, amount=500.0)
        gap = self._get_gaps()
        self.assertEqual((gap.kind, gap.product_type_id), ("season", self.calendar_type))
        self.assertEqual((gap.expected_date, gap.season_month, gap.days_late), (date(2026, 11, 10), 11, -40))
        self._move_to("2026-09-25")
        self.assertFalse(self._get_gaps(), "46 days before it is expected")
        self._move_to("2026-09-26")
        self.assertTrue(self._get_gaps())
        self._buy(self.customer, date(2026, 9, 25), product=self.wall_calendar)
        self.assertFalse(self._get_gaps())

    def test_a_few_orders_in_one_season_are_one_occasion(self):
        days = [date(2025, 11, day) for day in (5, 12, 20)]
        self._buy(self.customer, *days, product=self.wall_calendar)
        gap = self._get_gaps()
        self.assertEqual((gap.kind, gap.expected_date, gap.times_bought), ("season", date(2026, 11, 5), 3))

    def test_seasons_of_several_years(self):
        days = [date(year, 11, day) for year in (2023, 2024, 2025) for day in (5, 12, 20)]
        self._buy(self.customer, *days, product=self.wall_calendar)
        gap = self._get_gaps()
        # Usually 8 days, but from 20 November 2024 on it paused until 5 November 2025.
        self.assertEqual((gap.kind, gap.gap_days, gap.expected_date), ("season", 8, date(2026, 11, 5)))
        self.assertEqual(gap.times_bought, 9)
        self.assertEqual(gap.amount_year, 3000)
        self._move_to("2026-06-01")
        self.assertFalse(self._get_gaps(), "Out of season")

    def test_a_product_bought_on_a_leap_day(self):
        self._move_to("2028-03-01")
        self._buy(self.customer, date(2028, 2, 29), product=self.wall_calendar)
        self._move_to("2029-02-10")
        self.assertEqual(self._get_gaps().expected_date, date(2029, 2, 28))

    def test_what_is_no_purchase(self):
        orders = self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        self.assertTrue(self._get_gaps())
        orders[:10]._action_cancel()
        self.assertFalse(self._get_gaps(product=self.product).filtered(lambda gap: gap.kind == "rhythm"))
        other = self._open_customer(self._create_partner("Opal", self.sales_wang))
        freight = self.env["product.product"].create(
            {"name": "Freight", "type": "service", "broker_out_of_relay": True}
        )
        self._buy(other, *self._count_monthly(date(2025, 7, 1), 12), product=freight)
        free = self.env["product.product"].create({"name": "Free Sample", "type": "service"})
        self._buy(other, *self._count_monthly(date(2025, 7, 1), 12), product=free, amount=0.0)
        self.assertFalse(self._get_gaps(other))

    def test_what_is_not_sold_any_more(self):
        """Nobody can buy it again."""
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12), product=self.wall_calendar)
        self.assertTrue(self._get_gaps())
        self.wall_calendar.active = False
        self.assertFalse(self._get_gaps())

    def test_an_unknown_cost_is_left_out_of_the_margin(self):
        orders = self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        orders[3].order_line.purchase_price = 0
        self.assertEqual(self._get_gaps().margin_year, 11 * 930)

    def test_amounts_are_in_the_companys_currency(self):
        orders = self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order SET currency_rate = 2 WHERE id = %s", (orders[-1].id,))
        self.env.invalidate_all()
        self.assertEqual(self._get_gaps().amount_year, 11500)

    def test_two_companies_and_archived_customers(self):
        other = self.env["res.company"].create({"name": "Second Firm"})
        self.env.user.company_ids += other
        there = self._open_customer(self.customer.partner_id, company=other)
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 6))
        self._buy(there, *self._count_monthly(date(2026, 1, 1), 6), company=other)
        self.assertEqual(self._get_gaps().times_bought, 6)
        self.assertEqual(self._get_gaps(there).company_id, other)
        self.assertEqual(self.customer.product_gap_ids, self._get_gaps())
        self.customer.active = False
        self.assertFalse(self._get_gaps())

    def test_who_reads_it(self):
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        opal = self._open_customer(self._create_partner("Opal", self.sales_zhao))
        self._buy(opal, *self._count_monthly(date(2025, 7, 1), 12))
        Gap = self.env["broker.product.gap"]

        def get(user):
            return Gap.with_user(user).search([("customer_id", "in", (self.customer + opal).ids)]).customer_id

        self.assertEqual(get(self.sales_wang), self.customer)
        self.assertEqual(get(self.sales_zhao), opal)
        self.assertEqual(get(self.care_sun), self.customer + opal)
        self.assertEqual(get(self.manager_qian), self.customer + opal)
        self.assertTrue(self.customer.with_user(self.sales_wang).product_gap_ids.action_view_lines()["domain"])

    def test_the_lines_behind_a_row(self):
        """Those that count: no reprint for a claim, nothing given away, no line taken off."""
        orders = self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        gap = self._get_gaps()
        lines = self.env["sale.order.line"].search(gap.action_view_lines()["domain"])
        self.assertEqual(lines, orders.order_line)
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Torn"})
        orders[0].sudo().broker_claim_case_id = case
        orders[1].order_line.price_unit = 0
        orders[2].order_line.product_uom_qty = 0
        self.env.invalidate_all()
        self.assertEqual(gap.times_bought, 9)
        lines = self.env["sale.order.line"].search(gap.action_view_lines()["domain"])
        self.assertEqual(lines, orders[3:].order_line)
        self.assertEqual(sum(lines.mapped("price_subtotal")), gap.amount_year)

    def test_a_list_is_worked_out_once(self):
        self._buy(self.customer, *self._count_monthly(date(2025, 7, 1), 12))
        Gap = self.env["broker.product.gap"]
        times = []
        usual = type(Gap)._get_usual_query

        def note(gaps):
            times.append(1)
            return usual(gaps)

        for user in (self.manager_qian, self.sales_wang):
            self.env.invalidate_all()
            times.clear()
            with patch.object(type(Gap), "_get_usual_query", note):
                found = Gap.with_user(user).web_search_read([], {"product_id": {}, "amount_year": {}}, limit=80)
            self.assertEqual([row["amount_year"] for row in found["records"]], [12000])
            self.assertEqual(len(times), 1, user.name)
