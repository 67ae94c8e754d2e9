from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerTierWork(models.Model):
    """The work that a customer took, piece by piece: the rows behind the full-time persons.

    A look at what is there, nothing of it is stored. A piece counts in the window and with
    the weight of the customer's newest score. A room that adds work to
    `broker.tier.score._get_work_sources` adds it here as well.
    """

    _name = "broker.tier.work"
    _description = "Work for a Customer"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "kind"

    customer_id = fields.Many2one("broker.customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", string="Person", readonly=True)
    kind = fields.Selection(selection="_selection_kind", string="Kind of Work", readonly=True)
    date = fields.Datetime(readonly=True)
    weight = fields.Float(digits=(16, 2), readonly=True, help="How much the policy counts for it.")
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(string="Document Id", model_field="res_model", readonly=True, aggregator=None)
    document = fields.Char(compute="_compute_document")

    @api.model
    def _selection_kind(self):
        return [(kind, label) for kind, (label, _weight) in self._get_kinds().items()]

    @api.depends("res_model", "res_id")
    def _compute_document(self):
        for model, rows in self.grouped("res_model").items():
            found = self.env[model].browse(rows.mapped("res_id")).exists() if model in self.env else ()
            names = {record.id: record.display_name for record in found and found._filtered_access("read")}
            for row in rows:
                row.document = names.get(row.res_id, "")

    @property
    def _table_query(self):
        self._flush_sources()
        kinds = self._get_kinds()
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        return SQL(
            """
            WITH firm AS NOT MATERIALIZED (
                SELECT * FROM UNNEST(%(companies)s::int[], %(zones)s::varchar[]) AS firm (company_id, zone)
            ), judged AS NOT MATERIALIZED (
                SELECT customer.id AS customer_id, customer.company_id, policy.id AS policy_id,
                       (score.date - policy.window_months * INTERVAL '1 month')::date + 1 AS first,
                       score.date AS last,
                       ((score.date - policy.window_months * INTERVAL '1 month')::date + 1)::timestamp
                           AT TIME ZONE firm.zone AT TIME ZONE 'UTC' AS start,
                       (score.date + 1)::timestamp AT TIME ZONE firm.zone AT TIME ZONE 'UTC' AS stop
                  FROM broker_customer customer
                  JOIN broker_tier_score score ON score.id = customer.last_score_id
                  JOIN broker_tier_policy policy ON policy.id = score.policy_id
                  JOIN firm ON firm.company_id = customer.company_id
            )
            SELECT piece.id::bigint * 64 + ARRAY_POSITION(%(kinds)s::varchar[], piece.kind) AS id,
                   piece.kind, piece.user_id, judged.customer_id, judged.company_id, piece.date,
                   (%(weight)s)::numeric AS weight, piece.res_model, piece.res_id
              FROM judged
              JOIN broker_tier_policy policy ON policy.id = judged.policy_id
        CROSS JOIN LATERAL (%(pieces)s) AS piece (id, kind, user_id, date, res_model, res_id)
             WHERE piece.user_id IS NOT NULL AND (%(weight)s) > 0
            """,
            companies=companies.ids,
            zones=[company._get_broker_tz() for company in companies],
            kinds=list(kinds),
            weight=SQL(
                "CASE piece.kind %s END",
                SQL(" ").join(
                    SQL("WHEN %s THEN policy.%s", kind, SQL.identifier(weight))
                    for kind, (_label, weight) in kinds.items()
                ),
            ),
            pieces=SQL(" UNION ALL ").join(self._get_piece_queries()),
        )

    # ACTIONS

    def action_open(self):
        """Open the document that was worked on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _get_kinds(self):
        """Hook: return {kind: (label, name of its weight on the policy)} in a fixed order;
        a room adds its own after these."""
        return {
            "job": (self.env._("Job"), "work_job_weight"),
            "quotation": (self.env._("Quotation"), "work_quotation_weight"),
            "handoff_sent": (self.env._("Handoff sent"), "work_handoff_weight"),
            "handoff_received": (self.env._("Handoff received"), "work_handoff_weight"),
            "call": (self.env._("Care call"), "work_call_weight"),
            "order_message": (self.env._("Message on an order"), "work_message_weight"),
            "lead_message": (self.env._("Message on an opportunity"), "work_message_weight"),
            "customer_message": (self.env._("Message on the file"), "work_message_weight"),
            "order_activity": (self.env._("Activity on an order"), "work_activity_weight"),
            "lead_activity": (self.env._("Activity on an opportunity"), "work_activity_weight"),
            "customer_activity": (self.env._("Activity on the file"), "work_activity_weight"),
            "leg": (self.env._("Finished leg"), "work_leg_weight"),
            "case": (self.env._("Solved case"), "work_case_weight"),
            "contact": (self.env._("Logged contact"), "work_contact_weight"),
        }

    @api.model
    def _get_source_models(self):
        """Hook: return the models whose rows the queries read."""
        return {
            "broker.care.call",
            "broker.case",
            "broker.contact",
            "broker.customer",
            "broker.handoff",
            "broker.relay.leg",
            "broker.tier.policy",
            "broker.tier.score",
            "crm.lead",
            "mail.activity",
            "mail.message",
            "res.users",
            "sale.order",
        }

    @api.model
    def _flush_sources(self):
        for model in self._get_source_models():
            self.env[model].flush_model()

    @api.model
    def _get_piece_queries(self):
        """Hook: return the SELECTs of the pieces of work for one row of `judged`, of these
        columns: id, kind, user_id, date, res_model, res_id.

        :return: list of `SQL`
        """
        queries = [
            SQL(
                """
                SELECT so.id, (CASE so.state WHEN 'sale' THEN 'job' ELSE 'quotation' END)::varchar,
                       so.user_id, so.date_order, 'sale.order'::varchar, so.id
                  FROM sale_order so
                 WHERE so.broker_customer_id = judged.customer_id
                   AND so.date_order >= judged.start AND so.date_order < judged.stop
                """
            ),
            *(
                SQL(
                    """
                    SELECT handoff.id, %(kind)s::varchar, handoff.%(user)s, handoff.%(date)s,
                           'broker.handoff', handoff.id
                      FROM broker_handoff handoff
                     WHERE handoff.customer_id = judged.customer_id
                       AND handoff.%(date)s >= judged.start AND handoff.%(date)s < judged.stop
                    """,
                    kind=kind,
                    user=SQL.identifier(user),
                    date=SQL.identifier(date),
                )
                for kind, user, date in (
                    ("handoff_sent", "sender_id", "first_submitted_at"),
                    ("handoff_received", "receiver_id", "accepted_at"),
                )
            ),
            SQL(
                """
                SELECT call.id, 'call', call.user_id, call.date_done, 'broker.care.call', call.id
                  FROM broker_care_call call
                 WHERE call.customer_id = judged.customer_id AND call.state = 'done'
                   AND call.date_done >= judged.start AND call.date_done < judged.stop
                """
            ),
            SQL(
                """
                SELECT leg.id, 'leg', leg.user_id, leg.finished_at, 'broker.relay.leg', leg.id
                  FROM broker_relay_leg leg
                 WHERE leg.customer_id = judged.customer_id AND leg.outcome IN ('finished', 'returned')
                   AND leg.finished_at >= judged.start AND leg.finished_at < judged.stop
                """
            ),
            SQL(
                """
                SELECT cases.id, 'case', cases.user_id, cases.solved_at, 'broker.case', cases.id
                  FROM broker_case cases
                 WHERE cases.customer_id = judged.customer_id AND cases.state IN ('solved', 'closed')
                   AND cases.solved_at >= judged.start AND cases.solved_at < judged.stop
                """
            ),
            SQL(
                """
                SELECT logged.id, 'contact', logged.user_id, logged.date, 'broker.contact', logged.id
                  FROM broker_contact logged
                 WHERE logged.customer_id = judged.customer_id AND logged.is_gathered IS NOT TRUE
                   AND logged.date >= judged.start AND logged.date < judged.stop
                """
            ),
        ]
        for prefix, model, customer in (
            ("order", "sale.order", "broker_customer_id"),
            ("lead", "crm.lead", "broker_customer_id"),
            ("customer", "broker.customer", "id"),
        ):
            queries += self._get_note_queries(prefix, model, SQL("document.%s", SQL.identifier(customer)))
        return queries

    @api.model
    def _get_note_queries(self, prefix, model, customer):
        """Return the SELECTs of the messages written and the activities done on a model.

        :param customer: SQL of the document's customer file
        """
        values = {
            "prefix": prefix,
            "model": model,
            "table": SQL.identifier(self.env[model]._table),
            "customer": customer,
        }
        return [
            SQL(
                """
                SELECT message.id, %(prefix)s || '_message', author.id, message.date, %(model)s, document.id
                  FROM %(table)s document
                  JOIN mail_message message ON message.res_id = document.id AND message.model = %(model)s
                  JOIN res_users author ON author.partner_id = message.author_id AND NOT author.share
                 WHERE %(customer)s = judged.customer_id AND message.message_type = 'comment'
                   AND message.date >= judged.start AND message.date < judged.stop
                """,
                **values,
            ),
            SQL(
                """
                SELECT activity.id, %(prefix)s || '_activity', activity.user_id, activity.date_done::timestamp,
                       %(model)s, document.id
                  FROM %(table)s document
                  JOIN mail_activity activity ON activity.res_id = document.id AND activity.res_model = %(model)s
                 WHERE %(customer)s = judged.customer_id AND activity.active IS NOT TRUE
                   AND activity.date_done BETWEEN judged.first AND judged.last
                """,
                **values,
            ),
        ]
