from odoo import models
from odoo.exceptions import UserError


class BrokerOrderHandoffMixin(models.AbstractModel):
    """How jobs get to the service desk that did not come by an opportunity."""

    _name = "broker.order.handoff.mixin"
    _description = "Order: Handoff"

    def action_broker_hand_over(self):
        """Open the handoff of a job that has none, and show it."""
        self.ensure_one()
        self._broker_check_may_hand_over()
        if not self.sudo().broker_handoff_id:
            self.env["broker.handoff"]._open_for_orders(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_handoff_action")
        action.update({"views": [(False, "form")], "res_id": self.sudo().broker_handoff_id.id, "context": {}})
        return action

    def _broker_check_may_hand_over(self):
        """Raise unless the present user may hand these jobs over to service."""
        self.check_access("write")
        if any(order.state != "sale" or not order.broker_customer_id for order in self):
            raise UserError(self.env._("Only a confirmed order of a customer is handed over: confirm it first."))
        if self.env["broker.handoff"]._is_manager():
            return
        foreign = self.sudo().filtered(
            lambda order: self.env.user not in order.user_id + order.broker_customer_id.user_id
        )
        if foreign:
            raise UserError(
                self.env._(
                    "Only the salesperson or a manager can hand over %(orders)s.",
                    orders=", ".join(foreign.mapped("name")),
                )
            )

    def _broker_follow(self):
        """Let the customer's salesperson and service agent follow these jobs.

        The customer has one face: whoever else the job is given to, that face sees every
        leg and every message of the customer and can answer.
        """
        ids_by_missing = {}
        for order in self.sudo():
            customer = order.broker_customer_id
            people = (customer.user_id | customer.service_user_id | order.broker_handoff_id.sender_id).filtered(
                "active"
            )
            missing = people.partner_id - order.message_partner_ids
            ids_by_missing.setdefault(missing, []).append(order.id)
        # The jobs of somebody who left have the same new people.
        for missing, ids in ids_by_missing.items():
            if missing:
                self.sudo().browse(ids).message_subscribe(missing.ids)

    def write(self, vals):
        result = super().write(vals)
        if "user_id" in vals:
            self.filtered(lambda order: order.state == "sale")._broker_follow()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self.sudo().broker_handoff_id._after_orders_cancelled()
        return result
