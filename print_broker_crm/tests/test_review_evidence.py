from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_review import ReviewCommon


@tagged("post_install", "-at_install")
class TestReviewEvidence(ReviewCommon):
    """What speaks for a cause, and who reads it."""

    def _open_review(self):
        self._turn("declining")
        return self._get_reviews()

    def _get_texts(self, review, kind):
        return review.evidence_ids.filtered(lambda row: row.kind == kind).mapped("text")

    def _call(self, note=False, **scores):
        """Sun has called Jade; the customer said this, and gave these scores."""
        vals = {"customer_id": self.customer.id, "user_id": self.care_sun.id}
        Call = self.env["broker.care.call"]
        # A low score plans the next call at once.
        call = Call.search([("customer_id", "=", self.customer.id), ("state", "=", "planned")]) or Call.create(vals)
        if note:
            call.write({"printed_elsewhere": "yes", "printed_elsewhere_note": note})
        call.action_log_attempt("reached", **scores)
        return call

    def test_cases(self):
        late = self._open_case(title="Came late")
        late.write({"cause": "carrier"})
        wrong = self._open_case(title="Wrong paper", kind="claim")
        wrong.write({"cause": "printing_house"})
        self._open_case(title="How much?", kind="enquiry")
        self._open_case(title="Nothing", outcome="A mistake").with_user(self.manager_qian).action_cancel()
        self.at("2026-04-01 02:00:00")
        blurred = self._open_case(title="Blurred")
        review = self._open_review()
        rows = review.evidence_ids.filtered(lambda row: row.kind == "case")
        self.assertEqual(
            {(row.res_id, row.day, row.cause) for row in rows},
            {
                (late.id, date(2026, 3, 2), "late"),
                (wrong.id, date(2026, 3, 2), "quality"),
                (blurred.id, date(2026, 4, 1), "quality"),
            },
        )
        self.assertEqual(review.cause, "quality", "two against one")
        self.assertEqual(rows.with_user(self.sales_wang)[0].action_open()["res_model"], "broker.case")

    def test_how_far_back(self):
        self.company.broker_review_evidence_days = 30
        self._open_case(title="Long ago")
        self.at("2026-04-01 15:59:00")  # 1 April in Shanghai: 30 days after 2 March
        self.assertEqual(len(self._get_texts(self._open_review(), "case")), 1)
        self._turn("stable")
        self.at("2026-04-01 16:01:00")
        self._turn("declining")
        self.assertEqual(len(self._get_texts(self._get_reviews()[1], "case")), 0)

    def test_late_jobs(self):
        jobs = [self._confirm_job() for _number in range(4)]
        for job, promised, received in zip(
            jobs,
            ("2026-02-20 08:00:00", "2026-02-20 08:00:00", "2026-02-25 08:00:00", "2026-03-20 08:00:00"),
            # A day late, on the day, never, not due.
            ("2026-02-20 16:30:00", "2026-02-20 15:30:00", False, False),
            strict=True,
        ):
            job.write({"commitment_date": promised, "broker_receipt_date": received})
        review = self._open_review()
        rows = review.evidence_ids.filtered(lambda row: row.kind == "late")
        self.assertEqual(set(rows.mapped("res_id")), {jobs[0].id, jobs[2].id})
        self.assertEqual(review.cause, "late")

    def test_jobs_of_before_the_installation(self):
        """They were put on the last stage, and nobody knows when they were received."""
        job = self._confirm_job()
        job.write({"commitment_date": "2026-02-20 08:00:00"})
        self.env.flush_all()
        done = self.env.ref("print_broker_crm.broker_relay_stage_done")
        for stage in (done.id, None):
            self.env.cr.execute("UPDATE sale_order SET broker_relay_stage_id = %s WHERE id = %s", (stage, job.id))
            self.env.invalidate_all()
            found = list(self.env["broker.review"]._find_late_evidence(self.customer, date(2025, 9, 1)))
            self.assertFalse(found)

    def test_a_late_job_on_a_stage_of_the_firms_own(self):
        """Such a stage has no code."""
        job = self._confirm_job()
        job.write({"commitment_date": "2026-02-20 08:00:00"})
        self.env.flush_all()
        stage = self.env["broker.relay.stage"].create({"name": "Foil Stamping", "sequence": 31})
        self.env.cr.execute("UPDATE sale_order SET broker_relay_stage_id = %s WHERE id = %s", (stage.id, job.id))
        self.env.invalidate_all()
        [(_customer, found)] = self.env["broker.review"]._find_late_evidence(self.customer, date(2025, 9, 1))
        self.assertEqual(found["res_id"], job.id)

    def test_lost_opportunities(self):
        leads = self.env["crm.lead"].create(
            [
                {"name": name, "partner_id": self.partner.id, "type": "opportunity"}
                for name in ("Boxes", "Cards", "Won", "Open")
            ]
        )
        leads[0].action_set_lost(lost_reason_id=self.env.ref("crm.lost_reason_1").id)
        leads[1].action_set_lost()
        review = self._open_review()
        rows = review.evidence_ids.filtered(lambda row: row.kind == "lost")
        self.assertEqual({(row.res_id, row.cause) for row in rows}, {(leads[0].id, "price"), (leads[1].id, False)})
        self.assertEqual(review.cause, "price")

    def test_silence(self):
        self.customer.sudo().write({"coverage_state": "sales_silent", "coverage_since": date(2026, 2, 1)})
        review = self._open_review()
        row = review.evidence_ids.filtered(lambda row: row.kind == "silence")
        self.assertEqual((row.cause, row.day, row.is_confidential), ("contact", date(2026, 2, 1), False))
        self.assertIn("Sales Silent", row.text)

    def test_nothing_speaks(self):
        review = self._open_review()
        self.assertEqual((review.cause, review.with_user(self.manager_qian).proposed_cause), (False, False))
        self.assertIn("ask the customer", review.with_user(self.manager_qian).proposal)

    # What the care line heard

    def test_secrets_fill_in_no_cause(self):
        self._open_case(title="Blurred")
        self._call("Boxes", sales_rating=2, service_rating=5)
        review = self._open_review()
        self.assertEqual(review.cause, "quality", "the case alone: everybody reads the cause")
        self.assertEqual(len(review.evidence_ids), 3)
        manager = review.with_user(self.manager_qian)
        self.assertEqual(manager.proposed_cause, "quality", "once each: in the order of the list")
        self._turn("stable")
        self.at("2026-03-09 02:00:00")
        self._call("Bags")
        self._turn("declining")
        review = self._get_reviews()[1]
        self.assertEqual(review.cause, "quality")
        manager = review.with_user(self.manager_qian)
        self.assertEqual(manager.proposed_cause, "competitor", "twice")
        self.assertIn("Competitor: 2", manager.proposal)
        manager.action_use_proposal()
        self.assertEqual(review.cause, "competitor")

    def test_who_reads_what_the_care_line_heard(self):
        self._open_case(title="Blurred")
        self._call("Cheap boxes", sales_rating=1, service_rating=1)
        review = self._open_review()
        secret = review.evidence_ids.filtered("is_confidential")
        self.assertEqual(len(secret), 3)
        Evidence = self.env["broker.review.evidence"]
        (self.sales_wang + self.service_chen).group_ids += self.env.ref("base.group_allow_export")
        for user in (self.sales_wang, self.service_chen):
            rows = Evidence.with_user(user)
            with self.subTest(user=user.name):
                self.assertEqual(len(rows.search([("review_id", "=", review.id)])), 1)
                self.assertFalse(rows.search([("text", "ilike", "Cheap boxes")]))
                self.assertFalse(self.Review.with_user(user).search([("evidence_ids.text", "ilike", "Cheap boxes")]))
                self.assertFalse(
                    self.Review.with_user(user).search([("evidence_ids", "any", [("is_confidential", "=", True)])])
                )
                self.assertEqual(rows._read_group([("review_id", "=", review.id)], [], ["__count"]), [(1,)])
                with self.assertRaises(AccessError):
                    secret.with_user(user).read(["text"])
                with self.assertRaises(AccessError):
                    secret[0].with_user(user).action_open()
                self.env.invalidate_all()
                self.assertEqual(len(review.with_user(user).read(["evidence_ids"])[0]["evidence_ids"]), 1)
                exported = review.with_user(user).export_data(["evidence_ids/text"])["datas"]
                self.assertEqual(len(exported), 1)
                self.assertNotIn("Cheap boxes", str(exported))
                for name in ("proposed_cause", "proposal"):
                    with self.assertRaises(AccessError):
                        review.with_user(user).read([name])
                web = review.with_user(user).web_read({"evidence_ids": {"fields": {"text": {}}}, "display_name": {}})
                self.assertNotIn("Cheap boxes", str(web))
                messages = review.with_user(user).message_ids.mapped("body")
                self.assertNotIn("Cheap boxes", str(messages))
        for user in (self.care_sun, self.manager_qian):
            self.assertEqual(len(Evidence.with_user(user).search([("review_id", "=", review.id)])), 4)

    def test_nobody_reads_what_is_about_them(self):
        """In a small firm an officer may serve, too."""
        self.customer.service_user_id = self.care_sun
        self._call("Cheap boxes", service_rating=1)
        review = self._open_review()
        self.assertFalse(
            self.env["broker.review.evidence"].with_user(self.care_sun).search([("review_id", "=", review.id)])
        )
        self.assertFalse(review.with_user(self.care_sun).proposed_cause)

    def test_whom_a_call_scored_does_not_read_it_later_either(self):
        """Chen was scored, serves Jade no more, and calls for the care line now."""
        self._call("Cheap boxes", sales_rating=5, service_rating=1)
        self.service_chen.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.customer.service_user_id = self.service_lin
        review = self._open_review()
        Evidence = self.env["broker.review.evidence"].with_user(self.service_chen)
        self.assertFalse(Evidence.search([("review_id", "=", review.id)]))
        self.assertFalse(review.with_user(self.service_chen).proposed_cause)
        secret = review.evidence_ids.filtered("is_confidential")
        self.assertEqual(len(secret), 2)
        with self.assertRaises(AccessError):
            secret.with_user(self.service_chen).read(["text"])
        # What is said of the successor is not about Chen.
        call = self._call("Bags")
        review._gather_evidence()
        self.assertEqual(set(Evidence.search([("review_id", "=", review.id)]).mapped("res_id")), {call.id})

    def test_kept_as_it_was_found(self):
        case = self._open_case(title="Blurred")
        review = self._open_review()
        row = review.evidence_ids.filtered(lambda row: row.kind == "case")
        with self.assertRaises(UserError):
            row.with_user(self.manager_qian).write({"text": "Nothing"})
        with self.assertRaises(UserError):
            row.sudo().write({"text": "Nothing"})
        with self.assertRaises(UserError):
            row.sudo().unlink()
        review._gather_evidence()
        self.assertEqual(review.evidence_ids.filtered(lambda row: row.kind == "case"), row, "known already")
        self.assertEqual(row.with_user(self.manager_qian).document, case.display_name)

    def test_other_customers_documents_do_not_mix(self):
        other = self._open_customer(self._create_partner("Opal"))
        self._open_case(customer_id=other.id, title="Opal is angry", user=self.manager_qian)
        self.assertFalse(self._get_texts(self._open_review(), "case"))

    def test_words_of_the_firm(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.company.partner_id.lang = "zh_CN"
        self.sales_wang.lang = "en_US"
        job = self._confirm_job()
        job.write({"commitment_date": datetime(2026, 2, 20, 8), "broker_receipt_date": datetime(2026, 2, 23, 8)})
        review = self._open_review()
        self.assertIn("2026", self._get_texts(review, "late")[0])
        self.assertNotIn("02/20/2026", self._get_texts(review, "late")[0])
