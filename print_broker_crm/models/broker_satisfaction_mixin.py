from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .rating_rating import RATED_MODELS


class BrokerSatisfactionMixin(models.AbstractModel):
    """What the looks at satisfaction have in common: the answers that count.

    An answer is one score of one customer about one person, by phone or by a link. A
    customer who answers often does not count more than one who answers once: an average
    is that of the customers' averages.
    """

    _name = "broker.satisfaction.mixin"
    _description = "Satisfaction"
    _depends = {
        "broker.care.call": ["customer_id"],
        "broker.rating.link": ["customer_id"],
        "rating.rating": [
            "broker_company_id",
            "broker_published_at",
            "broker_role",
            "consumed",
            "rated_on",
            "rated_partner_id",
            "rating",
            "res_id",
            "res_model",
        ],
        "res.users": ["partner_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", string="Person", readonly=True)
    role = fields.Selection([("sales", "Sales"), ("service", "Service")], readonly=True)
    answer_count = fields.Integer(string="Answers", readonly=True)

    @api.model
    def _get_answers(self, counted_from="rated_on"):
        """Return the beginning of a query, `WITH firm ..., answer ...`: the settings of
        each company, and its answers within the days that satisfaction looks back.

        An answer has company_id, customer_id, user_id, role, score, date (UTC) and
        published_at.

        :param counted_from: the column of the rating by which it is within the days
        :return: `SQL`
        """
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        call, link = RATED_MODELS
        return SQL(
            """
            WITH firm AS (
                SELECT *
                  FROM UNNEST(%(companies)s::int[], %(zones)s::varchar[], %(starts)s::timestamp[], %(lows)s::int[],
                              %(weights)s::numeric[], %(minimums)s::int[], %(days)s::date[])
                       AS firm (company_id, zone, start, low, weight, minimum, today)
            ), answer AS (
                SELECT rating.broker_company_id AS company_id,
                       COALESCE(call.customer_id, link.customer_id) AS customer_id,
                       person.id AS user_id, rating.broker_role AS role, rating.rating::numeric AS score,
                       rating.rated_on AS date, rating.broker_published_at AS published_at
                  FROM rating_rating rating
                  JOIN firm ON firm.company_id = rating.broker_company_id AND rating.%(counted_from)s >= firm.start
             LEFT JOIN broker_care_call call ON rating.res_model = %(call)s AND call.id = rating.res_id
             LEFT JOIN broker_rating_link link ON rating.res_model = %(link)s AND link.id = rating.res_id
             LEFT JOIN LATERAL (
                       SELECT users.id FROM res_users users
                        WHERE users.partner_id = rating.rated_partner_id
                     ORDER BY users.active DESC, users.id LIMIT 1
                       ) person ON TRUE
                 WHERE rating.broker_role IN ('sales', 'service') AND rating.consumed AND rating.rating > 0
                   AND COALESCE(call.customer_id, link.customer_id) IS NOT NULL
            )
            """,
            counted_from=SQL.identifier(counted_from),
            companies=companies.ids,
            zones=[company._get_broker_tz() for company in companies],
            starts=[company._get_broker_day_start(company.broker_satisfaction_days) for company in companies],
            lows=companies.mapped("broker_low_score"),
            weights=companies.mapped("broker_satisfaction_weight"),
            minimums=[company._get_satisfaction_minimum() for company in companies],
            days=[company._get_broker_today() for company in companies],
            call=call,
            link=link,
        )
