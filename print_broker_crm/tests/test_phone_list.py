from lxml import etree

from odoo.tests import tagged
from odoo.tools import convert_file

from .common_case import CaseCommon
from .common_handoff import HandoffCommon
from .common_relay import RelayCommon

# What the desktop groups by, and what a card says on phones instead of the column.
SCREENS = {
    "broker_case_view_kanban": ("state", "state"),
    "broker_commission_split_view_kanban": ("order_id", "order_id"),
    "broker_handoff_view_kanban": ("state", "state"),
    "broker_need_view_kanban": ("kind", "kind"),
    "broker_playbook_view_kanban": ("kind", "kind"),
    "broker_referral_view_kanban": ("referrer_name", "referrer_name"),
    "broker_relay_board_view_kanban": ("broker_relay_stage_id", "broker_relay_stage_id"),
    "broker_review_view_kanban": ("state", "state"),
}


def _get_arch(env, name, mobile):
    view = env.ref(f"print_broker_crm.{name}")
    views = env[view.model].get_views([(view.id, "kanban")], {"mobile": mobile})["views"]
    return etree.fromstring(views["kanban"]["arch"])


@tagged("post_install", "-at_install")
class TestPhoneList(CaseCommon):
    """Grouped, a phone would open on the first column, empty or not."""

    def test_phones_show_one_list(self):
        for name, (group, _field) in SCREENS.items():
            # Both ways round, as what was built for the one is kept.
            for mobile in (True, False, True):
                with self.subTest(name, mobile=mobile):
                    arch = _get_arch(self.env, name, mobile)
                    self.assertEqual(arch.get("default_group_by"), None if mobile else group)

    def test_no_grouped_cards_are_left_out(self):
        """Every kanban of ours with columns gives phones one list."""
        data = self.env["ir.model.data"].search([("module", "=", "print_broker_crm"), ("model", "=", "ir.ui.view")])
        views = self.env["ir.ui.view"].browse(data.mapped("res_id")).filtered(lambda view: view.type == "kanban")
        grouped = set()
        for view in views.filtered(lambda view: view.mode == "primary"):
            if etree.fromstring(view.get_combined_arch()).get("default_group_by"):
                grouped.add(view.xml_id.partition(".")[2])
        self.assertEqual(grouped, set(SCREENS))

    def test_actions_do_not_group_either(self):
        """What an action groups by groups on phones, too; an upgrade takes such a context of before away."""
        names = ("broker_commission_split_action", "broker_referral_action")
        actions = [self.env.ref(f"print_broker_crm.{name}") for name in names]
        for action in actions:
            action.context = "{'search_default_group_by_old': 1}"
        for name in ("broker_commission_split_views", "broker_referral_views"):
            convert_file(self.env, "print_broker_crm", f"views/{name}.xml", {}, mode="update")
        self.assertEqual([action.context for action in actions], ["{}", "{}"])

    def test_cards_say_what_the_column_says(self):
        for name, (_group, field) in SCREENS.items():
            with self.subTest(name):
                card = _get_arch(self.env, name, True).find(".//t[@t-name='card']")
                self.assertTrue(card.xpath(f".//field[@name='{field}']"))

    def test_the_desktop_has_its_order(self):
        for name in ("broker_case_view_kanban", "broker_relay_board_view_kanban"):
            arch = _get_arch(self.env, name, False)
            view = etree.fromstring(self.env.ref(f"print_broker_crm.{name}").arch)
            self.assertEqual(arch.get("default_order"), view.get("default_order"))
        self.assertIsNone(_get_arch(self.env, "broker_handoff_view_kanban", False).get("default_order"))

    def test_other_cards_of_orders_stay(self):
        """Who groups orders elsewhere finds them grouped on phones, too."""
        view = self.env["ir.ui.view"].create(
            {
                "name": "other",
                "type": "kanban",
                "model": "sale.order",
                "arch": "<kanban default_group_by='state' default_order='id'><templates><t t-name='card'>"
                "<field name='name'/></t></templates></kanban>",
            }
        )
        views = self.env["sale.order"].get_views([(view.id, "kanban")], {"mobile": True})["views"]
        arch = etree.fromstring(views["kanban"]["arch"])
        self.assertEqual((arch.get("default_group_by"), arch.get("default_order")), ("state", "id"))

    def test_cases_by_what_is_due(self):
        """A serious one that has time comes after what is late; what is solved comes last."""
        serious = self._open_case(title="Wrong colour", severity="2")
        solved = self._open_case(title="Solved")
        self._fill_result(solved)
        solved.with_user(self.service_chen).action_solve()
        late = self._open_case(title="Late")
        late.sudo().answer_deadline = "2026-03-01 01:00:00"
        order = _get_arch(self.env, "broker_case_view_kanban", True).get("default_order")
        cases = self.Case.search([("customer_id", "=", self.customer.id)], order=order)
        self.assertEqual(list(cases), [late, serious, solved])

    def test_needs_by_how_long_they_wait(self):
        def hear(name, date, **vals):
            return self.env["broker.need"].create(
                {"name": name, "customer_id": self.customer.id, "date_heard": date, **vals}
            )

        fresh, old = hear("Fresh", "2026-02-20"), hear("Old", "2026-01-10")
        dropped = hear("Dropped", "2026-01-02", drop_reason="Too dear")
        proven = hear("Proven", "2026-01-01", order_id=self._confirm_job().id)
        order = _get_arch(self.env, "broker_need_view_kanban", True).get("default_order")
        needs = self.env["broker.need"].search([("customer_id", "=", self.customer.id)], order=order)
        self.assertEqual(list(needs), [old, fresh, dropped, proven])


@tagged("post_install", "-at_install")
class TestPhoneListHandoff(HandoffCommon):
    def test_what_waits_for_an_answer_comes_first(self):
        """Then what came back, what is being filled, and last what is over."""
        later, sooner, returned, draft, accepted = (self._create_handoff() for _number in range(5))
        (later + sooner + returned + accepted).write({"state": "submitted"})
        later.accept_deadline, sooner.accept_deadline = "2026-03-04 01:00:00", "2026-03-03 01:00:00"
        accepted.write({"state": "accepted", "accept_deadline": "2026-03-01 01:00:00"})
        returned.state = "returned"
        order = _get_arch(self.env, "broker_handoff_view_kanban", True).get("default_order")
        handoffs = later + sooner + returned + draft + accepted
        self.assertEqual(
            list(handoffs.search([("id", "in", handoffs.ids)], order=order)), [sooner, later, returned, draft, accepted]
        )


@tagged("post_install", "-at_install")
class TestPhoneListBoard(RelayCommon):
    def test_what_is_due_comes_first(self):
        """Jobs without a deadline come by their stage, those that are done last."""
        done, later, sooner, timeless = (self._create_job() for _number in range(4))
        for code in ("proof", "printing", "delivery", "receipt", "reconciliation", "done"):
            self._move(done, code)
        later.sudo()._broker_write_relay({"broker_leg_deadline": "2026-03-05 01:00:00"})
        sooner.sudo()._broker_write_relay({"broker_leg_deadline": "2026-03-03 01:00:00"})
        timeless.sudo()._broker_write_relay({"broker_leg_deadline": False})
        done.commitment_date, timeless.commitment_date = "2026-03-01 01:00:00", "2026-04-01 01:00:00"
        order = _get_arch(self.env, "broker_relay_board_view_kanban", True).get("default_order")
        jobs = done + later + sooner + timeless
        self.assertEqual(list(jobs.search([("id", "in", jobs.ids)], order=order)), [sooner, later, timeless, done])

    def test_splits_of_the_newest_job_come_first(self):
        older = self._create_job()
        self.at("2026-03-03 02:00:00")
        newer = self._create_job()
        order = _get_arch(self.env, "broker_commission_split_view_kanban", True).get("default_order")
        splits = self.env["broker.commission.split"].search([("order_id", "in", (older + newer).ids)], order=order)
        self.assertEqual(splits.order_id.ids, [newer.id, older.id])
