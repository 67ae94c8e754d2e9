import random

from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionProperty(BrokerAccountCommon):
    """Whatever happens, in whatever order: the ledger says what the invoices say."""

    def _check(self, job, trail):
        """Work out pool and released part anew, from the documents alone."""
        Entry = self.env["broker.commission.entry"]
        currency = self.company.currency_id
        moves = job.order_line.invoice_lines.move_id
        posted = moves.filtered(lambda move: move.state == "posted")
        self.assertFalse(Entry._settle(moves), trail)
        cost = job.order_line.purchase_price
        for move in moves:
            pool = released = 0.0
            if move.state == "posted":
                line = move.invoice_line_ids
                sign = 1 if move.move_type == "out_invoice" else -1
                # Credited below the invoice's price: an allowance, the cost stays.
                is_allowance = sign < 0 and line.price_unit < move.reversed_entry_id.invoice_line_ids.price_unit
                taken_cost = 0.0 if is_allowance else line.quantity * cost
                pool = currency.round(sign * (line.price_subtotal - taken_cost) * 0.1)
                parts = [
                    self._get_part(document, posted)
                    for document in move | move.reversed_entry_id
                    if document.state == "posted"
                ]
                released = currency.round(pool * max(parts))
            sums = {
                book: amount
                for book, amount in Entry._read_group([("move_id", "=", move.id)], ["book"], ["amount:sum"])
            }
            self.assertAlmostEqual(sums.get("earned", 0.0), pool, 6, trail)
            self.assertAlmostEqual(sums.get("released", 0.0), released, 6, trail)

    def _get_part(self, move, posted):
        """Return the part of a document that was collected or given back."""
        term = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if move.move_type == "out_refund":
            return sum(
                part.amount * self._get_part(part.debit_move_id.move_id, posted)
                if part.debit_move_id.move_id in posted
                else part.amount
                for part in term.matched_debit_ids
            ) / (move.amount_total or 1)
        money = sum(part.amount for part in term.matched_credit_ids if part.credit_move_id.move_id.origin_payment_id)
        notes = sum(part.amount for part in term.matched_credit_ids if part.credit_move_id.move_id in posted)
        due = move.amount_total - notes
        return money / due if abs(due) > 0.001 else 1

    def _get_events(self, job, dice):
        """Return what can happen to the job now, by name."""
        moves = job.order_line.invoice_lines.move_id
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        posted = moves.filtered(lambda move: move.state == "posted")
        unpaid = (posted & invoices).filtered("amount_residual")
        matched = posted.filtered(lambda move: move.line_ids._reconciled_lines() != move.line_ids.ids)
        drafts = moves.filtered(lambda move: move.state == "draft")
        events = {
            "settle twice": lambda: self.env["broker.commission.entry"]._settle(moves + moves),
            "cost": lambda: self._change_cost(job, dice.randrange(1, 12)),
        }
        if unpaid:
            invoice = dice.choice(unpaid)
            part = self.company.currency_id.round(invoice.amount_residual * dice.choice((0.013, 0.4, 1)))
            events["pay"] = lambda: self._pay(invoice, part)
        if matched:
            events["unmatch"] = lambda: dice.choice(matched).line_ids.remove_move_reconcile()
        if posted:
            events["reset"] = lambda: dice.choice(posted).button_draft()
        if drafts:
            events["cancel"] = lambda: dice.choice(drafts).button_cancel()
            events["post"] = lambda: self._post(dice.choice(drafts), dice)
        if posted & invoices and len(moves) < 6:
            events["credit"] = lambda: self._credit_some(dice.choice(posted & invoices), dice)
        return events

    def _change_cost(self, job, cost):
        job.order_line.purchase_price = cost
        self.env["broker.commission.entry"]._settle_orders(job, "cost")

    def _post(self, move, dice):
        if move.move_type == "out_invoice":
            move.invoice_line_ids.price_unit = dice.randrange(5, 15)
        else:
            move.invoice_line_ids.price_unit = move.reversed_entry_id.invoice_line_ids.price_unit
        move.action_post()

    def _credit_some(self, invoice, dice):
        note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        note.invoice_line_ids.quantity = dice.choice((1, 17, 333))
        note.action_post()

    def test_any_order_of_events(self):
        for seed in range(4):
            dice = random.Random(seed)
            job = self._create_job(price=10, cost=7, quantity=333)
            self._create_posted_invoice(job)
            trail = [f"seed {seed}"]
            self._check(job, trail)
            for _step in range(25):
                events = self._get_events(job, dice)
                name = dice.choice(sorted(events))
                trail.append(name)
                events[name]()
                self._check(job, trail)
