from datetime import timedelta

from odoo import fields, models

from .broker_case_clock_mixin import OPEN_STATES

# Meetings begin on the clock.
_MINUTES = 5


class BrokerCaseCrisisMixin(models.AbstractModel):
    """A crisis is not passed along: sales, service and the manager meet about it at once."""

    _name = "broker.case.crisis.mixin"
    _description = "Case: Crisis"

    crisis_called_at = fields.Datetime(string="Crisis Meeting Called", readonly=True, copy=False)
    crisis_meeting_id = fields.Many2one(
        "calendar.event", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    def _begin(self):
        result = super()._begin()
        self._call_crisis_meetings()
        return result

    def write(self, vals):
        result = super().write(vals)
        if "severity" in vals:
            self._call_crisis_meetings()
        return result

    def action_reopen(self):
        # It may have become a crisis while it was over.
        result = super().action_reopen()
        self._call_crisis_meetings()
        return result

    def action_view_crisis_meeting(self):
        """Open the meeting that the crisis called."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "calendar.event",
            "res_id": self.crisis_meeting_id.id,
            "views": [(False, "form")],
        }

    def _call_crisis_meetings(self):
        """Call the people of each crisis together, once per case."""
        crises = self.sudo().filtered(
            lambda case: case.severity == "3" and not case.crisis_called_at and case.state in OPEN_STATES
        )
        for case in crises:
            people = case._get_crisis_people()
            if not people:
                continue
            company = case.company_id
            start = case._get_crisis_start()
            meeting = (
                self.env["calendar.event"]
                .sudo()
                .with_context(mail_create_nosubscribe=True)
                .create(
                    {
                        "name": case.env._(
                            "Crisis: %(case)s, %(customer)s", case=case.display_name, customer=case.customer_id.name
                        ),
                        "start": start,
                        "stop": start + timedelta(hours=company.broker_crisis_duration),
                        "user_id": people[:1].id,
                        "partner_ids": people.partner_id.ids,
                        # Colleagues who do not serve the customer see that they are busy.
                        "privacy": "private",
                        "show_as": "busy",
                        "res_model_id": self.env["ir.model"]._get_id(case._name),
                        "res_id": case.id,
                    }
                )
            )
            case.write({"crisis_called_at": fields.Datetime.now(), "crisis_meeting_id": meeting.id})
            case.message_post(
                body=case.env._(
                    "This is a crisis: %(people)s meet at %(time)s.",
                    people=", ".join(people.mapped("name")),
                    time=meeting.display_time,
                ),
                author_id=self.env.ref("base.partner_root").id,
                partner_ids=people.partner_id.ids,
                subtype_xmlid="mail.mt_note",
            )

    def _get_crisis_people(self):
        """Hook: return who meets about a crisis, the manager first: sales, service, and
        whoever answers for the case. Those who left are not called."""
        self.ensure_one()
        customer = self.customer_id
        people = (
            self._get_case_managers(self.company_id)[:1]
            | customer.partner_id.user_id
            | customer.service_user_id
            | self.user_id
        )
        return people.filtered(lambda user: user.active and not user.share and self.company_id in user.company_ids)

    def _get_crisis_start(self):
        """Return when the people of a crisis meet: after the hours of the settings, in
        the firm's working hours."""
        company = self.company_id
        [start] = company._plan_broker_hours([company.broker_crisis_lead_hours], fields.Datetime.now())
        rest = timedelta(minutes=start.minute % _MINUTES, seconds=start.second, microseconds=start.microsecond)
        return start - rest + timedelta(minutes=_MINUTES) if rest else start
