from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    broker_profit = fields.Monetary(
        string="Profit",
        compute="_compute_broker_profit",
        currency_field="company_currency_id",
        groups="sales_team.group_sale_salesman",
        help="What the line left after its cost, as the 5A tiers count it.",
    )
    broker_cost_unknown = fields.Boolean(
        string="Cost Unknown",
        compute="_compute_broker_profit",
        groups="sales_team.group_sale_salesman",
        help="No order line says what it cost, so it is left out of the profit.",
    )

    def _compute_broker_profit(self):
        profits = self.env["broker.customer"]._get_tier_profits(self)
        for line in self:
            profit = profits.get(line._origin.id)
            line.broker_profit = profit or 0.0
            line.broker_cost_unknown = profit is None
