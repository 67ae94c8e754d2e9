from datetime import datetime, time, timedelta

import pytz

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

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


class BrokerTierScoreBatchMixin(models.AbstractModel):
    """How scores come to be: the nightly run, a batch of customers per statement.

    Apart from the model, which tells what a score is and that it stays as it is. Here
    are the run and the two ends of its one statement: the judgement of a batch's
    figures and the insert of what changed. The figures themselves come from
    `broker.tier.score.measure.mixin` and `broker.tier.score.work.mixin`.
    """

    _name = "broker.tier.score.batch.mixin"
    _description = "5A Score: Nightly Run"

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
