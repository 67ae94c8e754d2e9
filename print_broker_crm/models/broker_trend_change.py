from odoo import api, fields, models
from odoo.exceptions import UserError

TRENDS = [
    ("new", "New"),
    ("rising", "Rising"),
    ("stable", "Stable"),
    ("declining", "Declining"),
    ("lost", "Lost"),
    ("recovered", "Recovered"),
]
ARROWS = {"new": "✦", "rising": "↑", "stable": "→", "declining": "↓", "lost": "✕", "recovered": "↗"}


class BrokerTrendChange(models.Model):
    """When a customer's trend changed, and by which figures. Rows are appended and kept.

    One that was worked out afterwards, for the months before anybody looked, is history:
    nobody was told of it.
    """

    _name = "broker.trend.change"
    _inherit = ["broker.customer.link.mixin"]
    _description = "Change of Trend"
    _order = "date desc, id desc"
    _rec_name = "customer_id"
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    date = fields.Date(required=True, readonly=True, help="The last day that was looked at.")
    trend_before = fields.Selection(TRENDS, string="Before", readonly=True)
    trend = fields.Selection(TRENDS, readonly=True, help="Empty: nothing of what the customer bought stands any more.")
    trace = fields.Json(readonly=True)
    explanation = fields.Text(string="Why", compute="_compute_explanation")
    is_history = fields.Boolean(
        string="Worked out Afterwards", readonly=True, help="For a time before anybody looked: nobody was told."
    )
    is_merged = fields.Boolean(
        string="Came with a Merge", readonly=True, help="Of a customer that was merged into this one."
    )
    tier_id = fields.Many2one(related="customer_id.tier_id", string="Tier Today")
    user_id = fields.Many2one(related="customer_id.user_id", string="Salesperson")

    @api.depends("trace")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for change in self:
            change.explanation = self.env["broker.trend.rule"]._explain(
                change.trend, change.trace or {}, change.company_id.currency_id
            )

    # CRUD

    def write(self, vals):
        if self and set(vals) - {"is_merged"}:
            raise UserError(self.env._("The history of a trend is not edited."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history of a trend is not deleted."))
