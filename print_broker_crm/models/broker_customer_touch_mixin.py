from odoo import api, fields, models
from odoo.tools import SQL


class BrokerCustomerTouchMixin(models.AbstractModel):
    """Who was in touch with a customer, and when: what Odoo itself knows of it.

    Read in one statement for any number of customers; nothing is stored here. Whether
    a customer is silent and who could take over are questions to these rows.
    """

    _name = "broker.customer.touch.mixin"
    _description = "Customer File: Touches"

    @api.model
    def _get_since_condition(self, table, column, since):
        """Return the `SQL` condition that a column is not before a moment, or that its row
        was written since: what is entered late is not missed.

        :param since: naive UTC `datetime`, or None for everything
        """
        if not since:
            return SQL("TRUE")
        return SQL(
            "(%(column)s >= %(since)s OR %(written)s >= %(since)s)",
            column=SQL.identifier(table, column),
            written=SQL.identifier(table, "write_date"),
            since=since,
        )

    def _get_touch_expressions(self, since=None, scope=None, queries=None):
        """Return the common table expressions that end in `touch`: every touch with
        these customers, one row each; see `_get_touch_queries` for the columns.

        :param since: naive UTC `datetime`, see `_get_touch_queries`
        :param scope: other customers than these, as an `SQL` condition on `file`
        :param queries: where touches are read from, when not from what proves them
        """
        return SQL(
            """
            customer AS MATERIALIZED (
                SELECT file.id, file.company_id, file.partner_id, partner.user_id AS salesperson_id
                  FROM broker_customer file
                  JOIN res_partner partner ON partner.id = file.partner_id
                 WHERE %(scope)s
            ),
            person AS MATERIALIZED (
                SELECT customer.id AS customer_id, customer.company_id, contact.id AS contact_id
                  FROM customer
                  JOIN res_partner contact ON contact.commercial_partner_id = customer.partner_id
                 WHERE contact.partner_share IS NOT FALSE
            ),
            about AS MATERIALIZED (%(about)s),
            touch (customer_id, user_id, moment, direction, channel, role, contact_id, model, res_id) AS MATERIALIZED (
                %(touches)s
            )
            """,
            scope=scope or SQL("file.id = ANY(%s)", self.ids),
            about=SQL(" UNION ALL ").join(self._get_about_queries()),
            touches=SQL(" UNION ").join(queries or self._get_touch_queries(since)),
        )

    @api.model
    def _get_about_queries(self):
        """Return the SELECTs of (customer_id, activity_id): what each activity is about.

        An activity on a contact is shared by all companies like the contact itself; it
        belongs to those for which its holder works.
        """
        queries = [
            SQL(
                """
                SELECT customer.id AS customer_id, activity.id AS activity_id
                  FROM customer
                  JOIN res_partner contact ON contact.commercial_partner_id = customer.partner_id
                  JOIN mail_activity activity ON activity.res_model = 'res.partner' AND activity.res_id = contact.id
                  JOIN res_company_users_rel member
                    ON member.user_id = activity.user_id AND member.cid = customer.company_id
                """
            )
        ]
        for model, column in self._get_touched_models().items():
            queries.append(
                SQL(
                    """
                    SELECT customer.id, activity.id
                      FROM customer
                      JOIN %(table)s document ON %(column)s = customer.id
                      JOIN mail_activity activity ON activity.res_model = %(model)s AND activity.res_id = document.id
                    """,
                    table=SQL.identifier(self.env[model]._table),
                    column=SQL.identifier("document", column),
                    model=model,
                )
            )
        return queries

    @api.model
    def _get_touch_queries(self, since=None):
        """Add messages from and to the customer's people, meetings that took place,
        calls and e-mails ticked off, and confirmed orders."""
        return super()._get_touch_queries(since) + [
            self._get_inbound_message_query(since),
            self._get_outbound_message_query(SQL("mail_notification"), since),
            self._get_outbound_message_query(SQL("mail_message_res_partner_rel"), since),
            self._get_meeting_query(since),
            self._get_done_activity_query(since),
            self._get_order_query(since),
        ]

    @api.model
    def _get_inbound_message_query(self, since):
        return SQL(
            """
            SELECT person.customer_id, NULL::int, message.date, 'in',
                   CASE message.message_type WHEN 'email' THEN 'email' ELSE 'message' END,
                   CASE WHEN message.model = ANY(%s) THEN 'care' END, message.author_id, 'mail.message', message.id
              FROM person
              JOIN mail_message message ON message.author_id = person.contact_id
             WHERE message.message_type IN ('email', 'comment')
               AND (message.record_company_id IS NULL OR message.record_company_id = person.company_id)
               AND %s
            """,
            self._get_care_models(),
            self._get_since_condition("message", "date", since),
        )

    @api.model
    def _get_outbound_message_query(self, recipients, since):
        """Return what people of the firm wrote themselves; reminders, introductions and
        other messages of the system are nobody's touch.

        Few people write nearly all messages: whoever begins with the senders reads them all
        for every batch of customers, hence the fence between both.

        :param recipients: the table that says to whom, `SQL`
        """
        return SQL(
            """
            SELECT sent.customer_id, sender.id, sent.date, 'out', 'message',
                   CASE WHEN sent.model = ANY(%(care)s) THEN 'care' END, sent.contact_id, 'mail.message', sent.id
              FROM (
                    SELECT person.customer_id, person.company_id, person.contact_id,
                           message.id, message.date, message.author_id, message.model
                      FROM person
                      JOIN %(recipients)s recipient ON recipient.res_partner_id = person.contact_id
                      JOIN mail_message message ON message.id = recipient.mail_message_id
                     WHERE message.message_type = 'comment'
                       AND (message.record_company_id IS NULL OR message.record_company_id = person.company_id)
                       AND %(since)s
                    OFFSET 0
                   ) AS sent
              JOIN res_users sender ON sender.partner_id = sent.author_id AND sender.share IS NOT TRUE
              JOIN res_company_users_rel member ON member.user_id = sender.id AND member.cid = sent.company_id
            """,
            recipients=recipients,
            care=self._get_care_models(),
            since=self._get_since_condition("message", "date", since),
        )

    @api.model
    def _get_meeting_query(self, since):
        return SQL(
            """
            SELECT person.customer_id, colleague.id, event.start, 'both', 'meeting', NULL,
                   person.contact_id, 'calendar.event', event.id
              FROM person
              JOIN calendar_attendee guest ON guest.partner_id = person.contact_id AND guest.state != 'declined'
              JOIN calendar_event event ON event.id = guest.event_id AND event.active
              JOIN calendar_attendee attendee ON attendee.event_id = event.id AND attendee.state != 'declined'
              JOIN res_users colleague ON colleague.partner_id = attendee.partner_id AND colleague.share IS NOT TRUE
              JOIN res_company_users_rel member ON member.user_id = colleague.id AND member.cid = person.company_id
             WHERE event.start <= %(now)s AND %(since)s
            """,
            now=fields.Datetime.now(),
            since=self._get_since_condition("event", "start", since),
        )

    @api.model
    def _get_done_activity_query(self, since):
        """Return the calls, meetings and e-mails that people ticked off, by day: a to-do
        that was done says nothing of the customer."""
        return SQL(
            """
            SELECT about.customer_id, activity.user_id, activity.date_done::timestamp, 'out',
                   CASE kind.category WHEN 'phonecall' THEN 'phone' WHEN 'meeting' THEN 'meeting' ELSE 'email' END,
                   NULL, NULL::int, 'mail.activity', activity.id
              FROM about
              JOIN mail_activity activity ON activity.id = about.activity_id
              JOIN mail_activity_type kind ON kind.id = activity.activity_type_id
             WHERE activity.active IS NOT TRUE
               AND activity.user_id IS NOT NULL
               AND activity.date_done IS NOT NULL
               AND (kind.category IN ('phonecall', 'meeting') OR kind.id = %(email)s)
               AND %(since)s
            """,
            email=self.env["ir.model.data"]._xmlid_to_res_id("mail.mail_activity_data_email"),
            since=self._get_since_condition("activity", "date_done", since),
        )

    @api.model
    def _get_order_query(self, since):
        """Return the confirmed orders: the customer gave them, to whom is not said. What
        is printed again for a claim was not ordered by anybody."""
        return SQL(
            """
            SELECT customer.id, NULL::int, sale.date_order, 'in', 'order', NULL,
                   sale.partner_id, 'sale.order', sale.id
              FROM customer
              JOIN sale_order sale ON sale.broker_customer_id = customer.id
             WHERE sale.state = 'sale' AND sale.broker_claim_case_id IS NULL AND %s
            """,
            self._get_since_condition("sale", "date_order", since),
        )

    # PROMISES

    @api.model
    def _get_promise_queries(self):
        """Add to-dos on records that no colleague follows, and meetings to come that no
        colleague attends."""
        return super()._get_promise_queries() + [
            SQL(
                """
                SELECT customer.id, 'activity', activity.res_model, activity.res_id, activity.date_deadline
                  FROM about
                  JOIN customer ON customer.id = about.customer_id
                  JOIN mail_activity activity ON activity.id = about.activity_id
                 WHERE activity.active
                   AND activity.user_id = customer.salesperson_id
                   AND NOT EXISTS (
                       SELECT 1
                         FROM mail_followers follower
                         JOIN res_users colleague ON colleague.partner_id = follower.partner_id
                          AND colleague.active AND colleague.share IS NOT TRUE
                        WHERE follower.res_model = activity.res_model
                          AND follower.res_id = activity.res_id
                          AND colleague.id != customer.salesperson_id
                   )
                """
            ),
            SQL(
                """
                SELECT customer.id, 'meeting', 'calendar.event', event.id, event.start::date
                  FROM customer
                  JOIN person ON person.customer_id = customer.id
                  JOIN calendar_attendee guest ON guest.partner_id = person.contact_id AND guest.state != 'declined'
                  JOIN calendar_event event ON event.id = guest.event_id AND event.active
                  JOIN res_users salesperson ON salesperson.id = customer.salesperson_id
                  JOIN calendar_attendee own ON own.event_id = event.id AND own.partner_id = salesperson.partner_id
                  JOIN res_company_users_rel member
                    ON member.user_id = salesperson.id AND member.cid = customer.company_id
                 WHERE event.start > %s
                   AND NOT EXISTS (
                       SELECT 1
                         FROM calendar_attendee attendee
                         JOIN res_users colleague ON colleague.partner_id = attendee.partner_id
                          AND colleague.active AND colleague.share IS NOT TRUE
                        WHERE attendee.event_id = event.id
                          AND attendee.state != 'declined'
                          AND colleague.id != salesperson.id
                   )
                """,
                fields.Datetime.now(),
            ),
        ]
