from odoo import api, fields, models


class BrokerCareCallQuestionMixin(models.AbstractModel):
    """What a care call asks besides scores: what the customer knows of a job, and what
    the customer wants.

    The officer types what the customer says and sees what the job says afterwards only,
    so that nobody reads the job's figures out and takes a yes for an answer.
    """

    _name = "broker.care.call.question.mixin"
    _description = "Care Call: Questions"

    asked_order_id = fields.Many2one(
        "sale.order",
        string="Job to Ask About",
        compute="_compute_asked_order_id",
        help="The job of the call, else the customer's last one.",
    )
    check_order_id = fields.Many2one(
        "sale.order", string="Job Compared", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    check_currency_id = fields.Many2one("res.currency", compute="_compute_asked_order_id")
    check_price = fields.Monetary(
        string="Price the Customer Names", currency_field="check_currency_id", copy=False, aggregator=None
    )
    check_date = fields.Date(
        string="Day the Customer Names",
        copy=False,
        help="When the job came, or, where it has not come yet, for when it was promised.",
    )
    check_user_id = fields.Many2one(
        "res.users",
        string="Person the Customer Names",
        copy=False,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    check_person = fields.Char(
        string="Person of Another Name", copy=False, help="Whom the customer names, where that is none of us."
    )
    check_state = fields.Selection(
        [("open", "Not Compared"), ("match", "Agrees"), ("mismatch", "Differs")],
        string="Cross-Check",
        required=True,
        readonly=True,
        default="open",
        copy=False,
    )
    check_result = fields.Text(string="Compared With the Job", readonly=True, copy=False)
    printed_elsewhere = fields.Selection(
        [("no", "No"), ("yes", "Yes")],
        string="Printed Elsewhere Since?",
        copy=False,
        help="Whether the customer had something printed by others since the last job.",
    )
    printed_elsewhere_note = fields.Char(string="What Was Printed Elsewhere", copy=False)
    complaint_heard = fields.Text(string="Complaint", copy=False, help="Opens a case when the call is logged.")
    wish_heard = fields.Text(
        string="Wish to Buy", copy=False, help="Opens an opportunity of the salesperson when the call is logged."
    )
    wish_lead_id = fields.Many2one(
        "crm.lead", string="Opportunity Opened", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    need_ids = fields.One2many("broker.need", "care_call_id", string="Needs Kept", readonly=True)

    @api.depends("customer_id", "order_id", "check_order_id")
    def _compute_asked_order_id(self):
        for call in self:
            order = call.check_order_id or call.order_id or call.last_order_ids[:1]
            call.asked_order_id = order
            call.check_currency_id = order.sudo().currency_id or call.company_id.currency_id
