from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class RatingRating(models.Model):
    _inherit = "rating.rating"

    broker_role = fields.Selection(
        [("sales", "Salesperson"), ("service", "Service Agent")],
        string="Rated Role",
        readonly=True,
        help="Which of the two the customer scored in a care call.",
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

    @api.depends("res_model", "res_id")
    def _compute_broker_company_id(self):
        of_calls = self.filtered(lambda rating: rating.res_model == "broker.care.call")
        (self - of_calls).broker_company_id = False
        calls = {
            call.id: call for call in self.env["broker.care.call"].sudo().browse(of_calls.mapped("res_id")).exists()
        }
        for rating in of_calls:
            call = calls.get(rating.res_id)
            rating.broker_company_id = call and call.company_id
