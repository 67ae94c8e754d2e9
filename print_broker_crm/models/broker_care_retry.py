from odoo import fields, models


class BrokerCareRetry(models.Model):
    """When and how often a call is tried again after one outcome."""

    _name = "broker.care.retry"
    _description = "Retry of Care Calls"
    _order = "rule_id, id"
    _rec_name = "outcome"

    rule_id = fields.Many2one("broker.care.rule", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index="btree_not_null", precompute=True)
    outcome = fields.Selection(
        [("no_answer", "No Answer"), ("busy", "Busy"), ("wrong_number", "Wrong Number")],
        required=True,
    )
    wait_hours = fields.Float(
        string="Wait (Hours)", required=True, default=4.0, help="So long at least before the next attempt."
    )
    is_other_half = fields.Boolean(
        string="Another Half of the Day",
        help="After a morning the afternoon is tried, and after an afternoon a morning.",
    )
    max_count = fields.Integer(
        string="Give Up After",
        help="So often at most with this outcome on one call; then the phone is given up. 0: as the rule says.",
    )

    _outcome_uniq = models.UniqueIndex("(rule_id, outcome)", "This rule says already what follows from this outcome.")
    _numbers_not_negative = models.Constraint(
        "CHECK (wait_hours >= 0 AND COALESCE(max_count, 0) >= 0)",
        "The hours to wait and the number of attempts cannot be negative.",
    )
