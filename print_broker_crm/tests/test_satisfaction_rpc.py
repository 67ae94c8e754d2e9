import json
from datetime import datetime, timedelta

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


@tagged("post_install", "-at_install")
class TestSatisfactionRpc(BrokerCommon, HttpCase):
    """What the scored get past the screens: their own average, and not one answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calls = cls.env["broker.care.call"]
        for number in range(5):
            partner = cls._create_partner(f"Customer {number}", cls.sales_wang)
            customer = cls._open_customer(partner, service=cls.service_chen)
            call = cls.calls.create(
                {"customer_id": customer.id, "state": "done", "date_done": datetime.now(), "user_id": cls.care_sun.id}
            )
            call._save_ratings({"sales": 1 + number % 2, "service": 4})
            call.message_post(body="Loud about the salesperson")
            cls.calls += call
        cls.ratings = cls.env["rating.rating"].search([("res_id", "in", cls.calls.ids), ("broker_role", "!=", False)])
        cls.env["rating.rating"]._publish_broker_scores(cls.company)
        for user in cls.sales_wang + cls.service_chen + cls.sales_zhao + cls.plain_user + cls.care_sun:
            user.password = user.login
        cls.env.flush_all()

    def _call(self, model, method, *args, **kwargs):
        response = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}),
            headers={"Content-Type": "application/json"},
        ).json()
        if "error" in response:
            return response["error"]["data"]["name"].rsplit(".", 1)[-1]
        return response["result"]

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_by_the_web_client(self):
        hidden = ("broker.care.call", "broker.satisfaction.month", "broker.satisfaction.customer", "broker.rating.link")
        for user in self.sales_wang + self.service_chen + self.sales_zhao + self.plain_user:
            self.authenticate(user.login, user.login)
            for model in hidden:
                with self.subTest(user=user.login, model=model):
                    self.assertEqual(self._call(model, "search_read", [], ["id"]), "AccessError")
                    self.assertEqual(self._call(model, "search_count", []), "AccessError")
                    self.assertEqual(
                        self._call(model, "web_read_group", [], ["company_id"], ["__count"]), "AccessError"
                    )
                    self.assertIn(self._call(model, "export_data", [], ["id"]), ("AccessError", "UserError"))
            with self.subTest(user=user.login, model="rating.rating"):
                domain = [["broker_role", "!=", False]]
                self.assertEqual(self._call("rating.rating", "search_read", domain, ["rating"]), [])
                self.assertEqual(self._call("rating.rating", "search_count", [["id", "in", self.ratings.ids]]), 0)
                self.assertEqual(self._call("rating.rating", "read", self.ratings[:1].ids, ["rating"]), "AccessError")
                groups = self._call("rating.rating", "formatted_read_group", domain, ["broker_role"], ["rating:avg"])
                self.assertEqual(groups, [])
                self.assertEqual(
                    self._call("rating.rating", "search", [["broker_published_at", "!=", False]]), "AccessError"
                )
            with self.subTest(user=user.login, model="mail.message"):
                domain = [["model", "=", "broker.care.call"], ["res_id", "in", self.calls.ids]]
                self.assertEqual(self._call("mail.message", "search_read", domain, ["body"]), [])
                self.assertEqual(
                    self._call("mail.message", "read", self.calls.sudo().message_ids[:1].ids, ["body"]), "AccessError"
                )
        self.authenticate(self.care_sun.login, self.care_sun.login)
        self.assertEqual(self._call("rating.rating", "search_count", [["id", "in", self.ratings.ids]]), 10)
        self.assertEqual(len(self._call("broker.satisfaction.customer", "search_read", [], ["smoothed"])), 10)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_ones_own_average_and_nobody_elses(self):
        for user, seen in (
            # (1 + 2 + 1 + 2 + 1) / 5
            (self.sales_wang, [("sales", 1.4)]),
            (self.service_chen, [("service", 4.0)]),
            (self.sales_zhao, []),
            (self.plain_user, "AccessError"),
        ):
            self.authenticate(user.login, user.login)
            with self.subTest(user=user.login):
                rows = self._call("broker.satisfaction.mine", "search_read", [], ["role", "average"])
                self.assertEqual(
                    rows if isinstance(rows, str) else [(row["role"], row["average"]) for row in rows], seen
                )
                groups = self._call(
                    "broker.satisfaction.mine", "formatted_read_group", [], ["user_id"], ["__count", "answer_count:sum"]
                )
                if seen != "AccessError":
                    self.assertEqual([group["user_id"][0] for group in groups], [user.id] * len(seen))
                    others = (self.sales_wang + self.service_chen) - user
                    self.assertEqual(
                        self._call("broker.satisfaction.mine", "search", [["user_id", "in", others.ids]]), []
                    )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_by_a_key(self):
        user = self.sales_wang
        key = self.env["res.users.apikeys"].with_user(user)._generate("rpc", "Test", datetime.now() + timedelta(days=1))
        self.env.flush_all()

        def post(model, method="search_read", **params):
            response = self.url_open(
                f"/json/2/{model}/{method}",
                data=json.dumps(params),
                headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
            )
            return response.status_code, response.json()

        for model in ("broker.care.call", "broker.satisfaction.month", "broker.satisfaction.customer"):
            self.assertEqual(post(model, domain=[], fields=["id"])[0], 403)
        self.assertEqual(post("rating.rating", domain=[["broker_role", "!=", False]], fields=["rating"]), (200, []))
        status, rows = post("broker.satisfaction.mine", domain=[], fields=["average"])
        self.assertEqual((status, [row["average"] for row in rows]), (200, [1.4]))
