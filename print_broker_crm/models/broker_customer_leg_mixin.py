from odoo import api, fields, models
from odoo.fields import Domain

from .broker_customer_hook_mixin import HeldKind

# The salesperson is on the contact, and an order keeps its own.
ROLE_FIELDS = {"service": "service_user_id", "care": "care_user_id", "sponsor": "sponsor_user_id"}


class BrokerCustomerLegMixin(models.AbstractModel):
    """What the legs of jobs mean to a customer's people: who runs a job works with the
    customer as long as the leg is open, and nobody's leg is left behind."""

    _name = "broker.customer.leg.mixin"
    _description = "Customer File: Legs"

    tier_leg_count = fields.Integer(string="Jobs Sent Back", compute="_compute_tier_leg_count")

    @api.depends("last_score_id")
    def _compute_tier_leg_count(self):
        for customer in self:
            customer.tier_leg_count = (customer.sudo().last_score_id.inputs or {}).get("returned_legs") or 0

    # ACTIONS

    def action_view_tier_legs(self):
        """Open the returned legs of the newest score's window."""
        return self._open_tier_rows(
            "broker.relay.leg",
            self.env._("Jobs Sent Back"),
            Domain("customer_id", "=", self.id)
            & Domain("start_kind", "=", "returned")
            & self._get_tier_time_domain("started_at"),
        )

    # CRUD

    def write(self, vals):
        before = {
            role: {customer: customer[field] for customer in self.sudo()}
            for role, field in ROLE_FIELDS.items()
            if field in vals
        }
        result = super().write(vals)
        for role, people in before.items():
            self._follow_role(role, people)
        return result

    def _follow_role(self, role, people):
        """Let open legs and waiting questions go along when a role goes from one person to
        another.

        :param people: {file: `res.users` who had the role until now, or none}
        """
        field = ROLE_FIELDS[role]
        changed = [customer for customer, user in people.items() if user and customer[field] != user]
        if not changed:
            return
        self.env["broker.question.pass"]._follow_people({customer: people[customer] for customer in changed}, field)
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(
                Domain("broker_customer_id", "in", [customer.id for customer in changed])
                & Domain("broker_leg_user_id", "in", {people[customer].id for customer in changed})
                & Domain("broker_leg_id", "any!", Domain("role", "=", role)),
                order="id",
            )
        )
        orders = orders.filtered(lambda order: order.broker_leg_user_id == people[order.broker_customer_id])
        orders._broker_pass_on_to_people(self.env._("The customer has somebody else in this role now."))

    # VISIBILITY

    @api.model
    def _get_joined_domain(self, user):
        """Add those who have the baton of a job."""
        return super()._get_joined_domain(user) | Domain(
            "order_ids", "any!", Domain("broker_leg_user_id", "=", user.id)
        )

    def _get_serving_users(self):
        """Add those who have the baton of a job."""
        runners = self.sudo().order_ids.broker_leg_user_id
        return super()._get_serving_users() | runners.with_env(self.env)

    # STAFF

    @api.model
    def _get_held_kinds(self):
        """Add the open legs, each with the role that runs its stage."""
        stage = self.env["broker.relay.stage"]._fields["role"]
        return super()._get_held_kinds() + [
            HeldKind(
                "",
                role,
                "sale.order",
                "broker_customer_id",
                "broker_leg_user_id",
                Domain("broker_leg_id", "any!", Domain("role", "=", role)),
            )
            for role, _label in stage.selection
        ]

    @api.model
    def _before_users_leave(self, users):
        """Let others run the jobs of those who leave."""
        result = super()._before_users_leave(users)
        self.env["sale.order"]._broker_rescue_legs(users)
        return result

    @api.model
    def _after_companies_lost(self, user, companies):
        """Let others run the jobs of these companies."""
        result = super()._after_companies_lost(user, companies)
        self.env["sale.order"]._broker_rescue_legs(user, companies)
        return result
