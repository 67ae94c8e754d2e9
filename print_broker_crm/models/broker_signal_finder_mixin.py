from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_datetime

# Signals raised in one step.
BATCH_SIZE = 200


class BrokerSignalFinderMixin(models.AbstractModel):
    """Finds what the firm's own rows tell a manager, by one query per kind and company.

    What was raised is not found again, so a run that is killed goes on where it was.
    """

    _name = "broker.signal.finder.mixin"
    _description = "Signals: Finding"

    # CRON

    @api.model
    def _cron_raise_signals(self):
        """Raise what is there to be raised in every company, committing in between."""
        Cron = self.env["ir.cron"]
        for company in self.env["res.company"].sudo().search(Domain.TRUE):
            for count in self._find_steps(company):
                if not Cron._commit_progress(count, remaining=1):
                    return
                self.env.invalidate_all()
        Cron._commit_progress(remaining=0)

    @api.model
    def _find_steps(self, company):
        """Raise a company's signals; generator of how many were raised in each step."""
        reader = self._get_deciders(company)[:1]
        finder = self.sudo().with_context(lang=reader.lang or self.env.lang)
        company = company.with_env(finder.env)
        for find in self._get_finders():
            yield from getattr(finder, find)(company)

    @api.model
    def _get_finders(self):
        """Hook: return the names of the methods that raise signals of a company, generators
        of how many they raised; a room adds its own."""
        return ["_find_exports", "_find_departures", "_find_elsewhere"]

    # CUSTOMERS TAKEN OUT

    @api.model
    def _find_exports(self, company):
        """Raise who exported, or read in bulk, more than the company's numbers in one of
        its days, yesterday or today."""
        exported, read = company.broker_signal_export_records, company.broker_signal_read_records
        kinds = [("export", "refused")] * bool(exported) + [("read",)] * bool(read)
        if not kinds:
            return
        self.env["broker.access.log"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT log.user_id, (log.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day,
                       COALESCE(SUM(log.record_count) FILTER (WHERE log.kind != 'read'), 0) AS exported,
                       COALESCE(SUM(log.record_count) FILTER (WHERE log.kind = 'read'), 0) AS read,
                       ARRAY_AGG(log.id ORDER BY log.id)
                  FROM broker_access_log log
                 WHERE log.company_id = %(company)s AND log.date >= %(start)s
              GROUP BY log.user_id, day
                HAVING (%(exported)s > 0 AND SUM(log.record_count) FILTER (WHERE log.kind != 'read') >= %(exported)s)
                    OR (%(read)s > 0 AND SUM(log.record_count) FILTER (WHERE log.kind = 'read') >= %(read)s)
              ORDER BY day, log.user_id
                """,
                zone=company._get_broker_tz(),
                company=company.id,
                start=company._get_broker_day_start(1),
                exported=exported,
                read=read,
            )
        )
        logs = self.env["broker.access.log"].browse(log_id for row in rows for log_id in row[4])
        logs.fetch(["date", "kind", "model", "record_count", "field_names"])
        vals_list = []
        for user_id, day, count_exported, count_read, log_ids in rows:
            shown = {kind for group in kinds for kind in group}
            user = self.env["res.users"].browse(user_id)
            vals_list.append(
                {
                    "company_id": company.id,
                    "kind": "export",
                    "key": f"export:{user_id}:{day}",
                    "user_id": user_id,
                    "summary": self._describe_taken(user, day, exported and count_exported, read and count_read),
                    "evidence": [
                        (log, self._describe_log(log, company))
                        for log in self.env["broker.access.log"].browse(log_ids)
                        if log.kind in shown
                    ],
                }
            )
        raised = self._raise(vals_list)
        if raised:
            yield len(raised)

    def _describe_taken(self, user, day, exported, read):
        """Return the summary of what a person took out on a day.

        :param exported: how many records were exported, or would have been; 0: not looked at
        :param read: how many were read in bulk; 0: not looked at
        """
        values = {"person": user.name, "day": format_date(self.env, day), "exported": exported, "read": read}
        if exported and read:
            return self.env._(
                "%(person)s exported %(exported)s records, or tried to, and read %(read)s in bulk on %(day)s", **values
            )
        if exported:
            return self.env._("%(person)s exported %(exported)s records, or tried to, on %(day)s", **values)
        return self.env._("%(person)s read %(read)s records in bulk on %(day)s", **values)

    def _describe_log(self, log, company):
        kinds = dict(log._fields["kind"]._description_selection(self.env))
        return self.env._(
            "%(moment)s, %(kind)s: %(count)s × %(model)s (%(fields)s)",
            moment=format_datetime(self.env, log.date, tz=company._get_broker_tz(), dt_format="short"),
            kind=kinds[log.kind],
            count=log.record_count,
            model=log.model_name,
            fields=log.field_names or "",
        )

    # AFTER A DEPARTURE

    @api.model
    def _find_departures(self, company):
        """Raise the customers who order much less since they lost a salesperson who is no
        longer with the firm, whether that one left on this day or soon after.

        The months after are compared with those before, and with the same months of the
        year before where the customer ordered then: a season is no loss.
        """
        if not company.broker_signal_departure_months:
            return
        for model in ("broker.assignment", "broker.customer", "broker.signal", "res.users", "sale.order"):
            self.env[model].flush_model()
        while rows := self.env.execute_query(self._get_departure_query(company)):
            yield len(self._raise(self._prepare_departures(company, rows)))
            if len(rows) < BATCH_SIZE:
                return
            self.env["broker.signal"].flush_model()

    @api.model
    def _get_departure_query(self, company):
        """Return the SELECT of the customers whose orders fell: assignment, customer, user,
        day of the departure and the amounts before, a year before, and after."""
        amount = SQL("orders.amount_untaxed / COALESCE(NULLIF(orders.currency_rate, 0), 1)")
        return SQL(
            """
            WITH departure AS (
                SELECT row.id, row.customer_id, row.user_id, row.date_to AS day,
                       (row.date_to - %(span)s)::date AS before_day,
                       (row.date_to + %(span)s)::date AS after_day
                  FROM broker_assignment row
                  JOIN broker_customer customer ON customer.id = row.customer_id AND customer.active
                  JOIN res_users person ON person.id = row.user_id
                 WHERE row.company_id = %(company)s AND row.role = 'sales' AND row.is_void IS NOT TRUE
                   AND row.date_to > row.date_from
                   AND row.date_to + %(span)s <= %(today)s AND row.date_to + %(span)s * 2 > %(today)s
                   AND (NOT person.active OR NOT EXISTS (
                        SELECT FROM res_company_users_rel works
                         WHERE works.user_id = person.id AND works.cid = %(company)s))
                   AND NOT EXISTS (
                        SELECT FROM broker_signal signal
                         WHERE signal.customer_id = row.customer_id AND signal.user_id = row.user_id
                           AND signal.kind = 'departure' AND signal.date >= row.date_to)
            ), figure AS (
                SELECT departure.*, COALESCE(turnover.before, 0) AS before,
                       COALESCE(turnover.year_ago, 0) AS year_ago, COALESCE(turnover.after, 0) AS after
                  FROM departure
    CROSS JOIN LATERAL (
                    SELECT SUM(%(amount)s) FILTER (WHERE %(before)s) AS before,
                           SUM(%(amount)s) FILTER (WHERE %(year_ago)s) AS year_ago,
                           SUM(%(amount)s) FILTER (WHERE %(after)s) AS after
                      FROM sale_order orders
                     WHERE orders.broker_customer_id = departure.customer_id AND orders.state = 'sale'
                       ) turnover
            )
            SELECT id, customer_id, user_id, day, before_day, after_day, before, year_ago, after
              FROM figure
             WHERE before > 0 AND before >= %(least)s
               AND after <= (CASE WHEN year_ago > 0 THEN LEAST(before, year_ago) ELSE before END)
                            * (100 - %(percent)s) / 100.0
          ORDER BY id
             LIMIT %(limit)s
            """,
            amount=amount,
            span=SQL("%s * INTERVAL '1 month'", company.broker_signal_departure_months),
            company=company.id,
            today=company._get_broker_today(),
            before=self._get_within(company, SQL("departure.before_day"), SQL("departure.day")),
            year_ago=self._get_within(
                company,
                SQL("(departure.day - INTERVAL '1 year')::date"),
                SQL("(departure.after_day - INTERVAL '1 year')::date"),
            ),
            after=self._get_within(company, SQL("departure.day"), SQL("departure.after_day")),
            least=company.broker_signal_departure_amount,
            percent=company.broker_signal_departure_percent,
            limit=BATCH_SIZE,
        )

    @api.model
    def _get_within(self, company, first, last):
        """Return the condition that an order was confirmed from one day of the company's,
        and before another."""
        start = SQL("%s::timestamp AT TIME ZONE %s AT TIME ZONE 'UTC'", first, company._get_broker_tz())
        stop = SQL("%s::timestamp AT TIME ZONE %s AT TIME ZONE 'UTC'", last, company._get_broker_tz())
        return SQL("(orders.date_order >= (%s) AND orders.date_order < (%s))", start, stop)

    @api.model
    def _prepare_departures(self, company, rows):
        """Return the signals of `_get_departure_query`, with the jobs that were counted."""
        customers = self.env["broker.customer"].browse(row[1] for row in rows)
        orders = self.env["sale.order"].search_fetch(
            Domain("broker_customer_id", "in", customers.ids)
            & Domain("state", "=", "sale")
            # A day more than wanted: days begin elsewhere at another hour.
            & Domain("date_order", ">=", min(row[4] for row in rows) - timedelta(days=1)),
            ["broker_customer_id", "date_order", "amount_untaxed", "currency_id"],
            order="date_order, id",
        )
        by_customer = orders.grouped("broker_customer_id")
        currency = company.currency_id
        vals_list = []
        for customer, row in zip(customers, rows, strict=True):
            row_id, customer_id, user_id, day, before_day, after_day, before, year_ago, after = row
            user = self.env["res.users"].browse(user_id)
            assignment = self.env["broker.assignment"].browse(row_id)
            evidence = [
                (
                    assignment,
                    self.env._(
                        "Sold to this customer until %(day)s. Jobs since %(before_day)s: %(before)s. The same months a "
                        "year before: %(year_ago)s. Until %(after_day)s: %(after)s",
                        day=format_date(self.env, day),
                        before_day=format_date(self.env, before_day),
                        after_day=format_date(self.env, after_day),
                        before=currency.format(before),
                        year_ago=currency.format(year_ago),
                        after=currency.format(after),
                    ),
                )
            ]
            for order in by_customer.get(customer, ()):
                moment = company._get_broker_date(order.date_order)
                if before_day <= moment < after_day:
                    values = {
                        "day": format_date(self.env, moment),
                        "amount": order.currency_id.format(order.amount_untaxed),
                    }
                    before_text = self.env._("Before, on %(day)s: %(amount)s", **values)
                    after_text = self.env._("After, on %(day)s: %(amount)s", **values)
                    evidence.append((order, before_text if moment < day else after_text))
            vals_list.append(
                {
                    "company_id": company.id,
                    "customer_id": customer_id,
                    "kind": "departure",
                    "key": f"departure:{customer_id}:{user_id}:{day}",
                    "user_id": user_id,
                    "summary": self.env._(
                        "%(customer)s: jobs fell from %(before)s to %(after)s after %(person)s left",
                        customer=customer.name,
                        before=currency.format(before),
                        after=currency.format(after),
                        person=user.name,
                    ),
                    "evidence": evidence,
                }
            )
        return vals_list

    # LOST, THEN PRINTED ELSEWHERE

    @api.model
    def _find_elsewhere(self, company):
        """Raise the customers who told the care line that they printed elsewhere, not long
        after an opportunity was lost or a quotation cancelled."""
        if not company.broker_signal_elsewhere_days:
            return
        for model in ("broker.care.call", "broker.signal", "crm.lead", "sale.order"):
            self.env[model].flush_model()
        while rows := self.env.execute_query(self._get_elsewhere_query(company)):
            yield len(self._raise(self._prepare_elsewhere(company, rows)))
            if len(rows) < BATCH_SIZE:
                return
            self.env["broker.signal"].flush_model()

    @api.model
    def _get_elsewhere_query(self, company):
        """Return the SELECT of calls, and of the ids of what was lost before each."""
        return SQL(
            """
            SELECT call.id, lost.lead_ids, cancelled.order_ids
              FROM broker_care_call call
    CROSS JOIN LATERAL (
                SELECT ARRAY_AGG(lead.id ORDER BY lead.date_closed DESC, lead.id DESC) AS lead_ids
                  FROM crm_lead lead
                 WHERE lead.broker_customer_id = call.customer_id AND lead.won_status = 'lost'
                   AND lead.date_closed <= call.date_done
                   AND lead.date_closed >= call.date_done - %(days)s * INTERVAL '1 day'
                   ) lost
    CROSS JOIN LATERAL (
                SELECT ARRAY_AGG(orders.id ORDER BY orders.date_order DESC, orders.id DESC) AS order_ids
                  FROM sale_order orders
                 WHERE orders.broker_customer_id = call.customer_id AND orders.state = 'cancel'
                   AND orders.broker_date_confirmed IS NULL
                   AND orders.date_order <= call.date_done
                   AND orders.date_order >= call.date_done - %(days)s * INTERVAL '1 day'
                   ) cancelled
             WHERE call.company_id = %(company)s AND call.printed_elsewhere = 'yes' AND call.state = 'done'
               AND call.date_done >= %(since)s
               AND (lost.lead_ids IS NOT NULL OR cancelled.order_ids IS NOT NULL)
               AND NOT EXISTS (
                    SELECT FROM broker_signal signal
                     WHERE signal.company_id = call.company_id AND signal.key = 'elsewhere:' || call.id)
          ORDER BY call.id
             LIMIT %(limit)s
            """,
            days=company.broker_signal_elsewhere_days,
            company=company.id,
            since=company._get_broker_day_start(company.broker_signal_elsewhere_days),
            limit=BATCH_SIZE,
        )

    @api.model
    def _prepare_elsewhere(self, company, rows):
        """Return the signals of `_get_elsewhere_query`. Whom it is about: who lost the last
        of it, or the customer's salesperson."""
        lost = defaultdict(list)
        for call_id, lead_ids, order_ids in rows:
            lost[call_id] += [*self.env["crm.lead"].browse(lead_ids or ())]
            lost[call_id] += [*self.env["sale.order"].browse(order_ids or ())]
        vals_list = []
        for call in self.env["broker.care.call"].browse(lost):
            documents = lost[call.id]
            user = next((document.user_id for document in documents if document.user_id), call.customer_id.user_id)
            vals_list.append(
                {
                    "company_id": company.id,
                    "customer_id": call.customer_id.id,
                    "kind": "elsewhere",
                    "key": f"elsewhere:{call.id}",
                    "user_id": user.id,
                    "summary": self.env._(
                        "%(customer)s printed elsewhere. Quotations and opportunities lost before: %(count)s",
                        customer=call.customer_id.name,
                        count=len(documents),
                    ),
                    "evidence": [
                        (
                            call,
                            self.env._(
                                "Told the care line on %(day)s that they printed elsewhere",
                                day=format_date(self.env, company._get_broker_date(call.date_done)),
                            ),
                        ),
                        *((document, self._describe_lost(document, company)) for document in documents),
                    ],
                }
            )
        return vals_list

    def _describe_lost(self, document, company):
        if document._name == "crm.lead":
            return self.env._(
                "Opportunity lost on %(day)s: %(name)s (%(reason)s)",
                day=format_date(self.env, company._get_broker_date(document.date_closed)),
                name=document.name,
                reason=document.lost_reason_id.name or "-",
            )
        return self.env._(
            "Quotation of %(day)s cancelled: %(amount)s",
            day=format_date(self.env, company._get_broker_date(document.date_order)),
            amount=document.currency_id.format(document.amount_untaxed),
        )
