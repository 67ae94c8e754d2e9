import json
from datetime import datetime, timedelta

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


@tagged("post_install", "-at_install")
class TestRatingLinkPage(BrokerCommon, HttpCase):
    """What a customer, a messenger and a stranger get by a link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.order = cls.env["sale.order"].create({"partner_id": cls.partner.id})
        cls.link = cls.env["broker.rating.link"]._ask(cls.customer, cls.partner, 90)
        cls.url = f"/broker/rate/{cls.link.access_token}"
        cls.env.flush_all()

    def _post(self, url=None, headers=None, **values):
        if not self.session:
            self.authenticate(None, None)
        return self.url_open(url or self.url, data={"csrf_token": http.Request.csrf_token(self), **values})

    def _get_scores(self):
        self.link.invalidate_recordset()
        return self.link.state, self.link.sales_rating, self.link.service_rating

    def test_opening_uses_nothing_up_and_tells_nothing(self):
        for _time in range(3):
            page = self.url_open(self.url)
            self.assertEqual(page.status_code, 200)
        self.opener.head(self.base_url() + self.url)
        self.url_open(self.url + "?sales=1&service=1&comment=x")
        self.assertEqual(self._get_scores(), ("open", 0, 0))
        for secret in (
            "Wang",
            "Chen",
            "Sun",
            "Jade Restaurant",
            self.order.name,
            self.partner.email,
            self.customer.partner_id.phone,
        ):
            self.assertNotIn(secret, page.text)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")

    def test_page_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.partner.lang = "zh_CN"
        self.env.ref("print_broker_crm.rating_link_page").update_field_translations(
            "arch_db", {"zh_CN": {"Send": "发送"}}
        )
        self.env.flush_all()
        page = self.url_open(self.url).text
        self.assertIn('lang="zh-CN"', page)
        self.assertIn("发送", page)

    def test_answer_once(self):
        page = self._post(sales="4", service="5", comment="<b>Good</b> paper")
        self.assertIn("We have your answer", page.text)
        self.assertEqual(self._get_scores(), ("answered", 4, 5))
        self.assertEqual(self.link.comment, "<b>Good</b> paper")
        again = self._post(sales="1", service="1")
        self.assertIn("We have your answer", again.text)
        self.assertEqual(self._get_scores(), ("answered", 4, 5))
        self.assertNotIn("Good", self.url_open(self.url).text)

    def test_bad_answers(self):
        for values in (
            {},
            {"sales": "0"},
            {"sales": "6"},
            {"sales": "-1"},
            {"sales": "4.5"},
            {"sales": "five"},
            {"sales": "nan", "service": "inf"},
            {"sales": "1e400"},
            {"sales": "四"},
            {"state": "answered", "rating": "5"},
        ):
            with self.subTest(values=values):
                page = self._post(**values, comment="kept <script>")
                self.assertIn("at least one score", page.text)
                self.assertIn("kept &lt;script&gt;", page.text)
                self.assertEqual(self._get_scores(), ("open", 0, 0))

    def test_long_comment(self):
        self._post(sales="5", comment="字" * 5000)
        self.assertEqual(self._get_scores()[0], "answered")
        self.assertEqual(len(self.link.comment), 2000)

    def test_strange_tokens(self):
        other = self.env["broker.rating.link"]._ask(
            *(lambda file: (file, file.partner_id))(
                self._open_customer(self._create_partner("Opal Hotel", self.sales_zhao))
            ),
            90,
        )
        self.env.flush_all()
        token = self.link.access_token
        for bad in (
            token[:-1],
            token + "x",
            token.swapcase(),
            str(self.link.id),
            "x" * 5000,
            "令牌",
            "%00",
            "null",
            "%25",
            "'%20or%201=1--",
        ):
            with self.subTest(token=bad):
                page = self.url_open(f"/broker/rate/{bad}")
                self.assertEqual(page.status_code, 404)
                self.assertNotIn("How satisfied", page.text)
                self._post(f"/broker/rate/{bad}", sales="1")
                self.assertEqual(self._get_scores()[0], "open")
                self.assertEqual(other.state, "open")

    @mute_logger("odoo.http")
    def test_no_answer_without_the_form_token(self):
        self.authenticate(None, None)
        response = self.url_open(self.url, data={"sales": "1"})
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self._get_scores()[0], "open")

    def test_expired_and_withdrawn(self):
        self.link.date_expiry = datetime.now() - timedelta(minutes=1)
        self.env.flush_all()
        self.assertIn("no longer valid", self.url_open(self.url).text)
        self.assertIn("no longer valid", self._post(sales="5").text)
        self.link.write({"date_expiry": datetime.now() + timedelta(days=1), "state": "withdrawn"})
        self.env.flush_all()
        self.assertIn("no longer valid", self._post(sales="5").text)
        self.assertEqual(self._get_scores(), ("withdrawn", 0, 0))

    def test_staff_look_and_do_not_answer(self):
        self.sales_wang.password = self.sales_wang.login
        self.env.flush_all()
        self.authenticate(self.sales_wang.login, self.sales_wang.login)
        self.assertIn("logged in as staff", self.url_open(self.url).text)
        self._post(sales="5", service="5")
        self.assertEqual(self._get_scores()[0], "open")

    def _create_portal_user(self, company):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": company.id})
        login = f"broker_portal_{company.id}"
        return new_test_user(self.env, login=login, groups="base.group_portal", partner_id=contact.id, password=login)

    def test_portal_users(self):
        stranger = self._create_portal_user(self._create_partner("Opal Hotel"))
        buyer = self._create_portal_user(self.partner)
        self.env.flush_all()
        self.authenticate(stranger.login, stranger.login)
        self.assertEqual(self.url_open(self.url).status_code, 404)
        self._post(sales="1")
        self.assertEqual(self._get_scores()[0], "open")
        self.authenticate(buyer.login, buyer.login)
        self.assertIn("How satisfied", self.url_open(self.url).text)
        self._post(sales="4")
        self.assertEqual(self._get_scores(), ("answered", 4, 0))

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_no_way_around_the_page(self):
        """Neither the scored nor the customer reach links and scores by RPC."""
        self._post(sales="2", service="3")
        buyer = self._create_portal_user(self.partner)
        self.sales_wang.password = self.sales_wang.login
        rating = self.env["rating.rating"].search([("res_model", "=", "broker.rating.link")], limit=1)
        self.env.flush_all()
        for login in (buyer.login, self.sales_wang.login):
            self.authenticate(login, login)
            for model, method, args in (
                ("broker.rating.link", "read", [self.link.ids, ["state"]]),
                ("broker.rating.link", "web_search_read", [[], {"state": {}}]),
                ("broker.rating.link", "web_read_group", [[], ["customer_id"], ["__count"]]),
                ("broker.rating.link", "_answer", [self.link.ids, {"sales": 5}, ""]),
                ("broker.rating.link", "_get_by_token", ["x"]),
                ("broker.rating.link", "action_withdraw", [self.link.ids]),
                ("rating.rating", "read", [rating.ids, ["rating"]]),
                ("rating.rating", "write", [rating.ids, {"rating": 5}]),
                ("rating.rating", "unlink", [rating.ids]),
            ):
                with self.subTest(login=login, model=model, method=method):
                    response = self.url_open(
                        "/web/dataset/call_kw",
                        data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": {}}}),
                        headers={"Content-Type": "application/json"},
                    ).json()
                    self.assertIn("AccessError", response["error"]["data"]["name"])
        self.assertEqual(self._get_scores(), ("answered", 2, 3))
