from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

# What a manager may still say of a membership: that it ended, and a remark.
_OPEN_FIELDS = {"date_to", "note"}


class BrokerCustomerMember(models.Model):
    """Who is in a customer's account team, in which function, from when to when.

    The customer meets one salesperson; the team stands behind. A membership is ended,
    never rewritten or deleted, because what is shared among the members of a month must
    find them later. `date_from` is the first day, `date_to` the first day no longer; one
    that ends on its first day covers no day and says that it was a mistake. No date lies
    in the future: an open row is a member today.
    """

    _name = "broker.customer.member"
    _description = "Account Team Member"
    # Open rows first: PostgreSQL puts empty values first when descending.
    _order = "date_to desc, date_from, id"
    _rec_name = "user_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    user_id = fields.Many2one(
        "res.users",
        string="Person",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    function = fields.Selection(
        [
            ("lead", "Project Lead"),
            ("service", "Service"),
            ("settlement", "Settlement"),
            ("delivery", "Delivery"),
            ("operation", "Operation"),
            ("intake", "Intake"),
        ],
        required=True,
        help="Project lead: answers for the account inside the firm; a customer has one at a time.",
    )
    date_from = fields.Date(
        string="From", compute="_compute_date_from", store=True, precompute=True, readonly=False, required=True
    )
    date_to = fields.Date(
        string="Until",
        copy=False,
        help="The first day on which the person is no longer a member. Empty: still a member.",
    )
    note = fields.Char()
    is_successor_wanted = fields.Boolean(
        string="Successor Wanted",
        readonly=True,
        copy=False,
        help="The person was archived; nobody has taken over yet.",
    )

    _open_lead_uniq = models.UniqueIndex(
        "(customer_id) WHERE function = 'lead' AND date_to IS NULL",
        "This customer already has a project lead. End that membership first.",
    )
    _open_person_uniq = models.UniqueIndex(
        "(customer_id, user_id, function) WHERE date_to IS NULL",
        "This person is already in the account team with the same function.",
    )
    _open_user_idx = models.Index("(user_id, customer_id) WHERE date_to IS NULL")
    _wanted_idx = models.Index("(user_id) WHERE is_successor_wanted")
    _date_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)",
        "A membership cannot end before it began.",
    )

    @api.depends("customer_id")
    def _compute_date_from(self):
        """Today, as it is in the customer's firm: another may be a day ahead."""
        for member in self:
            member.date_from = member.date_from or (member.company_id or self.env.company)._get_broker_today()

    @api.depends("user_id", "function", "customer_id")
    def _compute_display_name(self):
        functions = dict(self._fields["function"]._description_selection(self.env))
        for member in self:
            member.display_name = self.env._(
                "%(person)s, %(function)s of %(customer)s",
                person=member.user_id.name or "",
                function=functions.get(member.function, ""),
                customer=member.customer_id.display_name or "",
            )

    @api.constrains("user_id")
    def _check_person(self):
        for member in self:
            person = member.user_id
            if person.share or not person.active:
                raise ValidationError(
                    self.env._(
                        "%(person)s cannot join the account team of %(customer)s: only people who work here can.",
                        person=person.name,
                        customer=member.customer_id.display_name,
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_no_future(self):
        for member in self:
            today = member.company_id._get_broker_today()
            if member.date_from > today or (member.date_to and member.date_to > today):
                raise ValidationError(
                    self.env._(
                        "%(member)s: write down who joins or leaves on the day itself or later, not before.",
                        member=member.display_name,
                    )
                )

    @api.constrains("customer_id", "user_id", "function", "date_from")
    def _check_no_overlap(self):
        rows = self.sudo().search(
            Domain("customer_id", "in", self.customer_id.ids) & Domain("function", "in", self.mapped("function"))
        )
        by_customer = rows.grouped(lambda row: (row.customer_id, row.function))
        for member in self:
            for other in by_customer[member.customer_id, member.function] - member:
                if (member.function == "lead" or other.user_id == member.user_id) and member._overlaps(other):
                    raise ValidationError(
                        self.env._(
                            "%(member)s: %(other)s already had this function from %(start)s to %(end)s.",
                            member=member.display_name,
                            other=other.user_id.name,
                            start=other.date_from,
                            end=other.date_to or self.env._("today"),
                        )
                    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(vals.get("is_successor_wanted") for vals in vals_list):
            raise UserError(self.env._("Whether a successor is wanted follows from a person's leaving."))
        members = super().create(vals_list)
        members._note_in_chatter("joined")
        members.filtered("date_to")._note_in_chatter("left")
        members._satisfy_wanted()
        return members

    def write(self, vals):
        if not self.env.su and set(vals) - _OPEN_FIELDS:
            raise UserError(
                self.env._(
                    "A membership is not rewritten: end it and add another. One that was a mistake ends on its "
                    "first day."
                )
            )
        if "date_to" in vals and any(member.date_to for member in self):
            raise UserError(self.env._("A membership that has ended stays as it is; add another instead."))
        result = super().write(vals)
        if vals.get("date_to"):
            self._note_in_chatter("left")
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Memberships are kept. One that was a mistake ends on its first day and counts for no day.")
        )

    # ACTIONS

    def action_end(self):
        """End these memberships today."""
        for company, members in self.filtered(lambda member: not member.date_to).grouped("company_id").items():
            members.write({"date_to": company._get_broker_today()})
        return True

    # BUSINESS

    @api.model
    def _get_at(self, customers, date):
        """Answer "who was in the team on that day?" for many customers at once.

        :param customers: `broker.customer` records
        :param date: the day, a `date`
        :return: {customer id: memberships}; customers without a team are left out
        """
        return self._get_during(customers, date, fields.Date.add(date, days=1))

    @api.model
    def _get_during(self, customers, date_from, date_to):
        """Answer "who was in the team in that time?" for many customers, in one query.

        :param customers: `broker.customer` records
        :param date_from: first day, a `date`
        :param date_to: the first day no longer, a `date`
        :return: {customer id: memberships that cover at least one day of it}
        """
        rows = self.search(
            Domain("customer_id", "in", customers.ids)
            & Domain("date_from", "<", date_to)
            & (Domain("date_to", "=", False) | Domain("date_to", ">", date_from))
        ).filtered(lambda row: row.date_to != row.date_from)
        return {customer.id: group for customer, group in rows.grouped("customer_id").items()}

    @api.model
    def _get_leads(self, customers):
        """Return {customer id: `res.users` who leads its team}, in one query."""
        rows = self.search(
            Domain("customer_id", "in", customers.ids) & Domain("function", "=", "lead") & Domain("date_to", "=", False)
        )
        return {row.customer_id.id: row.user_id for row in rows}

    def _overlaps(self, other):
        """Tell whether two memberships share a day."""
        self.ensure_one()
        if self.date_from == self.date_to or other.date_from == other.date_to:
            return False
        return (not other.date_to or self.date_from < other.date_to) and (
            not self.date_to or other.date_from < self.date_to
        )

    def _note_in_chatter(self, event):
        """Say on the customer files who joined or left, in one batch.

        :param event: 'joined' or 'left'
        """
        functions = dict(self._fields["function"]._description_selection(self.env))
        bodies = {}
        for customer, members in self.sudo().grouped("customer_id").items():
            lines = []
            for member in members:
                values = {"person": member.user_id.name, "function": functions[member.function]}
                if event == "joined":
                    values["day"] = member.date_from
                    lines.append(self.env._("%(person)s joins the account team: %(function)s, from %(day)s.", **values))
                elif member.date_to == member.date_from:
                    lines.append(
                        self.env._("%(person)s was not in the account team after all: %(function)s.", **values)
                    )
                else:
                    values["day"] = member.date_to
                    lines.append(self.env._("%(person)s left the account team: %(function)s, until %(day)s.", **values))
            bodies[customer.id] = Markup("<br/>").join(lines)
        if bodies:
            self.env["broker.customer"].sudo().browse(bodies)._message_log_batch(bodies=bodies)

    # STAFF CHANGES

    @api.model
    def _find_to_pass(self, users, company=None):
        """Return the memberships of some users that somebody has to take over, in sudo:
        those that are open and those that ended because the person was archived.

        :param company: only those of this `res.company`
        """
        domain = Domain("user_id", "in", users.ids) & (
            Domain("date_to", "=", False) | Domain("is_successor_wanted", "=", True)
        )
        if company:
            domain &= Domain("company_id", "=", company.id)
        return self.sudo().search(domain, order="id")

    def _end_for_leaver(self):
        """End the open ones of these memberships today and remember that somebody has to
        take over."""
        members = self.sudo().filtered(lambda member: not member.date_to)
        for company, group in members.grouped("company_id").items():
            group.write({"date_to": company._get_broker_today(), "is_successor_wanted": True})

    def _satisfy_wanted(self):
        """Let nobody look for a successor any more where one of these has come."""
        members = self.sudo().filtered(lambda member: not member.date_to)
        wanted = self.sudo().search(
            Domain("customer_id", "in", members.customer_id.ids) & Domain("is_successor_wanted", "=", True)
        )
        taken = {(member.customer_id, member.function) for member in members}
        wanted.filtered(lambda row: (row.customer_id, row.function) in taken).is_successor_wanted = False

    def _pass_on(self, receivers, days=None):
        """End these memberships and open the same ones for other people, in sets.

        :param receivers: {`broker.customer`: `res.users`, or none to end only}
        :param days: {`broker.customer`: the first day of the next}; the company's today
            where there is none, or where it lies in the future
        """
        members = self.sudo()
        customers = members.customer_id
        people = self.env["res.users"].concat(*receivers.values())
        rows = (
            members.search(
                Domain("customer_id", "in", customers.ids)
                & (Domain("user_id", "in", people.ids) | Domain("function", "=", "lead"))
            )
            - members
        )
        open_keys = {(row.customer_id, row.user_id, row.function) for row in rows if not row.date_to}
        led = {row.customer_id for row in rows if row.function == "lead" and not row.date_to}
        ends = {}
        for row in rows.filtered("date_to"):
            # A lead waits for the last one's end, whoever that was.
            key = (row.customer_id, row.function != "lead" and row.user_id, row.function)
            ends[key] = max(row.date_to, ends.get(key, row.date_to))
        vals_list = []
        closing = {}
        for member in members:
            customer, function = member.customer_id, member.function
            today = customer.company_id._get_broker_today()
            day = max(min((days or {}).get(customer) or today, today), member.date_to or member.date_from)
            if not member.date_to:
                closing[day] = closing.get(day, members.browse()) + member
            receiver = receivers.get(customer)
            key = (customer, receiver, function)
            if not receiver or key in open_keys or (function == "lead" and customer in led):
                continue
            open_keys.add(key)
            led |= {customer} if function == "lead" else set()
            vals_list.append(
                {
                    "customer_id": customer.id,
                    "user_id": receiver.id,
                    "function": function,
                    "date_from": max(day, ends.get((customer, function != "lead" and receiver, function), day)),
                    "note": member.note,
                }
            )
        for day, group in closing.items():
            group.write({"date_to": day})
        members.filtered("is_successor_wanted").is_successor_wanted = False
        self.flush_model()
        return members.create(vals_list)

    # MERGING

    @api.model
    def _make_room(self, sources, target):
        """End what one customer may have only once, before the rows of files move.

        A person who is in both teams goes on with one row, and the other covers the days
        before it. Of two project leads the target's stays.

        :param sources: the `broker.customer` files that disappear
        :param target: the `broker.customer` that remains
        """
        rows = self.sudo().search(
            Domain("customer_id", "in", (sources + target).ids) & Domain("date_to", "=", False), order="id"
        )
        kept = {}
        for row in rows.sorted(lambda row: row.customer_id != target):
            key = row.function if row.function == "lead" else (row.function, row.user_id)
            other = kept.setdefault(key, row)
            if other == row:
                continue
            today = row.company_id._get_broker_today()
            row.date_to = max(row.date_from, other.date_from if other.user_id == row.user_id else today)
        filled = {row.function for row in kept.values()}
        wanted = self.sudo().search(
            Domain("customer_id", "in", (sources + target).ids) & Domain("is_successor_wanted", "=", True)
        )
        wanted.filtered(lambda row: row.function in filled).is_successor_wanted = False
        self.flush_model()
