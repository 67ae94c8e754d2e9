from odoo import fields, models
from odoo.tools import SQL


class BrokerCareFigure(models.Model):
    """The care calls, one row each: how many were planned, done, late and reached.

    A call counts in the month for which it was planned, so that what was done stands
    beside what was to be done. What was cancelled was not to be done.
    """

    _name = "broker.care.figure"
    _inherit = "broker.figure.mixin"
    _description = "Figures of Care Calls"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "call_id"

    user_id = fields.Many2one(string="Care Officer")
    call_id = fields.Many2one("broker.care.call", readonly=True)
    reason = fields.Selection(
        selection=lambda self: self.env["broker.care.rule"]._fields["reason"]._description_selection(self.env),
        string="Main Reason",
        readonly=True,
    )
    state = fields.Selection(
        selection=lambda self: self.env["broker.care.call"]._fields["state"]._description_selection(self.env),
        string="Status",
        readonly=True,
    )
    date = fields.Date(string="Planned For", readonly=True)
    date_closed = fields.Date(string="Closed On", readonly=True)
    planned_count = fields.Integer(string="Planned", readonly=True, help="Calls to be made; those cancelled are not.")
    open_count = fields.Integer(string="Not Made Yet", readonly=True)
    done_count = fields.Integer(string="Done", readonly=True, help="The customer was reached, or refused the call.")
    reached_count = fields.Integer(string="Reached", readonly=True)
    missed_count = fields.Integer(string="Missed", readonly=True, help="The window ended, or all attempts were used.")
    late_count = fields.Integer(
        string="Late", readonly=True, help="Made after the last day of its window, or not made until then."
    )
    cancelled_count = fields.Integer(string="Cancelled", readonly=True)
    attempt_count = fields.Integer(string="Attempts", readonly=True)
    reached_percent = fields.Float(
        string="Reached (%)", readonly=True, digits=(16, 1), aggregator="avg", help="Of the calls that are over."
    )

    @property
    def _table_query(self):
        for model in ("broker.care.call", "broker.customer"):
            self.env[model].flush_model()
        return SQL(
            """
            SELECT call.id, call.id AS call_id, call.company_id, call.customer_id, customer.tier_id, call.user_id,
                   call.reason, call.state, call.date_planned AS date, %(closed)s AS date_closed,
                   (call.state != 'cancelled')::int AS planned_count,
                   (call.state = 'planned')::int AS open_count,
                   (call.state = 'done')::int AS done_count,
                   (call.state = 'done' AND call.date_reached IS NOT NULL)::int AS reached_count,
                   (call.state = 'missed')::int AS missed_count,
                   (call.state != 'cancelled' AND COALESCE(%(closed)s, firm.today) > call.date_deadline)::int
                       AS late_count,
                   (call.state = 'cancelled')::int AS cancelled_count,
                   COALESCE(call.attempt_count, 0) AS attempt_count,
                   CASE WHEN call.state IN ('done', 'missed')
                        THEN 100.0 * (call.state = 'done' AND call.date_reached IS NOT NULL)::int
                         END AS reached_percent
              FROM broker_care_call call
              JOIN broker_customer customer ON customer.id = call.customer_id
              JOIN (%(firm)s) firm ON firm.company_id = call.company_id
            """,
            closed=self._get_local_day(SQL("call.date_done")),
            firm=self._get_firm_query(),
        )

    def _get_document(self):
        return "broker.care.call", self.call_id.id
