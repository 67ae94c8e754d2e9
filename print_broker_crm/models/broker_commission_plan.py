from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_list

# What may change on a plan that ledger entries already refer to: all the rest is in
# the explanation of those entries.
_EDITABLE_IN_USE = {"name", "active"}


class BrokerCommissionPlan(models.Model):
    """How a firm shares its commission, from a date on.

    A plan with entries is not edited in its numbers: the next plan starts on a later
    date, and every job keeps the plan of the day it was confirmed.
    """

    _name = "broker.commission.plan"
    _inherit = ["broker.commission.plan.growth.mixin"]
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
        [
            ("collection", "On collection"),
            ("posting", "On posting"),
            ("down_payment", "Half on the down payment"),
        ],
        required=True,
        default="collection",
        help="When an earned commission becomes payable: as the customer's money comes in; as soon as the invoice "
        "is posted; or half of it when the down payment was collected, and the rest when all of the job was. "
        "A job without a down payment is released as its money comes in.",
    )
    margin_floor = fields.Float(
        string="Margin Floor (%)",
        digits=(5, 2),
        help="Jobs whose margin is less than this part of their revenue pay nothing. A loss counts all the same. "
        "0: no floor.",
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
    date_to = fields.Date(
        string="Valid until",
        compute="_compute_date_to",
        help="The day before the next plan begins; empty for the last one.",
    )
    predecessor_id = fields.Many2one(
        "broker.commission.plan",
        string="Version of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The plan that this one was made from and follows.",
    )
    successor_id = fields.Many2one(
        "broker.commission.plan",
        string="Followed by",
        compute="_compute_successor_id",
        help="The first version that was made from this plan.",
    )
    job_renewal_count = fields.Integer(
        string="Jobs Without Entries",
        compute="_compute_job_renewal_count",
        help="Jobs confirmed since this plan began that nothing was written for yet, and that do not follow it "
        "as it is now.",
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
    _margin_floor_range = models.Constraint(
        "CHECK (margin_floor IS NULL OR margin_floor >= 0 AND margin_floor < 100)",
        "The margin floor of a commission plan lies between 0 and 100 %.",
    )
    _rate_range = models.Constraint(
        "CHECK (rate > 0 AND rate <= 100)",
        "The rate of a commission plan lies above 0 and not above 100 %.",
    )

    def _compute_is_used(self):
        used = self._get_used()
        for plan in self:
            plan.is_used = plan._origin in used

    @api.depends("date_from", "company_id", "active")
    def _compute_date_to(self):
        plans = self.sudo().search(Domain("company_id", "in", self.company_id.ids), order="date_from")
        starts = {company: rows.mapped("date_from") for company, rows in plans.grouped("company_id").items()}
        for plan in self:
            begins = starts.get(plan.company_id, []) if plan.active and plan.date_from else []
            later = [day for day in begins if day > plan.date_from]
            plan.date_to = later[0] - timedelta(days=1) if later else False

    def _compute_successor_id(self):
        versions = self.search(Domain("predecessor_id", "in", self.ids), order="date_from desc")
        by_plan = {plan.predecessor_id.id: plan for plan in versions}
        for plan in self:
            plan.successor_id = by_plan.get(plan._origin.id)

    def _compute_job_renewal_count(self):
        counts = self.env["broker.commission.split"]._count_stale_jobs(self.filtered("active")._origin)
        for plan in self:
            plan.job_renewal_count = counts.get(plan._origin.id, 0)

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
        """Ask from which day on the next version of this plan holds."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Version"),
            "res_model": "broker.commission.plan.version",
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": self.id},
        }

    def action_renew_jobs(self):
        """Split the jobs of this plan's days that have no ledger entries again.

        For a version from a past day, after its numbers were set: jobs confirmed since
        then follow it as if it had been there.

        :raises AccessError: for anybody but a manager
        """
        self.check_access("write")
        for plan in self:
            self.env["broker.commission.split"]._renew_orders(plan._get_jobs_without_entries())
        return True

    # BUSINESS

    def _create_version(self, day):
        """Copy this plan into one that holds from a day on; return the copy.

        A past day is possible within the present month, which is still open, as long
        as nothing stands in the ledger for the jobs that would follow the new version.

        :param day: the first day of the version, a `date`
        :raises UserError: when the day is taken, or is too far in the past
        """
        self.ensure_one()
        today = self.company_id._get_broker_today()
        if self.search_count(Domain("company_id", "=", self.company_id.id) & Domain("date_from", "=", day)):
            raise UserError(
                self.env._(
                    "A plan of %(company)s already begins on %(day)s. Change that plan, or choose another day.",
                    company=self.company_id.name,
                    day=format_date(self.env, day),
                )
            )
        if day < self.date_from:
            raise UserError(
                self.env._(
                    "%(plan)s itself begins on %(day)s; its next version begins later.",
                    plan=self.name,
                    day=format_date(self.env, self.date_from),
                )
            )
        if day < today.replace(day=1):
            raise UserError(
                self.env._(
                    "A version begins in the present month, from %(day)s on, or later: months that are over stay "
                    "as they are.",
                    day=format_date(self.env, today.replace(day=1)),
                )
            )
        if day < today:
            jobs = self.env["broker.commission.split"]._get_used_orders(self._get_jobs_of_days(self.company_id, day))
            if jobs:
                raise UserError(
                    self.env._(
                        "Commission was already written for %(jobs)s, confirmed on %(day)s or later. Choose a day "
                        "after it.",
                        jobs=format_list(self.env, jobs[:5].mapped("name")),
                        day=format_date(self.env, day),
                    )
                )
        return self.copy({"name": self.name, "date_from": day, "predecessor_id": self.id})

    @api.model
    def _get_jobs_of_days(self, company, date_from, date_to=None):
        """Return the jobs of a company that were confirmed on some days, in sudo.

        :param date_from: the first day, a `date`
        :param date_to: the last day, or none
        """
        # A day of slack on both sides, because days begin where the firm works.
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "sale")
            & Domain("date_order", ">=", date_from - timedelta(days=1))
        )
        if date_to:
            domain &= Domain("date_order", "<", date_to + timedelta(days=2))
        get_day = self.env["broker.commission.split"]._get_day
        return (
            self.env["sale.order"]
            .sudo()
            .with_context(mail_notrack=True)
            .search(domain)
            .filtered(lambda job: date_from <= get_day(job) and (not date_to or get_day(job) <= date_to))
        )

    def _get_jobs_without_entries(self):
        """Return the jobs of this plan's days that nothing was written for, in sudo.

        Jobs confirmed before there was any commission at all stay without.
        """
        self.ensure_one()
        jobs = self._get_jobs_of_days(self.company_id, self.date_from, self.date_to).filtered(
            "broker_commission_plan_id"
        )
        return jobs - self.env["broker.commission.split"]._get_used_orders(jobs)

    @api.model
    def _get_plan(self, company, date):
        """Return the plan that a job confirmed on a day follows.

        :param company: the `res.company`
        :param date: the day in the company's time zone, a `date`
        :return: the plan in sudo with the latest first day not after `date`, or none
        """
        domain = Domain("company_id", "=", company.id) & Domain("date_from", "<=", date)
        plan = self.sudo().search(domain, order="date_from desc, id desc", limit=1)
        if not plan:
            self._open_default_plans(company)
            plan = self.sudo().search(domain, order="date_from desc, id desc", limit=1)
        return plan

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

    def _looks_at_whole_jobs(self):
        """Tell whether an invoice of a job depends on the job's other invoices."""
        self.ensure_one()
        return self.release == "down_payment" or self.margin_floor > 0

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
