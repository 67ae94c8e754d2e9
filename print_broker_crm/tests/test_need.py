from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestNeed(BrokerAccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._get_broker_today()
        cls.opal = cls._create_partner("Opal Hotel", cls.sales_zhao)
        cls.opal_customer = cls._open_customer(cls.opal, cls.service_lin)
        cls.need = cls._create_need("Menus that can be wiped")

    @classmethod
    def _create_need(cls, name, customer=None, **kwargs):
        return cls.env["broker.need"].create(
            {"name": name, "customer_id": (customer or cls.customer).id, "user_id": cls.sales_wang.id, **kwargs}
        )

    def _quote(self, needs, **kwargs):
        return self._create_job(confirm=False, broker_need_ids=[Command.set(needs.ids)], **kwargs)

    def assertRefused(self, message, values, record=None, error=ValidationError):
        with self.assertRaisesRegex(error, message), self.cr.savepoint():
            (record or self.need).write(values)
            self.env.flush_all()

    # PROOF

    def test_a_confirmed_quotation_proves_what_it_names(self):
        other = self._create_need("Faster proofs", kind="latent")
        order = self._quote(self.need)
        self.assertEqual((self.need.state, other.state), ("open", "open"))
        order.action_confirm()
        self.assertEqual((self.need.state, self.need.order_id), ("proven", order))
        self.assertEqual(other.state, "open")
        self.assertEqual(self.need.quotation_ids, order)

    def test_cancelling_takes_the_proof_back(self):
        order = self._quote(self.need)
        order.action_confirm()
        order._action_cancel()
        self.assertEqual((self.need.state, self.need.order_id.id), ("open", False))
        order.action_draft()
        order.action_confirm()
        self.assertEqual(self.need.order_id, order)

    def test_the_next_order_that_names_it_takes_over(self):
        first, second = self._quote(self.need), self._quote(self.need)
        first.action_confirm()
        second.action_confirm()
        self.assertEqual(self.need.order_id, first)
        first._action_cancel()
        self.assertEqual(self.need.order_id, second)
        second._action_cancel()
        self.assertEqual(self.need.state, "open")

    def test_by_hand(self):
        job = self._create_job()
        need = self.need.with_user(self.sales_wang)
        need.order_id = job
        self.assertEqual(need.state, "proven")
        job._action_cancel()
        self.assertEqual(need.state, "open")

    def test_ticked_after_the_confirmation(self):
        job = self._create_job()
        job.with_user(self.sales_wang).broker_need_ids = self.need
        self.assertEqual(self.need.order_id, job)

    def test_what_was_dropped_meanwhile_stays_dropped(self):
        order = self._quote(self.need)
        self.need.drop_reason = "They print it themselves now"
        self.assertEqual(self.need.state, "dropped")
        order.action_confirm()
        self.assertEqual((self.need.state, self.need.order_id.id), ("dropped", False))
        self.need.with_user(self.sales_wang).action_reopen()
        self.assertEqual(self.need.state, "open")

    def test_deleting_the_order(self):
        # A job that went through its stages stays for the record.
        self.company.broker_relay_active = False
        order = self._quote(self.need)
        order.action_confirm()
        order._action_cancel()
        order.unlink()
        self.assertEqual(self.need.state, "open")
        self.assertFalse(self.need.quotation_ids)

    # BAD INPUT

    def test_only_a_confirmed_order_of_the_customer_proves(self):
        quotation = self._create_job(confirm=False)
        foreign = self._create_job(partner_id=self.opal.id)
        self.assertRefused("is not confirmed, so it proves nothing", {"order_id": quotation.id})
        self.assertRefused("only an order of Jade Restaurant", {"order_id": foreign.id})
        self.assertRefused("was dropped", {"order_id": self._create_job().id, "drop_reason": "No"})
        self.assertEqual(self.need.state, "open")

    def test_contact_date_and_line(self):
        buyer = self.env["res.partner"].create({"name": "Secret Buyer", "parent_id": self.opal.id})
        self.assertRefused("choose a contact person of Jade Restaurant", {"contact_id": buyer.id})
        self.assertRefused("in the future", {"date_heard": self.today + timedelta(days=1)})
        self.assertRefused("one line", {"name": "   "})

    def test_a_need_stays_with_its_customer(self):
        self.assertRefused(
            "stays with its customer",
            {"customer_id": self.opal_customer.id},
            self.need.with_user(self.manager_qian),
            UserError,
        )

    def test_needs_of_another_customer_are_not_ticked(self):
        foreign = self._create_need("Key cards", self.opal_customer)
        order = self._quote(self.need)
        for user, error in ((self.sales_wang, AccessError), (self.manager_qian, ValidationError)):
            with self.assertRaises(error) as caught, self.cr.savepoint():
                order.with_user(user).write({"broker_need_ids": [Command.link(foreign.id)]})
            self.assertNotIn("Key cards", str(caught.exception))
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._quote(foreign)

    def test_another_customer_on_the_quotation(self):
        order = self._quote(self.need)
        order.partner_id = self.opal
        self.assertFalse(order.broker_need_ids)
        order.action_confirm()
        self.assertEqual(self.need.state, "open")

    # SCREENS

    def test_the_quotation_form_offers_what_the_user_may_see(self):
        self._create_need("Key cards", self.opal_customer)
        form = Form(self.env["sale.order"].with_user(self.sales_wang))
        form.partner_id = self.partner
        self.assertEqual(form.broker_open_need_count, 1)
        form.broker_need_ids.add(self.need)
        form.partner_id = self._create_partner("Nobody Yet", self.sales_wang)
        self.assertEqual((form.broker_open_need_count, form.broker_need_ids.ids), (0, []))
        form.partner_id = self.partner
        form.broker_need_ids.add(self.need)
        order = form.save()
        self.assertEqual(order.sudo().broker_need_ids, self.need)
        offered = self.env["broker.need"].with_user(self.sales_wang).name_search("", [("state", "=", "open")])
        self.assertEqual([name for _id, name in offered if name in ("Key cards", self.need.name)], [self.need.name])

    def test_a_form_tells_nothing_of_a_customer_that_is_guessed(self):
        spec = {"customer_id": {"fields": {"display_name": {}}}, "partner_id": {"fields": {"display_name": {}}}}
        Need = self.env["broker.need"].with_user(self.sales_wang)
        guessed = self.opal_customer.id
        for values, changed, context in (
            ({"customer_id": guessed}, ["customer_id"], {}),
            ({}, [], {"default_customer_id": guessed}),
        ):
            with self.assertRaises(AccessError):
                Need.with_context(**context).onchange(values, changed, spec)
        with self.assertRaises(AccessError):
            Need.create({"name": "Mine", "customer_id": guessed})
        self.assertTrue(Need.onchange({"customer_id": self.customer.id}, ["customer_id"], spec))

    def test_a_reorder_names_nothing(self):
        self.assertFalse(self._quote(self.need).copy().broker_need_ids)

    def test_nothing_on_what_the_customer_gets(self):
        order = self._quote(self.need)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html("sale.action_report_saleorder", order.ids)
        self.assertIn(order.name, html.decode())
        self.assertNotIn(self.need.name, html.decode())
        portal = new_test_user(self.env, login="broker_need_portal", groups="base.group_portal")
        order.message_subscribe(portal.partner_id.ids)
        with self.assertRaises(AccessError):
            order.with_user(portal).read(["broker_need_ids"])

    def test_quick_entry_on_the_file(self):
        self._create_need("Old one", drop_reason="Not any more")
        with Form(self.customer.with_user(self.service_chen)) as form:
            with form.need_ids.new() as line:
                line.name = "Labels by Friday"
                line.kind = "individual"
                line.confidence = "high"
        need = self.customer.need_ids.filtered(lambda need: need.name == "Labels by Friday")
        self.assertEqual((need.state, need.user_id, need.date_heard), ("open", self.service_chen, self.today))
        self.customer.invalidate_recordset()
        self.assertEqual((self.customer.open_need_count, self.customer.need_count), (2, 3))
        action = self.customer.with_user(self.service_chen).action_view_needs()
        self.assertEqual(self.env["broker.need"].search_count(action["domain"]), 3)

    def test_waiting_too_long(self):
        """90 days as shipped: the 90th day is too long."""
        Need = self.env["broker.need"]
        for days, stale in ((89, False), (90, True)):
            self.need.date_heard = self.today - timedelta(days=days)
            self.assertEqual((self.need.days_open, self.need.is_stale), (days, stale))
            self.assertEqual(bool(Need.search([("id", "=", self.need.id), ("is_stale", "=", True)])), stale)
            self.assertEqual(bool(Need.search([("id", "=", self.need.id), ("is_stale", "=", False)])), not stale)
        self.company.broker_need_stale_days = 91
        self.need.invalidate_recordset()
        self.assertFalse(self.need.is_stale)
        self.company.broker_need_stale_days = 90
        self.need.order_id = self._create_job()
        self.assertFalse(self.need.is_stale or self.need.days_open)

    def test_latent_needs_of_key_accounts(self):
        latent = self._create_need("Does not know foil yet", kind="latent")
        found = [("state", "=", "open"), ("kind", "=", "latent"), ("customer_id.tier_id.is_key", "=", True)]
        Need = self.env["broker.need"].with_user(self.manager_qian)
        self.assertNotIn(latent, Need.search(found))
        self.customer.sudo().tier_id = self.env["broker.tier"].search([("is_key", "=", True)], limit=1)
        self.assertIn(latent, Need.search(found))

    # PEOPLE, COMPANIES, MERGES

    def test_the_successor_has_the_needs(self):
        need = self.need.with_user(self.sales_wang)
        self.assertTrue(need.has_access("write"))
        self.partner.with_user(self.manager_qian).user_id = self.sales_zhao
        self.assertFalse(need.has_access("read"))
        self.assertTrue(self.need.with_user(self.sales_zhao).has_access("write"))
        with self.assertRaises(AccessError):
            self.need.with_user(self.sales_zhao).unlink()
        self.sales_wang.action_archive()
        self.assertEqual(self.need.user_id, self.sales_wang)

    def test_two_companies_keep_them_apart(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        theirs = self._open_customer(company=company)
        need = self._create_need("Only there", theirs)
        self.assertEqual(need.company_id, company)
        seen = self.env["broker.need"].with_user(self.manager_qian).search([])
        self.assertIn(self.need, seen)
        self.assertNotIn(need, seen)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._quote(need)

    def test_is_heard_on_the_day_of_the_customers_firm(self):
        """One in the morning of the second of March in Shanghai, the first of March in London and in UTC."""
        company = self.env["res.company"].create({"name": "Second Firm"})
        company.resource_calendar_id.tz = "Europe/London"
        theirs = self._open_customer(company=company)
        with freeze_time("2026-03-01 17:00:00"):
            self.assertEqual(str(self._create_need("Here").date_heard), "2026-03-02")
            need = self._create_need("There", theirs)
            self.assertEqual(str(need.date_heard), "2026-03-01")
            with self.assertRaises(ValidationError), self.cr.savepoint():
                need.date_heard = "2026-03-02"
            early = self._create_need("Earlier", theirs, date_heard="2026-02-10")
            self.assertEqual(str(early.date_heard), "2026-02-10")

    def test_the_day_stays_when_the_customer_is_chosen(self):
        form = Form(self.env["broker.need"])
        form.name = "Boxes"
        form.date_heard = "2026-01-15"
        form.customer_id = self.customer
        self.assertEqual(str(form.save().date_heard), "2026-01-15")

    def test_an_order_that_goes_to_another_customer_proves_nothing(self):
        order = self._quote(self.need)
        order.action_confirm()
        order.partner_id = self.opal
        self.assertEqual((self.need.state, self.need.order_id.id), ("open", False))

    def test_no_message_names_the_customer_of_a_guessed_number(self):
        Need = self.env["broker.need"].with_user(self.sales_zhao)
        contact = {"name": "x", "contact_id": self.opal.id}
        for need, vals in (
            (Need, {**contact, "customer_id": self.customer.id}),
            (Need.with_context(default_customer_id=self.customer.id), contact),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                need.create(vals)

    def test_what_follows_from_others_is_not_written(self):
        need = self.need.with_user(self.sales_wang)
        company = self.env["res.company"].create({"name": "Second"})
        for vals in ({"state": "proven"}, {"company_id": company.id}):
            self.assertRefused("proven by its order", vals, need, UserError)
            with self.assertRaisesRegex(UserError, "proven by its order"), self.cr.savepoint():
                need.create({"name": "y", "customer_id": self.customer.id, **vals})

    def test_merging_contacts_keeps_needs_and_proofs(self):
        twin = self._create_partner("Jade Ltd", self.sales_wang)
        gone = self._open_customer(twin)
        need = self._create_need("Boxes", gone)
        order = self._create_job(partner_id=twin.id, confirm=False, broker_need_ids=[Command.set(need.ids)])
        order.action_confirm()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)
        self.assertFalse(gone.exists())
        self.assertEqual((need.customer_id, need.order_id), (self.customer, order))
        self.assertEqual(order.broker_need_ids, need)
        order._action_cancel()
        self.assertEqual(need.state, "open")

    def test_queries_do_not_grow(self):
        """Counting and confirming cost the same for two customers and for twenty."""

        def measure(count):
            customers = self.env["broker.customer"].concat(
                *(self._open_customer(self._create_partner(f"Many {count} {index}")) for index in range(count))
            )
            needs = self.env["broker.need"].create([{"name": "x", "customer_id": file.id} for file in customers])
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            customers.mapped("open_need_count")
            needs.mapped("quotation_ids")
            self.env["broker.need"].search([("id", "in", needs.ids), ("is_stale", "=", True)])
            needs.mapped("is_stale")
            return self.cr.sql_log_count - start

        measure(1)
        self.assertEqual(measure(2), measure(20))
