import json
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from psycopg2.errors import CheckViolation, ReadOnlySqlTransaction

from odoo import fields, http
from odoo.exceptions import AccessError, UserError
from odoo.http import request
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class AccessLogCommon(BrokerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Log = cls.env["broker.access.log"]
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.export_group = cls.env.ref("base.group_allow_export")
        cls.people = cls.sales_wang + cls.service_chen + cls.care_sun + cls.manager_qian + cls.plain_user
        cls.export_group.user_ids += cls.people
        cls.company.broker_bulk_read_threshold = 50
        cls.crowd = cls.env["res.partner"].create(
            [{"name": f"Prospect {number:02}", "email": f"{number}@crowd.example.com"} for number in range(60)]
        )
        cls.crowd_domain = [("id", "in", cls.crowd.ids)]
        cls.env.flush_all()

    def _get_rows(self, user=None):
        rows = self.Log.search([("user_id", "in", (user or self.people).ids)], order="id")
        return [(row.user_id.name, row.kind, row.model, row.record_count) for row in rows]


@tagged("post_install", "-at_install")
class TestAccessLog(AccessLogCommon):
    def setUp(self):
        super().setUp()
        # The log has a connection of its own; here it must see the test's users.
        self.env.flush_all()
        self.registry_enter_test_mode()

    def _export(self, user, records, names):
        return records.with_user(user).export_data(names)["datas"]

    def test_salespeople_and_service_agents_export_no_contact(self):
        lead = self.env["crm.lead"].create({"name": "Menus", "user_id": self.sales_wang.id, "phone": "123"})
        for user, records, names in (
            (self.sales_wang, self.partner, ["name"]),
            (self.sales_wang, self.crowd, ["id", "name", "email"]),
            (self.sales_wang, self.customer, ["partner_id/phone"]),
            (self.sales_wang, lead, ["phone"]),
            (self.service_chen, self.partner, ["name", "phone"]),
            (self.service_chen, self.customer, ["display_name"]),
        ):
            with self.subTest(user=user.name, model=records._name), self.assertRaisesRegex(UserError, "Ask a manager"):
                self._export(user, records, names)
        self.assertEqual(
            self._get_rows(),
            [
                ("Wang", "refused", "res.partner", 1),
                ("Wang", "refused", "res.partner", 60),
                ("Wang", "refused", "broker.customer", 1),
                ("Wang", "refused", "crm.lead", 1),
                ("Chen", "refused", "res.partner", 1),
                ("Chen", "refused", "broker.customer", 1),
            ],
        )

    def test_contact_data_do_not_leave_by_way_of_a_document(self):
        order = self.env["sale.order"].create({"partner_id": self.partner.id, "user_id": self.sales_wang.id})
        self.assertEqual(
            self._export(self.sales_wang, order, ["name", "partner_id"]), [[order.name, "Jade Restaurant"]]
        )
        self.assertEqual(self._export(self.sales_wang, order, ["partner_id/name"]), [["Jade Restaurant"]])
        for path in ("partner_id/phone", "partner_shipping_id/email", "order_line/order_partner_id/street"):
            with self.subTest(path=path), self.assertRaises(UserError):
                self._export(self.sales_wang, order, ["name", path])
        self.assertEqual(self._export(self.manager_qian, order, ["partner_id/phone"]), [[self.partner.phone]])

    def test_exports_of_managers_and_the_care_line_are_recorded(self):
        self._export(self.manager_qian, self.crowd, ["name", "email"])
        self._export(self.care_sun, self.customer, ["name"])
        self.assertEqual(
            self._get_rows(), [("Qian", "export", "res.partner", 60), ("Sun", "export", "broker.customer", 1)]
        )
        row = self.Log.search([("user_id", "=", self.manager_qian.id)])
        self.assertEqual(row.field_names, "name, email")
        self.assertEqual(row.model_name, "Contact")

    def test_the_firms_other_users_are_not_touched(self):
        self.assertEqual(len(self._export(self.plain_user, self.crowd, ["name", "email"])), 60)
        self.crowd.with_user(self.plain_user).read(["email"])
        self.assertFalse(self._get_rows())

    def test_what_is_no_contact_is_exported_without_a_row(self):
        product = self.env["product.product"].create({"name": "Brochure"})
        self.assertEqual(self._export(self.sales_wang, product, ["name"]), [["Brochure"]])
        self.assertFalse(self._get_rows())

    def test_bulk_reads_by_every_door(self):
        Partner = self.env["res.partner"].with_user(self.sales_wang)
        doors = {
            "read": lambda: Partner.browse(self.crowd.ids).read(["email"]),
            "search_read": lambda: Partner.search_read(self.crowd_domain, ["email"]),
            "web_read": lambda: Partner.browse(self.crowd.ids).web_read({"email": {}}),
            "web_search_read": lambda: Partner.web_search_read(self.crowd_domain, {"email": {}}),
            "name_search": lambda: Partner.name_search("", self.crowd_domain, limit=None),
            "web_name_search": lambda: Partner.web_name_search("", {"email": {}}, self.crowd_domain, limit=None),
            "formatted_read_group": lambda: Partner.formatted_read_group(self.crowd_domain, ["email"], ["__count"]),
            "web_read_group": lambda: Partner.web_read_group(self.crowd_domain, ["email"], ["__count"]),
            "array_agg": lambda: Partner.formatted_read_group(self.crowd_domain, [], ["email:array_agg"]),
            "pivot": lambda: Partner.formatted_read_grouping_sets(self.crowd_domain, [["email"]], ["__count"]),
        }
        for name, door in doors.items():
            with self.subTest(door=name):
                before = self.Log.search_count([("user_id", "=", self.sales_wang.id)])
                door()
                rows = self.Log.search([("user_id", "=", self.sales_wang.id)], order="id")[before:]
                self.assertTrue(rows)
                self.assertEqual(set(rows.mapped("kind")), {"read"})
                self.assertEqual(max(rows.mapped("record_count")), 60)

    def test_reads_along_with_another_model_are_seen(self):
        orders = self.env["sale.order"].create(
            [{"partner_id": partner.id, "user_id": self.sales_wang.id} for partner in self.crowd]
        )
        orders.with_user(self.sales_wang).web_read({"partner_id": {"fields": {"phone": {}}}})
        self.assertEqual(self._get_rows(), [("Wang", "read", "res.partner", 60)])

    def test_the_threshold_is_the_companys(self):
        self.company.broker_bulk_read_threshold = 60
        Partner = self.env["res.partner"].with_user(self.manager_qian)
        Partner.search_read(self.crowd_domain, ["email"])
        self.assertFalse(self._get_rows())
        self.company.broker_bulk_read_threshold = 59
        Partner.search_read(self.crowd_domain, ["email"])
        self.assertEqual(self._get_rows(), [("Qian", "read", "res.partner", 60)])
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.company.broker_bulk_read_threshold = 10
            self.env.flush_all()

    def test_ordinary_reads_cost_no_query(self):
        partners = self.env["res.partner"].with_user(self.sales_wang).browse(self.crowd[:50].ids)
        partners.read(["email"])
        with self.assertQueryCount(0):
            partners._read_format(["email"])
        self.assertFalse(self._get_rows())

    def test_reads_of_the_system_itself_are_no_reads_of_the_user(self):
        self.crowd.with_user(self.sales_wang).sudo().read(["email"])
        self.assertFalse(self._get_rows())

    def test_nobody_changes_or_deletes_a_row(self):
        self._export(self.manager_qian, self.crowd, ["name"])
        row = self.Log.search([("user_id", "=", self.manager_qian.id)])
        for user in (self.manager_qian, self.env.ref("base.user_admin")):
            with self.assertRaises(UserError):
                row.with_user(user).write({"record_count": 1})
            with self.assertRaises(UserError):
                row.with_user(user).unlink()
            with self.assertRaises(AccessError):
                self.Log.with_user(user).create({"kind": "read"})
        with self.assertRaises(UserError):
            row.sudo().write({"record_count": 1})
        with self.assertRaises(UserError):
            row.sudo().unlink()

    def test_only_managers_read_the_log(self):
        self._export(self.manager_qian, self.crowd, ["name"])
        self.assertEqual(self.Log.with_user(self.manager_qian).search_count([]), self.Log.search_count([]))
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.plain_user):
            with self.assertRaises(AccessError):
                self.Log.with_user(user).search([])

    def test_old_rows_are_dropped_at_night(self):
        self._export(self.manager_qian, self.crowd, ["name"])
        self._export(self.manager_qian, self.crowd[:2], ["name"])
        old, young = self.Log.search([("user_id", "=", self.manager_qian.id)], order="id")
        now = fields.Datetime.now()
        for row, days in ((old, 31), (young, 29)):
            self.env.cr.execute(
                "UPDATE broker_access_log SET date = %s WHERE id = %s", (now - relativedelta(days=days), row.id)
            )
        self.company.broker_access_log_days = 30
        self.env.invalidate_all()
        self.assertEqual(self.Log._gc_access_logs(), (1, False))
        self.assertFalse(old.exists())
        self.assertTrue(young.exists())

    def test_business_cards_are_exports(self):
        with self.assertRaises(UserError):
            self.partner.with_user(self.sales_wang)._get_vcard_file()
        self.assertTrue(self.partner.with_user(self.plain_user)._get_vcard_file() is not None)


@tagged("post_install", "-at_install")
class TestAccessLogHttp(AccessLogCommon, HttpCase):
    def setUp(self):
        super().setUp()
        for user in self.people:
            user.password = user.login
        self.env.flush_all()

    def _call(self, model, method, args, **kwargs):
        response = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}),
            headers={"Content-Type": "application/json"},
        )
        return response.json()

    def _watch(self):
        """Return the list to which rows are added from now on. A request that is rolled
        back takes a test's rows with it, so that they are caught on their way; that they
        stay is tested with a connection of their own below."""
        rows = []
        watcher = patch.object(
            self.registry["broker.access.log"],
            "_record",
            lambda log, kind, model, record_count, field_names: rows.append(
                (log.env.user.name, kind, model, record_count, request and request.httprequest.path)
            ),
        )
        self.startPatcher(watcher)
        return rows

    def test_a_bulk_read_by_the_web_client(self):
        rows = self._watch()
        self.authenticate("broker_wang", "broker_wang")
        result = self._call("res.partner", "web_search_read", [], domain=self.crowd_domain, specification={"email": {}})
        self.assertEqual(result["result"]["length"], 60)
        path = "/web/dataset/call_kw"
        self.assertEqual(rows, [("Wang", "read", "res.partner", 60, path)])

    def test_a_bulk_read_by_a_program(self):
        rows = self._watch()
        payload = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {
                "service": "object",
                "method": "execute_kw",
                "args": [
                    self.env.cr.dbname,
                    self.sales_wang.id,
                    "broker_wang",
                    "res.partner",
                    "search_read",
                    [self.crowd_domain, ["email"]],
                ],
            },
        }
        result = self.url_open(
            "/jsonrpc", data=json.dumps(payload), headers={"Content-Type": "application/json"}
        ).json()
        self.assertEqual(len(result["result"]), 60)
        self.assertEqual([row[:4] for row in rows], [("Wang", "read", "res.partner", 60)])

    def test_a_refused_export_by_the_web_client(self):
        rows = self._watch()
        self.authenticate("broker_wang", "broker_wang")
        with mute_logger("odoo.http"):
            result = self._call("res.partner", "export_data", [self.partner.ids, ["name", "phone"]])
        self.assertIn("Ask a manager", result["error"]["data"]["message"])
        self.assertEqual(rows, [("Wang", "refused", "res.partner", 1, "/web/dataset/call_kw")])

    def _download(self, login, groupby=()):
        self.authenticate(login, login)
        return self.url_open(
            "/web/export/csv",
            data={
                "data": json.dumps(
                    {
                        "model": "res.partner",
                        "fields": [{"name": "name", "label": "Name"}, {"name": "email", "label": "Email"}],
                        "ids": False,
                        "domain": self.crowd_domain,
                        "groupby": groupby,
                        "import_compat": False,
                    }
                ),
                "csrf_token": http.Request.csrf_token(self),
            },
        )

    @mute_logger("odoo.http", "odoo.addons.web.controllers.export")
    def test_the_download_of_a_list(self):
        rows = self._watch()
        refused = self._download("broker_wang")
        self.assertNotIn("crowd.example.com", refused.text)
        granted = self._download("broker_qian")
        self.assertIn("7@crowd.example.com", granted.text)
        path = "/web/export/csv"
        self.assertIn(("Wang", "refused", "res.partner", 60, path), rows)
        self.assertIn(("Qian", "export", "res.partner", 60, path), rows)

    @mute_logger("odoo.http", "odoo.addons.web.controllers.export")
    def test_the_download_of_a_grouped_list(self):
        rows = self._watch()
        refused = self._download("broker_wang", groupby=["email"])
        self.assertNotIn("crowd.example.com", refused.text)
        self.assertIn("refused", {row[1] for row in rows})


@tagged("post_install", "-at_install")
class TestAccessLogConnection(TransactionCase):
    """A row stays whatever becomes of the request. The log's own connection sees only
    what is committed, hence Odoo's administrator, who is a manager of ours."""

    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.assertTrue(self.env["broker.customer"]._may_export_contacts(self.admin))
        with self.registry.cursor() as cr:
            cr.execute("SELECT COALESCE(MAX(id), 0) FROM broker_access_log")
            self.last_id = cr.fetchone()[0]
        self.addCleanup(self._delete_rows)

    def _delete_rows(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM broker_access_log WHERE id > %s", (self.last_id,))

    def _get_rows(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT user_id, kind, model, record_count FROM broker_access_log WHERE id > %s ORDER BY id",
                (self.last_id,),
            )
            return cr.fetchall()

    def test_a_rolled_back_request_leaves_its_row(self):
        partners = self.env["res.partner"].search([], limit=2)
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            partners.with_user(self.admin).export_data(["name"])
            raise ZeroDivisionError
        self.assertEqual(self._get_rows(), [(self.admin.id, "export", "res.partner", 2)])

    def test_a_read_only_request_leaves_its_row(self):
        with self.registry.cursor() as cr:
            cr.execute("SET TRANSACTION READ ONLY")
            env = self.env(cr=cr, user=self.admin.id, su=False)
            env["res.partner"].search([], limit=2).export_data(["name"])
            with self.assertRaises(ReadOnlySqlTransaction), mute_logger("odoo.sql_db"):
                cr.execute("CREATE TABLE broker_no (id int)")
            cr.rollback()
        self.assertEqual(self._get_rows(), [(self.admin.id, "export", "res.partner", 2)])
