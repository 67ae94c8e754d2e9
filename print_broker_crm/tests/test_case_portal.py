import base64
import io
import json
import re
from unittest.mock import patch

from PIL import Image

from odoo import http
from odoo.exceptions import LockError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common_claim import ClaimCommon
from .common_proof import PNG

PHOTO = base64.b64decode(PNG)


class CasePortalCommon(ClaimCommon):
    """Li Na buys for Jade Restaurant; a stranger buys for Opal Hotel."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls._create_portal_user("jade", cls.partner)
        cls.opal = cls._create_partner("Opal Hotel", cls.sales_zhao)
        cls._open_customer(cls.opal)
        cls.stranger = cls._create_portal_user("opal", cls.opal)

    @classmethod
    def _create_portal_user(cls, name, company):
        contact = cls.env["res.partner"].create(
            {"name": f"Buyer {name}", "parent_id": company.id, "email": f"buyer.{name}@example.com"}
        )
        login = f"broker_portal_{name}"
        return new_test_user(
            cls.env,
            login=login,
            name=contact.name,
            groups="base.group_portal",
            partner_id=contact.id,
            password=login,
        )


@tagged("post_install", "-at_install")
class TestCasePortal(CasePortalCommon, HttpCase):
    """What customers say and see on their pages, and what strangers try there."""

    def _get_cases(self, customer=None):
        self.env.invalidate_all()
        return self.Case.search([("customer_id", "=", (customer or self.customer).id)], order="id")

    def _post(self, url, photos=(), **values):
        if not self.session:
            self.authenticate(None, None)
        self.env.flush_all()
        files = [("photos", (name, content, "application/octet-stream")) for name, content in photos]
        return self.url_open(url, data={"csrf_token": http.Request.csrf_token(self), **values}, files=files or None)

    def _report(self, job=None, token=None, **values):
        job = job or self.job
        token = job._portal_ensure_token() if token is None else token
        values = {"name": "Li Na", "comment": "Two boxes are wet\nand one is torn", "key": "k1", **values}
        return self._post(f"/my/orders/{job.id}/case?access_token={token}", **values)

    def _page(self, case, token=None):
        self.env.flush_all()
        return self.url_open(f"/my/cases/{case.id}?access_token={case.access_token if token is None else token}")

    def test_by_the_jobs_link(self):
        page = self.url_open(f"/my/orders/{self.job.id}?access_token={self.job._portal_ensure_token()}").text
        self.assertIn("Something is wrong with this job", page)
        page = self._report(photos=[("wet.png", PHOTO), ("torn.png", PHOTO)]).text
        self.assertIn("We are sorry", page)
        case = self._get_cases()
        self.assertEqual(
            (case.title, case.kind, case.source, case.order_id, case.user_id, case.is_on_portal),
            ("Two boxes are wet and one is torn", "complaint", "portal", self.job, self.service_chen, True),
        )
        self.assertEqual(sorted(case.photo_ids.mapped("name")), ["torn.png", "wet.png"])
        case.photo_ids.with_user(self.service_chen).check_access("read")
        message = case.message_ids.filtered("attachment_ids")
        self.assertEqual(message.author_id, self.partner)
        self.assertIn("Li Na: Two boxes are wet", message.body)
        self.assertIn(self.service_chen.partner_id, message.notified_partner_ids)
        self.assertFalse(case.answered_at)
        page = self.url_open(f"/my/orders/{self.job.id}?access_token={self.job.access_token}").text
        self.assertIn(case.name, page)

    def test_sent_twice(self):
        self._report()
        self._report()
        self._report(key="k2")
        self.assertEqual(len(self._get_cases()), 1, "the same words about the same job are the same matter")
        self._report(comment="The bill is wrong, too", key="k3")
        self.assertEqual(len(self._get_cases()), 2)
        self._report(comment="Typed again after Back", key="k3")
        self.assertEqual(len(self._get_cases()), 2)

    @mute_logger("odoo.service.model")
    def test_tapped_twice_at_once(self):
        """Whoever comes second waits a moment, with all photos, and hears of no lock."""
        registry_class = self.registry["sale.order"]
        lock_for_update, calls = registry_class.lock_for_update, []

        def locked_once(records, **kwargs):
            calls.append(records)
            if len(calls) == 1:
                raise LockError("Cannot grab a lock")
            return lock_for_update(records, **kwargs)

        self.patch(registry_class, "lock_for_update", locked_once)
        with patch("odoo.service.model.time.sleep"):
            page = self._report(photos=[("wet.png", PHOTO), ("torn.png", PHOTO)]).text
        self.assertEqual(len(calls), 2)
        self.assertIn("We are sorry", page)
        self.assertEqual(sorted(self._get_cases().photo_ids.mapped("name")), ["torn.png", "wet.png"])

    def test_what_is_refused(self):
        huge = b"\x89PNG\r\n\x1a\n" + b"0" * (10 * 1024 * 1024)
        for what, values, error in (
            ("no name", {"name": " "}, "Enter the name"),
            ("no words", {"comment": "\0 "}, "Say what is wrong"),
            ("too many words", {"comment": "x" * 4001}, "4000 fit"),
            ("a script", {"photos": [("a.png", b"<script>alert(1)</script>")]}, "no photo"),
            ("a drawing that runs", {"photos": [("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")]}, "no photo"),
            ("too large", {"photos": [("a.png", huge)]}, "too large"),
            ("too many", {"photos": [(f"{number}.png", PHOTO) for number in range(9)]}, "8 files fit"),
        ):
            with self.subTest(what=what):
                self.assertIn(error, self._report(**values).text)
        self.assertFalse(self._get_cases())
        quotation = self._create_job(confirm=False)
        self.assertIn("not confirmed", self._report(quotation).text)
        for number in range(25):
            self._report(comment=f"Number {number}", key=f"n{number}")
        self.assertEqual(len(self._get_cases()), 20)

    def test_words_without_spaces(self):
        """Chinese is cut where the title ends, not where the first space is."""
        comment = "两箱名片全部受潮，" * 20
        self._report(comment=comment)
        case = self._get_cases()
        self.assertEqual((case.title[:79], len(case.title), case.title[-1]), (comment[:79], 80, "…"))
        self.assertIn(comment, case.description)

    def test_token_of_what_stays_in_the_firm(self):
        """A link that the customer has opens nothing any more once the case is not shown."""
        self._report()
        case = self._get_cases()
        self.assertIn("Two boxes", self._fetch_messages(case))
        case.is_on_portal = False
        self.assertNotIn(case.name, self._page(case).text)
        with mute_logger("odoo.http"):
            self.assertNotIn("Two boxes", self._fetch_messages(case))

    def test_list_takes_no_query_per_case(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        counts, number = [], 0
        for size in (2, 2, 8):
            while number < size:
                title = f"Golden Press cut number {number}" if number < 2 else "Wet"
                case = self._open_claim(title=title, printing_house_id=self.press.id)
                case.is_on_portal = True
                case._portal_ensure_token()
                number += 1
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            page = self.url_open("/my/cases").text
            counts.append(self.env.cr.sql_log_count - before)
            self.assertNotIn("Golden", page)
            self.assertEqual(page.count("cut number"), 2)
        self.assertEqual(page.count("Wet"), 6)
        self.assertEqual(counts[1], counts[2])

    def test_strangers(self):
        self._report()
        case = self._get_cases()
        other = self._create_job(partner_id=self.opal.id, user_id=self.sales_zhao.id)
        for login in (None, self.stranger.login):
            self.authenticate(login, login)
            for what, token in (
                ("no token", ""),
                ("wrong token", "0" * 36),
                ("other letters", "令牌"),
                ("the job's token", self.job._portal_ensure_token()),
                ("another job's token", other._portal_ensure_token()),
            ):
                with self.subTest(login=login, what=what):
                    response = self._page(case, token)
                    self.assertNotIn(case.name, response.text)
            for token in ("", "x", other.access_token, case.access_token):
                self._report(token=token, comment=f"Not mine {token}", key=f"t{token[:4]}")
            self.assertNotIn(case.name, self.url_open("/my/cases").text)
        self.assertEqual(self._get_cases(), case)
        # Another customer's job in the form of one's own page.
        self.authenticate(self.stranger.login, self.stranger.login)
        page = self._post("/my/cases/new", name="X", comment="Mine?", key="z", order_id=str(self.job.id))
        self.assertIn("your own jobs", page.text)
        self.assertEqual(self._get_cases(), case)

    def test_own_pages(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        page = self.url_open("/my/cases").text
        self.assertIn(self.job.name, page)
        page = self._post("/my/cases/new", name="Buyer jade", comment="When do you close?", key="q", order_id="").text
        case = self._get_cases()
        self.assertEqual(
            (case.kind, case.order_id, case.partner_id), ("enquiry", self.env["sale.order"], self.buyer.partner_id)
        )
        self.assertIn(case.name, self.url_open("/my/cases").text)
        self._post("/my/cases/new", name="Buyer jade", comment="Wet", key="r", order_id=str(self.job.id))
        self.assertEqual(self._get_cases()[-1].order_id, self.job)
        page = self.url_open(f"/my/cases/{case.id}").text
        self.assertIn("When do you close?", page)
        # What the firm opened for itself stays in the firm, until somebody shows it.
        inner = self._open_claim(title="We printed the wrong price", description="Wang forgot")
        self.assertNotIn(inner.name, self.url_open("/my/cases").text)
        self.assertNotIn("wrong price", self.url_open(f"/my/cases/{inner.id}").text)
        inner.is_on_portal = True
        self.env.flush_all()
        self.assertIn(inner.name, self.url_open("/my/cases").text)
        self.assertNotIn("Wang forgot", self.url_open(f"/my/cases/{inner.id}").text)

    def test_page_tells_nothing_of_the_firm(self):
        self._report()
        case = self._get_cases()
        case.printing_house_id = self.press
        case.with_user(self.service_chen).write(
            {"kind": "claim", "title": "Golden Press cut it wrong", "fault_sales": 40, "fault_printing_house": 60}
        )
        case.with_user(self.service_chen).action_wait_printing_house()
        case.with_user(self.service_chen).message_post(body="They admit it", subtype_xmlid="mail.mt_note")
        case.with_user(self.service_chen).message_post(
            body="We print it again", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        # Code that runs for a customer, in sudo, names the case as the page does.
        self.assertIn("Golden Press", case.display_name)
        self.assertNotIn("Golden Press", case.with_user(self.buyer).sudo().display_name)
        page = self._page(case).text
        self.assertIn("We are working on it", page)
        for text in ("Golden Press", "They admit it", "Printing House", "printing_house", "60.0"):
            self.assertNotIn(text, page)
        bodies = self._fetch_messages(case)
        self.assertIn("We print it again", bodies)
        self.assertNotIn("They admit it", bodies)

    def _fetch_messages(self, case, token=None):
        response = self.url_open(
            "/mail/chatter_fetch",
            data=json.dumps(
                {
                    "params": {
                        "thread_model": "broker.case",
                        "thread_id": case.id,
                        "fetch_params": {},
                        "token": case.access_token if token is None else token,
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        ).json()
        return json.dumps(response.get("result") or {})

    def _answer(self, case, body, token=None):
        return self.url_open(
            "/mail/message/post",
            data=json.dumps(
                {
                    "params": {
                        "thread_model": "broker.case",
                        "thread_id": case.id,
                        "post_data": {
                            "body": body,
                            "message_type": "comment",
                            "subtype_xmlid": "mail.mt_comment",
                        },
                        "token": case.access_token if token is None else token,
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        )

    @mute_logger("odoo.http")
    def test_answers(self):
        """Both sides write in one thread; an answer ends the waiting."""
        self._report()
        case = self._get_cases()
        message = case.with_user(self.service_chen).message_post(
            body="How many?", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertIn(self.partner, message.notified_partner_ids, "by e-mail, too")
        self.assertTrue(case.answered_at)
        case.with_user(self.service_chen).action_wait_customer()
        self.assertIn("Waits for your answer", self._page(case).text)
        self._answer(case, "Nobody's", token="0" * 36)
        self.authenticate(self.stranger.login, self.stranger.login)
        self._answer(case, "A stranger's", token="")
        case.invalidate_recordset()
        self.assertEqual(case.state, "waiting_customer")
        self.authenticate(None, None)
        self._answer(case, "Two boxes")
        case.invalidate_recordset()
        self.assertEqual(case.state, "working")
        message = case.message_ids.filtered(lambda message: message.message_type == "comment")[0]
        self.assertIn("Two boxes", message.body)
        self.assertEqual(message.author_id.commercial_partner_id, self.partner)
        self.assertFalse(re.search("Nobody's|stranger's", str(case.message_ids.mapped("body"))))

    def test_staff(self):
        """Staff looks at the page, and opens nothing in the customer's name."""
        self._report()
        case = self._get_cases()
        self.service_chen.password = "broker_chen_pw"
        self.authenticate(self.service_chen.login, "broker_chen_pw")
        self.assertIn("this is what the customer sees", self._page(case, "").text)
        self.assertIn("logged in as staff", self._report(comment="From inside", key="s").text)
        self.assertEqual(self._get_cases(), case)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_portal_users_read_no_records(self):
        self._report()
        case = self._get_cases()
        self.authenticate(self.buyer.login, self.buyer.login)
        for model, record in (("broker.case", case), ("broker.claim.line", self._open_claim().claim_line_ids)):
            self.env.flush_all()
            response = self.url_open(
                "/web/dataset/call_kw",
                data=json.dumps({"params": {"model": model, "method": "read", "args": [record.ids], "kwargs": {}}}),
                headers={"Content-Type": "application/json"},
            ).json()
            self.assertIn("AccessError", response["error"]["data"]["name"])

    def test_photo_from_a_phone(self):
        """A JPEG as phones make it is kept as it came."""
        stream = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(stream, "JPEG")
        self._report(photos=[("IMG_0001.JPG", stream.getvalue())])
        photo = self._get_cases().photo_ids
        self.assertEqual((photo.mimetype, photo.raw), ("image/jpeg", stream.getvalue()))

    def test_customer_without_a_file(self):
        """Somebody with an account of whom the firm has no customer file."""
        nobody = self._create_portal_user("agate", self._create_partner("Agate"))
        self.authenticate(nobody.login, nobody.login)
        self.assertNotIn("o_broker_case_new", self.url_open("/my/cases").text)
        self.assertIn("do not know you", self._post("/my/cases/new", name="A", comment="B", key="c").text)
