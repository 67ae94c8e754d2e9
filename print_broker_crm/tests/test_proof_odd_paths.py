import base64
import io

from PIL import Image

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_job_spec import JobSpecCommon
from .common_proof import ProofCommon


@tagged("post_install", "-at_install")
class TestProofOddPaths(ProofCommon):
    """What happens by accident, and what somebody tries on purpose."""

    def _get_stage(self, code):
        return self.env["broker.relay.stage"].search([("code", "=", code)], limit=1)

    def _render_ticket(self, job):
        report = self.env["ir.actions.report"].with_user(self.service_chen)
        html, _kind = report._render_qweb_html("print_broker_crm.broker_job_ticket_report", job.ids)
        return html.decode()

    def test_a_large_picture_is_kept_byte_by_byte(self):
        """Odoo would make it smaller, and the fingerprint would be that of another file."""
        for kind in ("PNG", "JPEG"):
            with self.subTest(kind=kind):
                stream = io.BytesIO()
                Image.new("RGB", (2400, 1200), "white").save(stream, kind)
                content = base64.b64encode(stream.getvalue())
                file = self._create_proof(content=content, name="large").file_ids
                file.invalidate_recordset()
                self.assertEqual((file.content, file.is_intact), (content, True))
                other = self._create_proof().file_ids
                other.content = content
                other.invalidate_recordset()
                self.assertEqual((other.content, other.is_intact), (content, True))

    def test_a_signature_is_a_picture(self):
        proof = self._send_proof()
        for raw in (b"<", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF0000WEBPVP8 ", b"%PDF-1.4", b"Li Na"):
            with self.subTest(raw=raw), self.assertRaisesRegex(UserError, "cannot be read"):
                self._answer_online(proof, signature=base64.b64encode(raw).decode())
        self.assertEqual(proof.state, "sent")

    def test_what_the_database_cannot_store(self):
        proof = self._send_proof()
        self._answer_online(proof, "rejected", name="Li\0 Na", comment="Darker\0")
        proof.flush_recordset()
        self.assertEqual((proof.decided_by, proof.comment), ("Li Na", "Darker"))
        self.job.sudo()._broker_move(self._get_stage("delivery"), is_fact=True)
        case = self._report("Li\0 Na", "Wet\0")
        case.flush_recordset()
        self.assertIn("Li Na: Wet", case.description)

    def test_an_old_draft_is_not_sent_after_a_newer_round(self):
        """The newest round counts, so the answer to an older one would be lost."""
        old = self._create_proof()
        new = self._send_proof()
        with self.assertRaisesRegex(UserError, "was sent before"):
            old.with_user(self.service_chen)._send()
        self.assertEqual((old.state, new.state), ("draft", "sent"))
        # Nor is it what the next round goes on with.
        following = new.with_user(self.service_chen).action_next_round()["res_id"]
        self.assertNotEqual(following, old.id)
        self.assertEqual(new.with_user(self.service_chen).action_next_round()["res_id"], following)
        of_line = self._create_proof(line=self.job.order_line)
        of_line.with_user(self.service_chen)._send()
        self.assertEqual(new.state, "sent")

    def test_the_customers_link_is_not_changed(self):
        proof = self._create_proof()
        for state in ("draft", "sent"):
            with self.subTest(state=state):
                for user in (self.service_chen, self.manager_qian):
                    with self.assertRaises(UserError):
                        proof.with_user(user).write({"access_token": "known"})
                if state == "draft":
                    proof.with_user(self.service_chen)._send()
        self.assertEqual(len(proof.access_token), 36)

    def test_back_to_the_press_needs_an_approved_proof_too(self):
        job = self.job.with_user(self.service_chen)
        printing = self._get_stage("printing")
        job._broker_move(printing)
        job._broker_move(self._get_stage("delivery"))
        proof = self._send_proof()
        self._answer_online(proof, "rejected", comment="Wrong number")
        with self.assertRaisesRegex(UserError, "is rejected"):
            job._broker_move(printing, "Misprinted", returned=True)
        job._broker_move(self._get_stage("proof"), "Misprinted", returned=True)
        self._answer_online(self._send_proof())
        job._broker_move(printing)
        job._broker_move(self._get_stage("delivery"))
        job._broker_move(printing, "Misprinted", returned=True)
        self.assertEqual(job.broker_relay_stage_id, printing)

    def test_what_the_customer_writes_about_the_goods_is_text(self):
        self.job.sudo()._broker_move(self._get_stage("delivery"), is_fact=True)
        text = "<a href='https://evil.example.com'>Pay here</a> 3 < 4\nSecond line"
        case = self._report("Li Na", text)
        self.assertIn("3 < 4", case.description)
        notes = "".join(note or "" for note in (*case.message_ids.mapped("body"), *case.activity_ids.mapped("note")))
        self.assertIn("&lt;a href", notes)
        self.assertIn("3 &lt; 4", notes)
        self.assertNotIn("<a href='https", notes)
        # The same once more is a tap too many, something else is not.
        self.assertEqual(self._report("Li Na", text), case)
        self.assertNotEqual(self._report("Li Na", "Two boxes are wet"), case)

    def _report(self, name, text):
        job = self.job.sudo()
        return self.env["broker.case"]._open_online(job.broker_customer_id, name, text, job)

    def test_the_ticket_cuts_no_quantity(self):
        job = self._create_job(quantity=2.5)
        self.assertIn("2.5", self._render_ticket(job))
        self.assertIn("1,000 ", self._render_ticket(self._create_job(quantity=1000.0)))

    def test_the_ticket_says_where_a_proof_is_missing(self):
        self.print_product.broker_product_type_id = self.env.ref("print_broker_crm.broker_product_type_folding_box")
        self.assertIn("There is no proof yet: do not print", self._render_ticket(self.job))
        self.job.with_user(self.manager_qian)._broker_release_proof("Hurry")
        html = self._render_ticket(self.job)
        self.assertIn("without an approved proof", html)
        self.assertNotIn("do not print", html)
        of_line = self._send_proof(line=self.job.order_line)
        self.job.with_user(self.manager_qian)._broker_release_proof("Hurry")
        self.assertNotIn("do not print", self._render_ticket(self.job))
        self._answer_online(of_line)
        self.assertIn("Print as in proof 1", self._render_ticket(self.job))

    def test_a_spec_asks_for_a_proof_where_the_product_has_no_type(self):
        line = self.job.order_line
        self.assertFalse(line.product_id.broker_product_type_id)
        soft = self.env.ref("print_broker_crm.broker_print_option_proof_soft")
        self.env["broker.job.spec"].create({"order_line_id": line.id, "proof_id": soft.id})
        self.assertEqual(self.job._broker_get_print_obstacles()[self.job], ["Brochure has no proof"])

    def test_a_line_added_after_the_proof_has_none(self):
        """The customer approved what was on the job then, and nothing that came later."""
        self._answer_online(self._send_proof())
        product = self._create_print_product("Gift Box", self.print_category)
        product.broker_product_type_id = self.env.ref("print_broker_crm.broker_product_type_folding_box")
        line = self.env["sale.order.line"].create({"order_id": self.job.id, "product_id": product.id})
        self.assertFalse(self.job._broker_get_print_obstacles(), "in the same second")
        line.flush_recordset()
        self.cr.execute("UPDATE sale_order_line SET create_date = now() + interval '1 hour' WHERE id = %s", [line.id])
        line.invalidate_recordset()
        self.assertEqual(self.job._broker_get_print_obstacles()[self.job], ["Gift Box has no proof"])
        self.assertEqual(self.job.broker_proof_state, "missing")
        html = self._render_ticket(self.job)
        self.assertIn("There is no proof yet: do not print", html)
        self.assertIn("Print as in proof 1", html)
        self._answer_online(self._send_proof(line=line))
        self.assertFalse(self.job._broker_get_print_obstacles())

    def test_what_was_let_pass_ends_with_a_rejection(self):
        """The manager did not know what the customer would say."""
        proof = self._send_proof()
        self.job.with_user(self.manager_qian)._broker_release_proof("She does not answer")
        public = self.env.ref("base.public_user")
        proof.with_user(public).sudo()._answer_online("rejected", "Li Na", "Wrong number")
        self.assertTrue(self.job._broker_get_print_obstacles())
        self.assertTrue(any("rejected a proof" in message.body for message in self.job.message_ids))
        # Known to be rejected, it is let pass in writing again.
        self.job.with_user(self.manager_qian)._broker_release_proof("She changed her mind")
        self.assertFalse(self.job._broker_get_print_obstacles())


@tagged("post_install", "-at_install")
class TestJobSpecOddPaths(JobSpecCommon):
    def test_sizes_beyond_every_machine(self):
        line = self._create_job(confirm=False).order_line
        spec = self.env["broker.job.spec"].create({"order_line_id": line.id, "product_type_id": self.box_type.id})
        spec.product_type_id = self.box_type
        spec.write({"width": 100, "height": 200, "depth": 50, "flat_width": 400, "flat_height": 500})
        for vals in ({"depth": 50000}, {"flat_width": 50000, "flat_height": 60000}):
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, "5000 mm"), self.cr.savepoint():
                spec.write(vals)

    def test_a_change_in_two_steps_is_a_change(self):
        """Emptied first and filled then: both stand in the chatter of the job."""
        order = self._create_job(confirm=False, quantity=1000.0, price=5.0, cost=3.0)
        spec = self._fill_spec(order.order_line)
        order.action_confirm()
        spec.pages = 0
        self.assertEqual(spec.state, "incomplete")
        spec.pages = 24
        subtype = self.env.ref("print_broker_crm.mt_job_spec_changed")
        bodies = order.message_ids.filtered(lambda message: message.subtype_id == subtype).mapped("body")
        self.assertEqual(len(bodies), 2)
        self.assertTrue(any("– → 24" in body for body in bodies))
        with self.assertRaises(UserError):
            spec.with_user(self.sales_wang).write({"changed_after": False})
        self.assertFalse(order.copy().order_line.broker_job_spec_id.changed_after)
