from odoo import models


class BrokerHandoffLegMixin(models.AbstractModel):
    """What an accepted handoff means to the legs of its jobs."""

    _name = "broker.handoff.leg.mixin"
    _description = "Handoff: Legs"

    def _after_accept(self):
        """Give the receiver the legs that wait for service: until now the salesperson
        had them, or nobody. The clock starts with the acceptance."""
        result = super()._after_accept()
        for handoff in self.sudo():
            waiting = handoff.order_ids.filtered(
                lambda order, handoff=handoff: (
                    order.broker_leg_id.role == "service"
                    and order.broker_leg_user_id != handoff.receiver_id
                    and (not order.broker_leg_user_id or order.broker_leg_user_id in (order.user_id, handoff.sender_id))
                )
            )
            waiting._broker_pass_on(handoff.receiver_id, kind="handed_over")
        return result
