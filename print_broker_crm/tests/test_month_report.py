from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestMonthReport(BrokerAccountCommon):
    @freeze_time("2026-04-01 02:00:00")
    def test_prepared_by_the_night(self):
        """Once for a month, however often the night comes."""
        Report = self.env["broker.month.report"]
        self.assertEqual(list(Report._night_steps(self.company)), [1])
        self.assertEqual(list(Report._night_steps(self.company)), [])
        report = Report._find(self.company, date(2026, 3, 1))
        self.assertEqual(report.state, "prepared")
        self.assertEqual(len(report.figure_ids), 10)
        for line in report.line_ids:
            if line.key:
                line.with_user(self.manager_qian).action_open()
