from odoo import fields, models
from odoo.tools import SQL


class BrokerCoverageFigure(models.Model):
    """Who of the firm is in touch with its customers today, one row per customer."""

    _name = "broker.coverage.figure"
    _inherit = "broker.figure.mixin"
    _description = "Figures of Coverage"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "customer_id"

    user_id = fields.Many2one(string="Salesperson")
    state = fields.Selection(
        selection=lambda self: self.env["broker.customer"]._fields["coverage_state"]._description_selection(self.env),
        string="Coverage",
        readonly=True,
    )
    date = fields.Date(string="Since", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    fine_count = fields.Integer(string="In Touch", readonly=True)
    sales_silent_count = fields.Integer(string="Sales Silent", readonly=True)
    customer_silent_count = fields.Integer(string="Customer Silent", readonly=True)
    both_silent_count = fields.Integer(string="Both Silent", readonly=True)
    one_person_count = fields.Integer(string="One Person in Touch", readonly=True)
    fine_percent = fields.Float(
        string="In Touch (%)", readonly=True, digits=(16, 1), aggregator="avg", help="Of the customers looked at."
    )
    sales_days = fields.Integer(string="Days since Sales", readonly=True, aggregator="avg")
    service_days = fields.Integer(string="Days since Service", readonly=True, aggregator="avg")
    care_days = fields.Integer(string="Days since Care", readonly=True, aggregator="avg")
    inbound_days = fields.Integer(string="Days since the Customer", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        for model in ("broker.customer", "res.partner"):
            self.env[model].flush_model()
        states = ("fine", "sales_silent", "customer_silent", "both_silent")
        touches = ("sales", "service", "care", "inbound")
        return SQL(
            """
            SELECT customer.id, customer.id AS customer_id, customer.company_id, customer.tier_id, partner.user_id,
                   customer.coverage_state AS state, customer.coverage_since AS date, 1 AS customer_count, %(states)s,
                   (customer.covered_by_one IS TRUE)::int AS one_person_count,
                   CASE WHEN customer.coverage_state IS NOT NULL
                        THEN 100.0 * (customer.coverage_state = 'fine')::int END AS fine_percent,
                   %(touches)s
              FROM broker_customer customer
              JOIN res_partner partner ON partner.id = customer.partner_id
              JOIN (%(firm)s) firm ON firm.company_id = customer.company_id
             WHERE customer.active
            """,
            states=SQL(", ").join(
                SQL(
                    "(customer.coverage_state IS NOT DISTINCT FROM %s)::int AS %s",
                    state,
                    SQL.identifier(f"{state}_count"),
                )
                for state in states
            ),
            touches=SQL(", ").join(
                SQL(
                    "firm.today - %s AS %s",
                    self._get_local_day(SQL.identifier("customer", f"last_{touch}_contact")),
                    SQL.identifier(f"{touch}_days"),
                )
                for touch in touches
            ),
            firm=self._get_firm_query(),
        )

    def _get_document(self):
        return "broker.customer", self.customer_id.id
