from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common_account import BrokerAccountCommon


class ReferralCommon(BrokerAccountCommon):
    """Jade (Wang's) brought Opal (Zhao's) and Pearl (Wang's); Onyx came by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jade = cls.customer
        cls.opal = cls._open_customer(cls._create_partner("Opal Hotel", cls.sales_zhao), cls.service_lin)
        cls.pearl = cls._open_customer(cls._create_partner("Pearl School", cls.sales_wang), cls.service_lin)
        cls.onyx = cls._open_customer(cls._create_partner("Onyx Bank", cls.sales_wang), cls.service_chen)
        (cls.opal + cls.pearl).referrer_customer_id = cls.jade

    def _create_job_of(self, customer, price=1000.0, cost=700.0, **kwargs):
        return self._create_job(price, cost, partner_id=customer.partner_id.id, **kwargs)

    def _create_lead(self, partner, **kwargs):
        return self.env["crm.lead"].create(
            {"name": "Menus", "type": "opportunity", "partner_id": partner.id, "user_id": self.sales_wang.id, **kwargs}
        )

    def _merge_contacts(self, gone, kept):
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((gone + kept).ids, kept)

    def assertFigures(self, customer, count, revenue, margin, user=None):
        customer = customer.with_user(user or self.manager_qian)
        customer.invalidate_recordset()
        self.assertEqual(customer.referred_count, count)
        self.assertAlmostEqual(customer.referred_revenue, revenue, 2)
        self.assertAlmostEqual(customer.referred_margin, margin, 2)
        jobs = self.env["sale.order"].search(customer.action_view_referred_orders()["domain"])
        self.assertEqual(jobs.broker_customer_id & customer.referred_ids, jobs.broker_customer_id)


@tagged("post_install", "-at_install")
class TestReferral(ReferralCommon):
    def test_a_referrer_who_became_a_portal_user_stops_no_deal(self):
        helper = new_test_user(self.env, login="helper", groups="base.group_user")
        lead = self._create_lead(self._create_partner("Ruby Hall", self.sales_wang), referrer_user_id=helper.id)
        helper.group_ids = self.env.ref("base.group_portal")
        lead.action_set_won()
        self.assertTrue(lead.broker_customer_id)
        self.assertFalse(lead.broker_customer_id.referrer_user_id)

    # WHAT CAME OF IT

    def test_revenue_and_margin(self):
        """10,000 at a cost of 7,000 and 500 at a cost of 300: 10,500 and 3,200."""
        self._create_job_of(self.opal, 10000.0, 7000.0)
        self._create_job_of(self.pearl, 500.0, 300.0)
        self._create_job_of(self.pearl, 800.0, 100.0, confirm=False)
        self._create_job_of(self.pearl, 900.0, 100.0)._action_cancel()
        self._create_job_of(self.jade, 70.0, 0.0)
        self._create_job_of(self.onyx, 60.0, 0.0)
        self.assertFigures(self.jade, 2, 10500.0, 3200.0)
        self.assertFigures(self.onyx, 0, 0.0, 0.0)
        self.assertEqual(self.jade.action_view_referred()["domain"], [("id", "in", self.jade.referred_ids.ids)])

    def test_only_those_brought_directly(self):
        self.onyx.referrer_customer_id = self.pearl
        self._create_job_of(self.onyx)
        self.assertFigures(self.jade, 2, 0.0, 0.0)
        self.assertFigures(self.pearl, 1, 1000.0, 300.0)

    def test_archived_customers_count(self):
        self._create_job_of(self.pearl)
        self.pearl.action_archive()
        self.assertFigures(self.jade, 2, 1000.0, 300.0)

    def test_foreign_currency(self):
        """100 EUR at a cost of 70 EUR when a dollar is 0.8 EUR: 125 and 37.50. The rate is
        the order's: that a dollar is 0.5 EUR later does not matter."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.8), ("2026-06-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        order = self._create_job_of(
            self.opal, 100.0, 70.0, pricelist_id=pricelist.id, date_order="2026-03-01 04:00:00", confirm=False
        )
        order.with_context(skip_date_order=True).action_confirm()
        order.date_order = "2026-03-01 04:00:00"
        self.assertEqual(order.margin, 30.0)
        self.assertFigures(self.jade, 2, 125.0, 37.5)
        # Half of it credited, though a dollar is another number of euros by then.
        invoice = self._create_posted_invoice(order, "2026-07-01")
        self._credit(invoice, quantity=0.5)
        self.assertFigures(self.jade, 2, 62.5, 18.75)

    def test_refunds_are_out(self):
        order = self._create_job_of(self.pearl, 1000.0, 700.0)
        invoice = self._create_posted_invoice(order)
        self.assertFigures(self.jade, 2, 1000.0, 300.0)
        draft = self._credit(invoice, quantity=0.4, post=False)
        self.assertFigures(self.jade, 2, 1000.0, 300.0)
        draft.action_post()
        self.assertFigures(self.jade, 2, 600.0, 180.0)
        # A price that was lowered by 100.
        self._credit(invoice, price=100.0)
        self.assertFigures(self.jade, 2, 500.0, 150.0)
        # The remaining 500, and more than there was.
        self._credit(invoice, price=600.0)
        self.assertFigures(self.jade, 2, 0.0, 0.0)

    def test_credited_and_invoiced_again_counts(self):
        order = self._create_job_of(self.pearl, 1000.0, 700.0)
        invoice = self._create_posted_invoice(order)
        self._credit(invoice)
        self.assertFigures(self.jade, 2, 0.0, 0.0)
        self._create_posted_invoice(order)
        self.assertFigures(self.jade, 2, 1000.0, 300.0)

    def test_down_payment_discount_and_empty_orders(self):
        """1,000 less a discount line of 100: 900; the down payment is no revenue beside it."""
        order = self._create_job_of(self.pearl, 1000.0, 700.0, lines=[(self.box_product, -100.0, 0.0)])
        self.env["sale.advance.payment.inv"].with_context(active_ids=order.ids, active_model="sale.order").create(
            {"advance_payment_method": "fixed", "fixed_amount": 300.0}
        ).create_invoices()
        order.invoice_ids.action_post()
        self.env["sale.order"].create({"partner_id": self.pearl.partner_id.id}).action_confirm()
        self.assertFigures(self.jade, 2, 900.0, 200.0)
        self._create_posted_invoice(order)
        self.assertFigures(self.jade, 2, 900.0, 200.0)

    def test_the_report_names_customers_and_staff(self):
        self.onyx.referrer_user_id = self.service_chen
        self._create_job_of(self.opal, 10000.0, 7000.0)
        self._create_job_of(self.onyx, 400.0, 100.0)
        self.service_chen.action_archive()
        groups = (
            self.env["broker.referral"]
            .with_user(self.manager_qian)
            .formatted_read_group(
                [("customer_id", "in", (self.opal + self.pearl + self.onyx).ids)],
                ["referrer_name"],
                ["__count", "job_count:sum", "revenue:sum", "margin:sum"],
            )
        )
        self.assertEqual(
            {
                group["referrer_name"]: (
                    group["__count"],
                    group["job_count:sum"],
                    group["revenue:sum"],
                    group["margin:sum"],
                )
                for group in groups
            },
            {"Jade Restaurant": (2, 1, 10000.0, 3000.0), "Chen": (1, 1, 400.0, 300.0)},
        )
        row = self.env["broker.referral"].with_user(self.manager_qian).search([("customer_id", "=", self.opal.id)])
        self.assertEqual(self.env["sale.order"].search(row.action_view_jobs()["domain"]), self.opal.order_ids)
        self.assertEqual(row.action_view_customer()["res_id"], self.opal.id)

    def test_queries_do_not_grow(self):
        def measure(count):
            referrers = self.env["broker.customer"]
            for index in range(count):
                referrer, brought = (
                    self._open_customer(self._create_partner(f"{name} {count} {index}")) for name in ("R", "B")
                )
                brought.referrer_customer_id = referrer
                self._create_job_of(brought)
                referrers += referrer
            self.env.flush_all()
            self.env.invalidate_all()
            referrers = referrers.with_user(self.manager_qian)
            start = self.cr.sql_log_count
            referrers.mapped("referred_revenue")
            referrers.referred_ids.mapped("referrer_shown_id")
            self.env["broker.referral"]._read_group([], ["referrer_name"], ["revenue:sum"])
            return self.cr.sql_log_count - start

        measure(1)
        self.assertEqual(measure(2), measure(10))

    # BAD INPUT

    def assertRefused(self, message, values, record=None):
        with self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
            (record or self.jade).write(values)
            self.env.flush_all()

    def test_one_referrer_at_most_and_never_itself(self):
        self.assertRefused(
            "a customer or a member of staff, not both",
            {"referrer_customer_id": self.onyx.id, "referrer_user_id": self.sales_wang.id},
        )
        self.assertRefused("cannot have brought itself", {"referrer_customer_id": self.jade.id})
        portal = new_test_user(self.env, login="broker_ref_portal", name="Portia", groups="base.group_portal")
        self.assertRefused("Portia does not work here", {"referrer_user_id": portal.id})
        lead = self._create_lead(self.jade.partner_id)
        self.assertRefused("cannot have brought itself", {"referrer_customer_id": self.jade.id}, lead)
        self.assertRefused(
            "not both", {"referrer_customer_id": self.onyx.id, "referrer_user_id": self.sales_wang.id}, lead
        )

    def test_no_loops(self):
        self.assertRefused("was itself brought by them", {"referrer_customer_id": self.pearl.id})
        self.onyx.referrer_customer_id = self.pearl
        self.assertRefused("was itself brought by them", {"referrer_customer_id": self.onyx.id})
        # Two ends at once.
        first, second = (self._open_customer(self._create_partner(name)) for name in ("First", "Second"))
        first.referrer_customer_id = second
        self.assertRefused("was itself brought", {"referrer_customer_id": first.id}, second)

    def test_companies(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(self.jade.partner_id, company=company)
        self.assertRefused("choose the referrer's customer file in", {"referrer_customer_id": theirs.id}, self.onyx)
        brought = self._open_customer(self.pearl.partner_id, company=company)
        brought.referrer_customer_id = theirs
        self.assertFigures(theirs, 1, 0.0, 0.0, self.env.ref("base.user_root"))
        self._create_job_of(self.pearl)
        self.assertFigures(self.jade, 2, 1000.0, 300.0)
        self.assertFigures(theirs, 1, 0.0, 0.0, self.env.ref("base.user_root"))
        rows = self.env["broker.referral"].with_user(self.manager_qian).search([])
        self.assertEqual(rows.company_id, self.company)
        self.assertIn(self.pearl, rows.customer_id)

    def test_the_day(self):
        self.assertEqual(self.pearl.referral_date, self.company._get_broker_today())
        self.pearl.referral_date = "2025-02-03"
        self.pearl.referrer_customer_id = self.onyx
        self.assertEqual(str(self.pearl.referral_date), "2025-02-03")
        self.pearl.referrer_customer_id = False
        self.assertFalse(self.pearl.referral_date)

    # OPPORTUNITIES

    def test_a_won_opportunity_hands_it_to_the_new_file(self):
        for values in ({"referrer_customer_id": self.jade.id}, {"referrer_user_id": self.service_lin.id}):
            lead = self._create_lead(self._create_partner("Coral Bar"), **values)
            lead.action_set_won()
            file = lead.broker_customer_id
            self.assertEqual(
                (file.referrer_customer_id, file.referrer_user_id), (lead.referrer_customer_id, lead.referrer_user_id)
            )
            self.assertEqual(file.referral_date, self.company._get_broker_today())

    def test_an_order_hands_it_over_before_the_opportunity_is_won(self):
        lead = self._create_lead(self._create_partner("Coral Bar"), referrer_customer_id=self.jade.id)
        order = self._create_job(partner_id=lead.partner_id.id, opportunity_id=lead.id)
        self.assertEqual(order.broker_customer_id.referrer_customer_id, self.jade)
        splits = self.env["broker.commission.split"].search([("order_id", "=", order.id)])
        self.assertEqual(set(splits.mapped("order_kind")), {"referral"})
        lead.action_set_won()
        self.assertEqual(order.broker_customer_id.referrer_customer_id, self.jade)

    def test_who_bought_before_was_not_brought(self):
        self._create_job_of(self.onyx)
        self._create_lead(self.onyx.partner_id, referrer_customer_id=self.jade.id).action_set_won()
        self.assertFalse(self.onyx.referrer_customer_id)
        ruby = self._open_customer(self._create_partner("Ruby Shop"))
        self._create_lead(ruby.partner_id).action_set_won()
        self._create_lead(ruby.partner_id, referrer_customer_id=self.jade.id).action_set_won()
        self.assertFalse(ruby.referrer_customer_id)

    def test_what_the_file_says_stands(self):
        self._create_lead(self.pearl.partner_id, referrer_customer_id=self.onyx.id).action_set_won()
        self.assertEqual(self.pearl.referrer_customer_id, self.jade)

    def test_a_loop_is_not_taken_over(self):
        lead = self._create_lead(self.jade.partner_id, referrer_customer_id=self.pearl.id)
        lead.action_set_won()
        self.assertFalse(self.jade.referrer_customer_id)

    def test_the_file_of_its_own_company_is_meant(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(self.jade.partner_id, company=company)
        for referrer, expected in ((theirs, self.jade), (self._open_customer(company=company), self.jade)):
            lead = self._create_lead(self._create_partner("Coral Bar"), company_id=False)
            lead.referrer_customer_id = referrer
            lead.company_id = self.company
            lead.action_set_won()
            self.assertEqual(lead.broker_customer_id.referrer_customer_id, expected)
        alone = self._open_customer(self._create_partner("Only There"), company=company)
        lead = self._create_lead(self._create_partner("Coral Bar"), company_id=False, referrer_customer_id=alone.id)
        lead.company_id = self.company
        lead.action_set_won()
        self.assertFalse(lead.broker_customer_id.referrer_customer_id)

    def test_merging_opportunities(self):
        coral = self._create_partner("Coral Bar")
        empty = self._create_lead(coral, probability=90)
        brought = self._create_lead(coral, referrer_customer_id=self.jade.id)
        kept = (empty + brought).with_user(self.sales_wang).merge_opportunity()
        self.assertEqual(kept.sudo().referrer_customer_id, self.jade)
        staff = self._create_lead(coral, referrer_user_id=self.service_chen.id, probability=95)
        kept = (kept.sudo() + staff).merge_opportunity()
        self.assertEqual(bool(kept.referrer_customer_id) + bool(kept.referrer_user_id), 1)

    def test_merging_opportunities_makes_nobody_its_own_referrer(self):
        nobody = self.env["res.partner"]
        first = self._create_lead(nobody, referrer_customer_id=self.jade.id, probability=90)
        second = self._create_lead(self.jade.partner_id, referrer_customer_id=self.onyx.id)
        kept = (first + second).merge_opportunity()
        self.assertEqual((kept.partner_id, kept.referrer_customer_id), (self.jade.partner_id, self.onyx))

    # MERGED CONTACTS

    def test_merging_keeps_whom_and_by_whom(self):
        twin = self._open_customer(self._create_partner("Jade Ltd", self.sales_wang))
        twin.write({"referrer_user_id": self.service_lin.id, "referral_date": "2025-05-05", "referral_note": "A fair"})
        self.onyx.referrer_customer_id = twin
        self._merge_contacts(twin.partner_id, self.jade.partner_id)
        self.assertEqual(self.jade.referrer_user_id, self.service_lin)
        self.assertEqual((str(self.jade.referral_date), self.jade.referral_note), ("2025-05-05", "A fair"))
        self.assertEqual(self.onyx.referrer_customer_id, self.jade)
        self.assertFigures(self.jade, 3, 0.0, 0.0)

    def test_merging_the_referrer_with_whom_it_brought(self):
        """Either way round nobody has brought itself."""
        for kept, gone in ((self.jade, self.pearl), (self.opal, self.jade)):
            self._merge_contacts(gone.partner_id, kept.partner_id)
            self.assertFalse(kept.referrer_customer_id)
            self.assertFalse(kept._has_cycle("referrer_customer_id"))
        self.assertFalse(self.opal.with_user(self.manager_qian).referred_count)

    def test_merging_closes_no_ring(self):
        """Jade brought Pearl, Pearl brought Onyx: Onyx is Jade after all."""
        self.onyx.referrer_customer_id = self.pearl
        self._merge_contacts(self.onyx.partner_id, self.jade.partner_id)
        self.assertFalse(self.jade.referrer_customer_id)
        self.assertEqual(self.pearl.referrer_customer_id, self.jade)
        # The one that remains had the link.
        ruby = self._open_customer(self._create_partner("Ruby Shop"))
        ruby.referrer_customer_id = self.pearl
        self._merge_contacts(self.jade.partner_id, ruby.partner_id)
        self.assertFalse(ruby.referrer_customer_id)
        self.assertEqual(self.pearl.referrer_customer_id, ruby)

    def test_merging_leaves_no_opportunity_with_itself(self):
        coral = self._create_partner("Coral Bar", self.sales_wang)
        lead = self._create_lead(coral, referrer_customer_id=self.jade.id)
        other = self._create_lead(self._create_partner("Reef Bar"), referrer_customer_id=self.jade.id)
        self._merge_contacts(coral, self.jade.partner_id)
        self.assertEqual(lead.partner_id, self.jade.partner_id)
        self.assertFalse(lead.referrer_customer_id)
        self.assertEqual(other.referrer_customer_id, self.jade)

    # COMMISSION

    def test_the_first_order_of_a_referred_customer_is_a_referral(self):
        for customer, kind in ((self.pearl, "referral"), (self.onyx, "first")):
            order = self._create_job_of(customer)
            splits = self.env["broker.commission.split"].search([("order_id", "=", order.id)])
            self.assertEqual(set(splits.mapped("order_kind")), {kind})
        order = self._create_job_of(self.pearl)
        splits = self.env["broker.commission.split"].search([("order_id", "=", order.id)])
        self.assertEqual(set(splits.mapped("order_kind")), {"repeat"})

    def test_an_order_of_several_customers_confirmed_together(self):
        leads = self.env["crm.lead"].concat(
            *(
                self._create_lead(self._create_partner(name), referrer_customer_id=self.jade.id)
                for name in ("Coral", "Reef")
            )
        )
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": lead.partner_id.id,
                    "opportunity_id": lead.id,
                    "order_line": [Command.create({"product_id": self.print_product.id, "price_unit": 10.0})],
                }
                for lead in leads
            ]
        )
        orders.action_confirm()
        self.assertEqual(orders.broker_customer_id.referrer_customer_id, self.jade)
        self.assertEqual(len(orders.broker_customer_id), 2)
