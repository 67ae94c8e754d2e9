from odoo import fields, models


class BrokerRelayStageHour(models.Model):
    """How long the jobs of a tier's customers may stay in a stage."""

    _name = "broker.relay.stage.hour"
    _description = "Hours of a Job Stage by Tier"
    _order = "stage_id, tier_rank desc"
    _rec_name = "tier_id"

    stage_id = fields.Many2one("broker.relay.stage", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="stage_id.company_id", store=True, index="btree_not_null", precompute=True)
    tier_id = fields.Many2one("broker.tier", required=True, index=True, ondelete="cascade")
    tier_rank = fields.Integer(related="tier_id.rank", store=True, precompute=True, aggregator=None)
    hours = fields.Float(string="Working Hours", required=True, help="0: no clock.")

    _stage_tier_uniq = models.UniqueIndex("(stage_id, tier_id)", "The hours of this tier are given already.")
    _hours_not_negative = models.Constraint("CHECK (hours >= 0)", "The hours of a stage cannot be negative.")
