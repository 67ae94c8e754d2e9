import json

from babel.dates import format_skeleton

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_date, get_lang
from odoo.tools.misc import babel_locale_parse

_MANAGER_GROUP = "print_broker_crm.group_manager"
# What a manager says about a statement, as long as it is open.
_OPEN_FIELDS = {"company_id", "user_id", "date_from", "date_to", "note"}


class BrokerCommissionStatement(models.Model):
    """What one person gets for one period, in one company.

    An open statement is a look at the ledger: the payee's released entries and
    adjustments that stand on no statement yet, up to the end of the period. Confirming
    it takes them: they get its number, its figures are written down with a checksum,
    and nothing of it changes any more. What happens to the same invoices later falls
    into the next open period.
    """

    _name = "broker.commission.statement"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "broker.commission.statement.document.mixin",
        "broker.commission.statement.payment.mixin",
        "broker.commission.statement.ledger.mixin",
        "broker.commission.statement.opening.mixin",
    ]
    _description = "Commission Statement"
    _order = "date_to desc, user_id, id desc"
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
        index=True,
        ondelete="restrict",
        context={"active_test": False},
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    date_from = fields.Date(string="From", required=True, default=lambda self: self._get_default_period()[0])
    date_to = fields.Date(
        string="Until", required=True, default=lambda self: self._get_default_period()[1], help="The last day."
    )
    state = fields.Selection(
        [("open", "Open"), ("confirmed", "Confirmed"), ("paid", "Paid")],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        copy=False,
    )
    note = fields.Text(help="Printed on the statement.")

    opening_balance = fields.Monetary(
        compute="_compute_figures", help="What the statement before left, less what was paid of it."
    )
    released_amount = fields.Monetary(string="Released", compute="_compute_figures")
    difference_amount = fields.Monetary(
        string="Differences of Closed Months",
        compute="_compute_figures",
        help="What changed on invoices of statements that are confirmed already: credit notes, unpaid again, costs.",
    )
    adjustment_amount = fields.Monetary(string="Adjustments", compute="_compute_figures")
    advance_amount = fields.Monetary(
        string="Draws and Advances", compute="_compute_figures", help="Paid ahead, and deducted here."
    )
    closing_balance = fields.Monetary(
        compute="_compute_figures", help="To be paid. A negative balance is carried to the next statement."
    )
    entry_ids = fields.Many2many(
        "broker.commission.entry", string="Released Entries", compute="_compute_figures", compute_sudo=True
    )
    difference_ids = fields.Many2many(
        "broker.commission.entry", string="Entries of Closed Months", compute="_compute_figures", compute_sudo=True
    )
    adjustment_ids = fields.Many2many(
        "broker.commission.adjustment", string="Adjustment Rows", compute="_compute_figures", compute_sudo=True
    )
    empty_reason = fields.Text(
        string="Why It Is Empty", compute="_compute_empty_reason", help="Why there is nothing to pay."
    )

    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True, copy=False)
    confirmed_by_id = fields.Many2one(
        "res.users", string="Confirmed by", readonly=True, copy=False, ondelete="restrict"
    )
    payable_amount = fields.Monetary(
        string="To Pay", readonly=True, copy=False, help="The closing balance, where it is not negative."
    )
    snapshot = fields.Text(
        readonly=True,
        copy=False,
        prefetch=False,
        groups=_MANAGER_GROUP,
        help="Figures and rows as they were confirmed.",
    )
    checksum = fields.Char(readonly=True, copy=False, help="SHA-256 of the figures and rows as they were confirmed.")
    verification = fields.Selection(
        [("verified", "Verified"), ("broken", "Does not match")],
        compute="_compute_verification",
        compute_sudo=True,
        help="Verified: the ledger still holds, to the byte, what was confirmed.",
    )

    _person_no_overlap = models.Constraint(
        """EXCLUDE USING gist (
            int4range(company_id, company_id, '[]') WITH &&,
            int4range(user_id, user_id, '[]') WITH &&,
            daterange(date_from, date_to, '[]') WITH &&
        )""",
        "This person already has a statement for some of these days. Periods of one person never overlap.",
    )
    # A confirmed period has taken all that was open up to its end. Two transactions do
    # not see each other's statements; the database does.
    _open_after_confirmed = models.Constraint(
        """EXCLUDE USING gist (
            int4range(company_id, company_id, '[]') WITH &&,
            int4range(user_id, user_id, '[]') WITH &&,
            daterange(CASE WHEN state = 'open' THEN date_from END, date_to, '[]') WITH &&,
            (CASE WHEN state = 'open' THEN int4range(0, 1) ELSE int4range(1, 2) END) WITH -|-
        ) DEFERRABLE INITIALLY DEFERRED""",
        "A later statement of this person is confirmed already. A new statement begins after it.",
    )
    _period_order = models.Constraint("CHECK (date_to >= date_from)", "A period cannot end before it begins.")

    @api.depends("user_id", "date_from", "date_to")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = self.env._(
                "%(person)s, %(period)s", person=statement.user_id.name or "", period=statement._get_period_name()
            )

    @api.depends("state", "company_id", "user_id", "date_from", "date_to")
    def _compute_figures(self):
        found = self._get_figures()
        Entry = self.env["broker.commission.entry"]
        Adjustment = self.env["broker.commission.adjustment"]
        for statement in self:
            figures = found[statement._origin.id]
            statement.opening_balance = figures["opening"]
            statement.released_amount = figures["released"]
            statement.difference_amount = figures["difference"]
            statement.adjustment_amount = figures["adjustment"]
            statement.advance_amount = figures["advance"]
            statement.closing_balance = figures["closing"]
            statement.entry_ids = Entry.browse(figures["entry_ids"])
            statement.difference_ids = Entry.browse(figures["difference_ids"])
            statement.adjustment_ids = Adjustment.browse(figures["adjustment_ids"])

    @api.depends("state", "checksum")
    def _compute_verification(self):
        broken = self._find_broken()
        for statement in self:
            if statement.state == "open":
                statement.verification = False
            else:
                statement.verification = "broken" if statement._origin in broken else "verified"

    @api.depends("state", "company_id", "user_id", "date_to")
    def _compute_empty_reason(self):
        reasons = self._get_empty_reasons()
        for statement in self:
            statement.empty_reason = reasons.get(statement._origin.id, False)

    @api.constrains("company_id", "user_id", "date_from")
    def _check_after_confirmed(self):
        """A confirmed period takes all that was open up to its end: nothing is left
        for a period before it."""
        confirmed = self._get_person_statements().filtered(lambda other: other.state != "open")
        by_person = confirmed.grouped(lambda other: (other.company_id, other.user_id))
        for statement in self.sudo().filtered(lambda statement: statement.state == "open"):
            for later in by_person.get((statement.company_id, statement.user_id), ()):
                if later.date_to > statement.date_from:
                    raise ValidationError(
                        self.env._(
                            "%(later)s is confirmed already. A new statement begins after it.",
                            later=later.display_name,
                        )
                    )

    @api.model
    def _check_order_of_periods(self):
        """Let the database say now, and not when all is done, whether an open period lies
        before a confirmed one that this transaction does not see."""
        self.flush_model(["company_id", "user_id", "state", "date_from", "date_to"])
        name = SQL.identifier(f"{self._table}_open_after_confirmed")
        self.env.cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE", name))
        self.env.cr.execute(SQL("SET CONSTRAINTS %s DEFERRED", name))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_open_fields(vals)
        self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - _OPEN_FIELDS)
        statements = super().create(vals_list)
        statements._check_order_of_periods()
        return statements

    def write(self, vals):
        """Let a manager change the period while it is open, and nothing afterwards."""
        self._check_open_fields(vals)
        self._check_open()
        if {"company_id", "user_id"} & set(vals):
            raise UserError(self.env._("A statement stays with its person and company. Open another one."))
        result = super().write(vals)
        self._check_order_of_periods()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        self._check_open()

    def copy_data(self, default=None):
        raise UserError(self.env._("A statement is not copied: open one for another period."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Statements are not imported: they are made of the ledger."))

    def _write_step(self, vals):
        """Write what confirming and paying leave behind; not to be had by RPC."""
        past_the_guard = super()
        return past_the_guard.write(vals)

    def _check_open_fields(self, vals):
        strange = sorted(name for name in set(vals) - _OPEN_FIELDS if name != "state" or vals[name] != "open")
        if strange:
            raise UserError(
                self.env._(
                    "A statement is confirmed and paid by its buttons, and its figures come from the ledger: "
                    "%(fields)s cannot be written.",
                    fields=", ".join(strange),
                )
            )

    def _check_open(self):
        for statement in self:
            if statement.state != "open":
                raise UserError(
                    self.env._(
                        "%(statement)s is confirmed and does not change any more. "
                        "Corrections are adjustments in the open month.",
                        statement=statement.display_name,
                    )
                )

    # ACTIONS

    def action_confirm(self):
        """Freeze the statements with what stands on them now.

        :raises AccessError: for anybody but a manager
        :raises UserError: where a statement cannot be confirmed yet, saying why
        """
        self._check_manager()
        self.sudo()._confirm(self.env.user)
        return True

    def action_view_rows(self):
        """Open the ledger entries of the statement."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [("id", "in", (self.entry_ids + self.difference_ids).ids)]
        action["context"] = {}
        return action

    def action_spread(self):
        """Ask over how many statements a debt is given back."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Spread over Instalments"),
            "res_model": "broker.commission.instalment",
            "view_mode": "form",
            "target": "new",
            "context": {"default_statement_id": self.id},
        }

    def action_dispute(self):
        """Raise a dispute about the statement."""
        self.ensure_one()
        return self.env["broker.commission.dispute"]._get_new_action(statement=self)

    # CONFIRMING

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(_MANAGER_GROUP):
            raise AccessError(self.env._("Only a manager confirms and pays commission."))
        self.check_access("write")

    def _confirm(self, user):
        """Freeze the statements, the earliest of a person first.

        :param user: the manager who approves
        """
        self._lock()
        self._check_other_manager(user)
        still_open = self._get_person_statements().filtered(lambda other: other.state == "open") - self
        for statement in self:
            statement._check_confirmable(still_open)
        figures = self._get_figures()
        reasons = self._get_empty_reasons()
        self._claim(figures)
        facts = self._get_facts()
        for statement in self:
            snapshot = statement._prepare_snapshot(
                {**figures[statement.id], "empty_reason": reasons.get(statement.id, "")}, facts[statement.id]
            )
            statement._write_step(
                {
                    "state": "confirmed",
                    "confirmed_at": fields.Datetime.now(),
                    "confirmed_by_id": user.id,
                    "payable_amount": max(figures[statement.id]["closing"], 0.0),
                    "snapshot": snapshot,
                    "checksum": self._get_checksum(snapshot),
                }
            )
        self._mark_carried()
        self._check_order_of_periods()

    def _check_other_manager(self, user):
        """Let nobody approve their own money, as long as somebody else can.

        Who is the only manager does, and the statement says so.

        :param user: the manager who approves
        :raises UserError: where the company has another manager
        """
        for statement in self.filtered(lambda statement: statement.user_id == user):
            managers = self.env["broker.customer"]._get_managers(statement.company_id, user)
            if managers:
                raise UserError(
                    self.env._(
                        "%(statement)s is your own: another manager confirms it, %(managers)s for example.",
                        statement=statement.display_name,
                        managers=managers[0].name,
                    )
                )
            statement.message_post(
                body=self.env._(
                    "%(person)s confirmed their own statement: %(company)s has no other manager.",
                    person=user.name,
                    company=statement.company_id.name,
                )
            )

    def _check_confirmable(self, still_open):
        """Raise when a statement cannot be confirmed yet.

        :param still_open: open statements of the same people that are not confirmed with it
        """
        self.ensure_one()
        self._check_open()
        if self.date_to > self.company_id._get_broker_today():
            raise UserError(
                self.env._(
                    "The period of %(statement)s goes on until %(day)s. Confirm it then, or let it end earlier.",
                    statement=self.display_name,
                    day=format_date(self.env, self.date_to),
                )
            )
        before = still_open.filtered(
            lambda other: (
                other.user_id == self.user_id and other.company_id == self.company_id and other.date_to < self.date_from
            )
        )
        if before:
            raise UserError(
                self.env._(
                    "%(before)s is still open. Confirm it first: its balance is carried to %(statement)s.",
                    before=before[0].display_name,
                    statement=self.display_name,
                )
            )

    def _prepare_snapshot(self, figures, facts):
        """Return the text of what is confirmed: figures and rows, always in one form.

        :param figures: see `_get_figures`
        :param facts: see `_get_facts`
        """
        self.ensure_one()
        return json.dumps(
            {
                "company": self.company_id.id,
                "user": self.user_id.id,
                "currency": self.currency_id.name,
                "from": fields.Date.to_string(self.date_from),
                "to": fields.Date.to_string(self.date_to),
                "figures": figures,
                **facts,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    def _get_spreadable(self):
        """Return how much a manager may spread over the statements to come: what was
        taken back and what is carried as a debt."""
        self.ensure_one()
        entries = (self.entry_ids + self.difference_ids).sudo()
        taken_back = -sum(entry.amount for entry in entries if entry.amount < 0)
        spread = sum(row.amount for row in self.adjustment_ids.sudo() if row.kind == "deferral")
        return self.currency_id.round(taken_back + max(-self.opening_balance, 0.0) - spread)

    # WORDS

    def _get_period_name(self):
        """Return the period in words: the month, or its first and last day."""
        self.ensure_one()
        if not self.date_from or not self.date_to:
            return ""
        if self.date_from == self.date_from.replace(day=1) and self.date_to == fields.Date.end_of(
            self.date_from, "month"
        ):
            # The order of year and month is the language's: 2026年3月.
            locale = babel_locale_parse(get_lang(self.env).code)
            return format_skeleton("yMMMM", self.date_from, locale=locale)
        return f"{format_date(self.env, self.date_from)} – {format_date(self.env, self.date_to)}"
