from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..models.broker_tier_dimension import DIMENSIONS


class BrokerTierEffect(models.TransientModel):
    """Who would move under another policy, or with other thresholds, and by what.

    Both policies judge the same figures, those of today: whatever differs comes from the
    policy. Nothing of the customers is written until a manager puts the policy in force,
    and then the runs have to agree as ever.
    """

    _name = "broker.tier.effect"
    _description = "Effect of a 5A Policy"
    _rec_name = "policy_id"

    policy_id = fields.Many2one("broker.tier.policy", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="policy_id.company_id")
    policy_state = fields.Selection(related="policy_id.state")
    date = fields.Date(readonly=True)
    present_policy_id = fields.Many2one("broker.tier.policy", string="In Force Now", readonly=True)
    thresholds = fields.Json(readonly=True)
    proposal_ids = fields.One2many("broker.tier.effect.threshold", "effect_id", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    line_ids = fields.One2many("broker.tier.effect.line", "effect_id", string="Who Would Move", readonly=True)
    moved_count = fields.Integer(string="Would Move", compute="_compute_counts")
    up_count = fields.Integer(string="Up", compute="_compute_counts")
    down_count = fields.Integer(string="Down", compute="_compute_counts")

    @api.depends("line_ids.rank_change")
    def _compute_counts(self):
        for effect in self:
            changes = effect.line_ids.mapped("rank_change")
            effect.moved_count = len(changes)
            effect.up_count = sum(change > 0 for change in changes)
            effect.down_count = sum(change < 0 for change in changes)

    # ACTIONS

    def action_accept(self):
        """Take the proposed thresholds over into the draft, or into a new version, and
        show the effect again, ready to be put in force."""
        self.ensure_one()
        self.policy_id.check_access("write")
        if not self.thresholds:
            raise UserError(self.env._("There are no proposed thresholds to accept."))
        policy = self.policy_id
        if policy.state != "draft":
            policy = policy.copy({"date_from": policy.company_id._get_broker_today()})
        for dimension in policy.dimension_ids:
            values = self.thresholds.get(dimension.code)
            if values:
                dimension.write({f"threshold_{step}": value for step, value in enumerate(values, start=2)})
        return policy.action_view_effect()

    def action_activate(self):
        """Put the draft in force, after having seen who moves."""
        self.ensure_one()
        self.policy_id.action_activate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.tier.policy",
            "res_id": self.policy_id.id,
            "view_mode": "form",
        }

    # BUSINESS

    @api.model
    def _open(self, policy, thresholds=None):
        """Return the action that shows the effect of a policy as of today.

        :param policy: a complete `broker.tier.policy` of a company
        :param thresholds: {dimension code: four thresholds} to try instead of its own
        """
        company = policy.company_id
        date = company._get_broker_today()
        effect = self.create(
            {
                "policy_id": policy.id,
                "date": date,
                "present_policy_id": policy._get_at(company, date).id,
                "thresholds": thresholds,
                "customer_count": self.env["broker.customer"]
                .sudo()
                .search_count(Domain("company_id", "=", company.id)),
            }
        )
        effect._fill()
        if thresholds:
            self.env["broker.tier.effect.threshold"].create(
                [
                    {
                        "effect_id": effect.id,
                        "dimension_id": dimension.id,
                        **{
                            f"threshold_{step}": value
                            for step, value in enumerate(
                                thresholds.get(dimension.code) or dimension._get_thresholds(), start=2
                            )
                        },
                    }
                    for dimension in policy.dimension_ids.sorted("sequence")
                ]
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who Would Move: %(policy)s", policy=policy.name),
            "res_model": self._name,
            "res_id": effect.id,
            "view_mode": "form",
            "target": "new",
        }

    def _fill(self):
        """Write down who would move, in one statement."""
        score = self.env["broker.tier.score"].sudo()
        policy = self.policy_id.sudo()
        present = self.present_policy_id.sudo()
        score._flush_sources()
        self.flush_recordset()
        columns = SQL(", ").join(
            SQL.identifier(name)
            for name in (
                "customer_id",
                "tier_proposed_id",
                "total",
                "capped_by",
                *(f"{code}_score" for code in DIMENSIONS),
            )
        )
        queries = {
            "draft": SQL(
                "SELECT %s FROM (%s) AS judged",
                columns,
                score._get_preview_query(policy, self.date, thresholds=self.thresholds or None),
            ),
            "present": SQL(
                "SELECT %s FROM (%s) AS judged", columns, score._get_preview_query(present or policy, self.date)
            ),
        }
        changes = SQL(", ").join(
            SQL(
                "%(code)s, CASE WHEN draft.%(score)s <> present.%(score)s"
                " THEN JSONB_BUILD_ARRAY(present.%(score)s, draft.%(score)s) END",
                code=code,
                score=SQL.identifier(f"{code}_score"),
            )
            for code in DIMENSIONS
        )
        self.env.execute_query(
            SQL(
                """
                INSERT INTO broker_tier_effect_line (
                    effect_id, customer_id, tier_from_id, tier_to_id, rank_change,
                    total_from, total_to, is_manual, changes,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT %(effect)s, customer.id, before.id, after.id,
                       COALESCE(after.rank, 0) - COALESCE(before.rank, 0),
                       present.total, draft.total,
                       customer.tier_manual_id IS NOT NULL,
                       JSONB_STRIP_NULLS(JSONB_BUILD_OBJECT(
                           %(changes)s,
                           'cap', CASE WHEN draft.capped_by IS DISTINCT FROM present.capped_by
                               THEN JSONB_BUILD_ARRAY(
                                   COALESCE(present.capped_by, ''), COALESCE(draft.capped_by, '')
                               ) END
                       )),
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM (%(draft)s) AS draft
                  JOIN (%(present)s) AS present ON present.customer_id = draft.customer_id
                  JOIN broker_customer customer ON customer.id = draft.customer_id
             LEFT JOIN broker_tier after ON after.id = draft.tier_proposed_id
             LEFT JOIN broker_tier before ON before.id = %(before)s
                 WHERE before.id IS DISTINCT FROM after.id
              ORDER BY ABS(COALESCE(after.rank, 0) - COALESCE(before.rank, 0)) DESC, customer.id
             RETURNING id
                """,
                effect=self.id,
                changes=changes,
                before=SQL("present.tier_proposed_id") if present else SQL("customer.tier_computed_id"),
                uid=self.env.uid,
                now=self.env.cr.now(),
                **queries,
            )
        )
        self.invalidate_recordset(["line_ids"])
