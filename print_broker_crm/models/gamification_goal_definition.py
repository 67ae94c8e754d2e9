from odoo import models


class GamificationGoalDefinition(models.Model):
    _name = "gamification.goal.definition"
    _inherit = ["broker.target.definition.mixin", "gamification.goal.definition"]
