import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCommissionEntryChargeMixin(models.AbstractModel):
    """How charged costs come into the ledger; see `broker.commission.charge`.

    The firm's costs are costs of the job's invoices. A cost that a role bears is a
    document of its own: its target is the whole amount, against that role's payee, in
    both books at once, whatever the customer has paid.
    """

    _name = "broker.commission.entry.charge.mixin"
    _description = "Commission Entry: Charged Costs"

    charge_id = fields.Many2one(
        "broker.commission.charge", string="Charged Cost", index="btree_not_null", ondelete="restrict"
    )

    @api.model
    def _settle_orders(self, orders, event="sweep"):
        """Settle the invoices of some jobs, and the costs that roles bear."""
        return super()._settle_orders(orders, event) | self._settle_charges(orders, event)

    @api.model
    def _settle_charges(self, orders, event="sweep"):
        """Bring the ledger up to the costs of jobs that roles bear: target minus sum.

        :param orders: `sale.order` records
        :param event: the entries' kind
        :return: the entries written, in sudo
        """
        Entry = self.sudo()
        charges = (
            self.env["broker.commission.charge"]
            .sudo()
            .search(
                Domain("order_id", "in", orders.ids) & Domain("state", "=", "posted") & Domain("role", "!=", False),
                order="id",
            )
        )
        if not charges:
            return Entry
        self.env.execute_query(
            SQL(
                "SELECT id FROM broker_commission_charge WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                tuple(charges.ids),
            )
        )
        split_by_charge = self._get_charge_splits(charges)
        stops = self._get_stops(self.env["broker.commission.split"].sudo().union(*split_by_charge.values()))
        targets = {
            (charge.id, split.id, self._get_charge_payee(charge, split, stops), book): -charge.amount
            for charge, split in split_by_charge.items()
            for book in ("earned", "released")
        }
        written = {
            (charge.id, split.id, user.id or 0, book): amount
            for charge, split, user, book, amount in Entry._read_group(
                Domain("charge_id", "in", charges.ids),
                ["charge_id", "split_id", "user_id", "book"],
                ["amount:sum"],
            )
        }
        charges_by_id = {charge.id: charge for charge in charges}
        vals_list = [
            self._prepare_charge_entry(
                charges_by_id[key[0]],
                self.env["broker.commission.split"].sudo().browse(key[1]),
                key,
                (targets.get(key, 0.0), written.get(key, 0.0)),
                event,
                stops.get(key[1]),
            )
            for key in sorted(targets.keys() | written.keys())
            if not charges_by_id[key[0]].currency_id.is_zero(targets.get(key, 0.0) - written.get(key, 0.0))
        ]
        if not vals_list:
            return Entry
        entries = self._append(vals_list)
        # Whoever waited for these charges starts over; see `_mark_moves`.
        self.env.cr.execute(
            SQL(
                "UPDATE broker_commission_charge SET write_date = write_date WHERE id IN %s",
                tuple({vals["charge_id"] for vals in vals_list}),
            )
        )
        return entries

    @api.model
    def _get_charge_splits(self, charges):
        """Return {charge: the split that bears it}, of charges that roles bear.

        :param charges: `broker.commission.charge` records in sudo
        """
        splits = (
            self.env["broker.commission.split"]
            .sudo()
            .search(Domain("order_id", "in", charges.order_id.ids), order="id desc")
        )
        # Of several rules the first one's share bears it, that a line is still under.
        splits = splits.sorted(lambda split: split.rule_id in split.order_id.order_line.broker_commission_rule_id)
        split_by_role = {(split.order_id, split.role): split for split in splits}
        found = {charge: split_by_role.get((charge.order_id, charge.role)) for charge in charges}
        return {charge: split for charge, split in found.items() if split}

    @api.model
    def _get_charge_payee(self, charge, split, stops):
        """Return the id of the person whom a charge is for, or 0.

        Under a plan that stops with the payee's leaving, what was charged after that day
        is nobody's, as is what is released after it. A counter-charge goes to whom it
        takes the charge from.

        :param stops: {split id: day}, see `_get_stops`
        """
        origin = charge.reversed_id or charge
        day = stops.get(split.id)
        if day and charge.company_id._get_broker_date(origin.posted_at) > day:
            return 0
        return split.user_id.id or 0

    @api.model
    def _sweep_charges(self):
        """Settle the jobs whose charged costs do not stand in the ledger as they should:
        posted, and not written, or written for who is not the payee any more."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT charge.order_id
                  FROM broker_commission_charge charge
             LEFT JOIN broker_commission_entry entry ON entry.charge_id = charge.id
             LEFT JOIN broker_commission_split split ON split.id = entry.split_id
             LEFT JOIN broker_commission_plan plan ON plan.id = split.plan_id
                 WHERE charge.state = 'posted' AND charge.role IS NOT NULL
              GROUP BY charge.id
                HAVING COALESCE(
                           SUM(entry.amount) FILTER (
                               WHERE entry.book = 'released'
                                 AND (
                                        entry.user_id IS NOT DISTINCT FROM split.user_id
                                        OR entry.user_id IS NULL AND plan.leaver_policy = 'stop'
                                     )
                           ), 0
                       ) + charge.amount <> 0
                """
            )
        )
        return self._settle_charges(self.env["sale.order"].sudo().browse({order_id for [order_id] in rows}))

    @api.model
    def _prepare_charge_entry(self, charge, split, key, amounts, event, stop=None):
        """Return the values of an entry of a cost that a role bears.

        :param amounts: what should stand in the ledger, and what stands there already
        :param stop: the day on which the payee left and bears nothing more, or none
        """
        _charge_id, _split_id, user_id, book = key
        target, before = amounts
        currency = charge.currency_id
        is_payee = (split.user_id.id or 0) == user_id
        return {
            "company_id": charge.company_id.id,
            "currency_id": currency.id,
            "book": book,
            "kind": event,
            "date": charge.company_id._get_broker_today(),
            "charge_id": charge.id,
            "move_name": charge.name,
            "order_id": charge.order_id.id,
            "customer_id": split.customer_id.id,
            "split_id": split.id,
            "plan_id": split.plan_id.id,
            "rule_id": split.rule_id.id,
            "role": split.role,
            "origin": split.origin,
            "user_id": user_id or False,
            "assignment_id": split.assignment_id.id if is_payee else False,
            "base_amount": -charge.amount if is_payee else 0.0,
            "rate": 100.0,
            "share": 100.0,
            "paid_ratio": 1.0 if is_payee else 0.0,
            "amount": target - before,
            "trace": json.dumps(
                {
                    "charge": charge.name,
                    "reason": charge.reason,
                    "payee_changed": not is_payee,
                    "stopped": stop and fields.Date.to_string(stop),
                    "target": currency.round(target),
                    "written": currency.round(before),
                }
            ),
        }
