from odoo import api, models
from odoo.tools import SQL

from .rating_rating import RATED_MODELS


class BrokerCustomerMonthServiceMixin(models.AbstractModel):
    """What service and care have to do with a customer's month, in SQL: cases, calls, scores
    and touches."""

    _name = "broker.customer.month.service.mixin"
    _description = "Customer Month: Service and Care"

    @api.model
    def _get_service_queries(self, company, scope):
        """What else happened: cases, calls, scores and touches. Each is the customer, the month,
        {figure: SQL}, and the SQL from the FROM on."""
        return [
            self._get_case_query(company, scope),
            self._get_call_query(company, scope),
            self._get_score_query(company, scope),
            self._get_touch_query(company, scope),
        ]

    @api.model
    def _get_case_query(self, company, scope):
        """The cases by the day on which they were opened, without those cancelled."""
        join, condition = scope.get_join(SQL("cases.customer_id"))
        return (
            SQL("cases.customer_id"),
            self._get_local_month(company, SQL("cases.opened_at")),
            {
                "case_count": SQL("1"),
                "complaint_count": SQL("(cases.kind IN ('complaint', 'claim'))::int"),
                "claim_cost": SQL("COALESCE(cases.claim_cost, 0)"),
            },
            SQL(
                """
                FROM broker_case cases %s
                WHERE cases.company_id = %s AND cases.state != 'cancelled' AND cases.opened_at IS NOT NULL AND %s
                """,
                join,
                company.id,
                condition,
            ),
        )

    @api.model
    def _get_call_query(self, company, scope):
        """The care calls by the day on which they were done."""
        join, condition = scope.get_join(SQL("call.customer_id"))
        return (
            SQL("call.customer_id"),
            self._get_local_month(company, SQL("call.date_done")),
            {"call_count": SQL("1")},
            SQL(
                """
                FROM broker_care_call call %s
                WHERE call.company_id = %s AND call.state = 'done' AND call.date_done IS NOT NULL AND %s
                """,
                join,
                company.id,
                condition,
            ),
        )

    @api.model
    def _get_score_query(self, company, scope):
        """What the customer answered about those who sell and serve, in calls and by links,
        as satisfaction counts it."""
        call, link = RATED_MODELS
        figures = {}
        for role in ("sales", "service"):
            figures[f"rating_{role}_sum"] = SQL("CASE WHEN rating.broker_role = %s THEN rating.rating::int END", role)
            figures[f"rating_{role}_count"] = SQL("(rating.broker_role = %s)::int", role)

        def asked(model):
            join, condition = scope.get_join(SQL("question.customer_id"))
            return SQL(
                "SELECT question.customer_id, %s AS model, question.id FROM %s question %s WHERE %s",
                model,
                SQL.identifier(self.env[model]._table),
                join,
                condition,
            )

        return (
            SQL("asked.customer_id"),
            self._get_local_month(company, SQL("rating.rated_on")),
            figures,
            SQL(
                """
                FROM (%s UNION ALL %s) AS asked
                JOIN rating_rating rating ON rating.res_model = asked.model AND rating.res_id = asked.id
                WHERE rating.broker_company_id = %s AND rating.broker_role IN ('sales', 'service')
                  AND rating.consumed AND rating.rating > 0
                """,
                asked(call),
                asked(link),
                company.id,
            ),
        )

    @api.model
    def _get_touch_query(self, company, scope):
        """Who was in touch, as coverage counts it: what passes between the customer and the
        care line is left out, and so is a handoff of which the customer has not heard."""
        day = self.env["broker.contact"]._get_day(company, SQL("contact.date"), SQL("contact.res_model"))
        join, condition = scope.get_join(SQL("contact.customer_id"), day)
        if scope.due:
            # Looked up by a day more on both sides, whatever the time zone
            condition = SQL("%s AND contact.date >= due.first - 2 AND contact.date < due.last + 2", condition)
        figures = {
            "sales_touch_count": SQL("(contact.role = 'sales' AND contact.user_id IS NOT NULL)"),
            "service_touch_count": SQL(
                "(contact.role = 'service' AND contact.user_id IS NOT NULL AND contact.channel != 'handoff')"
            ),
            "inbound_touch_count": SQL(
                """
                (contact.role IS DISTINCT FROM 'care'
                 AND (contact.direction != 'out' OR contact.channel IN ('visit', 'meeting')))
                """
            ),
        }
        return (
            SQL("contact.customer_id"),
            self._get_month(day),
            {name: SQL("COALESCE(%s, FALSE)::int", figure) for name, figure in figures.items()},
            SQL(
                "FROM broker_contact contact %s WHERE contact.company_id = %s AND %s AND (%s)",
                join,
                company.id,
                condition,
                SQL(" OR ").join(figures.values()),
            ),
        )
