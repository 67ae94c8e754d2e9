import logging

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from .test_staff_change import StaffChangeCommon

_logger = logging.getLogger(__name__)


@tagged("post_install", "-at_install")
class TestStaffLoad(StaffChangeCommon):
    """Wang has three customers: one of 5A, one of 2A and one without a tier."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-03-02 02:00:00"):
            cls.customers = cls._open_customers(3)
            cls.customers.service_user_id = cls.service_chen
            for customer, rank in zip(cls.customers, (5, 2), strict=False):
                customer.write(
                    {
                        "tier_manual_id": cls.tiers[rank].id,
                        "tier_manual_reason": "Test",
                        "tier_manual_until": "2030-01-01",
                    }
                )
        cls.Load = cls.env["broker.staff.load"].with_user(cls.manager_qian)

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def _get_load(self, user=None, role="sales"):
        self.env.invalidate_all()
        return self.Load.search([("user_id", "=", (user or self.sales_wang).id), ("role", "=", role)])

    def test_figures_and_their_rows(self):
        work = self._create_work(self.customers[0])
        self._create_orders(self.customers[1], user_id=self.sales_wang.id)
        self._create_orders(self.customers[2], user_id=self.sales_zhao.id)
        load = self._get_load()
        self.assertEqual(load.customer_count, 3)
        self.assertEqual(load.weight, 8, "5 + 2 + 1")
        self.assertEqual(load.key_count, 1)
        self.assertEqual(load.job_count, 1)
        self.assertEqual(load.quotation_count, 3, "also the one that Zhao writes for Wang's customer")
        self.assertEqual(load.lead_count, 1)
        self.assertEqual(load.silent_count, 0)
        for name, count in (
            ("customers", 3),
            ("key_accounts", 1),
            ("jobs", 1),
            ("quotations", 3),
            ("leads", 1),
            ("silent", 0),
        ):
            action = getattr(load, f"action_view_{name}")()
            rows = self.env[action["res_model"]].with_user(self.manager_qian).search(action["domain"])
            self.assertEqual(len(rows), count, name)
            self.assertEqual(action["context"], {})
        self.assertEqual(
            self.env["sale.order"].search(load.action_view_jobs()["domain"]), work["job"], "the rows themselves"
        )
        agent = self._get_load(self.service_chen, "service")
        self.assertEqual((agent.customer_count, agent.weight, agent.job_count), (3, 8, 1))
        self.assertFalse(self._get_load(self.service_chen, "sales"))

    def test_who_has_no_customer_can_best_take_one(self):
        idle = self._get_load(self.service_lin, "service")
        self.assertEqual((idle.company_id, idle.customer_count, idle.weight, idle.job_count), (self.company, 0, 0, 0))
        self.assertFalse(self.env["broker.customer"].search(idle.action_view_customers()["domain"]))
        self.assertFalse(self._get_load(self.manager_qian), "a manager only sells when the role was given")
        self.assertEqual(len(self._get_load(self.service_chen, "service")), 1)
        self.service_lin.active = False
        self.assertFalse(self._get_load(self.service_lin, "service"))

    def test_account_team(self):
        """Who is in a team in two functions has the customer once; who was in it, not."""
        self.env["broker.customer.member"].create(
            [
                {
                    "customer_id": customer.id,
                    "user_id": self.sales_zhao.id,
                    "function": function,
                    "date_from": "2026-03-01",
                    "date_to": date_to,
                }
                for customer, function, date_to in (
                    (self.customers[0], "lead", False),
                    (self.customers[0], "delivery", False),
                    (self.customers[2], "intake", False),
                    (self.customers[1], "intake", "2026-03-02"),
                )
            ]
        )
        load = self._get_load(self.sales_zhao, "team")
        self.assertEqual((load.customer_count, load.weight, load.key_count), (2, 6, 1))
        action = load.action_view_customers()
        self.assertEqual(action["display_name"], f"Customers of {self.sales_zhao.name}")
        rows = self.env["broker.customer"].search(action["domain"])
        self.assertEqual(rows, self.customers[0] + self.customers[2])
        self.assertEqual(dict(load._fields["role"]._description_selection(self.env))["team"], "Account Team")

    def test_weights_are_those_of_the_proposals(self):
        change = self._create_change(self.sales_zhao, collect=False, mode="rebalancing")
        loads, _states = change.sudo()._get_loads()
        self.assertEqual(loads["sales", self.sales_wang.id], self._get_load().weight)
        self.assertEqual(
            sum(change._get_weight(customer.tier_id.rank) for customer in self.customers), self._get_load().weight
        )

    def test_silent(self):
        self.clock.move_to("2026-06-01 02:00:00")
        self.assertEqual(self._get_load().silent_count, 0, "nobody has looked yet")
        self.customers._refresh_readiness()
        load = self._get_load()
        self.assertEqual(load.silent_count, 3)
        self._create_orders(self.customers[0]).action_confirm()
        self.customers._refresh_readiness()
        load = self._get_load()
        self.assertEqual(load.silent_count, 2)
        rows = self.env["broker.customer"].search(load.action_view_silent()["domain"])
        self.assertEqual(rows, self.customers[1:].sorted("id", reverse=True))

    def test_archived_and_given_away(self):
        self.customers[1].active = False
        load = self._get_load()
        self.assertEqual((load.customer_count, load.weight), (2, 6))
        self.assertEqual(
            self.env["broker.customer"].search_count(load.action_view_customers()["domain"]), load.customer_count
        )
        self.customers[0].partner_id.user_id = self.sales_zhao
        self.assertEqual((self._get_load().customer_count, self._get_load().weight), (1, 1))
        self.assertEqual(self._get_load(self.sales_zhao).weight, 5)

    def test_give_away(self):
        action = self._get_load().action_give_away()
        change = self.env["broker.staff.change"].with_user(self.manager_qian).with_context(**action["context"]).new({})
        self.assertEqual(change.mode, "rebalancing")
        self.assertEqual(change.user_id, self.sales_wang)
        self.assertEqual(change.company_id, self.company)

    def test_groups_and_order(self):
        """Grouped, summed and sorted by the database like any other list."""
        groups = dict(self.Load._read_group([("user_id", "=", self.sales_wang.id)], ["role"], ["weight:sum"]))
        self.assertEqual(groups, {"sales": 8})
        loads = self.Load.search(
            [("silent_count", "=", 0), ("user_id", "in", (self.sales_wang + self.service_chen).ids)]
        )
        self.assertEqual(loads.mapped("role"), ["service", "sales"], "the heaviest first, then by name")
        self.assertEqual(loads, self.Load.browse(loads.ids).exists())

    def test_managers_of_the_company_only(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun, self.plain_user):
            with self.assertRaises(AccessError):
                self.env["broker.staff.load"].with_user(user).search([])
        company = self.env["res.company"].create({"name": "Another"})
        other_wang = self._create_user("other", "group_salesperson", company_id=company.id, company_ids=company.ids)
        partner = self._create_partner("Theirs", other_wang)
        self._open_customer(partner, company=company)
        self.assertFalse(self._get_load(other_wang))
        self.manager_qian.company_ids += company
        load = self.Load.with_context(allowed_company_ids=(self.company + company).ids).search(
            [("user_id", "=", other_wang.id)]
        )
        self.assertEqual(load.company_id, company)
        self.assertEqual(load.customer_count, 1)

    def test_queries_do_not_grow(self):
        counts = {}
        for number in (5, 50):
            self._open_customers(number, name=f"Many{number}")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Load.search_read([("role", "=", "sales")])
            counts[number] = self.env.cr.sql_log_count - before
        _logger.info("queries to read the load: %s", counts)
        self.assertLessEqual(counts[50], counts[5])
