from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

# What a manager writes; the other kinds come from instalments and decided disputes.
_MANUAL_KINDS = ("adjustment", "draw", "advance")
_CREATE_FIELDS = {"company_id", "user_id", "date", "kind", "amount", "reason", "entry_id"}


class BrokerCommissionAdjustment(models.Model):
    """What a manager adds to or takes from somebody's balance, with a reason.

    The ledger has one writer, and its rows come from invoices alone. What people decide
    stands beside it: adjustments, draws and advances that were paid ahead, instalments
    of a clawback, decided disputes. Append-only as the ledger is: a mistake is put
    right by another row.
    """

    _name = "broker.commission.adjustment"
    _description = "Commission Adjustment"
    _order = "date desc, id desc"
    _rec_name = "reason"
    _check_company_auto = True
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="restrict", default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        string="Payee",
        required=True,
        ondelete="restrict",
        index=True,
        context={"active_test": False},
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._get_broker_today(),
        help="It falls into the statement of this day; where that is confirmed already, into the next one.",
    )
    due_date = fields.Date(
        string="Falls Due",
        compute="_compute_due_date",
        compute_sudo=True,
        help="Instalments of somebody who leaves fall due on the last day, where the settings say so.",
    )
    kind = fields.Selection(
        [
            ("adjustment", "Adjustment"),
            ("draw", "Draw"),
            ("advance", "Advance"),
            ("deferral", "Spread over instalments"),
            ("instalment", "Instalment"),
            ("dispute", "Decided dispute"),
        ],
        required=True,
        default="adjustment",
        help="A draw or an advance was paid ahead and is deducted, so its amount is negative.",
    )
    amount = fields.Monetary(required=True, help="What it does to the balance: negative amounts are deducted.")
    reason = fields.Char(required=True, help="Why; the payee reads it.")
    entry_id = fields.Many2one(
        "broker.commission.entry", string="Concerns Entry", index="btree_not_null", ondelete="restrict"
    )
    parent_id = fields.Many2one(
        "broker.commission.adjustment",
        string="Instalment of",
        index="btree_not_null",
        ondelete="restrict",
    )
    dispute_id = fields.Many2one(
        "broker.commission.dispute",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The dispute that was decided in the payee's favour.",
    )
    statement_id = fields.Many2one(
        "broker.commission.statement",
        index="btree_not_null",
        ondelete="restrict",
        help="The confirmed statement that it stands on. Empty: it falls into an open month.",
    )

    _unassigned_idx = models.Index("(company_id, user_id, date) WHERE statement_id IS NULL")
    _amount_not_zero = models.Constraint("CHECK (amount <> 0)", "An adjustment of nothing changes nothing.")
    _paid_ahead_negative = models.Constraint(
        "CHECK (kind NOT IN ('draw', 'advance') OR amount < 0)",
        "A draw or an advance was paid ahead and is deducted: enter its amount with a minus.",
    )

    @api.depends("date", "kind", "user_id", "company_id")
    def _compute_due_date(self):
        days = self._get_due_days()
        for row in self:
            row.due_date = days.get(row._origin.id, row.date)

    @api.constrains("entry_id", "user_id", "company_id")
    def _check_entry(self):
        for row in self:
            entry = row.entry_id.sudo()
            if entry and (entry.user_id != row.user_id or entry.company_id != row.company_id):
                raise ValidationError(
                    self.env._(
                        "The entry %(entry)s is not one of %(person)s in this company.",
                        entry=entry.display_name,
                        person=row.user_id.name,
                    )
                )

    # ACTIONS

    def action_dispute(self):
        """Raise a dispute about the row."""
        self.ensure_one()
        return self.env["broker.commission.dispute"]._get_new_action(adjustment=self, statement=self.statement_id)

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Let managers adjust balances; what else stands here our own code appends."""
        defaults = self.default_get(["kind"])
        for vals in vals_list:
            kind = vals.get("kind", defaults.get("kind"))
            if kind not in _MANUAL_KINDS or any(vals[name] for name in set(vals) - _CREATE_FIELDS):
                raise UserError(
                    self.env._(
                        "By hand there are adjustments, draws and advances. Instalments come from a statement, "
                        "corrections from a decided dispute."
                    )
                )
        self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - _CREATE_FIELDS)
        return super().create(vals_list)

    def _append(self, vals_list):
        """Write rows of any kind; not to be had by RPC."""
        past_the_guard = super()
        return past_the_guard.create(vals_list)

    def write(self, vals):
        """Refuse every change: a correction is a new row."""
        if self:
            raise UserError(self.env._("Adjustments are not edited. Put a mistake right by another adjustment."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Adjustments are never deleted. Put a mistake right by another adjustment."))

    def copy_data(self, default=None):
        raise UserError(self.env._("Adjustments are not copied: each has its own reason."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Adjustments are not imported: each has its own reason."))

    # BUSINESS

    def _get_due_days(self):
        """Return {id: the day on which a row falls due}, in one query."""
        if not self.ids:
            return {}
        rows = self._flush_for_due_days().env.execute_query(
            SQL(
                "SELECT id, %s FROM broker_commission_adjustment adjustment WHERE id IN %s",
                self._get_due_sql(),
                tuple(self.ids),
            )
        )
        return dict(rows)

    @api.model
    def _flush_for_due_days(self):
        """Let queries see what days depend on; return the model."""
        self.flush_model()
        self.env["broker.staff.change"].flush_model(
            ["company_id", "is_archived_first", "last_day", "mode", "state", "user_id"]
        )
        self.env["res.company"].flush_model(["broker_instalments_due_on_leaving"])
        return self

    @api.model
    def _get_due_sql(self):
        """Return the day on which a row named `adjustment` falls due, as SQL.

        Its own day. What somebody still has to give back when they leave is due on their
        last day, because no statement may come after it: instalments that were agreed
        on before that day, or before anybody knew of it. Nothing is rewritten, so that a
        leaving that is cancelled leaves no trace.
        """
        return SQL(
            """
            LEAST(
                adjustment.date,
                (
                    SELECT MIN(change.last_day)
                      FROM broker_staff_change change
                      JOIN res_company company
                        ON company.id = change.company_id AND company.broker_instalments_due_on_leaving
                      JOIN broker_commission_adjustment deferral ON deferral.id = adjustment.parent_id
                     WHERE adjustment.kind = 'instalment'
                       AND change.mode = 'leaving'
                       AND change.user_id = adjustment.user_id
                       AND change.company_id = adjustment.company_id
                       AND (
                            change.state IN ('confirmed', 'done')
                            OR change.state <> 'cancelled' AND change.is_archived_first
                           )
                       AND (change.last_day >= deferral.date OR change.create_date > deferral.create_date)
                )
            )
            """
        )

    @api.model
    def _sum_due(self, users, company):
        """Return {user id: sum of what is due by today and stands on no statement}."""
        rows = self._flush_for_due_days().env.execute_query(
            SQL(
                """
                SELECT user_id, SUM(amount)
                  FROM broker_commission_adjustment adjustment
                 WHERE company_id = %(company)s AND user_id IN %(users)s AND statement_id IS NULL
                   AND %(due)s <= %(today)s
              GROUP BY user_id
                """,
                company=company.id,
                users=tuple(users.ids),
                due=self._get_due_sql(),
                today=company._get_broker_today(),
            )
        )
        return {user_id: float(amount) for user_id, amount in rows}

    @api.model
    def _find_owing(self, user, companies):
        """Return those of some companies to which somebody still gives back instalments
        that do not fall due before they are."""
        rows = self.sudo().search(
            Domain("user_id", "=", user.id)
            & Domain("company_id", "in", companies.filtered("broker_instalments_due_on_leaving").ids)
            & Domain("kind", "=", "instalment")
            & Domain("statement_id", "=", False)
        )
        return rows.filtered(lambda row: row.due_date > row.company_id._get_broker_today()).company_id
