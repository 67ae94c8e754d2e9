from odoo import api, fields, models
from odoo.fields import Domain

LATE_LEG_ACTIVITY = "print_broker_crm.mail_activity_type_leg_late"
BACK_ACTIVITY = "print_broker_crm.mail_activity_type_leg_back"


class BrokerOrderRelayNewsMixin(models.AbstractModel):
    """Who is told that a job moved, came to them, or stays too long where it is."""

    _name = "broker.order.relay.news.mixin"
    _description = "Order: News of the Relay"

    # Late legs escalated in one transaction of the cron.
    _broker_escalation_batch = 100

    # TELLING

    def _broker_tell_stage(self, stage, legs):
        """Write into the chatter of these jobs who has them now, and give a to-do to
        whoever gets one back or from a colleague.

        :param legs: the open legs of the jobs; none in the last stage
        """
        by_order = {leg.order_id: leg for leg in legs}
        bodies = {order.id: order._broker_get_news(stage, by_order.get(order, legs)) for order in self}
        if len(self) == 1:
            self.message_post(body=bodies[self.id], subtype_xmlid="print_broker_crm.mt_job_leg")
        elif self:
            self._message_log_batch(bodies=bodies)
        self.activity_unlink([LATE_LEG_ACTIVITY, BACK_ACTIVITY])
        if len(self) > 1 or self.env.context.get("mail_activity_quick_update"):
            # Many change hands at once, by a staff change: it tells the people itself.
            return
        legs = legs.filtered(
            lambda leg: leg.start_kind in ("returned", "passed_on") and leg.user_id and leg.user_id != self.env.user
        )
        legs.order_id._broker_schedule_legs(
            BACK_ACTIVITY,
            {leg.order_id: leg.user_id for leg in legs},
            lambda env: env._("A job came to you"),
        )

    def _broker_get_news(self, stage, leg):
        """Return what the chatter says about a job that entered a stage."""
        self.ensure_one()
        if not leg:
            return stage.name
        parts = [
            self.env._("%(stage)s: %(person)s", stage=stage.name, person=leg.user_id.name or self.env._("nobody yet"))
        ]
        if leg.start_kind != "moved":
            parts.append(dict(leg._fields["start_kind"]._description_selection(self.env))[leg.start_kind])
        parts += [part for part in (leg.reason_id.name, leg.reason, leg.predecessor_id.note) if part]
        return " · ".join(parts)

    def _broker_schedule_legs(self, activity_xmlid, users, get_summary):
        """Give people a to-do on these jobs, each in their language.

        :param users: {job: `res.users`, any number of them}
        :param get_summary: function of an environment that returns the text
        """
        vals_list = []
        for order in self:
            leg = order.broker_leg_id
            today = order.company_id._get_broker_today()
            day = order.company_id._get_broker_date(leg.deadline) or today
            vals_list += [
                {
                    "activity_type_id": self.env.ref(activity_xmlid).id,
                    "automated": True,
                    "date_deadline": max(day, today),
                    "note": leg.reason or leg.reason_id.name or False,
                    "res_id": order.id,
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "summary": get_summary(self.with_context(lang=user.lang or self.env.lang).env),
                    "user_id": user.id,
                }
                for user in users[order]
            ]
        if vals_list:
            self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(vals_list)

    # CRON

    @api.model
    def _cron_escalate_late_legs(self):
        """Tell the managers once of each job that stays too long in its stage."""
        domain = Domain("broker_leg_deadline", "<", fields.Datetime.now()) & Domain(
            "broker_leg_escalated_at", "=", False
        )
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        while True:
            orders = self.search(domain, limit=self._broker_escalation_batch, order="broker_leg_deadline, id")
            orders = orders.try_lock_for_update(allow_referencing=True).filtered_domain(domain)
            if not orders:
                break
            orders._broker_escalate()
            if not self.env["ir.cron"]._commit_progress(len(orders)):
                break

    def _broker_escalate(self):
        """Mark late jobs and give every manager of their company a to-do."""
        self._broker_write_relay({"broker_leg_escalated_at": fields.Datetime.now()})
        managers = {company: self.env["broker.customer"]._get_managers(company) for company in self.company_id}
        self._broker_schedule_legs(
            LATE_LEG_ACTIVITY,
            {order: managers[order.company_id] - order.broker_leg_user_id for order in self},
            lambda env: env._("A job is late in its stage"),
        )
