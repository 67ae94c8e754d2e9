from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_list
from odoo.tools.misc import format_date

from .broker_customer_care_mixin import CARE_GROUP

CAUSES = [
    ("price", "Price"),
    ("quality", "Quality"),
    ("late", "Late Delivery"),
    ("contact", "Too Little Contact"),
    ("own_demand", "Their Own Demand"),
    ("competitor", "Competitor"),
    ("other", "Other"),
]
# Who takes part, by role; the guests stand beside them.
ROLE_FIELDS = {
    "sales": "sales_user_id",
    "service": "service_user_id",
    "care": "care_user_id",
    "operations": "operations_user_id",
}
PEOPLE_FIELDS = ("user_id", *ROLE_FIELDS.values())
# What the care line and the managers fill in; the others only say what was found.
ENTRY_FIELDS = frozenset({*PEOPLE_FIELDS, "guest_ids", "cause", "cause_note", "follow_up_date", "measure_ids"})
FINDING_FIELDS = frozenset({"cause_note", "measure_ids"})


class BrokerReview(models.Model):
    """The people of a customer who declines look at it together: why, and what is done.

    It is opened once per decline, with the evidence at that time, and closes itself when
    the numbers say what became of it. Nobody writes the outcome.
    """

    _name = "broker.review"
    _description = "Review"
    _inherit = [
        "broker.customer.link.mixin",
        "broker.phone.list.mixin",
        "broker.review.finder.mixin",
        "broker.review.meeting.mixin",
        "broker.review.flow.mixin",
        "broker.review.yardstick.mixin",
        "broker.review.outcome.mixin",
        "broker.review.margin.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "opened_on desc, id desc"
    _rec_names_search = ["customer_id"]
    _check_company_auto = True
    _allow_sudo_commands = False
    _mail_post_access = "read"

    customer_id = fields.Many2one(
        # No company is checked: it is the customer's own.
        "broker.customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    tier_id = fields.Many2one(related="customer_id.tier_id")
    trend = fields.Selection(related="customer_id.trend", string="Trend Today")
    change_id = fields.Many2one(
        "broker.trend.change",
        string="Decline",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The change of the trend that called the people together.",
    )
    reason = fields.Selection(
        [("declining", "Declines"), ("lost", "Lost"), ("silence", "Silent"), ("by_hand", "By hand")],
        string="Why Opened",
        required=True,
        readonly=True,
        default="by_hand",
    )
    opened_on = fields.Date(required=True, readonly=True, index=True)
    decline_on = fields.Date(
        string="Decline Since",
        required=True,
        readonly=True,
        index=True,
        help="The day from which the margin is compared with the year before.",
    )
    state = fields.Selection(
        [
            ("new", "New"),
            ("planned", "Meeting Booked"),
            ("agreed", "Agreed"),
            ("following", "Waits for the Numbers"),
            ("closed", "Closed"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="new",
        copy=False,
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Led By",
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    sales_user_id = fields.Many2one(
        "res.users",
        string="Sales",
        compute="_compute_sales_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    service_user_id = fields.Many2one(
        "res.users",
        string="Service",
        compute="_compute_service_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    care_user_id = fields.Many2one(
        "res.users",
        string="Care Line",
        compute="_compute_care_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    operations_user_id = fields.Many2one(
        "res.users",
        string="Operations",
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who speaks for printing houses, purchasing and delivery.",
    )
    guest_ids = fields.Many2many(
        "res.users",
        "broker_review_guest_rel",
        string="Others",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    participant_ids = fields.Many2many(
        "res.users", string="Takes Part", compute="_compute_participant_ids", compute_sudo=True
    )
    outsider_ids = fields.Many2many(
        "res.users",
        string="Cannot Open It",
        compute="_compute_participant_ids",
        compute_sudo=True,
        help="Take part without belonging to sales, service or the care line. Their invitation says the customer and "
        "the question, and nothing else of the review.",
    )
    cause = fields.Selection(
        CAUSES,
        index=True,
        tracking=True,
        help="Why the customer buys less, as the participants see it. Filled in from what the evidence says, where "
        "everybody may read it.",
    )
    cause_note = fields.Text(string="What We Found", help="What stands behind the cause, in a few sentences.")
    proposed_cause = fields.Selection(
        CAUSES,
        string="The Evidence Says",
        compute="_compute_proposed_cause",
        groups=CARE_GROUP,
        help="The cause of which most pieces of evidence speak, those of the care line included.",
    )
    proposal = fields.Text(string="Evidence Counted", compute="_compute_proposed_cause", groups=CARE_GROUP)
    evidence_ids = fields.One2many("broker.review.evidence", "review_id", readonly=True)
    measure_ids = fields.One2many("broker.review.measure", "review_id", string="Measures")
    open_measure_count = fields.Integer(string="Measures to Do", compute="_compute_open_measure_count")
    follow_up_date = fields.Date(
        string="Follow-up",
        required=True,
        tracking=True,
        help="On this day the numbers say what became of it; when the customer recovers, earlier.",
    )
    merged_into_id = fields.Many2one(
        "broker.review",
        string="Goes On In",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Two contacts of one customer were merged; the older review goes on.",
    )
    can_judge = fields.Boolean(compute="_compute_can_judge")

    _change_uniq = models.UniqueIndex(
        "(change_id) WHERE change_id IS NOT NULL", "This decline has called the people together before."
    )
    _open_uniq = models.UniqueIndex("(customer_id) WHERE state != 'closed'", "This customer has an open review.")

    @api.depends("customer_id", "opened_on")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for review in self:
            day = review.opened_on and format_date(self.env, review.opened_on)
            review.display_name = " · ".join(text for text in (review.customer_id.display_name, day) if text)

    @api.depends("customer_id.partner_id.user_id")
    def _compute_sales_user_id(self):
        self._follow_customer("sales_user_id", lambda customer: customer.partner_id.user_id)

    @api.depends("customer_id.service_user_id")
    def _compute_service_user_id(self):
        self._follow_customer("service_user_id", lambda customer: customer.service_user_id)

    @api.depends("customer_id.care_user_id")
    def _compute_care_user_id(self):
        self._follow_customer("care_user_id", lambda customer: customer.care_user_id)

    def _follow_customer(self, field, get_user):
        """Let whoever has a role with the customer take part; what is over keeps its people."""
        for review in self:
            if review.state == "closed":
                review[field] = review[field]
            else:
                review[field] = get_user(review.customer_id).filtered(
                    lambda user, review=review: user.active and review.company_id in user.company_ids
                )

    @api.depends(*PEOPLE_FIELDS, "guest_ids")
    def _compute_participant_ids(self):
        for review in self:
            review.participant_ids = review._get_participants()
            review.outsider_ids = review.participant_ids.filtered(
                lambda user: not self.env["broker.review"].with_user(user).has_access("read")
            )

    @api.depends("evidence_ids.cause")
    @api.depends_context("lang", "uid")
    def _compute_proposed_cause(self):
        # Not in sudo: nobody is told what was heard about themselves.
        rows = self.env["broker.review.evidence"].search(Domain("review_id", "in", self.ids)).grouped("review_id")
        for review in self:
            counts = rows.get(review._origin, self.env["broker.review.evidence"])._count_causes()
            review.proposed_cause = next(iter(counts), False)
            review.proposal = review._describe_causes(counts)

    @api.depends("measure_ids.done_on")
    def _compute_open_measure_count(self):
        counts = dict(
            self.env["broker.review.measure"]._read_group(
                Domain("review_id", "in", self.ids) & Domain("done_on", "=", False), ["review_id"], ["__count"]
            )
        )
        for review in self:
            review.open_measure_count = counts.get(review._origin, 0)

    @api.depends_context("uid")
    def _compute_can_judge(self):
        self.can_judge = self._may_judge()

    @api.model
    def _group_expand_state(self, states, domain):
        """Show the columns of what goes on, also when they are empty."""
        return [state for state, _label in self._fields["state"].selection if state != "closed"] + [
            state for state in states if state == "closed"
        ]

    # CHECKS

    def _check_measures_stay(self, participants):
        """Raise where somebody was taken off who has a measure to do: they would not see any
        more for what.

        :param participants: {review: who took part}
        """
        for measure in self.sudo().measure_ids.filtered(lambda row: not row.done_on):
            review = measure.review_id
            if measure.user_id in participants[review] - review._get_participants():
                raise UserError(
                    self.env._(
                        "%(user)s still has a measure to do: %(measure)s. Give it to somebody else first.",
                        user=measure.user_id.name,
                        measure=measure.name,
                    )
                )

    @api.constrains(*PEOPLE_FIELDS, "guest_ids", "company_id")
    def _check_people(self):
        for review in self.sudo():
            for user in review._get_participants():
                if user.share or review.company_id not in user.company_ids:
                    raise ValidationError(
                        self.env._(
                            "%(user)s does not work for %(company)s and cannot take part in a review there.",
                            user=user.name,
                            company=review.company_id.name,
                        )
                    )

    @api.constrains("follow_up_date", "opened_on")
    def _check_follow_up_date(self):
        for review in self:
            if review.follow_up_date < review.opened_on:
                raise ValidationError(self.env._("The follow-up comes after the review was opened."))

    # CRUD

    def write(self, vals):
        names = set(vals) - self._get_companion_fields()
        if names and not self.env.su:
            self._check_write(names)
        changed = self.filtered(lambda review: review.user_id.id != vals["user_id"]) if "user_id" in vals else self[:0]
        guarded = self[:0] if self.env.su or not names & {*PEOPLE_FIELDS, "guest_ids"} else self.sudo()
        participants = {review: review._get_participants() for review in guarded}
        result = super().write(vals)
        if changed:
            changed._pass_call_on()
        if guarded:
            guarded._check_measures_stay(participants)
        return result

    @api.model
    def _get_companion_fields(self):
        """Return the names of fields around the review that are no part of it."""
        return {name for mixin in ("mail.thread", "mail.activity.mixin") for name in self.env[mixin]._fields}

    def _check_write(self, names):
        """Guard what the steps and the numbers write, and what is over, against everybody.

        :param names: set of the field names about to be written
        """
        refused = names - ENTRY_FIELDS
        if refused:
            raise UserError(
                self.env._(
                    "A review moves by its buttons and by the numbers; %(fields)s cannot be entered.",
                    fields=format_list(self.env, sorted(refused)),
                )
            )
        if not self._may_judge() and names - FINDING_FIELDS:
            raise AccessError(
                self.env._("Who takes part, the cause and the follow-up are for the care line and the managers.")
            )
        if any(review.state == "closed" for review in self):
            raise UserError(self.env._("This review is over and stays as it is."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A review is never deleted: it closes itself when the numbers are in."))

    def copy_data(self, default=None):
        raise UserError(self.env._("A review is opened on the customer file, and not copied."))

    # PEOPLE

    def _get_participants(self):
        """Return who takes part, whoever leads it first."""
        self.ensure_one()
        return self.env["res.users"].union(*(self[field] for field in PEOPLE_FIELDS), self.guest_ids)

    @api.model
    def _may_judge(self):
        """Return whether the present user is of the care line or a manager."""
        return self.env.su or self.env.user.has_group(CARE_GROUP)

    @api.model
    def _get_leaders(self, company, leaving=None):
        """Return who may lead a company's reviews, first come first: who is named in the
        settings, then the managers.

        :param leaving: `res.users` who are about to leave
        """
        company = company.sudo()
        managers = self.env["broker.customer"]._get_managers(company, leaving)
        named = self._filter_present(company.broker_review_user_id, company) - (leaving or managers.browse())
        return named | (managers - self.env.ref("base.user_root"))

    @api.model
    def _put_last(self, people, user):
        """Return some people, a user among them last: who sells to a customer does not lead
        its review where somebody else can."""
        return (people - user) | (people & user)
