from odoo import fields, models
from odoo.exceptions import UserError


class BrokerMonthReportMailMixin(models.AbstractModel):
    """How a month's report goes to the managers of its company."""

    _name = "broker.month.report.mail.mixin"
    _description = "Month's Report: E-mail"

    def _get_recipients(self):
        """Return the managers of the report's company who have an e-mail address; nobody else
        reads margins and commission, whomever the care line answers to."""
        self.ensure_one()
        managers = self.env["broker.customer"]._get_managers(self.company_id)
        return managers.filtered("email").sorted("id")

    def _send(self):
        """Send the report to the managers, each in their own language with the page as a
        PDF, and keep it as it is from now on. Nothing is sent a second time."""
        self.ensure_one()
        if self.state == "sent":
            raise UserError(self.env._("The report was sent: it stays as it is."))
        recipients = self._get_recipients()
        template = self.env.ref("print_broker_crm.mail_template_month_report")
        for lang, managers in recipients.grouped("lang").items():
            document = self.with_context(lang=lang)._create_document()
            for manager in managers:
                template.with_context(broker_report_lang=lang).send_mail(
                    self.id,
                    email_values={
                        "recipient_ids": [fields.Command.link(manager.partner_id.id)],
                        "attachment_ids": [fields.Command.link(document.id)],
                    },
                )
        self.write(
            {
                "state": "sent",
                "sent_at": fields.Datetime.now(),
                "recipients": ", ".join(recipients.mapped("name")),
            }
        )

    def _create_document(self):
        """Return the attachment that keeps the page as it is, in the language of the
        context."""
        self.ensure_one()
        report = self.env["ir.actions.report"]
        content, _kind = report._render_qweb_pdf("print_broker_crm.broker_month_report_report", self.ids)
        return self.env["ir.attachment"].create(
            {
                "name": f"{self.display_name}.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
            }
        )

    def _get_mail_figures(self):
        """Return the figures that stand in the e-mail itself, in the reader's language."""
        return self.figure_ids.with_context(lang=self.env.lang)

    def _get_link(self):
        """Return where the report is read."""
        self.ensure_one()
        return f"{self.get_base_url()}/odoo/action-print_broker_crm.broker_month_report_action/{self.id}"
