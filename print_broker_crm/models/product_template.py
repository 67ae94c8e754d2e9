from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    broker_product_type_id = fields.Many2one(
        "broker.product.type",
        string="Print Product Type",
        index="btree_not_null",
        ondelete="restrict",
        help="What is printed. A line that sells this product needs a job spec of this type.",
    )
    broker_out_of_relay = fields.Boolean(
        string="Out of the Relay",
        help="Nothing is printed: an order of such products alone is no job with stages and clocks.",
    )
