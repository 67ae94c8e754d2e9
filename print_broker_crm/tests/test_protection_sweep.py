from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_protection import ProtectionCommon

# Records through which a customer can be recognised.
TELLING_MODELS = (
    "res.partner",
    "broker.customer",
    "crm.lead",
    "sale.order",
    "sale.order.line",
    "account.move",
    "broker.handoff",
)
# What a person keeps seeing of another's customer, with the reason.
KEPT = {
    # Who follows what, by number alone.
    "mail.followers",
    # The slot is shown as busy, tested below.
    "calendar.event",
}
# A person's own pay and targets stay explained when the customer has gone to another.
KEPT_AFTER_TRANSFER = KEPT | {
    "broker.commission.split",
    "broker.commission.entry",
    "broker.commission.statement",
    "broker.commission.pending",
    "broker.commission.dispute",
    "broker.commission.growth.share",
    "broker.target.event",
}


@tagged("post_install", "-at_install")
class TestProtectionSweep(ProtectionCommon):
    """Nothing in the whole database that a salesperson or service agent may read
    points at a customer that is not theirs: neither models that exist nor those that
    other addons or later rooms bring."""

    def _get_hidden(self, user):
        """Return {model: ids} of what the user may not meet, found without our rules."""
        hidden = {}
        for model in TELLING_MODELS:
            for label, records in self.papers[model].items():
                customer = self.papers["broker.customer"].get(label)
                if (
                    customer
                    and user not in customer.user_id + customer.service_user_id
                    and not (label == "pearl" and user == self.service_lin)
                ):
                    hidden.setdefault(model, set()).update(records.ids)
        return hidden

    def _find_leaks(self, user):
        hidden = self._get_hidden(user)
        leaks = {}
        for name, Model in self.env.items():
            if Model._abstract or not Model.with_user(user).has_access("read"):
                continue
            links = [
                (field.name, field.comodel_name)
                for field in Model._fields.values()
                if field.store and field.type in ("many2one", "many2many") and field.comodel_name in hidden
            ]
            generic = [
                (field.name, field.model_field)
                for field in Model._fields.values()
                if field.store and field.type == "many2one_reference" and field.model_field
            ]
            if not links and not generic and name not in hidden:
                continue
            try:
                records = Model.with_user(user).with_context(active_test=False).search([], limit=5000).sudo()
            except AccessError:
                continue
            if name in hidden and hidden[name] & set(records.ids):
                leaks[name] = "itself"
            for field, comodel in links:
                found = hidden[comodel] & set(records[field].ids)
                if found:
                    leaks[name, field] = sorted(found)
            for field, model_field in generic:
                found = {record[field] for record in records if record[field] in hidden.get(record[model_field], ())}
                if found:
                    leaks[name, field] = sorted(found)
        return leaks

    def _check(self, kept):
        for name in ("wang", "zhao", "chen", "lin"):
            leaks = self._find_leaks(self.people[name])
            self.assertFalse({leak: ids for leak, ids in leaks.items() if leak[0] not in kept}, name)

    def test_nothing_points_at_anothers_customer(self):
        self._check(KEPT)

    def test_nothing_is_left_when_a_customer_goes_to_others(self):
        # What is on somebody's desk stays there: an open handoff, a job on its way.
        self.papers["broker.handoff"]["jade"].sudo().write({"state": "accepted", "receiver_id": self.service_chen.id})
        self.papers["sale.order"]["jade"].sudo().broker_receipt_date = fields.Datetime.now()
        self.jade.user_id = self.sales_zhao
        self.papers["broker.customer"]["jade"].sudo().service_user_id = self.service_lin
        self.env.flush_all()
        self.env.invalidate_all()
        self._check(KEPT_AFTER_TRANSFER)
        # All of it is the successors' now.
        for user in (self.sales_zhao, self.service_lin):
            for model in ("res.partner", "crm.lead", "sale.order", "account.move", "broker.handoff"):
                records = self.papers[model]["jade"].with_user(user)
                if model != "broker.handoff" or user == self.sales_zhao:
                    self.assertEqual(records._filtered_access("read"), records, f"{user.name} {model}")

    def test_a_plain_employee_meets_no_rule_of_ours(self):
        for model in self.papers:
            for user in (self.plain_user, self.manager_qian):
                domain = self.env["res.users"].with_user(user).browse(user.id)._get_broker_visible_domain("partner_id")
                self.assertTrue(domain.is_true(), model)

    def test_a_colleagues_visit_is_a_busy_slot(self):
        event = self.papers["calendar.event"]["opal"]
        self.env.invalidate_all()
        names = ["name", "display_name", "partner_ids", "opportunity_id", "start"]
        row = event.with_user(self.sales_wang).read(names)[0]
        self.assertEqual((row["name"], row["display_name"]), ("Busy", "Busy"))
        self.assertFalse(row["partner_ids"] or row["opportunity_id"])
        self.assertTrue(row["start"])
        self.env.invalidate_all()
        for user in (self.sales_zhao, self.manager_qian, self.plain_user):
            self.assertEqual(event.with_user(user).read(["name"])[0]["name"], "Visit opal", user.name)
            self.env.invalidate_all()
        with self.assertRaises(AccessError):
            event.with_user(self.sales_wang).write({"name": "Taken"})
        Event = self.env["calendar.event"].with_user(self.sales_wang)
        groups = Event.formatted_read_group([("id", "=", event.id)], ["name"], ["__count"])
        self.assertFalse(groups)
        event.message_post(body="Opal wants folders")
        self.assertFalse(
            self.env["mail.message"]
            .with_user(self.sales_wang)
            .search([("model", "=", "calendar.event"), ("res_id", "=", event.id)])
        )

    def test_a_form_tells_nothing_of_a_contact_that_is_guessed(self):
        """Odoo fills forms from the contact chosen before any rule is asked."""
        for model, field, told in (
            ("crm.lead", "partner_id", ("phone", "email_from", "partner_name")),
            ("sale.order", "partner_id", ("partner_invoice_id",)),
            ("res.partner", "parent_id", ("street", "vat")),
        ):
            Model = self.env[model].with_user(self.sales_wang)
            spec = {field: {"fields": {"display_name": {}}}} | {name: {} for name in told}
            with self.subTest(model=model):
                for values, changed, context in (
                    ({field: self.opal.id}, [field], {}),
                    ({}, [], {f"default_{field}": self.opal.id}),
                ):
                    with self.assertRaises(AccessError):
                        Model.with_context(**context).onchange(values, changed, spec)
                Model.onchange({field: self.jade.id}, [field], spec)

    def test_nothing_is_written_to_anothers_customer(self):
        wang = self.env(user=self.sales_wang.id, su=False)
        opal, jade = self.opal.id, self.jade.id
        order = self.papers["sale.order"]["jade"].with_env(wang)
        file = self.papers["broker.customer"]["jade"]
        attempts = {
            "a lead": lambda: wang["crm.lead"].create({"name": "Mine", "partner_id": opal}),
            "a lead moved": lambda: self.papers["crm.lead"]["jade"].with_env(wang).write({"partner_id": opal}),
            "an order": lambda: wang["sale.order"].create({"partner_id": opal}),
            "an order's delivery": lambda: order.write({"partner_shipping_id": opal}),
            "an order's invoice": lambda: wang["sale.order"].create({"partner_id": jade, "partner_invoice_id": opal}),
            "a contact": lambda: wang["res.partner"].create({"name": "Mole", "parent_id": opal}),
            "a company": lambda: wang["res.partner"].create({"name": "Mole", "is_company": True, "parent_id": opal}),
            "a branch": lambda: self.jade.with_env(wang).write({"parent_id": opal}),
            "a contact drawn": lambda: self.jade.with_env(wang).write({"child_ids": [Command.link(opal)]}),
            "the salesperson": lambda: self.opal.with_env(wang).write({"user_id": self.sales_wang.id}),
            "a file": lambda: wang["broker.customer"].create({"partner_id": opal, "user_id": self.sales_wang.id}),
            "a file moved": lambda: file.with_env(wang).write({"partner_id": opal}),
            "a file served": lambda: file.with_user(self.service_chen).write({"partner_id": opal}),
            "a merge": lambda: (
                wang["base.partner.merge.automatic.wizard"]
                .create({"partner_ids": [Command.set([opal, jade])], "dst_partner_id": jade})
                .action_merge()
            ),
        }
        for name, attempt in attempts.items():
            with self.subTest(name), self.assertRaises(UserError), self.env.cr.savepoint():
                attempt()
                self.env.flush_all()
        self.assertEqual(self.opal.user_id, self.sales_zhao)

    def test_a_context_sets_nothing_that_a_value_may_not(self):
        """Odoo fills the defaults of a context in after the values were checked."""
        partner = self._create_partner("Topaz Inn", self.sales_wang)
        defaults = {
            "sponsor_user_id": self.sales_wang.id,
            "service_user_id": self.sales_wang.id,
            "sponsor_visit_due": "2020-01-01",
            "readiness": 100,
        }
        context = {f"default_{name}": value for name, value in defaults.items()}
        Customer = self.env["broker.customer"].with_user(self.sales_wang).with_context(**context)
        customer = Customer.create({"partner_id": partner.id}).sudo()
        self.assertEqual({name: bool(customer[name]) for name in defaults}, dict.fromkeys(defaults, False))
        # What the form itself needs is still taken.
        hall = self._create_partner("Ruby Hall", self.sales_wang)
        self.assertEqual(Customer.with_context(default_partner_id=hall.id).create({}).partner_id, hall)
        Order = self.env["sale.order"].with_user(self.sales_wang)
        plain = Order.create({"partner_id": partner.id})
        crafted = Order.with_context(
            default_broker_brought_by="customer", default_broker_receipt_date="2026-01-01 00:00:00"
        ).create({"partner_id": partner.id})
        self.assertEqual(crafted.broker_brought_by, plain.broker_brought_by)
        self.assertFalse(crafted.broker_receipt_date)
        dispute = (
            self.env["broker.commission.dispute"]
            .with_user(self.sales_wang)
            .with_context(default_state="granted", default_answer="Yes")
            .create({"reason": "missing", "description": "My job"})
        )
        self.assertEqual((dispute.state, dispute.answer), ("open", False))
        call = (
            self.env["broker.care.call"]
            .with_user(self.care_sun)
            .with_context(default_state="done", default_last_outcome="reached", default_customer_id=customer.id)
            .create({})
        )
        self.assertEqual((call.state, call.last_outcome, call.customer_id), ("planned", False, customer))

    def test_who_wins_a_new_customer_keeps_it(self):
        """Odoo leaves a new contact without a salesperson."""
        wang = self.env(user=self.sales_wang.id, su=False)
        partner = wang["res.partner"].create({"name": "Coral Bar"})
        self.assertFalse(partner.user_id)
        order = wang["sale.order"].create(
            {"partner_id": partner.id, "order_line": [Command.create({"product_id": self.print_product.id})]}
        )
        order.action_confirm()
        self.assertEqual(partner.user_id, self.sales_wang)
        for records in (partner, order, partner.broker_customer_ids):
            self.assertTrue(records.has_access("read"))
        self.assertFalse(partner.with_user(self.sales_zhao).has_access("read"))
        # Who enters an order for the firm does not become its salesperson.
        other = self._create_partner("Reef Bar")
        order = self.env["sale.order"].create({"partner_id": other.id, "user_id": self.manager_qian.id})
        order.action_confirm()
        self.assertFalse(other.user_id)
