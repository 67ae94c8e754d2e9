import random

from odoo.tests import Form, tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionProperty(BrokerAccountCommon):
    """Whatever happens, in whatever order: the ledger says what the documents say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a packet must hold is the relay room's matter.
        cls.env["broker.handoff.requirement"].search([]).active = False
        cls.today = cls.company._get_broker_today()

    # What should stand in the ledger, worked out from the documents alone

    def _check(self, job, trail):
        """Σ entries = target, Σ shares = pool, and settling again writes nothing."""
        Entry = self.env["broker.commission.entry"]
        currency = self.company.currency_id
        moves = job.order_line.invoice_lines.move_id
        posted = moves.filtered(lambda move: move.state == "posted")
        self.assertFalse(Entry._settle_orders(job), trail)
        charges = self.env["broker.commission.charge"].search(
            [("order_id", "=", job.id), ("state", "=", "posted")], order="id"
        )
        expected = {}
        for move in moves:
            pool = released = 0.0
            if move in posted:
                pool = self._get_pool(job, move, posted, charges)
                parts = [
                    self._get_part(document, posted)
                    for document in move | move.reversed_entry_id
                    if document.state == "posted"
                ]
                released = currency.round(pool * max(parts))
            for book, amount in (("earned", pool), ("released", released)):
                self._share_out(expected, job, move, book, amount)
        for charge in charges.filtered("role"):
            payee = self._get_splits(job).filtered(lambda split, charge=charge: split.role == charge.role).user_id
            for book in ("earned", "released"):
                expected[charge, payee, book] = expected.get((charge, payee, book), 0.0) - charge.amount
        ledger = {
            (charge or move, user, book): amount
            for charge, move, user, book, amount in Entry._read_group(
                [("order_id", "=", job.id)], ["charge_id", "move_id", "user_id", "book"], ["amount:sum"]
            )
        }
        for key in expected.keys() | ledger.keys():
            self.assertAlmostEqual(ledger.get(key, 0.0), expected.get(key, 0.0), 6, (key, trail))

    def _get_splits(self, job):
        """Return the splits under the rule that the job's line is under now."""
        rule = job.sudo().order_line.filtered("product_id").broker_commission_rule_id
        return self.env["broker.commission.split"].search(
            [("order_id", "=", job.id), ("rule_id", "=", rule.id)], order="id"
        )

    def _share_out(self, expected, job, move, book, pool):
        currency = self.company.currency_id
        rest = pool
        splits = self._get_splits(job)
        is_handed = job.broker_handoff_id and job.broker_handoff_id.state != "accepted"
        for split in splits:
            amount = rest if split == splits[-1] else currency.round(pool * split.percent / 100)
            rest -= amount
            if split.role == "service" and book == "released" and is_handed:
                amount = 0.0
            key = (move, split.user_id, book)
            expected[key] = expected.get(key, 0.0) + amount

    def _get_pool(self, job, move, posted, charges):
        line = move.invoice_line_ids
        sign = 1 if move.move_type == "out_invoice" else -1
        # Credited below the invoice's price: an allowance, the cost stays.
        is_allowance = sign < 0 and line.price_unit < move.reversed_entry_id.invoice_line_ids.price_unit
        cost = 0.0 if is_allowance else sign * line.quantity * job.order_line.purchase_price
        if sign > 0:
            invoices = posted.filtered(lambda other: other.move_type == "out_invoice")
            is_open = job.invoice_status not in ("invoiced", "upselling") or (
                "draft" in job.order_line.invoice_lines.move_id.mapped("state")
            )
            whole = max(sum(invoices.mapped("amount_untaxed")), job.amount_untaxed if is_open else 0)
            cost += sum(charges.filtered(lambda charge: not charge.role).mapped("amount")) * move.amount_untaxed / whole
        return self.company.currency_id.round(self.company.currency_id.round(sign * line.price_subtotal - cost) * 0.1)

    def _get_part(self, move, posted):
        """Return the part of a document that was collected or given back."""
        term = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if move.move_type == "out_refund":
            return sum(
                part.amount * self._get_part(part.debit_move_id.move_id, posted)
                for part in term.matched_debit_ids
                if part.debit_move_id.move_id in posted
            ) / (move.amount_total or 1)
        money = sum(
            part.amount
            for part in term.matched_credit_ids
            if part.credit_move_id.move_id.origin_payment_id and part.credit_move_id.parent_state == "posted"
        )
        notes = sum(part.amount for part in term.matched_credit_ids if part.credit_move_id.move_id in posted)
        due = move.amount_total - notes
        return money / due if abs(due) > 0.001 else 1

    # What can happen

    def _get_events(self, job, dice):
        """Return what can happen to the job now, by name."""
        moves = job.order_line.invoice_lines.move_id
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        posted = moves.filtered(lambda move: move.state == "posted")
        unpaid = (posted & invoices).filtered("amount_residual")
        matched = posted.filtered(lambda move: move.line_ids._reconciled_lines() != move.line_ids.ids)
        drafts = moves.filtered(lambda move: move.state == "draft")
        charges = self.env["broker.commission.charge"].search([("order_id", "=", job.id), ("reversed_id", "=", False)])
        standing = charges.filtered(lambda charge: not charge.is_reversed)
        events = {
            "settle twice": lambda: self.env["broker.commission.entry"]._settle(moves + moves),
            "cost": lambda: self._change_cost(job, dice.randrange(1, 12)),
            "charge": lambda: self._charge(job, dice),
            "correct": lambda: self._correct(dice),
        }
        if unpaid:
            invoice = dice.choice(unpaid)
            part = self.company.currency_id.round(invoice.amount_residual * dice.choice((0.013, 0.4, 1)))
            events["pay"] = lambda: self._pay(invoice, part)
            events["forgive"] = lambda: self._forgive(invoice, part)
        if matched:
            events["unmatch"] = lambda: dice.choice(matched).line_ids.remove_move_reconcile()
        if posted:
            events["reset"] = lambda: dice.choice(posted).button_draft()
        payments = matched.line_ids.matched_credit_ids.credit_move_id.move_id.origin_payment_id
        if payments:
            payment = dice.choice(payments)
            if payment.move_id.state == "posted":
                events["reset payment"] = payment.action_draft
            else:
                events["post payment"] = payment.action_post
        if drafts:
            events["cancel"] = lambda: dice.choice(drafts).button_cancel()
            events["post"] = lambda: self._post(dice.choice(drafts), dice)
        if posted & invoices and len(moves) < 6:
            events["credit"] = lambda: self._credit_some(dice.choice(posted & invoices), dice)
        if standing:
            events["take back"] = lambda: dice.choice(standing).action_reverse()
        if job.broker_handoff_id.state == "draft":
            events["accept"] = lambda: self._accept(job.broker_handoff_id)
        return events

    def _change_cost(self, job, cost):
        job.order_line.purchase_price = cost
        self.env["broker.commission.entry"]._settle_orders(job, "cost")

    def _charge(self, job, dice):
        roles = [False, *self._get_splits(job).mapped("role")]
        self.env["broker.commission.charge"].create(
            {
                "order_id": job.id,
                "role": dice.choice(roles),
                "amount": dice.choice((0.01, 7.77, 120)),
                "reason": "Freight",
            }
        ).action_post()

    def _correct(self, dice):
        wizard = self.env["broker.assignment.correction"].with_context(
            active_model="broker.customer", active_id=self.customer.id
        )
        with Form(wizard) as form:
            form.reason = "Wrong from the start"
            form.date_from = self.today
            form.user_id = dice.choice((self.sales_wang, self.sales_zhao))
            form.origin = dice.choice(("developed", "inherited"))
        form.record.action_correct()

    def _forgive(self, invoice, amount):
        """Write a part of an invoice off, without money."""
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    (0, 0, {"account_id": self.company_data["default_account_expense"].id, "debit": amount}),
                    (0, 0, {"account_id": receivable.id, "credit": amount, "partner_id": invoice.partner_id.id}),
                ],
            }
        )
        entry.action_post()
        (entry + invoice).line_ids.filtered(
            lambda line: line.account_id == receivable and not line.reconciled
        ).reconcile()

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

    def _open_handoff(self, job):
        job.sudo().broker_handoff_id = (
            self.env["broker.handoff"]
            .sudo()
            .create(
                {
                    "customer_id": self.customer.id,
                    "company_id": self.company.id,
                    "sender_id": self.sales_wang.id,
                    "receiver_id": self.service_lin.id,
                }
            )
        )

    def _accept(self, handoff):
        handoff.with_user(self.manager_qian).action_submit()
        handoff.with_user(self.service_lin).action_accept()

    def test_any_order_of_events(self):
        for seed in range(5):
            dice = random.Random(seed)
            job = self._create_job(price=10, cost=7, quantity=333)
            if seed % 2:
                self._open_handoff(job)
            self._create_posted_invoice(job)
            trail = [f"seed {seed}"]
            self._check(job, trail)
            for _step in range(25):
                events = self._get_events(job, dice)
                name = dice.choice(sorted(events))
                trail.append(name)
                events[name]()
                self._check(job, trail)
