from odoo import api, fields, models


class BrokerCommissionStatementPayment(models.TransientModel):
    """Asks for the day and the reference of a payment of commission."""

    _name = "broker.commission.statement.payment"
    _description = "Pay Commission"

    statement_ids = fields.Many2many(
        "broker.commission.statement",
        "broker_commission_statement_payment_rel",
        string="Statements",
        required=True,
        readonly=True,
    )
    statement_count = fields.Integer(compute="_compute_statement_count")
    currency_id = fields.Many2one("res.currency", compute="_compute_statement_count")
    date = fields.Date(required=True, default=lambda self: self.env.company._get_broker_today())
    reference = fields.Char(help="What the bank or the cash book calls the payment.")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Less than the balance may be paid: the rest is carried to the next statement.",
    )

    @api.depends("statement_ids")
    def _compute_statement_count(self):
        for wizard in self:
            wizard.statement_count = len(wizard.statement_ids)
            wizard.currency_id = wizard.statement_ids.currency_id[:1]

    @api.depends("statement_ids")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(wizard.statement_ids.mapped("payable_amount"))

    def action_pay(self):
        """Pay the statements; see `broker.commission.statement._pay`."""
        self.ensure_one()
        self.statement_ids._check_manager()
        amount = self.amount if len(self.statement_ids) == 1 else None
        self.statement_ids.sudo()._pay(self.date, self.reference, amount)
        return {"type": "ir.actions.act_window_close"}
