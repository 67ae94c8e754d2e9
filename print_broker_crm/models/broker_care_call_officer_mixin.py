from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_care_call_hours_mixin import REACH

# From this urgency on a call does not wait for an officer who is away.
URGENT = "2"


class BrokerCareCallOfficerMixin(models.AbstractModel):
    """Who makes a care call: whom it is given to, and what happens when they cannot."""

    _name = "broker.care.call.officer.mixin"
    _description = "Care Call: Officers"

    can_take_over = fields.Boolean(
        compute="_compute_can_take_over",
        search="_search_can_take_over",
        help="It is nobody's, or its officer is away today.",
    )

    @api.depends("state", "user_id")
    @api.depends_context("uid")
    def _compute_can_take_over(self):
        self.can_take_over = False
        is_manager = self.env.user.has_group("print_broker_crm.group_manager")
        planned = self.filtered(lambda call: call.state == "planned" and call.user_id != self.env.user)
        for company, calls in planned.grouped("company_id").items():
            today = company._get_broker_today()
            away, _closed = self.sudo()._get_away_days(company, calls.user_id, today, today)
            for call in calls:
                officer = call.sudo().user_id
                call.can_take_over = is_manager or not officer.active or today in away.get(officer.id, ())

    @api.model
    def _search_can_take_over(self, operator, value):
        """Find the planned calls of nobody and of those who are away today."""
        if operator != "in" or list(value) != [True]:
            return NotImplemented
        wanted = Domain("user_id", "=", False) | Domain("user_id.active", "=", False)
        for company in self.env.companies:
            today = company._get_broker_today()
            users = self._get_users("group_care_officer", company)
            away, _closed = self.sudo()._get_away_days(company, users, today, today)
            absent = [user_id for user_id, days in away.items() if today in days]
            wanted |= Domain("company_id", "=", company.id) & Domain("user_id", "in", absent)
        return Domain("state", "=", "planned") & wanted

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        if not self.env.su:
            calls._check_user_not_concerned()
        return calls

    def write(self, vals):
        result = super().write(vals)
        # What moves by itself is put right at night.
        if not self.env.su and "user_id" in vals:
            self._check_user_not_concerned()
        return result

    def _check_user_not_concerned(self):
        """Refuse to let somebody call a customer whom they sell to or serve, managers excepted."""
        for call in self.sudo().filtered("user_id"):
            customer = call.customer_id
            if call.user_id in customer.user_id + customer.service_user_id and not call.user_id.has_group(
                "print_broker_crm.group_manager"
            ):
                raise UserError(
                    self.env._(
                        "%(user)s sells to %(customer)s or serves it, and cannot ask how that is done. "
                        "Choose another officer.",
                        user=call.user_id.name,
                        customer=call.name,
                    )
                )

    # ACTIONS

    def action_take_over(self):
        """Make the calls of those who are away, or of nobody, one's own."""
        self.check_access("write")
        calls = self.filtered(lambda call: call.state == "planned" and call.user_id != self.env.user)
        for call in calls:
            if not call.can_take_over:
                raise UserError(
                    self.env._(
                        "%(officer)s is at work today and calls %(customer)s. Ask a manager to pass the call on.",
                        officer=call.user_id.name,
                        customer=call.name,
                    )
                )
        calls._hand_to(self.env.user)
        return True

    # BUSINESS

    def _hand_to(self, user):
        """Give these calls to somebody, and note on each whose it was."""
        bodies = {
            call.id: self.env._(
                "Passed on from %(former)s to %(user)s.",
                former=call.sudo().user_id.name or self.env._("nobody"),
                user=user.name,
            )
            for call in self
        }
        self.sudo().write({"user_id": user.id})
        self.sudo()._message_log_batch(bodies=bodies)

    @api.model
    def _replace_officers(self, company, scope):
        """Give others the open calls that their officer cannot make: of nobody, of somebody
        who left the firm or the care line or who serves the customer now, or who is away for
        too long."""
        today = company._get_broker_today()
        users = self._get_users("group_care_officer", company) + self._get_users("group_manager", company)
        away, closed = self._get_away_days(company, users, today, today + timedelta(days=365))
        absent = [user_id for user_id, days in away.items() if today in days]
        wanted = SQL("call.customer_id = ANY(%s)", list(scope)) if scope is not None else SQL("TRUE")
        last_id = 0
        while True:
            self.env.flush_all()
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT call.id, call.user_id = ANY(%(absent)s) AND NOT %(concerned)s
                      FROM broker_care_call AS call
                      JOIN broker_customer AS customer ON customer.id = call.customer_id
                      JOIN res_partner AS contact ON contact.id = customer.partner_id
                     WHERE call.id > %(last_id)s
                       AND call.company_id = %(company)s
                       AND call.state = 'planned'
                       AND %(wanted)s
                       AND (call.user_id IS NULL OR NOT call.user_id = ANY(%(users)s)
                            OR (%(concerned)s AND NOT call.user_id = ANY(%(managers)s))
                            OR (call.user_id = ANY(%(absent)s) AND call.date_planned <= %(today)s))
                  ORDER BY call.id
                     LIMIT %(limit)s
                    """,
                    absent=absent,
                    users=users.ids,
                    concerned=SQL(
                        "(call.user_id IS NOT DISTINCT FROM contact.user_id"
                        " OR call.user_id IS NOT DISTINCT FROM customer.service_user_id)"
                    ),
                    managers=self._get_users("group_manager", company).ids,
                    last_id=last_id,
                    company=company.id,
                    wanted=wanted,
                    today=today,
                    limit=self._get_batch_size(),
                )
            )
            calls = self.browse([call_id for call_id, is_away in rows if not is_away])
            for call in self.browse([call_id for call_id, is_away in rows if is_away]):
                if call._cannot_wait(away[call.user_id.id], closed, today):
                    calls += call
            self._assign_officers(calls, company)
            if rows:
                last_id = rows[-1][0]
                yield len(rows)
            if len(rows) < self._get_batch_size():
                return

    def _cannot_wait(self, away, closed, today):
        """Return whether this call cannot wait until somebody is back.

        An urgent one not beyond its first working day, others not beyond their window.

        :param away: set of the days on which the officer is away
        :param closed: set of the days on which nobody works
        :param today: the firm's present day
        """
        self.ensure_one()
        if not away:
            return False
        start = max(self.date_planned, today)
        window = [start + timedelta(days=number) for number in range(max((self.date_deadline - start).days, 0) + 1)]
        working = [day for day in window if day not in closed]
        if self.urgency >= URGENT:
            working = working[:1]
        return bool(working) and all(day in away for day in working)

    @api.model
    def _get_away_days(self, company, users, first, last):
        """Return on which days who is away, from their time off in Odoo's calendars.

        A day counts when the time off covers all of the firm's hours on it.

        :param users: the `res.users` of interest
        :param first: the first `date`
        :param last: the last `date`
        :return: ({user id: set of days}, set of days on which the firm is closed)
        """
        begin, end = self._get_midnight(company, first), self._get_midnight(company, last + timedelta(days=1))
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain("resource_id.user_id", "in", users.ids)
                & Domain(company._get_broker_leave_domain())
                & Domain("date_from", "<", end)
                & Domain("date_to", ">", begin)
            )
        )
        if not leaves:
            return {}, set()
        # Beyond the last return as well: a weekend behind it is nobody's working day.
        end = min(end, max(leaves.mapped("date_to")) + REACH)
        hours = {}
        for opening, closing in self.env["broker.care.rule"]._get_spans(company, begin, end):
            day = company._get_broker_date(opening)
            hours[day] = (hours.get(day, (opening,))[0], closing)
        days = [first + timedelta(days=number) for number in range((company._get_broker_date(end) - first).days + 1)]
        closed = {day for day in days if day not in hours} if hours else set()
        away = defaultdict(set)
        for leave in leaves:
            for day in days:
                opening, closing = hours.get(day) or (
                    self._get_midnight(company, day),
                    self._get_midnight(company, day + timedelta(days=1)) - timedelta(seconds=1),
                )
                if leave.date_from <= opening and leave.date_to >= closing:
                    away[leave.resource_id.user_id.id].add(day)
        return dict(away), closed

    @api.model
    def _assign_officers(self, calls, company, leaving=None, keep_own=True):
        """Give calls to the customers' care officers.

        A customer without an officer who can take it goes to the one with the fewest open
        calls, and stays there. For an officer who is away too long somebody else makes this
        call only. Nobody calls a customer whom they sell to or serve. In a firm without
        officers the managers call.

        :param calls: open `broker.care.call` records of one company
        :param leaving: `res.users` who are about to leave and get nothing more
        :param keep_own: prefer the customer's own officer
        """
        if not calls:
            return
        leaving = leaving or self.env["res.users"]
        managers = self._get_users("group_manager", company) - leaving
        officers = self._get_users("group_care_officer", company) - leaving
        pool = (officers - managers) or managers
        load = dict.fromkeys(pool.ids, 0)
        for user, count in self._read_group(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "planned")
            & Domain("user_id", "in", pool.ids)
            & Domain("id", "not in", calls.ids),
            ["user_id"],
            ["__count"],
        ):
            load[user.id] = count
        today = company._get_broker_today()
        away, closed = self._get_away_days(company, officers + managers, today, max(calls.mapped("date_deadline")))
        calls_by_user = defaultdict(self.browse)
        customers_by_user = defaultdict(self.env["broker.customer"].browse)
        for call in calls:
            customer = call.customer_id
            concerned = customer.user_id + customer.service_user_id
            late = {user_id for user_id, days in away.items() if call._cannot_wait(days, closed, today)}
            own = customer.care_user_id & (officers - concerned)
            officer = own if keep_own and own.id not in late else self.env["res.users"]
            if not officer:
                candidates = [user for user in pool if user not in concerned] or [
                    user for user in managers if user not in concerned
                ]
                officer = min(
                    candidates,
                    key=lambda user: (user.id in late, load.get(user.id, 0), user.id),
                    default=self.env["res.users"],
                )
                if officer and not own:
                    customers_by_user[officer] += customer
            load[officer.id] = load.get(officer.id, 0) + 1
            calls_by_user[officer] += call
        for officer, assigned in calls_by_user.items():
            assigned.write({"user_id": officer.id})
        for officer, assigned in customers_by_user.items():
            assigned.with_context(broker_assignment_reason=self.env._("Balanced over the care line")).write(
                {"care_user_id": officer.id}
            )

    @api.model
    def _get_users(self, group, company):
        """Return a group's active users who work in a company."""
        return (
            self.env["res.users"]
            .sudo()
            .with_context(active_test=True)
            .search(
                Domain(
                    "all_group_ids",
                    "in",
                    self.env.ref(f"print_broker_crm.{group}").ids,
                )
                & Domain("company_ids", "in", company.ids)
                & Domain("share", "=", False),
                order="id",
            )
        )
