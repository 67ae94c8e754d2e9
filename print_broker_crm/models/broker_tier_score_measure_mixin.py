import json

from odoo import api, models
from odoo.tools import SQL

# The columns of `figure` and of the work table in which a night keeps them.
FIGURES = {
    "invoices": SQL("bigint"),
    "credit_notes": SQL("bigint"),
    "revenue": SQL("numeric"),
    "billed": SQL("numeric"),
    "disputed": SQL("numeric"),
    "margin_lines": SQL("bigint"),
    "margin_left_out": SQL("bigint"),
    "profit": SQL("numeric"),
    "work": SQL("numeric"),
    "full_time_share": SQL("numeric"),
    "people": SQL("jsonb"),
    "jobs": SQL("bigint"),
    "cancelled_jobs": SQL("bigint"),
    "cancelled_quotations": SQL("bigint"),
    "trouble": SQL("jsonb"),
    "trouble_points": SQL("numeric"),
    "judged": SQL("numeric"),
    "late_documents": SQL("bigint"),
    "late_days": SQL("numeric"),
    "overdue": SQL("numeric"),
    "overdue_days": SQL("integer"),
}


class BrokerTierScoreMeasureMixin(models.AbstractModel):
    """What is measured of a customer: the figures behind the five dimensions, in SQL.

    Apart from the run, because this is where the formulas are: each figure has its own
    CTE, and what it counts can be read and changed without the judgement of it. Every
    CTE reads its rows once for all the customers asked for. The margin, the trouble and
    the time that people spent have mixins of their own.
    """

    _name = "broker.tier.score.measure.mixin"
    _description = "5A Score: Figures"

    @api.model
    def _get_figures_query(self, policy, date, customers=None):
        """Return the CTEs that gather raw figures, ending in `figure`, without writing.

        :param policy: the `broker.tier.policy` whose window, weights and points are used
        :param date: the last day of the window
        :param customers: `broker.customer` records; all active ones of the policy's
            company when left out
        """
        first, last = policy._get_window(date)
        return SQL(
            """
            %(measures)s,
            %(people)s,
            figure AS (
                SELECT measure.*, people.people
                  FROM measure
             LEFT JOIN people ON people.customer_id = measure.customer_id
            )
            """,
            measures=self._get_measures_query(
                policy,
                date,
                SQL(
                    "%s, %s, %s",
                    self._get_billing_query(policy, first, last, customers),
                    self._get_margin_query(policy, customers),
                    self._get_payment_query(last, customers),
                ),
                customers,
            ),
            people=self._get_people_query(self._get_scope(SQL("own.customer_id"), customers)),
        )

    @api.model
    def _get_measures_query(self, policy, date, documents, customers=None):
        """Return the CTEs of all figures but the people, ending in `measure`.

        :param documents: SQL of the CTEs `billing`, `margin` and `payment`
        """
        start, end = self._get_window_times(policy, date)
        return SQL(
            """
            batch AS (
                SELECT id, last_score_id FROM broker_customer
                 WHERE company_id = %(company)s AND active AND %(scope)s
            ),
            %(documents)s,
            %(job)s,
            %(trouble)s,
            %(effort)s,
            measure AS (
                SELECT batch.id AS customer_id, batch.last_score_id,
                       COALESCE(billing.invoices, 0) AS invoices,
                       COALESCE(billing.credit_notes, 0) AS credit_notes,
                       billing.revenue,
                       COALESCE(billing.billed, 0) AS billed,
                       COALESCE(billing.disputed, 0) AS disputed,
                       COALESCE(margin.lines, 0) AS margin_lines,
                       COALESCE(margin.left_out, 0) AS margin_left_out,
                       -- Nothing invoiced in the window is a known profit of nothing
                       CASE WHEN margin.lines > 0 THEN margin.profit
                            WHEN billing.invoices + billing.credit_notes = 0 THEN 0
                       END AS profit,
                       effort.work, effort.full_time_share,
                       COALESCE(job.jobs, 0) AS jobs,
                       COALESCE(job.cancelled_jobs, 0) AS cancelled_jobs,
                       COALESCE(job.cancelled_quotations, 0) AS cancelled_quotations,
                       %(no_trouble)s::jsonb
                           || COALESCE(trouble.kinds, '{}'::jsonb) AS trouble,
                       COALESCE(trouble.points, 0) AS trouble_points,
                       COALESCE(payment.judged, 0) AS judged,
                       COALESCE(payment.late_documents, 0) AS late_documents,
                       COALESCE(ROUND(
                           payment.amount_days / NULLIF(payment.judged, 0), 2
                       ), 0) AS late_days,
                       COALESCE(payment.overdue, 0) AS overdue,
                       COALESCE(payment.overdue_days, 0) AS overdue_days
                  FROM batch
             LEFT JOIN billing ON billing.customer_id = batch.id
             LEFT JOIN margin ON margin.customer_id = batch.id
             LEFT JOIN payment ON payment.customer_id = batch.id
             LEFT JOIN job ON job.customer_id = batch.id
             LEFT JOIN trouble ON trouble.customer_id = batch.id
             LEFT JOIN effort ON effort.customer_id = batch.id
            )
            """,
            company=policy.company_id.id,
            scope=self._get_scope(SQL("id"), customers),
            documents=documents,
            job=self._get_job_query(policy, start, end, customers),
            trouble=self._get_trouble_query(policy, start, end, customers),
            effort=self._get_effort_query(policy, date, customers),
            no_trouble=json.dumps({kind: 0 for kind in self._get_usual_troubles()}),
        )

    @api.model
    def _get_billing_query(self, policy, first, last, customers):
        """CTEs `invoice` (all posted ones up to the day) and `billing`: what was
        invoiced in the window, untaxed, in company currency, refunds negative."""
        return SQL(
            """
            invoice AS MATERIALIZED (
                SELECT move.id, move.broker_customer_id AS customer_id,
                       move.move_type = 'out_refund' AS is_refund,
                       move.amount_untaxed_signed, move.broker_is_disputed,
                       move.reversed_entry_id, move.currency_id,
                       move.invoice_currency_rate AS rate,
                       move.invoice_date, move.invoice_date_due,
                       move.invoice_date >= %(first)s AS in_window
                  FROM account_move move
                 WHERE move.company_id = %(company)s AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund')
                   AND move.invoice_date <= %(last)s AND %(scope)s
            ),
            billing AS (
                SELECT customer_id,
                       ROUND(COALESCE(
                           SUM(amount_untaxed_signed) FILTER (WHERE in_window), 0
                       ), 2) AS revenue,
                       SUM(amount_untaxed_signed) FILTER (
                           WHERE in_window AND NOT is_refund
                       ) AS billed,
                       SUM(amount_untaxed_signed) FILTER (
                           WHERE in_window AND NOT is_refund AND broker_is_disputed
                       ) AS disputed,
                       COUNT(*) FILTER (WHERE in_window AND NOT is_refund) AS invoices,
                       COUNT(*) FILTER (WHERE in_window AND is_refund) AS credit_notes
                  FROM invoice
              GROUP BY customer_id
            )
            """,
            company=policy.company_id.id,
            first=first,
            last=last,
            scope=self._get_scope(SQL("move.broker_customer_id"), customers),
        )

    @api.model
    def _get_payment_query(self, last, customers):
        """CTE `payment`: how late, by amount, what was due has been paid.

        Each payment counts with its real day (the later one of the two documents that
        it reconciles), what is overdue with today. Not judged are amounts that are not
        due yet and amounts settled by a credit note, which nobody paid.
        """
        return SQL(
            """
            due AS MATERIALIZED (
                SELECT invoice.customer_id, invoice.id AS move_id, line.id,
                       line.amount_residual,
                       COALESCE(
                           line.date_maturity, invoice.invoice_date_due,
                           invoice.invoice_date
                       ) AS day
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'payment_term'
                 WHERE NOT invoice.is_refund
                   AND (invoice.in_window OR line.amount_residual > 0)
            ),
            noted AS MATERIALIZED (
                SELECT line.id
                  FROM account_move note
                  JOIN account_move_line line
                    ON line.move_id = note.id AND line.display_type = 'payment_term'
                 WHERE note.move_type = 'out_refund' AND note.state = 'posted'
                   AND %(notes)s
            ),
            part AS (
                SELECT due.customer_id, due.move_id, partial.amount,
                       GREATEST(partial.max_date - due.day, 0) AS days,
                       FALSE AS is_overdue
                  FROM due
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = due.id
                 WHERE NOT EXISTS (
                           SELECT FROM noted WHERE noted.id = partial.credit_move_id
                       )
             UNION ALL
                SELECT customer_id, move_id, amount_residual, %(last)s - day, TRUE
                  FROM due
                 WHERE amount_residual > 0 AND day < %(last)s
            ),
            payment AS (
                SELECT customer_id,
                       SUM(amount) AS judged,
                       SUM(amount * days) AS amount_days,
                       COUNT(DISTINCT move_id) FILTER (WHERE days > 0)
                           AS late_documents,
                       COALESCE(SUM(amount) FILTER (WHERE is_overdue), 0) AS overdue,
                       COALESCE(MAX(days) FILTER (WHERE is_overdue), 0)
                           AS overdue_days
                  FROM part
              GROUP BY customer_id
            )
            """,
            last=last,
            # Of some customers it is quicker to look up what was matched with theirs.
            notes=SQL("TRUE")
            if customers is None
            else SQL(
                """
                line.id IN (
                    SELECT partial.credit_move_id
                      FROM account_partial_reconcile partial
                      JOIN due ON due.id = partial.debit_move_id
                )
                """
            ),
        )

    @api.model
    def _get_job_query(self, policy, start, end, customers):
        """CTE `job`: orders of the window by what became of them, without those by which
        a claim was printed again."""
        return SQL(
            """
            job AS (
                SELECT so.broker_customer_id AS customer_id,
                       COUNT(*) FILTER (WHERE so.state = 'sale') AS jobs,
                       COUNT(*) FILTER (
                           WHERE so.state = 'cancel'
                             AND so.broker_date_confirmed IS NOT NULL
                       ) AS cancelled_jobs,
                       COUNT(*) FILTER (
                           WHERE so.state = 'cancel' AND so.broker_date_confirmed IS NULL
                       ) AS cancelled_quotations
                  FROM sale_order so
                 WHERE so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                   AND so.broker_claim_case_id IS NULL
                   AND %(scope)s
              GROUP BY so.broker_customer_id
            )
            """,
            company=policy.company_id.id,
            start=start,
            end=end,
            scope=self._get_scope(SQL("so.broker_customer_id"), customers),
        )
