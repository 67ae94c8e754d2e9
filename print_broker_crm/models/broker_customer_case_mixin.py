from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_case_clock_mixin import OPEN_STATES, RUNNING_STATES
from .broker_customer_hook_mixin import HeldKind


class BrokerCustomerCaseMixin(models.AbstractModel):
    """Cases on the customer file, and who answers for them when people change."""

    _name = "broker.customer.case.mixin"
    _description = "Customer File: Cases"

    case_ids = fields.One2many("broker.case", "customer_id", string="Cases", readonly=True)
    open_case_count = fields.Integer(string="Open Cases", compute="_compute_case_count")
    tier_case_count = fields.Integer(
        string="Complaints and Claims",
        compute="_compute_tier_case_count",
        help="Weighted by severity, as the newest score counts them.",
    )
    case_count = fields.Integer(string="All Cases", compute="_compute_case_count")

    @api.depends_context("uid")
    def _compute_case_count(self):
        totals, waiting = {}, {}
        Case = self.env["broker.case"]
        if Case.has_access("read"):
            for customer, state, count in Case._read_group(
                Domain("customer_id", "in", self.ids), ["customer_id", "state"], ["__count"]
            ):
                totals[customer.id] = totals.get(customer.id, 0) + count
                if state in OPEN_STATES:
                    waiting[customer.id] = waiting.get(customer.id, 0) + count
        for customer in self:
            customer.case_count = totals.get(customer._origin.id, 0)
            customer.open_case_count = waiting.get(customer._origin.id, 0)

    @api.depends("last_score_id")
    def _compute_tier_case_count(self):
        for customer in self:
            customer.tier_case_count = (customer.sudo().last_score_id.inputs or {}).get("case_severity") or 0

    # ACTIONS

    def action_view_tier_cases(self):
        """Open the complaints and claims of the newest score's window."""
        return self._open_tier_rows(
            "broker.case",
            self.env._("Complaints and Claims"),
            Domain("customer_id", "=", self.id)
            & Domain("kind", "in", ("complaint", "claim"))
            & Domain("state", "!=", "cancelled")
            & self._get_tier_time_domain("opened_at"),
        )

    def action_view_cases(self):
        """Open the cases of the customer, the open ones first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_case_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {"default_customer_id": self.id}
        return action

    def action_open_case(self):
        """Open a case of this customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.case",
            "view_mode": "form",
            "context": {"default_customer_id": self.id},
        }

    # CRUD

    def write(self, vals):
        before = {customer: customer.service_user_id for customer in self.sudo()} if "service_user_id" in vals else {}
        result = super().write(vals)
        self._pass_cases_on(before)
        return result

    @api.model
    def _pass_cases_on(self, agents):
        """Let open cases go along when another agent serves a customer.

        :param agents: {file: `res.users` who served it until now, or none}
        """
        changed = {
            customer: agent
            for customer, agent in agents.items()
            if agent and customer.service_user_id and customer.service_user_id != agent
        }
        if not changed:
            return
        cases = (
            self.env["broker.case"]
            .sudo()
            .search(
                Domain("customer_id", "in", [customer.id for customer in changed])
                & Domain("state", "in", OPEN_STATES)
                & Domain("user_id", "in", {agent.id for agent in changed.values()})
            )
        )
        for case in cases:
            if case.user_id == changed[case.customer_id]:
                case.user_id = case.customer_id.service_user_id

    # OBLIGATIONS

    @api.model
    def _get_obligation_kinds(self):
        """Add the answers and solutions that customers wait for too long."""
        return {
            **super()._get_obligation_kinds(),
            "case_answer": self.env._("Answer the case"),
            "case_solution": self.env._("Solve the case"),
        }

    @api.model
    def _get_obligation_models(self):
        return super()._get_obligation_models() | {"broker.case"}

    @api.model
    def _get_obligation_queries(self):
        """Add the open cases whose answer or solution is late; what waits for others is not,
        unless it was late before."""
        now = fields.Datetime.now()
        return super()._get_obligation_queries() + [
            SQL(
                """
                SELECT owed.id, cases.user_id, %(kind)s::varchar,
                       (cases.%(deadline)s AT TIME ZONE 'UTC' AT TIME ZONE owed.zone)::date,
                       'broker.case'::varchar, cases.id
                  FROM owed
                  JOIN broker_case cases ON cases.customer_id = owed.id
                 WHERE %(late)s
                """,
                kind=kind,
                deadline=SQL.identifier(deadline),
                late=late,
            )
            for kind, deadline, late in (
                (
                    "case_answer",
                    "answer_deadline",
                    SQL(
                        "cases.state IN %s AND cases.answered_at IS NULL AND cases.answer_deadline < %s",
                        OPEN_STATES,
                        now,
                    ),
                ),
                (
                    "case_solution",
                    "solution_deadline",
                    SQL(
                        "(cases.state IN %s AND cases.solution_deadline < %s"
                        " OR cases.state IN %s AND cases.solution_late)",
                        RUNNING_STATES,
                        now,
                        OPEN_STATES,
                    ),
                ),
            )
        ]

    # VISIBILITY

    @api.model
    def _get_joined_domain(self, user):
        """Add those who answer for an open case of the customer."""
        return super()._get_joined_domain(user) | Domain(
            "case_ids", "any!", Domain("user_id", "=", user.id) & Domain("state", "in", OPEN_STATES)
        )

    def _get_serving_users(self):
        """Add those who answer for an open case."""
        open_cases = self.sudo().case_ids.filtered(lambda case: case.state in OPEN_STATES)
        return super()._get_serving_users() | open_cases.user_id.with_env(self.env)

    # STAFF

    @api.model
    def _get_held_kinds(self):
        """Add the open cases, each with the role in which somebody answers for it."""
        is_open = Domain("state", "in", OPEN_STATES)
        return super()._get_held_kinds() + [
            HeldKind("case", role, "broker.case", "customer_id", "user_id", is_open & Domain("role", "=", role))
            for role in ("service", "sales", "care")
        ]

    @api.model
    def _before_users_leave(self, users):
        """Let others answer for the cases of those who leave."""
        cases = self._find_open_cases_of(users)
        result = super()._before_users_leave(users)
        self._rescue_cases(cases, users)
        return result

    @api.model
    def _after_companies_lost(self, user, companies):
        """Let others answer for the cases of these companies."""
        cases = self._find_open_cases_of(user, companies)
        result = super()._after_companies_lost(user, companies)
        self._rescue_cases(cases, user)
        return result

    @api.model
    def _find_open_cases_of(self, users, companies=None):
        """Return the open cases for which some users answer, in sudo.

        :param companies: only of these
        """
        domain = Domain("user_id", "in", users.ids) & Domain("state", "in", OPEN_STATES)
        if companies:
            domain &= Domain("company_id", "in", companies.ids)
        return self.env["broker.case"].sudo().search(domain)

    @api.model
    def _rescue_cases(self, cases, users):
        """Give cases that nobody took from some users to who is left."""
        for case in cases:
            if not case.user_id or case.user_id in users:
                case.user_id = case._get_default_person(without=users)
