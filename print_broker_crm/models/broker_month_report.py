import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .broker_month_report_line import SECTIONS

_logger = logging.getLogger(__name__)


class BrokerMonthReport(models.Model):
    """The month's page of a company: what an owner reads on the first day.

    Prepared by the night from `broker.insight`, row by row, and as often as somebody
    asks; from the moment it is sent it stays as it was. Managers read it, nobody writes it.
    """

    _name = "broker.month.report"
    _description = "Month's Report"
    _inherit = ["broker.month.report.section.mixin", "broker.month.report.mail.mixin"]
    _order = "month desc, company_id"
    _rec_name = "display_name"
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    month = fields.Date(required=True, help="Its first day.")
    state = fields.Selection(
        [("prepared", "Prepared"), ("sent", "Sent")], string="Status", required=True, default="prepared"
    )
    prepared_at = fields.Datetime(string="Prepared On")
    sent_at = fields.Datetime(string="Sent On")
    recipients = fields.Char(string="Sent To", help="The managers who got it by e-mail.")
    line_ids = fields.One2many("broker.month.report.line", "report_id", string="Rows")
    figure_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "figure")])
    key_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "key")])
    declining_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "declining")])
    lost_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "lost")])
    rising_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "rising")])
    recovered_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "recovered")])
    new_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "new")])
    satisfaction_ids = fields.One2many(
        "broker.month.report.line", "report_id", domain=[("section", "=", "satisfaction")]
    )
    case_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "case")])
    coverage_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "coverage")])
    obligation_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "obligation")])
    printing_house_ids = fields.One2many(
        "broker.month.report.line", "report_id", domain=[("section", "=", "printing_house")]
    )
    desk_ids = fields.One2many("broker.month.report.line", "report_id", domain=[("section", "=", "desk")])

    _company_month_uniq = models.UniqueIndex("(company_id, month)", "There is a report of this month already: open it.")
    _month_first = models.Constraint("CHECK (EXTRACT(DAY FROM month) = 1)", "A month is named by its first day.")

    @api.depends("month", "company_id")
    @api.depends_context("lang", "allowed_company_ids")
    def _compute_display_name(self):
        several = len(self.env.companies) > 1
        for report in self:
            # How a month is written is a matter of language as well.
            pattern = self.env._("MMMM yyyy")
            month = report.month and format_date(self.env, report.month, date_format=pattern)
            name = self.env._("Report of %(month)s", month=month or "")
            report.display_name = f"{name} · {report.company_id.sudo().name}" if several else name

    # CRUD

    def write(self, vals):
        if any(report.state == "sent" for report in self):
            raise UserError(self.env._("The report was sent: it stays as it is."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(report.state == "sent" for report in self):
            raise UserError(self.env._("The report was sent: it stays as it is."))

    # ACTIONS

    def action_prepare(self):
        """Work the report out anew, as long as it was not sent."""
        self._check_manager()
        for report in self:
            self._prepare(report.company_id, report.month)
        return True

    def action_send(self):
        """Send the report to the managers of its company, whether or not the settings do
        so by themselves; from then on it stays as it is."""
        self._check_manager()
        self.ensure_one()
        if self.state == "sent":
            raise UserError(self.env._("The report was sent: it stays as it is."))
        if not self.sudo()._get_recipients():
            raise UserError(
                self.env._("No manager of %(company)s has an e-mail address.", company=self.company_id.name)
            )
        self.sudo()._send()
        return True

    @api.model
    def action_open_last(self):
        """Open the report of the last month, which is prepared if it is not there yet."""
        self._check_manager()
        company = self.env.company
        month = self.env["broker.insight"]._get_last_month(company)
        report = self._find(company, month) or self._prepare(company, month)
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_month_report_action")
        return {**action, "views": [(False, "form")], "view_mode": "form", "res_id": report.id, "domain": []}

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("The month's report is for managers."))
        self.check_access("read")

    # THE PAGE

    def _get_tile_rows(self):
        """Return the figures at the head of the page, in rows of five."""
        self.ensure_one()
        return [self.figure_ids[start : start + 5] for start in range(0, len(self.figure_ids), 5)]

    def _get_customer_sections(self):
        """Return the sections of customers that have any, in words of the reader, with how
        many there are besides those that are named."""
        self.ensure_one()
        totals = {line.key: int(line.value) for line in self.figure_ids}
        labels = dict(self.env["broker.month.report.line"]._fields["section"]._description_selection(self.env))
        sections = []
        for name in ("key", "declining", "lost", "rising", "recovered", "new"):
            lines = self[f"{name}_ids"]
            more = totals.get(f"customers_{name}", 0) - len(lines)
            if lines:
                count = self.env._("and %(number)s more", number=more) if more > 0 else ""
                sections.append({"title": labels[name], "count": count, "lines": lines})
        return sections

    # BUSINESS

    @api.model
    def _find(self, company, month):
        return self.search(Domain("company_id", "=", company.id) & Domain("month", "=", month), limit=1)

    @api.model
    def _prepare(self, company, month):
        """Write the rows of a company's month, in place of those that were there.

        :param company: `res.company`
        :param month: its first day, of a month that is over
        :return: the report
        """
        if month > self.env["broker.insight"]._get_last_month(company):
            raise UserError(self.env._("A month is reported when it is over."))
        self = self.sudo().with_company(company)
        report = self._find(company, month) or self.create({"company_id": company.id, "month": month})
        report.write({"prepared_at": fields.Datetime.now()})
        # What it says of its own day comes from its rows: they are read before they go.
        vals_list = report._collect()
        (report.line_ids - report._get_kept_lines()).unlink()
        sequences = dict.fromkeys((section for section, _label in SECTIONS), 0)
        for vals in vals_list:
            sequences[vals["section"]] += 1
            vals.update(report_id=report.id, sequence=sequences[vals["section"]])
        self.env["broker.month.report.line"].create(vals_list)
        return report

    @api.model
    def _night_steps(self, company):
        """Prepare the report of the last month, and send it when the firm wants that: one
        step each, to be committed. A night that is killed or comes twice prepares and
        sends nothing a second time.

        :return: generator of the number of reports that a step was about
        """
        month = self.env["broker.insight"]._get_last_month(company)
        self = self.sudo().with_company(company)
        report = self._find(company, month)
        if not report:
            if not self.env["broker.customer"].search_count(Domain("company_id", "=", company.id), limit=1):
                return
            report = self._prepare(company, month)
            yield 1
        if company.broker_report_mail and report.state == "prepared" and report._get_recipients():
            try:
                with self.env.cr.savepoint():
                    report._send()
            except UserError as error:
                # A page that cannot be printed waits for somebody to see to it, and the night goes on.
                self.env.invalidate_all()
                _logger.warning("The report %s cannot be sent: %s", report.display_name, error)
                return
            yield 1
