from odoo import api, fields, models
from odoo.tools import SQL


class BrokerRelayLeg(models.Model):
    """The span of a job for which one person answers.

    A job in the relay has one open leg. When it moves on, is returned, passed on or
    cancelled, the leg is finished, once, and the next one begins. Figures per stage and
    person are sums and medians of these rows.
    """

    _name = "broker.relay.leg"
    _description = "Leg of a Job"
    _inherit = "broker.relay.history.mixin"
    _order = "started_at desc, id desc"
    _rec_name = "order_id"
    _allow_sudo_commands = False

    order_id = fields.Many2one("sale.order", string="Job", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="restrict")
    customer_id = fields.Many2one("broker.customer", index="btree_not_null", ondelete="restrict")
    stage_id = fields.Many2one("broker.relay.stage", required=True, index=True, ondelete="restrict")
    role = fields.Selection(selection=lambda self: self._get_stage_selection("role"), required=True)
    user_id = fields.Many2one("res.users", string="Responsible", index="btree_not_null", ondelete="restrict")
    operator_id = fields.Many2one(
        "res.users", string="Moved by", required=True, ondelete="restrict", help="Who let the leg begin."
    )
    start_kind = fields.Selection(
        [
            ("confirmed", "Order confirmed"),
            ("moved", "Moved on"),
            ("returned", "Returned"),
            ("passed_on", "Passed on"),
            ("handed_over", "Handoff accepted"),
            ("reopened", "Reopened"),
            ("corrected", "Corrected"),
        ],
        string="Began by",
        required=True,
    )
    predecessor_id = fields.Many2one(
        "broker.relay.leg", string="Leg Before", index="btree_not_null", ondelete="restrict"
    )
    started_at = fields.Datetime(string="Started", required=True)
    allowed_hours = fields.Float(string="Hours Allowed", aggregator=None, help="Working hours by stage and tier.")
    warn_at = fields.Datetime(string="Yellow from")
    deadline = fields.Datetime()
    finished_at = fields.Datetime(string="Finished")
    outcome = fields.Selection(
        [
            ("finished", "Finished"),
            ("returned", "Returned to an earlier stage"),
            ("passed_on", "Passed on"),
            ("cancelled", "Order cancelled"),
            ("left", "Left the relay"),
            ("corrected", "Corrected"),
        ],
    )
    hours = fields.Float(aggregator="median", help="Working hours from start to finish.")
    waiting_hours = fields.Float(
        aggregator="median", help="Working hours of them in which others had to act: the customer or a printing house."
    )
    own_hours = fields.Float(aggregator="median", help="Working hours in which it was up to us.")
    late_count = fields.Integer(string="Late", help="Finished after its deadline.")
    own_late_count = fields.Integer(
        string="Late by Ourselves", help="Even without the time waited for others it took longer than allowed."
    )
    return_count = fields.Integer(string="Returns", help="The leg is a return: the job came back.")
    return_user_id = fields.Many2one(
        "res.users",
        string="Return Counts for",
        index="btree_not_null",
        ondelete="restrict",
        help="Whose work came back: who ran that stage before.",
    )
    reason_id = fields.Many2one("broker.relay.reason", string="Reason of the Return", ondelete="restrict")
    reason = fields.Text(string="In Words")
    note = fields.Text(string="Evidence")
    evidence_date = fields.Datetime(string="Date Given")
    attachment_id = fields.Many2one("ir.attachment", string="File", ondelete="restrict")
    wait_ids = fields.One2many("broker.relay.wait", "leg_id", string="Waiting Times", readonly=True)

    _open_order_uniq = models.UniqueIndex(
        "(order_id) WHERE finished_at IS NULL", "The job has just been moved by somebody else: look at it again."
    )
    _figures_idx = models.Index("(company_id, stage_id, user_id) WHERE finished_at IS NOT NULL")

    @api.model
    def _get_stage_selection(self, name):
        return self.env["broker.relay.stage"]._fields[name]._description_selection(self.env)

    @api.depends("order_id", "stage_id")
    def _compute_display_name(self):
        for leg in self:
            leg.display_name = f"{leg.order_id.name} · {leg.stage_id.name}"

    def _read_group_select(self, aggregate_spec, query):
        """Add the median: one slow job says nothing about how long a stage takes."""
        name, _separator, func = aggregate_spec.partition(":")
        if func == "median" and name in self._fields:
            return SQL("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %s)", self._field_to_sql(self._table, name, query))
        return super()._read_group_select(aggregate_spec, query)

    # BUSINESS

    def _finish(self, now, outcome, **evidence):
        """Finish these open legs and the waiting times that run in them.

        :param now: naive UTC `datetime`
        :param outcome: a value of `outcome`
        :param evidence: `note`, `evidence_date`, `attachment_id` (an id)
        """
        self.wait_ids.filtered(lambda wait: not wait.finished_at)._finish(now)
        for leg, hours in self._count_hours(now).items():
            waited = min(sum(leg.wait_ids.mapped("hours")), hours)
            leg._close(
                {
                    "finished_at": now,
                    "outcome": outcome,
                    "hours": hours,
                    "waiting_hours": waited,
                    "own_hours": hours - waited,
                    "late_count": int(bool(leg.deadline) and now > leg.deadline),
                    "own_late_count": int(
                        bool(leg.deadline) and leg._get_hours_before() + hours - waited > leg.allowed_hours
                    ),
                    **evidence,
                }
            )
        # The index allows one open leg per job at every moment.
        self.flush_recordset(["finished_at"])

    def _get_hours_before(self):
        """Return the own hours of those who passed this leg on: they share one clock."""
        self.ensure_one()
        hours = 0.0
        leg = self
        while leg.start_kind == "passed_on":
            leg = leg.predecessor_id
            hours += leg.own_hours
        return hours

    def _begin_waiting(self, waits_for):
        """Let a waiting time begin in these open legs, unless it is up to us."""
        if waits_for in ("customer", "printing_house"):
            now = fields.Datetime.now()
            self.env["broker.relay.wait"]._append(
                [
                    {
                        "leg_id": leg.id,
                        "company_id": leg.company_id.id,
                        "customer_id": leg.customer_id.id,
                        "waits_for": waits_for,
                        "started_at": now,
                    }
                    for leg in self
                ]
            )

    @api.model
    def _get_figures(self, domain):
        """Return how long legs took.

        :param domain: `Domain` on finished legs
        :return: {(stage, user): (count, median of the hours)}
        """
        return {
            (stage, user): (count, median)
            for stage, user, count, median in self._read_group(
                domain, ["stage_id", "user_id"], ["__count", "hours:median"]
            )
        }
