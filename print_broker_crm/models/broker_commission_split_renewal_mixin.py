from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class BrokerCommissionSplitRenewalMixin(models.AbstractModel):
    """Splitting jobs again: those that no rule matched, and those of a new version.

    What stands in the ledger stays under the rule that it was written under. A line
    that is under no rule yet can come under one at any time.
    """

    _name = "broker.commission.split.renewal.mixin"
    _description = "Commission Split: Renewal"

    @api.model
    def _renew_orders(self, orders, used=None):
        """Take the plan of their day for jobs without ledger entries, and split them.

        :param orders: confirmed `sale.order` records in sudo
        :param used: those with ledger entries, where the caller knows them already
        """
        fresh = orders - (self._get_used_orders(orders) if used is None else used)
        splits = self.sudo().search(Domain("order_id", "in", orders.ids))
        stale = splits.filtered(lambda split: split.order_id in fresh)
        accepted = self._get_accepted(stale)
        stale.unlink()
        fresh.order_line.filtered("broker_commission_rule_id").write({"broker_commission_rule_id": False})
        for (company, day), group in self._group_by_day(fresh).items():
            plan = self.env["broker.commission.plan"]._get_plan(company, day)
            group.filtered(lambda order, plan=plan: order.broker_commission_plan_id != plan).write(
                {"broker_commission_plan_id": plan.id}
            )
        self._match_lines(orders, splits=splits - stale)
        if accepted:
            for split in self.sudo().search(Domain("order_id", "in", fresh.ids)):
                vals = accepted.get((split.order_id.id, split.role))
                if vals and vals["user_id"] != split.user_id.id:
                    split.write(vals)

    @api.model
    def _get_accepted(self, splits):
        """Return {(job id, role): payee} of the shares that accepted handoffs gave."""
        return {
            (split.order_id.id, split.role): {"user_id": split.user_id.id, "assignment_id": split.assignment_id.id}
            for split in splits
            if split.user_id and split._waits_for_handoff() and not split._is_held()
        }

    def _is_as_planned(self):
        """Tell whether a split still says what its plan and rule say."""
        self.ensure_one()
        shares = {share.role: share.percent for share in self.rule_id.share_ids}
        return (self.base, self.rate, self.percent) == (self.plan_id.base, self.plan_id.rate, shares.get(self.role))

    @api.model
    def _settle_without_rule(self, orders):
        """Put lines that no rule matched under the rules of today, and settle them.

        Of a job in the ledger the lines under a rule stay there; the others come under
        the plan that holds for the job's day now, which may be a later version.

        :param orders: `sale.order` records
        :return: the lines that are still under no rule
        :raises AccessError: for anybody but a manager
        """
        if not self.env.user.has_group("print_broker_crm.group_manager"):
            raise AccessError(self.env._("Only a manager settles jobs without a rule."))
        orders.check_access("read")
        orders = (
            orders.sudo()
            .with_context(mail_notrack=True)
            .filtered(lambda order: order.state == "sale" and order.broker_commission_plan_id)
        )
        self._renew_orders(orders)
        plans = {}
        for (company, day), group in self._group_by_day(orders.filtered("broker_without_rule")).items():
            plan = self.env["broker.commission.plan"]._get_plan(company, day)
            plans.update(dict.fromkeys(group, plan))
        self._match_lines(orders.browse(order.id for order in plans), plans)
        self.env["broker.commission.entry"]._settle_orders(orders, "rule")
        return self._get_lines_without_rule(orders)

    @api.model
    def _get_lines_without_rule(self, orders):
        """Return the order lines with a price of their own that are under no rule."""
        return orders.sudo().order_line.filtered(
            lambda line: (
                line.order_id.broker_commission_plan_id
                and not line.broker_commission_rule_id
                and not line.display_type
                and not line.is_downpayment
            )
        )

    @api.model
    def _search_without_rule(self):
        """Return the domain of the jobs that have lines under no rule."""
        lines = (
            self.env["sale.order.line"]
            .sudo()
            ._search(
                Domain("broker_commission_rule_id", "=", False)
                & Domain("display_type", "=", False)
                & Domain("is_downpayment", "=", False)
                & Domain("state", "=", "sale")
                & Domain("order_id.broker_commission_plan_id", "!=", False)
            )
        )
        return Domain("order_line", "any!", Domain("id", "in", lines))
