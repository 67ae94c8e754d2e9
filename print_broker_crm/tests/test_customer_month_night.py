import os
import random
import signal
import sys
import traceback
from contextlib import suppress
from unittest.mock import patch
from uuid import uuid4

from odoo import SUPERUSER_ID, api, fields, sql_db
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger

from .common_month import MonthCommon

CUSTOMERS = 5
BATCHES = ("month_batch_size", "month_build_batch_size")


@tagged("post_install", "-at_install")
class TestCustomerMonthNight(MonthCommon):
    """A night works out what changed, and comes to what working out everything comes to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.opal = cls._create_partner("Opal Hotel", cls.sales_zhao)
        cls.opal_file = cls._open_customer(cls.opal)

    def _count_marks(self):
        self.env.flush_all()
        # Tests that commit leave marks of companies of their own.
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*)
                  FROM broker_month_mark mark
                  JOIN broker_customer customer ON customer.id = mark.customer_id
                 WHERE customer.company_id = %s
                """,
                self.company.id,
            )
        )
        return count

    def _assert_like_rebuilt(self, trail):
        self._refresh()
        self.assertFalse(self._count_marks(), trail)
        stored = self._dump()
        self.Month._rebuild(self.company)
        self.assertEqual(stored, self._dump(), trail)

    # What can happen

    def _get_events(self, dice):
        partner = dice.choice((self.partner, self.opal))
        customers = (self.partner + self.opal).broker_customer_ids.filtered(
            lambda file: file.company_id == self.company
        )
        orders = self.env["sale.order"].search([("broker_customer_id", "in", customers.ids)])
        moves = self.env["account.move"].search([("broker_customer_id", "in", customers.ids)])
        jobs = orders.filtered(lambda order: order.state == "sale")
        posted = moves.filtered(lambda move: move.state == "posted")
        drafts = moves.filtered(lambda move: move.state == "draft")
        events = {
            "order": lambda: self._order(self._moment(dice), partner),
            "quote": lambda: self._order(self._moment(dice), partner, confirm=False),
            "contact": lambda: (
                self.env["broker.contact"]
                .with_user(partner.user_id)
                .create(
                    {
                        "customer_id": partner.broker_customer_ids[:1].id,
                        "channel": "phone",
                        "direction": dice.choice(("in", "out")),
                        "date": fields.Datetime.now(),
                    }
                )
            ),
            "gather": self._gather,
            "case": lambda: self.env["broker.case"].create(
                {"customer_id": partner.broker_customer_ids[:1].id, "title": "Late", "kind": "complaint"}
            ),
            "night": self._refresh,
        }
        if orders:
            order = dice.choice(orders)
            events["date"] = lambda: order.write({"date_order": self._moment(dice)})
            events["cancel order"] = order._action_cancel
            events["delete order"] = lambda: self._delete(order)
        if jobs:
            job = dice.choice(jobs)
            events["invoice"] = lambda: self._invoice(job, dice)
            events["cost"] = lambda: job.order_line.filtered("product_uom_qty").write(
                {"purchase_price": dice.randrange(0, 900)}
            )
            events["pay down"] = lambda: self._pay_down(job, dice)
            events["add line"] = lambda: self._add_line(job, dice)
            events["price"] = lambda: job.order_line[:1].write({"price_unit": dice.randrange(800, 2000)})
        if posted:
            move = dice.choice(posted)
            events["reset"] = move.button_draft
            if move.move_type == "out_invoice" and len(moves) < 12:
                events["credit"] = lambda: self._credit_some(move, dice)
        if drafts:
            draft = dice.choice(drafts)
            events["post"] = lambda: self._post(draft, dice)
            events["cancel"] = draft.button_cancel
            events["delete"] = lambda: draft.with_context(force_delete=True).unlink()
        return events

    @staticmethod
    def _moment(dice):
        """At the edge of a month in Shanghai, as often as not."""
        month = dice.randrange(1, 4)
        return dice.choice((f"2026-{month:02d}-10 04:00:00", f"2026-{month - 1 or 1:02d}-28 16:30:00"))

    def _gather(self):
        for _handled in self.env["broker.contact"]._gather(self.company):
            continue

    def _delete(self, order):
        if order.state in ("draft", "cancel") and not order.broker_date_confirmed:
            order.unlink()

    def _invoice(self, job, dice):
        if job.invoice_status == "to invoice":
            self._create_posted_invoice(job, f"2026-{dice.randrange(1, 4):02d}-{dice.randrange(1, 28):02d}")

    def _pay_down(self, job, dice):
        if job.invoice_ids:
            return
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=job.ids)
            .create({"advance_payment_method": "fixed", "fixed_amount": dice.randrange(50, 300)})
        )
        self._post(wizard._create_invoices(job), dice)

    def _add_line(self, job, dice):
        line = job.order_line.filtered(lambda line: not line.is_downpayment)[:1]
        self.env["sale.order.line"].create(
            {
                "order_id": job.id,
                "product_id": line.product_id.id,
                "price_unit": dice.choice((50, 400)),
                "purchase_price": dice.choice((0, 100)),
                "tax_ids": False,
            }
        )

    def _credit_some(self, invoice, dice):
        note = invoice._reverse_moves([{"invoice_date": f"2026-{dice.randrange(1, 4):02d}-05"}])
        note.invoice_line_ids[:1].write(dice.choice(({"quantity": 0.5}, {"price_unit": 50})))
        note.action_post()

    def _post(self, move, dice):
        move.invoice_date = f"2026-{dice.randrange(1, 4):02d}-15"
        move.action_post()

    def test_any_order_of_events(self):
        for seed in range(6):
            dice = random.Random(seed)
            trail = [f"seed {seed}"]
            for _step in range(20):
                events = self._get_events(dice)
                name = dice.choice(sorted(events))
                trail.append(name)
                # What Odoo refuses did not happen.
                with suppress(UserError), self.cr.savepoint():
                    events[name]()
                if dice.random() < 0.3:
                    self._assert_like_rebuilt(trail)
            self._assert_like_rebuilt(trail)

    def test_many_small_batches(self):
        """Batches of one customer come to the same, in the night and in the build."""
        for partner in (self.partner, self.opal):
            self._create_posted_invoice(self._order("2026-01-10 04:00:00", partner), "2026-02-10")
        self._refresh()
        stored = self._dump()
        self.assertEqual(len(stored), 4)
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("print_broker_crm.month_batch_size", "1")
        parameters.set_param("print_broker_crm.month_build_batch_size", "1")
        self.env.cr.execute("DELETE FROM broker_customer_month")
        self.Month._mark_whole(self.customer + self.opal_file)
        self.assertEqual(list(self.Month._refresh_steps(self.company)), [1, 1])
        self.assertEqual(self._dump(), stored)
        self.env.cr.execute("DELETE FROM broker_customer_month")
        self.Month._rebuild(self.company)
        self.assertEqual(self._dump(), stored)

    # TWICE, AND NOT AT ALL

    def test_twice_does_nothing(self):
        self._order("2026-01-10 04:00:00")
        self._refresh()
        stored = self._dump_with_versions()
        self.assertEqual(list(self.Month._refresh_steps(self.company)), [])
        self.Month._rebuild(self.company)
        self.assertEqual(self._dump_with_versions(), stored)

    def _dump_with_versions(self):
        """Return which rows are there, each with what tells that it was written again."""
        self.env.flush_all()
        return self.env.execute_query(SQL("SELECT id, ctid::text FROM broker_customer_month ORDER BY id"))

    def test_drafts_leave_no_mark(self):
        self._refresh()
        order = self._order("2026-01-10 04:00:00", confirm=False)
        order.order_line.price_unit = 1200
        self.assertFalse(self._count_marks())
        order.action_confirm()
        self.assertTrue(self._count_marks())
        self._refresh()
        invoice = order._create_invoices()
        invoice.invoice_line_ids.price_unit = 1300
        self.assertFalse(self._count_marks())
        self.partner.phone = "+86 21 6234 9999"
        order.note = "As last year"
        self.assertFalse(self._count_marks())

    def test_a_month_begins_with_all_of_them(self):
        """What was written below Odoo is found with the first night of a month, before the report."""
        invoice = self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        self._refresh()
        self.env.cr.execute(SQL("UPDATE account_move SET amount_untaxed_signed = 900 WHERE id = %s", invoice.id))
        self._refresh()
        self.assertEqual(self._read()["2026-01"]["revenue"], 1000)
        # The last evening of March in Shanghai, and the first morning of April
        self.at("2026-03-31 15:00:00")
        self._refresh()
        self.assertEqual(self._read()["2026-01"]["revenue"], 1000)
        self.at("2026-03-31 16:00:00")
        self._refresh()
        self.assertEqual(self._read()["2026-01"]["revenue"], 900)

    def test_build_goes_on_where_it_was(self):
        """A build that was left halfway is not begun anew, and what was marked meanwhile is done after it."""
        customers = self.env["broker.customer"].search([("company_id", "=", self.company.id)], order="id")
        self.assertGreater(len(customers), 1)
        for partner in (self.partner, self.opal):
            self._order("2026-01-10 04:00:00", partner)
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.month_build_batch_size", "1")
        self.env.flush_all()
        company = self.company.sudo()
        self.Month._begin_build(company)
        steps = self.Month._build_steps(company)
        next(steps)
        self.assertEqual(company.broker_month_build_from, customers[0].id + 1)
        self._order("2026-02-10 04:00:00", customers[0].partner_id)
        self.assertNotIn("2026-02", self._read(customers[0]))
        handled = list(self.Month._refresh_steps(self.company))
        self.assertEqual(handled, [1] * len(customers))
        self.assertIn("2026-02", self._read(customers[0]))
        self.assertFalse(company.broker_month_build_from)

    def test_another_basis(self):
        """Another currency, time zone or formula: everything is worked out anew."""
        company = self.company.sudo()
        self._refresh()
        self.assertFalse(self.Month._is_build_due(company))
        company.broker_month_basis = "another"
        self.assertTrue(self.Month._is_build_due(company))
        self._refresh()
        self.assertFalse(self.Month._is_build_due(company))

    def test_a_deleted_file_takes_its_months_along(self):
        pearl = self._open_customer(self._create_partner("Pearl School", self.sales_wang))
        self.env["broker.contact"].with_user(self.sales_wang).create(
            {"customer_id": pearl.id, "channel": "phone", "direction": "in"}
        )
        self._refresh()
        self.assertTrue(self._read(pearl))
        pearl_id = pearl.id
        pearl.unlink()
        self.assertFalse(self.Month.search([("customer_id", "=", pearl_id)]))
        self.Month._gc_months()
        self.assertNotIn(pearl_id, [row[0] for row in self._dump()])

    # THE WHOLE NIGHT

    def _night(self):
        cron = self.env.ref("print_broker_crm.ir_cron_broker_insight_night")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_night(self):
        self._order("2026-01-10 04:00:00")
        self._night()
        self.assertEqual(self._read()["2026-01"]["job_count"], 1)
        self.assertEqual(self.company.sudo().broker_insight_night_on, self._day("2026-03-02"))

    def test_it_wakes_again(self):
        """A night that fails goes on soon; one that is over does not."""
        cron = self.env.ref("print_broker_crm.ir_cron_broker_insight_night")
        Trigger = self.env["ir.cron.trigger"].sudo()
        Trigger.search([("cron_id", "=", cron.id)]).unlink()
        self._night()
        trigger = Trigger.search([("cron_id", "=", cron.id)])
        self.assertEqual(trigger.call_at, fields.Datetime.to_datetime("2026-03-02 02:15:00"))
        trigger.unlink()
        self._night()
        self.assertFalse(Trigger.search([("cron_id", "=", cron.id)]))

    def test_a_company_that_fails(self):
        """The night of the others comes to its end, and this one is tried again soon."""
        self.env["res.company"].create({"name": "Second Firm"})
        self._order("2026-01-10 04:00:00")
        companies = self.env["res.company"].sudo().search([])
        first, other = companies[0], companies[-1]
        steps = type(self.Month)._refresh_steps

        def refresh(records, company):
            if company == first:
                raise ValueError(company.name)
            return steps(records, company)

        with (
            patch.object(type(self.Month), "_refresh_steps", refresh),
            mute_logger("odoo.addons.print_broker_crm.models.broker_insight_night"),
        ):
            self._night()
        self.assertFalse(first.sudo().broker_insight_night_on)
        self.assertEqual(other.sudo().broker_insight_night_on, self._day("2026-03-02"))
        self._night()
        self.assertEqual(first.sudo().broker_insight_night_on, self._day("2026-03-02"))


@tagged("post_install", "-at_install")
class TestCustomerMonthKilled(TransactionCase):
    """A night that is killed, in a process and with commits of its own."""

    def setUp(self):
        super().setUp()
        run = uuid4().hex[:8]
        with self.registry.cursor() as cr:
            env = self._make_env(cr)
            company = env.company
            self.company_id = company.id
            self.state = {
                name: company[name]
                for name in ("broker_month_built_on", "broker_month_build_from", "broker_month_basis")
            }
            for name in BATCHES:
                env["ir.config_parameter"].set_param(f"print_broker_crm.{name}", "2")
            partners = env["res.partner"].create([{"name": f"Month {run} {place}"} for place in range(CUSTOMERS)])
            customers = env["broker.customer"]._open_for_partners(partners, company)
            self.partner_ids, self.customer_ids = partners.ids, customers.ids
            env["broker.contact"].create(
                [
                    {"customer_id": customer.id, "user_id": False, "channel": "phone", "direction": "in"}
                    for customer in customers
                ]
            )
        self.addCleanup(self._clean)

    def _make_env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _clean(self):
        with self.registry.cursor() as cr:
            for table, column, ids in (
                ("broker_customer_month", "customer_id", self.customer_ids),
                ("broker_month_mark", "customer_id", self.customer_ids),
                ("broker_contact_due", "customer_id", self.customer_ids),
                ("broker_contact", "customer_id", self.customer_ids),
                ("broker_assignment", "customer_id", self.customer_ids),
                ("broker_customer", "id", self.customer_ids),
                ("res_partner", "id", self.partner_ids),
            ):
                cr.execute(SQL("DELETE FROM %s WHERE %s = ANY(%s)", SQL.identifier(table), SQL.identifier(column), ids))
            env = self._make_env(cr)
            env["res.company"].browse(self.company_id).write(self.state)
            for name in BATCHES:
                env["ir.config_parameter"].set_param(f"print_broker_crm.{name}", False)

    def _prepare(self, build_from):
        """Forget the months of our customers, and let the build go on with one of them, or none."""
        with self.registry.cursor() as cr:
            env = self._make_env(cr)
            Month = env["broker.customer.month"]
            company = env["res.company"].browse(self.company_id)
            Month._begin_build(company)
            company._note_broker_progress(broker_month_build_from=build_from)
            cr.execute(SQL("DELETE FROM broker_customer_month WHERE customer_id = ANY(%s)", self.customer_ids))
            cr.execute(SQL("DELETE FROM broker_month_mark"))
            Month._mark_whole(env["broker.customer"].browse(self.customer_ids))

    def _die_in_the_second_batch(self):
        """Be killed when the second batch is written and not committed yet."""
        child = os.fork()
        if child:
            _child, status = os.waitpid(child, 0)
            self.assertEqual(os.WTERMSIG(status), signal.SIGKILL)
            return
        try:
            # Connections of its own: those of the parent stay as they are.
            _parents_pool, sql_db._Pool = sql_db._Pool, None
            env = self._make_env(sql_db.db_connect(self.cr.dbname).cursor())
            model = type(env["broker.customer.month"])
            work, done = model._write_months, []

            def die(records, *args):
                work(records, *args)
                done.append(1)
                if len(done) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)

            model._write_months = die
            env["broker.insight.night"]._cron_run()
        except BaseException:
            # Shown by pytest beside the signal that the parent asks for.
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)

    def _count(self):
        with self.registry.cursor() as cr:
            cr.execute(SQL("SELECT COUNT(*) FROM broker_customer_month WHERE customer_id = ANY(%s)", self.customer_ids))
            return cr.fetchone()[0]

    def test_killed_in_the_middle(self):
        for build_from in (0, self.customer_ids[0]):
            self._prepare(build_from)
            self._die_in_the_second_batch()
            self.assertEqual(self._count(), 2, "the first batch was committed")
            for _night in range(2):
                with self.registry.cursor() as cr:
                    self._make_env(cr)["broker.insight.night"]._cron_run()
                self.assertEqual(self._count(), CUSTOMERS)
