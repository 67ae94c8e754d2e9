from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from .broker_customer_hook_mixin import HeldKind
from .broker_review import PEOPLE_FIELDS

_SILENT = ("customer_silent", "both_silent")


class BrokerCustomerReviewMixin(models.AbstractModel):
    """Reviews on the customer file: what opens them, and who takes part when people change."""

    _name = "broker.customer.review.mixin"
    _description = "Customer File: Reviews"

    review_ids = fields.One2many("broker.review", "customer_id", string="Reviews", readonly=True)
    review_count = fields.Integer(string="All Reviews", compute="_compute_review_count")
    open_review_id = fields.Many2one("broker.review", compute="_compute_review_count")

    @api.depends("review_ids.state")
    @api.depends_context("uid")
    def _compute_review_count(self):
        counts, waiting = {}, {}
        Review = self.env["broker.review"]
        if Review.has_access("read"):
            for customer, state, reviews in Review._read_group(
                Domain("customer_id", "in", self.ids), ["customer_id", "state"], ["id:recordset"]
            ):
                counts[customer.id] = counts.get(customer.id, 0) + len(reviews)
                if state != "closed":
                    waiting[customer.id] = reviews[:1]
        for customer in self:
            customer.review_count = counts.get(customer._origin.id, 0)
            customer.open_review_id = waiting.get(customer._origin.id, False)

    # ACTIONS

    def action_open_review(self):
        """Open the review that goes on, or a new one."""
        self.ensure_one()
        Review = self.env["broker.review"]
        self.check_access("read")
        if not Review.has_access("read"):
            raise AccessError(self.env._("Reviews are for those who work with the customers."))
        review = Review._find_open(self)
        if not review:
            is_down = self.sudo().trend in ("declining", "lost")
            vals = {"customer_id": self.id, "reason": "by_hand", "has_declined": is_down}
            since = is_down and self.sudo().trend_since
            seen = Review._get_last_looked_at(self).get(self.sudo())
            # What was looked at before is counted there: this one begins today.
            if since and not (seen and seen >= since):
                vals["decline_on"] = since
            review = Review._open([vals])
            # Whoever has but a handoff of the customer on the desk sees no review of it.
            review.with_env(self.env).check_access("read")
            review.message_post(
                body=review.env._("Opened by %(user)s.", user=self.env.user.name),
                author_id=self.env.user.partner_id.id,
                subtype_xmlid="mail.mt_note",
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.review",
            "res_id": review.id,
            "view_mode": "form",
        }

    def action_view_reviews(self):
        """Open the reviews of this customer; the only one at once."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_review_action")
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        if self.review_count == 1:
            action.update({"res_id": self.review_ids.id, "view_mode": "form", "views": [(False, "form")]})
        return action

    # WHAT OPENS THEM

    def _after_trend_change(self, changes):
        """Call the people of important customers who decline together."""
        result = super()._after_trend_change(changes)
        self.env["broker.review"]._follow_changes(changes)
        return result

    def _after_coverage_change(self, old_states):
        """Call the people of key accounts who fall silent together."""
        result = super()._after_coverage_change(old_states)
        Review = self.env["broker.review"].sudo()
        open_reviews = Review._find_open(self)
        open_reviews._judge()
        reviewed = open_reviews.filtered(lambda review: review.state != "closed").customer_id
        silent = self.filtered(
            lambda customer: (
                customer not in reviewed
                and old_states.get(customer.id) in ("fine", "sales_silent")
                and customer.coverage_state in _SILENT
                and customer._is_silence_reviewed()
            )
        )
        Review._open(
            [
                {
                    "customer_id": customer.id,
                    "reason": "silence",
                    "has_declined": customer.trend in ("declining", "lost"),
                }
                for customer in silent
            ]
        )
        return result

    def _is_silence_reviewed(self):
        """Return whether the silence of this customer calls its people together."""
        self.ensure_one()
        company = self.company_id
        return (
            self.active
            and self.tier_id.is_key
            and company.broker_review_silence
            and company.broker_review_tiers != "none"
        )

    def _is_silence_told(self):
        """One call is enough: whose silence is reviewed is no to-do beside it."""
        return super()._is_silence_told() and not self._is_silence_reviewed()

    # VISIBILITY

    @api.model
    def _get_review_people_domain(self, users):
        """Return the open reviews in which some users take part."""
        return Domain("state", "!=", "closed") & Domain.OR(
            Domain(field, "in", users.ids) for field in (*PEOPLE_FIELDS, "guest_ids")
        )

    @api.model
    def _get_joined_domain(self, user):
        """Add those who take part in an open review of the customer."""
        return super()._get_joined_domain(user) | Domain("review_ids", "any!", self._get_review_people_domain(user))

    def _get_serving_users(self):
        """Add those who take part in an open review."""
        reviews = self.sudo().review_ids.filtered(lambda review: review.state != "closed")
        return super()._get_serving_users() | reviews.participant_ids.with_env(self.env)

    # STAFF

    @api.model
    def _get_held_kinds(self):
        """Add the measures to do, each with the role in which somebody took it on."""
        is_open = Domain("done_on", "=", False) & Domain("review_id.state", "!=", "closed")
        return super()._get_held_kinds() + [
            HeldKind("", role, "broker.review.measure", "customer_id", "user_id", is_open & Domain("role", "=", role))
            for role in ("sales", "service", "care")
        ]

    @api.model
    def _before_users_leave(self, users):
        """Let others take part in the reviews of those who leave."""
        result = super()._before_users_leave(users)
        self._replace_in_reviews(users)
        return result

    @api.model
    def _after_companies_lost(self, user, companies):
        """Let others take part in the reviews of these companies."""
        result = super()._after_companies_lost(user, companies)
        self._replace_in_reviews(user, companies)
        return result

    @api.model
    def _replace_in_reviews(self, users, companies=None):
        """Replace some users in open reviews: whoever has the role now takes part, a manager
        leads, and what they wanted to do waits for who leads.

        :param companies: only in these
        """
        Review = self.env["broker.review"].sudo()
        domain = self._get_review_people_domain(users)
        measures_domain = (
            Domain("user_id", "in", users.ids)
            & Domain("done_on", "=", False)
            & Domain("review_id.state", "!=", "closed")
        )
        if companies:
            domain &= Domain("company_id", "in", companies.ids)
            measures_domain &= Domain("company_id", "in", companies.ids)
        reviews = Review.search(domain)
        for review in reviews:
            customer = review.customer_id
            company = review.company_id
            present = {
                "sales_user_id": customer.partner_id.user_id,
                "service_user_id": customer.service_user_id,
                "care_user_id": customer.care_user_id,
            }
            vals = {}
            for field in PEOPLE_FIELDS:
                if review[field] not in users or not review[field]:
                    continue
                if field == "user_id":
                    people = Review._put_last(Review._get_leaders(company, leaving=users), customer.partner_id.user_id)
                else:
                    people = present.get(field, self.env["res.users"])
                stay = Review._filter_present(people - users, company)
                vals[field] = stay[:1].id
            guests = review.guest_ids & users
            if guests:
                vals["guest_ids"] = [Command.unlink(guest.id) for guest in guests]
            review.write(vals)
        measures = self.env["broker.review.measure"].sudo().search(measures_domain)
        for measure in measures:
            leader = measure.review_id.user_id - users
            if leader:
                measure.write({"user_id": leader.id})
        reviews._sync_meetings()

    # MERGE

    def _before_merge_into(self, target):
        """Leave one open review: the oldest goes on with everything of the others."""
        result = super()._before_merge_into(target)
        files = self | target
        self.env["broker.review.evidence"].flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE broker_review_evidence SET res_id = %s"
                " WHERE res_model = 'broker.customer' AND res_id = ANY(%s)",
                target.id,
                (self - target).ids,
            )
        )
        self.env["broker.review.evidence"].invalidate_model()
        reviews = (
            self.env["broker.review"].sudo()._find_open(files).sorted(lambda review: (review.opened_on, review.id))
        )
        kept, others = reviews[:1], reviews[1:]
        if others:
            kept.env.flush_all()
            for table in ("broker_review_evidence", "broker_review_measure"):
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET review_id = %s WHERE review_id = ANY(%s)",
                        SQL.identifier(table),
                        kept.id,
                        others.ids,
                    )
                )
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE mail_activity SET res_id = %s
                     WHERE id IN (SELECT activity_id FROM broker_review_measure WHERE review_id = %s)
                    """,
                    kept.id,
                    kept.id,
                )
            )
            self.env.invalidate_all()
            others._join_into(kept)
        return result
