from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerTierChange(models.Model):
    """What was changed on quotations and jobs, a row for each time that the ease counts.

    A look at what Odoo notes in the orders' chatters, nothing of it is stored: before the
    confirmation a row for each later day on which the amount was changed again, after it
    a row for each change of the amount or of a job spec.
    """

    _name = "broker.tier.change"
    _description = "Changed Quotation or Job"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", string="Quotation or Job", readonly=True)
    customer_id = fields.Many2one("broker.customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    kind = fields.Selection(
        [("revision", "Revised Quotation"), ("change", "Change after Confirmation")],
        string="What Happened",
        readonly=True,
    )
    date = fields.Datetime(readonly=True)
    is_spec = fields.Boolean(string="Job Spec", readonly=True, help="The amount stayed, what is printed changed.")
    author_id = fields.Many2one("res.partner", string="Changed by", readonly=True)
    amount_before = fields.Monetary(string="Untaxed before", readonly=True, aggregator=None)
    amount_after = fields.Monetary(string="Untaxed after", readonly=True, aggregator=None)

    @property
    def _table_query(self):
        """The same rows that `broker.tier.score` counts, see its trouble."""
        for model in ("sale.order", "mail.message", "mail.tracking.value"):
            self.env[model].flush_model()
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        return SQL(
            """
            WITH firm AS NOT MATERIALIZED (
                SELECT * FROM UNNEST(%(companies)s::int[], %(zones)s::varchar[]) AS firm (company_id, zone)
            ), changed AS NOT MATERIALIZED (
                SELECT change.id, change.old_value_float, change.new_value_float,
                       message.id AS message_id, message.date, message.author_id,
                       so.id AS order_id, so.broker_customer_id, so.company_id, so.currency_id,
                       so.broker_date_confirmed,
                       (message.date AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS day,
                       (so.create_date AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS first_day
                  FROM mail_tracking_value change
                  JOIN mail_message message
                    ON message.id = change.mail_message_id AND message.model = 'sale.order'
                  JOIN sale_order so ON so.id = message.res_id
                  JOIN firm ON firm.company_id = so.company_id
                 WHERE change.field_id = %(field)s AND so.broker_customer_id IS NOT NULL
            )
            SELECT MIN(id)::bigint * 3 AS id, 'revision'::varchar AS kind, FALSE AS is_spec, %(columns)s
              FROM changed
             WHERE day > first_day
               AND date < COALESCE(broker_date_confirmed, 'infinity')
          GROUP BY order_id, broker_customer_id, company_id, currency_id, day
         UNION ALL
            SELECT MIN(id)::bigint * 3 + 1, 'change', FALSE, %(columns)s
              FROM changed
             WHERE date > broker_date_confirmed + INTERVAL '1 minute'
          GROUP BY order_id, broker_customer_id, company_id, currency_id, message_id
         UNION ALL
            SELECT message.id::bigint * 3 + 2, 'change', TRUE, so.id, so.broker_customer_id, so.company_id,
                   so.currency_id, message.date, message.author_id, NULL, NULL
              FROM mail_message message
              JOIN sale_order so ON so.id = message.res_id
             WHERE message.model = 'sale.order' AND message.subtype_id = %(spec_subtype)s
               AND so.broker_customer_id IS NOT NULL
            """,
            companies=companies.ids,
            zones=[company._get_broker_tz() for company in companies],
            spec_subtype=self.env.ref("print_broker_crm.mt_job_spec_changed").id,
            field=self.env["ir.model.fields"]._get("sale.order", "amount_untaxed").id,
            columns=SQL(
                """
                order_id, broker_customer_id AS customer_id, company_id, currency_id, MAX(date) AS date,
                (ARRAY_AGG(author_id ORDER BY id DESC))[1] AS author_id,
                (ARRAY_AGG(old_value_float ORDER BY id))[1] AS amount_before,
                (ARRAY_AGG(new_value_float ORDER BY id DESC))[1] AS amount_after
                """
            ),
        )

    # ACTIONS

    def action_open(self):
        """Open the order; its chatter has the words."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }
