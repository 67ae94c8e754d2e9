from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

_MANAGER_GROUP = "print_broker_crm.group_manager"
# What the payee says; how it is decided is written by the decision alone.
_PAYEE_FIELDS = {
    "user_id",
    "entry_id",
    "adjustment_id",
    "statement_id",
    "order_id",
    "reason",
    "description",
    "expected_amount",
}
_DECISIONS = {"granted", "partial", "denied"}


class BrokerCommissionDispute(models.Model):
    """What a payee does not agree with, and what a manager answered.

    Raised on an entry, an adjustment, a statement or a job that is missing. A decision
    in favour writes an adjustment that points at the dispute and at the disputed row;
    the ledger and confirmed statements stay as they are.
    """

    _name = "broker.commission.dispute"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Commission Dispute"
    _order = "id desc"
    _check_company_auto = True
    _allow_sudo_commands = False

    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        index=True,
        ondelete="restrict",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        string="Payee",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
    )
    entry_id = fields.Many2one(
        "broker.commission.entry",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('user_id', '=', user_id)]",
    )
    adjustment_id = fields.Many2one(
        "broker.commission.adjustment",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('user_id', '=', user_id)]",
    )
    statement_id = fields.Many2one(
        "broker.commission.statement",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('user_id', '=', user_id)]",
    )
    order_id = fields.Many2one(
        "sale.order",
        string="Job",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('state', '=', 'sale')]",
        help="The job that you got nothing for.",
    )
    reason = fields.Selection(
        [
            ("split", "Wrong split"),
            ("missing", "Something is missing"),
            ("amount", "Wrong amount"),
            ("payee", "Wrong payee"),
            ("cost", "Wrong cost"),
            ("other", "Other"),
        ],
        required=True,
        tracking=True,
    )
    description = fields.Text(required=True)
    disputed_amount = fields.Monetary(
        compute="_compute_disputed_amount", compute_sudo=True, help="What the disputed row says now."
    )
    expected_amount = fields.Monetary(
        string="Amount Missing",
        help="How much more it should be. Leave it empty when you cannot tell; negative: it is too much.",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("granted", "Granted"),
            ("partial", "Granted in Part"),
            ("denied", "Denied"),
            ("withdrawn", "Withdrawn"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        copy=False,
    )
    deadline = fields.Date(
        string="Answer by", readonly=True, copy=False, help="The day by which a manager should have answered."
    )
    answer = fields.Text(readonly=True, copy=False)
    granted_amount = fields.Monetary(readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    decided_at = fields.Datetime(string="Decided on", readonly=True, copy=False)
    correction_ids = fields.One2many("broker.commission.adjustment", "dispute_id", readonly=True)

    _entry_open_uniq = models.UniqueIndex(
        "(entry_id) WHERE state = 'open' AND entry_id IS NOT NULL",
        "There is an open dispute about this entry already. Add to it what you want to say.",
    )

    @api.depends("entry_id", "adjustment_id", "statement_id", "order_id")
    def _compute_company_id(self):
        for dispute in self:
            source = dispute.entry_id or dispute.adjustment_id or dispute.statement_id or dispute.order_id
            dispute.company_id = source.sudo().company_id or dispute.company_id or self.env.company

    @api.depends("entry_id", "adjustment_id")
    def _compute_disputed_amount(self):
        for dispute in self:
            dispute.disputed_amount = dispute.entry_id.amount or dispute.adjustment_id.amount

    @api.depends("user_id", "reason", "entry_id", "order_id")
    def _compute_display_name(self):
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        for dispute in self:
            document = dispute.entry_id.sudo().move_name or dispute.order_id.sudo().name
            parts = [dispute.user_id.name, reasons.get(dispute.reason), document]
            dispute.display_name = ": ".join(part for part in parts if part)

    @api.constrains("user_id", "entry_id", "adjustment_id", "statement_id", "order_id")
    def _check_own_rows(self):
        for dispute in self:
            rows = dispute.sudo()
            people = rows.entry_id.user_id | rows.adjustment_id.user_id | rows.statement_id.user_id
            companies = rows.entry_id.company_id | rows.adjustment_id.company_id
            companies |= rows.statement_id.company_id | rows.order_id.company_id
            # Also keeps people from learning the names of jobs that are not theirs.
            job = dispute.order_id.with_user(dispute.user_id).sudo(False)
            is_hidden = job and not job.with_context(allowed_company_ids=companies.ids).has_access("read")
            if people - dispute.user_id or len(companies) > 1 or is_hidden:
                raise ValidationError(
                    self.env._("A dispute is about %(person)s's own rows and jobs.", person=dispute.user_id.name)
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_payee_fields(vals)
        self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - _PAYEE_FIELDS)
        disputes = super().create(vals_list)
        disputes.sudo()._ask_manager()
        return disputes

    def write(self, vals):
        """Let the payee say it better as long as nobody has answered."""
        self._check_payee_fields(vals)
        self._check_open()
        if "user_id" in vals:
            raise UserError(self.env._("A dispute stays with the person who raised it."))
        return super().write(vals)

    def copy_data(self, default=None):
        raise UserError(self.env._("A dispute is not copied: raise another one."))

    def _write_step(self, vals):
        """Write what a decision leaves behind; not to be had by RPC."""
        past_the_guard = super()
        return past_the_guard.write(vals)

    def _check_payee_fields(self, vals):
        strange = sorted(name for name in set(vals) - _PAYEE_FIELDS if name != "state" or vals[name] != "open")
        if strange:
            raise UserError(
                self.env._(
                    "A dispute is decided by its button: %(fields)s cannot be written.", fields=", ".join(strange)
                )
            )

    def _check_open(self):
        for dispute in self:
            if dispute.state != "open":
                raise UserError(self.env._("%(dispute)s is closed. Raise another one.", dispute=dispute.display_name))

    # ACTIONS

    def action_decide(self):
        """Ask the manager for the decision."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide"),
            "res_model": "broker.commission.dispute.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    def action_withdraw(self):
        """Give a dispute up."""
        self.check_access("write")
        self._check_open()
        self.sudo()._write_step({"state": "withdrawn"})
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])
        return True

    # BUSINESS

    @api.model
    def _get_new_action(self, **rows):
        """Return the action that raises a dispute.

        :param rows: what it is about: `entry`, `adjustment`, `statement` or `order`
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Raise a Dispute"),
            "res_model": self._name,
            "view_mode": "form",
            "context": {f"default_{name}_id": row.id for name, row in rows.items() if row},
        }

    def _ask_manager(self):
        """Give a manager the to-do of answering."""
        todo = self.env.ref("mail.mail_activity_data_todo")
        for dispute in self:
            company = dispute.company_id
            today = company._get_broker_today()
            days = company.broker_dispute_days
            if days:
                dispute._write_step({"deadline": today + timedelta(days=days)})
            manager = dispute._get_responsible()
            if manager:
                dispute.activity_schedule(
                    activity_type_id=todo.id,
                    user_id=manager.id,
                    date_deadline=dispute.deadline or today,
                    summary=self.env._("Decide a commission dispute"),
                )

    def _get_responsible(self):
        """Return the manager who answers: the one named in the settings, else who confirmed
        the statement, else the first manager of the company; never the payee."""
        self.ensure_one()
        company = self.company_id
        statement = self.statement_id or self.entry_id.statement_id or self.adjustment_id.statement_id
        managers = (
            self.env.ref(_MANAGER_GROUP)
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and company in user.company_ids)
        )
        people = (company.broker_dispute_user_id | statement.confirmed_by_id | managers.sorted("id")).filtered("active")
        people -= self.user_id + self.env.ref("base.user_root")
        return people[:1]

    def _decide(self, user, decision, answer, amount=None):
        """Close a dispute, and write the correction where it was right.

        :param user: the manager who decides
        :param decision: 'granted', 'partial' or 'denied'
        :param answer: what the payee reads
        :param amount: what is granted in part; of what is granted in full, what the
            manager saw, or none
        """
        self.ensure_one()
        if not user.has_group(_MANAGER_GROUP):
            raise AccessError(self.env._("Only a manager decides a dispute."))
        if user == self.user_id:
            raise UserError(self.env._("Nobody decides their own dispute: ask another manager."))
        self.lock_for_update(allow_referencing=True)
        self._check_open()
        granted = self._get_granted(decision, amount)
        self._write_step(
            {
                "state": decision,
                "answer": answer,
                "granted_amount": granted,
                "decided_by_id": user.id,
                "decided_at": fields.Datetime.now(),
            }
        )
        if granted:
            self.env["broker.commission.adjustment"].sudo()._append([self._prepare_correction(granted)])
        self.activity_feedback(["mail.mail_activity_data_todo"], feedback=answer)
        self.message_post(
            body=answer,
            subject=self.env._("Your commission dispute was decided"),
            author_id=user.partner_id.id,
            partner_ids=self.user_id.partner_id.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _get_granted(self, decision, amount):
        """Return the amount that a decision grants, checked."""
        if decision not in _DECISIONS:
            raise UserError(self.env._("A dispute is granted, granted in part or denied."))
        if decision == "denied":
            return 0.0
        expected = self.expected_amount
        if decision == "granted":
            if not expected:
                raise UserError(self.env._("No amount was named: grant it in part, with the amount."))
            if amount is not None and self.currency_id.compare_amounts(amount, expected):
                raise UserError(
                    self.env._(
                        "The amount missing is %(amount)s meanwhile: look at the dispute again.",
                        amount=self.currency_id.format(expected),
                    )
                )
            return expected
        amount = self.currency_id.round(amount or 0.0)
        if not amount or (expected and not 0 < amount / expected < 1):
            raise UserError(
                self.env._(
                    "In part is more than nothing and less than the amount missing, %(amount)s.",
                    amount=self.currency_id.format(expected),
                )
            )
        return amount

    def _prepare_correction(self, amount):
        return {
            "company_id": self.company_id.id,
            "user_id": self.user_id.id,
            "kind": "dispute",
            "amount": amount,
            "date": self.company_id._get_broker_today(),
            "reason": self.env._("Dispute: %(dispute)s", dispute=self.display_name),
            "entry_id": self.entry_id.id,
            "dispute_id": self.id,
        }
