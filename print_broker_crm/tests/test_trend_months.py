from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.print_broker_crm.models.broker_trend_figures_mixin import shift_month
from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestTrendMonths(BrokerAccountCommon):
    """From orders, invoices and credit notes to the trend, by the night of insight."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoices = {}
        # The books begin with a customer of November 2024, a month before the first of these.
        cls._invoice_job(cls._create_partner("First Customer", cls.sales_zhao), date(2024, 11, 15))
        for step in range(22):
            day = shift_month(date(2024, 12, 1), step).replace(day=15)
            cls.invoices[day] = cls._invoice_job(cls.partner, day)

    @classmethod
    def _invoice_job(cls, partner, day, price=10000.0):
        order = cls._create_job(price=price, partner_id=partner.id)
        order.date_order = datetime(day.year, day.month, day.day, 4)
        return cls._create_posted_invoice(order, day)

    def _do_night(self, moment, is_whole=True):
        with freeze_time(moment):
            if is_whole:
                self.env["broker.customer.month"]._rebuild(self.company)
            else:
                list(self.env["broker.customer.month"]._refresh_steps(self.company))
            list(self.env["broker.customer"]._judge_trend_steps(self.company))
        self.env.invalidate_all()
        return self.customer.trend_trace

    def test_steady(self):
        trace = self._do_night("2026-09-30 19:00:00")
        self.assertEqual(self.customer.trend, "stable")
        self.assertEqual((trace["jobs"], trace["gap"], trace["last_day"]), (22, 31, "2026-09-15"))
        self.assertEqual(
            [trace[name] for name in ("basis", "now", "year", "before", "ordered", "ordered_before")],
            ["months", 30000, 30000, 30000, 30000, 30000],
        )

    def test_a_month_of_refunds(self):
        for month in (7, 8):
            self._credit(self.invoices[date(2026, month, 15)])
        trace = self._do_night("2026-09-30 19:00:00")
        self.assertEqual((trace["now"], trace["ordered"], trace["reason"]), (10000, 30000, "held"))
        self.assertEqual(self.customer.trend, "stable")
        self.assertIn("A credit note or a late invoice is no trend.", self.customer.trend_explanation)

    def test_a_credit_note_dated_backwards_is_seen_the_next_time(self):
        self._do_night("2026-09-30 19:00:00")
        # Half of the year before was never earned: this year is a rise, and orders stayed.
        for month in (7, 8, 9):
            self._credit(self.invoices[date(2025, month, 15)], price=5000.0)
        trace = self._do_night("2026-10-01 19:00:00")
        self.assertEqual((trace["now"], trace["year"], trace["reason"]), (30000, 15000, "held"))

    def test_an_ordinary_night_judges_whose_months_changed(self):
        self._do_night("2026-10-02 19:00:00")
        customers = self.customer.search([("company_id", "=", self.company.id)])
        before = self.customer.trend_due
        self.assertEqual(before, date(2026, 10, 31))
        with freeze_time("2026-10-03 03:00:00"):
            for month in (7, 8, 9):
                self._credit(self.invoices[date(2025, month, 15)], price=5000.0)
        judged = []
        model = type(self.customer)
        judge = model._judge_trend_batch

        def note(customer, company, ids, day, counts):
            judged.extend(ids)
            return judge(customer, company, ids, day, counts)

        with patch.object(model, "_judge_trend_batch", note):
            trace = self._do_night("2026-10-03 19:00:00", is_whole=False)
            self.assertEqual(judged, self.customer.ids)
            self.assertEqual((trace["now"], trace["year"]), (30000, 15000))
            self._do_night("2026-10-04 19:00:00", is_whole=False)
            self.assertEqual(judged, self.customer.ids)
            self._do_night("2026-10-05 19:00:00")
            self.assertGreaterEqual(len(judged), 1 + len(customers), "All months were worked out anew")

    def test_smaller_orders_are_a_decline(self):
        for month in (7, 8, 9):
            invoice = self.invoices[date(2026, month, 15)]
            order = invoice.line_ids.sale_line_ids.order_id
            invoice.button_draft()
            invoice.invoice_line_ids.price_unit = 6000.0
            order.order_line.price_unit = 6000.0
            invoice.action_post()
        trace = self._do_night("2026-09-30 19:00:00")
        self.assertEqual((trace["now"], trace["ordered"], trace["reason"]), (18000, 18000, "figures"))
        self.assertEqual(self.customer.trend, "declining")
        # To the end of August already: 22,000 after 30,000; September agrees.
        change = self.customer.trend_change_ids[0]
        self.assertEqual((change.trend_before, change.trend, change.date), ("stable", "declining", date(2026, 9, 30)))
