from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class BrokerCommissionEntryLeaverMixin(models.AbstractModel):
    """What somebody who left the firm still gets, under the plan of the job.

    Under *continue* the ledger does not look at who left. Under *stop* the leaver keeps
    what was released by the day; the rest of the share, earned and released, is
    nobody's: it stays in the ledger, on nobody's statement, in the manager's sight, so
    that the shares still add up to the pool.
    """

    _name = "broker.commission.entry.leaver.mixin"
    _description = "Commission Entry: Leavers"

    @api.model
    def _get_stops(self, splits):
        """Return {split id: the day on which its payee left}, of those whose plan
        stops the release on that day.

        A job is stopped by the first leaving on or after its own day: who comes back
        earns on new jobs as everybody does.

        :param splits: `broker.commission.split` records in sudo
        """
        return self._find_stops(splits.filtered(lambda split: split.plan_id.leaver_policy == "stop"))

    @api.model
    def _find_stops(self, splits):
        """Return {split id: the day on which its payee left}, of those who did; see `_get_stops`."""
        stopping = splits.filtered("user_id")
        if not stopping:
            return {}
        days = self.env["broker.staff.change"].sudo()._get_leaving_days(stopping.user_id, stopping.company_id)
        stops = {}
        for split in stopping:
            confirmed_on = self.env["broker.commission.split"]._get_day(split.order_id)
            day = next((day for day in days[split.user_id, split.company_id] if day >= confirmed_on), None)
            if day:
                stops[split.id] = day
        return stops

    @api.model
    def _stop_leavers(self, targets, stops):
        """Take from the leavers' targets what they do not get any more.

        :param targets: {(move, split, payee or 0, book): amount}, changed in place
        :param stops: {split id: day}, see `_get_stops`
        """
        kept = self._get_kept(stops)
        for move_id, split_id, user_id in {key[:3] for key in targets if key[1] in stops}:
            released_key = (move_id, split_id, user_id, "released")
            earned_key = (move_id, split_id, user_id, "earned")
            released = targets[released_key]
            amount = kept.get((move_id, split_id, user_id), 0.0)
            # Money can go back: the leaver keeps no more than the share is now.
            amount = min(max(amount, min(released, 0.0)), max(released, 0.0))
            for key in (earned_key, released_key):
                targets[move_id, split_id, 0, key[3]] = targets[key] - amount
                targets[key] = amount

    @api.model
    def _get_kept(self, stops):
        """Return {(move, split, payee): amount released by the day the payee left}."""
        splits_by_day = defaultdict(list)
        for split_id, day in stops.items():
            splits_by_day[day].append(split_id)
        if not splits_by_day:
            return {}
        by_then = Domain.OR(
            Domain("split_id", "in", split_ids) & Domain("date", "<=", day) for day, split_ids in splits_by_day.items()
        )
        rows = self.sudo()._read_group(
            by_then & Domain("book", "=", "released") & Domain("user_id", "!=", False),
            ["move_id", "split_id", "user_id"],
            ["amount:sum"],
        )
        return {(move.id, split.id, user.id): amount for move, split, user, amount in rows}

    @api.model
    def _settle_leaver(self, user, company):
        """Settle the invoices of which a leaver has shares that are not all released,
        or of whose shares something became nobody's.

        For somebody who left, and for a leaving that was cancelled. Writes nothing
        where the plans go on releasing.

        :param user: the `res.users` who left, or did not after all
        :param company: the `res.company` that they left
        """
        rows = self.sudo()._read_group(
            Domain("split_id.user_id", "=", user.id)
            & Domain("user_id", "in", (user.id, False))
            & Domain("company_id", "=", company.id)
            & Domain("plan_id.leaver_policy", "=", "stop"),
            ["move_id", "user_id"],
            ["earned:sum", "released:sum"],
        )
        is_zero = company.currency_id.is_zero
        moves = self.env["account.move"].union(
            *(
                move
                for move, payee, earned, released in rows
                if move and not is_zero(earned - released if payee else abs(earned) + abs(released))
            )
        )
        self._settle(moves, "leaving")
        charges = self.sudo().search(
            Domain("split_id.user_id", "=", user.id)
            & Domain("charge_id", "!=", False)
            & Domain("company_id", "=", company.id)
            & Domain("plan_id.leaver_policy", "=", "stop")
        )
        self._settle_charges(charges.order_id, "leaving")

    @api.model
    def _note_leaving(self, user, companies):
        """Note today as the day on which somebody left companies whose jobs stop then, or
        to which they still give something back.

        Who had given all customers away before being archived is on no list of those
        who leave; the plan that stops on the day, and the instalments that fall due,
        must know the day all the same.

        :param user: the `res.users` about to be archived
        :param companies: `res.company` records that have no such list
        """
        splits = (
            self.env["broker.commission.split"]
            .sudo()
            .search(
                Domain("user_id", "=", user.id)
                & Domain("company_id", "in", companies.ids)
                & Domain("plan_id.leaver_policy", "=", "stop")
            )
        )
        stops = self._get_stops(splits)
        owing = self.env["broker.commission.adjustment"]._find_owing(user, companies)
        for company in splits.filtered(lambda split: split.id not in stops).company_id | owing:
            self.env["broker.staff.change"].sudo().with_company(company).create(
                {
                    "company_id": company.id,
                    "user_id": user.id,
                    "last_day": company._get_broker_today(),
                    "reason": self.env._("Archived, with no customers left to give"),
                    "state": "done",
                    "is_archived_first": True,
                }
            )
            self._settle_leaver(user, company)
