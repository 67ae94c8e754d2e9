import hashlib

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_tier_run_kept_mixin import KEPT
from .broker_tier_score_measure_mixin import FIGURES

# The figures that tell whether a customer has to be judged again. Not the time that people
# spent and what it makes of the profit: both move a little every day with the work that is
# done for everybody else. When they move the score, the efficiency's step tells.
TELLING_FIGURES = tuple(name for name in FIGURES if name not in ("full_time_share", "people"))


class BrokerTierRunFigureMixin(models.AbstractModel):
    """What a night gathers, and what it remembers of the night before.

    Apart from how far a night has come: the figures of each customer are kept in a work
    table beside the model, together with the score to which they led. A customer whose
    figures are what they were, and whose score was judged by what holds today, cannot get
    another one, so only the others are judged.
    """

    _name = "broker.tier.run.figure.mixin"
    _description = "5A Nightly Run: Figures"

    @api.model
    def _make_figure_table(self):
        """Make the work table of the figures.

        Unlogged, because it holds nothing that cannot be gathered again: after a crash it
        is empty, and so it is after an update, which may have other columns. Then all
        customers are judged.

        A row waits to be judged while it has a run. Afterwards it tells to which score its
        figures led (none: nothing is known of the customer), by which basis, and whether
        the same figures would lead to the same score again.
        """
        self.env.cr.execute("DROP TABLE IF EXISTS broker_tier_figure")
        self.env.cr.execute(
            SQL(
                """
                CREATE UNLOGGED TABLE broker_tier_figure (
                    customer_id integer PRIMARY KEY, run_id integer,
                    score_id integer, score_date date, efficiency_score integer,
                    basis varchar, is_settled boolean, %s
                );
                CREATE INDEX broker_tier_figure_run_idx ON broker_tier_figure (run_id, customer_id)
                 WHERE run_id IS NOT NULL
                """,
                SQL(", ").join(SQL("%s %s", SQL.identifier(name), kind) for name, kind in FIGURES.items()),
            )
        )

    def _gather(self):
        """Gather the figures of all the company's customers, unless that was done, and keep
        those of the customers who have to be judged.

        :return: number of customers who need not be judged
        """
        self.ensure_one()
        if self.is_gathered and self.policy_id and self._count_figures():
            return 0
        score = self.env["broker.tier.score"].sudo()
        policy = self.env["broker.tier.policy"]._get_at(self.company_id, self.date)
        score._end_manual_tiers(self.company_id, self.date)
        score._flush_sources()
        self._drop_figures()
        # Nothing is compiled for a statement that runs once a night.
        self.env.cr.execute("SET LOCAL jit = off")
        self._keep_figures(score, policy)
        self.env.cr.execute(self._get_gather_query(score, policy))
        self.write(
            {
                "is_gathered": True,
                "policy_id": policy.id,
                "customer_count": self.env["broker.customer"].search_count(
                    Domain("company_id", "=", self.company_id.id)
                ),
            }
        )
        return self.customer_count - self._count_figures()

    def _get_gather_query(self, score, policy):
        """Return the statement that keeps the figures of those who have to be judged."""
        return SQL(
            """
            WITH %(measures)s,
            waiting AS MATERIALIZED (
                SELECT measure.*
                  FROM (SELECT measure.*, %(efficiency)s AS efficiency FROM measure OFFSET 0) AS measure
             LEFT JOIN broker_tier_figure kept ON kept.customer_id = measure.customer_id
             LEFT JOIN broker_tier_manual_score manual
                    ON manual.customer_id = measure.customer_id AND manual.date_until >= %(date)s
                 WHERE measure.customer_id > %(last)s
                   AND NOT (
                       kept.is_settled IS TRUE AND kept.run_id IS NULL AND kept.basis = %(basis)s
                       AND kept.score_id IS NOT DISTINCT FROM measure.last_score_id
                       AND (kept.score_id IS NULL OR kept.score_date >= %(month_end)s)
                       AND manual.id IS NULL
                       AND (%(telling)s) IS NOT DISTINCT FROM (%(kept)s)
                       AND %(efficiency_score)s = kept.efficiency_score
                   )
            ),
            %(people)s,
            figure AS (
                SELECT waiting.*, people.people
                  FROM waiting
             LEFT JOIN people ON people.customer_id = waiting.customer_id
            )
            INSERT INTO broker_tier_figure (run_id, customer_id, %(columns)s)
            SELECT %(run)s, figure.customer_id, %(figure_columns)s
              FROM figure
       ON CONFLICT (customer_id) DO UPDATE SET (run_id, is_settled, %(columns)s) =
                   (EXCLUDED.run_id, FALSE, %(new_columns)s)
            """,
            measures=score._get_measures_query(policy, self.date, self._get_kept_expressions()),
            people=score._get_people_query(SQL("own.customer_id IN (SELECT customer_id FROM waiting)")),
            columns=score._join_columns(FIGURES),
            figure_columns=score._join_columns(FIGURES, "figure"),
            new_columns=score._join_columns(FIGURES, "excluded"),
            telling=score._join_columns(TELLING_FIGURES, "measure"),
            kept=score._join_columns(TELLING_FIGURES, "kept"),
            efficiency=score._get_efficiency_value(),
            efficiency_score=score._get_step(
                SQL("measure.efficiency"),
                policy.dimension_ids.filtered(lambda line: line.code == "efficiency")._get_thresholds(),
            ),
            month_end=score._get_last_month_end(self.date),
            basis=self._get_basis(policy),
            run=self.id,
            date=self.date,
            last=self.last_customer_id,
        )

    @api.model
    def _get_basis(self, policy):
        """Return a digest of all by which figures are judged: the statement itself, with the
        policy's numbers and the bands of the tiers in it."""
        query = self.env["broker.tier.score"].sudo()._get_judgement_query(policy, policy.date_from)
        return hashlib.sha256(repr((query.code, query.params)).encode()).hexdigest()

    def _count_figures(self, last_id=0):
        """Return how many customers after a mark wait to be judged."""
        [(count,)] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM broker_tier_figure WHERE run_id = %s AND customer_id > %s", self.id, last_id),
        )
        return count

    def _drop_figures(self):
        """Forget what waits to be judged in this company's runs."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM broker_tier_figure
                 WHERE run_id IN (SELECT id FROM broker_tier_run WHERE company_id = %s)
                """,
                self.company_id.id,
            )
        )

    def _get_figures_query(self, last_id):
        """Return the CTE `figure` of the customers after the mark who wait to be judged.

        :param last_id: id of the last customer of the batch
        """
        return SQL(
            """
            figure AS (
                SELECT kept.customer_id, customer.last_score_id, %s
                  FROM broker_tier_figure kept
                  JOIN broker_customer customer ON customer.id = kept.customer_id
                 WHERE kept.run_id = %s AND kept.customer_id > %s AND kept.customer_id <= %s
            )
            """,
            self.env["broker.tier.score"]._join_columns(FIGURES, "kept"),
            self.id,
            self.last_customer_id,
            last_id,
        )

    def _settle_figures(self, last_id):
        """Note to which scores the figures of a batch led. The same figures lead to the same
        score unless runs are still agreeing, or a part was judged by hand, which ends."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE broker_tier_figure kept
                   SET run_id = NULL, score_id = customer.last_score_id, score_date = newest.date,
                       efficiency_score = COALESCE(newest.efficiency_score, 0), basis = %s,
                       is_settled = COALESCE(newest.pending_runs, 0) = 0
                                    AND newest.inputs -> 'by_hand' IS NULL
                  FROM broker_customer customer
             LEFT JOIN broker_tier_score newest ON newest.id = customer.last_score_id
                 WHERE customer.id = kept.customer_id
                   AND kept.run_id = %s AND kept.customer_id > %s AND kept.customer_id <= %s
                """,
                self._get_basis(self.policy_id),
                self.id,
                self.last_customer_id,
                last_id,
            )
        )

    @api.autovacuum
    def _gc_figures(self):
        """Forget customers who are gone."""
        for table in ("broker_tier_figure", *map("broker_tier_kept_{}".format, KEPT)):
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM %s kept
                     WHERE NOT EXISTS (SELECT FROM broker_customer customer WHERE customer.id = kept.customer_id)
                    """,
                    SQL.identifier(table),
                )
            )
