from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_COLUMNS = (
    "coverage_state",
    "coverage_trace",
    "covered_by_one",
    "last_sales_contact",
    "last_service_contact",
    "last_inbound_contact",
)
# So many people of the firm know a key account at least.
PEOPLE_IN_TOUCH = 2


class BrokerCustomerCoverageQueryMixin(models.AbstractModel):
    """How coverage is worked out: one statement for any number of customers of a company,
    which writes only what changed.

    Apart from `broker.customer.coverage.mixin`, which says what the figures are for.
    """

    _name = "broker.customer.coverage.query.mixin"
    _description = "Customer File: Coverage Figures"

    def _refresh_coverage(self):
        """Work out the coverage of these customers anew, and tell of states that changed.

        Safe to repeat: without a change nothing is written.

        :return: the files that changed
        """
        changed = self.sudo().browse()
        self.env.flush_all()
        # Asked for by itself: the files themselves would be read with all they have.
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id, ARRAY_AGG(id) FROM broker_customer WHERE id = ANY(%s) GROUP BY company_id", self.ids
            )
        )
        for company_id, ids in rows:
            company = self.env["res.company"].sudo().browse(company_id)
            changed += self._refresh_coverage_where(company, lambda column, ids=ids: SQL("%s = ANY(%s)", column, ids))
        return changed

    @api.model
    def _refresh_coverage_where(self, company, condition):
        """Do what `_refresh_coverage` does for files of a company.

        :param condition: function of a column with the id of a file, as `SQL`, that returns
            the condition, as `SQL`, that the file is wanted
        """
        customers = self.sudo().browse()
        rows = self.env.execute_query(self._get_coverage_update(company, condition))
        changed = customers.browse(row[0] for row in rows)
        old_states = {customer_id: old for customer_id, old, state in rows if old != state}
        changed.invalidate_recordset([*_COLUMNS, "coverage_since", "coverage_explanation"], flush=False)
        if old_states:
            customers.browse(old_states)._after_coverage_change(old_states)
        return changed

    @api.model
    def _get_coverage_update(self, company, condition):
        """Return the statement that writes the coverage of files of a company; see
        `_refresh_coverage_where`."""
        return SQL(
            """
            WITH %(bounds)s, %(customers)s, %(contacts)s, %(result)s
            UPDATE broker_customer file
               SET (%(columns)s) = (%(result_columns)s),
                   coverage_since = CASE
                       WHEN file.coverage_state IS DISTINCT FROM result.coverage_state THEN %(today)s
                       ELSE file.coverage_since END
              FROM result
             WHERE file.id = result.id
               AND (%(old_columns)s) IS DISTINCT FROM (%(result_columns)s)
         RETURNING file.id, result.old_coverage_state, file.coverage_state
            """,
            bounds=self._get_coverage_bounds(company),
            customers=self._get_coverage_customers(company, condition),
            contacts=self._get_coverage_contacts(company, condition),
            result=self._get_coverage_result(),
            columns=SQL(", ").join(map(SQL.identifier, _COLUMNS)),
            # Carried along, so that only those that changed are looked up again.
            old_columns=SQL(", ").join(SQL.identifier("result", f"old_{column}") for column in _COLUMNS),
            result_columns=SQL(", ").join(SQL.identifier("result", column) for column in _COLUMNS),
            today=company._get_broker_today(),
        )

    @api.model
    def _get_coverage_bounds(self, company):
        """Return the expression `bound`: per tier (0 for none) and side the days allowed
        and the day and moment before which a touch is longer ago; `last` is where even the
        slowest tier's days are over."""
        numbers = {0: (company.broker_coverage_sales_days, company.broker_silent_days)}
        for tier in self.env["broker.tier"].sudo().search(Domain.TRUE):
            numbers[tier.id] = (tier.sales_contact_days or numbers[0][0], tier.silent_days or numbers[0][1])
        starts = company._get_broker_coverage_starts(number for pair in numbers.values() for number in pair)
        last = [starts[max(pair[side] for pair in numbers.values())] for side in (0, 1)]
        rows = []
        for tier_id, pair in numbers.items():
            row = [tier_id]
            for side, days in enumerate(pair):
                first = starts[days]
                row += [days, first, company._get_broker_moment(first)]
                row += [last[side], company._get_broker_moment(last[side])]
            rows.append(SQL("(%s)", SQL(", ").join(SQL("%s", value) for value in row)))
        return SQL(
            """
            bound (tier_id, sales_days, sales_day, sales_moment, sales_last_day, sales_last_moment,
                   silent_days, silent_day, silent_moment, silent_last_day, silent_last_moment) AS (VALUES %s)
            """,
            SQL(", ").join(rows),
        )

    @api.model
    def _get_coverage_customers(self, company, condition):
        """Return the expression `customer`: the files wanted with what they are owed, and the day
        from which their days count."""
        return SQL(
            """
            customer AS MATERIALIZED (
                SELECT file.id, file.active, file.tier_date, %(old_columns)s,
                       partner.user_id AS salesperson_id,
                       COALESCE(tier.is_key, FALSE) AS is_key,
                       GREATEST(file.date_opened, %(since)s) AS opened,
                       bound.*
                  FROM broker_customer file
                  JOIN res_partner partner ON partner.id = file.partner_id
             LEFT JOIN broker_tier tier ON tier.id = file.tier_id
                  JOIN bound ON bound.tier_id = COALESCE(tier.id, 0)
                 WHERE file.company_id = %(company)s AND %(wanted)s
            )
            """,
            since=company.broker_coverage_from or None,
            company=company.id,
            wanted=condition(SQL("file.id")),
            old_columns=SQL(", ").join(
                SQL("%s AS %s", SQL.identifier("file", column), SQL.identifier(f"old_{column}")) for column in _COLUMNS
            ),
        )

    @api.model
    def _get_coverage_contacts(self, company, condition):
        """Return the expressions `touched`, the last touches per customer, and `known`, by
        how many people of the firm each key account was touched lately."""
        now = fields.Datetime.now()
        return SQL(
            """
            touched AS (
                SELECT contact.customer_id,
                       DATE_TRUNC('second', MAX(contact.date) FILTER (
                           WHERE contact.role = 'sales' AND contact.user_id IS NOT NULL
                       )) AS sales,
                       DATE_TRUNC('second', MAX(contact.date) FILTER (
                           WHERE contact.role = 'service' AND contact.user_id IS NOT NULL
                             -- Taken over from sales; the customer has not heard of it yet.
                             AND contact.channel != 'handoff'
                       )) AS service,
                       DATE_TRUNC('second', MAX(contact.date) FILTER (
                           WHERE contact.role IS DISTINCT FROM 'care'
                             AND (contact.direction != 'out' OR contact.channel IN ('visit', 'meeting'))
                       )) AS inbound
                  FROM broker_contact contact
                 WHERE %(wanted)s AND contact.date <= %(now)s
              GROUP BY contact.customer_id
            ),
            known AS (
                SELECT contact.customer_id, COUNT(DISTINCT contact.user_id) AS people,
                       MIN(contact.user_id) AS person_id
                  FROM customer
                  JOIN broker_contact contact ON contact.customer_id = customer.id
                  JOIN res_users person ON person.id = contact.user_id
                   AND person.active AND person.share IS NOT TRUE
                  JOIN res_company_users_rel member ON member.user_id = person.id AND member.cid = %(company)s
                 WHERE customer.is_key AND contact.date BETWEEN %(known_from)s AND %(now)s
              GROUP BY contact.customer_id
            )
            """,
            wanted=condition(SQL("contact.customer_id")),
            company=company.id,
            now=now,
            known_from=company._get_broker_day_start(company.broker_readiness_touch_days),
        )

    @api.model
    def _get_coverage_result(self):
        """Return the expressions that judge.

        A customer whose file is new, or whose tier has just changed, has the days of the
        cadence once before it is silent; where even the slowest cadence is over, another
        tier does not wake anybody.
        """

        def is_silent(side, moment):
            names = {"side": SQL.identifier("customer", f"{side}_day"), "moment": SQL.identifier("touched", moment)}
            names.update(
                {
                    "bound": SQL.identifier("customer", f"{side}_moment"),
                    "last_day": SQL.identifier("customer", f"{side}_last_day"),
                    "last_bound": SQL.identifier("customer", f"{side}_last_moment"),
                }
            )
            return SQL(
                """
                (
                    COALESCE(%(moment)s < %(bound)s, TRUE) AND customer.opened < %(side)s
                    AND (
                        COALESCE(customer.tier_date < %(side)s, TRUE)
                        OR (COALESCE(%(moment)s < %(last_bound)s, TRUE) AND customer.opened < %(last_day)s)
                    )
                )
                """,
                **names,
            )

        return SQL(
            """
            judged AS (
                SELECT customer.*, touched.sales, touched.service, touched.inbound,
                       COALESCE(known.people, 0) AS people, known.person_id,
                       %(sales_silent)s AS is_sales_silent,
                       %(customer_silent)s AS is_customer_silent,
                       COALESCE(touched.sales >= customer.sales_moment, FALSE) AS is_sales_active
                  FROM customer
             LEFT JOIN touched ON touched.customer_id = customer.id
             LEFT JOIN known ON known.customer_id = customer.id
            ),
            result AS (
                SELECT id, %(old_columns)s,
                       CASE WHEN active IS NOT TRUE THEN NULL
                            WHEN is_sales_silent AND is_customer_silent THEN 'both_silent'
                            WHEN is_sales_silent THEN 'sales_silent'
                            WHEN is_customer_silent AND is_sales_active THEN 'customer_silent'
                            ELSE 'fine' END AS coverage_state,
                       JSONB_BUILD_OBJECT(
                           'sales_days', sales_days, 'silent_days', silent_days, 'from', opened,
                           'salesperson', salesperson_id IS NOT NULL,
                           'person_id', CASE WHEN people = 1 THEN person_id END
                       ) AS coverage_trace,
                       (COALESCE(active, FALSE) AND is_key AND people < %(people)s AND opened < sales_day)
                           AS covered_by_one,
                       sales AS last_sales_contact, service AS last_service_contact,
                       inbound AS last_inbound_contact
                  FROM judged
            )
            """,
            sales_silent=is_silent("sales", "sales"),
            customer_silent=is_silent("silent", "inbound"),
            people=PEOPLE_IN_TOUCH,
            old_columns=SQL(", ").join(SQL.identifier(f"old_{column}") for column in _COLUMNS),
        )
