from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

from .broker_tier_dimension import DIMENSIONS


class BrokerTierPolicy(models.Model):
    """How a company turns a customer's year into a tier, from a date on.

    A policy that has scored customers is frozen: the past is explained by the numbers
    of its time. A change is a new version with a later date.
    """

    _name = "broker.tier.policy"
    _inherit = [
        "broker.tier.policy.proposal.mixin",
        "broker.tier.policy.signal.mixin",
        "broker.tier.policy.case.mixin",
        "broker.tier.policy.claim.mixin",
    ]
    _description = "5A Policy"
    _order = "company_id, date_from desc, id desc"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Empty: the shipped numbers from which each company gets its first policy.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        string="In Force From",
        required=True,
        default=lambda self: self.env.company._get_broker_today(),
    )
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active")],
        default="draft",
        string="Status",
        required=True,
        copy=False,
    )
    window_months = fields.Integer(
        string="Window (Months)",
        required=True,
        default=12,
        help="Customers are judged by this many months up to the day of the run.",
    )
    dimension_ids = fields.One2many(
        "broker.tier.dimension",
        "policy_id",
        string="Dimensions",
        copy=True,
        default=lambda self: self._default_dimension_ids(),
    )
    dimension_min = fields.Integer(
        string="Dimensions Needed",
        required=True,
        default=1,
        help="A customer with data in fewer dimensions has no tier yet.",
    )
    runs_to_change = fields.Integer(
        string="Runs to Change",
        required=True,
        default=2,
        help="So many nightly runs, one after the other, must come to the same new "
        "tier before it replaces the old one. A customer's first tier is set at once.",
    )
    is_used = fields.Boolean(string="Has Scored", compute="_compute_is_used")

    # Caps beside the sum
    integrity_cap_score = fields.Integer(
        string="Integrity up to (A)",
        help="A customer whose integrity is this many A or fewer is capped. 0: no cap.",
    )
    integrity_cap_tier_id = fields.Many2one("broker.tier", string="Integrity Cap", ondelete="restrict")
    overdue_cap_days = fields.Integer(
        string="Overdue for (Days)",
        help="A customer with an invoice overdue by this many days or more is capped. 0: no cap.",
    )
    overdue_cap_tier_id = fields.Many2one("broker.tier", string="Overdue Cap", ondelete="restrict")

    # Per-capita efficiency: how much of a person's time a piece of work stands for
    work_job_weight = fields.Float(string="Job", help="Weight of a confirmed order for its salesperson.")
    work_quotation_weight = fields.Float(
        string="Quotation",
        help="Weight of a quotation that is not confirmed, for its salesperson.",
    )
    work_handoff_weight = fields.Float(
        string="Handoff",
        help="Weight of a handoff for the one who sends and the one who receives it.",
    )
    work_leg_weight = fields.Float(
        string="Finished Leg", help="Weight of a leg of a job that was finished, for the one who had it."
    )
    work_contact_weight = fields.Float(
        string="Logged Contact",
        help="Weight of a contact that somebody logged by hand: a call, a word on WeChat, a visit.",
    )
    work_call_weight = fields.Float(string="Care Call", help="Weight of a finished care call for its officer.")
    work_message_weight = fields.Float(
        string="Message",
        help="Weight of a message written on the customer's leads, orders or file.",
    )
    work_activity_weight = fields.Float(
        string="Activity",
        help="Weight of an activity done on the customer's leads, orders or file.",
    )

    person_cost = fields.Monetary(
        string="Cost of a Full-time Person (Year)",
        groups="print_broker_crm.group_manager",
        help="What a person costs the firm in a year, workplace included. The cost to serve a customer is the "
        "full-time persons it took times this.",
    )

    # Ease: points of trouble, shared out over the jobs of the window
    trouble_return_points = fields.Float(string="Returned Handoff", help="Points for each time a handoff came back.")
    trouble_quotation_points = fields.Float(
        string="Dropped Quotation",
        help="Points for each quotation cancelled before it was confirmed.",
    )
    trouble_credit_note_points = fields.Float(string="Credit Note", help="Points for each posted credit note.")
    trouble_purchase_points = fields.Float(
        string="Cancelled Printing",
        help="Points for each confirmed purchase order for the customer's job that had to be cancelled.",
    )

    trouble_revision_points = fields.Float(
        string="Revised Quotation",
        help="Points for each later day on which the amount of a quotation was changed again, before it was confirmed.",
    )
    trouble_change_points = fields.Float(
        string="Change after Confirmation",
        help="Points for each time the amount of a confirmed order was changed.",
    )
    trouble_proof_points = fields.Float(
        string="Repeated Proof", help="Points for each proof that was sent again, whoever caused it."
    )
    trouble_leg_points = fields.Float(
        string="Job Sent Back", help="Points for each time a job went back to an earlier stage."
    )
    trouble_rush_points = fields.Float(string="Rush Job", help="Points for each job that had to be delivered soon.")
    rush_days = fields.Float(
        string="Rush below (Days)",
        help="A rush job has its promised delivery fewer days than this after its confirmation. 0: there is none.",
    )

    # Integrity
    late_day_points = fields.Float(
        string="Day Late",
        help="Points for each day that payments are late on average, weighted by "
        "amount. An open invoice counts up to today.",
    )
    overdue_share_points = fields.Float(
        string="Overdue Share",
        help="Points when everything that was due is still unpaid; a part in proportion.",
    )
    cancelled_share_points = fields.Float(
        string="Cancelled Share",
        help="Points when every confirmed order was cancelled; a part in proportion.",
    )

    disputed_share_points = fields.Float(
        string="Disputed Share",
        help="Points when all that was invoiced is disputed by the customer; a part in proportion.",
    )

    _window_positive = models.Constraint("CHECK (window_months > 0)", "The window must have at least one month.")
    _runs_positive = models.Constraint("CHECK (runs_to_change > 0)", "At least one run is needed to change a tier.")
    _dimension_min_range = models.Constraint(
        "CHECK (dimension_min BETWEEN 1 AND 5)",
        "A tier needs data in one to five dimensions.",
    )
    _numbers_not_negative = models.Constraint(
        """CHECK (
            integrity_cap_score BETWEEN 0 AND 5 AND overdue_cap_days >= 0
            AND COALESCE(work_job_weight, 0) >= 0
            AND COALESCE(work_quotation_weight, 0) >= 0
            AND COALESCE(work_handoff_weight, 0) >= 0
            AND COALESCE(work_call_weight, 0) >= 0
            AND COALESCE(work_message_weight, 0) >= 0
            AND COALESCE(work_activity_weight, 0) >= 0
            AND COALESCE(trouble_return_points, 0) >= 0
            AND COALESCE(trouble_quotation_points, 0) >= 0
            AND COALESCE(trouble_credit_note_points, 0) >= 0
            AND COALESCE(trouble_purchase_points, 0) >= 0
            AND COALESCE(trouble_revision_points, 0) >= 0
            AND COALESCE(trouble_change_points, 0) >= 0
            AND COALESCE(trouble_rush_points, 0) >= 0
            AND COALESCE(trouble_proof_points, 0) >= 0
            AND COALESCE(work_leg_weight, 0) >= 0
            AND COALESCE(work_contact_weight, 0) >= 0
            AND COALESCE(trouble_leg_points, 0) >= 0
            AND COALESCE(rush_days, 0) >= 0
            AND COALESCE(disputed_share_points, 0) >= 0
            AND COALESCE(late_day_points, 0) >= 0
            AND COALESCE(overdue_share_points, 0) >= 0
            AND COALESCE(cancelled_share_points, 0) >= 0
        )""",
        "Points, weights and days of a policy cannot be negative, and the integrity that caps is 0 to 5 A.",
    )
    _signals_range = models.Constraint(
        """CHECK (
            COALESCE(trend_months, 1) > 0 AND COALESCE(trend_min, 0) >= 0 AND COALESCE(person_cost, 0) >= 0
            AND COALESCE(drain_revenue_score, 0) BETWEEN 0 AND 5 AND COALESCE(drain_profit_score, 1) BETWEEN 1 AND 4
        )""",
        "A trend looks back one month at least, a cost cannot be negative, and a service drain begins at a revenue of "
        "0 to 5 A and a profit of up to 1 to 4 A.",
    )
    _company_date_idx = models.Index("(company_id, date_from DESC)")

    @api.model
    def _default_dimension_ids(self):
        shipped = self._get_shipped()
        return [Command.create(values) for values in shipped.dimension_ids.copy_data({"policy_id": False})]

    def _compute_is_used(self):
        used = self._get_used()
        for policy in self:
            policy.is_used = policy._origin in used

    @api.constrains("state", "dimension_ids")
    def _check_dimensions(self):
        self.filtered(lambda policy: policy.state == "active")._check_complete()

    def _check_complete(self):
        """Refuse policies by which nobody can be judged.

        :raises ValidationError: naming what is missing
        """
        labels = dict(self.env["broker.tier.dimension"]._fields["code"]._description_selection(self.env))
        for policy in self:
            missing = set(DIMENSIONS) - set(policy.dimension_ids.mapped("code"))
            if missing:
                raise ValidationError(
                    self.env._(
                        "The policy “%(policy)s” needs all five dimensions before it "
                        "is activated; missing: %(missing)s.",
                        policy=policy.name,
                        missing=", ".join(labels[code] for code in DIMENSIONS if code in missing),
                    )
                )
            if not any(policy.dimension_ids.mapped("weight")):
                raise ValidationError(
                    self.env._(
                        "In the policy “%(policy)s” every weight is zero. Give at least one dimension a weight.",
                        policy=policy.name,
                    )
                )

    @api.constrains(
        "integrity_cap_score",
        "integrity_cap_tier_id",
        "overdue_cap_days",
        "overdue_cap_tier_id",
    )
    def _check_caps(self):
        for policy in self:
            for limit, tier in (
                ("integrity_cap_score", "integrity_cap_tier_id"),
                ("overdue_cap_days", "overdue_cap_tier_id"),
            ):
                if policy[limit] and not policy[tier]:
                    raise ValidationError(
                        self.env._(
                            "The policy “%(policy)s” has a cap without a tier: choose "
                            "“%(field)s”, or set the limit to 0.",
                            policy=policy.name,
                            field=policy._fields[tier]._description_string(self.env),
                        )
                    )

    # CRUD

    def write(self, vals):
        if set(vals) - {"name", "is_used"}:
            self._check_not_used()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_not_used()

    # ACTIONS

    def action_activate(self):
        """Put draft policies in force from their date."""
        self._check_has_company()
        self.write({"state": "active"})

    def action_new_version(self):
        """Open a draft with the same numbers, in force from today."""
        self.ensure_one()
        company = self.company_id or self.env.company
        version = self.copy({"company_id": company.id, "date_from": company._get_broker_today()})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "view_mode": "form",
        }

    def action_run_now(self):
        """Score the company's customers at once instead of tonight.

        :raises AccessError: for those who may not change policies
        """
        self.ensure_one()
        self.check_access("write")
        company = self.company_id or self.env.company
        policy = self._get_at(company, company._get_broker_today())
        if not policy:
            raise UserError(
                self.env._(
                    "%(company)s has no active 5A policy in force today. Activate one, or bring its date forward.",
                    company=company.name,
                )
            )
        scores = self.env["broker.tier.score"].sudo()._run(company)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Customers scored"),
                "message": self.env._(
                    "%(count)s customers have a new score under “%(policy)s”.",
                    count=len(scores),
                    policy=policy.name,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # BUSINESS

    @api.model
    def _get_at(self, company, date):
        """Return the policy in force in a company on a day, or an empty one."""
        return self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("state", "=", "active") & Domain("date_from", "<=", date),
            order="date_from desc, id desc",
            limit=1,
        )

    @api.model
    def _ensure_for_companies(self, companies=None):
        """Give companies without a policy a copy of the shipped one, in force at once.

        :param companies: `res.company` records; all of them when left out
        :return: the new `broker.tier.policy` records
        """
        policies = self.sudo()
        shipped = policies._get_shipped()
        if companies is None:
            companies = policies.env["res.company"].search(Domain.TRUE)
        if not shipped or not companies:
            return policies.browse()
        served = policies.search([("company_id", "in", companies.ids)]).company_id
        for company in companies - served:
            policies |= shipped.copy(
                {
                    "name": shipped.name,
                    "company_id": company.id,
                    "date_from": shipped.date_from,
                    "state": "active",
                }
            )
        return policies

    @api.model
    def _get_shipped(self):
        """Return the policy without a company that came with the addon, if kept."""
        shipped = self.env.ref("print_broker_crm.broker_tier_policy_shipped", raise_if_not_found=False)
        return shipped.sudo() if shipped else self.sudo().browse()

    def _get_used(self):
        """Return those policies under which customers have been scored."""
        scored = self.env["broker.tier.score"].sudo()._read_group([("policy_id", "in", self.ids)], ["policy_id"])
        return self.browse(policy.id for (policy,) in scored)

    def _check_not_used(self):
        """Refuse to change numbers by which customers have been scored.

        :raises UserError: naming the policy and the way out
        """
        used = self._get_used()
        if used:
            raise UserError(
                self.env._(
                    "Customers have been scored under “%(policy)s”, so its numbers "
                    "stay as they are. Make a new version and activate that.",
                    policy=used[0].name,
                )
            )

    def _get_window(self, date):
        """Return the first and the last day by which customers are judged.

        :param date: the company's day on which the run is made
        """
        self.ensure_one()
        return date - relativedelta(months=self.window_months, days=-1), date
