from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_rhythm_mixin import BOUGHT_AGAIN

# What an enquiry or an arbitration is about did not drive a customer away.
JUDGED_KINDS = ("complaint", "claim")


class BrokerCaseRhythmMixin(models.AbstractModel):
    """Whether a customer bought again after complaining: a bad day is no verdict.

    Nothing of it is stored: every new job and every day may change it.
    """

    _name = "broker.case.rhythm.mixin"
    _description = "Case: Bought Again"
    _inherit = ["broker.rhythm.mixin"]

    bought_again = fields.Selection(
        BOUGHT_AGAIN,
        string="Bought Again Since?",
        compute="_compute_bought_again",
        search="_search_bought_again",
        help="Whether a job followed the complaint or claim within the customer's usual rhythm. "
        "What is printed again for nothing does not count.",
    )

    @api.depends("customer_id", "kind", "opened_at", "state")
    def _compute_bought_again(self):
        marks = {}
        if self._origin.ids:
            marks = dict(
                self.env.execute_query(
                    SQL(
                        "SELECT cases.id, %s FROM broker_case cases WHERE cases.id IN %s",
                        self._get_bought_again_of("cases"),
                        tuple(self._origin.ids),
                    )
                )
            )
        for case in self:
            case.bought_again = marks.get(case._origin.id, False)

    @api.model
    def _search_bought_again(self, operator, value):
        if operator != "in":
            return NotImplemented
        marks = [mark for mark in value if mark]

        def to_sql(model, alias, query):
            mark = self._get_bought_again_of(alias)
            found = SQL("COALESCE(%s = ANY(%s), FALSE)", mark, marks)
            return SQL("(%s OR %s IS NULL)", found, mark) if False in value else found

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _get_bought_again_of(self, alias):
        """Return the SQL of whether the customer of a case bought again: one of
        BOUGHT_AGAIN, or NULL where no complaint counts.

        :param alias: of the table of cases
        """
        self.env["broker.case"].flush_model(["company_id", "customer_id", "kind", "opened_at", "state"])
        self.env["sale.order"].flush_model(
            ["broker_claim_case_id", "broker_customer_id", "company_id", "date_order", "state"]
        )
        Figure = self.env["broker.figure.mixin"]
        return SQL(
            """
            (
                SELECT %(bought_again)s
                  FROM (%(firm)s) firm
            CROSS JOIN LATERAL (SELECT %(day)s AS day) complaint
            CROSS JOIN LATERAL (%(since)s) since
                 WHERE firm.company_id = %(company)s AND %(kind)s IN %(kinds)s AND %(state)s != 'cancelled'
            )
            """,
            bought_again=self._get_bought_again(SQL("complaint.day"), SQL("since.next_day"), SQL("since.rhythm_days")),
            firm=Figure._get_firm_query(),
            day=Figure._get_local_day(SQL.identifier(alias, "opened_at")),
            since=self._get_since_query(self._get_job_days(SQL.identifier(alias, "customer_id")), SQL("complaint.day")),
            company=SQL.identifier(alias, "company_id"),
            kind=SQL.identifier(alias, "kind"),
            kinds=JUDGED_KINDS,
            state=SQL.identifier(alias, "state"),
        )
