from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_ROLES = ("sales", "service", "care")
# Who is in a customer's account team, in whatever functions, is so once.
_TEAM = "team"
_ROLE_GROUPS = {"sales": "group_salesperson", "service": "group_service_agent", "care": "group_care_officer"}


class BrokerStaffLoad(models.Model):
    """How much each person has on their hands, by role: who can take one more customer,
    and who should give some away.

    Read from the open assignments, with the weights that successors are proposed by.
    Open work is that of the person's customers, whoever of the firm does it.
    """

    _name = "broker.staff.load"
    _description = "Load per Person"
    _auto = False
    _order = "weight desc, user_id, role, id"
    _rec_name = "user_id"

    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", string="Person", readonly=True)
    role = fields.Selection(selection="_selection_role", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    weight = fields.Integer(
        readonly=True,
        help="The customers, each as often as its tier's rank: a 5A customer weighs five times as much as a 1A one.",
    )
    key_count = fields.Integer(string="Key Accounts", readonly=True)
    job_count = fields.Integer(string="Open Jobs", readonly=True)
    quotation_count = fields.Integer(string="Open Quotations", readonly=True)
    lead_count = fields.Integer(string="Open Opportunities", readonly=True)
    silent_count = fields.Integer(
        string="Silent Customers", readonly=True, help="Nothing was heard of them for more days than the setting."
    )

    @api.model
    def _selection_role(self):
        roles = self.env["broker.assignment"]._fields["role"]._description_selection(self.env)
        return [role for role in roles if role[0] in _ROLES] + [(_TEAM, self.env._("Account Team"))]

    @property
    def _table_query(self):
        """One row per company, person and role; also of those who have the role's group
        and no customer yet, because they can best take one."""
        return SQL(
            """
            WITH load AS (%(load)s)
            SELECT * FROM load
         UNION ALL
            SELECT (employed.cid::bigint * 10000000 + employed.user_id) * 10 + ARRAY_POSITION(%(roles)s, idle.role),
                   employed.cid, employed.user_id, idle.role, 0, 0, 0, 0, 0, 0, 0
              FROM (%(groups)s) AS idle
              JOIN res_groups_users_rel membership ON membership.gid = idle.group_id
              JOIN res_users person ON person.id = membership.uid AND person.active AND NOT person.share
              JOIN res_company_users_rel employed ON employed.user_id = person.id
             WHERE NOT EXISTS (
                    SELECT
                      FROM load
                     WHERE load.company_id = employed.cid
                       AND load.user_id = employed.user_id
                       AND load.role = idle.role
                   )
            """,
            load=self._get_load_query(),
            roles=[*_ROLES, _TEAM],
            groups=self._get_role_groups_query(),
        )

    @api.model
    def _get_role_groups_query(self):
        """Return the `SELECT` of each role and its group. A manager has the groups of all
        roles by being one, and is meant only where the group was given by itself."""
        self.env["res.users"].flush_model(["active", "share", "group_ids", "company_ids"])
        return SQL(" UNION ALL ").join(
            SQL("SELECT %s AS role, %s AS group_id", role, self.env.ref(f"print_broker_crm.{group}").id)
            for role, group in _ROLE_GROUPS.items()
        )

    @api.model
    def _get_load_query(self):
        """Return the `SELECT` of what those have who have something."""
        self._flush_sources()
        Customer = self.env["broker.customer"].sudo()
        return SQL(
            """
            SELECT (holding.company_id::bigint * 10000000 + holding.user_id) * 10
                       + ARRAY_POSITION(%(roles)s, holding.role) AS id,
                   holding.company_id, holding.user_id, holding.role,
                   COUNT(*) AS customer_count,
                   SUM(holding.weight) AS weight,
                   COUNT(*) FILTER (WHERE tier.is_key) AS key_count,
                   COALESCE(SUM(job.number), 0) AS job_count,
                   COALESCE(SUM(quotation.number), 0) AS quotation_count,
                   COALESCE(SUM(lead.number), 0) AS lead_count,
                   COUNT(*) FILTER (WHERE holding.customer_id IN %(silent)s) AS silent_count
              FROM (%(holding)s) AS holding
         LEFT JOIN broker_tier tier ON tier.id = holding.tier_id
         LEFT JOIN (%(job)s) AS job ON job.customer_id = holding.customer_id
         LEFT JOIN (%(quotation)s) AS quotation ON quotation.customer_id = holding.customer_id
         LEFT JOIN (%(lead)s) AS lead ON lead.customer_id = holding.customer_id
             WHERE holding.role = ANY(%(roles)s)
          GROUP BY holding.company_id, holding.user_id, holding.role
            """,
            roles=[*_ROLES, _TEAM],
            holding=self.env["broker.staff.change"]._get_holding_query(
                SQL("SELECT DISTINCT customer_id, %s, user_id FROM broker_customer_member WHERE date_to IS NULL", _TEAM)
            ),
            silent=Customer._search(Customer._get_silent_domain()).subselect(),
            **{kind: self._get_number_query(kind) for kind in ("job", "quotation", "lead")},
        )

    @api.model
    def _flush_sources(self):
        self.env["broker.staff.change"]._flush_holdings()
        for model in (
            "broker.customer",
            "broker.customer.member",
            "sale.order",
            "crm.lead",
            "broker.handoff",
            "res.company",
        ):
            self.env[model].flush_model()

    @api.model
    def _get_number_query(self, name):
        """Return the `SELECT` of how many open documents of a kind each customer has.

        :param name: of a `HeldKind`
        """
        kind = self._get_kind(name)
        Model = self.env[kind.model].sudo()
        return SQL(
            "SELECT %(customer)s AS customer_id, COUNT(*) AS number FROM %(table)s WHERE id IN %(ids)s GROUP BY 1",
            customer=SQL.identifier(kind.customer_field),
            table=SQL.identifier(Model._table),
            ids=Model._search(kind.domain & Domain(kind.customer_field, "!=", False)).subselect(),
        )

    @api.model
    def _get_kind(self, name):
        return next(kind for kind in self.env["broker.customer"]._get_held_kinds() if kind.kind == name)

    # ACTIONS

    def _get_customer_domain(self):
        """Return the person's customers in this role as a domain on customer files."""
        self.ensure_one()
        row = Domain("user_id", "=", self.user_id.id) & Domain("date_to", "=", False)
        if self.role == _TEAM:
            held = Domain("member_ids", "any", row)
        else:
            held = Domain("assignment_ids", "any", row & Domain("role", "=", self.role) & Domain("is_void", "=", False))
        return Domain("company_id", "=", self.company_id.id) & held

    def _open_customers(self, domain, name):
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        return action | {"display_name": name, "domain": list(self._get_customer_domain() & domain), "context": {}}

    def _open_documents(self, kind_name, xml_id, name):
        kind = self._get_kind(kind_name)
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        domain = Domain(kind.customer_field, "any", self._get_customer_domain() & Domain("active", "=", True))
        return action | {"display_name": name, "domain": list(kind.domain & domain), "context": {}}

    def action_view_customers(self):
        """Open the person's customers in this role."""
        return self._open_customers(Domain.TRUE, self.env._("Customers of %(person)s", person=self.user_id.name))

    def action_view_key_accounts(self):
        """Open those of them that are key accounts."""
        return self._open_customers(
            Domain("tier_id.is_key", "=", True), self.env._("Key accounts of %(person)s", person=self.user_id.name)
        )

    def action_view_silent(self):
        """Open those of them of whom nothing was heard lately."""
        return self._open_customers(
            Domain("is_silent", "=", True), self.env._("Silent customers of %(person)s", person=self.user_id.name)
        )

    def action_view_jobs(self):
        """Open the jobs of these customers that are not finished."""
        return self._open_documents(
            "job", "sale.action_orders", self.env._("Open jobs, customers of %(person)s", person=self.user_id.name)
        )

    def action_view_quotations(self):
        """Open the quotations to these customers."""
        return self._open_documents(
            "quotation",
            "sale.action_quotations_with_onboarding",
            self.env._("Quotations, customers of %(person)s", person=self.user_id.name),
        )

    def action_view_leads(self):
        """Open the opportunities with these customers."""
        return self._open_documents(
            "lead",
            "crm.crm_lead_opportunities",
            self.env._("Opportunities, customers of %(person)s", person=self.user_id.name),
        )

    def action_give_away(self):
        """Open a new dry run in which this person gives customers away; which ones is
        chosen there, and nothing is written before."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Give Customers Away"),
            "res_model": "broker.staff.change",
            "view_mode": "form",
            "context": {
                "default_mode": "rebalancing",
                "default_user_id": self.user_id.id,
                "default_company_id": self.company_id.id,
            },
        }
