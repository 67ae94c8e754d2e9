from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerObligation(models.Model):
    """What the firm owes a customer by its tier and has not done: one list per person.

    A look at what is there, nothing of it is stored: a row disappears when it is done.
    Each room says in `_get_obligation_queries` of the customer file what it owes.
    """

    _name = "broker.obligation"
    _description = "Unmet Obligation"
    _auto = False
    _order = "tier_rank desc, date, id"
    _rec_name = "customer_id"

    company_id = fields.Many2one("res.company", readonly=True)
    customer_id = fields.Many2one("broker.customer", readonly=True)
    tier_id = fields.Many2one("broker.tier", readonly=True)
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    tier_rank = fields.Integer(readonly=True, aggregator=None)
    user_id = fields.Many2one(
        "res.users", string="Person", readonly=True, help="Who is to do it. Empty: a manager decides who."
    )
    kind = fields.Selection(selection="_selection_kind", string="What Is Owed", readonly=True)
    date = fields.Date(string="Since", readonly=True, help="The day by which it should have been done.")
    days = fields.Integer(string="Days Overdue", compute="_compute_days", aggregator=None)
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(string="Document", model_field="res_model", readonly=True)

    @api.model
    def _selection_kind(self):
        return list(self.env["broker.customer"]._get_obligation_kinds().items())

    @api.depends("date")
    def _compute_days(self):
        for obligation in self:
            today = (obligation.company_id or self.env.company)._get_broker_today()
            obligation.days = max((today - obligation.date).days, 0) if obligation.date else 0

    @property
    def _table_query(self):
        self._flush_sources()
        Customer = self.env["broker.customer"]
        kinds = list(Customer._get_obligation_kinds())
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        queries = Customer._get_obligation_queries()
        return SQL(
            """
            WITH firm AS (
                SELECT * FROM UNNEST(%(companies)s::int[], %(days)s::date[], %(zones)s::varchar[])
                           AS firm (company_id, today, zone)
            ), owed AS (
                SELECT customer.id, customer.company_id, customer.tier_date, customer.date_opened,
                       partner.user_id AS salesperson_id, customer.service_user_id,
                       customer.care_user_id, customer.sponsor_user_id,
                       customer.last_care_contact, customer.do_not_call, customer.sponsor_visit_due,
                       customer.tier_id, tier.rank, tier.is_key, tier.call_cadence_days,
                       tier.sponsor_visit_days, tier.printing_house_min,
                       tier.needs_service_agent, tier.needs_care_officer,
                       firm.today, firm.zone
                  FROM broker_customer customer
                  JOIN res_partner partner ON partner.id = customer.partner_id
                  JOIN firm ON firm.company_id = customer.company_id
             LEFT JOIN broker_tier tier ON tier.id = customer.tier_id
                 WHERE customer.active
            )
            SELECT unmet.res_id::bigint * 64 + ARRAY_POSITION(%(kinds)s::varchar[], unmet.kind) AS id,
                   owed.company_id, unmet.customer_id, owed.tier_id, COALESCE(owed.rank, 0) AS tier_rank,
                   unmet.user_id, unmet.kind, unmet.date, unmet.res_model, unmet.res_id
              FROM (%(unmet)s) AS unmet (customer_id, user_id, kind, date, res_model, res_id)
              JOIN owed ON owed.id = unmet.customer_id
            """,
            companies=companies.ids,
            days=[company._get_broker_today() for company in companies],
            zones=[company._get_broker_tz() for company in companies],
            kinds=kinds,
            unmet=SQL(" UNION ALL ").join(queries),
        )

    @api.model
    def _flush_sources(self):
        for model in self.env["broker.customer"]._get_obligation_models():
            self.env[model].flush_model()

    # ACTIONS

    def action_open(self):
        """Open what has to be done: the customer, or the document that waits."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
