from collections import defaultdict
from itertools import pairwise

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

_BATCH = 200


class BrokerCommissionGrowthMeasureMixin(models.AbstractModel):
    """How growth is measured and a bonus is shared out; nothing is written here.

    The margin is the one that commission is taken of, worked out by the same code: of
    the posted invoices and credit notes of jobs, untaxed revenue less real cost, in the
    company's currency. It is taken whole: whatever plan or rule a job was under, or
    none, because the year before may have been before there was any plan.
    """

    _name = "broker.commission.growth.measure.mixin"
    _inherit = ["broker.commission.entry.base.mixin"]
    _description = "Growth Bonus: Measures"

    # What the arithmetic asks

    @api.model
    def _get_bearing_orders(self, orders):
        """Return all jobs: the margin is the customer's, not the commission's."""
        return orders

    @api.model
    def _get_line_rule(self, sale_line):
        """Put all lines under one and the same."""
        return True

    # MARGINS

    @api.model
    def _get_year_before(self, date_from, date_to):
        """Return first and last day of the same period a year before.

        A period that ends with a month ends with that month, be it a leap year's.
        """
        year = relativedelta(years=1)
        day = relativedelta(days=1)
        return date_from - year, date_to + day - year - day

    @api.model
    def _get_margins(self, customers, date_from, date_to):
        """Return {customer id: margin} of a period, batch by batch.

        :param customers: `broker.customer` records of one company
        :param date_from: first day of the invoices, a `date`
        :param date_to: last day, a `date`
        """
        moves = self.env["account.move"].sudo().search(self._get_invoice_domain(customers, date_from, date_to))
        margins = defaultdict(float)
        for ids in split_every(_BATCH, moves.ids):
            batch = moves.browse(ids)
            for (move, _order, _rule), (revenue, cost) in self._get_bases(batch).items():
                margins[move.broker_customer_id.id] += revenue - cost
            # What was read of these invoices is not needed any more.
            self.env.invalidate_all()
        return {
            customer.id: customer.company_id.currency_id.round(margins[customer.id])
            for customer in customers
            if customer.id in margins
        }

    @api.model
    def _get_invoice_domain(self, customers, date_from, date_to):
        """Return the domain of the invoices and credit notes that count in a period."""
        return (
            Domain("broker_customer_id", "in", customers.ids)
            & Domain("state", "=", "posted")
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & Domain("invoice_date", ">=", date_from)
            & Domain("invoice_date", "<=", date_to)
        )

    @api.model
    def _get_first_days(self, customers):
        """Return {customer id: day of the first posted invoice}, in one query."""
        rows = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                Domain("broker_customer_id", "in", customers.ids)
                & Domain("state", "=", "posted")
                & Domain("move_type", "=", "out_invoice"),
                ["broker_customer_id"],
                ["invoice_date:min"],
            )
        )
        return {customer.id: day for customer, day in rows}

    # SHARES

    @api.model
    def _get_days(self, members, date_from, date_to, weights):
        """Return {person: (days on the team, weighted days)} in a period.

        Who has two functions on a day counts once, with the one that weighs more.

        :param members: `broker.customer.member` records of one customer
        :param date_from: first day, a `date`
        :param date_to: last day, a `date`
        :param weights: {function: weight}; functions that are not named weigh 1
        """
        end = date_to + relativedelta(days=1)
        result = {}
        for user, rows in members.grouped("user_id").items():
            spans = [
                (max(row.date_from, date_from), min(row.date_to or end, end), weights.get(row.function, 1.0))
                for row in rows
            ]
            days = weighted = 0
            for start, stop in pairwise(sorted({day for span in spans for day in span[:2] if date_from <= day <= end})):
                there = [weight for first, last, weight in spans if first <= start and stop <= last]
                if there:
                    days += (stop - start).days
                    weighted += (stop - start).days * max(there)
            if days:
                result[user] = (days, weighted)
        return result

    @api.model
    def _share_bonus(self, bonus, days, currency):
        """Return {person: amount}, rounded; the last takes the remainder.

        :param days: {person: (days, weighted days)}, see `_get_days`
        """
        people = sorted((user for user, (_days, weighted) in days.items() if weighted), key=lambda user: user.id)
        total = sum(days[user][1] for user in people)
        amounts = {user: currency.round(bonus * days[user][1] / total) for user in people[:-1]}
        if people:
            amounts[people[-1]] = currency.round(bonus - sum(amounts.values()))
        return amounts

    @api.model
    def _measure(self, customers, date_from, date_to, plan):
        """Return {customer id: values of its growth} for a period, shares apart.

        :param customers: `broker.customer` records of one company
        :param plan: the `broker.commission.plan` that holds at the end of the period
        """
        year_before = self._get_year_before(date_from, date_to)
        margins = self._get_margins(customers, date_from, date_to)
        margins_before = self._get_margins(customers, *year_before)
        first_days = self._get_first_days(customers)
        result = {}
        for customer in customers:
            currency = customer.company_id.currency_id
            margin, before = margins.get(customer.id, 0.0), margins_before.get(customer.id, 0.0)
            first_day = first_days.get(customer.id)
            # A loss a year before is nothing to grow from.
            growth = currency.round(margin - max(before, 0.0))
            bonus = 0.0
            if not first_day or first_day > year_before[0]:
                outcome = "new"
            elif currency.compare_amounts(margin, before) < 0:
                outcome = "fall"
            elif currency.compare_amounts(growth, 0.0) > 0:
                outcome = "growth"
                bonus = currency.round(growth * plan.growth_rate / 100.0)
            else:
                outcome = "none"
            result[customer.id] = {
                "plan_id": plan.id,
                "rate": plan.growth_rate,
                "margin": margin,
                "margin_before": before,
                "first_day": first_day,
                "outcome": outcome,
                "bonus": bonus,
                "calculated_at": fields.Datetime.now(),
            }
        return result
