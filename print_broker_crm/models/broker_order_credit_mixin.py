from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .broker_order_need_mixin import OUR_GROUPS

_RELEASE_FIELDS = {"broker_credit_reason", "broker_credit_user_id"}


class BrokerOrderCreditMixin(models.AbstractModel):
    """A second look before the firm works for a customer who does not pay.

    Switched on per company. What counts are the caps of the 5A policy, as of the newest
    score: an overdue debt, or too little integrity. A manager releases an order with a
    reason, which stays in its chatter.
    """

    _name = "broker.order.credit.mixin"
    _description = "Order: Credit"

    broker_credit_warning = fields.Char(
        string="Credit Warning", compute="_compute_broker_credit_warning", compute_sudo=True, groups=OUR_GROUPS
    )
    broker_credit_reason = fields.Char(
        string="Released Because", readonly=True, copy=False, groups=OUR_GROUPS, help="Why a manager let it pass."
    )
    broker_credit_user_id = fields.Many2one(
        "res.users", string="Released by", readonly=True, copy=False, index="btree_not_null", groups=OUR_GROUPS
    )

    @api.depends("broker_customer_id.last_score_id", "company_id.broker_credit_check", "state")
    @api.depends_context("lang")
    def _compute_broker_credit_warning(self):
        reasons = self.broker_customer_id._get_credit_reasons()
        for order in self:
            is_checked = order.company_id.broker_credit_check and order.state in ("draft", "sent")
            order.broker_credit_warning = is_checked and reasons.get(order.broker_customer_id.id)

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._broker_check_credit_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._broker_check_credit_fields(vals)
        return super().write(vals)

    @api.model
    def _broker_check_credit_fields(self, vals):
        if not self.env.su and any(vals.get(name) or (self and name in vals) for name in _RELEASE_FIELDS):
            raise UserError(self.env._("An order is released by its button, with a reason."))

    # ACTIONS

    def action_open_credit_release(self):
        """Ask the manager for the reason, then confirm."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Confirm in Spite of the Warning"),
            "res_model": "broker.order.credit.release",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    # BUSINESS

    def _broker_release_credit(self, reason):
        """Let an order of a customer without credit pass.

        :raises AccessError: for anybody but a manager
        """
        self.ensure_one()
        if not self.env["broker.handoff"]._is_manager():
            raise AccessError(self.env._("Only a manager lets an order pass in spite of a credit warning."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the order is confirmed all the same."))
        warning = self.sudo().broker_credit_warning
        self.sudo().write({"broker_credit_reason": reason.strip(), "broker_credit_user_id": self.env.uid})
        self.message_post(
            body=self.env._(
                "Released in spite of: %(warning)s Reason: %(reason)s", warning=warning or "", reason=reason.strip()
            )
        )

    def _confirmation_error_message(self):
        message = super()._confirmation_error_message()
        if message or self.env.su:
            # What the customer signs or pays online is confirmed; it is noted afterwards.
            return message
        order = self.sudo()
        if order.broker_credit_warning and not order.broker_credit_reason:
            return self.env._(
                "%(order)s: %(warning)s Ask a manager, who can confirm it with a reason.",
                order=order.name,
                warning=order.broker_credit_warning,
            )
        return message

    def _action_confirm(self):
        for order in self.sudo():
            if self.env.su and order.company_id.broker_credit_check and not order.broker_credit_reason:
                warning = order.broker_customer_id._get_credit_reasons().get(order.broker_customer_id.id)
                if warning:
                    order.message_post(body=self.env._("Confirmed without a release: %(warning)s", warning=warning))
        return super()._action_confirm()
