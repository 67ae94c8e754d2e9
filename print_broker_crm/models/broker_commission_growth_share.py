from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class BrokerCommissionGrowthShare(models.Model):
    """What one person gets of a customer's growth bonus."""

    _name = "broker.commission.growth.share"
    _description = "Share of a Growth Bonus"
    _order = "date_to desc, growth_id, id"
    _rec_name = "user_id"
    _allow_sudo_commands = False

    growth_id = fields.Many2one("broker.commission.growth", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="growth_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one(related="growth_id.customer_id", store=True, precompute=True, index=True)
    date_from = fields.Date(related="growth_id.date_from", store=True, precompute=True)
    date_to = fields.Date(related="growth_id.date_to", store=True, precompute=True)
    state = fields.Selection(related="growth_id.state", store=True, precompute=True)
    user_id = fields.Many2one("res.users", string="Payee", required=True, index=True, ondelete="restrict")
    days = fields.Integer(string="Days on the Team", aggregator=None)
    weighted_days = fields.Float(
        digits=(16, 2), aggregator=None, help="The days × the weight of the function on each of them."
    )
    amount = fields.Monetary()
    member_ids = fields.Many2many(
        "broker.customer.member",
        relation="broker_growth_share_member_rel",
        string="Memberships",
        groups="print_broker_crm.group_manager",
    )
    adjustment_id = fields.Many2one(
        "broker.commission.adjustment",
        index="btree_not_null",
        ondelete="restrict",
        help="The row on the payee's balance.",
    )

    @api.depends("user_id", "growth_id")
    def _compute_display_name(self):
        for share in self:
            share.display_name = self.env._(
                "%(person)s: %(growth)s", person=share.user_id.name or "", growth=share.growth_id.sudo().display_name
            )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse shares by hand: they come with the growth."""
        if vals_list:
            raise UserError(self.env._("Shares of a growth bonus are worked out, not entered."))
        return super().create(vals_list)

    @api.model
    def _append(self, vals_list):
        """Write new rows; not to be had by RPC."""
        return super().create(vals_list)

    def write(self, vals):
        """Refuse every change: what is worked out again is new rows."""
        if self:
            raise UserError(self.env._("Shares of a growth bonus are worked out, not entered."))
        return super().write(vals)

    def _note_adjustment(self, adjustment):
        """Remember the row on the payee's balance; not to be had by RPC."""
        return super().write({"adjustment_id": adjustment.id})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        self.growth_id._check_draft()

    def copy_data(self, default=None):
        raise UserError(self.env._("Shares of a growth bonus are worked out, not copied."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Shares of a growth bonus are worked out, not imported."))

    # BUSINESS

    def _drop(self):
        """Forget the shares of drafts."""
        self.sudo().unlink()

    def _book(self):
        """Put these shares on the payees' balances, one adjustment each, in sudo."""
        shares = self.sudo().filtered(lambda share: not share.currency_id.is_zero(share.amount))
        for company, group in shares.grouped("company_id").items():
            today = company._get_broker_today()
            adjustments = (
                self.env["broker.commission.adjustment"]
                .sudo()
                .create([share._prepare_adjustment(today) for share in group])
            )
            for share, adjustment in zip(group, adjustments, strict=True):
                share._note_adjustment(adjustment)

    def _prepare_adjustment(self, day):
        """Return the values of the row on the payee's balance, in the payee's words.

        :param day: the day on which it is booked, a `date`
        """
        self.ensure_one()
        env = self.with_context(lang=self.user_id.lang or self.env.lang).env
        return {
            "company_id": self.company_id.id,
            "user_id": self.user_id.id,
            "date": day,
            "kind": "adjustment",
            "amount": self.amount,
            "reason": env._(
                "Growth bonus: %(customer)s, %(start)s to %(end)s",
                customer=self.customer_id.display_name,
                start=format_date(env, self.date_from),
                end=format_date(env, self.date_to),
            ),
        }
