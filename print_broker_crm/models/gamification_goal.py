from odoo import fields, models


class GamificationGoal(models.Model):
    _name = "gamification.goal"
    _inherit = ["broker.target.goal.mixin", "gamification.goal"]

    broker_kind = fields.Selection(related="definition_id.broker_kind", store=True, index="btree_not_null")
    broker_explanation = fields.Text(string="What Counts", compute="_compute_broker_explanation")
    broker_score = fields.Char(string="So Far", compute="_compute_broker_score")
    broker_progress = fields.Float(
        string="Of the Target (%)",
        compute="_compute_broker_progress",
        help="How much of the target is reached, 100 at most.",
    )

    _broker_target_uniq = models.UniqueIndex(
        "(line_id, user_id, start_date) WHERE broker_kind IS NOT NULL",
        "This person has this target in this period already.",
    )
