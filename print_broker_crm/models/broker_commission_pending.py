from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_HELD = ("unpaid", "handoff", "both", "other")


class BrokerCommissionPending(models.Model):
    """Commission that is on its way to somebody, and what it waits for.

    *Held*: earned with a posted invoice and not released yet. *Forecast*: what a
    confirmed job will still bring when it is invoiced as ordered, under the split that
    it was confirmed with. A look at the ledger and the jobs; nothing of it is stored.
    """

    _name = "broker.commission.pending"
    _description = "Commission to Come"
    _auto = False
    _order = "date, id"
    _rec_name = "order_id"
    _depends = {
        "account.move": ["amount_residual", "invoice_date_due", "state"],
        "broker.commission.entry": [
            "book",
            "company_id",
            "charge_id",
            "held",
            "move_id",
            "split_id",
            "user_id",
            "amount",
        ],
        "broker.commission.charge": ["amount", "order_id", "role", "state"],
        "broker.commission.plan": ["margin_floor", "service_waits_for_handoff"],
        "broker.commission.split": ["base", "company_id", "order_id", "percent", "rate", "role", "rule_id", "user_id"],
        "broker.handoff": ["accepted_at", "state"],
        "sale.order": ["broker_handoff_id", "commitment_date", "currency_rate", "invoice_status", "state"],
        "sale.order.line": [
            "broker_commission_rule_id",
            "display_type",
            "is_downpayment",
            "price_subtotal",
            "product_uom_qty",
            "purchase_price",
        ],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", string="Payee", readonly=True)
    customer_id = fields.Many2one("broker.customer", readonly=True)
    order_id = fields.Many2one("sale.order", string="Job", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    move_name = fields.Char(string="Invoice Number", readonly=True)
    split_id = fields.Many2one("broker.commission.split", readonly=True)
    role = fields.Selection(
        selection=lambda self: self.env["broker.commission.share"]._fields["role"]._description_selection(self.env),
        readonly=True,
    )
    share = fields.Float(string="Share (%)", digits=(5, 2), aggregator=None, readonly=True)
    kind = fields.Selection(
        [
            ("unpaid", "The invoice is not paid"),
            ("handoff", "The handoff is not accepted"),
            ("both", "Not paid, and the handoff is not accepted"),
            ("other", "Not released yet"),
            ("forecast", "Not invoiced yet"),
        ],
        string="Waits Because",
        readonly=True,
    )
    date = fields.Date(string="Due", readonly=True, help="When the invoice is due, or the job is to be delivered.")
    amount = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        Figure = self.env["broker.figure.mixin"]
        return SQL(
            """
            SELECT 2 * MIN(entry.id) AS id, entry.company_id, entry.currency_id, entry.user_id, entry.customer_id,
                   entry.order_id, entry.move_id, MAX(entry.move_name) AS move_name, entry.split_id,
                   split.role, split.percent AS share,
                   CASE WHEN waiting.is_unpaid AND waiting.is_handed THEN 'both'
                        WHEN waiting.is_handed THEN 'handoff'
                        WHEN waiting.is_unpaid THEN 'unpaid'
                        ELSE 'other'
                    END AS kind,
                   move.invoice_date_due AS date,
                   SUM(entry.held) AS amount
              FROM broker_commission_entry entry
              JOIN broker_commission_split split ON split.id = entry.split_id
              JOIN broker_commission_plan plan ON plan.id = split.plan_id
              JOIN sale_order job ON job.id = entry.order_id
         LEFT JOIN broker_handoff handoff ON handoff.id = job.broker_handoff_id
         LEFT JOIN account_move move ON move.id = entry.move_id
        CROSS JOIN LATERAL (
                    SELECT COALESCE(move.amount_residual, 0) <> 0 AS is_unpaid,
                           split.role = 'service' AND plan.service_waits_for_handoff AND handoff.id IS NOT NULL
                           AND handoff.state NOT IN ('accepted', 'cancelled')
                           AND handoff.accepted_at IS NULL AS is_handed
                   ) waiting
          GROUP BY entry.company_id, entry.currency_id, entry.user_id, entry.customer_id, entry.order_id,
                   entry.move_id, entry.split_id, split.role, split.percent, move.invoice_date_due,
                   waiting.is_unpaid, waiting.is_handed
            HAVING ABS(SUM(entry.held)) > 0.000001
         UNION ALL
            SELECT 2 * split.id + 1, split.company_id, company.currency_id, split.user_id, split.customer_id,
                   split.order_id, NULL::int, NULL, split.id, split.role, split.percent, 'forecast',
                   %(delivery_day)s, rest.amount
              FROM broker_commission_split split
              JOIN sale_order job
                ON job.id = split.order_id AND job.state = 'sale' AND job.invoice_status <> 'invoiced'
              JOIN (%(firm)s) AS firm ON firm.company_id = split.company_id
              JOIN res_company company ON company.id = split.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
              JOIN broker_commission_plan plan ON plan.id = split.plan_id
        CROSS JOIN LATERAL (
                    SELECT COALESCE(SUM(charge.amount), 0) AS amount
                      FROM broker_commission_charge charge
                     WHERE charge.order_id = split.order_id AND charge.state = 'posted' AND charge.role IS NULL
                   ) charged
        CROSS JOIN LATERAL (
                    SELECT COALESCE(SUM(line.revenue), 0) AS revenue,
                           COALESCE(SUM(line.cost), 0) AS cost,
                           COALESCE(SUM(line.revenue) FILTER (WHERE line.is_own), 0) AS own_revenue,
                           COALESCE(SUM(line.cost) FILTER (WHERE line.is_own), 0) AS own_cost
                      FROM (
                            SELECT line.price_subtotal / unit.rate AS revenue,
                                   line.purchase_price * line.product_uom_qty / unit.rate AS cost,
                                   line.broker_commission_rule_id = split.rule_id AS is_own
                              FROM sale_order_line line,
                                   LATERAL (SELECT COALESCE(NULLIF(job.currency_rate, 0), 1) AS rate) unit
                             WHERE line.order_id = split.order_id
                               AND line.broker_commission_rule_id IS NOT NULL
                               AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
                           ) line
                   ) whole
        CROSS JOIN LATERAL (
                    SELECT CASE WHEN plan.margin_floor > 0 AND whole.revenue > 0
                                 AND (split.base = 'revenue' OR whole.revenue - whole.cost - charged.amount > 0)
                                 AND ROUND(
                                         ((whole.revenue - whole.cost - charged.amount) / whole.revenue * 100)::numeric,
                                         2
                                     ) < plan.margin_floor
                                THEN 0
                                WHEN split.base = 'revenue' THEN whole.own_revenue
                                ELSE whole.own_revenue - whole.own_cost
                                     - charged.amount * COALESCE(whole.own_revenue / NULLIF(whole.revenue, 0), 1)
                            END AS amount
                   ) base
        CROSS JOIN LATERAL (
                    SELECT SUM(entry.amount) AS amount
                      FROM broker_commission_entry entry
                     WHERE entry.split_id = split.id AND entry.book = 'earned' AND entry.charge_id IS NULL
                   ) earned
        CROSS JOIN LATERAL (
                    SELECT ROUND(
                               (COALESCE(base.amount, 0) * split.rate / 100 * split.percent / 100)::numeric
                               - COALESCE(earned.amount, 0),
                               currency.decimal_places
                           ) AS amount
                   ) rest
             WHERE rest.amount <> 0
            """,
            delivery_day=Figure._get_local_day(SQL("job.commitment_date")),
            firm=Figure._get_firm_query(),
        )

    # ACTIONS

    def action_view_split(self):
        """Open the share of the job that the amount comes from."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.commission.split",
            "res_id": self.split_id.id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _get_held(self, users, companies):
        """Return {(company id, user id): rows that are held} of some people, in one query."""
        if not users or not companies:
            return {}
        rows = self.sudo().search(
            Domain("user_id", "in", users.ids) & Domain("company_id", "in", companies.ids) & Domain("kind", "in", _HELD)
        )
        return rows.grouped(lambda row: (row.company_id.id, row.user_id.id))

    def _get_document_name(self):
        """Return what the amount waits for: the invoice's number, else the job's."""
        self.ensure_one()
        document = self.order_id if self.kind in ("handoff", "forecast") else self.move_id
        return document.sudo().display_name or self.move_name or ""
