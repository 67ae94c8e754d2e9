from odoo import fields, models
from odoo.tools import SQL

from .broker_tier_dimension import DIMENSIONS


class BrokerTierHistory(models.Model):
    """The stored scores, a row for each dimension and the total, to be drawn over time."""

    _name = "broker.tier.history"
    _description = "5A History"
    _auto = False
    _order = "date, id"
    _rec_name = "customer_id"

    customer_id = fields.Many2one("broker.customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    policy_id = fields.Many2one("broker.tier.policy", readonly=True)
    date = fields.Date(readonly=True)
    code = fields.Selection(
        [
            ("revenue", "Revenue"),
            ("profit", "Profit"),
            ("efficiency", "Per-capita Efficiency"),
            ("ease", "Ease"),
            ("integrity", "Integrity"),
            ("total", "Total"),
        ],
        string="Dimension",
        readonly=True,
    )
    score = fields.Float(string="A", digits=(6, 4), readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        """A row per score and dimension that has data, and one for the total."""
        self.env["broker.tier.score"].flush_model()
        codes = [*DIMENSIONS, "total"]
        return SQL(
            """
            SELECT score.id::bigint * 8 + part.number AS id, score.customer_id, score.company_id,
                   score.policy_id, score.date, part.code, part.score
              FROM broker_tier_score score
        CROSS JOIN LATERAL (VALUES %s) AS part (number, code, score)
             WHERE part.score > 0 AND score.is_merged IS NOT TRUE
               -- A total of too few dimensions gives no tier, and is no point to begin a line with
               AND (part.code <> 'total' OR score.tier_band_id IS NOT NULL)
            """,
            SQL(", ").join(
                SQL(
                    "(%s, %s, score.%s::numeric)",
                    number,
                    code,
                    SQL.identifier(code if code == "total" else f"{code}_score"),
                )
                for number, code in enumerate(codes)
            ),
        )
