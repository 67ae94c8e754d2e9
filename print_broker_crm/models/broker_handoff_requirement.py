from odoo import fields, models


class BrokerHandoffRequirement(models.Model):
    """Something that service must know or hold before it can take over a job."""

    _name = "broker.handoff.requirement"
    _description = "Handoff Requirement"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to ask for it in every company.",
    )
    check_method = fields.Selection(
        [
            ("manual", "By hand"),
            ("contact_reachable", "Contact has a phone or an e-mail"),
            ("delivery_date", "Order has a delivery date"),
            ("payment_terms", "Order has payment terms"),
            ("cost_known", "Every order line has a cost"),
            ("job_spec", "Every job spec is complete"),
            ("price_known", "Every order line has a price"),
            ("order_confirmed", "Order is confirmed"),
            ("promises", "Promises are written down"),
            ("not_sold", "What was not sold is written down"),
            ("still_open", "What is still open is written down"),
        ],
        string="Checked",
        required=True,
        default="manual",
        help="By hand: a person marks it as provided. Otherwise the system looks at "
        "the opportunity, the order or the packet and marks it itself.",
    )
    asked_for = fields.Selection(
        [("all", "Every handoff"), ("lead", "Won opportunities"), ("repeat", "Repeat orders")],
        string="Asked On",
        required=True,
        default="all",
        help="A repeat order is handed over without an opportunity, and often needs fewer words.",
    )
    tier_ids = fields.Many2many(
        "broker.tier", string="Tiers", help="Asked for customers of these tiers only. Empty: whatever the tier."
    )
    product_type_ids = fields.Many2many(
        "broker.product.type",
        string="Product Types",
        help="Asked for jobs with a product of these types only. Empty: whatever is printed.",
    )
    required = fields.Boolean(
        default=True,
        help="An unanswered required item holds the handoff up; an optional one does not.",
    )
    note_required = fields.Boolean(
        string="Note Needed",
        help="Marking it as provided is not enough: the note must say what.",
    )
    file_required = fields.Boolean(
        string="File Needed",
        help="Marking it as provided is not enough: a file must be attached.",
    )

    def _filter_for(self, handoff):
        """Hook: return which of these requirements are asked on a handoff.

        :param handoff: one `broker.handoff`, in sudo
        """
        tier = handoff.customer_id.tier_id
        product_types = handoff._get_product_types()
        kinds = ("all", "lead" if handoff.lead_id else "repeat")
        return self.filtered(
            lambda requirement: (
                requirement.company_id in (handoff.company_id, self.env["res.company"])
                and requirement.asked_for in kinds
                and (not requirement.tier_ids or tier in requirement.tier_ids)
                and (not requirement.product_type_ids or requirement.product_type_ids & product_types)
            )
        )
