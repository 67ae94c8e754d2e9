from datetime import datetime, time, timedelta

import pytz

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every
from odoo.tools.date_utils import end_of

from .broker_tier_dimension import DIMENSIONS

# What a run reads beside the customer file: flushed before the figures are gathered.
SOURCE_MODELS = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "broker.care.call",
    "broker.customer",
    "broker.handoff",
    "broker.tier",
    "broker.tier.manual.score",
    "broker.tier.score",
    "crm.lead",
    "mail.activity",
    "mail.message",
    "mail.tracking.value",
    "purchase.order",
    "purchase.order.line",
    "res.currency.rate",
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
    """How scores come to be: figures of many customers gathered in one statement, then
    judged and written where something changed.

    Apart from the model, which tells what a score is and that it stays as it is. A
    night gathers the figures of a whole company once (`_get_figures_query`), keeps them
    in a work table, and judges them batch by batch (`_judge`): what is summed up over
    all rows of the firm is summed up once, and what is written is bounded.
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
        policy = self.env["broker.tier.policy"]._get_at(company, date)
        if not policy:
            return self.browse()
        self._end_manual_tiers(company, date)
        self._flush_sources()
        return self._judge(policy, date, self._get_figures_query(policy, date, customers))

    @api.model
    def _judge(self, policy, date, figures):
        """Judge figures, write a row for each customer about whom something is new, and
        give the customers their tiers.

        :param figures: SQL of CTEs that end in `figure`
        :return: the new `broker.tier.score` records
        """
        rows = self.env.execute_query(self._get_insert_query(policy, date, figures))
        # The whole is one statement; what is told to people goes through the ORM.
        for batch in split_every(self.env["broker.tier.run"]._get_batch_size(), rows, tuple):
            self._apply(date, batch)
        return self.browse(row[0] for row in rows)

    @api.model
    def _apply(self, date, rows):
        """Hand new scores on to their customers.

        :param rows: tuples of (score id, customer id), ordered by customer
        """
        customer_ids = [row[1] for row in rows]
        # In the order of their ids: two runs at the same moment wait for each other here,
        # and then the second one meets the rows of the first and begins anew.
        self.env.execute_query(
            SQL("SELECT id FROM broker_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", customer_ids)
        )
        scores = self.browse(row[0] for row in rows)
        self.env["broker.customer"].browse(customer_ids)._apply_tier_scores(scores, date)

    @api.model
    def _end_manual_tiers(self, company, date):
        """Let the manual tiers of a company that have run out fall back to the computed ones."""
        self.env["broker.customer"].with_context(active_test=False).search(
            Domain("company_id", "=", company.id)
            & Domain("tier_manual_id", "!=", False)
            & Domain("tier_manual_until", "<", date)
        )._end_manual_tiers(date)

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
    def _get_scope(self, column, customers):
        """Return the SQL condition that keeps a source to the customers asked for.

        :param column: SQL of the column that refers to the customer file
        :param customers: `broker.customer` records, or None for all
        """
        if customers is None:
            # All: those without a file fall out where the figures are put together. Asking for
            # a file here would lead PostgreSQL to look up row by row in an index.
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", column, customers.ids)

    @api.model
    def _get_insert_query(self, policy, date, figures):
        """Return the one statement that scores customers: judge their figures, compare
        with the newest row, and insert what changed, or what was not looked at since the
        last month ended."""
        return SQL(
            """
            WITH %(figures)s,
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
                        WHEN newest.date < %(month_end)s THEN TRUE
                        ELSE (%(compared)s) IS DISTINCT FROM (%(newest)s) END
          ORDER BY result.customer_id
         RETURNING id, customer_id
            """,
            figures=figures,
            judgement=self._get_judgement_query(policy, date),
            columns=self._join_columns(WRITTEN_COLUMNS),
            result_columns=self._join_columns(WRITTEN_COLUMNS, "result"),
            compared=self._join_columns(COMPARED_COLUMNS, "result"),
            newest=self._join_columns(COMPARED_COLUMNS, "newest"),
            company=policy.company_id.id,
            date=date,
            month_end=self._get_last_month_end(date),
            uid=self.env.uid,
            now=self.env.cr.now(),
        )

    @api.model
    def _get_last_month_end(self, date):
        """Return the last day of a month that was reached: the day itself, or the one
        before its month began. So a night that was missed is made up for."""
        return date if date == end_of(date, "month") else date.replace(day=1) - timedelta(days=1)

    @staticmethod
    def _join_columns(columns, table=None):
        return SQL(", ").join(SQL.identifier(table, column) if table else SQL.identifier(column) for column in columns)
