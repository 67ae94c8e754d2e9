from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

RETRY_AFTER = timedelta(minutes=15)


class BrokerTierRun(models.Model):
    """How far a company's nightly scoring has come.

    One row per company and day. The figures of all customers are gathered first; those of
    whom something is new wait in a work table beside this model. Then a batch of them and
    the step of the mark are committed together, so a run that is killed goes on where it was.
    """

    _name = "broker.tier.run"
    _inherit = ["broker.tier.run.figure.mixin", "broker.tier.run.kept.mixin", "broker.tier.run.change.mixin"]
    _description = "5A Nightly Run"
    _order = "date desc, id desc"
    _rec_name = "date"

    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Date(required=True)
    policy_id = fields.Many2one(
        "broker.tier.policy",
        readonly=True,
        ondelete="restrict",
        help="The policy in force when the figures were gathered: the whole night is judged by it.",
    )
    is_gathered = fields.Boolean(string="Figures Gathered")
    last_customer_id = fields.Integer(string="Up to Customer", help="Database id of the last customer looked at.")
    is_done = fields.Boolean(string="Finished")
    customer_count = fields.Integer(string="Customers Looked At")
    score_count = fields.Integer(string="Scores Written")

    _company_date_uniq = models.UniqueIndex("(company_id, date)", "There is already a run of this company and day.")

    def init(self):
        self._make_figure_table()
        self._make_kept_tables()
        self._make_mark_table()

    @api.model
    def _open(self, company):
        """Return today's run of a company, or nothing when it is finished or when the
        company has no policy in force."""
        date = company._get_broker_today()
        if not self.env["broker.tier.policy"]._get_at(company, date):
            return self.browse()
        run = self.search(Domain("company_id", "=", company.id) & Domain("date", "=", date)) or self.create(
            {"company_id": company.id, "date": date}
        )
        return run.filtered(lambda run: not run.is_done)

    def _count_waiting(self):
        """Return how many customers this run has yet to look at."""
        self.ensure_one()
        if self.is_gathered:
            # After a crash there are none left: they are counted when they were gathered again.
            return self._count_figures() or 1
        return self.env["broker.customer"].search_count(Domain("company_id", "=", self.company_id.id))

    def _step(self, limit):
        """Judge the next batch of the customers who wait, and move the mark.

        :param limit: number of customers
        :return: number of customers judged
        """
        self.ensure_one()
        score = self.env["broker.tier.score"].sudo()
        [(last_id, count)] = self.env.execute_query(
            SQL(
                """
                SELECT MAX(customer_id), COUNT(*)
                  FROM (
                    SELECT customer_id FROM broker_tier_figure
                     WHERE run_id = %s AND customer_id > %s
                  ORDER BY customer_id LIMIT %s
                  ) AS batch
                """,
                self.id,
                self.last_customer_id,
                limit,
            )
        )
        scores = score.browse()
        if count:
            scores = score._judge(self.policy_id, self.date, self._get_figures_query(last_id))
            self._settle_figures(last_id)
        is_done = not self._count_figures(last_id or self.last_customer_id)
        if is_done:
            self._drop_figures()
        self.write(
            {
                "last_customer_id": last_id or self.last_customer_id,
                "is_done": is_done,
                "score_count": self.score_count + len(scores),
            }
        )
        return count

    @api.model
    def _cron_run(self):
        """Score the customers of all companies, once a day and in bounded batches."""
        cron = self.env["ir.cron"]
        limit = self._get_batch_size()
        runs = self.browse()
        for company in self.env["res.company"].search(Domain.TRUE):
            # Also where no policy is in force, and nobody is scored.
            self.env["broker.tier.score"].sudo()._end_manual_tiers(company, company._get_broker_today())
            runs |= self._open(company)
        if runs:
            self._wake_again()
        if not cron._commit_progress(remaining=sum(run._count_waiting() for run in runs)):
            return
        for run in runs:
            # The lock ends with each commit; without it another worker is at the run.
            if not run.try_lock_for_update():
                continue
            unchanged = run._gather()
            # Whatever time that took, one batch is judged in any case: the night gets on.
            cron._commit_progress(unchanged)
            while run.try_lock_for_update() and not run.is_done:
                if not cron._commit_progress(run._step(limit)):
                    return

    @api.model
    def _wake_again(self):
        """See to it that a night that fails goes on soon: Odoo would wait for the next one,
        which begins anew, when somebody who saves a customer at the wrong moment is enough."""
        cron = self.env.ref("print_broker_crm.ir_cron_broker_tier_run").sudo()
        now = fields.Datetime.now()
        if (
            not self.env["ir.cron.trigger"]
            .sudo()
            .search_count(Domain("cron_id", "=", cron.id) & Domain("call_at", ">", now), limit=1)
        ):
            cron._trigger(now + RETRY_AFTER)

    @api.model
    def _get_batch_size(self):
        """Return how many customers are scored in one step (technical setting)."""
        return int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.tier_batch_size", 5000))
