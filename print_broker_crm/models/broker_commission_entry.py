from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerCommissionEntry(models.Model):
    """One row of the commission ledger, in one of two books.

    *Earned* is accrued when the invoice is posted; *released* is payable, as the
    customer's money comes in. There is one writer, `_settle`: it works out what should
    stand in the ledger for an invoice and appends the difference to what stands there.
    Rows are never changed or deleted, balances are always sums.
    """

    _name = "broker.commission.entry"
    _inherit = [
        "broker.commission.entry.append.mixin",
        "broker.commission.entry.batch.mixin",
        "broker.commission.entry.charge.mixin",
        "broker.commission.entry.writer.mixin",
        "broker.commission.entry.sweep.mixin",
        "broker.commission.entry.base.mixin",
        "broker.commission.entry.leaver.mixin",
        "broker.commission.entry.explanation.mixin",
    ]
    _description = "Commission Entry"
    _order = "date desc, id desc"
    _rec_name = "move_name"
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    book = fields.Selection([("earned", "Earned"), ("released", "Released")], required=True)
    kind = fields.Selection(
        [
            ("posting", "Invoice posted"),
            ("collection", "Money collected"),
            ("reversal", "Taken back"),
            ("refund", "Credit note"),
            ("cost", "Cost changed"),
            ("charge", "Cost charged"),
            ("handoff", "Handoff"),
            ("correction", "Assignment corrected"),
            ("rule", "Rule found later"),
            ("leaving", "Payee left"),
            ("sweep", "Nightly check"),
        ],
        string="Reason",
        required=True,
    )
    date = fields.Date(required=True)
    move_id = fields.Many2one("account.move", string="Invoice", index="btree_not_null", ondelete="set null")
    move_name = fields.Char(string="Invoice Number")
    order_id = fields.Many2one("sale.order", string="Job", required=True, index=True, ondelete="restrict")
    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="restrict")
    split_id = fields.Many2one("broker.commission.split", required=True, index=True, ondelete="restrict")
    plan_id = fields.Many2one("broker.commission.plan", required=True, index=True, ondelete="restrict")
    rule_id = fields.Many2one("broker.commission.rule", required=True, ondelete="restrict")
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        required=True,
    )
    origin = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["origin"]._description_selection(self.env),
    )
    user_id = fields.Many2one("res.users", string="Payee", index="btree_not_null", ondelete="restrict")
    assignment_id = fields.Many2one("broker.assignment", ondelete="restrict")
    base_amount = fields.Monetary(string="Base", help="Margin or revenue of the invoice under this rule.")
    rate = fields.Float(string="Rate (%)", digits=(5, 2), aggregator=None)
    share = fields.Float(string="Share (%)", digits=(5, 2), aggregator=None)
    paid_ratio = fields.Float(
        string="Released Part",
        digits=(7, 6),
        aggregator=None,
        help="The part of the invoice that was collected when this was written.",
    )
    amount = fields.Monetary(required=True)
    earned = fields.Monetary(compute="_compute_books", store=True, precompute=True)
    released = fields.Monetary(compute="_compute_books", store=True, precompute=True)
    held = fields.Monetary(
        compute="_compute_books",
        store=True,
        precompute=True,
        help="Earned and not released yet.",
    )
    statement_id = fields.Many2one(
        "broker.commission.statement",
        index="btree_not_null",
        ondelete="restrict",
        help="The confirmed statement that the entry stands on. Empty: it falls into the payee's open month.",
    )
    trace = fields.Text(help="The figures behind the amount, as written at the time.")
    explanation = fields.Text(compute="_compute_explanation")

    _company_book_idx = models.Index("(company_id, book, user_id)")
    _unassigned_idx = models.Index("(company_id, user_id, date) WHERE statement_id IS NULL AND book = 'released'")

    @api.depends("move_name", "role", "book")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = entry.move_name or self.env._("Commission")

    @api.depends("book", "amount")
    def _compute_books(self):
        for entry in self:
            entry.update(self._get_books(entry.book, entry.amount))

    @api.depends("trace", "amount", "base_amount", "rate", "share", "paid_ratio")
    def _compute_explanation(self):
        for entry in self:
            entry.explanation = "\n".join(entry._get_explanation_lines())

    # CRUD

    def write(self, vals):
        """Refuse every change: a correction is a new row.

        The statement alone is put on a row once, past this method, when the statement
        is confirmed; see `broker.commission.statement._claim`.
        """
        if self:
            raise UserError(
                self.env._(
                    "The commission ledger is not edited. A correction is a new entry, "
                    "written when the invoice, its payment or its cost changes."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Commission entries are never deleted."))

    def copy_data(self, default=None):
        raise UserError(self.env._("Commission entries are not copied."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Commission entries are not imported: they come from posted invoices."))

    # ACTIONS

    def action_view_invoice(self):
        """Open the invoice that the entry settles."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_dispute(self):
        """Raise a dispute about the entry."""
        self.ensure_one()
        return self.env["broker.commission.dispute"]._get_new_action(entry=self, statement=self.statement_id)

    @api.model
    def _get_books(self, book, amount):
        """Return what an amount in a book is in the columns that are summed up.

        :param book: 'earned' or 'released'
        :param amount: in the company's currency
        """
        earned = amount if book == "earned" else 0.0
        released = amount if book == "released" else 0.0
        return {"earned": earned, "released": released, "held": earned - released}

    # FIGURES

    @api.model
    def _get_summary(self, company):
        """Sum up a company's ledger per person and origin.

        :return: list of dicts of `user` (`res.users`, empty for shares without a
            payee), `origin`, `earned`, `released` and `held` (earned and not yet
            released) in the company's currency, by name
        """
        sums = defaultdict(lambda: {"earned": 0.0, "released": 0.0})
        for user, origin, book, amount in self._read_group(
            Domain("company_id", "=", company.id),
            ["user_id", "origin", "book"],
            ["amount:sum"],
        ):
            sums[user, origin][book] += amount
        return [
            {
                "user": user,
                "origin": origin,
                **books,
                "held": company.currency_id.round(books["earned"] - books["released"]),
            }
            for (user, origin), books in sorted(
                sums.items(), key=lambda item: (item[0][0].name or "", item[0][1] or "")
            )
        ]

    @api.model
    def _count_by_move(self, moves):
        """Return {invoice id: number of entries}."""
        return {
            move.id: count
            for move, count in self._read_group(Domain("move_id", "in", moves.ids), ["move_id"], ["__count"])
        }

    @api.model
    def _get_move_action(self, moves):
        """Return the action that shows the entries of some invoices."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [("move_id", "in", moves.ids)]
        return action
