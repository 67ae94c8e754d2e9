from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# A firm learns anew after so many days; in between its customers change, and their order
# does not.
_LEARN_DAYS = 28


class BrokerRiskFit(models.Model):
    """What a company has learned about which of its customers do not come back.

    A customer places no job within so many days with a likelihood that is a logistic
    function of eight figures of its history, see `broker.risk.query.mixin`. The weights
    are learned from the company's own past, with the shipped ones as the starting point
    that few customers do not overrule, see `broker.risk.learning.mixin`.

    The row without a company is shipped: it was learned from public purchase histories,
    which its `source` names. Rows are never changed; a new month is a new row.
    """

    _name = "broker.risk.fit"
    _description = "What Churn Risk Was Learned From"
    _inherit = ["broker.risk.learning.mixin", "broker.risk.query.mixin"]
    _order = "date desc, id desc"
    _rec_name = "date"
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", readonly=True, index=True, ondelete="cascade")
    date = fields.Date(string="Learned on", required=True, readonly=True)
    horizon = fields.Integer(
        string="Days Ahead", required=True, readonly=True, help="The days for which the likelihood was asked."
    )
    pace = fields.Float(
        string="Usual Days between Jobs",
        required=True,
        readonly=True,
        help="Of all customers together. The histories are measured in it, so that slow and fast trades compare.",
    )
    customer_count = fields.Integer(
        string="Customers Learned From", readonly=True, help="0: the shipped weights are used as they are."
    )
    weights = fields.Json(required=True, readonly=True)
    information = fields.Json(
        readonly=True, help="How sure the shipped weights are of each other, per customer they were learned from."
    )
    pauses = fields.Json(
        readonly=True, help="Times in which the whole firm had no job: the last day before, and the days left out."
    )
    last_day = fields.Date(string="Newest Job", readonly=True)
    day_gap = fields.Float(
        string="Days between Days with a Job", readonly=True, help="Of the whole firm: what is a pause depends on it."
    )
    source = fields.Char(readonly=True, help="Where the shipped weights come from.")

    _horizon_positive = models.Constraint(
        "CHECK (horizon > 0 AND pace > 0)", "Days ahead and days between jobs must be more than zero."
    )

    # BUSINESS

    @api.model
    def _get_shipped(self):
        """Return the row that is shipped, in sudo."""
        return self.sudo().search(Domain("company_id", "=", False), limit=1)

    @api.model
    def _get_current(self, company):
        """Return what a company has learned last, in sudo; empty when it never did."""
        return self.sudo().search(Domain("company_id", "=", company.id), limit=1)

    @api.model
    def _is_due(self, company, today):
        """Return whether a company should learn anew: after four weeks, or when it asks for
        another number of days ahead."""
        fit = self._get_current(company)
        return not fit or fit.date <= today - timedelta(days=_LEARN_DAYS) or fit.horizon != company.broker_risk_days

    @api.model
    def _learn_for_company(self, company, today):
        """Learn from all jobs of a company up to a day.

        :return: the new row, in sudo; empty when the company never had a job
        """
        history = self._get_job_query(company)
        values = self._learn(
            history, today, company.broker_risk_days, company.broker_risk_weight, company.broker_risk_pause_days
        )
        return self.sudo().create({**values, "company_id": company.id}) if values else self.sudo().browse()

    def _get_pauses_until(self, today):
        """Return the pauses of the firm up to a day: those found when it was learned, and
        those since."""
        self.ensure_one()
        company = self.company_id
        since = self.last_day
        newer, _last_day, _usual = self._find_pauses(
            self._get_job_query(company, since=since), today, company.broker_risk_pause_days, self.day_gap
        )
        # One that had no end then is found again.
        return [pause for pause in self.pauses or [] if pause[0] < since.isoformat()] + newer

    @api.model
    def _get_job_query(self, company, customers=None, since=None):
        """Return the SELECT of (customer_id, day): on which of the company's own days a
        customer placed a job. A reprint for a claim is nobody's wish, and no job.

        :param customers: `SQL` of the ids of some customers; all without it
        :param since: the first day of interest; all without it
        """
        self.env["sale.order"].flush_model(
            ["state", "date_order", "company_id", "broker_customer_id", "broker_claim_case_id"]
        )
        return SQL(
            """
            SELECT job.broker_customer_id AS customer_id,
                   (job.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
              FROM sale_order job
             WHERE job.company_id = %(company)s AND job.state = 'sale'
               AND job.broker_customer_id IS NOT NULL AND job.broker_claim_case_id IS NULL
               AND %(some)s AND %(later)s
            """,
            zone=company._get_broker_tz(),
            company=company.id,
            some=SQL("TRUE") if customers is None else SQL("job.broker_customer_id IN (%s)", customers),
            later=SQL("job.date_order >= %s", company._get_broker_moment(since)) if since else SQL("TRUE"),
        )
