import io
import re

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.convert import convert_file
from odoo.tools.pdf import PdfFileReader

from odoo.addons.print_broker_crm.models.broker_playbook import TOPIC_SOURCES
from odoo.addons.print_broker_crm.tests.common import BrokerCommon
from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestPlaybook(BrokerCommon):
    """Pages of the playbook: who writes them, which version is shown, who finds what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Playbook = cls.env["broker.playbook"]
        # The product's own pages stay out of the figures.
        cls.Playbook.search([("topic", "=", "reason:receipt")]).active = False
        cls.page = cls.Playbook.with_user(cls.manager_qian).create({"name": "Parcel", "topic": "reason:receipt"})
        cls._write(cls.manager_qian, "<h3>Ask</h3><p>Is the parcel whole?</p>", "First text")

    @classmethod
    def _write(cls, user, body, note="Changed", page=None, translation=False, **context):
        wizard = (
            cls.env["broker.playbook.edit"]
            .with_user(user)
            .with_context(**context)
            .create(
                {
                    "playbook_id": (page or cls.page).id,
                    "change_note": note,
                    "body": body,
                    "is_translation": translation,
                }
            )
        )
        wizard.action_save()
        return (page or cls.page).version_id

    def test_versions(self):
        first = self.page.version_id
        self.assertEqual((first.number, first.author_id, first.change_note), (1, self.manager_qian, "First text"))
        second = self._write(self.manager_qian, "<p>Is the box whole?</p>", "Box instead of parcel")
        self.assertEqual((self.page.version_id, second.number, second.source_id), (second, 2, first))
        self.assertEqual(self.page.body, "<p>Is the box whole?</p>")
        self.assertEqual(first.body, "<h3>Ask</h3><p>Is the parcel whole?</p>")
        self.assertEqual((first | second).mapped("is_in_force"), [False, True])

        first.with_user(self.manager_qian).action_restore()
        third = self.page.version_id
        self.assertEqual((third.number, third.source_id, third.body), (3, first, first.body))
        self.assertEqual(self.page.version_count, 3)

    def test_a_version_stays_as_it_was_written(self):
        version = self.page.version_id
        for user in (self.manager_qian, self.care_sun):
            with self.assertRaises(UserError):
                version.with_user(user).write({"body": "<p>Nothing</p>"})
            with self.assertRaises(UserError):
                version.with_user(user).create(
                    {"playbook_id": self.page.id, "body": "<p>Mine</p>", "change_note": "Mine", "number": 9}
                )
            with self.assertRaises(UserError):
                version.with_user(user).update_field_translations("body", {"en_US": {"Ask": "Do not ask"}})
            with self.assertRaises(UserError):
                version.with_user(user).unlink()
        # Neither does our own code.
        with self.assertRaisesRegex(UserError, "not edited"):
            version.sudo().change_note = "Other"
        with self.assertRaisesRegex(UserError, "never deleted"):
            version.sudo().unlink()
        with self.assertRaisesRegex(UserError, "not copied"):
            version.sudo().copy()
        with self.assertRaises(UserError):
            self.page.with_user(self.manager_qian).unlink()

    def test_no_way_past_the_versions(self):
        other = self._write(self.manager_qian, "<p>Other</p>")
        page = self.page.with_user(self.manager_qian)
        first = page.version_ids.filtered(lambda version: version.number == 1)
        with self.assertRaises(UserError):
            page.version_id = first
        with self.assertRaises(UserError):
            page.create({"name": "Fake", "version_id": first.id})
        fake = page.with_context(default_version_id=first.id).create({"name": "Fake"})
        self.assertFalse(fake.version_id)
        self.assertEqual(page.version_id, other)

    def test_authors(self):
        for user in (self.care_sun, self.sales_wang):
            with self.assertRaises(UserError):
                self._write(user, "<p>Mine</p>")
        self.page.author_ids = self.care_sun
        version = self._write(self.care_sun, "<p>From the phone</p>")
        self.assertEqual(version.author_id, self.care_sun)
        self.assertTrue(self.page.with_user(self.care_sun).can_edit)
        self.assertFalse(self.page.with_user(self.sales_wang).can_edit)
        with self.assertRaises(AccessError):
            self.page.with_user(self.care_sun).name = "Mine"
        with self.assertRaises(AccessError):
            self.page.with_user(self.plain_user).read(["name"])

    def test_two_write_at_once(self):
        base = self.page.version_id
        self._write(self.manager_qian, "<p>Quicker</p>")
        wizard = self.env["broker.playbook.edit"].create(
            {"playbook_id": self.page.id, "base_id": base.id, "change_note": "Slower", "body": "<p>Slower</p>"}
        )
        with self.assertRaisesRegex(UserError, "Qian has written version 2 meanwhile"):
            wizard.action_save()

    def test_nothing_written(self):
        with self.assertRaisesRegex(UserError, "Write the text first"):
            self._write(self.manager_qian, "<p><br></p>")
        with self.assertRaisesRegex(UserError, "as it was"):
            self._write(self.manager_qian, self.page.body)

    def test_a_script_does_not_get_in(self):
        version = self._write(self.manager_qian, "<p>Hello<script>alert(1)</script></p>")
        self.assertNotIn("script", version.body)

    def test_translations_stay_with_what_stays(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        zh = {"lang": "zh_CN"}
        page, page_zh = self.page, self.page.with_context(**zh)
        page_zh.invalidate_recordset()
        self.assertEqual(page_zh.body, page.body)
        self._write(self.manager_qian, "<h3>询问</h3><p>包裹完好吗？</p>", "译文", translation=True, **zh)
        self.assertEqual(page.body, "<h3>Ask</h3><p>Is the parcel whole?</p>")
        self.assertEqual(page_zh.body, "<h3>询问</h3><p>包裹完好吗？</p>")
        # A new sentence stands in its author's language; the others keep theirs.
        self._write(self.manager_qian, "<h3>询问</h3><p>包裹完好吗？</p><p>有没有淋雨？</p>", **zh)
        self.assertEqual(page.body, "<h3>Ask</h3><p>Is the parcel whole?</p><p>有没有淋雨？</p>")
        self._write(
            self.manager_qian,
            "<h3>Ask</h3><p>Is the parcel whole?</p><p>Is it wet?</p>",
            translation=True,
            lang="en_US",
        )
        self.assertEqual(page_zh.body, "<h3>询问</h3><p>包裹完好吗？</p><p>有没有淋雨？</p>")
        # What goes in one language goes in all; what is restored is so in all.
        second = page.version_ids.filtered(lambda version: version.number == 2)
        self._write(self.manager_qian, "<p>Is it wet?</p>")
        self.assertEqual(page_zh.body, "<p>有没有淋雨？</p>")
        second.with_user(self.manager_qian).action_restore()
        self.assertEqual(page.body, "<h3>Ask</h3><p>Is the parcel whole?</p>")
        self.assertEqual(page_zh.body, "<h3>询问</h3><p>包裹完好吗？</p>")

    def test_an_update_offers(self):
        ours = self._write(self.manager_qian, "<p>Ours</p>")
        vals = {"playbook_id": self.page.id, "change_note": "Better", "is_shipped": True}
        shipped = self.env["broker.playbook.version"].create({**vals, "body": "<p>Shipped</p>"})
        page = self.page.with_user(self.manager_qian)
        self.assertEqual((page.version_id, page.offered_id), (ours, shipped))
        with self.assertRaises(UserError):
            page.with_user(self.care_sun).action_use_offered()
        page.action_keep_present()
        self.assertEqual((page.version_id, page.offered_id.id), (ours, False))
        newer = self.env["broker.playbook.version"].create({**vals, "body": "<p>Newer</p>"})
        self.assertEqual(page.offered_id, newer)
        page.action_use_offered()
        self.assertEqual((page.body, page.offered_id.id, page.version_id.number), ("<p>Newer</p>", False, 5))
        self.assertEqual(page.version_id.author_id, self.manager_qian)

    def test_a_company_has_its_own_page(self):
        other = self.env["res.company"].create({"name": "Other Broker"})
        self.assertEqual(self.Playbook._get_pages("reason", "receipt", other), self.page)
        self.manager_qian.company_ids += other
        page = self.page.with_user(self.manager_qian)
        action = page.with_context(allowed_company_ids=other.ids).action_make_own()
        own = self.Playbook.browse(action["res_id"])
        self.assertEqual((own.company_id, own.body, own.name), (other, self.page.body, "Parcel"))
        self.assertEqual(self.Playbook._get_pages("reason", "receipt", other), own)
        self.assertEqual(self.Playbook._get_pages("reason", "receipt", self.company), self.page)
        self.assertFalse(self.Playbook.with_user(self.care_sun).search([("id", "=", own.id)]))
        versions = self.env["broker.playbook.version"].with_user(self.care_sun)
        self.assertFalse(versions.search([("playbook_id", "=", own.id)]))

    def test_search(self):
        self._write(self.manager_qian, "<p>Colours differ. A&amp;B allow a <b>Delta E</b> of 3.</p>")
        Playbook = self.Playbook.with_user(self.care_sun)
        for words in ("delta", "delta colours", "Parcel Delta", "A&B", "colours allow"):
            self.assertIn(self.page, Playbook.search([("search_text", "ilike", words)]), words)
        # The former text is no longer found, and neither is what nobody wrote.
        for words in ("whole", "delta whole"):
            self.assertNotIn(self.page, Playbook.search([("search_text", "ilike", words)]), words)

    def test_topics(self):
        topics = dict(self.Playbook._fields["topic"]._description_selection(self.env))
        self.assertEqual(topics["leg:proof"], "Jobs: Proof")
        self.assertEqual(topics["reason:receipt"], "Calls: Receipt")
        self.assertNotIn("leg:done", topics)
        self.assertEqual(self.page.kind, "reason")
        self.assertEqual(self.Playbook.create({"name": "Manners"}).kind, "general")

    def test_every_topic_has_a_page(self):
        """A reason, a kind of case or a stage that is added needs a page."""
        self.Playbook.with_context(active_test=False).search([]).active = True
        for kind in TOPIC_SOURCES:
            for value, label in self.Playbook._get_topic_values(kind):
                pages = self.Playbook._get_pages(kind, value).filtered("version_id.is_shipped")
                self.assertEqual(len(pages), 1, f"{kind}: {label}")
                self.assertGreater(len(pages.version_id.body), 2000, f"{kind}: {label}")
                self.assertIn("border-start", pages.version_id.body, f"{kind}: {label}")
        self.assertEqual(
            set(TOPIC_SOURCES) | {"general"}, set(dict(self.Playbook._fields["kind"]._description_selection(self.env)))
        )

    def test_an_update_leaves_our_text(self):
        """What the files bring again changes neither the text in force nor the one that came."""
        shipped = self.env.ref("print_broker_crm.broker_playbook_version_reason_receipt_1")
        page = shipped.playbook_id
        former = shipped.body
        ours = self._write(self.manager_qian, "<p>Ours</p>", page=page)
        convert_file(
            self.env,
            "print_broker_crm",
            "data/broker_playbook_call_data.xml",
            None,
            mode="init",
        )
        self.assertEqual((page.version_id, page.body, page.version_count), (ours, "<p>Ours</p>", 2))
        self.assertEqual((shipped.body, page.offered_id.id), (former, False))


@tagged("post_install", "-at_install")
class TestPlaybookBesideTheWork(BrokerAccountCommon):
    """The pages stand where the work is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Playbook = cls.env["broker.playbook"]
        cls.customer = cls._open_customer(service=cls.service_chen)

    def test_beside_a_call(self):
        rules = self.env["broker.care.rule"]
        receipt = rules._get_rules(self.company, "receipt")[:1]
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "rule_id": receipt.id})
        shown = call.with_user(self.care_sun).broker_playbook
        self.assertIn("After the Goods Arrived", shown)
        self.assertIn("Have you opened one from the middle", shown)
        self.assertEqual(shown.count("<details"), 1)
        decline = rules._get_rules(self.company, "decline")[:1]
        self.env["broker.care.call.reason"].sudo().create(
            {"call_id": call.id, "rule_id": decline.id, "reason": "decline", "date_event": "2026-03-02"}
        )
        call.invalidate_recordset()
        shown = call.with_user(self.care_sun).broker_playbook
        self.assertEqual(shown.count("<details"), 2)
        self.assertLess(shown.index("After the Goods Arrived"), shown.index("Orders Are Falling"))

    def test_beside_a_case(self):
        case = self.env["broker.case"]._open(
            [{"customer_id": self.customer.id, "title": "Colour", "kind": "complaint", "source": "by_hand"}]
        )
        shown = case.with_user(self.service_chen).broker_playbook
        self.assertIn("First the person, then the matter", shown)
        action = case.with_user(self.service_chen).action_open_playbook()
        self.assertEqual(action["res_id"], self.env.ref("print_broker_crm.broker_playbook_case_complaint").id)

    def test_beside_a_job(self):
        order = self._create_job()
        order.sudo()._broker_write_relay({"broker_relay_stage_id": self._get_stage("proof").id})
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            self.assertIn("The proof is the contract", order.with_user(user).broker_playbook, user.name)
        order.sudo()._broker_write_relay({"broker_relay_stage_id": self._get_stage("done").id})
        order.invalidate_recordset()
        self.assertFalse(order.with_user(self.service_chen).broker_playbook)

    def test_many_jobs_read_their_pages_at_once(self):
        orders = self._create_job() + self._create_job() + self._create_job()
        counts = []
        for some in (orders[:1], orders):
            self.env.invalidate_all()
            some.mapped("broker_relay_stage_id.code")
            start = self.env.cr.sql_log_count
            self.assertTrue(all(some.mapped("broker_playbook")))
            counts.append(self.env.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0])

    def _get_stage(self, code):
        return self.env["broker.relay.stage"]._get_by_code(self.company, code)

    def _print(self, user, lang):
        """Return the text of each sheet of the booklet."""
        Report = self.env["ir.actions.report"].with_user(user).with_context(lang=lang, force_report_rendering=True)
        if Report.get_wkhtmltopdf_state() not in ("ok", "upgrade", "workers"):
            self.skipTest("wkhtmltopdf is not installed")
        pages = self.Playbook.search([("kind", "in", ("general", "leg"))])
        content, kind = Report._render_qweb_pdf("print_broker_crm.broker_playbook_report", pages.ids)
        self.assertEqual(kind, "pdf")
        return [" ".join(sheet.extract_text().split()) for sheet in PdfFileReader(io.BytesIO(content)).pages]

    def test_booklet(self):
        sheets = self._print(self.care_sun, "en_US")
        self.assertIn("Playbook", sheets[0])
        self.assertIn("Contents", sheets[1])
        self.assertNotIn("begins", "".join(sheets))
        # What the contents say stands on that sheet, and the sheet has that number.
        for title in ("Before You Pick Up the Phone", "Delivery", "Reconciliation"):
            number = int(re.search(rf"{title}\s+(\d+)", sheets[1])[1])
            self.assertIn(title, sheets[number - 1])
            self.assertRegex(sheets[number - 1], rf" {number}$")

    def test_booklet_in_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        page = self.env.ref("print_broker_crm.broker_playbook_leg_proof")
        wizard = self.env["broker.playbook.edit"].with_context(lang="zh_CN")
        wizard.create(
            {"playbook_id": page.id, "change_note": "译", "body": "<h3>打样</h3><p>样就是合同。</p>"}
        ).action_save()
        self.assertIn("样就是合同", "".join(self._print(self.care_sun, "zh_CN")))

    def test_the_button_prints_what_holds_here(self):
        receipt = self.env.ref("print_broker_crm.broker_playbook_reason_receipt")
        own = receipt.copy({"company_id": self.company.id})
        action = self.Playbook.with_user(self.service_chen).action_print_booklet()
        printed = action["context"]["active_ids"]
        self.assertIn(own.id, printed)
        self.assertNotIn(receipt.id, printed)
        self.assertIn(self.env.ref("print_broker_crm.broker_playbook_general_calling").id, printed)
