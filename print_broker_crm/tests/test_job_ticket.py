from odoo.tests import tagged

from .common_proof import ProofCommon


@tagged("post_install", "-at_install")
class TestJobTicket(ProofCommon):
    """The sheet that travels with a job tells what is printed, and not for whom."""

    def _render(self, job):
        report = self.env["ir.actions.report"].with_user(self.service_chen)
        html, _kind = report._render_qweb_html("print_broker_crm.broker_job_ticket_report", job.ids)
        return html.decode()

    def test_nobody_is_named(self):
        self.job.write({"commitment_date": "2026-03-20 08:00:00", "client_order_ref": "Jade Restaurant 77"})
        self.job.order_line.name = "Menus for Jade Restaurant"
        html = self._render(self.job)
        for text in ("Artwork", self.job.name, "03/20/2026", "Brochure", "Chen", f"broker_job_action/{self.job.id}"):
            self.assertIn(text, html)
        # A line without a job spec has none, in words too.
        self.assertFalse(self.job.order_line.broker_job_spec_text)
        for text in ("broker.job.spec", "Jade", "10,000", "7,000", "Menus for"):
            self.assertNotIn(text, html)

    def test_a_product_named_after_the_customer(self):
        product = self._create_print_product("Menu JADE-Restaurant", self.print_category)
        self.assertIn("Printed matter", self._render(self._create_job(lines=[(product, 1, 1)])))
        product.product_tmpl_id.broker_product_type_id = self.env.ref("print_broker_crm.broker_product_type_flyer")
        html = self._render(self._create_job(lines=[(product, 1, 1)]))
        self.assertNotIn("JADE", html)
        self.assertIn("Flyer", html)

    def test_where_the_proof_stands(self):
        self.assertNotIn("proof", self._render(self.job))
        proof = self._send_proof()
        self.assertIn("Proof 1 is not approved: do not print", self._render(self.job))
        self._answer_online(proof, comment="Darker, for Jade Restaurant")
        self.assertIn("approved with this comment: Darker, for …", self._render(self.job))
        of_line = self._send_proof(line=self.job.order_line)
        self.assertIn("Proof 1 is not approved: do not print", self._render(self.job))
        self.job.with_user(self.manager_qian)._broker_release_proof("Hurry")
        self.assertIn("without an approved proof", self._render(self.job))
        self.assertEqual(of_line.state, "sent")
