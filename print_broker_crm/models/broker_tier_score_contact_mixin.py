from odoo import api, models
from odoo.tools import SQL


class BrokerTierScoreContactMixin(models.AbstractModel):
    """Contacts in the scores: whoever was in touch worked for the customer.

    Those logged by hand alone: messages, activities, orders and calls count by themselves.
    """

    _name = "broker.tier.score.contact.mixin"
    _description = "5A Score: Contacts"

    @api.model
    def _get_room_work_sources(self, policy, start, end):
        """Add contacts logged by hand, for who had them."""
        sources = super()._get_room_work_sources(policy, start, end)
        if not policy.work_contact_weight:
            return sources
        self.env["broker.contact"].flush_model()
        return [
            *sources,
            SQL(
                """
                SELECT user_id, customer_id, date, %(weight)s::float8
                  FROM broker_contact
                 WHERE company_id = %(company)s AND user_id IS NOT NULL AND is_gathered IS NOT TRUE
                   AND date >= %(start)s AND date < %(end)s
                """,
                weight=policy.work_contact_weight,
                company=policy.company_id.id,
                start=start,
                end=end,
            ),
        ]
