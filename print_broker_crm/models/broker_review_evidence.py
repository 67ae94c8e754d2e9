from odoo import api, fields, models
from odoo.fields import Domain

from .broker_review import CAUSES


class BrokerReviewEvidence(models.Model):
    """One row that a review was opened with, and what it said at that time.

    What the care line heard is read by the care line and the managers, and not by those
    it is about.
    """

    _name = "broker.review.evidence"
    _inherit = "broker.evidence.mixin"
    _description = "Evidence of a Review"
    _order = "sequence, day desc, id"
    _rec_name = "text"
    _allow_sudo_commands = False

    review_id = fields.Many2one("broker.review", required=True, readonly=True, index=True, ondelete="cascade")
    customer_id = fields.Many2one(related="review_id.customer_id", store=True, index=True, precompute=True)
    company_id = fields.Many2one(related="review_id.company_id", store=True, index=True, precompute=True)
    kind = fields.Selection(selection="_selection_kind", required=True, readonly=True)
    sequence = fields.Integer(compute="_compute_sequence", store=True, precompute=True)
    day = fields.Date(string="When", readonly=True)
    cause = fields.Selection(CAUSES, string="Speaks Of", readonly=True)
    is_confidential = fields.Boolean(string="For Care Line and Managers", readonly=True)

    @api.model
    def _selection_kind(self):
        return list(self.env["broker.review"]._get_evidence_kinds().items())

    @api.depends("kind")
    def _compute_sequence(self):
        kinds = list(self.env["broker.review"]._get_evidence_kinds())
        for row in self:
            row.sequence = kinds.index(row.kind) if row.kind in kinds else len(kinds)

    # BUSINESS

    @api.model
    def _add(self, rows_by_review):
        """Append evidence that reviews do not have yet: a document counts once for what it
        says.

        :param rows_by_review: {review: list of values, without the review}
        """
        known = {
            (row.review_id.id, row.kind, row.res_model, row.res_id)
            for row in self.search(Domain("review_id", "in", [review.id for review in rows_by_review]))
        }
        return self.create(
            [
                {"review_id": review.id, **row}
                for review, rows in rows_by_review.items()
                for row in rows
                if (review.id, row["kind"], row["res_model"], row["res_id"]) not in known
            ]
        )

    def _count_causes(self):
        """Return {cause: number of rows that speak of it}, the most frequent first."""
        order = [cause for cause, _label in CAUSES]
        counts = {cause: len(rows) for cause, rows in self.grouped("cause").items() if cause}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], order.index(item[0]))))
