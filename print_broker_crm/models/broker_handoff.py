from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_list

from .broker_handoff_flow_mixin import OPEN_STATES


class BrokerHandoff(models.Model):
    """The packet with which sales hands a won job over to service.

    The salesperson fills and submits it, the service agent accepts or returns it, and
    a clock in the firm's working hours runs from the submission. The state is written
    by the actions alone.
    """

    _name = "broker.handoff"
    _description = "Handoff"
    _inherit = [
        "broker.question.mixin",
        "broker.phone.list.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "broker.handoff.rights.mixin",
        "broker.handoff.introduction.mixin",
        "broker.handoff.leg.mixin",
        "broker.handoff.check.mixin",
        "broker.handoff.list.mixin",
        "broker.handoff.flow.mixin",
        "broker.handoff.clock.mixin",
        "broker.handoff.opening.mixin",
    ]
    _order = "accept_deadline, id desc"
    # By the states' names, backwards: submitted, returned, draft, and then what is over.
    _phone_list_order = "state desc, accept_deadline, id desc"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one(
        "broker.customer",
        required=True,
        readonly=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    tier_id = fields.Many2one(related="customer_id.tier_id")
    customer_name = fields.Char(string="Customer Name", related="customer_id.partner_id.display_name")
    lead_id = fields.Many2one(
        "crm.lead",
        string="Opportunity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True, ondelete="set null")
    order_ids = fields.One2many("sale.order", "broker_handoff_id", string="Jobs", readonly=True)
    order_id = fields.Many2one(
        "sale.order",
        string="Main Job",
        compute="_compute_order_id",
        store=True,
        help="The first job that is not cancelled.",
    )
    sender_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        required=True,
        index=True,
        tracking=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    receiver_id = fields.Many2one(
        "res.users",
        string="Service Agent",
        index="btree_not_null",
        tracking=True,
        domain=lambda self: [
            ("share", "=", False),
            ("all_group_ids", "in", self._get_agent_group().ids),
        ],
        help="Left empty, any service agent may take the handoff.",
    )
    state = fields.Selection(
        [
            ("draft", "To Submit"),
            ("submitted", "To Accept"),
            ("returned", "Returned"),
            ("accepted", "Accepted"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    submitted_at = fields.Datetime(string="Submitted", readonly=True, copy=False)
    first_submitted_at = fields.Datetime(string="First Submitted", readonly=True, copy=False)
    accept_deadline = fields.Datetime(
        string="Accept by",
        readonly=True,
        copy=False,
        help="Counted in the company's working hours from the submission.",
    )
    accepted_at = fields.Datetime(string="Accepted", readonly=True, copy=False)
    acceptance_hours = fields.Float(
        string="Hours to Acceptance",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Working hours between the first submission and the acceptance, returns included. Of one that was "
        "given back after it was accepted, the hours until the first acceptance and those of the second round.",
    )
    clock_started_at = fields.Datetime(
        readonly=True, copy=False, help="Since when the working hours to acceptance are counted."
    )
    accepted_itself = fields.Boolean(
        readonly=True, copy=False, help="Nobody was asked: the salesperson serves too, or the firm wants it so."
    )
    returned_at = fields.Datetime(string="Last Returned", readonly=True, copy=False)
    return_count = fields.Integer(string="Returns", readonly=True, copy=False)
    given_back_count = fields.Integer(
        string="Given Back after Acceptance", readonly=True, copy=False, help="They are among the returns."
    )
    event_ids = fields.One2many("broker.handoff.event", "handoff_id", string="Steps", readonly=True)
    return_reason = fields.Text(string="Reason of the Last Return", readonly=True, copy=False)
    escalated_at = fields.Datetime(
        string="Escalated",
        readonly=True,
        copy=False,
        help="When the managers were told that the handoff is late.",
    )
    is_late = fields.Boolean(string="Late", compute="_compute_is_late", search="_search_is_late")
    item_ids = fields.One2many("broker.handoff.item", "handoff_id", string="Checklist")
    gap_count = fields.Integer(string="Gaps", compute="_compute_gap_count", compute_sudo=True)
    can_submit = fields.Boolean(compute="_compute_can")
    can_receive = fields.Boolean(compute="_compute_can")

    # The packet: what only the salesperson knows.
    buying_reason = fields.Text(string="Why They Buy")
    promises = fields.Text(string="What Was Promised")
    not_sold = fields.Text(help="What the customer may expect, but has not bought.")
    still_open = fields.Text()

    # The facts of the contract, read where they live.
    contact_id = fields.Many2one("res.partner", compute="_compute_facts", compute_sudo=True)
    contact_phone = fields.Char(string="Phone", compute="_compute_facts", compute_sudo=True)
    contact_email = fields.Char(string="E-mail", compute="_compute_facts", compute_sudo=True)
    expected_revenue = fields.Monetary(
        currency_field="currency_id",
        compute="_compute_facts",
        compute_sudo=True,
        help="Of the opportunity, in the company's currency.",
    )
    amount_untaxed = fields.Monetary(
        string="Jobs, Untaxed",
        currency_field="currency_id",
        compute="_compute_facts",
        compute_sudo=True,
        help="Sum of the jobs that are not cancelled, in the company's currency at the rate of each job's date.",
    )
    delivery_date = fields.Datetime(compute="_compute_facts", compute_sudo=True)
    payment_term_id = fields.Many2one("account.payment.term", compute="_compute_facts", compute_sudo=True)
    cost_known = fields.Boolean(compute="_compute_facts", compute_sudo=True)

    _open_lead_uniq = models.UniqueIndex(
        "(lead_id, company_id) WHERE lead_id IS NOT NULL AND state IN ('draft', 'submitted', 'returned')",
        "This opportunity already has an open handoff.",
    )
    _first_contact_idx = models.Index("(id) WHERE first_contact_due IS NOT NULL AND first_contact_at IS NULL")
    _late_idx = models.Index("(accept_deadline) WHERE state = 'submitted' AND escalated_at IS NULL")

    @api.depends("order_ids.state")
    def _compute_order_id(self):
        for handoff in self:
            handoff.order_id = handoff.order_ids.filtered(lambda order: order.state != "cancel").sorted("id")[:1]

    @api.depends("state", "accept_deadline")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for handoff in self:
            handoff.is_late = bool(
                handoff.state == "submitted" and handoff.accept_deadline and handoff.accept_deadline < now
            )

    @api.model
    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("state", "=", "submitted") & Domain("accept_deadline", "<", fields.Datetime.now())
        domain = Domain.FALSE
        if True in value:
            domain |= late
        if False in value:
            # Written out, because a handoff without a deadline is not late either.
            domain |= (
                Domain("state", "!=", "submitted")
                | Domain("accept_deadline", "=", False)
                | Domain("accept_deadline", ">=", fields.Datetime.now())
            )
        return domain

    @api.depends("item_ids.gap_reason")
    def _compute_gap_count(self):
        for handoff in self:
            handoff.gap_count = len(handoff.item_ids.filtered("gap_reason"))

    @api.depends_context("uid")
    @api.depends("state", "sender_id", "receiver_id")
    def _compute_can(self):
        for handoff in self:
            handoff.can_submit = handoff._is_sender()
            handoff.can_receive = handoff._is_receiver()

    @api.depends("lead_id", "order_ids")
    def _compute_facts(self):
        cost_failures = self._get_check_failures("cost_known")
        for handoff in self:
            orders = handoff._get_checked_orders()
            handoff.contact_id = handoff._get_contact(orders)
            handoff.contact_phone = handoff.contact_id.phone or handoff.lead_id.phone
            handoff.contact_email = handoff.contact_id.email or handoff.lead_id.email_from
            handoff.expected_revenue = handoff.lead_id.expected_revenue
            handoff.amount_untaxed = sum(
                order.currency_id._convert(
                    order.amount_untaxed,
                    handoff.company_id.currency_id,
                    handoff.company_id,
                    order.date_order or fields.Date.today(),
                )
                for order in orders
            )
            handoff.delivery_date = orders[:1].commitment_date
            handoff.payment_term_id = orders[:1].payment_term_id
            handoff.cost_known = handoff not in cost_failures

    def _get_contact(self, orders):
        """Return with whom the job was agreed. Of an opportunity that went to another
        customer after the job was confirmed, the job tells.

        :param orders: the jobs, or what is quoted
        """
        self.ensure_one()
        customer = self.customer_id.partner_id
        contacts = self.lead_id.partner_id + orders[:1].partner_id
        return contacts.filtered(lambda contact: contact.commercial_partner_id == customer)[:1] or customer

    @api.constrains("receiver_id", "company_id")
    def _check_receiver(self):
        agents = self._get_agent_group().sudo().all_user_ids
        for handoff in self:
            receiver = handoff.receiver_id
            if not receiver:
                continue
            # Who takes it over without being asked need not be of the service desk.
            if receiver not in agents and not (receiver == handoff.sender_id and handoff.sudo()._accepts_itself()):
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot receive %(handoff)s: only a service agent "
                        "can. Choose another one, or ask a manager to give "
                        "%(user)s that role.",
                        user=receiver.name,
                        handoff=handoff.name,
                    )
                )
            if handoff.company_id not in receiver.sudo().company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work for %(company)s and cannot receive %(handoff)s.",
                        user=receiver.name,
                        company=handoff.company_id.name,
                        handoff=handoff.name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        self._fill_names(vals_list)
        self._fill_receivers(vals_list)
        handoffs = super().create(vals_list)
        handoffs._sync_items()
        handoffs._log_step("opened")
        return handoffs

    def write(self, vals):
        if not self.env.su:
            self._check_write(set(vals))
            if "receiver_id" in vals:
                self._check_not_taken(vals["receiver_id"])
        result = super().write(vals)
        if "receiver_id" in vals:
            self._move_accept_activity()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        kept = self.filtered(lambda handoff: handoff.state != "draft")
        if kept:
            raise UserError(
                self.env._(
                    "Only a handoff that was never submitted can be deleted; cancel %(handoffs)s instead.",
                    handoffs=format_list(self.env, kept.mapped("name")),
                )
            )

    def _log_step(self, kind, reason="", requirements=None):
        """Write a step of these handoffs into their history.

        :param kind: a value of the step's `kind`
        :param reason: in words
        :param requirements: `broker.handoff.requirement` that were not met
        """
        self.env["broker.handoff.event"]._append(self, kind, reason, requirements)

    def _get_broker_question_customer(self):
        return self.customer_id

    # BUSINESS

    @api.model
    def _get_desk_domain(self, user):
        """Return which handoffs have their customer on a user's desk: open ones they
        sent or are to receive, those waiting for anybody of the service desk, and those
        they accepted whose job the customer has not received yet.

        :param user: `res.users`
        """
        desk = Domain("state", "in", OPEN_STATES) & (
            Domain("sender_id", "=", user.id) | Domain("receiver_id", "=", user.id)
        )
        desk |= (
            Domain("state", "=", "accepted")
            & Domain("receiver_id", "=", user.id)
            & (Domain("order_id", "=", False) | Domain("order_id.broker_receipt_date", "=", False))
        )
        if self._get_agent_group().id in user._get_group_ids():
            desk |= Domain("receiver_id", "=", False) & Domain("state", "=", "submitted")
        return desk

    # FIGURES

    @api.model
    def _get_summary(self, company):
        """Return a company's handoffs in figures.

        :param company: `res.company`
        :return: dict with `accepted`, `returned` (number of returns) and
            `median_hours`: working hours to acceptance, None without any. Handoffs of
            a person to themselves are accepted, but say nothing about waiting.
        """
        self.flush_model()
        [(accepted, returned, median_hours)] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*) FILTER (WHERE state = 'accepted'),
                       COALESCE(SUM(return_count), 0),
                       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY acceptance_hours)
                           FILTER (
                               WHERE state = 'accepted' AND sender_id != receiver_id
                           )
                  FROM broker_handoff
                 WHERE company_id = %s
                """,
                company.id,
            )
        )
        return {
            "accepted": accepted,
            "returned": returned,
            "median_hours": median_hours,
        }
