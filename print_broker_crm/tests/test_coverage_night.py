import os
import signal
import sys
import traceback
from uuid import uuid4

from odoo import SUPERUSER_ID, api, fields, sql_db
from odoo.fields import Domain
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import SQL

from .common_coverage import CoverageCommon

BATCH = "2"
CUSTOMERS = 6


@tagged("post_install", "-at_install")
class TestCareNight(CoverageCommon):
    """Contacts are gathered, coverage is looked at, calls are planned, in this order."""

    def _night(self):
        cron = self.env.ref("print_broker_crm.ir_cron_plan_care_calls")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_one_after_the_other(self):
        """What was written by day is a contact at night, clears or not, and is called about."""
        self.other_rules["sales_silent"].active = True
        self._refresh()
        self.at("2026-05-02 02:00:00")
        self.partner.message_post(body="When?", author_id=self.partner.id, message_type="email")
        self._night()
        self.assertEqual(self.customer.last_inbound_contact, fields.Datetime.now())
        self.assertEqual(self.customer.coverage_state, "sales_silent")
        self.assertIn("sales_silent", self._get_open_call().reason_ids.mapped("reason"))

    def test_twice_does_nothing_twice(self):
        self.other_rules["win_back"].active = True
        self._open_customers(3, user=self.sales_wang)
        self._refresh()
        self.at("2026-06-01 02:00:00")
        self._night()
        calls = self.Call.search([])
        reasons = calls.reason_ids
        todos = self.env["mail.activity"].search([("activity_type_id", "=", self.silence.id)])
        self.assertTrue(todos)
        self.assertIn("win_back", reasons.mapped("reason"))
        for moment in ("2026-06-01 03:00:00", "2026-06-02 02:00:00"):
            self.at(moment)
            self._night()
            self.assertEqual(self.Call.search([]), calls)
            self.assertEqual(self.Call.search([]).reason_ids, reasons)
            self.assertEqual(self.env["mail.activity"].search([("activity_type_id", "=", self.silence.id)]), todos)

    def test_batch_by_batch(self):
        """It goes on where it was, and does not begin anew on the same day."""
        customers = self._open_customers(5, user=self.sales_wang)
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.coverage_batch_size", BATCH)
        self.company.sudo().write(
            {
                "broker_coverage_mark_date": fields.Date.to_date("2026-03-02"),
                "broker_coverage_mark_id": customers[0].id,
            }
        )
        self._night()
        self.assertEqual(customers.filtered("coverage_state"), customers[1:])
        self.assertEqual(self.company.sudo().broker_coverage_mark_id, customers[-1].id)
        self.at("2026-03-03 02:00:00")
        self._night()
        self.assertTrue(all(customers.mapped("coverage_state")))

    def test_it_wakes_again(self):
        """A night that fails goes on soon; one that is over does not."""
        cron = self.env.ref("print_broker_crm.ir_cron_plan_care_calls")
        Trigger = self.env["ir.cron.trigger"].sudo()
        Trigger.search([("cron_id", "=", cron.id)]).unlink()
        self._night()
        trigger = Trigger.search([("cron_id", "=", cron.id)])
        self.assertEqual(trigger.call_at, fields.Datetime.to_datetime("2026-03-02 02:15:00"))
        trigger.unlink()
        self._night()
        self.assertFalse(Trigger.search([("cron_id", "=", cron.id)]), "there was nothing left to do")


@tagged("post_install", "-at_install")
class TestCareNightKilled(TransactionCase):
    """A night whose process is killed in the middle of a batch ends as one run."""

    def setUp(self):
        super().setUp()
        run = uuid4().hex
        with self.registry.cursor() as cr:
            env = self._make_env(cr)
            company = env.company
            self.company_id = company.id
            self.marks = {
                name: company[name]
                for name in (
                    "broker_coverage_mark_date",
                    "broker_coverage_mark_id",
                    "broker_contact_gathered_at",
                    "broker_contact_run_at",
                )
            }
            self.known_calls = env["broker.care.call"].search(Domain.TRUE).ids
            self.triggers = env["ir.cron.trigger"].search(Domain.TRUE).ids
            parameter = env["ir.config_parameter"]
            self.parameters = {
                f"print_broker_crm.{name}": parameter.get_param(f"print_broker_crm.{name}")
                for name in ("coverage_batch_size", "contact_batch_size")
            }
            for key in self.parameters:
                parameter.set_param(key, BATCH)
            company.write(dict.fromkeys(self.marks, False))
            user = new_test_user(env, f"night_{run}", groups="print_broker_crm.group_salesperson")
            partners = env["res.partner"].create(
                [{"name": f"Night {run} {place}", "user_id": user.id} for place in range(CUSTOMERS)]
            )
            customers = env["broker.customer"]._open_for_partners(partners, company)
            for partner in partners:
                partner.message_post(body="When?", author_id=partner.id, message_type="email")
            self.user_id, self.user_partner_id = user.id, user.partner_id.id
            self.partner_ids, self.customer_ids = partners.ids, customers.ids
        self.addCleanup(self._clean)

    def _make_env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "no_reset_password": True})

    def _clean(self):
        with self.registry.cursor() as cr:
            env = self._make_env(cr)
            Call = env["broker.care.call"]
            calls = Call.search(Domain("id", "not in", self.known_calls))
            for query in (
                SQL("DELETE FROM broker_care_call_reason WHERE call_id = ANY(%s)", calls.ids),
                SQL("DELETE FROM broker_care_call WHERE id = ANY(%s)", calls.ids),
                SQL("DELETE FROM broker_contact WHERE customer_id = ANY(%s)", self.customer_ids),
                SQL("DELETE FROM broker_contact_due WHERE customer_id = ANY(%s)", self.customer_ids),
                SQL("DELETE FROM broker_assignment WHERE customer_id = ANY(%s)", self.customer_ids),
                *(
                    SQL(
                        "DELETE FROM %s WHERE %s = 'broker.customer' AND res_id = ANY(%s)"
                        " OR %s = 'res.partner' AND res_id = ANY(%s)",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        self.customer_ids,
                        SQL.identifier(column),
                        [*self.partner_ids, self.user_partner_id],
                    )
                    for table, column in (
                        ("mail_message", "model"),
                        ("mail_followers", "res_model"),
                        ("mail_activity", "res_model"),
                    )
                ),
                SQL("DELETE FROM broker_customer WHERE id = ANY(%s)", self.customer_ids),
                SQL("DELETE FROM res_partner WHERE id = ANY(%s)", self.partner_ids),
                SQL("DELETE FROM res_users WHERE id = %s", self.user_id),
                SQL("DELETE FROM res_partner WHERE id = %s", self.user_partner_id),
            ):
                cr.execute(query)
            env.invalidate_all()
            env["res.company"].browse(self.company_id).write(self.marks)
            env["ir.cron.trigger"].search(Domain("id", "not in", self.triggers)).unlink()
            for key, value in self.parameters.items():
                env["ir.config_parameter"].set_param(key, value)

    def _die_in(self, name, turn):
        """Run the night in a process of its own that is killed when a method has done its
        work for the so many-th time and nothing of that is committed yet."""
        child = os.fork()
        if child:
            _child, status = os.waitpid(child, 0)
            self.assertEqual(os.WTERMSIG(status), signal.SIGKILL, name)
            return
        try:
            # Connections of its own: those of the parent stay as they are.
            _parents_pool, sql_db._Pool = sql_db._Pool, None
            env = self._make_env(sql_db.db_connect(self.cr.dbname).cursor())
            model = type(env["broker.contact" if name == "_gather_batch" else "broker.customer"])
            work, done = getattr(model, name), []

            def die(records, *args, **kwargs):
                work(records, *args, **kwargs)
                done.append(1)
                if len(done) == turn:
                    os.kill(os.getpid(), signal.SIGKILL)

            setattr(model, name, die)
            env["broker.customer"]._cron_care_night()
        except BaseException:
            # Shown by pytest beside the signal that the parent asks for.
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)

    def test_killed_in_the_middle(self):
        self._die_in("_gather_batch", 2)
        with self.registry.cursor() as cr:
            contacts = self._make_env(cr)["broker.contact"].search([("customer_id", "in", self.customer_ids)])
            self.assertEqual(len(contacts.customer_id), 2, "the first batch was committed")
        self._die_in("_refresh_coverage_where", 2)
        with self.registry.cursor() as cr:
            customers = self._make_env(cr)["broker.customer"].browse(self.customer_ids)
            self.assertEqual(len(customers.filtered("coverage_state")), 2)
            contacts = customers.env["broker.contact"].search([("customer_id", "in", customers.ids)])
            self.assertEqual(len(contacts), CUSTOMERS)
            self.assertFalse(customers.env["broker.care.call"].search([("customer_id", "in", customers.ids)]))
        for _night in range(2):
            with self.registry.cursor() as cr:
                env = self._make_env(cr)
                env["broker.customer"]._cron_care_night()
                customers = env["broker.customer"].browse(self.customer_ids)
                contacts = env["broker.contact"].search([("customer_id", "in", customers.ids)])
                self.assertEqual(set(contacts.customer_id.ids), set(customers.ids))
                self.assertEqual(len(contacts), CUSTOMERS)
                self.assertEqual(customers.mapped("coverage_state"), ["fine"] * CUSTOMERS)
                calls = env["broker.care.call"].search([("customer_id", "in", customers.ids)])
                self.assertEqual(len(calls), CUSTOMERS)
                self.assertEqual(len(calls.reason_ids), CUSTOMERS)
