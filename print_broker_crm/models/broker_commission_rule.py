from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import float_compare, float_repr

WRITING_SHARES = "broker.commission.rule.writing_shares"


class BrokerCommissionRule(models.Model):
    """Which share each role gets, for the jobs that a rule matches; first match wins."""

    _name = "broker.commission.rule"
    _description = "Commission Rule"
    _order = "plan_id, sequence, id"

    plan_id = fields.Many2one("broker.commission.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    origin = fields.Selection(
        [
            ("any", "Any"),
            ("developed", "Developed"),
            ("transferred", "Transferred"),
            ("inherited", "Inherited"),
        ],
        required=True,
        default="any",
        help="How the salesperson came to the customer.",
    )
    order_kind = fields.Selection(
        [
            ("any", "Any"),
            ("first", "First order"),
            ("repeat", "Repeat order"),
            ("referral", "First order by referral"),
        ],
        required=True,
        default="any",
        help="A first order by referral comes from an opportunity that says who "
        "referred the customer; it also counts as a first order.",
    )
    brought_by = fields.Selection(
        [
            ("any", "Anybody"),
            ("sales", "Sales"),
            ("service", "Service"),
            ("care", "Care line"),
            ("customer", "The customer alone"),
        ],
        string="Order Brought by",
        required=True,
        default="any",
        help="Who brought the order, as the order says it.",
    )
    tier_ids = fields.Many2many(
        "broker.tier",
        string="Tiers",
        help="Only for customers who stood on one of these tiers when the job was confirmed. Empty: on any or none.",
    )
    product_category_id = fields.Many2one(
        "product.category",
        ondelete="restrict",
        help="Only for products of this category and the categories below it.",
    )
    share_ids = fields.One2many("broker.commission.share", "rule_id", string="Shares", copy=True)
    summary = fields.Char(string="Shares in Short", compute="_compute_summary")

    @api.depends("share_ids.role", "share_ids.percent")
    def _compute_summary(self):
        roles = dict(self.env["broker.commission.share"]._fields["role"]._description_selection(self.env))
        for rule in self:
            rule.summary = ", ".join(f"{roles.get(share.role, '')} {share.percent:g} %" for share in rule.share_ids)

    @api.constrains("name", "share_ids")
    def _check_shares(self, without=()):
        for rule in self:
            shares = rule.share_ids.filtered(lambda share: share not in without)
            if not shares:
                raise ValidationError(
                    self.env._(
                        "The rule %(rule)s has no shares: say who gets how much, 100 %% in all.",
                        rule=rule.name,
                    )
                )
            total = sum(shares.mapped("percent"))
            if float_compare(total, 100.0, precision_digits=2):
                raise ValidationError(
                    self.env._(
                        "The shares of rule %(rule)s add up to %(total)s %%, they must add up to 100 %%.",
                        rule=rule.name,
                        total=float_repr(total, 2).rstrip("0").rstrip("."),
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        default = self.env.context.get("default_plan_id")
        plan_ids = {vals.get("plan_id", default) for vals in vals_list}
        self.env["broker.commission.plan"].browse(filter(None, plan_ids))._check_not_used()
        with self._writing_shares():
            return super().create(vals_list)

    def write(self, vals):
        if set(vals) - {"name"}:
            (self.plan_id | self.plan_id.browse(vals.get("plan_id") or ()))._check_not_used()
        with self._writing_shares():
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.plan_id._check_not_used()
        self._check_without_jobs()

    # BUSINESS

    @contextmanager
    def _writing_shares(self):
        """The shares of a rule that is being written are checked together, by the rule.

        Kept with the transaction: a context comes with any call from outside.
        """
        data = self.env.cr.precommit.data
        data[WRITING_SHARES] = data.get(WRITING_SHARES, 0) + 1
        try:
            yield
        finally:
            data[WRITING_SHARES] = data.get(WRITING_SHARES, 1) - 1

    @api.model
    def _is_writing_shares(self):
        return bool(self.env.cr.precommit.data.get(WRITING_SHARES))

    def _check_without_jobs(self):
        """Refuse to delete rules under which jobs were confirmed.

        :raises UserError: naming the rule and one of its jobs
        """
        split = self.env["broker.commission.split"].sudo().search(Domain("rule_id", "in", self.ids), limit=1)
        if split:
            raise UserError(
                self.env._(
                    "The job %(order)s was confirmed under the rule %(rule)s, so the "
                    "rule cannot be deleted. Archive its plan and create a new one.",
                    order=split.order_id.name,
                    rule=split.rule_id.name,
                )
            )

    def _match(self, origin, order_kinds, category, brought_by=None, tier=None):
        """Return the first of these rules that holds for a line of a job.

        :param origin: origin of the sales assignment, or False
        :param order_kinds: set of 'first', 'repeat', 'referral'
        :param category: the `product.category` of the line, possibly empty
        :param brought_by: 'sales', 'service', 'care' or 'customer'; when it is not
            known, rules that ask for it do not hold
        :param tier: the `broker.tier` of the customer, possibly empty
        :return: one rule, or none
        """
        ancestors = {int(step) for step in (category.parent_path or "").split("/") if step}
        for rule in self.sorted(lambda rule: (rule.sequence, rule.id)):
            if (
                (rule.origin == "any" or rule.origin == origin)
                and (rule.order_kind == "any" or rule.order_kind in order_kinds)
                and (rule.brought_by == "any" or rule.brought_by == brought_by)
                and (not rule.tier_ids or (tier and tier in rule.tier_ids))
                and (not rule.product_category_id or rule.product_category_id.id in ancestors)
            ):
                return rule
        return self.browse()
