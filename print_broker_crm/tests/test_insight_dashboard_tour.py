import json

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_insight import InsightCommon


@tagged("post_install", "-at_install")
class TestInsightDashboardDesktop(InsightCommon, HttpCase):
    """The owner looks at the firm."""

    def test_the_owner_looks(self):
        self._fill_month(self.customer, 1, 1500, 400)
        self._fill_month(self.customer, 2, 400, 100)
        tea = self._open_decliner("Lotus Tea", 5000, 0)
        self._fill_month(tea, 1, 1000, 200)
        self.start_tour("/odoo", "broker_owner_looks_at_the_dashboard", login=self.manager_qian.login)


@tagged("post_install", "-at_install")
class TestInsightDashboardPhone(TestInsightDashboardDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True


@tagged("post_install", "-at_install")
class TestInsightDashboardRpc(InsightCommon, HttpCase):
    """What others get past the screens."""

    def _call(self, method, *args):
        response = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": {"model": "broker.insight", "method": method, "args": args, "kwargs": {}}}),
            headers={"Content-Type": "application/json"},
        ).json()
        if "error" in response:
            return response["error"]["data"]["name"].rsplit(".", 1)[-1]
        return response["result"]

    @mute_logger("odoo.http")
    def test_by_the_web_client(self):
        self._fill_month(self.customer, 1, 1000)
        for user in self.sales_wang + self.service_chen + self.care_sun + self.plain_user + self.manager_qian:
            user.password = user.login
        self.env.flush_all()
        for user in self.sales_wang + self.service_chen + self.care_sun + self.plain_user:
            self.authenticate(user.login, user.login)
            for method, args in (
                ("get_dashboard", ()),
                ("get_dashboard", (str(self.last_month), self.company.id)),
                ("open_rows", ("revenue",)),
                # The figures themselves are not for calling from outside.
                ("_get_summary", (self.company.id, str(self.last_month))),
                ("_get_dashboard_decliners", (self.company.id, str(self.last_month))),
            ):
                with self.subTest(user=user.login, method=method):
                    self.assertEqual(self._call(method, *args), "AccessError")
        self.authenticate(self.manager_qian.login, self.manager_qian.login)
        self.assertEqual(self._call("get_dashboard")["figures"]["revenue"]["value"], 1000)
        self.assertEqual(self._call("open_rows", "revenue")["res_model"], "broker.customer.month")
