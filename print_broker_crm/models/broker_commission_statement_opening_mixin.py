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
        who earned something in the period: their empty statement says why. Whose days
        are covered already gets no second one; who has a statement for the first of
        them, from when periods were shorter, gets one for the rest.

        :return: the new statements, in sudo
        """
        Statement = self.sudo()
        payees = self._find_payees(company, date_from, date_to)
        return Statement.create(
            [
                {"company_id": company.id, "user_id": user_id, "date_from": first_day, "date_to": date_to}
                for user_id, first_day in payees.items()
            ]
        )

    @api.model
    def _find_payees(self, company, date_from, date_to):
        """Return {user id: first day} of those who need a statement up to the end of a
        period, in order.

        The first day is the period's, or the one after what a statement covers of it
        already.
        """
        Adjustment = self.env["broker.commission.adjustment"]._flush_for_due_days()
        self.env["broker.commission.entry"].flush_model()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH covered AS (
                    SELECT user_id, MAX(date_to) + 1 AS first_day
                      FROM broker_commission_statement
                     WHERE company_id = %(company)s
                       AND (
                            date_from <= %(date_to)s AND date_to >= %(date_from)s
                            OR state <> 'open' AND date_to > %(date_from)s
                           )
                  GROUP BY user_id
                ), payee AS (
                    SELECT user_id, statement_id IS NULL AND book = 'released' AS is_open, date
                      FROM broker_commission_entry
                     WHERE company_id = %(company)s
                       AND (book = 'released' AND statement_id IS NULL OR date >= %(date_from)s)
                       AND date <= %(date_to)s
                     UNION
                    SELECT user_id, TRUE, date
                      FROM broker_commission_adjustment adjustment
                     WHERE company_id = %(company)s AND statement_id IS NULL AND %(due)s <= %(date_to)s
                     UNION
                    SELECT user_id, FALSE, NULL
                      FROM broker_commission_statement
                     WHERE company_id = %(company)s
                )
                SELECT payee.user_id,
                       COALESCE(covered.first_day, %(date_from)s),
                       BOOL_OR(payee.is_open OR payee.date >= COALESCE(covered.first_day, %(date_from)s))
                  FROM payee
             LEFT JOIN covered ON covered.user_id = payee.user_id
                 WHERE payee.user_id IS NOT NULL
                   AND (covered.first_day IS NULL OR covered.first_day <= %(date_to)s)
              GROUP BY 1, 2
              ORDER BY 1
                """,
                company=company.id,
                date_from=date_from,
                date_to=date_to,
                due=Adjustment._get_due_sql(),
            )
        )
        users = self.env["res.users"].browse(user_id for user_id, _first_day, _has_rows in rows)
        balances = self.sudo()._get_last_balances(users, company)
        return {
            user_id: first_day
            for user_id, first_day, has_rows in rows
            if has_rows or balances.get((company.id, user_id))
        }

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
