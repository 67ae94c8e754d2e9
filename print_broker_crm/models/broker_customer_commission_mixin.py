from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain


class BrokerCustomerCommissionMixin(models.AbstractModel):
    """What the commission room knows about a customer, on the customer file."""

    _name = "broker.customer.commission.mixin"
    _description = "Customer File: Commission"

    # The file itself says that it is the company's.
    currency_id = fields.Many2one("res.currency")
    commission_earned = fields.Monetary(
        compute="_compute_commission",
        groups="print_broker_crm.group_manager",
        help="Commission accrued on this customer's posted invoices, all people together.",
    )
    commission_released = fields.Monetary(
        compute="_compute_commission",
        groups="print_broker_crm.group_manager",
        help="The part of it that is payable, because the customer paid.",
    )

    def _compute_commission(self):
        rows = {
            customer.id: (earned, released)
            for customer, earned, released in self.env["broker.commission.entry"]._read_group(
                Domain("customer_id", "in", self.ids),
                ["customer_id"],
                ["earned:sum", "released:sum"],
            )
        }
        for customer in self:
            earned, released = rows.get(customer._origin.id, (0.0, 0.0))
            customer.commission_earned = earned
            customer.commission_released = released

    def action_view_commission(self):
        """Open the ledger entries of the customer's jobs."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_entry_action")
        action["domain"] = [("customer_id", "=", self.id)]
        return action

    # BUSINESS

    @api.model
    def _before_users_leave(self, users):
        """Note the day for the jobs of those who hold no customers any more."""
        result = super()._before_users_leave(users)
        for user in users:
            # Where customers are held, a list of them says the day.
            companies = self.env["res.company"].sudo().search(Domain.TRUE) - self._find_held(user).company_id
            self.env["broker.commission.entry"]._note_leaving(user, companies)
        return result

    def _before_merge_into(self, target):
        """Let the growth bonuses of these files stand beside the target's."""
        result = super()._before_merge_into(target)
        self.env["broker.commission.growth"]._make_room(self, target)
        return result

    def _after_assignment_corrected(self, role, date_from, date_to):
        """Let the splits of the jobs of those days follow the corrected ledger."""
        result = super()._after_assignment_corrected(role, date_from, date_to)
        # A day of slack on both sides, because days begin where the firm works.
        domain = (
            Domain("broker_customer_id", "in", self.ids)
            & Domain("broker_commission_plan_id", "!=", False)
            & Domain("date_order", ">=", date_from - timedelta(days=1))
        )
        if date_to:
            domain &= Domain("date_order", "<", date_to + timedelta(days=1))
        Split = self.env["broker.commission.split"]
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(domain)
            .filtered(
                lambda order: date_from <= Split._get_day(order) and (not date_to or Split._get_day(order) < date_to)
            )
        )
        Split._follow_correction(orders, role)
        return result
