from odoo import api, fields, models
from odoo.fields import Domain

# What makes a meeting a visit of a sponsor, and when.
_VISIT_FIELDS = frozenset(
    {"active", "allday", "attendee_ids", "duration", "partner_ids", "start", "start_date", "stop", "stop_date"}
)


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    broker_can_open = fields.Boolean(
        string="Can Open What It Is About",
        compute="_compute_broker_can_open",
        help="Not who is invited to a review without belonging to sales, service or the care line.",
    )

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_broker_can_open(self):
        reviews = self._get_broker_reviews()
        readable = self.env["broker.review"].browse(set(reviews.values()))._filtered_access("read")
        for event in self:
            event.broker_can_open = event not in reviews or reviews[event] in readable.ids

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        events._get_broker_visited()._refresh_sponsor_visits()
        return events

    def write(self, vals):
        if _VISIT_FIELDS.isdisjoint(vals):
            return super().write(vals)
        visited = self._get_broker_visited()
        result = super().write(vals)
        (visited | self._get_broker_visited())._refresh_sponsor_visits()
        return result

    def unlink(self):
        visited = self._get_broker_visited()
        result = super().unlink()
        visited._refresh_sponsor_visits()
        return result

    # ACTIONS

    def action_open_calendar_event(self):
        if not self.broker_can_open:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "info",
                    "message": self.env._("The review is for those who serve the customer. The meeting says what for."),
                },
            }
        return super().action_open_calendar_event()

    # BUSINESS

    def _get_broker_reviews(self):
        """Return {event: id of the review that people meet about}, of those with one."""
        numbers = {event: event.res_id for event in self.sudo() if event.res_model == "broker.review"}
        known = set(self.env["broker.review"].browse(set(numbers.values())).exists().ids)
        return {self.browse(event.id): number for event, number in numbers.items() if number in known}

    def _get_broker_visited(self):
        """Return the customer files, in sudo, whose sponsor and whose people are invited
        to these meetings."""
        partners = self.sudo().attendee_ids.partner_id
        return (
            self.env["broker.customer"]
            .sudo()
            .search(
                Domain("partner_id", "in", partners.commercial_partner_id.ids)
                & Domain("sponsor_user_id.partner_id", "in", partners.ids)
            )
        )

    def _check_private_event_conditions(self):
        # A colleague's visit to a customer of theirs stays on the calendar, as busy.
        return super()._check_private_event_conditions() or self._is_broker_hidden()

    def _check_calendar_privacy_write_permissions(self):
        result = super()._check_calendar_privacy_write_permissions()
        domain = self._get_broker_visible_event_domain()
        if not domain.is_true():
            # From the database: what was shown as busy is empty in the cache.
            Event = self.env["calendar.event"].sudo().with_context(active_test=False)
            hidden = self - Event.search(domain & Domain("id", "in", self.ids)).with_env(self.env)
            if hidden:
                raise self.env["ir.rule"]._make_access_error("write", hidden)
        return result

    def _get_default_privacy_domain(self):
        return Domain(super()._get_default_privacy_domain()) & self._get_broker_visible_event_domain()

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        hidden = self.filtered(lambda event: event._is_broker_hidden())
        return super(CalendarEvent, self - hidden)._mail_get_operation_for_mail_message_operation(message_operation)

    def _get_broker_visible_event_domain(self):
        """Return the events whose content the present user may meet."""
        user = self.env.user
        Customer = self.env["broker.customer"]
        if self.env.su or not Customer._is_restricted(user):
            return Domain.TRUE
        hidden = ~Customer._get_visible_domain(user)
        return (
            Domain("user_id", "=", user.id)
            | Domain("partner_ids", "in", user.partner_id.ids)
            | (
                Domain("partner_ids", "not any!", hidden)
                & (
                    Domain("opportunity_id", "=", False)
                    | Domain("opportunity_id", "any!", Customer._get_visible_domain(user, "partner_id"))
                )
            )
        )

    def _is_broker_hidden(self):
        """Return whether the event is about a customer that others serve and the present
        user neither organises it nor takes part."""
        self.ensure_one()
        domain = self._get_broker_visible_event_domain()
        return not domain.is_true() and not self.sudo().with_context(active_test=False).filtered_domain(domain)
