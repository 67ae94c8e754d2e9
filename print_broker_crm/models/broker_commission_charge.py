from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, float_compare

# What the actions write, whoever asks.
_ACTION_FIELDS = frozenset({"name", "state", "posted_by_id", "posted_at", "reversed_id", "case_id"})


class BrokerCommissionCharge(models.Model):
    """A cost of a job that no purchase order has: freight, a reprint, a refund.

    Without a role it is the firm's: it lowers the margin of the job. With a role it is
    borne by that role's share alone, in full, down to and below zero. Once posted it
    does not change; a counter-charge takes it back.
    """

    _name = "broker.commission.charge"
    _description = "Charged Cost"
    _order = "date desc, id desc"
    _check_company_auto = True
    _allow_sudo_commands = False

    name = fields.Char(string="Number", readonly=True, copy=False)
    # Known before the row is written: the amount is rounded in its currency.
    company_id = fields.Many2one(related="order_id.company_id", store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    order_id = fields.Many2one(
        "sale.order",
        string="Job",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('state', '=', 'sale'), ('broker_customer_id', '!=', False)]",
    )
    customer_id = fields.Many2one(related="order_id.broker_customer_id", store=True, index="btree_not_null")
    kind = fields.Selection(
        [("freight", "Freight"), ("reprint", "Reprint"), ("claim", "Claim"), ("other", "Other")],
        required=True,
        default="freight",
    )
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        string="Borne by",
        help="The role that answers for the cost: its share bears all of it, down to and below zero. Empty: the "
        "firm, which lowers the margin that is shared.",
    )
    amount = fields.Monetary(required=True)
    date = fields.Date(required=True, default=lambda self: self.env.company._get_broker_today())
    reason = fields.Char(required=True)
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted")],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
    )
    posted_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    posted_at = fields.Datetime(readonly=True, copy=False)
    reversed_id = fields.Many2one(
        "broker.commission.charge",
        string="Takes Back",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    is_reversed = fields.Boolean(string="Taken Back", compute="_compute_is_reversed")
    case_id = fields.Many2one(
        "broker.case", string="Claim", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    entry_ids = fields.One2many("broker.commission.entry", "charge_id", string="Entries", readonly=True)

    _reversed_uniq = models.UniqueIndex("(reversed_id) WHERE reversed_id IS NOT NULL", "It is taken back already.")
    _amount_sign = models.Constraint(
        # A claim also gives back to the job what others bear of its credit note.
        "CHECK (amount <> 0 AND (case_id IS NOT NULL OR (reversed_id IS NULL) = (amount > 0)))",
        "The amount of a charged cost is more than zero.",
    )

    def _compute_is_reversed(self):
        rows = self.sudo()._read_group(Domain("reversed_id", "in", self.ids), ["reversed_id"])
        taken = {charge.id for [charge] in rows}
        for charge in self:
            charge.is_reversed = charge._origin.id in taken

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su and _ACTION_FIELDS & set(vals):
                raise UserError(self.env._("A cost is charged by posting it, and taken back by a counter-charge."))
            company = self.env["sale.order"].browse(vals.get("order_id")).sudo().company_id
            sequence = self.env["ir.sequence"].sudo().with_company(company)
            vals["name"] = sequence.next_by_code("broker.commission.charge") or self.env._("New")
        self = self.env["broker.customer"]._drop_defaults(self, _ACTION_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and _ACTION_FIELDS & set(vals):
            raise UserError(self.env._("A cost is charged by posting it, and taken back by a counter-charge."))
        if set(vals) - _ACTION_FIELDS:
            self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self._check_draft()

    def _check_draft(self):
        """Raise unless all of these charges are still drafts."""
        for charge in self:
            if charge.state == "posted":
                raise UserError(
                    self.env._(
                        "%(charge)s was posted: commission was written for it. Take it back by a counter-charge.",
                        charge=charge.name,
                    )
                )

    # ACTIONS

    def action_post(self):
        """Charge these costs: the ledger follows at once.

        :raises AccessError: for anybody but a manager
        :raises UserError: when one is posted already, or nobody would bear it
        """
        self._check_manager()
        self._lock()
        self._check_draft()
        self._check_borne()
        self.sudo().write({"state": "posted", "posted_by_id": self.env.uid, "posted_at": fields.Datetime.now()})
        self._settle()
        return True

    def action_reverse(self):
        """Take these costs back by counter-charges, which are posted at once."""
        self._check_manager()
        self._lock()
        for charge in self:
            if charge.state != "posted" or charge.reversed_id or charge.is_reversed:
                raise UserError(
                    self.env._(
                        "%(charge)s cannot be taken back: it is a draft, a counter-charge, or taken back already.",
                        charge=charge.name,
                    )
                )
        counters = self.sudo().create(
            [
                {
                    "order_id": charge.order_id.id,
                    "case_id": charge.case_id.id,
                    "kind": charge.kind,
                    "role": charge.role,
                    "amount": -charge.amount,
                    "reason": self.env._("Taken back: %(reason)s", reason=charge.reason),
                    "reversed_id": charge.id,
                    "state": "posted",
                    "posted_by_id": self.env.uid,
                    "posted_at": fields.Datetime.now(),
                }
                for charge in self
            ]
        )
        counters._settle()
        self.invalidate_recordset(["is_reversed"])
        return True

    def action_view_entries(self):
        """Open the ledger entries of the jobs that bear these costs."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [("order_id", "in", self.order_id.ids)]
        return action

    # BUSINESS

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager charges the cost of a job."))
        self.check_access("write")

    def _lock(self):
        """Let a second click wait, and then find the charge posted."""
        self.flush_recordset()
        self.env.execute_query(
            SQL("SELECT id FROM broker_commission_charge WHERE id IN %s FOR UPDATE", tuple(self.ids))
        )
        self.invalidate_recordset(["state", "is_reversed"])

    def _check_borne(self):
        """Raise when a charge would be borne by nobody."""
        for charge in self:
            order = charge.order_id.sudo()
            splits = self.env["broker.commission.split"].sudo().search(Domain("order_id", "=", order.id))
            if not splits:
                raise UserError(
                    self.env._(
                        "%(order)s bears no commission, so no cost of it can be charged.",
                        order=order.name,
                    )
                )
            if charge.role and charge.role not in splits.mapped("role"):
                roles = dict(self._fields["role"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "Nobody has a share of %(order)s as %(role)s. Charge another role, or the firm.",
                        order=order.name,
                        role=roles[charge.role],
                    )
                )

    def _settle(self):
        """Bring the ledger up to these charges."""
        self.env["broker.commission.entry"]._settle_orders(self.order_id, "charge")

    @api.model
    def _get_job_costs(self, orders):
        """Return {job id: sum of the posted costs that are the firm's}, in one query."""
        return {
            order.id: amount
            for order, amount in self.sudo()._read_group(
                Domain("order_id", "in", orders.ids) & Domain("state", "=", "posted") & Domain("role", "=", False),
                ["order_id"],
                ["amount:sum"],
            )
            if float_compare(amount, 0.0, precision_digits=6)
        }
