from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.sql import column_exists, create_column


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = [
        "broker.access.log.mixin",
        "broker.lead.referral.mixin",
        "broker.question.mixin",
        "broker.contact.source.mixin",
        "crm.lead",
    ]

    broker_customer_id = fields.Many2one(
        "broker.customer",
        string="Customer File",
        compute="_compute_broker_customer_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
    )

    broker_customer_tier_id = fields.Many2one(
        related="broker_customer_id.tier_id",
        string="Tier",
        groups="print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,"
        "print_broker_crm.group_care_officer",
    )
    broker_handoff_ids = fields.One2many(
        "broker.handoff",
        "lead_id",
        string="Handoffs",
        readonly=True,
        groups="print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,"
        "print_broker_crm.group_care_officer",
    )
    broker_handoff_count = fields.Integer(
        string="Handoff Count",
        compute="_compute_broker_handoff_count",
        groups="print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,"
        "print_broker_crm.group_care_officer",
    )

    broker_collision_message = fields.Char(
        compute="_compute_broker_collision_message",
        compute_sudo=False,
        groups="print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,"
        "print_broker_crm.group_care_officer",
    )

    def _auto_init(self):
        # On a database full of leads the column is filled by the install hook.
        if not column_exists(self.env.cr, self._table, "broker_customer_id"):
            create_column(self.env.cr, self._table, "broker_customer_id", "int4")
        return super()._auto_init()

    @api.depends("partner_id.commercial_partner_id.broker_customer_ids", "company_id", "user_id")
    def _compute_broker_customer_id(self):
        self.env["broker.customer"]._fill_customer(
            self, lambda lead: lead.partner_id, lambda lead: lead._get_broker_company()
        )

    @api.depends("partner_name", "phone", "email_from", "partner_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_broker_collision_message(self):
        messages = self.env["broker.customer"]._get_collision_messages(
            {
                lead: {"name": lead.partner_name, "phone": lead.phone_sanitized, "email": lead.email_normalized}
                for lead in self
            },
            {lead: lead.partner_id.commercial_partner_id for lead in self},
        )
        for lead in self:
            lead.broker_collision_message = messages.get(lead)

    def _compute_broker_handoff_count(self):
        counts = dict(
            self.env["broker.handoff"]._read_group(
                Domain("lead_id", "in", self.ids) & Domain("state", "!=", "cancelled"),
                ["lead_id"],
                ["__count"],
            )
        )
        for lead in self:
            lead.broker_handoff_count = counts.get(lead._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        leads._broker_after_stage(self.browse(), self.browse())
        return leads

    def write(self, vals):
        if vals.get("partner_id"):
            self.env["broker.customer"]._check_partners_visible(self.env["res.partner"].browse(vals["partner_id"]))
        if not {"stage_id", "probability", "active", "partner_id"} & set(vals):
            return super().write(vals)
        won = self._broker_filter_won()
        lost = self.filtered(lambda lead: lead.won_status == "lost")
        in_handoff = self.filtered("stage_id.is_service_handoff")
        result = super().write(vals)
        self._broker_after_stage(won, in_handoff)
        if "partner_id" in vals:
            self.env["broker.handoff"]._after_leads_moved(self)
        newly_lost = self.filtered(lambda lead: lead.won_status == "lost") - lost
        if newly_lost:
            self.env["broker.handoff"]._after_leads_lost(newly_lost)
        return result

    def _get_broker_company(self):
        """Return the `res.company` whose customer the lead is about."""
        self.ensure_one()
        return self.company_id or self.user_id.company_id or self.env.company

    def _broker_filter_won(self):
        return self.filtered(lambda lead: lead.won_status == "won")

    def _broker_after_stage(self, won_before, in_handoff_before):
        """Open customer files for newly won leads, handoffs for those handed over."""
        entered = self.filtered("stage_id.is_service_handoff") - in_handoff_before
        won = (self._broker_filter_won() - won_before).filtered("partner_id")
        for company, leads in won.grouped(lambda lead: lead._get_broker_company()).items():
            self.env["broker.customer"]._open_for_partners(
                leads.partner_id, company, {lead.partner_id: lead.user_id for lead in leads}
            )
        if entered:
            self.env["broker.handoff"]._open_for_leads(entered)
        self.env["broker.customer"]._take_over_referrers(won.grouped("broker_customer_id"))

    def action_view_broker_handoffs(self):
        """Open the handoff of the opportunity, or the list when there are several."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_handoff_action")
        action["context"] = {}
        action["domain"] = [("lead_id", "=", self.id), ("state", "!=", "cancelled")]
        handoffs = self.env["broker.handoff"].search(action["domain"])
        if len(handoffs) == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = handoffs.id
        return action

    def _merge_dependences(self, opportunities):
        result = super()._merge_dependences(opportunities)
        self.env["broker.handoff"]._merge_leads(self, opportunities)
        self._merge_referrers(opportunities)
        return result
