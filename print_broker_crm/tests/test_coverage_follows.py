from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_coverage import CoverageCommon, _logger


@tagged("post_install", "-at_install")
class TestCoverageFollows(CoverageCommon):
    def _log(self, user=None, **vals):
        """Log a contact as a person does."""
        return (
            self.env["broker.contact"]
            .with_user(user or self.sales_wang)
            .create({"customer_id": self.customer.id, "channel": "wechat", "direction": "out", **vals})
        )

    def test_a_logged_touch_clears_at_once(self):
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self._log(self.service_chen)
        self.assertEqual(self.customer.coverage_state, "sales_silent")
        contact = self._log()
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 5, 2, 2))
        contact.unlink()
        self.assertEqual(self.customer.coverage_state, "sales_silent")

    def test_manager_is_told_once(self):
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        todo = self._todos()
        self.assertEqual(todo.user_id, self.manager_qian)
        self.assertEqual(todo.date_deadline, date(2026, 6, 1))
        self._refresh("2026-06-02 02:00:00", "2026-06-03 02:00:00")
        self.assertEqual(self._todos(), todo)
        todo.action_done()
        self._refresh("2026-06-04 02:00:00")
        self.assertFalse(self._todos())
        # Active while nothing comes back is another matter.
        self._log()
        self.assertEqual(self.customer.coverage_state, "customer_silent")
        self.assertIn("look at it together", self._todos().summary)
        self._log(direction="in")
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertFalse(self._todos())

    def test_sales_alone_silent_is_the_care_lines(self):
        self._refresh()
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.assertFalse(self._todos())

    def test_who_was_silent_before_is_on_the_list_only(self):
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "both_silent")
        self.assertFalse(self._todos())

    def test_of_whom_managers_are_told(self):
        for setting, tier, told in (("none", self.tier_5, 0), ("key", self.tier_2, 0), ("key", self.tier_5, 1)):
            self.at("2026-03-02 02:00:00")
            customer = self._open_customers(1, name=f"{setting} {tier.name}")
            self.company.write({"broker_coverage_todo": setting, "broker_review_silence": False})
            self._set_tier(customer, tier)
            self._refresh(customer=customer)
            self.assertEqual(self._refresh("2026-09-01 02:00:00", customer=customer), "both_silent")
            self.assertEqual(len(self._todos(customer)), told, (setting, tier.name))

    def test_a_manager_who_sells_does_not_review_alone(self):
        second = self._create_user("gao", "group_manager")
        self.company.broker_care_manager_id = self.manager_qian
        self.partner.user_id = self.manager_qian
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        self.assertEqual(self._todos().user_id, second)
        second.action_archive()
        self._log(self.manager_qian)
        self.assertEqual(self._todos().user_id, self.manager_qian)

    def test_archiving_takes_the_to_do_back(self):
        self._refresh()
        self._refresh("2026-06-01 02:00:00")
        self.assertTrue(self._todos())
        self.customer.active = False
        self.assertFalse(self._todos())

    def test_a_key_account_known_to_one(self):
        """Of a key account two people of the firm know something; who left does not."""
        self._touch("2026-03-02 01:00:00")
        self.assertEqual(self._refresh("2026-06-01 02:00:00"), "both_silent")
        self.assertFalse(self.customer.covered_by_one, "no key account")
        self._set_tier(self.customer, self.tier_5)
        self._refresh()
        self.assertTrue(self.customer.covered_by_one, "the touch was 91 days ago")
        self.assertIn("Nobody is in touch", self.customer.with_user(self.manager_qian).coverage_explanation)
        self._touch("2026-05-31 01:00:00")
        self._refresh()
        self.assertTrue(self.customer.covered_by_one)
        explanation = self.customer.with_user(self.manager_qian).coverage_explanation
        self.assertIn("Only Wang", explanation)
        self.customer.invalidate_recordset()
        self.assertNotIn("Only", self.customer.with_user(self.sales_wang).coverage_explanation)
        self._touch("2026-05-31 01:00:00", role="care")
        self._refresh()
        self.assertFalse(self.customer.covered_by_one)
        self.care_sun.action_archive()
        self._refresh()
        self.assertTrue(self.customer.covered_by_one)

    def test_a_new_key_account_is_not_listed(self):
        self._set_tier(self.customer, self.tier_5)
        self._refresh("2026-03-16 02:00:00")
        self.assertFalse(self.customer.covered_by_one)
        self._refresh("2026-03-17 02:00:00")
        self.assertTrue(self.customer.covered_by_one)

    def test_merged(self):
        """The touches of both are the one's who remains."""
        other = self._open_customers(1, user=self.sales_wang)
        self._touch("2026-03-02 01:00:00", customer=self.customer)
        self._hear("2026-05-01 01:00:00", customer=self.customer)
        self._touch("2026-05-01 01:00:00", customer=other)
        self.assertEqual(self._refresh("2026-05-02 02:00:00"), "sales_silent")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (other.partner_id + self.partner).ids, self.partner
        )
        self.assertEqual(self.customer.coverage_state, "fine")
        self.assertEqual(self.customer.last_sales_contact, datetime(2026, 5, 1, 1))

    def test_two_companies(self):
        """Each by its own days, calendar and contacts."""
        sister = self.env["res.company"].create({"name": "Sister"})
        calendar = self.calendar.copy({"company_id": sister.id, "tz": "America/New_York"})
        sister.write(
            {"resource_calendar_id": calendar.id, "broker_coverage_sales_days": 10, "broker_coverage_from": False}
        )
        file = self._open_customer(company=sister)
        file.date_opened = date(2026, 3, 2)
        self._touch("2026-03-01 02:00:00", customer=file, role=False, channel="order", direction="in")
        both = self.customer + file
        # 13 March begins in New York at 4:00 UTC.
        for moment, states in (
            ("2026-03-13 03:59:00", ["fine", "fine"]),
            ("2026-03-13 04:00:00", ["fine", "sales_silent"]),
        ):
            self.at(moment)
            both.invalidate_recordset()
            both._refresh_coverage()
            self.assertEqual(both.mapped("coverage_state"), states, moment)

    # Who sees and enters what

    def test_nobody_enters_it(self):
        for user in (self.sales_wang, self.manager_qian):
            for vals in (
                {"coverage_state": "fine"},
                {"coverage_since": "2026-03-02"},
                {"covered_by_one": False},
                {"last_sales_contact": "2026-03-02"},
            ):
                with self.assertRaises(UserError):
                    self.customer.with_user(user).write(vals)
        partner = self._create_partner("Onyx")
        with self.assertRaises(UserError):
            self.env["broker.customer"].with_user(self.manager_qian).create(
                {"partner_id": partner.id, "coverage_state": "fine"}
            )
        opened = (
            self.env["broker.customer"]
            .with_user(self.manager_qian)
            .with_context(default_coverage_state="both_silent")
            .create({"partner_id": partner.id})
        )
        self.assertFalse(opened.sudo().coverage_state)

    def test_salespeople_see_the_silence_of_their_own(self):
        """It helps them to act; whom the care line knows is not for them."""
        self._refresh("2026-05-02 02:00:00")
        Customer = self.env["broker.customer"]
        silent = [("coverage_state", "=", "sales_silent")]
        self.assertIn(self.customer, Customer.with_user(self.sales_wang).search(silent))
        self.assertNotIn(self.customer, Customer.with_user(self.sales_zhao).search(silent))
        row = self.customer.with_user(self.sales_wang).read(
            ["coverage_state", "coverage_since", "last_sales_contact", "coverage_explanation"]
        )[0]
        self.assertEqual(row["coverage_state"], "sales_silent")
        self.assertIn("No touch by sales is known since 03/02/2026", row["coverage_explanation"])
        for name in ("covered_by_one", "coverage_trace", "last_care_contact"):
            with self.assertRaises(AccessError):
                self.customer.with_user(self.sales_wang).read([name])
            with self.assertRaises(AccessError):
                Customer.with_user(self.sales_wang).search([(name, "!=", False)])
        for user in (self.care_sun, self.manager_qian):
            self.assertIn(self.customer, Customer.with_user(user).search(silent))
            self.customer.with_user(user).read(["covered_by_one", "coverage_trace"])

    def test_screens_open(self):
        action = self.env.ref("print_broker_crm.broker_customer_coverage_action")
        self._refresh()
        for user in (self.care_sun, self.manager_qian, self.sales_wang):
            Customer = self.env["broker.customer"].with_user(user)
            views = [(view.view_id.id, view.view_mode) for view in action.view_ids]
            result = Customer.get_views([*views, (action.search_view_id.id, "search")])
            for arch in (view["arch"] for view in result["views"].values()):
                self.assertEqual("last_care_contact" in arch and user == self.sales_wang, False)


@tagged("post_install", "-at_install")
class TestCoverageScale(CoverageCommon):
    def _make(self, number):
        customers = self._open_customers(number, user=self.sales_wang)
        for place, customer in enumerate(customers):
            if place % 3:
                self._touch(f"2026-0{3 + place % 3}-1{place % 9} 02:00:00", customer=customer)
            if place % 2:
                self._hear(f"2026-0{3 + place % 4}-0{1 + place % 8} 02:00:00", customer=customer)
        self._set_tier(customers[::4], self.tier_5)
        return customers

    def test_only_what_changed_is_written(self):
        self.assertEqual(self.customer._refresh_coverage(), self.customer)
        self.assertFalse(self.customer._refresh_coverage())
        self.at("2026-03-10 02:00:00")
        self.assertFalse(self.customer._refresh_coverage(), "a day alone changes nothing")

    def test_batches_end_as_all_at_once(self):
        customers = self._make(24)
        fields = ["coverage_state", "coverage_since", "coverage_trace", "covered_by_one", "last_inbound_contact"]
        for moment in ("2026-05-10 02:00:00", "2026-06-20 02:00:00"):
            self.at(moment)
            with self.cr.savepoint() as savepoint:
                customers._refresh_coverage()
                at_once = customers.read(fields)
                savepoint.rollback()
            self.env.invalidate_all()
            self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.coverage_batch_size", "5")
            list(customers._get_coverage_steps(self.company))
            self.env.invalidate_all()
            self.assertEqual(customers.read(fields), at_once)
            self.assertGreater(len(set(customers.mapped("coverage_state"))), 2)

    def test_queries_do_not_grow(self):
        counts = {}
        for name, number in (("Warm", 5), ("Few", 5), ("Many", 50)):
            self.at("2026-03-02 02:00:00")
            customers = self._make(number)
            customers._refresh_coverage()
            self.at("2026-09-01 02:00:00")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers._refresh_coverage()
            self.env.flush_all()
            counts[name] = self.env.cr.sql_log_count - before
            self.assertTrue(self._todos(customers[1]))
        _logger.info("queries to refresh coverage: %s", counts)
        self.assertEqual(counts["Many"], counts["Few"])
