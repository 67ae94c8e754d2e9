from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

TODO = "mail.mail_activity_data_todo"
ENTRY_FIELDS = frozenset({"review_id", "name", "user_id", "date"})


class BrokerReviewMeasure(models.Model):
    """What one person does, by when, so that a customer buys again. Each is a to-do."""

    _name = "broker.review.measure"
    _description = "Measure"
    _order = "done_on nulls first, date, id"
    _check_company_auto = True
    _allow_sudo_commands = False

    review_id = fields.Many2one("broker.review", required=True, index=True, ondelete="cascade")
    customer_id = fields.Many2one(related="review_id.customer_id", store=True, index=True, precompute=True)
    company_id = fields.Many2one(related="review_id.company_id", store=True, index=True, precompute=True)
    name = fields.Char(string="What Is Done", required=True)
    user_id = fields.Many2one(
        "res.users",
        string="By",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    role = fields.Selection(
        [("sales", "Sales"), ("service", "Service"), ("care", "Care line")],
        compute="_compute_role",
        store=True,
        precompute=True,
        help="In which role with the customer; the measure goes to the next in that role.",
    )
    date = fields.Date(string="Until", required=True)
    done_on = fields.Date(readonly=True, copy=False)
    is_late = fields.Boolean(compute="_compute_is_late", compute_sudo=True)
    review_state = fields.Selection(related="review_id.state", string="Status of the Review")
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    @api.depends("review_id", "user_id")
    def _compute_role(self):
        for measure in self:
            review = measure.review_id.sudo()
            roles = {
                review.care_user_id: "care",
                review.service_user_id: "service",
                review.sales_user_id: "sales",
            }
            measure.role = roles.get(measure.user_id, False) if measure.user_id else False

    @api.depends("date", "done_on", "company_id")
    def _compute_is_late(self):
        for measure in self:
            measure.is_late = bool(
                measure.date
                and measure.company_id
                and not measure.done_on
                and measure.date < measure.company_id._get_broker_today()
            )

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for measure in self.sudo():
            user = measure.user_id
            if user.share or measure.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work for %(company)s and cannot take on a measure there.",
                        user=user.name,
                        company=measure.company_id.name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_entry(set(vals))
            self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - ENTRY_FIELDS)
        measures = super().create(vals_list)
        if not self.env.su:
            # A number can be guessed: who cannot write the review adds nothing to it.
            measures.review_id.check_access("write")
            measures._check_open()
            measures._check_among()
        measures._invite()
        measures._schedule()
        # Something is to be done again before the numbers are waited for.
        to_do = measures.sudo().filtered(lambda measure: not measure.done_on)
        to_do.review_id.filtered(lambda review: review.state == "following").write({"state": "agreed"})
        return measures

    def write(self, vals):
        if not self.env.su:
            self._check_entry(set(vals))
            if any(measure.review_id.id != vals.get("review_id", measure.review_id.id) for measure in self):
                raise UserError(self.env._("A measure stays with its review."))
            self._check_open()
            self._check_own()
        result = super().write(vals)
        if "user_id" in vals:
            if not self.env.su:
                self._check_among()
            self._invite()
        if {"name", "user_id", "date"} & set(vals):
            self._move_activities()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self._check_own()
        if any(measure.done_on or measure.review_id.sudo().state not in ("new", "planned") for measure in self):
            raise UserError(self.env._("What was agreed is kept. Do it, or give it to somebody else."))
        self.sudo().activity_id.unlink()

    @api.model
    def _check_entry(self, names):
        if names - ENTRY_FIELDS:
            raise UserError(self.env._("A measure is marked as done by its button or its to-do."))

    def _check_open(self):
        if any(measure.review_id.sudo().state == "closed" for measure in self):
            raise UserError(self.env._("This review is over and stays as it is."))
        if any(measure.done_on for measure in self):
            raise UserError(self.env._("This measure is done and stays as it is."))

    def _check_own(self):
        """Raise where people touch what others took on, unless they lead or judge."""
        if self.env.su or self.env["broker.review"]._may_judge():
            return
        for measure in self.sudo():
            if self.env.user not in measure.user_id | measure.review_id.user_id | measure.create_uid:
                raise AccessError(
                    self.env._(
                        "%(user)s took this on: they mark it as done, or a manager does.", user=measure.user_id.name
                    )
                )

    def _check_among(self):
        """Raise where people give measures to others than those who take part: whoever takes
        part sees the customer."""
        if self.env["broker.review"]._may_judge():
            return
        for measure in self.sudo():
            if measure.user_id not in measure.review_id.participant_ids:
                raise AccessError(
                    self.env._(
                        "%(user)s does not take part in this review: a manager or the care line invites them.",
                        user=measure.user_id.name,
                    )
                )

    def _invite(self):
        """Let whoever takes on a measure take part."""
        for measure in self.sudo():
            if measure.user_id not in measure.review_id.participant_ids:
                measure.review_id.guest_ids += measure.user_id

    # ACTIONS

    def action_done(self):
        """Mark these measures as done, with their to-dos."""
        self.check_access("write")
        self._check_own()
        self._check_open()
        activities = self.sudo().activity_id.filtered("active")
        if activities:
            activities.action_feedback()
        self.filtered(lambda measure: not measure.done_on)._mark_done()
        return True

    # BUSINESS

    def _mark_done(self):
        """Write down that these measures are done; with the last one the review waits for
        the numbers."""
        for company, measures in self.sudo().grouped("company_id").items():
            measures.write({"done_on": company._get_broker_today()})
        self.sudo().review_id._follow_measures()

    @api.model
    def _before_activities_done(self, activities):
        """Raise where people tick off the to-do of what others took on.

        :param activities: `mail.activity`, about to be done
        """
        if not self.env.su:
            self.sudo().search(Domain("activity_id", "in", activities.ids)).with_env(self.env)._check_own()

    @api.model
    def _after_activities_done(self, activities):
        """Mark the measures as done whose to-dos were ticked off.

        :param activities: `mail.activity`, done just now
        """
        measures = self.sudo().search(Domain("activity_id", "in", activities.ids) & Domain("done_on", "=", False))
        measures._mark_done()

    def _schedule(self):
        """Give everybody the to-do of what they took on, in their language."""
        todo = self.env.ref(TODO)
        model_id = self.env["ir.model"]._get_id("broker.review")
        measures = self.sudo().filtered(lambda measure: not measure.done_on and measure.review_id.state != "closed")
        activities = (
            self.env["mail.activity"]
            .sudo()
            .create(
                [
                    {
                        "activity_type_id": todo.id,
                        "automated": True,
                        "date_deadline": measure.date,
                        "res_id": measure.review_id.id,
                        "res_model_id": model_id,
                        "summary": measure.name,
                        "user_id": measure.user_id.id,
                    }
                    for measure in measures
                ]
            )
        )
        for measure, activity in zip(measures, activities, strict=True):
            measure.activity_id = activity

    def _move_activities(self):
        """Let the to-dos say what their measures say."""
        measures = self.sudo()
        measures.activity_id.filtered("active").unlink()
        measures._schedule()
