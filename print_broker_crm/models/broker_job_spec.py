from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# Which options each field chooses from.
OPTION_KINDS = {
    "media_id": "media",
    "cover_media_id": "media",
    "coating_id": "coating",
    "laminating_id": "laminating",
    "binding_id": "binding",
    "folding_id": "folding",
    "embossing_id": "embossing",
    "die_cut_id": "die_cut",
    "proof_id": "proof",
}
# What is said about the product, and what is copied to another job.
SPEC_FIELDS = (
    "product_type_id",
    "width",
    "height",
    "depth",
    "flat_width",
    "flat_height",
    "pages",
    "sides",
    "colors_front",
    "colors_back",
    "spot_colors",
    "weight",
    "cover_weight",
    "die_number",
    "overage",
    "underage",
    "note",
    *OPTION_KINDS,
)
# Follow from others, or are written by our own code alone.
_OWN_FIELDS = frozenset({"order_id", "company_id", "state", "confirmed_warnings", "changed_after"})


class BrokerJobSpec(models.Model):
    """What is printed on one order line, in the words of CIP4's job formats.

    The quotation, the printing house's order and the job ticket print it, so it never
    names the customer. It belongs to its order line: who may change the order changes it.
    """

    _name = "broker.job.spec"
    _inherit = ["broker.job.spec.check.mixin", "broker.job.spec.text.mixin", "broker.job.spec.change.mixin"]
    _description = "Job Spec"
    # As orders are sorted: the newest first.
    _order = "order_id, id"
    _rec_names_search = ["order_id.name", "order_line_id.name"]

    order_line_id = fields.Many2one(
        "sale.order.line",
        required=True,
        index=True,
        ondelete="cascade",
        copy=False,
        domain="[('display_type', '=', False), ('broker_job_spec_ids', '=', False)]",
    )
    order_id = fields.Many2one(
        "sale.order",
        string="Order",
        related="order_line_id.order_id",
        store=True,
        precompute=True,
        index=True,
        # As the line's: emptied on the way out, the row would be looked at once more and miss its line.
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="order_line_id.company_id", store=True, index=True, precompute=True)
    order_state = fields.Selection(related="order_id.state", string="Order Status")
    partner_id = fields.Many2one(related="order_id.partner_id", string="Contact")
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id", string="Customer")
    product_id = fields.Many2one(related="order_line_id.product_id")
    quantity = fields.Float(related="order_line_id.product_uom_qty", string="Quantity", aggregator=None)
    commitment_date = fields.Datetime(
        related="order_id.commitment_date", string="Delivery", help="Promised to the customer."
    )
    source_spec_id = fields.Many2one(
        "broker.job.spec",
        string="Same as",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        domain="[('commercial_partner_id', '=', commercial_partner_id), ('id', '!=', id)]",
        help="An earlier job of the customer: everything it says is taken over.",
    )

    product_type_id = fields.Many2one(
        "broker.product.type",
        compute="_compute_product_type_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    asked = fields.Char(compute="_compute_asked", help="What the short form of the product type asks for.")
    width = fields.Float(aggregator=None, string="Width (mm)", digits=(8, 1))
    height = fields.Float(aggregator=None, string="Height (mm)", digits=(8, 1))
    depth = fields.Float(aggregator=None, string="Depth (mm)", digits=(8, 1))
    flat_width = fields.Float(
        aggregator=None, string="Flat Width (mm)", digits=(8, 1), help="Of the sheet before it is folded or glued."
    )
    flat_height = fields.Float(aggregator=None, string="Flat Height (mm)", digits=(8, 1))
    pages = fields.Integer(
        aggregator=None, help="Of the whole product with its cover, as readers count: a sheet has two."
    )
    sides = fields.Selection(
        [
            ("one_sided", "One side"),
            ("two_sided", "Two sides, head to head"),
            ("head_to_foot", "Two sides, head to foot"),
        ],
        compute="_compute_sides",
        store=True,
        readonly=False,
        precompute=True,
    )
    colors_front = fields.Integer(
        aggregator=None,
        help="Spot colors included: 5 + 0 is four process colors and one spot color.",
    )
    colors_back = fields.Integer(aggregator=None)
    spot_colors = fields.Char(help="Separated by commas, e.g. PANTONE 185 C, PANTONE 877 C.")
    media_id = fields.Many2one(
        "broker.print.option", string="Stock", ondelete="restrict", domain="[('kind', '=', 'media')]"
    )
    weight = fields.Integer(aggregator=None, string="Weight (g/m²)")
    cover_media_id = fields.Many2one(
        "broker.print.option", string="Cover Stock", ondelete="restrict", domain="[('kind', '=', 'media')]"
    )
    cover_weight = fields.Integer(aggregator=None, string="Cover Weight (g/m²)")
    coating_id = fields.Many2one("broker.print.option", ondelete="restrict", domain="[('kind', '=', 'coating')]")
    laminating_id = fields.Many2one("broker.print.option", ondelete="restrict", domain="[('kind', '=', 'laminating')]")
    binding_id = fields.Many2one(
        "broker.print.option",
        compute="_compute_binding_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
        domain="[('kind', '=', 'binding')]",
    )
    folding_id = fields.Many2one("broker.print.option", ondelete="restrict", domain="[('kind', '=', 'folding')]")
    embossing_id = fields.Many2one(
        "broker.print.option",
        string="Embossing and Foil",
        ondelete="restrict",
        domain="[('kind', '=', 'embossing')]",
    )
    die_cut_id = fields.Many2one(
        "broker.print.option", string="Die Cutting", ondelete="restrict", domain="[('kind', '=', 'die_cut')]"
    )
    die_number = fields.Char(help="Of an existing die, so that none is made again.")
    proof_id = fields.Many2one("broker.print.option", ondelete="restrict", domain="[('kind', '=', 'proof')]")
    overage = fields.Float(
        aggregator=None, string="Over (%)", digits=(5, 1), help="How much more than ordered may be delivered."
    )
    underage = fields.Float(
        aggregator=None, string="Under (%)", digits=(5, 1), help="How much less than ordered may be delivered."
    )
    note = fields.Text(
        string="More",
        help="Printed for the customer and for the printing house: it names neither.",
    )

    state = fields.Selection(
        [("incomplete", "To Complete"), ("check", "To Confirm"), ("complete", "Complete")],
        string="Status",
        compute="_compute_state",
        store=True,
        precompute=True,
        index=True,
    )
    missing_text = fields.Char(string="Missing", compute="_compute_findings")
    warning_text = fields.Text(string="Unusual", compute="_compute_findings")
    warning_note = fields.Char(
        string="It Is Right Because", help="Confirms what is unusual about the job. It is not printed."
    )
    confirmed_warnings = fields.Char(readonly=True)
    changed_after = fields.Boolean(
        string="Changed after the Confirmation", readonly=True, copy=False, help="What was agreed has been changed."
    )

    _order_line_uniq = models.UniqueIndex("(order_line_id)", "This order line has a job spec already.")
    _numbers_positive = models.Constraint(
        """CHECK (width >= 0 AND height >= 0 AND depth >= 0 AND flat_width >= 0 AND flat_height >= 0
            AND pages >= 0 AND colors_front >= 0 AND colors_back >= 0 AND weight >= 0 AND cover_weight >= 0)""",
        "The sizes, pages, colors and weights of a job spec are zero or more.",
    )
    _tolerance_percent = models.Constraint(
        "CHECK (overage >= 0 AND overage <= 100 AND underage >= 0 AND underage <= 100)",
        "The quantity tolerance of a job spec is between 0 and 100 %.",
    )

    # COMPUTES

    @api.depends("order_id.name", "product_id", "width", "height")
    def _compute_display_name(self):
        for spec in self:
            size = spec.width and spec.height and spec._format_size(spec.width, spec.height)
            spec.display_name = " ".join(filter(None, (spec._get_label(), size)))

    @api.depends("order_line_id.product_id")
    def _compute_product_type_id(self):
        for spec in self:
            spec.product_type_id = (
                spec.order_line_id.product_id.product_tmpl_id.broker_product_type_id or spec.product_type_id
            )

    @api.depends("product_type_id")
    def _compute_asked(self):
        for spec in self:
            spec.asked = f",{','.join(spec._get_asked_aspects())},"

    @api.depends("product_type_id")
    def _compute_binding_id(self):
        for spec in self:
            spec.binding_id = spec.binding_id or spec.product_type_id.binding_id

    @api.depends("colors_front", "colors_back")
    def _compute_sides(self):
        for spec in self:
            if spec.colors_back and spec.sides in (False, "one_sided"):
                spec.sides = "two_sided"
            elif spec.colors_front and not spec.sides:
                spec.sides = "one_sided"
            else:
                spec.sides = spec.sides

    @api.depends(lambda self: self._get_finding_dependencies())
    def _compute_state(self):
        for spec in self:
            if spec._get_missing():
                spec.state = "incomplete"
            else:
                spec.state = "check" if spec._get_open_warnings() else "complete"

    @api.depends(lambda self: self._get_finding_dependencies())
    @api.depends_context("lang")
    def _compute_findings(self):
        for spec in self:
            spec.missing_text = ", ".join(spec._get_missing())
            spec.warning_text = "\n".join(spec._get_open_warnings().values())

    # CHECKS

    @api.constrains(*OPTION_KINDS)
    def _check_option_kinds(self):
        for spec in self:
            for name, kind in OPTION_KINDS.items():
                option = spec[name]
                if option and option.kind != kind:
                    raise ValidationError(
                        self.env._(
                            "%(job)s: %(option)s cannot be chosen here, it is of another kind.",
                            job=spec._get_label(),
                            option=option.name,
                        )
                    )

    @api.constrains("order_line_id")
    def _check_order_line(self):
        for spec in self.sudo():
            if spec.order_line_id.display_type or spec.order_line_id.is_downpayment:
                raise ValidationError(self.env._("Only a line that sells a product has a job spec."))

    @api.constrains("source_spec_id", "order_line_id")
    def _check_source_spec(self):
        for spec in self.sudo():
            source = spec.source_spec_id
            if source and (
                source == spec
                or source.commercial_partner_id != spec.commercial_partner_id
                or source.company_id != spec.company_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(job)s: only another job of the same customer can be taken over.", job=spec._get_label()
                    )
                )

    @api.onchange("source_spec_id")
    def _onchange_source_spec_id(self):
        if self.source_spec_id:
            self.update(self.source_spec_id._get_copied_values(as_records=True))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        self = self.env["broker.customer"]._drop_defaults(self, _OWN_FIELDS)
        self._check_links_readable(vals_list)
        for vals in vals_list:
            self._check_own_fields(vals)
        self._take_over(vals_list)
        specs = super().create(vals_list)
        specs.filtered("warning_note")._confirm_warnings()
        specs._after_added()
        return specs

    def write(self, vals):
        self._check_links_readable([vals])
        self._check_own_fields(vals)
        if "order_line_id" in vals and any(spec.order_line_id.id != vals["order_line_id"] for spec in self):
            raise UserError(self.env._("A job spec stays with its order line. Fill another one for the other line."))
        before = self._get_snapshots() if set(SPEC_FIELDS) & set(vals) else {}
        result = super().write(vals)
        if "warning_note" in vals:
            self._confirm_warnings()
        self._after_changed(before)
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for vals in vals_list:
            # What was confirmed goes along with its note.
            for name in _OWN_FIELDS & set(vals):
                del vals[name]
        return vals_list

    def onchange(self, values, field_names, fields_spec):
        self._check_links_readable([values])
        return super().onchange(values, field_names, fields_spec)

    @api.model
    def _check_links_readable(self, vals_list):
        """Refuse an order line or an earlier job that the present user may not see.

        A form shows the customer, the product and everything of the job it is pointed
        at, before any record rule is asked.
        """
        if self.env.su:
            return
        for name, model in (("order_line_id", "sale.order.line"), ("source_spec_id", "broker.job.spec")):
            values = [vals.get(name, self.env.context.get(f"default_{name}")) for vals in vals_list]
            values = [value.get("id") if isinstance(value, dict) else value for value in values]
            ids = {value for value in values if isinstance(value, int) and value}
            self.env[model].browse(ids).exists().check_access("read")

    @api.model
    def _check_own_fields(self, vals):
        if not self.env.su and _OWN_FIELDS & set(vals):
            raise UserError(
                self.env._("The order, company and status of a job spec follow from its order line and content.")
            )

    # ACTIONS

    def action_open_order(self):
        """Open the order that the spec belongs to."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
        }

    # BUSINESS

    @api.model
    def _take_over(self, vals_list):
        """Fill what an earlier job says into new specs that name it and say nothing else."""
        for vals in vals_list:
            source = vals.get("source_spec_id") and self.browse(vals["source_spec_id"])
            if source:
                for name, value in source._get_copied_values().items():
                    vals.setdefault(name, value)

    def _get_copied_values(self, as_records=False):
        """Return what another job takes over from this one.

        :param as_records: give records, for a form, instead of ids
        """
        self.ensure_one()
        values = {}
        for name in SPEC_FIELDS:
            field = self._fields[name]
            values[name] = self[name] if as_records or field.type != "many2one" else self[name].id
        return values
