from odoo import api, models
from odoo.fields import Domain

SETTLE_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_settle"


class BrokerHandoffListMixin(models.AbstractModel):
    """What is on a handoff's checklist, and who is reminded of what was left unknown.

    Apart from the packet, because the list follows the customer's tier and the jobs,
    which change while the packet is open.
    """

    _name = "broker.handoff.list.mixin"
    _description = "Handoff: Checklist"

    def _sync_items(self):
        """Bring the lists of open handoffs up to what is asked of them now.

        What nobody touched and is not asked any more disappears; what somebody answered
        stays.

        :return: the items added
        """
        handoffs = self.sudo().filtered(lambda handoff: not handoff._is_closed())
        Item = self.env["broker.handoff.item"].sudo()
        if not handoffs:
            return Item
        requirements = (
            self.env["broker.handoff.requirement"]
            .sudo()
            .search(Domain("company_id", "in", handoffs.company_id.ids + [False]))
        )
        vals_list = []
        dropped = Item
        for handoff in handoffs:
            asked = requirements._filter_for(handoff)
            vals_list += [
                {"handoff_id": handoff.id, "requirement_id": requirement.id}
                for requirement in asked - handoff.item_ids.requirement_id
            ]
            dropped |= handoff.item_ids.filtered(
                lambda item, asked=asked: item.requirement_id not in asked and item._is_untouched()
            )
        dropped.unlink()
        return Item.create(vals_list)

    def _get_product_types(self):
        """Return the `broker.product.type` of what is ordered, or quoted while there is
        no job."""
        self.ensure_one()
        return self._get_checked_orders().order_line.product_id.broker_product_type_id

    # WHAT WAS UNKNOWN

    @api.model
    def _cron_remind_unknown(self):
        """Remind the senders, on the day, of what they left unknown."""
        for company in self.env["res.company"].search(Domain.TRUE):
            today = company._get_broker_today()
            items = self.env["broker.handoff.item"].search(
                Domain("company_id", "=", company.id)
                & Domain("answer", "=", "unknown")
                & Domain("settled_at", "=", False)
                & Domain("reminded_on", "=", False)
                & Domain("settle_by", "<=", today)
                & Domain("handoff_id.state", "!=", "cancelled")
            )
            if items:
                items.handoff_id._remind(items, today)

    def _remind(self, items, today):
        """Give whoever knows these handoffs a to-do, one for each, and mark the points."""
        users = {handoff: handoff._get_knowing_user() for handoff in self}
        by_handoff = items.grouped("handoff_id")
        self.activity_unlink([SETTLE_ACTIVITY])
        self._schedule(
            SETTLE_ACTIVITY,
            users,
            dict.fromkeys(self, today),
            lambda env, handoff: env._(
                "To be settled by today: %(points)s",
                points=", ".join(by_handoff[handoff].with_env(env).mapped("requirement_id.display_name")),
            ),
        )
        items.reminded_on = today

    def _get_knowing_user(self):
        """Return who can settle what was left unknown: the sender, the customer's present
        salesperson when the sender is gone, else a manager."""
        self.ensure_one()
        for user in (self.sender_id, self.customer_id.user_id, *self._get_managers()):
            if user.active and self.company_id in user.company_ids:
                return user
        return self.env["res.users"]

    def _close_reminders(self):
        """Close the to-dos of handoffs on which nothing is due any more."""
        done = self.filtered(
            lambda handoff: (
                not any(
                    item.answer == "unknown" and item.reminded_on and not item.settled_at for item in handoff.item_ids
                )
            )
        )
        done.activity_feedback([SETTLE_ACTIVITY])
