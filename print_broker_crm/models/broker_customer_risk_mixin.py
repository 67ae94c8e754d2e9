from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date

# Written by the night alone.
_RESULT_FIELDS = frozenset({"churn_risk", "churn_risk_date", "churn_risk_trace"})
# A customer of whom nothing is new is looked at once in so many days.
_ROUND_DAYS = 7


class BrokerCustomerRiskMixin(models.AbstractModel):
    """How likely a customer places no job any more in its usual time.

    Worked out at night from the days of its jobs and nothing else, see `broker.risk.fit`.
    """

    _name = "broker.customer.risk.mixin"
    _description = "Customer File: Churn Risk"

    churn_risk = fields.Integer(
        readonly=True,
        copy=False,
        aggregator="avg",
        help="0 to 100: how likely the customer places no job in its usual time. 0 without a date: no job yet.",
    )
    churn_risk_date = fields.Date(
        string="Churn Risk Since",
        readonly=True,
        copy=False,
        help="The day on which the churn risk or what it stands on last changed.",
    )
    churn_risk_trace = fields.Json(readonly=True, copy=False)
    churn_risk_explanation = fields.Text(
        string="Why This Risk", compute="_compute_churn_risk_explanation", compute_sudo=False
    )
    is_at_risk = fields.Boolean(
        string="At Risk",
        compute="_compute_is_at_risk",
        search="_search_is_at_risk",
        help="The churn risk is as high as the company's setting, or higher.",
    )

    _churn_risk_idx = models.Index("(churn_risk DESC NULLS LAST, id DESC)")

    @api.depends("churn_risk", "churn_risk_date", "company_id.broker_risk_high")
    def _compute_is_at_risk(self):
        for customer in self:
            limit = customer.company_id.sudo().broker_risk_high
            customer.is_at_risk = bool(customer.churn_risk_date and limit and customer.churn_risk >= limit)

    @api.model
    def _search_is_at_risk(self, operator, value):
        if operator != "in":
            return NotImplemented
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        at_risk = Domain("churn_risk_date", "!=", False) & Domain.OR(
            Domain("company_id", "=", company.id) & Domain("churn_risk", ">=", company.broker_risk_high)
            for company in companies
        )
        found = Domain.FALSE
        if True in value:
            found |= at_risk
        if False in value:
            found |= ~at_risk
        return found

    @api.depends("churn_risk", "churn_risk_date", "churn_risk_trace")
    @api.depends_context("lang")
    def _compute_churn_risk_explanation(self):
        # Every reader of the file may know; the fits themselves are the managers'.
        fits = self.env["broker.risk.fit"].sudo()
        traces = [customer.sudo().churn_risk_trace for customer in self]
        found = {fit.id: fit for fit in fits.browse({trace["fit"] for trace in traces if trace}).exists()}
        for customer in self:
            trace = customer.sudo().churn_risk_trace
            customer.churn_risk_explanation = (
                "\n".join(customer._explain_churn_risk(trace, found.get(trace["fit"], fits.browse())))
                if trace
                else self.env._("No churn risk: the customer has placed no job yet.")
                if not customer.churn_risk_date
                else self.env._("Looked at again in the coming night.")
            )

    def _explain_churn_risk(self, trace, fit):
        """Return the lines that tell how a churn risk came about.

        :param trace: what the night stored
        :param fit: the `broker.risk.fit` it was judged by, empty when it is gone
        """
        self.ensure_one()
        first, last = (format_date(self.env, trace[name]) for name in ("first", "last"))
        if trace["jobs"] == 1:
            lines = [self.env._("One job, on %(day)s.", day=last)]
        elif not trace["gap"]:
            lines = [self.env._("Jobs on two days, %(first)s and %(last)s.", first=first, last=last)]
        else:
            lines = [
                self.env._(
                    "Jobs on %(number)s days since %(first)s, every %(gap)s days on average; the last on %(last)s.",
                    number=trace["jobs"],
                    first=first,
                    gap=trace["gap"],
                    last=last,
                )
            ]
        if trace["paused"]:
            lines.append(
                self.env._(
                    "%(days)s days are left out, because the whole firm had no job in them.",
                    days=trace["paused"],
                )
            )
        lines.append(
            self.env._(
                "Of 100 customers with such a history %(number)s place no job in the next %(days)s days.",
                number=self.churn_risk,
                days=trace["horizon"],
            )
        )
        if fit.customer_count:
            lines.append(
                self.env._(
                    "Learned on %(day)s from %(number)s customers of the firm, beside the shipped experience.",
                    day=format_date(self.env, fit.date),
                    number=fit.customer_count,
                )
            )
        elif fit:
            lines.append(self.env._("By the shipped experience: the firm's own books are too young to learn from."))
        return lines

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_risk_write({name for name, value in vals.items() if value})
        self = self._drop_defaults(self, _RESULT_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        self._check_risk_write(set(vals))
        return super().write(vals)

    @api.model
    def _check_risk_write(self, names):
        if names & _RESULT_FIELDS and not self.env.su:
            raise UserError(self.env._("Churn risk is worked out from the customer's jobs, and cannot be entered."))

    # BUSINESS

    def _before_merge_into(self, target):
        """The jobs of both are one history: it is looked at again in the coming night."""
        result = super()._before_merge_into(target)
        if any(customer.churn_risk_date for customer in (self | target).sudo()):
            target.sudo().write({"churn_risk_trace": False, "churn_risk_date": target.company_id._get_broker_today()})
        return result

    @api.model
    def _judge_risk_steps(self, company):
        """Judge a company's customers anew, once a day and in bounded batches, yielding how
        many each step handled.

        Every four weeks it is learned who does not come back, and all are judged by that.
        On other nights those are judged who placed a job since the last one, and of the
        others one in seven: a risk rises slowly. Safe to kill and to repeat: what is done
        today is not found again.
        """
        company = company.sudo()
        today = company._get_broker_today()
        Fit = self.env["broker.risk.fit"].sudo()
        self.env.flush_all()
        is_today = company.broker_risk_mark_date == today
        if not is_today and Fit._is_due(company, today):
            Fit._learn_for_company(company, today)
            yield 1
        mark = company.broker_risk_mark_id if is_today else 0
        fit = Fit._get_current(company)
        # A mark of an earlier day says since when jobs are news.
        since = company.broker_risk_mark_date
        is_whole = not since or not fit or fit.date == today
        if is_today:
            # A run that was killed goes on: nobody knows any more when the one before it was.
            since -= timedelta(days=_ROUND_DAYS)
        while batch := self._get_coverage_batch(company, mark, self._get_coverage_batch_size()):
            last_id, number = batch
            self.env.flush_all()
            if fit:
                due = self._get_risk_due_query(company, mark, last_id, today, not is_whole and since)
                self._judge_risk_where(company, fit, due, today)
            mark = last_id
            company._note_broker_progress(broker_risk_mark_date=today, broker_risk_mark_id=mark)
            yield number

    @api.model
    def _get_risk_due_query(self, company, first_id, last_id, today, since):
        """Return the SELECT of the ids of the customers to judge now, out of a batch.

        :param first_id: the batch is of greater ids than this
        :param last_id: and of ids up to this
        :param since: the day of the last run; False: all are due
        """
        # A day more: of what was confirmed while the last run was at work.
        start = since and company._get_broker_moment(since - timedelta(days=1))
        due = (
            SQL(
                """
                (customer.id + %(round)s) %% %(days)s = 0
                OR customer.churn_risk_date IS NOT NULL AND customer.churn_risk_trace IS NULL
                OR customer.id IN (
                    SELECT broker_customer_id FROM sale_order WHERE company_id = %(company)s AND date_order >= %(start)s
                )
                """,
                round=today.toordinal(),
                days=_ROUND_DAYS,
                company=company.id,
                start=start,
            )
            if since
            else SQL("TRUE")
        )
        return SQL(
            """
            SELECT customer.id FROM broker_customer customer
             WHERE customer.company_id = %s AND customer.active AND customer.id > %s AND customer.id <= %s AND (%s)
            """,
            company.id,
            first_id,
            last_id,
            due,
        )

    @api.model
    def _judge_risk_where(self, company, fit, due, today):
        """Judge some customers of a company, and write only what changed.

        :param fit: the `broker.risk.fit` to judge by
        :param due: `SQL` of a SELECT of their ids
        """
        pauses = fit._get_pauses_until(today)
        paused = SQL("0")
        for before, days in pauses:
            paused = SQL("%s + CASE WHEN score.real_first_day <= %s::date THEN %s ELSE 0 END", paused, before, days)
        history = fit._get_job_query(company, due)
        rows = self.env.execute_query(
            SQL(
                """
                WITH due AS (%(due)s), result AS (
                    SELECT due.id, ROUND(score.risk)::int AS risk,
                           CASE WHEN score.customer_id IS NOT NULL THEN JSONB_BUILD_OBJECT(
                               'fit', %(fit)s, 'jobs', score.jobs, 'first', score.real_first_day,
                               'last', score.real_last_day, 'gap', score.usual_gap, 'horizon', score.horizon,
                               'paused', %(paused)s
                           ) END AS trace
                      FROM due
                 LEFT JOIN (%(score)s) AS score ON score.customer_id = due.id
                )
                UPDATE broker_customer file
                   SET churn_risk = COALESCE(result.risk, 0), churn_risk_trace = result.trace,
                       churn_risk_date = CASE WHEN result.trace IS NOT NULL THEN %(today)s::date END
                  FROM result
                 WHERE file.id = result.id
                   AND (file.churn_risk, file.churn_risk_trace, file.churn_risk_date IS NULL)
                       IS DISTINCT FROM (COALESCE(result.risk, 0), result.trace, result.trace IS NULL)
             RETURNING file.id
                """,
                due=due,
                fit=fit.id,
                paused=paused,
                score=fit._get_score_query(history, today, fit, pauses),
                today=today,
            )
        )
        changed = self.sudo().browse(row[0] for row in rows)
        changed.invalidate_recordset([*_RESULT_FIELDS], flush=False)
        return changed
