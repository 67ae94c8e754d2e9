from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date


class BrokerCommissionInstalment(models.TransientModel):
    """Spreads what somebody has to give back over the next statements.

    What is spread is put back on the open statement and deducted in equal parts from
    the statements that follow; the parts add up to it.
    """

    _name = "broker.commission.instalment"
    _description = "Spread over Instalments"

    statement_id = fields.Many2one("broker.commission.statement", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="statement_id.currency_id")
    closing_balance = fields.Monetary(related="statement_id.closing_balance")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="What is given back in parts. Not more than what was taken back and carried on this statement.",
    )
    count = fields.Integer(string="Statements", default=3, required=True, help="Over how many statements.")
    reason = fields.Char(required=True)

    @api.depends("statement_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = max(-wizard.statement_id.closing_balance, 0.0)

    def action_spread(self):
        """Write the instalments as adjustments.

        :raises AccessError: for anybody but a manager
        :raises UserError: when there is nothing of that size to spread
        """
        self.ensure_one()
        statement = self.statement_id
        if not self.env.su and not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager spreads a clawback."))
        statement.check_access("write")
        # A second one who spreads the same debt starts over, and finds it spread.
        statement.sudo()._lock()
        statement.sudo()._touch()
        statement._check_open()
        limit = statement._get_spreadable()
        amount = statement.currency_id.round(self.amount)
        if not 0 < amount <= limit:
            raise UserError(
                self.env._(
                    "On this statement %(limit)s are taken back or carried as a debt: spread that, or less.",
                    limit=statement.currency_id.format(limit),
                )
            )
        if not 1 <= self.count <= 36:
            raise UserError(self.env._("Spread it over 1 to 36 statements."))
        self._check_staying()
        self._append(amount)
        return {"type": "ir.actions.act_window_close"}

    def _check_staying(self):
        """Refuse to spread what would fall due at once, because the person leaves.

        :raises UserError: naming the day
        """
        statement = self.statement_id
        company = statement.company_id
        if not company.broker_instalments_due_on_leaving:
            return
        days = self.env["broker.staff.change"].sudo()._get_leaving_days(statement.user_id, company)
        day = next((day for day in days[statement.user_id, company] if day >= statement.date_to), None)
        if day:
            raise UserError(
                self.env._(
                    "%(person)s left on %(day)s, so all of it is due. Let instalments of leavers go on in the "
                    "settings to spread it all the same.",
                    person=statement.user_id.name,
                    day=format_date(self.env, day),
                )
            )

    def _append(self, amount):
        """Write the row that puts the amount back and those that deduct its parts."""
        statement = self.statement_id
        company = statement.company_id
        Adjustment = self.env["broker.commission.adjustment"].sudo()
        common = {"company_id": company.id, "user_id": statement.user_id.id}
        deferral = Adjustment._append(
            [{**common, "kind": "deferral", "amount": amount, "date": statement.date_to, "reason": self.reason}]
        )
        part = company.currency_id.round(amount / self.count)
        parts = [part] * (self.count - 1)
        parts.append(company.currency_id.round(amount - sum(parts)))
        first_day = statement.date_to + relativedelta(days=1)
        Adjustment._append(
            [
                {
                    **common,
                    "kind": "instalment",
                    "amount": -part,
                    "date": first_day + relativedelta(months=position * company.broker_statement_months),
                    "reason": self.env._(
                        "%(reason)s: %(position)s of %(count)s",
                        reason=self.reason,
                        position=position + 1,
                        count=self.count,
                    ),
                    "parent_id": deferral.id,
                }
                for position, part in enumerate(parts)
                if part
            ]
        )
