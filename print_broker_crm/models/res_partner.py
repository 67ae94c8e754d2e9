from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    broker_customer_ids = fields.One2many(
        "broker.customer",
        "partner_id",
        string="Customer Files",
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
    )
    broker_customer_count = fields.Integer(
        compute="_compute_broker_customer_count",
        string="Customer Files Count",
        groups="print_broker_crm.group_salesperson,"
        "print_broker_crm.group_service_agent,print_broker_crm.group_care_officer",
    )

    def _compute_broker_customer_count(self):
        counts = dict(
            self.env["broker.customer"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.broker_customer_count = counts.get(partner.commercial_partner_id._origin, 0)

    def write(self, vals):
        if "user_id" not in vals:
            return super().write(vals)
        customers = (
            self.env["broker.customer"].sudo().with_context(active_test=False).search([("partner_id", "in", self.ids)])
        )
        before = customers._get_role_users({"sales": "user_id"})
        result = super().write(vals)
        customers._log_assignments(before, {"sales": "user_id"})
        return result

    def action_view_broker_customers(self):
        """Open the contact's customer file in the companies of the user."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        customers = self.env["broker.customer"].search([("partner_id", "=", self.commercial_partner_id.id)])
        if len(customers) == 1:
            form = self.env.ref("print_broker_crm.broker_customer_view_form")
            action.update(res_id=customers.id, views=[(form.id, "form")])
        else:
            action["domain"] = [("id", "in", customers.ids)]
        return action
