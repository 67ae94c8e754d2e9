from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreMeasureMixin(models.AbstractModel):
    """What is measured of a customer: the figures behind the five dimensions, in SQL.

    Apart from the run, because this is where the formulas are: each figure has its own
    CTE, and what it counts can be read and changed without the judgement of it. The
    time that people spent has a source of its own, `broker.tier.score.work.mixin`.
    """

    _name = "broker.tier.score.measure.mixin"
    _description = "5A Score: Figures"

    @api.model
    def _get_figures_query(self, policy, date, work_totals):
        """Return the CTEs that gather a batch's raw figures, ending in `figure`."""
        first, last = policy._get_window(date)
        start, end = self._get_window_times(policy, date)
        return SQL(
            """
            %(billing)s,
            %(margin)s,
            %(payment)s,
            %(job)s,
            %(trouble)s,
            %(effort)s,
            figure AS (
                SELECT batch.id AS customer_id, batch.last_score_id,
                       COALESCE(billing.invoices, 0) AS invoices,
                       COALESCE(billing.credit_notes, 0) AS credit_notes,
                       billing.revenue,
                       COALESCE(margin.lines, 0) AS margin_lines,
                       COALESCE(margin.left_out, 0) AS margin_left_out,
                       -- Nothing invoiced in the window is a known profit of nothing
                       CASE WHEN margin.lines > 0 THEN margin.profit
                            WHEN billing.invoices + billing.credit_notes = 0 THEN 0
                       END AS profit,
                       effort.work, effort.full_time_share, effort.people,
                       COALESCE(job.jobs, 0) AS jobs,
                       COALESCE(job.cancelled_jobs, 0) AS cancelled_jobs,
                       COALESCE(job.cancelled_quotations, 0) AS cancelled_quotations,
                       COALESCE(trouble.purchases, 0) AS cancelled_purchases,
                       COALESCE(trouble.returns, 0) AS returned_handoffs,
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
            billing=self._get_billing_query(policy, first, last),
            margin=self._get_margin_query(),
            payment=self._get_payment_query(last),
            job=self._get_job_query(policy, start, end),
            trouble=self._get_trouble_query(policy, start, end),
            effort=self._get_effort_query(policy, date, work_totals),
        )

    @api.model
    def _get_billing_query(self, policy, first, last):
        """CTEs `invoice` (all posted ones up to the day) and `billing`: what was
        invoiced in the window, untaxed, in company currency, refunds negative."""
        return SQL(
            """
            invoice AS (
                SELECT move.id, move.broker_customer_id AS customer_id,
                       move.move_type, move.amount_untaxed_signed,
                       move.reversed_entry_id, move.currency_id,
                       move.invoice_currency_rate AS rate,
                       move.invoice_date, move.invoice_date_due,
                       move.invoice_date >= %(first)s AS in_window
                  FROM batch
                  JOIN account_move move ON move.broker_customer_id = batch.id
                 WHERE move.company_id = %(company)s AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund')
                   AND move.invoice_date <= %(last)s
            ),
            billing AS (
                SELECT customer_id,
                       ROUND(COALESCE(
                           SUM(amount_untaxed_signed) FILTER (WHERE in_window), 0
                       ), 2) AS revenue,
                       COUNT(*) FILTER (
                           WHERE in_window AND move_type = 'out_invoice'
                       ) AS invoices,
                       COUNT(*) FILTER (
                           WHERE in_window AND move_type = 'out_refund'
                       ) AS credit_notes
                  FROM invoice
              GROUP BY customer_id
            )
            """,
            company=policy.company_id.id,
            first=first,
            last=last,
        )

    @api.model
    def _get_margin_query(self):
        """CTE `margin`: invoiced price minus cost, in company currency.

        Only lines whose cost is known count: their order line has a cost, or lowers
        the price (a discount). A credit note that lowers the price without taking goods
        back leaves the cost where it is. A down payment carries its order's margin ratio, so that
        it and the final invoice, which takes it off again, add up to the order.
        """
        return SQL(
            """
            billed AS (
                SELECT invoice.customer_id, line.id, line.balance,
                       CASE invoice.move_type WHEN 'out_refund' THEN -1 ELSE 1 END
                           * line.quantity AS quantity,
                       MIN(sold.order_id) AS order_id,
                       BOOL_OR(sold.is_downpayment) AS is_downpayment,
                       BOOL_OR(sold.purchase_price <> 0 OR sold.price_subtotal < 0)
                           AS has_cost,
                       COALESCE(BOOL_OR(
                           price.full * ABS(line.quantity) - ABS(line.price_subtotal)
                               > currency.rounding * GREATEST(1, ABS(line.quantity))
                       ), FALSE) AS is_allowance,
                       AVG(sold.purchase_price
                           / CASE WHEN so.currency_id = invoice.currency_id
                                  THEN COALESCE(NULLIF(invoice.rate, 0), 1)
                                  ELSE COALESCE(NULLIF(so.currency_rate, 0), 1) END
                           * COALESCE(billed_unit.factor / NULLIF(sold_unit.factor, 0), 1)
                       ) AS unit_cost
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'product'
                  JOIN res_currency currency ON currency.id = invoice.currency_id
             LEFT JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = line.id
             LEFT JOIN sale_order_line sold ON sold.id = link.order_line_id
             LEFT JOIN sale_order so ON so.id = sold.order_id
             LEFT JOIN uom_uom billed_unit ON billed_unit.id = line.product_uom_id
             LEFT JOIN uom_uom sold_unit ON sold_unit.id = sold.product_uom_id
             LEFT JOIN LATERAL (
                    SELECT SUM(original.price_subtotal)
                           / NULLIF(SUM(original.quantity), 0) AS full
                      FROM account_move_line original
                      JOIN sale_order_line_invoice_rel same
                        ON same.invoice_line_id = original.id
                       AND same.order_line_id = sold.id
                     WHERE original.move_id = invoice.reversed_entry_id
                       AND original.display_type = 'product'
                  ) AS price ON invoice.move_type = 'out_refund'
                 WHERE invoice.in_window
              GROUP BY invoice.customer_id, invoice.move_type, line.id
            ),
            order_ratio AS (
                SELECT sold.order_id,
                       SUM(sold.price_subtotal
                           - COALESCE(sold.purchase_price, 0) * sold.product_uom_qty
                       ) FILTER (
                           WHERE sold.purchase_price <> 0 OR sold.price_subtotal < 0
                       ) / NULLIF(SUM(sold.price_subtotal), 0) AS ratio
                  FROM sale_order_line sold
                 WHERE sold.order_id IN (
                           SELECT order_id FROM billed WHERE is_downpayment
                       )
                   AND sold.display_type IS NULL AND sold.is_downpayment IS NOT TRUE
              GROUP BY sold.order_id
            ),
            margin AS (
                SELECT billed.customer_id,
                       COUNT(counted.profit) AS lines,
                       COUNT(*) - COUNT(counted.profit) AS left_out,
                       ROUND(SUM(counted.profit), 2) AS profit
                  FROM billed
             LEFT JOIN order_ratio ON order_ratio.order_id = billed.order_id
            CROSS JOIN LATERAL (
                SELECT CASE WHEN billed.is_downpayment
                            THEN -billed.balance * order_ratio.ratio
                            WHEN billed.has_cost
                            THEN -billed.balance
                                 - CASE WHEN billed.is_allowance THEN 0
                                        ELSE billed.quantity * COALESCE(
                                            billed.unit_cost, 0) END
                       END AS profit
            ) AS counted
              GROUP BY billed.customer_id
            )
            """
        )

    @api.model
    def _get_payment_query(self, last):
        """CTE `payment`: how late, by amount, what was due has been paid.

        Each payment counts with its real day (the later one of the two documents that
        it reconciles), what is overdue with today. Not judged are amounts that are not
        due yet and amounts settled by a credit note, which nobody paid.
        """
        return SQL(
            """
            due AS (
                SELECT invoice.customer_id, invoice.id AS move_id, line.id,
                       line.amount_residual,
                       COALESCE(
                           line.date_maturity, invoice.invoice_date_due,
                           invoice.invoice_date
                       ) AS day
                  FROM invoice
                  JOIN account_move_line line
                    ON line.move_id = invoice.id AND line.display_type = 'payment_term'
                 WHERE invoice.move_type = 'out_invoice'
                   AND (invoice.in_window OR line.amount_residual > 0)
            ),
            part AS (
                SELECT due.customer_id, due.move_id, partial.amount,
                       GREATEST(partial.max_date - due.day, 0) AS days,
                       FALSE AS is_overdue
                  FROM due
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = due.id
                  JOIN account_move_line counterpart
                    ON counterpart.id = partial.credit_move_id
                  JOIN account_move counterpart_move
                    ON counterpart_move.id = counterpart.move_id
                 WHERE counterpart_move.move_type <> 'out_refund'
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
        )

    @api.model
    def _get_job_query(self, policy, start, end):
        """CTE `job`: orders of the window by what became of them."""
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
                  FROM batch
                  JOIN sale_order so ON so.broker_customer_id = batch.id
                 WHERE so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
              GROUP BY so.broker_customer_id
            )
            """,
            company=policy.company_id.id,
            start=start,
            end=end,
        )

    @api.model
    def _get_trouble_sources(self, policy, start, end):
        """Hook: kinds of trouble that are not on the order or the invoice.

        :return: list of SQL selects of (customer_id, purchases, returns)
        """
        return [
            # A printing house that was only asked and lost is no trouble: a purchase
            # order counts when it had been confirmed.
            SQL(
                """
                SELECT so.broker_customer_id AS customer_id,
                       COUNT(DISTINCT po.id) AS purchases, 0 AS returns
                  FROM batch
                  JOIN sale_order so ON so.broker_customer_id = batch.id
                  JOIN sale_order_line sold ON sold.order_id = so.id
                  JOIN purchase_order_line bought ON bought.sale_line_id = sold.id
                  JOIN purchase_order po ON po.id = bought.order_id
                 WHERE so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                   AND po.state = 'cancel' AND po.date_approve IS NOT NULL
              GROUP BY so.broker_customer_id
                """,
                company=policy.company_id.id,
                start=start,
                end=end,
            ),
            SQL(
                """
                SELECT handoff.customer_id, 0, SUM(handoff.return_count)
                  FROM batch
                  JOIN broker_handoff handoff ON handoff.customer_id = batch.id
                 WHERE handoff.company_id = %(company)s
                   AND handoff.first_submitted_at >= %(start)s
                   AND handoff.first_submitted_at < %(end)s
              GROUP BY handoff.customer_id
                """,
                company=policy.company_id.id,
                start=start,
                end=end,
            ),
        ]

    @api.model
    def _get_trouble_query(self, policy, start, end):
        """CTE `trouble`: what happened beside orders and invoices."""
        return SQL(
            """
            trouble AS (
                SELECT customer_id, SUM(purchases) AS purchases,
                       SUM(returns) AS returns
                  FROM (%s) AS source
              GROUP BY customer_id
            )
            """,
            SQL(" UNION ALL ").join(self._get_trouble_sources(policy, start, end)),
        )
