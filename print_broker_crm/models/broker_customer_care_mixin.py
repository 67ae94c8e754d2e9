from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_customer_hook_mixin import HeldKind

CARE_GROUP = "print_broker_crm.group_care_officer"


class BrokerCustomerCareMixin(models.AbstractModel):
    """What the care room knows about a customer, on the customer file.

    Only the care line and the managers read it: a salesperson neither sees when the
    customer is called nor can keep the care line away.
    """

    _name = "broker.customer.care.mixin"
    _description = "Customer File: Care"

    care_call_ids = fields.One2many("broker.care.call", "customer_id", string="Care Calls", groups=CARE_GROUP)
    care_call_count = fields.Integer(
        string="Number of Care Calls",
        compute="_compute_care_call_count",
        groups=CARE_GROUP,
    )
    last_care_contact = fields.Datetime(
        string="Last Reached by Care",
        compute="_compute_care_contact",
        store=True,
        groups=CARE_GROUP,
    )
    next_call_date = fields.Date(
        string="Next Care Call",
        compute="_compute_care_contact",
        store=True,
        groups=CARE_GROUP,
    )
    do_not_call = fields.Boolean(
        tracking=True,
        groups=CARE_GROUP,
        help="The customer does not want calls of the care line.",
    )
    do_not_call_reason = fields.Char(string="Why Not to Call", tracking=True, groups=CARE_GROUP)

    def _compute_care_call_count(self):
        counts = dict(
            self.env["broker.care.call"]._read_group(
                Domain("customer_id", "in", self.ids), ["customer_id"], ["__count"]
            )
        )
        for customer in self:
            customer.care_call_count = counts.get(customer._origin, 0)

    @api.depends("care_call_ids.state", "care_call_ids.date_planned", "care_call_ids.date_reached")
    def _compute_care_contact(self):
        Call = self.env["broker.care.call"].sudo()
        of_these = Domain("customer_id", "in", self.ids)
        reached = dict(Call._read_group(of_these, ["customer_id"], ["date_reached:max"]))
        planned = dict(
            Call._read_group(
                of_these & Domain("state", "=", "planned"),
                ["customer_id"],
                ["date_planned:min"],
            )
        )
        for customer in self:
            customer.last_care_contact = reached.get(customer._origin, False)
            customer.next_call_date = planned.get(customer._origin, False)

    @api.constrains("do_not_call", "do_not_call_reason")
    def _check_do_not_call_reason(self):
        for customer in self:
            if customer.do_not_call and not (customer.do_not_call_reason or "").strip():
                raise ValidationError(
                    self.env._(
                        "Say why %(customer)s must not be called: fill in Why Not to Call.",
                        customer=customer.name,
                    )
                )

    # CRUD

    def write(self, vals):
        result = super().write(vals)
        reason = False
        if vals.get("do_not_call"):
            reason = "do_not_call"
        elif "active" in vals and not vals["active"]:
            reason = "archived"
        if reason:
            self._get_open_care_calls()._close("cancelled", reason)
        return result

    # ACTIONS

    def action_view_care_calls(self):
        """Open the calls of the customer, the planned one and the past."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_care_call_action_all")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {"default_customer_id": self.id}
        return action

    def action_plan_care_call(self):
        """Open the customer's planned call, or plan one for today."""
        self.ensure_one()
        Call = self.env["broker.care.call"]
        call = Call.search(Domain("customer_id", "=", self.id) & Domain("state", "=", "planned"))
        if not call:
            call = Call.with_company(self.company_id).create(
                {"customer_id": self.id, "date_planned": self.company_id._get_broker_today()}
            )
        call.check_access("write")
        call.sudo()._bring_forward()
        return call._get_form_action()

    # BUSINESS

    def _get_open_care_calls(self):
        """Return the planned calls of these customers, in sudo."""
        return (
            self.env["broker.care.call"]
            .sudo()
            .search(Domain("customer_id", "in", self.ids) & Domain("state", "=", "planned"))
        )

    def _get_care_tier_rank(self):
        """Return the place of the customer's tier, 0 without one."""
        self.ensure_one()
        return self.sudo().tier_id.rank

    @api.model
    def _get_held_kinds(self):
        """Add the calls that an officer has planned."""
        return super()._get_held_kinds() + [
            HeldKind("call", "care", "broker.care.call", "customer_id", "user_id", Domain("state", "=", "planned"))
        ]

    @api.model
    def _get_touch_queries(self, since=None):
        """Add the calls in which the care line reached somebody."""
        return super()._get_touch_queries(since) + [
            SQL(
                """
                SELECT customer.id, attempt.user_id, attempt.date, 'both', 'phone', 'care', call.partner_id,
                       'broker.care.call', call.id
                  FROM customer
                  JOIN broker_care_call call ON call.customer_id = customer.id
                  JOIN broker_care_call_attempt attempt ON attempt.call_id = call.id
                 WHERE attempt.outcome = 'reached' AND %s
                """,
                self._get_since_condition("attempt", "date", since),
            )
        ]

    @api.model
    def _get_touch_models(self):
        return super()._get_touch_models() + ["broker.care.call"]

    @api.model
    def _get_care_models(self):
        return super()._get_care_models() + ["broker.care.call", "broker.rating.link"]

    @api.model
    def _before_users_leave(self, users):
        """Call the leavers' customers on the next working day, and let others call
        whom the leavers were to call."""
        result = super()._before_users_leave(users)
        Call = self.env["broker.care.call"].sudo()
        left = (
            self.sudo()
            .search(Domain("user_id", "in", users.ids) & Domain("do_not_call", "!=", True))
            .grouped("company_id")
        )
        for company, customers in left.items():
            Call._plan_leavers(company, customers)
        calls = Call.search(Domain("user_id", "in", users.ids) & Domain("state", "=", "planned"))
        for company, orphaned in calls.grouped("company_id").items():
            Call._assign_officers(orphaned, company, leaving=users)
        return result

    @api.model
    def _after_companies_lost(self, user, companies):
        """Let others of these companies call whom the user was to call there."""
        Call = self.env["broker.care.call"].sudo()
        for company in companies:
            calls = Call.search(
                Domain("user_id", "=", user.id)
                & Domain("state", "=", "planned")
                & Domain("company_id", "=", company.id)
            )
            Call._assign_officers(calls, company, leaving=user)
        return super()._after_companies_lost(user, companies)

    def _after_salesperson_lost(self):
        """Call them on the next working day, like the customers of those who left."""
        result = super()._after_salesperson_lost()
        callable_files = self.sudo().filtered(lambda customer: customer.active and not customer.do_not_call)
        for company, customers in callable_files.grouped("company_id").items():
            self.env["broker.care.call"].sudo()._plan_leavers(company, customers)
        return result

    def _before_merge_into(self, target):
        """Leave one open call: the target's, or the first that moves there."""
        result = super()._before_merge_into(target)
        calls = (self + target)._get_open_care_calls()
        kept = calls.filtered(lambda call: call.customer_id == target)[:1] or calls[:1]
        kept._take_reasons(calls - kept)
        (calls - kept)._close("cancelled", "merged")
        if any(customer.do_not_call for customer in self.sudo()):
            target.do_not_call_reason = (
                target.do_not_call_reason or self.sudo().filtered("do_not_call")[:1].do_not_call_reason
            )
            target.do_not_call = True
        if target.sudo().do_not_call:
            kept.filtered(lambda call: call.state == "planned")._close("cancelled", "merged")
        return result
