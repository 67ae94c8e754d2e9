from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_insight import FIGURES
from .broker_insight_customer_mixin import CHANGED_TRENDS, STANDING_TRENDS, TREND_MONTHS

# Which figures stand in which section, in this order.
SECTION_FIGURES = {
    "figure": (
        "revenue",
        "margin",
        "revenue_declining",
        "desk_result",
        "customers_declining",
        "customers_lost",
        "customers_rising",
        "customers_new",
        "customers_recovered",
        "reviews_open",
    ),
    "satisfaction": ("satisfaction_sales", "satisfaction_service"),
    "case": ("cases_opened", "complaints", "cases_open"),
    "coverage": ("coverage_gaps",),
    "obligation": ("obligations_unmet",),
    "desk": (
        "desk_margin_repeat",
        "desk_margin_referral",
        "desk_margin_inherited",
        "desk_commission",
        "desk_claim_cost",
        "desk_result",
        "margin_left_out",
    ),
}

# What is known of the present day alone.
KEPT_SECTIONS = ("coverage", "obligation")
KEPT_FIGURES = tuple(key for key, (_kind, compared, _good) in FIGURES.items() if compared == "kept")

# Of whom the cause of a review that is over still tells something.
REVIEWED_TRENDS = ("declining", "lost", "recovered")


class BrokerMonthReportSectionMixin(models.AbstractModel):
    """What stands in the sections of a month's report."""

    _name = "broker.month.report.section.mixin"
    _description = "Month's Report: Sections"

    def _collect(self):
        """Return the values of the rows of this report, section by section."""
        self.ensure_one()
        summary = self.env["broker.insight"]._get_summary(self.company_id, self.month)
        kept = set(self._get_kept_lines().mapped("key"))
        vals_list = [
            self._prepare_figure(section, key, summary[key])
            for section, keys in SECTION_FIGURES.items()
            for key in keys
            if key not in kept
        ]
        is_today = self._is_of_today()
        return [
            *vals_list,
            *self._collect_customers(),
            *self._collect_causes(),
            *(self._collect_silent() if is_today else ()),
            *(self._collect_obligations() if is_today else ()),
            *self._collect_printing_houses(),
        ]

    def _is_of_today(self):
        """Return whether what is known of today alone is told of this month: of the last
        one that is over."""
        return self.month >= self.env["broker.insight"]._get_last_month(self.company_id)

    def _get_kept_lines(self):
        """Return the rows that stay when the report is prepared anew: of an older month what
        was known of its day alone."""
        if self._is_of_today():
            return self.line_ids.browse()
        return self.line_ids.filtered(lambda line: line.section in KEPT_SECTIONS or line.key in KEPT_FIGURES)

    def _prepare_figure(self, section, key, figure):
        values = {
            "section": section,
            "key": key,
            "kind": figure["kind"],
            "value": figure["value"] or 0.0,
            "has_value": figure["value"] is not None,
            "value_before": figure["before"] or 0.0,
            "has_before": figure["before"] is not None,
        }
        if key in KEPT_FIGURES and self._is_of_today():
            values["counted_ids"] = self.env["broker.insight"]._get_counted_ids(key, self.company_id)
        return values

    # CUSTOMERS

    def _collect_customers(self):
        """Return the rows of the customers whom the report names: of each section those
        with the most at stake."""
        Insight = self.env["broker.insight"]
        company, month = self.company_id, self.month
        trends = Insight._get_trends_at_ends(company, [month])
        key_customers = self.env["broker.customer"].search(
            Domain("company_id", "=", company.id) & Domain("tier_id.is_key", "=", True)
        )
        members = {
            "key": set(key_customers.ids),
            **{
                trend: Insight._get_trend_customers(trends, trend, month)
                for trend in (*STANDING_TRENDS, *CHANGED_TRENDS)
            },
        }
        amounts = self._get_amounts(set().union(*members.values()))
        chosen = {
            section: sorted(ids, key=lambda customer, section=section: self._rank(section, customer, amounts))[
                : company.broker_report_rows
            ]
            for section, ids in members.items()
        }
        customers = self.env["broker.customer"].browse(sorted(set().union(*chosen.values())))
        facts = self._get_facts(customers)
        return [
            self._prepare_customer(section, customer, amounts[customer.id], facts[customer])
            for section, ids in chosen.items()
            for customer in customers.browse(ids)
        ]

    def _rank(self, section, customer, amounts):
        """Return by what the customers of a section are put in order: those with the most
        to lose or to win first."""
        now, before = amounts[customer]
        if section in ("declining", "lost"):
            return (now - before, -before, customer)
        if section == "rising":
            return (before - now, -now, customer)
        return (-max(now, before), customer)

    def _get_amounts(self, ids):
        """Return {customer id: (revenue of the last three months, of the same ones a year
        before)}."""
        amounts = dict.fromkeys(ids, (0.0, 0.0))
        if not ids:
            return amounts
        year, length = relativedelta(years=1), relativedelta(months=TREND_MONTHS - 1)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT customer_id,
                       SUM(revenue) FILTER (WHERE month BETWEEN %(first)s AND %(month)s),
                       SUM(revenue) FILTER (WHERE month BETWEEN %(first_before)s AND %(month_before)s)
                  FROM broker_customer_month
                 WHERE company_id = %(company)s AND customer_id = ANY(%(customers)s)
                   AND month BETWEEN %(first_before)s AND %(month)s
              GROUP BY customer_id
                """,
                company=self.company_id.id,
                customers=sorted(ids),
                month=self.month,
                first=self.month - length,
                month_before=self.month - year,
                first_before=self.month - length - year,
            )
        )
        amounts.update({customer: (float(now or 0), float(before or 0)) for customer, now, before in rows})
        return amounts

    def _prepare_customer(self, section, customer, amounts, facts):
        return {
            "section": section,
            "customer_id": customer.id,
            "name": customer.name,
            "tier_id": customer.tier_id.id,
            "user_id": customer.partner_id.user_id.id,
            "service_user_id": customer.service_user_id.id,
            "amount": amounts[0],
            "amount_before": amounts[1],
            **facts,
        }

    def _get_facts(self, customers):
        """Return {customer: values}: its trend, what is known of the cause, and what is due
        next: what the open review says, else what is overdue, else the next care call."""
        facts = {customer: {} for customer in customers}
        trends = self.env["broker.customer"]._get_trend_at(
            self.company_id, self.env["broker.insight"]._get_last_day(self.month)
        )
        found = self.env.execute_query(
            SQL("SELECT change_id FROM (%s) known WHERE customer_id = ANY(%s)", trends, customers.ids)
        )
        for change in self.env["broker.trend.change"].browse(change for (change,) in found):
            facts[change.customer_id] = self._get_trend_facts(change)
        for customer in customers.filtered("next_call_date"):
            facts[customer].update(
                due_kind="next_call", due_date=customer.next_call_date, due_user_id=customer.care_user_id.id
            )
        # The oldest one comes last, and stays.
        for owed in self.env["broker.obligation"].search(
            Domain("customer_id", "in", customers.ids), order="date desc, id desc"
        ):
            facts[owed.customer_id].update(due_kind=owed.kind, due_date=owed.date, due_user_id=owed.user_id.id)
        for customer, values in self._get_review_facts(customers, facts).items():
            facts[customer].update(values)
        return facts

    def _get_trend_facts(self, change):
        """Return the values of a trend, and by what it was seen."""
        return {
            "trend": change.trend,
            "trend_since": change.date,
            "trend_trace": self.env["broker.insight"]._get_trend_trace(change, self.month),
        }

    def _get_review_facts(self, customers, known):
        """Return {customer: values} of the cause that the last review found or proposes, and
        of what an open one waits for: its meeting, a measure, or the numbers. A review that
        is over says nothing of a customer who is fine again.

        :param known: {customer: values} of their trends
        """
        facts = {}
        for review in self.env["broker.review"].search(Domain("customer_id", "in", customers.ids), order="id"):
            if review.state == "closed" and known[review.customer_id].get("trend") not in REVIEWED_TRENDS:
                continue
            values = {"review_id": review.id, "cause": review.cause or review.proposed_cause}
            if review.state != "closed":
                measures = review.measure_ids
                values.update(
                    measure_count=len(measures), done_count=len(measures.filtered("done_on")), **self._get_next(review)
                )
            facts[review.customer_id] = values
        return facts

    def _get_next(self, review):
        """Return the values of what a review waits for."""
        measure = review.measure_ids.filtered(lambda row: not row.done_on).sorted(lambda row: (row.date, row.id))[:1]
        if measure:
            return {"due_kind": "measure", "due_date": measure.date, "due_user_id": measure.user_id.id}
        if review.state == "new":
            return {"due_kind": "review_new", "due_date": review.opened_on, "due_user_id": review.user_id.id}
        if review.state == "planned":
            day = self.company_id._get_broker_date(review.meeting_start)
            return {"due_kind": "review_planned", "due_date": day, "due_user_id": review.user_id.id}
        return {"due_kind": "review_following", "due_date": review.follow_up_date, "due_user_id": review.user_id.id}

    # WHAT THE FIRM OWES AND GETS

    def _collect_causes(self):
        """Return a row for each cause of the month's cases, the most frequent one first."""
        Insight = self.env["broker.insight"]
        counts = defaultdict(dict)
        for month in (self.month, self.month - relativedelta(months=1)):
            for cause, count in self.env["broker.case.figure"]._read_group(
                Insight._get_cases_domain("cases_opened", self.company_id, month), ["cause"], ["case_count:sum"]
            ):
                counts[cause or "unknown"][month] = count
        return [
            {
                "section": "case",
                "key": cause,
                "kind": "count",
                "value": found.get(self.month, 0),
                "value_before": found.get(self.month - relativedelta(months=1), 0),
                "has_before": True,
            }
            for cause, found in sorted(counts.items(), key=lambda item: (-item[1].get(self.month, 0), item[0]))
        ]

    def _collect_silent(self):
        """Return the rows of the silent customers of the highest tiers."""
        Insight = self.env["broker.insight"]
        silent = self.env["broker.coverage.figure"].search(Insight._get_silent_domain(self.company_id)).customer_id
        silent = silent.sorted(lambda file: (-file.tier_rank, file.coverage_since or self.month, file.id))
        silent = silent[: self.company_id.broker_report_rows]
        amounts = self._get_amounts(silent.ids)
        facts = self._get_facts(silent)
        return [
            self._prepare_customer(
                "coverage",
                customer,
                amounts[customer.id],
                {
                    **facts[customer],
                    "due_kind": customer.coverage_state,
                    "due_date": customer.coverage_since,
                    "due_user_id": False,
                    "measure_count": 0,
                },
            )
            for customer in silent
        ]

    def _collect_obligations(self):
        """Return a row for each kind of what is owed."""
        return [
            {"section": "obligation", "key": kind, "kind": "count", "value": count, "counted_ids": customers.ids}
            for kind, count, customers in sorted(
                self.env["broker.obligation"]._read_group(
                    Domain("company_id", "=", self.company_id.id), ["kind"], ["__count", "customer_id:recordset"]
                ),
                key=lambda row: (-row[1], row[0]),
            )
        ]

    def _collect_printing_houses(self):
        """Return a row for each printing house that printed, came or failed in the month:
        what was bought for jobs, what came late, which cases were its."""
        Figure = self.env["broker.figure.mixin"]
        for model in ("broker.case", "purchase.order", "purchase.order.line", "res.partner"):
            self.env[model].flush_model()
        last = self.env["broker.insight"]._get_last_day(self.month)
        year = relativedelta(years=1)
        rows = self.env.execute_query(
            SQL(
                """
                WITH firm AS (SELECT %(zone)s AS zone), found AS (
                    SELECT po.partner_id, %(bought)s AS day,
                           bought.price_subtotal / COALESCE(NULLIF(po.currency_rate, 0), 1)::numeric AS amount,
                           bought.order_id AS order_id, 0 AS late, 0 AS cases
                      FROM purchase_order_line bought
                      JOIN purchase_order po ON po.id = bought.order_id
                      JOIN firm ON TRUE
                     WHERE po.company_id = %(company)s AND po.state = 'purchase' AND bought.sale_line_id IS NOT NULL
                 UNION ALL
                    SELECT po.partner_id, %(arrived)s, 0, NULL, bought.broker_late_count, 0
                      FROM purchase_order_line bought
                      JOIN purchase_order po ON po.id = bought.order_id
                      JOIN firm ON TRUE
                     WHERE po.company_id = %(company)s AND po.state = 'purchase' AND bought.sale_line_id IS NOT NULL
                       AND bought.broker_late_count > 0
                 UNION ALL
                    SELECT cases.printing_house_id, %(opened)s, 0, NULL, 0, 1
                      FROM broker_case cases
                      JOIN firm ON TRUE
                     WHERE cases.company_id = %(company)s AND cases.state != 'cancelled'
                       AND cases.cause = 'printing_house'
                )
                SELECT house.commercial_partner_id,
                       COALESCE(SUM(amount) FILTER (WHERE day BETWEEN %(first)s AND %(last)s), 0) AS bought,
                       COALESCE(SUM(amount) FILTER (WHERE day BETWEEN %(first_before)s AND %(last_before)s), 0),
                       COUNT(DISTINCT order_id) FILTER (WHERE day BETWEEN %(first)s AND %(last)s),
                       SUM(late) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) AS late,
                       SUM(cases) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) AS cases
                  FROM found
                  JOIN res_partner house ON house.id = found.partner_id
              GROUP BY house.commercial_partner_id
                HAVING COUNT(*) FILTER (WHERE day BETWEEN %(first)s AND %(last)s) > 0
              ORDER BY bought DESC, cases DESC, house.commercial_partner_id
                 LIMIT %(limit)s
                """,
                zone=self.company_id._get_broker_tz(),
                company=self.company_id.id,
                bought=Figure._get_local_day(SQL("po.date_approve")),
                arrived=Figure._get_local_day(SQL("bought.broker_arrived_date")),
                opened=Figure._get_local_day(SQL("cases.opened_at")),
                first=self.month,
                last=last,
                first_before=self.month - year,
                last_before=self.env["broker.insight"]._get_last_day(self.month - year),
                limit=self.company_id.broker_report_rows,
            )
        )
        return [
            {
                "section": "printing_house",
                "partner_id": house,
                "name": self.env["res.partner"].browse(house).display_name,
                "amount": float(bought),
                "amount_before": float(before),
                "job_count": jobs,
                "late_count": late,
                "case_count": cases,
            }
            for house, bought, before, jobs, late, cases in rows
        ]
