from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class BrokerHandoffEvent(models.Model):
    """One step of a handoff: what happened, who did it and what was missing.

    Written by the handoff itself and never changed: the figures about returns are
    counted from these rows.
    """

    _name = "broker.handoff.event"
    _description = "Handoff Step"
    _order = "date desc, id desc"
    _rec_name = "handoff_id"
    _allow_sudo_commands = False

    handoff_id = fields.Many2one("broker.handoff", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="handoff_id.company_id", store=True, index=True, precompute=True)
    customer_id = fields.Many2one(related="handoff_id.customer_id", store=True, index=True, precompute=True)
    kind = fields.Selection(
        [
            ("opened", "Opened"),
            ("submitted", "Submitted"),
            ("returned", "Returned"),
            ("accepted", "Accepted"),
            ("given_back", "Given Back"),
            ("cancelled", "Withdrawn"),
            ("escalated", "Escalated"),
        ],
        string="Step",
        required=True,
        readonly=True,
    )
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", string="Done by", readonly=True, default=lambda self: self.env.user)
    sender_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    receiver_id = fields.Many2one("res.users", string="Service Agent", readonly=True)
    reason = fields.Text(readonly=True)
    requirement_ids = fields.Many2many("broker.handoff.requirement", string="What Was Missing", readonly=True)
    hours = fields.Float(
        string="Working Hours",
        readonly=True,
        aggregator="avg",
        help="How long the packet lay with the service agent, from the submission to this step.",
    )

    def write(self, vals):
        """Refuse: steps are history."""
        if vals:
            raise UserError(self.env._("A step of a handoff stays as it was written down."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A step of a handoff stays as it was written down."))

    @api.model
    def _append(self, handoffs, kind, reason="", requirements=None):
        """Write one step for each handoff.

        :param kind: a value of `kind`
        :param reason: in words
        :param requirements: `broker.handoff.requirement` that were not met
        """
        now = fields.Datetime.now()
        lay = kind in ("returned", "accepted")
        return self.sudo().create(
            [
                {
                    "handoff_id": handoff.id,
                    "kind": kind,
                    "date": now,
                    "user_id": self.env.uid,
                    "sender_id": handoff.sender_id.id,
                    "receiver_id": handoff.receiver_id.id,
                    "reason": reason or False,
                    "requirement_ids": [Command.set(requirements.ids if requirements else [])],
                }
                # Left empty elsewhere, so that averages are of what lay there.
                | ({"hours": handoff._count_hours(handoff.company_id, handoff.submitted_at, now)} if lay else {})
                for handoff in handoffs.sudo()
            ]
        )
