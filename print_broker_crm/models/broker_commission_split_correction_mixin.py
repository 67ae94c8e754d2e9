from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class BrokerCommissionSplitCorrectionMixin(models.AbstractModel):
    """How the splits of past jobs follow a correction of the ledger of assignments.

    A correction says that something was wrong from the beginning, so the split becomes
    what it would have been. What that changes in money is written into the ledger as
    differences of today; no entry changes.
    """

    _name = "broker.commission.split.correction.mixin"
    _description = "Commission Split: Corrections"

    @api.model
    def _follow_correction(self, orders, role):
        """Split jobs again after a manager corrected who had a role on their day.

        The plan, the rate and what kind of order it was stay. Another origin may lead
        to another rule: the lines move under it, the old rule's shares come to nothing.
        A service share that somebody took by accepting the handoff stays with them.

        :param orders: `sale.order` records with a plan
        :param role: the role that was corrected
        :return: the ledger entries written
        """
        orders = orders.sudo().with_context(mail_notrack=True).filtered("broker_commission_plan_id")
        if not orders:
            return self.env["broker.commission.entry"].sudo()
        splits = self.sudo().search(Domain("order_id", "in", orders.ids))
        facts = self._get_facts(orders)
        for split in splits:
            facts[split.order_id.id]["order_kinds"] = self._get_snapshot_kinds(split)
        if role == "sales":
            self._match_lines_again(orders, facts)
            splits = self.sudo().search(Domain("order_id", "in", orders.ids))
        self._correct_payees(splits, facts, role)
        entries = self.env["broker.commission.entry"]._settle_orders(orders, "correction")
        self._unlink_unused(orders)
        return entries

    @api.model
    def _get_snapshot_kinds(self, split):
        """Return the kinds of order that a job's snapshot stands for."""
        return {"first", "referral"} if split.order_kind == "referral" else {split.order_kind}

    @api.model
    def _match_lines_again(self, orders, facts):
        """Put the lines under the rules that the corrected origin leads to."""
        lines_by_rule = defaultdict(self.env["sale.order.line"].sudo().browse)
        rules_by_order = defaultdict(self.env["broker.commission.rule"].sudo().browse)
        for line in orders.order_line.filtered("broker_commission_rule_id"):
            order = line.order_id
            fact = facts[order.id]
            rule = self._match_rule(line.broker_commission_rule_id.plan_id.rule_ids, fact, line)
            if rule and rule != line.broker_commission_rule_id:
                lines_by_rule[rule] += line
                rules_by_order[order] |= rule
        for rule, lines in lines_by_rule.items():
            lines.write({"broker_commission_rule_id": rule.id})
        self._create_splits(rules_by_order, facts)

    @api.model
    def _correct_payees(self, splits, facts, role):
        """Give the shares of a role to whom the corrected ledger names."""
        by_vals = defaultdict(self.sudo().browse)
        for split in splits:
            fact = facts[split.order_id.id]
            vals = {}
            if split.role == role and not split._waits_for_handoff():
                assignment = fact["assignments"].get(role)
                vals = {
                    "user_id": assignment.user_id.id if assignment else False,
                    "assignment_id": assignment.id if assignment else False,
                }
            if role == "sales":
                vals["origin"] = fact["origin"]
            changed = {name: value for name, value in vals.items() if self._get_value(split, name) != value}
            if changed:
                by_vals[tuple(changed.items())] += split
        for vals, group in by_vals.items():
            group.write(dict(vals))

    @api.model
    def _get_value(self, split, name):
        """Return a value as it is written: the id of a record, or False."""
        return split[name].id if split._fields[name].relational else split[name] or False

    @api.model
    def _unlink_unused(self, orders):
        """Forget the shares of rules that no line is under and nothing was written for."""
        splits = self.sudo().search(Domain("order_id", "in", orders.ids))
        idle = splits.filtered(lambda split: split.rule_id not in split.order_id.order_line.broker_commission_rule_id)
        used = self.env["broker.commission.entry"].sudo()._read_group(Domain("split_id", "in", idle.ids), ["split_id"])
        (idle - idle.browse(split.id for [split] in used)).unlink()
