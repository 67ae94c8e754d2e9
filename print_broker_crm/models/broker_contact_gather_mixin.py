from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

# Who had several roles on a day acted in the first of these.
ROLES = ("sales", "service", "care", "sponsor")
_GATHERED_COLUMNS = ("role", "channel", "direction", "date", "partner_id")


class BrokerContactGatherMixin(models.AbstractModel):
    """Brings in what Odoo knows of contacts, in SQL and in bounded batches.

    A run first lists the customers of whom something was written since the last run,
    and a part of the others, so that each is looked at in whole now and then. Then it
    takes batch after batch from that list. Of a customer everything is read again and
    compared with what is there: what is missing comes in, what changed follows, what
    its document no longer says goes. So a late row is found whatever its date, a run
    that was killed goes on where it was, and a second run writes nothing.
    """

    _name = "broker.contact.gather.mixin"
    _description = "Contact: Gathering"

    def init(self):
        """Make the list of the customers whose contacts are waited for."""
        result = super().init()
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS broker_contact_due (customer_id integer PRIMARY KEY, company_id integer NOT NULL)
            """
        )
        return result

    @api.model
    def _gather(self, company, customers=None):
        """Bring in what Odoo knows of a company's contacts since the last time.

        A generator: after each batch it yields how many customers were done, for the
        caller to commit. It may be left at any batch; the next call goes on there.

        :param company: one `res.company`
        :param customers: `broker.customer` of that company to look at now, whatever changed;
            None for all of whom there is something new
        """
        Contact = self.sudo()
        if customers is not None:
            for ids in split_every(Contact._get_gather_batch_size(), customers.ids, list):
                Contact._gather_batch(company, ids)
                yield len(ids)
            return
        company = company.sudo()
        # What a run that was left has not come to is not all there is tonight.
        for _run in range(2 if company.broker_contact_run_at else 1):
            if not company.broker_contact_run_at:
                Contact._queue_changed(company)
                company.broker_contact_run_at = fields.Datetime.now()
                yield 0
            while ids := Contact._take_due(company):
                Contact._gather_batch(company, ids)
                yield len(ids)
            company.write({"broker_contact_gathered_at": company.broker_contact_run_at, "broker_contact_run_at": False})
            yield 0

    @api.model
    def _get_gather_batch_size(self):
        """Return how many customers are gathered in one step (technical setting)."""
        return self._get_gather_number("contact_batch_size", 2000)

    @api.model
    def _get_gather_number(self, name, default):
        return int(self.env["ir.config_parameter"].sudo().get_param(f"print_broker_crm.{name}", default))

    # THE LIST

    @api.model
    def _count_due(self, company):
        """Return how many customers of a company the run in progress has yet to come to."""
        rows = self.env.execute_query(SQL("SELECT COUNT(*) FROM broker_contact_due WHERE company_id = %s", company.id))
        return rows[0][0]

    @api.model
    def _queue(self, customers):
        """Have some customers looked at in the next run.

        :param customers: `broker.customer`
        """
        if customers:
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO broker_contact_due (customer_id, company_id)
                    SELECT id, company_id FROM broker_customer WHERE id = ANY(%s)
               ON CONFLICT DO NOTHING
                 RETURNING customer_id
                    """,
                    customers.ids,
                )
            )

    @api.model
    def _take_due(self, company):
        """Take the next batch off the list.

        Materialized, because a subquery that locks is run again for each row where PostgreSQL
        joins by nested loops, skips what the statement itself has deleted, and so empties the list.

        :return: ids of customer files, empty when the run is over
        """
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                      WITH batch AS MATERIALIZED (
                           SELECT customer_id FROM broker_contact_due
                            WHERE company_id = %s
                         ORDER BY customer_id
                            LIMIT %s
                              FOR UPDATE SKIP LOCKED
                           )
                    DELETE FROM broker_contact_due due
                     USING batch
                     WHERE due.customer_id = batch.customer_id
                 RETURNING due.customer_id
                    """,
                    company.id,
                    self._get_gather_batch_size(),
                )
            )
        ]

    @api.model
    def _queue_changed(self, company):
        """List the customers of whom something was written since the last run.

        What a long transaction wrote before that run and committed after it is found by
        looking back over the hours between (technical setting).
        """
        self.env.flush_all()
        since = company.broker_contact_gathered_at
        file = SQL("file.company_id = %s", company.id)
        if since:
            since -= timedelta(hours=self._get_gather_number("contact_overlap_hours", 3))
            changed = SQL(
                "WITH %(touches)s %(changed)s",
                touches=self.env["broker.customer"]._get_touch_expressions(since, file),
                changed=SQL(" UNION ").join(self._get_changed_queries(company, since)),
            )
        else:
            changed = SQL("SELECT file.id FROM broker_customer file WHERE %s", file)
        self.env.execute_query(
            SQL(
                """
                INSERT INTO broker_contact_due (customer_id, company_id)
                SELECT changed.id, %(company)s FROM (%(changed)s) AS changed (id)
           ON CONFLICT DO NOTHING
             RETURNING customer_id
                """,
                company=company.id,
                changed=changed,
            )
        )

    @api.model
    def _get_changed_queries(self, company, since):
        """Return the SELECTs of the customers who are to be looked at again, over the
        expressions of `_get_touch_queries`.

        :param since: naive UTC `datetime` of the last run
        :return: list of `SQL`
        """
        days = self._get_gather_number("contact_sweep_days", 30)
        return [
            SQL("SELECT touch.customer_id FROM touch WHERE touch.model != 'broker.contact'"),
            # New files, and each file in whole now and then: what was deleted tells nobody.
            SQL(
                """
                SELECT file.id FROM customer JOIN broker_customer file ON file.id = customer.id
                 WHERE file.create_date >= %s OR file.id %% %s = %s
                """,
                since,
                days,
                company._get_broker_today().toordinal() % days,
            ),
            # Somebody came to the customer, or went to another.
            SQL(
                """
                SELECT person.customer_id FROM person JOIN res_partner contact ON contact.id = person.contact_id
                 WHERE contact.write_date >= %s
                """,
                since,
            ),
            SQL(
                """
                SELECT known.customer_id FROM res_partner contact
                  JOIN broker_contact known ON known.partner_id = contact.id AND known.company_id = %s
                 WHERE contact.write_date >= %s
                """,
                company.id,
                since,
            ),
            SQL(
                """
                SELECT served.customer_id FROM broker_assignment served
                 WHERE served.company_id = %s AND served.write_date >= %s
                """,
                company.id,
                since,
            ),
            *(
                SQL(
                    """
                    SELECT known.customer_id FROM %(table)s document
                      JOIN broker_contact known
                        ON known.is_gathered AND known.res_model = %(model)s AND known.res_id = document.id
                     WHERE document.write_date >= %(since)s AND known.company_id = %(company)s
                    """,
                    table=SQL.identifier(self.env[model]._table),
                    model=model,
                    since=since,
                    company=company.id,
                )
                for model in self.env["broker.customer"]._get_touch_models()
            ),
        ]

    # A BATCH

    @api.model
    def _gather_batch(self, company, ids):
        """Make the contacts of some customers what their documents say.

        :param ids: ids of customer files of the company
        :return: ids of the customers of whom something changed
        """
        self.env.flush_all()
        days = set(self.env.execute_query(self._get_gather_statement(company, ids)))
        self.env["broker.customer"].sudo()._after_contacts_gathered(days)
        changed = {customer_id for customer_id, _day in days} | self._refresh_roles(company, ids)
        if changed:
            self.env["broker.customer"].sudo().browse(changed)._refresh_last_contact()
            self.invalidate_model()
        return changed

    @api.model
    def _get_gather_statement(self, company, ids):
        """Return the statement that brings in, changes and takes out; it returns the customers
        concerned, each with the days: none where a contact changed, which may have been on
        another one before."""
        columns = SQL(", ").join(map(SQL.identifier, _GATHERED_COLUMNS))
        return SQL(
            """
            WITH %(touches)s,
            served AS MATERIALIZED (%(served)s),
            found AS MATERIALIZED (
                SELECT DISTINCT ON (touch.customer_id, touch.model, touch.res_id, COALESCE(touch.user_id, 0))
                       touch.customer_id, touch.user_id, touch.model AS res_model, touch.res_id,
                       COALESCE(touch.role, served.role, %(no_role)s) AS role,
                       CASE touch.model WHEN 'broker.care.call' THEN 'call' ELSE touch.channel END AS channel,
                       touch.direction, DATE_TRUNC('second', touch.moment) AS date, touch.contact_id AS partner_id
                  FROM touch
             LEFT JOIN served
                    ON served.customer_id = touch.customer_id AND served.user_id = touch.user_id
                   AND served.date_from <= %(day)s AND (served.date_to IS NULL OR served.date_to > %(day)s)
                 WHERE touch.moment <= %(now)s AND touch.model != 'broker.contact'
              ORDER BY touch.customer_id, touch.model, touch.res_id, COALESCE(touch.user_id, 0),
                       touch.moment DESC, touch.contact_id NULLS LAST, %(role_order)s
            ),
            known AS MATERIALIZED (
                SELECT old.*
                  FROM broker_contact old
                  JOIN customer ON customer.id = old.customer_id
                 WHERE old.is_gathered
            ),
            gone AS (
                DELETE FROM broker_contact old
                      USING known
                      WHERE old.id = known.id
                        -- Who left the company, or is no user any more, was in touch nevertheless.
                        AND (
                            known.user_id IS NULL
                            OR EXISTS (
                               SELECT 1
                                 FROM res_company_users_rel member
                                 JOIN res_users person ON person.id = member.user_id AND person.share IS NOT TRUE
                                WHERE member.user_id = known.user_id AND member.cid = %(company)s
                            )
                        )
                        AND NOT EXISTS (
                            SELECT 1 FROM found
                             WHERE found.customer_id = known.customer_id AND found.res_model = known.res_model
                               AND found.res_id = known.res_id
                               AND COALESCE(found.user_id, 0) = COALESCE(known.user_id, 0)
                        )
                  RETURNING old.customer_id, old.date
            ),
            written AS (
                INSERT INTO broker_contact (
                    customer_id, company_id, user_id, res_model, res_id, %(columns)s, is_gathered,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT found.customer_id, %(company)s, found.user_id, found.res_model, found.res_id,
                       %(found_columns)s, TRUE,
                       %(uid)s, %(written_at)s, %(uid)s, %(written_at)s
                  FROM found
             LEFT JOIN known
                    ON known.customer_id = found.customer_id AND known.res_model = found.res_model
                   AND known.res_id = found.res_id AND COALESCE(known.user_id, 0) = COALESCE(found.user_id, 0)
                 WHERE known.id IS NULL OR (%(known_columns)s) IS DISTINCT FROM (%(found_columns)s)
           ON CONFLICT (res_model, res_id, customer_id, COALESCE(user_id, 0)) WHERE is_gathered
             DO UPDATE SET (%(columns)s) = (%(new_columns)s), write_uid = %(uid)s, write_date = %(written_at)s
             RETURNING customer_id, CASE WHEN xmax = 0 THEN date END AS date
            )
            SELECT customer_id, date::date FROM gone UNION SELECT customer_id, date::date FROM written
            """,
            touches=self.env["broker.customer"].browse(ids)._get_touch_expressions(),
            served=self._get_served_query(ids),
            no_role=self._get_role_without_assignment(SQL("touch.user_id")),
            day=self._get_day(company, SQL("touch.moment"), SQL("touch.model")),
            now=fields.Datetime.now(),
            written_at=fields.Datetime.now(),
            role_order=SQL("ARRAY_POSITION(%s::varchar[], served.role)", list(ROLES)),
            company=company.id,
            uid=self.env.uid,
            columns=columns,
            found_columns=SQL(", ").join(SQL.identifier("found", name) for name in _GATHERED_COLUMNS),
            known_columns=SQL(", ").join(SQL.identifier("known", name) for name in _GATHERED_COLUMNS),
            new_columns=SQL(", ").join(SQL.identifier("excluded", name) for name in _GATHERED_COLUMNS),
        )

    # ROLES

    @api.model
    def _get_day(self, company, moment, model):
        """Return the firm's day of a moment, as SQL; what was ticked off is known by its
        day only."""
        return SQL(
            "CASE %(model)s WHEN 'mail.activity' THEN %(moment)s::date"
            " ELSE (%(moment)s AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date END",
            model=model,
            moment=moment,
            zone=company._get_broker_tz(),
        )

    @api.model
    def _get_served_query(self, ids):
        """Return the SELECT of who served customers in a role, from when to when.

        Whoever is the first in a role's ledger had it before as well: the ledger begins with
        the customer file, and the customer was won before that.

        :param ids: ids of customer files
        """
        return SQL(
            """
            SELECT customer_id, user_id, role, date_to,
                   CASE WHEN ROW_NUMBER() OVER (PARTITION BY customer_id, role ORDER BY date_from, id) = 1
                        THEN '-infinity'::date ELSE date_from END AS date_from
              FROM broker_assignment
             WHERE customer_id = ANY(%s) AND is_void IS NOT TRUE
            """,
            list(ids),
        )

    @api.model
    def _get_role_without_assignment(self, user):
        """Return what somebody is who has no role for the customer, as SQL.

        The care line calls customers of others too.
        """
        return SQL(
            "CASE WHEN %(user)s = ANY(%(care)s) THEN 'care' WHEN %(user)s IS NOT NULL THEN 'other' END",
            user=user,
            care=self._get_care_line_users().ids,
        )

    @api.model
    def _get_care_line_users(self):
        """Return the users, archived ones included, who call for the care line and neither
        sell, serve nor manage."""
        groups = self.env["broker.customer"]._get_group_set
        others = groups("group_salesperson", "group_service_agent", "group_manager")
        return (
            self.env["res.users"]
            .sudo()
            .with_context(active_test=False)
            .search(
                Domain("all_group_ids", "in", list(groups("group_care_officer")))
                & Domain("all_group_ids", "not in", list(others))
            )
        )

    @api.model
    def _refresh_roles(self, company, ids, gathered=False):
        """Give contacts the role that their person had on that day, by the ledger.

        What a document says itself stays: a handoff is of service, a care call of the care
        line, and so is what was written on one.

        :param ids: ids of customer files of the company
        :param gathered: the gathered contacts as well, and not only those logged by hand
        :return: ids of the customers of whom something changed
        """
        if not ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                WITH served AS MATERIALIZED (%(served)s),
                acted AS (
                    SELECT DISTINCT ON (contact.id) contact.id, COALESCE(served.role, %(no_role)s) AS role
                      FROM broker_contact contact
                 LEFT JOIN served
                        ON served.customer_id = contact.customer_id AND served.user_id = contact.user_id
                       AND served.date_from <= %(day)s AND (served.date_to IS NULL OR served.date_to > %(day)s)
                     WHERE contact.customer_id = ANY(%(ids)s) AND contact.user_id IS NOT NULL AND %(kind)s
                  ORDER BY contact.id, %(role_order)s
                )
                UPDATE broker_contact contact
                   SET role = acted.role
                  FROM acted
                 WHERE acted.id = contact.id AND contact.role IS DISTINCT FROM acted.role
             RETURNING contact.customer_id, contact.date::date
                """,
                served=self._get_served_query(ids),
                no_role=self._get_role_without_assignment(SQL("contact.user_id")),
                day=self._get_day(company, SQL("contact.date"), SQL("contact.res_model")),
                ids=list(ids),
                kind=SQL(
                    "COALESCE(contact.channel, '') NOT IN ('handoff', 'call') AND NOT %s", self._get_written_on_care()
                )
                if gathered
                else SQL("contact.is_gathered IS NOT TRUE"),
                role_order=SQL("ARRAY_POSITION(%s::varchar[], served.role)", list(ROLES)),
            )
        )
        self.env["broker.customer"].sudo()._after_contacts_gathered(set(rows))
        return {customer_id for customer_id, _day in rows}

    @api.model
    def _get_written_on_care(self):
        """Return the condition, as SQL, that a `contact` is a message of or to the care line."""
        return SQL(
            """
            EXISTS (
                SELECT 1 FROM mail_message message
                 WHERE contact.role = 'care' AND contact.res_model = 'mail.message' AND message.id = contact.res_id
                   AND message.model = ANY(%s)
            )
            """,
            self.env["broker.customer"]._get_care_models(),
        )

    def _set_roles(self):
        """Say of contacts logged by hand what their person was for the customer then."""
        self.env.flush_all()
        for company, contacts in self.sudo().grouped("company_id").items():
            self._refresh_roles(company, contacts.customer_id.ids)
        self.invalidate_recordset(["role"], flush=False)
