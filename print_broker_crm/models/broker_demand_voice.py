from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerDemandVoice(models.Model):
    """One time a customer said what it wants: a need of the file, a wish to buy heard in a
    care call, or something that it had printed elsewhere.

    Nothing of it is stored; a look at the rows themselves, for `broker.demand` to count.
    """

    _name = "broker.demand.voice"
    _description = "Voiced Demand"
    _inherit = ["broker.figure.mixin"]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "name"
    _depends = {
        "broker.care.call": [
            "customer_id",
            "date_done",
            "elsewhere_product_type_id",
            "printed_elsewhere",
            "printed_elsewhere_note",
            "state",
            "user_id",
            "wish_heard",
            "wish_lead_id",
            "wish_product_type_id",
        ],
        "broker.customer": ["active", "company_id", "tier_id"],
        "broker.need": [
            "category_id",
            "customer_id",
            "date_heard",
            "name",
            "product_id",
            "product_type_id",
            "state",
            "user_id",
        ],
        "crm.lead": ["won_status"],
    }

    name = fields.Char(string="What Was Said", readonly=True)
    date = fields.Date(string="Heard on", readonly=True)
    source = fields.Selection(
        [("need", "Need"), ("wish", "Wish in a Call"), ("elsewhere", "Printed Elsewhere")],
        readonly=True,
        help="Need: written into the needs file. Wish: the customer told the care line what it wants to buy. Printed "
        "elsewhere: the customer had it printed by others.",
    )
    state = fields.Selection(
        [("open", "Open"), ("proven", "Proven"), ("dropped", "Dropped")],
        string="Status",
        readonly=True,
        help="A wish is proven when its opportunity is won. It is dropped when that is lost or, like what was printed "
        "elsewhere, when it is older than the settings say.",
    )
    product_type_id = fields.Many2one("broker.product.type", readonly=True)
    category_id = fields.Many2one("product.category", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    user_id = fields.Many2one(string="Heard by")
    call_id = fields.Many2one("broker.care.call", string="Care Call", readonly=True)
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    currency_id = fields.Many2one(related="company_id.currency_id")
    margin = fields.Monetary(
        string="Margin of the Customer",
        readonly=True,
        aggregator=None,
        help="What the customer earned the firm in the closed months of the settings.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH %(common)s
            SELECT voice.*, COALESCE(behind.margin, 0) AS margin
              FROM voice
         LEFT JOIN behind ON behind.customer_id = voice.customer_id
            """,
            common=self._get_common_query(),
        )

    @api.model
    def _get_common_query(self):
        """Return the common table expressions that demand is counted from.

        - firm: company_id, zone, first_month (of the margin), month (the present one)
        - voice: the columns of this model but for the margin
        - behind: customer_id and margin
        """
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        return SQL(
            """
            firm AS (
                SELECT company_id, zone, month, (month - MAKE_INTERVAL(months => months))::date AS first_month
                  FROM UNNEST(%(ids)s::int[], %(zones)s::varchar[], %(months)s::date[], %(counts)s::int[])
                           AS firm (company_id, zone, month, months)
            ), behind AS (
                SELECT figures.customer_id, SUM(figures.margin) AS margin
                  FROM broker_customer_month figures
                  JOIN firm ON firm.company_id = figures.company_id
                 WHERE figures.month >= firm.first_month AND figures.month < firm.month
              GROUP BY figures.customer_id
            ), heard AS (
                SELECT call.id, customer.company_id, call.customer_id, customer.tier_id, call.user_id,
                       call.state = 'done' AS is_done, call.wish_heard, call.wish_lead_id, call.wish_product_type_id,
                       call.printed_elsewhere, call.printed_elsewhere_note, call.elsewhere_product_type_id,
                       firm.first_month,
                       (COALESCE(call.date_reached, call.date_done, call.write_date)
                            AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS day
                  FROM broker_care_call call
                  JOIN broker_customer customer ON customer.id = call.customer_id
                  JOIN firm ON firm.company_id = customer.company_id
                 WHERE customer.active
                   AND (call.wish_heard IS NOT NULL OR call.printed_elsewhere = 'yes')
                   AND (call.state = 'done' OR call.wish_lead_id IS NOT NULL)
            ), voice AS (
                SELECT need.id::bigint * 4 AS id, customer.company_id, need.customer_id, customer.tier_id,
                       need.user_id, need.name, need.date_heard AS date, 'need' AS source, need.state,
                       need.product_type_id, need.category_id, need.product_id, NULL::int AS call_id
                  FROM broker_need need
                  JOIN broker_customer customer ON customer.id = need.customer_id
                 WHERE customer.active
             UNION ALL
                SELECT heard.id::bigint * 4 + 1, heard.company_id, heard.customer_id, heard.tier_id, heard.user_id,
                       SPLIT_PART(BTRIM(heard.wish_heard, E' \\n\\r\\t'), E'\\n', 1), heard.day, 'wish',
                       CASE WHEN lead.won_status = 'won' THEN 'proven'
                            WHEN lead.won_status = 'lost' OR heard.day < heard.first_month THEN 'dropped'
                            ELSE 'open' END,
                       heard.wish_product_type_id, NULL::int, NULL::int, heard.id
                  FROM heard
             LEFT JOIN crm_lead lead ON lead.id = heard.wish_lead_id
                 WHERE BTRIM(heard.wish_heard, E' \\n\\r\\t') <> ''
             UNION ALL
                SELECT heard.id::bigint * 4 + 2, heard.company_id, heard.customer_id, heard.tier_id, heard.user_id,
                       heard.printed_elsewhere_note, heard.day, 'elsewhere',
                       CASE WHEN heard.day < heard.first_month THEN 'dropped' ELSE 'open' END,
                       heard.elsewhere_product_type_id, NULL::int, NULL::int, heard.id
                  FROM heard
                 WHERE heard.is_done AND heard.printed_elsewhere = 'yes'
            )
            """,
            ids=companies.ids,
            zones=[company._get_broker_tz() for company in companies],
            months=[company._get_broker_today().replace(day=1) for company in companies],
            counts=[company.broker_demand_months for company in companies],
        )

    # ACTIONS

    def _get_document(self):
        return ("broker.need", self.id // 4) if self.source == "need" else ("broker.care.call", self.id // 4)
