from odoo import api, fields, models


class BrokerCareCallReason(models.Model):
    """One event that a call answers to; one call serves several.

    The row stays when the call is closed and is what keeps the night from planning
    the same event twice.
    """

    _name = "broker.care.call.reason"
    _description = "Reason of a Care Call"
    _order = "id"
    _allow_sudo_commands = False

    call_id = fields.Many2one("broker.care.call", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="call_id.company_id", store=True, index=True, precompute=True)
    rule_id = fields.Many2one("broker.care.rule", required=True, index=True, ondelete="restrict")
    # Of the time of planning: a rule that changes its reason changes no history.
    reason = fields.Selection(
        selection=lambda self: self.env["broker.care.rule"]._fields["reason"]._description_selection(self.env),
        required=True,
    )
    order_id = fields.Many2one("sale.order", string="Job", index="btree_not_null", ondelete="set null")
    date_event = fields.Date(
        string="Event",
        required=True,
        help="The day of what gave reason to call; for the cadence the day from which it is counted.",
    )

    interval_days = fields.Integer(
        string="Cadence (Days)",
        help="Of a cadence: the days between two calls when the call was planned.",
    )

    event_key = fields.Char(
        help="Tells the event from others of its reason where it is no job: the case, the score, the day on which "
        "the silence began.",
    )

    # What this reason wants by itself: a call shared with others goes back to it when they
    # are withdrawn.
    window_from = fields.Date(string="Call From")
    window_to = fields.Date(string="Call Until")
    window_at = fields.Datetime(string="Not Before")

    _event_uniq = models.UniqueIndex(
        "(reason, event_key) WHERE event_key IS NOT NULL",
        "A call for this event and reason is already planned or made.",
    )
    _order_uniq = models.UniqueIndex(
        "(reason, order_id) WHERE order_id IS NOT NULL",
        "A call for this job and reason is already planned or made.",
    )
    _repeat_uniq = models.UniqueIndex(
        "(call_id, reason) WHERE order_id IS NULL AND event_key IS NULL",
        "This call already has this reason.",
    )

    @api.depends("rule_id.name", "order_id.name")
    def _compute_display_name(self):
        for line in self:
            names = [line.rule_id.sudo().name, line.order_id.sudo().name]
            line.display_name = " · ".join(name for name in names if name)

    def _get_shared_window(self):
        """Return the days in which one call serves these reasons, as the planning joined
        them one after the other; None where it is not known of each.

        :return: (first day, last day)
        """
        if not self or not all(line.window_from and line.window_to for line in self):
            return None
        first, *others = self.sorted("id")
        start, deadline = first.window_from, first.window_to
        for line in others:
            meet = line.window_from <= deadline and start <= line.window_to
            start, deadline = (
                (max(start, line.window_from), min(deadline, line.window_to))
                if meet
                else (line.window_from, line.window_to)
            )
        return start, deadline
