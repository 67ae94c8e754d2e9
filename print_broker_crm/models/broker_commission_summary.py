from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_customer_hook_mixin import QUOTATION_STATES

# Keeps the ids of people in different companies apart: a row of a look at other tables
# has no number of its own.
_IDS_PER_COMPANY = 1_000_000


class BrokerCommissionSummary(models.Model):
    """Where a person's commission stands today, in one company.

    One row per payee and company; every amount opens down to the rows it is the sum of.
    """

    _name = "broker.commission.summary"
    _description = "Commission Summary"
    _auto = False
    _order = "company_id, user_id"
    _rec_name = "user_id"
    _depends = {
        "broker.commission.adjustment": ["company_id", "user_id"],
        "broker.commission.entry": ["company_id", "user_id"],
        "broker.commission.split": ["company_id", "user_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Payee", readonly=True)
    earned_month = fields.Monetary(
        string="Earned This Month", compute="_compute_month", compute_sudo=True, help="With the invoices posted."
    )
    released_month = fields.Monetary(
        string="Released This Month", compute="_compute_month", compute_sudo=True, help="With the money that came in."
    )
    held_amount = fields.Monetary(
        string="Held", compute="_compute_pending", compute_sudo=True, help="Earned, and not released yet."
    )
    unpaid_amount = fields.Monetary(
        string="Invoice Not Paid", compute="_compute_pending", compute_sudo=True, help="Held until the customer pays."
    )
    handoff_amount = fields.Monetary(
        string="Handoff Not Accepted",
        compute="_compute_pending",
        compute_sudo=True,
        help="Held until the handoff is accepted, whether the invoice is paid or not.",
    )
    forecast_amount = fields.Monetary(
        string="Forecast",
        compute="_compute_pending",
        compute_sudo=True,
        help="What confirmed jobs bring when they are invoiced as ordered.",
    )
    balance_amount = fields.Monetary(
        string="Balance",
        compute="_compute_balance",
        compute_sudo=True,
        help="What is to be paid as of today: the last statement's rest, and what stands on none yet.",
    )
    quotation_count = fields.Integer(compute="_compute_quotations", compute_sudo=True)
    quotation_amount = fields.Monetary(
        string="Open Quotations",
        compute="_compute_quotations",
        compute_sudo=True,
        help="Untaxed. Nobody knows yet whether they become jobs, so they are no forecast.",
    )
    statement_count = fields.Integer(
        string="Statements to Come", compute="_compute_counts", compute_sudo=True, help="Open, or to be paid."
    )
    dispute_count = fields.Integer(string="Open Disputes", compute="_compute_counts", compute_sudo=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT company_id * %s + user_id AS id, company_id, user_id
              FROM (
                    SELECT company_id, user_id FROM broker_commission_entry
                     UNION
                    SELECT company_id, user_id FROM broker_commission_split
                     UNION
                    SELECT company_id, user_id FROM broker_commission_adjustment
                   ) payee
             WHERE user_id IS NOT NULL
            """,
            _IDS_PER_COMPANY,
        )

    def _compute_month(self):
        for company, summaries in self.grouped("company_id").items():
            first = company._get_broker_today().replace(day=1)
            rows = self.env["broker.commission.entry"]._read_group(
                summaries._get_domain() & Domain("date", ">=", first), ["user_id"], ["earned:sum", "released:sum"]
            )
            sums = {user: (earned, released) for user, earned, released in rows}
            for summary in summaries:
                summary.earned_month, summary.released_month = sums.get(summary.user_id, (0.0, 0.0))

    def _compute_pending(self):
        rows = self.env["broker.commission.pending"]._read_group(
            self._get_domain(), ["company_id", "user_id", "kind"], ["amount:sum"]
        )
        sums = {(company, user, kind): amount for company, user, kind, amount in rows}
        for summary in self:
            unpaid, handoff, both, other, forecast = (
                sums.get((summary.company_id, summary.user_id, kind), 0.0)
                for kind in ("unpaid", "handoff", "both", "other", "forecast")
            )
            summary.unpaid_amount = unpaid
            summary.handoff_amount = handoff + both
            summary.held_amount = unpaid + handoff + both + other
            summary.forecast_amount = forecast

    def _compute_balance(self):
        Statement = self.env["broker.commission.statement"]
        balances = Statement._get_last_balances(self.user_id, self.company_id)
        for company, summaries in self.grouped("company_id").items():
            is_open = (
                summaries._get_domain()
                & Domain("statement_id", "=", False)
                & Domain("date", "<=", company._get_broker_today())
            )
            sums = dict(
                self.env["broker.commission.entry"]._read_group(
                    is_open & Domain("book", "=", "released"), ["user_id"], ["amount:sum"]
                )
            )
            adjusted = self.env["broker.commission.adjustment"]._sum_due(summaries.user_id, company)
            for summary in summaries:
                user = summary.user_id
                summary.balance_amount = company.currency_id.round(
                    balances.get((company.id, user.id), 0.0) + sums.get(user, 0.0) + adjusted.get(user.id, 0.0)
                )

    def _compute_quotations(self):
        rows = self.env["sale.order"]._read_group(
            self._get_domain() & Domain("state", "in", QUOTATION_STATES),
            ["company_id", "user_id", "currency_rate"],
            ["amount_untaxed:sum", "__count"],
        )
        sums = {}
        for company, user, rate, amount, count in rows:
            before = sums.get((company, user), (0.0, 0))
            sums[company, user] = (before[0] + amount / (rate or 1.0), before[1] + count)
        for summary in self:
            amount, count = sums.get((summary.company_id, summary.user_id), (0.0, 0))
            summary.quotation_amount = amount
            summary.quotation_count = count

    def _compute_counts(self):
        domain = self._get_domain()
        to_pay = Domain("state", "=", "confirmed") & Domain("payable_amount", ">", 0) & Domain("is_carried", "=", False)
        statements, disputes = (
            {
                (company, user): count
                for company, user, count in self.env[model]._read_group(
                    domain & waiting, ["company_id", "user_id"], ["__count"]
                )
            }
            for model, waiting in (
                ("broker.commission.statement", Domain("state", "=", "open") | to_pay),
                ("broker.commission.dispute", Domain("state", "=", "open")),
            )
        )
        for summary in self:
            key = (summary.company_id, summary.user_id)
            summary.statement_count = statements.get(key, 0)
            summary.dispute_count = disputes.get(key, 0)

    # ACTIONS

    def action_view_month(self):
        """Open this month's entries."""
        first = self.company_id._get_broker_today().replace(day=1)
        return self._get_action("broker_commission_entry_action", Domain("date", ">=", first))

    def action_view_entries(self):
        """Open all entries of the person."""
        return self._get_action("broker_commission_entry_action")

    def action_view_balance(self):
        """Open the released entries that stand on no statement yet."""
        return self._get_action(
            "broker_commission_entry_action", Domain("book", "=", "released") & Domain("statement_id", "=", False)
        )

    def action_view_held(self):
        """Open what is held, and why."""
        return self._get_action("broker_commission_pending_action", Domain("kind", "!=", "forecast"))

    def action_view_forecast(self):
        """Open what confirmed jobs will bring."""
        return self._get_action("broker_commission_pending_action", Domain("kind", "=", "forecast"))

    def action_view_quotations(self):
        """Open the quotations of the person."""
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_quotations_with_onboarding")
        action["domain"] = list(self._get_domain() & Domain("state", "in", QUOTATION_STATES))
        action["context"] = {}
        return action

    def action_view_statements(self):
        """Open the statements of the person."""
        return self._get_action("broker_commission_statement_action")

    def action_view_disputes(self):
        """Open the disputes of the person."""
        return self._get_action("broker_commission_dispute_action")

    def _get_action(self, name, domain=Domain.TRUE):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"print_broker_crm.{name}")
        action["domain"] = list(self._get_domain() & domain)
        action["context"] = {"group_by": "kind"} if name == "broker_commission_pending_action" else {}
        return action

    def _get_domain(self):
        """Return the domain of what belongs to these people in these companies."""
        return Domain.OR(
            Domain("company_id", "=", company.id) & Domain("user_id", "in", summaries.user_id.ids)
            for company, summaries in self.grouped("company_id").items()
        )
