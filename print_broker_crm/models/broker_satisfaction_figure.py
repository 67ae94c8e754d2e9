from odoo import fields, models
from odoo.tools import SQL


class BrokerSatisfactionFigure(models.Model):
    """What customers answered about those who sell and serve, one row per score."""

    _name = "broker.satisfaction.figure"
    _inherit = "broker.figure.mixin"
    _description = "Figures of Satisfaction"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "customer_id"

    user_id = fields.Many2one(string="Person Scored")
    role = fields.Selection(
        selection=lambda self: self.env["rating.rating"]._fields["broker_role"]._description_selection(self.env),
        readonly=True,
    )
    date = fields.Date(string="Answered On", readonly=True)
    source = fields.Selection([("call", "Care Call"), ("link", "Link")], string="Asked By", readonly=True)
    res_id = fields.Integer(string="Document Id", readonly=True, aggregator=None)
    score = fields.Float(readonly=True, digits=(16, 2), aggregator="avg", help="1 to 5.")
    answer_count = fields.Integer(string="Answers", readonly=True)
    content_count = fields.Integer(string="Content", readonly=True, help="A score of 4 or 5.")
    unhappy_count = fields.Integer(string="Unhappy", readonly=True, help="A score of 1 or 2.")

    @property
    def _table_query(self):
        for model in ("broker.care.call", "broker.customer", "broker.rating.link", "rating.rating", "res.users"):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT rating.id, asked.company_id, asked.customer_id, customer.tier_id, person.id AS user_id,
                   rating.broker_role AS role, %(day)s AS date, asked.source, rating.res_id, rating.rating AS score,
                   1 AS answer_count, (rating.rating >= 4)::int AS content_count, (rating.rating <= 2)::int
                       AS unhappy_count
              FROM rating_rating rating
              JOIN (
                    SELECT 'broker.care.call' AS model, 'call' AS source, id, company_id, customer_id
                      FROM broker_care_call
                 UNION ALL
                    SELECT 'broker.rating.link', 'link', id, company_id, customer_id
                      FROM broker_rating_link
                   ) asked ON asked.model = rating.res_model AND asked.id = rating.res_id
              JOIN broker_customer customer ON customer.id = asked.customer_id
              JOIN (%(firm)s) firm ON firm.company_id = asked.company_id
 LEFT JOIN LATERAL (
                    SELECT users.id
                      FROM res_users users
                     WHERE users.partner_id = rating.rated_partner_id
                  ORDER BY users.share, users.id
                     LIMIT 1
                   ) person ON TRUE
             WHERE rating.broker_role IS NOT NULL AND rating.consumed AND rating.rating >= 1
            """,
            day=self._get_local_day(SQL("rating.rated_on")),
            firm=self._get_firm_query(),
        )

    def _get_document(self):
        return ("broker.care.call" if self.source == "call" else "broker.rating.link"), self.res_id
