from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

# By what customers are asked for scores.
RATED_MODELS = ("broker.care.call", "broker.rating.link")


class RatingRating(models.Model):
    _name = "rating.rating"
    _inherit = ["broker.month.source.mixin", "rating.rating"]

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

    _broker_unpublished_idx = models.Index(
        "(broker_company_id, rated_on) WHERE broker_role IS NOT NULL AND broker_published_at IS NULL"
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

    # CRUD

    def write(self, vals):
        result = super().write(vals)
        # The rules look at what a rating was about before; nobody moves one here afterwards.
        if not self.env.su and any(rating.res_model in RATED_MODELS for rating in self.sudo()):
            raise AccessError(
                self.env._("Only a customer scores those who sell and serve, in a care call or by a link.")
            )
        return result

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

    # WHAT THE SCORED SEE

    @api.model
    def _publish_broker_scores(self, company):
        """Let answers count for the scored, in blocks of enough different customers.

        A block goes out as a whole and leaves the time looked at as a whole: whoever
        compares two averages learns what a whole block said, and never what one customer
        did. What waits longer than satisfaction looks back never goes out. Doing it
        twice changes nothing.

        :param company: the `res.company` whose customers answered
        :return: the number of answers that went out
        """
        minimum = company._get_satisfaction_minimum()
        for model in (self._name, *RATED_MODELS):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT rating.rated_partner_id, rating.broker_role, rating.id,
                       COALESCE(call.customer_id, link.customer_id)
                  FROM rating_rating rating
             LEFT JOIN broker_care_call call ON rating.res_model = %s AND call.id = rating.res_id
             LEFT JOIN broker_rating_link link ON rating.res_model = %s AND link.id = rating.res_id
                 WHERE rating.broker_company_id = %s AND rating.broker_role IS NOT NULL
                   AND rating.broker_published_at IS NULL AND rating.consumed AND rating.rating > 0
                   AND rating.rated_on >= %s
              ORDER BY rating.rated_on, rating.id
                """,
                *RATED_MODELS,
                company.id,
                company._get_broker_day_start(company.broker_satisfaction_days),
            )
        )
        waiting, out = {}, []
        for partner_id, role, rating_id, customer_id in rows:
            block, customers = waiting.setdefault((partner_id, role), ([], set()))
            block.append(rating_id)
            customers.add(customer_id or 0)
            if len(customers) >= minimum:
                out += block
                del waiting[partner_id, role]
        self.sudo().browse(out).broker_published_at = fields.Datetime.now()
        return len(out)

    # CRON

    @api.model
    def _cron_publish_broker_scores(self):
        """Publish the night's blocks, company by company."""
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        Cron._commit_progress(remaining=len(companies))
        for company in companies:
            # Without the lock another worker is at this company.
            if company.try_lock_for_update(allow_referencing=True):
                self._publish_broker_scores(company)
            if not Cron._commit_progress(1):
                break
