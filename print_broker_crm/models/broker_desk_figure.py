from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Without other dates the months since then are shown.
_MONTHS_SHOWN = 12


class BrokerDeskFigure(models.Model):
    """What the service desk earned and what it cost, one row per document.

    An invoice line counts once, by the job that it bills, for the first of these that it is:

    - *inherited*: on the job's day the customer's salesperson had them from somebody who left;
    - *referral*: the customer's first job, and somebody brought the customer;
    - *repeat*: not the customer's first job.

    What sales won and still sells for the first time is not the desk's. Reprints and
    credit notes of claims are left out, because the claim's cost is counted when it is
    settled: whole on a job of the desk, on another one the part that is service's fault.
    Lines of unknown cost are left out, as everywhere.
    """

    _name = "broker.desk.figure"
    _inherit = "broker.figure.mixin"
    _description = "Result of the Service Desk"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "customer_id"

    user_id = fields.Many2one(string="Service Agent", help="Who gets the commission; else who serves the customer.")
    kind = fields.Selection(
        [
            ("repeat", "Repeat Orders"),
            ("referral", "Referrals"),
            ("inherited", "Inherited Customers"),
            ("commission", "Commission"),
            ("claim", "Claims"),
        ],
        readonly=True,
    )
    date = fields.Date(readonly=True, help="Of the invoice, the commission, or the settlement of the claim.")
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, help="What was earned; what was spent is below zero.")
    revenue = fields.Monetary(readonly=True)
    order_id = fields.Many2one("sale.order", string="Job", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    entry_id = fields.Many2one("broker.commission.entry", string="Commission Entry", readonly=True)
    case_id = fields.Many2one("broker.case", string="Claim", readonly=True)

    @property
    def _table_query(self):
        self._flush_sources()
        queries = []
        for company in self.env["res.company"].sudo().search(Domain.TRUE):
            first, last = self._get_shown_dates(company)
            queries.append(SQL("(%s)", self._get_query(company, first, last)))
        return SQL(" UNION ALL ").join(queries)

    @api.model
    def _get_shown_dates(self, company):
        """Return the first and last day of the rows to be shown, as the context says."""
        first = fields.Date.to_date(self.env.context.get("desk_from"))
        last = fields.Date.to_date(self.env.context.get("desk_to"))
        today = company._get_broker_today()
        return (first or today.replace(day=1) - relativedelta(months=_MONTHS_SHOWN)), last or today

    @api.model
    def _flush_sources(self):
        """Write what the query reads."""
        for model in (
            "account.move",
            "account.move.line",
            "broker.assignment",
            "broker.case",
            "broker.commission.entry",
            "broker.customer",
            "sale.order",
            "sale.order.line",
        ):
            self.env[model].flush_model()

    @api.model
    def _get_query(self, company, first, last):
        """Return the SELECT of a company's rows of some days.

        :param first: first day of the invoice, the commission, the settlement
        :param last: last day of it
        """
        return SQL(
            """
            SELECT line.invoice_line_id::bigint * 4 AS id, %(company)s AS company_id,
                   line.customer_id, customer.tier_id, customer.service_user_id AS user_id, job.kind,
                   line.day AS date, %(currency)s AS currency_id, line.profit::numeric AS amount,
                   line.revenue::numeric AS revenue, line.order_id, line.move_id,
                   NULL::int AS entry_id, NULL::int AS case_id
              FROM (%(lines)s) line
              JOIN account_move move ON move.id = line.move_id AND move.broker_case_id IS NULL
              JOIN broker_customer customer ON customer.id = line.customer_id
              JOIN sale_order so ON so.id = line.order_id AND so.broker_claim_case_id IS NULL
        CROSS JOIN LATERAL (SELECT %(kind)s AS kind) job
             WHERE job.kind IS NOT NULL AND line.profit IS NOT NULL
         UNION ALL
            SELECT entry.id::bigint * 4 + 1, entry.company_id, entry.customer_id, customer.tier_id, entry.user_id,
                   'commission', entry.date, %(currency)s, -entry.amount, NULL, entry.order_id, entry.move_id,
                   entry.id, NULL
              FROM broker_commission_entry entry
         LEFT JOIN broker_customer customer ON customer.id = entry.customer_id
             WHERE entry.company_id = %(company)s AND entry.book = 'earned' AND entry.role = 'service'
               AND entry.date BETWEEN %(first)s AND %(last)s
         UNION ALL
            SELECT claim.id::bigint * 4 + 2, claim.company_id, claim.customer_id, customer.tier_id,
                   customer.service_user_id, 'claim', %(settled)s, %(currency)s,
                   -claim.claim_cost * CASE WHEN (%(kind)s) IS NULL
                                            THEN COALESCE(claim.fault_service, 0)::numeric / 100 ELSE 1 END,
                   NULL, claim.order_id, NULL, NULL, claim.id
              FROM broker_case claim
              JOIN broker_customer customer ON customer.id = claim.customer_id
              JOIN sale_order so ON so.id = claim.order_id
              JOIN (SELECT %(zone)s AS zone) firm ON TRUE
             WHERE claim.company_id = %(company)s AND claim.state != 'cancelled'
               AND %(settled)s BETWEEN %(first)s AND %(last)s
               AND claim.claim_cost <> 0
               AND ((%(kind)s) IS NOT NULL OR claim.fault_service > 0)
            """,
            company=company.id,
            currency=company.currency_id.id,
            zone=company._get_broker_tz(),
            first=first,
            last=last,
            lines=self.env["broker.customer.month"]._get_profit_rows_query(company, first, last),
            kind=self._get_kind(company),
            settled=self._get_local_day(SQL("claim.claim_settled_at")),
        )

    @api.model
    def _get_kind(self, company):
        """Return the SQL of what the job `so` of `customer` is to the desk, NULL for
        nothing: an earlier job of the customer makes it a repeat order."""
        return SQL(
            """
            CASE WHEN EXISTS (
                     SELECT FROM broker_assignment held
                      WHERE held.customer_id = so.broker_customer_id AND held.role = 'sales'
                        AND held.is_void IS NOT TRUE AND held.origin = 'inherited'
                        AND held.date_from <= %(day)s AND (held.date_to IS NULL OR held.date_to > %(day)s)
                 ) THEN 'inherited'
                 WHEN EXISTS (
                     SELECT FROM sale_order earlier
                      WHERE earlier.broker_customer_id = so.broker_customer_id AND earlier.state = 'sale'
                        AND earlier.broker_claim_case_id IS NULL
                        AND (earlier.date_order, earlier.id) < (so.date_order, so.id)
                 ) THEN 'repeat'
                 WHEN customer.referrer_customer_id IS NOT NULL OR customer.referrer_user_id IS NOT NULL
                 THEN 'referral' END
            """,
            day=SQL("(so.date_order AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", company._get_broker_tz()),
        )

    def _get_document(self):
        if self.case_id:
            return "broker.case", self.case_id.id
        if self.entry_id:
            return "broker.commission.entry", self.entry_id.id
        return "account.move", self.move_id.id
