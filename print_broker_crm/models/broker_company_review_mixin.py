from odoo import fields, models


class BrokerCompanyReviewMixin(models.AbstractModel):
    """Whose decline calls a company's people together, and how they meet."""

    _name = "broker.company.review.mixin"
    _description = "Company: Reviews"

    broker_review_tiers = fields.Selection(
        [("all", "Every customer"), ("key", "Key accounts"), ("none", "Nobody")],
        string="Reviews Of",
        required=True,
        default="key",
        help="Whose decline opens a review, once per decline.",
    )
    broker_review_trends = fields.Selection(
        [("declining", "Declines"), ("lost", "Is lost")],
        string="Reviewed When a Customer",
        required=True,
        default="declining",
        help="Whether a review is opened as soon as a customer declines, or only when it is lost.",
    )
    broker_review_silence = fields.Boolean(
        string="Review Silent Key Accounts",
        default=True,
        help="A key account who falls silent calls the people together; the manager gets no other to-do about it.",
    )
    broker_review_user_id = fields.Many2one(
        "res.users",
        string="Reviews Are Led By",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Calls the people together. Empty: a manager.",
    )
    broker_review_operations_user_id = fields.Many2one(
        "res.users",
        string="Operations in Reviews",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Who speaks for printing houses, purchasing and delivery, where the account team names nobody. Empty: "
        "another manager.",
    )
    broker_review_days = fields.Integer(
        string="Days to the Follow-up",
        default=90,
        help="After so many days the numbers say what became of a review, unless its people agree on another day.",
    )
    broker_review_evidence_days = fields.Integer(
        string="Evidence of the Last",
        default=180,
        help="Days back in which cases, late jobs, lost opportunities and scores are looked for.",
    )
    broker_review_lead_hours = fields.Float(
        string="Hours before the Meeting",
        default=4.0,
        help="Working hours between booking a meeting and its earliest beginning.",
    )
    broker_review_duration = fields.Float(string="Hours of the Meeting", default=1.0)

    _broker_review_numbers = models.Constraint(
        "CHECK (broker_review_days > 0 AND broker_review_evidence_days > 0 AND broker_review_lead_hours >= 0"
        " AND broker_review_duration > 0)",
        "The days of a review and the hours of its meeting must be more than zero, and the hours before the meeting "
        "not negative.",
    )
