from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools.sql import column_exists, create_column

# By what customers are asked for scores.
RATED_MODELS = ("broker.care.call", "broker.rating.link")


class RatingRating(models.Model):
    _inherit = "rating.rating"

    broker_role = fields.Selection(
        [("sales", "Salesperson"), ("service", "Service Agent")],
        string="Rated Role",
        readonly=True,
        help="Which of the two the customer scored, in a care call or by a link.",
    )
    broker_published_at = fields.Datetime(
        string="Counts for the Scored From",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="When enough other customers had answered too; until then the scored see nothing of this answer.",
    )
    broker_company_id = fields.Many2one(
        "res.company",
        string="Company of the Care Call",
        compute="_compute_broker_company_id",
        store=True,
        index="btree_not_null",
    )

    def _auto_init(self):
        # The ratings that are here before us are about no call: nothing to compute.
        if not column_exists(self.env.cr, self._table, "broker_company_id"):
            create_column(self.env.cr, self._table, "broker_company_id", "int4")
        return super()._auto_init()

    _broker_published_idx = models.Index(
        "(broker_company_id, rated_partner_id, broker_role, rated_on) WHERE broker_role IS NOT NULL"
    )

    @api.depends("res_model", "res_id")
    def _compute_broker_company_id(self):
        for model, ratings in self.grouped("res_model").items():
            found = {}
            if model in RATED_MODELS:
                records = self.env[model].sudo().browse(ratings.mapped("res_id")).exists()
                found = {record.id: record.company_id for record in records}
            for rating in ratings:
                rating.broker_company_id = found.get(rating.res_id, False)

    @api.model
    def _get_broker_score(self, given):
        """Return a score from 1 to 5, or 0 when that is not what was given.

        :param given: whatever somebody sent: a number, a text, anything
        """
        try:
            score = int(given)
            return score if 1 <= score <= 5 and score == float(given) else 0
        except (TypeError, ValueError, OverflowError):
            return 0

    @api.model
    def _add_broker_scores(self, record, partner, scores, feedback=False):
        """Keep what a customer answered about those who sell and serve.

        The rows get no token: Odoo's own page for ratings must not open them again.

        :param record: the call or link by which the customer was asked
        :param partner: the `res.partner` who answered
        :param scores: {role: (1 to 5, the `res.users` it is about)}
        :param feedback: what the customer wrote
        """
        return self.sudo().create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id(record._name),
                    "res_id": record.id,
                    "broker_role": role,
                    "rating": score,
                    "partner_id": partner.id,
                    "rated_partner_id": user.sudo().partner_id.id,
                    "feedback": feedback,
                    "is_internal": True,
                    "consumed": True,
                    "access_token": False,
                }
                for role, (score, user) in scores.items()
            ]
        )
