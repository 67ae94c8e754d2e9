import json
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon

_PARAMETER = "print_broker_crm.commission_sweep"


@tagged("post_install", "-at_install")
class TestCommissionSweep(BrokerAccountCommon):
    """What the hooks missed is made good at night; queries do not grow with invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("print_broker_crm.ir_cron_broker_commission_sweep")
        # Odoo's own prepaid invoices of other tests are none of this one's business.
        cls.parameters = cls.env["ir.config_parameter"].sudo()

    def _run(self):
        before = self.env["broker.commission.entry"].search_count([])
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()
        return self.env["broker.commission.entry"].search_count([]) - before

    def _miss(self, job, cost):
        """Change a cost behind the hooks' back."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET purchase_price = %s, write_date = now() AT TIME ZONE 'UTC' WHERE order_id = %s",
            (cost, job.id),
        )
        self.env.invalidate_all()

    def test_missed_change_is_made_good_once(self):
        job = self._create_job()
        self._pay(self._create_posted_invoice(job))
        self.assertEqual(self._run(), 0)
        self._miss(job, 6000)
        self.assertEqual(self._run(), 4)
        self.assertCommission(job, 280, 120)
        kinds = self.env["broker.commission.entry"].search([("order_id", "=", job.id)], limit=4).mapped("kind")
        self.assertEqual(set(kinds), {"sweep"})
        self.assertEqual(self._run(), 0)

    def test_one_broken_invoice_does_not_stop_the_night(self):
        jobs = self.env["sale.order"].union(*(self._create_job() for _ in range(3)))
        invoices = self.env["account.move"].union(*(self._create_posted_invoice(job) for job in jobs))
        for job in jobs:
            self._miss(job, 6000)
        Entry = self.env.registry["broker.commission.entry"]
        get_figures = Entry._get_figures

        def fail_on_the_second(entries, moves):
            if invoices[1] in moves:
                raise ValueError("broken")
            return get_figures(entries, moves)

        with (
            patch.object(Entry, "_get_figures", fail_on_the_second),
            self.assertLogs("odoo.addons.print_broker_crm", "ERROR") as log,
        ):
            self.assertEqual(self._run(), 4)
        self.assertIn(invoices[1].name, log.output[0])
        self.assertCommission(jobs[0] + jobs[2], 560, 240, "earned")

    def test_pass_goes_on_where_it_stopped(self):
        jobs = self.env["sale.order"].union(*(self._create_job() for _ in range(5)))
        invoices = self.env["account.move"].union(*(self._create_posted_invoice(job) for job in jobs))
        for job in jobs:
            self._miss(job, 6000)
        self.parameters.set_param(f"{_PARAMETER}_batch", "2")
        self.parameters.set_param(
            _PARAMETER,
            json.dumps({"since": "", "started": "2020-01-01 00:00:00", "position": invoices[1].id}),
        )
        self.assertEqual(self._run(), 6)
        self.assertCommission(jobs[:2], 420, 180, "earned")
        self.assertCommission(jobs[2:], 840, 360, "earned")
        self.assertEqual(json.loads(self.parameters.get_param(_PARAMETER)), {"since": "2020-01-01 00:00:00"})
        # The next pass covers the first two as well.
        self.assertEqual(self._run(), 4)
        self.assertCommission(jobs, 1400, 600, "earned")

    def test_batch_finds_what_changed_behind_the_hooks(self):
        """The invoice itself, a line of its job, or the job: each alone brings it up."""
        jobs = [self._create_job() for _number in range(4)]
        invoices = [self._create_posted_invoice(job) for job in jobs]
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_move SET write_date = '2000-01-01'")
        self.env.cr.execute("UPDATE sale_order_line SET write_date = '2000-01-01'")
        self.env.cr.execute("UPDATE sale_order SET write_date = '2000-01-01'")
        changes = (
            ("account_move", invoices[0]),
            ("sale_order_line", jobs[1].order_line),
            ("sale_order", jobs[2]),
        )
        for table, record in changes:
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2020-01-01' WHERE id = %s", SQL.identifier(table), record.id)
            )
        moves, _remaining = self.env["broker.commission.entry"]._get_sweep_batch("2019-01-01 00:00:00", 0, 10)
        self.assertEqual(moves.ids, [invoice.id for invoice in invoices[:3]])
        moves, remaining = self.env["broker.commission.entry"]._get_sweep_batch("2019-01-01 00:00:00", moves[0].id, 1)
        self.assertEqual((moves.ids, remaining), ([invoices[1].id], 1))
        moves, _remaining = self.env["broker.commission.entry"]._get_sweep_batch("", invoices[0].id - 1, 10)
        self.assertEqual(moves.ids, [invoice.id for invoice in invoices])

    def test_batch_leaves_out_what_did_not_change(self):
        job = self._create_job()
        self._create_posted_invoice(job)
        self.env.flush_all()
        Entry = self.env["broker.commission.entry"]
        moves, remaining = Entry._get_sweep_batch("2099-01-01 00:00:00", 0, 10)
        self.assertEqual((len(moves), remaining), (0, 0))

    def _count_queries(self, moves, prepare):
        prepare()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        entries = self.env["broker.commission.entry"]._settle(moves)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before, len(entries)

    def test_queries_do_not_grow(self):
        """Settling 20 invoices takes as many queries as settling 2: with entries to
        write, and without."""
        counts = {}
        for size in (2, 20):
            jobs = self.env["sale.order"].union(
                *(self._create_job(lines=[(self.box_product, 3000, 2000)]) for _ in range(size))
            )
            moves = self.env["account.move"].union(*(self._create_posted_invoice(job) for job in jobs))
            notes = self.env["account.move"].union(*(self._credit(move, post=False) for move in moves))
            notes.action_post()
            notes.line_ids.remove_move_reconcile()
            moves += notes

            def change(jobs=jobs):
                for job in jobs:
                    self._miss(job, 100)

            counts[size] = (
                self._count_queries(moves, change),
                self._count_queries(moves, lambda: None),
            )
        (few_written, few), (few_idle, none) = counts[2]
        (many_written, many), (many_idle, _none) = counts[20]
        self.assertEqual((few, many, none), (8, 80, 0))
        self.assertEqual(many_written, few_written)
        self.assertEqual(many_idle, few_idle)

    def test_other_documents_cost_one_look(self):
        """A vendor bill or a plain entry is not asked about in the database."""
        bill = self.init_invoice("in_invoice", products=self.product_a)
        self.env.flush_all()
        # The hooks' caller has it in the cache.
        self.assertEqual(bill.move_type, "in_invoice")
        with self.assertQueryCount(0):
            self.env["broker.commission.entry"]._settle(bill)
