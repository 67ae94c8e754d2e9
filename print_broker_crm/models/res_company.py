from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_broker_calendar(self):
        """Return the `resource.calendar` in which the firm's clocks run, or none."""
        self.ensure_one()
        return self.resource_calendar_id

    def _get_broker_tz(self):
        """Return the name of the time zone in which the firm's days begin."""
        self.ensure_one()
        return (self._get_broker_calendar().tz or self.partner_id.tz or self.env.user.tz) or "UTC"

    def _get_broker_today(self):
        """Return the firm's present day, whoever asks from wherever."""
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self._get_broker_tz()))
