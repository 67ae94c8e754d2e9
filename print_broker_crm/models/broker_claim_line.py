from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import float_compare, format_list

# What people enter; everything else follows.
ENTRY_FIELDS = frozenset({"case_id", "order_line_id", "quantity", "amount_claimed", "amount_granted", "note"})
# What the firm decides, and not the customer.
DECISION_FIELDS = frozenset({"amount_granted"})


class BrokerClaimLine(models.Model):
    """What of a job a customer claims, and what the firm grants.

    Amounts are in the currency of the job, without taxes, as its lines are.
    """

    _name = "broker.claim.line"
    _description = "Claim Line"
    _order = "case_id, id"
    _rec_name = "order_line_id"
    _check_company_auto = True

    case_id = fields.Many2one("broker.case", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="case_id.company_id", store=True, index=True, precompute=True)
    customer_id = fields.Many2one(related="case_id.customer_id", store=True, index=True, precompute=True)
    order_id = fields.Many2one(related="case_id.order_id")
    currency_id = fields.Many2one(related="order_line_id.currency_id")
    order_line_id = fields.Many2one(
        "sale.order.line",
        string="Of the Job",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('order_id', '=', order_id), ('display_type', '=', False), ('is_downpayment', '=', False)]",
    )
    quantity_ordered = fields.Float(
        related="order_line_id.product_uom_qty", string="Quantity Ordered", digits="Product Unit"
    )
    quantity = fields.Float(
        string="Affected",
        digits="Product Unit",
        compute="_compute_quantity",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="How many of them are not as they should be.",
    )
    price_unit = fields.Float(
        string="Price",
        digits="Product Price",
        compute="_compute_price_unit",
        store=True,
        precompute=True,
        help="What the customer pays for one, after discounts and without taxes.",
    )
    amount_claimed = fields.Monetary(
        string="Claimed",
        compute="_compute_amount_claimed",
        store=True,
        readonly=False,
        precompute=True,
        help="What the customer wants back; at first the price of what is affected.",
    )
    amount_granted = fields.Monetary(string="Granted", help="What the firm gives back.")
    note = fields.Char(string="What Is Wrong")

    _case_line_uniq = models.UniqueIndex("(case_id, order_line_id)", "This line of the job is on the claim already.")
    _quantity_positive = models.Constraint("CHECK (quantity > 0)", "More than none of a line is affected.")
    _amounts_in_order = models.Constraint(
        "CHECK (amount_claimed >= 0 AND COALESCE(amount_granted, 0) BETWEEN 0 AND amount_claimed)",
        "What is granted is not less than nothing and not more than what is claimed.",
    )

    @api.depends("order_line_id")
    def _compute_quantity(self):
        for line in self:
            line.quantity = line.quantity or line.order_line_id.product_uom_qty

    @api.depends("order_line_id")
    def _compute_price_unit(self):
        for line in self:
            sold = line.order_line_id.sudo()
            line.price_unit = sold.price_subtotal / sold.product_uom_qty if sold.product_uom_qty else 0.0

    @api.depends("quantity", "price_unit")
    def _compute_amount_claimed(self):
        for line in self:
            line.amount_claimed = line.currency_id.round(line.quantity * line.price_unit) if line.currency_id else 0.0

    @api.constrains("order_line_id", "quantity", "case_id")
    def _check_order_line(self):
        for line in self.sudo():
            sold = line.order_line_id
            if not line.case_id.order_id or sold.order_id != line.case_id.order_id:
                raise ValidationError(self.env._("%(case)s: choose a line of its job.", case=line.case_id.display_name))
            digits = self.env["decimal.precision"].precision_get("Product Unit")
            if float_compare(line.quantity, sold.product_uom_qty, precision_digits=digits) > 0:
                raise ValidationError(
                    self.env._(
                        "%(ordered)s of %(line)s were ordered: no more can be affected.",
                        ordered=f"{sold.product_uom_qty:g}",
                        line=sold.display_name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        cases = self.env["broker.case"].browse({vals["case_id"] for vals in vals_list if vals.get("case_id")})
        names = {name for vals in vals_list for name, value in vals.items() if value}
        self._check_change(cases, names)
        kept = ENTRY_FIELDS - {"case_id"} - DECISION_FIELDS
        self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - kept)
        return super().create(vals_list)

    def write(self, vals):
        self._check_change(self.case_id, set(vals))
        if "case_id" in vals and any(line.case_id.id != vals["case_id"] for line in self):
            raise ValidationError(self.env._("A line stays on its claim: delete it, and enter it on the other one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_settled(self):
        self._check_change(self.case_id, set())

    @api.model
    def _check_change(self, cases, names):
        """Raise unless the present user may enter these things on claims.

        :param names: set of the field names about to be written
        """
        if self.env.su:
            return
        cases.check_access("write")
        if refused := names - ENTRY_FIELDS:
            raise AccessError(
                self.env._(
                    "%(fields)s of a claim line follow from the job, and are not entered.",
                    fields=format_list(self.env, sorted(refused)),
                )
            )
        cases._check_claim_open()
        if names & DECISION_FIELDS and not cases._may_decide_claims():
            raise AccessError(
                self.env._("Service and managers say what is granted; the care line writes down what is claimed.")
            )
