from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BrokerCommon


@tagged("post_install", "-at_install")
class TestCustomer(BrokerCommon):
    def test_opening_leaves_the_contacts_properties(self):
        definition = [{"name": "paper", "type": "char", "string": "Paper"}]
        self.env["properties.base.definition"]._get_definition_for_property_field(
            "res.partner", "properties"
        ).properties_definition = definition
        self.partner.properties = {"paper": "coated"}
        self._open_customer()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.partner.properties["paper"], "coated")

    def test_won_lead_opens_one_file(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "Menus",
                "type": "opportunity",
                "partner_id": self.partner.id,
                "user_id": self.sales_wang.id,
            }
        )
        self.assertFalse(lead.broker_customer_id)
        lead.action_set_won()
        self.assertEqual(lead.broker_customer_id.partner_id, self.partner)
        self.assertEqual(lead.broker_customer_id.company_id, self.company)
        lead.copy().action_set_won()
        self.assertEqual(len(self.partner.broker_customer_ids), 1)

    def test_file_opens_on_the_commercial_partner(self):
        buyer = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.partner.id})
        customer = self.env["broker.customer"]._open_for_partners(buyer, self.company)
        self.assertEqual(customer.partner_id, self.partner)
        with self.assertRaises(ValidationError):
            self.env["broker.customer"].create({"partner_id": buyer.id})

    def test_two_companies_keep_two_files(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        first = self._open_customer()
        second = self._open_customer(company=company)
        self.assertNotEqual(first, second)
        self.assertEqual(first.partner_id, second.partner_id)
        visible = self.env["broker.customer"].with_user(self.manager_qian).search([])
        self.assertIn(first, visible)
        self.assertNotIn(second, visible)

    def test_roles_see_their_own_customers(self):
        mine = self._open_customer(service=self.service_chen)
        other = self._open_customer(self._create_partner("Other School", self.sales_zhao), self.service_lin)
        for user, seen in (
            (self.sales_wang, mine),
            (self.sales_zhao, other),
            (self.service_chen, mine),
            (self.service_lin, other),
            (self.care_sun, mine + other),
            (self.manager_qian, mine + other),
        ):
            found = self.env["broker.customer"].with_user(user).search([("id", "in", (mine + other).ids)])
            self.assertEqual(found, seen, user.login)

    def test_file_with_orders_is_archived_not_deleted(self):
        customer = self._open_customer()
        self.env["sale.order"].create({"partner_id": self.partner.id})
        with self.assertRaises(UserError):
            customer.with_user(self.manager_qian).unlink()
        customer.with_user(self.manager_qian).action_archive()
        self.assertFalse(customer.active)
        self.assertTrue(self.partner.active)

    def test_searching_by_origin(self):
        mine = self._open_customer()
        nobody = self._open_customer(self._create_partner("Nobody"))
        Customer = self.env["broker.customer"]
        both = [("id", "in", (mine + nobody).ids)]
        self.assertEqual(Customer.search(both + [("sales_origin", "=", "developed")]), mine)
        self.assertEqual(Customer.search(both + [("sales_origin", "=", False)]), nobody)
        self.assertEqual(Customer.search(both + [("sales_origin", "!=", "developed")]), nobody)

    def test_merging_into_a_contact_without_a_file(self):
        """Contact and ledger agree afterwards, whoever of the two had a salesperson."""
        for own, expected in ((self.sales_zhao, self.sales_zhao), (None, self.sales_wang)):
            gone = self._create_partner("Twin With File", self.sales_wang)
            customer = self._open_customer(gone)
            kept = self._create_partner("Twin Without File", own)
            self.env["base.partner.merge.automatic.wizard"].create({})._merge((gone + kept).ids, kept)
            self.assertEqual(customer.partner_id, kept)
            self.assertEqual(kept.user_id, expected)
            self.assertEqual(
                customer.assignment_ids.filtered(lambda row: row.role == "sales" and row.is_open).user_id, expected
            )

    def test_merging_contacts_keeps_one_file_and_both_histories(self):
        kept = self._open_customer(service=self.service_chen)
        twin = self._create_partner("Jade Restaurant Ltd", self.sales_zhao)
        gone = self._open_customer(twin)
        lead = self.env["crm.lead"].create({"name": "Boxes", "type": "opportunity", "partner_id": twin.id})
        theirs = gone.assignment_ids
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)
        self.assertTrue(kept.exists())
        self.assertFalse(gone.exists())
        history = self.env["broker.assignment"].search([("customer_id", "=", kept.id)])
        self.assertIn(theirs, history)
        self.assertTrue(theirs.is_void)
        self.assertEqual(lead.broker_customer_id, kept)
        opened = kept.assignment_ids.filtered(lambda row: row.role == "sales" and not row.date_to)
        self.assertEqual(opened.user_id, self.partner.user_id)
