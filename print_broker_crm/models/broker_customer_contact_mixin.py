from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCustomerContactMixin(models.AbstractModel):
    """The contacts with a customer, on the customer file: the time line, the last one,
    and the quick log."""

    _name = "broker.customer.contact.mixin"
    _description = "Customer File: Contacts"

    contact_ids = fields.One2many("broker.contact", "customer_id", string="Contact Log", readonly=True)
    contact_count = fields.Integer(string="Number of Contacts", compute="_compute_contact_count")
    last_contact = fields.Datetime(
        readonly=True,
        copy=False,
        help="The last touch with the customer; what the care line did is not counted here.",
    )

    _last_contact_idx = models.Index("(last_contact DESC NULLS LAST)")

    @api.depends_context("uid")
    def _compute_contact_count(self):
        counts = dict(
            self.env["broker.contact"]._read_group(Domain("customer_id", "in", self.ids), ["customer_id"], ["__count"])
        )
        for customer in self:
            customer.contact_count = counts.get(customer._origin, 0)

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_contact_write({name for name, value in vals.items() if value})
        return super().create(vals_list)

    def write(self, vals):
        self._check_contact_write(vals)
        return super().write(vals)

    @api.model
    def _check_contact_write(self, names):
        if "last_contact" in names and not self.env.su:
            raise UserError(self.env._("The last contact follows from the contacts: log one instead."))

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort whom nobody ever met to the end of those met last."""
        if field_name == "last_contact" and not nulls.code and direction.code.strip().upper() == "DESC":
            nulls = SQL("NULLS LAST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    # ACTIONS

    def action_log_contact(self):
        """Ask by which channel the customer was met: one tap logs it."""
        self.ensure_one()
        self.check_access("read")
        return self._get_log_action()

    def action_view_contacts(self):
        """Open the time line of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_contact_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {"default_customer_id": self.id}
        return action

    def _get_log_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log a Contact with %(customer)s", customer=self.display_name),
            "res_model": "broker.contact.log",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_customer_id": self.id},
        }

    # BUSINESS

    def _get_last_contact_partner(self, user):
        """Return the person of the customer whom a user would most likely be in touch with.

        The one of the last contact, of the user's own first; else the only person with a
        phone, else the customer itself.

        :param user: `res.users`
        """
        self.ensure_one()
        Contact = self.env["broker.contact"]
        known = Domain("customer_id", "=", self.id) & Domain("partner_id", "any", Domain("active", "=", True))
        for domain in (known & Domain("user_id", "=", user.id), known):
            if last := Contact.search(domain, limit=1):
                return last.partner_id
        people = self.partner_id.child_ids.filtered(lambda person: person.type == "contact" and person.phone)
        return people if len(people) == 1 else self.partner_id

    def _refresh_last_contact(self):
        """Read again when these customers were last met."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE broker_customer file
                   SET last_contact = newest.date
                  FROM (
                        SELECT wanted.id, MAX(contact.date) AS date
                          FROM UNNEST(%s::int[]) AS wanted (id)
                     LEFT JOIN broker_contact contact
                            ON contact.customer_id = wanted.id AND contact.role IS DISTINCT FROM 'care'
                      GROUP BY wanted.id
                       ) AS newest
                 WHERE newest.id = file.id AND file.last_contact IS DISTINCT FROM newest.date
             RETURNING file.id
                """,
                self.ids,
            )
        )
        self.browse(row[0] for row in rows).invalidate_recordset(["last_contact"], flush=False)

    def _after_contact(self, contacts):
        """Show the last contact at once."""
        self._refresh_last_contact()
        return super()._after_contact(contacts)

    @api.model
    def _get_touch_queries(self, since=None):
        """Add what people logged by hand."""
        return super()._get_touch_queries(since) + [
            SQL(
                """
                SELECT customer.id, logged.user_id, logged.date, logged.direction, logged.channel,
                       CASE logged.role WHEN 'care' THEN 'care' END, logged.partner_id, 'broker.contact', logged.id
                  FROM customer
                  JOIN broker_contact logged ON logged.customer_id = customer.id
                 WHERE logged.is_gathered IS NOT TRUE AND %s
                """,
                self._get_since_condition("logged", "date", since),
            )
        ]

    def _after_assignment_corrected(self, role, date_from, date_to):
        """Say again in which role people were in touch."""
        result = super()._after_assignment_corrected(role, date_from, date_to)
        self.env.flush_all()
        Contact = self.env["broker.contact"].sudo()
        for company, customers in self.sudo().grouped("company_id").items():
            changed = Contact._refresh_roles(company, customers.ids, gathered=True)
            self.sudo().browse(changed)._refresh_last_contact()
        Contact.invalidate_model(["role"])
        return result

    def _before_merge_into(self, target):
        """Make room: what was gathered for both is one contact of the target."""
        result = super()._before_merge_into(target)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM broker_contact twin
                      USING broker_contact kept
                      WHERE twin.is_gathered AND kept.is_gathered
                        AND twin.customer_id = ANY(%(sources)s)
                        AND kept.customer_id = ANY(%(all)s)
                        AND kept.res_model = twin.res_model AND kept.res_id = twin.res_id
                        AND COALESCE(kept.user_id, 0) = COALESCE(twin.user_id, 0)
                        AND (kept.customer_id = %(target)s OR kept.id < twin.id)
                """,
                sources=self.ids,
                all=(self + target).ids,
                target=target.id,
            )
        )
        self.env["broker.contact"].invalidate_model()
        moments = [customer.last_contact for customer in (self + target).sudo() if customer.last_contact]
        target.sudo().last_contact = max(moments, default=False)
        self.env["broker.contact"].sudo()._queue(target)
        return result
