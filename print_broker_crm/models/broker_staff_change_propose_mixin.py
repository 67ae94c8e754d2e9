from collections import defaultdict
from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, frozendict


class BrokerStaffChangeProposeMixin(models.AbstractModel):
    """Whom a staff change proposes: near to the customers, and with the least to do.

    Read in sets, as the dry run is.
    """

    _name = "broker.staff.change.propose.mixin"
    _description = "Staff Change: Successors"

    def _propose_successors(self):
        """Propose a successor per line, the most important customers first.

        People of the giver's sales team, or who already serve the customer's state,
        come first; among them whoever has the least weight of customers, a customer
        weighing its tier's rank. What was given a moment ago counts. Choices by hand
        stay and count too.

        :return: {(role, user id): weight of the customers}, the proposals included
        """
        self.ensure_one()
        candidates = {role: self._get_candidates(role) for role in set(self.line_ids.mapped("role"))}
        loads, states = self._get_loads()
        teams = self.user_id.sudo().crm_team_ids
        by_hand = self.line_ids.filtered(lambda line: line.successor_reason == "hand" and line.successor_id)
        for line in by_hand:
            loads[line.role, line.successor_id.id] += self._get_weight(line.tier_rank)
        proposed = defaultdict(lambda: self.env["broker.staff.change.line"])
        rooms = self._get_sponsor_rooms(candidates, by_hand)
        for line in (self.line_ids - by_hand).sorted(lambda line: (-line.tier_rank, line.role_rank, line.id)):
            state = line.customer_id.partner_id.state_id
            people = candidates[line.role]
            if line.role == "sponsor":
                people = people.filtered(lambda user: rooms.get(user, 1) > 0)

            def is_near(user, role=line.role, state=state):
                return bool(user.crm_team_ids & teams) or (bool(state) and state.id in states[role, user.id])

            successor = min(
                people,
                key=lambda user, line=line, is_near=is_near: (
                    not is_near(user),
                    loads[line.role, user.id],
                    user.id,
                ),
                default=self.env["res.users"],
            )
            reason = successor and ("near" if is_near(successor) else "load")
            proposed[frozendict(successor_id=successor.id, successor_reason=reason or False)] += line
            loads[line.role, successor.id] += self._get_weight(line.tier_rank)
            if line.role == "sponsor" and successor in rooms:
                rooms[successor] -= 1
        for vals, lines in proposed.items():
            lines.write(dict(vals))
        return loads

    def _get_sponsor_rooms(self, candidates, by_hand):
        """Return {user: how many more customers they can be the sponsor of}; whoever is
        missing takes any number.

        :param candidates: {role: users}
        :param by_hand: the lines whose successor was chosen
        """
        rooms = self.env["broker.customer"]._get_sponsor_rooms(
            candidates.get("sponsor", self.env["res.users"]), self.company_id
        )
        rooms = {user: room for (user, _company), room in rooms.items()}
        for line in by_hand.filtered(lambda line: line.role == "sponsor" and line.successor_id in rooms):
            rooms[line.successor_id] -= 1
        return rooms

    @api.model
    def _get_weight(self, tier_rank):
        """A customer weighs the rank of its tier, without one as much as the lowest.

        `_get_holding_query` says the same in SQL.
        """
        return max(tier_rank, 1)

    @api.model
    def _get_holding_query(self, more=None):
        """Return the `SQL` SELECT of who has which customer in which role now: company_id,
        customer_id, partner_id, role, user_id, tier_id and the customer's weight.

        :param more: `SQL` SELECT of further (customer_id, role, user_id) than the open
            assignments
        """
        assigned = SQL(
            "SELECT customer_id, role, user_id FROM broker_assignment WHERE date_to IS NULL AND is_void IS NOT TRUE"
        )
        return SQL(
            """
            SELECT customer.company_id, customer.id AS customer_id, customer.partner_id, held.role,
                   held.user_id, customer.tier_id, GREATEST(COALESCE(tier.rank, 1), 1) AS weight
              FROM (%s) AS held
              JOIN broker_customer customer ON customer.id = held.customer_id AND customer.active
         LEFT JOIN broker_tier tier ON tier.id = customer.tier_id
            """,
            SQL("%s UNION ALL %s", assigned, more) if more else assigned,
        )

    @api.model
    def _flush_holdings(self):
        """Write what `_get_holding_query` reads."""
        self.env["broker.assignment"].flush_model()
        self.env["broker.customer"].flush_model(["active", "tier_id"])
        self.env["broker.tier"].flush_model(["rank", "is_key"])
        self.env["res.partner"].flush_model(["state_id"])

    def _get_candidates(self, role):
        """Return who can take over a role, in sudo.

        Active members of the role's group who work in the company, are not absent on
        the day and do not leave themselves; managers only when there is nobody else.
        """
        group = self._get_role_group(role)
        people = (
            self.env["res.users"]
            .sudo()
            .search(
                Domain("all_group_ids", "in", group.ids)
                & Domain("company_ids", "in", self.company_id.ids)
                & Domain("share", "=", False),
                order="id",
            )
        )
        people -= self.user_id + self._get_absent(people) + self._get_leaving(people)
        if role == "sponsor":
            return people
        managers = self._get_role_group("sponsor").all_user_ids
        return (people - managers) or people

    def _get_absent(self, people):
        """Return those of some users whose time off covers the day of the change."""
        day = max(self.last_day, self.company_id._get_broker_today())
        zone = timezone(self.company_id._get_broker_tz())
        start, end = (
            zone.localize(datetime.combine(moment, time.min)).astimezone(UTC).replace(tzinfo=None)
            for moment in (day, day + timedelta(days=1))
        )
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain("resource_id.user_id", "in", people.ids)
                & Domain("date_from", "<", end)
                & Domain("date_to", ">", start)
            )
        )
        return leaves.resource_id.user_id

    def _get_leaving(self, people):
        """Return those of some users who are about to leave the company, or all of
        them, by another change."""
        return (
            self.env["broker.staff.change"]
            .sudo()
            .search(
                Domain("mode", "=", "leaving")
                & Domain("state", "in", ("draft", "confirmed"))
                & Domain("user_id", "in", people.ids)
                & (Domain("company_id", "=", self.company_id.id) | Domain("archive_user", "=", True))
            )
            .user_id
        )

    def _get_loads(self):
        """Return what people already have to do in the company.

        :return: {(role, user id): weight of the customers} and {(role, user id): ids of
            the states that they serve}, by one query
        """
        self._flush_holdings()
        loads = defaultdict(int)
        states = defaultdict(set)
        for role, user_id, state_id, weight in self.env.execute_query(
            SQL(
                """
                SELECT holding.role, holding.user_id, partner.state_id, SUM(holding.weight)
                  FROM (%s) AS holding
                  JOIN res_partner partner ON partner.id = holding.partner_id
                 WHERE holding.company_id = %s
              GROUP BY holding.role, holding.user_id, partner.state_id
                """,
                self._get_holding_query(),
                self.company_id.id,
            )
        ):
            loads[role, user_id] += weight
            if state_id:
                states[role, user_id].add(state_id)
        return loads, states
