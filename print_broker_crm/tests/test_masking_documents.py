from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import html2plaintext
from odoo.tools.safe_eval import safe_eval, time

from odoo.addons.mail.tests.common import MailCase
from odoo.addons.print_broker_crm.tests.common_job_spec import JobSpecCommon
from odoo.addons.print_broker_crm.tests.common_proof import PNG

MODELS = ("sale.order", "purchase.order", "account.move", "broker.proof", "broker.handoff")


class MaskingCommon(JobSpecCommon, MailCase):
    """A job of Jade Restaurant that Lijiang Press prints, and a name wherever one fits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.broker_masking = "refuse"
        cls.partner.write({"website": "https://www.jade-eats.example/menu", "vat": "US12345671"})
        cls.press.write({"phone": "+86 871 6555 0199", "email": "boss@lijiang.example"})
        cls.portal_customer = cls._create_portal_user("masking_customer", "Liu Naixin", cls.partner)
        cls.portal_press = cls._create_portal_user("masking_press", "Ma Jun", cls.press)
        cls.customer_names = ("Jade", "Liu Naixin", "example.com", "jade-eats", cls.partner.phone[-9:], "12345671")
        cls.press_names = ("Lijiang", "Ma Jun", "6555 0199")
        cls.company.broker_handoff_repeat = True
        cls.order = cls._create_job(confirm=False, quantity=1000.0, price=5.0, cost=3.0, user_id=cls.sales_wang.id)
        cls._fill_spec(cls.order.order_line)
        cls.order.action_confirm()
        cls.purchase = cls.order.order_line.purchase_line_ids.order_id
        cls.purchase.button_confirm()
        cls._run_relay()
        cls._write_names()
        cls.invoice = cls._create_posted_invoice(cls.order)
        cls.purchase.order_line.qty_received = 1000.0
        cls.purchase.action_create_invoice()
        cls.bill = cls.purchase.invoice_ids
        cls.bill.invoice_date = cls.invoice.invoice_date
        cls.bill.action_post()
        cls.proof = cls.env["broker.proof"].search(Domain("order_id", "=", cls.order.id), limit=1)
        cls.handoff = cls.order.broker_handoff_id

    @classmethod
    def _write_names(cls):
        """Put names where nothing refuses them: by an import, or before the two sides met."""
        cls.order.sudo().write(
            {"note": "<p>Printed by <b>Lijiang</b> Press, boss@lijiang.example</p>", "origin": "Ma Jun"}
        )
        cls.order.sudo().order_line.name = "Brochure, LIJIANG  PRESS quality, call 0871 65550199"
        cls.purchase.sudo().write(
            {
                "note": "<p>For Jade&nbsp;Restaurant, www.jade-eats.example</p>",
                "partner_ref": "Jade Restaurant 7",
                "origin": f"{cls.order.name}, Liu Naixin",
            }
        )
        cls.purchase.sudo().order_line.name = f"Menu of JADE-Restaurant, {cls.partner.phone}, {cls.partner.vat}"

    @classmethod
    def _create_portal_user(cls, login, name, company):
        user = new_test_user(cls.env, login=login, name=name, groups="base.group_portal", password=login)
        domain = company.email.split("@")[1]
        user.partner_id.write({"parent_id": company.id, "email": f"{login}@{domain}"})
        return user

    @classmethod
    def _run_relay(cls):
        """Run the job through all its stages, with a proof, a question and the receipt."""
        chen = cls.env(user=cls.service_chen)
        proof = chen["broker.proof"].create({"order_id": cls.order.id, "note": "Please look at page 3."})
        chen["broker.proof.file"].create({"proof_id": proof.id, "name": "Lijiang Press menu.png", "content": PNG})
        proof._send()
        proof.sudo()._answer_online("approved", "Liu Naixin", "", signature=PNG)
        for stage in cls.env["broker.relay.stage"].search(Domain("code", "!=", False), order="sequence"):
            if stage.code not in ("receipt", "reconciliation", "done"):
                cls.order._broker_move(stage, is_fact=True)
        cls.order.message_post(
            body="When do you print?",
            author_id=cls.portal_customer.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        cls.order.with_user(cls.service_chen).action_broker_pass_question()
        cls.order._broker_answer_receipt("Liu Naixin", "", cls.portal_customer.partner_id)

    def _get_documents(self):
        """Return [(record, the names that its reader must not find)]."""
        return [
            (self.order, self.press_names),
            (self.invoice, self.press_names),
            (self.proof, self.press_names),
            (self.handoff, self.press_names),
            (self.purchase, self.customer_names),
            (self.bill, self.customer_names),
        ]

    def assertNobody(self, text, names, what):
        text = str(text or "")
        plain = " ".join(html2plaintext(text).split()) if "<" in text else text
        for name in names:
            for form in (text, plain):
                self.assertNotIn(name.casefold(), form.casefold(), what)


@tagged("post_install", "-at_install")
class TestMaskingDocuments(MaskingCommon):
    def test_every_report(self):
        reports = self.env["ir.actions.report"].search(Domain("model", "in", MODELS))
        seen = set()
        for report in reports:
            for record, names in self._get_documents():
                if record._name != report.model or not record:
                    continue
                with self.subTest(report=report.report_name, record=record.display_name):
                    render = report._render_qweb_text if "text" in report.report_type else report._render_qweb_html
                    content = render(report.report_name, record.ids)[0].decode()
                    self.assertNobody(content, names, report.report_name)
                    seen.add(report.model)
        self.assertEqual(seen, {"sale.order", "purchase.order", "account.move"})

    def test_file_names(self):
        for report in self.env["ir.actions.report"].search(Domain("model", "in", MODELS)):
            for record, names in self._get_documents():
                if record._name == report.model and record and report.print_report_name:
                    with self.subTest(report=report.report_name):
                        name = safe_eval(report.print_report_name, {"object": record, "time": time})
                        self.assertNobody(name, names, report.report_name)

    def test_what_goes_on_the_goods_names_neither(self):
        ticket = self._render("print_broker_crm.report_broker_job_ticket", self.order)
        self.assertNobody(ticket, self.customer_names + self.press_names, "ticket")
        self.purchase.write({"dest_address_id": self.partner.id, "broker_neutral_delivery": True})
        note = self._render("print_broker_crm.report_broker_delivery_note", self.purchase)
        self.assertNobody(note, self.press_names, "note")
        self.assertIn("Jade Restaurant", note)
        self.assertIn(self.order.name, note, "the customer knows its own number")
        self.assertIn(self.company.name, note)

    def _render(self, name, record):
        return self.env["ir.actions.report"]._render_qweb_html(name, record.ids)[0].decode()

    def test_several_at_once(self):
        """Each document is masked for its own reader: a printing house may be a customer."""
        other = self._create_job(confirm=False)
        other.partner_id = self.press
        html = self.env["ir.actions.report"]._render_qweb_html("sale.report_saleorder", (self.order | other).ids)[0]
        parts = html.decode().split("Quotation")
        self.assertIn("Lijiang Press", html.decode(), "its own quotation names the customer that it is here")
        self.assertNotIn("LIJIANG", html.decode(), parts)

    def test_every_mail_template(self):
        later = self.env["mail.template"].create(
            {
                "name": "Of a later module",
                "model_id": self.env["ir.model"]._get_id("purchase.order"),
                "subject": "For {{ object.partner_ref }}",
                "partner_to": "{{ object.partner_id.id }}",
                "body_html": "<p t-out='object.order_line[0].name'/><t t-out='object.note'/>",
            }
        )
        templates = self.env["mail.template"].search(Domain("model", "in", MODELS))
        self.assertIn(later, templates)
        seen = set()
        for template in templates:
            for record, names in self._get_documents():
                if record._name != template.model or not record:
                    continue
                with self.subTest(template=template.name, record=record.display_name):
                    mail = self.env["mail.mail"].sudo().browse(template.send_mail(record.id))
                    self._check_mail(mail, names)
                    seen.add(template.model)
        self.assertEqual(seen, set(MODELS))

    def _check_mail(self, mail, names):
        for field in ("subject", "body_html", "body", "reply_to", "email_cc", "email_from"):
            self.assertNobody(mail[field], names, field)
        for attachment in mail.attachment_ids:
            self.assertNobody(attachment.name, names, "attachment")

    def test_the_composer(self):
        """What is written with a document goes out with what its template fills in."""
        for record, names, composer in (
            (self.purchase, self.customer_names, self.purchase.action_rfq_send()),
            (self.order, self.press_names, self.order.action_quotation_send()),
        ):
            with self.mock_mail_gateway(), self.subTest(record.name):
                wizard = self.env["mail.compose.message"].with_context(**composer["context"]).create({})
                wizard.attachment_ids = [Command.create({"name": "Jade Restaurant and Lijiang Press.txt", "raw": b"x"})]
                wizard.sudo()._action_send_mail()
                self.assertTrue(self._mails)
                for mail in self._mails:
                    self._check_sent(mail, names)
                self.assertNobody(record.message_ids[:1].body, names, "body")

    def _check_sent(self, mail, names):
        for key in ("subject", "body", "reply_to", "email_from", "email_cc", "headers"):
            self.assertNobody(mail.get(key), names, key)
        for name, *_rest in mail["attachments"]:
            self.assertNobody(name, names, "attachment")

    def test_what_each_side_reads_by_rpc(self):
        self.order.message_subscribe(self.portal_customer.partner_id.ids)
        self.purchase.message_subscribe(self.portal_press.partner_id.ids)
        for user, document, names in (
            (self.portal_customer, self.order, self.press_names),
            (self.portal_press, self.purchase, self.customer_names),
        ):
            for records in (document, document.order_line):
                for name in records.with_user(user).fields_get(attributes=["string"]):
                    try:
                        rows = records.with_user(user).read([name])
                    except AccessError:
                        # A field of a record that is closed to them.
                        continue
                    self.assertNobody(rows, names, name)
        names = self.purchase.order_line.with_user(self.portal_press).fields_get()
        self.assertNotIn("sale_line_id", names, "the name of a sale's line tells whose it is")
        self.assertNotIn("broker_given_away", self.purchase.with_user(self.portal_press).fields_get())


@tagged("post_install", "-at_install")
class TestMaskingPortal(MaskingCommon, HttpCase):
    def test_the_portal_of_both_sides(self):
        self.order.message_subscribe(self.portal_customer.partner_id.ids)
        self.purchase.message_subscribe(self.portal_press.partner_id.ids)
        for user, names, paths in (
            (
                self.portal_customer,
                self.press_names,
                [
                    "/my",
                    "/my/orders",
                    "/my/quotes",
                    "/my/invoices",
                    "/my/proofs",
                    self.order.get_portal_url(),
                    self.order.get_portal_url(report_type="html"),
                    self.invoice.get_portal_url(),
                    self.invoice.get_portal_url(report_type="html"),
                    self.proof.get_portal_url(),
                ],
            ),
            (
                self.portal_press,
                self.customer_names,
                [
                    "/my",
                    "/my/purchase",
                    "/my/rfq",
                    "/my/invoices",
                    self.purchase.get_portal_url(),
                    self.purchase.get_portal_url(report_type="html"),
                    self.bill.get_portal_url(),
                ],
            ),
        ):
            self.authenticate(user.login, user.login)
            for path in paths:
                with self.subTest(user=user.name, path=path.split("?")[0]):
                    response = self.url_open(path)
                    self.assertEqual(response.status_code, 200)
                    self.assertNotEqual(response.url.split("?")[0].rstrip("/"), self.base_url() + "/web/login")
                    self.assertNobody(response.text, names, path)
                    self.assertNobody(response.headers.get("Content-Disposition"), names, path)

    def test_the_messages_of_both_sides(self):
        for record, user, names in (
            (self.order, self.portal_customer, self.press_names),
            (self.purchase, self.portal_press, self.customer_names),
            (self.invoice, self.portal_customer, self.press_names),
            (self.bill, self.portal_press, self.customer_names),
        ):
            record.sudo().message_post(
                body="About Jade Restaurant, Lijiang Press, Ma Jun and Liu Naixin",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
            self.authenticate(user.login, user.login)
            with self.subTest(record.display_name):
                data = self.make_jsonrpc_request(
                    "/mail/thread/messages",
                    {"thread_model": record._name, "thread_id": record.id, "fetch_params": {"limit": 100}},
                )
                self.assertIn("About", str(data))
                self.assertNobody(data, names, record.display_name)
