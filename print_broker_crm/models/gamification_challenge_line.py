from odoo import models


class GamificationChallengeLine(models.Model):
    _inherit = "gamification.challenge.line"

    def write(self, vals):
        result = super().write(vals)
        if "target_goal" in vals:
            self.env["gamification.goal"]._follow_broker_lines(self)
        return result
