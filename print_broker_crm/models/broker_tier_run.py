from odoo import api, fields, models
from odoo.fields import Domain


class BrokerTierRun(models.Model):
    """How far a company's nightly scoring has come.

    One row per company and day. A batch of customers and the step of the mark are
    committed together, so a run that is killed goes on where it was.
    """

    _name = "broker.tier.run"
    _description = "5A Nightly Run"
    _order = "date desc, id desc"
    _rec_name = "date"

    company_id = fields.Many2one("res.company", required=True, index=True)
    date = fields.Date(required=True)
    last_customer_id = fields.Integer(string="Up to Customer", help="Database id of the last customer looked at.")
    is_done = fields.Boolean(string="Finished")
    customer_count = fields.Integer(string="Customers Looked At")
    score_count = fields.Integer(string="Scores Written")

    _company_date_uniq = models.UniqueIndex("(company_id, date)", "There is already a run of this company and day.")

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

    def _get_waiting(self):
        """Return the domain of the customers that this run has yet to look at."""
        self.ensure_one()
        return Domain("company_id", "=", self.company_id.id) & Domain("id", ">", self.last_customer_id)

    def _step(self, limit, work_totals):
        """Score the next batch of customers and move the mark.

        :param limit: number of customers
        :param work_totals: see `broker.tier.score._get_work_totals`
        :return: number of customers looked at
        """
        self.ensure_one()
        customers = self.env["broker.customer"].search(self._get_waiting(), order="id", limit=limit)
        scores = self.env["broker.tier.score"]
        if customers:
            scores = scores._run_batch(self.company_id, self.date, customers, work_totals)
        self.write(
            {
                "last_customer_id": customers[-1:].id or self.last_customer_id,
                "is_done": len(customers) < limit
                or not self.env["broker.customer"].search_count(
                    self._get_waiting() & Domain("id", ">", customers[-1].id), limit=1
                ),
                "customer_count": self.customer_count + len(customers),
                "score_count": self.score_count + len(scores),
            }
        )
        return len(customers)

    @api.model
    def _cron_run(self):
        """Score the customers of all companies, once a day and in bounded batches."""
        cron = self.env["ir.cron"]
        limit = self._get_batch_size()
        runs = self.browse()
        for company in self.env["res.company"].search(Domain.TRUE):
            runs |= self._open(company)
        waiting = {run: self.env["broker.customer"].search_count(run._get_waiting()) for run in runs}
        if not cron._commit_progress(remaining=sum(waiting.values())):
            return
        for run in runs:
            work_totals = self.env["broker.tier.score"]._get_work_totals(run.company_id, run.date)
            # The lock ends with each commit; without it another worker is at the run.
            while run.try_lock_for_update() and not run.is_done:
                if not cron._commit_progress(run._step(limit, work_totals)):
                    return

    @api.model
    def _get_batch_size(self):
        """Return how many customers are scored in one step (technical setting)."""
        return int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.tier_batch_size", 5000))
