from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class BrokerCareCallOfficerMixin(models.AbstractModel):
    """Who makes a care call: whom it is given to, and what happens when they cannot."""

    _name = "broker.care.call.officer.mixin"
    _description = "Care Call: Officers"

    @api.model
    def _replace_officers(self, company, scope):
        """Give the open calls of nobody, or of somebody who left, an officer."""
        last_id = 0
        domain = self._get_open_domain(company, scope) & (
            Domain("user_id", "=", False) | Domain("user_id.active", "=", False)
        )
        while calls := self.search(domain & Domain("id", ">", last_id), limit=self._get_batch_size(), order="id"):
            last_id = calls[-1].id
            self._assign_officers(calls, company)
            yield len(calls)

    @api.model
    def _assign_officers(self, calls, company, leaving=None):
        """Give calls to the customers' care officers.

        A customer without an officer who can take it goes to the one with the
        fewest open calls, and stays there. Nobody calls a customer whom they sell
        to or serve. In a firm without officers the managers call.

        :param calls: open `broker.care.call` records of one company
        :param leaving: `res.users` who are about to leave and get nothing more
        """
        if not calls:
            return
        leaving = leaving or self.env["res.users"]
        managers = self._get_users("group_manager", company) - leaving
        officers = self._get_users("group_care_officer", company) - leaving
        pool = (officers - managers) or managers
        load = dict.fromkeys(pool.ids, 0)
        for user, count in self._read_group(
            Domain("company_id", "=", company.id) & Domain("state", "=", "planned") & Domain("user_id", "in", pool.ids),
            ["user_id"],
            ["__count"],
        ):
            load[user.id] = count
        calls_by_user = defaultdict(self.browse)
        customers_by_user = defaultdict(self.env["broker.customer"].browse)
        for call in calls:
            customer = call.customer_id
            concerned = customer.user_id + customer.service_user_id
            officer = customer.care_user_id
            if officer not in officers - concerned:
                free = [user for user in pool if user not in concerned] or [
                    user for user in managers if user not in concerned
                ]
                officer = min(
                    free,
                    key=lambda user: (load.get(user.id, 0), user.id),
                    default=self.env["res.users"],
                )
                if officer:
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
