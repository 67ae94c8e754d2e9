from odoo import fields, models
from odoo.tools import SQL


class BrokerCaseFigure(models.Model):
    """The cases, one row each: how soon they were answered and solved, and what caused them.

    A case counts in the month in which it was opened. Hours are working hours; a case that
    is not answered or solved yet has none.
    """

    _name = "broker.case.figure"
    _inherit = "broker.figure.mixin"
    _description = "Figures of Cases"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "case_id"

    user_id = fields.Many2one(string="Answers for It")
    case_id = fields.Many2one("broker.case", readonly=True)
    kind = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["kind"]._description_selection(self.env), readonly=True
    )
    severity = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["severity"]._description_selection(self.env),
        readonly=True,
    )
    source = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["source"]._description_selection(self.env),
        readonly=True,
    )
    cause = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["cause"]._description_selection(self.env), readonly=True
    )
    state = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["state"]._description_selection(self.env),
        string="Status",
        readonly=True,
    )
    date = fields.Date(string="Opened On", readonly=True)
    date_solved = fields.Date(string="Solved On", readonly=True)
    case_count = fields.Integer(string="Cases", readonly=True, help="Without those that were cancelled.")
    open_count = fields.Integer(string="Not Solved Yet", readonly=True)
    solved_count = fields.Integer(string="Solved", readonly=True)
    answer_hours = fields.Float(
        string="Hours to the Answer", readonly=True, digits=(16, 2), aggregator="avg", help="Working hours."
    )
    solution_hours = fields.Float(
        string="Hours to the Solution",
        readonly=True,
        digits=(16, 2),
        aggregator="avg",
        help="Working hours, without those waited for the customer or a printing house.",
    )
    waiting_hours = fields.Float(string="Hours Waited", readonly=True, digits=(16, 2), aggregator="avg")
    answer_late_count = fields.Integer(string="Answered Late", readonly=True)
    solution_late_count = fields.Integer(string="Solved Late", readonly=True)
    at_once_count = fields.Integer(string="Solved at Once", readonly=True)
    at_once_percent = fields.Float(
        string="Solved at Once (%)", readonly=True, digits=(16, 1), aggregator="avg", help="Of the solved cases."
    )
    reopen_count = fields.Integer(string="Reopened", readonly=True)
    cancelled_count = fields.Integer(string="Cancelled", readonly=True)
    bought_again = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["bought_again"]._description_selection(self.env),
        string="Bought Again Since?",
        readonly=True,
        help="Whether a job followed the complaint or claim within the customer's usual rhythm.",
    )
    bought_again_count = fields.Integer(
        string="Complained, and Bought Again",
        readonly=True,
        help="Complaints and claims after which the customer bought within the usual rhythm: a bad day rather than "
        "a verdict.",
    )

    @property
    def _table_query(self):
        for model in ("broker.case", "broker.customer"):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT cases.id, cases.id AS case_id, cases.company_id, cases.customer_id, customer.tier_id, cases.user_id,
                   cases.kind, cases.severity, cases.source, cases.cause, cases.state,
                   %(opened)s AS date, CASE WHEN counted.solved THEN %(solved)s END AS date_solved,
                   counted.counts::int AS case_count,
                   (counted.counts AND NOT counted.solved)::int AS open_count,
                   counted.solved::int AS solved_count,
                   CASE WHEN counted.counts AND cases.answered_at IS NOT NULL THEN cases.answer_hours END
                       AS answer_hours,
                   CASE WHEN counted.solved THEN cases.solution_hours END AS solution_hours,
                   CASE WHEN counted.solved THEN cases.waiting_hours END AS waiting_hours,
                   (counted.counts AND COALESCE(
                        cases.answer_deadline < COALESCE(cases.answered_at, %(now)s), FALSE
                   ))::int AS answer_late_count,
                   (counted.counts AND (cases.solution_late IS TRUE OR (
                        cases.state IN ('new', 'working') AND COALESCE(cases.solution_deadline < %(now)s, FALSE)
                   )))::int AS solution_late_count,
                   CASE WHEN counted.solved THEN cases.at_once_count ELSE 0 END AS at_once_count,
                   CASE WHEN counted.solved THEN 100.0 * cases.at_once_count END AS at_once_percent,
                   CASE WHEN counted.counts THEN cases.reopen_count ELSE 0 END AS reopen_count,
                   (NOT counted.counts)::int AS cancelled_count,
                   -- Not worked out where it is not asked for.
                   %(bought_again)s AS bought_again,
                   COALESCE(%(bought_again)s = 'yes', FALSE)::int AS bought_again_count
              FROM broker_case cases
              JOIN broker_customer customer ON customer.id = cases.customer_id
              JOIN (%(firm)s) firm ON firm.company_id = cases.company_id
CROSS JOIN LATERAL (
                    SELECT cases.state != 'cancelled' AS counts,
                           cases.state IN ('solved', 'closed') AND cases.solved_at IS NOT NULL AS solved
                   ) counted
            """,
            opened=self._get_local_day(SQL("cases.opened_at")),
            solved=self._get_local_day(SQL("cases.solved_at")),
            firm=self._get_firm_query(),
            bought_again=self.env["broker.case"]._get_bought_again_of("cases"),
            now=fields.Datetime.now(),
        )

    def _get_document(self):
        return "broker.case", self.case_id.id
