from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError


class BrokerReviewMeeting(models.TransientModel):
    """Book the meeting of a review: the first hour that suits everybody is filled in."""

    _name = "broker.review.meeting"
    _description = "Book the Meeting of a Review"

    review_id = fields.Many2one("broker.review", required=True, readonly=True, ondelete="cascade")
    participant_ids = fields.Many2many("res.users", compute="_compute_participant_ids", string="Who Meets")
    outsider_ids = fields.Many2many("res.users", compute="_compute_participant_ids", string="Cannot Open It")
    place = fields.Char(string="Where", compute="_compute_place", store=True, readonly=False, precompute=True)
    duration = fields.Float(
        string="Hours",
        required=True,
        compute="_compute_duration",
        store=True,
        readonly=False,
        precompute=True,
    )
    start = fields.Datetime(string="Begins", compute="_compute_start", store=True, readonly=False, precompute=True)
    hint = fields.Char(compute="_compute_hint")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards._check_review()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        if "review_id" in vals:
            self._check_review()
        return result

    def _check_review(self):
        """Raise unless the present user may write the reviews: a guessed number shows nobody
        whose review it is, and who takes part."""
        if not self.env.su:
            self.review_id.check_access("write")

    @api.depends("review_id")
    def _compute_participant_ids(self):
        for wizard in self:
            review = wizard._get_review()
            wizard.participant_ids = review.participant_ids
            wizard.outsider_ids = review.outsider_ids

    @api.depends("review_id")
    def _compute_duration(self):
        for wizard in self:
            wizard.duration = wizard.review_id.company_id.sudo().broker_review_duration

    @api.depends("review_id", "duration")
    def _compute_start(self):
        for wizard in self:
            review = wizard._get_review()
            wizard.start = bool(review) and review._find_meeting_start(review._get_participants(), wizard.duration)

    @api.depends("review_id")
    def _compute_place(self):
        """Where they were to meet, when the meeting is moved."""
        for wizard in self:
            review = wizard._get_review()
            wizard.place = bool(review) and review._is_meeting_ahead() and review.meeting_id.location

    @api.depends("review_id", "start", "duration")
    @api.depends_context("lang")
    def _compute_hint(self):
        for wizard in self:
            review = wizard._get_review()
            wizard.hint = False
            if review and not wizard.start:
                wizard.hint = self.env._(
                    "No hour suits everybody in the next weeks: choose one, or invite fewer people."
                )
            elif review and review._is_busy_at(wizard.start, wizard.duration):
                wizard.hint = self.env._("Somebody has another date then.")

    def _get_review(self):
        """Return the review in sudo, if the present user may write it."""
        # What is stored is computed in sudo: the person is asked for, and not the computation.
        review = self.review_id._origin.sudo(self.env.uid == SUPERUSER_ID)
        return review.sudo() if review and review.has_access("write") else review.browse().sudo()

    def action_book(self):
        """Book the meeting, and open it in nobody's way: the review shows it."""
        self.ensure_one()
        if not self.start:
            raise UserError(self.env._("When do they meet? Choose an hour."))
        self.review_id._book_meeting(self.start, self.duration, self.place or False)
        return {"type": "ir.actions.act_window_close"}
