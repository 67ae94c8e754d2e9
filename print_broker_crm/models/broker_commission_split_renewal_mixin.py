from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCommissionSplitRenewalMixin(models.AbstractModel):
    """Splitting jobs again: those that no rule matched, and those of a new version.

    What stands in the ledger stays under the rule that it was written under. A line
    that is under no rule yet can come under one at any time.
    """

    _name = "broker.commission.split.renewal.mixin"
    _description = "Commission Split: Renewal"

    @api.model
    def _renew_orders(self, orders, used=None, splits=None):
        """Take the plan of their day for jobs without ledger entries, and split them.

        :param orders: confirmed `sale.order` records in sudo
        :param used: those with ledger entries, where the caller knows them already
        :param splits: all their splits, where the caller has them already
        """
        # What is printed again for a claim earns nobody anything; its cost is the claim's.
        orders = orders.filtered(lambda order: not order.broker_claim_case_id)
        fresh = orders - (self._get_used_orders(orders) if used is None else used)
        if splits is None:
            splits = self.sudo().search(Domain("order_id", "in", orders.ids), order="id")
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

    @api.model
    def _count_stale_jobs(self, plans):
        """Count the jobs of the plans' days that nothing was written for yet, and whose
        split does not say what its plan and rule say now.

        :param plans: active `broker.commission.plan` records
        :return: {plan id: number of jobs, where there are any}, in one query
        """
        if not plans:
            return {}
        self.flush_model()
        self.env["broker.commission.entry"].flush_model(["order_id"])
        self.env["broker.commission.plan"].flush_model()
        self.env["broker.commission.share"].flush_model()
        self.env["sale.order"].flush_model(["broker_commission_plan_id", "company_id", "date_order", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT plan.id, COUNT(DISTINCT job.id)
                  FROM UNNEST(%(ids)s, %(zones)s, %(ends)s::date[]) AS named (id, zone, date_to)
                  JOIN broker_commission_plan plan ON plan.id = named.id
                  JOIN sale_order job
                    ON job.company_id = plan.company_id
                   AND job.state = 'sale'
                   AND job.broker_commission_plan_id IS NOT NULL
                   AND job.date_order >= plan.date_from - 1
            CROSS JOIN LATERAL (
                        SELECT (job.date_order AT TIME ZONE 'UTC' AT TIME ZONE named.zone)::date AS day
                       ) confirmed
                  JOIN broker_commission_split split ON split.order_id = job.id
                  JOIN broker_commission_plan followed ON followed.id = split.plan_id
             LEFT JOIN broker_commission_share share ON share.rule_id = split.rule_id AND share.role = split.role
                 WHERE confirmed.day >= plan.date_from
                   AND (named.date_to IS NULL OR confirmed.day <= named.date_to)
                   AND NOT EXISTS (SELECT FROM broker_commission_entry entry WHERE entry.order_id = job.id)
                   AND (
                        split.plan_id <> plan.id
                        OR split.base <> followed.base
                        OR split.rate <> followed.rate
                        OR split.percent IS DISTINCT FROM share.percent
                       )
              GROUP BY plan.id
                """,
                ids=plans.ids,
                zones=[plan.company_id._get_broker_tz() for plan in plans],
                ends=[plan.date_to or None for plan in plans],
            )
        )
        return dict(rows)

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
