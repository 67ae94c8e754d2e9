from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_customer_month_query_mixin import FIGURES

_CARE_GROUP = "print_broker_crm.group_care_officer"
_CARE_FIGURES = ("call_count", "rating_sales_sum", "rating_sales_count", "rating_service_sum", "rating_service_count")


class BrokerCustomerMonth(models.Model):
    """What a customer did in a month, and what was done for it.

    One row per customer and month in which something happened. A month is named by its
    first day. Money counts on the day of the invoice, everything else on the firm's own day.
    The rows are written in SQL alone, see `broker.customer.month.night.mixin`; who serves the
    customer and where it stands are as they are today.
    """

    _name = "broker.customer.month"
    _inherit = ["broker.customer.month.query.mixin", "broker.customer.month.night.mixin"]
    _description = "Customer Month"
    # The table is made here, and read together with the customer file.
    _auto = False
    _order = "month desc, id desc"
    _rec_name = "customer_id"
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    tier_id = fields.Many2one("broker.tier", readonly=True, help="Where the customer stands today.")
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True, help="Who sells to the customer today.")
    trend = fields.Selection(
        selection=lambda self: self.env["broker.customer"]._fields["trend"]._description_selection(self.env),
        readonly=True,
        help="What it is today.",
    )
    month = fields.Date(readonly=True, help="Its first day.")
    revenue = fields.Monetary(
        readonly=True, help="Posted invoices less credit notes, untaxed, by the day of the invoice."
    )
    margin = fields.Monetary(
        readonly=True, help="What the invoices of the month leave; lines without a known cost are left out."
    )
    margin_left_out = fields.Integer(
        string="Lines without a Cost", readonly=True, help="Invoice lines that the margin leaves out."
    )
    job_count = fields.Integer(string="Jobs", readonly=True, help="Confirmed orders, reprints for a claim left out.")
    reorder_count = fields.Integer(string="Reorders", readonly=True, help="Jobs that are not the customer's first.")
    order_amount = fields.Monetary(
        string="Ordered", readonly=True, help="What the jobs of the month come to, untaxed, in the company's currency."
    )
    quotation_won_count = fields.Integer(
        string="Quotations Won", readonly=True, help="Those that became a job in the month, whatever became of it."
    )
    quotation_lost_count = fields.Integer(
        string="Quotations Lost", readonly=True, help="Those of the month that were cancelled and never were a job."
    )
    case_count = fields.Integer(string="Cases", readonly=True, help="Opened in the month, without those cancelled.")
    complaint_count = fields.Integer(string="Complaints and Claims", readonly=True, help="Of the cases.")
    claim_cost = fields.Monetary(
        string="Cost of Claims", readonly=True, help="What the cases opened in the month cost the firm."
    )
    call_count = fields.Integer(string="Care Calls", readonly=True, groups=_CARE_GROUP, help="Done in the month.")
    rating_sales_sum = fields.Integer(string="Sum of the Scores of Sales", readonly=True, groups=_CARE_GROUP)
    rating_sales_count = fields.Integer(string="Scores of Sales", readonly=True, groups=_CARE_GROUP)
    rating_service_sum = fields.Integer(string="Sum of the Scores of Service", readonly=True, groups=_CARE_GROUP)
    rating_service_count = fields.Integer(string="Scores of Service", readonly=True, groups=_CARE_GROUP)
    sales_touch_count = fields.Integer(string="Touches by Sales", readonly=True)
    service_touch_count = fields.Integer(string="Touches by Service", readonly=True)
    inbound_touch_count = fields.Integer(
        string="Touches by the Customer",
        readonly=True,
        help="Orders, messages, calls and meetings; what it told the care line does not count.",
    )

    def init(self):
        """Make the table, or add what it did not know yet. Without foreign keys, which would cost
        more than all the figures: rows of a deleted file are not read, and go in time."""
        result = super().init()
        self.env.cr.execute(
            SQL(
                """
                CREATE TABLE IF NOT EXISTS broker_customer_month (
                    id serial PRIMARY KEY, customer_id integer NOT NULL, company_id integer NOT NULL,
                    month date NOT NULL
                );
                CREATE UNIQUE INDEX IF NOT EXISTS broker_customer_month_customer_uniq
                    ON broker_customer_month (customer_id, month);
                DROP INDEX IF EXISTS broker_customer_month_company_idx;
                CREATE INDEX IF NOT EXISTS broker_customer_month_company_brin
                    ON broker_customer_month USING brin (company_id);
                ALTER SEQUENCE broker_customer_month_id_seq CACHE 100;
                ALTER TABLE broker_customer_month %s
                """,
                SQL(", ").join(
                    SQL("ADD COLUMN IF NOT EXISTS %s %s NOT NULL DEFAULT 0", SQL.identifier(name), kind)
                    for name, kind in FIGURES.items()
                ),
            )
        )
        return result

    @property
    def _table_query(self):
        for model in ("broker.customer", "res.partner"):
            self.env[model].flush_model()
        concerned = self._get_concerned_condition()
        figures = [
            SQL("CASE WHEN %s THEN 0 ELSE figure.%s END AS %s", concerned, SQL.identifier(name), SQL.identifier(name))
            if concerned and name in _CARE_FIGURES
            else SQL("figure.%s", SQL.identifier(name))
            for name in FIGURES
        ]
        return SQL(
            """
            SELECT figure.id, figure.customer_id, figure.company_id, figure.month, %s,
                   company.currency_id, customer.tier_id, customer.trend, partner.user_id
              FROM broker_customer_month figure
              JOIN broker_customer customer ON customer.id = figure.customer_id
              JOIN res_partner partner ON partner.id = customer.partner_id
              JOIN res_company company ON company.id = figure.company_id
            """,
            SQL(", ").join(figures),
        )

    @api.model
    def _get_concerned_condition(self):
        """Return the condition, as SQL, that a customer's calls may be about the present user,
        or nothing for who reads all scores.

        In a small firm somebody of the care line sells or serves as well: what customers
        say of them is not theirs to read, now or later, here or in the calls themselves.
        """
        user = self.env.user
        if not user.has_group(_CARE_GROUP) or user.has_group("print_broker_crm.group_manager"):
            return None
        for model in ("rating.rating", "broker.care.call", "broker.rating.link"):
            self.env[model].flush_model()
        return SQL(
            """
            (partner.user_id = %(user)s OR customer.service_user_id = %(user)s OR customer.id IN (
                SELECT COALESCE(call.customer_id, link.customer_id)
                  FROM rating_rating rating
             LEFT JOIN broker_care_call call ON rating.res_model = 'broker.care.call' AND call.id = rating.res_id
             LEFT JOIN broker_rating_link link ON rating.res_model = 'broker.rating.link' AND link.id = rating.res_id
                 WHERE rating.rated_partner_id = %(partner)s AND rating.broker_role IS NOT NULL
            )) IS TRUE
            """,
            user=user.id,
            partner=user.partner_id.id,
        )

    @api.depends("customer_id", "month")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.customer_id.display_name} · {row.month:%Y-%m}" if row.month else ""

    # ACTIONS

    def action_view_invoices(self):
        """Open the invoices and credit notes behind the revenue."""
        return self._open_rows("account.move", self.env._("Invoices"), self._get_invoice_domain())

    def action_view_lines(self):
        """Open the invoice lines behind the margin, with what each left."""
        domain = Domain("move_id", "any", self._get_invoice_domain()) & Domain("display_type", "=", "product")
        view = self.env.ref("print_broker_crm.account_move_line_view_list_tier")
        return {
            **self._open_rows("account.move.line", self.env._("Profit"), domain),
            "views": [(view.id, "list"), (False, "form")],
        }

    def action_view_jobs(self):
        """Open the jobs of the month."""
        domain = self._get_order_domain() & Domain("state", "=", "sale") & self._get_moment_domain("date_order")
        return self._open_rows("sale.order", self.env._("Jobs"), domain)

    def action_view_quotations(self):
        """Open the quotations that were won or lost in the month."""
        won = self._get_moment_domain("broker_date_confirmed")
        lost = Domain("state", "=", "cancel") & Domain("broker_date_confirmed", "=", False)
        domain = self._get_order_domain() & (won | (lost & self._get_moment_domain("date_order")))
        return self._open_rows("sale.order", self.env._("Quotations"), domain)

    def action_view_cases(self):
        """Open the cases of the month."""
        domain = self._get_customer_domain() & Domain("state", "!=", "cancelled") & self._get_moment_domain("opened_at")
        return self._open_rows("broker.case", self.env._("Cases"), domain)

    def action_view_calls(self):
        """Open the care calls that were done in the month."""
        domain = self._get_customer_domain() & Domain("state", "=", "done") & self._get_moment_domain("date_done")
        return self._open_rows("broker.care.call", self.env._("Care Calls"), domain)

    def action_view_scores(self):
        """Open the scores that the customer gave in the month."""
        domain = self._get_customer_domain() & self._get_day_domain("date")
        action = self._open_rows("broker.satisfaction.figure", self.env._("Scores"), domain)
        return {**action, "views": [(False, "list"), (False, "kanban")]}

    def action_view_contacts(self):
        """Open the touches of the month."""
        domain = self._get_customer_domain() & self._get_moment_domain("date")
        return self._open_rows("broker.contact", self.env._("Contacts"), domain)

    def _get_customer_domain(self):
        self.ensure_one()
        self.check_access("read")
        return Domain("customer_id", "=", self.customer_id.id)

    def _get_order_domain(self):
        self.ensure_one()
        self.check_access("read")
        return (
            Domain("broker_customer_id", "=", self.customer_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("broker_claim_case_id", "=", False)
        )

    def _get_invoice_domain(self):
        self.ensure_one()
        self.check_access("read")
        return (
            Domain("broker_customer_id", "=", self.customer_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "posted")
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & self._get_day_domain("invoice_date")
        )

    def _get_day_domain(self, name):
        return Domain(name, ">=", self.month) & Domain(name, "<", self._get_next_month(self.month))

    def _get_moment_domain(self, name):
        """Return the domain of the moments in the row's month, by the firm's own days.

        :param name: of a datetime field
        """
        company = self.company_id.sudo()
        return Domain(name, ">=", company._get_broker_moment(self.month)) & Domain(
            name, "<", company._get_broker_moment(self._get_next_month(self.month))
        )

    @api.model
    def _open_rows(self, model, name, domain):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": list(domain),
            "context": {"create": False},
        }
