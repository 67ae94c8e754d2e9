from odoo import models


class GamificationChallengeLine(models.Model):
    _inherit = "gamification.challenge.line"

    def write(self, vals):
        result = super().write(vals)
        # Odoo asks the rules before, and where a line goes to only afterwards it is known.
        if {"challenge_id", "definition_id"} & set(vals):
            self.check_access("write")
        if "target_goal" in vals:
            self.env["gamification.goal"]._follow_broker_lines(self)
        return result
