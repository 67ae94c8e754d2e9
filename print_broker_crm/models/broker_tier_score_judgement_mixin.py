from odoo import api, models
from odoo.tools import SQL

from .broker_tier_dimension import DIMENSIONS


class BrokerTierScoreJudgementMixin(models.AbstractModel):
    """How figures become a tier, in SQL: values, 1A to 5A, the total, its band, caps, agreement of runs.

    Apart from the run, because it is the judgement alone: what it is given are figures, whether they were gathered
    in the same statement or at the beginning of a night.
    """

    _name = "broker.tier.score.judgement.mixin"
    _description = "5A Score: Judgement"

    @api.model
    def _get_judgement_query(self, policy, date, thresholds=None):
        """Return the CTEs that judge a batch's figures, ending in `result`.

        :param thresholds: {dimension code: four thresholds} to try instead of the policy's
        """
        dimensions = {dimension.code: dimension for dimension in policy.sudo().dimension_ids}
        thresholds = {code: dimensions[code]._get_thresholds() for code in DIMENSIONS} | (thresholds or {})
        steps = SQL(", ").join(self._get_step_query(code, thresholds[code]) for code in DIMENSIONS)
        bands = self.env["broker.tier"]._get_bands()
        return SQL(
            """
            value AS (
                SELECT figure.*,
                       %(efficiency)s AS efficiency,
                       CASE WHEN jobs > 0 THEN GREATEST(0, ROUND(100 - (
                           cancelled_quotations * %(quotation_points)s::numeric
                           + credit_notes * %(credit_note_points)s::numeric
                           + trouble_points
                       ) / jobs, 2)) END AS ease,
                       CASE WHEN judged > 0 OR cancelled_jobs > 0 OR disputed > 0
                                 OR trouble ? 'own_fault_claims'
                            THEN GREATEST(0, ROUND(100
                           - late_days * %(day_points)s::numeric
                           - COALESCE(overdue / NULLIF(judged, 0), 0)
                             * %(overdue_points)s::numeric
                           - COALESCE(
                               cancelled_jobs::numeric
                               / NULLIF(jobs + cancelled_jobs, 0), 0
                             ) * %(cancelled_points)s::numeric
                           - COALESCE(disputed / NULLIF(billed, 0), 0)
                             * %(disputed_points)s::numeric
                           - COALESCE((trouble->>'own_fault_claims')::numeric / NULLIF(jobs, 0), 0)
                             * %(claim_points)s::numeric
                       , 2)) END AS integrity
                  FROM figure
                OFFSET 0
            ),
            manual AS (
                -- With the words of the day: a later edit of the row explains no older score
                SELECT customer_id, %(by_hand)s,
                       JSONB_OBJECT_AGG(code, JSONB_BUILD_OBJECT('reason', reason, 'until', date_until)) AS reasons
                  FROM broker_tier_manual_score
                 WHERE company_id = %(company)s AND date_until >= %(date)s
              GROUP BY customer_id
            ),
            -- OFFSET 0: a step is worked out once per row, and not wherever it is named
            step AS (
                SELECT value.*, %(steps)s, %(kept_by_hand)s, manual.reasons
                  FROM value LEFT JOIN manual ON manual.customer_id = value.customer_id
                OFFSET 0
            ),
            summed AS (
                SELECT step.*,
                       %(count)s AS dimension_count,
                       ROUND((%(points)s) / NULLIF(%(weights)s, 0), 4) AS total
                  FROM step
                OFFSET 0
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
             LEFT JOIN broker_tier_score newest ON newest.id = proposed.last_score_id
             LEFT JOIN LATERAL (
                    SELECT tier_id, tier_proposed_id, pending_runs
                      FROM broker_tier_score earlier
                     WHERE earlier.customer_id = proposed.customer_id
                       AND earlier.is_merged IS NOT TRUE
                       -- The customer's own few rows, not all of earlier days
                       AND earlier.date + 0 < %(date)s
                       AND newest.date >= %(date)s
                  ORDER BY earlier.id DESC
                     LIMIT 1
                  ) AS earlier ON TRUE
        CROSS JOIN LATERAL (
                    SELECT CASE WHEN newest.date < %(date)s THEN newest.tier_id
                                ELSE earlier.tier_id END AS tier_id,
                           CASE WHEN newest.date < %(date)s THEN newest.tier_proposed_id
                                ELSE earlier.tier_proposed_id END AS tier_proposed_id,
                           CASE WHEN newest.date < %(date)s THEN newest.pending_runs
                                ELSE earlier.pending_runs END AS pending_runs
                  ) AS before
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
                           'judged', ROUND(judged, 2),
                           'late_documents', late_documents,
                           'late_days', late_days,
                           'overdue', ROUND(overdue, 2),
                           'overdue_days', overdue_days,
                           'billed', ROUND(billed, 2),
                           'disputed', ROUND(disputed, 2),
                           'band_min', minimum,
                           'band_max', maximum
                       ) || trouble
                         || CASE WHEN COALESCE(%(hands)s) IS NULL THEN '{}'::jsonb
                                 ELSE JSONB_BUILD_OBJECT(
                                     'by_hand', JSONB_STRIP_NULLS(JSONB_BUILD_OBJECT(%(pairs)s)),
                                     'by_hand_reasons', reasons
                                 )
                            END AS inputs
                  FROM agreed
            )
            """,
            efficiency=self._get_efficiency_value(),
            quotation_points=policy.trouble_quotation_points,
            credit_note_points=policy.trouble_credit_note_points,
            day_points=policy.late_day_points,
            overdue_points=policy.overdue_share_points,
            cancelled_points=policy.cancelled_share_points,
            disputed_points=policy.disputed_share_points or 0.0,
            claim_points=policy.claim_fault_points or 0.0,
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
            company=policy.company_id.id,
            date=date,
            by_hand=SQL(", ").join(
                SQL("MAX(score) FILTER (WHERE code = %s) AS %s", code, SQL.identifier(f"{code}_by_hand"))
                for code in DIMENSIONS
            ),
            kept_by_hand=SQL(", ").join(SQL.identifier("manual", f"{code}_by_hand") for code in DIMENSIONS),
            hands=SQL(", ").join(SQL.identifier(f"{code}_by_hand") for code in DIMENSIONS),
            pairs=SQL(", ").join(SQL("%s, %s", code, SQL.identifier(f"{code}_by_hand")) for code in DIMENSIONS),
        )

    @api.model
    def _get_step_query(self, code, thresholds):
        """Return the SQL that turns a dimension's value into 1 to 5, 0 without data."""
        return SQL(
            "COALESCE(manual.%s, %s) AS %s",
            SQL.identifier(f"{code}_by_hand"),
            self._get_step(SQL.identifier(code), thresholds),
            SQL.identifier(f"{code}_score"),
        )

    @api.model
    def _get_step(self, value, thresholds):
        """Return the SQL of the step that a value reaches, 0 without data."""
        return SQL(
            "CASE WHEN %s IS NULL THEN 0 %s ELSE 1 END",
            value,
            SQL(" ").join(
                SQL("WHEN %s >= %s::numeric THEN %s", value, threshold, step)
                for step, threshold in reversed(list(enumerate(thresholds, start=2)))
            ),
        )

    @api.model
    def _get_efficiency_value(self):
        """Return the SQL of the per-capita efficiency of a customer's figures."""
        return SQL("CASE WHEN full_time_share > 0 THEN ROUND(profit / full_time_share, 2) END")
