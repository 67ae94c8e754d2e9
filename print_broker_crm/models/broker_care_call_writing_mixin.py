from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html


class BrokerCareCallWritingMixin(models.AbstractModel):
    """When the phone does not help: the officer writes instead, and the touch is kept."""

    _name = "broker.care.call.writing.mixin"
    _description = "Care Call: Writing Instead"

    step = fields.Selection(
        [("call", "Call"), ("write", "Write Instead")],
        string="Next Step",
        required=True,
        readonly=True,
        default="call",
        copy=False,
        help="After the last attempt the customer is written to by WeChat or e-mail.",
    )
    can_write_instead = fields.Boolean(compute="_compute_can_write_instead")
    message_text = fields.Text(string="Text to Send", compute="_compute_message_text")

    @api.depends("state", "step", "phone")
    def _compute_can_write_instead(self):
        for call in self:
            call.can_write_instead = call.state == "planned" and (call.step == "write" or not call.phone)

    @api.depends("rule_id", "partner_id", "user_id")
    @api.depends_context("uid")
    def _compute_message_text(self):
        """The rule's text in the customer's language, ready to be copied."""
        for call in self:
            rule = call.rule_id.sudo().with_context(lang=call.partner_id.lang or self.env.lang)
            text = rule.message_text or ""
            for name, value in (
                ("{customer}", call.partner_id.name or call.name),
                ("{officer}", (call.user_id or self.env.user).name),
                ("{company}", (call.company_id or self.env.company).name),
            ):
                text = text.replace(name, value or "")
            call.message_text = text

    # ACTIONS

    def action_write_email(self):
        """Open an e-mail to the person to call; the answer comes to the call."""
        self.ensure_one()
        self._check_can_write()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write an E-mail"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_partner_ids": self.partner_id.ids,
                "default_subject": self.company_id.name,
                "default_body": plaintext2html(self.message_text or ""),
            },
        }

    def action_log_written(self, channel=None):
        """Keep that the customer was written to, and close the call.

        :param channel: 'wechat' or 'email'; may come by the context key `care_channel` of a button
        """
        self.ensure_one()
        self.check_access("write")
        channel = channel or self.env.context.get("care_channel")
        if channel not in ("wechat", "email"):
            raise UserError(
                self.env._("Say how you wrote to %(customer)s: by WeChat or by e-mail.", customer=self.name)
            )
        call = self.sudo()
        call.lock_for_update(allow_referencing=True)
        call.invalidate_recordset(["state", "step"])
        self._check_can_write()
        call._log_written(channel)
        call.result_note = False
        call._close("missed", "written")
        return True

    def action_give_up(self):
        """Close a call that no way led to, and tell the manager."""
        self.ensure_one()
        self.check_access("write")
        call = self.sudo()
        call.lock_for_update(allow_referencing=True)
        call.invalidate_recordset(["state", "step"])
        self._check_can_write()
        call._close("missed", "attempts")
        call._tell_manager()
        return True

    # BUSINESS

    def _check_can_write(self):
        """Refuse to write where the phone was not tried as often as the rule wants."""
        self.ensure_one()
        self.check_access("write")
        if self.sudo().state != "planned":
            raise UserError(
                self.env._(
                    "The call to %(customer)s is already closed. Plan another call on the customer file.",
                    customer=self.name,
                )
            )
        if not self.sudo().can_write_instead:
            raise UserError(
                self.env._(
                    "Try the phone first: %(customer)s is written to when the attempts are used up.",
                    customer=self.name,
                )
            )

    def _log_written(self, channel):
        """Keep the touch among the contacts of the customer.

        :param channel: 'wechat' or 'email'
        """
        self.ensure_one()
        self.env["broker.contact"].sudo().create(
            {
                "customer_id": self.customer_id.id,
                "user_id": self.env.uid,
                "role": "care",
                "channel": channel,
                "direction": "out",
                "date": fields.Datetime.now(),
                "partner_id": self.partner_id.id,
                "note": self.result_note or self.message_text,
                "res_model": self._name,
                "res_id": self.id,
            }
        )

    def _write_instead(self):
        """Ask the officer to write, or close the call where the rule gives no time for it."""
        self.ensure_one()
        days = self.rule_id.write_days
        if not days:
            self._close("missed", "attempts")
            self._tell_manager()
            return
        self.write({"step": "write", "next_attempt_at": fields.Datetime.now(), "is_agreed": False})
        self.date_deadline = max(fields.Date.add(self.company_id._get_broker_today(), days=days), self.date_planned)
