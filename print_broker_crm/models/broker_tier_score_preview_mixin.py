from odoo import api, models
from odoo.tools import SQL

from .broker_tier_score_batch_mixin import WRITTEN_COLUMNS


class BrokerTierScorePreviewMixin(models.AbstractModel):
    """What customers would score now, under any policy, without a trace.

    Apart from the nightly run, which writes: it asks the same figures and the same
    judgement, so that what is shown is what the run would come to.
    """

    _name = "broker.tier.score.preview.mixin"
    _description = "5A Score: Preview"

    @api.model
    def _preview(self, policy, date, customers=None):
        """Judge customers now, without writing.

        :param policy: a complete `broker.tier.policy`, in force or draft
        :param date: the last day of the window
        :param customers: `broker.customer` records; all active ones when left out
        :return: {customer id: {column: value}}
        """
        self = self.sudo()
        policy._check_complete()
        self._flush_sources()
        rows = self.env.execute_query(
            SQL(
                "SELECT customer_id, %s FROM (%s) AS judged",
                self._join_columns(WRITTEN_COLUMNS),
                self._get_preview_query(policy, date, customers),
            )
        )
        return {row[0]: dict(zip(WRITTEN_COLUMNS, row[1:], strict=True)) for row in rows}

    @api.model
    def _get_preview_query(self, policy, date, customers=None, thresholds=None):
        """Return the SELECT of what a run would judge, one row per customer.

        :param thresholds: {dimension code: four thresholds} to try instead of the policy's
        """
        return SQL(
            "WITH %s, %s SELECT * FROM result",
            self._get_figures_query(policy, date, customers),
            self._get_judgement_query(policy, date, thresholds),
        )

    @api.model
    def _explain_preview(self, policy, customer, date):
        """Return the page that explains what a customer would score now.

        Under a draft nothing is waiting for a second run: what it would come to is shown.

        :return: (markup, the `broker.tier` it comes to)
        """
        values = self._preview(policy, date, customer)[customer.id]
        if policy != policy._get_at(policy.company_id, date):
            values.update(tier_id=values["tier_proposed_id"], pending_runs=0)
        score = self.sudo().new(
            {**values, "customer_id": customer.id, "company_id": policy.company_id.id, "date": date},
        )
        return score.explanation, score.tier_proposed_id

    @api.model
    def _get_due_rows(self, policy, date, customers):
        """Return the invoices by which customers' integrity is judged.

        :return: list of (customer id, invoice id, most days late, amount that came or
            is late, amount still overdue)
        """
        self = self.sudo()
        self._flush_sources()
        first, last = policy._get_window(date)
        return self.env.execute_query(
            SQL(
                """
                WITH %(billing)s, %(payment)s
                SELECT customer_id, move_id, MAX(days),
                       ROUND(COALESCE(SUM(amount) FILTER (WHERE days > 0), 0), 2),
                       ROUND(COALESCE(SUM(amount) FILTER (WHERE is_overdue), 0), 2)
                  FROM part
              GROUP BY customer_id, move_id
              ORDER BY customer_id, move_id
                """,
                billing=self._get_billing_query(policy, first, last, customers),
                payment=self._get_payment_query(last, customers),
            )
        )

    @api.model
    def _get_profit_rows(self, policy, date, customers):
        """Return what each invoice line of customers left in the window.

        :return: list of (invoice line id, profit in company currency or None when the
            cost is unknown)
        """
        self = self.sudo()
        self._flush_sources()
        first, last = policy._get_window(date)
        return self.env.execute_query(
            SQL(
                "WITH %s, %s SELECT line_id, ROUND(profit, 2) FROM billed ORDER BY line_id",
                self._get_billing_query(policy, first, last, customers),
                self._get_margin_query(policy, customers),
            )
        )
