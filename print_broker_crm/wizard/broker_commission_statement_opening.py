from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class BrokerCommissionStatementOpening(models.TransientModel):
    """Opens the statements of a period for all payees at once."""

    _name = "broker.commission.statement.opening"
    _description = "Open Commission Statements"

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
        for wizard in self:
            company = wizard.company_id or self.env.company
            wizard.date_from, wizard.date_to = self.env["broker.commission.statement"]._get_last_period(company)

    def action_open(self):
        """Open a statement for everybody who needs one, and show them.

        :raises AccessError: for anybody but a manager
        :raises UserError: when nobody needs one
        """
        self.ensure_one()
        Statement = self.env["broker.commission.statement"]
        if not self.env.user.has_group("print_broker_crm.group_manager") or self.company_id not in self.env.companies:
            raise AccessError(self.env._("Only a manager of the company opens commission statements."))
        if self.date_to < self.date_from:
            raise UserError(self.env._("A period cannot end before it begins."))
        statements = Statement._open_period(self.company_id, self.date_from, self.date_to)
        if not statements:
            raise UserError(
                self.env._("Nobody needs a statement for these days: those who do have one for some of them already.")
            )
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_statement_action")
        action["domain"] = [("id", "in", statements.ids)]
        action["context"] = {}
        return action
