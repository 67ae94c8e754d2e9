from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_compare, float_is_zero

from .broker_case_clock_mixin import OPEN_STATES

# In percent, by who was at fault; ours are the two in the middle.
FAULT_FIELDS = ("fault_customer", "fault_sales", "fault_service", "fault_printing_house", "fault_carrier")
_OUR_FAULTS = ("fault_sales", "fault_service")
# What people enter; the amounts follow from the lines and the papers.
ENTRY_FIELDS = frozenset({*FAULT_FIELDS, "vendor_amount", "claim_line_ids", "photo_ids", "is_on_portal"})
DECISION_FIELDS = frozenset({*FAULT_FIELDS, "vendor_amount"})
VENDOR_GROUPS = "print_broker_crm.group_service_agent,print_broker_crm.group_manager"


class BrokerCaseClaimMixin(models.AbstractModel):
    """What a claim is about in money: what the customer claims and is granted, who was at
    fault, and what it costs the firm in the end.

    Service enters it, a manager settles it: then it is charged to the job, see
    `broker.case.charge.mixin`, and stays as it is until a manager takes it up again.
    """

    _name = "broker.case.claim.mixin"
    _description = "Case: Claim"

    # Of the company, as the case says.
    company_currency_id = fields.Many2one("res.currency")
    claim_currency_id = fields.Many2one(
        "res.currency", string="Currency of the Job", compute="_compute_claim_currency_id", store=True
    )
    claim_line_ids = fields.One2many("broker.claim.line", "case_id", string="Claim Lines", copy=False)
    photo_ids = fields.Many2many(
        "ir.attachment",
        "broker_case_photo_rel",
        "case_id",
        "attachment_id",
        string="Photos",
        copy=False,
        bypass_search_access=True,
        help="Of what came; also taken with the phone.",
    )
    amount_claimed = fields.Monetary(
        string="Claimed", currency_field="claim_currency_id", compute="_compute_claim_amounts", store=True
    )
    amount_granted = fields.Monetary(
        string="Granted", currency_field="claim_currency_id", compute="_compute_claim_amounts", store=True
    )
    fault_customer = fields.Float(string="Customer (%)", digits=(5, 2), aggregator="avg", copy=False)
    fault_sales = fields.Float(string="Sales (%)", digits=(5, 2), aggregator="avg", copy=False)
    fault_service = fields.Float(string="Service (%)", digits=(5, 2), aggregator="avg", copy=False)
    fault_printing_house = fields.Float(string="Printing House (%)", digits=(5, 2), aggregator="avg", copy=False)
    fault_carrier = fields.Float(string="Carrier (%)", digits=(5, 2), aggregator="avg", copy=False)
    fault_us = fields.Float(string="We (%)", digits=(5, 2), compute="_compute_fault_us")
    vendor_amount = fields.Monetary(
        string="The Printing House Takes",
        currency_field="company_currency_id",
        copy=False,
        groups=VENDOR_GROUPS,
        help="What of the damage the printing house bears, in the company's currency without taxes.",
    )
    claim_damage = fields.Monetary(
        string="Damage",
        currency_field="company_currency_id",
        compute="_compute_claim_cost",
        store=True,
        help="What was granted and what the reprint costs, without taxes.",
    )
    claim_cost = fields.Monetary(
        string="Cost of the Claim",
        currency_field="company_currency_id",
        compute="_compute_claim_cost",
        store=True,
        help="The damage less what the printing house takes.",
    )
    printing_house_damage = fields.Monetary(
        string="Damage by the Printing House",
        currency_field="company_currency_id",
        compute="_compute_claim_cost",
        store=True,
        help="The part of the damage of which the printing house is at fault.",
    )
    claim_settled_at = fields.Datetime(string="Settled", readonly=True, copy=False)
    claim_settled_by_id = fields.Many2one(
        "res.users", string="Settled by", readonly=True, copy=False, ondelete="restrict"
    )
    is_claim_open = fields.Boolean(compute="_compute_is_claim_open")
    can_decide_claim = fields.Boolean(compute="_compute_can_decide_claim")

    @api.depends("order_id.currency_id", "company_id.currency_id")
    def _compute_claim_currency_id(self):
        for case in self:
            case.claim_currency_id = case.order_id.sudo().currency_id or case.company_id.currency_id

    @api.depends("claim_line_ids.amount_claimed", "claim_line_ids.amount_granted")
    def _compute_claim_amounts(self):
        for case in self:
            case.amount_claimed = sum(case.claim_line_ids.mapped("amount_claimed"))
            case.amount_granted = sum(case.claim_line_ids.mapped("amount_granted"))

    @api.depends(*_OUR_FAULTS)
    def _compute_fault_us(self):
        for case in self:
            case.fault_us = sum(case[name] for name in _OUR_FAULTS)

    @api.depends("amount_granted", "reprint_cost", "vendor_amount", "fault_printing_house", "order_id.date_order")
    def _compute_claim_cost(self):
        for case in self.sudo():
            currency = case.company_id.currency_id
            granted = case.amount_granted
            if granted and case.claim_currency_id != currency:
                granted = case.claim_currency_id._convert(
                    granted, currency, case.company_id, case.order_id.date_order or fields.Date.today()
                )
            case.claim_damage = granted + case.reprint_cost
            case.claim_cost = case.claim_damage - case.vendor_amount
            case.printing_house_damage = case.claim_damage * case.fault_printing_house / 100.0

    @api.depends("claim_settled_at", "state")
    def _compute_is_claim_open(self):
        for case in self:
            case.is_claim_open = not case.claim_settled_at and case.state not in ("closed", "cancelled")

    @api.depends_context("uid")
    def _compute_can_decide_claim(self):
        self.can_decide_claim = self._may_decide_claims()

    @api.constrains(*FAULT_FIELDS)
    def _check_faults(self):
        for case in self:
            shares = [case[name] for name in FAULT_FIELDS]
            total = sum(shares)
            if min(shares) < 0 or total and float_compare(total, 100.0, precision_digits=2):
                raise ValidationError(
                    self.env._(
                        "%(case)s: the shares of the fault add up to 100 %%, and none is below zero; now they are "
                        "%(total)s %%.",
                        case=case.name,
                        total=f"{total:g}",
                    )
                )

    @api.constrains("vendor_amount")
    def _check_vendor_amount(self):
        for case in self.sudo():
            if case.vendor_amount < 0:
                raise ValidationError(
                    self.env._("%(case)s: what the printing house takes is not less than nothing.", case=case.name)
                )

    @api.onchange("cause")
    def _onchange_cause_fault(self):
        """Begin with the whole fault where the cause is."""
        if self.cause and self._may_decide_claims() and not any(self[name] for name in FAULT_FIELDS):
            self[f"fault_{self.cause}"] = 100.0

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        cases._take_photos()
        return cases

    def write(self, vals):
        result = super().write(vals)
        if "photo_ids" in vals:
            self._take_photos()
        return result

    @api.model
    def _get_claim_entry_fields(self):
        return ENTRY_FIELDS

    def _check_claim_write(self, names):
        """Refuse what somebody may not say of a claim.

        :param names: set of the field names about to be written
        """
        if names & {"order_id", *DECISION_FIELDS}:
            self._check_claim_open()
        if names & DECISION_FIELDS and not self._may_decide_claims():
            raise AccessError(self.env._("Service and managers say who was at fault and who bears what."))
        if "order_id" in names and self.sudo().claim_line_ids:
            raise UserError(self.env._("The claim has lines of its job: delete them before you choose another job."))

    def _take_photos(self):
        """Let photos that were just uploaded be of the case, for whoever reads it."""
        for case in self:
            photos = case.sudo().photo_ids
            loose = photos.filtered(lambda photo: not photo.res_id and photo.res_model in (False, self._name))
            own = loose.filtered(lambda photo: self.env.su or photo.create_uid == self.env.user)
            own.write({"res_model": self._name, "res_id": case.id})
            if any((photo.res_model, photo.res_id) != (self._name, case.id) for photo in photos):
                raise AccessError(self.env._("%(case)s: upload the photos of the claim here.", case=case.name))

    # ACTIONS

    def action_claim_lines(self):
        """Put all lines of the job on the claim, whole; what is not affected is taken off."""
        self.ensure_one()
        self._check_step(*OPEN_STATES, "solved")
        self._check_claim_open()
        lines = self.sudo().order_id.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment and line.product_uom_qty > 0
        )
        if not lines:
            raise UserError(self.env._("Choose the job first: the claim is about its lines."))
        missing = lines - self.sudo().claim_line_ids.order_line_id
        self.env["broker.claim.line"].create([{"case_id": self.id, "order_line_id": line.id} for line in missing])
        return True

    def action_settle_claim(self):
        """Settle these claims: their cost goes to the jobs, once.

        :raises AccessError: for anybody but a manager
        :raises UserError: when nobody is said to be at fault
        """
        self._check_claim_manager()
        self._check_step(*OPEN_STATES, "solved")
        self._check_claim_open()
        for case in self.sudo():
            if not float_is_zero(case.claim_damage, precision_digits=2) and not any(
                case[name] for name in FAULT_FIELDS
            ):
                raise UserError(self.env._("%(case)s: say who was at fault first.", case=case.name))
        self.sudo().write({"claim_settled_at": fields.Datetime.now(), "claim_settled_by_id": self.env.uid})
        self.sudo()._sync_claim_charges()
        return True

    def action_unsettle_claim(self):
        """Take settled claims up again. What was charged stays until they are settled
        anew, and is put right by counter-charges then."""
        self._check_claim_manager()
        self._check_step(*OPEN_STATES, "solved")
        self.sudo().write({"claim_settled_at": False, "claim_settled_by_id": False})
        return True

    # BUSINESS

    def _may_decide_claims(self):
        """Return whether the present user says what is granted and who was at fault."""
        user = self.env.user
        return (
            self.env.su
            or user.has_group("print_broker_crm.group_service_agent")
            or user.has_group("print_broker_crm.group_manager")
        )

    def _check_claim_manager(self):
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager settles claims."))

    def _check_claim_open(self):
        """Raise when a claim is settled, or its case is over."""
        for case in self.sudo():
            if not case.is_claim_open:
                raise UserError(
                    self.env._(
                        "The claim of %(case)s is settled and stays as it is. A manager can take it up again.",
                        case=case.name,
                    )
                )

    def _check_can_close(self):
        """A claim that costs or brings something is settled before it is closed."""
        result = super()._check_can_close()
        for case in self.sudo():
            moved = not float_is_zero(case.claim_damage, precision_digits=2) or case.vendor_amount
            if moved and not case.claim_settled_at:
                raise UserError(
                    self.env._(
                        "%(case)s costs %(cost)s: a manager settles the claim before the case is closed.",
                        case=case.name,
                        cost=case.company_id.currency_id.format(case.claim_cost),
                    )
                )
        return result
