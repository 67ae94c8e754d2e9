from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import float_compare, float_repr, split_every

# What a scenario changes of the plan; the shares of its rules come beside.
_OPTIONS = ("base", "rate", "release", "margin_floor", "service_waits_for_handoff", "leaver_policy")
_FIGURES = ("ledger_earned", "ledger_released", "paid", "earned", "released")
# How many invoices are worked out at once, and how many rows are kept at once.
_BATCH = 200
_ROWS = 1000


class BrokerCommissionWhatIf(models.TransientModel):
    """Asks what people would have earned in a period under other numbers.

    The invoices of the period are worked out by the arithmetic that the ledger is
    written with, see `broker.commission.scenario.mixin`. Apart from the rows that are
    shown here, and are dropped after a while, nothing is written.
    """

    _name = "broker.commission.what.if"
    _inherit = ["broker.commission.scenario.mixin"]
    _description = "Commission: What If"
    _check_company_auto = True
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    plan_id = fields.Many2one(
        "broker.commission.plan",
        required=True,
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        help="The plan whose numbers are tried, in use or only drafted.",
    )
    coverage = fields.Selection(
        [("own", "Jobs under this plan"), ("all", "All jobs, as if this plan had held")],
        string="For",
        compute="_compute_coverage",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="All jobs: those of other plans are put under the rules of this one. Jobs confirmed without any plan "
        "are left out.",
    )
    date_from = fields.Date(string="Invoices From", required=True)
    date_to = fields.Date(string="Until", required=True, help="The last day.")
    base = fields.Selection(
        selection=lambda self: self._select("base"),
        compute="_compute_options",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    rate = fields.Float(
        string="Rate (%)",
        digits=(5, 2),
        compute="_compute_options",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    release = fields.Selection(
        selection=lambda self: self._select("release"),
        compute="_compute_options",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    margin_floor = fields.Float(
        string="Margin Floor (%)",
        digits=(5, 2),
        compute="_compute_options",
        store=True,
        readonly=False,
        precompute=True,
    )
    service_waits_for_handoff = fields.Boolean(
        string="Service Waits for the Handoff",
        compute="_compute_options",
        store=True,
        readonly=False,
        precompute=True,
    )
    leaver_policy = fields.Selection(
        selection=lambda self: self._select("leaver_policy"),
        compute="_compute_options",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    share_ids = fields.One2many(
        "broker.commission.what.if.share",
        "what_if_id",
        string="Shares",
        compute="_compute_share_ids",
        store=True,
        readonly=False,
    )
    person_ids = fields.One2many("broker.commission.what.if.person", "what_if_id", string="People", readonly=True)
    is_calculated = fields.Boolean(string="Calculated", readonly=True)
    invoice_count = fields.Integer(string="Invoices", readonly=True)
    changed_job_count = fields.Integer(string="Jobs That Differ", readonly=True)
    ledger_earned = fields.Monetary(string="Earned, Ledger", compute="_compute_totals")
    ledger_released = fields.Monetary(string="Released, Ledger", compute="_compute_totals")
    paid = fields.Monetary(string="On Confirmed Statements", compute="_compute_totals")
    earned = fields.Monetary(string="Earned, What If", compute="_compute_totals")
    released = fields.Monetary(string="Released, What If", compute="_compute_totals")
    difference_earned = fields.Monetary(string="Earned, Difference", compute="_compute_totals")
    difference_released = fields.Monetary(string="Released, Difference", compute="_compute_totals")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        company = self.env["res.company"].browse(values.get("company_id")) or self.env.company
        today = company._get_broker_today()
        plan = self.env["broker.commission.plan"]
        if self.env.context.get("active_model") == plan._name:
            plan = plan.browse(self.env.context.get("active_id")).exists()
        if plan:
            values["company_id"] = plan.company_id.id
        plan = plan or plan._get_plan(company, today).sudo(False)
        values.setdefault("plan_id", plan.id)
        values.setdefault("date_from", today.replace(day=1) - relativedelta(months=3))
        values.setdefault("date_to", today.replace(day=1) - relativedelta(days=1))
        return values

    @api.model
    def _select(self, name):
        return self.env["broker.commission.plan"]._fields[name]._description_selection(self.env)

    @api.depends("plan_id")
    def _compute_coverage(self):
        for what_if in self:
            what_if.coverage = "own" if what_if.plan_id._get_used() or not what_if.plan_id else "all"

    @api.depends("plan_id")
    def _compute_options(self):
        for what_if in self:
            for name in _OPTIONS:
                what_if[name] = what_if.plan_id[name]

    @api.depends("plan_id")
    def _compute_share_ids(self):
        for what_if in self:
            what_if.share_ids = [
                Command.clear(),
                *(
                    Command.create({"rule_id": rule.id, "role": share.role, "percent": share.percent})
                    for rule in what_if.plan_id.rule_ids
                    for share in rule.share_ids
                ),
            ]

    @api.depends("person_ids")
    def _compute_totals(self):
        for what_if in self:
            for name in (*_FIGURES, "difference_earned", "difference_released"):
                what_if[name] = what_if.currency_id.round(sum(what_if.person_ids.mapped(name)))

    @api.depends("plan_id")
    def _compute_display_name(self):
        for what_if in self:
            what_if.display_name = self.env._("What if: %(plan)s", plan=what_if.plan_id.name or "")

    # CRUD

    def write(self, vals):
        """Drop a result that the numbers beside it do not explain any more."""
        if set(vals) & {*_OPTIONS, "plan_id", "coverage", "date_from", "date_to", "share_ids", "company_id"}:
            self._drop_result()
        return super().write(vals)

    # ACTIONS

    def action_calculate(self):
        """Work out the period under these numbers and show it beside the ledger.

        :raises UserError: when the numbers cannot be a plan's
        """
        self.ensure_one()
        self._check_scenario()
        self._drop_result()
        moves = self._find_moves(self.company_id, self.date_from, self.date_to)
        totals = defaultdict(lambda: dict.fromkeys(_FIGURES, 0.0))
        charges = self._find_charges(self.company_id, self.date_from, self.date_to)
        self._add_up(totals, self._compare_charges(charges))
        for ids in split_every(_BATCH, moves.ids):
            self._add_up(totals, self._compare(moves.browse(ids)))
            # What was read of these invoices is not needed any more.
            self.env.invalidate_all()
        self._show(totals)
        self.write({"is_calculated": True, "invoice_count": len(moves)})
        return True

    def action_reset(self):
        """Take the plan's own numbers again."""
        self.ensure_one()
        self._drop_result()
        self._compute_options()
        self._compute_share_ids()
        return True

    def action_view_jobs(self):
        """Open the jobs that differ, person by person."""
        self.ensure_one()
        return self._get_lines_action(Domain("is_different", "=", True))

    def action_view_all(self):
        """Open all jobs of the result, as list and pivot."""
        self.ensure_one()
        return self._get_lines_action(Domain.TRUE)

    # BUSINESS

    def _get_lines_action(self, domain):
        """Return the action that opens rows of the result."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_commission_what_if_line_action")
        action["domain"] = list(Domain("what_if_id", "=", self.id) & domain)
        return action

    def _get_plan_changes(self):
        return {name: self[name] for name in _OPTIONS if self[name] != self.plan_id[name]}

    def _get_share_percents(self):
        percents = defaultdict(dict)
        for share in self.share_ids:
            percents[share.rule_id][share.role] = share.percent
        return percents

    def _is_for_all_jobs(self):
        return self.coverage == "all"

    def _check_scenario(self):
        """Refuse numbers that a plan could not have, naming what is wrong.

        :raises UserError: with the first mistake
        """
        self.check_access("write")
        self.plan_id.check_access("read")
        if self.company_id not in self.env.companies or self.plan_id.company_id != self.company_id:
            raise UserError(self.env._("Choose a plan of a company that you work in."))
        if self.date_to < self.date_from:
            raise UserError(self.env._("The period ends before it begins."))
        if not 0 < self.rate <= 100:
            raise UserError(self.env._("The rate of a commission plan lies above 0 and not above 100 %."))
        if not 0 <= self.margin_floor < 100:
            raise UserError(self.env._("The margin floor of a commission plan lies between 0 and 100 %."))
        roles = dict(self.env["broker.commission.share"]._fields["role"]._description_selection(self.env))
        for rule in self.plan_id.rule_ids:
            shares = self.share_ids.filtered(lambda share, rule=rule: share.rule_id == rule)
            for role, group in shares.grouped("role").items():
                if len(group) > 1:
                    raise UserError(
                        self.env._(
                            "The %(role)s is named twice in rule %(rule)s. Add the two shares up.",
                            role=roles[role],
                            rule=rule.name,
                        )
                    )
            if any(share.percent <= 0 for share in shares):
                raise UserError(
                    self.env._("A share of rule %(rule)s is not above 0: remove the row instead.", rule=rule.name)
                )
            total = sum(shares.mapped("percent"))
            if float_compare(total, 100.0, precision_digits=2):
                raise UserError(
                    self.env._(
                        "The shares of rule %(rule)s add up to %(total)s %%, they must add up to 100 %%.",
                        rule=rule.name,
                        total=float_repr(total, 2).rstrip("0").rstrip("."),
                    )
                )

    @api.model
    def _add_up(self, totals, rows):
        for key, figures in rows.items():
            for name, amount in figures.items():
                totals[key][name] += amount

    def _drop_result(self):
        """Forget what was worked out before."""
        self.env["broker.commission.what.if.line"].sudo().search(Domain("what_if_id", "in", self.ids)).unlink()
        self.sudo().person_ids.unlink()
        return super().write({"is_calculated": False})

    def _show(self, totals):
        """Keep a result as rows that can be listed, grouped and opened.

        :param totals: {(order id, role, user id or 0): figures}, see `_compare`
        """
        Line = self.env["broker.commission.what.if.line"]
        orders = self.env["sale.order"].sudo().browse({key[0] for key in totals})
        customers = {order.id: order.broker_customer_id.id for order in orders}
        people = defaultdict(lambda: {**dict.fromkeys(_FIGURES, 0.0), "jobs": set()})
        rows = []
        for (order_id, role, user_id), figures in totals.items():
            figures = {name: self.currency_id.round(amount) for name, amount in figures.items()}
            if not any(figures.values()):
                continue
            vals = {
                "what_if_id": self.id,
                "currency_id": self.currency_id.id,
                "order_id": order_id,
                "customer_id": customers[order_id],
                "role": role,
                "user_id": user_id or False,
                **self._add_differences(figures),
            }
            rows.append(vals)
            person = people[user_id]
            for name, amount in figures.items():
                person[name] += amount
            if vals["is_different"]:
                person["jobs"].add(order_id)
        for vals_list in split_every(_ROWS, rows, list):
            Line._append(vals_list)
        self.env["broker.commission.what.if.person"]._append(
            [
                {
                    "what_if_id": self.id,
                    "currency_id": self.currency_id.id,
                    "user_id": user_id or False,
                    "changed_job_count": len(person.pop("jobs")),
                    **self._add_differences({name: self.currency_id.round(amount) for name, amount in person.items()}),
                }
                for user_id, person in people.items()
            ]
        )
        self.changed_job_count = len({row["order_id"] for row in rows if row["is_different"]})

    def _add_differences(self, figures):
        """Return figures with what the scenario adds to the ledger."""
        earned = self.currency_id.round(figures["earned"] - figures["ledger_earned"])
        released = self.currency_id.round(figures["released"] - figures["ledger_released"])
        return {
            **figures,
            "difference_earned": earned,
            "difference_released": released,
            "is_different": bool(earned or released),
        }
