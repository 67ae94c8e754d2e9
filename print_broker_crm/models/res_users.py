from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def action_archive(self):
        # Odoo deletes the activities of the archived here, so it must be earlier.
        self._broker_leave()
        return super().action_archive()

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._broker_leave()
        return super().write(vals)

    def _broker_leave(self):
        """Tell the customer room which users are about to leave."""
        leaving = self.filtered(lambda user: user.active and not user.share)
        if leaving:
            self.env["broker.customer"].sudo()._before_users_leave(leaving)
