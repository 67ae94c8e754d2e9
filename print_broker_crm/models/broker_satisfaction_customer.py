from odoo import fields, models
from odoo.tools import SQL

from .broker_rhythm_mixin import BOUGHT_AGAIN


class BrokerSatisfactionCustomer(models.Model):
    """How satisfied a customer is, beside whether the customer bought again.

    A bad mood is no verdict. The score is the mean of a customer's answers, drawn
    towards the firm's mean the more, the fewer answers there are:

        smoothed = (weight × prior + answers × mean) / (weight + answers)

    with the mean of all customers' means as the prior and the weight of the settings.
    It is the posterior mean of a normal distribution with a normal prior (Bayesian
    average; Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.5), where the
    weight is the variance within customers by that between them.

    Whether they bought again is measured by their own rhythm until they answered, see
    `broker.rhythm.mixin`.
    """

    _name = "broker.satisfaction.customer"
    _description = "Satisfaction of a Customer"
    _inherit = ["broker.satisfaction.mixin", "broker.rhythm.mixin", "broker.customer.link.mixin"]
    _auto = False
    _order = "smoothed, id"
    _rec_name = "customer_id"
    _depends = {
        "sale.order": ["broker_claim_case_id", "broker_customer_id", "company_id", "date_order", "state"],
    }

    customer_id = fields.Many2one("broker.customer", readonly=True)
    user_id = fields.Many2one(help="Whom the last answer was about.")
    average = fields.Float(string="Mean", digits=(3, 2), readonly=True, aggregator="avg")
    smoothed = fields.Float(
        string="Score",
        digits=(3, 2),
        readonly=True,
        aggregator="avg",
        help="The mean of the answers, drawn towards the firm's mean the more, the fewer there are.",
    )
    last_score = fields.Integer(readonly=True, aggregator="avg")
    last_date = fields.Date(string="Last Answer", readonly=True)
    rhythm_days = fields.Integer(
        string="Usual Rhythm (Days)",
        readonly=True,
        aggregator="avg",
        help="Half of the times between two jobs before the last answer are shorter, half are longer.",
    )
    next_order_date = fields.Date(string="Next Job", readonly=True, help="The first job after the last answer.")
    bought_again = fields.Selection(
        BOUGHT_AGAIN,
        string="Bought Again Since?",
        readonly=True,
        help="Whether a job followed the last answer within the customer's usual rhythm.",
    )
    low_count = fields.Integer(string="Low Scores", readonly=True)
    low_bought_count = fields.Integer(
        string="Low, and Bought Again",
        readonly=True,
        help="Low scores after which the customer bought within the usual rhythm: a bad day rather than a verdict.",
    )
    rated_users = fields.Char(readonly=True, groups="base.group_system")

    def action_view_answers(self):
        """Open the answers that the row is made of, and those before."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_satisfaction_figure_action")
        action["domain"] = [("customer_id", "=", self.customer_id.id), ("role", "=", self.role)]
        action["context"] = {}
        return {**action, "views": [(False, "list"), (False, "kanban")], "view_mode": "list,kanban"}

    @property
    def _table_query(self):
        return SQL(
            """
            %(answers)s, bought AS (
                SELECT asked.customer_id, %(job_days)s AS days
                  FROM (SELECT DISTINCT answer.company_id, answer.customer_id FROM answer) asked
                  JOIN firm ON firm.company_id = asked.company_id
            ), dated AS (
                SELECT answer.*, (answer.date AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS day,
                       answer.score <= firm.low AS is_low
                  FROM answer
                  JOIN firm ON firm.company_id = answer.company_id
            ), followed AS (
                SELECT dated.*, since.next_day, since.rhythm_days
                  FROM dated
             LEFT JOIN bought ON bought.customer_id = dated.customer_id
            CROSS JOIN LATERAL (%(since)s) since
            ), of_customer AS (
                SELECT company_id, customer_id, role, COUNT(*) AS answers, AVG(score) AS average,
                       (ARRAY_AGG(user_id ORDER BY date DESC))[1] AS user_id,
                       (ARRAY_AGG(score ORDER BY date DESC))[1] AS last_score,
                       (ARRAY_AGG(next_day ORDER BY date DESC))[1] AS next_day,
                       MAX(day) AS last_day, (ARRAY_AGG(rhythm_days ORDER BY date DESC))[1] AS rhythm_days,
                       COUNT(*) FILTER (WHERE is_low) AS lows,
                       COUNT(*) FILTER (WHERE is_low AND next_day <= day + rhythm_days) AS lows_bought,
                       ',' || STRING_AGG(DISTINCT user_id::varchar, ',') || ',' AS rated_users
                  FROM followed
              GROUP BY company_id, customer_id, role
            ), prior AS (
                SELECT company_id, role, AVG(average) AS average FROM of_customer GROUP BY company_id, role
            )
            SELECT of_customer.customer_id::bigint * 2 + (of_customer.role = 'service')::int AS id,
                   of_customer.company_id, of_customer.customer_id, of_customer.role, of_customer.user_id,
                   of_customer.answers AS answer_count, of_customer.average,
                   (firm.weight * prior.average + of_customer.answers * of_customer.average)
                       / (firm.weight + of_customer.answers) AS smoothed,
                   of_customer.last_score::int AS last_score, of_customer.last_day AS last_date,
                   of_customer.rhythm_days, of_customer.next_day AS next_order_date,
                   %(bought_again)s AS bought_again,
                   of_customer.lows AS low_count, of_customer.lows_bought AS low_bought_count,
                   of_customer.rated_users
              FROM of_customer
              JOIN prior USING (company_id, role)
              JOIN firm USING (company_id)
            """,
            answers=self._get_answers(),
            job_days=self._get_job_days(SQL("asked.customer_id")),
            since=self._get_since_query(SQL("bought.days"), SQL("dated.day")),
            bought_again=self._get_bought_again(
                SQL("of_customer.last_day"), SQL("of_customer.next_day"), SQL("of_customer.rhythm_days")
            ),
        )
