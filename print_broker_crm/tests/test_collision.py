from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


@tagged("post_install", "-at_install")
class TestCollision(BrokerCommon):
    """撞单: two people work on one customer without knowing of each other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.partner.write({"vat": "JADE-8812", "email": "Office@Jade.example.com"})
        cls.buyer = cls.env["res.partner"].create(
            {
                "name": "Li Na",
                "parent_id": cls.partner.id,
                "email": "li.na@jade.example.com",
                "phone": "+86 139 1234 5678",
            }
        )
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.message = "Already served here; ask Wang."

    def _ask_partner(self, user, **vals):
        return self.env["res.partner"].with_user(user).new({"name": "New", **vals}).broker_collision_message

    def _ask_lead(self, user, **vals):
        return self.env["crm.lead"].with_user(user).new({"name": "New", **vals}).broker_collision_message

    def test_each_of_the_four_clues_tells_whom_to_ask(self):
        for vals in (
            {"name": "Jade Restaurant"},
            {"name": "  jade-restaurant "},
            {"name": "ＪＡＤＥ　Restaurant"},
            {"phone": self.partner.phone},
            {"phone": "0086 (21) 6234-5678"},
            {"phone": self.buyer.phone},
            {"email": "office@jade.EXAMPLE.com"},
            {"email": "li.na@jade.example.com"},
            {"vat": "JADE-8812"},
        ):
            with self.subTest(**vals):
                self.assertEqual(self._ask_partner(self.sales_zhao, **vals), self.message)

    def test_an_opportunity_tells_too(self):
        for vals in (
            {"partner_name": "JADE restaurant"},
            {"phone": self.buyer.phone},
            {"email_from": "li.na@jade.example.com"},
        ):
            with self.subTest(**vals):
                self.assertEqual(self._ask_lead(self.sales_zhao, **vals), self.message)
                self.assertEqual(self._ask_lead(self.service_lin, **vals), self.message)

    def test_nothing_is_found_by_a_part(self):
        for vals in (
            {"name": "Jade"},
            {"name": "Jade Restaurants"},
            {"phone": "+86 21 6234 567"},
            {"phone": "6234"},
            {"email": "@jade.example.com"},
            {"email": "office@jade.example"},
            {"vat": "JADE"},
            {"vat": "%"},
            {"name": "%"},
            {"name": "-"},
        ):
            with self.subTest(**vals):
                self.assertFalse(self._ask_partner(self.sales_zhao, **vals))

    def test_whoever_serves_the_customer_is_not_told(self):
        for user in (self.sales_wang, self.service_chen):
            self.assertFalse(self._ask_partner(user, name="Jade Restaurant"), user.name)
        self.assertEqual(self._ask_partner(self.manager_qian, name="Jade Restaurant"), self.message)
        self.assertFalse(self.partner.with_user(self.manager_qian).broker_collision_message)
        self.assertFalse(self.buyer.with_user(self.manager_qian).broker_collision_message)

    def test_those_outside_our_groups_are_told_nothing(self):
        self.assertFalse(
            self.env["broker.customer"]
            .with_user(self.plain_user)
            ._get_collision_messages({1: {"name": "Jade Restaurant"}}, {})
        )

    def test_who_is_no_customer_collides_with_nobody(self):
        self._create_partner("Onyx Bank", self.sales_wang)
        self.assertFalse(self._ask_partner(self.sales_zhao, name="Onyx Bank"))

    def test_former_customers_and_other_companies_collide_with_nobody(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        opal = self._create_partner("Opal Hotel", self.sales_wang)
        self._open_customer(opal, company=other)
        self.assertFalse(self._ask_partner(self.sales_zhao, name="Opal Hotel"))
        self.customer.active = False
        self.assertFalse(self._ask_partner(self.sales_zhao, name="Jade Restaurant"))

    def test_a_customer_of_nobody_is_asked_of_the_manager(self):
        self.customer.service_user_id = False
        self.partner.user_id = False
        self.assertEqual(
            self._ask_partner(self.sales_zhao, name="Jade Restaurant"), "Already served here; ask a manager."
        )

    def test_the_form_tells_and_saves_and_shows_nothing_else(self):
        with Form(self.env["res.partner"].with_user(self.sales_zhao)) as form:
            form.name = "Jade Resto"
            form.vat = "JADE-8812"
            self.assertEqual(form.broker_collision_message, self.message)
            self.assertFalse(form.same_vat_partner_id)
        partner = form.save()
        # The whole form: nothing in it is the other customer's.
        names = partner.get_views([(False, "form")])["models"]["res.partner"]["fields"]
        text = str(partner.web_read({name: {} for name in names})).lower()
        for secret in ("jade restaurant", "6234", "office@jade", "li na", f"({self.partner.id},"):
            self.assertNotIn(secret, text)
        self.assertFalse(partner.with_user(self.sales_zhao).search([("id", "=", self.partner.id)]))

    def test_the_manager_sees_odoos_own_warning(self):
        with Form(self.env["res.partner"].with_user(self.manager_qian)) as form:
            form.name = "Jade Resto"
            form.vat = "JADE-8812"
            self.assertEqual(form.same_vat_partner_id, self.partner)

    def test_a_lead_that_is_won_for_a_duplicate_tells_the_manager(self):
        double = (
            self.env["res.partner"]
            .with_user(self.sales_zhao)
            .create({"name": "Jade Restaurant", "is_company": True, "phone": "+86 21 5555 1234"})
        )
        lead = (
            self.env["crm.lead"]
            .with_user(self.sales_zhao)
            .create({"name": "Menus", "type": "opportunity", "partner_id": double.id, "user_id": self.sales_zhao.id})
        )
        lead.action_set_won()
        file = self.env["broker.customer"].search([("partner_id", "=", double.id)])
        activity = file.activity_ids
        self.assertEqual(activity.user_id, self.manager_qian)
        self.assertEqual(activity.summary, "Possibly a duplicate customer")
        self.assertIn("Wang", activity.note)
        # Zhao serves the double and reads the to-do; the manager alone sees which it is.
        self.assertNotIn("Jade Restaurant", activity.note)
        self.assertEqual(file.with_user(self.manager_qian).twin_ids, self.customer)
        with self.assertRaises(AccessError):
            file.with_user(self.sales_zhao).read(["twin_ids"])
        self.assertEqual(double.user_id, self.sales_zhao)
        self.assertFalse(self.customer.activity_ids)

    def test_a_new_customer_without_a_double_tells_nobody(self):
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        self.assertFalse(self._open_customer(opal).activity_ids)

    def test_queries_do_not_grow_with_the_contacts(self):
        def count(size):
            partners = self.env["res.partner"].create(
                [
                    {"name": f"Jade {size} {number}", "email": f"{number}@jade{size}.example.com"}
                    for number in range(size)
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            partners = partners.with_user(self.manager_qian)
            partners.fetch(["name", "email", "phone", "vat", "parent_id", "commercial_partner_id"])
            before = self.env.cr.sql_log_count
            partners.mapped("broker_collision_message")
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertEqual(count(3), count(40))

    def test_queries_of_opening_files_do_not_grow_with_doubles(self):
        def count(size):
            partners = self.env["res.partner"].create(
                [{"name": "Jade Restaurant", "is_company": True} for _number in range(size)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            customers = self.env["broker.customer"]._open_for_partners(partners, self.company)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers._warn_of_collisions()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertLessEqual(abs(count(20) - count(4)), 4)
