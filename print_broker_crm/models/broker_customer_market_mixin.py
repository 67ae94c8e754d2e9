from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerCustomerMarketMixin(models.AbstractModel):
    """When a campaign turned to the customer, on the customer file."""

    _name = "broker.customer.market.mixin"
    _description = "Customer File: Market"

    campaign_member_ids = fields.One2many(
        "broker.campaign.member", "customer_id", string="Campaigns", groups="print_broker_crm.group_manager"
    )
    last_campaign_date = fields.Date(
        string="Last Campaign",
        readonly=True,
        copy=False,
        groups="print_broker_crm.group_manager",
        help="The customer rests from campaigns for some days after it, see the settings.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_campaign_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_campaign_fields(vals)
        return super().write(vals)

    @api.model
    def _check_campaign_fields(self, vals):
        if not self.env.su and {"last_campaign_date", "campaign_member_ids"} & set(vals):
            raise UserError(self.env._("When a campaign turned to a customer is not typed in."))

    def _before_merge_into(self, target):
        """Leave one row per campaign: the one that was turned to, then one held back, then the
        target's."""
        result = super()._before_merge_into(target)
        customers = (self | target).sudo()
        members = self.env["broker.campaign.member"].sudo().search(Domain("customer_id", "in", customers.ids))
        for of_campaign in members.grouped("campaign_id").values():
            kept = of_campaign.sorted(
                lambda member: (
                    ("taken", "held", "open").index(member.state),
                    member.customer_id != target,
                    member.id,
                )
            )[:1]
            (of_campaign - kept).unlink()
        dates = [date for date in customers.mapped("last_campaign_date") if date]
        if dates:
            target.sudo().last_campaign_date = max(dates)
        return result
