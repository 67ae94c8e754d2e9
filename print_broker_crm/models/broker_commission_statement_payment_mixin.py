from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain


class BrokerCommissionStatementPaymentMixin(models.AbstractModel):
    """What becomes of a confirmed balance: it is paid, or carried to the next statement.

    Paying is a mark with a date, or makes a draft document for accounting as well: a
    vendor bill of the payee, or a journal entry. Once a later statement was confirmed,
    the balance stands there and is paid there.
    """

    _name = "broker.commission.statement.payment.mixin"
    _description = "Commission Statement: Payment"

    currency_id = fields.Many2one("res.currency")
    paid_amount = fields.Monetary(string="Paid", readonly=True, copy=False)
    paid_on = fields.Date(readonly=True, copy=False)
    payment_reference = fields.Char(readonly=True, copy=False)
    move_id = fields.Many2one(
        "account.move",
        string="Payment Document",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="account.group_account_readonly,account.group_account_invoice",
        help="The vendor bill or journal entry that paying has made.",
    )
    document_state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled")],
        string="Document Status",
        compute="_compute_document_state",
        compute_sudo=True,
    )
    carried_to_id = fields.Many2one(
        "broker.commission.statement",
        string="Carried to",
        compute="_compute_carried_to_id",
        compute_sudo=True,
        help="A later statement was confirmed: what was not paid of this one stands there.",
    )

    is_carried = fields.Boolean(
        string="Carried On",
        readonly=True,
        copy=False,
        help="The balance stands on a later confirmed statement, and is paid there.",
    )

    @api.depends("move_id.state")
    def _compute_document_state(self):
        for statement in self:
            statement.document_state = statement.move_id.state

    @api.depends("state")
    def _compute_carried_to_id(self):
        later = {}
        for statement in self._get_person_statements().filtered(lambda s: s.state != "open").sorted("date_to"):
            later.setdefault((statement.company_id, statement.user_id), []).append(statement)
        for statement in self:
            statement.carried_to_id = statement.state != "open" and next(
                (
                    other
                    for other in later.get((statement.company_id, statement.user_id), [])
                    if other.date_from > statement.date_to
                ),
                False,
            )

    # ACTIONS

    def action_pay(self):
        """Ask for the day and the reference of a payment."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pay Commission"),
            "res_model": "broker.commission.statement.payment",
            "view_mode": "form",
            "target": "new",
            "context": {"default_statement_ids": self.ids},
        }

    def action_take_back_payment(self):
        """Say that a payment did not happen: the balance is to be paid again.

        :raises AccessError: for anybody but a manager
        :raises UserError: where a document stands, or the balance was carried on
        """
        self._check_manager()
        statements = self.sudo()
        statements._lock()
        for statement in statements:
            if statement.state != "paid":
                raise UserError(self.env._("%(statement)s is not marked as paid.", statement=statement.display_name))
            statement._check_not_carried()
            if statement.document_state:
                raise UserError(
                    self.env._(
                        "Cancel %(document)s first: it says that %(statement)s is paid.",
                        document=statement.move_id.display_name,
                        statement=statement.display_name,
                    )
                )
        statements._write_step(
            {"state": "confirmed", "paid_amount": 0.0, "paid_on": False, "payment_reference": False, "move_id": False}
        )
        return True

    def action_view_document(self):
        """Open the vendor bill or journal entry of the payment."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    # BUSINESS

    def _pay(self, date, reference="", amount=None):
        """Mark statements as paid, and make the document that the company wishes.

        :param date: the day of the payment
        :param reference: what the bank or the cash book calls it
        :param amount: of a single statement, where less than the balance is paid; the
            rest is carried to the next statement
        """
        self._lock()
        for statement in self:
            statement._check_payable()
            paid = statement.payable_amount if amount is None else statement.currency_id.round(amount)
            if not 0 < paid <= statement.payable_amount:
                raise UserError(
                    self.env._(
                        "Of %(statement)s there are %(amount)s to pay: enter that, or less.",
                        statement=statement.display_name,
                        amount=statement.currency_id.format(statement.payable_amount),
                    )
                )
            move = statement._create_document(date, paid)
            statement._write_step(
                {
                    "state": "paid",
                    "paid_amount": paid,
                    "paid_on": date,
                    "payment_reference": reference,
                    "move_id": move.id,
                }
            )

    def _check_payable(self):
        self.ensure_one()
        if self.state == "paid":
            raise UserError(self.env._("%(statement)s is paid already.", statement=self.display_name))
        if self.state != "confirmed":
            raise UserError(self.env._("Confirm %(statement)s before paying it.", statement=self.display_name))
        self._check_not_carried()
        if not self.payable_amount:
            raise UserError(
                self.env._(
                    "There is nothing to pay on %(statement)s: its balance is carried to the next one.",
                    statement=self.display_name,
                )
            )

    def _check_not_carried(self):
        if self.carried_to_id:
            raise UserError(
                self.env._(
                    "The balance of %(statement)s was carried to %(later)s. Pay it there.",
                    statement=self.display_name,
                    later=self.carried_to_id.display_name,
                )
            )

    def _mark_carried(self):
        """Say on the statements before these that their balances stand here now."""
        earlier = self._get_person_statements().filtered(
            lambda statement: not statement.is_carried and (statement.state != "open" or statement in self)
        )
        last = {}
        for statement in (earlier | self).sorted("date_to"):
            last[statement.company_id, statement.user_id] = statement
        (earlier - self.browse().union(*last.values()))._write_step({"is_carried": True})

    def _get_unpaid_balance(self):
        return self.company_id.currency_id.round(super()._get_unpaid_balance() - self.paid_amount)

    # DOCUMENTS

    @api.model
    def _follow_documents(self, moves):
        """Let payments be what accounting made of their documents.

        A bill that was changed has paid another amount; one that was cancelled or
        reversed has paid nothing. A draft says nothing yet. Where the balance was
        carried on already, the difference falls into the open month.

        :param moves: `account.move` records that were posted or cancelled, of any kind
        """
        documents = moves.filtered(self._can_be_document)
        documents |= documents.reversed_entry_id
        if not documents:
            return
        statements = self.sudo().search(Domain("move_id", "in", documents.ids))
        for statement in statements.filtered(lambda statement: statement.move_id.state != "draft"):
            paid = statement._get_document_amount()
            change = statement.currency_id.round(paid - statement.paid_amount)
            if not change:
                continue
            if statement.carried_to_id:
                statement._carry_change(change)
            statement._write_step(
                {
                    "state": "paid" if paid else "confirmed",
                    "paid_amount": paid,
                    "paid_on": statement.paid_on or statement.move_id.date if paid else False,
                }
            )
            statement.message_post(
                body=self.env._(
                    "%(document)s says that %(paid)s were paid, %(change)s more than before.",
                    document=statement.move_id.display_name,
                    paid=statement.currency_id.format(paid),
                    change=statement.currency_id.format(change),
                )
                if change > 0
                else self.env._(
                    "%(document)s says that %(paid)s were paid, %(change)s less than before.",
                    document=statement.move_id.display_name,
                    paid=statement.currency_id.format(paid),
                    change=statement.currency_id.format(-change),
                )
            )

    @api.model
    def _can_be_document(self, move):
        """Tell whether a move is of a kind that pays commission, at the price of no query
        for customers' invoices and payments."""
        if move.move_type == "entry":
            return not move.origin_payment_id and not move.statement_line_id
        return move.move_type in ("in_invoice", "in_refund")

    def _get_document_amount(self):
        """Return what the document of a payment and its reversals pay, without taxes."""
        self.ensure_one()
        document = self.move_id
        if document.state != "posted":
            return 0.0
        reversals = document.reversal_move_ids.filtered(lambda move: move.state == "posted")
        amount = self._get_untaxed(document) - sum(self._get_untaxed(move) for move in reversals)
        return max(self.currency_id.round(amount), 0.0)

    @api.model
    def _get_untaxed(self, move):
        """Return the amount of a bill or entry in the company's currency, without its sign."""
        return abs(move.amount_total_signed if move.move_type == "entry" else move.amount_untaxed_signed)

    def _carry_change(self, change):
        """Put what a payment changed after the balance was carried on into the open month.

        :param change: how much more was paid
        """
        self.ensure_one()
        self.env["broker.commission.adjustment"].sudo()._append(
            [
                {
                    "company_id": self.company_id.id,
                    "user_id": self.user_id.id,
                    "kind": "adjustment",
                    "amount": -change,
                    "date": self.company_id._get_broker_today(),
                    "reason": self.env._(
                        "The payment of %(statement)s changed: %(document)s",
                        statement=self.display_name,
                        document=self.move_id.display_name,
                    ),
                }
            ]
        )

    def _create_document(self, date, amount):
        """Return the draft document that accounting checks and posts, or none."""
        company = self.company_id
        Move = self.env["account.move"].sudo().with_company(company)
        if company.broker_statement_payment == "mark":
            return Move
        company._check_broker_statement_accounts()
        vals = {
            "company_id": company.id,
            "journal_id": company.broker_statement_journal_id.id,
            "partner_id": self.user_id.partner_id.id,
            "ref": self.display_name,
        }
        if company.broker_statement_payment == "bill":
            line = {
                "name": self.env._("Commission %(period)s", period=self._get_period_name()),
                "account_id": company.broker_statement_expense_account_id.id,
                "quantity": 1.0,
                "price_unit": amount,
                "tax_ids": [Command.clear()],
            }
            return Move.create(
                {
                    **vals,
                    "move_type": "in_invoice",
                    "invoice_date": date,
                    "currency_id": company.currency_id.id,
                    "invoice_line_ids": [Command.create(line)],
                }
            )
        return Move.create(
            {
                **vals,
                "move_type": "entry",
                "date": date,
                "line_ids": [
                    Command.create(
                        {
                            "name": self.display_name,
                            "partner_id": self.user_id.partner_id.id,
                            "account_id": account.id,
                            "balance": balance,
                        }
                    )
                    for account, balance in (
                        (company.broker_statement_expense_account_id, amount),
                        (company.broker_statement_payable_account_id, -amount),
                    )
                ],
            }
        )
