from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerSatisfactionMonth(models.Model):
    """Satisfaction with a person, month by month, for managers and the care line.

    Each customer counts once in a month and once in its quarter, however often they were
    asked: one loud complaint sinks no quarter.
    """

    _name = "broker.satisfaction.month"
    _description = "Satisfaction by Person and Month"
    _inherit = ["broker.satisfaction.mixin"]
    _auto = False
    _order = "month desc, role, user_id"
    _rec_name = "user_id"

    month = fields.Date(readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    average = fields.Float(
        digits=(3, 2), readonly=True, aggregator="avg", help="The average of the customers' averages in the month."
    )
    quarter_average = fields.Float(
        string="In the Quarter",
        digits=(3, 2),
        readonly=True,
        aggregator="avg",
        help="The average of the customers' averages in the quarter of this month.",
    )
    smoothed = fields.Float(
        string="Smoothed in the Quarter",
        digits=(3, 2),
        readonly=True,
        aggregator="avg",
        help="The quarter's average, drawn towards the firm's the more, the fewer customers answered.",
    )
    low_count = fields.Integer(string="Low Scores", readonly=True)

    def action_view_answers(self):
        """Open the answers of the month that the row is made of."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_satisfaction_figure_action")
        action["domain"] = list(
            Domain("company_id", "=", self.company_id.id)
            & Domain("user_id", "=", self.user_id.id)
            & Domain("role", "=", self.role)
            & Domain("date", ">=", self.month)
            & Domain("date", "<", self.month + relativedelta(months=1))
        )
        action["context"] = {}
        return {**action, "views": [(False, "list"), (False, "kanban")], "view_mode": "list,kanban"}

    @property
    def _table_query(self):
        return SQL(
            """
            %s, dated AS (
                SELECT answer.*, (answer.score <= firm.low)::int AS is_low,
                       DATE_TRUNC('month', answer.date AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS month,
                       DATE_TRUNC('quarter', answer.date AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date AS quarter
                  FROM answer
                  JOIN firm ON firm.company_id = answer.company_id
                 WHERE answer.user_id IS NOT NULL
            ), monthly AS (
                SELECT company_id, user_id, role, month, quarter, COUNT(*) AS customers, SUM(answers) AS answers,
                       SUM(lows) AS lows, AVG(average) AS average
                  FROM (
                       SELECT company_id, user_id, role, month, quarter, customer_id, COUNT(*) AS answers,
                              SUM(is_low) AS lows, AVG(score) AS average
                         FROM dated
                     GROUP BY company_id, user_id, role, month, quarter, customer_id
                       ) of_customer
              GROUP BY company_id, user_id, role, month, quarter
            ), quarterly AS (
                SELECT company_id, user_id, role, quarter, COUNT(*) AS customers, AVG(average) AS average
                  FROM (
                       SELECT company_id, user_id, role, quarter, customer_id, AVG(score) AS average
                         FROM dated
                     GROUP BY company_id, user_id, role, quarter, customer_id
                       ) of_customer
              GROUP BY company_id, user_id, role, quarter
            ), prior AS (
                SELECT company_id, role, AVG(average) AS average
                  FROM (
                       SELECT company_id, role, customer_id, AVG(score) AS average
                         FROM answer
                     GROUP BY company_id, role, customer_id
                       ) of_customer
              GROUP BY company_id, role
            )
            SELECT ROW_NUMBER() OVER (ORDER BY monthly.month, monthly.company_id, monthly.user_id, monthly.role) AS id,
                   monthly.company_id, monthly.user_id, monthly.role, monthly.month, monthly.average,
                   monthly.customers AS customer_count, monthly.answers::int AS answer_count,
                   monthly.lows::int AS low_count, quarterly.average AS quarter_average,
                   (firm.weight * prior.average + quarterly.customers * quarterly.average)
                       / (firm.weight + quarterly.customers) AS smoothed
              FROM monthly
              JOIN quarterly USING (company_id, user_id, role, quarter)
              JOIN prior USING (company_id, role)
              JOIN firm USING (company_id)
            """,
            self._get_answers(),
        )
