from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

RATED_ROLES = ("sales", "service")


class BrokerCareCallRatingMixin(models.AbstractModel):
    """The two scores of a care call: whether to ask for them, and what was given.

    The scores are `rating.rating` records. A person is asked by phone or by a link
    (`broker.rating.link`), and the one counts against the other.
    """

    _name = "broker.care.call.rating.mixin"
    _description = "Care Call: Scores"

    ask_rating = fields.Boolean(
        string="Ask for Scores",
        compute="_compute_ask_rating",
        help="Not set while the person was asked lately.",
    )
    ask_rating_from = fields.Date(compute="_compute_ask_rating")
    rating_asked = fields.Boolean(string="Asked for Scores", readonly=True, copy=False)
    sales_rating = fields.Integer(string="Sales Score", compute="_compute_ratings", compute_sudo=True)
    service_rating = fields.Integer(string="Service Score", compute="_compute_ratings", compute_sudo=True)
    rating_link_ids = fields.One2many("broker.rating.link", "call_id", string="Rating Links", readonly=True)

    @api.depends("partner_id", "rule_id", "reason_ids.rule_id", "state", "rating_link_ids.date_asked")
    def _compute_ask_rating(self):
        """A call asks when one of its reasons does and the person was not asked lately."""
        Link = self.env["broker.rating.link"]
        asked = {}
        for company, calls in self.grouped("company_id").items():
            company = company or self.env.company
            asked[company] = Link._get_days_asked(company, calls.partner_id)
        for call in self:
            company = call.company_id or self.env.company
            gap = call._get_rating_gap()
            asked_on = asked[company].get(call.partner_id.id)
            call.ask_rating_from = bool(gap and asked_on) and (asked_on + timedelta(days=gap))
            call.ask_rating = bool(gap) and (
                call.state == "planned"
                and (not call.ask_rating_from or call.ask_rating_from <= company._get_broker_today())
            )

    def _get_rating_gap(self):
        """Return after how many days these reasons ask a person again, 0 for never."""
        self.ensure_one()
        return (self.rule_id + self.reason_ids.rule_id)._get_shortest_gap()

    @api.depends("rating_ids.rating", "rating_ids.consumed", "rating_ids.broker_role")
    def _compute_ratings(self):
        scores = {
            (call_id, role): score
            for call_id, role, score in self.env["rating.rating"]
            .sudo()
            ._read_group(
                self._rating_domain() & Domain("broker_role", "in", RATED_ROLES),
                ["res_id", "broker_role"],
                ["rating:max"],
            )
        }
        for call in self:
            call.sales_rating = scores.get((call.id, "sales"), 0)
            call.service_rating = scores.get((call.id, "service"), 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_scored(self):
        if any(link.state == "answered" for link in self.sudo().rating_link_ids):
            raise UserError(self.env._("The customer has scored by the link of this call: cancel it instead."))

    # ACTIONS

    def action_ask_by_link(self):
        """Open the link by which the person to call can score, asking now if nobody did."""
        self.ensure_one()
        self.check_access("write")
        link = self.env["broker.rating.link"]._ask(
            self.customer_id, self.partner_id, self._get_rating_gap(), call=self, order=self.order_id
        )
        return link.with_env(self.env)._get_form_action()

    # RATING

    def _rating_get_parent_field_name(self):
        return "customer_id"

    def _rating_get_operator(self):
        """The care officer asks, but the salesperson is scored."""
        return self._get_rated_user("sales").partner_id

    def _check_score(self, given, typed, role):
        """Return a score from 1 to 5, or 0 when none was given.

        :param given: what a caller passed, None when the typed one counts
        :param typed: the value of the form's field, '0' when empty
        """
        if given is None or given is False:
            return int(typed or 0)
        score = self.env["rating.rating"]._get_broker_score(given)
        if not score:
            roles = dict(self.env["rating.rating"]._fields["broker_role"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "A score is a whole number from 1 to 5; %(score)s for the %(role)s is not. Nothing was logged.",
                    score=given,
                    role=roles[role],
                )
            )
        return score

    def _save_ratings(self, scores):
        """Keep scores as ratings of those who serve the customer now.

        :param scores: {role: 1 to 5}
        """
        self.ensure_one()
        self.env["rating.rating"]._add_broker_scores(
            self, self.partner_id, {role: (score, self._get_rated_user(role)) for role, score in scores.items()}
        )

    def _get_rated_user(self, role):
        """Return the `res.users` whom a role's score is about."""
        self.ensure_one()
        return self.customer_id._get_rated_user(role)
