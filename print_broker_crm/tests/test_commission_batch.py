from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionBatch(BrokerAccountCommon):
    """Many invoices in one action are settled once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoices = cls.env["account.move"].union(
            *(cls._create_job(10000.0, 7000.0)._create_invoices() for _number in range(3))
        )
        cls.invoices.action_post()
        cls.Entry = cls.env["broker.commission.entry"]

    def _count_settled(self):
        """Count how often the writer sets to work; returns the mock's patcher."""
        model = type(self.Entry)
        return patch.object(model, "_lock_moves", autospec=True, side_effect=model._lock_moves)

    def _pay_all(self):
        return (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=self.invoices.ids)
            .create({"group_payment": False})
            ._create_payments()
        )

    def _get_released(self):
        entries = self.Entry.search([("move_id", "in", self.invoices.ids), ("book", "=", "released")])
        return {move: sum(rows.mapped("amount")) for move, rows in entries.grouped("move_id").items()}

    def test_payments_of_many_invoices_are_settled_once(self):
        with self._count_settled() as settled:
            self._pay_all()
        self.assertEqual(settled.call_count, 1)
        # 10 % of a margin of 3,000 each, all of it collected.
        self.assertEqual(self._get_released(), dict.fromkeys(self.invoices, 300.0))
        self.assertEqual(
            set(self.Entry.search([("move_id", "in", self.invoices.ids), ("book", "=", "released")]).mapped("kind")),
            {"collection"},
        )

    def test_failed_action_settles_nothing_and_leaves_the_next_alone(self):
        with (
            self.assertRaises(ZeroDivisionError),
            self.env.cr.savepoint(),
            self.Entry._settling_together(),
        ):
            self._pay_all()
            raise ZeroDivisionError
        self.assertFalse(self._get_released())
        self._pay_all()
        self.assertEqual(sum(self._get_released().values()), 900.0)

    def test_inner_block_waits_for_the_outer(self):
        with self._count_settled() as settled, self.Entry._settling_together():
            self._pay_all()
            self.assertFalse(settled.call_count)
        self.assertEqual(settled.call_count, 1)
        self.assertEqual(sum(self._get_released().values()), 900.0)

    def test_invoice_deleted_within_the_block(self):
        """Deleted is settled at once: afterwards nothing tells what it was."""
        invoice = self.invoices[:1]
        with self.Entry._settling_together():
            invoice.button_draft()
            invoice.with_context(force_delete=True).unlink()
        entries = self.Entry.search(
            [("order_id", "not in", (self.invoices - invoice).line_ids.sale_line_ids.order_id.ids)]
        )
        self.assertEqual(sum(entries.mapped("amount")), 0.0)
        self.assertTrue(entries)

    def test_flush_on_the_way_loses_nothing(self):
        """As a savepoint or a commit does: it empties what is kept with the transaction."""
        with self.Entry._settling_together():
            self._pay_all()
            self.env.cr.precommit.add(lambda: None)
            self.env.cr.flush()
        self.assertEqual(sum(self._get_released().values()), 900.0)
