from odoo import api, fields, models
from odoo.exceptions import ValidationError

OUR_GROUPS = (
    "print_broker_crm.group_salesperson,print_broker_crm.group_service_agent,print_broker_crm.group_care_officer"
)


class BrokerOrderNeedMixin(models.AbstractModel):
    """The customer's needs on a quotation: offered, ticked, and proven by the order.

    They are the firm's own notes: no document that the customer gets shows them.
    """

    _name = "broker.order.need.mixin"
    _description = "Order: Needs"

    broker_need_ids = fields.Many2many(
        "broker.need",
        "broker_need_sale_order_rel",
        "order_id",
        "need_id",
        string="Needs Answered",
        copy=False,
        groups=OUR_GROUPS,
        help="Needs of the customer that this quotation answers. They are proven when it is confirmed.",
    )
    broker_open_need_count = fields.Integer(
        string="Open Needs", compute="_compute_broker_open_need_count", groups=OUR_GROUPS
    )

    @api.depends("broker_customer_id")
    def _compute_broker_open_need_count(self):
        Need = self.env["broker.need"]
        counts = dict(Need._read_group(Need._get_open_domain(self.broker_customer_id), ["customer_id"], ["__count"]))
        for order in self:
            order.broker_open_need_count = counts.get(order.broker_customer_id._origin, 0)

    @api.constrains("broker_need_ids")
    def _check_broker_needs(self):
        for order in self.sudo():
            if order.broker_need_ids.customer_id - order.broker_customer_id:
                raise ValidationError(
                    self.env._("%(order)s: only needs of its own customer can be ticked.", order=order.display_name)
                )

    @api.onchange("partner_id")
    def _onchange_partner_broker_needs(self):
        self._broker_drop_foreign_needs()

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        self.env["broker.need"]._prove_by_orders(orders)
        return orders

    def write(self, vals):
        result = super().write(vals)
        if {"partner_id", "company_id"} & set(vals):
            self._broker_drop_foreign_needs()
            self.env["broker.need"]._take_back_proof(self)
        if "state" in vals and vals["state"] != "sale":
            self.env["broker.need"]._take_back_proof(self)
        elif "broker_need_ids" in vals:
            self.env["broker.need"]._prove_by_orders(self)
        return result

    # BUSINESS

    def _broker_drop_foreign_needs(self):
        """Untick what another customer needs, after the quotation went to this one."""
        for order in self.sudo():
            foreign = order.broker_need_ids.filtered(
                lambda need, order=order: need.customer_id != order.broker_customer_id._origin
            )
            if foreign:
                order.broker_need_ids -= foreign
