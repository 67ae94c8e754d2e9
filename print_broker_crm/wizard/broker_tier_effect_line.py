from odoo import api, fields, models

from ..models.broker_tier_dimension import DIMENSIONS


class BrokerTierEffectLine(models.TransientModel):
    """A customer who would move, and the dimensions that make it move."""

    _name = "broker.tier.effect.line"
    _description = "Customer Who Would Move"
    _order = "id"
    _rec_name = "customer_id"

    effect_id = fields.Many2one("broker.tier.effect", required=True, readonly=True, index=True, ondelete="cascade")
    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, ondelete="cascade")
    tier_from_id = fields.Many2one("broker.tier", string="Tier Now", readonly=True, ondelete="cascade")
    tier_to_id = fields.Many2one("broker.tier", string="Would Be", readonly=True, ondelete="cascade")
    tier_from_color = fields.Integer(related="tier_from_id.color", string="Color From")
    tier_to_color = fields.Integer(related="tier_to_id.color", string="Color To")
    rank_change = fields.Integer(string="Steps", readonly=True)
    total_from = fields.Float(digits=(6, 4), readonly=True)
    total_to = fields.Float(digits=(6, 4), readonly=True)
    is_manual = fields.Boolean(
        string="Held by Hand", readonly=True, help="A manual tier is in force and stays until it ends."
    )
    changes = fields.Json(readonly=True)
    reason = fields.Char(string="By What", compute="_compute_reason")

    @api.depends("changes", "total_from", "total_to")
    @api.depends_context("lang")
    def _compute_reason(self):
        dimension_labels = dict(self.env["broker.tier.dimension"]._fields["code"]._description_selection(self.env))
        caps = dict(self.env["broker.tier.score"]._fields["capped_by"]._description_selection(self.env))
        for line in self:
            changes = dict(line.changes or {})
            cap = changes.pop("cap", None)
            reasons = [
                self.env._(
                    "%(dimension)s %(before)s → %(after)s",
                    dimension=dimension_labels[code],
                    before=self.env._("%sA", before) if before else self.env._("no data"),
                    after=self.env._("%sA", after) if after else self.env._("no data"),
                )
                for code, (before, after) in sorted(changes.items(), key=lambda item: DIMENSIONS.index(item[0]))
            ]
            if cap:
                before, after = (caps.get(code) or self.env._("none") for code in cap)
                reasons.append(self.env._("Cap: %(before)s → %(after)s", before=before, after=after))
            if line.total_from != line.total_to and not changes:
                reasons.append(self.env._("other weights"))
            line.reason = ", ".join(reasons) or self.env._("other limits")
