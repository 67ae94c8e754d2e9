from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .broker_tier_dimension import DIMENSIONS

# What the batch reads beside the customer file: flushed before each step.
SOURCE_MODELS = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "broker.care.call",
    "broker.customer",
    "broker.handoff",
    "broker.tier",
    "broker.tier.score",
    "crm.lead",
    "mail.activity",
    "mail.message",
    "purchase.order",
    "purchase.order.line",
    "res.users",
    "sale.order",
    "sale.order.line",
    "uom.uom",
)

# The columns that make a new row worth writing. Left out on purpose: the efficiency's
# value and the full-time share, which move a little every day with the work that
# people do for everybody else. When they move the score, `efficiency_score` tells.
COMPARED_COLUMNS = (
    "policy_id",
    "revenue",
    "profit",
    "ease",
    "integrity",
    *(f"{code}_score" for code in DIMENSIONS),
    "total",
    "dimension_count",
    "tier_band_id",
    "capped_by",
    "tier_proposed_id",
    "pending_runs",
    "tier_id",
    "inputs",
)
WRITTEN_COLUMNS = (*COMPARED_COLUMNS, "efficiency", "full_time_share", "people")


class BrokerTierScore(models.Model):
    """What a customer was worth on a day, with everything that explains it.

    One row per customer and run, written only when something changed, by one writer
    in SQL. Rows are never changed or deleted: the past is explained by the past.

    The state before today (the newest row of an earlier day) and today's figures
    decide alone, so a second run on a day is a repetition and not a second opinion.
    """

    _name = "broker.tier.score"
    _description = "5A Score"
    _order = "id desc"
    _rec_name = "customer_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "broker.tier.policy",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    date = fields.Date(required=True, readonly=True, index=True)
    is_newest = fields.Boolean(string="Newest", compute="_compute_is_newest", search="_search_is_newest")

    # Values: without data the score beside it is 0
    revenue = fields.Monetary(readonly=True)
    profit = fields.Monetary(readonly=True)
    efficiency = fields.Monetary(string="Per-capita Efficiency", readonly=True)
    ease = fields.Float(digits=(16, 2), readonly=True, aggregator="avg")
    integrity = fields.Float(digits=(16, 2), readonly=True, aggregator="avg")
    full_time_share = fields.Float(
        string="Full-time Persons",
        digits=(16, 4),
        readonly=True,
        help="How many full-time persons the customer took, by what people did.",
    )

    revenue_score = fields.Integer(string="Revenue A", readonly=True, aggregator="avg")
    profit_score = fields.Integer(string="Profit A", readonly=True, aggregator="avg")
    efficiency_score = fields.Integer(string="Efficiency A", readonly=True, aggregator="avg")
    ease_score = fields.Integer(string="Ease A", readonly=True, aggregator="avg")
    integrity_score = fields.Integer(string="Integrity A", readonly=True, aggregator="avg")

    total = fields.Float(digits=(6, 4), readonly=True, aggregator="avg")
    dimension_count = fields.Integer(string="Dimensions with Data", readonly=True, aggregator="avg")
    tier_band_id = fields.Many2one("broker.tier", string="Tier by Total", readonly=True, ondelete="restrict")
    capped_by = fields.Selection([("integrity", "Integrity"), ("overdue", "Overdue debt")], readonly=True)
    tier_proposed_id = fields.Many2one("broker.tier", string="Tier of This Run", readonly=True, ondelete="restrict")
    pending_runs = fields.Integer(
        string="Agreeing Runs",
        readonly=True,
        aggregator=None,
        help="So many runs came to the same new tier, which is not yet in force.",
    )
    tier_id = fields.Many2one(
        "broker.tier",
        string="Computed Tier",
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    inputs = fields.Json(readonly=True)
    people = fields.Json(
        readonly=True,
        groups="print_broker_crm.group_manager",
        help="Who spent which part of the window on this customer.",
    )

    explanation = fields.Html(compute="_compute_explanation", sanitize=False)
    people_explanation = fields.Html(
        string="Who Worked for the Customer",
        compute="_compute_people_explanation",
        sanitize=False,
        groups="print_broker_crm.group_manager",
    )

    _customer_idx = models.Index("(customer_id, id DESC)")

    @api.depends("customer_id", "date")
    def _compute_display_name(self):
        for score in self:
            score.display_name = f"{score.customer_id.name} {score.date or ''}"

    @api.depends("customer_id.last_score_id")
    def _compute_is_newest(self):
        for score in self:
            score.is_newest = score.customer_id.last_score_id == score

    @api.model
    def _search_is_newest(self, operator, value):
        if operator != "in":
            return NotImplemented
        newest = (
            self.env["broker.customer"]
            .sudo()
            .with_context(active_test=False)
            ._search(Domain("last_score_id", "!=", False))
            .subselect("last_score_id")
        )
        found = Domain.FALSE
        if True in value:
            found |= Domain("id", "in", newest)
        if False in value:
            found |= Domain("id", "not in", newest)
        return found

    @api.depends_context("lang")
    @api.depends("inputs")
    def _compute_explanation(self):
        for score in self:
            score.explanation = self.env["ir.qweb"]._render(
                "print_broker_crm.broker_tier_score_explanation",
                score._prepare_explanation(),
            )

    @api.depends_context("lang")
    @api.depends("people")
    def _compute_people_explanation(self):
        names = {
            user.id: user.name
            for user in self.env["res.users"]
            .sudo()
            .browse({row["user_id"] for score in self for row in score.people or []})
            .exists()
        }
        for score in self:
            rows = [
                {
                    "name": names.get(row["user_id"], self.env._("Deleted user")),
                    "work": score._format_number(row["work"]),
                    "share": score._format_number(row["share"], 4),
                }
                for row in score.people or []
            ]
            score.people_explanation = rows and self.env["ir.qweb"]._render(
                "print_broker_crm.broker_tier_score_people", {"rows": rows}
            )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Scores are written by the nightly run alone.

        :raises UserError: for any row
        """
        if vals_list:
            raise UserError(self.env._("5A scores come from the nightly run and cannot be entered."))
        return super().create(vals_list)

    def write(self, vals):
        """Scores are history.

        :raises UserError: whenever a column would change
        """
        if vals:
            raise UserError(
                self.env._(
                    "5A scores cannot be changed: each one tells how it was on its "
                    "day. To overrule a tier, set a manual tier on the customer."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("5A scores are history and cannot be deleted."))

    # ACTIONS

    def action_view_customer(self):
        """Open the customer file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.customer",
            "res_id": self.customer_id.id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _run(self, company, customers=None):
        """Score customers of a company under the policy in force on its present day.

        Safe to repeat: without a change nothing is written. Does not commit.

        :param company: the `res.company`
        :param customers: `broker.customer` records; all active ones when left out
        :return: the new `broker.tier.score` records (sudo); none without a policy
        """
        self = self.sudo()
        date = company._get_broker_today()
        scores = self.browse()
        if not self.env["broker.tier.policy"]._get_at(company, date):
            return scores
        domain = Domain("company_id", "=", company.id)
        if customers is not None:
            domain &= Domain("id", "in", customers.ids)
        limit = self.env["broker.tier.run"]._get_batch_size()
        work_totals = self._get_work_totals(company, date)
        last_id = 0
        while True:
            batch = self.env["broker.customer"].search(domain & Domain("id", ">", last_id), order="id", limit=limit)
            if batch:
                scores += self._run_batch(company, date, batch, work_totals)
            if len(batch) < limit:
                return scores
            last_id = batch[-1].id

    @api.model
    def _run_batch(self, company, date, customers, work_totals):
        """Score one batch of customers of a company.

        :param work_totals: what `_get_work_totals` returned for the company and day
        :return: the new `broker.tier.score` records
        """
        policy = self.env["broker.tier.policy"]._get_at(company, date)
        customers._end_manual_tiers(date)
        self._flush_sources()
        # Whoever else scores these customers waits here, and then meets the new rows.
        self.env.execute_query(
            SQL(
                "SELECT id FROM broker_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                customers.ids,
            )
        )
        rows = self.env.execute_query(self._get_insert_query(policy, date, customers, work_totals))
        scores = self.browse(row[0] for row in rows)
        if scores:
            customers._apply_tier_scores(scores, date)
        return scores

    @api.model
    def _flush_sources(self):
        for name in SOURCE_MODELS:
            self.env[name].flush_model()

    @api.model
    def _get_window_times(self, policy, date):
        """Return the window's borders [start, end) as naive UTC datetimes; days begin
        in the company's time zone."""
        first, last = policy._get_window(date)
        zone = pytz.timezone(policy.company_id._get_broker_tz())
        return tuple(
            zone.localize(datetime.combine(day, time.min)).astimezone(pytz.utc).replace(tzinfo=None)
            for day in (first, last + timedelta(days=1))
        )

    @api.model
    def _get_work_totals(self, company, date):
        """Return what each person did for all customers in the window.

        Small (one row per person) and the same for all batches of a run.

        :return: list of (user id, weighted work, part of the window they worked in);
            the part counts the months in which the person did anything at all, so
            that somebody who came late or left early is not a full-time person
        """
        policy = self.env["broker.tier.policy"]._get_at(company, date)
        first, last = policy._get_window(date)
        self._flush_sources()
        return self.env.execute_query(
            SQL(
                """
                SELECT user_id, SUM(weight)::numeric,
                       COUNT(DISTINCT LEAST(
                           %(months)s - 1,
                           (day::date - %(first)s) * %(months)s / %(days)s
                       ))::numeric / %(months)s
                  FROM (%(work)s) AS work
              GROUP BY user_id
                HAVING SUM(weight) > 0
                """,
                first=first,
                days=(last - first).days + 1,
                months=policy.window_months,
                work=self._get_work_query(policy, date),
            )
        )

    @api.model
    def _get_work_query(self, policy, date):
        """Return the SQL of all pieces of work in the window, one row each."""
        sources = self._get_work_sources(policy, date)
        return SQL(" UNION ALL ").join(sources)

    @api.model
    def _get_work_sources(self, policy, date):
        """Hook: the kinds of work that share out people's time.

        :return: list of SQL selects of (user_id, customer_id, day, weight), limited to
            the policy's company and window; customer_id is empty for work on people
            who are not customers yet, which takes time as well
        """
        start, end = self._get_window_times(policy, date)
        company_id = policy.company_id.id
        sources = [
            SQL(
                """
                SELECT so.user_id, so.broker_customer_id AS customer_id,
                       so.date_order AS day,
                       CASE so.state WHEN 'sale' THEN %(job)s::numeric
                            ELSE %(quotation)s::numeric END AS weight
                  FROM sale_order so
                 WHERE so.company_id = %(company)s AND so.user_id IS NOT NULL
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                """,
                job=policy.work_job_weight,
                quotation=policy.work_quotation_weight,
                company=company_id,
                start=start,
                end=end,
            )
        ]
        sources += self._get_room_work_sources(policy, start, end)
        for model, customer, belongs in (
            (
                "sale.order",
                SQL("document.broker_customer_id"),
                SQL("document.company_id = %s", company_id),
            ),
            (
                "crm.lead",
                SQL("document.broker_customer_id"),
                SQL(
                    """(document.company_id = %(company)s
                        OR document.company_id IS NULL AND EXISTS (
                            SELECT FROM broker_customer file
                             WHERE file.id = document.broker_customer_id
                               AND file.company_id = %(company)s))""",
                    company=company_id,
                ),
            ),
            (
                "broker.customer",
                SQL("document.id"),
                SQL("document.company_id = %s", company_id),
            ),
        ):
            values = {
                "model": model,
                "table": SQL.identifier(self.env[model]._table),
                "customer": customer,
                "belongs": belongs,
                "start": start,
                "end": end,
            }
            sources += [
                SQL(
                    """
                    SELECT author.id, %(customer)s, message.date, %(weight)s::numeric
                      FROM mail_message message
                      JOIN res_users author
                        ON author.partner_id = message.author_id AND NOT author.share
                      JOIN %(table)s document ON document.id = message.res_id
                     WHERE message.model = %(model)s
                       AND message.message_type = 'comment'
                       AND message.date >= %(start)s AND message.date < %(end)s
                       AND %(belongs)s
                    """,
                    weight=policy.work_message_weight,
                    **values,
                ),
                SQL(
                    """
                    SELECT activity.user_id, %(customer)s, activity.date_done,
                           %(weight)s::numeric
                      FROM mail_activity activity
                      JOIN %(table)s document ON document.id = activity.res_id
                     WHERE activity.res_model = %(model)s
                       AND activity.active IS NOT TRUE
                       AND activity.user_id IS NOT NULL
                       AND activity.date_done BETWEEN %(first)s AND %(last)s
                       AND %(belongs)s
                    """,
                    weight=policy.work_activity_weight,
                    first=policy._get_window(date)[0],
                    last=date,
                    **values,
                ),
            ]
        return sources

    @api.model
    def _get_room_work_sources(self, policy, start, end):
        """Return the work of the relay and of the care line; see `_get_work_sources`."""
        values = {"company": policy.company_id.id, "start": start, "end": end}
        return [
            SQL(
                """
                SELECT sender_id, customer_id, first_submitted_at, %(weight)s::numeric
                  FROM broker_handoff
                 WHERE company_id = %(company)s AND first_submitted_at >= %(start)s
                   AND first_submitted_at < %(end)s
                """,
                weight=policy.work_handoff_weight,
                **values,
            ),
            SQL(
                """
                SELECT receiver_id, customer_id, accepted_at, %(weight)s::numeric
                  FROM broker_handoff
                 WHERE company_id = %(company)s AND accepted_at >= %(start)s
                   AND accepted_at < %(end)s AND receiver_id IS NOT NULL
                """,
                weight=policy.work_handoff_weight,
                **values,
            ),
            SQL(
                """
                SELECT user_id, customer_id, date_done, %(weight)s::numeric
                  FROM broker_care_call
                 WHERE company_id = %(company)s AND state = 'done'
                   AND user_id IS NOT NULL
                   AND date_done >= %(start)s AND date_done < %(end)s
                """,
                weight=policy.work_call_weight,
                **values,
            ),
        ]

    @api.model
    def _get_insert_query(self, policy, date, customers, work_totals):
        """Return the one statement that scores a batch: gather the figures, judge
        them, compare with the newest row, and insert what changed."""
        return SQL(
            """
            WITH batch AS (
                SELECT id, last_score_id FROM broker_customer
                 WHERE id = ANY(%(customers)s)
            ),
            %(figures)s,
            %(judgement)s
            INSERT INTO broker_tier_score (
                customer_id, company_id, date, %(columns)s,
                create_uid, create_date, write_uid, write_date
            )
            SELECT result.customer_id, %(company)s, %(date)s, %(result_columns)s,
                   %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM result
         LEFT JOIN broker_tier_score newest ON newest.id = result.last_score_id
             WHERE CASE WHEN newest.id IS NULL THEN result.dimension_count > 0
                        ELSE (%(compared)s) IS DISTINCT FROM (%(newest)s) END
          ORDER BY result.customer_id
         RETURNING id
            """,
            customers=customers.ids,
            figures=self._get_figures_query(policy, date, work_totals),
            judgement=self._get_judgement_query(policy, date),
            columns=self._join_columns(WRITTEN_COLUMNS),
            result_columns=self._join_columns(WRITTEN_COLUMNS, "result"),
            compared=self._join_columns(COMPARED_COLUMNS, "result"),
            newest=self._join_columns(COMPARED_COLUMNS, "newest"),
            company=policy.company_id.id,
            date=date,
            uid=self.env.uid,
            now=self.env.cr.now(),
        )

    @staticmethod
    def _join_columns(columns, table=None):
        return SQL(", ").join(SQL.identifier(table, column) if table else SQL.identifier(column) for column in columns)

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

    @api.model
    def _get_effort_query(self, policy, date, work_totals):
        """CTE `effort`: the full-time persons a customer took.

        A person's part of the window is shared out over customers by weighted work.
        """
        return SQL(
            """
            work AS (
                SELECT source.customer_id, source.user_id, SUM(source.weight) AS work
                  FROM batch
                  JOIN (%(work)s) AS source ON source.customer_id = batch.id
              GROUP BY source.customer_id, source.user_id
                HAVING SUM(source.weight) > 0
            ),
            effort AS (
                SELECT work.customer_id,
                       ROUND(SUM(work.work), 2) AS work,
                       ROUND(SUM(
                           work.work / person.total * person.presence
                       ), 4) AS full_time_share,
                       JSONB_AGG(JSONB_BUILD_OBJECT(
                           'user_id', work.user_id,
                           'work', ROUND(work.work, 2),
                           'share', ROUND(
                               work.work / person.total * person.presence, 4
                           )
                       ) ORDER BY work.work DESC, work.user_id) AS people
                  FROM work
                  JOIN UNNEST(
                           %(users)s::int[], %(totals)s::numeric[], %(presences)s::numeric[]
                       ) AS person (user_id, total, presence)
                    ON person.user_id = work.user_id
              GROUP BY work.customer_id
            )
            """,
            work=self._get_work_query(policy, date),
            users=[row[0] for row in work_totals],
            totals=[row[1] for row in work_totals],
            presences=[row[2] for row in work_totals],
        )

    @api.model
    def _get_judgement_query(self, policy, date):
        """Return the CTEs that judge a batch's figures, ending in `result`."""
        dimensions = {dimension.code: dimension for dimension in policy.sudo().dimension_ids}
        steps = SQL(", ").join(self._get_step_query(dimensions[code]) for code in DIMENSIONS)
        bands = self.env["broker.tier"]._get_bands()
        return SQL(
            """
            value AS (
                SELECT figure.*,
                       CASE WHEN full_time_share > 0
                            THEN ROUND(profit / full_time_share, 2) END AS efficiency,
                       CASE WHEN jobs > 0 THEN GREATEST(0, ROUND(100 - (
                           returned_handoffs * %(return_points)s::numeric
                           + cancelled_quotations * %(quotation_points)s::numeric
                           + credit_notes * %(credit_note_points)s::numeric
                           + cancelled_purchases * %(purchase_points)s::numeric
                       ) / jobs, 2)) END AS ease,
                       CASE WHEN judged > 0 OR cancelled_jobs > 0
                            THEN GREATEST(0, ROUND(100
                           - late_days * %(day_points)s::numeric
                           - COALESCE(overdue / NULLIF(judged, 0), 0)
                             * %(overdue_points)s::numeric
                           - COALESCE(
                               cancelled_jobs::numeric
                               / NULLIF(jobs + cancelled_jobs, 0), 0
                             ) * %(cancelled_points)s::numeric
                       , 2)) END AS integrity
                  FROM figure
            ),
            step AS (
                SELECT value.*, %(steps)s FROM value
            ),
            summed AS (
                SELECT step.*,
                       %(count)s AS dimension_count,
                       ROUND((%(points)s) / NULLIF(%(weights)s, 0), 4) AS total
                  FROM step
            ),
            band AS (
                SELECT * FROM UNNEST(
                    %(tier_ids)s::int[], %(tier_ranks)s::int[],
                    %(tier_mins)s::numeric[], %(tier_maxs)s::numeric[]
                ) AS tier (id, rank, minimum, maximum)
            ),
            capped AS (
                SELECT summed.*,
                       band.id AS tier_band_id, band.rank, band.minimum, band.maximum,
                       CASE WHEN integrity_score BETWEEN 1 AND %(integrity_score)s
                            THEN %(integrity_rank)s::int END AS integrity_rank,
                       CASE WHEN %(overdue_days)s > 0
                                 AND overdue_days >= %(overdue_days)s
                            THEN %(overdue_rank)s::int END AS overdue_rank
                  FROM summed
             LEFT JOIN band
                    ON summed.dimension_count >= %(dimension_min)s
                   AND (band.minimum IS NULL OR summed.total >= band.minimum)
                   AND (band.maximum IS NULL OR summed.total < band.maximum)
                   AND summed.total IS NOT NULL
            ),
            proposed AS (
                SELECT capped.*, allowed.id AS tier_proposed_id,
                       CASE WHEN capped.rank IS NULL OR allowed.rank = capped.rank
                            THEN NULL
                            WHEN allowed.rank = capped.integrity_rank THEN 'integrity'
                            ELSE 'overdue' END AS capped_by
                  FROM capped
             LEFT JOIN band allowed
                    ON allowed.rank = LEAST(
                           capped.rank, capped.integrity_rank, capped.overdue_rank
                       ) AND capped.rank IS NOT NULL
            ),
            agreed AS (
                SELECT proposed.*, before.tier_id AS tier_before_id,
                       CASE
                           WHEN before.tier_id IS NULL
                             OR before.tier_id = proposed.tier_proposed_id THEN 0
                           WHEN before.pending_runs > 0
                            AND before.tier_proposed_id
                                IS NOT DISTINCT FROM proposed.tier_proposed_id
                           THEN before.pending_runs + 1
                           ELSE 1
                       END AS runs
                  FROM proposed
             LEFT JOIN LATERAL (
                    SELECT tier_id, tier_proposed_id, pending_runs
                      FROM broker_tier_score earlier
                     WHERE earlier.customer_id = proposed.customer_id
                       AND earlier.date < %(date)s
                  ORDER BY earlier.id DESC
                     LIMIT 1
                  ) AS before ON TRUE
            ),
            result AS (
                SELECT agreed.*, %(policy)s AS policy_id,
                       CASE WHEN runs BETWEEN 1 AND %(runs_to_change)s - 1
                            THEN tier_before_id ELSE tier_proposed_id END AS tier_id,
                       CASE WHEN runs < %(runs_to_change)s
                            THEN runs ELSE 0 END AS pending_runs,
                       JSONB_BUILD_OBJECT(
                           'invoices', invoices,
                           'credit_notes', credit_notes,
                           'margin_lines', margin_lines,
                           'margin_left_out', margin_left_out,
                           'work', COALESCE(work, 0),
                           'jobs', jobs,
                           'cancelled_jobs', cancelled_jobs,
                           'cancelled_quotations', cancelled_quotations,
                           'cancelled_purchases', cancelled_purchases,
                           'returned_handoffs', returned_handoffs,
                           'judged', ROUND(judged, 2),
                           'late_documents', late_documents,
                           'late_days', late_days,
                           'overdue', ROUND(overdue, 2),
                           'overdue_days', overdue_days,
                           'band_min', minimum,
                           'band_max', maximum
                       ) AS inputs
                  FROM agreed
            )
            """,
            return_points=policy.trouble_return_points,
            quotation_points=policy.trouble_quotation_points,
            credit_note_points=policy.trouble_credit_note_points,
            purchase_points=policy.trouble_purchase_points,
            day_points=policy.late_day_points,
            overdue_points=policy.overdue_share_points,
            cancelled_points=policy.cancelled_share_points,
            steps=steps,
            count=SQL(" + ").join(SQL("(%s > 0)::int", SQL.identifier(f"{code}_score")) for code in DIMENSIONS),
            points=SQL(" + ").join(
                SQL(
                    "%s * %s::numeric",
                    SQL.identifier(f"{code}_score"),
                    dimensions[code].weight,
                )
                for code in DIMENSIONS
            ),
            weights=SQL(" + ").join(
                SQL(
                    "(%s > 0)::int * %s::numeric",
                    SQL.identifier(f"{code}_score"),
                    dimensions[code].weight,
                )
                for code in DIMENSIONS
            ),
            tier_ids=[tier.id for tier, _minimum, _maximum in bands],
            tier_ranks=[tier.rank for tier, _minimum, _maximum in bands],
            tier_mins=[minimum for _tier, minimum, _maximum in bands],
            tier_maxs=[maximum for _tier, _minimum, maximum in bands],
            dimension_min=policy.dimension_min,
            integrity_score=policy.integrity_cap_score,
            integrity_rank=policy.integrity_cap_tier_id.rank or None,
            overdue_days=policy.overdue_cap_days,
            overdue_rank=policy.overdue_cap_tier_id.rank or None,
            runs_to_change=policy.runs_to_change,
            policy=policy.id,
            date=date,
        )

    @api.model
    def _get_step_query(self, dimension):
        """Return the SQL that turns a dimension's value into 1 to 5, 0 without data."""
        value = SQL.identifier(dimension.code)
        return SQL(
            "CASE WHEN %(value)s IS NULL THEN 0 %(steps)s ELSE 1 END AS %(score)s",
            value=value,
            steps=SQL(" ").join(
                SQL("WHEN %s >= %s::numeric THEN %s", value, threshold, step)
                for step, threshold in reversed(list(enumerate(dimension._get_thresholds(), start=2)))
            ),
            score=SQL.identifier(f"{dimension.code}_score"),
        )

    @api.model
    def _get_summary(self, company):
        """Return how many customers stand on each tier.

        :return: list of (tier name, number of customers), highest first; the last
            tuple counts those without a tier
        """
        counts = dict(
            self.env["broker.customer"]._read_group(Domain("company_id", "=", company.id), ["tier_id"], ["__count"])
        )
        tiers = self.env["broker.tier"].search(Domain.TRUE)
        return [
            *((tier.name, counts.get(tier, 0)) for tier in tiers),
            (self.env._("No tier"), counts.get(tiers.browse(), 0)),
        ]

    # EXPLANATION

    def _format_number(self, value, digits=2):
        return formatLang(self.env, value or 0.0, digits=digits)

    def _format_money(self, value):
        return formatLang(self.env, value or 0.0, currency_obj=self.currency_id)

    def _prepare_explanation(self):
        """Return what the page that explains the tier line by line shows."""
        self.ensure_one()
        policy = self.policy_id.sudo()
        dimensions = [self._prepare_dimension(dimension) for dimension in policy.dimension_ids.sorted("sequence")]
        counted = [line for line in dimensions if line["score"]]
        inputs = self.inputs or {}
        first, last = policy._get_window(self.date)
        return {
            "score": self,
            "policy": policy,
            "first": fields.Date.to_string(first),
            "last": fields.Date.to_string(last),
            "dimensions": dimensions,
            "dimension_total": len(dimensions),
            "sum_points": " + ".join(line["points"] for line in counted),
            "sum_weights": " + ".join(line["weight"] for line in counted),
            "points_total": self._format_number(sum(line["points_value"] for line in counted)),
            "weights_total": self._format_number(sum(line["weight_value"] for line in counted)),
            "total": self._format_number(self.total, 4),
            "band_min": inputs.get("band_min") is not None and self._format_number(inputs["band_min"]),
            "band_max": inputs.get("band_max") is not None and self._format_number(inputs["band_max"]),
            "has_band": bool(self.tier_band_id),
            "cap": self._explain_cap(policy, inputs),
            "is_pending": bool(self.pending_runs),
        }

    def _prepare_dimension(self, dimension):
        score = self[f"{dimension.code}_score"]
        value = self[dimension.code]
        if dimension.code in ("ease", "integrity"):
            show = self._format_number
        else:
            show = self._format_money
        thresholds = [show(threshold) for threshold in dimension._get_thresholds()]
        return {
            "code": dimension.code,
            "label": dimension._get_label(),
            "unit": dimension.unit,
            "score": score,
            "value": show(value),
            "evidence": getattr(self, f"_explain_{dimension.code}")(self.inputs or {}),
            "thresholds": [
                {"step": step, "from": threshold, "reached": score >= step}
                for step, threshold in enumerate(thresholds, start=2)
            ],
            "weight": self._format_number(dimension.weight),
            "weight_value": dimension.weight,
            "points": self._format_number(dimension.weight * score),
            "points_value": dimension.weight * score,
        }

    def _explain_revenue(self, inputs):
        return self.env._(
            "%(invoices)s invoices and %(credit_notes)s credit notes.",
            invoices=inputs.get("invoices", 0),
            credit_notes=inputs.get("credit_notes", 0),
        )

    def _explain_profit(self, inputs):
        return self.env._(
            "%(lines)s invoice lines with a known cost; %(left_out)s left out because their cost is unknown.",
            lines=inputs.get("margin_lines", 0),
            left_out=inputs.get("margin_left_out", 0),
        )

    def _explain_efficiency(self, inputs):
        return self.env._(
            "Profit %(profit)s ÷ %(share)s full-time persons.",
            profit=self._format_money(self.profit),
            share=self._format_number(self.full_time_share, 4),
        )

    def _explain_ease(self, inputs):
        policy = self.policy_id.sudo()
        return self.env._(
            "100 minus the points of trouble per job, over %(jobs)s jobs: "
            "%(returns)s returned handoffs × %(return_points)s, "
            "%(quotations)s dropped quotations × %(quotation_points)s, "
            "%(credit_notes)s credit notes × %(credit_note_points)s, "
            "%(purchases)s cancelled printing orders × %(purchase_points)s.",
            jobs=inputs.get("jobs", 0),
            returns=inputs.get("returned_handoffs", 0),
            return_points=self._format_number(policy.trouble_return_points),
            quotations=inputs.get("cancelled_quotations", 0),
            quotation_points=self._format_number(policy.trouble_quotation_points),
            credit_notes=inputs.get("credit_notes", 0),
            credit_note_points=self._format_number(policy.trouble_credit_note_points),
            purchases=inputs.get("cancelled_purchases", 0),
            purchase_points=self._format_number(policy.trouble_purchase_points),
        )

    def _explain_integrity(self, inputs):
        policy = self.policy_id.sudo()
        return self.env._(
            "100 minus %(days)s days late on average × %(day_points)s "
            "(%(documents)s late invoices), minus %(overdue)s overdue now of "
            "%(judged)s due × %(overdue_points)s, minus %(cancelled)s of "
            "%(confirmed)s confirmed orders cancelled × %(cancelled_points)s.",
            days=self._format_number(inputs.get("late_days")),
            day_points=self._format_number(policy.late_day_points),
            documents=inputs.get("late_documents", 0),
            overdue=self._format_money(inputs.get("overdue")),
            judged=self._format_money(inputs.get("judged")),
            overdue_points=self._format_number(policy.overdue_share_points),
            cancelled=inputs.get("cancelled_jobs", 0),
            confirmed=inputs.get("jobs", 0) + inputs.get("cancelled_jobs", 0),
            cancelled_points=self._format_number(policy.cancelled_share_points),
        )

    def _explain_cap(self, policy, inputs):
        if self.capped_by == "integrity":
            return self.env._(
                "Integrity is %(score)sA, and %(limit)sA or less allows at most %(tier)s.",
                score=self.integrity_score,
                limit=policy.integrity_cap_score,
                tier=self.tier_proposed_id.name,
            )
        if self.capped_by == "overdue":
            return self.env._(
                "An invoice is overdue by %(days)s days, and %(limit)s days or more allow at most %(tier)s.",
                days=inputs.get("overdue_days", 0),
                limit=policy.overdue_cap_days,
                tier=self.tier_proposed_id.name,
            )
        return ""
