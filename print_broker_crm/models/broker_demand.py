from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_demand_voice import BrokerDemandVoice

# Row ids are made of the company, what the row is about and its number there.
_NUMBERS = 2**32


class BrokerDemand(models.Model):
    """What customers want, by kind of product: how many said so, and what they are worth.

    What to offer next. A row counts customers and not voices: whoever says a thing five
    times is one customer, and the margin behind a row counts each of them once. Customers
    stand in several rows, so rows are not summed.
    """

    _name = "broker.demand"
    _description = "Demand"
    _auto = False
    _order = "customer_count desc, margin desc, id"
    _rec_name = "name"
    _depends = {**BrokerDemandVoice._depends, "broker.tier": ["is_key"]}

    name = fields.Char(string="What Is Wanted", compute="_compute_name")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_type_id = fields.Many2one("broker.product.type", readonly=True)
    category_id = fields.Many2one(
        "product.category", readonly=True, help="Where the product has no print product type."
    )
    customer_count = fields.Integer(
        string="Customers", readonly=True, aggregator=None, help="So many different customers wait for this."
    )
    key_count = fields.Integer(string="Key Customers", readonly=True, aggregator=None, help="Of these 4A and 5A.")
    voice_count = fields.Integer(
        string="Voices", readonly=True, help="How often it was said: needs, wishes, and what was printed elsewhere."
    )
    elsewhere_count = fields.Integer(
        string="Printed Elsewhere",
        readonly=True,
        aggregator=None,
        help="So many of these customers had it printed by others.",
    )
    proven_count = fields.Integer(
        string="Customers Served", readonly=True, aggregator=None, help="So many customers wanted it and bought it."
    )
    margin = fields.Monetary(
        string="Margin behind It",
        readonly=True,
        aggregator=None,
        help="What the customers who wait for this earned the firm in the closed months of the settings, with "
        "everything they bought.",
    )
    date_last = fields.Date(string="Last Heard", readonly=True)

    @api.depends("product_type_id", "category_id")
    @api.depends_context("lang")
    def _compute_name(self):
        for demand in self:
            demand.name = (
                demand.product_type_id.name or demand.category_id.sudo().complete_name or self.env._("No product named")
            )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH %(common)s, named AS (
                SELECT voice.*,
                       CASE WHEN product_type_id IS NOT NULL THEN 1 WHEN category_id IS NOT NULL THEN 2 ELSE 0 END
                           AS kind,
                       COALESCE(product_type_id, category_id, 0) AS number
                  FROM voice
            ), wanted AS (
                SELECT company_id, kind, number, customer_id, tier_id,
                       COUNT(*) FILTER (WHERE state = 'open') AS voices,
                       BOOL_OR(state = 'open' AND source = 'elsewhere') AS elsewhere,
                       BOOL_OR(state = 'proven') AS proven,
                       MAX(date) AS date
                  FROM named
              GROUP BY company_id, kind, number, customer_id, tier_id
            )
            SELECT (wanted.company_id::bigint * 4 + wanted.kind) * %(numbers)s + wanted.number AS id,
                   wanted.company_id,
                   CASE WHEN wanted.kind = 1 THEN wanted.number END AS product_type_id,
                   CASE WHEN wanted.kind = 2 THEN wanted.number END AS category_id,
                   COUNT(*) FILTER (WHERE wanted.voices > 0) AS customer_count,
                   COUNT(*) FILTER (WHERE wanted.voices > 0 AND tier.is_key) AS key_count,
                   SUM(wanted.voices)::int AS voice_count,
                   COUNT(*) FILTER (WHERE wanted.elsewhere) AS elsewhere_count,
                   COUNT(*) FILTER (WHERE wanted.proven) AS proven_count,
                   COALESCE(SUM(behind.margin) FILTER (WHERE wanted.voices > 0), 0) AS margin,
                   MAX(wanted.date) AS date_last
              FROM wanted
         LEFT JOIN behind ON behind.customer_id = wanted.customer_id
         LEFT JOIN broker_tier tier ON tier.id = wanted.tier_id
          GROUP BY wanted.company_id, wanted.kind, wanted.number
            """,
            common=self.env["broker.demand.voice"]._get_common_query(),
            numbers=_NUMBERS,
        )

    # ACTIONS

    def _get_voice_domain(self):
        """Return which voices a row counts, open or not, as a `Domain`."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id) & Domain("product_type_id", "=", self.product_type_id.id)
        return domain if self.product_type_id else domain & Domain("category_id", "=", self.category_id.id)

    def action_view_voices(self):
        """Open what was said, what is still open first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_demand_voice_action")
        return {
            **action,
            "display_name": self.name,
            "domain": list(self._get_voice_domain()),
            "context": {"search_default_open": 1},
        }

    def action_start_campaign(self):
        """Open a new campaign to the customers who wait for this."""
        self.ensure_one()
        campaign = self.env["broker.campaign"].create(
            {
                "name": self.name,
                "company_id": self.company_id.id,
                "demand_type_ids": self.product_type_id.ids,
                "demand_category_ids": [] if self.product_type_id else self.category_id.ids,
            }
        )
        return campaign._get_form_action()
