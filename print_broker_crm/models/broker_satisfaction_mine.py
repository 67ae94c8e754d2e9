from odoo import fields, models
from odoo.tools import SQL


class BrokerSatisfactionMine(models.Model):
    """What those who are scored see of it: their own average, and nothing below.

    It is made of at least five answers of different customers and moves only when as
    many have answered again (`rating.rating._publish_broker_scores`), so that no change
    tells what one customer said.
    """

    _name = "broker.satisfaction.mine"
    _description = "My Satisfaction"
    _inherit = ["broker.satisfaction.mixin"]
    _auto = False
    _order = "company_id, role"
    _rec_name = "role"

    average = fields.Float(
        digits=(3, 1), readonly=True, aggregator=None, help="From 1 to 5: the average of the customers' averages."
    )
    customer_count = fields.Integer(string="Customers", readonly=True)
    date_from = fields.Date(string="Answers Since", readonly=True)
    date = fields.Date(string="As of", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            %s, customer AS (
                SELECT company_id, user_id, role, customer_id, AVG(score) AS average, COUNT(*) AS answers,
                       MAX(published_at) AS published_at
                  FROM answer
                 WHERE user_id IS NOT NULL
              GROUP BY company_id, user_id, role, customer_id
            )
            SELECT customer.company_id::bigint * 10000000 + customer.user_id * 2
                       + (customer.role = 'service')::int AS id,
                   customer.company_id, customer.user_id, customer.role,
                   ROUND(AVG(customer.average), 1) AS average,
                   COUNT(*) AS customer_count, SUM(customer.answers)::int AS answer_count,
                   (firm.start AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS date_from,
                   (MAX(customer.published_at) AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS date
              FROM customer
              JOIN firm ON firm.company_id = customer.company_id
          GROUP BY customer.company_id, customer.user_id, customer.role, firm.minimum, firm.start, firm.zone
            HAVING COUNT(*) >= firm.minimum
            """,
            # By the day they went out: a block leaves as a whole, like it came.
            self._get_answers(counted_from="broker_published_at"),
        )
