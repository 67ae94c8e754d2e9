from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.models.broker_playbook import TOPIC_SOURCES
from odoo.addons.print_broker_crm.tests.common import BrokerCommon


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
    def _write(cls, user, body, note="Changed", page=None, **context):
        wizard = (
            cls.env["broker.playbook.edit"]
            .with_user(user)
            .with_context(**context)
            .create({"playbook_id": (page or cls.page).id, "change_note": note, "body": body})
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
        with self.assertRaises(UserError):
            version.change_note = "Other"
        with self.assertRaises(UserError):
            version.unlink()
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
        # Qian writes in Chinese what was English.
        version = self._write(self.manager_qian, "<h3>询问</h3><p>包裹完好吗？</p>", **zh)
        page = self.page
        self.assertEqual(page.with_context(**zh).body, "<h3>询问</h3><p>包裹完好吗？</p>")
        # What is new in one language is so in all until it is translated.
        self.assertEqual(page.body, "<h3>询问</h3><p>包裹完好吗？</p>")
        # Said in English again, in Chinese it stays, and a new sentence joins it.
        version = self._write(self.manager_qian, "<h3>Ask</h3><p>包裹完好吗？</p>")
        self.assertEqual(version.with_context(**zh).body, "<h3>Ask</h3><p>包裹完好吗？</p>")

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
        self.assertIn("reason", TOPIC_SOURCES)
