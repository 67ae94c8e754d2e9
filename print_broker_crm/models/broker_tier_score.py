from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .broker_tier_score_work_mixin import SHARE_DIGITS


class BrokerTierScore(models.Model):
    """What a customer was worth on a day, with everything that explains it.

    One row per customer and run, written only when something changed, by one writer
    in SQL. Rows are never changed or deleted: the past is explained by the past. When
    customers are merged, the rows of the one that goes are marked, and tell of it alone.

    The state before today (the newest row of an earlier day) and today's figures
    decide alone, so a second run on a day is a repetition and not a second opinion.
    """

    _name = "broker.tier.score"
    _inherit = [
        "broker.customer.link.mixin",
        "broker.tier.score.batch.mixin",
        "broker.tier.score.judgement.mixin",
        "broker.tier.score.measure.mixin",
        "broker.tier.score.margin.mixin",
        "broker.tier.score.spec.mixin",
        "broker.tier.score.proof.mixin",
        "broker.tier.score.leg.mixin",
        "broker.tier.score.case.mixin",
        "broker.tier.score.claim.mixin",
        "broker.tier.score.contact.mixin",
        "broker.tier.score.trouble.mixin",
        "broker.tier.score.work.mixin",
        "broker.tier.score.explanation.mixin",
        "broker.tier.score.preview.mixin",
    ]
    _description = "5A Score"
    _order = "id desc"
    _rec_name = "customer_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "broker.tier.policy",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    date = fields.Date(required=True, readonly=True, index=True)
    is_newest = fields.Boolean(string="Newest", compute="_compute_is_newest", search="_search_is_newest")

    # Values: without data the score beside it is 0
    revenue = fields.Monetary(readonly=True)
    profit = fields.Monetary(readonly=True)
    efficiency = fields.Monetary(string="Per-capita Efficiency", readonly=True)
    ease = fields.Float(digits=(16, 2), readonly=True, aggregator="avg")
    integrity = fields.Float(digits=(16, 2), readonly=True, aggregator="avg")
    full_time_share = fields.Float(
        string="Full-time Persons",
        digits=(16, SHARE_DIGITS),
        readonly=True,
        help="How many full-time persons the customer took, by what people did.",
    )

    revenue_score = fields.Integer(string="Revenue A", readonly=True, aggregator="avg")
    profit_score = fields.Integer(string="Profit A", readonly=True, aggregator="avg")
    efficiency_score = fields.Integer(string="Efficiency A", readonly=True, aggregator="avg")
    ease_score = fields.Integer(string="Ease A", readonly=True, aggregator="avg")
    integrity_score = fields.Integer(string="Integrity A", readonly=True, aggregator="avg")

    total = fields.Float(digits=(6, 4), readonly=True, aggregator="avg")
    dimension_count = fields.Integer(string="Dimensions with Data", readonly=True, aggregator="avg")
    tier_band_id = fields.Many2one("broker.tier", string="Tier by Total", readonly=True, ondelete="restrict")
    capped_by = fields.Selection([("integrity", "Integrity"), ("overdue", "Overdue debt")], readonly=True)
    tier_proposed_id = fields.Many2one("broker.tier", string="Tier of This Run", readonly=True, ondelete="restrict")
    pending_runs = fields.Integer(
        string="Agreeing Runs",
        readonly=True,
        aggregator=None,
        help="So many runs came to the same new tier, which is not yet in force.",
    )
    tier_id = fields.Many2one(
        "broker.tier",
        string="Computed Tier",
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    is_merged = fields.Boolean(
        string="Of a Merged Customer",
        readonly=True,
        help="Written about another customer, which was merged into this one since.",
    )
    inputs = fields.Json(
        readonly=True,
        groups="print_broker_crm.group_care_officer",
        help="What was counted. The words for it are on the page that explains the score.",
    )
    people = fields.Json(
        readonly=True,
        groups="print_broker_crm.group_manager",
        help="Who spent which part of the window on this customer.",
    )

    explanation = fields.Html(compute="_compute_explanation", sanitize=False)
    people_explanation = fields.Html(
        string="Who Worked for the Customer",
        compute="_compute_people_explanation",
        sanitize=False,
        groups="print_broker_crm.group_manager",
    )

    _customer_idx = models.Index("(customer_id, id DESC)")

    @api.depends("customer_id", "date")
    def _compute_display_name(self):
        for score in self:
            score.display_name = f"{score.customer_id.name} {score.date or ''}"

    @api.depends("customer_id.last_score_id")
    def _compute_is_newest(self):
        for score in self:
            score.is_newest = score.customer_id.last_score_id == score

    @api.model
    def _search_is_newest(self, operator, value):
        if operator != "in":
            return NotImplemented
        newest = (
            self.env["broker.customer"]
            .sudo()
            .with_context(active_test=False)
            ._search(Domain("last_score_id", "!=", False))
            .subselect("last_score_id")
        )
        found = Domain.FALSE
        if True in value:
            found |= Domain("id", "in", newest)
        if False in value:
            found |= Domain("id", "not in", newest)
        return found

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Scores are written by the nightly run alone.

        :raises UserError: for any row
        """
        if vals_list:
            raise UserError(self.env._("5A scores come from the nightly run and cannot be entered."))
        return super().create(vals_list)

    def write(self, vals):
        """Scores are history.

        :raises UserError: whenever a column would change
        """
        if vals:
            raise UserError(
                self.env._(
                    "5A scores cannot be changed: each one tells how it was on its "
                    "day. To overrule a tier, set a manual tier on the customer."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("5A scores are history and cannot be deleted."))

    # BUSINESS

    @api.model
    def _get_summary(self, company):
        """Return how many customers stand on each tier.

        :return: list of (tier name, number of customers), highest first; the last
            tuple counts those without a tier
        """
        counts = dict(
            self.env["broker.customer"]._read_group(Domain("company_id", "=", company.id), ["tier_id"], ["__count"])
        )
        tiers = self.env["broker.tier"].search(Domain.TRUE)
        return [
            *((tier.name, counts.get(tier, 0)) for tier in tiers),
            (self.env._("No tier"), counts.get(tiers.browse(), 0)),
        ]
