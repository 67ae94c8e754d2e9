import math
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

# The firm itself paused when it had no job for so many times its usual days between two
# of them. In a small firm a quiet month is usual.
_PAUSE_FACTOR = 20
# A likelihood beyond these is written as 0 or 100 anyway, and EXP has its limits.
_LOGIT_LIMIT = 30


class BrokerRiskQueryMixin(models.AbstractModel):
    """From the days of a customer's jobs to the figures that tell who does not come back.

    The histories come as a SELECT of (customer_id, day), so that the same statements
    serve the firm's own jobs and the public histories on which they were judged.

    The figures, with all times in the firm's usual days between two jobs:

    - 1
    - LN(silence + 0.1): days since the last job
    - LN(repeats + 1): jobs after the first
    - LN(age + 1): days since the first job
    - LN(1 + silence * (repeats + 0.5) / (age + 1)): jobs that the customer would have
      placed in its silence at its own pace, which is that of the gamma-Poisson mixture (the
      NBD of Ehrenberg, 1959, on which BG/NBD stands)
    - LN(span + 1): days between first and last job
    - repeats * LN((age + 1) / (span + 1)): the odds that BG/NBD gives that the customer is
      gone, (r + x) * LN((alpha + T) / (alpha + t)) in the words of Fader, Hardie and Lee,
      2005: the more jobs, the more a silence says
    - LN(days ahead)

    Recency, frequency and age are what BG/NBD reads too. What it derives from assumptions
    about why people stop, the weights learn from who stopped.
    """

    _name = "broker.risk.query.mixin"
    _description = "Churn Risk: Figures"

    @api.model
    def _get_figures(self, count, first, last, now, pace, horizon):
        """Return the figures of a history as a list of `SQL`, in the order of the weights.

        :param count: `SQL` of the number of days with a job
        :param first: `SQL` of the first one
        :param last: `SQL` of the last one
        :param now: `SQL` of the day on which one looks
        :param pace: `SQL` of the firm's usual days between jobs
        :param horizon: `SQL` of the days ahead
        """
        repeats = SQL("(%s - 1)", count)
        age = SQL("((%s - %s) / %s::float)", now, first, pace)
        silence = SQL("((%s - %s) / %s::float)", now, last, pace)
        span = SQL("((%s - %s) / %s::float)", last, first, pace)
        return [
            SQL("1::float"),
            SQL("LN(%s + 0.1)", silence),
            SQL("LN(%s + 1::float)", repeats),
            SQL("LN(%s + 1)", age),
            SQL("LN(1 + %s * (%s + 0.5) / (%s + 1))", silence, repeats, age),
            SQL("LN(%s + 1)", span),
            SQL("%s * LN((%s + 1) / (%s + 1))", repeats, age, span),
            SQL("LN(%s / %s::float)", horizon, pace),
        ]

    @api.model
    def _find_pauses(self, history, today, minimum, usual=None):
        """Return the times in which the whole firm had no job: the books were kept elsewhere
        for a while, or the firm was closed. Nobody was silent in them.

        :param history: `SQL` of a SELECT of (customer_id, day)
        :param today: the day on which one looks
        :param minimum: days that are a pause at least; 0: there are none
        :param usual: the firm's usual days between two with a job; found out without it
        :return: list of [last day before as ISO text, days to leave out], the newest day with
            a job or None, and the usual days
        """
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT day FROM (%s) AS job WHERE day <= %s ORDER BY day", history, today)
        )
        days = [day for (day,) in rows]
        if not days:
            return [], None, usual or 0
        if usual is None:
            usual = (days[-1] - days[0]).days / max(len(days) - 1, 1)
        limit = max(minimum, _PAUSE_FACTOR * usual) if minimum else math.inf
        pauses = [
            [before.isoformat(), (after - before).days - 1]
            for before, after in zip(days, [*days[1:], today + timedelta(days=1)], strict=True)
            if (after - before).days - 1 > limit
        ]
        return pauses, days[-1], usual

    @api.model
    def _get_clock_query(self, history, today, pauses):
        """Return the SELECT of (customer_id, real_day, day): the days with a job up to today,
        once each, and the same moved up by the pauses that came after them."""
        day = SQL("job.day")
        for before, days in pauses:
            day = SQL("%s + CASE WHEN job.day <= %s::date THEN %s ELSE 0 END", day, before, days)
        return SQL(
            "SELECT DISTINCT job.customer_id, job.day AS real_day, %s AS day FROM (%s) AS job WHERE job.day <= %s",
            day,
            history,
            today,
        )

    @api.model
    def _get_score_query(self, history, today, fit, pauses=None):
        """Return the SELECT of the customers of a history and how likely each places no job
        in its usual time.

        Its usual time are the company's days ahead, or longer for one whose jobs lie
        further apart than that on average: who orders once a year is not lost in between.

        :param history: `SQL` of a SELECT of (customer_id, day)
        :param today: the day on which one looks
        :param fit: `broker.risk.fit`, or the dict of values of one
        :param pauses: see `_find_pauses`; those of the fit without them
        :return: `SQL` of (customer_id, jobs, real_first_day, real_last_day, usual_gap, horizon, risk)
        """
        figures = self._get_figures(
            SQL("jobs"), SQL("first_day"), SQL("last_day"), SQL("%s::date", today), SQL("pace"), SQL("horizon")
        )
        total = SQL(" + ").join(
            SQL("%s * %s", weight, figure) for weight, figure in zip(fit["weights"], figures, strict=True)
        )
        return SQL(
            """
            SELECT customer_id, jobs, real_first_day, real_last_day, usual_gap, horizon,
                   100 / (1 + EXP(-GREATEST(LEAST(%(total)s, %(limit)s), -%(limit)s))) AS risk
              FROM (
                SELECT *,
                       GREATEST(%(horizon)s, COALESCE(usual_gap, 0))::int AS horizon, %(pace)s::float AS pace
                  FROM (
                    SELECT customer_id, COUNT(*) AS jobs, MIN(day) AS first_day, MAX(day) AS last_day,
                           MIN(real_day) AS real_first_day, MAX(real_day) AS real_last_day,
                           -- Two gaps at least are a habit
                           CASE WHEN COUNT(*) > 2
                                THEN ROUND((MAX(day) - MIN(day)) / (COUNT(*) - 1)::numeric)::int END AS usual_gap
                      FROM (%(clock)s) AS job
                  GROUP BY customer_id
                ) AS habit
            ) AS known
            """,
            total=total,
            limit=_LOGIT_LIMIT,
            horizon=fit["horizon"],
            pace=fit["pace"],
            clock=self._get_clock_query(history, today, (fit["pauses"] or ()) if pauses is None else pauses),
        )
