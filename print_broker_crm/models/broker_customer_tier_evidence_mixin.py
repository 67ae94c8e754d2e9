from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

# What is counted in a score, by the field that shows it and the keys of the inputs.
_COUNTED = {
    "tier_invoice_count": ("invoices", "credit_notes"),
    "tier_line_count": ("margin_lines", "margin_left_out"),
    "tier_return_count": ("returned_handoffs",),
    "tier_quotation_count": ("cancelled_quotations",),
    "tier_credit_note_count": ("credit_notes",),
    "tier_purchase_count": ("cancelled_purchases",),
    "tier_late_count": ("late_documents",),
    "tier_cancelled_count": ("cancelled_jobs",),
    "tier_rush_count": ("rush_jobs",),
    "tier_revision_count": ("quotation_revisions",),
    "tier_change_count": ("job_changes",),
    "tier_disputed_amount": ("disputed",),
    "tier_work": ("work",),
}


class BrokerCustomerTierEvidenceMixin(models.AbstractModel):
    """From a number of the newest score down to the rows it was counted from.

    Apart from the tier itself, because it only opens what others wrote: the window and
    the policy are those of the score, the rows are read with the rights of who asks.
    """

    _name = "broker.customer.tier.evidence.mixin"
    _description = "Customer File: Rows Behind the Tier"

    currency_id = fields.Many2one("res.currency")
    tier_invoice_count = fields.Integer(compute="_compute_tier_counts")
    tier_line_count = fields.Integer(compute="_compute_tier_counts")
    tier_return_count = fields.Integer(compute="_compute_tier_counts")
    tier_quotation_count = fields.Integer(compute="_compute_tier_counts")
    tier_credit_note_count = fields.Integer(compute="_compute_tier_counts")
    tier_purchase_count = fields.Integer(compute="_compute_tier_counts")
    tier_late_count = fields.Integer(compute="_compute_tier_counts", groups="print_broker_crm.group_manager")
    tier_cancelled_count = fields.Integer(compute="_compute_tier_counts", groups="print_broker_crm.group_manager")
    tier_rush_count = fields.Integer(string="Rush Jobs", compute="_compute_tier_counts")
    tier_revision_count = fields.Integer(string="Revised Quotations", compute="_compute_tier_counts")
    tier_change_count = fields.Integer(string="Changes after Confirmation", compute="_compute_tier_counts")
    tier_disputed_amount = fields.Monetary(
        string="Disputed", compute="_compute_tier_counts", groups="print_broker_crm.group_manager"
    )
    tier_work = fields.Float(
        string="Work",
        digits=(16, 2),
        compute="_compute_tier_counts",
        groups="print_broker_crm.group_manager",
        help="What people did for the customer, each piece with the policy's weight.",
    )

    @api.depends("last_score_id")
    def _compute_tier_counts(self):
        for customer in self:
            inputs = customer.sudo().last_score_id.inputs or {}
            for name, keys in _COUNTED.items():
                customer[name] = sum(inputs.get(key) or 0 for key in keys)

    # ACTIONS

    def action_view_tier_invoices(self):
        """Open the invoices and credit notes that make the revenue."""
        return self._open_tier_rows("account.move", self.env._("Revenue"), self._get_tier_invoice_domain())

    def action_view_tier_lines(self):
        """Open the invoice lines with what each left."""
        return self._open_tier_rows(
            "account.move.line",
            self.env._("Profit"),
            Domain("move_id", "any", self._get_tier_invoice_domain()) & Domain("display_type", "=", "product"),
            list_view="print_broker_crm.account_move_line_view_list_tier",
        )

    def action_view_tier_credit_notes(self):
        """Open the credit notes of the window."""
        return self._open_tier_rows(
            "account.move",
            self.env._("Credit Notes"),
            self._get_tier_invoice_domain() & Domain("move_type", "=", "out_refund"),
        )

    def action_view_tier_late(self):
        """Open the invoices that were or are paid late, with their days.

        :raises AccessError: for those who may not read how people paid
        """
        self._check_tier_integrity_access()
        policy, date = self._get_tier_basis()
        rows = self.env["broker.tier.score"]._get_due_rows(policy, date, self)
        late = [move_id for _customer, move_id, days, _amount, _overdue in rows if days > 0]
        return self._open_tier_rows(
            "account.move",
            self.env._("Late and Overdue"),
            Domain("id", "in", late),
            list_view="print_broker_crm.account_move_view_list_tier",
        )

    def action_view_tier_disputed(self):
        """Open the invoices of the window that the customer disputes now.

        :raises AccessError: for those who may not read how people paid
        """
        self._check_tier_integrity_access()
        return self._open_tier_rows(
            "account.move",
            self.env._("Disputed"),
            self._get_tier_invoice_domain()
            & Domain("move_type", "=", "out_invoice")
            & Domain("broker_is_disputed", "=", True),
            list_view="print_broker_crm.account_move_view_list_tier",
        )

    def action_view_tier_work(self):
        """Open what people did for the customer, by kind and person.

        Only the facet keeps it to the customer: without it the list shows the whole work of
        a person, of which the customer's is a part.
        """
        self._get_tier_basis()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_tier_work_action")
        action["context"] = {
            "search_default_customer_id": self.id,
            "search_default_group_by_kind": 1,
            "search_default_group_by_user": 1,
        }
        return action

    def action_view_tier_rush(self):
        """Open the jobs that had to be delivered soon after they were confirmed."""
        policy, _date = self._get_tier_basis()
        jobs = (
            Domain("broker_customer_id", "=", self.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "sale")
            & Domain("commitment_date", "!=", False)
            & Domain("broker_date_confirmed", "!=", False)
            & self._get_tier_time_domain("date_order")
        )
        limit = timedelta(days=policy.rush_days)
        rush = (
            self.env["sale.order"]
            .search(jobs)
            .filtered(lambda order: order.commitment_date - order.broker_date_confirmed < limit)
        )
        return self._open_tier_rows(
            "sale.order",
            self.env._("Rush Jobs"),
            Domain("id", "in", rush.ids),
            list_view="print_broker_crm.sale_order_view_list_tier",
        )

    def action_view_tier_revisions(self):
        """Open the days on which the customer's quotations were changed again."""
        return self._open_tier_changes("revision", self.env._("Revised Quotations"))

    def action_view_tier_changes(self):
        """Open what was changed after the customer's orders were confirmed."""
        return self._open_tier_changes("change", self.env._("Changes after Confirmation"))

    def action_view_tier_returns(self):
        """Open the handoffs that came back."""
        return self._open_tier_rows(
            "broker.handoff",
            self.env._("Returned Handoffs"),
            Domain("customer_id", "=", self.id)
            & Domain("return_count", ">", 0)
            & self._get_tier_time_domain("first_submitted_at"),
        )

    def action_view_tier_quotations(self):
        """Open the quotations that were dropped before they became jobs."""
        return self._open_tier_rows(
            "sale.order",
            self.env._("Dropped Quotations"),
            self._get_tier_cancelled_domain() & Domain("broker_date_confirmed", "=", False),
            list_view="print_broker_crm.sale_order_view_list_tier",
        )

    def action_view_tier_cancelled(self):
        """Open the jobs that were cancelled after they were confirmed.

        :raises AccessError: for those who may not read the evidence of the integrity
        """
        self._check_tier_integrity_access()
        return self._open_tier_rows(
            "sale.order",
            self.env._("Cancelled Jobs"),
            self._get_tier_cancelled_domain() & Domain("broker_date_confirmed", "!=", False),
            list_view="print_broker_crm.sale_order_view_list_tier",
        )

    def action_view_tier_purchases(self):
        """Open the printing that had been ordered and was cancelled."""
        orders = Domain("broker_customer_id", "=", self.id) & self._get_tier_time_domain("date_order")
        return self._open_tier_rows(
            "purchase.order",
            self.env._("Cancelled Printing"),
            Domain("state", "=", "cancel")
            & Domain("date_approve", "!=", False)
            & Domain("order_line.sale_line_id.order_id", "any", orders),
        )

    def action_test_tier(self):
        """Open what the customer would score now, under the policy in force or a draft."""
        self.ensure_one()
        trial = self.env["broker.tier.trial"].create({"customer_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test %(customer)s", customer=self.name),
            "res_model": trial._name,
            "res_id": trial.id,
            "view_mode": "form",
            "target": "new",
        }

    # BUSINESS

    def _get_tier_basis(self):
        """Return the policy and the day of the newest score.

        :raises UserError: when there is none
        """
        self.ensure_one()
        self.check_access("read")
        score = self.sudo().last_score_id
        if not score:
            raise UserError(
                self.env._(
                    "%(customer)s has no score yet: the nightly run has not met any figures.", customer=self.name
                )
            )
        return score.policy_id, score.date

    def _get_tier_invoice_domain(self):
        policy, date = self._get_tier_basis()
        first, last = policy._get_window(date)
        return (
            Domain("broker_customer_id", "=", self.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "posted")
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & Domain("invoice_date", ">=", first)
            & Domain("invoice_date", "<=", last)
        )

    def _get_tier_time_domain(self, field):
        policy, date = self._get_tier_basis()
        start, end = self.env["broker.tier.score"]._get_window_times(policy, date)
        return Domain(field, ">=", start) & Domain(field, "<", end)

    def _get_tier_cancelled_domain(self):
        return (
            Domain("broker_customer_id", "=", self.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "cancel")
            & Domain("broker_claim_case_id", "=", False)
            & self._get_tier_time_domain("date_order")
        )

    def _check_tier_integrity_access(self):
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager opens the papers behind a customer's integrity."))

    def _get_credit_reasons(self):
        """Return why these customers should not be worked for without a second look: the
        caps of the policy, as of the newest score, whatever tier they have.

        :return: {customer id: sentence}; those with credit are left out
        """
        reasons = {}
        for customer in self.sudo():
            score = customer.last_score_id
            policy = score.policy_id
            days = (score.inputs or {}).get("overdue_days") or 0
            if policy.overdue_cap_days and days >= policy.overdue_cap_days:
                reasons[customer.id] = self.env._(
                    "%(customer)s has an invoice overdue by %(days)s days.", customer=customer.name, days=days
                )
            elif 0 < score.integrity_score <= policy.integrity_cap_score:
                reasons[customer.id] = self.env._(
                    "%(customer)s has an integrity of only %(score)sA.",
                    customer=customer.name,
                    score=score.integrity_score,
                )
        return reasons

    def _open_tier_rows(self, model, name, domain, list_view=None):
        """Return the action that opens rows, to be read only.

        :param list_view: xml id of a list that shows what was counted
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": f"{name}: {self.name}",
            "res_model": model,
            "views": [
                (self.env.ref(list_view).id if list_view else False, "list"),
                (False, "kanban"),
                (False, "form"),
            ],
            "domain": list(domain),
            "context": {"create": False, "delete": False},
        }

    def _open_tier_changes(self, kind, name):
        orders = Domain("company_id", "=", self.company_id.id) & self._get_tier_time_domain("date_order")
        return self._open_tier_rows(
            "broker.tier.change",
            name,
            Domain("customer_id", "=", self.id) & Domain("kind", "=", kind) & Domain("order_id", "any", orders),
        )

    @api.model
    def _get_tier_due_rows(self, moves):
        """Return how late invoices are, under the policy in force today.

        :return: {move id: (days, late amount)}
        """
        found = {}
        for policy, date, customers in self._group_tier_moves(moves):
            for _customer, move_id, days, amount, _overdue in self.env["broker.tier.score"]._get_due_rows(
                policy, date, customers
            ):
                found[move_id] = (days, amount)
        return found

    @api.model
    def _get_tier_profits(self, lines):
        """Return what invoice lines left: {line id: profit, or None without a known cost}."""
        found = {}
        for policy, date, customers in self._group_tier_moves(lines.move_id):
            found.update(self.env["broker.tier.score"]._get_profit_rows(policy, date, customers))
        return found

    @api.model
    def _group_tier_moves(self, moves):
        for company, group in moves.sudo().grouped("company_id").items():
            date = company._get_broker_today()
            policy = self.env["broker.tier.policy"]._get_at(company, date)
            customers = group.broker_customer_id
            if policy and customers:
                yield policy, date, customers
