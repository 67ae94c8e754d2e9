from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_handoff import HandoffCommon


@tagged("post_install", "-at_install")
class TestHandoffList(HandoffCommon):
    """What is asked follows tier, product and kind of the handoff; what is left unknown
    is asked for again on its day."""

    def _ask(self, name="Colours", **kwargs):
        return self.env["broker.handoff.requirement"].create({"name": name, **kwargs})

    def _find(self, handoff, requirement):
        return handoff.item_ids.filtered(lambda item: item.requirement_id == requirement)

    def _set_tier(self, rank):
        self.customer.sudo().write(
            {
                "tier_manual_id": self.env.ref(f"print_broker_crm.broker_tier_{rank}").id,
                "tier_manual_reason": "Test",
                "tier_manual_until": "2099-01-01",
            }
        )

    # WHAT IS ASKED

    def test_by_tier(self):
        high = self._ask("Sponsor told", tier_ids=[Command.link(self.env.ref("print_broker_crm.broker_tier_5").id)])
        handoff = self._create_handoff()
        self.assertFalse(self._find(handoff, high))
        self._set_tier(5)
        self.assertTrue(self._find(self._create_handoff(), high))

    def test_by_product_type(self):
        label = self.env["broker.product.type"].create({"name": "Shrink sleeve"})
        requirement = self._ask("Shrink curve", product_type_ids=[Command.link(label.id)])
        self.assertFalse(self._find(self._create_handoff(), requirement))
        lead = self._create_lead()
        lead.stage_id = self.stage_handoff
        handoff = lead.broker_handoff_ids
        self.assertFalse(self._find(handoff, requirement))
        self.product.product_tmpl_id.broker_product_type_id = label
        self._create_order(lead)
        self.assertTrue(self._find(handoff, requirement))

    def test_job_spec_and_price_are_checked(self):
        handoff = self._complete(self._create_handoff())
        line = handoff.order_ids.order_line
        self.assertFalse(handoff._get_gaps())
        self.product.product_tmpl_id.broker_product_type_id = self.env["broker.product.type"].create(
            {"name": "Print of a test"}
        )
        line.price_unit = 0
        gaps = handoff._get_gaps()
        self.assertEqual(gaps, self._item(handoff, "price") + self._item(handoff, "job_spec"))
        self.assertIn("no price on", gaps[0].gap_reason)
        self.assertIn(handoff.order_ids.name, gaps[1].gap_reason)

    def test_by_kind(self):
        of_leads = self._ask("Budget", asked_for="lead")
        of_repeats = self._ask("Same as last time?", asked_for="repeat")
        handoff = self._create_handoff()
        self.assertTrue(self._find(handoff, of_leads))
        self.assertFalse(self._find(handoff, of_repeats))

    def test_list_gets_longer_before_the_submission(self):
        """A point that came while the packet was filled is named, and it stays on the list."""
        handoff = self._complete(self._create_handoff())
        requirement = self._ask("Colours")
        action = handoff.with_user(self.sales_wang).action_submit()
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("- Colours: not answered yet", action["params"]["message"])
        self.assertEqual(handoff.state, "draft")
        self._find(handoff, requirement).with_user(self.sales_wang).action_mark_provided()
        self.assertIs(handoff.with_user(self.sales_wang).action_submit(), True)
        self.assertEqual(handoff.state, "submitted")

    def test_what_is_not_asked_any_more(self):
        answered, silent = self._ask("Answered"), self._ask("Silent")
        handoff = self._complete(self._create_handoff())
        self._find(handoff, answered).action_mark_provided()
        (answered + silent).active = False
        handoff.action_submit()
        self.assertEqual(handoff.state, "submitted")
        self.assertTrue(self._find(handoff, answered))
        self.assertFalse(self._find(handoff, silent))

    def test_new_point_can_be_named_in_a_return(self):
        handoff = self._complete(self._create_handoff())
        handoff.action_submit()
        requirement = self._ask("Colours")
        handoff.with_user(self.service_chen).action_open_return()
        handoff.with_user(self.service_chen).action_return(self._find(handoff, requirement))
        self.assertEqual(handoff.return_reason, "Colours")

    # FILES

    def _upload(self, user, item=None, **kwargs):
        place = {"res_model": item._name, "res_id": item.id} if item else {}
        return self.env["ir.attachment"].with_user(user).create({"name": "menu.pdf", "raw": b"%PDF", **place, **kwargs})

    def test_file_needed(self):
        requirement = self._ask("Artwork file", file_required=True)
        handoff = self._complete(self._create_handoff())
        item = self._find(handoff, requirement).with_user(self.sales_wang)
        item.action_mark_provided()
        self.assertEqual(item.gap_reason, "attach the file")
        item.attachment_ids = self._upload(self.sales_wang)
        self.assertFalse(item.gap_reason)
        self.assertEqual(item.file_count, 1)
        handoff.action_submit()
        # Chen reads it, Zhao does not.
        self.assertEqual(item.attachment_ids.with_user(self.service_chen).raw, b"%PDF")
        with self.assertRaises(AccessError):
            item.attachment_ids.with_user(self.sales_zhao).read(["raw"])

    def test_file_stays_after_the_acceptance(self):
        item = self._item(self._complete(self._create_handoff()), "artwork")
        upload = self._upload(self.sales_wang, item)
        item.with_user(self.sales_wang).attachment_ids = upload
        item.handoff_id.action_submit()
        item.handoff_id.action_accept()
        for user in (self.sales_wang, self.service_chen, self.manager_qian):
            with self.assertRaises(UserError):
                item.with_user(user).attachment_ids = [Command.clear()]
            with self.assertRaises(AccessError):
                upload.with_user(user).raw = b"other"
            with self.assertRaises(AccessError):
                upload.with_user(user).unlink()

    def test_foreign_file_is_not_taken(self):
        foreign = self._create_lead(self._create_partner("Opal", self.sales_zhao), self.sales_zhao)
        secret = self.env["ir.attachment"].create(
            {"name": "secret.pdf", "raw": b"s", "res_model": "crm.lead", "res_id": foreign.id}
        )
        loose = self.env["ir.attachment"].create({"name": "loose.pdf", "raw": b"s"})
        item = self._item(self._create_handoff(), "artwork").with_user(self.sales_wang)
        for attachment in (secret, loose):
            with self.assertRaises(UserError), self.cr.savepoint():
                item.attachment_ids = [Command.link(attachment.id)]

    # WHAT WAS UNKNOWN

    def _run_cron(self):
        self.env["broker.handoff"]._cron_remind_unknown()

    def _leave_unknown(self, days=3):
        handoff = self._complete(self._create_handoff())
        day = self.company._get_broker_today() + timedelta(days=days)
        self._item(handoff, "artwork").write({"status": "unknown", "settle_by": day})
        return handoff

    def test_reminder_on_the_day_once(self):
        with freeze_time("2026-11-20 02:00:00"):
            handoff = self._leave_unknown()
            handoff.action_submit()
            handoff.action_accept()
            self._run_cron()
            self.assertFalse(self._activities(handoff, "settle"))
        # 23 November begins in Shanghai at 16:00 UTC of the day before.
        with freeze_time("2026-11-22 15:00:00"):
            self._run_cron()
            self.assertFalse(self._activities(handoff, "settle"))
        with freeze_time("2026-11-22 16:30:00"):
            self._run_cron()
            activity = self._activities(handoff, "settle")
            self.assertEqual(activity.user_id, self.sales_wang)
            self.assertIn("Artwork received", activity.summary)
            self._run_cron()
            self.assertEqual(self._activities(handoff, "settle"), activity)

    def test_another_day_another_reminder(self):
        with freeze_time("2026-11-20 02:00:00"):
            handoff = self._leave_unknown(0)
            self._run_cron()
            self.assertTrue(self._activities(handoff, "settle"))
            self._item(handoff, "artwork").write({"settle_by": "2026-11-24"})
            self._activities(handoff, "settle").unlink()
            self._run_cron()
            self.assertFalse(self._activities(handoff, "settle"))
        with freeze_time("2026-11-24 02:00:00"):
            self._run_cron()
            self.assertTrue(self._activities(handoff, "settle"))

    def test_reminder_when_the_sender_left(self):
        handoff = self._leave_unknown(0)
        handoff.action_submit()
        handoff.action_accept()
        self.partner.user_id = self.sales_zhao
        self.sales_wang.active = False
        self._run_cron()
        self.assertEqual(self._activities(handoff, "settle").user_id, self.sales_zhao)

    def test_settle_after_the_acceptance(self):
        handoff = self._leave_unknown(0)
        artwork = self._item(handoff, "artwork")
        with self.assertRaisesRegex(UserError, "waits for nothing"):
            artwork.with_user(self.sales_wang).action_settle()
        handoff.action_submit()
        handoff.action_accept()
        self._run_cron()
        with self.assertRaises(UserError):
            artwork.with_user(self.sales_zhao).action_settle()
        item = artwork.with_user(self.sales_wang)
        item.settled_note = "On the server"
        item.attachment_ids = self._upload(self.sales_wang, artwork)
        item.action_settle()
        self.assertEqual(artwork.settled_by_id, self.sales_wang)
        self.assertEqual(artwork.answer, "unknown")
        self.assertFalse(self._activities(handoff, "settle"))
        self.assertIn("On the server", handoff.message_ids[0].body)
        with self.assertRaises(UserError):
            item.settled_note = "Elsewhere"
        with self.assertRaises(UserError):
            item.note = "Elsewhere"

    def test_guarded_fields(self):
        item = self._item(self._create_handoff(), "artwork").with_user(self.sales_wang)
        for vals in ({"reminded_on": "2026-01-01"}, {"settled_at": "2026-01-01"}, {"settled_by_id": self.env.uid}):
            with self.assertRaisesRegex(UserError, "only the answer"):
                item.write(vals)
