from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_job_spec import JobSpecCommon


@tagged("post_install", "-at_install")
class TestJobSpec(JobSpecCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_job(confirm=False, quantity=1000.0, price=5.0, cost=3.0)
        cls.line = cls.order.order_line
        cls.spec = cls._fill_spec(cls.line)

    def assertRefused(self, message, **vals):
        with self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
            self.spec.write(vals)

    # WHAT THE FORM ASKS

    def test_the_type_of_the_product_decides_what_is_asked(self):
        self.assertEqual(self.spec.product_type_id, self.brochure_type)
        self.assertEqual(self.spec.binding_id, self.saddle, "the usual binding of the type")
        self.assertIn(",pages,", self.spec.asked)
        self.assertNotIn(",depth,", self.spec.asked)
        self.assertEqual(self.spec.state, "complete")
        self.spec.product_type_id = self.box_type
        self.assertNotIn(",pages,", self.spec.asked)
        self.assertEqual(self.spec.state, "incomplete")
        self.assertEqual(self.spec.missing_text, "Depth, Die Cutting, Proof")

    def test_sides_follow_from_the_colors(self):
        line = self._create_job(confirm=False).order_line
        spec = self.env["broker.job.spec"].create({"order_line_id": line.id, "colors_front": 4})
        self.assertEqual(spec.sides, "one_sided")
        spec.colors_back = 1
        self.assertEqual(spec.sides, "two_sided")
        spec.sides = "head_to_foot"
        spec.colors_back = 4
        self.assertEqual(spec.sides, "head_to_foot")

    def test_the_order_line_shows_where_the_spec_stands(self):
        self.assertEqual(self.line.broker_job_spec_state, "complete")
        self.assertEqual(self.line.broker_job_spec_id, self.spec)
        self.spec.media_id = False
        self.assertEqual(self.line.broker_job_spec_state, "incomplete")
        order = self._create_job(confirm=False, lines=[(self.box_product, 1.0, 0.5)])
        self.assertEqual(order.order_line.mapped("broker_job_spec_state"), ["missing", False])
        self.assertEqual((order.broker_job_spec_done_count, order.broker_job_spec_count), (0, 1))
        order.action_view_broker_job_specs()
        self.assertEqual(order.order_line.mapped("broker_job_spec_state"), ["incomplete", False])
        order.action_view_broker_job_specs()
        self.assertEqual(len(order.order_line.broker_job_spec_ids), 1)

    def test_one_spec_for_a_line(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self._fill_spec(self.line)

    # WHAT CANNOT BE

    def test_pages_that_cannot_be_stitched(self):
        self.assertRefused(r"S\d+ Brochure: Saddle stitch .* multiple of 4, not 18. Make it 16 or 20", pages=18)
        self.assertRefused("Make it 4 or 8", pages=3)
        self.spec.write({"pages": 42, "binding_id": self.perfect.id})
        self.assertRefused("multiple of 4, not 42", binding_id=self.saddle.id)

    def test_a_sheet_of_no_weight(self):
        self.assertRefused("3 g/m² is no weight of a sheet: between 20 and 2500", weight=3)
        self.company.broker_weight_min = 2
        self.spec.weight = 3
        self.assertEqual(self.spec.state, "check", "possible by the settings, and still unusual for this stock")

    def test_a_finished_size_larger_than_the_sheet(self):
        self.spec.product_type_id = self.box_type
        self.spec.write({"flat_width": 285.0, "flat_height": 420.0})
        self.spec.write({"width": 420.0, "height": 285.0})
        self.assertRefused("420.5 × 285 mm does not fit on the flat sheet of 285 × 420 mm", width=420.5)
        self.assertRefused("more than the 5000 mm", width=21000.0)

    def test_colors_without_names(self):
        self.assertRefused(r"9 \+ 0 colors .* spot colors named, of which there are 0", colors_front=9, colors_back=0)
        self.assertRefused("of which there are 1", colors_front=6, spot_colors="PANTONE 185 C, ")
        self.spec.write({"colors_front": 6, "spot_colors": "PANTONE 185 C，PANTONE 877 C"})
        self.spec.product_type_id = self.env.ref("print_broker_crm.broker_product_type_flyer")
        self.assertRefused("printed on one side, and has 4 colors on the back", sides="one_sided")

    def test_numbers_below_zero_and_foreign_options(self):
        for vals in ({"width": -1.0}, {"overage": 101.0}, {"pages": -4}):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.spec.write(vals)
                self.spec.flush_recordset()
        self.assertRefused("of another kind", media_id=self.saddle.id)

    def test_what_the_form_hides_is_not_checked(self):
        self.spec.product_type_id = self.env.ref("print_broker_crm.broker_product_type_poster")
        self.spec.pages = 3
        self.assertNotIn("Pages", self.spec._get_text())

    def test_it_names_neither_side(self):
        self.assertRefused("must not name Jade Restaurant", note="Reprint for JADE restaurant, as agreed")
        self.assertRefused("must not name Lijiang Press", spot_colors="like Lijiang Press has it")
        self.spec.note = "Green as jade"

    # WHAT IS UNUSUAL

    def test_what_is_unusual_is_confirmed_with_a_note(self):
        self.spec.weight = 400
        self.assertEqual(self.spec.state, "check")
        self.assertIn("between 80 and 350 g/m², here it is 400", self.spec.warning_text)
        self.spec.warning_note = "  "
        self.assertEqual(self.spec.state, "check")
        self.spec.warning_note = "Two sheets glued"
        self.assertEqual((self.spec.state, self.spec.warning_text), ("complete", ""))
        self.spec.weight = 410
        self.assertEqual(self.spec.state, "check", "another figure is not confirmed")
        self.spec.warning_note = False
        self.spec.weight = 157
        self.spec.pages = 72
        self.assertIn("8 to 64 pages, here it has 72", self.spec.warning_text)
        with self.assertRaises(UserError):
            self.spec.with_user(self.sales_wang).confirmed_warnings = f"pages:{self.saddle.id}:72"

    # GAPS

    def test_gaps_name_line_and_reason(self):
        Spec = self.env["broker.job.spec"]
        order = self._create_job(confirm=False, lines=[(self.box_product, 1.0, 0.5)])
        printed = order.order_line[0]
        self.assertEqual(Spec._get_gaps(order + self.order), {printed: ["there is no job spec yet"]})
        spec = Spec.create({"order_line_id": printed.id, "width": 210.0, "pages": 16})
        self.assertEqual(
            Spec._get_gaps(order)[printed],
            ["Finished Size is missing", "Colors is missing", "Stock and Weight is missing"],
        )
        spec.write(self._get_brochure_values(weight=400))
        self.assertEqual(len(Spec._get_gaps(order)[printed]), 1)
        spec.warning_note = "Asked the printing house"
        self.assertFalse(Spec._get_gaps(order))

    def test_a_stricter_type_opens_gaps(self):
        self.brochure_type.ask_proof = "required"
        self.assertEqual(self.spec.state, "incomplete")
        self.assertEqual(self.env["broker.job.spec"]._get_gaps(self.order), {self.line: ["Proof is missing"]})

    def test_queries_do_not_grow(self):
        def measure(count):
            order = self._create_job(confirm=False, lines=[(self.print_product, 1.0, 0.5)] * (count - 1))
            for line in order.order_line[1:]:
                self._fill_spec(line, weight=400)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            self.assertEqual(len(self.env["broker.job.spec"]._get_gaps(order)), count)
            order.order_line.mapped("broker_job_spec_state")
            order.order_line.mapped("broker_job_spec_text")
            return self.cr.sql_log_count - start

        measure(2)
        self.assertEqual(measure(2), measure(12))

        measure(2)
        self.assertEqual(measure(2), measure(12))

    # COPIES

    def test_a_copied_order_has_its_specs(self):
        self.spec.write({"weight": 400, "warning_note": "Glued", "note": "Pack by 50"})
        copy = self.order.copy()
        spec = copy.order_line.broker_job_spec_id
        self.assertNotEqual(spec, self.spec)
        self.assertEqual((spec.order_id, spec.weight, spec.note, spec.state), (copy, 400, "Pack by 50", "complete"))
        self.order.unlink()
        self.assertTrue(spec.exists())
        self.assertFalse(self.spec.exists())

    def test_an_earlier_job_is_taken_over(self):
        order = self._create_job(confirm=False)
        form = Form(self.env["broker.job.spec"].with_context(default_order_line_id=order.order_line.id))
        form.source_spec_id = self.spec
        self.assertEqual((form.pages, form.media_id), (16, self.gloss))
        form.pages = 20
        self.assertEqual(form.save().pages, 20)
        order = self._create_job(confirm=False)
        spec = self.env["broker.job.spec"].create(
            {"order_line_id": order.order_line.id, "source_spec_id": self.spec.id, "pages": 24}
        )
        self.assertEqual((spec.pages, spec.weight, spec.state), (24, 157, "complete"))

    def test_only_jobs_of_the_same_customer_are_taken_over(self):
        other = self._create_job(partner_id=self._create_partner("Opal Hotel", self.sales_wang).id, confirm=False)
        with self.assertRaisesRegex(ValidationError, "another job of the same customer"):
            self._fill_spec(other.order_line, source_spec_id=self.spec.id)

    def test_same_as_last_time(self):
        """Bought at 3.50 by hand, sold at 5; the price list says 6 by now."""
        customer = self.customer.with_user(self.sales_wang)
        with self.assertRaisesRegex(UserError, "has no job yet"):
            customer.action_same_as_last_time()
        self.order.action_confirm()
        purchase = self.line.purchase_line_ids
        purchase.price_unit = 3.5
        purchase.order_id.button_confirm()
        self.print_product.list_price = 6.0
        action = customer.action_same_as_last_time()
        order = self.env["sale.order"].browse(action["res_id"])
        self.assertEqual((order.state, order.origin, order.user_id), ("draft", self.order.name, self.sales_wang))
        line = order.order_line
        self.assertEqual((line.product_uom_qty, line.price_unit, line.purchase_price), (1000.0, 6.0, 3.5))
        self.assertEqual(line.broker_job_spec_id.source_spec_id, self.spec)
        self.assertEqual(line.broker_job_spec_id.weight, 157)
        self.assertFalse(order.opportunity_id)

    def test_the_last_price_is_kept_where_the_list_has_none(self):
        self.print_product.list_price = 0.0
        self.order.action_confirm()
        order = self.order._broker_repeat()
        self.assertEqual(order.order_line.price_unit, 5.0)
        self.assertIn("which kept the last price", order.message_ids[:1].body)

    def test_the_service_agent_makes_a_job_again_for_the_salesperson(self):
        self.order.action_confirm()
        action = self.customer.with_user(self.service_chen).action_same_as_last_time()
        order = self.env["sale.order"].browse(action["res_id"])
        self.assertEqual(order.user_id, self.sales_wang)
        order.order_line.broker_job_spec_id.with_user(self.service_chen).pages = 20
        with self.assertRaises(AccessError):
            self.customer.with_user(self.sales_zhao).action_same_as_last_time()

    def test_the_care_line_makes_no_quotation(self):
        self.order.action_confirm()
        with self.assertRaises(AccessError):
            self.customer.with_user(self.care_sun).action_same_as_last_time()

    # RIGHTS

    def test_a_guessed_number_shows_nothing(self):
        """Zhao sees neither the line, nor the spec, nor the customer behind them."""
        Spec = self.env["broker.job.spec"].with_user(self.sales_zhao)
        self.assertFalse(Spec.search([("id", "=", self.spec.id)]))
        fields_spec = {"order_line_id": {}, "order_id": {"fields": {"display_name": {}}}, "partner_id": {}}
        own = (
            self.env["sale.order"]
            .with_user(self.sales_zhao)
            .create(
                {
                    "partner_id": self._create_partner("Opal Hotel", self.sales_zhao).id,
                    "order_line": [Command.create({"product_id": self.print_product.id})],
                }
            )
        )
        for attempt in (
            lambda: Spec.with_context(default_order_line_id=self.line.id).onchange({}, [], fields_spec),
            lambda: Spec.onchange({"order_line_id": self.line.id}, ["order_line_id"], fields_spec),
            lambda: Spec.create({"order_line_id": self.line.id, "pages": 3}),
            lambda: Spec.create({"order_line_id": own.order_line.id, "source_spec_id": self.spec.id}),
            lambda: Spec.with_context(default_source_spec_id=self.spec.id).create({"order_line_id": own.order_line.id}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                attempt()
        Spec.create({"order_line_id": own.order_line.id, "pages": 16})

    def test_what_follows_from_the_line_is_not_written(self):
        spec = self.spec.with_user(self.sales_wang)
        other = self._create_job(confirm=False)
        for vals in (
            {"order_id": other.id},
            {"state": "complete"},
            {"company_id": 1},
            {"order_line_id": other.order_line.id},
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                spec.write(vals)
        crafted = (
            self.env["broker.job.spec"]
            .with_user(self.sales_wang)
            .with_context(default_confirmed_warnings="x", default_order_id=self.order.id)
            .create({"order_line_id": other.order_line.id})
        )
        self.assertEqual((crafted.order_id, crafted.confirmed_warnings), (other, False))

    def test_two_companies_and_a_merge(self):
        company = self.env["res.company"].create({"name": "Second Firm"})
        manager = self._create_user(
            "gu", "group_manager", company_id=company.id, company_ids=[Command.set(company.ids)]
        )
        self.assertFalse(self.spec.with_user(manager)._filtered_access("read"))
        twin = self._create_partner("Jade Ltd", self.sales_wang)
        order = self._create_job(partner_id=twin.id, confirm=False)
        spec = self._fill_spec(order.order_line)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)
        spec.source_spec_id = self.spec
        self.assertEqual(spec.commercial_partner_id, self.partner)

    # AFTER THE CONFIRMATION

    def test_a_change_after_the_confirmation_is_noted_and_told(self):
        self.order.action_confirm()
        purchase = self.line.purchase_line_ids.order_id
        subtype = self.env.ref("print_broker_crm.mt_job_spec_changed")
        self.assertFalse(self.order.message_ids.filtered(lambda message: message.subtype_id == subtype))
        self.spec.with_user(self.sales_wang).pages = 20
        note = self.order.message_ids.filtered(lambda message: message.subtype_id == subtype)
        self.assertIn("Pages: 16 → 20", note.body)
        self.assertEqual(note.author_id, self.sales_wang.partner_id)
        self.assertIn("Pages: 16 → 20", purchase.message_ids[:1].body)
        self.assertFalse(purchase.activity_ids, "nothing was sent yet")
        purchase.button_confirm()
        purchase.user_id = self.service_chen
        self.spec.weight = 128
        self.spec.pages = 24
        activity = purchase.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.service_chen)
        for message in purchase.message_ids:
            self.assertNotIn("Jade", message.body)
        self.spec.warning_note = "Only a note"
        self.assertEqual(len(self.order.message_ids.filtered(lambda message: message.subtype_id == subtype)), 3)

    def test_filling_in_late_is_no_change(self):
        order = self._create_job(lines=[(self.print_product, 1.0, 0.5)])
        order.action_view_broker_job_specs()
        spec = order.order_line[0].broker_job_spec_id
        order.order_line.purchase_line_ids.order_id.button_confirm()
        spec.write(self._get_brochure_values())
        self.assertFalse(
            order.message_ids.filtered(
                lambda message: message.subtype_id.res_model == "sale.order" and "spec" in message.body
            )
        )
        self.assertEqual(len(order.order_line.purchase_line_ids.order_id.activity_ids), 1)

    def test_a_change_counts_in_the_ease(self):
        self.order.action_confirm()
        self.spec.pages = 20
        self.spec.write({"pages": 24, "weight": 128})
        policy = self.env["broker.tier.policy"].search([("company_id", "=", self.company.id)], limit=1)
        policy.sudo().trouble_change_points = 2
        self.env["broker.tier.score"]._run(self.company, self.customer)
        score = self.env["broker.tier.score"].search([("customer_id", "=", self.customer.id)], limit=1)
        self.assertEqual(score.inputs["job_changes"], 2)
        action = self.customer.with_user(self.manager_qian).action_view_tier_changes()
        rows = self.env[action["res_model"]].with_user(self.manager_qian).search(action["domain"])
        self.assertEqual([(row.order_id, row.is_spec) for row in rows], [(self.order, True)] * 2)
