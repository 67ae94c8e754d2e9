from datetime import date, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, OrderedSet

from .broker_target_event_query_mixin import TargetScope

# The newest rows are looked for in so many days, then in so many more, then in all.
RECENT_DAYS = (7, 31, 366)


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
        return self._get_events_query(
            self.env["res.company"].sudo().browse(self.env.companies.ids), self._get_event_scope()
        )

    @api.model
    def _get_event_scope(self):
        """Return the `TargetScope` of the context: what a search looks at, or what a target
        opens. A context that says anything else shows fewer rows and never more."""
        context = self.env.context
        scope = context.get("broker_target_scope")
        if not isinstance(scope, TargetScope):
            kind = context.get("broker_target_kind")
            scope = TargetScope().narrow(
                kinds=[kind] if kind in TargetScope().kinds else None,
                first=self._read_day(context.get("broker_target_from")),
                last=self._read_day(context.get("broker_target_until")),
            )
        return scope

    @api.model
    def _read_day(self, day):
        try:
            return fields.Date.to_date(day)
        except (TypeError, ValueError):
            return None

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Look at no more than what the domain leaves. Of a page of the newest rows the last
        days are looked at first: what all invoices of a firm left is a lot to work out."""
        if isinstance(self.env.context.get("broker_target_scope"), TargetScope):
            return super()._search(domain, offset=offset, limit=limit, order=order, **kwargs)
        domain = Domain(domain).optimize_full(self)
        scope = self._narrow_scope(self._get_event_scope(), domain)
        if limit and scope.ids is None and (not order or order.lower().startswith("date desc")):
            newest = min(filter(None, (fields.Date.context_today(self), scope.last)))
            for days in RECENT_DAYS:
                first = newest - timedelta(days=days)
                if scope.first and scope.first >= first:
                    break
                recent = self.with_context(broker_target_scope=scope.narrow(first=first))
                page = domain & Domain("date", ">=", first)
                ids = recent._search(page, offset=offset, limit=limit, order=order, **kwargs).get_result_ids()
                if len(ids) == limit:
                    # Read from the days of these rows alone
                    return self.with_context(broker_target_scope=scope.narrow(ids=ids)).browse(ids)._as_query()
        return self.with_context(broker_target_scope=scope)._search(
            domain, offset=offset, limit=limit, order=order, **kwargs
        )

    @api.model
    def _narrow_scope(self, scope, domain):
        """Return the part of a `TargetScope` that the conditions of a domain leave."""
        for condition in domain.children if getattr(domain, "OPERATOR", None) == "&" else (domain,):
            if not hasattr(condition, "field_expr"):
                continue
            name, operator, value = condition.field_expr, condition.operator, condition.value
            values = value if isinstance(value, OrderedSet) else ()
            if name == "kind" and values and operator == "in":
                scope = scope.narrow(kinds=values)
            elif name == "id" and values and operator == "in":
                scope = scope.narrow(ids=[number for number in values if isinstance(number, int)])
        first, last = self._get_days_left(domain)
        return scope.narrow(first=first, last=last)

    @api.model
    def _get_days_left(self, domain):
        """Return the first and the last day that the conditions of a domain leave, each None
        where they say nothing: of several periods from the first to the last of all."""
        operator = getattr(domain, "OPERATOR", None)
        if operator in ("&", "|"):
            firsts, lasts = zip(*map(self._get_days_left, domain.children), strict=True)
            if operator == "&":
                return max(filter(None, firsts), default=None), min(filter(None, lasts), default=None)
            return None if None in firsts else min(firsts), None if None in lasts else max(lasts)
        if getattr(domain, "field_expr", None) != "date":
            return None, None
        value = domain.value
        if domain.operator == "in" and value and all(isinstance(day, date) for day in value):
            return min(value), max(value)
        is_day = isinstance(value, date)
        return (
            value if is_day and domain.operator in (">", ">=") else None,
            value if is_day and domain.operator in ("<", "<=") else None,
        )

    # ACTIONS

    def action_open(self):
        """Open the document that the row is about."""
        self.ensure_one()
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
                self._get_events_query(company.sudo(), TargetScope().narrow(kinds, first, last)),
                tuple(users.ids) or (0,),
            )
        )
        return {(kind, user): (total, average, count) for kind, user, total, average, count in rows}
