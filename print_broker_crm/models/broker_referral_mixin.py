from odoo import api, fields, models
from odoo.exceptions import ValidationError

OUR_GROUPS = (
    "print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,print_broker_crm.group_care_officer"
)


class BrokerReferralMixin(models.AbstractModel):
    """Who brought a customer: another customer or a member of staff, never both.

    On the opportunity and on the customer file, under the same names, so that the file
    takes over what the opportunity said. Salespeople do not meet each other's customers,
    also not as a referrer: the link itself is for those who see every customer, and
    everybody else sees it where they may see the customer.
    """

    _name = "broker.referral.mixin"
    _description = "Who Referred"

    referrer_customer_id = fields.Many2one(
        "broker.customer",
        string="Referrer",
        index="btree_not_null",
        ondelete="set null",
        groups="print_broker_crm.group_care_officer",
        tracking=True,
        help="The customer who brought this one.",
    )
    referrer_shown_id = fields.Many2one(
        "broker.customer",
        string="Brought by Customer",
        compute="_compute_referrer_shown_id",
        inverse="_inverse_referrer_shown_id",
        compute_sudo=False,
        groups=OUR_GROUPS,
        help="The customer who brought this one.",
    )
    is_referrer_hidden = fields.Boolean(
        string="Brought by a Colleague's Customer",
        compute="_compute_referrer_shown_id",
        compute_sudo=False,
        groups=OUR_GROUPS,
    )
    referrer_user_id = fields.Many2one(
        "res.users",
        string="Brought by Staff",
        index="btree_not_null",
        ondelete="set null",
        domain="[('share', '=', False)]",
        groups=OUR_GROUPS,
        tracking=True,
        help="The member of staff who brought the customer.",
    )

    @api.depends("referrer_customer_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_referrer_shown_id(self):
        referrers = self.sudo().referrer_customer_id._origin
        visible = referrers.with_env(self.env)._filtered_access("read")
        for record in self:
            referrer = record.sudo().referrer_customer_id._origin
            record.referrer_shown_id = referrer.with_env(self.env) & visible
            record.is_referrer_hidden = bool(referrer) and referrer not in visible

    def _inverse_referrer_shown_id(self):
        # Only new records come here, see write().
        for record in self:
            if record.referrer_shown_id:
                record._link_referrer({"referrer_customer_id": record.referrer_shown_id.id})

    @api.onchange("referrer_shown_id")
    def _onchange_referrer_shown_id(self):
        if self.referrer_shown_id:
            self.referrer_user_id = False

    @api.onchange("referrer_user_id")
    def _onchange_referrer_user_id(self):
        if self.referrer_user_id:
            self.referrer_shown_id = False

    @api.constrains("referrer_customer_id", "referrer_user_id")
    def _check_one_referrer(self):
        for record in self.sudo():
            if record.referrer_customer_id and record.referrer_user_id:
                raise ValidationError(
                    self.env._(
                        "%(name)s: say who brought it, a customer or a member of staff, not both.",
                        name=record.display_name,
                    )
                )
            if record.referrer_user_id.share:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work here. Choose a member of staff, or the customer who brought this one.",
                        user=record.referrer_user_id.name,
                    )
                )

    # CRUD

    def write(self, vals):
        if "referrer_shown_id" in vals:
            # Both referrers are one answer: they change together, and are then checked.
            vals = dict(vals)
            link = {"referrer_customer_id": vals.pop("referrer_shown_id")}
            if "referrer_user_id" in vals:
                link["referrer_user_id"] = vals.pop("referrer_user_id")
            self._link_referrer(link)
        return super().write(vals)

    # BUSINESS

    def _link_referrer(self, link):
        """Write who brought these, for a user who may not know every customer.

        :param link: values of `referrer_customer_id` and `referrer_user_id`
        :raises AccessError: for a customer that the present user may not see
        """
        self.check_access("write")
        self.env["broker.customer"].browse(link["referrer_customer_id"] or []).check_access("read")
        self._check_may_change_referrer(link)
        self.sudo().write(link)

    def _check_may_change_referrer(self, vals):
        """Called before a person changes who brought these records.

        :param vals: the values about to be written
        """
