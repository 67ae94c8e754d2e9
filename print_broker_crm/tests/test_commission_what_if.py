from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon

_FILE = "odoo.addons.print_broker_crm.wizard.broker_commission_what_if"


class WhatIfCommon(BrokerAccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.today = cls.company._get_broker_today()
        cls.own_rule = cls.plan.rule_ids.filtered(lambda rule: rule.origin == "any")
        cls.no_one = cls.env["res.users"]

    def _try(self, calculate=True, **vals):
        """Return a what-if of the manager over everything, calculated."""
        what_if = (
            self.env["broker.commission.what.if"]
            .with_user(self.manager_qian)
            .with_company(self.company)
            .create({"plan_id": self.plan.id, "date_from": "2000-01-01", "date_to": "2099-12-31", **vals})
        )
        if calculate:
            what_if.action_calculate()
        return what_if

    def _get_lines(self, what_if):
        return what_if.env["broker.commission.what.if.line"].search([("what_if_id", "=", what_if.id)])

    def assertPeople(self, what_if, expected, names=("ledger_earned", "earned")):
        """Check the figures of all people; see the names of the fields."""
        found = {row.user_id: tuple(row[name] for name in names) for row in what_if.person_ids}
        self.assertEqual(found, expected)

    def _count_rows(self):
        """Return (rows, newest id) of all that commission is kept in."""
        self.env.flush_all()
        counts = {}
        for table in (
            "broker_commission_entry",
            "broker_commission_split",
            "broker_commission_plan",
            "broker_commission_rule",
            "broker_commission_share",
            "broker_assignment",
            "account_move",
            "account_move_line",
            "sale_order",
            "sale_order_line",
        ):
            self.env.cr.execute(f"SELECT count(*), max(id), max(write_date), max(xmin::text::bigint) FROM {table}")
            counts[table] = self.env.cr.fetchone()
        return counts


@tagged("post_install", "-at_install")
class TestCommissionWhatIf(WhatIfCommon):
    """A job of 10,000 that costs 7,000 at 10 %: 210 for Wang, 90 for Chen."""

    def test_unchanged_is_the_ledger_to_the_cent(self):
        """The proof that it is the same arithmetic: every odd case at once."""
        self.plan.leaver_policy = "stop"
        thirds = self.env["broker.commission.rule"].create(
            {
                "plan_id": self.plan.id,
                "name": "Boxes",
                "sequence": 1,
                "product_category_id": self.box_category.id,
                "share_ids": [
                    Command.create({"role": role, "percent": percent})
                    for role, percent in (("sales", 33.33), ("service", 33.33), ("care", 33.34))
                ],
            }
        )
        self.assertTrue(thirds)
        paid = self._create_job(9999.99, 7123.45, lines=[(self.box_product, 777.77, 333.33)])
        invoice = self._create_posted_invoice(paid)
        self._pay(invoice, 3333.33)
        loss = self._create_job(5000, 5678.9)
        self._pay(self._create_posted_invoice(loss))
        credited = self._create_job(price=10.01, cost=7.03, quantity=1000)
        invoice = self._create_posted_invoice(credited)
        self._pay(invoice, 4000)
        self._credit(invoice, quantity=200)
        self._credit(self._create_posted_invoice(self._create_job()), price=1234.56)
        charges = self.env["broker.commission.charge"].with_user(self.manager_qian)
        for job, role in ((credited, False), (paid, "service")):
            charges.create({"order_id": job.id, "amount": 123.45, "role": role, "reason": "Sent again"}).action_post()
        by_hand = self._credit(invoice, price=5, post=False)
        by_hand.invoice_line_ids.sale_line_ids = [Command.clear()]
        by_hand.action_post()
        self.customer.service_user_id = False
        nobody = self._create_job(1234.56, 1000)
        self._pay(self._create_posted_invoice(nobody))
        reset = self._create_posted_invoice(self._create_job())
        reset.button_draft()
        late = self._create_posted_invoice(self._create_job(4321.09, 1234.56))
        self._pay(late, 1111.11)
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        self._pay(late)
        what_if = self._try()
        lines = self._get_lines(what_if)
        self.assertFalse(lines.filtered("is_different"))
        for line in lines:
            self.assertEqual((line.earned, line.released), (line.ledger_earned, line.ledger_released))
        entries = self.env["broker.commission.entry"].search([("plan_id", "=", self.plan.id)])
        self.assertEqual(sum(entries.filtered("charge_id").mapped("released")), -123.45)
        for row in what_if.person_ids:
            of_them = entries.filtered(lambda entry, row=row: entry.user_id == row.user_id)
            self.assertAlmostEqual(row.earned, sum(of_them.mapped("earned")), 6)
            self.assertAlmostEqual(row.released, sum(of_them.mapped("released")), 6)
        self.assertTrue(what_if.person_ids.filtered(lambda row: not row.user_id and row.earned))
        self.assertEqual(what_if.changed_job_count, 0)
        self.assertEqual(what_if.difference_earned, 0)
        # As if it had held for all: the same jobs, the same numbers.
        self.assertFalse(self._get_lines(self._try(coverage="all")).filtered("is_different"))

    def test_another_rate(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job), 4000)
        what_if = self._try(rate=12.5)
        # A pool of 375: 262.50 and 112.50; 40 % of it is 150: 105 and 45.
        self.assertPeople(
            what_if,
            {self.sales_wang: (210, 262.5, 84, 105), self.service_chen: (90, 112.5, 36, 45)},
            ("ledger_earned", "earned", "ledger_released", "released"),
        )
        self.assertEqual((what_if.ledger_earned, what_if.earned, what_if.difference_earned), (300, 375, 75))
        self.assertEqual((what_if.ledger_released, what_if.released, what_if.difference_released), (120, 150, 30))
        self.assertEqual((what_if.invoice_count, what_if.changed_job_count), (1, 1))

    def test_other_shares(self):
        job = self._create_job()
        self._create_posted_invoice(job)
        what_if = self._try(calculate=False)
        shares = what_if.share_ids.filtered(lambda share: share.rule_id == self.own_rule)
        shares.filtered(lambda share: share.role == "sales").percent = 60
        shares.filtered(lambda share: share.role == "service").percent = 40
        what_if.action_calculate()
        self.assertPeople(what_if, {self.sales_wang: (210, 180), self.service_chen: (90, 120)})

    def test_role_that_gets_nothing_so_far(self):
        """The care officer of the job's day would have 10 %, who serves nothing."""
        self.customer.care_user_id = self.care_sun
        self._create_posted_invoice(self._create_job())
        what_if = self._try(calculate=False)
        shares = what_if.share_ids.filtered(lambda share: share.rule_id == self.own_rule)
        shares.filtered(lambda share: share.role == "service").role = "care"
        what_if.action_calculate()
        self.assertPeople(what_if, {self.sales_wang: (210, 210), self.service_chen: (90, 0), self.care_sun: (0, 90)})

    def test_revenue_and_posting(self):
        self._create_posted_invoice(self._create_job())
        what_if = self._try(base="revenue", rate=2, release="posting")
        # 2 % of 10,000, released when posted.
        self.assertPeople(
            what_if,
            {self.sales_wang: (0, 140, 140), self.service_chen: (0, 60, 60)},
            ("ledger_released", "earned", "released"),
        )

    def test_cost_that_a_role_bears(self):
        """100 of freight: under any rate, and Wang's no more where the plan had stopped.

        Wang has left before the cost was charged: 210 were released by then.
        """
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            charge = (
                self.env["broker.commission.charge"]
                .with_user(self.manager_qian)
                .create({"order_id": job.id, "amount": 100, "role": "sales", "reason": "Sent again"})
            )
            charge.action_post()
            self.assertPeople(self._try(rate=20), {self.sales_wang: (110, 320), self.service_chen: (90, 180)})
            self.assertPeople(
                self._try(leaver_policy="stop"),
                {self.sales_wang: (110, 210), self.service_chen: (90, 90), self.no_one: (0, -100)},
            )
            day = charge.date
            self.assertPeople(
                self._try(date_from=day, date_to=day), {self.sales_wang: (-100, -100)}, ("ledger_earned", "earned")
            )

    def test_floor_and_down_payment(self):
        """Both look at whole jobs; a floor of 30.01 % leaves nothing of a margin of 30 %."""
        self.plan.write({"release": "down_payment", "margin_floor": 10})
        self._pay(self._create_posted_invoice(self._create_job()), 4000)
        self._pay(self._create_posted_invoice(self._create_job(cost=9500)))
        what_if = self._try()
        self.assertEqual((what_if.ledger_earned, what_if.changed_job_count), (300, 0))
        self.assertEqual(what_if.released, 120)
        self.assertEqual(self._try(margin_floor=30.01).earned, 0)
        # Without a floor the thin job brings 50.
        self.assertEqual(self._try(margin_floor=0).earned, 350)

    def test_half_on_the_down_payment(self):
        job = self._create_job()
        down = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=job.ids)
            .create({"advance_payment_method": "percentage", "amount": 30})
        )
        down.create_invoices()
        invoice = job.invoice_ids
        invoice.action_post()
        self._pay(invoice)
        # 30 % of 300 are earned and released; all of the job's half would be no more.
        what_if = self._try(release="down_payment")
        self.assertEqual((what_if.ledger_released, what_if.released), (90, 45))

    def test_leavers_stop(self):
        """Half is collected when Wang leaves: he would keep 105 of 210."""
        invoice = self._create_posted_invoice(self._create_job())
        self._pay(invoice, 5000)
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.sales_wang.id})
        change.action_collect()
        change.line_ids.successor_id = self.sales_zhao
        change.fallback_user_id = self.sales_zhao
        change.action_confirm()
        what_if = self._try(leaver_policy="stop")
        self.assertPeople(what_if, {self.sales_wang: (210, 105), self.no_one: (0, 105), self.service_chen: (90, 90)})
        # Of a pool twice as large he would have had twice as much by then.
        what_if = self._try(leaver_policy="stop", rate=20)
        self.assertPeople(what_if, {self.sales_wang: (210, 210), self.no_one: (0, 210), self.service_chen: (90, 180)})
        # Released on posting, all of it was his by the day.
        what_if = self._try(leaver_policy="stop", release="posting")
        self.assertPeople(what_if, {self.sales_wang: (210, 210), self.service_chen: (90, 90)})

    def test_next_plan_for_the_jobs_of_the_last(self):
        self._create_posted_invoice(self._create_job())
        self._create_posted_invoice(self._create_job(lines=[(self.box_product, 1000, 400)]))
        draft = self.plan.copy({"date_from": "2090-01-01", "rate": 20})
        self.env["broker.commission.rule"].create(
            {
                "plan_id": draft.id,
                "name": "Boxes",
                "sequence": 1,
                "product_category_id": self.box_category.id,
                "share_ids": [Command.create({"role": "service", "percent": 100})],
            }
        )
        what_if = self._try(plan_id=draft.id)
        self.assertEqual(what_if.coverage, "all")
        # Ledger: pools of 300 and 360. Under the draft: 600, 600 and 120 for the boxes.
        self.assertPeople(what_if, {self.sales_wang: (462, 840), self.service_chen: (198, 480)})
        own = self._try(plan_id=draft.id, coverage="own")
        self.assertFalse(own.person_ids)

    def test_next_plan_asks_who_brought_the_job(self):
        job = self._create_job()
        job.sudo().broker_brought_by = "care"
        self._create_posted_invoice(job)
        draft = self.plan.copy({"date_from": "2090-01-01"})
        self.env["broker.commission.rule"].create(
            {
                "plan_id": draft.id,
                "name": "Brought by the care line",
                "sequence": 1,
                "brought_by": "care",
                "share_ids": [
                    Command.create({"role": "sales", "percent": 50}),
                    Command.create({"role": "service", "percent": 50}),
                ],
            }
        )
        self.assertPeople(self._try(plan_id=draft.id), {self.sales_wang: (210, 150), self.service_chen: (90, 150)})

    def test_nothing_is_written(self):
        for _number in range(3):
            self._pay(self._create_posted_invoice(self._create_job()), 1000)
        draft = self.plan.copy({"date_from": "2090-01-01"})
        before = self._count_rows()
        self._try(rate=20, leaver_policy="stop", base="revenue", release="posting")
        self._try(plan_id=draft.id, rate=20)
        self.assertEqual(self._count_rows(), before)
        with (
            patch(f"{_FILE}.BrokerCommissionWhatIf._show", side_effect=UserError("no")),
            self.assertRaisesRegex(UserError, "no"),
            self.env.cr.savepoint(),
        ):
            self._try(rate=30)
        self.assertEqual(self._count_rows(), before)
        self.assertFalse(self.env["broker.commission.entry"]._settle(self.env["account.move"].search([])))

    def test_line_without_a_rule_is_not_put_under_one(self):
        """The writer would; a look at it must not."""
        job = self._create_job()
        self._create_posted_invoice(job)
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order_line SET broker_commission_rule_id = NULL WHERE order_id = %s", [job.id])
        self.env.invalidate_all()
        what_if = self._try()
        self.assertPeople(what_if, {self.sales_wang: (210, 0), self.service_chen: (90, 0)})
        self.env.invalidate_all()
        self.assertFalse(job.order_line.sudo().broker_commission_rule_id)

    def test_period(self):
        march = self._create_posted_invoice(self._create_job(), "2026-03-31")
        april = self._create_posted_invoice(self._create_job(), "2026-04-01")
        self._create_posted_invoice(self._create_job(), "2026-05-01")
        what_if = self._try(date_from="2026-03-31", date_to="2026-04-30")
        self.assertEqual(what_if.invoice_count, 2)
        self.assertEqual(self._get_lines(what_if).order_id, (march | april).line_ids.sale_line_ids.order_id)

    def test_what_was_paid_stands_beside_it(self):
        """Wang's month is confirmed at 84; what comes later stands on no statement yet."""
        invoice = self._create_posted_invoice(self._create_job())
        self._pay(invoice, 4000)
        month = self.today.replace(day=1)
        statement = (
            self.env["broker.commission.statement"]
            .with_user(self.manager_qian)
            .create({"user_id": self.sales_wang.id, "date_from": month, "date_to": self.today})
        )
        self.assertPeople(self._try(), {self.sales_wang: (84, 0), self.service_chen: (36, 0)}, ("released", "paid"))
        statement.action_confirm()
        self._pay(invoice, 1000)
        self.assertPeople(
            self._try(rate=20),
            {self.sales_wang: (105, 210, 84), self.service_chen: (45, 90, 0)},
            ("ledger_released", "released", "paid"),
        )

    def test_another_companys_invoices_stay_out(self):
        self._create_posted_invoice(self._create_job())
        other = self.env["res.company"].create({"name": "Other Broker"})
        plan = self.env["broker.commission.plan"].search([("company_id", "=", other.id)])
        with self.assertRaises(UserError):
            self._try(plan_id=plan.id, company_id=other.id)
        self.manager_qian.company_ids += other
        what_if = (
            self.env["broker.commission.what.if"]
            .with_user(self.manager_qian)
            .with_context(allowed_company_ids=[other.id])
            .create({"plan_id": plan.id, "company_id": other.id, "date_from": "2000-01-01", "date_to": "2099-12-31"})
        )
        what_if.coverage = "all"
        what_if.action_calculate()
        self.assertEqual((what_if.invoice_count, len(what_if.person_ids)), (0, 0))

    def test_bad_numbers_are_named(self):
        cases = (
            ({"rate": 0}, "above 0"),
            ({"rate": 101}, "above 0"),
            ({"margin_floor": 100}, "margin floor"),
            ({"date_from": "2026-02-01", "date_to": "2026-01-01"}, "ends before it begins"),
        )
        for vals, message in cases:
            with self.assertRaisesRegex(UserError, message):
                self._try(**vals)
        what_if = self._try(calculate=False)
        what_if.share_ids[0].percent = 10
        with self.assertRaisesRegex(UserError, f"rule {what_if.share_ids[0].rule_id.name} add up to"):
            what_if.action_calculate()
        what_if.action_reset()
        what_if.action_calculate()
        what_if.share_ids[0].role = what_if.share_ids[1].role
        with self.assertRaisesRegex(UserError, "named twice"):
            what_if.action_calculate()

    def test_result_does_not_outlive_its_numbers(self):
        self._create_posted_invoice(self._create_job())
        what_if = self._try(rate=20)
        self.assertTrue(what_if.is_calculated)
        what_if.rate = 30
        self.assertFalse(what_if.is_calculated)
        self.assertFalse(what_if.person_ids)
        self.assertFalse(self._get_lines(what_if))
        what_if.action_reset()
        self.assertEqual(what_if.rate, 10)

    def test_screen(self):
        """A manager opens it from the plan, changes the rate and calculates."""
        self._create_posted_invoice(self._create_job())
        form = Form(
            self.env["broker.commission.what.if"]
            .with_user(self.manager_qian)
            .with_context(active_model="broker.commission.plan", active_id=self.plan.id)
        )
        self.assertEqual((form.plan_id, form.rate, form.coverage), (self.plan, 10, "own"))
        self.assertEqual(len(form.share_ids), 4)
        form.date_from = "2000-01-01"
        form.date_to = "2099-12-31"
        form.rate = 20
        what_if = form.save()
        what_if.action_calculate()
        self.assertEqual(what_if.earned, 600)
        action = what_if.action_view_jobs()
        self.assertEqual(len(what_if.env[action["res_model"]].search(action["domain"])), 2)
        action = what_if.person_ids[0].action_view_jobs()
        line = what_if.env[action["res_model"]].search(action["domain"])
        self.assertEqual(line.user_id, what_if.person_ids[0].user_id)
        action = line.action_view_entries()
        entries = what_if.env[action["res_model"]].search(action["domain"])
        self.assertEqual(sum(entries.mapped("earned")), line.ledger_earned)

    def test_managers_only_and_each_their_own(self):
        self._create_posted_invoice(self._create_job())
        what_if = self._try()
        models = ("broker.commission.what.if", "broker.commission.what.if.person", "broker.commission.what.if.line")
        other = self._create_user("zhou", "group_manager")
        for model in models:
            self.assertTrue(what_if.env[model].search([]))
            self.assertFalse(self.env[model].with_user(other).search([]))
            for user in (self.sales_wang, self.service_chen, self.care_sun, self.plain_user):
                self.assertFalse(self.env[model].with_user(user).has_access("read"))
        with self.assertRaises(AccessError):
            what_if.with_user(self.sales_wang).action_calculate()
        for rows in (what_if.person_ids, self._get_lines(what_if)):
            rows = rows.with_user(self.manager_qian)
            with self.assertRaises(UserError):
                rows[0].write({"earned": 1})
            with self.assertRaises(UserError):
                rows.create({"what_if_id": what_if.id})
            with self.assertRaises(UserError):
                what_if.with_user(self.manager_qian).write(
                    {"person_ids": [Command.update(what_if.person_ids[0].id, {"earned": 1})]}
                )

    def test_batches_and_queries(self):
        """The same figures in batches of any size; queries do not grow with a batch."""
        jobs = self.env["sale.order"].union(*(self._create_job(1000.0 + 7 * number) for number in range(8)))
        moves = self.env["account.move"].union(*(self._create_posted_invoice(job) for job in jobs))
        whole = self._try(rate=12)
        with patch(f"{_FILE}._BATCH", 3):
            parts = self._try(rate=12)
        for one, other in zip(whole.person_ids, parts.person_ids, strict=True):
            self.assertEqual((one.user_id, one.earned), (other.user_id, other.earned))
        counts = []
        for size in (2, 8):
            for coverage in ("own", "all"):
                what_if = self._try(calculate=False, rate=12, coverage=coverage)
                self.env.flush_all()
                self.env.invalidate_all()
                what_if.with_user(self.manager_qian).plan_id.rule_ids.share_ids.mapped("percent")
                before = self.env.cr.sql_log_count
                what_if._compare(moves[:size].with_user(self.manager_qian))
                counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[0])
        self.assertLessEqual(counts[3], counts[1])
