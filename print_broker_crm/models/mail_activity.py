from odoo import models

from .broker_question_mixin import ANSWER_ACTIVITY


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        answer_type = self.env["ir.model.data"]._xmlid_to_res_id(ANSWER_ACTIVITY)
        answered = self.filtered(lambda activity: activity.activity_type_id.id == answer_type)
        records = {
            model: self.env[model].browse(activities.mapped("res_id"))
            for model, activities in answered.grouped("res_model").items()
        }
        self.env["broker.review.measure"]._before_activities_done(self)
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        self.env["broker.review.measure"]._after_activities_done(self)
        for documents in records.values():
            waiting = self.env["broker.question.pass"]._get_waiting(documents)
            documents.filtered(lambda document, waiting=waiting: document.id in waiting)._broker_note_answer()
        return result
