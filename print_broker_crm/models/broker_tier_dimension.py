from odoo import api, fields, models
from odoo.exceptions import ValidationError

# In the order in which they are shown and explained.
DIMENSIONS = ("revenue", "profit", "efficiency", "ease", "integrity")


class BrokerTierDimension(models.Model):
    """One of the five things a customer is judged by, with its weight and thresholds.

    The value is compared with four thresholds; high is always good:
    below `threshold_2` gives 1A, `threshold_5` and more gives 5A.
    """

    _name = "broker.tier.dimension"
    _description = "5A Dimension"
    _order = "policy_id, sequence, id"
    _rec_name = "code"

    policy_id = fields.Many2one("broker.tier.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    sequence = fields.Integer(compute="_compute_sequence", store=True)
    code = fields.Selection(
        [
            ("revenue", "Revenue"),
            ("profit", "Profit"),
            ("efficiency", "Per-capita Efficiency"),
            ("ease", "Ease"),
            ("integrity", "Integrity"),
        ],
        string="Dimension",
        required=True,
    )
    unit = fields.Char(compute="_compute_unit")
    weight = fields.Float(required=True, digits=(6, 2), default=1.0)
    threshold_2 = fields.Float(string="2A from", required=True, digits=(16, 2))
    threshold_3 = fields.Float(string="3A from", required=True, digits=(16, 2))
    threshold_4 = fields.Float(string="4A from", required=True, digits=(16, 2))
    threshold_5 = fields.Float(string="5A from", required=True, digits=(16, 2))

    _policy_code_uniq = models.UniqueIndex("(policy_id, code)", "A policy has each dimension only once.")

    @api.depends("code")
    def _compute_sequence(self):
        for dimension in self:
            dimension.sequence = DIMENSIONS.index(dimension.code) if dimension.code else 0

    @api.depends("code", "policy_id.currency_id")
    def _compute_unit(self):
        for dimension in self:
            currency = dimension.policy_id.currency_id.name or self.env._("company currency")
            if dimension.code in ("revenue", "profit"):
                dimension.unit = self.env._("%(currency)s in the window", currency=currency)
            elif dimension.code == "efficiency":
                dimension.unit = self.env._("%(currency)s per full-time person", currency=currency)
            else:
                dimension.unit = self.env._("points of 100")

    @api.constrains("threshold_2", "threshold_3", "threshold_4", "threshold_5")
    def _check_thresholds_ascending(self):
        for dimension in self:
            thresholds = dimension._get_thresholds()
            if any(lower >= upper for lower, upper in zip(thresholds, thresholds[1:], strict=False)):
                raise ValidationError(
                    self.env._(
                        "%(dimension)s in the policy “%(policy)s”: the thresholds must "
                        "ascend from 2A to 5A, but they are %(values)s.",
                        dimension=dimension._get_label(),
                        policy=dimension.policy_id.name,
                        values=", ".join(f"{value:.2f}" for value in thresholds),
                    )
                )

    @api.constrains("weight")
    def _check_weight(self):
        for dimension in self:
            if dimension.weight < 0:
                raise ValidationError(
                    self.env._(
                        "%(dimension)s in the policy “%(policy)s”: the weight cannot "
                        "be negative, but it is %(weight).2f.",
                        dimension=dimension._get_label(),
                        policy=dimension.policy_id.name,
                        weight=dimension.weight,
                    )
                )
        self.policy_id._check_dimensions()

    @api.depends("code")
    def _compute_display_name(self):
        for dimension in self:
            dimension.display_name = dimension._get_label()

    @api.model_create_multi
    def create(self, vals_list):
        policies = self.env["broker.tier.policy"].browse(
            {vals["policy_id"] for vals in vals_list if vals.get("policy_id")}
        )
        policies._check_not_used()
        return super().create(vals_list)

    def write(self, vals):
        self.policy_id._check_not_used()
        result = super().write(vals)
        self.policy_id._check_not_used()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.policy_id._check_not_used()
        active = self.policy_id.filtered(lambda policy: policy.state == "active")
        if active:
            raise ValidationError(
                self.env._(
                    "The policy “%(policy)s” is active and needs all five dimensions. "
                    "Give a dimension that should not count the weight 0.",
                    policy=active[0].name,
                )
            )

    def _get_thresholds(self):
        """Return the four thresholds, from the one of 2A to the one of 5A."""
        self.ensure_one()
        return [self[f"threshold_{step}"] for step in range(2, 6)]

    def _get_label(self):
        """Return the dimension's name in the reader's language."""
        self.ensure_one()
        return dict(self._fields["code"]._description_selection(self.env)).get(self.code, "")
