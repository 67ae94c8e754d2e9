from odoo import fields, models


class BrokerTierEffectThreshold(models.TransientModel):
    """Thresholds proposed for a dimension from the firm's own customers."""

    _name = "broker.tier.effect.threshold"
    _description = "Proposed Thresholds"
    _order = "id"
    _rec_name = "dimension_id"

    effect_id = fields.Many2one("broker.tier.effect", required=True, readonly=True, index=True, ondelete="cascade")
    dimension_id = fields.Many2one("broker.tier.dimension", required=True, readonly=True, ondelete="cascade")
    present = fields.Char(string="Thresholds Now", compute="_compute_present")
    threshold_2 = fields.Float(string="2A from", readonly=True, digits=(16, 2))
    threshold_3 = fields.Float(string="3A from", readonly=True, digits=(16, 2))
    threshold_4 = fields.Float(string="4A from", readonly=True, digits=(16, 2))
    threshold_5 = fields.Float(string="5A from", readonly=True, digits=(16, 2))

    def _compute_present(self):
        for line in self:
            line.present = " · ".join(f"{value:,.10g}" for value in line.dimension_id._get_thresholds())
