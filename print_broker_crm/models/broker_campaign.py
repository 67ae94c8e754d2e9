from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerCampaign(models.Model):
    """A firm turns to some of its customers together: those who bought calendars last year
    and not yet this year, those who asked for boxes, those who decline.

    What is asked for is written down on the campaign. The customers found are written into
    a list, of which each is called by the care line, written to, or given to whoever serves
    it, once. What came of it is counted from the jobs afterwards.
    """

    _name = "broker.campaign"
    _description = "Campaign"
    _inherit = [
        "mail.thread",
        "broker.campaign.selection.mixin",
        "broker.campaign.channel.mixin",
        "broker.campaign.result.mixin",
        "broker.campaign.holdback.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users",
        string="Run by",
        default=lambda self: self.env.user,
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    message = fields.Text(
        string="What to Say",
        help="Officers read it when they call, it stands in the to-dos, and e-mails begin with it.",
    )
    state = fields.Selection(
        [("draft", "In Preparation"), ("running", "Running"), ("closed", "Closed")],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    date_start = fields.Date(
        string="Began on", readonly=True, copy=False, help="The day on which the first customer was turned to."
    )
    member_ids = fields.One2many("broker.campaign.member", "campaign_id", string="Customers", readonly=True)

    # What only our own code says.
    _GUARDED_FIELDS = frozenset({"state", "date_start", "member_ids"})

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_guarded(vals)
        self = self.env["broker.customer"]._drop_defaults(self, self._GUARDED_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        self._check_guarded(vals)
        if "company_id" in vals and any(
            campaign.member_ids and campaign.company_id.id != vals["company_id"] for campaign in self
        ):
            raise UserError(self.env._("A campaign with customers stays with its company."))
        return super().write(vals)

    @api.model
    def _check_guarded(self, vals):
        if not self.env.su and self._GUARDED_FIELDS & set(vals):
            raise UserError(
                self.env._(
                    "What a campaign has done is not typed in. Use its buttons: they choose the customers and turn to "
                    "them."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_history(self):
        if any(member.state != "open" for member in self.sudo().member_ids):
            raise UserError(
                self.env._("A campaign that turned to customers is history and is not deleted; close it instead.")
            )

    # ACTIONS

    def action_close(self):
        """Close the campaign: nobody is turned to any more, and what nobody has begun is taken
        back; what came of it is still counted."""
        self.check_access("write")
        self.sudo().write({"state": "closed"})
        self.sudo().member_ids._withdraw()
        return True

    def action_reopen(self):
        """Take a closed campaign up again, with the calls and to-dos that closing it took back."""
        self.check_access("write")
        for campaign in self.sudo().filtered(lambda campaign: campaign.state == "closed"):
            campaign.state = "running" if campaign.date_start else "draft"
            campaign.member_ids._resume()
        return True

    def action_view_members(self):
        """Open the customers of the campaign."""
        self.ensure_one()
        return self._get_members_action(Domain.TRUE)

    def _get_members_action(self, domain, context=None):
        """Return the action that shows some customers of the campaign."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_campaign_member_action")
        return {
            **action,
            "domain": list(Domain("campaign_id", "=", self.id) & domain),
            "context": {"default_campaign_id": self.id, **(context or {})},
        }

    def _get_form_action(self):
        """Return the action that shows one campaign."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Campaign"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
