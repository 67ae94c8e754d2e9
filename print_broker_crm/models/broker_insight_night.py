import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)


class BrokerInsightNight(models.AbstractModel):
    """The night of what the firm learns about its customers: months, trend, risk, reviews
    and the month's report, in this order, because each reads those before."""

    _name = "broker.insight.night"
    _description = "Night of Insight"

    @api.model
    def _cron_run(self):
        """Do the night of all companies in bounded batches, each committed by itself.

        Stops when the time of a run is over, or when it is killed; the next one goes on
        where it was, because what is done is not found again. A company that fails does not
        keep the others waiting: it is tried again soon.
        """
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        if any(company.broker_insight_night_on != company._get_broker_today() for company in companies):
            self._wake_again()
            if not Cron._commit_progress(remaining=1):
                return
        for company in companies:
            try:
                for handled in self._get_steps(company):
                    if not Cron._commit_progress(handled, remaining=1):
                        return
                    self.env.invalidate_all()
                self._note_done(company)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("The night of insight of company %s failed", company.id)
            if not Cron._commit_progress(remaining=1):
                return
        Cron._commit_progress(remaining=0)

    @api.model
    def _get_steps(self, company):
        """Do the night of a company step by step, yielding after each how much it handled.

        Doing it again on the same day changes nothing.

        :param company: one `res.company`
        """
        self = self.with_company(company)
        customer = self.env["broker.customer"]
        yield from self.env["broker.customer.month"]._refresh_steps(company)
        yield from customer._judge_trend_steps(company)
        yield from customer._judge_risk_steps(company)
        yield from self.env["broker.review"]._night_steps(company)
        yield from self.env["broker.month.report"]._night_steps(company)

    @api.model
    def _note_done(self, company):
        """Note that today's night of a company is over."""
        today = company._get_broker_today()
        if company.broker_insight_night_on == today:
            return
        company._note_broker_progress(broker_insight_night_on=today)

    @api.model
    def _wake_again(self):
        """See to it that a night that fails goes on soon: somebody who saves a customer at
        the wrong moment is enough, and Odoo would wait for the next one."""
        cron = self.env.ref("print_broker_crm.ir_cron_broker_insight_night").sudo()
        minutes = int(
            self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.insight_night_retry_minutes", 15)
        )
        now = fields.Datetime.now()
        waiting = Domain("cron_id", "=", cron.id) & Domain("call_at", ">", now)
        if not self.env["ir.cron.trigger"].sudo().search_count(waiting, limit=1):
            cron._trigger(now + timedelta(minutes=minutes))
