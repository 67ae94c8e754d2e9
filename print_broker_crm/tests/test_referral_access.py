from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .test_referral import ReferralCommon


@tagged("post_install", "-at_install")
class TestReferralAccess(ReferralCommon):
    """Jade brought Opal, which is Zhao's, and Pearl, which is Wang's."""

    def test_figures_count_what_the_reader_may_see(self):
        self._create_job_of(self.opal, 10000.0, 7000.0)
        self._create_job_of(self.pearl, 500.0, 300.0)
        for user, figures in (
            (self.manager_qian, (2, 10500.0, 3200.0)),
            (self.care_sun, (2, 10500.0, 3200.0)),
            (self.sales_wang, (1, 500.0, 200.0)),
            # Serves Jade, and neither of those brought.
            (self.service_chen, (0, 0.0, 0.0)),
        ):
            self.assertFigures(self.jade, *figures, user)
        self.assertEqual(self.jade.with_user(self.sales_wang).referred_ids, self.pearl)
        # One reader after the other in one transaction.
        self.assertEqual(self.jade.with_user(self.manager_qian).referred_ids, self.opal + self.pearl)
        self.assertEqual(self.jade.with_user(self.sales_wang).referred_count, 1)

    def test_another_ones_customer_is_not_named_as_referrer(self):
        opal = self.opal.with_user(self.sales_zhao)
        spec = {
            "referrer_shown_id": {"fields": {"display_name": {}}},
            "is_referrer_hidden": {},
            "referrer_user_id": {"fields": {"display_name": {}}},
        }
        self.assertEqual(
            opal.web_read(spec),
            [{"id": opal.id, "referrer_shown_id": False, "is_referrer_hidden": True, "referrer_user_id": False}],
        )
        for call in (
            lambda: opal.read(["referrer_customer_id"]),
            lambda: opal.search([("referrer_customer_id.name", "ilike", "jade")]),
            lambda: opal.search([("referrer_customer_id", "=", self.jade.id)]),
            lambda: opal._read_group([], ["referrer_customer_id"], ["__count"]),
            lambda: opal.write({"referrer_customer_id": False}),
        ):
            with self.assertRaises(AccessError):
                call()
        for user in (self.manager_qian, self.care_sun):
            self.assertEqual(self.opal.with_user(user).referrer_shown_id, self.jade)
        self.assertEqual(self.pearl.with_user(self.sales_wang).referrer_shown_id, self.jade)
        self.assertFalse(self.pearl.with_user(self.sales_wang).is_referrer_hidden)
        self.assertFalse(self.onyx.with_user(self.sales_wang).is_referrer_hidden)

    def test_nobody_is_found_by_a_guessed_number(self):
        onyx = self.onyx.with_user(self.sales_wang)
        lead = self._create_lead(self.onyx.partner_id).with_user(self.sales_wang)
        for record in (onyx, lead):
            with self.assertRaises(AccessError), self.cr.savepoint():
                record.write({"referrer_shown_id": self.opal.id})
            with self.assertRaises(AccessError):
                record.onchange(
                    {"referrer_shown_id": self.opal.id},
                    ["referrer_shown_id"],
                    {"referrer_shown_id": {"fields": {"display_name": {}}}},
                )
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.env["crm.lead"].with_user(self.sales_wang).create({"name": "Mine", "referrer_shown_id": self.opal.id})
        self.assertFalse(onyx.sudo().referrer_customer_id or lead.sudo().referrer_customer_id)

    def test_the_first_answer_is_everybodys_the_second_a_managers(self):
        onyx = self.onyx.with_user(self.sales_wang)
        with Form(onyx) as form:
            form.referrer_shown_id = self.jade
        self.assertEqual(self.onyx.referrer_customer_id, self.jade)
        onyx.write({"referrer_shown_id": self.jade.id, "referral_note": "At a fair"})
        for user, values in (
            (self.sales_wang, {"referrer_shown_id": self.pearl.id}),
            (self.sales_wang, {"referrer_shown_id": False}),
            (self.sales_wang, {"referrer_user_id": self.sales_wang.id}),
            (self.care_sun, {"referrer_customer_id": self.pearl.id}),
        ):
            with self.assertRaisesRegex(AccessError, "Only a manager changes"), self.cr.savepoint():
                self.onyx.with_user(user).write(values)
        # One answer is exchanged for the other at once.
        with Form(self.onyx.with_user(self.manager_qian)) as form:
            form.referrer_user_id = self.sales_wang
        self.assertEqual((self.onyx.referrer_customer_id.id, self.onyx.referrer_user_id), (False, self.sales_wang))
        with Form(self.onyx.with_user(self.manager_qian)) as form:
            form.referrer_shown_id = self.pearl
        self.assertEqual((self.onyx.referrer_customer_id, self.onyx.referrer_user_id.id), (self.pearl, False))

    def test_a_hidden_answer_is_not_overwritten(self):
        opal = self.opal.with_user(self.sales_zhao)
        for values in ({"referrer_shown_id": False}, {"referrer_user_id": self.sales_zhao.id}):
            with self.assertRaises(AccessError), self.cr.savepoint():
                opal.write(values)
        self.assertEqual(self.opal.referrer_customer_id, self.jade)
        with Form(opal) as form:
            form.referral_note = "They say a friend told them"
        self.assertEqual(self.opal.referrer_customer_id, self.jade)

    def test_who_does_not_work_with_the_customer_says_nothing(self):
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.onyx.with_user(self.sales_zhao).write({"referrer_shown_id": self.opal.id})

    def test_a_lead_by_a_salesperson(self):
        Lead = self.env["crm.lead"].with_user(self.sales_wang).with_context(default_type="opportunity")
        form = Form(Lead, view="crm.crm_lead_view_form")
        form.name = "Bags"
        form.partner_id = self._create_partner("Coral Bar", self.sales_wang)
        form.referrer_user_id = self.sales_wang
        form.referrer_shown_id = self.jade
        self.assertFalse(form.referrer_user_id)
        lead = form.save()
        self.assertEqual(lead.sudo().referrer_customer_id, self.jade)
        lead.action_set_won()
        self.assertEqual(lead.sudo().broker_customer_id.referrer_customer_id, self.jade)
