from odoo import api, fields, models
from odoo.tools import SQL


class BrokerReferral(models.Model):
    """One row for every customer that was brought by somebody, with what came of it.

    Revenue is the sum over the customer's confirmed orders of

        Σ untaxed amount of the line × kept part / currency rate of the order

    in the company's currency; margin is the same sum of `sale_margin`'s margin. The rate
    is the order's own. Quotations and cancelled orders are out. What was refunded is out
    too, with its part of the margin:

        kept part = 1 - min(credited, not invoiced) / untaxed amount of the line

    where *credited* is on posted credit notes and *not invoiced* is what posted invoices
    less those credit notes leave open: an amount that was credited and invoiced again
    counts. Only customers brought directly count for a referrer, not whom those brought.
    """

    _name = "broker.referral"
    _inherit = "broker.phone.list.mixin"
    _description = "Referral"
    _auto = False
    _rec_name = "customer_id"
    _order = "revenue desc, id"
    _depends = {
        "broker.customer": ["partner_id", "company_id", "referrer_customer_id", "referrer_user_id", "referral_date"],
        "res.partner": ["name", "user_id"],
        "res.company": ["currency_id"],
        "res.currency": ["rounding"],
        "res.users": ["partner_id"],
        "sale.order": ["broker_customer_id", "state", "currency_rate", "currency_id"],
        "sale.order.line": ["order_id", "price_subtotal", "margin", "display_type", "is_downpayment", "invoice_lines"],
        "account.move": ["state", "move_type"],
        "account.move.line": ["move_id", "price_subtotal", "balance", "currency_id"],
    }

    customer_id = fields.Many2one("broker.customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    referrer_name = fields.Char(string="Brought by", readonly=True)
    referrer_customer_id = fields.Many2one("broker.customer", string="Brought by Customer", readonly=True)
    referrer_user_id = fields.Many2one("res.users", string="Brought by Staff", readonly=True)
    referral_date = fields.Date(string="Brought on", readonly=True)
    job_count = fields.Integer(string="Jobs", readonly=True)
    revenue = fields.Monetary(readonly=True)
    margin = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT customer.id,
                   customer.id AS customer_id,
                   customer.company_id,
                   company.currency_id,
                   partner.user_id,
                   COALESCE(referrer_partner.name, staff_partner.name) AS referrer_name,
                   customer.referrer_customer_id,
                   customer.referrer_user_id,
                   customer.referral_date,
                   job.count AS job_count,
                   ROUND(job.revenue, currency.decimal_places) AS revenue,
                   ROUND(job.margin, currency.decimal_places) AS margin
              FROM broker_customer customer
              JOIN res_company company ON company.id = customer.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
              JOIN res_partner partner ON partner.id = customer.partner_id
         LEFT JOIN broker_customer referrer ON referrer.id = customer.referrer_customer_id
         LEFT JOIN res_partner referrer_partner ON referrer_partner.id = referrer.partner_id
         LEFT JOIN res_users staff ON staff.id = customer.referrer_user_id
         LEFT JOIN res_partner staff_partner ON staff_partner.id = staff.partner_id
        CROSS JOIN LATERAL (%(jobs)s) job
             WHERE customer.referrer_customer_id IS NOT NULL OR customer.referrer_user_id IS NOT NULL
            """,
            jobs=self._get_jobs_query(),
        )

    @api.model
    def _get_jobs_query(self):
        """Return the sums over one customer's confirmed orders, see the class."""
        return SQL(
            """
            SELECT COUNT(DISTINCT sale.id) AS count,
                   COALESCE(SUM(line.price_subtotal * kept.part / rate.value), 0) AS revenue,
                   COALESCE(SUM(line.margin::numeric * kept.part / rate.value), 0) AS margin
              FROM sale_order sale
        CROSS JOIN LATERAL (SELECT COALESCE(NULLIF(sale.currency_rate, 0), 1)::numeric AS value) rate
         LEFT JOIN sale_order_line line
                ON line.order_id = sale.id
               AND line.display_type IS NULL
               AND line.is_downpayment IS NOT TRUE
         LEFT JOIN LATERAL (%(invoiced)s) invoice ON TRUE
        CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN COALESCE(invoice.credited, 0) = 0 OR line.price_subtotal = 0 THEN 1
                           ELSE 1 - LEAST(1, GREATEST(0, LEAST(
                               invoice.credited / line.price_subtotal,
                               1 - (invoice.invoiced - invoice.credited) / line.price_subtotal
                           )))
                       END AS part
                   ) kept
             WHERE sale.broker_customer_id = customer.id AND sale.state = 'sale'
            """,
            invoiced=SQL(
                """
                SELECT SUM(amount.value) FILTER (WHERE move.move_type = 'out_refund') AS credited,
                       COALESCE(SUM(amount.value) FILTER (WHERE move.move_type = 'out_invoice'), 0) AS invoiced
                  FROM sale_order_line_invoice_rel link
                  JOIN account_move_line item ON item.id = link.invoice_line_id
                  JOIN account_move move ON move.id = item.move_id
                   AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund')
            CROSS JOIN LATERAL (
                        SELECT CASE
                                   WHEN item.currency_id = sale.currency_id THEN item.price_subtotal
                                   WHEN move.move_type = 'out_refund' THEN item.balance * rate.value
                                   ELSE -item.balance * rate.value
                               END AS value
                       ) amount
                 WHERE link.order_line_id = line.id
                """
            ),
        )

    # ACTIONS

    def action_view_customer(self):
        """Open the file of the customer that was brought."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        action["views"] = [(False, "form")]
        action["res_id"] = self.customer_id.id
        return action

    def action_view_jobs(self):
        """Open the jobs that the figures were summed from."""
        return self.customer_id._get_jobs_action()
