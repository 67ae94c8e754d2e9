from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = [
        "broker.move.masking.mixin",
        "broker.question.mixin",
        "broker.move.claim.mixin",
        "broker.month.source.mixin",
        "account.move",
    ]

    broker_customer_id = fields.Many2one(
        "broker.customer",
        string="Customer File",
        compute="_compute_broker_customer_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
    )

    broker_is_disputed = fields.Boolean(
        string="Disputed by the Customer",
        copy=False,
        tracking=True,
        help="The customer refuses to pay this invoice, or a part of it. It counts against the customer's integrity "
        "until the mark is taken away.",
    )
    broker_commission_count = fields.Integer(
        string="Commission Entries",
        compute="_compute_broker_commission_count",
        groups="print_broker_crm.group_manager",
    )
    broker_statement_ids = fields.One2many(
        "broker.commission.statement",
        "move_id",
        string="Commission Statements",
        readonly=True,
        groups="print_broker_crm.group_manager",
    )

    broker_days_late = fields.Integer(
        string="Days Late",
        compute="_compute_broker_days_late",
        groups="print_broker_crm.group_manager",
        aggregator=None,
        help="The latest payment of the invoice, or what is open up to today, as the 5A tiers count it.",
    )
    broker_late_amount = fields.Monetary(
        string="Late Amount",
        compute="_compute_broker_days_late",
        currency_field="company_currency_id",
        groups="print_broker_crm.group_manager",
    )

    def _auto_init(self):
        # On a database full of invoices the column is filled by the install hook.
        if not column_exists(self.env.cr, self._table, "broker_customer_id"):
            create_column(self.env.cr, self._table, "broker_customer_id", "int4")
        return super()._auto_init()

    @api.depends("commercial_partner_id.broker_customer_ids", "company_id", "move_type")
    def _compute_broker_customer_id(self):
        sales = self.filtered(lambda move: move.is_sale_document(include_receipts=True))
        (self - sales).broker_customer_id = False
        self.env["broker.customer"]._fill_customer(
            sales, lambda move: move.commercial_partner_id, lambda move: move.company_id
        )

    def _compute_broker_days_late(self):
        rows = self.env["broker.customer"]._get_tier_due_rows(self)
        for move in self:
            move.broker_days_late, move.broker_late_amount = rows.get(move._origin.id, (0, 0.0))

    def _compute_broker_commission_count(self):
        counts = self.env["broker.commission.entry"]._count_by_move(self)
        for move in self:
            move.broker_commission_count = counts.get(move._origin.id, 0)

    def action_view_broker_commission(self):
        """Open the commission entries of the invoice."""
        return self.env["broker.commission.entry"]._get_move_action(self)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        self.env["broker.customer"]._drop_leavers(self, vals_list, "invoice_user_id")
        return vals_list

    def _post(self, soft=True):
        again = self.filtered("posted_before")
        posted = super()._post(soft)
        sales = posted.filtered(lambda move: move.is_sale_document())
        for company, moves in sales.grouped("company_id").items():
            self.env["broker.customer"]._open_for_partners(
                moves.commercial_partner_id,
                company,
                {move.commercial_partner_id: move.invoice_user_id for move in moves},
            )
        self.env["broker.commission.entry"]._settle(posted, "posting")
        self.env["broker.commission.entry"]._settle_matched(again & posted, "collection")
        self.env["broker.commission.statement"]._follow_documents(posted)
        return posted

    def button_draft(self):
        result = super().button_draft()
        if not self:
            # Odoo asks so with every invoice that it writes.
            return result
        self.env["broker.commission.entry"]._settle(self, "reversal")
        self.env["broker.commission.entry"]._settle_matched(self, "reversal")
        self.env["broker.commission.statement"]._follow_documents(self)
        return result

    def button_cancel(self):
        result = super().button_cancel()
        self.env["broker.commission.entry"]._settle(self, "reversal")
        self.env["broker.commission.statement"]._follow_documents(self)
        return result

    def unlink(self):
        if self:
            self.env["broker.commission.entry"]._settle(self, "reversal", void=True)
        return super().unlink()

    def _get_broker_right_person(self, user):
        """Add who settles with the customer: bills are theirs to explain."""
        customer = self.sudo().broker_customer_id
        today = customer.company_id._get_broker_today() if customer else False
        settling = customer.member_ids.filtered(
            lambda member: member.function == "settlement" and (not member.date_to or member.date_to > today)
        ).user_id.filtered(lambda person: person.active and person != user)
        readers = settling.filtered(lambda person: self.with_user(person).has_access("read"))
        return readers[:1] or super()._get_broker_right_person(user)
