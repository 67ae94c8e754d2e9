import base64
import io

import xlsxwriter

from odoo import fields, models

_WIDTHS = (12, 22, 18, 28, 30, 16)


class BrokerCommissionStatementDocumentMixin(models.AbstractModel):
    """The statement on paper and as a table: both are made of the same rows."""

    _name = "broker.commission.statement.document.mixin"
    _description = "Commission Statement: Documents"

    xlsx_file = fields.Binary(string="Excel File", compute="_compute_xlsx_file")

    def _compute_xlsx_file(self):
        for statement in self:
            statement.xlsx_file = base64.b64encode(statement._render_xlsx())

    # ACTIONS

    def action_print(self):
        """Return the statement as a PDF."""
        return self.env.ref("print_broker_crm.broker_commission_statement_report").report_action(self)

    def action_download_xlsx(self):
        """Return the statement as an Excel file."""
        self.ensure_one()
        name = self.display_name.replace("/", "-")
        return {
            "type": "ir.actions.act_url",
            "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/xlsx_file/{name}.xlsx?download=true",
        }

    # ROWS

    def _get_balance_lines(self):
        """Return the balance from opening to closing, as a list of (label, amount)."""
        self.ensure_one()
        lines = [
            (self.env._("Opening balance"), self.opening_balance),
            (self.env._("Released"), self.released_amount),
            (self.env._("Differences of closed months"), self.difference_amount),
            (self.env._("Adjustments"), self.adjustment_amount),
            (self.env._("Draws and advances"), self.advance_amount),
            (self.env._("Closing balance"), self.closing_balance),
        ]
        if self.state == "paid":
            lines.append((self.env._("Paid"), self.paid_amount))
        return lines

    def _get_document_sections(self):
        """Return the rows of the statement, section by section.

        :return: list of dicts of `title`, `amount` (their sum) and `rows`, each a dict of
            `date`, `document`, `job`, `customer`, `what` and `amount`
        """
        self.ensure_one()
        sections = [
            (self.env._("Released"), self.released_amount, self.entry_ids, self._get_entry_row),
            (
                self.env._("Differences of closed months"),
                self.difference_amount,
                self.difference_ids,
                self._get_entry_row,
            ),
            (
                self.env._("Adjustments, draws and advances"),
                self.currency_id.round(self.adjustment_amount + self.advance_amount),
                self.adjustment_ids,
                self._get_adjustment_row,
            ),
        ]
        return [
            {
                "title": title,
                "amount": amount,
                "rows": [get_row(row) for row in rows.sudo().sorted(lambda row: (row.date, row.id))],
            }
            for title, amount, rows, get_row in sections
            if rows
        ]

    def _get_entry_row(self, entry):
        selection = {
            name: dict(entry._fields[name]._description_selection(self.env)).get(entry[name], "")
            for name in ("kind", "role")
        }
        return {
            "date": entry.date,
            "document": entry.move_name or "",
            "job": entry.order_id.name or "",
            "customer": entry.customer_id.display_name or "",
            "what": self.env._(
                "%(reason)s: %(role)s %(share)s %%",
                reason=selection["kind"],
                role=selection["role"],
                share=f"{entry.share:g}",
            ),
            "amount": entry.amount,
        }

    def _get_adjustment_row(self, row):
        kinds = dict(row._fields["kind"]._description_selection(self.env))
        return {
            "date": row.date,
            "document": kinds.get(row.kind, ""),
            "job": row.entry_id.order_id.name or "",
            "customer": "",
            "what": row.reason,
            "amount": row.amount,
        }

    # EXCEL

    def _render_xlsx(self):
        """Return the statement as the bytes of an Excel file, in the payee's language."""
        self.ensure_one()
        self = self.with_context(lang=self.user_id.sudo().lang or self.env.lang)
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as workbook:
            formats = self._get_xlsx_formats(workbook)
            sheet = workbook.add_worksheet(self.env._("Statement"))
            for column, width in enumerate(_WIDTHS):
                sheet.set_column(column, column, width)
            sheet.write(0, 0, self.display_name, formats["title"])
            sheet.write(1, 0, self.company_id.name)
            line = 3
            for label, amount in self._get_balance_lines():
                sheet.write(line, 0, label)
                sheet.write_number(line, 5, amount, formats["money"])
                line += 1
            for section in self._get_document_sections():
                line = self._write_xlsx_section(sheet, line + 1, section, formats)
        return buffer.getvalue()

    def _get_xlsx_formats(self, workbook):
        decimals = self.currency_id.decimal_places
        money = "#,##0" + ("." + "0" * decimals if decimals else "")
        return {
            "title": workbook.add_format({"bold": True, "font_size": 14}),
            "head": workbook.add_format({"bold": True, "bottom": 1}),
            "money": workbook.add_format({"num_format": money}),
            "total": workbook.add_format({"num_format": money, "bold": True, "top": 1}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }

    def _write_xlsx_section(self, sheet, line, section, formats):
        """Write a section from a line on; return the line after it."""
        sheet.write(line, 0, section["title"], formats["title"])
        for column, label in enumerate(self._get_column_labels()):
            sheet.write(line + 1, column, label, formats["head"])
        line += 2
        for row in section["rows"]:
            sheet.write_datetime(line, 0, row["date"], formats["date"])
            for column, name in enumerate(("document", "job", "customer", "what"), 1):
                sheet.write_string(line, column, row[name])
            sheet.write_number(line, 5, row["amount"], formats["money"])
            line += 1
        sheet.write(line, 0, self.env._("Sum"), formats["total"])
        sheet.write_number(line, 5, section["amount"], formats["total"])
        return line + 1

    def _get_column_labels(self):
        return [
            self.env._("Date"),
            self.env._("Invoice"),
            self.env._("Job"),
            self.env._("Customer"),
            self.env._("For What"),
            self.env._("Amount"),
        ]
