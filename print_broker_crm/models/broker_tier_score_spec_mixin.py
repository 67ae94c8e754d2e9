from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreSpecMixin(models.AbstractModel):
    """Job specs that were changed after the confirmation, among the changes of a job."""

    _name = "broker.tier.score.spec.mixin"
    _description = "5A Score: Job Specs"

    @api.model
    def _get_trouble_sources(self, policy, start, end, customers=None):
        """Add the notes under the subtype of changed job specs."""
        sources = super()._get_trouble_sources(policy, start, end, customers)
        if not policy.trouble_change_points:
            return sources
        return [
            *sources,
            SQL(
                """
                SELECT so.broker_customer_id, 'job_changes', COUNT(*), %(points)s::numeric
                  FROM mail_message message
                  JOIN sale_order so ON so.id = message.res_id
                 WHERE message.model = 'sale.order' AND message.subtype_id = %(subtype)s
                   AND so.company_id = %(company)s
                   AND so.date_order >= %(start)s AND so.date_order < %(end)s
                   AND %(scope)s
              GROUP BY so.broker_customer_id
                """,
                points=policy.trouble_change_points,
                subtype=self.env.ref("print_broker_crm.mt_job_spec_changed").id,
                company=policy.company_id.id,
                start=start,
                end=end,
                scope=self._get_scope(SQL("so.broker_customer_id"), customers),
            ),
        ]
