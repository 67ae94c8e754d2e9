from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestCareAccess(CareCommon):
    def setUp(self):
        super().setUp()
        self.order = self._receive_job(self.customer)
        self.call = self._plan_call()
        self.call.action_log_attempt("reached", note="Secret", sales_rating=2, service_rating=3)
        self.ratings = self.env["rating.rating"].search([("res_model", "=", "broker.care.call")])
        self.assertEqual(len(self.ratings), 2)
        # Who may export at all still exports nothing of this.
        self.env.ref("base.group_allow_export").user_ids += (
            self.sales_wang + self.service_chen + self.sales_zhao + self.plain_user
        )
        self.scored = self.sales_wang + self.service_chen + self.sales_zhao + self.plain_user

    def test_the_scored_read_no_call(self):
        for user in self.scored:
            for records in (self.call, self.call.attempt_ids, self.call.reason_ids):
                records = records.with_user(user)
                with self.subTest(user=user.login, model=records._name):
                    with self.assertRaises(AccessError):
                        records.read(["create_date"])
                    with self.assertRaises(AccessError):
                        records.search([])
                    with self.assertRaises(AccessError):
                        records._read_group([], [], ["__count"])
                    with self.assertRaises(AccessError):
                        records.export_data(["create_date"])
            with self.assertRaises(AccessError):
                self.call.with_user(user).action_log_attempt("refused")

    def test_the_scored_read_no_rating(self):
        other = self.env["rating.rating"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                "res_id": self.partner.id,
                "rating": 5,
                "consumed": True,
            }
        )
        for user in self.scored:
            with self.subTest(user=user.login):
                ratings = self.env["rating.rating"].with_user(user)
                self.assertFalse(ratings.search([("res_model", "=", "broker.care.call")]))
                self.assertFalse(ratings.search([("rated_partner_id", "=", user.partner_id.id)]))
                self.assertEqual(ratings.search([("id", "in", (self.ratings + other).ids)]), other)
                with self.assertRaises(AccessError):
                    self.ratings.with_user(user).read(["rating"])
                groups = ratings._read_group([("res_model", "=", "broker.care.call")], ["broker_role"], ["rating:avg"])
                self.assertFalse(groups)
                with self.assertRaises(AccessError):
                    self.ratings.with_user(user).write({"rating": 5})
                with self.assertRaises(AccessError):
                    ratings.create(
                        {
                            "res_model_id": self.env["ir.model"]._get_id("broker.care.call"),
                            "res_id": self.call.id,
                            "rating": 5,
                            "consumed": True,
                        }
                    )

    def test_the_scored_read_no_message_and_do_not_follow(self):
        self.call.message_post(body="Complained about the salesperson")
        message = self.call.sudo().message_ids
        for user in self.scored:
            with self.subTest(user=user.login):
                self.assertNotIn(user.partner_id, self.call.sudo().message_partner_ids)
                found = self.env["mail.message"].with_user(user).search([("id", "in", message.ids)])
                self.assertFalse(found)

    def test_the_scored_see_nothing_on_the_customer_file(self):
        customer = self.customer.with_user(self.sales_wang)
        for name in ("care_call_ids", "care_call_count", "last_care_contact", "next_call_date", "do_not_call"):
            self.assertNotIn(name, customer.fields_get())
            with self.assertRaises(AccessError):
                customer.read([name])
        with self.assertRaises(AccessError):
            customer.write({"do_not_call": True, "do_not_call_reason": "Keep out"})
        with self.assertRaises(AccessError):
            customer.search([("care_call_ids.sales_rating", "<", 3)])

    def test_officers_and_managers_read_and_write_calls(self):
        for user in self.care_sun + self.manager_qian:
            call = self.call.with_user(user)
            self.assertEqual(call.read(["sales_rating", "service_rating"])[0]["sales_rating"], 2)
            self.assertEqual(call.attempt_ids.read(["note"])[0]["note"], "Secret")
            call.notes = user.name
            ratings = self.env["rating.rating"].with_user(user).search([("res_model", "=", "broker.care.call")])
            self.assertEqual(ratings, self.ratings)

    def test_nobody_edits_a_score_or_an_attempt(self):
        for user in self.care_sun + self.manager_qian:
            with self.assertRaises(AccessError):
                self.ratings.with_user(user).write({"rating": 5})
            with self.assertRaises(UserError):
                self.call.attempt_ids.with_user(user).write({"note": "x"})
            with self.assertRaises(AccessError):
                self.env["broker.care.call.attempt"].with_user(user).create(
                    {"call_id": self.call.id, "user_id": user.id, "outcome": "reached"}
                )
            with self.assertRaises(AccessError):
                self.call.reason_ids.with_user(user).write({"date_event": "2026-01-01"})

    def test_an_officer_who_sells_reads_no_call_about_themselves(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        calls = self.Call.with_user(self.sales_wang).search([])
        self.assertNotIn(self.call.id, calls.ids)
        with self.assertRaises(AccessError):
            self.call.with_user(self.sales_wang).read(["notes"])
        ratings = self.env["rating.rating"].with_user(self.sales_wang).search([("id", "in", self.ratings.ids)])
        self.assertEqual(ratings.mapped("broker_role"), ["service"])
        # A care officer who sells still reads every order.
        order = self._receive_job(self._open_customers(1, user=self.sales_zhao))
        order.user_id = self.sales_zhao
        self.assertTrue(order.with_user(self.sales_wang).read(["name"]))
        self.assertTrue(order.order_line.with_user(self.sales_wang).read(["name"]))

    def test_officers_change_no_order_price_or_commission(self):
        order = self.order.with_user(self.care_sun)
        self.assertEqual(order.read(["name"])[0]["name"], self.order.name)
        self.assertEqual(order.order_line.read(["price_unit"])[0]["price_unit"], 100)
        for records, vals in (
            (order, {"client_order_ref": "x"}),
            (order.order_line, {"price_unit": 1}),
            (self.product.with_user(self.care_sun), {"list_price": 1}),
        ):
            with self.subTest(model=records._name):
                with self.assertRaises(AccessError):
                    records.write(vals)
                with self.assertRaises(AccessError):
                    records.unlink()
        lead = self.env["crm.lead"].create({"name": "Lead", "partner_id": self.partner.id})
        self.assertTrue(lead.with_user(self.care_sun).read(["name"]))
        with self.assertRaises(AccessError):
            lead.with_user(self.care_sun).name = "Mine"
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(self.care_sun).create({"partner_id": self.partner.id})
        for model in ("broker.commission.entry", "broker.commission.plan", "broker.commission.split"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.care_sun).check_access("write")
        with self.assertRaises(AccessError):
            self.rules["receipt"].with_user(self.care_sun).window_days = 90

    def test_companies_do_not_see_each_other(self):
        other = self.env["res.company"].create({"name": "Second Broker"})
        officer = self._create_user("feng", "group_care_officer", company_id=other.id, company_ids=other.ids)
        manager = self._create_user("shen", "group_manager", company_id=other.id, company_ids=other.ids)
        own = self.rules["receipt"].copy({"company_id": self.company.id})
        for user in officer + manager:
            self.assertFalse(self.Call.with_user(user).search([("id", "=", self.call.id)]))
            self.assertFalse(self.env["rating.rating"].with_user(user).search([("id", "in", self.ratings.ids)]))
            self.assertFalse(own.with_user(user).search([("id", "=", own.id)]))
            self.assertTrue(self.rules["receipt"].with_user(user).search([("id", "=", self.rules["receipt"].id)]))
            with self.assertRaises(AccessError):
                self.call.with_user(user).read(["notes"])

    def test_rating_page_by_token_still_works(self):
        """Odoo's own page works in sudo; the score lands where only care reads it."""
        call = self._get_open_call()
        token = call._rating_get_access_token()
        rating = self.env["rating.rating"].sudo().search([("access_token", "=", token)])
        self.assertEqual(rating.rated_partner_id, self.sales_wang.partner_id)
        public = self.env.ref("base.public_user")
        call.with_user(public).sudo().rating_apply(3, token=token, feedback="So so")
        self.assertEqual((rating.rating, rating.consumed), (3, True))
        self.assertFalse(self.env["rating.rating"].with_user(self.sales_wang).search([("id", "=", rating.id)]))
        message = call.sudo().message_ids.filtered("rating_ids")
        self.assertTrue(message)
        self.assertFalse(self.env["mail.message"].with_user(self.sales_wang).search([("id", "in", message.ids)]))
