from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.print_broker_crm.models.broker_insight import FIGURES
from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestInsight(BrokerAccountCommon):
    @freeze_time("2026-04-01 02:00:00")
    def test_a_company_without_anything(self):
        """Every key is there, and nothing is invented where nobody answered."""
        company = self.env["res.company"].create({"name": "Fresh"})
        summary = self.env["broker.insight"]._get_summary(company, date(2026, 3, 1))
        self.assertEqual(list(summary), list(FIGURES))
        for key, figure in summary.items():
            self.assertEqual(set(figure), {"value", "before", "before_month", "kind", "label", "good"})
            self.assertEqual(figure["value"], None if figure["kind"] == "score" else 0, key)
