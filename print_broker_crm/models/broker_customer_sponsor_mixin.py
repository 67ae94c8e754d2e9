from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

VISIT_FIELDS = {"sponsor_visit_last", "sponsor_visit_due", "sponsor_visit_planned"}
# What the day of the next visit follows from, on the file itself.
_CAUSES = {
    "sponsor_user_id",
    "active",
    "tier_manual_id",
    "tier_manual_until",
    "tier_computed_id",
}
_VISIT_ACTIVITY = "print_broker_crm.mail_activity_type_sponsor_visit"


class BrokerCustomerSponsorMixin(models.AbstractModel):
    """The vertical bond: a member of the management who knows the customer and visits.

    A visit is a meeting of Odoo's calendar that is over and that both the present
    sponsor and somebody of the customer were invited to and did not decline. The tier
    says how often. Where the sponsor has not been yet, the time runs from the day on
    which they became it or the customer reached the tier, whichever was later.
    """

    _name = "broker.customer.sponsor.mixin"
    _description = "Customer File: Sponsor"

    # Files whose to-do is opened or closed in one transaction of the cron.
    _visit_batch = 100

    sponsor_visit_last = fields.Date(
        string="Last Sponsor Visit", readonly=True, copy=False, help="The last visit of the present sponsor."
    )
    sponsor_visit_planned = fields.Date(readonly=True, copy=False, help="The next meeting with the sponsor on record.")
    sponsor_visit_due = fields.Date(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The day by which the sponsor visits again, as the tier demands. Empty: no visits fall due.",
    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_sponsor_access(vals)
        customers = super().create(vals_list)
        sponsored = customers.filtered("sponsor_user_id")
        sponsored._check_sponsors({})
        sponsored._refresh_sponsor_visits()
        return customers

    def write(self, vals):
        self._check_sponsor_access(vals)
        if not _CAUSES & set(vals):
            return super().write(vals)
        before = {customer.id: customer.sponsor_user_id.id for customer in self.sudo() if customer.active}
        result = super().write(vals)
        self._check_sponsors(before)
        self._refresh_sponsor_visits()
        return result

    @api.model
    def _check_sponsor_access(self, vals):
        """Keep the days of the visits for those who gather them from the calendar."""
        if not self.env.su and any(vals.get(name) or (self and name in vals) for name in VISIT_FIELDS):
            raise UserError(
                self.env._("The days of the sponsor's visits follow from the calendar: plan a meeting instead.")
            )

    # THE CAP

    def _check_sponsors(self, before):
        """Refuse a sponsor from outside, and more customers than a sponsor can have.

        :param before: {id of a file that was active: id of its sponsor} before the change
        """
        if self.env.su and self.env.context.get("broker_is_merging"):
            return
        gained = self.sudo().filtered(
            lambda customer: (
                customer.active
                and customer.sponsor_user_id
                and before.get(customer.id, False) != customer.sponsor_user_id.id
            )
        )
        for company, customers in gained.grouped("company_id").items():
            for sponsor in customers.sponsor_user_id:
                if sponsor.share or not sponsor.active or company not in sponsor.company_ids:
                    raise UserError(
                        self.env._(
                            "%(sponsor)s cannot be a sponsor: only people who work for %(company)s can.",
                            sponsor=sponsor.name,
                            company=company.name,
                        )
                    )
            for (sponsor, _company), room in self._get_sponsor_rooms(customers.sponsor_user_id, company).items():
                if room < 0:
                    cap = company.broker_sponsor_customer_max
                    raise UserError(
                        self.env._(
                            "%(sponsor)s would be the sponsor of %(count)s customers; at most %(cap)s are allowed "
                            "(Settings: Accounts per Sponsor). Choose somebody else for some of them.",
                            sponsor=sponsor.name,
                            count=cap - room,
                            cap=cap,
                        )
                    )

    @api.model
    def _get_sponsor_rooms(self, sponsors, companies):
        """Return how many more customers people can be the sponsor of, in one query.

        :return: {(`res.users`, `res.company`): number}, negative for who has too many;
            companies without a limit are left out
        """
        capped = companies.sudo().filtered("broker_sponsor_customer_max")
        if not sponsors or not capped:
            return {}
        counts = {
            (sponsor.id, company.id): count
            for sponsor, company, count in self.sudo()._read_group(
                Domain("sponsor_user_id", "in", sponsors.ids)
                & Domain("company_id", "in", capped.ids)
                & Domain("active", "=", True),
                ["sponsor_user_id", "company_id"],
                ["__count"],
            )
        }
        return {
            (sponsor, company): company.broker_sponsor_customer_max - counts.get((sponsor.id, company.id), 0)
            for sponsor in sponsors
            for company in capped
        }

    # VISITS

    def _refresh_sponsor_visits(self):
        """Gather these customers' visits from the calendar, and close the to-dos of those
        that took place."""
        customers = self.sudo()
        for company, group in customers.grouped("company_id").items():
            group._gather_sponsor_visits(company)
        customers._close_visit_activities()

    @api.model
    def _gather_sponsor_visits(self, company):
        """Gather the visits of these files, or of all of a company, in one statement.

        Days are the firm's: a visit at half past seven in the morning in Shanghai is not
        of the day before.
        """
        self.env.flush_all()
        chosen = SQL("AND customer.id = ANY(%s)", self.ids) if self else SQL()
        self.env.cr.execute(
            SQL(
                """
                WITH visit AS (
                    SELECT customer.id AS customer_id,
                           CASE WHEN event.allday THEN event.start_date
                                ELSE (event.start AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date END AS day,
                           CASE WHEN event.allday THEN event.stop_date < %(today)s
                                ELSE event.stop <= %(now)s END AS is_over
                      FROM broker_customer customer
                      JOIN res_users sponsor ON sponsor.id = customer.sponsor_user_id
                      JOIN calendar_attendee ours
                        ON ours.partner_id = sponsor.partner_id AND ours.state IS DISTINCT FROM 'declined'
                      JOIN calendar_event event ON event.id = ours.event_id AND event.active
                      JOIN calendar_attendee theirs
                        ON theirs.event_id = event.id AND theirs.state IS DISTINCT FROM 'declined'
                      JOIN res_partner contact
                        ON contact.id = theirs.partner_id AND contact.commercial_partner_id = customer.partner_id
                     WHERE customer.company_id = %(company)s AND customer.active %(chosen)s
                ), visits AS (
                    SELECT customer_id,
                           MAX(day) FILTER (WHERE is_over) AS last,
                           MIN(day) FILTER (WHERE NOT is_over) AS planned
                      FROM visit
                  GROUP BY customer_id
                ), wanted AS (
                    SELECT customer.id, visits.last, visits.planned,
                           CASE WHEN customer.active AND tier.sponsor_visit_days > 0
                                THEN COALESCE(
                                         visits.last,
                                         -- The ledger may not have the new sponsor yet.
                                         GREATEST(COALESCE(assignment.date_from, %(today)s), customer.tier_date)
                                     ) + tier.sponsor_visit_days
                           END AS due
                      FROM broker_customer customer
                 LEFT JOIN visits ON visits.customer_id = customer.id
                 LEFT JOIN broker_tier tier
                        ON tier.id = customer.tier_id AND customer.sponsor_user_id IS NOT NULL
                 LEFT JOIN broker_assignment assignment
                        ON assignment.customer_id = customer.id
                       AND assignment.role = 'sponsor'
                       AND assignment.user_id = customer.sponsor_user_id
                       AND assignment.date_to IS NULL
                       AND assignment.is_void IS NOT TRUE
                     WHERE customer.company_id = %(company)s %(chosen)s
                )
                UPDATE broker_customer customer
                   SET sponsor_visit_last = wanted.last,
                       sponsor_visit_planned = wanted.planned,
                       sponsor_visit_due = wanted.due
                  FROM wanted
                 WHERE wanted.id = customer.id
                   AND (customer.sponsor_visit_last, customer.sponsor_visit_planned, customer.sponsor_visit_due)
                       IS DISTINCT FROM (wanted.last, wanted.planned, wanted.due)
                """,
                tz=company._get_broker_tz(),
                today=company._get_broker_today(),
                now=fields.Datetime.now(),
                company=company.id,
                chosen=chosen,
            )
        )
        self.env["broker.customer"].invalidate_model(VISIT_FIELDS)

    # ACTIONS

    def action_plan_sponsor_visit(self):
        """Open a new meeting of the sponsor with the customer's contact, which whoever
        plans it organizes: Odoo lets nobody else change it."""
        self.ensure_one()
        self.check_access("read")
        if not self.sponsor_user_id:
            raise UserError(self.env._("%(customer)s has no sponsor yet.", customer=self.display_name))
        partner = self.partner_id
        contact = partner.child_ids.filtered(lambda child: child.type == "contact").sorted("id")[:1] or partner
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sponsor Visit"),
            "res_model": "calendar.event",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {
                "default_name": self.env._("Visit to %(customer)s", customer=partner.name),
                "default_partner_ids": (self.sponsor_user_id.partner_id + contact).ids,
                "default_location": partner.contact_address_inline,
                # Otherwise the file gets another to-do, for the meeting itself.
                "default_res_model_id": False,
                "default_res_id": False,
            },
        }

    @api.model
    def action_view_sponsor_visits(self):
        """Open the customers with a sponsor, those who are due first: all for managers,
        their own for others."""
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action_visits")
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            action["domain"] = [("sponsor_user_id", "=", self.env.uid)]
        return action

    # CRON

    @api.model
    def _cron_sponsor_visits(self):
        """Gather the visits and let sponsors know what is due, batch by batch."""
        Cron = self.env["ir.cron"]
        Customer = self.env["broker.customer"].sudo()
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        for company in companies:
            Customer._gather_sponsor_visits(company)
        if not Cron._commit_progress(len(companies), remaining=1):
            return
        for company in companies:
            for domain, method in (
                (Customer._get_settled_visit_domain(company), "_close_visit_activities"),
                (Customer._get_due_visit_domain(company), "_open_visit_activities"),
            ):
                while found := Customer.search(domain, limit=self._visit_batch, order="sponsor_visit_due, id"):
                    customers = found.try_lock_for_update()
                    getattr(customers, method)()
                    if not Cron._commit_progress(len(customers), remaining=1):
                        # No time is left: the next run goes on.
                        return
                    if len(customers) < len(found):
                        # Somebody is at the others; the next night finds them again.
                        break
        Cron._commit_progress(remaining=0)

    @api.model
    def _get_visit_type(self):
        return self.env.ref(_VISIT_ACTIVITY).sudo()

    @api.model
    def _get_due_visit_domain(self, company):
        """Return the files whose visit is due and whose sponsor has not been told."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("sponsor_visit_due", "<=", company._get_broker_today())
            & Domain("sponsor_user_id", "!=", False)
            & Domain("activity_ids", "not any", Domain("activity_type_id", "=", self._get_visit_type().id))
        )

    @api.model
    def _get_settled_visit_domain(self, company):
        """Return the files with a to-do for a visit that is not due any more."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("active", "in", (True, False))
            & Domain("activity_ids", "any", Domain("activity_type_id", "=", self._get_visit_type().id))
            & (Domain("sponsor_visit_due", "=", False) | Domain("sponsor_visit_due", ">", company._get_broker_today()))
        )

    def _open_visit_activities(self):
        """Give the sponsors of these files one to-do each for the visit."""
        activity_type = self._get_visit_type()
        vals_list = []
        for customer in self:
            sponsor = customer.sponsor_user_id
            env = self.with_context(lang=sponsor.lang or self.env.lang).env
            vals_list.append(
                {
                    "activity_type_id": activity_type.id,
                    "automated": True,
                    "date_deadline": customer.sponsor_visit_due,
                    "res_id": customer.id,
                    "res_model_id": self.env["ir.model"]._get_id("broker.customer"),
                    "summary": env._("Visit %(customer)s as its sponsor", customer=customer.name),
                    "user_id": sponsor.id,
                }
            )
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(vals_list)

    def _close_visit_activities(self):
        """Close the to-dos of those of these files whose visit is not due any more."""
        if not self:
            return
        todos = (
            self.env["mail.activity"]
            .sudo()
            .search(
                Domain("res_model", "=", "broker.customer")
                & Domain("res_id", "in", self.ids)
                & Domain("activity_type_id", "=", self._get_visit_type().id)
            )
        )
        if not todos:
            return
        customers = {customer.id: customer for customer in self.sudo().browse(todos.mapped("res_id"))}
        done = defaultdict(self.env["mail.activity"].sudo().browse)
        for todo in todos:
            customer = customers[todo.res_id]
            due = customer.sponsor_visit_due
            if due and due <= customer.company_id._get_broker_today():
                continue
            done[due and customer.sponsor_visit_last] += todo
        # No visit, but another sponsor or tier: there is nothing to report.
        done.pop(False, self.env["mail.activity"]).unlink()
        for day, group in done.items():
            group.action_feedback(self.env._("The sponsor was there on %(day)s.", day=day))

    # MERGING

    def _before_merge_into(self, target):
        """Leave one to-do for a visit."""
        result = super()._before_merge_into(target)
        todos = (
            self.env["mail.activity"]
            .sudo()
            .search(
                Domain("res_model", "=", "broker.customer")
                & Domain("res_id", "in", (self + target).ids)
                & Domain("activity_type_id", "=", self._get_visit_type().id),
                order="id",
            )
        )
        kept = todos.filtered(lambda todo: todo.res_id == target.id)[:1] or todos[:1]
        (todos - kept).unlink()
        return result
