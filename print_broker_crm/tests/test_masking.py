from markupsafe import Markup

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.test_masking_documents import MaskingCommon


@tagged("post_install", "-at_install")
class TestMasking(MaskingCommon):
    """What people type, whom they write to, and who may follow what."""

    @classmethod
    def _write_names(cls):
        """Nothing is named here until a test does it."""

    def _as_chen(self, record):
        return record.with_user(self.service_chen).sudo(False)

    # TYPED

    def test_what_is_typed_on_a_purchase_order_is_refused(self):
        purchase = self.purchase.with_user(self.manager_qian)
        for values in (
            {"note": "<p>For Jade <b>Restaurant</b></p>"},
            {"partner_ref": "jade-restaurant 7"},
            {"origin": "Liu Naixin"},
            {"order_line": [Command.update(purchase.order_line.id, {"name": f"Menu, call {self.partner.phone}"})]},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "gives away"), self.env.cr.savepoint():
                purchase.write(values)
        purchase.write({"note": "Pack by 50", "partner_ref": "7"})

    def test_what_is_typed_on_an_order_is_refused(self):
        order = self.order.with_user(self.manager_qian)
        for values in (
            {"note": "Printed by Lijiang Press"},
            {"order_line": [Command.update(order.order_line.id, {"name": "As boss@lijiang.example said"})]},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "gives away"), self.env.cr.savepoint():
                order.write(values)
        self.assertIn("Jade", order.partner_id.name, "its own customer is no secret")
        order.note = "For Jade Restaurant"

    def test_a_line_that_is_linked_later(self):
        other = self.env["purchase.order"].create(
            {
                "partner_id": self.press.id,
                "order_line": [Command.create({"product_id": self.box_product.id, "name": "Menu of Jade Restaurant"})],
            }
        )
        with self.assertRaisesRegex(UserError, "gives away Jade Restaurant"), self.env.cr.savepoint():
            other.order_line.with_user(self.manager_qian).sale_line_id = self.order.order_line

    def test_nothing_is_refused_before_somebody_asks_for_it(self):
        self.assertEqual(self.env["res.company"].create({"name": "New"}).broker_masking, "mask")

    def test_a_firm_that_only_warns(self):
        self.company.broker_masking = "mask"
        purchase = self.purchase.with_user(self.manager_qian)
        purchase.note = "For Jade Restaurant"
        self.assertEqual(purchase.broker_given_away, "Jade Restaurant")
        message = purchase.message_post(
            body="For Jade Restaurant", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertIn("For ···", message.body)

    def test_a_firm_that_hides_nothing(self):
        self.company.broker_masking = "off"
        purchase = self.purchase.with_user(self.manager_qian)
        purchase.note = "For Jade Restaurant"
        purchase.dest_address_id = self.partner
        self.assertFalse(purchase.broker_given_away)
        html = self.env["ir.actions.report"]._render_qweb_html("purchase.report_purchaseorder", purchase.ids)[0]
        self.assertIn("Jade Restaurant", html.decode())

    def test_a_product_that_is_called_after_who_makes_it(self):
        self.print_product.name = "Lijiang Press Calendar"
        order = self._create_job(confirm=False).with_user(self.manager_qian)
        order.order_line.name = "Lijiang Press Calendar, 12 sheets"
        self.assertFalse(order.broker_given_away)
        html = self.env["ir.actions.report"]._render_qweb_html("sale.report_saleorder", order.ids)[0].decode()
        self.assertNotIn("Lijiang", html)

    def test_a_printing_house_that_is_a_customer_knows_itself(self):
        order = self._create_job(confirm=False)
        order.partner_id = self.press
        order.with_user(self.manager_qian).note = "For Lijiang Press"
        self.assertIn("Lijiang Press", order.note)
        self.assertFalse(order.broker_given_away)

    def test_what_identifies_somebody(self):
        Identity = self.env["broker.identity"]
        partner = self._create_partner("上海翡翠餐饮有限公司", phone="+86 21 6234 0001", website="fei-cui.example.org")
        for name in ("Ann", "王伟", "Mark Bell"):
            self.env["res.partner"].create({"name": name, "parent_id": partner.id})
        pattern = Identity._get_pattern(partner, self.press)
        for text, found in (
            ("给上海翡翠餐饮印的", ["上海翡翠餐饮"]),
            ("上海翡翠餐饮有限公司的菜单", ["上海翡翠餐饮有限公司"]),
            ("请联系王伟经理", ["王伟"]),
            ("call 021-6234 0001 now", ["6234 0001"]),
            ("www.FEI-CUI.example.org", ["FEI-CUI.example.org"]),
            ("ask MARK BELL", ["MARK BELL"]),
            ("planning with Ann, marks and bells", []),
            ("12 x 62340001 9", ["62340001"]),
            ("", []),
        ):
            with self.subTest(text):
                self.assertEqual(Identity._find(pattern, text), found)
        self.assertEqual(Identity._mask(pattern, "ＭＡＲＫ ＢＥＬＬ 来了"), "··· 来了")
        self.assertEqual(
            Identity._mask_html("<p class='mark bell'>Ma<b>rk</b> Bell</p><i title='王伟'>x</i>", pattern),
            '<p class="mark bell">···</p><i title="···">x</i>',
        )
        self.assertIsNone(Identity._get_pattern(self.press, self.press))

    def test_who_works_here_is_no_secret(self):
        self.env["res.partner"].create({"name": self.sales_wang.name + " Ming", "parent_id": self.partner.id})
        self.sales_wang.name = "Wang Ming"
        self.purchase.with_user(self.manager_qian).note = "Questions to Wang Ming"
        self.assertIn("Wang Ming", self.purchase.note)
        self.assertFalse(self.purchase.broker_given_away)

    # FROM THE ORDER TO THE PRINTING HOUSE

    def test_what_the_customer_wrote_is_not_copied(self):
        attribute = self.env["product.attribute"].create({"name": "Imprint", "create_variant": "no_variant"})
        value = self.env["product.attribute.value"].create(
            {"name": "Text", "attribute_id": attribute.id, "is_custom": True}
        )
        template = self.print_product.product_tmpl_id
        line = self.env["product.template.attribute.line"].create(
            {
                "product_tmpl_id": template.id,
                "attribute_id": attribute.id,
                "value_ids": [Command.set(value.ids)],
            }
        )
        order = self._create_job(confirm=False)
        order.order_line.write(
            {
                "product_no_variant_attribute_value_ids": [Command.set(line.product_template_value_ids.ids)],
                "product_custom_attribute_value_ids": [
                    Command.create(
                        {
                            "custom_product_template_attribute_value_id": line.product_template_value_ids.id,
                            "custom_value": "Jade Restaurant, since 1998",
                        }
                    )
                ],
            }
        )
        order.with_user(self.manager_qian).action_confirm()
        name = order.order_line.purchase_line_ids.name
        self.assertIn("···, since 1998", name)
        self.assertNotIn("Jade", name)

    # PEOPLE

    def test_the_other_side_does_not_follow(self):
        for record, wrong, right in (
            (self.order, self.portal_press.partner_id, self.portal_customer.partner_id),
            (self.purchase, self.portal_customer.partner_id, self.portal_press.partner_id),
            (self.invoice, self.portal_press.partner_id, self.portal_customer.partner_id),
        ):
            with self.subTest(record.name):
                with self.assertRaisesRegex(UserError, "must not learn of"), self.env.cr.savepoint():
                    record.with_user(self.manager_qian).message_subscribe(wrong.ids)
                record.sudo().message_subscribe((wrong | right).ids)
                self.assertIn(right, record.message_partner_ids)
                self.assertNotIn(wrong, record.message_partner_ids)

    def test_who_followed_before_the_two_sides_met(self):
        other = self.env["purchase.order"].create(
            {"partner_id": self.press.id, "order_line": [Command.create({"product_id": self.box_product.id})]}
        )
        other.message_subscribe((self.portal_customer.partner_id | self.portal_press.partner_id).ids)
        self.assertIn(self.portal_customer.partner_id, other.message_partner_ids)
        other.order_line.sale_line_id = self.order.order_line
        self.assertNotIn(self.portal_customer.partner_id, other.message_partner_ids)
        self.assertIn(self.portal_press.partner_id, other.message_partner_ids)

    def test_a_message_about_the_other_sides_order_reaches_nobody_there(self):
        manager = self.order.with_user(self.manager_qian)
        values = {"body": "Hello", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        with self.assertRaisesRegex(UserError, "must not learn of"), self.env.cr.savepoint():
            manager.message_post(partner_ids=self.press.ids, **values)
        with self.mock_mail_gateway():
            self.order.sudo().message_post(partner_ids=(self.press | self.partner).ids, **values)
        addresses = str([mail["email_to"] for mail in self._mails])
        self.assertIn("jade.restaurant@", addresses)
        self.assertNotIn("lijiang", addresses)
        mail = self.env["mail.mail"].create(
            {
                "model": "sale.order",
                "res_id": self.order.id,
                "body_html": "<p>x</p>",
                "email_to": "boss@lijiang.example, li@example.org",
                "recipient_ids": [Command.set((self.press | self.partner).ids)],
            }
        )
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertEqual(mail.email_to.strip(), "li@example.org")

    def test_a_file_goes_out_under_another_name(self):
        """A picture that belongs to a field keeps its name here, and has none outside."""
        file = self.env["ir.attachment"].create(
            {"name": "Lijiang Press.txt", "raw": b"x", "res_model": "res.partner", "res_field": "image_128"}
        )
        mail = self.env["mail.mail"].create(
            {
                "model": "sale.order",
                "res_id": self.order.id,
                "body_html": "<p>x</p>",
                "recipient_ids": [Command.set(self.partner.ids)],
                "attachment_ids": [Command.set(file.ids)],
            }
        )
        with self.mock_mail_gateway():
            mail.send()
        self.assertEqual(file.name, "Lijiang Press.txt")
        self.assertEqual([name for sent in self._mails for name, *_rest in sent["attachments"]], ["···.txt"])

    def test_what_the_printing_house_writes_on_the_customers_order(self):
        message = self.order.message_post(
            body="We print on Monday",
            author_id=self.portal_press.partner_id.id,
            message_type="email",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertTrue(message.subtype_id.internal, "the customer does not read who wrote it")

    def test_a_note_among_colleagues_names_whom_it_wants(self):
        note = self.order.with_user(self.manager_qian).message_post(
            body="Lijiang Press is late", subtype_xmlid="mail.mt_note", message_type="comment"
        )
        self.assertIn("Lijiang Press", note.body)

    # DELIVERY

    def test_the_customers_address_needs_the_neutral_delivery(self):
        purchase = self.purchase.with_user(self.manager_qian)
        with self.assertRaisesRegex(ValidationError, "choose the neutral delivery"), self.env.cr.savepoint():
            purchase.dest_address_id = self.partner
        with self.assertRaisesRegex(ValidationError, "where does the printing house deliver"), self.env.cr.savepoint():
            purchase.broker_neutral_delivery = True
        with Form(purchase) as form:
            form.broker_neutral_delivery = True
            self.assertEqual(form.dest_address_id, self.order.partner_shipping_id)
        self.purchase.sudo().order_line.name = "Menu of Jade Restaurant"
        report = self.env["ir.actions.report"]
        html = report._render_qweb_html("purchase.report_purchaseorder", purchase.ids)[0].decode()
        self.assertEqual(html.count("Jade Restaurant"), 1, "in the address and nowhere else")
        self.assertIn("Neutral delivery", html)
        self.assertIn("Menu of ···", html)

    def test_another_address_is_printed_as_ever(self):
        warehouse = self.env["res.partner"].create({"name": "Our Warehouse", "street": "Hafenstrasse 1"})
        purchase = self.purchase.with_user(self.manager_qian)
        purchase.dest_address_id = warehouse
        html = self.env["ir.actions.report"]._render_qweb_html("purchase.report_purchaseorder", purchase.ids)[0]
        self.assertIn("Hafenstrasse", html.decode())

    # MANY

    def test_many_orders_are_looked_at_at_once(self):
        """What nobody misspelt costs the same queries, whether for two orders or twenty."""
        orders = self.env["sale.order"].concat(*(self._create_job() for _number in range(20)))
        ids = orders.order_line.purchase_line_ids.order_id.ids
        counts = []
        for some in (ids[:2], ids):
            self.env.invalidate_all()
            many = self.env["purchase.order"].with_user(self.manager_qian).browse(some)
            before = self.env.cr.sql_log_count
            many._broker_check_typed({"note", "order_line"})
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)

    def test_a_mark_in_a_message_shows_nothing(self):
        message = self.purchase.sudo().message_post(
            body=Markup("<p data-broker-shown='1'>For Jade Restaurant</p>"),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertIn("For ···", message.body)
