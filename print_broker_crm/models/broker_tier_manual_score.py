from odoo import api, fields, models
from odoo.exceptions import ValidationError


class BrokerTierManualScore(models.Model):
    """A dimension of a customer that a manager judges by hand, with a reason and an end.

    It stands in for the computed A from the next run on, through its last day. One that
    ended stays and is shown as ended, until somebody renews or removes it.
    """

    _name = "broker.tier.manual.score"
    _description = "5A Score by Hand"
    _order = "customer_id, code, id"
    _rec_name = "code"

    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    code = fields.Selection(
        selection=lambda self: self.env["broker.tier.dimension"]._fields["code"]._description_selection(self.env),
        string="Dimension",
        required=True,
    )
    score = fields.Integer(string="A", required=True, default=3, aggregator=None)
    reason = fields.Char(required=True)
    date_until = fields.Date(string="Until", required=True)
    is_ended = fields.Boolean(string="Ended", compute="_compute_is_ended", help="The computed A counts again.")

    _customer_code_uniq = models.UniqueIndex(
        "(customer_id, code)", "This dimension of the customer is judged by hand already: change that row."
    )
    _score_range = models.Constraint("CHECK (score BETWEEN 1 AND 5)", "A score by hand is 1 to 5 A.")

    @api.depends("date_until", "company_id")
    def _compute_is_ended(self):
        for manual in self:
            today = (manual.company_id or self.env.company)._get_broker_today()
            manual.is_ended = bool(manual.date_until) and manual.date_until < today

    @api.constrains("reason", "date_until")
    def _check_reason_and_end(self):
        for manual in self:
            if not (manual.reason or "").strip():
                raise ValidationError(
                    self.env._("Say why %(customer)s is judged by hand.", customer=manual.customer_id.name)
                )
            if manual.is_ended:
                raise ValidationError(
                    self.env._(
                        "Say until when %(customer)s is judged by hand: today or a later day.",
                        customer=manual.customer_id.name,
                    )
                )

    @api.model
    def _make_room(self, sources, target):
        """Keep one score by hand per dimension when files are merged: the target's."""
        rows = self.sudo().search([("customer_id", "in", (sources + target).ids)])
        for _code, group in rows.grouped("code").items():
            kept = group.filtered(lambda manual: manual.customer_id == target)[:1] or group[:1]
            (group - kept).unlink()
