from odoo import fields, models


class GamificationChallenge(models.Model):
    _name = "gamification.challenge"
    _inherit = ["broker.target.challenge.mixin", "gamification.challenge"]

    broker_is_target = fields.Boolean(
        string="Targets of a Print Broker",
        compute="_compute_broker_is_target",
        search="_search_broker_is_target",
    )
