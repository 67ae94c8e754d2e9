import re

from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.print_broker_crm.tests.common_job_spec import JobSpecCommon


class DocumentCommon(JobSpecCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_job(confirm=False, quantity=1000.0, price=5.0, cost=3.0)
        cls.spec = cls._fill_spec(
            cls.order.order_line,
            colors_front=5,
            spot_colors="PANTONE 185 C",
            proof_id=cls.env.ref("print_broker_crm.broker_print_option_proof_none").id,
            overage=2.5,
            note="Pack by 50",
        )
        cls.order.action_confirm()
        cls.purchase = cls.order.order_line.purchase_line_ids.order_id

    def _render(self, report, record, user=None):
        """Return the words of a report's page."""
        html = self.env["ir.actions.report"].with_user(user or self.env.user)._render_qweb_html(report, record.ids)[0]
        return self._strip(html.decode())

    def _strip(self, html):
        return re.sub(r"[ \t]+", " ", re.sub(r"<[^>]+>", " ", html))

    def assertSpec(self, text):
        for row in (
            "Product: Saddle-stitched brochure",
            "Finished size: 210 × 285 mm",
            "Pages: 16",
            "Colors: 5 + 4 (PANTONE 185 C)",
            "Stock: Gloss coated paper 157 g/m²",
            "Laminating: Matte film",
            "Quantity: 2.5 % more to 0 % less than ordered",
            "More: Pack by 50",
        ):
            self.assertIn(row, text)
        self.assertNotIn("No proof", text, "what means none is not printed")


@tagged("post_install", "-at_install")
class TestJobSpecDocuments(DocumentCommon):
    def test_the_customer_reads_it(self):
        text = self._render("sale.action_report_saleorder", self.order, self.sales_wang)
        self.assertSpec(text)
        self.assertNotIn("Lijiang", text)

    def test_the_printing_house_reads_it_without_the_customer(self):
        for report, document in (
            ("purchase.report_purchase_quotation", "asked"),
            ("purchase.action_report_purchase_order", "ordered"),
        ):
            with self.subTest(document):
                text = self._render(report, self.purchase, self.service_chen)
                self.assertSpec(text)
                self.assertNotIn("Jade", text)

    def test_a_line_added_by_hand_reads_it_too(self):
        line = self.purchase.order_line.copy({"order_id": self.purchase.id, "sale_line_id": self.order.order_line.id})
        self.assertIn("Pages: 16", line.broker_job_spec_text)
        self.assertEqual(self.purchase.broker_job_spec_text.count("Pages: 16"), 2)
        line.sale_line_id = False
        self.assertFalse(line.broker_job_spec_text)

    def test_a_change_is_on_the_printing_houses_order_at_once(self):
        self.spec.pages = 20
        self.assertIn("Pages: 20", self._render("purchase.action_report_purchase_order", self.purchase))

    def test_who_was_chosen_or_renamed_later_is_not_named_either(self):
        self.spec.note = "As Tulip House did, in the green of Amber Hotel"
        self.press.name = "Tulip House"
        self.partner.name = "Amber Hotel"
        text = self._render("purchase.action_report_purchase_order", self.purchase)
        self.assertIn("As … did, in the green of …", text)
        self.assertIn("As … did", self._render("sale.action_report_saleorder", self.order))

    def test_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.gloss.with_context(lang="zh_CN").name = "铜版纸"
        self.press.lang = "zh_CN"
        self.assertIn("铜版纸 157", self._render("purchase.action_report_purchase_order", self.purchase))
        self.assertIn("Gloss coated paper 157", self._render("sale.action_report_saleorder", self.order))

    def test_a_text_is_no_markup(self):
        self.spec.note = "<b>bold</b>"
        html = self.env["ir.actions.report"]._render_qweb_html("sale.action_report_saleorder", self.order.ids)[0]
        self.assertIn("&lt;b&gt;bold", html.decode())


@tagged("post_install", "-at_install")
class TestJobSpecPortal(DocumentCommon, HttpCase):
    def test_the_customer_on_the_portal(self):
        text = self._strip(self.url_open(self.order.get_portal_url()).text)
        self.assertSpec(text)
        self.assertNotIn("Lijiang", text)

    def test_the_printing_house_on_the_portal(self):
        self.purchase.button_confirm()
        user = new_test_user(self.env, login="broker_press", groups="base.group_portal", password="broker_press")
        user.partner_id.parent_id = self.press
        self.purchase.message_subscribe(user.partner_id.ids)
        self.authenticate("broker_press", "broker_press")
        text = self._strip(self.url_open(self.purchase.get_portal_url()).text)
        self.assertSpec(text)
        self.assertNotIn("Jade", text)
