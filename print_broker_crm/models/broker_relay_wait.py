from odoo import fields, models


class BrokerRelayWait(models.Model):
    """A time in which a job waited for somebody outside the firm.

    The clock of the leg runs on, for the customer's date is what it is; but a person is
    judged by the rest of the time.
    """

    _name = "broker.relay.wait"
    _description = "Waiting Time of a Leg"
    _inherit = "broker.relay.history.mixin"
    _order = "started_at desc, id desc"
    _rec_name = "leg_id"
    _allow_sudo_commands = False

    leg_id = fields.Many2one("broker.relay.leg", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="restrict")
    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="restrict")
    waits_for = fields.Selection(
        selection=lambda self: self.env["broker.relay.leg"]._get_stage_selection("waits_for"), required=True
    )
    started_at = fields.Datetime(string="From", required=True)
    finished_at = fields.Datetime(string="To")
    hours = fields.Float(help="Working hours.")

    def _finish(self, now):
        """End these waiting times."""
        for wait, hours in self._count_hours(now).items():
            wait._close({"finished_at": now, "hours": hours})
