from odoo import api, fields, models
from odoo.tools import SQL

from .broker_target_event_query_mixin import ID_SPAN, MEASURES


class BrokerTargetEvent(models.Model):
    """What counts towards somebody's targets, one row per document.

    Nothing of it is stored: a row that is no more does not count any more. Every target
    is the sum or the average of such rows, and opens them.
    """

    _name = "broker.target.event"
    _description = "What Counts towards Targets"
    _inherit = "broker.target.event.query.mixin"
    _auto = False
    _order = "date desc, id desc"

    kind = fields.Selection(
        [
            ("new_customer", "New Customer"),
            ("margin", "Margin"),
            ("handoff", "Handoff Accepted at the First Try"),
            ("leg", "Leg on Time"),
            ("answer", "Hours to the Answer"),
            ("solved", "Case Solved"),
            ("satisfaction", "Satisfaction"),
            ("repeat_margin", "Margin of Repeat Orders"),
            ("call", "Care Call in Time"),
            ("coverage", "Customer in Touch"),
            ("recovered", "Customer Recovered"),
        ],
        readonly=True,
    )
    company_id = fields.Many2one("res.company", readonly=True)
    customer_id = fields.Many2one("broker.customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Person", readonly=True, help="Whom it counts for.")
    date = fields.Date(readonly=True)
    value = fields.Float(readonly=True, digits=(16, 2), help="Counted together: customers, cases or money.")
    average = fields.Float(
        readonly=True, digits=(16, 2), aggregator="avg", help="100 when it was as it should be, else 0; or hours."
    )
    name = fields.Char(string="Document", readonly=True)
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Integer(string="Document Id", readonly=True, aggregator=None)

    @property
    def _table_query(self):
        # What a target opens says of which days and kind; a context that says anything
        # else shows fewer rows and never more.
        context = self.env.context
        kind = context.get("broker_target_kind")
        return self._get_events_query(
            self.env["res.company"].sudo().browse(self.env.companies.ids),
            [kind] if kind in MEASURES else None,
            self._read_day(context.get("broker_target_from")),
            self._read_day(context.get("broker_target_until")),
        )

    @api.model
    def _read_day(self, day):
        try:
            return fields.Date.to_date(day)
        except (TypeError, ValueError):
            return None

    # ACTIONS

    def action_open(self):
        """Open the document that the row is about."""
        self.ensure_one()
        # The id says of which kind it is, so that no other is looked at.
        self = self.with_context(broker_target_kind=list(MEASURES)[self.id // ID_SPAN - 1])
        if self.res_model == "broker.satisfaction.mine":
            return self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_satisfaction_mine_action")
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _get_totals(self, company, kinds, users, first, last):
        """Return what counts for people within some days, in one query.

        :param company: the `res.company` whose events count
        :param kinds: list of values of `kind`
        :param users: `res.users`
        :param first: the first day, a `date`, or none
        :param last: the last day, a `date`, or none
        :return: {(kind, user id): (sum, average, number of rows)}; who has no row is
            left out
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event.kind, event.user_id, SUM(event.value), AVG(event.value), COUNT(*)
                  FROM (%s) event
                 WHERE event.user_id IN %s
              GROUP BY event.kind, event.user_id
                """,
                self._get_events_query(company.sudo(), kinds, first, last),
                tuple(users.ids) or (0,),
            )
        )
        return {(kind, user): (total, average, count) for kind, user, total, average, count in rows}
