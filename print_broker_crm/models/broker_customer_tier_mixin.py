from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

MANUAL_FIELDS = {"tier_manual_id", "tier_manual_reason", "tier_manual_until"}
RESULT_FIELDS = {
    "tier_id",
    "tier_rank",
    "tier_computed_id",
    "tier_differs",
    "tier_date",
    "last_score_id",
}


class BrokerCustomerTierMixin(models.AbstractModel):
    """What the tier room knows about a customer, on the customer file."""

    _name = "broker.customer.tier.mixin"
    _description = "Customer File: Tier"

    tier_id = fields.Many2one(
        "broker.tier",
        compute="_compute_tier",
        store=True,
        copy=False,
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        help="The manual tier while it is valid, otherwise the computed one.",
    )
    tier_rank = fields.Integer(
        related="tier_id.rank",
        store=True,
        copy=False,
        aggregator=None,
        help="Kept on the file, so that a list of all customers is sorted by tier in no time.",
    )
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    tier_differs = fields.Boolean(
        string="Differs from Computed",
        compute="_compute_tier",
        store=True,
        copy=False,
        help="The manual tier is not the one that the figures give.",
    )
    tier_date = fields.Date(
        string="Tier Since",
        compute="_compute_tier",
        store=True,
        copy=False,
    )
    tier_computed_id = fields.Many2one(
        "broker.tier",
        string="Computed Tier",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    tier_manual_id = fields.Many2one(
        "broker.tier",
        string="Manual Tier",
        copy=False,
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        help="Overrules the computed tier until the day given.",
    )
    tier_manual_reason = fields.Char(string="Reason of Manual Tier", copy=False, tracking=True)
    tier_manual_until = fields.Date(string="Manual Tier Until", copy=False, tracking=True)
    last_score_id = fields.Many2one(
        "broker.tier.score",
        string="Newest Score",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    tier_total = fields.Float(related="last_score_id.total", string="Total Score")
    tier_dimension_count = fields.Integer(related="last_score_id.dimension_count")
    tier_explanation = fields.Html(related="last_score_id.explanation", sanitize=False, string="How It Came")

    tier_score_manual_ids = fields.One2many(
        "broker.tier.manual.score",
        "customer_id",
        string="Scores by Hand",
        copy=False,
        groups="print_broker_crm.group_care_officer",
    )
    tier_owed = fields.Text(related="tier_id.owed", string="What We Owe")

    _tier_rank_idx = models.Index("(tier_rank DESC NULLS LAST, id DESC)")

    @api.depends("tier_computed_id", "tier_manual_id", "tier_manual_until")
    def _compute_tier(self):
        for customer in self:
            today = (customer.company_id or self.env.company)._get_broker_today()
            manual = customer.tier_manual_id
            if customer.tier_manual_until and customer.tier_manual_until < today:
                manual = manual.browse()
            computed = customer.tier_computed_id
            tier = manual or computed
            if tier != customer.tier_id:
                customer.tier_date = today
            else:
                customer.tier_date = customer.tier_date
            customer.tier_id = tier
            customer.tier_differs = bool(manual) and manual != computed

    @api.constrains("tier_manual_id", "tier_manual_reason", "tier_manual_until")
    def _check_tier_manual(self):
        for customer in self.filtered("tier_manual_id"):
            if not (customer.tier_manual_reason or "").strip():
                raise ValidationError(
                    self.env._(
                        "Say why %(customer)s gets the tier %(tier)s by hand.",
                        customer=customer.name,
                        tier=customer.tier_manual_id.name,
                    )
                )
            today = customer.company_id._get_broker_today()
            if not customer.tier_manual_until or customer.tier_manual_until < today:
                raise ValidationError(
                    self.env._(
                        "Say until when %(customer)s keeps the tier %(tier)s: a day "
                        "from %(today)s on. After that day the computed tier returns.",
                        customer=customer.name,
                        tier=customer.tier_manual_id.name,
                        today=today,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_tier_access(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_tier_access(vals)
        if "tier_manual_id" in vals and not vals["tier_manual_id"]:
            vals = {**vals, "tier_manual_reason": False, "tier_manual_until": False}
        return super().write(vals)

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort by tier as by any link, highest first, but without joining the scale: from an
        index, and with the customers who have no tier at the end that is lowest."""
        if field_name != "tier_id":
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        rank = self._field_to_sql(alias, "tier_rank", query)
        query._order_groupby.append(rank)
        if direction.code == "DESC":
            return SQL("%s ASC NULLS FIRST", rank)
        return SQL("%s DESC NULLS LAST", rank)

    # ACTIONS

    def action_view_tier_scores(self):
        """Open the scores of the customer; the newest when there is only one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_tier_score_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_clear_manual_tier(self):
        """Return to the computed tier at once."""
        self.write({"tier_manual_id": False})

    # BUSINESS

    def _before_merge_into(self, target):
        """Leave one score by hand per dimension, and mark the scores that come along: the
        trend and the history of the customer that remains are its own."""
        result = super()._before_merge_into(target)
        self.env["broker.tier.manual.score"]._make_room(self, target)
        score = self.env["broker.tier.score"]
        score.flush_model()
        self.env.cr.execute(
            SQL("UPDATE broker_tier_score SET is_merged = TRUE WHERE customer_id = ANY(%s)", (self - target).ids)
        )
        score.invalidate_model(["is_merged"])
        return result

    @api.model
    def _check_tier_access(self, vals):
        """Keep the computed tier for the nightly run, the manual one for managers.

        :raises UserError: when computed fields would be written by hand
        :raises AccessError: when somebody else sets a manual tier
        """
        if self.env.su:
            return
        named = {name for name, value in vals.items() if value or self}
        if RESULT_FIELDS & named:
            raise UserError(
                self.env._(
                    "The tier follows from the scores and cannot be entered. "
                    "A manager can set a manual tier with a reason."
                )
            )
        is_manager = self.env.user.has_group("print_broker_crm.group_manager")
        if MANUAL_FIELDS & named and not is_manager:
            raise AccessError(self.env._("Only a manager can set or end a customer's manual tier."))

    def _end_manual_tiers(self, date):
        """Let manual tiers that have run out fall back to the computed ones.

        :param date: the company's present day; a tier is valid through its last day
        """
        ended = self.with_context(active_test=False).search(
            Domain("id", "in", self.ids)
            & Domain("tier_manual_id", "!=", False)
            & Domain("tier_manual_until", "<", date)
        )
        if ended:
            ended.write({"tier_manual_id": False})

    def _apply_tier_scores(self, scores, date):
        """Take over the result of new scores and note in the chatter who moved.

        In SQL and for all at once: a run may set the tier of a whole customer base.

        :param scores: new `broker.tier.score` records, one per customer
        :param date: the company's present day
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE broker_customer customer
                   SET last_score_id = score.id,
                       tier_computed_id = score.tier_id,
                       tier_id = COALESCE(customer.tier_manual_id, score.tier_id),
                       tier_rank = (
                           SELECT rank FROM broker_tier
                            WHERE id = COALESCE(customer.tier_manual_id, score.tier_id)
                       ),
                       tier_differs = customer.tier_manual_id IS NOT NULL
                           AND customer.tier_manual_id
                               IS DISTINCT FROM score.tier_id,
                       tier_date = CASE
                           WHEN customer.tier_id IS NOT DISTINCT FROM
                                COALESCE(customer.tier_manual_id, score.tier_id)
                           THEN customer.tier_date ELSE %(date)s END
                  FROM broker_tier_score score,
                       broker_customer before
                 WHERE score.id = ANY(%(scores)s)
                   AND customer.id = score.customer_id AND before.id = customer.id
             RETURNING customer.id, score.id, before.tier_id, customer.tier_id
                """,
                date=date,
                scores=scores.ids,
            )
        )
        self.invalidate_recordset(RESULT_FIELDS)
        moved = {
            customer_id: (score_id, old_id, new_id)
            for customer_id, score_id, old_id, new_id in rows
            if old_id and old_id != new_id
        }
        if moved:
            self._log_tier_moves(moved)

    def _log_tier_moves(self, moved):
        """Note changed tiers in the chatter of the files.

        :param moved: {customer id: (score id, old tier id, new tier id)}
        """
        customers = self.browse(moved)
        customers = customers.with_context(lang=customers.company_id[:1].partner_id.lang or self.env.lang)
        names = {tier.id: tier.name for tier in self.env["broker.tier"].search(Domain.TRUE)}
        scores = self.env["broker.tier.score"].browse(row[0] for row in moved.values())
        totals = {score.id: score.total for score in scores}
        bodies = {
            customer_id: customers.env._(
                "Tier %(old)s → %(new)s (total %(total).2f)",
                old=names[old_id],
                new=names.get(new_id, customers.env._("none")),
                total=totals[score_id],
            )
            for customer_id, (score_id, old_id, new_id) in moved.items()
        }
        customers._message_log_batch(bodies=bodies)
