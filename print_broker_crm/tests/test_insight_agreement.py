import json

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from odoo.addons.print_broker_crm.models.broker_insight import FIGURES
from odoo.addons.print_broker_crm.tests.common_insight import InsightCommon


@tagged("post_install", "-at_install")
class TestInsightAgreement(InsightCommon):
    """From the invoices to every place that shows them: one number, worked out by hand.

    Two months ago Jade bought for 2,000 that cost 1,000. In the last month it bought for
    10,000 that cost 7,000, a line of 300 of which nobody knows the cost came along, and
    half of the first job came back; Lotus bought for 4,000 that cost 5,000.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        before, last = cls._get_month(2), cls._get_month(1)
        cls.tea = cls._create_partner("Lotus Tea", cls.sales_zhao)
        first = cls._create_posted_invoice(cls._create_job(2000, 1000), before.replace(day=10))
        cls._create_posted_invoice(cls._create_job(10000, 7000, lines=[(cls.box_product, 300, 0)]), last.replace(day=3))
        cls._create_posted_invoice(cls._create_job(4000, 5000, partner_id=cls.tea.id), last.replace(day=28))
        note = first._reverse_moves([{"invoice_date": last.replace(day=5), "date": last.replace(day=5)}])
        note.invoice_line_ids.quantity = 0.5
        note.action_post()
        cls.env["broker.customer.month"]._rebuild(cls.company)
        cls.env.invalidate_all()

    def test_every_place_tells_the_same(self):
        data = self.insight.get_dashboard()
        # 10,000 + 300 - 1,000 + 4,000, and 3,000 - 500 - 1,000.
        self.assertEqual(data["figures"]["revenue"]["value"], 13300)
        self.assertEqual(data["figures"]["margin"]["value"], 1500)
        self.assertEqual(data["figures"]["margin_left_out"]["value"], 1)
        shown = [(month["revenue"], month["margin"]) for month in data["months"][-2:]]
        self.assertEqual(shown, [(2000, 1000), (13300, 1500)])

        report = self.env["broker.month.report"].sudo()._prepare(self.company, self.last_month)
        lines = {line.key: line for line in report.line_ids if line.key in FIGURES}
        for key, figure in data["figures"].items():
            if key in lines:
                with self.subTest(figure=key):
                    self.assertEqual(lines[key].has_value, figure["value"] is not None)
                    self.assertEqual(lines[key].value, figure["value"] or 0)
        self.assertLessEqual({"revenue", "margin", "desk_result", "customers_declining"}, set(lines))

        groups = (
            self.env["broker.customer.month"]
            .with_user(self.manager_qian)
            .formatted_read_group(
                [("company_id", "=", self.company.id)], ["month:month", "customer_id"], ["revenue:sum", "margin:sum"]
            )
        )
        pivot = {
            (group["month:month"][0], group["customer_id"][0]): (group["revenue:sum"], group["margin:sum"])
            for group in groups
            if group["revenue:sum"] or group["margin:sum"]
        }
        tea = self._open_customer(self.tea)
        self.assertEqual(
            pivot,
            {
                (str(self._get_month(2)), self.customer.id): (2000, 1000),
                (str(self.last_month), self.customer.id): (9300, 2500),
                (str(self.last_month), tea.id): (4000, -1000),
            },
        )

    def test_a_comeback_is_one_in_report_and_targets(self):
        """Back two months ago, late again, and back in the last month from the same loss."""
        before = self._get_month(2)
        pause = [str(self._get_month(9)), str(before.replace(day=4))]
        known = {"jobs": 2, "last_day": pause[1], "lost_after": pause[1]}
        for day, trend, trace in (
            (before.replace(day=4), "recovered", {"reason": "back", "pause": pause}),
            (before.replace(day=25), "declining", {"reason": "figures", **known}),
            (self.last_month.replace(day=7), "recovered", {"reason": "back", "pause": pause}),
        ):
            self._fill_trend(self.customer, trend, day).sudo().flush_recordset()
            self.env.cr.execute(
                "UPDATE broker_trend_change SET trace = %s::jsonb WHERE customer_id = %s AND date = %s",
                [json.dumps(trace), self.customer.id, day],
            )
        self.env.invalidate_all()
        for month, count in ((before, 1), (self.last_month, 0)):
            report = self.env["broker.month.report"].sudo()._prepare(self.company, month)
            line = report.line_ids.filtered(lambda line: line.key == "customers_recovered")
            self.assertEqual((line.value, len(report.recovered_ids)), (count, count))
            self.assertEqual(self.insight.get_dashboard(str(month))["figures"]["customers_recovered"]["value"], count)
            events = self.env["broker.target.event"].search_count(
                [
                    ("kind", "=", "recovered"),
                    ("company_id", "=", self.company.id),
                    ("date", ">=", month),
                    ("date", "<", month + relativedelta(months=1)),
                ]
            )
            self.assertEqual(events, count)

    def test_down_to_the_invoices(self):
        action = self.insight.open_rows("revenue")
        months = self.env[action["res_model"]].with_user(self.manager_qian).search(action["domain"])
        total = 0
        for month in months:
            rows = month.action_view_invoices()
            invoices = self.env[rows["res_model"]].with_user(self.manager_qian).search(rows["domain"])
            self.assertEqual(sum(invoices.mapped("amount_untaxed_signed")), month.revenue)
            total += month.revenue
        self.assertEqual(total, 13300)
        action = self.insight.open_rows("margin_left_out")
        left_out = self.env[action["res_model"]].with_user(self.manager_qian).search(action["domain"])
        self.assertIn(self.customer, left_out.customer_id)

    def test_the_desk_adds_up(self):
        figures = {key: figure["value"] for key, figure in self.insight.get_dashboard()["figures"].items()}
        earned = sum(figures[f"desk_margin_{kind}"] for kind in ("repeat", "referral", "inherited"))
        self.assertEqual(figures["desk_result"], earned - figures["desk_commission"] - figures["desk_claim_cost"])
        action = self.insight.open_rows("desk_result")
        desk = self.env[action["res_model"]].with_user(self.manager_qian).with_context(**action["context"])
        rows = desk.search(action["domain"])
        self.assertEqual(self.company.currency_id.round(sum(rows.mapped("amount"))), figures["desk_result"])

    def test_everybody_reads_the_months_of_their_own_customers(self):
        """In lists, pivots and graphs; what the care line knows stays with it."""
        action = self.env.ref("print_broker_crm.broker_customer_month_action")
        views = [(False, mode) for mode in [*action.view_mode.split(","), "search"]]
        months = self.env["broker.customer.month"]
        for user, knows_calls, revenue in (
            (self.sales_wang, False, 11300),
            (self.service_chen, False, 11300),
            (self.care_sun, True, 15300),
            (self.manager_qian, True, 15300),
        ):
            with self.subTest(user=user.name):
                seen = months.with_user(user).get_views(views)
                self.assertEqual("call_count" in seen["models"]["broker.customer.month"]["fields"], knows_calls)
                self.assertEqual("action_view_calls" in seen["views"]["form"]["arch"], knows_calls)
                groups = months.with_user(user).formatted_read_group([], [], ["revenue:sum"])
                self.assertEqual(groups[0]["revenue:sum"], revenue)
