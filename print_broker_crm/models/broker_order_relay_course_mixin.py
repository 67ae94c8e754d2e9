from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerOrderRelayCourseMixin(models.AbstractModel):
    """Where a job goes next or back to, who runs a stage of it, and by when."""

    _name = "broker.order.relay.course.mixin"
    _description = "Order: Course in the Relay"

    # WHERE TO, AND TO WHOM

    def _broker_get_next_stage(self):
        """Return the stage after the present one, in sudo; the present where it is the
        last."""
        self.ensure_one()
        order = self.sudo()
        present = order.broker_relay_stage_id
        if not present:
            raise UserError(self.env._("%(order)s is not in the relay.", order=order.name))
        stages = self.env["broker.relay.stage"]._get_stages(order.company_id)
        return next((stage for stage in stages if stage._get_rank() > present._get_rank()), present)

    def _broker_get_back_stage(self):
        """Return the stage a job came from, else the one before, in sudo."""
        self.ensure_one()
        order = self.sudo()
        present = order.broker_relay_stage_id
        for leg in order.broker_leg_ids.sorted("id", reverse=True):
            if leg.stage_id.active and leg.stage_id._get_rank() < present._get_rank():
                return leg.stage_id
        stages = self.env["broker.relay.stage"]._get_stages(order.company_id)
        return stages.filtered(lambda stage: stage._get_rank() < present._get_rank())[-1:]

    def _broker_get_runner(self, stage):
        """Return who runs a stage of this job, in sudo."""
        return self._broker_get_people(stage)[:1]

    def _broker_get_people(self, stage):
        """Return who may come to run a stage of this job: the customer's person in its
        role, else the service agent, else the salesperson, in sudo."""
        self.ensure_one()
        customer = self.broker_customer_id
        people = {
            "sales": self.user_id | customer.user_id,
            "service": customer.service_user_id,
            "care": customer.care_user_id,
            "sponsor": customer.sponsor_user_id,
        }
        candidates = people[stage.role] + people["service"] + people["sales"]
        return candidates.filtered(lambda user: user.active and not user.share and self.company_id in user.company_ids)

    def _broker_get_last_legs(self, stage):
        """Return {job: its last leg in a stage}."""
        legs = (
            self.env["broker.relay.leg"]
            .sudo()
            .search(Domain("order_id", "in", self.ids) & Domain("stage_id", "=", stage.id), order="id")
        )
        return {leg.order_id: leg for leg in legs}

    def _broker_get_clocks(self, stage, start):
        """Return {job: hours, yellow and deadline of a leg that starts now}; jobs of one
        company and tier share one look into the calendar."""
        known = {}
        clocks = {}
        for order in self:
            key = (order.company_id, stage._get_hours(order.broker_customer_id.tier_id))
            if key not in known:
                known[key] = self._broker_get_clock(*key, start)
            clocks[order] = known[key]
        return clocks

    def _broker_get_old_clocks(self):
        """Return {job: hours, yellow and deadline of its present leg}."""
        return {
            order: {name: order.broker_leg_id[name] for name in ("allowed_hours", "warn_at", "deadline")}
            for order in self
        }

    @api.model
    def _broker_get_clock(self, company, hours, start):
        if not hours:
            return {"allowed_hours": 0.0, "warn_at": False, "deadline": False}
        warn_at, deadline = company._plan_broker_hours((hours * company.broker_relay_warn_percent / 100, hours), start)
        return {"allowed_hours": hours, "warn_at": warn_at, "deadline": deadline}
