from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS

from .broker_order_need_mixin import OUR_GROUPS

_RELEASE_FIELDS = {"broker_credit_reason", "broker_credit_user_id", "broker_credit_open"}
_CREDIT_FIELDS = {*_RELEASE_FIELDS, "broker_credit_activity_ids"}


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

    broker_credit_open = fields.Char(
        string="Confirmed without a Release",
        readonly=True,
        copy=False,
        groups=OUR_GROUPS,
        help="The customer signed or paid online in spite of this. It stands here until a manager releases the order.",
    )

    broker_credit_activity_ids = fields.Many2many(
        "mail.activity", "broker_order_credit_activity_rel", copy=False, groups=NO_ACCESS
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
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state == "sale")._broker_check_credit()
        return orders

    def write(self, vals):
        self._broker_check_credit_fields(vals)
        state = vals.get("state")
        confirmed = self.filtered(lambda order: order.state != "sale") if state == "sale" else self.browse()
        confirmed._broker_check_credit()
        result = super().write(vals)
        if state in ("draft", "cancel"):
            # A release is for one confirmation.
            self._broker_close_credit()
        return result

    @api.model
    def _broker_check_credit_fields(self, vals):
        if not self.env.su and any(vals.get(name) or (self and name in vals) for name in _CREDIT_FIELDS):
            raise UserError(self.env._("An order is released by its button, with a reason."))

    # ACTIONS

    def action_open_credit_release(self):
        """Ask the manager for the reason, then confirm."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Release the Order")
            if self.broker_credit_open
            else self.env._("Confirm in Spite of the Warning"),
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
        warning = self.sudo().broker_credit_warning or self.sudo().broker_credit_open
        self._broker_close_credit()
        self.sudo().write({"broker_credit_reason": reason.strip(), "broker_credit_user_id": self.env.uid})
        self.message_post(
            body=self.env._(
                "Released in spite of: %(warning)s Reason: %(reason)s", warning=warning or "", reason=reason.strip()
            )
        )

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._broker_get_credit_refusals().get(self.id, False)

    def _broker_get_credit_refusals(self):
        """Return why the present user may not confirm orders.

        :return: {order id: sentence}; empty for the firm's own code, which confirms what a
            customer signs or pays
        """
        orders = self.sudo().filtered(
            lambda order: order.company_id.broker_credit_check and not order.broker_credit_reason
        )
        if self.env.su or not orders:
            return {}
        reasons = orders.broker_customer_id._get_credit_reasons()
        return {
            order.id: self.env._(
                "%(order)s: %(warning)s Ask a manager, who can confirm it with a reason.",
                order=order.name,
                warning=reasons[order.broker_customer_id.id],
            )
            for order in orders
            if order.broker_customer_id.id in reasons
        }

    def _broker_check_credit(self):
        """Refuse orders that become jobs past the button.

        :raises UserError: naming the first order and what speaks against it
        """
        for refusal in self._broker_get_credit_refusals().values():
            raise UserError(refusal)

    def _broker_close_credit(self):
        """Forget the release or the lack of one, and the to-dos about it."""
        noted = self.sudo().filtered(lambda order: any(order[name] for name in _RELEASE_FIELDS))
        if noted:
            noted.broker_credit_activity_ids.unlink()
            noted.write(dict.fromkeys(_RELEASE_FIELDS, False))

    def _broker_check_stage(self, stage):
        """Print nothing for a customer without credit before a manager has looked."""
        reasons = super()._broker_check_stage(stage)
        warning = self.sudo().broker_credit_open
        if stage.code != "printing" or not warning:
            return reasons
        return [
            *reasons,
            self.env._("the customer ordered online, and no manager has released it: %(warning)s", warning=warning),
        ]

    def _action_confirm(self):
        if self.env.su:
            for company, orders in self.grouped("company_id").items():
                if company.broker_credit_check:
                    orders._broker_mark_unreleased(company)
        return super()._action_confirm()

    def _broker_mark_unreleased(self, company):
        """Mark what customers without credit confirmed online, and tell the firm."""
        # Whoever confirms may be a guest: the firm tells itself, in its own language.
        self = self.with_user(SUPERUSER_ID).with_context(
            lang=company.partner_id.lang or self.env.lang, mail_activity_quick_update=True
        )
        manager = company.broker_credit_user_id.filtered("active") or self.broker_customer_id._get_managers(company)[:1]
        reasons = self.broker_customer_id._get_credit_reasons()
        for order in self.filtered(lambda order: not order.broker_credit_reason):
            warning = reasons.get(order.broker_customer_id.id)
            if not warning:
                continue
            order.broker_credit_open = warning
            order.message_post(body=self.env._("Confirmed without a release: %(warning)s", warning=warning))
            for user, summary in (
                (order.user_id.filtered("active"), self.env._("Talk to the customer before anything is printed")),
                (manager, self.env._("Release the order, or stop it")),
            ):
                if user:
                    order.broker_credit_activity_ids |= order.activity_schedule(
                        "mail.mail_activity_data_todo",
                        date_deadline=company._get_broker_today(),
                        user_id=user.id,
                        summary=summary,
                        note=warning,
                    )
