from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCustomerObligationMixin(models.AbstractModel):
    """What the firm owes a customer by its tier, on the customer file.

    Each kind is one SELECT over the expression `owed` of `broker.obligation`; a room that
    owes more extends the three hooks.
    """

    _name = "broker.customer.obligation.mixin"
    _description = "Customer File: Obligations"

    obligation_count = fields.Integer(
        string="Unmet Obligations",
        compute="_compute_obligation_count",
        search="_search_obligation_count",
        help="What the tier demands and nobody has done yet, as far as you may see it.",
    )

    @api.depends_context("uid")
    def _compute_obligation_count(self):
        counts = dict(
            self.env["broker.obligation"]._read_group(
                Domain("customer_id", "in", self.ids), ["customer_id"], ["__count"]
            )
            if self.env["broker.obligation"].has_access("read")
            else []
        )
        for customer in self:
            customer.obligation_count = counts.get(customer._origin, 0)

    @api.model
    def _search_obligation_count(self, operator, value):
        if operator != ">" or value != 0:
            return NotImplemented
        rows = self.env["broker.obligation"]._read_group(Domain.TRUE, ["customer_id"])
        return Domain("id", "in", [customer.id for (customer,) in rows])

    # ACTIONS

    def action_view_obligations(self):
        """Open what is owed to the customer and not done."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_obligation_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        return action

    # BUSINESS

    @api.model
    def _get_obligation_kinds(self):
        """Hook: return {kind: label} of what can be owed, in a fixed order; a room adds
        its own after these."""
        return {
            "handoff": self.env._("Accept the handoff"),
            "visit": self.env._("Visit as the sponsor"),
            "call": self.env._("Call by the care line"),
            "sponsor": self.env._("Name a sponsor"),
            "lead": self.env._("Name a project lead"),
            "service": self.env._("Name a service agent"),
            "care": self.env._("Name a care officer"),
            "printing_house": self.env._("Ask more printing houses"),
        }

    @api.model
    def _get_obligation_models(self):
        """Hook: return the models whose rows the queries read."""
        return {
            "broker.customer",
            "broker.customer.member",
            "broker.handoff",
            "broker.tier",
            "purchase.order",
            "purchase.order.line",
            "res.partner",
            "sale.order",
            "sale.order.line",
        }

    @api.model
    def _get_obligation_queries(self):
        """Hook: return the SELECTs of what is owed and not done, over `owed`, of these
        columns: customer_id, user_id, kind, date, res_model, res_id. A document stands
        in a kind once.

        :return: list of `SQL`
        """
        return [
            SQL(
                """
                SELECT owed.id, handoff.receiver_id, 'handoff'::varchar,
                       (handoff.accept_deadline AT TIME ZONE 'UTC' AT TIME ZONE owed.zone)::date,
                       'broker.handoff'::varchar, handoff.id
                  FROM owed
                  JOIN broker_handoff handoff ON handoff.customer_id = owed.id
                 WHERE handoff.state = 'submitted' AND handoff.accept_deadline < %s
                """,
                fields.Datetime.now(),
            ),
            self._get_obligation_of_customer(
                "visit",
                SQL("owed.sponsor_user_id"),
                SQL("owed.sponsor_visit_due"),
                SQL("owed.sponsor_visit_days > 0 AND owed.sponsor_visit_due <= owed.today"),
            ),
            # Counted from the day on which the customer got its tier or was opened, so
            # that a new customer is not owed a call of last year.
            self._get_obligation_of_customer(
                "call",
                SQL("owed.care_user_id"),
                SQL("%s::date + owed.call_cadence_days", self._get_called_query()),
                SQL(
                    "owed.do_not_call IS NOT TRUE AND %s::date + owed.call_cadence_days < owed.today",
                    self._get_called_query(),
                ),
            ),
            self._get_obligation_of_customer(
                "sponsor",
                SQL("NULL::int"),
                SQL("owed.tier_date"),
                SQL("owed.is_key AND owed.sponsor_user_id IS NULL"),
            ),
            self._get_obligation_of_customer(
                "lead",
                SQL("NULL::int"),
                SQL("owed.tier_date"),
                SQL(
                    """
                    owed.is_key AND NOT EXISTS (
                        SELECT FROM broker_customer_member member
                         WHERE member.customer_id = owed.id AND member.function = 'lead'
                           AND member.date_to IS NULL
                    )
                    """
                ),
            ),
            self._get_obligation_of_customer(
                "service",
                SQL("NULL::int"),
                SQL("owed.tier_date"),
                SQL("owed.needs_service_agent AND owed.service_user_id IS NULL"),
            ),
            self._get_obligation_of_customer(
                "care",
                SQL("NULL::int"),
                SQL("owed.tier_date"),
                SQL("owed.needs_care_officer AND owed.care_user_id IS NULL"),
            ),
            self._get_printing_house_query(),
        ]

    @api.model
    def _get_called_query(self):
        return SQL("COALESCE(owed.last_care_contact, GREATEST(owed.tier_date, owed.date_opened))")

    @api.model
    def _get_obligation_of_customer(self, kind, user, date, condition):
        """Return the SELECT of something that is owed to the customer itself.

        :param user: SQL of who is to do it
        :param date: SQL of the day by which it should have been done
        :param condition: SQL that tells that it is owed and not done
        """
        return SQL(
            """
            SELECT owed.id, %(user)s, %(kind)s::varchar, %(date)s, 'broker.customer'::varchar, owed.id
              FROM owed WHERE %(condition)s
            """,
            kind=kind,
            user=user,
            date=date,
            condition=condition,
        )

    @api.model
    def _get_printing_house_query(self):
        """Return the SELECT of jobs that are bought from somebody, not invoiced yet, and
        for which fewer printing houses were asked than the tier demands.

        An asked printing house is one with a purchase order or a request for the job,
        whatever became of it.
        """
        return SQL(
            """
            SELECT owed.id, COALESCE(owed.service_user_id, so.user_id), 'printing_house'::varchar,
                   (so.broker_date_confirmed AT TIME ZONE 'UTC' AT TIME ZONE owed.zone)::date,
                   'sale.order'::varchar, so.id
              FROM owed
              JOIN sale_order so ON so.broker_customer_id = owed.id
        CROSS JOIN LATERAL (
                    SELECT COUNT(DISTINCT asked.partner_id) AS number
                      FROM purchase_order asked
                      JOIN purchase_order_line bought ON bought.order_id = asked.id
                      JOIN sale_order_line sold ON sold.id = bought.sale_line_id
                     WHERE sold.order_id = so.id
                   ) asked
             WHERE so.state = 'sale' AND so.invoice_status <> 'invoiced'
               AND asked.number BETWEEN 1 AND owed.printing_house_min - 1
            """
        )
