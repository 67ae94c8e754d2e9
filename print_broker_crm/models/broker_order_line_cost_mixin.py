from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import float_compare

# What margin is made of: whoever changes one of them, lets a manager look again.
_MARGIN_FIELDS = {"product_id", "price_unit", "discount", "product_uom_qty", "product_uom_id", "purchase_price"}


class BrokerOrderLineCostMixin(models.AbstractModel):
    """Lines of jobs that raise the margin without saying what they cost.

    They are invoiced and cost nothing, or were added to a job with a cost that somebody
    typed in. They bear commission as others do; managers see them in one place, until one of
    them says that the cost is right or a purchase order does.
    """

    _name = "broker.order.line.cost.mixin"
    _description = "Order Line: Cost That Nobody Has Shown"

    broker_cost_to_check = fields.Boolean(
        string="Cost to Check",
        copy=False,
        groups=NO_ACCESS,
        help="The line was added to a job, its cost of nothing was replaced by hand, or another product made it "
        "cost less.",
    )
    broker_cost_checked_id = fields.Many2one(
        "res.users",
        string="Cost Checked by",
        copy=False,
        groups=NO_ACCESS,
        ondelete="restrict",
        help="The manager who said that the cost is right.",
    )
    broker_cost_doubtful = fields.Boolean(
        string="Cost Not Shown",
        compute="_compute_broker_cost_doubtful",
        compute_sudo=True,
        search="_search_broker_cost_doubtful",
        groups="print_broker_crm.group_manager",
        help="The line is invoiced and costs nothing, or was added to a job with a cost that was typed in, and no "
        "purchase order or manager says that this is right.",
    )

    @api.depends("purchase_price", "price_subtotal", "qty_invoiced", "state")
    def _compute_broker_cost_doubtful(self):
        doubtful = self.filtered_domain(self._get_doubtful_cost_domain())
        for line in self:
            line.broker_cost_doubtful = line in doubtful

    @api.model
    def _search_broker_cost_doubtful(self, operator, value):
        if operator != "in":
            return NotImplemented
        if not self.env["broker.handoff"]._is_manager():
            raise AccessError(self.env._("Only a manager sees which costs nobody has shown."))
        return Domain("id", "in", self.sudo()._search(self._get_doubtful_cost_domain()))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        added = lines.filtered(lambda line: line.order_id.state == "sale" and not line.display_type)
        if added:
            added.sudo().broker_cost_to_check = True
            # Known at once, and not when the job is invoiced: until then it has no rule.
            orders = added.order_id.sudo().with_context(mail_notrack=True)
            self.env["broker.commission.split"]._match_lines(orders)
        return lines

    def write(self, vals):
        if _MARGIN_FIELDS & set(vals) and not self.env["broker.handoff"]._is_manager():
            lines = self.filtered(lambda line: line.state == "sale").sudo()
            checked = lines.filtered("broker_cost_checked_id")
            if checked:
                checked.broker_cost_checked_id = False
            # A cent in place of nothing takes no line off the list.
            free = lines.filtered(lambda line: line.purchase_price <= 0 and not line.display_type)
            if free and "purchase_price" in vals:
                free.broker_cost_to_check = True
            if {"product_id", "product_uom_id"} & set(vals):
                return self._write_product(lines, vals)
        return super().write(vals)

    def _write_product(self, lines, vals):
        """Write another product or unit, and have those lines checked that cost less by it.

        :param lines: those of these lines that are jobs', in sudo
        """
        before = {line: line.purchase_price for line in lines}
        result = super().write(vals)
        lowered = lines.filtered(lambda line: float_compare(line.purchase_price, before[line], precision_digits=2) < 0)
        if lowered:
            lowered.broker_cost_to_check = True
        return result

    # ACTIONS

    def action_broker_check_cost(self):
        """Say that the cost of these lines is right; the jobs keep who said so.

        :raises AccessError: for anybody but a manager
        """
        if not self.env["broker.handoff"]._is_manager():
            raise AccessError(self.env._("Only a manager says that a cost is right."))
        self.check_access("read")
        for order, lines in self.sudo().grouped("order_id").items():
            lines.broker_cost_checked_id = self.env.user
            order._message_log(
                body=self.env._(
                    "%(person)s says that these costs are right: %(lines)s",
                    person=self.env.user.name,
                    lines=", ".join(
                        f"{line.display_name} {line.currency_id.format(line.purchase_price)}" for line in lines
                    ),
                )
            )
        return True

    # BUSINESS

    @api.model
    def _get_doubtful_cost_domain(self):
        """Return the `Domain` of lines whose cost a manager should look at."""
        return (
            Domain("state", "=", "sale")
            & Domain("order_id.broker_commission_plan_id", "!=", False)
            & Domain("display_type", "=", False)
            & Domain("is_downpayment", "=", False)
            & Domain("price_subtotal", ">", 0)
            & Domain("broker_cost_purchased", "=", False)
            & Domain("broker_cost_checked_id", "=", False)
            & (
                Domain("broker_cost_to_check", "=", True)
                | Domain("purchase_price", "<=", 0) & Domain("qty_invoiced", ">", 0)
            )
        )
