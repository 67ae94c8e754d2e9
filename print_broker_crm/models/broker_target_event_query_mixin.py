from datetime import date, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

# A target is the sum of its events' values, or their average.
SUM, AVERAGE = "sum", "average"
MEASURES = {
    "new_customer": SUM,
    "margin": SUM,
    "handoff": AVERAGE,
    "leg": AVERAGE,
    "answer": AVERAGE,
    "solved": SUM,
    "satisfaction": AVERAGE,
    "repeat_margin": SUM,
    "call": AVERAGE,
    "coverage": AVERAGE,
    "recovered": SUM,
}
# The ids of a kind's rows: its place times this, and the document's id.
ID_SPAN = 10**14
# What invoices left.
MARGIN_KINDS = ("margin", "repeat_margin")
# What is known of today alone: a period that is over keeps what was seen last.
PRESENT_KINDS = ("satisfaction", "coverage")
# The invoices of a span as long as this are looked up; of a longer one it is quicker to read all.
FEW_DAYS = 92


class TargetScope(NamedTuple):
    """Which events are looked at: of these kinds, from a first to a last day, with these ids;
    of all where nothing is said."""

    kinds: tuple = tuple(MEASURES)
    first: date | None = None
    last: date | None = None
    ids: tuple | None = None

    def narrow(self, kinds=None, first=None, last=None, ids=None):
        """Return the part of it that all of these leave."""
        return TargetScope(
            self.kinds if kinds is None else tuple(kind for kind in self.kinds if kind in kinds),
            max(filter(None, (self.first, first)), default=None),
            min(filter(None, (self.last, last)), default=None),
            self.ids if ids is None else tuple(ids) if self.ids is None else tuple(set(self.ids) & set(ids)),
        )

    def get_documents(self, kind):
        """Return the ids of the documents of a kind, or None when all are meant."""
        if self.ids is None:
            return None
        place = list(MEASURES).index(kind) + 1
        return [number % ID_SPAN for number in self.ids if number // ID_SPAN == place]


class BrokerTargetEventQueryMixin(models.AbstractModel):
    """What counts towards targets, in SQL: each kind has its own query.

    Each returns company_id, customer_id, user_id, date, value, res_model, res_id and name.
    Days are those of the company. Where a document does not say whose it was, the
    assignment ledger says who had the customer on that day.
    """

    _name = "broker.target.event.query.mixin"
    _description = "Target Event: Queries"

    @api.model
    def _get_events_query(self, companies, scope):
        """Return the SELECT of all events.

        :param companies: the `res.company` whose events are looked at
        :param scope: the `TargetScope`; without a first day all that came before counts
        """
        self._flush_target_sources()
        firm = SQL(
            "SELECT * FROM UNNEST(%s::int[], %s::varchar[], %s::date[]) AS firm (company_id, zone, today)",
            companies.ids,
            [company._get_broker_tz() for company in companies],
            [company._get_broker_today() for company in companies],
        )
        queries = []
        for kind in MEASURES:
            documents = scope.get_documents(kind)
            if kind in scope.kinds and (documents is None or documents):
                first, last = self._get_days_of(kind, documents, scope)
                query = getattr(self, f"_get_{kind}_query")(companies, firm, first, last)
                queries.append(self._get_kind_query(kind, query, first, last, documents))
        return SQL(" UNION ALL ").join(queries or [self._get_no_event_query()])

    @api.model
    def _get_days_of(self, kind, documents, scope):
        """Return the first and the last day to look at: of some invoices no more than theirs."""
        if kind not in MARGIN_KINDS or documents is None:
            return scope.first, scope.last
        days = self.env.execute_query(
            SQL("SELECT MIN(invoice_date), MAX(invoice_date) FROM account_move WHERE id = ANY(%s)", documents)
        )
        return scope.narrow(first=days[0][0], last=days[0][1])[1:3]

    @api.model
    def _get_kind_query(self, kind, query, first, last, documents):
        """Return a kind's SELECT with what all kinds have, within its days.

        :param documents: ids of the only documents that are wanted, or None
        """
        return SQL(
            """
            SELECT %(place)s::bigint * %(span)s + event.res_id AS id, %(kind)s AS kind,
                   event.company_id, event.customer_id, event.user_id, event.date,
                   event.value::float8 AS value,
                   CASE WHEN %(is_average)s THEN event.value::float8 END AS average,
                   event.res_model, event.res_id::bigint AS res_id, event.name
              FROM (%(query)s) event
             WHERE event.date >= %(first)s AND event.date <= %(last)s AND %(documents)s
            """,
            place=list(MEASURES).index(kind) + 1,
            span=ID_SPAN,
            kind=kind,
            is_average=MEASURES[kind] == AVERAGE,
            query=query,
            first=first or SQL("'-infinity'::date"),
            last=last or SQL("'infinity'::date"),
            documents=SQL("TRUE") if documents is None else SQL("event.res_id = ANY(%s::bigint[])", documents),
        )

    @api.model
    def _get_no_event_query(self):
        return SQL(
            """
            SELECT NULL::bigint AS id, NULL AS kind, NULL::int AS company_id, NULL::int AS customer_id,
                   NULL::int AS user_id, NULL::date AS date, NULL::float8 AS value, NULL::float8 AS average,
                   NULL AS res_model, NULL::bigint AS res_id, NULL AS name
             WHERE FALSE
            """
        )

    @api.model
    def _flush_target_sources(self):
        for model in (
            "account.move",
            "account.move.line",
            "broker.assignment",
            "broker.care.call",
            "broker.case",
            "broker.case.period",
            "broker.customer",
            "broker.handoff",
            "broker.handoff.event",
            "broker.rating.link",
            "broker.relay.leg",
            "broker.trend.change",
            "rating.rating",
            "res.users",
            "sale.order",
            "sale.order.line",
        ):
            self.env[model].flush_model()

    # PARTS OF QUERIES

    @api.model
    def _get_target_day(self, moment):
        """Return the SQL of the firm's day of a stored moment; the query knows `firm`."""
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date", moment)

    @api.model
    def _get_target_bounds(self, moment, first, last):
        """Return the SQL that tells whether a stored moment can lie within some days,
        wherever the firm is: what an index can be asked."""
        return SQL(
            "%s AND %s",
            SQL("%s >= %s::date - INTERVAL '1 day'", moment, first) if first else SQL("TRUE"),
            SQL("%s < %s::date + INTERVAL '2 days'", moment, last) if last else SQL("TRUE"),
        )

    @api.model
    def _get_owner_join(self, role, customer, day):
        """Return the SQL that joins, as `owner`, who had a customer in a role on a day."""
        return SQL(
            """
            LEFT JOIN broker_assignment owner
              ON owner.customer_id = %(customer)s AND owner.role = %(role)s AND owner.is_void IS NOT TRUE
             AND owner.date_from <= %(day)s AND (owner.date_to IS NULL OR owner.date_to > %(day)s)
            """,
            customer=customer,
            role=role,
            day=day,
        )

    @api.model
    def _get_earlier_job_test(self, job):
        """Return the SQL that tells whether the customer of a job had one before."""
        return SQL(
            """
            EXISTS (
                SELECT FROM sale_order earlier
                 WHERE earlier.broker_customer_id = %(job)s.broker_customer_id AND earlier.state = 'sale'
                   AND earlier.broker_claim_case_id IS NULL
                   AND (earlier.date_order, earlier.id) < (%(job)s.date_order, %(job)s.id)
            )
            """,
            job=job,
        )

    @api.model
    def _get_margin_of_lines(self, companies, firm, first, last, condition):
        """Return the SELECT of what each invoice leaves, for whoever had the customer in a
        role on its day; a credit note takes from whoever had it on the day of its invoice.

        :param condition: the role, and `SQL` that tells which orders count: it knows `job`,
            empty for what no order was billed for
        """
        role, counts = condition
        Month = self.env["broker.customer.month"]
        first = first or date.min
        is_few = (last or fields.Date.today()) - first <= timedelta(days=FEW_DAYS)
        last = last or date.max
        lines = [
            SQL("(%s)", Month._get_profit_rows_query(company, first, last, is_few=is_few)) for company in companies
        ]
        return SQL(
            """
            SELECT move.company_id, move.broker_customer_id AS customer_id, owner.user_id,
                   move.invoice_date AS date, bill.profit AS value, 'account.move' AS res_model,
                   move.id AS res_id, move.name
              FROM (
                    SELECT part.move_id, SUM(part.profit) AS profit
                      FROM (
                            -- The order is asked once and not for each line
                            SELECT line.move_id, line.order_id, SUM(line.profit) AS profit
                              FROM (%(lines)s) line
                             WHERE line.profit IS NOT NULL
                          GROUP BY line.move_id, line.order_id
                           ) part
                 LEFT JOIN sale_order job ON job.id = part.order_id
                     WHERE %(counts)s
                  GROUP BY part.move_id
                   ) bill
              JOIN account_move move ON move.id = bill.move_id
         LEFT JOIN account_move origin ON origin.id = move.reversed_entry_id
        CROSS JOIN LATERAL (SELECT COALESCE(origin.invoice_date, move.invoice_date) AS day) sold
                   %(owner)s
            """,
            lines=SQL(" UNION ALL ").join(lines),
            counts=counts,
            owner=self._get_owner_join(role, SQL("move.broker_customer_id"), SQL("sold.day")),
        )

    # SALES

    @api.model
    def _get_margin_query(self, companies, firm, first, last):
        """What the invoices of a salesperson's customers left, line by line as in the 5A
        scores; a line without a known cost is left out."""
        return self._get_margin_of_lines(companies, firm, first, last, ("sales", SQL("TRUE")))

    @api.model
    def _get_new_customer_query(self, companies, firm, first, last):
        """The first job of a customer whom the firm had not invoiced for anything else.

        A reprint for a claim is no job. A firm that began its books anew has no old
        customers among its new ones as long as their invoices are there.
        """
        return SQL(
            """
            SELECT job.company_id, job.broker_customer_id AS customer_id, owner.user_id, local.day AS date,
                   1 AS value, 'sale.order' AS res_model, job.id AS res_id, job.name
              FROM sale_order job
              JOIN (%(firm)s) firm ON firm.company_id = job.company_id
        CROSS JOIN LATERAL (SELECT %(day)s AS day) local
                   %(owner)s
             WHERE job.state = 'sale' AND job.broker_customer_id IS NOT NULL AND job.broker_claim_case_id IS NULL
               AND %(bounds)s
               AND NOT %(earlier)s
               AND NOT EXISTS (
                       SELECT FROM account_move bill
                         JOIN account_move_line line ON line.move_id = bill.id AND line.display_type = 'product'
                        WHERE bill.broker_customer_id = job.broker_customer_id AND bill.state = 'posted'
                          AND bill.move_type = 'out_invoice' AND bill.invoice_date < local.day
                          AND NOT EXISTS (
                                  SELECT FROM sale_order_line_invoice_rel link
                                    JOIN sale_order_line sold ON sold.id = link.order_line_id
                                   WHERE link.invoice_line_id = line.id AND sold.order_id = job.id
                              )
                   )
            """,
            firm=firm,
            day=self._get_target_day(SQL("job.date_order")),
            owner=self._get_owner_join("sales", SQL("job.broker_customer_id"), SQL("local.day")),
            bounds=self._get_target_bounds(SQL("job.date_order"), first, last),
            earlier=self._get_earlier_job_test(SQL("job")),
        )

    @api.model
    def _get_handoff_query(self, companies, firm, first, last):
        """The first answer to each handoff: 100 when it was accepted and never came back.

        One that nobody was asked to accept was not judged.
        """
        return SQL(
            """
            SELECT handoff.company_id, handoff.customer_id, verdict.sender_id AS user_id, %(day)s AS date,
                   CASE WHEN verdict.kind = 'accepted' AND came_back.times = 0 THEN 100 ELSE 0 END AS value,
                   'broker.handoff' AS res_model, handoff.id AS res_id, handoff.name
              FROM broker_handoff handoff
              JOIN (%(firm)s) firm ON firm.company_id = handoff.company_id
        CROSS JOIN LATERAL (SELECT COALESCE(handoff.return_count, 0) AS times) came_back
        CROSS JOIN LATERAL (
                    SELECT step.kind, step.date, step.sender_id
                      FROM broker_handoff_event step
                     WHERE step.handoff_id = handoff.id AND step.kind IN ('accepted', 'returned')
                  ORDER BY step.date, step.id
                     LIMIT 1
                   ) verdict
             WHERE NOT (handoff.accepted_itself IS TRUE AND came_back.times = 0)
               AND %(bounds)s
            """,
            firm=firm,
            day=self._get_target_day(SQL("verdict.date")),
            bounds=self._get_target_bounds(SQL("verdict.date"), first, last),
        )

    # SERVICE

    @api.model
    def _get_leg_query(self, companies, firm, first, last):
        """Each leg that service finished: 100 when it took no longer than allowed, without
        the time waited for others. A stage without a clock has no time to keep."""
        return SQL(
            """
            SELECT leg.company_id, leg.customer_id, leg.user_id, %(day)s AS date,
                   CASE WHEN COALESCE(leg.own_late_count, 0) = 0 THEN 100 ELSE 0 END AS value,
                   'broker.relay.leg' AS res_model, leg.id AS res_id, job.name
              FROM broker_relay_leg leg
              JOIN (%(firm)s) firm ON firm.company_id = leg.company_id
              JOIN sale_order job ON job.id = leg.order_id
             WHERE leg.role = 'service' AND leg.outcome = 'finished' AND leg.deadline IS NOT NULL
               AND %(bounds)s
            """,
            firm=firm,
            day=self._get_target_day(SQL("leg.finished_at")),
            bounds=self._get_target_bounds(SQL("leg.finished_at"), first, last),
        )

    @api.model
    def _get_answer_query(self, companies, firm, first, last):
        """The working hours to the first answer of each case, on the day of the answer,
        for whoever answered for the case then."""
        return self._get_case_query(
            firm, first, last, SQL("cases.answered_at"), SQL("cases.answer_hours"), SQL("cases.state != 'cancelled'")
        )

    @api.model
    def _get_solved_query(self, companies, firm, first, last):
        """Each solved case, for whoever answered for it then; one that was opened again is
        not solved."""
        return self._get_case_query(
            firm, first, last, SQL("cases.solved_at"), SQL("1"), SQL("cases.state IN ('solved', 'closed')")
        )

    @api.model
    def _get_case_query(self, firm, first, last, moment, value, condition):
        return SQL(
            """
            SELECT cases.company_id, cases.customer_id, holder.user_id, %(day)s AS date, %(value)s AS value,
                   'broker.case' AS res_model, cases.id AS res_id, cases.name
              FROM broker_case cases
              JOIN (%(firm)s) firm ON firm.company_id = cases.company_id
        CROSS JOIN LATERAL (
                    SELECT period.user_id
                      FROM broker_case_period period
                     WHERE period.case_id = cases.id AND period.started_at <= %(moment)s
                  ORDER BY period.started_at DESC, period.id DESC
                     LIMIT 1
                   ) holder
             WHERE %(moment)s IS NOT NULL AND %(condition)s AND %(bounds)s
            """,
            firm=firm,
            day=self._get_target_day(moment),
            value=value,
            moment=moment,
            condition=condition,
            bounds=self._get_target_bounds(moment, first, last),
        )

    @api.model
    def _get_repeat_margin_query(self, companies, firm, first, last):
        """What the invoices of repeat orders of a service agent's customers left: of jobs
        that were not the customer's first, nor a reprint for a claim."""
        repeats = SQL("job.broker_claim_case_id IS NULL AND %s", self._get_earlier_job_test(SQL("job")))
        return self._get_margin_of_lines(companies, firm, first, last, ("service", repeats))

    @api.model
    def _get_satisfaction_query(self, companies, firm, first, last):
        """What a service agent sees of their scores, as of today: the average that went
        out last, and no answer of a single customer."""
        return SQL(
            """
            SELECT mine.company_id, NULL::int AS customer_id, mine.user_id, firm.today AS date,
                   mine.average AS value, 'broker.satisfaction.mine' AS res_model, mine.id AS res_id,
                   NULL AS name
              FROM (%(mine)s) mine
              JOIN (%(firm)s) firm ON firm.company_id = mine.company_id
             WHERE mine.role = 'service'
            """,
            mine=self.env["broker.satisfaction.mine"]._table_query,
            firm=firm,
        )

    # CARE

    @api.model
    def _get_call_query(self, companies, firm, first, last):
        """Each care call that is over: 100 when it was done within its window.

        Trying as often as the rule wants is doing it; a call cancelled was not to be done.
        One that nobody made counts on the last day of its window.
        """
        return SQL(
            """
            SELECT call.company_id, call.customer_id, call.user_id, local.day AS date,
                   CASE WHEN (call.state = 'done' OR call.close_reason IN ('attempts', 'written'))
                             AND local.day <= call.date_deadline THEN 100 ELSE 0 END AS value,
                   'broker.care.call' AS res_model, call.id AS res_id, call.name
              FROM broker_care_call call
              JOIN (%(firm)s) firm ON firm.company_id = call.company_id
        CROSS JOIN LATERAL (
                    SELECT CASE WHEN call.close_reason = 'window' THEN call.date_deadline ELSE %(day)s END AS day
                   ) local
             WHERE call.state IN ('done', 'missed') AND call.date_done IS NOT NULL
            """,
            firm=firm,
            day=self._get_target_day(SQL("call.date_done")),
        )

    @api.model
    def _get_coverage_query(self, companies, firm, first, last):
        """Each customer of a care officer, as of today: 100 when the firm is in touch."""
        return SQL(
            """
            SELECT customer.company_id, customer.id AS customer_id, customer.care_user_id AS user_id,
                   firm.today AS date, CASE WHEN customer.coverage_state = 'fine' THEN 100 ELSE 0 END AS value,
                   'broker.customer' AS res_model, customer.id AS res_id, partner.name
              FROM broker_customer customer
              JOIN res_partner partner ON partner.id = customer.partner_id
              JOIN (%(firm)s) firm ON firm.company_id = customer.company_id
             WHERE customer.active AND customer.coverage_state IS NOT NULL
            """,
            firm=firm,
        )

    @api.model
    def _get_recovered_query(self, companies, firm, first, last):
        """Each time a customer began to buy again after a loss, for whoever was its care
        officer; what was worked out afterwards is nobody's deed. One that is late once more
        and buys again has come back from the same loss, once."""
        return SQL(
            """
            SELECT change.company_id, change.customer_id, owner.user_id, change.date, 1 AS value,
                   'broker.trend.change' AS res_model, change.id AS res_id, partner.name
              FROM broker_trend_change change
              JOIN (%(firm)s) firm ON firm.company_id = change.company_id
              JOIN broker_customer customer ON customer.id = change.customer_id
              JOIN res_partner partner ON partner.id = customer.partner_id
                   %(owner)s
             WHERE change.trend = 'recovered' AND change.is_history IS NOT TRUE AND change.is_merged IS NOT TRUE
               AND NOT EXISTS (
                       SELECT FROM broker_trend_change earlier
                        WHERE earlier.customer_id = change.customer_id AND earlier.trend = 'recovered'
                          AND earlier.is_merged IS NOT TRUE AND (earlier.date, earlier.id) < (change.date, change.id)
                          AND earlier.trace -> 'pause' = change.trace -> 'pause'
                   )
            """,
            firm=firm,
            owner=self._get_owner_join("care", SQL("change.customer_id"), SQL("change.date")),
        )
