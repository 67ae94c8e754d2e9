from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCommissionStatementOpeningMixin(models.AbstractModel):
    """How statements come to be: one per payee when a period is over."""

    _name = "broker.commission.statement.opening.mixin"
    _description = "Commission Statement: Opening"

    @api.model
    def _get_default_period(self):
        """Return first and last day of the last period that is over in the present company."""
        return self._get_last_period(self.env.company)

    @api.model
    def _get_last_period(self, company):
        """Return first and last day of a company's last period that is over.

        Periods are counted from the beginning of the year.
        """
        months = company.broker_statement_months
        today = company._get_broker_today()
        present = today.replace(day=1) - relativedelta(months=(today.month - 1) % months)
        return present - relativedelta(months=months), present - relativedelta(days=1)

    @api.model
    def _open_period(self, company, date_from, date_to):
        """Open a statement for everybody who has something to do with a period.

        Those are the payees with a row that is on no statement yet, with a balance, or
        who earned something in the period: their empty statement says why. Whoever has
        a statement that covers one of the days already gets no second one.

        :return: the new statements, in sudo
        """
        Statement = self.sudo()
        payees = self._find_payees(company, date_from, date_to)
        return Statement.create(
            [
                {"company_id": company.id, "user_id": user_id, "date_from": date_from, "date_to": date_to}
                for user_id in payees
            ]
        )

    @api.model
    def _find_payees(self, company, date_from, date_to):
        """Return the ids of the users who need a statement for a period, in order."""
        self.env["broker.commission.entry"].flush_model()
        self.env["broker.commission.adjustment"].flush_model()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH payee AS (
                    SELECT user_id, TRUE AS has_rows
                      FROM broker_commission_entry
                     WHERE company_id = %(company)s
                       AND (
                            book = 'released' AND statement_id IS NULL AND date <= %(date_to)s
                            OR date BETWEEN %(date_from)s AND %(date_to)s
                           )
                     UNION
                    SELECT user_id, TRUE
                      FROM broker_commission_adjustment
                     WHERE company_id = %(company)s AND statement_id IS NULL AND date <= %(date_to)s
                     UNION
                    SELECT user_id, FALSE
                      FROM broker_commission_statement
                     WHERE company_id = %(company)s
                )
                SELECT payee.user_id, BOOL_OR(payee.has_rows)
                  FROM payee
                 WHERE payee.user_id IS NOT NULL
                   AND NOT EXISTS (
                        SELECT
                          FROM broker_commission_statement statement
                         WHERE statement.company_id = %(company)s
                           AND statement.user_id = payee.user_id
                           AND (
                                statement.date_from <= %(date_to)s AND statement.date_to >= %(date_from)s
                                OR statement.state <> 'open' AND statement.date_to > %(date_from)s
                           )
                       )
              GROUP BY payee.user_id
              ORDER BY payee.user_id
                """,
                company=company.id,
                date_from=date_from,
                date_to=date_to,
            )
        )
        users = self.env["res.users"].browse(user_id for user_id, _has_rows in rows)
        balances = self.sudo()._get_last_balances(users, company)
        return [user_id for user_id, has_rows in rows if has_rows or balances.get((company.id, user_id))]

    # CRON

    @api.model
    def _cron_open_periods(self):
        """Open the statements of the period that is over, where companies wish it.

        Runs every day and opens what is missing: a night that failed is made good.
        """
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo().search(Domain("broker_statement_auto", "=", True))
        for position, company in enumerate(companies, 1):
            self.with_company(company)._open_period(company, *self._get_last_period(company))
            if not Cron._commit_progress(1, remaining=len(companies) - position):
                return
