from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCommissionShare(models.Model):
    """The part of a rule's pool that one role gets."""

    _name = "broker.commission.share"
    _description = "Commission Share"
    _order = "rule_id, sequence, id"
    _rec_name = "role"

    rule_id = fields.Many2one("broker.commission.rule", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    role = fields.Selection(
        [
            ("sales", "Salesperson"),
            ("service", "Service Agent"),
            ("care", "Care Officer"),
            ("sponsor", "Sponsor"),
        ],
        required=True,
    )
    percent = fields.Float(string="Share (%)", required=True, digits=(5, 2))

    _role_uniq = models.UniqueIndex("(rule_id, role)", "A role has one share in a rule. Add the two shares up.")
    _percent_range = models.Constraint(
        "CHECK (percent > 0 AND percent <= 100)",
        "A share lies above 0 and not above 100 %.",
    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        shares = super().create(vals_list)
        shares.rule_id.plan_id._check_not_used()
        shares._check_rules(shares.rule_id)
        return shares

    def write(self, vals):
        rules = self.rule_id
        (rules | rules.browse(vals.get("rule_id") or ())).plan_id._check_not_used()
        result = super().write(vals)
        self._check_rules(rules | self.rule_id)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_with_rule(self):
        self.rule_id.plan_id._check_not_used()
        if not self.rule_id._is_writing_shares():
            # What remains cannot add up to 100 any more: say so on the rule.
            self.rule_id._check_shares(without=self)

    # BUSINESS

    @api.model
    def _check_rules(self, rules):
        """Check the sums, unless a rule that is being written will do it itself."""
        if not self.rule_id._is_writing_shares():
            rules._check_shares()

    @api.model
    def _get_by_rule(self, rules):
        """Return {rule: its shares in order} in one query."""
        return self.search(Domain("rule_id", "in", rules.ids)).grouped("rule_id")
