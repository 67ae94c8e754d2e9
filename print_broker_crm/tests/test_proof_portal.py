import json

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common_proof import PDF, PNG, ProofCommon


@tagged("post_install", "-at_install")
class TestProofPortal(ProofCommon, HttpCase):
    """What customers do on their pages, and what strangers try there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls._create_portal_user("jade", cls.partner)
        cls.opal = cls._create_partner("Opal Hotel", cls.sales_zhao)
        cls.stranger = cls._create_portal_user("opal", cls.opal)
        cls.press = cls.env["res.partner"].create({"name": "Golden Press", "is_company": True})
        cls.proof = cls._send_proof(note="Look at the gold")
        cls.env.flush_all()

    @classmethod
    def _create_portal_user(cls, name, company):
        contact = cls.env["res.partner"].create(
            {"name": f"Buyer {name}", "parent_id": company.id, "email": f"buyer.{name}@example.com"}
        )
        login = f"broker_portal_{name}"
        return new_test_user(cls.env, login=login, groups="base.group_portal", partner_id=contact.id, password=login)

    def _url(self, proof, suffix="", token=None):
        token = proof.access_token if token is None else token
        return f"/my/proofs/{proof.id}{suffix}?access_token={token}"

    def _approve(self, proof, token=None, **params):
        params = {"name": "Li Na", "signature": PNG, **params}
        response = self.url_open(
            self._url(proof, "/approve", token),
            data=json.dumps({"params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        return response["result"]

    def _post(self, url, **values):
        if not self.session:
            self.authenticate(None, None)
        return self.url_open(url, data={"csrf_token": http.Request.csrf_token(self), **values})

    def test_page_by_its_link(self):
        page = self.url_open(self._url(self.proof)).text
        for text in (self.job.name, "Look at the gold", f"{self.job.name}-proof-1-1.png", "Approve", "Reject"):
            self.assertIn(text, page)
        self.assertNotIn("Golden Press", page)
        self.assertNotIn("10,000", page, "the link shows no prices")

    def test_file(self):
        file = self.proof.file_ids
        response = self.url_open(self._url(self.proof, f"/file/{file.id}"))
        self.assertEqual(response.headers["Content-Type"], "image/png")
        self.assertNotIn("Golden", response.headers.get("Content-Disposition", ""))
        response = self.url_open(self._url(self.proof, f"/file/{file.id}") + "&download=1")
        self.assertIn(f"{self.job.name}-proof-1-1.png", response.headers["Content-Disposition"])

    def test_a_file_that_runs_something_is_only_downloaded(self):
        proof = self._send_proof(content="PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", name="x.html")
        response = self.url_open(self._url(proof, f"/file/{proof.file_ids.id}"))
        self.assertTrue(response.headers["Content-Disposition"].startswith("attachment"))
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")

    def test_pdf_is_shown_page_by_page(self):
        proof = self._send_proof(content=PDF, name="x.pdf")
        self.assertIn("/web/static/lib/pdfjs/web/viewer.html?file=", self.url_open(self._url(proof)).text)

    def test_strangers(self):
        theirs = self._create_job(partner_id=self.opal.id, user_id=self.sales_zhao.id)
        other = self._send_proof(theirs, user=self.sales_zhao)
        draft = self._create_proof()
        draft._portal_ensure_token()
        self.env.flush_all()
        file = self.proof.file_ids
        for login in (None, self.stranger.login):
            self.authenticate(login, login)
            for what, url in {
                "no token": f"/my/proofs/{self.proof.id}",
                "wrong token": self._url(self.proof, token="0" * 36),
                "a token in other letters": self._url(self.proof, token="令牌"),
                "empty token": self._url(self.proof, token=""),
                "another proof's token": self._url(self.proof, token=other.access_token),
                "the job's token": self._url(self.proof, token=self.job._portal_ensure_token()),
                "a draft": self._url(draft),
                "no such proof": "/my/proofs/2000000000?access_token=x",
                "file without token": f"/my/proofs/{self.proof.id}/file/{file.id}",
                "file of another proof": self._url(other, f"/file/{file.id}"),
                "file by wrong token": self._url(self.proof, f"/file/{file.id}", token=other.access_token),
            }.items():
                with self.subTest(login=login, what=what):
                    response = self.url_open(url, allow_redirects=False)
                    self.assertEqual(response.status_code, 303)
                    self.assertTrue(response.headers["Location"].rstrip("/").endswith("/my"))
            with self.subTest(login=login, what="answers"):
                self.assertIn("error", self._approve(self.proof, token=other.access_token))
                self.assertIn("error", self._approve(self.proof, token=""))
                self._post(self._url(self.proof, "/reject", token="x"), name="Me", comment="No")
            self.proof.invalidate_recordset()
            self.assertEqual(self.proof.state, "sent")

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_portal_users_read_no_records(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        for model, record in (("broker.proof", self.proof), ("broker.proof.file", self.proof.file_ids)):
            response = self.url_open(
                "/web/dataset/call_kw",
                data=json.dumps({"params": {"model": model, "method": "read", "args": [record.ids], "kwargs": {}}}),
                headers={"Content-Type": "application/json"},
            ).json()
            self.assertIn("AccessError", response["error"]["data"]["name"])
        response = self.url_open(f"/web/content/broker.proof.file/{self.proof.file_ids.id}/content")
        self.assertNotEqual(response.status_code, 200)

    def test_a_portal_user_finds_own_proofs(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        self.assertIn(self.proof.display_name, self.url_open("/my/proofs").text)
        self.assertIn(self.proof.display_name, self.url_open(f"/my/orders/{self.job.id}").text)
        self.assertIn("Look at the gold", self.url_open(f"/my/proofs/{self.proof.id}").text)
        self.authenticate(self.stranger.login, self.stranger.login)
        self.assertNotIn(self.proof.display_name, self.url_open("/my/proofs").text)

    def test_approve_by_link(self):
        result = self._approve(self.proof, comment="A little darker")
        self.assertIn(f"/my/proofs/{self.proof.id}", result["redirect_url"])
        self.proof.invalidate_recordset()
        self.assertEqual(
            (self.proof.state, self.proof.decided_by, self.proof.decided_partner_id.ids),
            ("approved_comment", "Li Na", []),
        )
        message = self.job.message_ids[:1]
        self.assertEqual(message.author_id, self.partner)
        self.assertIn("A little darker", message.body)
        self.assertIn(self.service_chen.partner_id, message.notified_partner_ids)
        page = self.url_open(self._url(self.proof)).text
        self.assertIn("A little darker", page)
        self.assertNotIn("broker_proof_approve", page)
        # A second tap, another tab, a colleague: one answer.
        self.assertIn("answered already", self._approve(self.proof)["error"])
        self._post(self._url(self.proof, "/reject"), name="Li Na", comment="No")
        self.proof.invalidate_recordset()
        self.assertEqual(self.proof.state, "approved_comment")

    def test_approve_logged_in(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        self._approve(self.proof, token="")
        self.proof.invalidate_recordset()
        self.assertEqual((self.proof.state, self.proof.decided_partner_id), ("approved", self.buyer.partner_id))

    def test_what_is_missing_is_said(self):
        for params, error in (
            ({"signature": None}, "signature is missing"),
            ({"signature": "AAAA"}, ""),
            ({"name": ""}, "name of the person"),
            ({"comment": "x" * 4001}, "4001 signs"),
            ({"name": ["a"], "comment": {"b": 1}, "signature": 5}, "too large"),
        ):
            with self.subTest(params=error):
                self.assertIn(error, self._approve(self.proof, **params)["error"])
        self.proof.invalidate_recordset()
        self.assertEqual(self.proof.state, "sent")

    def test_reject(self):
        page = self._post(self._url(self.proof, "/reject"), name="Li Na", comment="").text
        self.assertIn("Say what is to be changed", page)
        page = self._post(self._url(self.proof, "/reject"), name="Li Na", comment="<b>Wrong</b> number").text
        self.assertIn("&lt;b&gt;Wrong&lt;/b&gt; number", page)
        self.proof.invalidate_recordset()
        self.assertEqual((self.proof.state, self.proof.activity_ids.user_id), ("rejected", self.service_chen))

    def test_cancelled_job(self):
        self.job._action_cancel()
        self.env.flush_all()
        self.assertIn("is cancelled", self._approve(self.proof)["error"])
        page = self.url_open(self._url(self.proof)).text
        self.assertIn("is cancelled", page)
        self.assertNotIn("broker_proof_approve", page)

    def test_staff_does_not_answer_for_the_customer(self):
        self.service_chen.password = self.service_chen.login
        self.authenticate(self.service_chen.login, self.service_chen.login)
        self.assertNotIn("broker_proof_approve", self.url_open(self._url(self.proof)).text)
        self.assertIn("logged in as staff", self._approve(self.proof)["error"])
        self._deliver()
        self._post(f"/my/orders/{self.job.id}/receipt", name="Li", outcome="complete")
        self.job.invalidate_recordset()
        self.assertEqual((self.proof.state, self.job.broker_receipt_date), ("sent", False))

    def _deliver(self, job=None):
        """Move the job's card to the delivery."""
        stage = self.env["broker.relay.stage"].search([("code", "=", "delivery")], limit=1)
        (job or self.job).sudo()._broker_move(stage, is_fact=True)
        self.env.flush_all()

    def _receipt(self, order=None, token=None, **values):
        order = order or self.job
        token = order._portal_ensure_token() if token is None else token
        self.env.flush_all()
        values = {"name": "Li Na", "outcome": "complete", **values}
        page = self._post(f"/my/orders/{order.id}/receipt?access_token={token}", **values).text
        order.invalidate_recordset()
        return page

    def test_receipt(self):
        self._deliver()
        page = self.url_open(f"/my/orders/{self.job.id}?access_token={self.job._portal_ensure_token()}").text
        self.assertIn("We received everything", page)
        for token in ("", "x", self.proof.access_token):
            self._receipt(token=token)
            self.assertFalse(self.job.broker_receipt_date)
        self.assertIn("Enter the name", self._receipt(name=""))
        self.assertFalse(self.job.broker_receipt_date)
        self.assertIn("everything has come", self._receipt())
        received = self.job.broker_receipt_date
        self.assertTrue(received)
        # A second tap changes nothing.
        self.assertIn("was confirmed already", self._receipt())
        self.assertEqual(self.job.broker_receipt_date, received)
        self.assertEqual(len(self.job.message_ids.filtered(lambda message: "has received" in message.body)), 1)

    def test_something_is_wrong(self):
        self._deliver()
        self.assertIn("Say what is wrong", self._receipt(outcome="wrong"))
        page = self._receipt(outcome="wrong", comment="Two boxes are wet")
        self.assertIn("We are sorry", page)
        self.assertFalse(self.job.broker_receipt_date)
        case = self.job.broker_case_ids
        self.assertEqual((case.user_id, case.source, case.kind), (self.service_chen, "portal", "complaint"))
        self.assertIn("Two boxes are wet", case.description)

    def test_receipt_is_not_asked_before_the_delivery(self):
        page = self.url_open(f"/my/orders/{self.job.id}?access_token={self.job._portal_ensure_token()}").text
        self.assertNotIn("We received everything", page)
        self.assertIn("is not asked for", self._receipt())
        quotation = self._create_job(confirm=False)
        self.assertIn("is not asked for", self._receipt(quotation))
        # Without a card on the board the promised day says so.
        self.job.broker_out_of_relay = True
        self.job.commitment_date = "2099-01-05"
        self.assertIn("is not asked for", self._receipt())
        self.job.commitment_date = "2026-01-05"
        self.assertIn("everything has come", self._receipt())
