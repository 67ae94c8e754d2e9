from odoo import api, fields, models


class BrokerTierTrial(models.TransientModel):
    """What one customer would score now, under the policy in force or another one.

    Nothing is written: the page is worked out whenever the policy changes.
    """

    _name = "broker.tier.trial"
    _description = "Test a Customer's Tier"
    _check_company_auto = True

    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id")
    policy_id = fields.Many2one(
        "broker.tier.policy",
        compute="_compute_policy_id",
        store=True,
        readonly=False,
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        help="The policy in force, or a draft to be tried.",
    )
    tier_now_id = fields.Many2one(related="customer_id.tier_computed_id", string="Tier Now")
    tier_after_id = fields.Many2one("broker.tier", string="Would Be", compute="_compute_result")
    explanation = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("customer_id")
    def _compute_policy_id(self):
        for trial in self:
            company = trial.customer_id.company_id
            trial.policy_id = self.env["broker.tier.policy"]._get_at(company, company._get_broker_today())

    @api.depends("customer_id", "policy_id")
    def _compute_result(self):
        for trial in self:
            trial.tier_after_id = False
            trial.explanation = False
            if trial.customer_id.active and trial.policy_id.company_id:
                explanation, tier = self.env["broker.tier.score"]._explain_preview(
                    trial.policy_id._origin, trial.customer_id._origin, trial.company_id._get_broker_today()
                )
                trial.tier_after_id = tier.id
                trial.explanation = explanation
