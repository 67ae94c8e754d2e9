from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# What may change on a plan that ledger entries already refer to: all the rest is in
# the explanation of those entries.
_EDITABLE_IN_USE = {"name", "active"}


class BrokerCommissionPlan(models.Model):
    """How a firm shares its commission, from a date on.

    A plan with entries is not edited in its numbers: the next plan starts on a later
    date, and every job keeps the plan of the day it was confirmed.
    """

    _name = "broker.commission.plan"
    _description = "Commission Plan"
    _order = "company_id, date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    date_from = fields.Date(
        string="Valid from",
        required=True,
        default=lambda self: self.env.company._get_broker_today(),
        help="Jobs confirmed from this day on follow this plan, until the next plan.",
    )
    base = fields.Selection(
        [("margin", "Margin"), ("revenue", "Revenue")],
        required=True,
        default="margin",
        help="Margin: what the customer pays without taxes, less the cost of the job.",
    )
    rate = fields.Float(
        string="Rate (%)",
        required=True,
        digits=(5, 2),
        help="The pool that is shared: this part of the base.",
    )
    release = fields.Selection(
        [("collection", "On collection"), ("posting", "On posting")],
        required=True,
        default="collection",
        help="When an earned commission becomes payable: as the customer's money comes "
        "in, or as soon as the invoice is posted.",
    )
    service_waits_for_handoff = fields.Boolean(
        string="Service Waits for the Handoff",
        default=True,
        help="The service share of a job with a handoff is held until the handoff is accepted.",
    )
    leaver_policy = fields.Selection(
        [("continue", "Goes on being released"), ("stop", "Stops on the day")],
        required=True,
        default="continue",
        help="The commission of people who leave the firm, on the jobs they already have. Where it stops, they "
        "keep what was released by the day; the rest is nobody's and stays in the manager's sight.",
    )
    rule_ids = fields.One2many("broker.commission.rule", "plan_id", string="Rules", copy=True)
    is_used = fields.Boolean(
        string="In Use",
        compute="_compute_is_used",
        help="Ledger entries refer to this plan: its numbers do not change any more.",
    )

    _date_uniq = models.UniqueIndex(
        "(company_id, date_from) WHERE active",
        "The company already has a plan from this date. Choose another date.",
    )
    _rate_range = models.Constraint(
        "CHECK (rate > 0 AND rate <= 100)",
        "The rate of a commission plan lies above 0 and not above 100 %.",
    )

    def _compute_is_used(self):
        used = self._get_used()
        for plan in self:
            plan.is_used = plan._origin in used

    # CRUD

    def write(self, vals):
        if set(vals) - _EDITABLE_IN_USE:
            self._check_not_used()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_not_used()
        self.rule_ids._check_without_jobs()

    def copy_data(self, default=None):
        return [
            vals if default and "name" in default else {**vals, "name": self.env._("%(plan)s (copy)", plan=plan.name)}
            for plan, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # ACTIONS

    def action_new_version(self):
        """Open a copy of this plan that is valid from today, for changing."""
        self.ensure_one()
        day = self.company_id._get_broker_today()
        taken = self.search_count(Domain("company_id", "=", self.company_id.id) & Domain("date_from", "=", day))
        if taken:
            raise UserError(
                self.env._(
                    "A plan of %(company)s already begins today. Change that plan, or "
                    "create the next one with a later date.",
                    company=self.company_id.name,
                )
            )
        plan = self.copy({"name": self.name, "date_from": day})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": plan.id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _get_plan(self, company, date):
        """Return the plan that a job confirmed on a day follows.

        :param company: the `res.company`
        :param date: the day in the company's time zone, a `date`
        :return: the plan in sudo with the latest first day not after `date`, or none
        """
        self._open_default_plans(company)
        return self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("date_from", "<=", date),
            order="date_from desc, id desc",
            limit=1,
        )

    @api.model
    def _open_default_plans(self, companies=None):
        """Give a copy of the shipped plan to each company that never had a plan.

        :param companies: `res.company` records; all of them by default
        """
        shipped = self.env.ref("print_broker_crm.broker_commission_plan_shipped", raise_if_not_found=False)
        if not shipped:
            return
        shipped = shipped.sudo()
        if companies is None:
            companies = self.env["res.company"].sudo().search(Domain.TRUE)
        planned = (
            self.sudo()
            .with_context(active_test=False)
            ._read_group(Domain("company_id", "in", companies.ids), ["company_id"])
        )
        for company in companies - companies.browse(company.id for [company] in planned):
            shipped.copy(
                {
                    "name": shipped.name,
                    "company_id": company.id,
                    "date_from": shipped.date_from,
                    "active": True,
                }
            )

    def _get_used(self):
        """Return those of the plans that ledger entries refer to."""
        rows = self.env["broker.commission.entry"].sudo()._read_group(Domain("plan_id", "in", self.ids), ["plan_id"])
        return self.browse(plan.id for [plan] in rows)

    def _check_not_used(self):
        """Refuse a change of numbers that ledger entries are explained by.

        :raises UserError: when an entry refers to one of the plans
        """
        for plan in self._get_used():
            raise UserError(
                self.env._(
                    "Commission was already written under the plan %(plan)s, so its "
                    "numbers do not change any more. Create a new plan with the date "
                    "from which the new numbers hold.",
                    plan=plan.name,
                )
            )
