import re

from lxml import etree

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestKanbanCards(TransactionCase):
    """A card that asks for a field which its view does not load breaks the screen of a phone."""

    def test_cards_load_what_they_ask_for(self):
        views = self.env["ir.model.data"].search([("module", "=", "print_broker_crm"), ("model", "=", "ir.ui.view")])
        asked = []
        for view in self.env["ir.ui.view"].browse(views.mapped("res_id")).filtered("model"):
            root = view.inherit_id or view
            while root.mode != "primary" and root.inherit_id:
                root = root.inherit_id
            arch = etree.fromstring(root.get_combined_arch())
            for kanban in arch.iter("kanban"):
                loaded = {field.get("name") for field in kanban.iter("field")}
                used = set(re.findall(r"\brecord\.(\w+)", etree.tostring(kanban, encoding="unicode")))
                asked += [(view.xml_id, name) for name in used - loaded]
                self.assertTrue(loaded, view.xml_id)
        self.assertFalse(asked)
