import base64
import io
import re

import openpyxl

from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from .common_statement import MARCH, StatementCommon

_REPORT = "print_broker_crm.broker_commission_statement_report"


@tagged("post_install", "-at_install")
class TestCommissionStatementDocument(StatementCommon, HttpCase):
    """What is printed is what stands in the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.lang = "en_US"
        cls.invoices = cls.env["account.move"].union(
            *(cls._create_posted_invoice(cls._create_job(price=price)) for price in (10000, 8123.45, 12345.67))
        )
        for invoice in cls.invoices:
            cls._pay(invoice)
        # Pools of 300, 112.35 and 534.57 (10 % of the margin, rounded), of which 70 %.
        cls.amounts = [210.0, 78.65, 374.2]
        cls.Adjustment.create(
            {"user_id": cls.sales_wang.id, "kind": "advance", "amount": -99.5, "reason": "预支 Spring"}
        )
        cls.statement = cls.Statement.create(
            {"user_id": cls.sales_wang.id, "date_from": MARCH[0], "date_to": "2026-03-10", "note": "辛苦了"}
        )
        cls.statement.action_confirm()
        cls.closing = 563.35

    def test_ledger(self):
        self.assertEqual(sorted(self.statement.entry_ids.mapped("amount")), sorted(self.amounts))
        self.assertEqual(self.statement.closing_balance, self.closing)

    def _read_xlsx(self, statement):
        return openpyxl.load_workbook(io.BytesIO(base64.b64decode(statement.xlsx_file)), data_only=True).active

    def test_xlsx(self):
        sheet = self._read_xlsx(self.statement.with_user(self.sales_wang))
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        balance = {row[0]: row[5] for row in rows[3:9]}
        self.assertEqual(
            balance,
            {
                "Opening balance": 0,
                "Released": 662.85,
                "Differences of closed months": 0,
                "Adjustments": 0,
                "Draws and advances": -99.5,
                "Closing balance": self.closing,
            },
        )
        by_invoice = {row[1]: row[5] for row in rows if row[1] in self.invoices.mapped("name")}
        self.assertEqual(by_invoice, dict(zip(self.invoices.mapped("name"), self.amounts, strict=True)))
        self.assertIn("预支 Spring", [row[4] for row in rows])
        sums = [row[5] for row in rows if row[0] == "Sum"]
        self.assertEqual(sums, [662.85, -99.5])

    def test_no_name_is_a_formula(self):
        self.sales_wang.name = "=1+1"
        title = self._read_xlsx(self.statement)["A1"]
        self.assertEqual((title.data_type, title.value), ("s", self.statement.display_name))

    def test_xlsx_is_downloaded_by_its_owner_alone(self):
        url = self.statement.action_download_xlsx()["url"]
        for user, status in ((self.sales_wang, 200), (self.manager_qian, 200), (self.service_chen, 404)):
            user.password = user.login
            self.authenticate(user.login, user.login)
            response = self.url_open(url)
            self.assertEqual(response.status_code, status, user.name)
            if status == 200:
                self.assertEqual(openpyxl.load_workbook(io.BytesIO(response.content)).active["F9"].value, self.closing)

    def _check_text(self, text):
        text = re.sub(r"\s+", " ", text.replace("\xa0", " "))
        for number in ("210.00", "78.65", "374.20", "662.85", "99.50", "563.35"):
            self.assertIn(number, text)
        for invoice in self.invoices:
            self.assertIn(invoice.name, text)
        self.assertIn(self.statement.checksum, text.replace(" ", ""))
        return text

    def test_html(self):
        Report = self.env["ir.actions.report"].with_user(self.sales_wang)
        html = Report._render_qweb_html(_REPORT, self.statement.ids)[0].decode()
        text = self._check_text(re.sub("<[^>]+>", " ", html))
        self.assertIn("预支 Spring", text)
        self.assertIn("辛苦了", text)

    def test_pdf(self):
        Report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        if Report.get_wkhtmltopdf_state() not in ("ok", "upgrade", "workers"):
            self.skipTest("wkhtmltopdf is not installed")
        content, kind = Report.with_user(self.sales_wang)._render_qweb_pdf(_REPORT, self.statement.ids)
        self.assertEqual(kind, "pdf")
        reader = PdfFileReader(io.BytesIO(content))
        self._check_text(" ".join(page.extract_text() for page in reader.pages))
