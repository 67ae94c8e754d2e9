from odoo import api, fields, models
from odoo.tools import SQL


class BrokerCareCallCampaignMixin(models.AbstractModel):
    """Calls that a campaign asks for: planned by the care line's own rules, with what is to
    be said."""

    _name = "broker.care.call.campaign.mixin"
    _description = "Care Call: Campaign"

    campaign_text = fields.Text(string="Said for the Campaign", compute="_compute_campaign_text", compute_sudo=True)
    wish_product_type_id = fields.Many2one(
        "broker.product.type",
        string="Product of the Wish",
        copy=False,
        help="What is to be printed: counts for what customers want.",
    )
    elsewhere_product_type_id = fields.Many2one("broker.product.type", string="Product Printed Elsewhere", copy=False)

    @api.depends("reason_ids.event_key")
    def _compute_campaign_text(self):
        lines = self.reason_ids.filtered(lambda line: line.reason == "campaign" and line.event_key)
        members = self.env["broker.campaign.member"].browse(int(line.event_key) for line in lines).exists()
        campaigns = {str(member.id): member.campaign_id for member in members}
        for call in self:
            texts = [
                "\n".join(filter(None, (campaign.name, campaign.message)))
                for line in call.reason_ids & lines
                if (campaign := campaigns.get(line.event_key))
            ]
            call.campaign_text = "\n\n".join(texts) or False

    # BUSINESS

    @api.model
    def _plan_campaign(self, company, customers):
        """Plan the calls that campaigns ask for, now and not at night.

        A customer who has an open call is called once; where its window ends before this
        one begins, the night plans the call when the other is closed.

        :param company: the `res.company`
        :param customers: the `broker.customer` files just taken
        """
        self = self._prepare_planning(company)
        for rule in self.env["broker.care.rule"]._get_rules(company, "campaign"):
            for _handled in self._plan_rule(company, rule, self._find_campaign_events, tuple(customers.ids)):
                self.env.flush_all()

    @api.model
    def _find_campaign_events(self, company, rule, scope, last_id):
        """Customers whom a running campaign gave to the care line and whom no call serves."""
        key = SQL("member.id::varchar")
        return SQL(
            """
            SELECT member.id, customer.id, NULL::int, member.date_taken, 0, TRUE, NULL::timestamp, %(key)s
              FROM broker_campaign_member AS member
              JOIN broker_campaign AS campaign ON campaign.id = member.campaign_id
              JOIN broker_customer AS customer ON customer.id = member.customer_id
             WHERE member.id > %(last_id)s
               AND member.company_id = %(company)s
               AND member.channel = 'call'
               AND member.state = 'taken'
               AND member.date_taken >= %(since)s
               AND campaign.state = 'running'
               AND %(callable)s
               AND %(not_served)s
             ORDER BY member.id
             LIMIT %(limit)s
            """,
            key=key,
            last_id=last_id,
            company=company.id,
            since=self._get_event_floor(company, rule),
            callable=self._sql_callable(scope),
            not_served=self._sql_not_served(rule, key),
            limit=self._get_batch_size(),
        )
