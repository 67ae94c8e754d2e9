from odoo import api, fields, models
from odoo.tools import SQL

# Promises named in the explanation; of more only the number is kept.
PROMISES_SHOWN = 5
_COLUMNS = (
    "readiness",
    "readiness_trace",
    "last_sign_of_life",
    "last_other_touch",
    "known_to_one",
)


class BrokerCustomerReadinessQueryMixin(models.AbstractModel):
    """How silence and succession readiness are worked out: one statement for any
    number of customers of a company, which writes only what changed.

    Apart from `broker.customer.readiness.mixin`, which says what the figures are for.
    """

    _name = "broker.customer.readiness.query.mixin"
    _description = "Customer File: Readiness Figures"

    def _refresh_readiness(self, is_gathered=False):
        """Work out silence and succession readiness of these customers anew.

        Safe to repeat: without a change nothing is written.

        :param is_gathered: the night has just gathered their contacts
        :return: the files that changed
        """
        customers = self.sudo()
        changed = customers.browse()
        self.env.flush_all()
        # Asked for by itself: the files themselves would be read with all they have.
        groups = self.env.execute_query(
            SQL(
                "SELECT company_id, ARRAY_AGG(id ORDER BY id) FROM broker_customer WHERE id = ANY(%s)"
                " GROUP BY company_id",
                self.ids,
            )
        )
        for company_id, ids in groups:
            company, files = self.env["res.company"].sudo().browse(company_id), customers.browse(ids)
            if not is_gathered:
                list(self.env["broker.contact"]._gather(company, files))
            rows = self.env.execute_query(files._get_readiness_update(company))
            changed += customers.browse(row[0] for row in rows)
        changed.invalidate_recordset([*_COLUMNS, "readiness_date"], flush=False)
        return changed

    def _get_readiness_update(self, company):
        """Return the statement that writes the figures of these files of a company."""
        return SQL(
            """
            WITH %(touches)s, %(answers)s, %(result)s
            UPDATE broker_customer file
               SET (%(columns)s) = (%(result_columns)s),
                   readiness_date = CASE
                       WHEN file.readiness_trace IS DISTINCT FROM result.readiness_trace THEN %(today)s
                       ELSE file.readiness_date END
              FROM result
             WHERE file.id = result.id
               AND (%(file_columns)s) IS DISTINCT FROM (%(result_columns)s)
         RETURNING file.id
            """,
            touches=self._get_touch_expressions(queries=[self._get_contact_query()]),
            answers=self._get_answer_expressions(),
            result=self._get_result_expressions(company),
            columns=SQL(", ").join(map(SQL.identifier, _COLUMNS)),
            file_columns=SQL(", ").join(SQL.identifier("file", column) for column in _COLUMNS),
            result_columns=SQL(", ").join(SQL.identifier("result", column) for column in _COLUMNS),
            today=company._get_broker_today(),
        )

    @api.model
    def _get_contact_query(self):
        """Return the SELECT of the touches that are kept as contacts, in the columns of
        `_get_touch_queries`: of the care line are its calls, what was written on them, and what
        it logged."""
        return SQL(
            """
            SELECT contact.customer_id, contact.user_id, contact.date, contact.direction,
                   CASE contact.channel WHEN 'call' THEN 'phone' ELSE contact.channel END,
                   CASE WHEN contact.res_model = 'broker.care.call' OR contact.is_gathered IS NOT TRUE OR %s
                        THEN contact.role END,
                   contact.partner_id, COALESCE(contact.res_model, 'broker.contact'),
                   COALESCE(contact.res_id, contact.id)
              FROM customer
              JOIN broker_contact contact ON contact.customer_id = customer.id
            """,
            self.env["broker.contact"]._get_written_on_care(),
        )

    @api.model
    def _get_answer_expressions(self):
        """Return what the touches, files and promises answer per customer."""
        newest_of_others = """
                SELECT DISTINCT ON (touch.customer_id) touch.*
                  FROM touch
                  JOIN customer ON customer.id = touch.customer_id
                  JOIN res_users colleague ON colleague.id = touch.user_id
                   AND colleague.active AND colleague.share IS NOT TRUE
                 WHERE touch.user_id IS DISTINCT FROM customer.salesperson_id
                   AND touch.moment <= %(now)s AND %(kind)s
              ORDER BY touch.customer_id, touch.moment DESC, touch.user_id, touch.model, touch.res_id
        """
        now = fields.Datetime.now()
        return SQL(
            """
            alive AS (
                SELECT customer_id, DATE_TRUNC('second', MAX(moment)) AS moment
                  FROM touch
                 WHERE direction != 'out' AND moment <= %(now)s
              GROUP BY customer_id
            ),
            other AS (%(others)s),
            colleague AS (%(colleagues)s),
            care AS (
                SELECT touch.customer_id, DATE_TRUNC('second', MAX(touch.moment)) AS moment
                  FROM touch
                  JOIN customer ON customer.id = touch.customer_id
                 WHERE touch.role = 'care'
                   AND touch.moment <= %(now)s
                   AND touch.user_id IS DISTINCT FROM customer.salesperson_id
              GROUP BY touch.customer_id
            ),
            promise (customer_id, kind, model, res_id, day) AS (%(promises)s),
            promised AS (
                SELECT customer_id, COUNT(*) AS number,
                       JSONB_AGG(JSONB_BUILD_OBJECT('kind', kind, 'model', model, 'res_id', res_id) ORDER BY place)
                           FILTER (WHERE place <= %(shown)s) AS items
                  FROM (
                       SELECT promise.*,
                              ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY day, model, res_id) AS place
                         FROM promise
                       ) AS numbered
              GROUP BY customer_id
            ),
            checked AS (
                SELECT file.id, ARRAY_REMOVE(ARRAY[%(missing)s], NULL) AS missing
                  FROM customer
                  JOIN broker_customer file ON file.id = customer.id
                  JOIN res_partner partner ON partner.id = file.partner_id
            )
            """,
            now=now,
            others=SQL(newest_of_others, now=now, kind=SQL("TRUE")),
            # The care line's calls are not for those they are about: they are told of
            # the other colleagues alone.
            colleagues=SQL(newest_of_others, now=now, kind=SQL("touch.role IS DISTINCT FROM 'care'")),
            promises=SQL(" UNION ").join(self._get_promise_queries()),
            shown=PROMISES_SHOWN,
            missing=SQL(", ").join(
                SQL("CASE WHEN (%s) IS NOT TRUE THEN %s::text END", condition, code)
                for code, condition in self._get_file_checks().items()
            ),
        )

    @api.model
    def _get_file_checks(self):
        """Return what a complete file has: {code: SQL condition on `partner` (the
        customer) and `file`}. A room that asks for more adds it, with a label in
        `_get_file_labels`."""

        def filled(column):
            return SQL("COALESCE(TRIM(%s), '') != ''", SQL.identifier(*column.split(".")))

        return {
            "phone": filled("partner.phone"),
            "email": filled("partner.email"),
            # A customer who is a person is their own contact.
            "contact": SQL(
                """
                (partner.is_company IS NOT TRUE AND %(own_phone)s) OR EXISTS (
                    SELECT 1 FROM res_partner contact
                     WHERE contact.commercial_partner_id = partner.id
                       AND contact.id != partner.id
                       AND contact.active
                       AND %(name)s AND %(phone)s
                )
                """,
                own_phone=filled("partner.phone"),
                name=filled("contact.name"),
                phone=filled("contact.phone"),
            ),
            "address": SQL("%s AND %s", filled("partner.street"), filled("partner.city")),
            # Only a company has a tax number; Odoo's "/" says that it has none.
            "tax": SQL("partner.is_company IS NOT TRUE OR %s", filled("partner.vat")),
            "service": SQL("file.service_user_id IS NOT NULL"),
            "care": SQL("file.care_user_id IS NOT NULL"),
        }

    def _get_result_expressions(self, company):
        """Return the expressions that give points and put the trace together."""

        def touched(row):
            return SQL(
                "CASE WHEN %(row)s.moment IS NOT NULL THEN JSONB_BUILD_OBJECT('user_id', %(row)s.user_id,"
                " 'moment', TO_CHAR(%(row)s.moment, 'YYYY-MM-DD HH24:MI:SS'), 'channel', %(row)s.channel,"
                " 'role', %(row)s.role, 'model', %(row)s.model, 'res_id', %(row)s.res_id) END",
                row=SQL.identifier(row),
            )

        return SQL(
            """
            part AS (
                SELECT customer.id, alive.moment AS last_sign_of_life,
                       DATE_TRUNC('second', other.moment) AS last_other_touch,
                       COALESCE(other.moment >= %(touch_from)s, FALSE) AS is_known,
                       %(other)s AS other, %(colleague)s AS colleague,
                       checked.missing,
                       ROUND(
                           %(file_points)s::numeric * (%(checks)s - CARDINALITY(checked.missing)) / %(checks)s
                       )::int AS file_points,
                       care.moment AS care_moment,
                       COALESCE(tier.call_cadence_days, %(care_days)s) AS care_days,
                       COALESCE(promised.number, 0) AS promises,
                       COALESCE(promised.items, '[]'::jsonb) AS promise_items
                  FROM customer
                  JOIN broker_customer file ON file.id = customer.id
                  JOIN checked ON checked.id = customer.id
             LEFT JOIN broker_tier tier ON tier.id = file.tier_id
             LEFT JOIN alive ON alive.customer_id = customer.id
             LEFT JOIN other ON other.customer_id = customer.id
             LEFT JOIN colleague ON colleague.customer_id = customer.id
             LEFT JOIN care ON care.customer_id = customer.id
             LEFT JOIN promised ON promised.customer_id = customer.id
            ),
            pointed AS (
                SELECT part.*,
                       CASE WHEN is_known THEN %(touch_points)s ELSE 0 END AS touch_points,
                       CASE WHEN care_moment >= %(today_start)s - care_days * INTERVAL '1 day'
                            THEN %(care_points)s ELSE 0 END AS care_points,
                       CASE WHEN promises = 0 THEN %(promise_points)s ELSE 0 END AS promise_points
                  FROM part
            ),
            result AS (
                SELECT id, last_sign_of_life, last_other_touch, NOT is_known AS known_to_one,
                       touch_points + file_points + care_points + promise_points AS readiness,
                       JSONB_BUILD_OBJECT(
                           'touch', JSONB_BUILD_OBJECT(
                               'points', touch_points, 'of', %(touch_points)s, 'days', %(touch_days)s,
                               'other', other, 'colleague', colleague
                           ),
                           'file', JSONB_BUILD_OBJECT(
                               'points', file_points, 'of', %(file_points)s, 'missing', TO_JSONB(missing)
                           ),
                           'care', JSONB_BUILD_OBJECT(
                               'points', care_points, 'of', %(care_points)s, 'days', care_days,
                               'moment', TO_CHAR(care_moment, 'YYYY-MM-DD HH24:MI:SS')
                           ),
                           'promise', JSONB_BUILD_OBJECT(
                               'points', promise_points, 'of', %(promise_points)s,
                               'number', promises, 'items', promise_items
                           )
                       ) AS readiness_trace
                  FROM pointed
            )
            """,
            today_start=company._get_broker_day_start(),
            touch_from=company._get_broker_day_start(company.broker_readiness_touch_days),
            touch_days=company.broker_readiness_touch_days,
            care_days=company.broker_readiness_care_days,
            touch_points=company.broker_readiness_touch_points,
            file_points=company.broker_readiness_file_points,
            care_points=company.broker_readiness_care_points,
            promise_points=company.broker_readiness_promise_points,
            checks=len(self._get_file_checks()),
            other=touched("other"),
            colleague=touched("colleague"),
        )
