import hashlib
from datetime import date, timedelta

from psycopg2.extras import Json

from odoo import api, models
from odoo.tools import SQL

from .broker_trend_figures_mixin import Books, shift_month

# As of how many ends of months a customer is judged whom nobody looked at before.
_HISTORY_MONTHS = 12
# How far back of the day the compared months lie at most: two years, seen from three closed months.
_COMPARED_MONTHS = 26


class BrokerCustomerTrendNightMixin(models.AbstractModel):
    """How the trend of a whole customer base is judged: a batch is read by three queries,
    judged by `broker.trend.rule` and written.

    With each customer it is noted from which day on it may be judged otherwise though
    nothing happens; until then a night looks at it only when one of its months changed.
    """

    _name = "broker.customer.trend.night.mixin"
    _description = "Customer File: Trend of the Night"

    @api.model
    def _judge_trend_steps(self, company):
        """Judge a company's customers as of the day that is over, batch by batch, yielding
        the number of each batch.

        Nights that did not run on the last day of a month catch up with that day first.
        What was judged already as of a day is not judged again.
        """
        yield from super()._judge_trend_steps(company)
        company = company.sudo()
        for day in self._get_trend_days(company):
            counts = self._get_trend_counts(company)
            self._ask_for_trends_of_another_basis(company, day, counts)
            mark = company.broker_trend_mark_id if company.broker_trend_mark_date == day else 0
            while batch := self._get_trend_batch(company, mark, day):
                self.sudo()._judge_trend_batch(company, batch, day, counts)
                mark = batch[-1]
                self._set_trend_mark(company, day, mark)
                yield len(batch)
            self._set_trend_mark(company, day, max(mark, self._get_last_customer_id(company)))

    @api.model
    def _get_trend_days(self, company):
        """Return the days as of which a company's customers are still to be judged."""
        last = company._get_broker_today() - timedelta(days=1)
        mark = company.broker_trend_mark_date
        if not mark or mark >= last:
            return [last]
        # A night that was killed goes on where it was; nothing is left of one that was not.
        days = [mark]
        month = shift_month(mark, 1)
        while (end := month - timedelta(days=1)) < last:
            if end > mark:
                days.append(end)
            month = shift_month(month, 1)
        return [*days[:1], *days[1:][-_HISTORY_MONTHS:], last]

    @api.model
    def _ask_for_trend(self, ids):
        """See to it that the coming night judges some customers, because what they bought
        changed.

        :param ids: of `broker.customer`
        """
        self.env.cr.execute(
            SQL("UPDATE broker_customer SET trend_due = NULL WHERE id = ANY(%s) AND trend_due IS NOT NULL", list(ids))
        )
        self.env["broker.customer"].browse(ids).invalidate_recordset(["trend_due"], flush=False)

    @api.model
    def _ask_for_trends_of_another_basis(self, company, day, counts):
        """See to it that all customers are judged when what they are judged by is another:
        the thresholds, the firm's time zone, or from when on and where its books say anything.
        """
        numbers = self.env["broker.trend.rule"]._get_numbers(company)
        if company.broker_trend_numbers != numbers._asdict():
            company._note_broker_progress(broker_trend_numbers=Json(numbers._asdict()))
        basis = (numbers, company._get_broker_tz(), Books.of(counts, day, numbers.gap_customers))
        digest = hashlib.sha256(repr(basis).encode()).hexdigest()
        if company.broker_trend_basis == digest:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE broker_customer SET trend_due = NULL WHERE company_id = %s AND trend_due IS NOT NULL",
                company.id,
            )
        )
        self.env["broker.customer"].invalidate_model(["trend_due"], flush=False)
        company._note_broker_progress(broker_trend_basis=digest)

    @api.model
    def _get_last_customer_id(self, company):
        [(last,)] = self.env.execute_query(
            SQL("SELECT COALESCE(MAX(id), 0) FROM broker_customer WHERE company_id = %s", company.id)
        )
        return last

    @api.model
    def _get_trend_batch(self, company, mark, day):
        """Return the ids of the next customers of a company after a mark who are due on a day."""
        size = int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.trend_batch_size", 5000))
        self.env.flush_all()
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT id FROM broker_customer
                     WHERE company_id = %s AND active AND id > %s AND (trend_due IS NULL OR trend_due <= %s)
                  ORDER BY id LIMIT %s
                    """,
                    company.id,
                    mark,
                    day,
                    size,
                )
            )
        ]

    @api.model
    def _set_trend_mark(self, company, day, mark):
        if (company.broker_trend_mark_date, company.broker_trend_mark_id) == (day, mark):
            return
        company._note_broker_progress(broker_trend_mark_date=day, broker_trend_mark_id=mark)

    # READING

    @api.model
    def _get_trend_counts(self, company):
        """Return {month: how many customers bought in it} of a whole firm."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT month, COUNT(*) FILTER (WHERE revenue > 0 OR job_count > 0)
                      FROM broker_customer_month WHERE company_id = %s GROUP BY month
                    """,
                    company.id,
                )
            )
        )

    @api.model
    def _get_trend_purchases(self, company, ids, day):
        """Return what some customers bought.

        :param day: the first `date` as of which they are judged
        :return: {id: sorted list of days}, {id: {month: (revenue, ordered, jobs)}}
        """
        days = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT broker_customer_id,
                           ARRAY_AGG(DISTINCT (date_order AT TIME ZONE 'UTC' AT TIME ZONE %s)::date)
                      FROM sale_order
                     WHERE broker_customer_id = ANY(%s) AND company_id = %s
                       AND state = 'sale' AND broker_claim_case_id IS NULL
                  GROUP BY broker_customer_id
                    """,
                    company._get_broker_tz(),
                    ids,
                    company.id,
                )
            )
        )
        months = {}
        # Who is invoiced without orders buys on the last day of each month with revenue: as long
        # as there is no order, and in the months before the first one.
        begun = {customer_id: min(days[customer_id]) if customer_id in days else date.max for customer_id in ids}
        for customer_id, month, revenue, ordered, jobs in self.env.execute_query(
            SQL(
                """
                SELECT customer_id, month, revenue, order_amount, job_count
                  FROM broker_customer_month
                  JOIN UNNEST(%s::int[], %s::date[]) AS file (id, begun) ON file.id = customer_id
                 -- What a batch lies between can be looked up
                 WHERE company_id = %s AND customer_id BETWEEN %s AND %s
                   AND (revenue <> 0 OR job_count > 0)
                   AND (month >= %s OR month < DATE_TRUNC('month', begun::timestamp))
              ORDER BY customer_id, month
                """,
                list(begun),
                list(begun.values()),
                company.id,
                min(ids),
                max(ids),
                shift_month(day, -_COMPARED_MONTHS),
            )
        ):
            months.setdefault(customer_id, {})[month] = (revenue, ordered, jobs)
            if revenue > 0 and not jobs and month < begun[customer_id].replace(day=1):
                days.setdefault(customer_id, []).append(shift_month(month, 1) - timedelta(days=1))
        return {customer_id: sorted(bought) for customer_id, bought in days.items()}, months

    # JUDGING

    def _judge_trend_batch(self, company, ids, day, counts):
        """Judge some customers as of a day, keep what changed and tell the rooms.

        Whom nobody looked at before is judged as of the ends of the months before, too. All
        that is history, unless the customer is simply new.

        :param ids: ids of customers of the company
        :param counts: see `_get_trend_counts`
        """
        rule = self.env["broker.trend.rule"]
        numbers = rule._get_numbers(company)
        history = [shift_month(day, -step) - timedelta(days=1) for step in range(_HISTORY_MONTHS - 1, -1, -1)]
        books = {past: Books.of(counts, past, numbers.gap_customers) for past in (*history, day)}
        known = self._get_trend_known(ids)
        is_first = not all(row[-1] for row in known.values())
        days, months = self._get_trend_purchases(company, ids, history[0] if is_first else day)
        updates, rows = [], []
        for customer_id in ids:
            bought, figures = days.get(customer_id, []), months.get(customer_id, {})
            trend, since, trace, judged = known[customer_id]
            found = []
            for past in (*(() if judged or not bought else history), day):
                result, why = rule._judge(bought, figures, past, books[past], numbers)
                if (result or None) != trend:
                    found.append((customer_id, company.id, past, trend, result or None, Json(why)))
                    trend, since = result or None, past
                trace = why or None
            is_history = not judged and not (len(found) == 1 and trend == "new")
            rows += [(*row, is_history) for row in found]
            due = rule._get_next_day(bought, day, trend, trace or {}, numbers)
            updates.append((customer_id, trend, since, Json(trace) if trace else None, due))
        self._write_trends(updates)
        self._append_trend_changes(rows)

    @api.model
    def _get_trend_known(self, ids):
        """Return {customer id: (trend, since, trace, whether it was ever judged)}."""
        return {
            customer_id: row
            for customer_id, *row in self.env.execute_query(
                SQL(
                    """
                    SELECT customer.id, customer.trend, customer.trend_since, customer.trend_trace,
                           customer.trend IS NOT NULL OR EXISTS (
                               SELECT FROM broker_trend_change change
                                WHERE change.customer_id = customer.id AND change.is_merged IS NOT TRUE
                           )
                      FROM broker_customer customer
                     WHERE customer.id = ANY(%s)
                    """,
                    ids,
                )
            )
        }

    @api.model
    def _write_trends(self, updates):
        """Write what was found out.

        :param updates: list of (customer id, trend, since, trace, due)
        """
        if not updates:
            return
        self.env.cr.execute_values(
            """
            UPDATE broker_customer customer
               SET trend = found.trend, trend_since = found.since::date, trend_trace = found.trace::jsonb,
                   trend_due = found.due
              FROM (VALUES %s) AS found (id, trend, since, trace, due)
             WHERE customer.id = found.id
            """,
            updates,
            template="(%s, %s, %s, %s, %s::date)",
            page_size=1000,
        )
        names = ["trend", "trend_since", "trend_trace", "trend_due"]
        self.browse(row[0] for row in updates).invalidate_recordset(names)

    @api.model
    def _append_trend_changes(self, rows):
        """Append changes, and tell the rooms of those that are no history.

        :param rows: list of (customer id, company id, day, before, trend, trace, is_history)
        """
        if not rows:
            return
        created = self.env.cr.execute_values(
            """
            INSERT INTO broker_trend_change (
                customer_id, company_id, date, trend_before, trend, trace, is_history, create_uid, create_date
            ) VALUES %s RETURNING id, customer_id, is_history
            """,
            [(*row, self.env.uid) for row in rows],
            template="(%s, %s, %s, %s, %s, %s::jsonb, %s, %s, NOW() AT TIME ZONE 'UTC')",
            page_size=1000,
            fetch=True,
        )
        self.env["broker.customer"].browse({row[1] for row in created}).invalidate_recordset(["trend_change_ids"])
        told = [row for row in created if not row[2]]
        if told:
            changes = self.env["broker.trend.change"].sudo().browse(row[0] for row in told)
            self.env["broker.customer"].sudo().browse(row[1] for row in told)._after_trend_change(changes)
