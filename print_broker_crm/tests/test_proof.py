from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_proof import PDF, PNG, ProofCommon


@tagged("post_install", "-at_install")
class TestProof(ProofCommon):
    def test_rounds_are_numbered_by_job_and_line(self):
        line = self.job.order_line
        first, second = self._create_proof(), self._create_proof()
        of_line = self._create_proof(line=line)
        self.assertEqual((first.round, second.round, of_line.round), (1, 2, 1))
        self.assertEqual(second.display_name, f"{self.job.name} · Proof 2")
        self.assertEqual(of_line.display_name, f"{self.job.name} · Brochure · Proof 1")

    def test_sending_closes_the_round_before(self):
        first = self._send_proof()
        second = self._create_proof()
        self.assertEqual(first.state, "sent")
        second.with_user(self.service_chen)._send()
        self.assertEqual((first.state, second.state), ("superseded", "sent"))
        self.assertEqual((first.is_current, second.is_current), (False, True))
        # A proof of one line is another matter.
        third = self._send_proof(line=self.job.order_line)
        self.assertEqual((second.state, third.state), ("sent", "sent"))

    def test_nothing_to_look_at(self):
        proof = self.env["broker.proof"].with_user(self.service_chen).create({"order_id": self.job.id})
        with self.assertRaisesRegex(UserError, "nothing to look at"):
            proof._send()
        proof.note = "The dummy is on its way"
        proof._send()
        with self.assertRaisesRegex(UserError, "sent already"):
            proof._send()

    def test_mail_goes_to_the_contact_in_their_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner.lang = "fr_FR"
        self.env.ref("print_broker_crm.mail_template_proof_to_approve").with_context(lang="fr_FR").subject = "Epreuve"
        proof = self._create_proof()
        proof.with_user(self.service_chen).action_send_mail()
        mail = self.env["mail.mail"].search([("model", "=", "broker.proof"), ("res_id", "=", proof.id)])
        self.assertEqual((mail.recipient_ids, mail.subject), (self.partner, "Epreuve"))
        self.assertIn(f"/my/proofs/{proof.id}?access_token={proof.access_token}", mail.body_html)
        self.partner.email = False
        another = self._create_proof()
        with self.assertRaisesRegex(UserError, "Get Link"):
            another.with_user(self.service_chen).action_send_mail()
        self.assertEqual(another.state, "draft")

    def test_link_for_wechat(self):
        proof = self._create_proof()
        self.assertFalse(proof.portal_link)
        proof.with_user(self.service_chen).action_get_link()
        self.assertEqual(proof.state, "sent")
        self.assertIn(f"/my/proofs/{proof.id}?access_token=", proof.portal_link)

    def test_answers(self):
        for answer, comment, state in (
            ("approved", "", "approved"),
            ("approved", "Darker red", "approved_comment"),
            ("rejected", "Wrong number", "rejected"),
        ):
            with self.subTest(state=state):
                proof = self._send_proof()
                self._answer_online(proof, answer, comment=comment)
                self.assertEqual((proof.state, proof.decided_by, proof.channel), (state, "Li Na", "portal"))
                self.assertEqual(bool(proof.signature), answer == "approved")
                self.assertEqual(len(proof.activity_ids), state != "approved")
                self.assertEqual(proof.activity_ids.user_id, self.service_chen if comment else self.env["res.users"])

    def test_no_to_do_outlives_its_reason(self):
        first = self._send_proof()
        self._answer_online(first, "rejected", comment="No")
        self.assertTrue(first.activity_ids)
        second = self._send_proof()
        self.assertFalse(first.activity_ids, "another round is what was to be done")
        self._answer_online(second, comment="Darker")
        self.assertTrue(second.activity_ids)
        self.job._broker_move(self.env.ref("print_broker_crm.broker_relay_stage_printing"))
        self.assertFalse(second.activity_ids)
        other = self._create_job(user_id=self.sales_wang.id)
        proof = self._send_proof(other)
        proof.sudo()._remind()
        self.assertTrue(proof.activity_ids)
        other._action_cancel()
        self.assertFalse(proof.activity_ids)

    def test_incomplete_answers(self):
        proof = self._send_proof()
        for kwargs, message in (
            ({"signature": None}, "signature is missing"),
            ({"signature": "no image!"}, "cannot be read"),
            ({"signature": "A" * 1_100_000}, "too large"),
            ({"name": "  "}, "name of the person"),
            ({"name": "x" * 101}, "name of the person"),
            ({"comment": "x" * 4001}, "4001 signs"),
            ({"answer": "rejected"}, "what is to be changed"),
            ({"answer": "superseded"}, "approved or rejected"),
        ):
            with self.subTest(message=message), self.assertRaisesRegex(UserError, message):
                self._answer_online(proof, **kwargs)
        self.assertEqual(proof.state, "sent")

    def test_only_one_answer(self):
        proof = self._send_proof()
        self._answer_online(proof)
        with self.assertRaisesRegex(UserError, "answered already"):
            self._answer_online(proof, "rejected", comment="No")
        first = self._send_proof()
        self._send_proof()
        with self.assertRaisesRegex(UserError, "newer proof"):
            self._answer_online(first)

    def test_cancelled_and_expired_jobs_take_no_answer(self):
        proof = self._send_proof()
        self.job._action_cancel()
        with self.assertRaisesRegex(UserError, "cancelled"):
            self._answer_online(proof)
        with self.assertRaisesRegex(UserError, "cancelled"):
            self._create_proof()
        quotation = self._create_job(confirm=False, user_id=self.sales_wang.id)
        proof = self._send_proof(quotation)
        quotation.write({"state": "sent", "validity_date": "2020-01-01"})
        quotation.invalidate_recordset(["is_expired"])
        with self.assertRaisesRegex(UserError, "expired"):
            self._answer_online(proof)

    def test_answer_by_phone_needs_a_note(self):
        proof = self._send_proof().with_user(self.service_chen)
        with self.assertRaisesRegex(UserError, "how the answer came"):
            proof._answer_for_customer("approved", "Li Na", "phone", " ")
        with self.assertRaisesRegex(UserError, "which way"):
            proof._answer_for_customer("approved", "Li Na", "portal", "She said so")
        wizard = (
            self.env["broker.proof.answer"]
            .with_user(self.service_chen)
            .create(
                {
                    "proof_id": proof.id,
                    "answer": "approved",
                    "channel": "wechat",
                    "decided_by": "Li Na",
                    "internal_note": "Wrote at 14:20 that it is fine",
                    "evidence": PNG,
                    "evidence_name": "chat.png",
                }
            )
        )
        wizard.action_write_down()
        self.assertEqual((proof.state, proof.channel, proof.decided_user_id), ("approved", "wechat", self.service_chen))
        self.assertTrue(proof.evidence)
        note = self.job.message_ids[:1]
        self.assertIn("14:20", note.body)
        self.assertTrue(note.subtype_id.internal, "the customer does not see how the answer came")

    def test_staff_answers_nothing_on_the_customers_page(self):
        with self.assertRaises(AccessError):
            self.env["broker.proof"]._check_customer_may_answer(self.service_chen)

    def test_an_answer_is_never_changed(self):
        proof = self._send_proof()
        self._answer_online(proof)
        file = proof.file_ids
        for env in (self.env(user=self.manager_qian), self.env, self.env(su=True)):
            with self.subTest(su=env.su, user=env.user.name):
                for vals in (
                    {"state": "draft"},
                    {"comment": "But"},
                    {"decided_by": "Somebody else"},
                    {"note": "Other"},
                    {"round": 7},
                    {"signature": False},
                    {"order_line_id": self.job.order_line.id},
                ):
                    with self.assertRaises(UserError):
                        proof.with_env(env).write(vals)
                for change in (
                    lambda env=env: file.with_env(env).write({"content": PDF}),
                    lambda env=env: file.with_env(env).unlink(),
                    lambda env=env: proof.with_env(env).unlink(),
                    lambda env=env: env["broker.proof.file"].create(
                        {"proof_id": proof.id, "name": "late.png", "content": PNG}
                    ),
                    lambda env=env: proof.with_env(env).write({"file_ids": [Command.clear()]}),
                ):
                    with self.assertRaises(UserError):
                        change()
        self.assertEqual((proof.state, proof.decided_by, proof.file_ids), ("approved", "Li Na", file))

    def test_nobody_enters_an_answer(self):
        Proof = self.env["broker.proof"].with_user(self.service_chen)
        for vals in (
            {"state": "approved"},
            {"decided_by": "Li"},
            {"access_token": "abc"},
            {"date_sent": datetime.now()},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                Proof.create({"order_id": self.job.id, **vals})
        crafted = Proof.with_context(default_state="approved", default_decided_by="Li", default_round=9)
        proof = crafted.create({"order_id": self.job.id})
        self.assertEqual((proof.state, proof.decided_by, proof.round), ("draft", False, 1))
        for vals in ({"state": "sent"}, {"order_id": self._create_job().id}, {"remind_at": False}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                proof.write(vals)
        sent = self._send_proof().with_user(self.service_chen)
        with self.assertRaises(UserError):
            sent.write({"state": "approved"})

    def test_files_are_kept_where_odoo_keeps_them(self):
        proof = self._send_proof()
        Attachment = self.env["ir.attachment"].sudo()
        place = {"res_model": "broker.proof.file", "res_id": proof.file_ids.id, "res_field": "content"}
        kept = Attachment.search([(name, "=", value) for name, value in place.items()])
        self.assertTrue(kept)
        with self.assertRaises(UserError):
            kept.raw = b"other"
        with self.assertRaises(UserError):
            kept.unlink()
        shadow = {
            "name": "x",
            "raw": b"x",
            "res_model": "broker.proof.file",
            "res_id": proof.file_ids.id,
            "res_field": "content",
        }
        with self.assertRaises(UserError):
            Attachment.create(shadow)
        forged = {**shadow, "res_model": "broker.proof", "res_id": proof.id, "res_field": "signature"}
        with self.assertRaises(AccessError):
            self.env["ir.attachment"].with_user(self.service_chen).create(forged)
        elsewhere = Attachment.create({"name": "y", "raw": b"y"})
        with self.assertRaises(UserError):
            elsewhere.write(place)

    def test_fingerprint(self):
        proof = self._create_proof()
        file = proof.file_ids
        self.assertEqual((len(file.checksum), file.mimetype, file.is_intact), (64, "image/png", True))
        self.assertEqual(file._get_public_name(), f"{self.job.name}-proof-1-1.png")
        before = file.checksum
        file.with_user(self.service_chen).content = PDF
        self.assertNotEqual(file.checksum, before)
        self.assertEqual(file.mimetype, "application/pdf")
        file.with_user(self.service_chen).write({"checksum": "0" * 64})
        self.assertTrue(file.is_intact, "a fingerprint is taken, not entered")
        with self.assertRaisesRegex(UserError, "empty or broken"):
            self.env["broker.proof.file"].create({"proof_id": proof.id, "name": "no", "content": False})

    def _buy_from(self, name):
        """Ask a printing house for the job's line; return it."""
        press = self.env["res.partner"].create({"name": name, "is_company": True, "email": "press@example.com"})
        self.env["purchase.order"].create(
            {
                "partner_id": press.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.print_product.id, "sale_line_id": self.job.order_line.id, "product_qty": 1}
                    )
                ],
            }
        )
        return press

    def test_what_the_printing_house_writes_stays_in_the_firm(self):
        press = self._buy_from("Golden Press")
        printer = self.env["res.partner"].create({"name": "Foreman", "parent_id": press.id})
        self.job.message_subscribe(self.partner.ids)
        post = {"body": "The plates are ready", "message_type": "email", "subtype_xmlid": "mail.mt_comment"}
        message = self.job.message_post(author_id=printer.id, **post)
        self.assertTrue(message.subtype_id.internal)
        self.assertNotIn(self.partner, message.notified_partner_ids)
        for author in (self.service_chen.partner_id, self.partner):
            message = self.job.message_post(author_id=author.id, **post)
            self.assertFalse(message.subtype_id.internal)

    def test_the_note_does_not_name_the_printing_house(self):
        self._buy_from("Golden Press")
        proof = self._create_proof(note="made by golden press")
        with self.assertRaisesRegex(UserError, "Golden Press"):
            proof.with_user(self.service_chen)._send()

    def test_the_desk_asks_once(self):
        with freeze_time("2026-03-02 01:00:00"):  # Monday 09:00 in Shanghai
            proof = self._send_proof()
        # Eight working hours: 09-12, 13-17 and one on Tuesday.
        self.assertEqual(proof.remind_at, datetime(2026, 3, 3, 1))
        with freeze_time("2026-03-03 00:59:00"), self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_proof_reminder").method_direct_trigger()
        self.assertFalse(proof.activity_ids)
        for _run in range(2):
            with freeze_time("2026-03-03 01:01:00"), self.enter_registry_test_mode():
                self.env.ref("print_broker_crm.ir_cron_broker_proof_reminder").method_direct_trigger()
        self.assertEqual(proof.activity_ids.user_id, self.service_chen)
        self._answer_online(proof)
        self.assertFalse(proof.activity_ids)
        self.company.broker_proof_remind_hours = 0
        self.assertFalse(self._send_proof().remind_at)

    def test_print_only_on_an_approved_proof(self):
        self.assertFalse(self.job._broker_get_print_obstacles())
        first = self._send_proof()
        self.assertIn("is not answered yet", self.job._broker_get_print_obstacles()[self.job][0])
        self._answer_online(first, "rejected", comment="No")
        self.assertIn("is rejected", self.job._broker_get_print_obstacles()[self.job][0])
        self.assertEqual(self.job.broker_proof_state, "rejected")
        second = self._send_proof()
        self.assertEqual(self.job.broker_proof_state, "waiting")
        self._answer_online(second)
        self.assertFalse(self.job._broker_get_print_obstacles())
        self.assertEqual(self.job.broker_proof_state, "approved")
        # What is on its way again is not approved any more.
        self._send_proof()
        self.assertTrue(self.job._broker_get_print_obstacles())

    def test_a_manager_lets_it_pass_in_writing(self):
        self._send_proof()
        job = self.job.with_user(self.manager_qian)
        with self.assertRaises(AccessError):
            self.job.with_user(self.service_chen)._broker_release_proof("Hurry")
        with self.assertRaisesRegex(UserError, "Say why"):
            job._broker_release_proof("  ")
        with self.assertRaises(UserError):
            self.job.with_user(self.manager_qian).write({"broker_proof_release_reason": "x"})
        self.env["broker.proof.release"].with_user(self.manager_qian).create(
            {"order_id": job.id, "reason": "She said so on the phone"}
        ).action_release()
        self.assertFalse(self.job._broker_get_print_obstacles())
        self.assertEqual(
            (job.broker_proof_state, job.broker_proof_release_user_id, job.broker_proof_release_reason),
            ("released", self.manager_qian, "She said so on the phone"),
        )
        note = self.job.message_ids[:1]
        self.assertIn("She said so on the phone", note.body)
        self.assertTrue(note.subtype_id.internal)
        # Another round is another matter.
        self._send_proof()
        self.assertTrue(self.job._broker_get_print_obstacles())
        self.assertFalse(self.job.broker_proof_release_reason)

    def test_jobs_with_proofs_are_not_deleted(self):
        quotation = self._create_job(confirm=False, user_id=self.sales_wang.id)
        self._send_proof(quotation)
        quotation._action_cancel()
        with self.assertRaisesRegex(UserError, "has proofs"):
            quotation.unlink()

    def test_another_round_goes_on_with_the_draft(self):
        proof = self._send_proof(note="Look at the gold")
        action = proof.with_user(self.service_chen).action_next_round()
        second = self.env["broker.proof"].browse(action["res_id"])
        self.assertEqual((second.round, second.state, second.note, second.file_ids.ids), (2, "draft", False, []))
        self.assertEqual(proof.with_user(self.service_chen).action_next_round()["res_id"], second.id)

    def test_others_customers(self):
        proof = self._send_proof()
        for user in (self.sales_zhao, self.service_lin):
            with self.subTest(user=user.name):
                with self.assertRaises(AccessError):
                    proof.with_user(user).action_get_link()
                with self.assertRaises(AccessError):
                    self._create_proof(user=user)
        with self.assertRaises(AccessError):
            proof.with_user(self.care_sun)._answer_for_customer("approved", "Li", "phone", "She said so")

    def test_state_of_many_jobs_in_few_queries(self):
        jobs = self.job
        for _number in range(5):
            job = self._create_job(user_id=self.sales_wang.id)
            self._send_proof(job)
            jobs |= job
        counts = []
        for records in (jobs[:2], jobs):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            records.mapped("broker_proof_state")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_which_lines_need_a_proof(self):
        flyer = self.env.ref("print_broker_crm.broker_product_type_flyer")
        product = self._create_print_product("Flyer", self.print_category)
        product.product_tmpl_id.broker_product_type_id = flyer
        job = self._create_job(lines=[(product, 100, 50)], user_id=self.sales_wang.id)
        line = job.order_line[1]
        self.assertFalse(job._broker_get_print_obstacles())
        flyer.ask_proof = "required"
        self.assertEqual(job._broker_get_print_obstacles()[job], ["Flyer has no proof"])
        self.assertEqual(job.broker_proof_state, "missing")
        # What the job spec says is nearer.
        spec = self.env["broker.job.spec"].create(
            {"order_line_id": line.id, "proof_id": self.env.ref("print_broker_crm.broker_print_option_proof_none").id}
        )
        self.assertFalse(job._broker_get_print_obstacles())
        spec.proof_id = self.env.ref("print_broker_crm.broker_print_option_proof_soft")
        self.assertTrue(job._broker_get_print_obstacles())
        # A proof of the other line is no answer, one of the job is.
        self._answer_online(self._send_proof(job, line=job.order_line[0]))
        self.assertTrue(job._broker_get_print_obstacles())
        self._answer_online(self._send_proof(job))
        self.assertFalse(job._broker_get_print_obstacles())

    def test_the_board_keeps_to_the_proofs(self):
        """The card waits for the customer while a proof is out, and does not go to print
        before it is approved, or a manager says so."""
        stages = {stage.code: stage for stage in self.env["broker.relay.stage"].search([("code", "!=", False)])}
        job = self.job.with_user(self.service_chen)
        self.assertEqual((job.broker_relay_stage_id.code, job.broker_waits_for), ("artwork", "us"))
        proof = self._send_proof()
        self.assertEqual(job.broker_waits_for, "customer")
        job._broker_move(stages["proof"])
        for code in ("printing", "delivery"):
            with self.subTest(code=code), self.assertRaisesRegex(UserError, "is not answered yet"):
                job._broker_move(stages[code])
        self._answer_online(proof, "rejected", comment="No")
        self.assertEqual(job.broker_waits_for, "us")
        with self.assertRaisesRegex(UserError, "is rejected"):
            job._broker_move(stages["printing"])
        job.with_user(self.manager_qian)._broker_release_proof("No time")
        job._broker_move(stages["printing"])
        self.assertEqual(job.broker_relay_stage_id.code, "printing")
        # A proof of a job in print changes nothing of whom it waits for.
        self._send_proof()
        self.assertEqual(job.broker_waits_for, "printing_house")
