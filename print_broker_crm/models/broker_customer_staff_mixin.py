from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

# Many records move at once: nobody gets one mail per record, and what moved is said
# once on the customer file and in the staff change. Followers are still kept.
QUIET = {
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_activity_quick_update": True,
    "skip_attendee_notification": True,
    "no_mail_to_attendees": True,
    "dont_notify": True,
}
# In which order a person's roles answer for what belongs to a customer as a whole.
ROLE_ORDER = ("sales", "service", "care", "sponsor")


class BrokerCustomerStaffMixin(models.AbstractModel):
    """What happens to a customer when the firm's people come, give and go.

    It moves open work from one person to another in sets, for a staff change that was
    planned and for the second rope, when a user is archived without one.
    """

    _name = "broker.customer.staff.mixin"
    _description = "Customer File: Staff"

    # WHO HOLDS WHAT

    @api.model
    def _get_role_domain(self, users, role):
        """Return the `Domain` of the files whose role some users hold."""
        return Domain(self._get_role_fields()[role], "in", users.ids)

    @api.model
    def _find_held(self, users, company=None, active_test=True):
        """Return the files in which some users hold a role, in sudo, by one query.

        :param users: `res.users`
        :param company: only the files of this `res.company`
        """
        domain = Domain.OR(self._get_role_domain(users, role) for role in ROLE_ORDER)
        if company:
            domain &= Domain("company_id", "=", company.id)
        return self.env["broker.customer"].sudo().with_context(active_test=active_test).search(domain, order="id")

    def _get_held_roles(self, user):
        """Return {file: [role, …]} of the roles that a user holds in these files."""
        role_fields = self._get_role_fields()
        return {
            customer: [role for role in ROLE_ORDER if customer[role_fields[role]] == user] for customer in self.sudo()
        }

    # OPEN WORK

    @api.model
    def _find_documents(self, kind, users, customers=None, company=None, vacant=False):
        """Return the open documents of a kind that some users hold, in sudo.

        :param kind: a `HeldKind`
        :param customers: only those of these files
        :param company: only those of this company
        :param vacant: also those that nobody holds
        """
        holder = Domain(kind.user_field, "in", users.ids)
        if vacant:
            holder |= Domain(kind.user_field, "=", False)
        domain = kind.domain & holder
        if customers is not None:
            domain &= Domain(kind.customer_field, "in", customers.ids)
        if company:
            domain &= Domain("company_id", "in", (company.id, False))
        return self.env[kind.model].sudo().search(domain, order="id")

    @api.model
    def _get_activity_models(self):
        """Return {model: path to the customer file} of what an activity can be on;
        contacts are told by their commercial partner."""
        linked = {kind.model: kind.customer_field for kind in self._get_held_kinds()}
        return {
            "res.partner": None,
            "broker.customer": "id",
            "purchase.order": "order_line.sale_order_id.broker_customer_id",
            **linked,
        }

    @api.model
    def _map_activities(self, activities, company=None):
        """Tell which customer an activity is about.

        :param activities: `mail.activity` records
        :param company: the company whose files are meant where a contact has several
        :return: {activity: `broker.customer` or none}; what is on other records than
            the customers', or is another company's business, is left out
        """
        customer_fields = self._get_activity_models()
        found = {}
        for model, group in activities.grouped("res_model").items():
            if model not in customer_fields:
                continue
            records = self.env[model].sudo().with_context(active_test=False).browse(set(group.mapped("res_id")))
            records = records.exists()
            by_record = self._map_records(records, company)
            foreign = self._filter_foreign_records(records, company)
            for activity in group:
                if activity.res_id not in foreign._ids:
                    found[activity] = by_record.get(activity.res_id, self.env["broker.customer"].sudo())
        return found

    @api.model
    def _map_records(self, records, company=None):
        """Return {record id: customer file} of records that can have activities."""
        if records._name == "res.partner":
            files = self._map_partners(records, company)
            return {partner.id: files[partner] for partner in records if partner in files}
        field = self._get_activity_models()[records._name]
        if field == "id":
            return {customer.id: customer for customer in records}
        return {record.id: record.mapped(field)[:1] for record in records}

    @api.model
    def _map_partners(self, partners, company=None):
        """Return {contact: file of its commercial partner}, the oldest where there
        are several; in one query."""
        domain = Domain("partner_id", "in", partners.commercial_partner_id.ids)
        if company:
            domain &= Domain("company_id", "=", company.id)
        files = {}
        for customer in self.env["broker.customer"].sudo().with_context(active_test=False).search(domain, order="id"):
            files.setdefault(customer.partner_id, customer)
        return {
            partner: files[partner.commercial_partner_id]
            for partner in partners
            if partner.commercial_partner_id in files
        }

    @api.model
    def _find_activities(self, users):
        """Return the open activities of some users, in sudo."""
        return self.env["mail.activity"].sudo().search(Domain("user_id", "in", users.ids), order="id")

    @api.model
    def _find_meetings(self, users, company=None):
        """Return {meeting to come: customer file} of the meetings that some users
        organize or attend.

        A meeting is a customer's when one of its people is invited, or by the
        opportunity or record it was planned on.
        """
        meetings = (
            self.env["calendar.event"]
            .sudo()
            .search(
                Domain("stop", ">", fields.Datetime.now())
                & (Domain("user_id", "in", users.ids) | Domain("partner_ids", "in", users.partner_id.ids)),
                order="id",
            )
        )
        files = self._map_partners(meetings.partner_ids - users.partner_id, company)
        on_records = {}
        for model, group in meetings.filtered("res_model").grouped("res_model").items():
            if model in self._get_activity_models():
                records = self.env[model].sudo().browse(set(group.mapped("res_id"))).exists()
                on_records[model] = self._map_records(records, company)
        found = {}
        for meeting in meetings:
            # What it was planned on says whose business it is; the guests are shared.
            customer = (
                meeting.opportunity_id.broker_customer_id
                or on_records.get(meeting.res_model, {}).get(meeting.res_id)
                or next((files[partner] for partner in meeting.partner_ids if partner in files), None)
            )
            if customer and (not company or customer.company_id == company):
                found[meeting] = customer
        return found

    # MOVING

    @api.model
    def _give_documents(self, kind, records, receiver, giver=None):
        """Move open documents to another person, or to nobody.

        :param kind: their `HeldKind`
        :param receiver: one `res.users`, or none
        :param giver: the `res.users` who no longer gets their messages
        """
        if not records:
            return
        records = records.with_context(**QUIET)
        vals = {kind.user_field: receiver.id}
        if kind.model == "crm.lead" and receiver:
            # Otherwise Odoo looks for the team of each opportunity on its own.
            team = self.env["crm.team"].sudo()._get_default_team_id(user_id=receiver.id)
            vals.update({"team_id": team.id} if team else {})
        records.write(vals)
        if giver and "message_follower_ids" in records._fields:
            records.message_unsubscribe(giver.partner_id.ids)

    @api.model
    def _give_activities(self, activities, receiver):
        """Move open activities to another person, in one write."""
        if activities:
            activities.with_context(**QUIET).write({"user_id": receiver.id})

    @api.model
    def _give_meetings(self, meetings, giver, receiver):
        """Let another person organize and attend in somebody's place.

        Invitations change hands row by row of `calendar.attendee`, because writing the
        attendees of many meetings at once Odoo offers each invitation to all of them.
        """
        if not meetings:
            return
        meetings = meetings.with_context(**QUIET)
        meetings.filtered(lambda meeting: meeting.user_id == giver).write({"user_id": receiver.id})
        attended = meetings.filtered(lambda meeting: giver.partner_id in meeting.partner_ids)
        joined = attended.filtered(lambda meeting: receiver.partner_id in meeting.partner_ids)
        invitations = attended.attendee_ids.filtered(lambda attendee: attendee.partner_id == giver.partner_id)
        superfluous = invitations.filtered(lambda attendee: attendee.event_id in joined)
        superfluous.unlink()
        invitations -= superfluous
        invitations.write({"partner_id": receiver.partner_id.id, "state": "needsAction"})
        for invitation in invitations:
            # The leaver has a link that answers the old one.
            invitation.access_token = invitation._default_access_token()
        for user, commands in (
            (giver, [Command.unlink(meeting.id) for meeting in attended]),
            (receiver, [Command.link(meeting.id) for meeting in attended - joined]),
        ):
            if commands:
                user.partner_id.sudo().write({"meeting_ids": commands})
        meetings.message_unsubscribe(giver.partner_id.ids)
        meetings.message_subscribe(receiver.partner_id.ids)

    @api.model
    def _give_role(self, customers, role, receiver, giver, **ledger):
        """Put another person into a role of customers, in one write.

        The contacts below a customer carry a copy of the salesperson, which Odoo's
        orders look at first: it follows.

        :param customers: `broker.customer` files, in which `giver` or nobody has the role
        :param receiver: one `res.users`, or none
        :param giver: one `res.users`
        :param ledger: `date`, `reason` and `origin` of the new rows of the ledger
        """
        if not customers:
            return
        context = {f"broker_assignment_{name}": value for name, value in ledger.items()}
        context["broker_assignment_company_ids"] = customers.sudo().company_id.ids
        customers = customers.sudo().with_context(**QUIET, **context)
        if role == "sales":
            contacts = (
                self.env["res.partner"]
                .sudo()
                .with_context(active_test=False)
                .search(
                    Domain("commercial_partner_id", "in", customers.partner_id.ids)
                    & Domain("user_id", "=", giver.id)
                    & Domain("parent_id", "!=", False)
                )
            )
            people = (customers.partner_id + contacts).with_context(**QUIET, **context)
            people.write({"user_id": receiver.id})
            people.message_unsubscribe(giver.partner_id.ids)
        else:
            customers.write({self._get_role_fields()[role]: receiver.id})
        customers.message_unsubscribe(giver.partner_id.ids)

    @api.model
    def _drop_leavers(self, records, vals_list, field):
        """Let a new document that is made from an old one of a customer not go to
        somebody who left: Odoo then takes the customer's salesperson.

        :param records: the documents that are the model of the new ones
        :param vals_list: the values of the new ones, changed in place
        :param field: name of the user field
        """
        for record, vals in zip(records.sudo(), vals_list, strict=True):
            if vals.get(field) and record.broker_customer_id:
                user = self.env["res.users"].sudo().browse(vals[field])
                if not user.active:
                    del vals[field]

    # THE SECOND ROPE

    @api.model
    def _before_users_leave(self, users):
        """Leave no customer, promise or activity with somebody who is archived.

        The rooms go first, while everything still stands: the care line plans its
        calls, handoffs go to other agents. Then the activities move, because Odoo
        deletes those of the archived; the roles are closed, so that no order or invoice
        goes to the leaver; and the managers get a list of who needs a successor.
        """
        held = {user: self._find_held(user) | self._find_team_customers(user) for user in users}
        result = super()._before_users_leave(users)
        for user, customers in held.items():
            # A shared contact may bring files of companies the leaver never worked for.
            own = customers.filtered(lambda customer, user=user: customer.company_id in user.company_ids)
            counts = self.env["broker.staff.change"].sudo()._open_for_leaver(user, own)
            self._rescue_activities(user, users)
            self._close_roles(user)
            for change, count in counts.items():
                change._ask_for_successors(count)
                self.env["broker.commission.entry"]._settle_leaver(user, change.company_id)
        return result

    def _before_merge_into(self, target):
        """Leave one line of a customer and role on each staff change: the target's, or
        the first that moves there."""
        result = super()._before_merge_into(target)
        lines = self.env["broker.staff.change.line"].sudo().search([("customer_id", "in", (self + target).ids)])
        kept = set()
        twins = lines.browse()
        for line in lines.sorted(lambda line: line.customer_id.id != target.id):
            key = (line.change_id, line.role)
            twins += line if key in kept else line.browse()
            kept.add(key)
        if twins:
            # Nobody deletes a line of a confirmed change; here two speak of one customer.
            self.env.flush_all()
            self.env.cr.execute(SQL("DELETE FROM broker_staff_change_line WHERE id IN %s", tuple(twins.ids)))
            self.env.invalidate_all()
        return result

    @api.model
    def _rescue_activities(self, user, leaving, only=None):
        """Give a leaver's activities to the customers' care officers, or to a manager
        where there is none.

        :param user: the `res.users` who leaves
        :param leaving: all the `res.users` who leave now and take over nothing
        :param only: the only `res.company` that is left; what is on shared contacts
            stays with the user
        """
        activities = self._find_activities(user)
        groups = defaultdict(self.env["mail.activity"].sudo().browse)
        managers = {}
        for activity, customer in self._map_activities(activities, only).items():
            if only and (customer.company_id != only or activity.res_model == "res.partner"):
                continue
            receiver = (customer.care_user_id - leaving).filtered("active")
            if not receiver:
                company = customer.company_id or user.company_id
                if company not in managers:
                    managers[company] = self._get_managers(company, leaving)[:1]
                receiver = managers[company]
            groups[receiver] += activity
        for receiver, group in groups.items():
            if receiver:
                self._give_activities(group, receiver)

    @api.model
    def _get_managers(self, company, leaving=None):
        """Return who manages a company, the one it names for the care line first."""
        managers = (
            self.env["res.users"]
            .sudo()
            # Contacts are merged with the archived in sight.
            .with_context(active_test=True)
            .search(
                Domain("all_group_ids", "in", self.env.ref("print_broker_crm.group_manager").ids)
                & Domain("company_ids", "in", company.ids)
                & Domain("share", "=", False),
                order="id",
            )
        )
        managers = (company.sudo().broker_care_manager_id & managers) + (
            managers - company.sudo().broker_care_manager_id
        )
        return managers - leaving if leaving else managers

    @api.model
    def _close_roles(self, user):
        """Leave a person without roles, and their open work without them.

        Open packets keep their sender, which the customer's next salesperson may
        submit; calls stay with the queue.
        """
        reason = self.env._("%(person)s was archived", person=user.name)
        for kind in self._get_held_kinds():
            if not self.env[kind.model]._fields[kind.user_field].required:
                records = self._find_documents(kind, user).filtered(kind.customer_field)
                self._give_documents(kind, records, self.env["res.users"])
        customers = self._find_held(user, active_test=False)
        role_fields = self._get_role_fields()
        for role in ROLE_ORDER:
            self._give_role(
                customers.filtered(lambda customer, role=role: customer[role_fields[role]] == user),
                role,
                self.env["res.users"],
                user,
                reason=reason,
            )
