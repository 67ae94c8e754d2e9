from ast import literal_eval
from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What waits: its model, which of its rows, what they are worth in the company's
# currency (an expression on the table), what is counted, and the list it opens in.
Waiting = namedtuple("Waiting", "kind model domain amount counted action")


class BrokerCommissionAttention(models.Model):
    """What in commission waits for a manager, counted by kind.

    A look at other tables: one row per company and kind of thing that waits. Where
    nothing waits there is no row.
    """

    _name = "broker.commission.attention"
    _description = "Commission: Waiting for a Manager"
    _auto = False
    _order = "company_id, id"
    _rec_name = "kind"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [
            ("no_payee", "Shares without a payee"),
            ("no_rule", "Jobs without a rule"),
            ("credit_note", "Credit notes without a job"),
            ("cost", "Costs that nobody has shown"),
            ("dispute", "Open disputes"),
            ("statement", "Statements of months that are over"),
            ("growth", "Growth bonuses to confirm"),
        ],
        string="Waiting",
        readonly=True,
    )
    count = fields.Integer(string="Number", readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="What it is about: the commission that nobody has, the untaxed amount of the jobs, notes and lines, what "
        "is disputed, the bonus.",
    )

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(
            self._get_query(number, waiting) for number, waiting in enumerate(self._get_waiting())
        )

    @api.model
    def _get_query(self, number, waiting):
        """Return the `SELECT` of one kind, a row per company."""
        Model = self.env[waiting.model].sudo().with_context(active_test=False)
        Model.flush_model()
        return SQL(
            """
            SELECT %(table)s.company_id * 10 + %(number)s AS id, %(table)s.company_id, %(kind)s AS kind,
                   COUNT(DISTINCT %(table)s.%(counted)s) AS count, COALESCE(SUM(%(amount)s), 0) AS amount
              FROM %(table)s
             WHERE %(table)s.id IN %(ids)s
          GROUP BY %(table)s.company_id
            """,
            number=number,
            kind=waiting.kind,
            table=SQL.identifier(Model._table),
            counted=SQL.identifier(waiting.counted),
            amount=SQL(waiting.amount),
            ids=Model._search(waiting.domain).subselect(),
        )

    @api.model
    def _get_waiting(self):
        """Return the kinds of things that wait for a manager, a list of `Waiting`."""
        is_over = Domain.OR(
            Domain("company_id", "=", company.id) & Domain("date_to", "<", company._get_broker_today())
            for company in self.env["res.company"].sudo().search(Domain.TRUE)
        )
        return [
            Waiting(
                "no_payee",
                "broker.commission.entry",
                Domain("user_id", "=", False) & Domain("split_id.user_id", "=", False),
                "earned",
                "split_id",
                "broker_commission_entry_action",
            ),
            Waiting(
                "no_rule",
                "sale.order",
                self._get_action_domain("broker_job_without_rule_action"),
                "amount_untaxed / COALESCE(NULLIF(currency_rate, 0), 1)",
                "id",
                "broker_job_without_rule_action",
            ),
            Waiting(
                "credit_note",
                "account.move",
                self._get_action_domain("broker_credit_note_without_job_action"),
                "amount_untaxed_signed",
                "id",
                "broker_credit_note_without_job_action",
            ),
            Waiting(
                "cost",
                "sale.order.line",
                Domain("broker_cost_doubtful", "=", True),
                "sale_order_line.price_subtotal / COALESCE(NULLIF((SELECT job.currency_rate FROM sale_order job"
                " WHERE job.id = sale_order_line.order_id), 0), 1)",
                "id",
                "broker_line_without_cost_action",
            ),
            Waiting(
                "dispute",
                "broker.commission.dispute",
                Domain("state", "=", "open"),
                "expected_amount",
                "id",
                "broker_commission_dispute_action",
            ),
            Waiting(
                "statement",
                "broker.commission.statement",
                Domain("state", "=", "open") & is_over,
                "0",
                "id",
                "broker_commission_statement_action",
            ),
            Waiting(
                "growth",
                "broker.commission.growth",
                Domain("state", "=", "draft") & is_over,
                "bonus",
                "id",
                "broker_commission_growth_action",
            ),
        ]

    # ACTIONS

    def action_open(self):
        """Open what waits."""
        self.ensure_one()
        waiting = next(row for row in self._get_waiting() if row.kind == self.kind)
        action = self.env["ir.actions.act_window"]._for_xml_id(f"print_broker_crm.{waiting.action}")
        action["domain"] = list(Domain("company_id", "=", self.company_id.id) & waiting.domain)
        action["context"] = {"create": False}
        return action

    # BUSINESS

    @api.model
    def _get_action_domain(self, name):
        """Return the `Domain` that an action of ours lists."""
        action = self.env["ir.actions.act_window"]._for_xml_id(f"print_broker_crm.{name}")
        return Domain(literal_eval(action["domain"]))
