from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class BrokerCommissionGrowthOpening(models.TransientModel):
    """Asks for which period the growth of customers with an account team is worked out."""

    _name = "broker.commission.growth.opening"
    _description = "Work Out Growth Bonuses"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_from = fields.Date(
        string="From", required=True, compute="_compute_period", store=True, readonly=False, precompute=True
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        compute="_compute_period",
        store=True,
        readonly=False,
        precompute=True,
        help="The last day.",
    )

    @api.depends("company_id")
    def _compute_period(self):
        """Propose the last quarter that is over."""
        for wizard in self:
            today = (wizard.company_id or self.env.company)._get_broker_today()
            quarter = today.replace(day=1, month=(today.month - 1) // 3 * 3 + 1)
            wizard.date_from = quarter - relativedelta(months=3)
            wizard.date_to = quarter - relativedelta(days=1)

    def action_open(self):
        """Work out the period and show it.

        :raises UserError: when nobody can get a bonus
        """
        self.ensure_one()
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("Choose a company that you work in."))
        if self.date_to < self.date_from:
            raise UserError(self.env._("A period cannot end before it begins."))
        growths = self.env["broker.commission.growth"]._open_period(self.company_id, self.date_from, self.date_to)
        if not growths:
            raise UserError(
                self.env._("No customer had an account team in these days. Name the members on the customer files.")
            )
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_growth_action")
        action["domain"] = [("id", "in", growths.ids)]
        return action
