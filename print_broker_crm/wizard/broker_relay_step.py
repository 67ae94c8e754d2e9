from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerRelayStep(models.TransientModel):
    """Asks for what a step of a job takes: the evidence of the stage that is finished,
    the reason why it goes back, or who gets it."""

    _name = "broker.relay.step"
    _description = "Step of a Job"

    order_id = fields.Many2one("sale.order", string="Job", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id")
    mode = fields.Selection(
        [("next", "Move on"), ("return", "Send back"), ("pass", "Pass on")], required=True, default="next"
    )
    present_stage_id = fields.Many2one(related="order_id.broker_relay_stage_id", string="Present Stage")
    evidence = fields.Selection(related="present_stage_id.evidence")
    possible_stage_ids = fields.Many2many("broker.relay.stage", compute="_compute_possible_stage_ids")
    stage_id = fields.Many2one(
        "broker.relay.stage",
        string="To",
        compute="_compute_stage_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', possible_stage_ids)]",
    )
    note = fields.Text()
    date = fields.Datetime(default=fields.Datetime.now)
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    reason_id = fields.Many2one("broker.relay.reason", string="Why")
    reason = fields.Text(string="In Words")
    user_id = fields.Many2one(
        "res.users", string="To Whom", domain="[('share', '=', False), ('company_ids', 'in', company_id)]"
    )

    @api.depends("order_id", "mode")
    def _compute_possible_stage_ids(self):
        for step in self:
            stages = self.env["broker.relay.stage"]._get_stages(step.company_id)
            present = step.sudo().present_stage_id
            if present and step.mode == "return":
                stages = stages.filtered(lambda stage, present=present: stage._get_rank() < present._get_rank())
            elif present:
                stages = stages.filtered(lambda stage, present=present: stage._get_rank() > present._get_rank())
            step.possible_stage_ids = stages

    @api.depends("order_id", "mode")
    def _compute_stage_id(self):
        for step in self:
            if not step.order_id or step.mode == "pass" or not step.sudo().present_stage_id:
                step.stage_id = False
            elif step.mode == "return":
                step.stage_id = step.order_id._broker_get_back_stage()
            else:
                step.stage_id = step.order_id._broker_get_next_stage()

    # ACTIONS

    def action_apply(self):
        """Make the step."""
        self.ensure_one()
        order = self.order_id
        order._broker_check_mover()
        if self.mode == "pass":
            if not self.user_id:
                raise UserError(self.env._("Choose who gets %(order)s.", order=order.name))
            order._broker_pass_on(self.user_id, self.reason)
        elif self.mode == "return":
            order._broker_move(self.stage_id, self.reason, returned=True, reason_id=self.reason_id)
        else:
            order._broker_move(
                self.stage_id,
                note=self.note,
                date=self.evidence == "date" and self.date,
                attachment=self._make_attachment(),
            )
        return {"type": "ir.actions.act_window_close"}

    def _make_attachment(self):
        """Keep the file; it belongs to the history, so that nobody changes it later."""
        if not self.file:
            return self.env["ir.attachment"]
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": self.file_name or self.env._("Evidence"),
                    "datas": self.file,
                    "res_model": "broker.relay.leg",
                    "res_id": self.order_id.sudo().broker_leg_id.id,
                }
            )
        )
