import math
from datetime import timedelta
from operator import add, mul

from odoo import api, models
from odoo.tools import SQL

# The method's own numbers, not the firm's. One looks back from four days, four weeks
# apart, of which the last lies the days ahead before today; where the books are younger,
# those days are at most this part of them. What lies ahead is asked whole and by half, so
# that the weights know what a longer wait means.
_ORIGINS = 4
_SPACING = 28
_SHARE = 0.4
_PARTS = (1, 0.5)
# Days of books before a look back: from less nothing is learned.
_RUN_UP = 56
# Newton's steps, the change of a weight after which there are no more, and how often one is
# halved.
_STEPS = 50
_TOLERANCE = 1e-6
_HALVINGS = 30


class BrokerRiskLearningMixin(models.AbstractModel):
    """Learns the weights of churn risk from a history, in plain Python.

    A logistic regression with a normal prior around the shipped weights, fitted by
    Newton's method (iteratively reweighted least squares; McCullagh and Nelder, Generalized
    Linear Models, 1989, §2.5). The prior counts as much as some customers of whom all is
    known: a young firm is judged by the shipped weights, a large one by its own past.
    """

    _name = "broker.risk.learning.mixin"
    _description = "Churn Risk: Learning"

    @api.model
    def _learn(self, history, today, horizon, prior_customers, pause_days=0, shipped=None):
        """Learn from a history.

        :param history: `SQL` of a SELECT of (customer_id, day)
        :param today: nothing after this day is looked at
        :param horizon: days ahead
        :param prior_customers: how many customers the shipped weights count as
        :param pause_days: see `_find_pauses`
        :param shipped: the shipped row, or the dict of values of one
        :return: values of a `broker.risk.fit`, without a company; empty without a job
        """
        shipped = self._get_shipped() if shipped is None else shipped
        pauses, last_day, day_gap = self._find_pauses(history, today, pause_days)
        if not last_day:
            return {}
        clock = self._get_clock_query(history, today, pauses)
        [(first_day, pace)] = self.env.execute_query(
            SQL(
                """
                SELECT MIN(first_day), SUM(last_day - first_day) / NULLIF(SUM(jobs - 1), 0)::float
                  FROM (
                    SELECT MIN(day) AS first_day, MAX(day) AS last_day, COUNT(*) AS jobs
                      FROM (%s) AS job GROUP BY customer_id
                  ) AS customer
                """,
                clock,
            )
        )
        rows, customer_count = self._get_lessons(clock, first_day, today, horizon)
        weights, _information = self._fit_weights(rows, shipped["weights"], shipped["information"], prior_customers)
        return {
            "date": today,
            "horizon": horizon,
            "pace": max(pace or horizon, 1),
            "customer_count": customer_count,
            "weights": weights,
            "pauses": pauses,
            "last_day": last_day,
            "day_gap": day_gap,
        }

    @api.model
    def _get_lesson_limit(self):
        """Return of how many customers one learns at most (technical setting)."""
        return int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.risk_lesson_customers", 2000))

    @api.model
    def _get_lessons(self, clock, first_day, today, horizon):
        """Return what was known of the customers on some past days, and who then placed no
        job in the days ahead.

        :param clock: `SQL` of a SELECT of (customer_id, day)
        :param first_day: the first of all days
        :return: list of (figures, silent, weight), and the number of customers
        """
        ahead = min(horizon, int((today - first_day).days * _SHARE))
        origins = [today - timedelta(days=ahead + _SPACING * number) for number in range(_ORIGINS)]
        origins = [origin for origin in origins if (origin - first_day).days >= _RUN_UP]
        if not origins or ahead < 1:
            return [], 0
        figures = self._get_figures(
            *(SQL(name) for name in ("jobs", "first_day", "last_day", "origin", "pace", "ahead"))
        )
        rows = self.env.execute_query(
            SQL(
                """
                WITH job AS MATERIALIZED (
                    SELECT * FROM (%(clock)s) AS clock
                     WHERE customer_id IN (
                        -- Some of very many, always the same ones
                        SELECT customer_id FROM (%(clock)s) AS every GROUP BY customer_id
                      ORDER BY customer_id::bigint * 2654435761 %% 4294967296, customer_id LIMIT %(limit)s
                     )
                ), known AS (
                    SELECT job.customer_id, origin, COUNT(*) FILTER (WHERE day <= origin) AS jobs,
                           MIN(day) AS first_day, MAX(day) FILTER (WHERE day <= origin) AS last_day,
                           MIN(day) FILTER (WHERE day > origin) AS next_day
                      FROM job
                CROSS JOIN UNNEST(%(origins)s::date[]) AS origin
                  GROUP BY job.customer_id, origin
                    HAVING MIN(day) <= origin
                ), paced AS (
                    SELECT *, GREATEST(COALESCE(
                               SUM(last_day - first_day) OVER same / NULLIF(SUM(jobs - 1) OVER same, 0)::float,
                               %(horizon)s
                           ), 1) AS pace
                      FROM known
                    WINDOW same AS (PARTITION BY origin)
                )
                SELECT customer_id, %(figures)s,
                       (next_day IS NULL OR next_day > origin + ahead)::int
                  FROM paced
            CROSS JOIN UNNEST(%(aheads)s::int[]) AS ahead
                """,
                clock=clock,
                limit=self._get_lesson_limit(),
                origins=origins,
                horizon=horizon,
                aheads=sorted({max(int(ahead * part), 1) for part in _PARTS}),
                figures=SQL(", ").join(figures),
            )
        )
        seen = {}
        for row in rows:
            seen[row[0]] = seen.get(row[0], 0) + 1
        return [(row[1:-1], row[-1], 1 / seen[row[0]]) for row in rows], len(seen)

    @api.model
    def _fit_weights(self, rows, start, information, prior_customers):
        """Return the weights that the rows and the prior make most likely, and the
        information in the rows per customer.

        A step of Newton's that leads downhill is halved until it does not: where few
        customers are lost, the first steps lead far off.

        :param rows: list of (figures, silent, weight)
        :param start: the shipped weights
        :param information: the shipped information, a list of lists
        :param prior_customers: how many customers the shipped weights count as
        """
        weights, step = list(start), [0.0] * len(start)
        prior = [[prior_customers * value for value in line] for line in information]
        likelihood, pull, seen = self._weigh(rows, weights, start, prior)
        for _step in range(_STEPS if rows else 0):
            step = self._solve([list(map(add, *lines)) for lines in zip(prior, seen, strict=True)], pull)
            for _halving in range(_HALVINGS):
                tried = list(map(add, weights, step))
                found = self._weigh(rows, tried, start, prior)
                if found[0] >= likelihood:
                    break
                step = [change / 2 for change in step]
            else:
                break
            weights, (likelihood, pull, seen) = tried, found
            if max(map(abs, step)) < _TOLERANCE:
                break
        total = sum(weight for _figures, _silent, weight in rows) or 1
        return weights, [[value / total for value in line] for line in seen]

    @api.model
    def _weigh(self, rows, weights, start, prior):
        """Return how likely some weights are (as a logarithm), where they want to go, and
        the information in the rows."""
        size = len(weights)
        places = range(size)
        away = [weight - first for weight, first in zip(weights, start, strict=True)]
        pull = [-sum(map(mul, line, away)) for line in prior]
        likelihood = sum(map(mul, pull, away)) / 2
        seen = [[0.0] * size for _place in places]
        for figures, silent, weight in rows:
            logit = sum(map(mul, weights, figures))
            # However far off, neither overflows.
            small = math.exp(-abs(logit))
            likely = 1 / (1 + small) if logit > 0 else small / (1 + small)
            likelihood -= weight * (max(-logit if silent else logit, 0) + math.log1p(small))
            error, spread = weight * (silent - likely), weight * likely * (1 - likely)
            for i in places:
                pull[i] += error * figures[i]
                line, scaled = seen[i], spread * figures[i]
                for j in range(i, size):
                    line[j] += scaled * figures[j]
        for i in places:
            for j in range(i):
                seen[i][j] = seen[j][i]
        return likelihood, pull, seen

    @api.model
    def _solve(self, matrix, vector):
        """Return the solution of a small system of linear equations, by Gauss's
        elimination with pivots. What the equations leave open stays zero."""
        size = len(vector)
        lines = [[*line, value] for line, value in zip(matrix, vector, strict=True)]
        for place in range(size):
            pivot = max(range(place, size), key=lambda row, column=place: abs(lines[row][column]))
            lines[place], lines[pivot] = lines[pivot], lines[place]
            if abs(lines[place][place]) < 1e-12:
                lines[place] = [0.0] * (size + 1)
                lines[place][place] = 1.0
                continue
            for row in range(place + 1, size):
                factor = lines[row][place] / lines[place][place]
                if factor:
                    lines[row] = [value - factor * above for value, above in zip(lines[row], lines[place], strict=True)]
        solution = [0.0] * size
        for place in reversed(range(size)):
            known = sum(lines[place][column] * solution[column] for column in range(place + 1, size))
            solution[place] = (lines[place][size] - known) / lines[place][place]
        return solution
